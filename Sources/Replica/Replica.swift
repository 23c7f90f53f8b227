import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// One county machine's SQLite file: plain record tables that any tool may edit, captured by triggers, synced in batches.
public final class Replica: RecordStore, @unchecked Sendable {
  public let formats: Formats
  public let clock: @Sendable () -> Int64
  public let path: String
  public let identity: ReplicaMeta
  /// Makes the salts of restricted values.
  public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
  let database: DatabaseQueue
  let openSchema: OpenSchema
  let key: SigningKey
  /// While a transaction goes through rows of which batches say more.
  var openedBatches: OpenedBatches?

  /// As the last transaction found it: a sync, also of another process, may have upgraded it.
  public var schema: Schema { openSchema.current }
  public var side: Side { .county }
  public var unit: String? { identity.org }

  /// Creates the file of a replica that a city has welcomed. Fails when there is one already.
  /// - Parameter readSchema: as for `open`; without it the replica can sync until the city upgrades its schema.
  public static func create(
    path: String, key: SigningKey, meta: ReplicaMeta, schema: Schema, actor: String, formats: Formats = [:],
    clock: @escaping @Sendable () -> Int64 = systemClock, readSchema: ReadSchema? = nil
  ) throws -> Replica {
    let fresh = try FreshDatabase(path)
    try fresh.database.durably(path) { db in
      try ReplicaTables.create(db, schema: schema, actor: actor)
      try meta.write(db)
      try ReplicaMeta.set(db, publicKeyName, .blob(key.publicKey.bytes))
    }
    let open = OpenSchema(schema, reader: readSchema)
    let database = try fresh.finish()
    return Replica(database, path: path, key: key, meta: meta, schema: open, formats: formats, clock: clock)
  }

  /// Opens a replica. `readSchema` turns the stored canonical schema back into one.
  public static func open(
    path: String, key: SigningKey, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: @escaping ReadSchema
  ) throws -> Replica {
    try open(path: path, keys: [key], formats: formats, clock: clock, readSchema: readSchema)
  }

  /// - Parameter keys: keys that may be its own; the file says which one is.
  public static func open(
    path: String, keys: [SigningKey], formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: @escaping ReadSchema
  ) throws -> Replica {
    let (database, meta, schema) = try opened(path, readSchema)
    guard let key = keys.first(where: { $0.publicKey.identifier == meta.replica }) else {
      throw Failure(
        .configuration, zh: "密钥文件不是 \(path) 的;请恢复属于它的密钥文件;若已丢失,请移走此文件,再运行 county rejoin --code 登记码",
        en: "the key file is not that of \(path); put back the one that belongs to it; if that is lost, move this one "
          + "away and run county rejoin --code CODE")
    }
    try notePublicKey(key, database, path)
    return Replica(database, path: path, key: key, meta: meta, schema: schema, formats: formats, clock: clock)
  }

  /// Opens a replica whose key is lost. It can do nothing but rejoin, with a code of the city.
  /// - Parameter successor: the key that it gets.
  public static func open(
    path: String, successor: SigningKey, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: @escaping ReadSchema
  ) throws -> Replica {
    let (database, meta, schema) = try opened(path, readSchema)
    return Replica(database, path: path, key: successor, meta: meta, schema: schema, formats: formats, clock: clock)
  }

  private static func opened(
    _ path: String, _ readSchema: @escaping ReadSchema
  ) throws -> (DatabaseQueue, ReplicaMeta, OpenSchema) {
    let database = try Connection.open(path, create: false)
    let (meta, schema, isErasing, isLacking) = try Connection.translating(path) {
      try database.reading { db in
        try Connection.require(
          db, ReplicaTables.applicationID, with: "sync_outbox", path,
          otherwise: Label(zh: "\(path) 不是县区副本文件;请核对 --home", en: "\(path) is not the file of a replica; check --home"))
        return (
          try ReplicaMeta.read(db), try OpenSchema(db, reader: readSchema), try OldPages.noted(db) != nil,
          try ReplicaTables.isLacking(db)
        )
      }
    }
    try Connection.restoreLog(database, path)
    if isLacking { try Connection.translating(path) { try database.write { try ReplicaTables.addLacking($0) } } }
    if isErasing { database.checkpoint(path) }
    return (database, meta, schema)
  }

  /// The same file under another identity.
  func renewed(_ meta: ReplicaMeta, key: SigningKey) -> Replica {
    let replica = Replica(
      database, path: path, key: key, meta: meta, schema: openSchema, formats: formats, clock: clock)
    replica.random = random
    return replica
  }

  private init(
    _ database: DatabaseQueue, path: String, key: SigningKey, meta: ReplicaMeta, schema: OpenSchema, formats: Formats,
    clock: @escaping @Sendable () -> Int64
  ) {
    self.database = database
    self.path = path
    self.key = key
    identity = meta
    openSchema = schema
    self.formats = formats
    self.clock = clock
  }

  /// One state of the file. Whatever the body writes is taken back: edits belong into `edit`.
  public func read<T>(_ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) {
      try database.reading { db in
        try openSchema.refresh(db)
        return try body(db)
      }
    }
  }

  func write<T>(_ body: (Database) throws -> T) throws -> T {
    do {
      return try database.durably(path) { db in
        try openSchema.refresh(db)
        return try body(db)
      }
    } catch let failure as Failure where failure.kind == .defect {
      // A trigger of another program that cannot run here fails whatever writes to its record.
      try read { try schema.refuseForeignConstraints($0, weakKeys: false) }
      throw failure
    }
  }

  public func edit<T>(as actor: String?, _ body: (Database) throws -> T) throws -> T {
    try write { db in try acting(db, as: actor) { try openingOnce { try body(db) } } }
  }
}
