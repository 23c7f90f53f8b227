import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// The city's master: merges signed batches, decides conflicts, answers pulls.
public final class Master: RecordStore, @unchecked Sendable {
  public let schema: Schema
  public let formats: Formats
  public let clock: @Sendable () -> Int64
  public let key: SigningKey
  /// How much one page may hold.
  public var pageLimit = PageLimit()
  /// Makes the salts of restricted values.
  public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
  let store: SQLiteMaster

  public var side: Side { .city }
  public var unit: String? { nil }
  public var path: String { store.path }

  /// Creates a master with its first rows, which are the city's first batch.
  public static func create(
    path: String, key: SigningKey, schema: Schema, schemaText: String, seed: [(record: String, rows: [[Value]])] = [],
    actor: String, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
  ) throws -> Master {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Failure(.data, zh: "\(path) 已存在", en: "\(path) exists already; use another --home")
    }
    let database = try Connection.open(path, create: true)
    let store = SQLiteMaster(database, schema: schema, path: path)
    var random = random
    try store.write { db in
      try MasterTables.create(db, schema: schema, actor: actor)
      let meta: [(String, Value)] = [("epoch", .blob(random.identifier().bytes)), ("schema", .text(schemaText))]
      for (name, value) in meta { try db.run("INSERT INTO sync_meta VALUES (?, ?)", [.text(name), value]) }
    }
    let master = Master(store, key: key, formats: formats, clock: clock)
    master.random = random
    try master.edit(as: actor) { db in
      try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      for (name, rows) in seed {
        let record = try master.record(name)
        for row in rows { try db.run(record.statements.insert, row) }
      }
    }
    return master
  }

  /// Opens a master. `readSchema` turns the stored canonical schema back into one.
  public static func open(
    path: String, key: SigningKey, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: (String) throws -> Schema
  ) throws -> Master {
    let database = try Connection.open(path, create: false)
    let text = try Connection.translating(path) {
      try database.read { db -> String in
        guard try db.integer("PRAGMA application_id") == MasterTables.applicationID else {
          throw Failure(.data, zh: "\(path) 不是市级主库文件", en: "\(path) is not the file of a master; check --home")
        }
        guard case .text(let text)? = try db.first("SELECT value FROM sync_meta WHERE name = 'schema'")?.first else {
          throw Failure(.data, zh: "\(path) 缺少模式定义;请恢复备份", en: "\(path) has no schema; restore a backup")
        }
        return text
      }
    }
    let store = SQLiteMaster(database, schema: try readSchema(text), path: path)
    return Master(store, key: key, formats: formats, clock: clock)
  }

  init(_ store: SQLiteMaster, key: SigningKey, formats: Formats, clock: @escaping @Sendable () -> Int64) {
    self.store = store
    schema = store.schema
    self.key = key
    self.formats = formats
    self.clock = clock
  }

  public func read<T>(_ body: (Database) throws -> T) throws -> T { try store.read(body) }

  public func edit<T>(as actor: String?, _ body: (Database) throws -> T) throws -> T {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      let result = try acting(db, as: actor) { try body(db) }
      try absorb(transaction)
      return result
    }
  }
}
