import CSQLite
import Foundation
import SQLiteStore

/// The bytes of a master's file, which can be put back while the master has it open. SQLite sees that another program has
/// written by the change counter of the file's header (File Format, 1.3.7) and reads the pages anew; the version of the schema
/// is the same, so compiled statements stay. For that the file has a rollback journal, in memory, in place of a write-ahead log.
final class KeptFile {
  private let descriptor: Int32
  private let bytes: [UInt8]
  private var counter: UInt32 = 0

  /// - Parameter path: of a master that nobody has open.
  init(_ path: String) throws {
    var connection: OpaquePointer?
    defer { sqlite3_close(connection) }
    guard sqlite3_open(path, &connection) == SQLITE_OK,
      sqlite3_exec(connection, "PRAGMA journal_mode = DELETE", nil, nil, nil) == SQLITE_OK
    else { throw CannotKeep(why: "\(path) gets no rollback journal") }
    bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    // It stays open: closing any descriptor of a file lets go of every lock of SQLite's on it.
    descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0, bytes.count >= 512, bytes[18] == 1 else { throw CannotKeep(why: "\(path) cannot be kept") }
  }

  /// For connections that are opened to the file.
  static let preparation = Connection.Preparation { try $0.execute(sql: "PRAGMA journal_mode = MEMORY") }

  func putBack() throws {
    // More than one input makes transactions.
    counter &+= 1 << 16
    let mark = withUnsafeBytes(of: counter.bigEndian) { Array($0) }
    try write(bytes[...], at: 0)
    for offset in [24, 92] { try write(mark[...], at: offset) }
    guard ftruncate(descriptor, bytes.count) == 0 else { throw CannotKeep(why: "the master's file is not put back") }
  }

  private func write(_ bytes: ArraySlice<UInt8>, at offset: Int) throws {
    let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) }
    guard count == bytes.count else { throw CannotKeep(why: "the master's file is not put back") }
  }
}

private struct CannotKeep: Error {
  var why: String
}
