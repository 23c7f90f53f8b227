import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A city that was restored, and counties that have only sticks.

extension World {
  /// Takes an answer that is not the end: the city asks, or waits.
  fileprivate func expectBusy(
    _ replica: Replica, _ reply: String, _ words: String, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try replica.meta()
    let failure = #expect(throws: Failure.self, sourceLocation: location) { try take(replica, reply) }
    #expect(failure?.kind == .busy, sourceLocation: location)
    #expect(failure?.message.en.contains(words) == true, "\(failure?.message.en ?? "")", sourceLocation: location)
    #expect(
      try replica.meta().epoch == before.epoch && replica.meta().cursor == before.cursor, sourceLocation: location)
  }

  /// A stick that gives back, and the city's answer to it.
  fileprivate func returnStick(_ replica: Replica, _ name: String) throws -> BundleReport {
    #expect(try write(replica, name).givesBack)
    return try answer(name, name + "-answer")
  }

  /// The city reads a stick that was written in ignorance of the restore, and asks.
  fileprivate func ask(_ replica: Replica, _ name: String) throws {
    #expect(try !write(replica, name).givesBack)
    #expect(try answer(name, name + "-answer").isAsked)
    try expectBusy(replica, name + "-answer", "next stick gives back")
  }
}

/// Three counties; what came after the backup is theirs and the city's.
private func lost() async throws -> (Drill, log: [[Value]]) {
  let drill = try await Drill()
  let world = drill.world
  try drill.company("c1", "A", on: drill.one)
  try drill.company("b1", "B", on: drill.b)
  try await world.settle()
  let file = try world.backup()
  for round in 1...3 { try await drill.chain(round) }
  try world.shell("UPDATE company SET grade = 'official' WHERE id = 'c1'")
  for replica in world.replicas { try await world.sync(replica) }
  let log = try world.loggedRows()
  try world.restore(from: file)
  return (drill, log)
}

@Suite struct RestoreOnSticksTests {
  @Test func aRestoredCityHasEverythingBackOnSticksAlone() async throws {
    let (drill, log) = try await lost()
    let world = drill.world
    // Edits that no city has seen.
    try world.shell(drill.one, "UPDATE company SET phone = '110' WHERE id = 'c1'")
    for (replica, name) in [(drill.one, "one"), (drill.two, "two"), (drill.b, "b")] { try world.ask(replica, name) }
    let first = try world.returnStick(drill.b, "b2")
    #expect(first.returned > 0 && first.standing?.isComplete == false && first.standing?.unheard == 2)
    try world.expectBusy(drill.b, "b2-answer", "nothing is lost")
    #expect(try world.returnStick(drill.two, "two2").standing?.unheard == 1)
    try world.expectBusy(drill.two, "two2-answer", "1 other machines")
    let last = try world.returnStick(drill.one, "one2")
    #expect(last.standing == nil && last.snapshot && last.new == 1)
    #expect(try Array(world.loggedRows().prefix(log.count)) == log)
    #expect(try world.take(drill.one, "one2-answer") != nil)
    // The others are answered by the same stick, read again, or by another.
    #expect(try world.answer("two2", "two3-answer").snapshot)
    #expect(try world.take(drill.two, "two3-answer") != nil)
    #expect(try world.returnStick(drill.b, "b3").snapshot)
    #expect(try world.take(drill.b, "b3-answer") != nil)
    for replica in world.replicas { try world.carry(replica) }
    #expect(try world.cell("phone") == .text("110") && world.cell("grade") == .text("official"))
    #expect(try Set(world.replicas.map { try $0.meta().epoch }).count == 1)
    try await world.settle()
  }

