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
    try db.run(
      "INSERT INTO sync_meta VALUES ('old_pages_noted', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1")
  }

  /// How often they were noted, in SQL.
  private static let timesNoted = "(SELECT value FROM sync_meta WHERE name = 'old_pages_noted')"

  public static func noted(_ db: Database) throws -> OldPages? {
    try db.integer("SELECT value FROM sync_meta WHERE name = 'old_pages'").flatMap { OldPages(rawValue: Int($0)) }
  }

  /// Another program that uses the file just now may hinder it, or a full disk: then they stay noted. What was
  /// committed before is not taken back for that.
  static func remove(_ db: Database) throws {
    let isInLog = Value.integer(Int64(inLog.rawValue))
    // What another program notes meanwhile stays noted.
    let count = try db.first("SELECT \(timesNoted)")?.first ?? .null
    do {
      if try noted(db) == .inFile {
        do {
          try db.execute(sql: "VACUUM")
          try db.run(
            "UPDATE sync_meta SET value = ? WHERE name = 'old_pages' AND \(timesNoted) IS ?", [isInLog, count])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
          // A table of another program needs a collation or a function of its own.
        }
      }
      guard try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { return }
      try db.run(
        "DELETE FROM sync_meta WHERE name = 'old_pages' AND value = ? AND \(timesNoted) IS ?", [isInLog, count])
    } catch let error as DatabaseError where !isBroken(error) {}
  }

  /// Whether the file or its disk is, and no folder for temporary files.
  private static func isBroken(_ error: DatabaseError) -> Bool {
    [.SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
      && error.extendedResultCode != .SQLITE_IOERR_GETTEMPPATH
  }

  /// What people are told while they are there.
  public static let left = Label(
    zh: "文件中可能还留有已删除的旧数据:其他程序正在使用该文件,或磁盘空间不足;请稍后再运行任一命令,即会清除。"
      + "若是其他程序的表妨碍清除,verify 会指出",
    en: "old pages may still hold what was erased: another program uses the file, or the disk is full; any command "
      + "that is run later removes them, unless a table of another program hinders it, which verify names")
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
