import Foundation
import Master
import Replica
import SyncCore
import TestSupport
import Testing

// I7 for histories that nobody thought of: machines, officials and a tool on the master's file do whatever comes, and the log
// gives the master again.

private let schema = """
  schema: all
  version: 1
  title: All
  units: office.code
  successor: successor
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: , successor: {references: office.code}}
    period:
      key: year
      owner: city
      fields: {year: {type: integer}, state: {values: [open, closed]}}
    company:
      key: id
      scope: {field: office}
      edits: propose
      decides: owner
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        name:
        phone: {policy: latest}
        address: {policy: county}
        industry: {policy: city}
        first: {type: integer, policy: min}
        total: {type: integer, policy: sum}
        staff: {type: integer, min: 0}
        grade: {owner: city}
    figure:
      key: [company, year]
      scope: {via: company}
      locked_by: {record: period, key: [year], field: state, values: [closed]}
      fields:
        company: {references: company.id}
        year: {type: integer}
        sales: {type: integer}
        note: {policy: latest}
    visit:
      key: id
      scope: {via: company}
      delete: remove
      fields: {id: , company: {required: true, references: company.id}, note: {policy: text}}
    remark:
      key: id
      scope: {via: visit}
      append: true
      fields: {id: , visit: {required: true, references: visit.id}, note: }
  """

private final class History {
  let world: World
  var random: Seeded
  /// Every machine has its own, which is right at times.
  private var clocks: [TestClock] = []
  /// What was done, and what was refused.
  private(set) var done: [String] = []

  init(seed: UInt64) async throws {
    random = Seeded(state: seed)
    let offices: [[Value]] = ["A", "B", "C"].map { [.text($0), .null, .null] }
    let years: [[Value]] = [2018, 2019, 2020].map { [.integer($0), .text("open")] }
    world = try World(schema: schema, seed: [("office", offices), ("period", years)])
    for unit in ["A", "A", "B", "C"] {
      let clock = TestClock()
      clocks.append(clock)
      try await world.join(unit, clock: clock)
    }
  }

  func step() async throws {
    world.clock.now += Int64.random(in: 0...2, using: &random)
    let replica = try #require(world.replicas.randomElement(using: &random))
    switch Int.random(in: 0..<100, using: &random) {
    case ..<45: attempt("county \(replica.identity.org)") { try world.shell(replica, edit(replica.identity.org)) }
    case ..<70:
      do { try await world.sync(replica) } catch { done.append("sync refused: \(error)") }
    case ..<78: for _ in 0...number % 3 { attempt("tool") { try world.shell(edit(nil)) } }
    case ..<80: attempt("tool") { try world.shell(cityEdit()) }
    case ..<81:
      clocks.randomElement(using: &random)?.now =
        world.clock.now + Int64.random(in: -9_000_000...9_000_000, using: &random)
    case ..<87: attempt("decide") { try decide() }
    case ..<89: attempt("reopen") { try reopen() }
    case ..<93: attempt("rule") { try rule() }
    case ..<97: attempt("merge") { try merge() }
    default: attempt("county decides") { try act(replica) }
    }
  }

  private func attempt(_ what: String, _ body: () throws -> Void) {
    do {
      try body()
      done.append(what)
    } catch { done.append("\(what) refused: \(error)") }
  }

  private func pick(_ list: [String]) -> String { list.randomElement(using: &random) ?? "" }
  private var number: Int { Int.random(in: 0...9, using: &random) }
  private var company: String { pick(["c1", "c2", "c3", "c4", "c5", "c6"]) }
  private var year: String { pick(["2018", "2019", "2020"]) }

