import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A row was edited and then went without a trigger. Nobody was seen to delete it: it is no delete to send.

private let c3 = RowRef("company", RowKey([.text("c3")]))
private let edited = "UPDATE company SET staff = 6 WHERE id = 'c3';"

/// An application has a unique index of its own: SQLite removes c3 and runs no trigger.
private let replaced = """
  CREATE UNIQUE INDEX mine ON company (name);
  \(edited)
  INSERT OR REPLACE INTO company (id, office, name) VALUES ('c9', 'A', '丙');
  DROP INDEX mine
  """

@Test(arguments: [true, false], [true, false])
func anEditedRowThatWentUnseenIsNoDelete(adopts: Bool, isReplaced: Bool) async throws {
  let (world, one, _) = try await World.compared()
  if isReplaced {
    try world.shell(one, replaced)
  } else {
    try world.shell(one, edited)
    try world.behind(one, "DELETE FROM company WHERE id = 'c3'")
  }
  #expect(try one.verify().contains { $0.en.contains("company c3.staff: was edited") })
  // It stops nothing.
  #expect(try await world.sync(one).held.map(\.ref) == [c3])
  #expect(try world.cell("name", of: "c3") == .text("丙"))
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["- company c3"])
  if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
  #expect(try await world.found(one) == [])
  try await world.settle()
  let name = adopts ? nil : Value.text("丙")
  #expect(try world.cell("name", of: "c3") == name)
}

@Test func whatWentWithARowThatWentUnseenIsTold() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, edited)
  try world.behind(one, "DELETE FROM company WHERE id = 'c3'")
  let company = try one.record("company")
  #expect { try one.revert(company, key: c3.key) } throws: { ($0 as? Failure)?.kind == .notFound }
  let comparison = try await world.deepVerify(one)
  #expect(comparison.differences.map { $0.lost.map { company.fields[$0].name } } == [["staff"]])
  try one.setBack(comparison)
  #expect(try one.diff().isEmpty)
  try await world.settle()
  #expect(try world.cell("staff", of: "c3") == .null)
}

/// - Parameter changes: whether others change the row meanwhile: then it comes back by itself.
@Test(arguments: [true, false], [true, false])
func anEditedRowThatWentWhileItsTableWasRebuiltIsNoDelete(adopts: Bool, changes: Bool) async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, edited + copied + "DELETE FROM company WHERE id = 'c3'")
  if changes {
    try world.shell(two, "UPDATE company SET phone = '9' WHERE id = 'c3'")
    try await world.sync(two)
  }
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == (changes ? [] : ["- company c3"]))
  if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
  #expect(try await world.sync(one).held.map(\.ref) == (changes ? [c3] : []))
  try await world.settle()
  let name = adopts && !changes ? nil : Value.text("丙")
  #expect(try world.cell("name", of: "c3") == name)
}

/// No comparison can find it, for the city has never had it.
@Test func aRowThatWasEnteredAndWentWhileItsTableWasRebuiltIsNamed() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, name) VALUES ('c7', 'A', '七'), ('c8', 'A', '八'), ('c9', 'A', '九');
    \(copied) UPDATE company SET staff = 'many' WHERE id = 'c7'; DELETE FROM company WHERE id = 'c9'
    """)
  let done = try one.repair().map(\.en)
  // One is parked, one is there, and one is gone.
  #expect(done.count == 1 && done[0].contains("; 1 rows break its rules"))
  #expect(done[0].hasSuffix("; rows that were entered, are in no batch yet, and are gone: c9"))
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c8") == .text("八"))
}

/// A rebuild is over just when the sync has looked at the tables. The image of a row that it leaves out was taken in
/// vain.
@Test func aRowThatARebuildLeavesOutIsNotSentAsDeleted() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    """
    INSERT OR IGNORE INTO company (id, office) VALUES ('c3', 'A'); UPDATE company SET staff = 8 WHERE id = 'c2';
    \(copied) DELETE FROM company WHERE id <> 'c1'
    """)
  let failure = #expect(throws: Failure.self) { try one.freeze(refusingDamage: true) }
  #expect(failure?.kind == .data && failure?.message.en.contains("county verify --deep") == true)
  #expect(try one.unacknowledged().isEmpty)
  // Nor is what was entered forgotten before anybody has heard of it.
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["- company c2"] && comparison.differences.map(\.lost) == [[9]])
  try one.setBack(comparison)
  try one.revert(one.record("company"), key: c3.key)
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("乙") && world.cell("name", of: "c3") == .text("丙"))
}

/// What the city pulled beneath the edit is no sign that the row is still here.
@Test func anEditedRowThatWentUnseenOverAnotherImageIsFound() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, edited)
  try world.shell(two, "UPDATE company SET phone = '9' WHERE id = 'c3'")
  try await world.sync(two)
  try await world.pull(one)
  try world.behind(one, "DELETE FROM company WHERE id = 'c3'")
  #expect(try await world.found(one) == ["- company c3"])
  #expect(try await world.sync(one).held.map(\.ref) == [c3])
  try await world.settle()
  #expect(try one.rows(one.record("company")).contains { $0[0] == .text("c3") && $0[4] == .text("9") })
}

@Test func anEditedRowOfTheMastersThatWentUnseenIsNoDelete() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(replaced)
  try world.master.absorbNow()
  let told = try world.master.verifyReplay().map(\.en)
  #expect(told.contains { $0.contains("c3") && $0.contains("is not in the master") })
  #expect(!told.contains { $0.contains("cannot be replayed") })
  try await world.sync(one)
}

/// What an earlier version signed of such a row no city takes. The file goes on under another id, and the row stays at the city.
@Test func whoHasSignedADeleteThatIsNotWholeRejoins() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "DELETE FROM company WHERE id = 'c3'; UPDATE company SET staff = 6 WHERE id = 'c1'")
  try one.freeze()
  let schema = one.schema
  let key = try #require(world.key(of: one))
  let sent = try #require(try one.unacknowledged().first)
  let signed = try SealedEnvelope(sent[...]).unverified()
  var batch = try Batch(signed.body, schema: schema)
  for index in batch.changes.indices where batch.changes[index].kind == .delete { batch.changes[index].old[1] = nil }
  let message = try Envelope(signed.header, body: batch.encoded(schema), key: key).bytes
  try one.edit(as: nil) { db in
    try db.run(
      "UPDATE sync_outbox SET message = ? WHERE number = ?", [.blob(message), .integer(signed.header.number)])
  }
  await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(try one.history(one.record("company"), key: c3.key).last?.change.kind == .delete)
  let renewed = try world.rejoin(one)
  try await world.sync(renewed)
  #expect(try renewed.status().inFlight == 0)
  #expect(try world.cell("staff") == .integer(6) && world.cell("name", of: "c3") == .text("丙"))
  #expect(try world.master.conflicts([.open]).map(\.key) == [c3.key])
}
