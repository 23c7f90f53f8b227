import CSQLite
import Foundation
import GRDB
import SyncCore

/// Opens SQLite files the way every part of Tributary does.
public enum Connection {
  /// How long a command waits for another one that writes.
  public static let busySeconds = 5.0

  /// Pages that a connection keeps: those that a batch of a hundred thousand rows goes through again and again.
  public static let cacheKilobytes = 8_192

  /// Prepares every connection that is opened while it is set: a simulation passes in a disk and SQL's own clock, and faults.
  @TaskLocal public static var preparation: Preparation?

  public final class Preparation: Sendable {
    /// The name of the VFS that holds the files; nil: SQLite's own.
    let vfs: String?
    let prepare: @Sendable (Database) throws -> Void

    public init(vfs: String? = nil, _ prepare: @escaping @Sendable (Database) throws -> Void) {
      (self.vfs, self.prepare) = (vfs, prepare)
    }

    /// As SQLite's "Uniform Resource Identifiers" say it. A database without a name is a temporary one, on no disk.
    func name(of path: String) -> String {
      guard let vfs, !path.isEmpty else { return path }
      let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
      return "file:\(escaped)?vfs=\(vfs)"
    }
  }

  /// For a program that never asks SQLite how much memory it uses. Before anything is opened; later it does nothing.
  public static func countNoMemory() { _ = csqlite_count_no_memory() }

  /// Opens an existing file, or creates it. Commits are durable (synchronous FULL, WAL); a hostile file can neither run
  /// code from its schema (trusted_schema off) nor be used to write the schema by hand (defensive). What is deleted is
  /// overwritten with zeros (secure_delete), so that nothing erased stays in a free page.
  /// - Parameter cacheKilobytes: how much of the file it keeps in memory.
  public static func open(
    _ path: String, create: Bool, cacheKilobytes: Int = cacheKilobytes
  ) throws -> DatabaseQueue {
    if !create, !FileManager.default.fileExists(atPath: path) {
      throw Failure(.notFound, zh: "没有文件 \(path);请先运行 init", en: "there is no file \(path); run init first")
    }
    var configuration = Configuration()
    configuration.busyMode = .timeout(busySeconds)
    let preparation = preparation
    configuration.prepareDatabase { db in
      Patience.set(db, seconds: busySeconds)
      try preparation?.prepare(db)
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON")
      try db.execute(sql: "PRAGMA secure_delete = ON; PRAGMA cache_size = -\(cacheKilobytes)")
      if let handle = db.sqliteConnection {
        _ = csqlite_db_config_flag(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
      }
    }
    return try translating(path) {
      let queue = try DatabaseQueue(path: preparation?.name(of: path) ?? path, configuration: configuration)
      if create { try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") } }
      return queue
    }
  }

  /// Runs the body and turns what SQLite says into what a person can act on.
  public static func translating<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError { throw failure(error, path: path) }
  }

  public static func failure(_ error: DatabaseError, path: String) -> Failure {
    let detail = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return Failure(
        .busy, zh: "\(path) 正被另一程序占用,请稍后再试", en: "\(path) is locked by another program; try again in a moment")
    case .SQLITE_FULL:
      return Failure(
        .disk, zh: "磁盘已满,对 \(path) 的这一步写入已撤回;请腾出空间后重试",
        en: "the disk is full, and what was being written to \(path) was taken back; free some space and try again")
    case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
      return Failure(
        .disk, zh: "无法读写 \(path):\(detail)",
        en: "cannot read or write \(path): \(detail); check the disk and the permissions")
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      return damaged(path)
    case .SQLITE_CONSTRAINT:
      return Failure(.data, zh: "违反约束:\(detail)", en: "this breaks a rule of the schema: \(detail)")
    default:
      return Failure(
        .defect, zh: "内部错误(SQLite:\(detail));这一步写入已撤回",
        en: "a defect of ours (SQLite: \(detail)); what was being written was taken back")
    }
  }

  /// Refuses a file whose header does not say that it is of a kind.
  /// - Parameter table: one that only files of this kind have. With it, the file was made anew of its tables, and its header lost.
  public static func require(
    _ db: Database, _ applicationID: Int64, with table: String, _ path: String, otherwise: Label
  ) throws {
    let id = try db.integer("PRAGMA application_id")
    if id == applicationID { return }
    guard id == 0, try db.tableExists(table) else { throw Failure(.data, zh: otherwise.zh, en: otherwise.en) }
    let way = "sqlite3 '\(path)' \"PRAGMA application_id = \(applicationID); PRAGMA journal_mode = WAL\""
    throw Failure(
      .data, zh: "\(path) 由其他程序重建,丢失了文件头中的标记;请运行 \(way),然后用 verify 检查",
      en: "\(path) was made anew by another program, which lost the mark in its header; run \(way), then verify")
  }

  /// Gives a file its write-ahead log again that a copy of it (`VACUUM INTO`) or another program has left without: with a
  /// rollback journal a commit need not outlive a loss of power (SQLite syncs no folder when it deletes the journal). After a
  /// read, outside a transaction.
  public static func restoreLog(_ database: DatabaseQueue, _ path: String) throws {
    try translating(path) {
      try database.writeWithoutTransaction { db in
        // What the file says: a connection may be set otherwise.
        guard case .text("delete")? = try db.first("PRAGMA journal_mode")?.first else { return }
        try db.execute(sql: "PRAGMA journal_mode = WAL")
      }
    }
  }

  /// A file in which SQLite finds no database, or a broken one.
  package static func damaged(_ path: String) -> Failure {
    Failure(
      .data, zh: "\(path) 不是 Tributary 的文件,或已损坏;请用备份恢复",
      en: "\(path) is not a file of Tributary, or is damaged; restore it from a backup")
  }
}

extension DatabaseQueue {
  /// Reads one state of the file; whatever the body writes is taken back. GRDB's `read` sets `PRAGMA query_only` before and
  /// after, and SQLite then compiles every statement of the connection anew.
  public func reading<T>(_ body: (Database) throws -> T) throws -> T {
    try writeWithoutTransaction { try $0.transaction(body, kind: .deferred, end: .rollback) }
  }

  /// One immediate, durable transaction: all of the body or nothing.
  public func durably<T>(_ path: String, _ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) { try writeWithoutTransaction { try $0.transaction(body) } }
  }
}

extension Database {
  /// A transaction with a result: all of the body or nothing.
  /// - Parameter end: what becomes of what the body wrote.
  package func transaction<T>(
    _ body: (Database) throws -> T, kind: TransactionKind = .immediate, end: TransactionCompletion = .commit
  ) throws -> T {
    var result: T?
    try inTransaction(kind) {
      result = try body(self)
      return end
    }
    guard let result else { throw Failure(.defect, zh: "事务未完成", en: "a transaction ended without a result") }
    return result
  }

  /// Whether the transaction as it stands could not be committed, for what a foreign key names is not there ("Database Connection
  /// Status": SQLITE_DBSTATUS_DEFERRED_FKS).
  public var hasDanglingReferences: Bool {
    guard let handle = sqliteConnection else { return false }
    var (now, most) = (Int32(0), Int32(0))
    return sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &most, 0) == SQLITE_OK && now != 0
  }

  /// Waits until the write-ahead log is on the disk.
  public func flushLog() throws {
    guard let handle = sqliteConnection else { return }
    let code = csqlite_flush_log(handle)
    if code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }
}

/// Milliseconds since 1970 of the machine's clock.
public let systemClock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
