import Foundation
import GRDB
import SyncCore

extension DatabaseQueue {
  /// The size from which a write-ahead log is emptied, in bytes.
  public static let largestLog = 4 << 20

  /// Moves the write-ahead log into the file, and empties it once it is large or holds what was erased ("Checkpointing a WAL
  /// file": TRUNCATE). It waits for no other program and never fails: a reader keeps what it still needs, and the next time does the rest.
  public func checkpoint(_ path: String, largest: Int = largestLog) {
    let isLarge = Self.logSize(path) > largest
    try? writeWithoutTransaction { db in
      Patience.set(db, seconds: 0)
      defer { Patience.set(db, seconds: Connection.busySeconds) }
      if try OldPages.remain(db) { return try OldPages.empty(db) }
      try db.execute(sql: "PRAGMA wal_checkpoint(\(isLarge ? "TRUNCATE" : "PASSIVE"))")
    }
  }

  /// Bytes of the write-ahead log beside a file.
  public static func logSize(_ path: String) -> Int {
    var status = stat()
    return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
  }
}

/// The write-ahead log may hold pages with what was erased. It is noted in the transaction that erases, and stays noted until
/// the log is empty, also if the power fails between the two.
public enum OldPages {
  public static func note(_ db: Database) throws {
    #if MUTANTS
      if Mutant.walIsNotErased.isActive { return }
    #endif
    try db.execute(sql: "INSERT OR REPLACE INTO sync_meta VALUES ('old_pages', 1)")
  }

  public static func remain(_ db: Database) throws -> Bool {
    try db.first("SELECT 1 FROM sync_meta WHERE name = 'old_pages'") != nil
  }

  /// Empties the log unless another program reads it just now; then it stays noted.
  static func empty(_ db: Database) throws {
    guard try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { return }
    try db.execute(sql: "DELETE FROM sync_meta WHERE name = 'old_pages'")
  }
}

extension DatabaseQueue {
  /// Moves the write-ahead log into the file and empties it.
  public func emptyLog() throws {
    try writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
  }

  /// The same of the file of a replica or a master, so that no old page is left in the log. Another program that reads just now may
  /// hinder it: the next sync or the next start does it again.
  public func emptyErasedLog() throws {
    #if MUTANTS
      if Mutant.walIsNotErased.isActive { return }
    #endif
    try writeWithoutTransaction { try OldPages.empty($0) }
  }
}
