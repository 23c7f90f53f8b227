import Replica
import SyncCore
import TestSupport
import Testing

// Histories in which sync engines are known to lose a value.

@Test func aReinsertAfterADeleteMeetsAStaleEdit() async throws {
  let (world, one, two) = try await World.twoMachines()
  let late = try await world.join("A", actor: "late")
  try world.shell(late, "UPDATE company SET name = 'stale', staff = 11 WHERE id = 'c1'")
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  try world.shell(two, "INSERT INTO company (id, office, name, staff) VALUES ('c1', 'A', 'again', 10)")
  try await world.sync(two)
  try await world.sync(late)
  // The cell that the re-insert set anew is contested; the one whose value it had seen is taken.
  #expect(try world.cell("name") == .text("again"))
  #expect(try world.cell("staff") == .integer(11))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == "name")
  #expect(conflict.contenders.map(\.value) == [.text("stale")])
  try await world.settle()
}

@Test func theOtherCellsOfARowWithAContestedCellMerge() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = 'one', staff = 1 WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = 'two', code = 'X' WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.master.conflicts([.open]).map(\.field) == ["name"])
  let cells = try ["name", "staff", "code"].map { try world.cell($0) }
  #expect(cells == [.text("one"), .integer(1), .text("X")])
  try await world.settle()
}
