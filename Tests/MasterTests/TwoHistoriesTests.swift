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

/// Nobody has brought yet what stood before the act in its own history, and took fewer places of the feed than what stands there now.
@Test func anActThatStandsElsewhereBehindAnotherHistoryWaitsForARelease() async throws {
  let drill = try await Drill()
  let world = drill.world
  for id in ["c1", "c9"] { try drill.company(id, "A", on: drill.one) }
  try drill.company("b1", "B", on: drill.b)
  try await world.settle()
  let file = try world.backup()
  try world.shell("UPDATE company SET phone = '2' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  #expect(try world.master.recovery()?.losses == [])
  try world.shell(drill.b, "UPDATE company SET staff = 2 WHERE id = 'b1'")
  try await world.sync(drill.b)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c9'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.two, drill.b, drill.one, drill.two])
  #expect(try world.master.recovery()?.isRecovering == true)
  if try world.master.recovery()?.isRecovering == true {
    try world.master.release(reason: "two histories", actor: "li")
  }
  #expect(try world.master.recovery()?.aside.count == 1)
  try await world.settle()
  #expect(try world.cell("phone") == .text("2") && world.cell("staff", of: "b1") == .integer(2))
  #expect(try world.cell("grade", of: "c9") == .null)
}

/// What the city did second is back of both histories, but what it did first of one only has its place.
@Test func ofTwoActsForOnePlaceTheOneThatFitsEnters() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET phone = '2' WHERE id = 'c1'")
  for replica in [drill.two, drill.b] { try await world.sync(replica) }
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  try await world.sync(drill.b)
  try world.restore(from: file)
  _ = try await world.giveBack(drill.one)
  try world.master.release(reason: "away", actor: "li")
  for cell in ["name = 'g'", "staff = 5"] {
    try world.shell("UPDATE company SET \(cell) WHERE id = 'c1'")
    try await world.sync(drill.one)
  }
  try world.restore(from: file)
  try await world.giveBack([drill.two, drill.one, drill.b])
  #expect(try world.master.recovery()?.held.count == 2)
  try world.master.release(reason: "two histories", actor: "li")
  let recovery = try #require(try world.master.recovery())
  #expect(recovery.aside.count == 2 && recovery.losses == [])
  try await world.settle()
  #expect(try world.cell("phone") == .text("2") && world.cell("grade") == .text("f"))
  #expect(try world.cell("name") == .text("n") && world.cell("staff") == .integer(1))
}
