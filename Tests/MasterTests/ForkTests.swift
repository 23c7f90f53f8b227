import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A file that was copied is found out when it speaks, and goes on under an id of its own with all its edits.

/// Companies with a sum: what is taken twice shows.
let countedYAML = """
  schema: counted
  version: 1
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    company:
      key: id
      scope: {field: office}
      decides: owner
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        name: {type: text}
        total: {type: integer, policy: sum}
  """

extension World {
  /// A machine of office A with the company c1, total 10.
  static func counted() async throws -> (World, Replica) {
    let world = try World(schema: countedYAML, seed: [("office", ["A", "B"].map { [.text($0), .null] })])
    let one = try await world.join("A", actor: "one")
    try world.shell(one, "INSERT INTO company VALUES ('c1', 'A', NULL, '甲', 10)")
    try await world.sync(one)
    return (world, one)
  }
}

private func expectFork(_ world: World, _ replica: Replica) async throws {
  let before = try replica.status().cursor
  let failure = await #expect(throws: Failure.self) { try await world.sync(replica) }
  #expect(failure?.kind == .protocolViolation)
  #expect(failure?.message.en.contains("county rejoin") == true)
  #expect(failure?.message.zh.contains("county rejoin") == true)
  #expect(try replica.status().cursor == before)
}