  @Test func sticksThatAreLostLateOrReadTwiceHarmNothing() async throws {
    let (drill, log) = try await lost()
    let world = drill.world
    try world.ask(drill.one, "one")
    _ = try world.returnStick(drill.one, "one2")
    _ = try world.returnStick(drill.one, "one3")
    // Read twice, in another order, the answers lost.
    for name in ["one2", "one3", "one2"] { #expect(try world.answer(name, "lost").standing?.unheard == 2) }
    for replica in [drill.two, drill.b] { try await world.giveBack([replica]) }
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    #expect(try world.loggedRows() == log)
    try world.shell(drill.one, "UPDATE company SET phone = '7' WHERE id = 'c1'")
    // An old answer still says that the city waits; one to an old stick is as good as another.
    try world.expectBusy(drill.one, "one2-answer", "nothing is lost")
    #expect(try world.answer("one2", "again").snapshot)
    #expect(try world.take(drill.one, "again") != nil)
    for name in ["again", "lost", "one2-answer", "one-answer"] { #expect(try world.take(drill.one, name) == nil) }
    // What was written before comes late.
    for name in ["one", "one3", "one2"] {
      try world.answer(name, "late")
      _ = try world.take(drill.one, "late")
    }
    try world.carry(drill.one)
    #expect(try world.cell("phone") == .text("7"))
    try await world.settle()
  }

  @Test func networkAndSticksMixWhileGivingBack() async throws {
    let (drill, log) = try await lost()
    let world = drill.world
    try world.ask(drill.one, "one")
    // Asked on a stick, it gives back over the network; another one the other way round.
    #expect(try await !world.giveBack(drill.one))
    #expect(try await !world.giveBack(drill.two))
    try world.write(drill.one, "one2")
    #expect(try world.answer("one2", "one2-answer").standing?.unheard == 1)
    #expect(try await world.giveBack(drill.b))
    #expect(try world.loggedRows() == log)
    #expect(try await world.giveBack(drill.one))
    // Answers to sticks of before do not take it back.
    let cursor = try drill.one.meta().cursor
    #expect(try world.take(drill.one, "one2-answer") == nil)
    try world.answer("one2", "one3-answer")
    _ = try world.take(drill.one, "one3-answer")
    #expect(try drill.one.meta().cursor == cursor)
    #expect(try !world.write(drill.one, "one4").givesBack)
    try await world.settle()
  }

  /// What the lost city says on a stick that is read only after its reader has given back over the network.
  @Test(arguments: [true, false]) func whatIsReadAfterGivingBackComesBackToo(isErased: Bool) async throws {
    let (world, one, two) = try await World.twoOfficers()
    try await world.syncAll()
    let file = try world.backup()
    try world.write(one, "one")
    if isErased { try world.erase() } else { try world.shell("UPDATE person SET mobile = '7' WHERE id = 'p1'") }
    try world.answer("one", "one-answer")
    try world.restore(from: file)
    #expect(try await !world.giveBack(one))
    #expect(try world.take(one, "one-answer") != nil)
    #expect(try await world.giveBack(two))
    // The numbers of the restored city's own are larger than that of what is not back.
    try world.shell("UPDATE person SET note = 'later' WHERE id = 'p1'")
    try world.master.absorbNow()
    try await world.syncAll()
    // An erasure is carried out, however late it comes.
    #expect(try world.master.recovery()?.aside.map(\.changes) == (isErased ? [] : [1]))
    #expect(try world.master.erasures().count == (isErased ? 1 : 0))
    let phone: Value = isErased ? .null : .text("PHONE-one")
    #expect(try world.person("phone") == phone && one.cell("phone") == phone && two.cell("phone") == phone)
    #expect(try world.master.verify().map(\.en) == [])
  }

  /// A machine that is away has what is missing; the one that had read it has more to give back.
  @Test func howFarTheLostLogWentStaysKnownWhileAMachineIsAwaitedAgain() async throws {
    let (world, one, two) = try await World.twoOfficers()
    try await world.syncAll()
    let file = try world.backup()
    try world.shell(two, "UPDATE person SET note = 'two' WHERE id = 'p1'")
    try await world.sync(two)
    try await world.sync(one)
    try world.write(one, "one")
    try world.shell("UPDATE person SET mobile = '7' WHERE id = 'p1'")
    try world.answer("one", "one-answer")
    let end = try world.restore(from: file).arrival
    #expect(try await !world.giveBack(one))
    #expect(try world.master.recovery()?.missing == [end + 1...end + 1])
    #expect(try world.take(one, "one-answer") != nil)
    try world.ask(one, "plain")
    let recovery = try #require(try world.master.recovery())
    #expect(recovery.unheard.count == 2 && recovery.missing == [end + 1...end + 2])
    try world.master.release(reason: "away", actor: "li")
    #expect(try world.master.recovery()?.losses.map(\.arrival) == [end + 2])
    try await world.sync(two)
    #expect(try world.person("note") == .text("two"))
  }

  @Test func theSecondRestoreIsNotTakenBackByAnswersOfTheFirst() async throws {
    let (drill, _) = try await lost()
    let world = drill.world
    try world.ask(drill.one, "one")
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    #expect(try world.returnStick(drill.one, "one2").snapshot)
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    let file = try world.backup("second")
    try world.shell(drill.two, "UPDATE company SET phone = '8' WHERE id = 'c1'")
    try await world.sync(drill.two)
    try world.restore(from: file)
    // It knows nothing of the first restore yet; the second city takes the same stick, and asks for what came after it.
    #expect(try world.answer("one2", "second-asks").isAsked)
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    #expect(try world.master.recovery()?.unheard.map(\.id) == [drill.one.identity.replica.description])
    try world.expectBusy(drill.one, "second-asks", "next stick gives back")
    #expect(try world.returnStick(drill.one, "third").snapshot)
    #expect(try world.take(drill.one, "third-answer") != nil)
    let epoch = try drill.one.meta().epoch
    // The first one's word comes late.
    #expect(throws: Failure.self) { try world.take(drill.one, "one2-answer") }
    #expect(throws: Failure.self) { try world.take(drill.one, "one-answer") }
    #expect(try drill.one.meta().epoch == epoch)
    // Asked in vain, it gives back in vain, once.
    #expect(try world.write(drill.one, "vain").givesBack)
    #expect(try world.answer("vain", "vain-answer").standing == nil)
    try world.shell("UPDATE office SET name = 'news' WHERE code = 'A'")
    try world.answer("vain", "vain-answer")
    #expect(try world.take(drill.one, "vain-answer") != nil)
    #expect(try !world.write(drill.one, "plain").givesBack)
    try await world.settle()
  }

  /// A machine that gave back to a city that was restored before this one has got more since (seed 36 with 10,000 events).
  @Test func whatWasWrittenForAnEarlierRestoreIsNotAll() async throws {
    let (drill, _) = try await lost()
    let world = drill.world
    try world.ask(drill.one, "one")
    _ = try world.returnStick(drill.one, "one2")
    for replica in [drill.two, drill.b, drill.one] { _ = try await world.giveBack(replica) }
    for replica in world.replicas { try await world.sync(replica) }
    let file = try world.backup("second")
    try world.shell(drill.one, "UPDATE company SET name = 'later' WHERE id = 'c1'")
    try world.shell("UPDATE company SET grade = 'later' WHERE id = 'c1'")
    try await world.sync(drill.one)
    let log = try world.loggedRows()
    try world.restore(from: file)
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    #expect(try world.answer("one2", "one2-answer").isAsked)
    #expect(try world.master.recovery()?.isRecovering == true)
    try world.expectBusy(drill.one, "one2-answer", "next stick gives back")
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    #expect(try Array(world.loggedRows().prefix(log.count)) == log)
    try await world.settle()
    #expect(try world.cell("name") == .text("later") && world.cell("grade") == .text("later"))
  }

  /// What a machine has read after it wrote the stick is not in the stick.
  @Test func aStickThatGaveBackLessIsWrittenAnew() async throws {
    let (drill, file) = try await Drill.backedUp()
    let world = drill.world
    // Of its own accord, while nothing is wrong.
    try world.shell(drill.one, "UPDATE company SET name = 'early' WHERE id = 'c1'")
    _ = try BundleExchange(drill.one).write(world.stick("early"), givingBack: true)
    try world.shell(drill.one, "UPDATE company SET name = 'later' WHERE id = 'c1'")
    try world.carry(drill.one)
    try world.restore(from: file)
    for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
    let early = try world.answer("early", "early-answer")
    #expect(early.returned > 0 && early.isAsked)
    try world.expectBusy(drill.one, "early-answer", "next stick gives back")
    #expect(try world.returnStick(drill.one, "next").snapshot)
    #expect(try world.take(drill.one, "next-answer") != nil)
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    try await world.settle()
    #expect(try world.cell("name") == .text("later"))
  }

  /// The backup, restored a third time, does not know of the first restore, and no hello names it (seed 142 of the simulated town,
  /// 10,000 events).
  @Test func aBatchOfARestoreBetweenIsTaken() async throws {
    let (drill, file) = try await Drill.backedUp()
    let world = drill.world
    try world.restore(from: file)
    try await world.giveBack([drill.one, drill.two, drill.b, drill.one, drill.two, drill.b])
    try world.restore(from: file)
    try await world.giveBack([drill.two, drill.b])
    try world.ask(drill.one, "one")
    #expect(try world.returnStick(drill.one, "one2").snapshot)
    try await world.giveBack([drill.two, drill.b])
    try world.shell(drill.one, "UPDATE company SET name = 'between' WHERE id = 'c1'")
    #expect(try drill.one.freeze().isEmpty)
    try world.take(drill.one, "one2-answer")
    try world.restore(from: file)
    try await world.giveBack([drill.one, drill.two, drill.b, drill.one])
    try await world.settle()
    #expect(try world.cell("name") == .text("between"))
  }

  @Test func aMachineThatTheBackupDoesNotKnowSaysWhoItIs() async throws {
    let (drill, file, late) = try await Drill.enrolledAfterBackup("A")
    let world = drill.world
    for replica in world.replicas { try await world.sync(replica) }
    try world.restore(from: file)
    try world.write(late, "late")
    let failure = #expect(throws: Failure.self) { try world.answer("late", "late-answer") }
    #expect(failure?.message.en.contains("--give-back") == true)
    world.clock.now += 1000
    #expect(try BundleExchange(late).write(world.stick("late2"), givingBack: true).givesBack)
    #expect(try world.answer("late2", "late2-answer").isAsked)
    try world.expectBusy(late, "late2-answer", "nothing is lost")
    #expect(try world.returnStick(late, "late3").standing?.unheard == 3)
    try world.expectBusy(late, "late3-answer", "nothing is lost")
    for replica in world.replicas where replica !== late { _ = try await world.giveBack(replica) }
    #expect(try world.answer("late3", "late3-answer").snapshot)
    #expect(try world.take(late, "late3-answer") != nil)
    try await world.settle()
    #expect(try world.cell("name", of: "l1") == .text("n"))
  }

  @Test func whatComesOnAStickAfterTheReleaseMergesAsLate() async throws {
    let (drill, _) = try await lost()
    let world = drill.world
    for replica in [drill.one, drill.b] { _ = try await world.giveBack(replica) }
    try world.master.release(reason: "away", actor: nil)
    for replica in [drill.one, drill.b] { try await world.sync(replica) }
    try world.shell(drill.two, "UPDATE company SET staff = 9 WHERE id = 'c1'")
    try world.ask(drill.two, "two")
    #expect(try world.returnStick(drill.two, "two2").snapshot)
    #expect(try world.take(drill.two, "two2-answer") != nil)
    try await world.settle()
    #expect(try world.cell("staff") == .integer(9))
    #expect(try world.master.verify().map(\.en) == [])
  }

  @Test func whatComesBackOnAStickIsVerified() async throws {
    let (drill, _) = try await lost()
    let world = drill.world
    try world.ask(drill.one, "one")
    try world.write(drill.one, "up")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: world.stick("up")))
    bytes[bytes.count - 30] ^= 1
    try bytes.write(to: URL(fileURLWithPath: world.stick("torn")))
    #expect(throws: Failure.self) { try world.answer("torn", "x") }
    #expect(try world.master.recovery()?.held.count == 0 && world.master.recovery()?.unheard.count == 3)
    // A hello of a stick is none of the network's, and the other way round.
    let hello = try drill.one.returningHello(more: false, carried: true)
    #expect(throws: Refusal.self) { try world.master.exchange(hello.bytes) }
    world.master.pageLimit = PageLimit(rows: 3)
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    try await world.settle()
  }
}

