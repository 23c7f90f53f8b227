import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a receipt does here: rows taken or merged are done; a parked row, and what depends on it, leaves the record tables
// whole for sync_parked, so that they equal the master's; one that was edited again stays, pending against its old base.

extension Replica {
  func take(_ db: Database, receipt: Envelope, _ summary: inout ReceiveSummary) throws {
    let number = Value.integer(receipt.header.number)
    guard let found = try db.first("SELECT message, receipt FROM sync_outbox WHERE number = ?", [number]),
      case .blob(let bytes) = found[0], found[1].isNull
    else { return }
    let rows = try ReceiptBody.decode(receipt.body)
    try forgetUpstream(db, of: number)
    try db.run("DELETE FROM sync_flight WHERE batch = ?", [number])
    try db.run("UPDATE sync_outbox SET receipt = ? WHERE number = ?", [.blob(receipt.bytes), number])
    if rows.isEmpty { return }
    let message = try Envelope(bytes[...]) { _ in key.publicKey }
    let batch = try Batch(message.body, schema: schema)
    for row in rows {
      guard row.n <= batch.changes.count else { continue }
      switch row.outcome {
      case .merged: summary.merged += 1
      case .contested: summary.conflicts += 1
      case .rejected: summary.rejected += 1
      case .parked:
        summary.parked += 1
        try park(db, batch.changes[row.n - 1], row, batch: receipt.header.number)
      }
    }
  }

  /// The rows of an answered batch agree with the master, or its image follows in this same answer.
  private func forgetUpstream(_ db: Database, of batch: Value) throws {
    for record in schema.records {
      for key in try record.upstreamKeys(db) {
        let sql = "SELECT 1 FROM sync_flight WHERE record = ? AND key = ? AND batch = ?"
        if try db.first(sql, [.text(record.name), .blob(key.encoded), batch]) != nil { try record.clearUpstream(db, key: key) }
      }
    }
  }

  private func park(_ db: Database, _ change: Change, _ receipt: RowReceipt, batch: Int64) throws {
    guard let record = schema.record(change.record) else { return }
    let pending = try record.pending(db, key: change.key)
    if var pending, pending.change(record) != nil {
      // Edited again since: the batch changed nothing, so the base is the one before it.
      pending.existed = change.kind != .insert
      for column in record.fields.indices where !record.isKey(column) {
        pending.base[column] = pending.existed ? change.old[column] ?? pending.base[column] : nil
      }
      return try record.setPending(db, pending)
    }
    let image = try record.row(db, key: change.key) ?? change.old.map { $0 ?? .null }
    try db.run(
      "DELETE FROM sync_parked WHERE record = ? AND key = ?", [.text(change.record), .blob(change.key.encoded)])
    try addParked(
      db, RowRef(change.record, change.key), image: image, edit: change.edit, batch: batch, reason: receipt.reason,
      detail: receipt.detail)
    if change.kind == .insert {
      try applying(db) { try remove(db, record, key: change.key, because: receipt.detail) }
    }
  }

  func addParked(
    _ db: Database, _ ref: RowRef, image: [Value], edit: Edit, batch: Int64?, reason: String, detail: Label
  ) throws {
    try db.run(
      """
      INSERT INTO sync_parked (record, key, batch, reason, zh, en, image, actor, edited_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(ref.record), .blob(ref.key.encoded), batch.map(Value.integer) ?? .null, .text(reason), .text(detail.zh),
        .text(detail.en), .blob(encodeImage(image)), .text(edit.actor), .integer(edit.stamp.raw),
      ])
  }

  /// Takes a row out of the record tables, its unsent dependents first. Inside `applying`.
  private func remove(_ db: Database, _ record: RecordSchema, key: RowKey, because detail: Label) throws {
    try parkChildren(db, record, key: key)
    try record.remove(db, key: key)
  }

  /// Rows here that refer to a row that goes, and that the master has not seen, go to `sync_parked` until it comes back.
  func parkChildren(_ db: Database, _ parent: RecordSchema, key: RowKey) throws {
    for (child, field, target) in schema.references(to: parent) where !field.weak {
      guard let place = parent.key.firstIndex(of: parent.fields[target].name) else { continue }
      var keys: [RowKey] = []
      let sql = "SELECT \(child.keyColumns.joined(separator: ", ")) FROM \(child.table) WHERE \(quoted(field.name)) = ?"
      try db.each(sql, [key.values[place]]) { row in keys.append(RowKey(row.cells(0..<child.key.count))) }
      let detail = Label(zh: "所引用的 \(parent.name) \(show(key)) 暂不在库中", en: "waits for \(parent.name) \(show(key))")
      for childKey in keys { try parkUnsent(db, child, key: childKey, reason: "reference", detail: detail) }
    }
  }

  /// Rows that hold a unique value which the master gives to another row.
  func parkHolders(_ db: Database, _ record: RecordSchema, _ row: [Value], key: RowKey) throws {
    for set in record.unique {
      let columns = set.compactMap(record.index(of:))
      if columns.contains(where: { row[$0].isNull }) { continue }
      let match = set.map { "\(quoted($0)) = ?" }.joined(separator: " AND ")
      let sql = "SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table) WHERE \(match)"
      guard let holder = try db.first(sql, columns.map { row[$0] }).map(RowKey.init), holder != key else { continue }
      let detail = Label(zh: "\(set.joined(separator: ",")) 已被 \(show(key)) 使用", en: "\(set.joined(separator: ",")) is used by \(show(key))")
      try parkUnsent(db, record, key: holder, reason: "unique", detail: detail)
    }
  }

  private func parkUnsent(_ db: Database, _ record: RecordSchema, key: RowKey, reason: String, detail: Label) throws {
    guard let pending = try record.pending(db, key: key), let change = pending.change(record), change.kind == .insert,
      let image = pending.current
    else { return }
    try parkChildren(db, record, key: key)
    try addParked(db, change.ref, image: image, edit: change.edit, batch: nil, reason: reason, detail: detail)
    try record.remove(db, key: key)
    try record.clearPending(db, key: key)
    try record.clearUpstream(db, key: key)
  }

  /// Unsent rows that were parked here enter again, as pending, once nothing stands in their way.
  func returnParked(_ db: Database) throws {
    var waiting: [(id: Int64, name: String, image: [Value], actor: String)] = []
    try db.each("SELECT id, record, image, actor FROM sync_parked WHERE batch IS NULL ORDER BY id") { row in
      if case .blob(let bytes) = row.cell(2) { waiting.append((row[0], row[1], try decodeImage(bytes), row[3])) }
    }
    for item in waiting {
      guard let record = schema.record(item.name) else { continue }
      let key = record.rowKey(of: item.image)
      guard try record.row(db, key: key) == nil, try brokenReference(db, record, item.image) == nil,
        try uniqueClash(db, record, item.image, key: key) == nil
      else { continue }
      try acting(db, as: item.actor) { try db.run(record.insertRow, item.image) }
      try db.run("DELETE FROM sync_parked WHERE id = ?", [.integer(item.id)])
    }
  }
}
