import Foundation
import GRDB
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master

// Backups, and what replicas keep for a city until it has one.

extension Replica {
  /// The numbers of the city's own batches that wait here.
  fileprivate func inbox() throws -> [Int64] {
    try read { db in
      var numbers: [Int64] = []
      try db.each("SELECT number FROM sync_inbox ORDER BY number") { numbers.append($0[0]) }
      return numbers
    }
  }
}

@Test func theCitysOwnBatchesRideAlongSealed() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell("UPDATE office SET name = 'SECRET-of-the-city' WHERE code = 'B'")
  try world.shell("UPDATE office SET name = 'other' WHERE code = 'B'")
  try await world.settle()
  // The seed, two enrolments, the edit.
  #expect(try one.inbox() == [1, 2, 3, 4] && two.inbox() == [1, 2, 3, 4])
  let sealed = try one.read { try $0.first("SELECT sealed FROM sync_inbox WHERE number = 4")?[0] }
  guard case .blob(let bytes)? = sealed else {
    Issue.record("nothing kept")
    return
  }
  let own = try OwnBatch(sealed: bytes, number: 4, key: world.master.key)
  #expect(try SealedEnvelope(own.message[...]).header.number == 4)
  // Nobody else can read it, and it is of no other number.
  #expect(throws: EnvelopeError.self) { try OwnBatch(sealed: bytes, number: 4, key: SigningKey()) }
  #expect(throws: EnvelopeError.self) { try OwnBatch(sealed: bytes, number: 3, key: world.master.key) }
  var flipped = bytes
  flipped[20] ^= 1
  #expect(throws: EnvelopeError.self) { try OwnBatch(sealed: flipped, number: 4, key: world.master.key) }
  #expect(throws: EnvelopeError.self) { try OwnBatch(sealed: [], number: 4, key: world.master.key) }
}

@Test func twoBackupsEndWhatReplicasKeep() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.backup()
  try await world.settle()
  #expect(try one.inbox() == [1, 2, 3] && one.meta().batchKept == 0)
  try world.backup()
  try world.shell("UPDATE office SET name = 'later' WHERE code = 'A'")
  try await world.settle()
  #expect(try one.inbox() == [4] && two.inbox() == [4])
  #expect(try one.meta().batchKept == 1 && two.meta().batchKept == 0)
  // A machine that comes now gets what no backup has, and no more.
  let three = try await world.join("B")
  #expect(try three.inbox() == [4, 5])
  try await world.settle()
}

/// Whoever writes every backup to one file has one.
@Test func theFileOfTheLatestBackupTakenTwiceIsOneBackup() async throws {
  let (world, one, _) = try await World.twoMachines()
  func backUp(_ name: String) async throws -> Int64 {
    try world.backup(name)
    try world.shell("UPDATE office SET name = '\(name) \(world.clock.now)' WHERE code = 'A'")
    try await world.settle()
    return try one.inbox().first ?? 0
  }
  #expect(try await backUp("a") == 1)
  #expect(try await backUp("a") == 1)
  #expect(try await backUp("a") == 1)
  // The other file and this one are two; then the older one's turn comes.
  let first = try await backUp("b")
  #expect(first > 1)
  #expect(try await backUp("b") == first)
  let second = try await backUp("a")
  #expect(second > first)
  #expect(try world.master.backup(to: world.folder.appendingPathComponent("a").path, replacing: true).replacesLatest)
  #expect(try !world.master.backup(to: world.folder.appendingPathComponent("c").path).replacesLatest)
}

/// So has the city that is restored from it.
@Test func theOneFileOfALostCityIsOneBackup() async throws {
  let (world, one, two) = try await World.twoMachines()
  var file = ""
  func edit() async throws {
    try world.shell("UPDATE office SET name = '\(world.clock.now)' WHERE code = 'A'")
    try await world.settle()
  }
  for _ in 1...2 {
    file = try world.backup("a")
    try await edit()
  }
  try world.restore(from: file)
  try await world.giveBack([one, two, one])
  try await edit()
  #expect(try one.inbox().first == 1)
}

/// It reaches further than the one from which the city was restored, and is of the log that was lost.
@Test func theFileOfALostHistoryIsNotTheLatestBackup() async throws {
  let (world, _, _) = try await World.twoMachines()
  let first = try world.backup("mon")
  try world.shell("UPDATE office SET name = 'lost' WHERE code = 'A'")
  let lost = try world.backup("tue")
  try world.restore(from: first)
  try world.master.release(reason: "nobody has it", actor: "li")
  try world.shell("UPDATE office SET name = 'later' WHERE code = 'A'")
  #expect(try !world.master.backup(to: lost, replacing: true).replacesLatest)
  let kept = try world.master.read { try SQLiteMasterTransaction(db: $0, schema: world.master.schema).keptArrival() }
  #expect(kept == 4)
  #expect(try world.master.backup(to: lost, replacing: true).replacesLatest)
}

/// A backup of before such tables were refused.
@Test func aBackupWithATableThatRefersToARecordIsRestored() async throws {
  let (world, one, two) = try await World.twoMachines()
  let file = try world.backup()
  try world.shell(file, "CREATE TABLE memo (company TEXT REFERENCES company (id))")
  try world.restore(from: file)
  let failure = #expect(throws: Failure.self) { try world.master.absorbNow() }
  #expect(failure?.message.en.contains("the table memo") == true)
  try world.shell("DROP TABLE memo")
  try await world.giveBack([one, two, one])
  try await world.settle()
}

