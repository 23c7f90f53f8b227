import CSQLite
import Foundation
import GRDB
import SyncCore

// The tables of a snapshot. They are attached as `snapshot` to the file of the master that fills them, and of the replica that
// takes them:
//
//   each record     its rows in scope: columns and primary key, nothing else
//   sync_conflict, sync_contender, sync_parked, sync_erasure     as a page tells them
//   sync_own        the city's own batches that no backup holds, as a page brings them
//   sync_meta       of which city (epoch) and unit (org) it is, by which schema, of which place (cursor) and arrival;
//                   up to which batch of another id what became of it is a machine's own (shared:MACHINE:OTHER)

public enum SnapshotTables {
  /// Written into the file's header ("TRBs").
  static let applicationID: Int64 = 0x5452_4273

  /// Every table with the statement that makes it.
  private static func statements(_ schema: Schema) -> [(name: String, sql: String)] {
    let engine: [(String, [String], [String])] = [
      (Conflict.table, Conflict.columns, ["id"]), (Contender.table, Contender.columns, ["conflict", "id"]),
      (ParkedNotice.table, ParkedNotice.columns, ["id"]),
      (Erasure.table, Erasure.columns, ["record", "key", "stamp"]), ("sync_own", ["number", "sealed"], ["number"]),
      ("sync_meta", ["name", "value"], ["name"]),
    ]
    let records = schema.records.map { record in
      let definitions = record.fields.map { "\(quoted($0.name)) \($0.kind.storage)" }
      return (record.name, table(record.name, definitions, key: record.key))
    }
    return records
      + engine.map { name, columns, key in (name, table(name, columns.map { "\(quoted($0)) ANY" }, key: key)) }
  }

  private static func table(_ name: String, _ definitions: [String], key: [String]) -> String {
    let columns = definitions.joined(separator: ", ")
    return
      "\(quoted(name)) (\(columns), PRIMARY KEY (\(key.map(quoted).joined(separator: ", ")))) STRICT, WITHOUT ROWID"
  }

  /// Makes the tables in the file that is attached as `snapshot`.
  public static func create(_ db: Database, _ schema: Schema) throws {
    try db.execute(sql: "PRAGMA snapshot.application_id = \(applicationID)")
    for (_, sql) in statements(schema) { try db.execute(sql: "CREATE TABLE snapshot.\(sql)") }
  }

  /// Whether a file that somebody else made is a snapshot by this schema: its pages, its types, and exactly its tables. Nothing
  /// of it is run. Throws `Failure`.
  public static func check(_ path: String, _ schema: Schema) throws {
    // Written by hand, a header could ask for a log beside the file.
    guard let file = FileHandle(forReadingAtPath: path), let header = try? file.read(upToCount: 100),
      header.count == 100,
      header[18] == 1, header[19] == 1
    else { throw foreign }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
      if let handle = db.sqliteConnection { _ = csqlite_db_config_flag(handle, SQLITE_DBCONFIG_DEFENSIVE, 1) }
    }
    do {
      try DatabaseQueue(path: path, configuration: configuration).read { db in
        guard try db.integer("PRAGMA application_id") == applicationID else { throw foreign }
        var tables: [String: String] = [:]
        try db.each("SELECT type, name, sql FROM sqlite_schema") { row in
          guard row[0] as String == "table" else { throw foreign }
          tables[row[1] as String] = row[2] as String?
        }
        guard tables == Dictionary(uniqueKeysWithValues: statements(schema).map { ($0, "CREATE TABLE \($1)") }),
          try db.first("PRAGMA quick_check(1)") == [.text("ok")]
        else { throw foreign }
      }
    } catch is DatabaseError { throw foreign }
  }

  /// How the names in `sync_meta` begin that say which batches of another id are a machine's too.
  public static let shared = "shared:"

  public static let foreign = Failure(
    .protocolViolation, zh: "文件不是按本机模式制作的快照,或已损坏;未作任何更改",
    en: "the file is no snapshot by this replica's schema, or is damaged; nothing was changed here")

  /// What `sync_meta` of an attached snapshot says.
  public static func meta(_ db: Database) throws -> [String: Value] {
    var values: [String: Value] = [:]
    try db.each("SELECT name, value FROM snapshot.sync_meta") { row in
      if case .text(let name) = row.cell(0) { values[name] = row.cell(1) }
    }
    return values
  }
}

extension RecordSchema {
  public var snapshotTable: String { "snapshot.\(table)" }

  private var snapshotJoin: String { "FROM \(snapshotTable) s LEFT JOIN main.\(table) r ON \(keyJoin("s", "r"))" }

  /// The rows of the snapshot that are not exactly so here, in the order of their keys.
  public var changedInSnapshot: String {
    let columns = columns.map { "s.\($0)" }.joined(separator: ", ")
    let differs = self.columns.map { "s.\($0) COLLATE BINARY IS NOT r.\($0)" }
    // A key holds no NULL: one means that the row is not here.
    return "SELECT \(columns) \(snapshotJoin) WHERE \(differs.joined(separator: " OR ")) ORDER BY \(keys("s"))"
  }

  /// The keys of rows that are here and not in the snapshot, in order.
  public var goneFromSnapshot: String {
    """
    SELECT \(keys("r")) FROM main.\(table) r LEFT JOIN \(snapshotTable) s ON \(keyJoin("r", "s"))
    WHERE s.\(keyColumns[0]) IS NULL ORDER BY \(keys("r"))
    """
  }

  /// The row of a key in the snapshot.
  public var selectFromSnapshot: String {
    "SELECT \(columns.joined(separator: ", ")) FROM \(snapshotTable) WHERE \(keyMatch)"
  }

  private func keys(_ alias: String) -> String { keyColumns.map { "\(alias).\($0)" }.joined(separator: ", ") }

  /// Takes over the table of a snapshot whole. Only into an empty table, inside `applying`.
  /// - Returns: how many rows.
  public func copyFromSnapshot(_ db: Database) throws -> Int {
    let list = columns.joined(separator: ", ")
    try db.run("INSERT INTO main.\(table) (\(list)) SELECT \(list) FROM \(snapshotTable)")
    return db.changesCount
  }
}
