import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// What a backup holds.
public struct BackupInfo: Sendable, Equatable {
  /// The last batch in it.
  public var arrival: Int64
  /// The last batch of the city's own in it.
  public var own: Int64
  public var bytes: Int64
  /// When it was made, milliseconds since 1970.
  public var madeAt: Int64
  /// It took the file of the latest one, so that there is one backup where there might be two.
  public var replacesLatest = false
}

// A backup is the master in one file, with the city's key: without it no receipt could be verified, and nothing of the
// city's own could be read again. It must be kept as a key is.
//
//   sync_backup(name, value)   key: the seed of the city's signing key · made_at · replaced: the last batch in the
//                              backup whose file it took, NULL: there was none

extension Master {
  /// Writes a backup beside whoever works with the master, and verifies it: pages, tables, the chain and every signature.
  /// Only when it is whole does it get its name, and only then do the replicas hear that they need not keep what it holds.
  /// - Parameter replacing: whether a backup of that name may be replaced.
  public func backup(to file: String, replacing: Bool = false) throws -> BackupInfo {
    if try read({ try SQLiteMasterTransaction(db: $0, schema: schema).isRecovering() }) { throw Self.recovering }
    try BundleFailure.refuseFolder(file)
    let lock = try DurableFile.lock(file)
    defer { DurableFile.unlock(file, lock) }
    // What another program has just written there counts.
    let replaced = try replacedArrival(file, replacing)
    let part = file + ".part"
    defer { for end in ["", "-journal", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: part + end) } }
    // What an interrupted one left, SQLite would take for a part of this one.
    try FreshDatabase.removeLogs(of: [part])
    var info = try makeBackup(part, of: file, replacing: replaced)
    try DurableFile.move(part, to: file)
    info.replacesLatest = try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try transaction.set("backup_at", .integer(info.madeAt))
      return try transaction.noteBackup(of: info.arrival, replacing: replaced)
    }
    return info
  }

  private func makeBackup(_ part: String, of file: String, replacing replaced: Int64?) throws -> BackupInfo {
    // A tool may edit the master between its last batch and the copy: such an edit is in no batch.
    for _ in 1...10 {
      try absorbNow()
      let madeAt = clock()
      try DurableFile.create(part)
      try Connection.translating(file) { try copyFile(to: part) }
      if let (arrival, own) = try finishBackup(part, madeAt: madeAt, replacing: replaced) {
        return BackupInfo(arrival: arrival, own: own, bytes: DurableFile.size(part), madeAt: madeAt)
      }
    }
    throw Failure(
      .busy, zh: "主库正被其他程序不断修改,暂时无法备份;请稍后再试",
      en: "another program keeps editing the master, no backup can be made; try again in a moment")
  }

  /// Without old pages, unless a table of another program needs a collation or a function of its own: then they are
  /// copied as they are.
  private func copyFile(to part: String) throws {
    do {
      try store.database.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [part]) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      let target = try Connection.open(part, create: false)
      defer { try? target.close() }
      try store.database.backup(to: target)
      // All of it is in the one file that is moved.
      try target.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    }
  }

  /// The last batch in the backup of this city whose name the new one takes, 0 if it is of another history; nil: there is no such
  /// file. Nothing else is replaced.
  private func replacedArrival(_ file: String, _ replacing: Bool) throws -> Int64? {
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    guard replacing else {
      throw Failure(
        .data, zh: "\(file) 已存在;请换个文件名,或用 --force 替换", en: "\(file) exists already; name another, or --force")
    }
    let last = try? Connection.open(file, create: false).read { db -> LogPoint? in
      guard case .blob(let seed)? = try db.first("SELECT value FROM sync_backup WHERE name = 'key'")?.first,
        seed == key.seed
      else { return nil }
      return try logPoint(in: db)
    }
    if let last {
      // Of a log that was lost it says nothing: it is none of those by which counties let go.
      let sql = "SELECT arrival FROM sync_batch WHERE arrival = ? AND chain = ?"
      return try read { try $0.integer(sql, [.integer(last.arrival), .blob(last.chain)]) } ?? 0
    }
    throw Failure(
      .data, zh: "\(file) 不是本市的备份,或已损坏;未改动。请换个文件名,或先将其删除",
      en: "\(file) is not a backup of this city, or is damaged; it was left alone: name another, or delete it first")
  }

  /// - Returns: nil: it holds edits that are in no batch.
  private func finishBackup(
    _ path: String, madeAt: Int64, replacing replaced: Int64?
  ) throws -> (arrival: Int64, own: Int64)? {
    let database = try Connection.open(path, create: false)
    defer { try? database.close() }
    let copy = Master(
      SQLiteMaster(database, schema: store.openSchema, path: path), key: key, formats: formats, clock: clock)
    if try copy.read({ try SQLiteMasterTransaction(db: $0, schema: schema).hasOwnEdits() }) { return nil }
    if let problem = try copy.read(copy.backupProblems).first {
      throw Failure(
        .data, zh: "备份未通过核验,未写入:\(problem.zh)", en: "the backup is not whole and was not kept: \(problem.en)")
    }
    return try copy.store.write { db in
      try db.execute(sql: "CREATE TABLE sync_backup (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID")
      try db.run(
        "INSERT INTO sync_backup VALUES ('key', ?), ('made_at', ?), ('replaced', ?)",
        [.blob(key.seed), .integer(madeAt), replaced.map(Value.integer) ?? .null])
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let arrival = try transaction.lastArrival()
      return (arrival, try transaction.lastBatch(of: .city, upTo: arrival))
    }
  }

  /// What is wrong with the file, the chain and the signatures of the log. A row that a tool left without its parent is no
  /// reason to have no backup.
  func backupProblems(_ db: Database) throws -> [Label] {
    try schema.alteredObjects(db, weakKeys: true) + schema.brokenPages(db) + brokenChain(db)
  }
}
