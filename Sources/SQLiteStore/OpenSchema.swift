import GRDB
import SyncCore
import Synchronization

/// Turns a schema in its canonical form into one. Throws `Failure(.configuration)` for one that it cannot follow.
public typealias ReadSchema = @Sendable (String) throws -> Schema

/// The schema of an open file. Another process may upgrade the file while this one has it open, so every transaction looks
/// first; within a transaction it stays as it is.
public final class OpenSchema: Sendable {
  /// The row of `sync_meta` that tells whether the schema is another than before; absent until the first upgrade.
  static let mark = "schema_hash"

  private let state: Mutex<(schema: Schema, mark: Value?)>
  private let reader: ReadSchema?

  public init(_ schema: Schema, reader: ReadSchema?) {
    state = Mutex((schema: schema, mark: nil))
    self.reader = reader
  }

  /// The schema that a file has now.
  public convenience init(_ db: Database, reader: @escaping ReadSchema) throws {
    self.init(try reader(Self.text(db)), reader: reader)
    let mark = try Self.mark(db)
    state.withLock { $0.mark = mark }
  }

  public var current: Schema { state.withLock { $0.schema } }

  /// Takes up what another process made of the file. First thing in a transaction.
  public func refresh(_ db: Database) throws {
    let mark = try Self.mark(db)
    if state.withLock({ $0.mark == mark }) { return }
    let schema = try read(Self.text(db))
    state.withLock { $0 = (schema, mark) }
  }

  /// This transaction has upgraded the file. If it is rolled back, the next one finds the file otherwise.
  public func upgraded(to schema: Schema, _ db: Database) throws {
    let mark = try Self.mark(db)
    state.withLock { $0 = (schema, mark) }
  }

  public func read(_ text: String) throws -> Schema {
    guard let reader else {
      throw Failure(
        .configuration, zh: "模式已升级,而本程序打开文件时没有给出读取模式的办法;请重新打开",
        en: "the schema was upgraded, and this file was made without a reader for schemas; open it anew")
    }
    return try reader(text)
  }

  private static func mark(_ db: Database) throws -> Value? {
    try db.first("SELECT value FROM sync_meta WHERE name = '\(mark)'")?.first
  }

  private static func text(_ db: Database) throws -> String {
    guard case .text(let text)? = try db.first("SELECT value FROM sync_meta WHERE name = 'schema'")?.first else {
      throw Failure(.data, zh: "文件缺少模式定义;请恢复备份", en: "the file has no schema; restore a backup")
    }
    return text
  }
}
