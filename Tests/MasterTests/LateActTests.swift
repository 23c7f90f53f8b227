import Master
import Replica
import SyncCore
import TestSupport
import Testing

// Acts of the city's own that come back when it works again without them.

/// The machine is stolen, and who has heard that it was withdrawn comes after the release.
@Test func whoWasWithdrawnAfterTheBackupIsShutOutWhenThatComesBack() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let stolen = drill.b.identity.replica
  func isWithdrawn() throws -> Bool? { try world.master.replicas().first { $0.id == stolen.description }?.isWithdrawn }
  try world.master.withdraw(stolen)
  world.forget(drill.b)
  try await world.sync(drill.two)
  try world.restore(from: file)
  _ = try await world.giveBack(drill.one)
  try world.master.release(reason: "away", actor: "li")
  try await world.sync(drill.one)
  #expect(try isWithdrawn() == false)
  try await world.sync(drill.two)
  #expect(try isWithdrawn() == true)
  let failure = await #expect(throws: Failure.self) { try await world.sync(drill.b) }
  #expect(failure?.kind == .notAllowed)
  try await world.settle()
}
