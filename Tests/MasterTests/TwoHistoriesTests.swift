import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A city that was restored twice from one backup: what is back of the one history, and what of the other.

/// Whoever deleted the person after the first restore gives back before the machine that has what the city did before it.
@Test func anErasureLetsNoActOfAnotherHistoryIn() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, name) VALUES ('p2', 'A', 'NAME-two')")
  try await world.settle()
  try world.erase("p2")
  try await world.settle()
  let file = try world.backup()
  for note in ["e", "f"] {
    try world.shell("UPDATE person SET note = '\(note)' WHERE id = 'p1'")
    try await world.sync(two)
  }
  try world.restore(from: file)
  _ = try await world.giveBack(one)
  try world.master.release(reason: "away", actor: "li")
  #expect(try world.master.recovery()?.losses == [])
  try world.shell(one, "DELETE FROM person WHERE id = 'p1'")
  try await world.sync(one)
  try world.restore(from: file)
  try await world.giveBack([one, two, one, two])
  #expect(try world.master.recovery()?.held.count == 1)
  if try world.master.recovery()?.isRecovering == true {
    try world.master.release(reason: "two histories", actor: "li")
  }
  #expect(try world.master.recovery()?.aside.count == 2)
  try await world.settle()
  #expect(try world.person("note") == nil)
}
