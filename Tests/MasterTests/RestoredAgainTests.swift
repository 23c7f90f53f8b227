import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A city that was lost more than once, or has heard two copies of one file.

/// The city is restored twice from one backup, and its clock was set back in between: a loss gets no number that a batch had which is
/// yet to come back (seed 4951 of the simulated town).
@Test func noNumberOfTheCitysIsUsedTwice() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let start = world.clock.now
  try world.restore(from: file)
  for replica in [drill.one, drill.two, drill.b] { _ = try await world.giveBack(replica) }
  // Lost with its machine; the next of the city's own is with another one.
  try drill.company("c7", "A", on: drill.two)
  try await world.sync(drill.two)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  let late = try await world.join("B", actor: "late")
  try await world.sync(late)
  try await world.sync(drill.one)
  world.clock.now = start - 60_000
  try world.restore(from: file)
  for replica in [drill.one, late, drill.b] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "lost", actor: "li")
  world.forget(drill.two)
  try world.master.withdraw(drill.two.identity.replica)
  for replica in [drill.one, late, drill.b] { _ = try await world.giveBack(replica) }
  try await world.settle()
  #expect(try world.cell("grade") == .text("g"))
  #expect(try world.master.replicas().contains { $0.id == late.identity.replica.description })
}

/// Restored twice from one backup, the city knows neither who was enrolled in between nor the epoch in which that was (seed 28 of the
/// simulated town, 10,000 events).
@Test func whoWasEnrolledInAnEpochThatIsLostMayComeFirst() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.restore(from: file)
  for replica in [drill.one, drill.two, drill.b] { _ = try await world.giveBack(replica) }
  let late = try await world.join("B", actor: "late")
  for replica in [late, drill.one] { try await world.sync(replica) }
  try world.restore(from: file)
  for replica in [late, drill.one, drill.two, drill.b, late] { _ = try await world.giveBack(replica) }
  try await world.settle()
  #expect(try world.master.replicas().contains { $0.id == late.identity.replica.description })
}

/// What came back after a release is in no log, and the machine that had it has it no more.
@Test func whatWasSetAsideIsStillListedWhenTheCityIsRestoredAgain() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  try await world.settle()
  let aside = try #require(try world.master.recovery()).aside
  #expect(aside.count == 1)
  try world.restore(from: try world.backup("later.backup"))
  for _ in 1...2 { try await world.giveBack(world.replicas) }
  let recovery = try #require(try world.master.recovery())
  #expect(!recovery.isRecovering && recovery.aside == aside)
  try await world.settle()
}

/// A machine that has heard of neither restore has what was to come where the city has put something else since, and has read further.
@Test func whatIsOfAnEpochBeforeTheBackupsIsLate() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one, two) = (drill.world, drill.one, drill.two)
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for id in ["c2", "c3"] {
    try drill.company(id, "A", on: two)
    try await world.sync(two)
  }
  try await drill.restoreWithoutTwo(from: file)
  for id in ["c5", "c6"] {
    try drill.company(id, "A", on: one)
    try await world.sync(one)
  }
  try world.restore(from: try world.backup("later.backup"))
  try await world.giveBack([one, two, drill.b, one, two])
  let recovery = try #require(try world.master.recovery())
  #expect(!recovery.isRecovering && recovery.losses == [] && recovery.aside.count == 1)
  for id in ["c2", "c3", "c5", "c6"] { #expect(try world.cell("name", of: id) == .text("n")) }
  #expect(try world.cell("grade") == .null)
  try await world.settle()
}

/// What a release gave up comes back when the city is lost again: the log has the loss in that place, as before (seed 10 of the
/// simulated town, 10,000 events).
@Test func whatWasGivenUpStaysSoWhenTheCityIsRestoredAgain() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  // Two of three have heard of the batch, and have it no more.
  for replica in [drill.one, drill.b] { try world.shell(replica, "DELETE FROM sync_inbox") }
  try await drill.restoreWithoutTwo(from: file)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  world.lose(drill.two)
  for replica in [drill.one, drill.b] { try await world.sync(replica) }
  try await world.settle()
  world.add(drill.two)
  let log = try world.loggedRows()
  try world.restore(from: file)
  for replica in [drill.one, drill.two, drill.b, drill.one, drill.two] { _ = try await world.giveBack(replica) }
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
  try await world.settle()
}

