import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// The city's disk is lost. What a backup lacks comes back from the counties: their own batches, and the city's.

@Test func aRestoredCityHasEverythingBack() async throws {
  var drill = try await Drill()
  let world = drill.world
  try drill.company("c1", "A", on: drill.one)
  try drill.company("b1", "B", on: drill.b)
  try await world.settle()
  for round in 1...39 { try await drill.chain(round) }
  let file = try world.backup()
  let end = try world.master.logPoint().arrival
  #expect(end >= 120)
  for round in 40...60 { try await drill.chain(round) }
  try await drill.contest(100)
  // A machine is enrolled, another one withdrawn.
  let late = try await world.join("B", actor: "late")
  drill.late = late
  try drill.company("b2", "B", on: late)
  try await world.sync(late)
  let lost = try await world.join("A", actor: "lost")
  try world.master.withdraw(lost.identity.replica)
  try world.shell("UPDATE company SET grade = 'official' WHERE id = 'b1'")
  try world.master.absorbNow()
  try await drill.contest(200)
  for replica in [drill.one, drill.two, drill.b, late] { try await world.sync(replica) }
  let (log, conflicts, replicas) = try (world.loggedRows(), world.allConflicts(), world.master.replicas().map(\.id))
  #expect(log.count >= 195)

  let info = try world.restore(from: file)
  #expect(info.arrival == end && info.replicas.count == 3)
  #expect(throws: Failure.self) { try world.master.edit(as: "li") { _ in } }
  // In reverse.
  #expect(try await !world.giveBack(late))
  #expect(try await !world.giveBack(drill.b))
  #expect(try await !world.giveBack(drill.two))
  #expect(try await world.giveBack(drill.one))
  let back = try world.loggedRows()
  #expect(back == log)
  #expect(try world.allConflicts() == conflicts)
  #expect(try world.master.replicas().map(\.id) == replicas)
  #expect(try world.master.recovery()?.isRecovering == false)
  try await settle(world, without: lost)
  // Life goes on.
  try await drill.chain(70)
  try await drill.contest(300)
  try await settle(world, without: lost)
}

/// `settle` of a world of which a machine is withdrawn.
private func settle(_ world: World, without lost: Replica) async throws {
  world.forget(lost)
  try await world.settle()
}

/// Nothing says that it ever was.
@Test func whatNobodyHadPulledIsLost() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try await drill.chain(1)
  // An official's edit that nobody pulls.
  try world.shell("UPDATE company SET grade = 'lost' WHERE id = 'c1'")
  try world.master.absorbNow()
  let lost = try world.master.logPoint().arrival
  // This sender's own page tells it of the edit only when it asks again.
  try world.shell(drill.b, "INSERT INTO company (id, office, name) VALUES ('b9', 'B', 'x')")
  try world.restore(from: file)
  for replica in world.replicas { _ = try await world.giveBack(replica) }
  for replica in world.replicas { #expect(try await world.giveBack(replica)) }
  let recovery = try #require(try world.master.recovery())
  #expect(!recovery.isRecovering && lost > recovery.backupEnd && recovery.missing == [] && recovery.losses == [])
  #expect(try world.cell("grade") == .null)
  try await world.settle()
}

/// It has no machines yet.
@Test func aCityThatWaitsForNobodyHasNothingBack() throws {
  let world = try World.small()
  try world.restore(from: world.backup())
  try world.shell("UPDATE office SET name = 'new' WHERE code = 'A'")
  try world.master.absorbNow()
  let recovery = try #require(try world.master.recovery())
  #expect(!recovery.isRecovering && recovery.returned == 0)
}

