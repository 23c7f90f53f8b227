import Foundation
import GRDB
import SyncCore
import Synchronization

/// A version of a schema as files keep it.
public struct StoredSchema: Sendable {
  public var version: Int
  /// SHA-256 of the text, by which messages name it.
  public var hash: [UInt8]
  public var text: String

  public init(version: Int, hash: [UInt8], text: String) {
    self.version = version
    self.hash = hash
    self.text = text
  }
}

/// The versions of its schema that a file has had, from its first upgrade on: batches name one of them.
public enum SchemaTable {
  private static let decoded = Mutex<[[UInt8]: Schema]>([:])

  /// The version that messages name so; nil: the file never had it, or was never upgraded.
  public static func find(_ db: Database, _ hash: [UInt8]) throws -> Schema? {
    guard try isThere(db), try db.first("SELECT 1 FROM sync_schema WHERE hash = ?", [.blob(hash)]) != nil else {
      return nil
    }
    if let known = decoded.withLock({ $0[hash] }) { return known }
    let text = try db.first("SELECT text FROM sync_schema WHERE hash = ?", [.blob(hash)])?.first
    guard case .text(let text)? = text else { return nil }
    let schema = try decode(text)
    decoded.withLock { $0[hash] = schema }
    return schema
  }

  /// Every version, the first one first; none if the file was never upgraded.
  public static func all(_ db: Database) throws -> [StoredSchema] {
    var versions: [StoredSchema] = []
    guard try isThere(db) else { return [] }
    try db.each("SELECT version, hash, text FROM sync_schema ORDER BY version") { row in
      guard case .blob(let hash) = row.cell(1) else { return }
      versions.append(StoredSchema(version: Int(row[0] as Int64), hash: hash, text: row[2]))
    }
    return versions
  }

  /// A text that was checked when it came into the file.
  public static func decode(_ text: String) throws -> Schema {
    do { return try JSONDecoder().decode(Schema.self, from: Data(text.utf8)) } catch is DecodingError {
      throw Failure(.data, zh: "文件中的模式无法读取;请恢复备份", en: "a schema of the file cannot be read; restore a backup")
    }
  }

  /// Makes a version the schema of the file, and keeps the one that it had.
  public static func add(_ db: Database, _ new: StoredSchema, after old: StoredSchema) throws {
    for schema in [old, new] { try keep(db, schema) }
    for (name, value) in [("schema", Value.text(new.text)), (OpenSchema.mark, .blob(new.hash))] {
      try db.run(
        "INSERT INTO sync_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [.text(name), value])
    }
  }

  /// Keeps a version that messages name.
  public static func keep(_ db: Database, _ schema: StoredSchema) throws {
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS sync_schema (version INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, text TEXT NOT NULL) STRICT
        """)
    try db.run(
      "INSERT INTO sync_schema VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      [.integer(Int64(schema.version)), .blob(schema.hash), .text(schema.text)])
  }

  /// Takes a copy of another file's `sync_meta` back to the first version of the schema.
  public static func begin(_ db: Database, asIn log: Database) throws {
    guard let first = try all(log).first else { return }
    try db.run("UPDATE sync_meta SET value = ? WHERE name = 'schema'", [.text(first.text)])
    try db.run("DELETE FROM sync_meta WHERE name = '\(OpenSchema.mark)'")
  }

  private static func isThere(_ db: Database) throws -> Bool {
    try db.first("SELECT 1 FROM sqlite_master WHERE name = 'sync_schema'") != nil
  }
}
