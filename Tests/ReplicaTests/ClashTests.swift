import Replica
import SyncCore
import TestSupport
import Testing

// A pulled row needs the place of a row that was entered while the exchange ran.

@Test func aClashOverACodeLosesNothing() async throws {
  let (world, replica) = try await World.settled()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
  let answer = try world.ask(replica)
  try world.shell(
    replica,
    "INSERT INTO company (id, office, code, name) VALUES ('mine', 'A', '3', '我'); INSERT INTO figure VALUES ('mine', 1, 42, NULL)"
  )
  #expect(throws: Clash.self) { try world.take(replica, answer) }
  #expect(try replica.pending().count == 2)

  _ = try replica.receive(receipts: answer.receipts, pages: answer.pages, parkingClashes: true)
  #expect(try parked(replica) == ["figure reference unsent: mine 1 42", "company unique unsent: mine A 3 我"])
  try expectEqual(world, replica)

  // Once the code is free, both enter as pending, parent and child, and reach the city.
  try world.shell("UPDATE company SET code = '5' WHERE id = 'theirs'")
  try await world.sync(replica)
  #expect(try replica.pending() == ["+ company mine office=A code=3 name=我", "+ figure mine,1 sales=42"])
  try await world.sync(replica)
  #expect(try parked(replica) == [])
  try expectEqual(world, replica)
}

@Test func theSyncItselfSettlesAClash() async throws {
  let (world, replica) = try await World.settled()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
  try world.shell(replica, "INSERT INTO company (id, office, code) VALUES ('mine', 'A', '3')")
  #expect(try await world.sync(replica).received.parked == 1)
  #expect(try parked(replica) == ["company unique 2: mine A 3"])
  try expectEqual(world, replica)
}

@Test func anUnsentChildOfARowThatIsGoneIsParked() async throws {
  let (world, replica) = try await World.settled()
  try world.shell("DELETE FROM company WHERE id = 'c2'")
  let answer = try world.ask(replica)
  try world.shell(replica, "INSERT INTO figure VALUES ('c2', 1, 42, NULL)")
  #expect(throws: Clash.self) { try world.take(replica, answer) }
  _ = try replica.receive(receipts: answer.receipts, pages: answer.pages, parkingClashes: true)
  #expect(try parked(replica) == ["figure reference unsent: c2 1 42"])
  try expectEqual(world, replica)
}

@Test func aRowWhoseKeyIsNotUTF8BlocksNothing() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica,
    "INSERT INTO company (id, office, code) VALUES (CAST(x'bcd7' AS TEXT), 'A', '3'); UPDATE company SET name = '乙'")
  #expect(try await world.sync(replica).held.count == 1)
  #expect(try await world.sync(replica).held.count == 1)
  try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
  try await world.sync(replica)
  #expect(try replica.cell("company", "theirs", "code") == .text("3"))
  #expect(try parked(replica).count == 1)
  try expectEqual(world, replica)
}

@Test func aHeldUpdateInTheWayBlocksNothing() async throws {
  let (world, replica) = try await World.settled()
  // The row cannot be sent, and holds the code that the city gives to another.
  try world.shell(replica, "UPDATE company SET code = '3', name = CAST(x'ff' AS TEXT) WHERE id = 'c1'")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
  #expect(try await world.sync(replica).held.count == 1)
  #expect(try replica.cell("company", "theirs", "code") == .text("3"))
  #expect(try parked(replica) == ["company unique unsent: c1 A 3 x'ff' 5"])
  try expectEqual(world, replica)
}

@Test(arguments: [true, false]) func anEditThatCannotBeSentKeepsNoParentThatGoes(atOnce: Bool) async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE figure SET note = CAST(x'ff' AS TEXT)")
  try world.shell("DELETE FROM figure")
  if !atOnce { try await world.sync(replica) }
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try parked(replica) == ["figure reference unsent: c1 2025 100 x'ff'"])
}

@Test func aRowThatIsSetBackDoesNotStayForWhatCannotBeSent() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica,
    "UPDATE company SET name = 'z' WHERE id = 'c1'; INSERT INTO figure VALUES ('c1', 2030, 7, CAST(x'ff' AS TEXT))")
  try world.shell("DELETE FROM figure; DELETE FROM company WHERE id = 'c1'")
  try await world.pull(replica)
  try world.shell(replica, "UPDATE company SET name = '甲' WHERE id = 'c1'")
  try await world.settle()
  #expect(try parked(replica) == ["figure reference unsent: c1 2030 7 x'ff'"])
}