/// Only one machine has heard of a batch, in whose place the city has put another meanwhile (seed 270 of the simulated town,
/// 10,000 events).
@Test(arguments: [false, true])
func whatStandsInThePlaceOfALossThatNobodyKnewOfIsNotLost(comesFirst: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  for id in ["c2", "c3"] {
    try drill.company(id, "A", on: drill.one)
    try await world.sync(drill.one)
  }
  let log = try world.loggedRows()
  try world.restore(from: file)
  let first = comesFirst ? [drill.two, drill.one] : [drill.one, drill.two]
  for replica in first + [drill.b] + first { _ = try await world.giveBack(replica) }
  let recovery = try #require(try world.master.recovery())
  #expect(recovery.isRecovering == comesFirst)
  if comesFirst {
    // It is back in its place, and what stood there since is late.
    try world.master.release(reason: "one place, two batches", actor: "li")
  } else {
    #expect(recovery.aside.count == 1)
    #expect(try world.loggedRows() == log)
  }
  try await world.settle()
  for id in ["c2", "c3"] { #expect(try world.cell("name", of: id) == .text("n")) }
}

/// Of two batches of a machine the first comes too late for its place: the second does not go before it.
@Test func aLateBatchIsNotPassedOverByTheNextOfItsMachine() async throws {
  let (drill, first) = try await Drill.backedUp()
  let world = drill.world
  // The log has a loss, and since then numbers may be missing.
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in world.replicas { try await world.sync(replica) }
  for replica in [drill.one, drill.b] { try world.shell(replica, "DELETE FROM sync_inbox") }
  try await drill.restoreWithoutTwo(from: first)
  try await world.settle()
  #expect(try world.master.recovery()?.losses.count == 1)
  let file = try world.backup("second.backup")
  for id in ["c5", "c6"] {
    try drill.company(id, "A", on: drill.two)
    try await world.sync(drill.two)
  }
  try await drill.restoreWithoutTwo(from: file)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b, drill.two, drill.one, drill.two])
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "r", actor: "li") }
  try await world.settle()
  for id in ["c5", "c6"] { #expect(try world.cell("name", of: id) == .text("n")) }
  #expect(try world.cell("grade") == .text("g"))
}

/// One machine has what the city did before its first restore, and another comes before it with what was put there since.
/// - Parameter afterACounty: what came first then was a county's, and took as many places as what came first since.
@Test(arguments: [false, true]) func anActOfAnotherHistoryWaitsForARelease(afterACounty: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let phone = "UPDATE company SET phone = '2' WHERE id = 'c1'"
  if afterACounty { try world.shell(drill.two, phone) } else { try world.shell(phone) }
  try await world.sync(drill.two)
  try world.shell("UPDATE company SET name = 'f' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  #expect(try world.master.recovery()?.losses == [])
  try world.shell(drill.one, "UPDATE company SET name = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.two, drill.b, drill.one, drill.two])
  #expect(try world.master.recovery()?.held.count == 1)
  try world.master.release(reason: "two histories", actor: "li")
  #expect(try world.master.recovery()?.aside.count == (afterACounty ? 1 : 2))
  try await world.settle()
  #expect(try world.cell("name") == .text("g"))
  #expect(try world.cell("phone") == .text(afterACounty ? "2" : "1"))
}

/// What a machine had read before the first restore says nothing of an erasure that the city made after it, at such a place.
@Test func anErasureIsNotUndoneByABatchOfAnotherHistory() async throws {
  let (world, one, two) = try await World.twoOfficers()
  let file = try world.backup()
  try world.shell("UPDATE person SET note = 'city' WHERE id = 'p1'")
  try await world.sync(two)
  try world.shell(two, "UPDATE person SET phone = 'PHONE-old' WHERE id = 'p1'")
  try await world.sync(two)
  try world.restore(from: file)
  _ = try await world.giveBack(one)
  try world.master.release(reason: "away", actor: "li")
  try world.erase("p1")
  try await world.sync(one)
  try world.restore(from: file)
  try await world.giveBack([one, two, one, two])
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.person("phone") == .null && world.person("note") == .text("n"))
  try await world.settle()
  #expect(try two.cell("phone") == .null)
  let lost = ["city.backup", "master.sqlite", "master.sqlite-wal"]
  #expect(try world.files(with: "PHONE-old").filter { !lost.contains($0) } == [])
}

/// The city's own that comes back behind a loss has a smaller number than the batch that says so, which two backups hold.
@Test func whatCameBackBehindALossStaysUntilTwoBackupsHoldIt() async throws {
  let (drill, first) = try await Drill.backedUp()
  let world = drill.world
  // It is of an epoch of which no backup knows.
  try world.restore(from: first)
  try await world.giveBack(world.replicas + world.replicas)
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in [drill.one, drill.two] { try await world.sync(replica) }
  try world.shell(drill.one, "DELETE FROM sync_inbox")
  try world.shell("UPDATE company SET phone = '9' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: first)
  #expect(try world.master.recovery()?.losses.count == 1)
  let file = try world.backup("second.backup")
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b, drill.two, drill.one, drill.two])
  #expect(try world.cell("phone") == .text("9"))
  try world.backup("latest.backup")
  try await world.settle()
  let log = try world.loggedRows()
  // The latest backup cannot be read.
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.two, drill.b, drill.one])
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
  try await world.settle()
}

