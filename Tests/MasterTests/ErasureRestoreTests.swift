import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Personal data was erased after the backup from which the city is restored: it is erased again.

extension World {
  /// The city is restored, and has everything back from these.
  fileprivate func restoreWhole(
    from file: String, _ replicas: Replica..., location: SourceLocation = #_sourceLocation
  ) async throws {
    try restore(from: file)
    for replica in replicas + replicas { _ = try await giveBack(replica) }
    #expect(try master.recovery()?.isRecovering == false, sourceLocation: location)
  }

  /// No file but the backup, and the master that was lost, has the text.
  fileprivate func expectGone(
    _ text: String, but known: [String], _ location: SourceLocation = #_sourceLocation
  ) throws {
    let left = try files(with: text).filter { !known.contains($0) }
    #expect(left == [], "\(text)", sourceLocation: location)
  }
}

@Suite struct ErasureRestoreTests {
  /// A person of whom the backup knows a phone; the names of the files that are no more in use.
  private func backedUp() async throws -> (World, one: Replica, two: Replica, file: String, known: [String]) {
    let (world, one, two) = try await World.twoOfficers()
    try world.shell("UPDATE person SET phone = 'PHONE-city' WHERE id = 'p1'")
    try await world.syncAll()
    let file = try world.backup()
    return (world, one, two, file, ["city.backup", "master.sqlite", "master.sqlite-wal"])
  }

