import GRDB
import SQLiteStore
import SyncCore

// A replayed master is never trimmed: what this one let go of must not be there any more, or must come back from the log.

extension Schema {
  /// The entries of the feed that were not trimmed.
  func keptEntries(_ mine: Database) throws -> String {
    let place = try SQLiteMasterTransaction(db: mine, schema: self).trimmedPlace()
    if place == 0 { return "true" }
    let open = records.filter(\.restrictedIndices.isEmpty).map { literal($0.name) }.joined(separator: ", ")
    return "NOT (gone = 1 AND place <= \(place) AND record IN (\(open)))"
  }

  /// The last images of deleted rows, those that only the log holds included.
  func imageDifferences(_ mine: Database, _ theirs: Database, limit: Int) throws -> [Label] {
    let transaction = SQLiteMasterTransaction(db: mine, schema: self)
    var found: [Label] = []
    try theirs.each("SELECT record, key, image FROM sync_tombstone ORDER BY record, key") { row in
      guard found.count < limit, case .blob(let key) = row.cell(1), case .blob(let image) = row.cell(2) else { return }
      let ref = RowRef(row[0], try RowKey(encoded: key))
      if try transaction.tombstones(of: [ref])[ref].map({ RowKey($0).encoded }) == image { return }
      let name = "sync_tombstone \(ref.record) \(show(ref.key))"
      found.append(
        Label(zh: "\(name):最后的内容与历史不符", en: "\(name): its last image is not the one that follows from the log"))
    }
    return found
  }
}
