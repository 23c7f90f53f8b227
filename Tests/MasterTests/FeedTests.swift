import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What a replica is told, and what it is not told again.

/// Counts round trips on their way to the city.
private final class Counter: LoopbackTransport, @unchecked Sendable {
  let master: Master
  private(set) var trips = 0
  private(set) var bytes = 0

  init(_ master: Master) { self.master = master }

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let reply = try master.exchange(message)
    trips += 1
    bytes += message.count + reply.count
    return reply
  }
}

private func addCompanies(_ world: World, _ count: Int, _ prefix: String) throws {
  try world.shell(
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
    INSERT INTO company (id, office, name) SELECT '\(prefix)' || i, 'A', 'company ' || i FROM n
    """)
}

@Test func aQuietSyncIsOneRoundTripWhateverIsStored() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  var costs: [Int] = []
  for count in [1, 2000] {
    try addCompanies(world, count, "c\(count)-")
    try await world.sync(one)
    let counter = Counter(world.master)
    let summary = try await SyncClient(one, transport: counter).sync()
    #expect(summary == SyncSummary())
    #expect(counter.trips == 1)
    costs.append(counter.bytes)
  }
  #expect(costs[0] == costs[1])
}

@Test func aPullInManyPagesIsOnePull() async throws {
  let world = try World.small()
  world.master.pageLimit = PageLimit(rows: 7)
  let one = try await world.join("A")
  try addCompanies(world, 50, "c")
  try world.shell("INSERT INTO figure (company, year, sales) SELECT id, 2018, 1 FROM company")
  // Parents whose newest place is behind that of their children stand on a later page.
  try world.shell("UPDATE company SET name = 'later ' || name")
  let counter = Counter(world.master)
  world.clock.now += 1000
  let summary = try await SyncClient(one, transport: counter).sync()
  #expect(summary.received.pulled == 100)
  #expect(counter.trips == 15)
  try await world.settle()
}

@Test func theEchoIsLeftOutOnlyForWhatTheReplicaHadRead() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  #expect(try await world.sync(one).received.pulled == 0)
  // The other machine has not read that row's new place: it is told the whole row, its own cell included.
  try world.shell(two, "UPDATE company SET staff = 77")
  #expect(try await world.sync(two).received.pulled == 1)
  try await world.settle()
}

@Test func aRowThatLeavesIsArchived() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.settle()
  let kept = try one.read { try $0.integer("SELECT count(*) FROM sync_archive WHERE record = 'company'") }
  #expect(kept == 1)
}

@Test func aFlippedByteInTheLogIsFound() async throws {
  let (world, _, _) = try await World.twoMachines()
  #expect(try world.master.verify().isEmpty)
  for column in ["message", "receipt", "hash", "chain"] {
    let flip = """
      UPDATE sync_batch SET \(column) = CAST(substr(\(column), 1, 20)
        || iif(substr(\(column), 21, 1) = x'5a', x'5b', x'5a') || substr(\(column), 22) AS BLOB)
      WHERE arrival = 4
      """
    let before = try #require(
      try world.master.read { try $0.first("SELECT \(column) FROM sync_batch WHERE arrival = 4")?[0] })
    try world.shell(flip)
    #expect(!(try world.master.verify().isEmpty), "\(column)")
    try world.master.edit(as: nil) { try $0.run("UPDATE sync_batch SET \(column) = ? WHERE arrival = 4", [before]) }
    #expect(try world.master.verify().isEmpty)
  }
}

@Test func moreThanOneBatchMayHoldGoesInSeveral() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office) VALUES ('c1', 'A'), ('c2', 'A'), ('c3', 'A');
    INSERT INTO figure (company, year) SELECT id, 2018 FROM company
    """)
  try one.freeze(most: 2)
  #expect(try one.unacknowledged().count == 3)
  #expect(try one.outbox(after: 1, upTo: 1).map(\.number) == [2])
  try await world.settle()
  // Children go before their parents.
  try world.shell(one, "DELETE FROM figure; DELETE FROM company")
  try one.freeze(most: 2)
  try await world.settle()
  #expect(try world.master.rows(world.master.record("company")).isEmpty)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

@Test func whatComesBeforeABatchThatCannotBeTakenIsIn() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c1', 'A'), ('c2', 'A'), ('c3', 'A')")
  try one.freeze(most: 1)
  let batches = try one.unacknowledged()
  // The second one is missing.
  #expect(throws: Refusal.self) { try world.master.exchange(try one.hello().bytes + batches[0] + batches[2]) }
  let rows = { try world.master.rows(world.master.record("company")).map { $0[0] } }
  #expect(try rows() == [.text("c1")])
  world.clock.now += 1000
  let receipts = try SealedEnvelope.split(world.master.exchange(try one.hello().bytes + batches.flatMap { $0 })).filter
  {
    $0.header.kind == .receipt
  }
  #expect(receipts.map(\.header.number) == [1, 2, 3])
  #expect(try rows() == [.text("c1"), .text("c2"), .text("c3")])
}