  /// What anybody may do, the city to rows of every unit.
  private func edit(_ unit: String?) -> String {
    let office = unit ?? pick(["A", "B", "C"])
    switch Int.random(in: 0..<(world.master.schema.version > 1 ? 18 : 15), using: &random) {
    case 15: return "UPDATE company SET fax = 'x\(number)' WHERE id = '\(company)'"
    case 16: return "UPDATE company SET mail = \(pick(["'M1'", "'M2'", "NULL"])), staff = -1 WHERE id = '\(company)'"
    case 17: return "UPDATE figure SET profit = \(number); UPDATE visit SET kind = 'k\(number % 3)'"
    case 0, 1:
      let code = pick(["'K1'", "'K2'", "'K3'", "NULL"])
      return """
        INSERT INTO company (id, office, code, name, phone, total, staff)
        VALUES ('\(company)', '\(office)', \(code), 'n\(number)', 'p\(number)', \(number), \(number))
        """
    case 2, 3:
      let field = pick(["name", "phone", "address", "industry"])
      return "UPDATE company SET \(field) = 'v\(number)' WHERE id = '\(company)'"
    case 4: return "UPDATE company SET name = 'v\(number)', phone = 'q', staff = \(number)"
    case 5:
      let field = pick(["first", "total", "staff"])
      return "UPDATE company SET \(field) = \(number) WHERE id = '\(company)'"
    case 6: return "UPDATE company SET code = \(pick(["'K1'", "'K2'", "NULL"])) WHERE id = '\(company)'"
    case 7:
      return "INSERT INTO figure (company, year, sales, note) VALUES ('\(company)', \(year), \(number), 'f\(number)')"
    case 8: return "UPDATE figure SET sales = \(number), note = 'm\(number)' WHERE year = \(year)"
    case 9:
      return "INSERT INTO visit (id, company, note) VALUES ('v\(number)', '\(company)', 'a' || char(10) || '\(number)')"
    case 10: return "UPDATE visit SET note = note || '\(number)' WHERE id > 'v\(number)'"
    case 11: return "INSERT INTO remark (id, visit, note) VALUES ('r\(number)', 'v\(number)', 'x')"
    case 12: return "DELETE FROM \(pick(["visit", "remark"])) WHERE id < '\(pick(["v3", "r3"]))'"
    case 13:
      let id = company
      return "DELETE FROM figure WHERE company = '\(id)'; DELETE FROM company WHERE id = '\(id)'"
    default:
      return "UPDATE company SET grade = 'g\(number)', office = '\(pick(["A", "B", "C"]))' WHERE id = '\(company)'"
    }
  }

  private func cityEdit() -> String {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: "UPDATE period SET state = '\(pick(["open", "closed"]))' WHERE year = \(year)"
    case 1: "UPDATE office SET successor = \(pick(["'B'", "NULL"])) WHERE code = 'C'"
    case 2: "UPDATE company SET office = '\(pick(["A", "B", "C"]))'"
    case 3: "UPDATE company SET code = NULL; UPDATE company SET code = 'K1' WHERE id = '\(company)'"
    default: "DELETE FROM company WHERE id = '\(company)'"
    }
  }

  private var choice: Master.Choice {
    switch number {
    case ..<3: .keep
    case ..<7: .take(Int64(number % 2 + 1))
    case 7: .remove
    default: .value(.text("decided"))
    }
  }

  private func decide() throws {
    let open = try world.master.conflicts([.open, .proposed]).map(\.id).shuffled(using: &random)
    _ = try world.master.decide(Array(open.prefix(number % 3 + 1)), choice, reason: "r", actor: "li")
  }

  private func reopen() throws {
    guard let conflict = try world.master.conflicts([.decided, .rejected]).randomElement(using: &random) else { return }
    _ = try world.master.reopen(conflict.id, reason: "again", actor: nil)
  }

  private func rule() throws {
    let ids = try world.master.parked().map(\.id).shuffled(using: &random).prefix(number % 3 + 1)
    if ids.isEmpty { return }
    if number < 7 {
      try world.master.admit(Array(ids), reason: "r", actor: "li")
    } else {
      try world.master.dismiss(Array(ids), reason: "r", actor: "li")
    }
  }

  private func merge() throws {
    _ = try world.master.mergeRecords(
      world.master.record("company"), keep: RowKey([.text(company)]), duplicate: RowKey([.text(company)]),
      reason: "one firm", actor: "li")
  }

  private func act(_ replica: Replica) throws {
    if number < 4, let parked = try replica.parked(waiting: true).randomElement(using: &random) {
      return try replica.withdraw(parked.id, reason: "mine", actor: "clerk")
    }
    guard let conflict = try replica.conflicts([.open]).randomElement(using: &random) else { return }
    try replica.decide(
      Decision(
        conflict: conflict.id, choice: number < 5 ? .take : .keep, contender: number < 5 ? 1 : nil, reason: "r",
        edit: Edit(stamp: Stamp(raw: 0), actor: "clerk")))
  }
}

@Test(arguments: UInt64(1)...4)
func whateverHappensTheLogGivesTheMasterAgain(seed: UInt64) async throws {
  let history = try await History(seed: seed)
  for round in 1...4 {
    for _ in 1...40 { try await history.step() }
    let found = try history.world.master.verifyReplay().map(\.en)
    #expect(found == [], "round \(round): \(history.done.suffix(40))")
    if !found.isEmpty { return }
  }
  let middle = try history.world.master.logPoint().arrival / 2
  let then = try history.world.master.replayed(upTo: middle)
  #expect(try then.verifyReplay().map(\.en) == [])
}

