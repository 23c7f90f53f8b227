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
  let disk: Disk
  /// The file may not grow.
  var isFull = false
  private var tool: Tool?

  init(path: String, clock: SimulatedClock) {
    self.path = path
    self.clock = clock
    disk = Disk(clock)
  }

  /// Whoever closes a file may write to it: that comes before its disk goes. GRDB lets go of what a connection was opened with
  /// later and on another thread, so this runs beside whatever comes next.
  deinit { tool = nil }

  /// The program has been stopped in the middle of something.
  var isStopped: Bool { fuse.isBlown || disk.isDead }

  /// Opens what the body opens with this seat's clock and faults.
  func opening<T>(_ body: () throws -> T) rethrows -> T {
    let preparation = Connection.Preparation(vfs: disk.name) { [self] db in db.sqliteConnection.map(prepare) }
    return try Connection.$preparation.withValue(preparation, operation: body)
  }

  private func prepare(_ handle: OpaquePointer) {
    sqlite3_progress_handler(
      handle, 25, { context in context.map { Unmanaged<Fuse>.fromOpaque($0).takeUnretainedValue().burn() } ?? 0 },
      Unmanaged.passUnretained(fuse).toOpaque())
  }

  /// Runs SQL as a foreign tool would, in one transaction.
  func shell(_ statements: [String], foreignKeys: Bool) throws {
    let tool = try tool ?? Tool(path: path, vfs: disk.name) { prepare($0) }
    self.tool = tool
    try tool.run("PRAGMA foreign_keys = \(foreignKeys ? "ON" : "OFF"); \(Self.limitSQL(isFull))")
    try tool.transaction(statements)
  }

  /// The machine goes down, if it has not yet, and its disk works again.
  /// - Parameter release: lets go of every other connection to the file.
  func crash(_ release: () -> Void) throws {
    // Whoever closes a file would tidy it up.
    if !disk.isDead { disk.stop() }
    tool = nil
    release()
    fuse.reset()
    try disk.restart()
  }

  /// The file and its log as they are now.
  func content() throws -> [String: Data] {
    var content: [String: Data] = [:]
    for part in ["", "-wal"] where FileManager.default.fileExists(atPath: path + part) {
      content[part] = try Data(contentsOf: URL(fileURLWithPath: path + part))
    }
    return content
  }

  /// Another content takes the place of the file; none: the disk is lost.
  /// - Parameter release: lets go of every other connection to the file.
  func replace(with content: [String: Data], _ release: () -> Void) throws {
    tool = nil
    release()
    for part in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + part) }
    for (part, data) in content { try data.write(to: URL(fileURLWithPath: path + part)) }
    fuse.reset()
  }

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

  /// Runs something that burns nothing of it.
  func resting<T>(_ body: () throws -> T) rethrows -> T {
    let rest = left
    left = nil
    defer { left = rest }
    return try body()
  }

  func burn() -> Int32 {
    guard let left else { return 0 }
    self.left = left - 1
    if left <= 1 { isBlown = true }
    return isBlown ? 1 : 0
  }
}
