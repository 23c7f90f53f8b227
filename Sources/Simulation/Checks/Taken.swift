import Master
import SQLiteStore
import SyncCore
import SyncProtocol

// I5: the rest flows. What nothing is in the way of stands after the request that brought it: an edit whose base is the master's
// value (M1), and a row that nobody has.
extension Town {
  /// - Parameters:
  ///   - before: the master's rows before the request of this machine.
  ///   - end: the last batch of the log by then.
  ///   - underReview: what waited for a decision by then.
  func checkTaken(
    of machine: Machine, before: Rows, since end: Int64, underReview: [Int64: Waiting] = [:]
  ) throws {
    // M15: what a unit sends lands with the one that took over from it.
    if logEnd == end || schema.successor(of: machine.org, in: before) != nil { return }
    let came = try batches(since: end)
    let (ids, present) = (try machine.replica.identity.names, try city.master.schema)
    var known: Obstacles?
    for batch in came where ids.contains(batch.sender) {
      for change in batch.changes {
        guard let record = present.record(change.record) else { continue }
        let after = city.rows[change.ref]
        let left = record.columnsLeft(by: change, before: before[change.ref], after: after)
        if left.isEmpty { continue }
        let obstacles = try known ?? Obstacles(self, machine.org, before: before, since: end, came, underReview)
        known = obstacles
        if obstacles.hinder(change, of: batch) { continue }
        guard let column = left.first(where: { !obstacles.isContested(change, $0) }) else { continue }
        let cell = "\(name(change.ref)).\(record.fields[column].name)"
        let (sent, stands) = (text(change.new[column] ?? .null), after.map { text($0.cell(column)) } ?? "not there")
        throw Violation(
          .progress,
          change.kind == .insert
            ? "\(cell) = \(sent) of \(machine.name) is \(stands), though nobody had the row"
            : "\(cell) = \(sent) of \(machine.name) is \(stands), though the city had what its clerk saw")
      }
    }
  }

  /// The counties' batches that came since.
  private func batches(since end: Int64) throws -> [Arrived] {
    let master = try city.master
    return try master.read { db in
      var found: [Arrived] = []
      let sql = "SELECT arrival, lower(hex(replica)), message FROM sync_batch WHERE arrival > ? AND replica <> ?"
      try db.each(sql + " ORDER BY arrival", [.integer(end), .blob(Identifier.city.bytes)]) { row in
        guard case .blob(let bytes) = row.cell(2) else { return }
        let message = try SealedEnvelope(bytes[...])
        let body = try message.unverifiedBody()
        let own = try SchemaTable.find(db, message.header.schema) ?? master.schema
        let changes = try Batch(body, schema: own).widened(to: master.schema).changes
        found.append(Arrived(arrival: row[0], sender: row[1], body: sha256(body), changes: changes))
      }
      return found
    }
  }
}

/// A batch that came with a request.
private struct Arrived {
  var arrival: Int64
  var sender: String
  /// The SHA-256 of its body.
  var body: [UInt8]
  /// As the present version of the schema has them.
  var changes: [Change]
}

extension RecordSchema {
  /// Cells of a change that do not stand as they were sent, though the master had what its sender saw there.
  fileprivate func columnsLeft(by change: Change, before: [Value]?, after: [Value]?) -> [Int] {
    switch (change.kind, before) {
    case (.update, let before?):
      fields.indices.filter { column in
        isPlain(column) && change.old[column] == before.cell(column) && change.new[column] != nil
          && change.new[column] != after?.cell(column)
      }
    case (.insert, nil): fields.indices.filter { isPlain($0) && change.new[$0] != after?.cell($0) }
    default: []
    }
  }

  /// Neither the city's (M8) nor personal data, of which a batch holds commitments (E2).
  fileprivate func isPlain(_ column: Int) -> Bool {
    let field = fields[column]
    return owner(of: column) == .any && !field.restricted && field.check.values?.contains { $0.owner == .city } != true
  }

  /// Whether its unit, or another row, is found by it.
  fileprivate func leads(_ column: Int) -> Bool { scopeIndex == column || fields[column].reference != nil }

  fileprivate func isUnique(_ column: Int) -> Bool { unique.contains { $0.contains(fields[column].name) } }
}

/// What may be in the way of a change that came with a request.
private struct Obstacles {
  private let org: String
  private let schema: Schema
  private let witness: Witness
  private let before: Rows
  private let after: Rows
  /// What rows were that are deleted.
  private let last: Rows
  private let underReview: Set<Witness.Cell>
  /// Rows of which something is contested, or was.
  private let disputed: Set<RowRef>
  private let orphans: Set<RowRef>
  /// Rows that parked changes entered with the request.
  private let entered: Set<RowRef>
  private let isMergedAgain: Bool
  /// Where the log first has a batch, by its body.
  private let arrivals: [[UInt8]: Int64]
  /// What the request brought, by the names that rows have now.
  private let changes: [RowRef: [Change]]
  /// Rows that it adds, deletes, or ties to others than before.
  private let moving: Set<RowRef>

