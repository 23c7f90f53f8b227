import Foundation
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore

// What happens seldom and lasts.
extension Town {
  func last(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .backUp: try backUp()
    case .loseCity: try loseCity(&random)
    case .copyFile: try copyFile(event, machine)
    case .putBack: try putBack(event, machine, &random)
    case .useBoth: try useBoth(machine, &random)
    case .upgrade: try upgrade()
    case .stayAway:
      count("a hundred days pass")
      tell("\(machine.name) stays away, and a hundred days pass")
      machine.giveUp()
      while network.take(&random, where: { $0.machine == machine.index }) != nil {}
      away.insert(machine.index)
      time.now += 100 * 86_400_000
    case .trim: try trim(event, machine, &random)
    case .release: try releaseEarly()
    default: try rot(event, machine, &random)
    }
  }

  /// The schema grows by one version.
  func upgrade() throws {
    let master = try city.master
    guard master.schema.version < lastSchema, recovery == nil else { return }
    let next = try SchemaFile.read(townSchema(master.schema.version + 1, climate.breadth))
    tell("city: makes version \(next.version) of the schema its own")
    _ = try attempt("upgrade", at: city.seat) {
      try master.upgrade(to: next, text: SchemaFile.canonicalJSON(next), actor: "li")
    }
    if !city.seat.isStopped { try lookAtCity() }
  }

  /// A machine may follow an upgrade that is lost with the city's disk before anybody has the batch that says so. It is refused
  /// and told to ask the city, which makes the same version its own again.
  func upgradeAgain() throws {
    let known = try active.map { try $0.replica.schema.version }.max() ?? 0
    for _ in 0..<lastSchema where try city.master.schema.version < known { try upgrade() }
  }

  private func trim(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    if climate.tidies, !away.isEmpty, recovery == nil { try tidy(event, machine, &random) }
    tell("city: lets go of what nobody needs")
    let trimmed = try attempt("trim", at: city.seat) { try city.master.trim() }
    if city.seat.isStopped { return }
    if trimmed?.entries ?? 0 > 0 { count("entries trimmed") }
    try lookAtCity()
  }

  /// Before the city lets go of anything it makes a backup of what everybody who is here has sent, and everybody hears of that.
  private func tidy(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let here = active.filter { !away.contains($0.index) }
    for machine in here { try syncWhole(machine) }
    try official(Event(id: event.id, kind: .cityEdit, machine: event.machine, seed: event.seed), machine, &random)
    try backUp()
    for machine in here { try syncWhole(machine) }
  }

  /// A value changes behind the triggers, or none does, or a tool makes a table anew: a deep verification finds that and nothing
  /// else, not what is pending either.
  private func rot(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    guard recovery == nil, !machine.isCopy, !machine.seat.isFull, !city.seat.isFull, try syncWhole(machine) else {
      return
    }
    let status = try machine.replica.status()
    guard status.pending == 0, status.inFlight == 0 else { return }
    let agreed = machine.rows
    if random.chance(30) { try edit(event, machine, raw: false, &random) }
    if machine.seat.isStopped { return }
    let before = machine.rows
    let columns = ["company": "name", "visit": "note", "remark": "note", "task": "title", "person": "note"]
    let refs = before.keys.filter { columns[$0.record] != nil && before[$0] == agreed[$0] }.inOrder()
    // In half the cases a row that nobody may change any more.
    let fixed = random.chance(50) ? refs.filter { schema.record($0.record)?.rules.append == true } : []
    guard let ref = random.pick(fixed.isEmpty ? refs : fixed), let record = schema.record(ref.record),
      let column = columns[ref.record].flatMap(record.index(of:))
    else { return }
    let (isChanged, isRebuilt) = (random.chance(80), random.chance(40))
    let edit = RowEdit(kind: .update, record: record, key: ref.key, values: [column: .text("rot\(event.id)")])
    let steps = isChanged ? [edit.sql] : []
    if isRebuilt {
      tell("** a tool makes \(record.name) anew at \(machine.name)\(isChanged ? ": \(edit.story)" : "")")
      try machine.seat.shell(Self.rebuilding(record, steps), foreignKeys: false)
      try repair(machine)
    } else if isChanged {
      tell("** \(name(ref)) changes behind the triggers at \(machine.name)")
      try machine.seat.shell(
        ["INSERT INTO sync_applying VALUES (1)"] + steps + ["DELETE FROM sync_applying"], foreignKeys: true)
    }
    try machine.look()
    guard let found = try compare(machine) else { return }
    count("deep verification")
    let expected = isChanged ? ["\(name(ref)) \([column])"] : []
    let differences = found.differences.map { "\(name($0.ref)) \($0.columns)" }
    if differences != expected {
      throw Violation(.convergence, "deep verification at \(machine.name) found \(differences), not \(expected)")
    }
    if isChanged { try settle(found, event, machine, before: before, adopting: random.chance(50)) }
  }

  /// How a tool replaces a table: what hung on it goes along.
  private static func rebuilding(_ record: RecordSchema, _ steps: [String]) -> [String] {
    let table = record.table
    let copy = ["CREATE TEMP TABLE tool AS SELECT * FROM \(table)", "DROP TABLE \(table)"]
    return copy + ["CREATE TABLE \(table) AS SELECT * FROM tool", "DROP TABLE tool"] + steps
  }

  /// C7: nothing is synced until the table is as it should be, and the file was compared.
  private func repair(_ machine: Machine) throws {
    count("table made anew by a tool")
    let replica = try machine.replica
    for isRepaired in [false, true] {
      do { try replica.refuseDamage() } catch let failure as Failure where failure.kind == .data {
        if !isRepaired { _ = try replica.repair(actor: "li") }
        continue
      }
      let what = isRepaired ? "before it was compared" : "a table without triggers"
      throw Violation(.constraints, "\(machine.name) would sync \(what)")
    }
  }

  private func settle(
    _ found: Comparison, _ event: Event, _ machine: Machine, before: Rows, adopting: Bool
  ) throws {
    if adopting {
      _ = try machine.replica.adopt(found, actor: "li")
      try machine.look()
      return try note(machine, event, before: before)
    }
    _ = try machine.replica.setBack(found)
    try machine.look()
    if machine.rows != before { throw Violation(.convergence, "\(machine.name) is not as it was after a set back") }
  }

  /// The client's own comparison, on a good line.
  private func compare(_ machine: Machine) throws -> Comparison? {
    let line = SimulatedLine()
    let client = SyncClient(try machine.replica, transport: line)
    let errand = Errand<Comparison>(line)
    errand.begin { try await client.deepVerify() }
    while let question = errand.question {
      let (kind, bytes) = question.message
      let packet = Network.Packet(way: .toCity, kind: kind, machine: machine.index, exchange: 0, bytes: bytes)
      errand.goOn(with: Result { try city.answer(packet) })
    }
    return try attempt("comparison", at: machine.seat) { try errand.result() } ?? nil
  }
}