  @Test func aValueThatOutlivedTheErasureOutlivesTheCitysDiskToo() async throws {
    let (world, one, two, _, known) = try await backedUp()
    try world.erase("p1")
    let file = try world.backup()
    world.clock.now += 1000
    // Edited and sent without knowing of the erasure, of which its sender hears with the receipt.
    try world.shell(two, "UPDATE person SET phone = 'FRESH' WHERE id = 'p1'")
    try world.shell(two, "UPDATE sync_base_person SET sync_stamp = \(world.clock.now << 16)")
    try two.freeze()
    try await world.syncAll()
    #expect(try world.person("phone") == .text("FRESH"))
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("phone") == .text("FRESH"))
    try await world.settle()
    #expect(try two.cell("phone") == .text("FRESH"))
    try world.expectGone("PHONE", but: known)
    #expect(try world.master.verify().map(\.en) == [])
  }

  /// A value that came after a restore, made before it by who knew of the erasure, went by the city's wrong clock. A second restore
  /// takes it no otherwise, though its sender still has the value (seed 2725 of the simulated town).
  @Test func whatWentByAWrongClockGoesAgainWhenTheCityIsRestoredAgain() async throws {
    let world = try World.people()
    let clock = TestClock()
    clock.now = world.clock.now
    let one = try await world.join("A", actor: "one")
    let two = try await world.join("A", actor: "two", clock: clock)
    try world.shell(one, "INSERT INTO person (id, office, name, phone) VALUES ('p1', 'A', 'NAME', 'PHONE')")
    try await world.syncAll()
    let file = try world.backup()
    try world.erase("p1")
    try await world.syncAll()
    clock.now = world.clock.now + 1000
    try world.shell(two, "UPDATE person SET phone = 'LATER' WHERE id = 'p1'")
    try two.freeze()
    try world.restore(from: file)
    world.clock.now -= 30 * 24 * 3_600_000
    for replica in [one, two, one, two] { _ = try await world.giveBack(replica) }
    #expect(try world.person("phone") == .null)
    try world.shell("UPDATE person SET phone = 'CITY' WHERE id = 'p1'")
    try await world.syncAll()
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("phone") == .text("CITY"))
    #expect(try world.master.verify().map(\.en) == [])
    try await world.settle()
  }

  /// The row came back by an edit of which nothing is left; what the city entered there is no personal data (seed 8 of the simulated
  /// town, 10,000 events).
  @Test func whatTheCityEnteredInARowThatErasedValuesBroughtBackIsNotLost() async throws {
    let (world, one, two, file, _) = try await backedUp()
    try world.shell("DELETE FROM person WHERE id = 'p1'")
    try world.shell(one, "UPDATE person SET phone = 'PHONE-new' WHERE id = 'p1'")
    try await world.sync(one)
    try world.shell("UPDATE person SET note = 'city' WHERE id = 'p1'")
    try await world.syncAll()
    try world.erase("p1")
    try await world.syncAll()
    #expect(try world.person("note") == .text("city"))
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("note") == .text("city") && world.person("phone") == .null)
    try await world.settle()
    #expect(try world.master.verify().map(\.en) == [])
  }

  /// What held the row was erased since: who deleted it, deletes it, and who enters it anew enters it whole. The city edited it as
  /// it stood then, and has not seen that (seed 1087 of the simulated town).
  @Test(arguments: [("UPDATE person SET note = 'city' WHERE id = 'p1'", "note"), ("DELETE FROM person", nil)])
  func whatTheCityHadNotSeenIsKept(sql: String, field: String?) async throws {
    let (world, one, two, file, _) = try await backedUp()
    try world.shell("UPDATE person SET mobile = 'MOBILE' WHERE id = 'p1'")
    try world.shell(two, "DELETE FROM person WHERE id = 'p1'")
    try two.freeze()
    try world.shell(two, "INSERT INTO person (id, office, name, note) VALUES ('p1', 'A', 'NAME-two', 'anew')")
    try await world.syncAll()
    #expect(try world.person("note") == .text("n") && world.person("mobile") == .text("MOBILE"))
    try world.shell(sql)
    try await world.syncAll()
    try world.erase("p1", ["mobile"])
    try await world.syncAll()
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("note") == field.map { _ in .text("city") })
    let kept = try world.master.conflicts([.open]).filter { $0.field == field }
    let note = try #require(try world.person.index(of: "note"))
    let values = try kept.flatMap(\.contenders).map { contender in
      field == nil ? try world.person.image(contender.value)?[note] : contender.value
    }
    #expect(values.contains(.text("anew")), "\(kept)")
    try await world.settle()
    #expect(try world.master.verify().map(\.en) == [] && world.master.verifyReplay().map(\.en) == [])
  }

  /// What was contested about erased values is not contested again, and later conflicts have other numbers (seed 528 of the simulated
  /// town).
  @Test(arguments: [true, false]) func aDecisionOfAfterAnErasureComesBack(byCounty: Bool) async throws {
    let (world, one, two, file, _) = try await backedUp()
    for (replica, value) in [(one, "1"), (two, "2")] {
      try world.shell(replica, "UPDATE person SET phone = 'PHONE-\(value)' WHERE id = 'p1'")
    }
    try await world.syncAll()
    try world.erase("p1")
    try await world.syncAll()
    for (replica, value) in [(one, "1"), (two, "2")] {
      try world.shell(replica, "UPDATE person SET note = 'note-\(value)' WHERE id = 'p1'")
    }
    try await world.syncAll()
    let open = try #require(try world.master.conflicts([.open]).first)
    #expect(open.id == 2 && open.field == "note")
    if byCounty {
      try one.decide(
        Decision(
          conflict: 2, choice: .take, contender: 1, reason: "r", edit: Edit(stamp: Stamp(raw: 0), actor: "")))
    } else {
      _ = try world.master.decide(2, .take(1), reason: "r", actor: "li")
    }
    try await world.syncAll()
    #expect(try world.person("note") == .text("note-2"))
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("note") == .text("note-2") && world.person("phone") == .null)
    #expect(try world.master.conflicts([.open]) == [])
    // It had number 2, and the history shows it by what it is about.
    let told = try world.master.history(world.person, key: RowKey([.text("p1")])).compactMap { entry -> String? in
      guard case .decision(let decision, let conflict) = entry.what else { return nil }
      return "\(conflict.field ?? ""): \(decision.reason)"
    }
    #expect(told == ["note: r"])
    try await world.settle()
    #expect(try world.master.verify().map(\.en) == [])
  }

  @Test func whatWasErasedAfterTheBackupIsErasedAgain() async throws {
    let (world, one, two, file, known) = try await backedUp()
    // Some of it came after the backup, and is in the city's batches and the county's.
    try world.shell(two, "UPDATE person SET mobile = 'MOBILE-two' WHERE id = 'p1'")
    try await world.syncAll()
    try world.shell("UPDATE person SET name = 'NAME-late' WHERE id = 'p1'")
    try await world.syncAll()
    try world.erase("p1")
    try await world.syncAll()
    try await world.restoreWhole(from: file, one, two)
    #expect(try world.person("phone") == .null && world.person("name") == .text("已删除"))
    try await world.syncAll()
    for word in ["PHONE", "NAME", "MOBILE"] { try world.expectGone(word, but: known) }
    #expect(try world.master.erasures().count == 1)
    let problems = try world.master.verify().map(\.en)
    #expect(problems == [], "\(problems)")
    try await world.settle()
  }

  /// The batch before the erasure is lost, and a release goes on without it.
  @Test func anErasureThatComesBackBehindALossIsCarriedOut() async throws {
    let (world, one, two, file, known) = try await backedUp()
    try world.shell(two, "UPDATE person SET mobile = 'MOBILE-two' WHERE id = 'p1'")
    try await world.sync(two)
    try world.erase("p1")
    try await world.sync(one)
    try world.restore(from: file)
    #expect(try await !world.giveBack(one))
    try world.master.release(reason: "the machine is lost", actor: "li")
    #expect(try world.person("phone") == .null)
    for _ in 1...2 { try await world.sync(one) }
    try world.expectGone(
      "PHONE", but: known + [two.path, two.path + "-wal"].map { URL(fileURLWithPath: $0).lastPathComponent })
    #expect(try one.cell("phone") == .null)
    // The other machine was not lost after all.
    try await world.syncAll()
    for word in ["PHONE", "MOBILE"] { try world.expectGone(word, but: known) }
    #expect(try world.master.erasures().count == 1)
    #expect(try world.master.verify().map(\.en) == [])
  }

  /// It comes back after the release: acts of the city's own are listed then, and this one is carried out.
  @Test func anErasureThatComesBackAfterTheReleaseIsCarriedOut() async throws {
    let (world, one, two, file, known) = try await backedUp()
    try world.shell("UPDATE person SET mobile = 'MOBILE-late' WHERE id = 'p1'")
    try world.master.absorbNow()
    try world.erase("p1")
    try await world.sync(two)
    try world.restore(from: file)
    try world.master.release(reason: "nobody answers", actor: "li")
    try await world.sync(one)
    #expect(try world.person("phone") == .text("PHONE-city"))
    for _ in 1...2 { try await world.syncAll() }
    #expect(try world.person("phone") == .null && one.cell("phone") == .null && two.cell("phone") == .null)
    for word in ["PHONE", "NAME", "MOBILE"] { try world.expectGone(word, but: known) }
    #expect(try world.master.erasures().count == 1 && world.master.verify().map(\.en) == [])
    #expect(try world.master.recovery()?.aside.map { $0.acts.map(\.en) } == [["update person p1"]])
  }

  /// - Parameter isUpgraded: the city has made a later version of the schema since.
  @Test(arguments: [false, true])
  func whatIsSetAsideKeepsNoCopyOfWhatIsErasedLater(isUpgraded: Bool) async throws {
    let (world, one, two, file, known) = try await backedUp()
    try world.shell("UPDATE person SET mobile = 'MOBILE-late' WHERE id = 'p1'")
    try await world.sync(two)
    try world.restore(from: file)
    try world.master.release(reason: "nobody answers", actor: "li")
    for replica in [two, one, two] { try await world.sync(replica) }
    if isUpgraded { try world.upgrade(laterPeopleSchemaYAML) }
    #expect(try world.master.recovery()?.aside.map(\.changes) == [1])
    try world.erase("p1")
    try await world.syncAll()
    for word in ["PHONE", "NAME", "MOBILE"] { try world.expectGone(word, but: known) }
  }

  /// The city's last edit stands upon one of a machine that is lost, and neither is in the backup. Also the names of the files that
  /// know them and are no more in use.
  private func builtUponALoss() async throws -> (World, one: Replica, three: Replica, file: String, left: [String]) {
    let (world, one, two, first, known) = try await backedUp()
    let three = try await world.join("A", actor: "three")
    try await world.syncAll()
    let file = try world.backup("later.backup")
    try world.shell(two, "UPDATE person SET mobile = 'MOBILE-two' WHERE id = 'p1'")
    try await world.sync(two)
    try world.shell("UPDATE person SET mobile = 'MOBILE-late' WHERE id = 'p1'")
    let lost = [two.path, two.path + "-wal", first, file].map { URL(fileURLWithPath: $0).lastPathComponent }
    return (world, one, three, file, known + lost)
  }

  /// The other machine gives back its copy of what was set aside, with what was erased of it meanwhile (seed 1000270 of the simulated
  /// town, 3,000 events).
  @Test func whatIsSetAsideGetsNothingBackOfWhatWasErased() async throws {
    let (world, one, three, file, left) = try await builtUponALoss()
    for replica in [one, three] { try await world.sync(replica) }
    try world.restore(from: file)
    #expect(try await !world.giveBack(one))
    try world.master.release(reason: "the machine is lost", actor: "li")
    #expect(try world.master.recovery()?.aside.count == 1)
    try world.erase("p1")
    for replica in [one, three, one, three] { try await world.sync(replica) }
    for word in ["PHONE", "MOBILE"] { try world.expectGone(word, but: left) }
    #expect(try world.master.verify().map(\.en) == [])
  }

  /// A release sets a value aside whose base is lost; its erasure enters in its place.
  @Test func whatAReleaseSetsAsideIsErasedToo() async throws {
    let (world, one, three, file, left) = try await builtUponALoss()
    try await world.sync(three)
    try world.erase("p1")
    try await world.sync(one)
    try world.restore(from: file)
    for replica in [three, one] { #expect(try await !world.giveBack(replica)) }
    try world.master.release(reason: "the machine is lost", actor: "li")
    #expect(try world.master.erasures().count == 1)
    for _ in 1...2 { for replica in [one, three] { try await world.sync(replica) } }
    for word in ["PHONE", "MOBILE"] { try world.expectGone(word, but: left) }
  }

  /// The row that was erased is lost with two backups, and the city does not know any more who had it (seed 1000165 of the simulated
  /// town).
  @Test func whatWasErasedOfALostRowIsErasedWhereverItWas() async throws {
    let (world, one, two) = try await World.twoOfficers()
    let other = try await world.join("B", actor: "other")
    try await world.syncAll()
    let file = try world.backup()
    try world.shell(two, "INSERT INTO person (id, office, name) VALUES ('p9', 'A', 'NAME-nine')")
    try await world.syncAll()
    for name in ["second.backup", "latest.backup"] { try world.backup(name) }
    try await world.syncAll()
    try world.erase("p9")
    // One machine hears of it, and it is of another unit.
    try await world.sync(other)
    try world.restore(from: file)
    for replica in [one, two, other, one, two, other] { _ = try? await world.sync(replica) }
    try world.master.release(reason: "unreadable", actor: "li")
    try await world.syncAll()
    #expect(try world.master.erasures().map(\.key) == [RowKey([.text("p9")])])
    try world.expectGone(
      "NAME-nine", but: ["second.backup", "latest.backup", "master.sqlite", "master.sqlite-wal"])
  }

  /// Only a machine of another unit has heard that the row is its unit's by now, and nobody misses that (E4).
  @Test func whatIsErasedAfterARestoreIsErasedWhereverItWasThen() async throws {
    let (world, one, two) = try await World.twoOfficers()
    let other = try await world.join("B", actor: "other")
    try await world.syncAll()
    let file = try world.backup()
    try world.shell("UPDATE person SET office = 'B' WHERE id = 'p1'")
    try await world.sync(other)
    #expect(try other.cell("phone") == .text("PHONE-one"))
    try world.restore(from: file)
    for replica in [one, two] { _ = try await world.giveBack(replica) }
    try world.master.release(reason: "away", actor: "li")
    #expect(try world.master.recovery()?.losses == [])
    try world.erase("p1")
    try await world.syncAll()
    try world.expectGone("PHONE", but: ["city.backup", "master.sqlite", "master.sqlite-wal"])
  }

  /// Nobody on the way makes a value that is given back look erased.
  @Test func whatIsGivenBackWithoutItsSecretsIsRefusedAndComesAgain() async throws {
    let (world, one, two, file, _) = try await backedUp()
    try world.shell(one, "UPDATE person SET phone = 'PHONE-1'")
    try await world.syncAll()
    try world.restore(from: file)
    let given = try #require(try one.givingBack(after: ReturnPosition(own: 0, batch: 0)))
    let left = try SealedEnvelope.split(given.messages).filter { $0.header.kind != .secrets }
    let hello = try one.returningHello(more: true)
    let refusal = #expect(throws: Refusal.self) { try world.master.exchange(hello.bytes + left.flatMap(\.bytes)) }
    #expect(refusal?.code == .tampered)
    for replica in [one, two, one] { _ = try await world.giveBack(replica) }
    try await world.settle()
    #expect(try world.person("phone") == .text("PHONE-1"))
  }

  /// The backups that held an erasure cannot be read, and its machines have let go of the city's batch that says so: what it took is
  /// not there any more, and who sends the rest once more is not refused for it.
  /// - Parameter isKnown: the machine was enrolled before.
  @Test(arguments: [true, false]) func whatAnErasureTookThatIsLostMayBeMissing(isKnown: Bool) async throws {
    let (world, one, two, file, _) = try await backedUp()
    var sender = isKnown ? two : try await world.join("A", actor: "late")
    try await world.sync(sender)
    try world.shell(sender, "UPDATE person SET phone = 'PHONE-late', note = 'kept' WHERE id = 'p1'")
    try sender.freeze()
    try world.erase("p1", ["phone"])
    for name in ["second.backup", "latest.backup"] { try world.backup(name) }
    try await world.syncAll()
    #expect(try sender.read { try $0.integer("SELECT count(*) FROM sync_inbox") } == 0)
    try world.restore(from: file)
    for replica in [one, two, sender, one, two] { _ = try? await world.sync(replica) }
    try world.master.release(reason: "unreadable", actor: "li")
    if !isKnown { sender = try world.rejoin(sender, code: try world.master.enrol(org: "A").code) }
    try await world.syncAll()
    #expect(try world.person("note") == .text("kept"))
    #expect(try sender.status().inFlight == 0)
    // The backup has what was erased: it is erased once more, and the log is whole again.
    #expect(try world.master.verify().contains { $0.en.contains("no erasure says why") })
    try world.erase("p1")
    try await world.settle()
    #expect(try world.master.verify() == [])
    #expect(try world.files(with: "PHONE-late").filter { !$0.contains("backup") } == [])
  }
}

/// Seed 7 of the simulator: in the replay a reopened conflict stayed closed, and what a county wrote then was taken.
@Test func aConflictThatIsReopenedIsOpenInTheReplayAfterAnErasure() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO visit VALUES ('v1', 'p1', 'first'); UPDATE person SET phone = 'PHONE-2'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-3'")
  try await world.syncAll()
  try world.shell(one, "UPDATE visit SET note = 'one'")
  try world.shell(two, "UPDATE visit SET note = 'two'")
  try await world.syncAll()
  let conflict = try #require(try world.master.conflicts([.open]).first { $0.record == "visit" })
  _ = try world.master.decide(conflict.id, .keep, reason: "checked", actor: "li")
  _ = try world.master.reopen(conflict.id, reason: "new papers", actor: "li")
  try await world.syncAll()
  try world.shell(two, "UPDATE visit SET note = 'three'")
  try await world.syncAll()
  try world.erase("p1", ["phone"])
  let visit = try world.master.record("visit")
  #expect(try world.master.rows(visit).first?.contains(.text("one")) == true)
  #expect(try world.master.replayed().rows(visit) == world.master.rows(visit))
}
