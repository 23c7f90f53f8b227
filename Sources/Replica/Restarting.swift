import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The feed of a restored city is another one: the replica reads it from its beginning, and that is all that there is.

extension Replica {
  /// A signed hello under the epoch of a restored city, whose feed is read from a place on.
  public func restartingHello(epoch: Identifier, cursor: Int64) throws -> Envelope {
    try hello {
      $0.epoch = epoch
      $0.cursor = cursor
      ($0.returning, $0.tentative) = (true, true)
    }
  }

  /// What this replica had from the city and the whole pull does not name: it is gone.
  func absent(_ items: [PageItem], _ db: Database) throws -> [PageItem] {
    var named: [String: Set<RowKey>] = [:]
    for item in items {
      switch item {
      case .row(let name, let row):
        if let record = schema.record(name) { named[name, default: []].insert(record.rowKey(of: row)) }
      case .gone(let ref): named[ref.record, default: []].insert(ref.key)
      default: break
      }
    }
    return try schema.records.flatMap { record in
      let here = named[record.name] ?? []
      return try known(record, db).filter { !here.contains($0) }.map { PageItem.gone(RowRef(record.name, $0)) }
    }
  }

  /// The rows that the city had, as far as this replica knows: those that it did not add itself.
  private func known(_ record: RecordSchema, _ db: Database) throws -> [RowKey] {
    var keys: Set<RowKey> = []
    try db.each("SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table)") { row in
      keys.insert(RowKey(row.cells(0..<record.key.count)))
    }
    try record.eachPending(db) { row in
      if row.existed { keys.insert(row.key) } else { keys.remove(row.key) }
    }
    return keys.sorted()
  }

  /// Conflicts that the city does not list any more are none.
  func forgetConflicts(but items: [PageItem], _ db: Database) throws {
    let listed = Set(items.compactMap { if case .conflict(let conflict) = $0 { conflict.id } else { nil as Int64? } })
    for conflict in try ConflictTables.read(db) where !listed.contains(conflict.id) {
      try db.run("DELETE FROM sync_contender WHERE conflict = ?", [.integer(conflict.id)])
      try db.run("DELETE FROM sync_conflict WHERE id = ?", [.integer(conflict.id)])
    }
  }

  /// Makes room for the receipt of a restored city in place of that of before: what became of a batch is told again.
  func forgetReceipt(_ db: Database, replacedBy receipt: Envelope) throws {
    let number = Value.integer(receipt.header.number)
    guard case .blob(let old)? = try db.first("SELECT receipt FROM sync_outbox WHERE number = ?", [number])?.first,
      try SealedEnvelope(old[...]).header.epoch != receipt.header.epoch
    else { return }
    try db.run("DELETE FROM sync_parked WHERE batch = ? AND state = 'waiting'", [number])
    try db.run("UPDATE sync_outbox SET receipt = NULL WHERE number = ?", [number])
  }
}