@Test func anOfficialReleasesWhatIsMissing() async throws {
  let drill = try await Drill()
  let world = drill.world
  try drill.company("c1", "A", on: drill.one)
  try drill.company("b1", "B", on: drill.b)
  try await world.settle()
  let file = try world.backup()
  // Machine two edits and is lost with its disk; machine one edits what it saw of that.
  try world.shell(drill.two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await world.sync(drill.one)
  try world.shell(drill.one, "UPDATE company SET name = 'two, one' WHERE id = 'c1'; UPDATE company SET staff = 5")
  try await world.sync(drill.one)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  #expect(try await !world.giveBack(drill.one))
  #expect(try await !world.giveBack(drill.b))
  var recovery = try #require(try world.master.recovery())
  #expect(recovery.held.count == 2 && recovery.missing.count == 1)
  #expect(recovery.unheard.map(\.id) == [drill.two.identity.replica.description])
  // Nobody works meanwhile.
  #expect(throws: Failure.self) { try world.master.withdraw(drill.two.identity.replica) }
  #expect(throws: (any Error).self) { try world.shell("UPDATE company SET grade = 'no'") }
  try world.master.release(reason: "the machine is lost", actor: "li")
  recovery = try #require(try world.master.recovery())
  #expect(!recovery.isRecovering && recovery.held.isEmpty && recovery.losses.map(\.reason) == ["the machine is lost"])
  #expect(recovery.returned == 2)
  try world.master.withdraw(drill.two.identity.replica)
  world.forget(drill.two)
  // What was built upon the lost value is contested, not lost; what stood alone is there, the official's edit too.
  try await world.settle()
  #expect(try world.cell("staff") == .integer(5) && world.cell("grade") == .text("g"))
  #expect(try world.cell("name") == .text("n"))
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.field) == ["name"] && open.first?.contenders.map(\.value) == [.text("two, one")])
}

/// The duplicate was parked then, for what is lost held its code. It stands now, and it is under review whether a visit is its own
/// (seed 1091 of the simulated town).
@Test func aMergeThatWouldLeaveARowWithoutItsParentIsSetAside() async throws {
  let world = try duplicateTown()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  let three = try await world.join("A", actor: "three")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, code, name) VALUES ('a1', 'A', 'Y', '甲'), ('a4', 'A', 'Z', '丁');
    INSERT INTO visit VALUES ('v1', 'a1', 'seen')
    """)
  try await world.settle()
  let file = try world.backup()
  try world.shell(two, "INSERT INTO company (id, office, code, name) VALUES ('a3', 'A', 'X', '丙')")
  try await world.sync(two)
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, code, name) VALUES ('a2', 'A', 'X', '乙');
    UPDATE visit SET company = 'a2' WHERE id = 'v1'
    """)
  try await world.sync(one)
  try world.shell(three, "UPDATE visit SET company = 'a4' WHERE id = 'v1'")
  try await world.sync(three)
  _ = try world.unite("a2", into: "a1")
  try await world.sync(three)
  try world.restore(from: file)
  for replica in [one, three] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "the machine is lost", actor: "li")
  #expect(try world.master.recovery()?.aside.count == 1)
  try world.master.withdraw(two.identity.replica)
  world.forget(two)
  try await world.settle()
  #expect(try world.master.rows(world.master.record("visit")).first?[1] == .text("a2"))
  #expect(try world.master.conflicts([.open]).map(\.field) == ["company"])
}

/// The city entered a row of a company that is lost with the machine that had entered it (seed 1492 of the simulated town).
@Test func anActThatRefersToWhatIsLostIsSetAside() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try drill.company("c9", "A", on: drill.two)
  try await world.sync(drill.two)
  try world.shell("INSERT INTO figure (company, year, sales) VALUES ('c9', 2019, 7)")
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  for replica in [drill.one, drill.b] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "the machine is lost", actor: "li")
  #expect(try world.master.recovery()?.aside.count == 1)
  try world.master.withdraw(drill.two.identity.replica)
  world.forget(drill.two)
  try await world.settle()
  #expect(try world.master.rows(world.master.record("figure")) == [])
  #expect(try world.master.verify().map(\.en) == [])
}

