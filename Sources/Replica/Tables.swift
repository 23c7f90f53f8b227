import GRDB
import SQLiteStore
import SyncCore

// The tables of a replica beside its records:
//
//   sync_meta        who this replica is, its city, its schema, how far it has read
//   sync_outbox      its numbered batches as sent, each with its receipt, or the one that it had before it went once more
//   sync_flight      the cells of batches without a receipt: touched, though no longer pending
//   sync_upstream_R  the master's image of a touched row, pulled beneath it
//   sync_parked      rows that cannot stand in the master, whole, with their reason and what became of them; "edited": the row
//                    was edited again before its sender knew, and what comes of that takes its place; without a batch: never
//                    sent, with n = 0, and the row that it started from as base, when it is an edit of a row of the city's,
//                    with n = -1 when it was entered, and was so again since, and with n = 0 then if it says again what was sent
//   sync_decision    conflicts that this unit decided, until the city has answered
//   sync_request     rows that this unit wants deleted though rows of the city's hang on them, until the city has answered, with the image
//                    that its clerk saw
//   sync_inbox       batches of the city's own, sealed to the city: it gets them back when it was restored from a backup
//   sync_archive     the last image of every row that a pull removed
//   sync_secret      what the commitments of its batches stand for, as far as it was not erased
//   sync_schema      the versions that its schema has had, once there was an upgrade: batches name one of them
//   sync_erasure     the personal data that the city erased; "sent" is the last batch made before that was known here

enum ReplicaTables {
  /// Written into the file's header, so that a file of another program is known at once ("TRBr").
  static let applicationID: Int64 = 0x5452_4272

  static func create(_ db: Database, schema: Schema, actor: String) throws {
    try db.execute(
      sql: """
        PRAGMA application_id = \(applicationID);
        CREATE TABLE sync_meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_outbox (
          number INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, rows INTEGER NOT NULL, message BLOB NOT NULL, receipt BLOB,
          former_receipt BLOB
        ) STRICT;
        CREATE INDEX sync_outbox_in_flight ON sync_outbox (number) WHERE receipt IS NULL;
        CREATE TABLE sync_flight (
          record TEXT NOT NULL, key BLOB NOT NULL, batch INTEGER NOT NULL, mask INTEGER NOT NULL,
          PRIMARY KEY (record, key, batch)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_parked (
          id INTEGER PRIMARY KEY, record TEXT NOT NULL, key BLOB NOT NULL, batch INTEGER, n INTEGER, reason TEXT NOT NULL,
          zh TEXT NOT NULL, en TEXT NOT NULL, image BLOB NOT NULL, actor TEXT NOT NULL, edited_at INTEGER NOT NULL,
          state TEXT NOT NULL DEFAULT 'waiting', city_id INTEGER, ruled_by TEXT, ruled_at INTEGER,
          untold INTEGER NOT NULL DEFAULT 0, base BLOB
        ) STRICT;
        CREATE INDEX sync_parked_of_batch ON sync_parked (batch, n);
        CREATE TABLE sync_decision (
          conflict INTEGER PRIMARY KEY, choice TEXT NOT NULL, contender INTEGER, value ANY, reason TEXT NOT NULL,
          actor TEXT NOT NULL, stamp INTEGER NOT NULL, version INTEGER, record TEXT NOT NULL, key BLOB NOT NULL,
          field TEXT, opened_at INTEGER NOT NULL, batch INTEGER
        ) STRICT;
        CREATE TABLE sync_request (
          record TEXT NOT NULL, key BLOB NOT NULL, actor TEXT, stamp INTEGER NOT NULL, batch INTEGER, image BLOB,
          PRIMARY KEY (record, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_parked_of_row ON sync_parked (record, key);
        CREATE TABLE sync_inbox (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
        CREATE TABLE sync_archive (
          id INTEGER PRIMARY KEY, record TEXT NOT NULL, key BLOB NOT NULL, image BLOB NOT NULL, cursor INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sync_erasure (
          record TEXT NOT NULL, key BLOB NOT NULL, fields BLOB NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
          stamp INTEGER NOT NULL, sent INTEGER NOT NULL, PRIMARY KEY (record, key, stamp)
        ) STRICT, WITHOUT ROWID;
        """)
    for (_, sql) in indexes { try db.execute(sql: sql) }
    try SecretTable.create(db)
    try createCaptureTables(db, actor: actor)
    try ConflictTables.create(db)
    try schema.createTables(db, weakKeys: false)
    for record in schema.records { try db.execute(sql: record.upstreamTableSQL) }
  }
}

