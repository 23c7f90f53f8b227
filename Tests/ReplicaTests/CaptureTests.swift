import GRDB
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// I1: an edit made by any tool is captured in its own transaction, with the value that it replaced.

@Test(arguments: captureCases, [false, true])
func captures(_ test: CaptureCase, recursive: Bool) async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "PRAGMA recursive_triggers = \(recursive); " + test.sql)
  #expect(try replica.pending() == test.pending)

  // What was captured reaches the city, and nothing is left behind.
  #expect(try await world.sync(replica).held.isEmpty)
  #expect(try replica.pending() == [])
  #expect(try world.differences(replica) == [])
  #expect(try replica.verify() == [])
  #expect(try replica.status().openConflicts == 0)
}

@Test func aCaseOfLettersIsAChange() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET name = 'abc' WHERE id = 'c1'")
  try await world.sync(replica)
  try world.shell(replica, "UPDATE company SET name = 'ABC' WHERE id = 'c1'")
  #expect(try replica.pending() == ["~ company c1 name abc→ABC"])
}

@Test func zeroCharactersAreRefused() async throws {
  let (world, replica) = try await World.settled()
  for value in ["'a' || char(0)", "char(0)", "'a' || char(0) || 'b'"] {
    #expect(throws: DatabaseError.self) { try world.shell(replica, "UPDATE company SET name = \(value)") }
  }
  #expect(try replica.pending() == [])
}

@Test func aDeleteKeepsTheWholeRow() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c2'; DELETE FROM company WHERE id = 'c2'")
  let change = try #require(try replica.pendingChanges().first)
  #expect(change.old.map(text) == ["c2", "A", "2", "乙", "NULL", "NULL", "NULL", "NULL", "NULL", "7", "NULL"])
}

@Test func citysChangesAreNotCaptured() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    """
    UPDATE company SET name = '丁'; DELETE FROM figure; INSERT INTO company (id, office) VALUES ('c7', 'A');
    UPDATE company SET code = NULL WHERE id = 'c1'; UPDATE company SET code = '1' WHERE id = 'c2';
    UPDATE company SET code = '2' WHERE id = 'c1';
    """)
  #expect(try await world.sync(replica).received.pulled == 4)
  #expect(try replica.pending() == [])
  #expect(
    try replica.integer("SELECT (SELECT count(*) FROM sync_base_company) + (SELECT count(*) FROM sync_applying)") == 0)
  #expect(try world.differences(replica) == [])
}

// Who edited, and when.

@Test func aShellEditsAsTheDefaultActor() async throws {
  let (world, replica) = try await World.settled()
  let company = try replica.record("company")
  let staff = try #require(company.index(of: "staff"))
  try replica.edit(as: "li") { try replica.update($0, company, key: RowKey([.text("c1")]), [staff: .integer(1)]) }
  try world.shell(replica, "UPDATE company SET staff = 2 WHERE id = 'c2'")
  #expect(try replica.pendingChanges().map(\.edit.actor) == ["li", "clerk"])
}

@Test func aFailedEditLeavesNoActorBehind() async throws {
  let (world, replica) = try await World.settled()
  #expect(throws: Failure.self) { try replica.edit(as: "li") { _ in throw Failure(.data, zh: "", en: "") } }
  try world.shell(replica, "UPDATE figure SET sales = 2")
  #expect(try replica.pendingChanges().map(\.edit.actor) == ["clerk"])
}

@Test func latestCellsHaveEditsOfTheirOwn() async throws {
  let (world, replica) = try await World.settled()
  let company = try replica.record("company")
  let phone = try #require(company.index(of: "phone"))
  try replica.edit(as: "li") { try replica.update($0, company, key: RowKey([.text("c1")]), [phone: .text("110")]) }
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  let change = try #require(try replica.pendingChanges().first)
  #expect(change.edit.actor == "clerk")
  #expect(change.edit(of: phone).actor == "li")
  #expect(change.edit(of: phone).stamp < change.edit.stamp)
}

@Test func theStampNeverGoesBack() async throws {
  let (world, replica) = try await World.settled()
  var last = Int64(4_000_000_000_000) << 16
  try world.shell(replica, "UPDATE sync_clock SET stamp = \(last)")
  let edits = [
    "UPDATE figure SET sales = 1", "INSERT INTO figure VALUES ('c1', 2026, 1, NULL)",
    "DELETE FROM figure WHERE year = 2026",
    "UPDATE figure SET year = 2024", "REPLACE INTO figure VALUES ('c1', 2024, 7, NULL)",
  ]
  for sql in edits {
    try world.shell(replica, sql)
    let stamp = try #require(try replica.integer("SELECT stamp FROM sync_clock"))
    // A row that goes and one that comes in its place tick once each.
    #expect(last + 1...last + 2 ~= stamp, "\(sql)")
    last = stamp
  }
  #expect(try replica.pendingChanges().allSatisfy { $0.edit.stamp.raw <= last })
}

@Test func theStampFollowsTheClock() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE sync_clock SET stamp = 7")
  let before = systemClock()
  try world.shell(replica, "REPLACE INTO company (id, office, code) VALUES ('c9', 'A', '2')")
  // The row that REPLACE removed bears the time of its removal, not of the edit before.
  for change in try replica.pendingChanges() {
    #expect(abs(change.edit.stamp.milliseconds - before) < 60_000, "\(change.ref)")
  }
}
