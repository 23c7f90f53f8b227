import CSQLite
import SyncCore
import SyncProtocol
import Testing

/// An in-memory database with SQLite's own session extension: the other party to the format.
final class SessionDatabase {
  private var db: OpaquePointer?

  init(_ sql: String) throws {
    try #require(sqlite3_open(":memory:", &db) == SQLITE_OK)
    try run(sql)
  }

  deinit { sqlite3_close(db) }

  func run(_ sql: String) throws {
    var message: UnsafeMutablePointer<CChar>?
    let code = sqlite3_exec(db, sql, nil, nil, &message)
    let text = message.map { String(cString: $0) } ?? ""
    sqlite3_free(message)
    try #require(code == SQLITE_OK, "\(text)")
  }

  /// What the session extension records of the statements.
  func record(_ form: ChangesetForm, _ sql: String) throws -> [UInt8] {
    var session: OpaquePointer?
    try #require(sqlite3session_create(db, "main", &session) == SQLITE_OK)
    defer { sqlite3session_delete(session) }
    try #require(sqlite3session_attach(session, nil) == SQLITE_OK)
    try run(sql)
    var count: Int32 = 0
    var bytes: UnsafeMutableRawPointer?
    let write = form == .changeset ? sqlite3session_changeset : sqlite3session_patchset
    try #require(write(session, &count, &bytes) == SQLITE_OK)
    defer { sqlite3_free(bytes) }
    return Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
  }
}

/// One change as a reader of changesets gives it, ours or SQLite's.
struct Heard: Equatable {
  var table: String
  var key: [UInt8]
  var operation: ChangesetOperation
  var old: [Value?]
  var new: [Value?]
}

/// Reads with SQLite's session extension.
func readBySQLite(_ bytes: [UInt8]) throws -> [Heard] {
  var bytes = bytes
  return try bytes.withUnsafeMutableBytes { buffer in
    var iterator: OpaquePointer?
    try #require(sqlite3changeset_start(&iterator, Int32(buffer.count), buffer.baseAddress) == SQLITE_OK)
    var heard: [Heard] = []
    while sqlite3changeset_next(iterator) == SQLITE_ROW { heard.append(try current(iterator)) }
    try #require(sqlite3changeset_finalize(iterator) == SQLITE_OK)
    return heard
  }
}

private func current(_ iterator: OpaquePointer?) throws -> Heard {
  var table: UnsafePointer<CChar>?
  var columns: Int32 = 0
  var operation: Int32 = 0
  var indirect: Int32 = 0
  try #require(sqlite3changeset_op(iterator, &table, &columns, &operation, &indirect) == SQLITE_OK)
  var flags: UnsafeMutablePointer<UInt8>?
  try #require(sqlite3changeset_pk(iterator, &flags, &columns) == SQLITE_OK)
  let kind = try #require(ChangesetOperation(rawValue: UInt8(operation)))
  func values(_ get: (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Int32) throws -> [Value?] {
    try (0..<columns).map { column in
      var value: OpaquePointer?
      try #require(get(iterator, column, &value) == SQLITE_OK)
      return value.map { read($0) }
    }
  }
  return Heard(
    table: String(cString: try #require(table)), key: (0..<Int(columns)).map { flags?[$0] ?? 0 }, operation: kind,
    old: kind == .insert ? [] : try values(sqlite3changeset_old),
    new: kind == .delete ? [] : try values(sqlite3changeset_new))
}

private func read(_ value: OpaquePointer) -> Value {
  let bytes = UnsafeRawBufferPointer(start: sqlite3_value_blob(value), count: Int(sqlite3_value_bytes(value)))
  return switch sqlite3_value_type(value) {
  case SQLITE_INTEGER: .integer(sqlite3_value_int64(value))
  case SQLITE_FLOAT: .real(sqlite3_value_double(value))
  case SQLITE3_TEXT: .text(String(decoding: bytes, as: UTF8.self))
  case SQLITE_BLOB: .blob(Array(bytes))
  default: .null
  }
}

/// Reads with our own reader.
func readByUs(_ bytes: [UInt8], _ form: ChangesetForm) throws -> [Heard] {
  var reader = ChangesetReader(bytes[...], form)
  var heard: [Heard] = []
  while let (table, entry) = try reader.next() {
    heard.append(
      Heard(table: table.name, key: table.key, operation: entry.operation, old: entry.old, new: entry.new))
  }
  return heard
}