@Test func aParkedParentAndItsChildMayGoInTwoRequests() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(a)
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X');
    INSERT INTO figure (company, year) VALUES ('b1', 2018)
    """)
  try b.freeze(most: 1)
  let counter = Counter(world.master)
  world.clock.now += 1000
  let summary = try await SyncClient(b, transport: counter, mostSent: 1).sync()
  #expect(counter.trips == 2)
  #expect(summary.pushed == 2)
  #expect(summary.received.parked == 2)
  try await world.settle()
}

/// Of many rows no trigger is run, unless an application has one.
@Test(arguments: [false, true])
func manyRowsOfTheCitysAreNotCapturedAndTheNextEditIs(hasTrigger: Bool) async throws {
  let (world, one, two) = try await World.twoMachines()
  if hasTrigger {
    try world.shell(
      two,
      """
      CREATE TABLE seen (id TEXT);
      CREATE TRIGGER seen_company AFTER INSERT ON company BEGIN INSERT INTO seen VALUES (NEW.id); END
      """)
  }
  let rows = (1...1200).map { "('n\($0)', 'A')" }.joined(separator: ", ")
  try world.shell(one, "INSERT INTO company (id, office) VALUES \(rows)")
  try await world.settle()
  #expect(try two.diff().isEmpty && world.master.verify().isEmpty)
  #expect(try two.rows(two.record("company")).count == 1201)
  if hasTrigger { #expect(try two.read { try $0.integer("SELECT count(*) FROM seen") } == 1200) }
  try world.shell(one, "UPDATE company SET name = '甲' WHERE id = 'n1'")
  try two.edit(as: nil) { try $0.run("UPDATE company SET name = '乙' WHERE id = 'n2'") }
  try world.master.edit(as: nil) { try $0.run("UPDATE company SET name = '丙' WHERE id = 'n3'") }
  #expect(try two.diff().count == 1)
  try await world.settle()
  #expect(try ["n1", "n2", "n3"].map { try world.cell("name", of: $0) } == [.text("甲"), .text("乙"), .text("丙")])
}

/// A new machine hears of the conflict while another unit has the row: of its own unit's contender it gets no image.
@Test func theImagesOfARowConflictAreKnownOnceTheRowIsBack() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company")
  try world.shell(two, "UPDATE company SET staff = 11")
  for replica in [one, two] { try await world.sync(replica) }
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == nil && conflict.contenders.map(\.value.isNull) == [false])
  try world.shell("UPDATE company SET office = 'B'")
  try await world.settle()
  let fresh = try await world.join("A", actor: "fresh")
  #expect(try fresh.conflicts([.open]).map { $0.contenders.map(\.value) } == [[.null]])
  try world.shell("UPDATE company SET office = 'A'")
  try await world.settle()
  #expect(try fresh.conflicts([.open]) == [conflict])
}