/// Two are made at once, and the one that was begun first ends last.
@Test func whatOnlyTheLongerOfTwoBackupsHoldsIsKept() throws {
  let world = try World.small()
  try world.master.store.write { db in
    let transaction = SQLiteMasterTransaction(db: db, schema: world.master.schema)
    for arrival: Int64 in [10, 30, 20] { try transaction.noteBackup(of: arrival) }
    #expect(try transaction.keptArrival() == 20)
    try transaction.noteBackup(of: 40)
    #expect(try transaction.keptArrival() == 30)
    // One that was begun before both of the others.
    try transaction.noteBackup(of: 5)
    #expect(try transaction.keptArrival() == 30)
  }
}

/// A tool edits the master after its last batch and before the copy.
@Test func whatAToolEditsBeforeTheCopyIsInABatchOfIt() async throws {
  let (world, _, _) = try await World.twoMachines()
  let (path, clock, count) = (world.master.path, world.clock, try world.loggedRows().count)
  let edited = try Master.open(
    path: path, key: world.master.key,
    clock: {
      // It finds nothing to do the next time.
      try? DatabaseQueue(path: path).writeWithoutTransaction {
        try $0.execute(sql: "UPDATE company SET grade = 'g' WHERE grade IS NULL")
      }
      return clock.now
    }, readSchema: readSchema)
  let file = world.folder.appendingPathComponent("a").path
  #expect(try edited.backup(to: file).arrival == Int64(count) + 1)
  let copy = try Connection.open(file, create: false)
  #expect(try copy.reading { try $0.integer("SELECT count(*) FROM sync_base_company") } == 0)
}

@Test func aFileThatAnotherProgramWritesIsNoBackup() async throws {
  let (world, _, _) = try await World.twoMachines()
  let file = try world.backup()
  let before = try Data(contentsOf: URL(fileURLWithPath: file))
  let other = try DurableFile.lock(file)
  // What it replaces is known only when the other one has ended.
  for replacing in [true, false] {
    let failure = #expect(throws: Failure.self) { try world.master.backup(to: file, replacing: replacing) }
    #expect(failure?.kind == .busy)
  }
  #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
  DurableFile.unlock(file, other)
  // What a program left that was killed is in nobody's way; a lock of the file that SQLite writes would be in its own.
  for end in [".part", ".lock"] { try DurableFile.create(file + end) }
  let draft = try FileHandle(forWritingTo: URL(fileURLWithPath: file + ".part"))
  #expect(flock(draft.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
  _ = try world.master.backup(to: file, replacing: true)
  try draft.close()
  for end in [".part", ".lock"] { #expect(!FileManager.default.fileExists(atPath: file + end)) }
}

@Test func aBackupIsPrivateAndDoesNotReplaceAnotherFile() async throws {
  let (world, _, _) = try await World.twoMachines()
  let file = try world.backup()
  let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
  #expect(mode == 0o600)
  #expect(throws: Failure.self) { try world.master.backup(to: file) }
  let before = try Data(contentsOf: URL(fileURLWithPath: file))
  // A damaged master is not backed up over a good one.
  try world.shell("UPDATE sync_batch SET hash = zeroblob(32) WHERE arrival = 2")
  #expect(throws: Failure.self) { try world.master.backup(to: file, replacing: true) }
  #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
  #expect(!FileManager.default.fileExists(atPath: file + ".part"))
}

@Test func whatIsNoBackupIsRefused() async throws {
  let (world, _, _) = try await World.twoMachines()
  let file = try world.backup()
  let other = world.folder.appendingPathComponent("other").path
  #expect(throws: Failure.self) { try world.restore(from: other) }
  try Data("not a database at all".utf8).write(to: URL(fileURLWithPath: other))
  #expect(throws: Failure.self) { try world.restore(from: other) }
  // The master itself holds no key.
  #expect(throws: Failure.self) { try world.restore(from: world.master.path) }
  var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
  try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: other))
  #expect(throws: Failure.self) { try world.restore(from: other) }
  try world.shell(file, "UPDATE sync_batch SET received_at = received_at + 1 WHERE arrival = 1")
  #expect(throws: Failure.self) { try world.restore(from: file) }
  bytes = try Data(contentsOf: URL(fileURLWithPath: world.backup("good")))
  #expect(bytes.count > 0)
  try world.restore(from: world.folder.appendingPathComponent("good").path)
}

@Test func aBackupInThePlaceOfTheMasterIsRefused() async throws {
  let (world, _, _) = try await World.twoMachines()
  let file = try world.backup()
  let failure = #expect(throws: Failure.self) {
    try Master.open(path: file, key: world.master.key, readSchema: readSchema)
  }
  #expect(failure?.kind == .data && failure?.message.en.contains("run city restore \(file)") == true)
}

@Test func anErasureReachesWhatReplicasKeepForTheCity() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell("UPDATE person SET phone = 'PHONE-city' WHERE id = 'p1'")
  try await world.settle()
  let number = try #require(try one.inbox().last)
  func secrets() throws -> Int {
    let row = try one.read { try $0.first("SELECT sealed FROM sync_inbox WHERE number = ?", [.integer(number)]) }
    guard case .blob(let sealed)? = row?[0] else { return -1 }
    let body = try OwnBatch(sealed: sealed, number: number, key: world.master.key).secrets
    return body.isEmpty ? 0 : try SecretsBody.decode(body).count
  }
  let before = try secrets()
  try world.erase("p1", ["phone"])
  try await world.syncAll()
  let after = try secrets()
  #expect(before == 2 && after == 0)
}
