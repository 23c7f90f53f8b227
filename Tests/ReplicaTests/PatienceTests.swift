import Foundation
import GRDB
import Testing

@testable import SQLiteStore

@Suite struct PatienceTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("patience-\(UUID().uuidString)").path

  private func remove() {
    for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
  }

  /// A city that serves many machines is between two transactions for moments only.
  @Test func whoWaitsLooksOftenAndNotForEver() {
    let limit = Int(Connection.busySeconds * 1000)
    let pauses = sequence(first: Int32(0)) { $0 + 1 }.lazy.map { Patience.pause(after: $0, limit: limit) }
      .prefix { $0 != nil }.compactMap { $0 }
    #expect(pauses.allSatisfy { $0 <= 2 })
    #expect(pauses.reduce(0) { $0 + Int($1) } == limit)
    #expect(Patience.pause(after: 0, limit: 0) == nil)
  }

  @Test func afterACheckpointItWaitsAsBefore() throws {
    defer { remove() }
    let (one, other) = (try Connection.open(path, create: true), try Connection.open(path, create: false))
    try one.durably(path) { try $0.execute(sql: "CREATE TABLE t (a)") }
    one.checkpoint(path)
    let writes = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      try? other.durably(path) { db in
        try db.execute(sql: "INSERT INTO t VALUES (1)")
        writes.signal()
        Thread.sleep(forTimeInterval: 0.2)
      }
    }
    writes.wait()
    try one.durably(path) { try $0.execute(sql: "INSERT INTO t VALUES (2)") }
    #expect(try one.read { try $0.integer("SELECT count(*) FROM t") } == 2)
  }
}
