import GRDB
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An orphan that a shell with foreign keys off left does not stop what comes from the city (I5).

extension World {
  /// Both officers have the visit v1 of person p1, and the second has edited something without sending it.
  fileprivate static func visits(_ sql: String) async throws -> (World, Replica, Replica) {
    let (world, one, two) = try await World.twoOfficers()
    try world.shell(one, "INSERT INTO visit VALUES ('v1', 'p1', 'first')")
    try await world.sync(one)
    try await world.sync(two)
    try world.shell(two, sql)
    return (world, one, two)
  }

  fileprivate func visits(_ replica: Replica) throws -> [[Value]] { try replica.rows(replica.record("visit")) }
}

@Test func anOrphanThatTheCityDeletesStaysHeld() async throws {
  let (world, one, two) = try await World.visits("UPDATE visit SET person = 'nobody'")
  try world.shell(one, "DELETE FROM visit")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.visits(two) == [[.text("v1"), .text("nobody"), .text("first")]])
  #expect(try two.status().held.count == 1)
  try world.shell(two, "UPDATE visit SET person = 'p1'")
  try await world.settle()
}

@Test func anOrphanThatTheCityChangesIsSetAside() async throws {
  let (world, one, two) = try await World.visits("UPDATE visit SET person = 'nobody'")
  try world.shell(one, "UPDATE visit SET note = 'second'")
  try await world.sync(one)
  let summary = try await world.sync(two)
  #expect(try world.visits(two) == [[.text("v1"), .text("p1"), .text("second")]])
  #expect(try two.parked().map(\.row) == [[.text("v1"), .text("nobody"), .text("second")]])
  #expect(summary.received.news.count == 1)
  try await world.settle()
}

@Test func aParentDeletedFromAboveItsChildBecomesARequest() async throws {
  let (world, one, two) = try await World.visits("DELETE FROM person")
  try world.shell(one, "UPDATE visit SET note = 'second'")
  try await world.sync(one)
  let summary = try await world.sync(two)
  #expect(try world.visits(two) == [[.text("v1"), .text("p1"), .text("second")]])
  #expect(try two.cell("name") == .text("NAME-one"))
  #expect(summary.received.news.count == 1)
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.record == "person" && conflict.field == nil && conflict.contenders.map(\.deletes) == [true])
}

/// A foreign key of an application's own would hold on to rows that others delete.
@Test func aTableOfAnotherProgramThatRefersToARecordStopsTheSync() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(
    one,
    "CREATE TABLE memo (text, person TEXT REFERENCES Person (id)); INSERT INTO memo VALUES ('m', 'p1')")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.message.en.contains("the table memo of another program refers to person") == true)
  #expect(try one.verify().map(\.en) == [failure?.message.en ?? ""])
  try world.shell(one, "CREATE TABLE note AS SELECT * FROM memo; DROP TABLE memo")
  try world.shell(two, "DELETE FROM person WHERE id = 'p1'")
  try await world.settle()
  #expect(try one.read { try $0.integer("SELECT count(*) FROM note") } == 1)
}

/// What others enter may hold a value twice, which no rule of the schema forbids.
@Test func aUniqueIndexOfAnotherProgramStopsTheSync() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "CREATE UNIQUE INDEX mine ON Person (note)")
  try world.shell(two, "INSERT INTO person (id, office, name, note) VALUES ('p2', 'A', 'NAME-two', 'n')")
  try await world.sync(two)
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.message.en.contains("the unique index mine of another program on person") == true)
  #expect(try one.verify().map(\.en) == [failure?.message.en ?? ""])
  try world.shell(one, "DROP INDEX mine; CREATE INDEX mine ON person (note)")
  try await world.settle()
}

/// The city's row stands beneath a new one that is taken back here, and its parent was deleted from above it (seed 2903 of the
/// simulated town).
@Test func aRowThatIsTakenBackShowsTheCitysWithItsParent() async throws {
  let (world, one, two) = try await World.visits("INSERT INTO visit VALUES ('v2', 'p1', 'mine')")
  try world.shell(one, "INSERT INTO visit VALUES ('v2', 'p1', 'the other')")
  try await world.sync(one)
  try await world.pull(two)
  try world.shell(
    two, "DELETE FROM visit WHERE id = 'v2'; DELETE FROM person; INSERT INTO visit VALUES ('v3', 'p1', 'n')")
  try await world.settle()
  #expect(try world.visits(two).map { $0[0] } == [.text("v1"), .text("v2"), .text("v3")])
}