@Suite struct GivenBackTwiceTests {
  /// A batch that the backup has and whose receipt never arrived.
  @Test func aReceiptOfBeforeTheRestoreIsHeardAfterIt() async throws {
    let drill = try await Drill()
    let world = drill.world
    for replica in [drill.one, drill.two] {
      try drill.company(replica === drill.one ? "c1" : "c2", "A", on: replica)
      try replica.freeze()
      try world.sendInVain(replica)
    }
    let file = try world.backup()
    try world.restore(from: file)
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    #expect(try await world.giveBack(drill.one))
    try world.ask(drill.two, "two")
    #expect(try world.returnStick(drill.two, "two2").snapshot)
    #expect(try world.take(drill.two, "two2-answer") != nil)
    try await world.settle()
    #expect(try drill.one.status().inFlight == 0 && world.cell("name", of: "c2") == .text("n"))
  }

  /// Batches of a file that has rejoined were signed by its former key.
  @Test(arguments: [false, true]) func aFileThatHasRejoinedGivesBackWhatItSentBefore(afterBackup: Bool) async throws {
    let drill = try await Drill()
    let world = drill.world
    try drill.company("c0", "A", on: drill.one)
    try await world.settle()
    let file = try world.backup()
    try drill.company("c1", "A", on: drill.one)
    try await world.sync(drill.one)
    let renewed = try world.rejoin(drill.one)
    world.clock.now += 1000
    try await world.sync(renewed)
    try drill.company("c2", "A", on: renewed)
    for replica in world.replicas + world.replicas { try await world.sync(replica) }
    let log = try world.loggedRows()
    try world.restore(from: afterBackup ? file : try world.backup("later"))
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    for replica in world.replicas { _ = try await world.giveBack(replica) }
    #expect(try Array(world.loggedRows().prefix(log.count)) == log)
    // Its former id is another machine, as far as the city knows.
    if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "gone", actor: "li") }
    try await world.settle()
    #expect(try world.cell("name", of: "c1") == .text("n") && world.cell("name", of: "c2") == .text("n"))
  }
}
