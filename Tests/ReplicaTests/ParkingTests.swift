import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A row that cannot stand in the master leaves the record tables whole for sync_parked; nothing unsent is lost.

/// Another machine of the unit takes code 3 first; this one enters the same code offline.
private func duplicated() async throws -> (World, Replica) {
  let (world, replica) = try await World.settled()
  let other = try await world.join("A", actor: "wang")
  try world.shell(other, "INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
  try await world.sync(other)
  try world.shell(
    replica,
    """
    INSERT INTO company (id, office, code, name) VALUES ('mine', 'A', '3', '我');
    INSERT INTO figure VALUES ('mine', 2025, 42, 'n'); UPDATE figure SET sales = 101 WHERE company = 'c1';
    """)
  return (world, replica)
}

@Test func aParkedInsertLeavesWholeWithItsChild() async throws {
  let (world, replica) = try await duplicated()
  let summary = try await world.sync(replica)
  #expect(summary.received.parked == 2)
  #expect(try parked(replica) == ["company unique 2: mine A 3 我", "figure reference 2: mine 2025 42 n"])
  #expect(try replica.status().parked == 2)
  try expectEqual(world, replica)
}

@Test func unsentChildrenOfAParkedRowWaitWithIt() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(replica, "INSERT INTO figure VALUES ('mine', 2026, 43, NULL)")
  try world.send(replica)
  #expect(
    try parked(replica) == [
      "company unique 2: mine A 3 我", "figure reference 2: mine 2025 42 n", "figure reference unsent: mine 2026 43",
    ])
  try expectEqual(world, replica)
  // Entered again under another code, the row takes along what waited for it, here and at the city.
  try world.shell(replica, "INSERT INTO company (id, office, code) VALUES ('mine', 'A', '4')")
  try await world.sync(replica)
  try await world.sync(replica)
  #expect(try parked(replica) == [])
  #expect(try replica.integer("SELECT sum(sales) FROM figure WHERE company = 'mine'") == 42 + 43)
  try expectEqual(world, replica)
}

@Test func aRowEditedAgainStaysPending() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(replica, "UPDATE company SET code = '4' WHERE id = 'mine'")
  try world.send(replica)
  #expect(try replica.pending() == ["+ company mine office=A code=4 name=我"])
  #expect(try parked(replica) == ["figure reference 2: mine 2025 42 n"])
  // The rows that went in supersede what was parked of them.
  try world.shell(replica, "INSERT INTO figure VALUES ('mine', 2025, 44, NULL)")
  try await world.sync(replica)
  #expect(try parked(replica) == [])
  try expectEqual(world, replica)
}

@Test func aParkedUpdateEditedAgainKeepsItsFirstBase() async throws {
  let (world, replica) = try await World.settled()
  let other = try await world.join("A", actor: "wang")
  try world.shell(other, "UPDATE company SET code = '3', staff = 6 WHERE id = 'c2'")
  try await world.sync(other)
  try world.shell(replica, "UPDATE company SET code = '3', staff = 8 WHERE id = 'c1'")
  try replica.freeze()
  try world.shell(replica, "UPDATE company SET code = '4' WHERE id = 'c1'")
  #expect(try world.send(replica).parked == 1)
  #expect(try replica.pending() == ["~ company c1 code 1→4, staff 5→8"])
  #expect(try parked(replica) == [])
  try await world.sync(replica)
  try expectEqual(world, replica)
  #expect(try replica.cell("company", "c1", "staff") == .integer(8))
}

@Test func aChildEditedAgainFollowsItsParkedParent() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(replica, "UPDATE figure SET sales = 44 WHERE company = 'mine'")
  try world.send(replica)
  #expect(try parked(replica) == ["company unique 2: mine A 3 我", "figure reference unsent: mine 2025 44 n"])
  try expectEqual(world, replica)
}

@Test func aParkedRowSetBackMeanwhileLeavesNoDelete() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(
    replica, "UPDATE company SET name = '你' WHERE id = 'mine'; UPDATE company SET name = '我' WHERE id = 'mine'")
  try world.send(replica)
  try expectEqual(world, replica)
}

@Test func twoBatchesOfAParkedRowKeepItWhole() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(replica, "UPDATE company SET staff = 3 WHERE id = 'mine'")
  try replica.freeze()
  // The row goes once more, whole: of the second batch the city could make nothing.
  try await world.sync(replica)
  let row = try #require(try parked(replica).first { $0.hasPrefix("company") })
  #expect(row.hasSuffix(": mine A 3 我 3"))
  try await world.sync(replica)
  try expectEqual(world, replica)
}

@Test func aRowDeletedBehindItsParkedInsertIsGone() async throws {
  let (world, replica) = try await duplicated()
  try replica.freeze()
  try world.shell(replica, "DELETE FROM figure WHERE company = 'mine'; DELETE FROM company WHERE id = 'mine'")
  try replica.freeze()
  let answer = try world.ask(replica, sending: replica.unacknowledged())
  _ = try replica.receive(receipts: Array(answer.receipts.prefix(1)), pages: [])
  #expect(try parked(replica) == ["company unique 2: mine A 3 我", "figure reference 2: mine 2025 42 n"])
  try world.take(replica, answer)
  #expect(try parked(replica) == [])
  try expectEqual(world, replica)
}
