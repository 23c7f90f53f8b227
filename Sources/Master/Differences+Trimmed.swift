import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A replayed master is never trimmed: what this one let go of must not be there any more, or must come back from the log.

extension Schema {
  /// The entries of the feed that were not trimmed.
  func keptEntries(_ mine: Database) throws -> String {
    let place = try SQLiteMasterTransaction(db: mine, schema: self).trimmedPlace()
    if place == 0 { return "true" }
    // A record that holds personal data by now was open to a trim before.
    let versions = try SchemaTable.all(mine).map { try SchemaTable.decode($0.text) } + [self]
    let names = Set(versions.flatMap(\.records).filter(\.restrictedIndices.isEmpty).map(\.name))
    let open = names.sorted().map(literal).joined(separator: ", ")
    let own = literal(OwnBatch.table)
    return "NOT (place <= \(place) AND (record = \(own) OR gone = 1 AND record IN (\(open))))"
  }

  /// The last images of deleted rows, those that only the log holds included.
  func imageDifferences(_ mine: Database, _ theirs: Database, limit: Int) throws -> [Label] {
    var found: [Label] = []
    try theirs.each("SELECT record, key, image FROM sync_tombstone ORDER BY record, key") { row in
      guard found.count < limit, case .blob(let key) = row.cell(1) else { return }
      let ref = RowRef(row[0], try RowKey(encoded: key))
      // A row that was deleted before an upgrade is kept as it was: the log gives it with the fields that came since.
      if try lastImage(mine, of: ref) == record(ref.record)?.image(row.cell(2)) { return }
      let name = "sync_tombstone \(ref.record) \(show(ref.key))"
      found.append(
        Label(zh: "\(name):最后的内容与历史不符", en: "\(name): its last image is not the one that follows from the log"))
    }
    return found
  }

  private func lastImage(_ db: Database, of ref: RowRef) throws -> [Value]? {
    let sql = "SELECT image, arrival FROM sync_tombstone WHERE record = ? AND key = ?"
    guard let row = try db.first(sql, ref.columns), case .integer(let arrival) = row[1] else { return nil }
    if row[0] != .blob([]) { return record(ref.record)?.image(row[0]) }
    return try SQLiteMasterTransaction(db: db, schema: self).deleted([ref], by: arrival)[ref]
  }
}
