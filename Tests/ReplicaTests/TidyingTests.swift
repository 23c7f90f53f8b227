import Foundation
import GRDB
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What a replica keeps after a sync, and for how long.

private func outbox(_ replica: Replica) throws -> [Int64] {
  try replica.read { db in
    var numbers: [Int64] = []
    try db.each("SELECT number FROM sync_outbox ORDER BY number") { numbers.append($0[0]) }
    return numbers
  }
}

@Test func whatABackupHoldsIsTrimmedAndNumbersGoOn() async throws {
  let (world, replica) = try await World.settled()
  #expect(try outbox(replica) == [1])
  try await world.sync(replica)
  #expect(try outbox(replica) == [1])
  #expect(try replica.trimmedBatches() == 0)
  try world.noteBackup()
  try await world.sync(replica)
  #expect(try outbox(replica) == [])
  #expect(try replica.trimmedBatches() == 1)
  // No number is used twice, whatever the outbox holds.
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  try replica.freeze()
  #expect(try outbox(replica) == [2])
  replica.tidy()
  #expect(try outbox(replica) == [2])
  try await world.sync(replica)
  #expect(try outbox(replica) == [2])
  try world.noteBackup()
  try await world.sync(replica)
  #expect(try outbox(replica) == [])
  #expect(try replica.meta().last == 2)
  #expect(try replica.history(replica.record("company"), key: RowKey([.text("c1")])).isEmpty)
  try expectEqual(world, replica)
}

@Test func theBatchOfAParkedRowIsKeptAsLongAsItWaits() async throws {
  let (world, replica) = try await World.settled()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', '9', '丙')")
  try await world.sync(b)
  try world.shell(replica, "UPDATE company SET code = '9', staff = 11 WHERE id = 'c1'")
  try await world.sync(replica)
  #expect(try parked(replica).count == 1)
  try world.noteBackup()
  try await world.sync(replica)
  #expect(try outbox(replica) == [2])
  // What was edited is taken up from it, and nothing else.
  let record = try replica.record("company")
  #expect(
    try replica.edit(as: nil) { db in
      try replica.takeUp(db, record, key: RowKey([.text("c1")]), [2: .text("8")])
    })
  try await world.sync(replica)
  #expect(try replica.cell("company", "c1", "staff") == .integer(11))
  try world.noteBackup()
  try await world.sync(replica)
  #expect(try outbox(replica) == [])
  try expectEqual(world, replica)
}

@Test func theLogIsEmptiedOnceItsReaderHasGone() async throws {
  let (world, replica) = try await World.settled()
  var configuration = Configuration()
  configuration.readonly = true
  configuration.allowsUnsafeTransactions = true
  let reader = try DatabaseQueue(path: replica.path, configuration: configuration)
  let text = String(repeating: "甲", count: 20_000)
  try reader.inDatabase { db in
    try db.execute(sql: "BEGIN; SELECT * FROM company")
  }
  // A reader that holds an old state makes the log grow and hinders nothing.
  for n in 1...1000 {
    if n % 10 == 0 { try world.shell(replica, "UPDATE company SET name = '\(n) \(text)' WHERE id = 'c1'") }
    try await world.sync(replica)
  }
  #expect(DatabaseQueue.logSize(replica.path) > DatabaseQueue.largestLog)
  try reader.inDatabase { try $0.execute(sql: "COMMIT") }
  try await world.sync(replica)
  #expect(DatabaseQueue.logSize(replica.path) <= DatabaseQueue.largestLog)
  try expectEqual(world, replica)
}

/// I8: what many edits of the same rows leave behind.
@Test func growthOverManySyncsIsBounded() async throws {
  let (world, replica) = try await World.settled()
  func size(_ path: String) throws -> Int {
    try world.shell(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    return try #require(URL(fileURLWithPath: path).resourceValues(forKeys: [.fileSizeKey]).fileSize)
  }
  func syncs(_ count: Int) async throws {
    for n in 1...count {
      try world.shell(replica, "UPDATE company SET staff = staff + 1, name = '\(n)'; UPDATE figure SET sales = \(n)")
      try await world.sync(replica)
      try world.noteBackup()
    }
  }
  try await syncs(20)
  let (early, master) = (try size(replica.path), try size(world.master.path))
  let feed = try world.master.read { try $0.integer("SELECT count(*) FROM sync_feed") }
  try await syncs(200)
  // The replica's file stays as it is; the master's log, which is never trimmed, keeps each signed batch and its receipt.
  #expect(try size(replica.path) <= early + 16 << 10)
  let perSync = try (size(world.master.path) - master) / 200
  #expect(perSync < 3 << 10, "\(perSync) bytes a sync")
  #expect(try world.master.read { try $0.integer("SELECT count(*) FROM sync_feed") } == feed)
  #expect(try outbox(replica).count <= 1)
  try expectEqual(world, replica)
}
