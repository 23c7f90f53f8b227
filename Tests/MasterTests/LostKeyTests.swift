import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A machine whose key file is lost: a code of the city stands in for it, and all its edits stay.

extension World {
  /// The file of a replica as somebody opens it who has no key to it.
  func withoutKey(_ replica: Replica) throws -> Replica {
    let (clock, schema) = (clock, master.schema)
    return try Replica.open(
      path: replica.path, successor: SigningKey(), clock: { clock.now }, readSchema: { _ in schema })
  }

  fileprivate func code(_ org: String) throws -> EnrolmentCode { try master.enrol(org: org).code }

  fileprivate func parked() throws -> [MasterParkedRow] { try master.parked() }

  /// Enrols nobody else by a code.
  fileprivate func expectUsed(_ code: EnrolmentCode, _ location: SourceLocation = #_sourceLocation) throws {
    let (key, master) = (SigningKey(), master)
    let request = try EnrolRequest(code, replica: key.publicKey.identifier, key: key)
    let message = try request.message(signedBy: key, milliseconds: clock.now).bytes
    let refusal = #expect(throws: Refusal.self, sourceLocation: location) { try master.welcome(message) }
    #expect(refusal?.code == .badCode, sourceLocation: location)
  }
}

/// What the city answers to the former id does not say that it knows the new one (seed 2000281 of the simulated town).
@Test func anAnswerToAFormerIdIsNotTaken() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 15 WHERE id = 'c1'")
  world.clock.now += 1000
  let way = Preceded(world.master) { if $0 == 1 { _ = try world.rejoin(one) } }
  let failure = await #expect(throws: Failure.self) { try await SyncClient(one, transport: way).sync() }
  #expect(failure?.kind == .busy)
  let renewed = try #require(world.replicas.last)
  #expect(try !renewed.enrolment().isEmpty)
  try await world.settle()
  #expect(try world.cell("total") == .integer(15) && renewed.enrolment().isEmpty && world.master.verify().isEmpty)
}

@Test func aSnapshotForAFormerIdIsNotTaken() async throws {
  let (world, _) = try await World.counted()
  let two = try await world.enrol("A", actor: "two")
  let way = Fetched(world.master) { _ = try world.rejoin(two) }
  let failure = await #expect(throws: Failure.self) { try await SyncClient(two, transport: way).sync() }
  #expect(failure?.kind == .busy)
  let renewed = try #require(world.replicas.last)
  #expect(try renewed.meta().lastSync == nil && !renewed.enrolment().isEmpty)
  try await world.settle()
}

@Test func aProgramThatStillHasTheFormerKeyChangesNothing() async throws {
  let (world, one) = try await World.counted()
  let code = try world.code("A")
  let renewed = try world.rejoin(one)
  func expectBusy(_ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    let failure = #expect(throws: Failure.self, sourceLocation: location) { try body() }
    #expect(failure?.kind == .busy, sourceLocation: location)
  }
  expectBusy { try one.sendAgain(after: 0) }
  expectBusy { try one.fillGap(isRestored: true) }
  expectBusy { _ = try one.probe(Probe()) }
  expectBusy { try one.keepEnrolment(code) }
  #expect(try renewed.status().inFlight == 0)
  try await world.settle()
}

@Test func whoHasLostItsKeyGoesOnWithACode() async throws {
  let (world, one) = try await World.counted()
  // One batch came and its answer did not; one is parked; one is frozen; something is pending.
  try world.shell(one, "INSERT INTO company VALUES ('c2', 'B', NULL, '乙', 1)")
  try await world.sync(one)
  try world.shell(one, "UPDATE company SET total = 15 WHERE id = 'c1'")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell(one, "UPDATE company SET total = 18 WHERE id = 'c1'")
  try one.freeze()
  try world.shell(one, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  world.lose(one)
  #expect(throws: Failure.self) { try world.withoutKey(one).rejoin(as: SigningKey()) }
  // A code of another unit changes nothing at the city, and the right one still follows upon the id that the city knows.
  let wrong = try world.rejoin(world.withoutKey(one), code: world.code("B"))
  let failure = await #expect(throws: Failure.self) { try await world.sync(wrong) }
  #expect(failure?.kind == .notAllowed)
  #expect(try world.master.replicas().count == 1)
  let code = try world.code("A")
  let renewed = try world.rejoin(wrong, code: code)
  #expect(try renewed.lastConfirmed() == one.identity.replica)
  try await world.settle()
  #expect(try world.cell("total") == .integer(18) && world.cell("name") == .text("丙"))
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty && world.master.verify().isEmpty)
  #expect(try renewed.verify().isEmpty && renewed.lastConfirmed() == renewed.identity.replica)
  let info = try #require(try world.master.replicas().first { $0.id == renewed.identity.replica.description })
  #expect(info.formerly == [one.identity.replica.description] && info.org == "A")
  // What waits is still its own.
  let parked = try #require(try renewed.parked().first)
  #expect(try world.parked().count == 1 && parked.ref.record == "company")
  try renewed.withdraw(parked.id, reason: "r", actor: "one")
  try await world.settle()
  #expect(try world.parked().isEmpty)
  // The code is used up.
  let again = try world.rejoin(world.withoutKey(renewed), code: code)
  await #expect(throws: Failure.self) { try await world.sync(again) }
}

