import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A row on which rows of the city's hang cannot be deleted here without breaking a reference, whatever else hangs on it. The
// clerk's wish goes to the city as a delete, in a batch of its own; the row stays. There it opens a conflict about the row, for the city to decide.

extension Replica {
  public func requestDelete(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool {
    let children = try children(db, of: record, key: key).filter { $0.count > 0 }
    guard children.contains(where: { schema.record($0.record)?.owner == .city }) else { return false }
    // What was edited of the row since comes after the first wish, and would outlive it.
    let isSent = "SELECT 1 FROM sync_request WHERE record = ? AND key = ? AND batch IS NOT NULL"
    if try db.first(isSent, [.text(record.name), .blob(key.encoded)]) != nil {
      throw Failure(
        .data, zh: "\(record.name) \(show(key)) 的删除申请已发送,请先同步",
        en: "the request to delete \(record.name) \(show(key)) was sent already; sync first")
    }
    let edit = Edit(stamp: try tick(db, milliseconds: clock()), actor: try actor(db))
    try ask(db, record, key, saw: try record.row(db, key: key), edit: edit)
    return true
  }

  /// The city is to delete a row as its clerk saw it. Who asks again has seen it again.
  func ask(_ db: Database, _ record: RecordSchema, _ key: RowKey, saw image: [Value]?, edit: Edit) throws {
    try db.run(
      """
      INSERT INTO sync_request (record, key, actor, stamp, image) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (record, key) DO UPDATE SET actor = excluded.actor, stamp = excluded.stamp, image = excluded.image
      WHERE batch IS NULL
      """,
      [
        .text(record.name), .blob(key.encoded), .text(edit.actor), .integer(edit.stamp.raw),
        image.map { .blob(encodeImage($0)) } ?? .null,
      ])
  }

  /// Takes back a request that was not sent. Returns false when there is none.
  func withdrawRequest(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool {
    let row: [Value] = [.text(record.name), .blob(key.encoded)]
    let match = "record = ? AND key = ? AND batch IS NULL"
    guard try db.first("SELECT 1 FROM sync_request WHERE \(match)", row) != nil else { return false }
    try db.run("DELETE FROM sync_request WHERE \(match)", row)
    return true
  }

  /// The deletes that no batch holds yet. A row that is gone meanwhile needs none.
  func requests(_ db: Database) throws -> [Change] {
    var changes: [Change] = []
    let sql = "SELECT record, key, actor, stamp, image FROM sync_request WHERE batch IS NULL ORDER BY record, key"
    try db.each(sql) { row in
      guard let record = schema.record(row[0]), case .blob(let bytes) = row.cell(1) else { return }
      let key = try RowKey(encoded: bytes)
      guard let current = try record.row(db, key: key) else { return }
      // What came since, its clerk has not seen.
      let image = if case .blob(let bytes) = row.cell(4) { try decodeImage(bytes, record) } else { current }
      let edit = Edit(stamp: Stamp(raw: row[3]), actor: row[2] as String? ?? "")
      changes.append(
        Change(
          record: record.name, key: key, kind: .delete, old: image.map { $0 }, new: image.map { _ in nil }, edit: edit))
    }
    return changes
  }

  /// What the city is to be asked for with the next batch, beside what `diff` lists.
  public func asked(_ only: RecordSchema? = nil, key: RowKey? = nil) throws -> [DiffEntry] {
    let wanted = try read(requests).filter { request in
      (only == nil || request.record == only?.name) && (key == nil || request.key == key)
    }
    return wanted.map {
      DiffEntry(ref: $0.ref, kind: $0.kind, field: nil, base: .null, current: .null, edit: $0.edit, isAsked: true)
    }
  }

  /// Whether the row was edited after its clerk wanted it deleted.
  func isEditedSince(_ db: Database, _ request: Change) throws -> Bool {
    #if MUTANTS
      if Mutant.requestsComeLast.isActive { return false }
    #endif
    guard let pending = try schema.record(request.record)?.pending(db, key: request.key) else { return false }
    return pending.cellEdits.values.reduce(pending.edit.stamp) { max($0, $1.stamp) } > request.edit.stamp
  }

  /// The rows of a batch of requests that the city did delete.
  func granted(_ db: Database, _ rows: [RowReceipt], of batch: Batch, number: Int64) throws -> [(RecordSchema, RowKey)]
  {
    let refused = Set(rows.map(\.n))
    let asked = "SELECT 1 FROM sync_request WHERE record = ? AND key = ? AND batch = ?"
    return try batch.changes.enumerated().compactMap { index, change in
      guard change.kind == .delete, !refused.contains(index + 1), let record = schema.record(change.record),
        try db.first(asked, [.text(change.record), .blob(change.key.encoded), .integer(number)]) != nil
      else { return nil }
      return (record, change.key)
    }
  }

  /// A row that the city has deleted as it was asked to goes here, too, unless its clerk has edited it since: that is still to
  /// come to the city, as an edit of a row that is gone.
  func takeDelete(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> [Dependent] {
    let result = try plan(db, record, key, master: nil).result
    let left = result.row == nil ? try remove(db, record, key: key) : []
    try keep(db, record, key, result, master: nil)
    return left
  }
}
