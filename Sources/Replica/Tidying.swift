import GRDB
import SQLiteStore
import SyncCore

// What a replica keeps longer than it needs it: batches that the city has confirmed, until two backups of the city hold them, and
// the write-ahead log.

extension Replica {
  /// After a sync: lets go of what nobody needs any more. Another program that uses the file now hinders nothing; it is done
  /// after the next sync.
  public func tidy() {
    try? trimOutbox()
    database.checkpoint(path)
  }

  /// Whether the file may still hold what was erased: something hindered it.
  public func holdsOldPages() throws -> Bool { try read { try OldPages.noted($0) != nil } }

  /// Deletes batches with a receipt that two backups of the city hold, with their secrets. The batch of a row that is parked and
  /// waits stays: it says what was edited. So does one with personal data of a row that waits here unsent: it says what
  /// of that is a copy. `meta.last` goes on counting.
  func trimOutbox() throws {
    let done = """
      receipt IS NOT NULL AND number <= (SELECT value FROM sync_meta WHERE name = 'batch_kept')
        AND number NOT IN (SELECT batch FROM sync_parked WHERE \(ReplicaTables.isOpen) AND batch IS NOT NULL)
        AND number NOT IN (
          SELECT s.batch FROM sync_secret s JOIN sync_parked p ON p.record = s.record AND p.key = s.key
          WHERE p.batch IS NULL AND p.state = 'waiting')
      """
    guard try read({ try $0.first("SELECT 1 FROM sync_outbox WHERE \(done) LIMIT 1") }) != nil else { return }
    try write { db in
      let last = try db.integer("SELECT max(number) FROM sync_outbox WHERE \(done)") ?? 0
      try db.run("DELETE FROM sync_secret WHERE batch IN (SELECT number FROM sync_outbox WHERE \(done))")
      try db.run("DELETE FROM sync_outbox WHERE \(done)")
      try ReplicaMeta.set(db, "batches_trimmed", .integer(max(last, try trimmedBatches(db))))
    }
  }

  /// The last batch of which this file no longer holds what it said; 0: it holds all.
  public func trimmedBatches() throws -> Int64 { try read { try trimmedBatches($0) } }

  func trimmedBatches(_ db: Database) throws -> Int64 {
    try db.integer("SELECT value FROM sync_meta WHERE name = 'batches_trimmed'") ?? 0
  }
}
