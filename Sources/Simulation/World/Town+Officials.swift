import GRDB
import Master
import SQLiteStore
import SyncCore
import SyncProtocol

// What officials do.
extension Town {
  func official(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .cityEdit, .cityRawEdit: try cityEdit(event, raw: event.kind == .cityRawEdit, &random)
    case .decide: try decide(event, &random)
    case .reopen: try reopen(&random)
    case .admit, .dismiss: try rule(event, &random)
    case .merge: try merge(event, &random)
    case .transfer: try transfer(event, &random)
    case .takeOver: try takeOver(event, &random)
    case .lock: try lock(event, &random)
    case .erase: try erase(event, &random)
    case .enrol: try enrol(&random)
    default: try withdrawMachine(machine)
    }
  }

  /// Runs an act at the city and looks at the tables afterwards.
  /// - Returns: whether it was done.
  @discardableResult
  private func act(_ what: String, _ body: () throws -> Void) throws -> Bool {
    let done: Void? = try attempt(what, at: city.seat, body)
    if city.seat.isStopped { return false }
    try lookAtCity()
    return done != nil
  }

  /// Edits, with what they change noted before anything follows from it.
  /// - Parameter hasKeys: of another program, whether it asks for references.
  func perform(_ edits: [RowEdit], _ event: Event, _ what: String, raw: Bool, hasKeys: Bool = true) throws {
    if edits.isEmpty { return }
    times[event.id] = time.now
    tell("city: \(edits.map(\.story).joined(separator: "; "))\(raw ? " (another program)" : "")")
    let before = city.rows
    if raw {
      try act(what) { try city.seat.shell(edits.map(\.sql), foreignKeys: hasKeys) }
      if !city.seat.isStopped { witness.note(nil, event: event.id, before: before, after: city.rows) }
      return
    }
    let master = try city.master
    var after = before
    let done = try act(what) {
      try master.edit(as: "official") { db in
        for edit in edits { try edit.perform(db, in: master) }
        after = try rows(db, edits)
      }
    }
    guard done else { return }
    let refs = Set(edits.map { RowRef($0.record.name, $0.key) })
    witness.note(nil, event: event.id, before: before, after: after, only: refs, arrival: logEnd)
  }

  /// The rows that these edits are about, as they stand inside a transaction.
  private func rows(_ db: Database, _ edits: [RowEdit]) throws -> Rows {
    var rows: Rows = [:]
    for edit in edits { rows[RowRef(edit.record.name, edit.key)] = try edit.record.row(db, key: edit.key) }
    return rows
  }

  private func cityEdit(_ event: Event, raw: Bool, _ random: inout SplitMix64) throws {
    var hand = Hand(try city.master.schema, city.rows, unit: nil, climate: climate, event: event)
    hand.usesSQL = raw
    // With numbers of its own, so that what else happens in a seed stays as it was.
    var other = SplitMix64(event.seed ^ 0x5a9)
    if other.chance(8), try swapCodes(event, raw: raw, &other) { return }
    if raw, random.chance(25), try freeParked(event, &hand, &random) { return }
    if raw, random.chance(25), try enterAgain(event, &hand, &random) { return }
    var edits = hand.edits() + (random.chance(15) ? hand.edits() : [])
    let hasKeys = !raw || random.chance(50)
    // Nothing keeps who works past the references from taking a parent away from its children.
    if !hasKeys, let last = edits.last, last.kind == .delete, random.chance(60) { edits = [last] }
    try perform(edits, event, raw ? "city's edit by a tool" : "city's edit", raw: raw, hasKeys: hasKeys)
  }

  /// Two companies swap a unique value.
  private func swapCodes(_ event: Event, raw: Bool, _ random: inout SplitMix64) throws -> Bool {
    guard let record = try city.master.schema.record("company"), let code = record.index(of: "code"),
      let one = random.pick(keys(of: record.name)), let two = random.pick(keys(of: record.name)), one != two,
      let first = city.rows[RowRef(record.name, one)]?[code], let second = city.rows[RowRef(record.name, two)]?[code]
    else { return false }
    let steps: [(RowKey, Value)] = [(one, .null), (two, first), (one, second)]
    let edits = steps.map { RowEdit(kind: .update, record: record, key: $0.0, values: [code: $0.1]) }
    try perform(edits, event, raw ? "city's edit by a tool" : "city's edit", raw: raw)
    return true
  }

  /// A tool enters what a parked row waits for, and an official who has not seen what that lets in edits the row at once.
  private func freeParked(_ event: Event, _ hand: inout Hand, _ random: inout SplitMix64) throws -> Bool {
    guard let parked = random.pick(try city.master.parked()), let record = hand.schema.record(parked.ref.record) else {
      return false
    }
    let targets = zip(record.fields, parked.row).compactMap { field, value in
      field.reference.flatMap { to in value.map { RowRef(to.record, RowKey([$0])) } }
    }
    guard let target = targets.first(where: { $0.key.values != [.null] && city.rows[$0] == nil }),
      let above = hand.schema.record(target.record)
    else { return false }
    let parent = hand.insert(above, .insert, key: target.key)
    try perform([parent], event, "city's edit by a tool", raw: true, hasKeys: random.chance(50))
    guard random.chance(60), !city.seat.isStopped, let edit = hand.update(record, parked.ref) else { return true }
    try perform([edit], event, "city's edit", raw: false)
    return true
  }

  /// A tool enters a row by the key of a merged duplicate, and an official who has not seen that this fills the row that was kept
  /// fills it at once.
  private func enterAgain(_ event: Event, _ hand: inout Hand, _ random: inout SplitMix64) throws -> Bool {
    guard let duplicate = random.pick(witness.aliases.keys.inOrder()), let record = hand.schema.record(duplicate.record)
    else { return false }
    let keep = witness.canonical(duplicate)
    guard let image = city.rows[keep], city.rows[duplicate] == nil else { return false }
    let row = hand.insert(record, .insert, key: duplicate.key)
    let filled = row.values.keys.sorted().filter { column in
      image.cell(column).isNull && !record.isKey(column) && record.fields[column].reference == nil
    }
    try perform([row], event, "city's edit by a tool", raw: true)
    guard let column = random.pick(filled), !city.seat.isStopped else { return true }
    let edit = RowEdit(
      kind: .update, record: record, key: keep.key, values: [column: hand.value(record, column, nil)])
    try perform([edit], event, "city's edit", raw: false)
    return true
  }

  private func decide(_ event: Event, _ random: inout SplitMix64) throws {
    let master = try city.master
    let waiting = try master.conflicts([.open, .proposed])
    guard let conflict = random.pick(waiting) else { return }
    if random.chance(15) { return try decide(some(of: waiting, &random), event, &random) }
    let ref = RowRef(conflict.record, conflict.key)
    let choice: Master.Choice
    switch random.below(10) {
    case ..<3: choice = .keep
    case ..<7: choice = .take(random.pick(conflict.contenders)?.id ?? 1)
    case 7: choice = .remove
    default:
      let isNumber =
        cell(of: conflict).map { schema.record(conflict.record)?.fields[$0.column].kind == .integer } ?? false
      choice = .value(isNumber ? .integer(Int64(event.id * 16 + 1015)) : .text("w\(event.id)d"))
    }
    tell("city: decides conflict \(conflict.id) about \(name(ref)).\(conflict.field ?? "*") (\(choice))")
    try decide(conflict, choice, version: random.chance(50) ? conflict.version : nil, event)
  }

  func decide(_ conflict: Conflict, _ choice: Master.Choice, version: Int64?, _ event: Event) throws {
    let (master, before) = (try city.master, city.rows)
    // What is refused may have taken in what a tool entered.
    guard
      try act("decision", { _ = try master.decide(conflict.id, choice, reason: "r", actor: "li", version: version) })
    else { return }
    noteDecided([conflict], event, before: before)
  }

  /// What a decision changed. Who decides about a row has looked at its images, and not at what was entered in it since (M4); who
  /// decides about a cell of it, too, has looked at the row.
  private func noteDecided(_ conflicts: [Conflict], _ event: Event, before: Rows) {
    let decided = Dictionary(grouping: conflicts) { RowRef($0.record, $0.key) }
    let whole = decided.filter { $0.value.allSatisfy { $0.field == nil } }
    witness.note(
      nil, event: event.id, before: before, after: city.rows, only: Set(decided.keys),
      images: whole.mapValues { $0.flatMap(\.images) }, arrival: logEnd)
  }

  /// Several in one way.
  private func decide(_ conflicts: [Conflict], _ event: Event, _ random: inout SplitMix64) throws {
    let master = try city.master
    let choice: Master.Choice = random.chance(50) ? .keep : .take(1)
    let refs = conflicts.map { RowRef($0.record, $0.key) }
    tell("city: decides conflicts \(conflicts.map(\.id)) about \(refs.map(name)) (\(choice))")
    let before = city.rows
    let done = try act("several decisions") {
      _ = try master.decide(conflicts.map(\.id), choice, reason: "r", actor: "li", version: nil)
    }
    if done { noteDecided(conflicts, event, before: before) }
  }

  /// One to five of them, in their order.
  private func some<T>(of all: [T], _ random: inout SplitMix64) -> [T] {
    let count = min(all.count, 1 + random.below(5))
    return Array(all.dropFirst(random.below(all.count - count + 1)).prefix(count))
  }

  private func reopen(_ random: inout SplitMix64) throws {
    let master = try city.master
    guard let conflict = random.pick(try master.conflicts([.decided, .rejected])) else { return }
    tell("city: reopens conflict \(conflict.id)")
    try act("reopening") { _ = try master.reopen(conflict.id, reason: "r", actor: nil) }
  }

  private func rule(_ event: Event, _ random: inout SplitMix64) throws {
    let master = try city.master
    let waiting = try master.parked()
    guard let one = random.pick(waiting) else { return }
    let parked = random.chance(30) ? some(of: waiting, &random) : [one]
    tell("city: \(event.kind.rawValue)s the parked \(parked.map { name($0.ref) }.joined(separator: ", "))")
    try act(parked.count > 1 ? "\(event.kind.rawValue) of several" : event.kind.rawValue) {
      if event.kind == .admit {
        try master.admit(parked.map(\.id), reason: "r", actor: "li")
      } else {
        try master.dismiss(parked.map(\.id), reason: "r", actor: "li")
      }
    }
  }

  private func merge(_ event: Event, _ random: inout SplitMix64) throws {
    let master = try city.master
    let kind = random.chance(60) ? "company" : random.pick(climate.withDuplicates) ?? "company"
    guard let record = master.schema.record(kind), let keep = random.pick(keys(of: kind)) else { return }
    let parked = try master.parked().filter { $0.ref.record == kind }.map(\.ref.key)
    guard let duplicate = random.pick(parked + keys(of: kind)), keep != duplicate else { return }
    tell("city: \(kind) \(duplicate) is \(kind) \(keep)")
    let (before, was) = (city.rows, witness)
    let (ref, kept) = (RowRef(kind, duplicate), RowRef(kind, keep))
    let waiting = try master.parked().filter { $0.ref == ref }.map(\.row)
    let doMeet = record.fields.indices.contains { column in
      record.fields[column].policy == .sum
        && doTotalsMeet([before[kept], before[ref]].map { $0?.cell(column) ?? .null }, waiting, column)
    }
    let hasArrived = try arrivals()
    mergeUnderWay = { [unowned self] in
      guard was.aliases[ref] == nil, try aliases().contains(ref) else { return }
      witness.noteMerge(kind, duplicate: duplicate, keep: keep, arrival: logEnd)
      witness.noteFilled(before: before, after: city.rows, hasArrived: hasArrived, was: was, arrival: logEnd)
      if doMeet { for ref in [ref, kept] { witness.noteRepeated(ref) } }
    }
    try act("merging of duplicates") {
      _ = try master.mergeRecords(record, keep: keep, duplicate: duplicate, reason: "r", actor: "li")
    }
    if !city.seat.isStopped { try noteMergeUnderWay() }
  }

  /// Whether totals of two rows that become one meet: equal ones agree, and others are contested.
  /// - Parameters:
  ///   - totals: of the row that is kept and of the duplicate.
  ///   - waiting: what is parked of the duplicate.
  private func doTotalsMeet(_ totals: [Value], _ waiting: [[Value?]], _ column: Int) -> Bool {
    let standing = totals.filter { !$0.isNull }
    let said = waiting.compactMap { row -> Value? in
      guard column < row.count, let value = row[column] else { return nil }
      // Who enters a row says nothing by what they leave empty.
      return value.isNull && !row.contains(nil) ? nil : value
    }
    // What is empty in the duplicate already empties nothing.
    return standing.count > 1 || said.count > 1 || said.contains { $0.isNull || $0 == standing.first }
  }

  /// It may have been committed before the program was stopped.
  func noteMergeUnderWay() throws {
    try mergeUnderWay?()
    mergeUnderWay = nil
  }

  /// Whether the city has got what somebody did.
  private func arrivals() throws -> (Witness.Claim) -> Bool {
    let arrivals = try arrivalsByBody()
    return { claim in claim.author == nil || claim.body.map { arrivals[$0] != nil } ?? false }
  }

  func keys(of record: String) -> [RowKey] { city.rows.keys.filter { $0.record == record }.inOrder().map(\.key) }

  private func transfer(_ event: Event, _ random: inout SplitMix64) throws {
    let name = random.pick(["company", "company", "task", "person"]) ?? "company"
    // A city that was restored may have an earlier version than the latest.
    guard let record = try city.master.schema.record(name),
      let key = random.pick(keys(of: record.name)), let column = record.index(of: "office"),
      let office = random.pick(offices)
    else { return }
    let edit = RowEdit(kind: .update, record: record, key: key, values: [column: .text(office)])
    try perform([edit], event, "transfer", raw: random.chance(30))
  }

  /// A unit takes over from another, and gets its rows, all but one now and then; or does so no more.
  private func takeOver(_ event: Event, _ random: inout SplitMix64) throws {
    let schema = try city.master.schema
    guard let record = schema.record("office"), let column = record.index(of: "successor"),
      let old = random.pick(offices), let new = random.pick(offices.filter { $0 != old })
    else { return }
    let ref = RowRef(record.name, RowKey([.text(old)]))
    let stands = city.rows[ref]?[column] ?? .null
    if !stands.isNull, random.chance(40) {
      let edit = RowEdit(kind: .update, record: record, key: ref.key, values: [column: .null])
      return try perform([edit], event, "unit that stands alone again", raw: random.chance(30))
    }
    var edits = [RowEdit(kind: .update, record: record, key: ref.key, values: [column: .text(new)])]
    for record in schema.records where record.projects == nil {
      guard case .field = record.scope, let scope = record.scopeIndex else { continue }
      for key in keys(of: record.name) where city.rows[RowRef(record.name, key)]?[scope] == .text(old) {
        if record.isKey(scope) {
          if random.chance(30) { edits.append(RowEdit(kind: .delete, record: record, key: key)) }
        } else if random.chance(90) {
          edits.append(RowEdit(kind: .update, record: record, key: key, values: [scope: .text(new)]))
        }
      }
    }
    try perform(edits, event, "unit taken over", raw: random.chance(30))
  }

  private func lock(_ event: Event, _ random: inout SplitMix64) throws {
    guard let record = schema.record("period"), let key = random.pick(keys(of: "period")) else { return }
    let state = random.chance(50) ? "open" : "closed"
    let edit = RowEdit(kind: .update, record: record, key: key, values: [1: .text(state)])
    try perform([edit], event, "lock", raw: random.chance(30))
  }

  private func erase(_ event: Event, _ random: inout SplitMix64) throws {
    // Also of people who are in the tables no more.
    let known = witness.deleted("person").subtracting(keys(of: "person")).sorted() + keys(of: "person")
    if let key = random.pick(known) { try erase(key, event) }
  }

  /// R9: an erasure that was lost with two backups is made once more, if `verify` misses what it took.
  func eraseAgain(_ event: Event) throws {
    guard areBackupsLost else { return }
    let missing = try city.master.verify().map(\.en).filter { $0.contains("no erasure says why") }
    let known = witness.deleted("person").union(keys(of: "person")).sorted()
    for key in known where missing.contains(where: { $0.contains(" of person \(key).") }) {
      count("erased once more")
      try erase(key, event)
    }
    if !missing.isEmpty { try rest() }
  }

  private func erase(_ key: RowKey, _ event: Event) throws {
    let master = try city.master
    guard let record = schema.record("person") else { return }
    let names = witness.names(of: RowRef("person", key)).inOrder()
    let (before, copies) = (city.rows, try names.map(valuesInLog))
    tell("city: erases the personal data of person \(key)")
    let done = try act("erasure") { try master.erase(record, key: key, reason: "r", actor: "li") }
    // A program that was killed may have done it: then it counts as done, for nothing is lost by it that has to stay.
    guard done || city.seat.isStopped else { return }
    for (ref, copies) in zip(names, copies) {
      for column in record.fields.indices where record.fields[column].restricted {
        witness.noteErasure(
          Witness.Cell(ref: ref, column: column),
          .init(
            event: event.id, value: done ? (before[ref] ?? []).cell(column) : .null,
            copies: done ? copies[column] ?? [] : [], arrival: logEnd))
      }
    }
  }

  private func enrol(_ random: inout SplitMix64) throws {
    guard machines.count < 12, let office = random.pick(offices) else { return }
    tell("city: enrols one more machine of \(office)")
    _ = try act("enrolment") { try join(office, &random) }
  }

  private func withdrawMachine(_ machine: Machine) throws {
    guard active.count > 2, !machine.isCopy, recovery == nil else { return }
    tell("city: withdraws machine \(machine.name)")
    let id = try machine.replica.identity.replica
    try act("withdrawal of a machine") { try city.master.withdraw(id) }
    machine.isWithdrawn = try city.master.replicas().contains { $0.id == id.description && $0.isWithdrawn }
  }
}
