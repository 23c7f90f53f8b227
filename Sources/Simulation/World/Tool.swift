import CSQLite
import GRDB
import SQLiteStore

/// A program of somebody else's with a file open: SQLite's own interface and defaults.
final class Tool {
  private let handle: OpaquePointer

  /// - Parameter prepare: called with the connection.
  init(path: String, vfs: String, prepare: (OpaquePointer) -> Void) throws {
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, vfs)
    guard code == SQLITE_OK, let handle else {
      sqlite3_close_v2(handle)
      throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "cannot open \(path)")
    }
    self.handle = handle
    sqlite3_busy_timeout(handle, 1000)
    prepare(handle)
    try run("PRAGMA secure_delete = ON")
  }

  deinit { sqlite3_close_v2(handle) }

  func run(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else {
      let message = String(cString: sqlite3_errmsg(handle))
      throw DatabaseError(resultCode: ResultCode(rawValue: code & 0xff), message: message, sql: sql)
    }
  }

  /// All of the statements or none.
  func transaction(_ statements: [String]) throws {
    try run("BEGIN IMMEDIATE")
    do {
      for sql in statements { try run(sql) }
      try run("COMMIT")
    } catch {
      // A full disk or a killed program has rolled back already.
      try? run("ROLLBACK")
      throw error
    }
  }
}