/// The stick with the first code came too late: with the second one the machine is still whom it was.
@Test(arguments: [false, true]) func aSecondCodeOnAStickKeepsWhomTheMachineWas(isTrimmed: Bool) async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 13 WHERE id = 'c1'")
  try world.carry(one)
  if isTrimmed {
    try world.noteBackup()
    try await world.sync(one)
    #expect(try one.trimmedBatches() == 2)
  }
  world.lose(one)
  let renewed = try world.rejoin(world.withoutKey(one), code: world.code("A"))
  try world.shell(renewed, "UPDATE company SET total = 15 WHERE id = 'c1'")
  world.clock.now += Master.codeLifetime + 1
  try world.write(renewed, "late")
  let failure = #expect(throws: Failure.self) { try world.answer("late", "refused") }
  #expect(failure?.kind == .notAllowed)
  try renewed.keepEnrolment(world.code("A"))
  #expect(try world.carry(renewed) != nil)
  #expect(try world.cell("total") == .integer(15))
  let info = try #require(try world.master.replicas().first { $0.id == renewed.identity.replica.description })
  #expect(info.formerly == [one.identity.replica.description])
  try await world.settle()
}

/// Nobody has answered the stick with which it began, and it has had another id since: what the city has read counts once.
@Test func whoBeganOnAStickStaysWhomItWas() async throws {
  let (world, _) = try await World.counted()
  let code = try world.code("A")
  _ = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
  let new = try world.start(from: "first", code: code)
  try world.shell(new, "UPDATE company SET total = 15 WHERE id = 'c1'")
  try world.write(new, "up")
  try world.answer("up", "lost")
  let between = try world.rejoin(new)
  world.lose(between)
  let renewed = try world.rejoin(world.withoutKey(between), code: world.code("A"))
  #expect(try renewed.lastConfirmed() == new.identity.replica)
  try await world.settle()
  #expect(try world.cell("total") == .integer(15))
  let info = try #require(try world.master.replicas().first { $0.id == renewed.identity.replica.description })
  #expect(info.formerly == [new.identity.replica.description])
}

/// A file of an earlier version does not say whose key it has, until it is opened with that once.
@Test func theKeyOfAFileOfAnEarlierVersionMayBeLost() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 15 WHERE id = 'c1'")
  try world.shell(one, "DELETE FROM sync_meta WHERE name = 'public_key'")
  _ = try world.opened(one.path)
  world.lose(one)
  _ = try world.rejoin(world.withoutKey(one), code: world.code("A"))
  try await world.settle()
  #expect(try world.cell("total") == .integer(15))
}

/// The city has read the first stick by the time it reads the second: the code of that one is used up as well.
@Test func aSecondCodeOfAMachineThatTheCityKnowsIsUsedUp() async throws {
  let (world, one) = try await World.counted()
  world.lose(one)
  let renewed = try world.rejoin(world.withoutKey(one), code: world.code("A"))
  try world.write(renewed, "first")
  try world.answer("first", "lost")
  let second = try world.code("A")
  try renewed.keepEnrolment(second)
  #expect(try world.carry(renewed) != nil)
  try world.expectUsed(second)
  #expect(try world.master.replicas().count == 2)
  try await world.settle()
}