/// A later release gives up what stood before an earlier one's losses, and those come back behind it (seed 50 of the simulated town,
/// 10,000 events).
@Test func lossesOfAnEarlierReleaseMayStandBehindThoseOfALater() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let end = try world.loggedRows().count
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in [drill.one, drill.b] { try await world.sync(replica) }
  for phone in 11...13 {
    try world.shell(drill.two, "UPDATE company SET phone = '\(phone)' WHERE id = 'c1'")
    try await world.sync(drill.two)
  }
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  for replica in [drill.one, drill.b] { try await world.sync(replica) }
  world.lose(drill.two)
  for round in 1...2 {
    try await drill.restoreWithoutTwo(from: file)
    for replica in [drill.one, drill.b] { try await world.sync(replica) }
    if round == 2 { break }
    // Nobody has the first of the city's batches any more.
    guard case .integer(let number) = try world.loggedRows()[end][2] else { throw EnvelopeError.notAMessage }
    for replica in [drill.one, drill.b] {
      try world.shell(replica, "DELETE FROM sync_inbox WHERE number = \(number)")
    }
  }
  #expect(try world.master.recovery()?.losses.count == 5)
  #expect(try world.master.verify().map(\.en) == [])
  try await world.settle()
}

/// Two desks work with one file. The city that was lost had a batch of one, the restored city takes another by that number from the
/// other (seed 1717 of the simulated town).
@Test(arguments: [false, true]) func aNumberThatACopyHasUsedSinceIsNoEnd(onSticks: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let copy = try world.copy(of: drill.one)
  try drill.company("c2", "A", on: drill.one)
  // Another one clashes over a code, and waits at the city.
  try world.shell(drill.two, "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'X')")
  try await world.sync(drill.two)
  try world.shell(drill.one, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'X')")
  try await world.sync(drill.one)
  world.clock.now += 1000
  try world.restore(from: file)
  world.lose(drill.one)
  try drill.company("c5", "A", on: copy)
  for replica in [copy, drill.two, drill.b, copy, drill.two] { _ = try await world.giveBack(replica) }
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "r", actor: "li") }
  for replica in [copy, drill.two] { try await world.sync(replica) }
  world.clock.now += 60_000
  if onSticks {
    _ = try BundleExchange(drill.one).write(world.stick("back"), givingBack: true)
    #expect(throws: (any Error).self) { try world.answer("back", "answer") }
  } else {
    await #expect(throws: (any Error).self) { try await world.sync(drill.one) }
  }
  world.add(drill.one)
  world.add(copy)
  let renewed = try world.rejoin(drill.one)
  world.clock.now += 60_000
  try await world.sync(renewed)
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("n") && world.cell("name", of: "c5") == .text("n"))
  #expect(try world.master.parked().map(\.ref.key) == [RowKey([.text("c3")])])
  #expect(try renewed.parked().map(\.ref.key) == [RowKey([.text("c3")])])
}