extension RecordSchema {
  var upstreamTableSQL: String {
    let definitions = fields.indices.map { "\(columns[$0]) \(fields[$0].kind.storage)" }
    return """
      CREATE TABLE \(upstreamTable) (
        \(definitions.joined(separator: ", ")), sync_gone INTEGER NOT NULL, PRIMARY KEY (\(keyColumns.joined(separator: ", ")))
      ) STRICT, WITHOUT ROWID
      """
  }

  /// The master's image beneath a touched row. The outer nil: none was pulled; the inner: the master has no such row.
  func upstream(_ db: Database, key: RowKey) throws -> [Value]?? {
    guard let found = try db.first(statements.upstream, key.values) else { return nil }
    return found.last == .integer(1) ? .some(nil) : Array(found.dropLast())
  }

  func setUpstream(_ db: Database, key: RowKey, _ image: [Value]?) throws {
    try clearUpstream(db, key: key)
    var values = image ?? fields.map { _ in .null }
    for (index, value) in zip(keyIndices, key.values) { values[index] = value }
    try db.run(statements.setUpstream, values + [.integer(image == nil ? 1 : 0)])
  }

  func clearUpstream(_ db: Database, key: RowKey) throws {
    try db.run(statements.clearUpstream, key.values)
  }

  /// - Parameter gone: only those of rows that the master does not have.
  func upstreamKeys(_ db: Database, gone: Bool = false) throws -> [RowKey] {
    var keys: [RowKey] = []
    let condition = gone ? " WHERE sync_gone = 1" : ""
    try db.each("SELECT \(keyColumns.joined(separator: ", ")) FROM \(upstreamTable)\(condition)") { row in
      keys.append(RowKey(row.cells(0..<key.count)))
    }
    return keys
  }
}

extension ReplicaTables {
  /// In SQL: whether a row of `sync_parked` is open. Only a query that says it in these words uses their index.
  static let isOpen = "state IN ('waiting', 'edited')"

  /// What is kept for people stays for ever: an erasure finds its row there, and who asks for what is open no other.
  private static let indexes = [
    (name: "sync_archive_of_row", sql: "CREATE INDEX sync_archive_of_row ON sync_archive (record, key)"),
    (
      name: "sync_parked_open",
      sql: "CREATE INDEX sync_parked_open ON sync_parked (batch, n) WHERE \(isOpen)"
    ),
  ]

  /// Whether this is a file of an earlier version.
  static func isLacking(_ db: Database) throws -> Bool {
    try !lackingColumns(db).isEmpty || !lackingIndexes(db).isEmpty
  }

  private static func lackingIndexes(_ db: Database) throws -> [String] {
    try indexes.filter { try db.first("SELECT 1 FROM sqlite_master WHERE name = ?", [.text($0.name)]) == nil }.map {
      $0.sql
    }
  }

  private static func lackingColumns(_ db: Database) throws -> [(table: String, column: String)] {
    let columns: [(table: String, column: String)] = [
      ("sync_parked", "base"), ("sync_request", "image"), ("sync_outbox", "former_receipt"),
    ]
    return try columns.filter { table, column in
      try db.first("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", [.text(table), .text(column)]) == nil
    }
  }

  static func addLacking(_ db: Database) throws {
    // Another program may have done it by now.
    for (table, column) in try lackingColumns(db) {
      try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(column) BLOB")
    }
    for sql in try lackingIndexes(db) { try db.execute(sql: sql) }
  }
}

/// A row as a blob: its values as a changeset spells them.
func encodeImage(_ row: [Value]) -> [UInt8] { RowKey(row).encoded }
/// It may have been kept by an earlier version of the schema.
func decodeImage(_ bytes: [UInt8], _ record: RecordSchema) throws -> [Value] {
  record.widened(try RowKey(encoded: bytes).values)
}
