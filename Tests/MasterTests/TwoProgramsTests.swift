import GRDB
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Two programs have a machine's file open and sync it at the same time: the commands keep each other out, an application that
// has the engine in it need not.

@Test func whoIsOvertakenByAnotherProgramIsNoFork() async throws {
  let (world, one) = try await World.counted()
  let line = Preceded(world.master) { exchange in
    if exchange > 1 { return }
    try world.shell(one, "UPDATE company SET total = 13")
    try await world.sync(one)
  }
  try world.shell(one, "UPDATE company SET name = '丙'")
  _ = try await SyncClient(one, transport: line).sync()
  #expect(try one.status().inFlight == 0)
  let company = try one.record("company")
  let rows = try world.master.rows(company)
  #expect(try rows == one.rows(company))
  #expect(rows.first?[3] == .text("丙") && rows.first?[4] == .integer(13))
}

/// The city has contested what the second program sent while the first one still reads: what stands is in a page of the
/// first, and the receipt would come alone.
@Test func aPullIsNotTakenWithoutTheReceiptOfWhatAnotherProgramHasSent() async throws {
  let (world, one) = try await World.contested()
  let line = Overtaken(world.master) { pull in
    if pull > 1 { return }
    try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
    try one.freeze()
    try world.sendInVain(one)
  }
  let summary = try await SyncClient(one, transport: line).sync()
  #expect((summary.pushed, summary.received.conflicts) == (1, 1))
  #expect(try one.status().inFlight == 0)
  try await world.sync(one)
  #expect(try world.differences(one) == [])
  try await world.settle()
}

/// Between the batches of a request and its page, too, the city may take what another one brings.
@Test func onePageIsNotTakenWithoutTheReceiptOfABatchThatItReflects() async throws {
  let (world, one) = try await World.contested()
  world.master.pageLimit = PageLimit()
  try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try one.freeze()
  try world.sendInVain(one)
  let cursor = try one.meta().cursor
  await #expect(throws: Clash.self) { try await world.pull(one) }
  #expect(try one.meta().cursor == cursor && one.status().inFlight == 1)
  try await world.settle()
}

@Test func whoIsOvertakenInEveryPullEndsAndLosesNothing() async throws {
  let (world, one) = try await World.contested()
  let line = Overtaken(world.master) { pull in
    try world.shell(one, "UPDATE company SET name = '\(pull)' WHERE id = 'c1'")
    try one.freeze()
    try world.sendInVain(one)
  }
  let failure = await #expect(throws: Failure.self) { try await SyncClient(one, transport: line).sync() }
  #expect(failure?.kind == .busy)
  #expect(try one.status().inFlight == 3)
  world.master.pageLimit = PageLimit()
  try await world.settle()
  let values = try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }
  #expect(values.contains(.text("3")))
}

/// A snapshot that is made after another program has sent a batch holds what became of it.
@Test func aSnapshotIsNotTakenWithoutTheReceiptOfWhatAnotherProgramHasSent() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(
    one, "DELETE FROM company WHERE id = 'c1'; INSERT INTO company (id, office, name) VALUES ('c2', 'A', '丙')")
  try await world.sync(one)
  // It stayed away for so long that it cannot go on from where it is.
  world.clock.now += 91 * 24 * 3600 * 1000
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for _ in 1...2 { try await world.sync(one) }
  try world.noteBackup()
  #expect(try world.master.trim().images == 1)
  let line = Overtaken(world.master) { pull in
    if pull > 1 { return }
    try world.shell(two, "INSERT INTO company (id, office, name) VALUES ('c2', 'A', '丁')")
    try two.freeze()
    try world.sendInVain(two)
  }
  world.clock.now += 1000
  _ = try await SyncClient(two, transport: line).sync()
  #expect(try two.status().inFlight == 0)
  #expect(try world.differences(two) == [])
  try await world.settle()
}

extension World {
  /// A machine whose next pull has several pages: of c1, whose name another machine has changed, among others.
  fileprivate static func contested() async throws -> (World, Replica) {
    let (world, one) = try await World.counted()
    let two = try await world.join("A", actor: "two")
    try world.shell(two, "UPDATE company SET name = '丙'; INSERT INTO company VALUES ('c2', 'A', NULL, '乙', 1)")
    try await world.sync(two)
    world.master.pageLimit = PageLimit(rows: 1)
    return (world, one)
  }
}

@Test func aRequestThatComesAfterALaterOneIsRefusedAsLate() async throws {
  let (world, one) = try await World.counted()
  let hello = try one.hello()
  try world.shell(one, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  let refusal = #expect(throws: Refusal.self) { try world.master.exchange(hello.bytes) }
  #expect(refusal?.code == .replayed)
}

/// A copy by `VACUUM INTO` has a rollback journal, with which a commit need not outlive a loss of power.
@Test func aFileThatWasMovedByACopyHasItsWriteAheadLogAgain() async throws {
  let (world, one, _) = try await World.twoMachines()
  let stores: [any RecordStore] = [try world.copyOfMaster(), try world.copy(of: one)]
  for store in stores {
    let mode = try store.read { try $0.first("PRAGMA journal_mode") }
    #expect(mode == [.text("wal")])
  }
}
