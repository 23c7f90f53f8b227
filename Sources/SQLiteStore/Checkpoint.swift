import Foundation
import GRDB

extension DatabaseQueue {
  /// The size from which a write-ahead log is emptied, in bytes.
  public static let largestLog = 4 << 20

  /// Moves the write-ahead log into the file, and empties it once it is large or holds what was erased ("Checkpointing a WAL
  /// file": TRUNCATE). It waits for no other program and never fails: a reader keeps what it still needs, and the next time does the rest.
  public func checkpoint(_ path: String, largest: Int = largestLog) {
    let isLarge = Self.logSize(path) > largest
    try? writeWithoutTransaction { db in
      Patience.set(db, seconds: 0)
      defer { Patience.set(db, seconds: Connection.busySeconds) }
      if try OldPages.remain(db) { return try OldPages.empty(db) }
      try db.execute(sql: "PRAGMA wal_checkpoint(\(isLarge ? "TRUNCATE" : "PASSIVE"))")
    }
  }

  /// Bytes of the write-ahead log beside a file.
  public static func logSize(_ path: String) -> Int {
    var status = stat()
    return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
  }
}
