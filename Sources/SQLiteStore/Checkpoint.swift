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
      if try OldPages.noted(db) != nil { return try OldPages.remove(db) }
      try db.execute(sql: "PRAGMA wal_checkpoint(\(isLarge ? "TRUNCATE" : "PASSIVE"))")
    }
  }

  /// Bytes of the write-ahead log beside a file.
  public static func logSize(_ path: String) -> Int {
    var status = stat()
    return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
  }
}

/// The write-ahead log may hold pages with what was erased, and so may the unused part of a page from which SQLite moved rows to
/// another one: secure_delete overwrites what is deleted, not what is moved. It is noted in the transaction that erases, and stays
/// noted until the file is written anew and its log is empty, also if the power fails between.
public enum OldPages: Int {
  case inLog = 1
  case inFile

  public func note(_ db: Database) throws {
    #if MUTANTS
      if Mutant.walIsNotErased.isActive { return }
    #endif
    try db.run(
      """
      INSERT INTO sync_meta VALUES ('old_pages', ?)
      ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
      """, [.integer(Int64(rawValue))])
  }

  public static func noted(_ db: Database) throws -> OldPages? {
    try db.integer("SELECT value FROM sync_meta WHERE name = 'old_pages'").flatMap { OldPages(rawValue: Int($0)) }
  }

  /// Another program that uses the file just now may hinder it, or a full disk: then they stay noted.
  static func remove(_ db: Database) throws {
    if try noted(db) == .inFile {
      do { try db.execute(sql: "VACUUM") } catch let error as DatabaseError where hindrances.contains(error.resultCode)
      {
        return
      }
      try db.run("UPDATE sync_meta SET value = ? WHERE name = 'old_pages'", [.integer(Int64(inLog.rawValue))])
    }
    guard try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { return }
    try db.execute(sql: "DELETE FROM sync_meta WHERE name = 'old_pages'")
  }

  private static let hindrances: [ResultCode] = [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_CANTOPEN]
}

extension DatabaseQueue {
  /// Moves the write-ahead log into the file and empties it.
  public func emptyLog() throws {
    try writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
  }

  /// Lets the file of a replica or a master hold no old page. What hinders it does so until the next sync or the next start.
  public func removeOldPages() throws {
    #if MUTANTS
      if Mutant.walIsNotErased.isActive { return }
    #endif
    try writeWithoutTransaction { try OldPages.remove($0) }
  }
}
