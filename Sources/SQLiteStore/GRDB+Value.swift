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
      self = String(utf8: bytes).map(Value.text) ?? .blob([UInt8](bytes))
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

/// The row on which a statement stands, for as long as it stands there. NULL reads as 0, false or "" where no optional is
/// asked for.
public struct StatementRow {
  private let statement: SQLiteStatement

  init(_ statement: SQLiteStatement) { self.statement = statement }

  public var count: Int { Int(sqlite3_column_count(statement)) }

  /// The column as a value, NULL included.
  public func cell(_ index: Int) -> SyncCore.Value {
    SyncCore.Value(sqliteStatement: statement, index: CInt(index)) ?? .null
  }
  public func cells(_ range: Range<Int>) -> [SyncCore.Value] { range.map(cell) }

  public func isNull(_ index: Int) -> Bool { sqlite3_column_type(statement, CInt(index)) == SQLITE_NULL }

  public subscript(index: Int) -> Int64 { sqlite3_column_int64(statement, CInt(index)) }
  public subscript(index: Int) -> Double { sqlite3_column_double(statement, CInt(index)) }
  public subscript(index: Int) -> Bool { self[index] as Int64 != 0 }
  public subscript(index: Int) -> String {
    guard let start = sqlite3_column_text(statement, CInt(index)) else { return "" }
    return String(
      decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, CInt(index)))),
      as: UTF8.self)
  }
  public subscript(index: Int) -> Int64? { isNull(index) ? nil : self[index] as Int64 }
  public subscript(index: Int) -> Double? { isNull(index) ? nil : self[index] as Double }
  public subscript(index: Int) -> Bool? { isNull(index) ? nil : self[index] as Bool }
  public subscript(index: Int) -> String? { isNull(index) ? nil : self[index] as String }
}

extension Database {
  /// Runs one cached statement.
  public func run(_ sql: String, _ arguments: [Value] = []) throws { try prepared(sql).run(arguments) }

  /// Goes through the rows of one cached statement without holding them.
  public func each(_ sql: String, _ arguments: [Value] = [], _ body: (StatementRow) throws -> Void) throws {
    try prepared(sql).step(arguments) { row in
      try body(row)
      return true
    }
  }

  /// The first row, if any, as values.
  public func first(_ sql: String, _ arguments: [Value] = []) throws -> [Value]? {
    try prepared(sql).first(arguments)
  }

  /// A statement of GRDB's cache, looked up once to be run for many rows.
  public func prepared(_ sql: String) throws -> PreparedStatement {
    PreparedStatement(self, try cachedStatement(sql: sql))
  }

  public func integer(_ sql: String, _ arguments: [Value] = []) throws -> Int64? {
    try prepared(sql).integer(arguments)
  }
}

/// Runs through the C API: what runs for every row pays for no look-up by its text and for no generic call.
public struct PreparedStatement {
  private let db: Database
  private let statement: Statement
  private let handle: SQLiteStatement

  fileprivate init(_ db: Database, _ statement: Statement) {
    self.db = db
    self.statement = statement
    handle = statement.sqliteStatement
  }

  public func run(_ arguments: [Value] = []) throws { try step(arguments) { _ in true } }

  /// The first row, if any, as values.
  public func first(_ arguments: [Value] = []) throws -> [Value]? {
    var found: [Value]?
    try step(arguments) { row in
      found = row.cells(0..<row.count)
      return false
    }
    return found
  }

  /// The first column of the first row, where that is an integer.
  public func integer(_ arguments: [Value] = []) throws -> Int64? {
    if case .integer(let x)? = try first(arguments)?.first { x } else { nil }
  }

  /// Binds the arguments and goes through the rows.
  /// - Parameter row: called for each row; false ends the statement.
  fileprivate func step(_ arguments: [Value], _ row: (StatementRow) throws -> Bool) throws {
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    sqlite3_reset(handle)
    for index in arguments.indices { try check(arguments[index].bind(to: handle, at: CInt(index + 1))) }
    while true {
      let code = sqlite3_step(handle)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { return try check(code) }
      if try !row(StatementRow(handle)) { return }
    }
  }

  private func check(_ code: CInt) throws {
    guard code != SQLITE_OK else { return }
    throw DatabaseError(resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage, sql: statement.sql)
  }
}

extension Value {
  /// Binds a copy of the value. Returns SQLite's result code.
  public func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
    // SQLITE_TRANSIENT: SQLite copies before the call returns.
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch self {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let x): return sqlite3_bind_int64(statement, index, x)
    case .real(let x): return sqlite3_bind_double(statement, index, x)
    case .text(var x):
      // A null pointer would bind NULL.
      if x.isEmpty { return sqlite3_bind_text(statement, index, "", 0, copied) }
      return x.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          sqlite3_bind_text(statement, index, $0.baseAddress, CInt($0.count), copied)
        }
      }
    case .blob(let x):
      if x.isEmpty { return sqlite3_bind_zeroblob(statement, index, 0) }
      return sqlite3_bind_blob(statement, index, x, CInt(x.count), copied)
    }
  }
}
