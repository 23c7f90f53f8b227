import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What every live machine has read and a backup holds is let go of, and nothing that anybody could miss.

private let day: Int64 = 24 * 3600 * 1000

extension World {
  fileprivate func count(_ sql: String) throws -> Int64 {
    try master.read { try $0.integer("SELECT count(*) FROM \(sql)") } ?? 0
  }
  fileprivate var gone: Int64 { get throws { try count("sync_feed WHERE gone = 1") } }
  fileprivate var images: Int64 { get throws { try count("sync_tombstone WHERE image <> x''") } }

  /// Everybody reads, a backup is made, and the city trims. A batch of the city's names the place.
  @discardableResult
  fileprivate func trimAll() async throws -> Trimmed {
    try shell("UPDATE office SET name = name || '.' WHERE code = 'A'")
    // Only the second hello says that the answer to the first one was read.
    for _ in 1...2 { for replica in replicas { try await sync(replica) } }
    try noteBackup()
    return try master.trim()
  }
}

/// Two machines of office A, and the company c1 that one of them deleted.
private func deleted() async throws -> (World, one: Replica, two: Replica) {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  return (world, one, two)
}

@Test func withoutABackupNothingIsTrimmed() async throws {
  let (world, one, two) = try await deleted()
  for replica in [one, two] { try await world.sync(replica) }
  #expect(try world.master.trim() == Trimmed(place: 0))
  #expect(try world.images == 1)
}

@Test func whatALiveMachineHasNotReadStays() async throws {
  let (world, one, _) = try await deleted()
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  try await world.sync(one)
  try world.noteBackup()
  let trimmed = try world.master.trim()
  #expect((trimmed.entries, trimmed.images) == (0, 0))
  try await world.settle()
}

@Test func whatABackupDoesNotHoldStays() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.noteBackup()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for replica in [one, two] { try await world.sync(replica) }
  let trimmed = try world.master.trim()
  #expect((trimmed.entries, trimmed.images) == (0, 0))
}

@Test func whatEverybodyHasReadIsTrimmedAndTheLogStillGivesTheMaster() async throws {
  let (world, _, _) = try await deleted()
  try world.shell("INSERT INTO company (id, office) VALUES ('c9', 'A'); DELETE FROM company WHERE id = 'c9'")
  try world.shell("INSERT INTO company (id, office, name) VALUES ('c8', 'A', 'n')")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'c8'")
  try await world.settle()
  let trimmed = try await world.trimAll()
  #expect((trimmed.entries, trimmed.images) == (2, 2))
  #expect(try (world.gone, world.images) == (0, 0))
  #expect(try await world.trimAll().entries == 0)
  try await world.settle()
  // A row that comes again, and goes again.
  try world.shell("INSERT INTO company (id, office, name) VALUES ('c8', 'A', 'm')")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'c8'")
  try await world.settle()
  #expect(try await world.trimAll().images == 1)
  try await world.settle()
}

/// The log gives the image with the fields that came since; a replay has it as it was (seed 1023 of the simulated town).
@Test func anImageThatWasTrimmedBeforeAnUpgradeStillFollowsFromTheLog() async throws {
  let (world, _, _) = try await deleted()
  #expect(try await world.trimAll().images == 1)
  try world.upgradeSmall(to: 2)
  #expect(try world.master.verifyReplay().map(\.en) == [])
  try await world.settle()
}

@Test func whatWasTrimmedBeforeItsRecordHeldPersonalDataIsNotMissed() async throws {
  let (world, _, _) = try await deleted()
  let trimmed = try await world.trimAll()
  #expect(trimmed.entries == 1)
  try world.upgrade(
    smallSchema(2).replacing("fax: {type: text, policy: latest}", with: "fax: {type: text, restricted: true}"))
  #expect(try world.master.verifyReplay().map(\.en) == [])
  try await world.settle()
}

@Test func aLateEditOfATrimmedRowStillMeetsItsLastImage() async throws {
  var found: [Conflict] = []
  for isTrimmed in [false, true] {
    let (world, _, two) = try await deleted()
    // It has read that the row is gone, and has not sent yet what it had edited before.
    try world.shell(two, "UPDATE company SET staff = 99 WHERE id = 'c1'")
    try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
    try await world.sync(world.replicas[0])
    try await world.pull(two)
    // What a hello says that it has read counts.
    try await world.pull(two)
    if isTrimmed {
      try world.noteBackup()
      #expect(try world.master.trim().images == 1)
    }
    #expect(try await world.sync(two).received.conflicts == 1)
    try await world.settle()
    let conflict = try #require(try world.master.conflicts([.open]).first)
    found.append(conflict)
    #expect(try world.cell("staff") == .integer(99))
    #expect(try world.cell("name") == .text("甲"))
    _ = try world.master.decide(conflict.id, .remove, reason: "closed", actor: "li")
    try await world.settle()
  }
  #expect(found.map(\.master) == [found[0].master, found[0].master])
  #expect(
    found.map { $0.contenders.map(\.value) } == [found[0].contenders.map(\.value), found[0].contenders.map(\.value)])
}