/// What an official saw is lost: a decision about the whole row would now overwrite a cell that had its value then, or delete the row that
/// was gone then (seed 736 of the simulated town, 10,000 events).
@Test(arguments: [false, true])
func aDecisionAboutARowThatWouldOverwriteMoreThanItDidIsSetAside(isGone: Bool) async throws {
  let drill = try await Drill()
  let world = drill.world
  try drill.company("c1", "A", on: drill.one)
  try await world.settle()
  if isGone {
    try world.shell(drill.one, "UPDATE company SET name = 'mine' WHERE id = 'c1'")
    try world.shell(drill.two, "DELETE FROM company WHERE id = 'c1'")
    for replica in [drill.one, drill.two] { try await world.sync(replica) }
  } else {
    try world.shell(drill.one, "DELETE FROM company WHERE id = 'c1'")
    try world.shell(drill.two, "UPDATE company SET name = 'mine' WHERE id = 'c1'")
    for replica in [drill.one, drill.two] { try await world.sync(replica) }
  }
  let open = try #require(try world.master.conflicts([.open]).first { $0.field == nil })
  let file = try world.backup()
  try world.shell("UPDATE company SET name = 'zz', phone = '9' WHERE id = 'c1'")
  try await world.sync(drill.two)
  // This is lost with its machine.
  try world.shell(
    drill.two, isGone ? "DELETE FROM company WHERE id = 'c1'" : "UPDATE company SET phone = '1' WHERE id = 'c1'")
  try await world.sync(drill.two)
  _ = try world.master.decide(open.id, .take(1), reason: "r", actor: "li")
  for replica in [drill.one, drill.b] { try await world.sync(replica) }
  try world.restore(from: file)
  for replica in [drill.one, drill.b] { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "the machine is lost", actor: "li")
  try world.master.withdraw(drill.two.identity.replica)
  world.forget(drill.two)
  #expect(try world.cell("phone", of: "c1") == .text("9"))
  #expect(try world.master.recovery()?.aside.count == 1)
  #expect(try world.master.verify().map(\.en) == [])
  try await world.settle()
}

/// Nobody else has heard of it, and the city has gone on: the batch that enrolled it has a smaller number than the city's since (seed 28
/// of the simulated town, 10,000 events).
@Test func whoComesWhenEverythingElseIsBackBringsItsOwnEnrolment() async throws {
  let (drill, file, late) = try await Drill.enrolledAfterBackup("B")
  let world = drill.world
  try world.restore(from: file)
  for replica in [drill.one, drill.two, drill.b] { try await world.giveBack([replica]) }
  #expect(try world.master.recovery()?.isRecovering == false)
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  try drill.company("l2", "B", on: late)
  #expect(try await world.giveBack(late))
  try await world.settle()
  for id in ["l1", "l2"] { #expect(try world.cell("name", of: id) == .text("n")) }
  #expect(try world.master.verify().map(\.en) == [])
}

/// Both came after the backup, and both come back too late for their places.
@Test func whoWasWithdrawnSinceItsEnrolmentStaysSo() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let late = try await world.join("B", actor: "late")
  try world.master.withdraw(late.identity.replica)
  world.forget(late)
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  try await world.settle()
  let known = try #require(try world.master.replicas().first { $0.id == late.identity.replica.description })
  #expect(known.isWithdrawn)
  let failure = await #expect(throws: Failure.self) { try await world.sync(late) }
  #expect(failure?.kind == .notAllowed)
}

/// It had entered by itself, and what made room for it is lost (seed 8202 of the simulated town).
@Test func whatWaitsAgainAtARestoredCityIsSetAsideAgain() async throws {
  let (drill, _) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET code = 'X' WHERE id = 'c1'")
  try world.shell(drill.two, "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'X')")
  for _ in 0..<2 { for replica in world.replicas { try await world.sync(replica) } }
  #expect(try drill.two.parked().map(\.state) == [.waiting])
  let file = try world.backup()
  try world.shell("UPDATE company SET code = 'Y' WHERE id = 'c1'")
  for replica in world.replicas { try await world.sync(replica) }
  #expect(try drill.two.parked(waiting: false).map(\.state) == [.entered])
  for replica in world.replicas { try world.shell(replica, "DELETE FROM sync_inbox") }
  try world.restore(from: file)
  try await world.giveBack(world.replicas)
  try world.master.release(reason: "gone", actor: "li")
  for replica in world.replicas { try await world.sync(replica) }
  #expect(try world.master.parked().map(\.ref.key) == [RowKey([.text("c4")])])
  let parked = try #require(try drill.two.parked().first)
  #expect(parked.state == .waiting && parked.ref.key == RowKey([.text("c4")]) && parked.ruledBy == nil)
  try await world.settle()
}

@Test func aMachineThatComesAfterTheReleaseMergesAsLate() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.two, "UPDATE company SET name = 'two', phone = '2' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try world.master.absorbNow()
  try await world.sync(drill.two)
  try world.restore(from: file)
  _ = try await world.giveBack(drill.one)
  _ = try await world.giveBack(drill.b)
  try world.master.release(reason: "away", actor: nil)
  try world.shell(drill.one, "UPDATE company SET name = 'one' WHERE id = 'c1'")
  for replica in [drill.one, drill.b] { try await world.sync(replica) }
  try world.shell(drill.two, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("one") && world.cell("staff") == .integer(9))
  #expect(try world.cell("phone") == .text("2"))
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.field) == ["name"] && open.first?.contenders.map(\.value) == [.text("two")])
  // The official's edit is not applied by itself, and not forgotten.
  #expect(try world.cell("grade") == .null)
  #expect(try world.master.recovery()?.aside.map { $0.acts.map(\.en) } == [["update company c1"]])
}

