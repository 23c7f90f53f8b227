import GRDB
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// What clerks do.
extension Town {
  func clerk(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .edit, .rawEdit: try edit(event, machine, raw: event.kind == .rawEdit, &random)
    case .pairEdit: try swap(event, machine)
    case .revert: try revert(event, machine, &random)
    case .setBack, .typeUpstream: try retype(event, machine, upstream: event.kind == .typeUpstream, &random)
    case .clerkDecides: try decideHere(event, machine, &random)
    case .clerkWithdraws: try withdraw(event, machine, &random)
    default: try takeUp(event, machine, &random)
    }
  }

  /// Runs an act of the clerk's and remembers what it changed.
  func act(_ event: Event, _ machine: Machine, _ what: String, _ body: () throws -> Void) throws {
    let before = machine.rows
    let done: Void? = try attempt(what, at: machine.seat, body)
    intent?.isConfirmed = done != nil
    if machine.seat.isStopped { return }
    try machine.look()
    try note(machine, event, before: before)
  }

  func edit(_ event: Event, _ machine: Machine, raw: Bool, _ random: inout SplitMix64) throws {
    var hand = Hand(try machine.replica.schema, machine.rows, unit: machine.org, climate: climate, event: event)
    (hand.isCareless, hand.usesSQL) = (raw, raw)
    let edits = hand.edits() + (random.chance(15) ? hand.edits() : [])
    if edits.isEmpty { return }
    tell("\(machine.name): \(edits.map(\.story).joined(separator: "; "))\(raw ? " (another program)" : "")")
    let (hasKeys, replica) = (random.chance(70), try machine.replica)
    intend(replica, at: machine.seat) { db in
      for edit in edits { if raw { try db.execute(sql: edit.sql) } else { try edit.perform(db, in: replica) } }
    }
    try act(event, machine, raw ? "edit by a tool" : "edit") {
      if raw {
        try machine.seat.shell(edits.map(\.sql), foreignKeys: hasKeys)
      } else {
        try replica.edit(as: random.chance(50) ? "li" : nil) { db in
          for edit in edits { try edit.perform(db, in: replica) }
        }
      }
    }
  }

  /// Two rows swap a unique value.
  private func swap(_ event: Event, _ machine: Machine) throws {
    var hand = Hand(try machine.replica.schema, machine.rows, unit: machine.org, climate: climate, event: event)
    guard let record = schema.record("company"), let code = record.index(of: "code") else { return }
    let known = hand.refs(of: record)
    guard known.count > 1, let one = hand.random.pick(known), let two = hand.random.pick(known), one != two,
      let first = machine.rows[one]?[code], let second = machine.rows[two]?[code]
    else { return }
    let steps: [(RowRef, Value)] = [(one, .null), (two, first), (one, second)]
    tell("\(machine.name): \(name(one)) and \(name(two)) swap their codes")
    try act(event, machine, "swap of a unique value") {
      try machine.seat.shell(
        steps.map { RowEdit(kind: .update, record: record, key: $0.0.key, values: [code: $0.1]).sql }, foreignKeys: true
      )
    }
  }

  private func revert(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let cells = try machine.replica.diff()
    guard let entry = random.pick(cells), let record = try machine.replica.schema.record(entry.ref.record) else {
      return
    }
    witness.noteRepeated(entry.ref)
    tell("\(machine.name): takes back what it edited of \(name(entry.ref))")
    try act(event, machine, "revert") { try machine.replica.revert(record, key: entry.ref.key) }
    // What shows again is the city's, and nobody entered it.
    witness.noteAgreed(event.id)
  }

  /// A pending cell is typed as it was before, or as the city has it now.
  func retype(_ event: Event, _ machine: Machine, upstream: Bool, _ random: inout SplitMix64) throws {
    let cells = try machine.replica.diff().filter { $0.field != nil && (!upstream || $0.upstream != nil) }
    // Rather one that the city has changed meanwhile.
    let contested = random.chance(60) ? cells.filter { $0.upstream != nil } : []
    guard let entry = random.pick(contested.isEmpty ? cells : contested),
      let record = try machine.replica.schema.record(entry.ref.record),
      let column = entry.field.flatMap(record.index(of:))
    else { return }
    let value = upstream ? entry.upstream ?? .null : entry.base
    var edits = [RowEdit(kind: .update, record: record, key: entry.ref.key, values: [column: value])]
    // With numbers of its own, so that what else happens in a seed stays as it was.
    var other = SplitMix64(event.seed ^ 0xa11)
    if event.kind == .setBack, other.chance(40) {
      let all = cells.filter { $0.ref.record == record.name && $0.field == entry.field }
      edits = try settingBack(all, record, column, event, machine, &other)
    }
    let story = edits.map(\.story).joined(separator: "; ")
    tell("\(machine.name): \(story) (\(upstream ? "as the city has it" : "as it was"))")
    try act(event, machine, upstream ? "typed as the city has it" : "set back") {
      try machine.seat.shell(edits.map(\.sql), foreignKeys: true)
    }
    if upstream { witness.noteAgreed(event.id) }
  }

  /// All of these cells of one field are typed as they were, and another cell of one of the rows is edited at once. Unique values are
  /// taken away first.
  private func settingBack(
    _ cells: [DiffEntry], _ record: RecordSchema, _ column: Int, _ event: Event, _ machine: Machine,
    _ random: inout SplitMix64
  ) throws -> [RowEdit] {
    let isUnique = record.unique.contains([record.fields[column].name])
    let emptied = (isUnique ? cells : []).map { entry in
      RowEdit(kind: .update, record: record, key: entry.ref.key, values: [column: .null])
    }
    let typed = cells.map { entry in
      RowEdit(kind: .update, record: record, key: entry.ref.key, values: [column: entry.base])
    }
    var hand = Hand(
      try machine.replica.schema, machine.rows, unit: machine.org, climate: climate, event: event, after: 10)
    guard let entry = random.pick(cells), var besides = hand.update(record, entry.ref) else { return emptied + typed }
    besides.values[column] = nil
    return emptied + typed + (besides.values.isEmpty ? [] : [besides])
  }

  private func decideHere(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    guard let conflict = random.pick(try machine.replica.conflicts([.open])) else { return }
    let takes = random.chance(60)
    tell("\(machine.name): decides conflict \(conflict.id) (\(takes ? "take 1" : "keep"))")
    let decided: Void? = try attempt("decision of a county", at: machine.seat) {
      try machine.replica.decide(
        Decision(
          conflict: conflict.id, choice: takes ? .take : .keep, contender: takes ? 1 : nil, reason: "r",
          edit: Edit(stamp: Stamp(raw: 0), actor: "")))
    }
    if decided != nil, takes, let cell = cell(of: conflict) {
      witness.noteSeen(cell, conflict.master, machine.index, event: event.id)
    }
  }

  func cell(of conflict: Conflict) -> Witness.Cell? {
    guard let field = conflict.field, let column = schema.record(conflict.record)?.index(of: field) else { return nil }
    return Witness.Cell(ref: RowRef(conflict.record, conflict.key), column: column)
  }

  private func withdraw(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    guard let parked = random.pick(try machine.replica.parked()) else { return }
    tell("\(machine.name): withdraws the parked \(name(parked.ref))")
    witness.noteWithdrawal(machine.index, parked.ref, event: event.id)
    try act(event, machine, "withdrawal") { try machine.replica.withdraw(parked.id, reason: "r", actor: nil) }
  }

  private func takeUp(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    if try machine.replica.parked().isEmpty, mayMeetCity(machine) { try editClosed(event, machine, &random) }
    guard !machine.seat.isStopped, var parked = random.pick(try machine.replica.parked()),
      var record = try machine.replica.schema.record(parked.ref.record)
    else { return }
    if random.chance(40), mayMeetCity(machine) {
      guard let left = try changeAtCity(parked, record, event, machine, &random) else { return }
      parked = left
      // What it heard may be an upgrade.
      record = try machine.replica.schema.record(parked.ref.record) ?? record
    }
    let taken = record
    var hand = Hand(
      try machine.replica.schema, machine.rows, unit: machine.org, climate: climate, event: event, after: 5)
    let values = random.chance(50) ? hand.update(record, parked.ref)?.values ?? [:] : [:]
    tell("\(machine.name): takes up the parked \(name(parked.ref)) again")
    // What it says was entered before.
    witness.noteTakenUp(machine.index, parked, typed: Set(values.keys), event: event.id)
    witness.again = (parked.ref, Set(values.keys))
    defer { witness.again = nil }
    try act(event, machine, "parked row taken up") {
      let replica = try machine.replica
      try replica.edit(as: nil) { db in _ = try replica.takeUp(db, taken, key: parked.ref.key, values) }
    }
    if random.chance(60), mayMeetCity(machine), try setPeriod(of: record, city.rows[parked.ref], "open", event) {
      _ = try syncHowever(machine)
    }
  }

  private func mayMeetCity(_ machine: Machine) -> Bool {
    !climate.never.contains(.syncWhole) && recovery == nil && !city.seat.isFull && !machine.seat.isFull
      && !machine.seat.isStopped
  }

  /// A clerk who has not heard that a period was closed changes a figure of it.
  private func editClosed(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let replica = try machine.replica
    var hand = Hand(replica.schema, machine.rows, unit: machine.org, climate: climate, event: event, after: 1)
    guard let record = schema.record("figure"), let ref = random.pick(hand.refs(of: record)),
      let edit = hand.update(record, ref), try setPeriod(of: record, machine.rows[ref], "closed", event)
    else { return }
    tell("\(machine.name): \(edit.story)")
    try act(event, machine, "edit") { try replica.edit(as: nil) { db in try edit.perform(db, in: replica) } }
    if !machine.seat.isStopped { _ = try syncHowever(machine) }
  }

  /// - Returns: false: the row is of no period.
  private func setPeriod(of record: RecordSchema, _ image: [Value]?, _ state: String, _ event: Event) throws -> Bool {
    guard let period = image.flatMap({ record.rules.lock?.target(of: record, $0) }),
      let closing = schema.record(period.record)
    else { return false }
    let edit = RowEdit(kind: .update, record: closing, key: period.key, values: [1: .text(state)])
    try perform([edit], event, "lock", raw: false)
    return true
  }

  /// An official changes a cell that a parked change is about, and the machine hears of it.
  /// - Returns: nil: it is parked no more.
  private func changeAtCity(
    _ parked: ParkedRow, _ record: RecordSchema, _ event: Event, _ machine: Machine, _ random: inout SplitMix64
  ) throws -> ParkedRow? {
    guard let image = city.rows[parked.ref] else { return parked }
    let changed = record.fields.indices.filter { column in
      !record.isKey(column) && record.fields[column].reference == nil
        && parked.row.cell(column) != image.cell(column)
    }
    guard let column = random.pick(changed) else { return parked }
    var hand = Hand(try city.master.schema, city.rows, unit: nil, climate: climate, event: event)
    let value = hand.value(record, column, image.cell(column))
    let edit = RowEdit(kind: .update, record: record, key: parked.ref.key, values: [column: value])
    try perform([edit], event, "city's edit", raw: false)
    _ = try syncHowever(machine)
    if machine.seat.isStopped { return nil }
    return try machine.replica.parked().first { $0.id == parked.id && $0.ref == parked.ref }
  }
}

extension Town {
  /// What a clerk changed at a machine, and how far it had read by then.
  func note(_ machine: Machine, _ event: Event, before: Rows) throws {
    times[event.id] = time.now
    let read = try machine.replica.meta().seen
    witness.note(machine.index, event: event.id, before: before, after: machine.rows, read: read)
    for (ref, stamp) in try machine.replica.requested() {
      witness.noteRequest(machine.index, ref, stamp, event: event.id)
    }
  }
}

extension Replica {
  /// Rows that the city is to delete, in no batch yet, by when their clerk wanted it.
  fileprivate func requested() throws -> [(RowRef, Stamp)] {
    try read { db in
      var found: [(RowRef, Stamp)] = []
      try db.each("SELECT record, key, stamp FROM sync_request WHERE batch IS NULL ORDER BY record, key") { row in
        guard case .blob(let key) = row.cell(1) else { return }
        found.append((RowRef(row[0], try RowKey(encoded: key)), Stamp(raw: row[2])))
      }
      return found
    }
  }
}