/// Of the batches that two backups hold only one is still there, for what is parked of it (seed 492 of the simulated town, 10,000
/// events).
@Test func whatALaterCopySendsAgainHasNoGap() async throws {
  let drill = try await Drill()
  let world = drill.world
  try world.shell(drill.b, "INSERT INTO company (id, office, code) VALUES ('c4', 'B', 'X')")
  try await world.sync(drill.b)
  for (id, code) in [("c1", "1"), ("c2", "X"), ("c3", "3")] {
    try world.shell(drill.one, "INSERT INTO company (id, office, code) VALUES ('\(id)', 'A', '\(code)')")
    try await world.sync(drill.one)
  }
  for _ in 1...2 { try world.backup() }
  try await world.sync(drill.one)
  #expect(try drill.one.trimmedBatches() == 3)
  var renewed = try world.rejoin(drill.one)
  try drill.company("c5", "A", on: renewed)
  try await world.sync(renewed)
  try world.restore(from: world.backup())
  _ = try BundleExchange(renewed).write(world.stick("back"), givingBack: true)
  renewed = try world.rejoin(renewed)
  let first = "SELECT min(number) FROM sync_outbox WHERE receipt IS NULL"
  #expect(try renewed.read { try $0.first(first) } == [.integer(4)])
  for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "it has rejoined", actor: "li")
  try await world.sync(renewed)
  try await world.settle()
  #expect(try world.cell("office", of: "c5") == .text("A"))
  #expect(try renewed.parked().map(\.ref.key) == [RowKey([.text("c2")])])
}

/// The city went on without what its batch stood on, and was restored once more before its sender heard of that (seed 1087 of the
/// simulated town).
@Test(arguments: [false, true])
func whatBecameOfABatchMeanwhileIsHeardAfterTheNextRestore(onSticks: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try drill.company("c9", "A", on: drill.two)
  try await world.sync(drill.two)
  try await world.sync(drill.one)
  try world.shell(drill.one, "INSERT INTO figure (company, year, sales) VALUES ('c9', 2019, 7)")
  try await world.sync(drill.one)
  try world.restore(from: file)
  for replica in [drill.one, drill.b] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "the machine is lost", actor: "li")
  try world.master.withdraw(drill.two.identity.replica)
  world.forget(drill.two)
  #expect(try world.master.parked().map(\.reason) == ["reference"])
  #expect(try drill.one.parked().isEmpty)
  try world.restore(from: try world.backup("later.backup"))
  _ = try await world.giveBack(drill.b)
  if onSticks {
    #expect(throws: Failure.self) { try world.carry(drill.one) }
    try world.carry(drill.one)
  } else {
    _ = try await world.giveBack(drill.one)
  }
  try await world.settle()
  #expect(try drill.one.parked().map(\.ref) == world.master.parked().map(\.ref))
}

/// The disk is lost once more when a machine asks for the snapshot of the city that was restored.
private final class LostAgain: LoopbackTransport, @unchecked Sendable {
  private let world: World
  private var backup: String?
  var master: Master { world.master }

  init(_ world: World, backup: String?) { (self.world, self.backup) = (world, backup) }
  func snapshot(_ hello: [UInt8]) async throws -> [UInt8] {
    if let backup { try world.restore(from: backup) }
    backup = nil
    return try master.snapshot(hello)
  }
}

@Test func whoFetchesTheSnapshotOfACityThatIsRestoredOnceMoreGivesBackAgain() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  let file = try world.backup()
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'n')")
  try await world.sync(one)
  try world.restore(from: file)
  _ = try await SyncClient(one, transport: LostAgain(world, backup: file)).sync()
  try await world.settle()
  #expect(try world.cell("name") == .text("n"))
}
