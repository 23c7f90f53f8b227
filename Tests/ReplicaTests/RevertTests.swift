import Replica
import SyncCore
import TestSupport
import Testing

@Test func revertTakesUpstream() async throws {
  let scene = try await Scene(edit20, edit15)
  try await scene.world.pull(scene.here)
  try scene.revert()
  #expect(try scene.staff() == .integer(15))
  #expect(try scene.diff() == [])
  #expect(try await scene.world.sync(scene.here).pushed == 0)
  try await scene.settle()
}

@Test func revertWithoutUpstreamTakesTheBase() async throws {
  let scene = try await Scene(edit20 + "; UPDATE company SET name = '丁' WHERE id = 'c1'", "SELECT 1")
  try scene.revert()
  #expect(try scene.staff() == .integer(5))
  #expect(try scene.here.cell("company", "c1", "name") == .text("甲"))
  #expect(try scene.here.pending() == [])
  #expect(throws: Failure.self) { try scene.revert() }
  try await scene.settle()
}

@Test func revertOfInsertAndDelete() async throws {
  let scene = try await Scene(
    "INSERT INTO company (id, office) VALUES ('c9', 'A'); INSERT INTO figure VALUES ('c9', 1, 1, NULL); DELETE FROM company WHERE id = 'c2'",
    "UPDATE company SET staff = 15 WHERE id = 'c2'")
  try await scene.world.pull(scene.here)
  #expect(try scene.diff() == ["delete c2", "insert c9", "insert c9"])
  #expect(throws: Failure.self) { try scene.revert("company", .text("c9")) }
  try scene.revert("figure", .text("c9"), .integer(1))
  try scene.revert("company", .text("c9"))
  try scene.revert("company", .text("c2"))
  #expect(try scene.here.cell("company", "c2", "staff") == .integer(15))
  #expect(try scene.here.pending() == [])
  try await scene.settle()
}

@Test func aRowWhoseParentIsDeletedIsRevertedAfterIt() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "DELETE FROM figure; DELETE FROM company WHERE id = 'c1'")
  let (company, figure) = (try replica.record("company"), try replica.record("figure"))
  let (parent, child) = (RowKey([.text("c1")]), RowKey([.text("c1"), .integer(2025)]))
  let failure = #expect(throws: Failure.self) { try replica.revert(figure, key: child) }
  #expect(failure?.message.en.contains("figure c1,2025.company: there is no company c1; if it was deleted") == true)
  try replica.revert(company, key: parent)
  try replica.revert(figure, key: child)
  #expect(try replica.pending() == [])
  try await world.settle()
}

/// Each is in the other's way.
@Test func rowsThatSwappedAUniqueValueAreRevertedOnceOneHasLeftItsPlace() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica,
    """
    UPDATE company SET code = NULL WHERE id = 'c1'; UPDATE company SET code = '1' WHERE id = 'c2';
    UPDATE company SET code = '2' WHERE id = 'c1'
    """)
  let company = try replica.record("company")
  let (one, two) = (RowKey([.text("c1")]), RowKey([.text("c2")]))
  let failure = #expect(throws: Failure.self) { try replica.revert(company, key: one) }
  #expect(failure?.message.en.contains("c2; if that was edited here, too, revert it first, or, where the two") == true)
  try world.shell(replica, "UPDATE company SET code = NULL WHERE id = 'c2'")
  for key in [one, two] { try replica.revert(company, key: key) }
  #expect(try replica.pending() == [])
  #expect(try replica.cell("company", "c1", "code") == .text("1"))
  try await world.settle()
}

@Test func revertLeavesWhatIsInFlight() async throws {
  // peak takes the larger value, so that the city takes 9 as sent and has nothing to say about it.
  let scene = try await Scene(
    "UPDATE company SET peak = 9 WHERE id = 'c1'", "UPDATE company SET peak = 7, name = '丙' WHERE id = 'c1'")
  try await scene.world.pull(scene.here)
  try scene.here.freeze()
  try scene.world.shell(scene.here, "UPDATE company SET staff = 6, peak = 11 WHERE id = 'c1'")
  try scene.revert()
  #expect(try scene.staff() == .integer(5))
  #expect(try scene.here.cell("company", "c1", "peak") == .integer(9))
  try scene.world.send(scene.here)
  #expect(try scene.world.differences(scene.here) == [])
  try await scene.settle()
}
