import Foundation
import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A machine that starts from a stick: it knows its city by the code, works at once, and is enrolled with its first exchange.

private func expectFailure(
  _ kind: Failure.Kind, _ words: String, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  let failure = #expect(throws: Failure.self, sourceLocation: location) { try body() }
  #expect(failure?.kind == kind, sourceLocation: location)
  #expect(failure?.message.en.contains(words) == true, "\(failure?.message.en ?? "")", sourceLocation: location)
}

@Suite struct FirstBundleTests {
  @Test func aMachineStartsFromAStickAndIsEnrolledByItsFirstOne() async throws {
    let (world, one, _) = try await World.twoMachines()
    try world.shell(one, "INSERT INTO figure VALUES ('c1', 2025, 7, '注')")
    try await world.sync(one)
    let made = try world.master.writeFirstBundle(org: "A", to: world.stick("first"), partSize: 700)
    #expect(made.size.parts > 1 && made.codes == 1 && made.expiresAt == world.clock.now + Master.carriedCodeLifetime)
    let new = try world.start(from: "first", code: try #require(made.code))
    #expect(try world.differences(new) == [])
    #expect(try world.master.replicas().count == 2)
    try world.shell(new, "UPDATE figure SET sales = 8")
    // Nobody answered: it asks again.
    try world.write(new, "lost")
    try world.write(new, "up")
    #expect(try world.answer("up", "down").enrolled)
    #expect(try world.answer("lost", "late").enrolled)
    try world.take(new, "down")
    #expect(try new.enrolment().isEmpty)
    #expect(try world.carry(new) == nil)
    #expect(try world.master.replicas().count == 3)
    try await world.settle()
  }

  @Test func aStickThatCouldNotBeWrittenLeavesNoCodeThatNobodyHasSeen() async throws {
    let (world, _, _) = try await World.twoMachines()
    expectFailure(.disk, "no/stick") { _ = try world.master.writeFirstBundle(org: "A", to: world.stick("no/stick")) }
    let made = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
    #expect(made.codes == 1)
    _ = try world.start(from: "first", code: try #require(made.code))
  }

  @Test func itsFirstExchangeMayBeOverTheNetwork() async throws {
    let (world, _, _) = try await World.twoMachines()
    let code = try world.master.enrol(org: "A").code
    #expect(try world.master.writeFirstBundle(org: "A", to: world.stick("first")).code == nil)
    let new = try world.start(from: "first", code: code)
    try world.shell(new, "UPDATE company SET staff = 77")
    try world.write(new, "up")
    try await world.sync(new)
    #expect(try world.cell("staff") == .integer(77))
    // The stick that was written before brings the enrolment once more.
    #expect(try world.answer("up", "down").new == 0)
    try world.take(new, "down")
    try await world.settle()
  }

  @Test func oneCodeIsForOneMachineAndForItsTime() async throws {
    let (world, _, _) = try await World.twoMachines()
    let made = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
    let code = try #require(made.code)
    let new = try world.start(from: "first", code: code)
    let late = try world.start(from: "first", code: code)
    try world.shell(late, "UPDATE company SET staff = 5")
    try world.carry(new)
    try world.write(late, "up")
    expectFailure(.notAllowed, "wrong, used, expired") { try world.answer("up", "down") }
    let other = try world.master.enrol(org: "A").code
    world.clock.now += Master.codeLifetime + 1
    try late.keepEnrolment(other)
    try world.write(late, "up")
    expectFailure(.notAllowed, "wrong, used, expired") { try world.answer("up", "down") }
    // Nor does one of another unit make it that one's.
    try late.keepEnrolment(try world.master.enrol(org: "B").code)
    try world.write(late, "up")
    expectFailure(.notAllowed, "for another unit") { try world.answer("up", "down") }
    #expect(try world.master.replicas().count == 3)
    // Nothing was lost by that.
    try late.keepEnrolment(try world.master.enrol(org: "A").code)
    try world.carry(late)
    #expect(try world.cell("staff") == .integer(5))
    let stranger = try World.small().master.enrol(org: "A").code
    expectFailure(.notAllowed, "another city") { try late.keepEnrolment(stranger) }
    try await world.settle()
  }

  @Test func whoHasNoCodeReadsNothing() async throws {
    let (world, _, _) = try await World.twoMachines()
    try world.shell("INSERT INTO company (id, office, name) VALUES ('c9', 'B', 'of another office')")
    let made = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
    let code = try #require(made.code)
    let wrong = try world.master.enrol(org: "B").code
    expectFailure(.notAllowed, "does not open") { _ = try world.start(from: "first", code: wrong) }
    // A city that is not the code's, though it knows the secret.
    let other = try World.small()
    var random = SystemRandomNumberGenerator()
    let bundle = try BundleWriter(world.stick("forged"), .first, to: [.code(code)], seed: random.bundleSeed())
    let welcome = try Welcome(org: "A", city: other.master.key, schema: "{}")
    let header = Header(
      kind: .welcome, replica: .city, epoch: .city, number: 0, cursor: 0, stamp: Stamp(raw: 0),
      schema: Array(repeating: 0, count: 32))
    let message = try Envelope(header, body: [UInt8](JSONEncoder().encode(welcome)), key: other.master.key)
    try bundle.write(message.bytes + message.bytes)
    _ = try bundle.finish()
    expectFailure(.notAllowed, "belongs to another city") { _ = try world.start(from: "forged", code: code) }
    let new = try world.start(from: "first", code: code)
    #expect(try new.rows(new.record("company")).count == 1)
  }

  /// What the replica has read cannot be continued: the answer is a snapshot, and what waits here stays.
  @Test func anAnswerMayBeASnapshot() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙', staff = 3")
    try world.write(one, "lost")
    try world.shell(two, "UPDATE company SET name = '丙'; INSERT INTO company (id, office) VALUES ('c2', 'A')")
    try await world.sync(two)
    try world.write(one, "up", stale: true)
    let report = try world.answer("up", "down", partSize: 900)
    #expect(report.snapshot && report.pages == 0 && report.receipts == 1 && report.answer.parts > 1)
    try world.shell(one, "UPDATE company SET phone = '5'")
    let summary = try #require(try world.take(one, "down"))
    #expect(summary.received.conflicts == 1)
    #expect(try world.take(one, "down") == nil)
    #expect(try one.status().pending == 1 && one.status().inFlight == 0)
    try world.carry(one)
    try await world.settle()
  }
}
