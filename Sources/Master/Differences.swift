import GRDB
import SQLiteStore
import SyncCore

// Two masters, row by row and byte by byte.

extension Master {
  /// How many differences are told.
  public static let mostDifferences = 20

  /// Where this master is not what another one is that was replayed from a log: the table, the key and the column of the first
  /// differences. Empty: both are the same.
  ///
  /// Compared are all rows of all records and everything that the engine knows of them: conflicts, parked changes, aliases,
  /// tombstones, stamps of cells, the feed with its places, the log and its index, the counters, and of the replicas who
  /// they are, who they were, since when and until when, and their last batch. Of what was trimmed, what the log gives back.
  ///
  /// Not compared, for the log does not tell it: of a replica what a hello says (`request`, `acknowledged`, `clock_offset`,
  /// `last_seen`); enrolment codes; the clock of the file (`sync_clock`), which a hello or an
  /// edit moves; `sync_meta`, which is copied; the chain, of which one changed link changes all later ones (the replay itself
  /// and `verify` name that link).
  public func differences(from replay: Master, limit: Int = mostDifferences) throws -> [Label] {
    if replay === self { return [] }
    try absorbNow()
    if replay.schema != schema { return unsignedSchema(replay) }
    return try read { mine in try replay.read { try schema.differences(mine, $0, limit: limit) } }
  }
}

private let engineTables = [
  ComparedTable(name: Conflict.table, key: ["id"]),
  ComparedTable(name: Contender.table, key: ["conflict", "id"]),
  ComparedTable(name: "sync_parked", key: ["id"]),
  ComparedTable(name: Alias.table, key: ["record", "key"]),
  ComparedTable(name: "sync_erasure", key: ["id"]),
  ComparedTable(name: "sync_tombstone", key: ["record", "key"], columns: "record, key, arrival"),
  ComparedTable(name: "sync_orphan", key: ["record", "key"]),
  ComparedTable(name: "sync_cell", key: ["record", "key", "field"]),
  ComparedTable(name: "sync_feed", key: ["record", "key", "unit"]),
  ComparedTable(
    name: "sync_batch", key: ["arrival"],
    columns: "arrival, replica, number, hash, received_at, message, receipt, clock_offset"),
  ComparedTable(name: "sync_touch", key: ["record", "key", "arrival"]),
  ComparedTable(name: "sync_loss", key: ["arrival"]),
  ComparedTable(name: "sync_counter", key: ["name"]),
  ComparedTable(
    name: "sync_replica", key: ["id"],
    columns: "id, org, public_key, agreement_key, withdrawn, high_water, enrolled_at"),
  ComparedTable(name: "sync_former", key: ["replica", "former"]),
]

/// Where the engine keeps values of cells, which may be personal data.
private let keptValues: [String: Set<String>] = [
  Conflict.table: ["base", "master", "value"], Contender.table: ["value"], "sync_parked": ["old", "new"],
]

extension ComparedTable {
  fileprivate init(of record: RecordSchema) {
    self.init(
      name: record.name, key: record.key, hidden: Set(record.fields.filter(\.restricted).map(\.name)))
  }
}

extension Schema {
  func differences(_ mine: Database, _ theirs: Database, limit: Int) throws -> [Label] {
    var found: [Label] = []
    for var table in records.map(ComparedTable.init(of:)) + engineTables {
      guard found.count < limit else { break }
      if hasRestricted { table.hidden.formUnion(keptValues[table.name] ?? []) }
      if table.name == "sync_feed" { table.rows = try keptEntries(mine) }
      found += try differences(mine, theirs, table, limit: limit - found.count)
    }
    return try found + imageDifferences(mine, theirs, limit: limit - found.count)
  }

  /// Both tables are read once, in the order of their keys.
  private func differences(_ mine: Database, _ theirs: Database, _ table: ComparedTable, limit: Int) throws -> [Label] {
    var table = table
    // What a tool added to a table is for `verify`.
    if table.columns == "*" {
      table.columns = try theirs.makeStatement(sql: table.sql).columnNames.map(quoted).joined(separator: ", ")
    }
    var pair = try ComparedPair(mine, theirs, table)
    var found: [Label] = []
    while found.count < limit, let rows = try pair.next() {
      switch rows {
      case (let mine?, nil): found.append(pair.left.surplus(mine))
      case (nil, let theirs?): found.append(pair.right.missing(theirs))
      case (let mine?, let theirs?) where mine != theirs: found.append(pair.left.altered(mine, theirs))
      default: break
      }
    }
    return found
  }
}
