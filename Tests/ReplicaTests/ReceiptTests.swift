import Replica
import SyncCore
import TestSupport
import Testing

// I3: delivered twice, late or not answered, a batch has the effect of one delivery.

@Test func aLostReceiptIsAnsweredAgain() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'; INSERT INTO figure VALUES ('c2', 1, 1, NULL)")
  try replica.freeze()
  let lost = try world.ask(replica, sending: replica.unacknowledged())
  #expect(try replica.status().inFlight == 2)
  let summary = try await world.sync(replica)
  #expect(summary.pushed == 2)
  #expect(try replica.status().inFlight == 0)
  #expect(try replica.integer("SELECT count(*) FROM sync_outbox") == 2)
  #expect(try world.differences(replica) == [])
  // The receipt that was under way all the time comes late: it does not follow what was read since.
  #expect(throws: Failure.self) { try world.take(replica, lost) }
  #expect(try replica.receive(receipts: lost.receipts, pages: []) == ReceiveSummary())
  #expect(try world.differences(replica) == [])
}

@Test func theSameBatchTwiceHasOneReceipt() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE figure SET sales = 101")
  try replica.freeze()
  let batches = try replica.unacknowledged()
  let answer = try world.ask(replica, sending: batches + batches)
  #expect(answer.receipts.map(\.bytes).count == 2)
  #expect(Set(answer.receipts.map(\.bytes)).count == 1)
  try world.take(replica, answer)
  #expect(try world.differences(replica) == [])
}

@Test func anEditBetweenFreezeAndReceiptStartsFromWhatWasSent() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  try replica.freeze()
  try world.shell(replica, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  #expect(try replica.pending() == ["~ company c1 staff 9→11"])
  try world.send(replica)
  #expect(try replica.pending() == ["~ company c1 staff 9→11"])
  #expect(try world.master.row(replica.record("company"), key: RowKey([.text("c1")]))?[9] == .integer(9))
  let summary = try await world.sync(replica)
  #expect(summary.received.conflicts == 0)
  #expect(try world.differences(replica) == [])
}

@Test func twoBatchesInFlightArriveInOrder() async throws {
  let (world, replica) = try await World.settled()
  for value in [9, 11, 5] {
    try world.shell(replica, "UPDATE company SET staff = \(value) WHERE id = 'c1'")
    try replica.freeze()
  }
  #expect(try replica.unacknowledged().count == 3)
  let summary = try await world.sync(replica)
  #expect((summary.pushed, summary.received.conflicts) == (3, 0))
  #expect(try replica.cell("company", "c1", "staff") == .integer(5))
  #expect(try world.differences(replica) == [])
}

@Test func aPageThatDoesNotFollowIsRefused() async throws {
  let (world, replica) = try await World.settled()
  try world.shell("UPDATE company SET name = '丁' WHERE id = 'c1'")
  let first = try world.ask(replica)
  try world.take(replica, first)
  let cursor = try replica.meta().cursor
  try world.shell("UPDATE company SET name = '戊' WHERE id = 'c1'")
  for pages in [first.pages, try world.ask(replica).pages + first.pages] {
    #expect { try replica.receive(receipts: [], pages: pages) } throws: { ($0 as? Failure)?.kind == .protocolViolation }
    #expect(try replica.meta().cursor == cursor)
    #expect(try replica.cell("company", "c1", "name") == .text("丁"))
  }
}

@Test func aFailingPageLeavesNothingBehind() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  try replica.freeze()
  try world.shell("UPDATE company SET name = '丁'; INSERT INTO company (id, office, code) VALUES ('x', 'A', '3')")
  let answer = try world.ask(replica, sending: replica.unacknowledged())
  // Meanwhile a clerk uses the code that comes.
  try world.shell(replica, "INSERT INTO company (id, office, code) VALUES ('mine', 'A', '3')")
  let before = try replica.meta().cursor
  #expect(throws: Clash.self) { try world.take(replica, answer) }
  #expect(try replica.status().inFlight == 1)
  #expect(try replica.integer("SELECT count(*) FROM sync_flight") == 1)
  #expect(try replica.meta().cursor == before)
  #expect(try replica.cell("company", "c2", "name") == .text("乙"))
  #expect(try replica.integer("SELECT count(*) FROM sync_applying") == 0)
  #expect(try replica.pending() == ["+ company mine office=A code=3"])
}

@Test func aReceiptOfAnUnknownBatchIsIgnored() async throws {
  let (world, replica) = try await World.settled()
  let other = try await world.join("A")
  try world.shell(other, "UPDATE figure SET sales = 7")
  try other.freeze()
  let answer = try world.ask(other, sending: other.unacknowledged())
  try world.shell(replica, "UPDATE figure SET note = 'n'")
  _ = try replica.receive(receipts: answer.receipts, pages: [])
  #expect(try replica.pending() == ["~ figure c1,2025 note NULL→n"])
}