@Test func anOldCopyIsFoundOutBeforeItMissesItsOwnRows() async throws {
  let (world, one) = try await World.counted()
  let copy = try world.copy(of: one)
  try world.shell(one, "INSERT INTO company VALUES ('c2', 'A', NULL, '乙', 1); UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await expectFork(world, copy)
  world.lose(one)
  let renewed = try world.rejoin(copy)
  // Rows that the lost disk had sent come back, though they were never echoed to their sender.
  try await world.settle()
  #expect(try renewed.rows(renewed.record("company")).count == 2)
  #expect(try world.master.conflicts(Conflict.State.allCases) == [])
}

@Test func anOldCopyKeepsItsEdits() async throws {
  let (world, one) = try await World.counted()
  let copy = try world.copy(of: one)
  try world.shell(one, "UPDATE company SET name = '丙', total = 15")
  try await world.sync(one)
  world.lose(one)
  try world.shell(
    copy, "UPDATE company SET name = '丁', total = 11; INSERT INTO company VALUES ('c3', 'A', NULL, '新', 0)")
  try await expectFork(world, copy)
  try await expectFork(world, copy)
  let renewed = try world.rejoin(copy)
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  #expect(try world.cell("total") == .integer(16))
  #expect(try world.cell("name", of: "c3") == .text("新"))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.contenders.map(\.value) == [.text("丁")])
  #expect(conflict.contenders.map(\.replica) == [renewed.identity.replica.description])
}

@Test func whichOfTwoClonesComesSecondIsFoundOut() async throws {
  let (world, one) = try await World.counted()
  var clone = try world.copy(of: one)
  // Neither has edited: both may read.
  try await world.sync(clone)
  try await world.sync(one)
  try world.shell(clone, "UPDATE company SET total = 12")
  try world.shell(one, "UPDATE company SET total = 13")
  try await world.sync(clone)
  try await expectFork(world, one)
  try world.shell(one, "UPDATE company SET name = '乙'")
  try await expectFork(world, one)
  // The one that was found out goes on under another id, the other as it was.
  let renewed = try world.rejoin(one)
  world.add(clone)
  try await world.settle()
  #expect(try world.cell("total") == .integer(15))
  #expect(try world.cell("name") == .text("乙"))
  try world.shell(clone, "UPDATE company SET name = '丙'")
  try world.shell(renewed, "UPDATE company SET total = 20")
  try await world.settle()
  #expect(try world.cell("total") == .integer(20))
  // The other may do so as well.
  clone = try world.rejoin(clone)
  try world.shell(clone, "UPDATE company SET total = 21")
  try await world.settle()
  #expect(try world.cell("total") == .integer(21))
  #expect(try world.master.conflicts([.open]).isEmpty)
}

@Test func aBatchOnItsWayCountsOnceThoughItsSenderHasAnotherId() async throws {
  let (world, one) = try await World.counted()
  try world.shell(
    one, "UPDATE company SET total = 15, name = '乙'; INSERT INTO company VALUES ('c2', 'A', NULL, '丁', 7)")
  try one.freeze()
  try world.shell(one, "UPDATE company SET total = 17")
  try one.freeze()
  try world.sendInVain(one)
  #expect(try world.cell("total") == .integer(17))
  try world.shell(one, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  let renewed = try world.rejoin(one)
  let summary = try await world.sync(renewed)
  #expect(summary.received.conflicts == 0)
  try await world.settle()
  #expect(try world.cell("total") == .integer(17))
  #expect(try world.cell("name") == .text("丙"))
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

/// Each of the files has the batch, and each goes on under an id of its own, or as it was.
@Test(arguments: [[true, true], [true, false], [false, true]])
func aBatchThatSeveralFilesHaveCountsOnce(renewed: [Bool]) async throws {
  let (world, one) = try await World.counted()
  // What was sent before is no repetition: it has replaced a value of the city's.
  try world.shell("UPDATE company SET name = '丙'")
  try await world.sync(one)
  try world.shell(one, "UPDATE company SET name = '乙'")
  try await world.sync(one)
  try world.shell(one, "UPDATE company SET total = 15")
  try one.freeze()
  let copies = [one, try world.copy(of: one)]
  for (copy, isRenewed) in zip(copies, renewed) {
    let file = isRenewed ? try world.rejoin(copy) : copy
    try await world.sync(file)
    #expect(try world.cell("total") == .integer(15))
    try world.shell(file, "UPDATE company SET total = total")
  }
  try await world.settle()
  #expect(try world.cell("total") == .integer(15))
  #expect(try world.master.verify().map(\.en) == [])
  // Nobody has had the other one's id.
  #expect(try world.master.replicas().allSatisfy { $0.formerly.count <= 1 })
}

/// Of two batches the one file brings the first before the other does, and the other one the second.
@Test func batchesThatTwoFilesBringByTurnsAreAccountedForOnce() async throws {
  let (world, one) = try await World.counted()
  try world.shell("UPDATE company SET name = '丙'")
  try await world.sync(one)
  try world.shell(one, "UPDATE company SET name = '乙'")
  try one.freeze()
  try world.shell(one, "UPDATE company SET total = 15")
  try one.freeze()
  let copy = try world.copy(of: one)
  let renewed = try world.rejoin(one)
  // The line is cut after the first batch.
  let first = try #require(try renewed.unacknowledged().first)
  world.clock.now += 1000
  _ = try world.master.exchange(renewed.enrolment() + renewed.hello().bytes + first)
  world.add(copy)
  for file in [copy, renewed] { try await world.sync(file) }
  #expect(try world.cell("name") == .text("乙") && world.cell("total") == .integer(15))
  #expect(try world.master.verify().map(\.en) == [])
  try await world.settle()
}

@Test func aStickWithWhatCameUnderAFormerIdBringsNothingNew() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 15")
  try world.write(one, "up")
  #expect(try world.answer("up", "lost").new == 1)
  let renewed = try world.rejoin(one)
  try world.write(renewed, "again")
  let report = try world.answer("again", "down")
  #expect(report.batches == 1 && report.new == 0 && report.outcomes.isEmpty)
  try world.take(renewed, "down")
  try await world.settle()
  #expect(try world.cell("total") == .integer(15))
}

@Test func aBatchThatNeverArrivedComesUnderTheNewId() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 15")
  try one.freeze()
  try world.shell(one, "UPDATE company SET total = 16")
  let renewed = try world.rejoin(one)
  try await world.settle()
  #expect(try world.cell("total") == .integer(16))
  #expect(try renewed.meta().last == 3)
}

@Test func anotherBatchOfTheSameNumberIsAnother() async throws {
  let (world, one) = try await World.counted()
  let copy = try world.copy(of: one)
  try world.shell(one, "UPDATE company SET total = 15")
  try await world.sync(one)
  // The same edit, made at another time.
  try world.shell(copy, "UPDATE company SET name = '丙'; UPDATE company SET name = '甲', total = 15")
  try copy.freeze()
  world.lose(one)
  _ = try world.rejoin(copy)
  try await world.settle()
  #expect(try world.cell("total") == .integer(20))
}

@Test func rejoiningNeedsNoNetworkAndMayBeDoneTwice() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET total = 15")
  try one.freeze()
  try world.sendInVain(one)
  var renewed = try world.rejoin(one)
  try world.shell(renewed, "UPDATE company SET total = 18")
  try renewed.freeze()
  renewed = try world.rejoin(renewed)
  #expect(try !renewed.enrolment().isEmpty)
  // Opened anew, it is who it was.
  renewed = try world.opened(renewed.path)
  try await world.sync(renewed)
  #expect(try renewed.enrolment().isEmpty)
  world.lose(world.replicas[0])
  world.add(renewed)
  try await world.settle()
  #expect(try world.cell("total") == .integer(18))
  let info = try #require(try world.master.replicas().first { $0.id == renewed.identity.replica.description })
  #expect(info.formerly.contains(one.identity.replica.description) && info.formerly.count == 2)
}

