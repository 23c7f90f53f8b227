import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A row of one unit that was deleted, and another's under its key (I4).

/// What two of A contested is open again while B has a firm under that key; then A enters its own anew.
@Test func whatAnotherUnitHadUnderTheKeyMeanwhileIsNotTold() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B", actor: "b")
  for (replica, name) in [(one, "one"), (two, "two")] {
    try world.shell(replica, "UPDATE company SET name = '\(name)' WHERE id = 'c1'")
    try await world.sync(replica)
  }
  let conflict = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(conflict.id, .keep, reason: "licence", actor: "li")
  try await world.settle()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  try world.shell(b, "INSERT INTO company (id, office, name) VALUES ('c1', 'B', '秘')")
  try await world.settle()
  _ = try world.master.reopen(conflict.id, reason: "again", actor: "li")
  // Who deletes the row decides.
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  _ = try world.master.reopen(conflict.id, reason: "again", actor: "li")
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'three')")
  try await world.settle()
  #expect(try world.master.conflict(conflict.id).contenders.map(\.value).contains(.text("秘")))
  let fresh = try await world.join("A", actor: "fresh")
  try world.takeSnapshot(fresh)
  for replica in [one, two, fresh] {
    #expect(try replica.conflicts([.open]).map(\.id) == [conflict.id])
    let told = try replica.told()
    #expect(told.contains("two") && !told.contains("秘"))
  }
  #expect(try b.conflicts(Conflict.State.allCases) == [])
}