/// The city has not looked at its file since.
@Test func whatAToolHasEditedComesBeforeWhatIsLate() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  try world.shell("UPDATE company SET name = 'tool' WHERE id = 'c1'")
  try await world.sync(drill.two)
  let open = try #require(try world.master.conflicts([.open]).first)
  #expect(open.field == "name" && open.master == .text("tool") && open.contenders.map(\.value) == [.text("two")])
  try await world.settle()
  #expect(try world.cell("name") == .text("tool"))
}

/// Somebody on the line takes the receipts away that a restored city gives anew, or puts them in once more.
private struct Meddled: LoopbackTransport {
  let master: Master
  let times: Int

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let reply = try SealedEnvelope.split(master.exchange(message))
    guard reply.last?.header.kind == .standing else { return reply.flatMap { $0.bytes } }
    return reply.flatMap { Array(repeatElement($0.bytes, count: $0.header.kind == .receipt ? times : 1).joined()) }
  }
}

@Test(arguments: [0, 2]) func receiptsGivenAnewAreAllOrNone(times: Int) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  world.clock.now += 1000
  let failure = await #expect(throws: Failure.self) {
    try await SyncClient(drill.two, transport: Meddled(master: world.master, times: times)).sync()
  }
  #expect(failure?.kind == .protocolViolation)
  try await world.settle()
  #expect(try world.cell("name") == .text("two"))
}

extension World {
  fileprivate func allConflicts() throws -> [Conflict] {
    try master.conflicts([.open, .proposed, .decided, .rejected])
  }
}

/// What is given back may be so large that it arrives in pieces. The head of the first says whose they are: one of the city's own
/// batches, or one that its sender signed, also under a former id.
@Test func whoGivesBackMaySendItInPieces() async throws {
  let (drill, _) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.one, "UPDATE company SET name = 'one'")
  try await world.sync(drill.one)
  let one = try world.rejoin(drill.one)
  try world.shell("UPDATE company SET grade = 'g'")
  for replica in [one, drill.two] { try await world.sync(replica) }
  let start = ReturnPosition(own: 0, batch: 0)
  let messages = try [one, drill.two].compactMap { try $0.givingBack(after: start)?.messages }
  let heads = try messages.flatMap { try SealedEnvelope.split($0) }.filter { [.own, .batch].contains($0.header.kind) }
  #expect(Set(heads.map(\.header.replica)).count == 3 && Set(heads.map(\.header.kind)).count == 2)
  for message in heads {
    let head = Array(message.bytes.prefix(Header.length))
    let sender = message.header.replica == drill.two.identity.replica ? drill.two : one
    try world.master.checkStaged(head, of: sender.identity.replica)
    #expect(throws: Refusal.self) { try world.master.checkStaged(head, of: drill.b.identity.replica) }
  }
}

/// Of a lost disk the log may be left, and of an interrupted restore, too: SQLite would take either for a part of the file.
@Test func theLogOfALostMasterIsNoPartOfTheRestoredOne() async throws {
  let (drill, backup) = try await Drill.backedUp()
  let world = drill.world
  for number in 2...9 { try drill.company("c\(number)", "A", on: drill.one) }
  try await world.sync(drill.one)
  let path = world.folder.appendingPathComponent("restored.sqlite").path
  for name in [path, path + ".part"] {
    try FileManager.default.copyItem(atPath: world.master.path + "-wal", toPath: name + "-wal")
    try Data([1]).write(to: URL(fileURLWithPath: name + "-journal"))
  }
  var (random, key) = (SystemRandomNumberGenerator(), world.master.key)
  _ = try Master.restore(
    from: backup, into: path, random: &random, readSchema: readSchema, keepKey: { key = $0 })
  let restored = try Master.open(path: path, key: key, readSchema: readSchema)
  #expect(try restored.read { try $0.first("PRAGMA integrity_check") } == [.text("ok")])
  #expect(try restored.rows(restored.record("company")).count == 1)
  #expect(!FileManager.default.fileExists(atPath: path + ".part-wal"))
}
