import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A comparison cannot judge what is on its way: the city may have it or not. But how it was sent is known here, and by
// that what was edited of it before the file was repaired.

/// What batches on their way say of rows.
struct Sent {
  /// Each cell as it was sent last. Rows that were deleted are not among them.
  var cells: [RowRef: [Int: Value]] = [:]
  /// Rows that were sent as deleted last; not those of which the city was asked to delete them.
  var deleted: Set<RowRef> = []
}

extension Replica {
  func onItsWay(_ db: Database) throws -> Sent {
    var numbers: [Int64] = []
    try db.each("SELECT DISTINCT batch FROM sync_flight ORDER BY batch") { numbers.append($0[0]) }
    var sent = Sent()
    for number in numbers {
      guard let message = try sentMessage(db, number) else { continue }
      for change in try ownBatch(db, message.bytes).changes {
        guard let record = schema.record(change.record) else { continue }
        if change.kind == .delete {
          if try isRequest(db, change.ref, in: number) { continue }
          sent.cells[change.ref] = nil
          sent.deleted.insert(change.ref)
          continue
        }
        var cells = sent.cells[change.ref] ?? [:]
        let new = change.withoutErased(record).new
        for column in record.fields.indices where !record.isKey(column) { cells[column] = new[column] ?? cells[column] }
        sent.cells[change.ref] = cells
        sent.deleted.remove(change.ref)
      }
    }
    return sent
  }

  /// Whether a batch only asks for the delete of a row, which stays here.
  private func isRequest(_ db: Database, _ ref: RowRef, in batch: Int64) throws -> Bool {
    let sql = "SELECT 1 FROM sync_request WHERE record = ? AND key = ? AND batch = ?"
    return try db.first(sql, [.text(ref.record), .blob(ref.key.encoded), .integer(batch)]) != nil
  }

  /// A cell on its way that is not as it was sent was edited since, and a row that was sent as deleted and stands was
  /// entered since. A row that is gone stands as it was sent when it is known whole, or counts as deleted where another
  /// has its place; else the comparison finds it.
  /// - Parameter lost: columns that were not there any more, by record: nobody has emptied their cells.
  func captureUnseen(_ db: Database, _ lost: [String: Set<Int>]) throws {
    let sent = try onItsWay(db)
    if sent.cells.isEmpty, sent.deleted.isEmpty { return }
    let edit = Edit(stamp: try tick(db, milliseconds: clock()), actor: try actor(db))
    for ref in sent.deleted {
      guard let record = schema.record(ref.record), let here = try record.row(db, key: ref.key),
        try record.pending(db, key: ref.key) == nil
      else { continue }
      try record.setPending(
        db, PendingRow(key: ref.key, existed: false, base: record.undefined, current: here, edit: edit))
    }
    for (ref, cells) in sent.cells {
      guard let record = schema.record(ref.record) else { continue }
      let known = try record.pending(db, key: ref.key)
      guard let here = try record.row(db, key: ref.key) else {
        // Its delete was captured.
        if known?.change(record) != nil { continue }
        try record.clearPending(db, key: ref.key)
        try putBack(db, record, ref.key, cells)
        if try record.row(db, key: ref.key) == nil { try captureDelete(db, record, ref.key, cells, edit) }
        continue
      }
      if known?.existed == false { continue }
      var pending =
        known ?? PendingRow(key: ref.key, existed: true, base: record.undefined, current: here, edit: edit)
      var row = here
      for column in lost[ref.record] ?? [] where pending.base[column] == nil {
        row[column] = cells[column] ?? row[column]
      }
      // Another row was given the values meanwhile: then it stands as it is.
      if row != here, try uniqueClash(db, record, row, key: ref.key) != nil { row = here }
      var isEdited = false
      for (column, value) in cells where pending.base[column] == nil && row[column] != value {
        isEdited = true
        pending.base[column] = value
        if record.latestIndices.contains(column) { pending.cellEdits[column] = edit }
      }
      if row != here { try applying(db) { try record.writeUnchecked(db, row: row) } }
      if isEdited {
        pending.edit = edit
        try record.setPending(db, pending)
      }
    }
  }

  /// What stands in the way of a row that is known whole was put there after it went: it counts as deleted.
  private func captureDelete(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, _ sent: [Int: Value], _ edit: Edit
  ) throws {
    guard isWhole(sent, record) else { return }
    var base = record.undefined
    for (column, value) in sent { base[column] = value }
    try record.setPending(db, PendingRow(key: key, existed: true, base: base, current: nil, edit: edit))
  }

  private func isWhole(_ sent: [Int: Value], _ record: RecordSchema) -> Bool {
    sent.count == record.fields.count - record.key.count
  }

  private func putBack(_ db: Database, _ record: RecordSchema, _ key: RowKey, _ sent: [Int: Value]) throws {
    let beneath: [Value]? = try record.upstream(db, key: key) ?? nil
    guard beneath != nil || isWhole(sent, record) else { return }
    var row = beneath ?? record.fields.map { _ in .null }
    for (index, value) in zip(record.keyIndices, key.values) { row[index] = value }
    for (column, value) in sent { row[column] = value }
    try putBack(db, record, row)
  }

  /// What is on its way, in a repaired file that was not compared; in any other it is not asked.
  func sentUnverified(_ db: Database) throws -> Sent { try isUnverified(db) ? onItsWay(db) : Sent() }

  /// What was sent of a row that is gone since, unseen; nil: it is none of these.
  func cells(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, missingOf sent: Sent
  ) throws -> [Int: Value]? {
    guard let cells = sent.cells[RowRef(record.name, key)], try record.row(db, key: key) == nil,
      try record.pending(db, key: key) == nil
    else { return nil }
    return cells
  }
}
