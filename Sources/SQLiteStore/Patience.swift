import CSQLite
import GRDB

/// How a program waits for another one that writes. It looks every millisecond: SQLite's own timeout looks every 100 ms after a
/// while, and a city that serves many machines is hardly ever between two transactions just then.
enum Patience {
  /// Between two looks, in milliseconds.
  static let pause: Int32 = 1

  /// What to sleep before the next look, in milliseconds; nil: it has been enough.
  /// - Parameters:
  ///   - looks: how often it has looked in vain, less one, as `sqlite3_busy_handler` counts.
  ///   - limit: milliseconds to sleep in all.
  static func pause(after looks: Int32, limit: Int) -> Int32? { Int(looks) * Int(pause) < limit ? pause : nil }

  /// - Parameter seconds: 0: not at all.
  static func set(_ db: Database, seconds: Double) {
    guard let handle = db.sqliteConnection else { return }
    // The limit travels as the pointer itself, so that nothing is to be freed.
    let limit = UnsafeMutableRawPointer(bitPattern: Int(seconds * 1000))
    sqlite3_busy_handler(
      handle,
      { context, looks in
        guard let pause = Patience.pause(after: looks, limit: Int(bitPattern: context)) else { return 0 }
        sqlite3_sleep(pause)
        return 1
      }, limit)
  }
}
