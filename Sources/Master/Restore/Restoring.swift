import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// What a restore made, and how far it reaches.
public struct RestoreInfo: Sendable {
  public var epoch: Identifier
  /// The last batch of the backup, and when it came.
  public var arrival: Int64
  public var receivedAt: Stamp
  public var madeAt: Int64
  /// The machines that are asked to give back what the backup lacks. None: there is nothing to wait for.
  public var replicas: [ReplicaInfo]
  /// Enrolment codes that nobody has used by then and that were still valid: they are valid no more.
  public var codes: Int
}

extension Master {
  /// Makes a master of a backup, under a new epoch. It recovers until its replicas have given back what the backup lacks.
  /// Interrupted anywhere, it is simply run again.
  /// - Parameters:
  ///   - path: where to make it. Nothing is there yet.
  ///   - keepKey: keeps the city's key, which the backup holds; called before the master appears.
  public static func restore(
    from file: String, into path: String, random: inout some RandomNumberGenerator,
    clock: @escaping @Sendable () -> Int64 = systemClock, readSchema: @escaping ReadSchema,
    keepKey: (SigningKey) throws -> Void
  ) throws -> RestoreInfo {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Failure(.data, zh: "\(path) 已存在;请恢复到空目录", en: "\(path) exists already; restore into another home")
    }
    let part = path + ".part"
    defer { for end in ["", "-journal", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: part + end) } }
    try FreshDatabase.removeLogs(of: [part])
    try copy(file, to: part)
    let epoch = Identifier(using: &random)
    let (info, key) = try naming(file, as: part) { try prepare(part, name: file, epoch: epoch, clock, readSchema) }
    try keepKey(key)
    // What a lost master left: SQLite would take it for a part of this one.
    try FreshDatabase.removeLogs(of: [path])
    try DurableFile.move(part, to: path)
    // Opened once with a write-ahead log, as every master is.
    try Connection.open(path, create: true).close()
    return info
  }

  private static func copy(_ file: String, to part: String) throws {
    guard FileManager.default.fileExists(atPath: file) else {
      throw Failure(.notFound, zh: "没有备份文件 \(file)", en: "there is no backup \(file)")
    }
    try DurableFile.create(part)
    guard let source = FileHandle(forReadingAtPath: file), let target = FileHandle(forWritingAtPath: part) else {
      throw Failure(.disk, zh: "无法读取 \(file)", en: "cannot read \(file)")
    }
    do {
      while let bytes = try source.read(upToCount: 1 << 20), !bytes.isEmpty { try target.write(contentsOf: bytes) }
      try target.close()
    } catch { throw Failure(.disk, zh: "无法把 \(file) 复制到 \(part)", en: "cannot copy \(file) to \(part)") }
  }

  /// What is wrong with the copy is wrong with the backup.
  private static func naming<T>(_ file: String, as part: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Failure where failure == Connection.damaged(part) {
      throw Failure(
        .data, zh: "\(file) 不是 city backup 写的备份,或已损坏;请用另一份备份",
        en: "\(file) is not a backup that city backup wrote, or is damaged; use another")
    }
  }

  private static func prepare(
    _ part: String, name: String, epoch: Identifier, _ clock: @escaping @Sendable () -> Int64,
    _ readSchema: @escaping ReadSchema
  ) throws -> (RestoreInfo, SigningKey) {
    let database = try Connection.open(part, create: false)
    defer { try? database.close() }
    let (schema, key) = try readBackup(database, name, readSchema)
    let store = SQLiteMaster(database, schema: schema, path: part)
    let master = Master(store, key: key, formats: [:], clock: clock)
    if let problem = try master.read(master.backupProblems).first {
      throw Failure(
        .data, zh: "备份 \(name) 已损坏:\(problem.zh);请用另一份备份",
        en: "the backup \(name) is damaged: \(problem.en); use another")
    }
    // What the city has to put right before it goes on does not keep it from coming back.
    let info = try database.durably(part) { db in try master.begin(db, epoch: epoch) }
    return (info, key)
  }

  private static func readBackup(
    _ database: DatabaseQueue, _ name: String, _ readSchema: @escaping ReadSchema
  ) throws -> (OpenSchema, SigningKey) {
    try Connection.translating(name) {
      try database.read { db in
        guard try db.integer("PRAGMA application_id") == MasterTables.applicationID, try db.tableExists("sync_backup"),
          case .blob(let seed)? = try db.first("SELECT value FROM sync_backup WHERE name = 'key'")?.first,
          let key = try? SigningKey(seed: seed)
        else {
          throw Failure(
            .data, zh: "\(name) 不是 city backup 写的备份", en: "\(name) is not a backup that city backup wrote")
        }
        return (try OpenSchema(db, reader: readSchema), key)
      }
    }
  }

  /// The copy becomes a master that recovers.
  private func begin(_ db: Database, epoch: Identifier) throws -> RestoreInfo {
    let transaction = SQLiteMasterTransaction(db: db, schema: schema)
    let madeAt = try db.integer("SELECT value FROM sync_backup WHERE name = 'made_at'") ?? 0
    let replaced = try db.integer("SELECT value FROM sync_backup WHERE name = 'replaced'")
    try db.execute(sql: "DROP TABLE sync_backup; DELETE FROM sync_heard")
    // The city's own that was set aside is in no log, and nobody else has it; what a county sent, it gives back again.
    try db.run(
      "DELETE FROM sync_returned WHERE state = 'held' OR replica <> ?", [.blob(Identifier.city.bytes)])
    let codes =
      try db.integer(
        "SELECT count(*) FROM sync_enrolment WHERE used_by IS NULL AND expires_at >= ?", [.integer(madeAt)]) ?? 0
    try db.run("DELETE FROM sync_enrolment WHERE used_by IS NULL")
    let end = try transaction.lastArrival()
    try transaction.addFormer(try transaction.meta().epoch)
    #if MUTANTS
      let epoch = Mutant.epochStays.isActive ? try transaction.meta().epoch : epoch
    #endif
    try transaction.set("epoch", .blob(epoch.bytes))
    try db.run("DELETE FROM sync_meta WHERE name IN ('lossy', 'recovered_end') OR name LIKE 'read:%'")
    let now = clock()
    let settings = [("restored_end", end), ("restored_at", now), ("restored_place", try transaction.head())]
    for (name, value) in settings { try transaction.set(name, .integer(value)) }
    try transaction.noteBackup(of: end, replacing: replaced)
    // Larger than any number that was ever used: there were never more batches than milliseconds.
    let base = max(Stamp(milliseconds: now).raw, try transaction.setting("own_base") ?? 0, try transaction.lastOwn())
    try transaction.set("own_base", .integer(base))
    let waiting = try transaction.unheard()
    if !waiting.isEmpty {
      try transaction.set("recovering", .integer(end))
      try RecoveryGuard.create(db, schema)
    }
    let received = try db.integer("SELECT received_at FROM sync_batch WHERE arrival = ?", [.integer(end)]) ?? 0
    return RestoreInfo(
      epoch: epoch, arrival: end, receivedAt: Stamp(raw: received), madeAt: madeAt,
      replicas: waiting.map(ReplicaInfo.init), codes: Int(codes))
  }
}

extension SQLiteMasterTransaction {
  /// The last number of the city's own batches.
  fileprivate func lastOwn() throws -> Int64 {
    try db.integer("SELECT value FROM sync_counter WHERE name = 'own'") ?? 0
  }
}