/// What each version adds.
private let growth: [[(at: String, added: String)]] = [
  [
    ("grade: {owner: city}", "\n      fax: {policy: latest}\n      mail: {unique: true}")
  ],
  [("note: {policy: latest}", "\n      profit: {type: integer, policy: sum}")],
  [
    ("note: {policy: text}", ", kind: {values: [k0, k1]}"),
    (", note: }", "\n  stub: {key: id, projects: {record: company, fields: [id, name, fax]}}"),
  ],
]

private func grown(to version: Int) -> String {
  var yaml = schema.replacing("version: 1", with: "version: \(version)")
  for step in growth.prefix(version - 1) {
    for (at, added) in step { yaml = yaml.replacing(at, with: at + added) }
  }
  return version > 2 ? yaml.replacing("min: 0}", with: "min: -1}") : yaml
}

@Test(arguments: UInt64(11)...14)
func whateverIsUpgradedMeanwhileTheLogGivesTheMasterAgain(seed: UInt64) async throws {
  let history = try await History(seed: seed)
  let world = history.world
  for version in 1...4 {
    if version > 1 { try world.upgrade(grown(to: version)) }
    for _ in 1...40 { try await history.step() }
    let found = try world.master.verifyReplay().map(\.en)
    #expect(found == [], "version \(version): \(history.done.suffix(40))")
    if !found.isEmpty { return }
  }
  for _ in 1...2 { for replica in world.replicas { _ = try? await world.sync(replica) } }
  for replica in world.replicas { #expect(replica.schema.version == 4, "\(history.done.suffix(40))") }
  #expect(try world.master.verify().map(\.en).filter(isNoReference) == [])
  let middle = try world.master.logPoint().arrival / 2
  #expect(try world.master.replayed(upTo: middle).verifyReplay().map(\.en) == [])
}

/// The disk is lost somewhere after a backup somewhere; everybody had pulled everything, and gives back in any order.
@Test(arguments: UInt64(11)...13)
func whereverTheBackupWasTheCityComesBack(seed: UInt64) async throws {
  let history = try await History(seed: seed)
  let world = history.world
  for _ in 1...40 { try await history.step() }
  let file = try world.backup()
  for _ in 1...60 { try await history.step() }
  // Of orphans that a tool left a replica may refuse the pull: then not everybody has everything.
  for _ in 1...2 { for replica in world.replicas where await !syncs(world, replica) { return } }
  let log = try world.loggedRows()
  try world.restore(from: file)
  for _ in 1...2 {
    for replica in world.replicas.shuffled(using: &history.random) { await gives(world, replica) }
  }
  #expect(try world.loggedRows() == log, "\(history.done.suffix(60))")
  #expect(try world.master.recovery()?.isRecovering == false)
  for _ in 1...20 { try await history.step() }
  #expect(try world.master.verifyReplay().map(\.en) == [])
  // A tool leaves orphans at times; nothing is lost.
  #expect(try world.master.verify().map(\.en).filter(isNoReference) == [])
}

/// Not everybody comes before the release, and some of what was there nobody had pulled.
@Test(arguments: UInt64(21)...23)
func whateverIsReleasedTheLogGivesTheMasterAgain(seed: UInt64) async throws {
  let history = try await History(seed: seed)
  let world = history.world
  for _ in 1...40 { try await history.step() }
  let file = try world.backup()
  for _ in 1...60 { try await history.step() }
  try world.restore(from: file)
  let order = world.replicas.shuffled(using: &history.random)
  for replica in order.prefix(2) { await gives(world, replica) }
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "r", actor: "li") }
  #expect(try world.master.verifyReplay().map(\.en) == [], "after the release")
  for _ in 1...2 { for replica in order { await gives(world, replica) } }
  for _ in 1...20 { try await history.step() }
  for _ in 1...2 { for replica in order { _ = await syncs(world, replica) } }
  #expect(try world.master.verifyReplay().map(\.en) == [])
  // A tool leaves orphans at times; nothing is lost.
  #expect(try world.master.verify().map(\.en).filter(isNoReference) == [])
}

private func syncs(_ world: World, _ replica: Replica) async -> Bool { (try? await world.sync(replica)) != nil }

/// Gives back; whether the new feed can be taken is another question, when a tool has left orphans in it.
private func gives(_ world: World, _ replica: Replica) async {
  do { _ = try await world.giveBack(replica) } catch {
    #expect((error as? Failure)?.message.en.contains("FOREIGN KEY") == true, "\(error)")
  }
}

/// What a tool's edits leave dangling is told, and no more of it.
private func isNoReference(_ told: String) -> Bool {
  ![": there is no ", "refer to what is not there"].contains { told.contains($0) }
}
