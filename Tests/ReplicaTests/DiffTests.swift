import Replica
import SyncCore
import TestSupport
import Testing

// A touched cell has three values: base, upstream and current.

@Test func aPullKeepsThePendingCellAndItsBase() async throws {
  let scene = try await Scene(edit20, edit15)
  #expect(try scene.diff() == ["staff 5→20 (·)"])
  try await scene.world.pull(scene.here)
  #expect(try scene.diff() == ["staff 5→20 (15)"])
  #expect(try scene.here.cell("company", "c1", "name") == .text("丙"))
  // The city sees the conflict, because the base did not move.
  let summary = try await scene.world.sync(scene.here)
  #expect(summary.received.conflicts == 1)
  #expect(try scene.here.conflicts([.open]).map { $0.contenders.map(\.value) } == [[.integer(20)]])
  #expect(try scene.here.status().openConflicts == 1)
  #expect(try scene.staff() == .integer(15))
  try await scene.settle()
}

@Test func typingUpstreamAgrees() async throws {
  let scene = try await Scene(edit20, edit15)
  try await scene.world.pull(scene.here)
  try scene.world.shell(scene.here, "UPDATE company SET staff = 15 WHERE id = 'c1'")
  #expect(try scene.here.freeze().isEmpty)
  #expect(try scene.here.unacknowledged().isEmpty)
  #expect(try scene.here.pending() == [])
  #expect(try scene.here.conflicts([.open]).isEmpty)
  try await scene.settle()
}

@Test func settingBackTakesUpstream() async throws {
  let scene = try await Scene(edit20, edit15)
  try await scene.world.pull(scene.here)
  try scene.world.shell(scene.here, "UPDATE company SET staff = 5 WHERE id = 'c1'")
  #expect(try scene.diff() == [])
  try await scene.world.sync(scene.here)
  #expect(try scene.staff() == .integer(15))
  try await scene.settle()
}

@Test func aPullOverACellInFlightKeepsIt() async throws {
  let scene = try await Scene(edit20, edit15)
  try scene.here.freeze()
  #expect(try scene.here.pending() == [])
  #expect(try scene.here.status().inFlight == 1)
  try await scene.world.pull(scene.here)
  #expect(try scene.staff() == .integer(20))
  #expect(try scene.here.cell("company", "c1", "name") == .text("丙"))
  #expect(try scene.world.send(scene.here).conflicts == 1)
  #expect(try scene.here.status().inFlight == 0)
  let conflict = try #require(try scene.world.master.conflicts([.open]).first)
  #expect((conflict.base, conflict.master, conflict.contenders[0].value) == (.integer(5), .integer(15), .integer(20)))
  #expect(conflict.contenders[0].edit.actor == "clerk")
  try await scene.settle()
}

/// What the city still has is typed over what is on its way to it: that comes first there (seed 922 of the simulated town).
@Test func anEditOverWhatIsOnItsWayIsSentThoughTheCityHasTheSame() async throws {
  let scene = try await Scene(edit20, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try scene.here.freeze()
  try scene.world.shell(scene.here, "UPDATE company SET staff = 5 WHERE id = 'c1'")
  try await scene.world.pull(scene.here)
  #expect(try scene.here.pending() == ["~ company c1 staff 20→5"])
  try await scene.settle()
  #expect(try scene.staff() == .integer(5))
}

/// A new row is on its way, and deleted here before it comes to the city, which says that it has none (seed 1325 of the simulated
/// town).
@Test func aRowThatIsDeletedWhileItIsOnItsWayIsDeletedAtTheCityToo() async throws {
  let scene = try await Scene(
    "INSERT INTO company (id, office, name) VALUES ('c9', 'A', 'nine')",
    "INSERT INTO company (id, office) VALUES ('c9', 'A')")
  try scene.here.freeze()
  try scene.world.shell(scene.here, "DELETE FROM company WHERE id = 'c9'")
  try scene.world.shell(scene.there, "DELETE FROM company WHERE id = 'c9'")
  try await scene.world.sync(scene.there)
  try await scene.world.pull(scene.here)
  #expect(try scene.here.pending().count == 1)
  try await scene.settle()
}

@Test func aRowThatIsGoneStaysWhileItIsTouched() async throws {
  let scene = try await Scene(
    "UPDATE figure SET sales = 120", "DELETE FROM figure; DELETE FROM company WHERE id = 'c2'")
  try await scene.world.pull(scene.here)
  #expect(try scene.here.pending() == ["~ figure c1,2025 sales 100→120"])
  #expect(try scene.here.cell("company", "c2", "id") == nil)
  #expect(try scene.here.integer("SELECT count(*) FROM sync_archive") == 1)
  try scene.revert("figure", .text("c1"), .integer(2025))
  #expect(try scene.here.integer("SELECT count(*) FROM figure") == 0)
  #expect(try scene.here.integer("SELECT count(*) FROM sync_archive") == 2)
  try await scene.settle()
}

@Test func aRowDeletedHereStaysDeleted() async throws {
  let scene = try await Scene("DELETE FROM company WHERE id = 'c2'", "UPDATE company SET staff = 15 WHERE id = 'c2'")
  try await scene.world.pull(scene.here)
  #expect(try scene.here.pending() == ["- company c2"])
  #expect(try await scene.world.sync(scene.here).received.conflicts == 1)
  // The city changed the row: it keeps it, and opens a row conflict.
  #expect(try scene.here.cell("company", "c2", "staff") == .integer(15))
  #expect(try scene.here.conflicts([.open]).map(\.field) == [nil])
  try await scene.settle()
}
