import CSQLite
import Foundation
import GRDB
import SyncCore

extension Value: DatabaseValueConvertible, StatementColumnConvertible {
  public var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let x): x.databaseValue
    case .real(let x): x.databaseValue
    case .text(let x): x.databaseValue
    case .blob(let x): Data(x).databaseValue
    }
  }

  public static func fromDatabaseValue(_ value: DatabaseValue) -> Value? {
    switch value.storage {
    case .null: nil
    case .int64(let x): .integer(x)
    case .double(let x): .normalized(x)
    case .string(let x): .text(x)
    case .blob(let x): .blob([UInt8](x))
    }
  }

  /// Reads the column byte for byte. Text that is not UTF-8 comes back as a blob, so that a check finds it instead of a
  /// repair changing it.
  public init?(sqliteStatement statement: SQLiteStatement, index: CInt) {
    switch sqlite3_column_type(statement, index) {
    case SQLITE_INTEGER: self = .integer(sqlite3_column_int64(statement, index))
    case SQLITE_FLOAT: self = .normalized(sqlite3_column_double(statement, index))
    case SQLITE_TEXT:
      let start = sqlite3_column_blob(statement, index)
      let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, index)))
      self = String(validating: bytes, as: UTF8.self).map(Value.text) ?? .blob([UInt8](bytes))
    case SQLITE_BLOB:
      let start = sqlite3_column_blob(statement, index)
      self = .blob([UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, index)))))
    default: return nil
    }
  }
}

extension Row {
  /// The column as a value, NULL included.
  public func cell(_ index: Int) -> SyncCore.Value { (self[index] as SyncCore.Value?) ?? .null }
  public func cells(_ range: Range<Int>) -> [SyncCore.Value] { range.map(cell) }
}

extension Database {
  /// Runs one cached statement.
  public func run(_ sql: String, _ arguments: [Value] = []) throws {
    try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
  }

  /// Goes through the rows of one cached statement without holding them.
  public func each(_ sql: String, _ arguments: [Value] = [], _ body: (Row) throws -> Void) throws {
    let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    while let row = try rows.next() { try body(row) }
  }

  /// The first row, if any, as values.
  public func first(_ sql: String, _ arguments: [Value] = []) throws -> [Value]? {
    let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    return try rows.next().map { $0.cells(0..<$0.count) }
  }

  public func integer(_ sql: String, _ arguments: [Value] = []) throws -> Int64? {
    if case .integer(let x)? = try first(sql, arguments)?.first { x } else { nil }
  }
}
