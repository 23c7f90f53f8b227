import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Exchanges on sticks between real files: lost, late, twice, out of order, mixed with the network.

extension Replica {
  fileprivate func company(_ field: String, of id: String = "c1") throws -> Value? {
    let record = try record("company")
    return try row(record, key: RowKey([.text(id)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }
}

private func expectFailure(
  _ kind: Failure.Kind, _ words: String, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  let failure = #expect(throws: Failure.self, sourceLocation: location) { try body() }
  #expect(failure?.kind == kind, sourceLocation: location)
  #expect(failure?.message.en.contains(words) == true, "\(failure?.message.en ?? "")", sourceLocation: location)
}

@Suite struct BundleExchangeTests {
  @Test func aStickIsAnExchange() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'; INSERT INTO figure VALUES ('c1', 1, 42, NULL)")
    try world.shell("UPDATE company SET grade = 'A'")
    let content = try world.write(one, "up")
    #expect(content.batches == 1 && content.rows == 2 && content.size.parts == 1)
    #expect(try one.status().bundleWritten == world.clock.now)
    let report = try world.answer("up", "down")
    #expect(report.batches == 1 && report.new == 1 && report.receipts == 1 && report.pages == 1)
    #expect(report.replica == one.identity.replica && report.org == "A" && !report.enrolled)
    let summary = try #require(try world.take(one, "down"))
    // Taken as sent it is not echoed, unless the city's own edit moved it before.
    #expect(summary.received.pulled == 1)
    #expect(try one.company("grade") == .text("A"))
    #expect(try world.differences(one) == [])
    #expect(try one.status().inFlight == 0)
    #expect(try one.status().bundleWritten == nil)
    try await world.sync(two)
    #expect(try world.differences(two) == [])
    try await world.settle()
  }

  @Test func readAgainItHasNoEffect() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.shell(two, "UPDATE company SET name = '丙'")
    try await world.sync(two)
    try world.write(one, "up")
    #expect(try world.answer("up", "down").outcomes == [.contested: 1])
    let again = try world.answer("up", "down2")
    #expect(again.new == 0 && again.batches == 1 && again.receipts == 1)
    #expect(try world.take(one, "down2")?.received.conflicts == 1)
    #expect(try world.take(one, "down2") == nil)
    #expect(try world.take(one, "down") == nil)
    #expect(try world.master.conflicts([.open]).first?.contenders.count == 1)
    #expect(try one.company("name") == .text("丙"))
    try await world.settle()
  }

  @Test func aLostStickIsMadeUpByTheNext() async throws {
    let (world, one, _) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.write(one, "lost")
    try world.shell(one, "UPDATE company SET staff = 11")
    try world.write(one, "up")
    #expect(try world.answer("up", "lost answer").new == 2)
    try world.shell("UPDATE company SET grade = 'B'")
    try world.shell(one, "UPDATE company SET staff = 12")
    try world.write(one, "up")
    let report = try world.answer("up", "down")
    #expect(report.batches == 3 && report.new == 1 && report.receipts == 3)
    try world.take(one, "down")
    #expect(try world.differences(one) == [])
    // The stick that was lost is found, at last.
    let found = try world.answer("lost", "late")
    #expect(found.new == 0)
    #expect(try world.take(one, "late") == nil)
    try await world.settle()
  }

  /// The city had read the newer stick first: its answer to the older one reflects a batch that is not on it.
  @Test func anAnswerHoldsEveryReceiptThatItsPagesReflect() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(two, "UPDATE company SET name = '丙'")
    try world.write(one, "older")
    try world.shell(one, "UPDATE company SET name = '乙', staff = 11")
    try world.write(one, "newer")
    try await world.sync(two)
    try world.answer("newer", "newer answer")
    #expect(try world.answer("older", "older answer").receipts == 1)
    try world.take(one, "older answer")
    #expect(try one.status().inFlight == 0)
    #expect(try world.take(one, "newer answer") == nil)
    #expect(try world.differences(one) == [])
    #expect(try one.company("name") == .text("丙"))
    try await world.settle()
  }

