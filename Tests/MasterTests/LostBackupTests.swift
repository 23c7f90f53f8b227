import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master

// A city whose latest backups cannot be read.

/// The latest backup cannot be read, and the city is restored from the one before.
@Test func oneUnreadableBackupCostsNothing() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  try drill.company("c7", "A", on: one)
  try await world.settle()
  try world.backup("latest.backup")
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.trimmedBatches() == 1)
  let log = try world.loggedRows()
  try world.restore(from: file)
  try await world.giveBack([one, drill.two, drill.b, one])
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
}

/// Two backups cannot be read, and the city is restored from the one before them. What a machine had let go of is lost and named; what
/// it still has comes back.
@Test func whoLetGoForBackupsThatAreLostGoesOn() async throws {
  let (world, one, file) = try await letGo()
  try release(world)
  try await world.settle()
  #expect(try companies(world) == ["c1", "c8", "c9"].map { .text($0) })
  #expect(try world.master.verify() == [])
  // Lost again, the city takes the same batches across the same gap.
  let log = try world.loggedRows()
  try world.restore(from: file)
  for _ in 1...2 { try await world.giveBack(world.replicas) }
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
  #expect(try one.status().inFlight == 0)
}

/// Nobody else has read what came after the backup that can be read: a release has nothing to record as lost.
@Test func whatComesLateBeyondAGapEntersThoughNothingIsLost() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  try drill.company("c7", "A", on: one)
  try await world.sync(one)
  for name in ["second.backup", "latest.backup"] { try world.backup(name) }
  try await world.sync(one)
  #expect(try one.trimmedBatches() == 2)
  try drill.company("c8", "A", on: one)
  try await world.sync(one)
  try world.restore(from: file)
  try await world.giveBack([drill.two, drill.b])
  try world.master.release(reason: "away", actor: "li")
  #expect(try world.master.recovery()?.losses == [])
  try await world.sync(one)
  #expect(try companies(world) == ["c1", "c8"].map { .text($0) })
  try await world.settle()
}

/// A machine with sticks has heard of two backups, and the city is restored from neither.
@Test func whatOnlyLostBackupsHoldStays() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  try drill.company("c7", "A", on: one)
  try world.carry(one)
  for name in ["second.backup", "latest.backup"] { try world.backup(name) }
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try world.carry(one)
  #expect(try one.meta().batchKept == 2 && one.trimmedBatches() == 0)
  let log = try world.loggedRows()
  for _ in 1...2 {
    try world.restore(from: file)
    try await world.giveBack([one, drill.two, drill.b, one])
    #expect(try one.trimmedBatches() == 0)
    #expect(try world.master.recovery()?.isRecovering == false)
    #expect(try world.loggedRows() == log)
  }
  try await world.settle()
}

/// The machine has nothing that says where its numbers go on: under an id of its own it says so itself.
@Test func whoHasOnlyNewBatchesAfterThatRejoins() async throws {
  let (world, one, _) = try await letGo(confirming: false)
  try release(world)
  for _ in 1...2 {
    let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
    #expect(failure?.kind == .protocolViolation)
    #expect(failure?.message.en.contains("run county rejoin") == true)
    #expect(failure?.message.zh.contains("county rejoin") == true)
  }
  _ = try world.rejoin(one)
  try await world.settle()
  #expect(try companies(world) == ["c1", "c9"].map { .text($0) })
  #expect(try world.master.verify() == [])
}

/// A machine was enrolled and has rejoined since the last backup that can be read: of whom its first id was nobody tells any more
/// (seed 1168 of the simulated town).
@Test func whoseFormerIdIsLostRejoins() async throws {
  let (drill, began, file) = try await enrolledInLostBackups()
  let world = drill.world
  let late = try world.rejoin(began)
  try drill.company("l3", "A", on: late)
  try await world.settle()
  try world.restore(from: file)
  let given = try #require(try late.givingBack(after: ReturnPosition(own: .max, batch: 0))).messages
  for replica in world.replicas { _ = try? await world.sync(replica) }
  try release(world)
  let failure = await #expect(throws: Failure.self) { try await world.sync(late) }
  #expect(failure?.message.en.contains("run county rejoin") == true)
  #expect(failure?.message.zh.contains("county rejoin") == true)
  // The same when it arrives in pieces.
  let refusal = #expect(throws: Refusal.self) {
    try world.master.checkStaged(Array(given.prefix(Header.length)), of: late.identity.replica)
  }
  #expect(refusal?.code == .gap)
  _ = try world.rejoin(late)
  try await world.settle()
  #expect(try companies(world) == ["c1", "l2", "l3"].map { .text($0) })
}

/// A bit flips on the line: to the city a batch seems to be of an id that it does not know, and nothing is lost (seed 1209 of the
/// simulated town, 10,000 events).
@Test func aGapThatIsNoneChangesNothing() async throws {
  let (drill, _) = try await Drill.backedUp()
  let world = drill.world
  let one = try world.rejoin(drill.one)
  try await world.settle()
  try drill.company("c7", "A", on: one)
  let noisy = Preceded(world.master) { count in
    if count == 1 { throw Refusal.formerIsLost }
  }
  let summary = try await SyncClient(one, transport: noisy).sync()
  #expect(summary.pushed == 1)
}