/// The former key's word would do. A code that is no good any more hinders nobody.
@Test func aCodeBesideTheFormerKeysWordIsUsedUp() async throws {
  let (world, one) = try await World.counted()
  let code = try world.code("A")
  var renewed = try world.rejoin(one, code: code)
  try await world.settle()
  try world.expectUsed(code)
  renewed = try world.rejoin(renewed, code: code)
  try await world.settle()
  #expect(try world.master.replicas().count == 3 && renewed.enrolment().isEmpty)
}

/// A code beside the former key's word would be for the id before, of which the city may know nothing.
@Test func whoseFormerKeyVouchesIsToldToRejoinWithTheCode() async throws {
  let (world, one) = try await World.counted()
  let renewed = try world.rejoin(one)
  let waiting = try renewed.enrolment()
  let failure = #expect(throws: Failure.self) { try renewed.keepEnrolment(world.code("A")) }
  #expect(failure?.kind == .usage)
  #expect(failure?.message.en.contains("county rejoin --code") == true)
  #expect(failure?.message.zh.contains("county rejoin --code") == true)
  #expect(try renewed.enrolment() == waiting)
  try await world.settle()
}

@Test func aCodeBringsBackNoWithdrawnMachineWhoseKeyIsLost() async throws {
  let (world, one) = try await World.counted()
  try world.master.withdraw(one.identity.replica)
  let renewed = try world.rejoin(world.withoutKey(one), code: world.code("A"))
  let failure = await #expect(throws: Failure.self) { try await world.sync(renewed) }
  #expect(failure?.kind == .notAllowed)
  #expect(try world.master.replicas().count == 1)
}

/// Seed 1000426 of the simulator, with 3,000 events: the batches of before come once more, and of an erased value nobody has the secret.
@Test(arguments: [true, false], [true, false])
func whatWasErasedIsNoHindrance(isKnown: Bool, isKeyLost: Bool) async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1', note = 'kept' WHERE id = 'p1'")
  try await world.sync(one)
  try world.erase("p1", ["phone"])
  if isKnown { try await world.sync(one) }
  try world.shell(one, "UPDATE person SET note = 'later' WHERE id = 'p1'")
  world.lose(one)
  let renewed = try world.rejoin(isKeyLost ? world.withoutKey(one) : one, code: world.code("A"))
  try await world.sync(renewed)
  try await world.settle()
  #expect(try world.person("note") == .text("later"))
  #expect(try world.files(with: "PHONE-1") == [])
  #expect(try world.master.verify().isEmpty)
}

/// Seed 1000143 of the simulator, with 1,000 events: what the city had said of a row once was heard again, and took the row of now away.
@Test(arguments: [true, false]) func whatTheCityHasConfirmedIsNotHeardAgain(isKeyLost: Bool) async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "INSERT INTO company VALUES ('c2', 'B', NULL, '乙', 1)")
  try await world.sync(one)
  #expect(try one.parked().count == 1)
  try world.shell(one, "INSERT INTO company VALUES ('c2', 'A', NULL, '丙', 2)")
  try await world.sync(one)
  world.lose(one)
  // Somebody may take a code though the key is there and the city knows the machine.
  var renewed = try world.rejoin(isKeyLost ? world.withoutKey(one) : one, code: world.code("A"))
  if !isKeyLost { renewed = try world.rejoin(renewed, code: world.code("A")) }
  try world.shell(renewed, "UPDATE company SET name = '丁' WHERE id = 'c2'")
  try await world.settle()
  #expect(try renewed.rows(renewed.record("company")).count == 2)
  #expect(try world.master.rows(world.master.record("company")).contains { $0.contains(.text("丁")) })
}

/// Nor is it by a city that was restored since and lacks none of it.
@Test func whatTheCityHasConfirmedIsNotHeardAgainThoughItWasRestored() async throws {
  let (world, one) = try await World.counted()
  let b = try await world.join("B", actor: "b")
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', 'X', '乙', 1)")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'X', total = 15 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try one.parked().count == 1)
  try world.shell(one, "UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.cell("total") == .integer(15))
  try await world.sync(b)
  try world.restore(from: world.backup())
  _ = try await world.giveBack(b)
  try world.master.release(reason: "away", actor: "li")
  world.lose(one)
  let renewed = try world.rejoin(world.withoutKey(one), code: world.code("A"))
  try world.shell(renewed, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  // Nor is it told as news, or counted.
  let received = try await world.sync(renewed).received
  #expect(received.parked == 0 && received.news.isEmpty)
  try await world.settle()
  #expect(try world.cell("total") == .integer(15) && world.cell("name") == .text("丙"))
}
