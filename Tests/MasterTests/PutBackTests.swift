import Master
import Replica
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// The city's file is put back as it was before, without a restore.

/// The feed is as long again as the machine has read, and the log is not.
@Test func whoHasReadMoreFindsOutThatTheCitysFileWasPutBack() async throws {
  let (world, one, two) = try await World.twoMachines()
  let (old, key, clock) = (try world.copyOfMaster().path, world.master.key, world.clock)
  for sql in ["INSERT INTO company (id, office, name) VALUES ('c5', 'A', 'n')", "UPDATE company SET name = 'm'"] {
    try world.shell(one, sql)
    try await world.sync(one)
  }
  try await world.sync(two)
  world.replaceMaster(try Master.open(path: old, key: key, clock: { clock.now }, readSchema: readSchema))
  let unlike = await #expect(throws: Failure.self) { try await world.deepVerify(two) }
  #expect(unlike?.message.en.contains("put back without city restore") == true)
  try world.shell("UPDATE office SET name = 'edited'; UPDATE company SET grade = 'g'")
  try world.master.absorbNow()
  let failure = await #expect(throws: Failure.self) { try await world.sync(two) }
  #expect(failure?.kind == .protocolViolation && failure?.message.en.contains("put back without city restore") == true)
  // A batch before the next one was confirmed, and is not there.
  try world.shell(one, "UPDATE company SET phone = '2' WHERE id = 'c1'")
  try one.freeze()
  let batches = try one.outbox().flatMap(\.message)
  let refusal = #expect(throws: Refusal.self) {
    try world.master.exchange(one.hello(stale: true).bytes + batches)
  }
  #expect(refusal?.code == .gap && refusal?.en.contains("put back without city restore") == true)
  try world.restore(from: world.backup())
  try await world.giveBack([one, two])
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "put back", actor: "li") }
  try await world.settle()
  #expect(try world.cell("name", of: "c5") == .text("m") && world.cell("phone") == .text("2"))
}

/// The disk seemed dead, and a backup of it was served for a day.
@Test func whoFollowedARestoredCityGivesBackToTheOriginalOnceThatIsRestored() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  let original = world.master
  try world.restore(from: file)
  try await world.giveBack(world.replicas + world.replicas)
  try drill.company("c5", "A", on: one)
  try await world.sync(one)
  world.replaceMaster(original)
  let unlike = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
  #expect(unlike?.message.en.contains("followed another master") == true)
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.kind == .protocolViolation && failure?.message.en.contains("followed another master") == true)
  try world.restore(from: world.backup("again"))
  try await world.giveBack(world.replicas)
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "two files", actor: "li") }
  try await world.settle()
  #expect(try world.cell("name", of: "c5") == .text("n"))
}

/// What had come in at the city that is lost, and waits at the restored one, is among what waits at its machine.
@Test func whatHadComeInIsAmongWhatWaitsAgain() async throws {
  let (drill, _) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.shell(drill.b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.settle()
  let file = try world.backup()
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'X')")
  #expect(try await world.sync(two).received.parked == 1)
  try world.shell("UPDATE company SET code = 'Y' WHERE id = 'b1'")
  for replica in world.replicas { try await world.sync(replica) }
  #expect(try two.parked(waiting: false).map(\.state) == [.entered])
  for replica in world.replicas { try world.shell(replica, "DELETE FROM sync_inbox") }
  try world.restore(from: file)
  try await world.giveBack(world.replicas)
  try world.master.release(reason: "gone", actor: "li")
  try await world.sync(two)
  #expect(try two.parked().map(\.ref.key) == [RowKey([.text("c4")])])
  try await world.settle()
}
