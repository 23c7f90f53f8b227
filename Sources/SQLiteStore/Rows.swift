import GRDB
import SyncCore

// Single rows of a record's table, and many.

extension RecordSchema {
  public func row(_ db: Database, key: RowKey) throws -> [Value]? { try db.first(statements.select, key.values) }

  /// Writes the whole row, whatever was there. Inside `applying`.
  public func write(_ db: Database, row: [Value]) throws { try db.run(statements.write, row) }

  /// The same of a row that may hold what its table refuses: what a tool wrote past the checks stays where it stands.
  public func writeUnchecked(_ db: Database, row: [Value]) throws {
    if holds(row) { return try write(db, row: row) }
    try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
    defer { try? db.execute(sql: "PRAGMA ignore_check_constraints = OFF") }
    // No other trigger rests: an application's hear of the row.
    var checks: [(name: String, sql: String)] = []
    let names = ["insert", "update"].map { Value.text("sync_check_\($0)_\(name)") }
    try db.each("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN (?, ?)", names) { row in
      checks.append((row[0], row[1]))
    }
    for check in checks { try db.execute(sql: "DROP TRIGGER \(quoted(check.name))") }
    try write(db, row: row)
    for check in checks { try db.execute(sql: check.sql) }
  }

  public func remove(_ db: Database, key: RowKey) throws { try db.run(statements.delete, key.values) }
}

/// Reads rows by their keys. What stands in the table may change between two of them.
public final class RowReader {
  public let record: RecordSchema
  private let select: PreparedStatement

  public init(_ db: Database, _ record: RecordSchema) throws {
    self.record = record
    select = try db.prepared(record.statements.select)
  }

  public func row(_ key: RowKey) throws -> [Value]? { try select.first(key.values) }
}

/// Writes rows of one record. Inside `applying`.
public final class RowWriter {
  public let record: RecordSchema
  private let db: Database
  private let whole: PreparedStatement
  /// The columns that the last update set, and its statement: mostly the next row has the same.
  private var last: (columns: [Int], statement: PreparedStatement)?

  public init(_ db: Database, _ record: RecordSchema) throws {
    self.db = db
    self.record = record
    whole = try db.prepared(record.statements.write)
  }

  /// Writes the whole row, whatever was there.
  public func write(_ row: [Value]) throws { try whole.run(row) }

  /// Writes what differs of a row that is there.
  public func update(_ key: RowKey, from old: [Value], to new: [Value]) throws {
    let changed = new.indices.filter { old[$0] != new[$0] }
    if last?.columns != changed {
      guard let sql = record.statements.update(changed, of: record) else { return try write(new) }
      last = (changed, try db.prepared(sql))
    }
    try last?.statement.run(changed.map { new[$0] } + key.values)
  }
}
