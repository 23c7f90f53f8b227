import CSQLite
import Foundation
import GRDB
import SQLiteStore
import SyncCore

/// Where a database lives: its file, its clock, and the faults that its connections meet.
final class Seat: @unchecked Sendable {
  let path: String
  let clock: SimulatedClock
  let fuse = Fuse()
  /// The file may not grow.
  var isFull = false
  private var tool: Tool?

  init(path: String, clock: SimulatedClock) {
    self.path = path
    self.clock = clock
  }

  /// Opens what the body opens with this seat's clock and faults.
  func opening<T>(_ body: () throws -> T) rethrows -> T {
    let preparation = Connection.Preparation { [self] db in db.sqliteConnection.map(prepare) }
    return try Connection.$preparation.withValue(preparation, operation: body)
  }

  private func prepare(_ handle: OpaquePointer) {
    overrideClock(handle, clock)
    sqlite3_progress_handler(
      handle, 25, { context in context.map { Unmanaged<Fuse>.fromOpaque($0).takeUnretainedValue().burn() } ?? 0 },
      Unmanaged.passUnretained(fuse).toOpaque())
  }

  /// Runs SQL as a foreign tool would, in one transaction.
  func shell(_ statements: [String], foreignKeys: Bool) throws {
    let tool = try tool ?? Tool(path: path) { prepare($0) }
    self.tool = tool
    try tool.run("PRAGMA foreign_keys = \(foreignKeys ? "ON" : "OFF"); \(Self.limitSQL(isFull))")
    try tool.transaction(statements)
  }

  /// The machine goes down: what was committed stands in the file and its log, and is found there again.
  /// - Parameter release: lets go of every other connection to the file.
  func crash(_ release: () -> Void) throws {
    let files = FileManager.default
    let parts = ["", "-wal"].filter { files.fileExists(atPath: path + $0) }
    for part in parts { try Data(contentsOf: URL(fileURLWithPath: path + part)).write(to: backup(part)) }
    tool = nil
    release()
    for part in ["", "-wal", "-shm"] { try? files.removeItem(atPath: path + part) }
    for part in parts { try files.moveItem(at: backup(part), to: URL(fileURLWithPath: path + part)) }
    fuse.reset()
  }

  private func backup(_ part: String) -> URL { URL(fileURLWithPath: path + ".crashed" + part) }

  /// A full file keeps the pages that it has; free ones can still be used.
  static func limit(_ db: Database, _ full: Bool) throws { _ = try Row.fetchOne(db, sql: limitSQL(full)) }

  private static func limitSQL(_ full: Bool) -> String { "PRAGMA max_page_count = \(full ? "1" : "1073741823")" }
}

/// Ends the work of a database in the middle: after so many steps of SQLite's machine every statement fails.
final class Fuse: @unchecked Sendable {
  private var left: Int?
  private(set) var isBlown = false

  func light(_ steps: Int) { left = steps }

  func reset() {
    left = nil
    isBlown = false
  }

  func burn() -> Int32 {
    guard let left else { return 0 }
    self.left = left - 1
    if left <= 1 { isBlown = true }
    return isBlown ? 1 : 0
  }
}

/// SQL's own clock, which the triggers read, becomes this one. Asked for any other time it answers nothing.
private func overrideClock(_ handle: OpaquePointer, _ clock: SimulatedClock) {
  sqlite3_create_function_v2(
    handle, "julianday", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS, Unmanaged.passRetained(clock).toOpaque(),
    { context, _, _ in
      guard let owner = sqlite3_user_data(context) else { return sqlite3_result_null(context) }
      let clock = Unmanaged<SimulatedClock>.fromOpaque(owner).takeUnretainedValue()
      // Half a millisecond more, so that cutting off gives the same number again.
      sqlite3_result_double(context, (Double(clock.now) + 0.5) / 86_400_000 + 2_440_587.5)
    }, nil, nil, { owner in owner.map { Unmanaged<SimulatedClock>.fromOpaque($0).release() } })
}
