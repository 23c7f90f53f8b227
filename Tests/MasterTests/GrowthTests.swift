import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What is done often reads what it is about, however many rows are stored and however long the log is (I8).

extension World {
  /// How the city carries out what it has run with these words, a line for each statement.
  fileprivate func plans(_ trace: Trace, of words: String) throws -> [String] {
    try Set(trace.statements(with: words)).sorted().map { try master.plan($0).joined(separator: "; ") }
  }
}

@Test func aTrimLooksOnlyAtWhatItMayLetGoOf() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for replica in [one, two, one, two] { try await world.sync(replica) }
  try world.noteBackup()
  let trace = try Trace(of: world.master)
  #expect(try world.master.trim().entries == 1)
  let plans = try world.plans(trace, of: "DELETE FROM sync_feed WHERE (unit, place) IN")
  #expect(plans.count == 2)
  #expect(plans.contains { $0.contains("INDEX sync_feed_gone (place<?)") }, "\(plans)")
  #expect(plans.contains { $0.contains("(record=?)") }, "\(plans)")
}

@Test func whatComesBackDoesNotLookForLossesInTheWholeLog() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  try world.restore(from: file)
  let trace = try Trace(of: world.master)
  try await world.giveBack([drill.one, drill.two, drill.b])
  let plans = try world.plans(trace, of: "FROM sync_loss l")
  #expect(plans.count == 1 && plans.allSatisfy { $0.hasPrefix("SCAN l;") }, "\(plans)")
}

@Test func anErasureDoesNotGoThroughAllBatchesOfTheCity() async throws {
  let (world, _, _) = try await World.twoOfficers()
  let trace = try Trace(of: world.master)
  try world.erase()
  let plans = try world.plans(trace, of: "FROM sync_secret s JOIN sync_batch b")
  #expect(plans.count == 1 && plans.allSatisfy { $0.hasPrefix("SEARCH s ") }, "\(plans)")
}

/// Once it has recovered, and two backups hold that.
@Test func aCityThatWasRestoredDoesNotLookThroughItsLogForEachPage() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let behind = "WHERE replica = ? AND number < ? AND arrival > ?"
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.two, drill.b])
  #expect(try world.master.recovery()?.isRecovering == false)
  let before = try Trace(of: world.master)
  try await world.sync(drill.one)
  #expect(!before.statements(with: behind).isEmpty)
  try world.noteBackup()
  let after = try Trace(of: world.master)
  try await world.sync(drill.one)
  #expect(after.statements(with: behind).isEmpty)
}

@Test func aCityWithoutABackupDoesNotLookThroughItsLogForEachPage() async throws {
  let (world, one, _) = try await World.twoMachines()
  let trace = try Trace(of: world.master)
  try await world.sync(one)
  #expect(trace.statements(with: "FROM sync_batch WHERE replica = ? AND arrival <= ?").isEmpty)
}