  /// The network was quicker than the stick.
  @Test func networkAndStickMixInAnyOrder() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.write(one, "up")
    try world.shell(one, "UPDATE company SET name = '丁'")
    try await world.sync(one)
    try world.shell(two, "UPDATE company SET staff = 3")
    try await world.sync(two)
    let report = try world.answer("up", "down")
    #expect(report.new == 0 && report.receipts == 2)
    // It begins before what the network brought, and ends after it.
    #expect(try world.take(one, "down")?.received.pulled ?? 0 > 0)
    #expect(try one.company("staff") == .integer(3))
    #expect(try world.differences(one) == [])
    try world.answer("up", "down")
    try await world.sync(one)
    #expect(try world.take(one, "down") == nil)
    try await world.settle()
  }

  @Test func editsMadeWhileTheStickTravelledStay() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.write(one, "up")
    try world.shell(two, "UPDATE company SET name = '丙', phone = '9'")
    try await world.sync(two)
    try world.answer("up", "down")
    try world.shell(one, "UPDATE company SET name = '戊', staff = 99")
    try world.take(one, "down")
    #expect(try one.company("name") == .text("戊"))
    #expect(try one.company("phone") == .text("9"))
    #expect(try one.status().pending == 1)
    try world.carry(one)
    #expect(try world.master.conflicts([.open]).first?.contenders.map(\.value) == [.text("乙"), .text("戊")])
    try await world.settle()
  }

  @Test func manyPagesAreOneAnswerInSmallParts() async throws {
    let (world, one, _) = try await World.twoMachines()
    world.master.pageLimit = PageLimit(rows: 3)
    try world.shell((2...20).map { "INSERT INTO company (id, office) VALUES ('c\($0)', 'A');" }.joined())
    try world.write(one, "up", partSize: 300)
    let report = try world.answer("up", "down", partSize: 500)
    #expect(report.pages > 6 && report.answer.parts > 3)
    #expect(try world.take(one, "down")?.received.pulled == 19)
    #expect(try world.differences(one) == [])
  }

  @Test func aTornStickChangesNothing() async throws {
    let (world, one, _) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.write(one, "up")
    let url = URL(fileURLWithPath: world.stick("up"))
    let whole = try Data(contentsOf: url)
    try whole.dropLast(1).write(to: url)
    expectFailure(.data, "cut short") { try world.answer("up", "down") }
    #expect(try world.cell("name") == .text("甲"))
    #expect(!FileManager.default.fileExists(atPath: world.stick("down")))
    try whole.write(to: url)
    expectFailure(.usage, "--reply") { try world.answer("up", "up") }
    try world.answer("up", "down")
    let answer = URL(fileURLWithPath: world.stick("down"))
    let sound = try Data(contentsOf: answer)
    try sound.dropLast(1).write(to: answer)
    expectFailure(.data, "cut short") { try world.take(one, "down") }
    #expect(try one.status().inFlight == 1)
    try sound.write(to: answer)
    try world.take(one, "down")
    try await world.settle()
  }

  @Test func everyStickHasItsReader() async throws {
    let (world, one, two) = try await World.twoMachines()
    let other = try World.small()
    let stranger = try await other.join("A")
    try world.shell(one, "UPDATE company SET name = '乙'")
    try world.write(one, "up")
    try world.answer("up", "down")
    expectFailure(.protocolViolation, "answers another machine") { try world.take(two, "down") }
    expectFailure(.data, "goes from a county to the city") { try world.take(one, "up") }
    expectFailure(.data, "is the city's answer") { try world.answer("down", "x") }
    expectFailure(.protocolViolation, "is for another city") {
      _ = try other.master.read(bundle: world.stick("up"), replyingIn: world.stick("x"))
    }
    expectFailure(.notFound, "no file") { try world.answer("nothing", "x") }
    expectFailure(.notFound, "no file") { try world.take(one, "nothing") }
    try world.master.withdraw(one.identity.replica)
    expectFailure(.notAllowed, "withdrawn") { try world.answer("up", "x") }
    #expect(try stranger.status().inFlight == 0)
    #expect(!FileManager.default.fileExists(atPath: world.stick("x")))
  }

  /// Encrypted to this replica, but not by its city.
  @Test func anAnswerIsSignedByTheCity() async throws {
    let (world, one, _) = try await World.twoMachines()
    let other = try World.small()
    let meta = try one.meta()
    var random = SystemRandomNumberGenerator()
    for (key, words) in [
      (other.master.key, "is not signed by this replica's city"), (world.master.key, "answers another"),
    ] {
      let header = Header(
        kind: .page, replica: .city, epoch: meta.epoch, number: meta.cursor, cursor: meta.cursor + 1,
        stamp: Stamp(milliseconds: world.clock.now), schema: meta.schemaHash)
      let bundle = try BundleWriter(
        world.stick("forged"), .down, to: [.key(try world.agreementKey(of: one))], seed: random.bundleSeed())
      try bundle.write(try Envelope(header, body: [], key: key).bytes)
      _ = try bundle.finish()
      expectFailure(.protocolViolation, words) { try world.take(one, "forged") }
    }
  }

  @Test func aHelloOfAStickIsNoneOfTheNetworks() async throws {
    let (world, one, _) = try await World.twoMachines()
    #expect(throws: Refusal.self) { try world.master.exchange(try one.hello(carried: true).bytes) }
    var random = SystemRandomNumberGenerator()
    let bundle = try BundleWriter(
      world.stick("up"), .up, to: [.key(one.identity.cityAgreementKey)], seed: random.bundleSeed())
    try bundle.write(try one.hello().bytes)
    _ = try bundle.finish()
    expectFailure(.protocolViolation, "not a message") { try world.answer("up", "down") }
  }

  /// A stick tells neither how late it is nor how much a clock lags.
  @Test func aStickTellsNoTime() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET phone = 'earlier'")
    try world.write(one, "up")
    world.clock.now += 30 * 86_400_000
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET phone = 'later'")
    try await world.sync(two)
    try world.answer("up", "down")
    #expect(try world.cell("phone") == .text("later"))
    #expect(try world.take(one, "down") != nil)
    #expect(try world.master.replicas().first { $0.id == one.identity.replica.description }?.cursor ?? 0 > 0)
    try await world.settle()
  }

  /// A file that was restored from an old copy misses what it sent itself: nobody sends it that again.
  @Test func anOldCopyTakesNoAnswerToWhatItDoesNotHave() async throws {
    let (world, one, _) = try await World.twoMachines()
    try world.shell(one, "UPDATE company SET staff = 1")
    try world.write(one, "up1")
    let copy = world.stick("copy.sqlite")
    try world.shell(one, "VACUUM INTO '\(copy)'")
    try world.shell(one, "UPDATE company SET staff = 2")
    try world.write(one, "up2")
    try world.answer("up2", "down2")
    let old = try world.reopened(one, at: copy)
    expectFailure(.protocolViolation, "old copy; nothing was changed, run county rejoin") {
      _ = try BundleExchange(old).read(world.stick("down2"))
    }
    try world.take(one, "down2")
    try world.shell("UPDATE company SET grade = 'Z'")
    try world.write(one, "up3")
    try world.answer("up3", "down3")
    expectFailure(.data, "begins after what this machine has read") {
      _ = try BundleExchange(old).read(world.stick("down3"))
    }
    try world.take(one, "down3")
    try await world.settle()
  }

  @Test func aRowInTheWayIsSetAsideOrWaitsForItsAnswer() async throws {
    let (world, one, _) = try await World.twoMachines()
    // Pending when the answer comes: set aside whole.
    try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
    try world.write(one, "up")
    try world.answer("up", "down")
    try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('mine', 'A', '3')")
    try world.take(one, "down")
    #expect(try one.parked().map(\.reason) == ["unique"])
    try world.shell("UPDATE company SET code = '4' WHERE id = 'theirs'")
    try world.carry(one)
    try world.carry(one)
    #expect(try one.parked().isEmpty)
    // Sent and not answered yet: this answer waits for the next one.
    try world.shell("INSERT INTO company (id, office, code) VALUES ('yours', 'A', '5')")
    try world.write(one, "up")
    try world.answer("up", "down")
    try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('ours', 'A', '5')")
    try world.write(one, "up2")
    expectFailure(.data, "write a new bundle") { try world.take(one, "down") }
    try world.answer("up2", "down2")
    #expect(try world.take(one, "down2")?.received.parked == 1)
    #expect(try world.differences(one) == [])
    try await world.settle()
  }

  /// An edit that was set aside is no new row: what others delete meanwhile does not come back by itself.
  @Test func anEditThatIsSetAsideDoesNotBringItsRowBack() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell("INSERT INTO company (id, office, code) VALUES ('theirs', 'A', '3')")
    try world.write(one, "up")
    try world.answer("up", "down")
    try world.shell(one, "UPDATE company SET code = '3' WHERE id = 'c1'")
    try world.take(one, "down")
    #expect(try one.parked().map(\.reason) == ["unique"])
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
    try await world.sync(two)
    try world.shell(two, "DELETE FROM company WHERE id = 'c1'")
    try world.shell("UPDATE company SET code = '4' WHERE id = 'theirs'")
    try await world.sync(two)
    for _ in 1...2 { try world.carry(one) }
    #expect(try world.cell("name") == nil)
    #expect(try one.parked().map(\.ref.key) == [RowKey([.text("c1")])])
  }

  @Test func personalDataTravelsAndIsErasedOnSticks() async throws {
    let (world, one, two) = try await World.twoOfficers()
    try world.shell(one, "UPDATE person SET phone = 'PHONE-new'")
    try world.write(one, "up")
    #expect(try Data(contentsOf: URL(fileURLWithPath: world.stick("up"))).range(of: Data("PHONE-new".utf8)) == nil)
    try world.answer("up", "down")
    #expect(try world.person("phone") == .text("PHONE-new"))
    try world.take(one, "down")
    try world.carry(two)
    try world.erase()
    try world.carry(one)
    try world.carry(two)
    #expect(try world.files(with: "PHONE-new") == [])
    #expect(try one.cell("phone") == .null)
    try await world.settle()
  }
}

extension World {
  /// The key to which the city encrypts for a replica.
  fileprivate func agreementKey(of replica: Replica) throws -> [UInt8] {
    let sql = "SELECT agreement_key FROM sync_replica WHERE id = ?"
    return try master.read { db in
      guard case .blob(let key)? = try db.first(sql, [.blob(replica.identity.replica.bytes)])?.first else { return [] }
      return key
    }
  }
}