/// The same of a city that was restored, and has everything back: a row that had been parked and has entered stays where it is.
@Test func aGapThatIsNoneTakesNoRowAway() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.shell("UPDATE company SET code = 'X' WHERE id = 'c1'")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'X')")
  try await world.settle()
  #expect(try two.parked().count == 1)
  try world.shell("UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await world.settle()
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b, two])
  #expect(try world.master.recovery()?.isRecovering == false)
  try await world.settle()
  try drill.company("c7", "A", on: two)
  let noisy = Preceded(world.master) { count in
    if count == 1 { throw Refusal.formerIsLost }
  }
  #expect(try await SyncClient(two, transport: noisy).sync().received.parked == 0)
  #expect(try two.parked(waiting: false).map(\.state) == [.entered])
  try await world.settle()
}

/// Somebody on the line says that another copy of the file was first. The city has no batch by that number.
@Test func aForkThatIsNoneChangesNothing() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try drill.company("c7", "A", on: drill.one)
  try await world.settle()
  let log = try world.loggedRows()
  try world.restore(from: file)
  let noisy = Preceded(world.master) { count in
    // The first asks, and so does the second; this one gives back.
    if count == 3 { throw Refusal.fork(2) }
  }
  let failure = await #expect(throws: Failure.self) { try await SyncClient(drill.one, transport: noisy).sync() }
  #expect(failure?.kind == .protocolViolation)
  try await world.giveBack([drill.one, drill.two, drill.b, drill.one])
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
  try await world.settle()
}

/// That it was enrolled is lost with two backups: a code of the city lets its file go on, with what it still has, whether its key is
/// there or not.
@Test(arguments: [false, true]) func whoIsUnknownRejoinsWithACode(isKeyLost: Bool) async throws {
  let (drill, began, file) = try await enrolledInLostBackups()
  let world = drill.world
  var late = began
  try drill.company("l3", "A", on: late)
  try world.restore(from: file)
  for replica in world.replicas { _ = try? await world.sync(replica) }
  try release(world)
  let unknown = await #expect(throws: Failure.self) { try await world.sync(late) }
  #expect(unknown?.kind == .notAllowed && unknown?.message.en.contains("county rejoin --code") == true)
  // A code of another city, then one for another unit.
  #expect(throws: Failure.self) {
    try late.rejoin(as: SigningKey(), code: EnrolmentCode(secret: Array(1...10), fingerprint: Array(1...10)))
  }
  if isKeyLost {
    world.lose(late)
    late = try world.withoutKey(late)
  }
  late = try world.rejoin(late, code: try world.master.enrol(org: "B").code)
  await #expect(throws: Failure.self) { try await world.sync(late) }
  late = try world.rejoin(late, code: try world.master.enrol(org: "A").code)
  try await world.settle()
  #expect(try companies(world) == ["c1", "l2", "l3"].map { .text($0) })
  // Whom the city knows, it takes at the word of the key that it had.
  _ = try world.rejoin(late, code: try world.master.enrol(org: "A").code)
  try await world.settle()
}

/// A machine that was enrolled since the backup; what it sent first is in two later ones, what it sent last is in none.
private func enrolledInLostBackups() async throws -> (Drill, Replica, backup: String) {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let late = try await world.join("A", actor: "late")
  // One that is parked stays in its outbox, whatever backups hold.
  for (replica, id) in [(drill.one, "k1"), (late, "k2")] {
    try world.shell(replica, "INSERT INTO company (id, office, code, name) VALUES ('\(id)', 'A', 'K', 'k')")
    try await world.sync(replica)
  }
  try drill.company("l1", "A", on: late)
  try await world.settle()
  for name in ["second.backup", "latest.backup"] { try world.backup(name) }
  try await world.settle()
  try drill.company("l2", "A", on: late)
  try await world.sync(late)
  return (drill, late, file)
}

/// A machine has let go of the batch with c7; c9 is new, and the city is restored from before both.
/// - Parameter confirming: the city had confirmed c8 since.
private func letGo(confirming: Bool = true) async throws -> (World, Replica, backup: String) {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  try drill.company("c7", "A", on: one)
  try await world.settle()
  for name in ["second.backup", "latest.backup"] { try world.backup(name) }
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.trimmedBatches() == 2)
  if confirming {
    try drill.company("c8", "A", on: one)
    try await world.settle()
  }
  try drill.company("c9", "A", on: one)
  try world.restore(from: file)
  try await world.giveBack([one, drill.two, drill.b])
  #expect(try world.master.recovery()?.isRecovering == true)
  return (world, one, file)
}

private func release(_ world: World) throws {
  try world.master.release(reason: "unreadable", actor: "li")
  #expect(try world.master.recovery()?.losses.isEmpty == false)
}

private func companies(_ world: World) throws -> [Value] {
  try world.master.rows(world.master.record("company")).map { $0[0] }.sorted { "\($0)" < "\($1)" }
}
