import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// A pending row that cannot be sent, because it breaks a rule that a foreign tool did not check.
public struct HeldRow: Sendable {
  public var ref: RowRef
  public var problem: FieldProblem
}

extension Replica {
  /// Turns everything pending into one numbered, signed batch in the outbox, durably. What was sent is the base of later
  /// edits from here on. Rows that break a rule stay pending and are returned.
  @discardableResult
  public func freeze() throws -> [HeldRow] {
    try write { db in
      try reconcileAll(db)
      var changes: [Change] = []
      var held: [HeldRow] = []
      var clean: [(RecordSchema, RowKey)] = []
      for record in schema.records {
        try record.eachPending(db) { row in
          guard let change = row.change(record) else { return clean.append((record, row.key)) }
          if let problem = try self.problem(db, record, row) {
            held.append(HeldRow(ref: change.ref, problem: problem))
          } else {
            changes.append(change)
            clean.append((record, row.key))
          }
        }
      }
      for (record, key) in clean { try record.clearPending(db, key: key) }
      if !changes.isEmpty { try enqueue(db, changes) }
      return held
    }
  }

  private func enqueue(_ db: Database, _ changes: [Change]) throws {
    let number = (try db.integer("SELECT max(number) FROM sync_outbox") ?? 0) + 1
    let meta = try ReplicaMeta.read(db)
    let header = Header(
      kind: .batch, replica: meta.replica, epoch: meta.epoch, number: number, cursor: meta.cursor,
      stamp: try tick(db, milliseconds: clock()), schema: meta.schemaHash)
    let message = try Envelope(header, body: Batch(changes: changes).encoded(schema), key: key)
    try db.run(
      "INSERT INTO sync_outbox VALUES (?, ?, ?, ?, NULL)",
      [.integer(number), .integer(meta.cursor), .integer(Int64(changes.count)), .blob(message.bytes)])
    for change in changes {
      guard let record = schema.record(change.record) else { continue }
      let mask = change.touchedColumns(record).reduce(Int64(0)) { $0 | 1 << Int64($1) }
      try db.run(
        "INSERT INTO sync_flight VALUES (?, ?, ?, ?)",
        [.text(change.record), .blob(change.key.encoded), .integer(number), .integer(mask)])
    }
  }

  /// What keeps a pending row from being sent: types and checks, a reference without its target (a shell has foreign keys off).
  func problem(_ db: Database, _ record: RecordSchema, _ row: PendingRow) throws -> FieldProblem? {
    guard let current = row.current else { return try orphans(db, record, row) }
    if let problem = record.problems(in: current, formats: formats).first { return problem }
    if record.rowKey(of: current).encoded.count > 1024 {
      return FieldProblem(field: record.key[0], message: Label(zh: "主键超过 1 kB", en: "the key is longer than 1 kB"))
    }
    return try brokenReference(db, record, current)
  }

  /// A deleted row that others here still refer to.
  private func orphans(_ db: Database, _ record: RecordSchema, _ row: PendingRow) throws -> FieldProblem? {
    for (child, field, target) in schema.references(to: record) where !field.weak {
      guard let value = row.base[target] ?? row.key.values.first else { continue }
      let sql = "SELECT count(*) FROM \(child.table) WHERE \(quoted(field.name)) = ?"
      if let count = try db.integer(sql, [value]), count > 0 {
        return FieldProblem(
          field: record.key[0],
          message: Label(
            zh: "已删除,但仍有 \(count) 条 \(child.name) 引用它", en: "is deleted, but \(count) rows of \(child.name) still refer to it"))
      }
    }
    return nil
  }

  /// The batches that have no receipt yet, in order, as they were made.
  public func unacknowledged() throws -> [[UInt8]] {
    try read { db in
      var messages: [[UInt8]] = []
      try db.each("SELECT message FROM sync_outbox WHERE receipt IS NULL ORDER BY number") { row in
        if case .blob(let bytes) = row.cell(0) { messages.append(bytes) }
      }
      return messages
    }
  }

  /// A signed request to exchange: where this replica stands, under a number that it never used before.
  /// - Parameter tentative: the end of a page that is not applied yet, when asking for the next one.
  public func hello(tentative: Int64? = nil) throws -> Envelope {
    try write { db in
      let meta = try ReplicaMeta.read(db)
      let stamp = try tick(db, milliseconds: clock())
      var header = Header(
        kind: .hello, replica: meta.replica, epoch: meta.epoch, number: stamp.raw, cursor: tentative ?? meta.cursor,
        stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
      header.tentative = tentative != nil
      return try Envelope(header, body: [], key: key)
    }
  }
}