@Test func copiesOfAFileThatHasRejoinedRejoinToo() async throws {
  let (world, one) = try await World.counted()
  let first = try world.rejoin(one)
  var second = try world.copy(of: first)
  try world.shell(first, "UPDATE company SET total = 15")
  try world.shell(second, "UPDATE company SET total = 20")
  try await world.sync(first)
  try await expectFork(world, second)
  second = try world.rejoin(second)
  try await world.settle()
  #expect(try world.cell("total") == .integer(25))
}

@Test func aWithdrawnMachineDoesNotRejoin() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.master.withdraw(one.identity.replica)
  let renewed = try world.rejoin(one)
  let failure = await #expect(throws: Failure.self) { try await world.sync(renewed) }
  #expect(failure?.kind == .notAllowed)
  #expect(try renewed.rows(renewed.record("company")).map { $0[3] } == [.text("乙")])
  #expect(try world.master.replicas().count == 1)
  #expect(try world.cell("name") == .text("甲"))
}

@Test func aFormerIdMayBeWithdrawn() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET name = '乙'")
  let renewed = try world.rejoin(one)
  try await world.sync(renewed)
  try world.master.withdraw(one.identity.replica)
  try world.shell(renewed, "UPDATE company SET name = '丙'")
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
}

@Test func aProgramThatStillHasTheFormerKeySignsNothing() async throws {
  let (world, one) = try await World.counted()
  try world.shell(one, "UPDATE company SET name = '乙'")
  let renewed = try one.rejoin(as: SigningKey())
  #expect { try one.freeze() } throws: { ($0 as? Failure)?.kind == .busy }
  #expect { try one.hello() } throws: { ($0 as? Failure)?.kind == .busy }
  #expect { try one.rejoin(as: SigningKey()) } throws: { ($0 as? Failure)?.kind == .busy }
  try renewed.freeze()
  // The former key does not open the file any more.
  #expect { try world.opened(one.path) } throws: { ($0 as? Failure)?.kind == .configuration }
}

@Test func onlyTheFormerKeyVouches() async throws {
  let (world, one) = try await World.counted()
  let (key, stranger) = (SigningKey(), SigningKey())
  func enrol(_ change: (inout EnrolRequest) throws -> Void) throws -> Refusal.Code? {
    let former = try #require(world.key(of: one))
    var request = try EnrolRequest(key, after: former, kept: 1)
    try change(&request)
    let header = Header(
      kind: .enrol, replica: key.publicKey.identifier, epoch: .city, number: 0, cursor: 0,
      stamp: Stamp(milliseconds: world.clock.now), schema: Array(repeating: 0, count: 32))
    let message = try Envelope(header, body: [UInt8](JSONEncoder().encode(request)), key: key)
    do { _ = try world.master.welcome(message.bytes) } catch let refusal as Refusal { return refusal.code }
    return nil
  }
  #expect(try enrol { $0.voucher = try EnrolRequest(key, after: stranger, kept: 1).voucher } == .tampered)
  #expect(try enrol { $0 = try EnrolRequest(key, after: stranger, kept: 1) } == .unknownReplica)
  #expect(try enrol { $0.kept = 0 } == .tampered)
  #expect(try enrol { $0.kept = nil } == .tampered)
  #expect(try enrol { $0.kept = -1 } == .tampered)
  #expect(try enrol { $0.voucher = "zz" } == .tampered)
  #expect(try enrol { $0.formerly = "" } == .tampered)
  #expect(try enrol { $0.agreementKey = try SigningKey().agreementPublicKey.hex } == .tampered)
  let former = try #require(world.key(of: one))
  #expect(try enrol { $0 = try EnrolRequest(key, after: former, kept: 9) } == .gap)
  #expect(try world.master.replicas().count == 1)
  #expect(try enrol { _ in } == nil)
  #expect(try enrol { _ in } == nil)
  #expect(try world.master.replicas().count == 2)
}

/// The answer to a stick tells of all batches that its pages reflect, also of one that another copy of the file sent meanwhile by
/// the number that this one has given to its own (seed 5107 of the simulated town).
@Test func anAnswerToAnotherCopysBatchIsRefused() async throws {
  let (world, one) = try await World.counted()
  let copy = try world.copy(of: one)
  try world.write(one, "stick")
  try world.shell(copy, "UPDATE company SET total = total + 5")
  try await world.sync(copy)
  try world.shell(one, "UPDATE company SET total = total + 1")
  try one.freeze()
  try world.answer("stick", "answer")
  #expect(throws: Failure.self) { try world.take(one, "answer") }
  #expect(try one.status().inFlight == 1)
  world.add(copy)
  let renewed = try world.rejoin(one)
  world.clock.now += 1000
  try await world.sync(renewed)
  try await world.settle()
  #expect(try world.cell("total") == .integer(16))
}
