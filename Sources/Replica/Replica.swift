import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// One county machine's SQLite file: plain record tables that any tool may edit, captured by triggers, synced in batches.
public final class Replica: RecordStore, @unchecked Sendable {
  public let schema: Schema
  public let formats: Formats
  public let clock: @Sendable () -> Int64
  public let path: String
  public let identity: ReplicaMeta
  /// Makes the salts of restricted values.
  public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
  let database: DatabaseQueue
  let key: SigningKey

  public var side: Side { .county }
  public var unit: String? { identity.org }

  /// Creates the file of a replica that a city has welcomed. Fails when there is one already.
  public static func create(
    path: String, key: SigningKey, meta: ReplicaMeta, schema: Schema, actor: String, formats: Formats = [:],
    clock: @escaping @Sendable () -> Int64 = systemClock
  ) throws -> Replica {
    let fresh = try FreshDatabase(path)
    try fresh.database.durably(path) { db in
      try ReplicaTables.create(db, schema: schema, actor: actor)
      try meta.write(db)
    }
    let database = try fresh.finish()
    return Replica(database, path: path, key: key, meta: meta, schema: schema, formats: formats, clock: clock)
  }

  /// Opens a replica. `readSchema` turns the stored canonical schema back into one.
  public static func open(
    path: String, key: SigningKey, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: (String) throws -> Schema
  ) throws -> Replica {
    let database = try Connection.open(path, create: false)
    let meta = try Connection.translating(path) {
      try database.read { db in
        guard try db.integer("PRAGMA application_id") == ReplicaTables.applicationID else {
          throw Failure(.data, zh: "\(path) 不是县区副本文件", en: "\(path) is not the file of a replica; check --home")
        }
        return try ReplicaMeta.read(db)
      }
    }
    let schema = try readSchema(meta.schemaText)
    return Replica(database, path: path, key: key, meta: meta, schema: schema, formats: formats, clock: clock)
  }

  private init(
    _ database: DatabaseQueue, path: String, key: SigningKey, meta: ReplicaMeta, schema: Schema, formats: Formats,
    clock: @escaping @Sendable () -> Int64
  ) {
    self.database = database
    self.path = path
    self.key = key
    identity = meta
    self.schema = schema
    self.formats = formats
    self.clock = clock
  }

  public func read<T>(_ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) { try database.read(body) }
  }

  func write<T>(_ body: (Database) throws -> T) throws -> T { try database.durably(path, body) }

  public func edit<T>(as actor: String?, _ body: (Database) throws -> T) throws -> T {
    try write { db in try acting(db, as: actor) { try body(db) } }
  }
}
