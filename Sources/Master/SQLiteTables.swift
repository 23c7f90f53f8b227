import GRDB
import SQLiteStore
import SyncCore

// The tables of a master in SQLite beside its records:
//
//   sync_meta         epoch, schema
//   sync_counter      the last place of the feed, arrival, conflict and request
//   sync_replica, sync_enrolment
//   sync_former       the former ids of machines, and how many of their batches are those machines'
//   sync_batch        the log: every signed batch and its receipt, chained by hash, the city's own (replica 0) included,
//                     with all that the master of that moment follows from
//   sync_touch        the log indexed by row
//   sync_feed         the newest place of each row for each unit that sees it ("" is everybody);
//                     `gone`: it sees it no more, or hears of a conflict as from outside
//   sync_tombstone    the last image of a deleted row; once it is trimmed, only the batch of the log that holds it
//   sync_orphan       rows that refer to what is not there, or to such rows: no replica sees them
//   sync_cell         stamps of cells whose policy is `latest`
//   sync_parked       changes that cannot enter, whole, with their reason, what they wait for and what became of them
//   sync_alias        the other keys of rows that were duplicates
//   sync_secret       what the commitments of the log stand for, as far as it was not erased
//   sync_erasure      the personal data that was erased
//   sync_returned, sync_loss, sync_heard: see Restore/RecoveryTables.swift

enum MasterTables {
  /// Written into the file's header ("TRBm").
  static let applicationID: Int64 = 0x5452_426d

  static func create(_ db: Database, schema: Schema, actor: String) throws {
    try db.execute(
      sql: """
        PRAGMA application_id = \(applicationID);
        CREATE TABLE sync_meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO sync_counter VALUES ('place', 0), ('arrival', 0), ('conflict', 0), ('own', 0);
        CREATE TABLE sync_replica (
          id BLOB PRIMARY KEY, org TEXT NOT NULL, public_key BLOB NOT NULL, agreement_key BLOB NOT NULL,
          withdrawn INTEGER NOT NULL DEFAULT 0,
          high_water INTEGER NOT NULL DEFAULT 0, request INTEGER NOT NULL DEFAULT 0, acknowledged INTEGER NOT NULL DEFAULT 0,
          clock_offset INTEGER NOT NULL DEFAULT 0, enrolled_at INTEGER NOT NULL, last_seen INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_enrolment (
          name TEXT PRIMARY KEY, secret BLOB NOT NULL, org TEXT NOT NULL, expires_at INTEGER NOT NULL, used_by BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_batch (
          arrival INTEGER PRIMARY KEY, replica BLOB NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, chain BLOB NOT NULL,
          received_at INTEGER NOT NULL, message BLOB NOT NULL, receipt BLOB NOT NULL, clock_offset INTEGER NOT NULL,
          UNIQUE (replica, number)
        ) STRICT;
        CREATE TABLE sync_touch (
          record TEXT NOT NULL, key BLOB NOT NULL, arrival INTEGER NOT NULL, PRIMARY KEY (record, key, arrival)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_feed (
          unit TEXT NOT NULL, place INTEGER NOT NULL, record TEXT NOT NULL, key BLOB NOT NULL, gone INTEGER NOT NULL,
          skip BLOB, PRIMARY KEY (unit, place), UNIQUE (record, key, unit)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_feed_gone ON sync_feed (place) WHERE gone = 1;
        CREATE TABLE sync_tombstone (
          record TEXT NOT NULL, key BLOB NOT NULL, image BLOB NOT NULL, arrival INTEGER NOT NULL, PRIMARY KEY (record, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_tombstone_whole ON sync_tombstone (arrival) WHERE image <> x'';
        CREATE TABLE sync_cell (
          record TEXT NOT NULL, key BLOB NOT NULL, field TEXT NOT NULL, stamp INTEGER NOT NULL,
          PRIMARY KEY (record, key, field)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sync_parked (
          id INTEGER PRIMARY KEY, record TEXT NOT NULL, key BLOB NOT NULL, replica BLOB NOT NULL, arrival INTEGER NOT NULL,
          batch INTEGER NOT NULL, n INTEGER NOT NULL, reason TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, cause BLOB,
          kind TEXT NOT NULL, old BLOB NOT NULL, new BLOB NOT NULL, actor TEXT NOT NULL, edited_at INTEGER NOT NULL,
          cells BLOB NOT NULL, received_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', ruling_zh TEXT,
          ruling_en TEXT, ruled_by TEXT, ruled_at INTEGER, UNIQUE (replica, batch, n)
        ) STRICT;
        CREATE INDEX sync_parked_by_cause ON sync_parked (cause) WHERE cause IS NOT NULL;
        CREATE INDEX sync_parked_waiting ON sync_parked (replica) WHERE state = 'waiting';
        CREATE INDEX sync_parked_of_row ON sync_parked (record, key);
        CREATE TABLE sync_alias (
          record TEXT NOT NULL, key BLOB NOT NULL, target BLOB NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
          stamp INTEGER NOT NULL, PRIMARY KEY (record, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_alias_by_target ON sync_alias (record, target);
        CREATE TABLE sync_erasure (
          id INTEGER PRIMARY KEY, arrival INTEGER NOT NULL, cursor INTEGER NOT NULL, record TEXT NOT NULL, key BLOB NOT NULL,
          fields BLOB NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL, stamp INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sync_erasure_of_row ON sync_erasure (record, key);
        """)
    try db.execute(sql: SQLiteMasterTransaction.formerTable)
    try db.execute(sql: SQLiteMasterTransaction.orphanTable)
    try SecretTable.create(db)
    try RecoveryTables.create(db)
    try createCaptureTables(db, actor: actor)
    try ConflictTables.create(db)
    try schema.createTables(db, weakKeys: true)
  }
}

/// A record of values with holes, as a blob.
func encodeSparse(_ values: [Value?]) -> [UInt8] {
  var out = ByteWriter()
  out.record(values)
  return out.bytes
}

/// As wide as it was written: a later version of its record may have more columns.
func decodeSparse(_ bytes: [UInt8]) throws -> [Value?] {
  var reader = ByteReader(bytes[...])
  var values: [Value?] = []
  while !reader.isAtEnd { values += try reader.record(1) }
  return values
}
