import Master
import Replica
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

@Test func aRequestThatComesAfterALaterOneIsRefusedAsLate() async throws {
  let (world, one) = try await World.counted()
  let hello = try one.hello()
  try world.shell(one, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  let refusal = #expect(throws: Refusal.self) { try world.master.exchange(hello.bytes) }
  #expect(refusal?.code == .replayed)
}