  init(
    _ town: Town, _ org: String, before: Rows, since end: Int64, _ came: [Arrived], _ underReview: [Int64: Town.Waiting]
  ) throws {
    let (master, witness) = (try town.city.master, town.witness)
    let schema = try master.schema
    (self.org, self.schema, self.witness, self.before) = (org, schema, witness, before)
    (after, last) = (town.city.rows, town.city.last)
    self.underReview = Set(underReview.values.map(\.cell))
    disputed = Set(try master.conflicts(Conflict.State.allCases).map { RowRef($0.record, $0.key) })
    orphans = schema.orphans(in: before)
    entered = try town.enteredRows(since: end)
    isMergedAgain = try town.hasMergedAgain(since: end)
    arrivals = try town.arrivalsByBody()
    let all = came.flatMap(\.changes)
    changes = Dictionary(grouping: all) { witness.canonical($0.ref) }
    let moves = all.filter { change in
      guard change.kind == .update, let record = schema.record(change.record) else { return true }
      return record.fields.indices.contains { change.new[$0] != nil && record.leads($0) }
    }
    moving = Set(moves.map { witness.canonical($0.ref) })
  }

  /// M3: the cell waits for a decision.
  func isContested(_ change: Change, _ column: Int) -> Bool {
    underReview.contains(Witness.Cell(ref: change.ref, column: column))
  }

  /// Whether the row may stay as it was.
  func hinder(_ change: Change, of batch: Arrived) -> Bool {
    guard let record = schema.record(change.record) else { return true }
    let (ref, image) = (change.ref, before[change.ref])
    // P6: it came before, under another id.
    if arrivals[batch.body] ?? .max < batch.arrival { return true }
    // M14: one of two rows that are one.
    if isMergedAgain || witness.names(of: ref) != [ref] { return true }
    // More of the row comes with the request, or was let in (M12).
    if changes[ref]?.count != 1 || entered.contains(ref) { return true }
    // I4, M16: it is another unit's or the city's, or only ever added.
    let wanted = asSent(change, record)
    if schema.unit(of: ref, image ?? wanted, in: before) != org || record.owner == .city { return true }
    if record.rules.append, change.kind == .update { return true }
    // M10: a check refuses it, or what stands in the row beside it.
    if [image, wanted].contains(where: { $0.map { !record.problems(in: $0, formats: [:]).isEmpty } ?? false }) {
      return true
    }
    return isClosed(record, [image ?? last[ref], wanted]) || isLoose(ref, image ?? wanted, record)
      || (change.kind == .insert ? !hasPlace(ref, wanted, record) : isTied(change, record))
  }

  /// The row as it would stand, without what is not its sender's, and without personal data.
  private func asSent(_ change: Change, _ record: RecordSchema) -> [Value] {
    record.fields.indices.map { column in
      let sent = record.isPlain(column) ? change.new[column] : nil
      return sent ?? before[change.ref]?.cell(column) ?? .null
    }
  }

  /// M9, M10: it comes for another reference or unique value, or for another unit.
  private func isTied(_ change: Change, _ record: RecordSchema) -> Bool {
    record.fields.indices.contains { change.new[$0] != nil && (record.leads($0) || record.isUnique($0)) }
  }

  /// M17: the city has closed where one of these is, whether or not it is open to the unit.
  private func isClosed(_ record: RecordSchema, _ images: [[Value]?]) -> Bool {
    guard let lock = record.rules.lock, let closing = schema.record(lock.record) else { return false }
    return images.compactMap { $0.flatMap { lock.target(of: record, $0) } }.contains { target in
      lock.holds(closing, before[target]) || lock.holds(closing, after[target])
    }
  }

  /// L14, M10: a row above it is not there, is none that a table takes, or came, went or moved with the request.
  private func isLoose(_ ref: RowRef, _ image: [Value], _ record: RecordSchema) -> Bool {
    var above: Set<RowRef> = []
    findAbove(image, record, &above)
    return orphans.contains(ref)
      || above.contains { ref in
        let holds = before[ref].flatMap { image in schema.record(ref.record)?.holds(image) } ?? true
        let kept = witness.canonical(ref)
        return !holds || orphans.contains(ref) || entered.contains(kept) || moving.contains(kept)
      }
  }

  /// The rows to which one refers, and those to which they do.
  private func findAbove(_ image: [Value], _ record: RecordSchema, _ found: inout Set<RowRef>) {
    for target in targets(of: image, record) where found.insert(target).inserted {
      if let next = before[target], let record = schema.record(target.record) { findAbove(next, record, &found) }
    }
  }

  private func targets(of image: [Value], _ record: RecordSchema) -> [RowRef] {
    zip(record.fields, image).compactMap { field, value in
      value.isNull ? nil : field.reference.map { RowRef($0.record, RowKey([value])) }
    }
  }

  /// Whether what a new row names is there under the name that it has now, what it claims is free (M9, M10), and nobody has decided
  /// anything about one that stood by its key before.
  private func hasPlace(_ ref: RowRef, _ image: [Value], _ record: RecordSchema) -> Bool {
    if disputed.contains(ref) { return false }
    guard targets(of: image, record).allSatisfy({ before[$0] != nil && witness.canonical($0) == $0 }) else {
      return false
    }
    return record.unique.allSatisfy { set in
      let columns = set.compactMap(record.index(of:))
      let claimed = columns.map { image[$0] }
      return claimed.contains(.null) || isFree(claimed, columns, but: ref)
    }
  }

  private func isFree(_ claimed: [Value], _ columns: [Int], but ref: RowRef) -> Bool {
    func isHeld(in rows: Rows) -> Bool {
      rows.contains { other, image in
        other.record == ref.record && other != ref && columns.map { image.cell($0) } == claimed
      }
    }
    let others = changes.values.joined().filter { $0.record == ref.record && $0.ref != ref }
    let isAnyBesides = others.contains { change in columns.contains { change.new[$0] != nil } }
    return !isHeld(in: before) && !isHeld(in: after) && !isAnyBesides
      && !entered.contains { $0.record == ref.record }
  }
}