@Test func aMachineThatStayedAwaySendsItsEditsAndIsToldToTakeASnapshot() async throws {
  let (world, one, two) = try await deleted()
  try world.shell(
    two, "UPDATE company SET staff = 99 WHERE id = 'c1'; INSERT INTO company (id, office) VALUES ('c2', 'A')")
  world.clock.now += 91 * day
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  try await world.sync(one)
  try world.noteBackup()
  #expect(try world.master.trim().images == 1)
  try two.freeze()
  let cursor = try two.meta().cursor
  let request = try two.hello().bytes + two.unacknowledged().flatMap { $0 }
  let answer = try SealedEnvelope.split(world.master.exchange(request)).map {
    try $0.open(with: world.master.key.publicKey)
  }
  #expect(answer.map(\.header.kind) == [.receipt, .page])
  #expect(answer.map(\.header.stale) == [true, true])
  #expect((answer[1].header.number, answer[1].header.cursor, answer[1].body) == (cursor, cursor, []))
  #expect(try world.cell("staff") == .integer(99))
  #expect(try world.master.row(world.master.record("company"), key: RowKey([.text("c2")])) != nil)
  // It is waited for again.
  try world.shell(one, "DELETE FROM figure; DELETE FROM company WHERE id = 'c2'")
  try await world.sync(one)
  try world.noteBackup()
  #expect(try world.master.trim().entries == 0)
  world.lose(two)
  try await world.settle()
  // A new machine has nothing that could be gone, and reads from the start.
  let three = try await world.join("A")
  #expect(try world.differences(three) == [])
}

@Test func aMachineThatStayedAwayGoesOnFromASnapshot() async throws {
  let (world, one, two) = try await deleted()
  try world.shell(
    two, "UPDATE company SET staff = 99 WHERE id = 'c1'; INSERT INTO company (id, office) VALUES ('c2', 'A')")
  world.clock.now += 91 * day
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for _ in 1...2 { try await world.sync(one) }
  try world.noteBackup()
  #expect(try world.master.trim().images == 1)
  try await world.sync(two)
  try await world.settle()
  #expect(try world.cell("staff") == .integer(99))
  #expect(try world.master.conflicts([.open]).map(\.field) == [nil])
  #expect(try one.rows(one.record("company")).count == 2)
}

@Test func aMachineThatIsWithdrawnOrStaysAwayIsNotWaitedFor() async throws {
  for isWithdrawn in [true, false] {
    let (world, one, two) = try await deleted()
    if isWithdrawn {
      try world.master.withdraw(two.identity.replica)
    } else {
      try world.shell("INSERT INTO sync_meta VALUES ('live_days', 7)")
      world.clock.now += 8 * day
    }
    try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
    try await world.sync(one)
    try world.noteBackup()
    let trimmed = try world.master.trim()
    #expect((trimmed.entries, trimmed.images) == (1, 1))
  }
}

@Test func manyAreTrimmedInShortSteps() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(
    one,
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
    INSERT INTO company (id, office) SELECT 'd' || i, 'A' FROM n
    """)
  try await world.sync(one)
  try world.shell(one, "DELETE FROM company WHERE id LIKE 'd%'")
  try await world.sync(one)
  let trimmed = try await world.trimAll()
  #expect((trimmed.entries, trimmed.images) == (2500, 2500))
  try await world.settle()
}

@Test func personalDataCanStillBeErasedEverywhere() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "DELETE FROM person WHERE id = 'p1'")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for replica in [one, two] { try await world.sync(replica) }
  try world.noteBackup()
  let trimmed = try world.master.trim()
  #expect((trimmed.entries, trimmed.images) == (0, 0))
  try world.erase()
  for replica in [one, two] { try await world.sync(replica) }
  #expect(try world.files(with: "NAME-one").isEmpty)
}

@Test func anImageThatTheLogDoesNotGiveStays() async throws {
  let (world, _, _) = try await World.twoMachines()
  try world.shell("INSERT INTO company (id, office, name) VALUES ('c2', 'A', '乙')")
  let record = try world.master.record("company")
  _ = try world.master.mergeRecords(
    record, keep: RowKey([.text("c1")]), duplicate: RowKey([.text("c2")]), reason: "one", actor: "li")
  #expect(try world.images == 1)
  #expect(try await world.trimAll().images == 0)
  try await world.settle()
}

@Test func damageOfWhatIsKeptIsNamedAfterTrimming() async throws {
  let (world, one, _) = try await deleted()
  try await world.trimAll()
  try world.shell(one, "DELETE FROM figure")
  try world.shell("INSERT INTO company (id, office, name) VALUES ('c2', 'A', 'n')")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'c2'")
  try await world.settle()
  try world.shell("UPDATE sync_tombstone SET image = x'0500' WHERE image <> x''")
  #expect(try world.master.verifyReplay().map(\.en).contains { $0.contains("c2") && $0.contains("last image") })
  try world.shell("DELETE FROM sync_feed WHERE gone = 1")
  #expect(try world.master.verifyReplay().map(\.en).contains { $0.contains("sync_feed") })
}

/// What comes back is merged as it was merged then, with what was there then (seed 2336 of the simulated town).
@Test func aRestoredCityIsNotTrimmedBeforeEverythingIsBack() async throws {
  let (world, one, two) = try await World.twoMachines()
  for replica in [one, two] { try await world.pull(replica) }
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  try await world.sync(one)
  try world.shell("UPDATE office SET name = 'y' WHERE code = 'A'")
  try await world.sync(one)
  let file = try world.backup()
  try world.shell(two, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(two)
  world.clock.now += 91 * day
  try world.restore(from: file)
  #expect(try world.master.trim().images == 0)
  try await world.giveBack([one, two, one])
  try await world.settle()
}
