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

// A snapshot is one big pull: what a page would tell, a snapshot tells.

/// Companies of both offices with figures, a conflict, a parked duplicate, a deleted row.
private func busyWorld() async throws -> (World, Replica, Replica) {
  let (world, one, two) = try await World.twoMachines()
  let other = try await world.join("B", actor: "b")
  try world.shell(
    other, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'X', 'SECRET-OF-B'), ('b2', 'B', 'Y', 'b')")
  try world.shell(one, "INSERT INTO company (id, office, code, name) VALUES ('a2', 'A', 'X', 'duplicate')")
  try world.shell(one, "INSERT INTO figure VALUES ('c1', 2025, 100, 'n'), ('c1', 2024, 90, NULL)")
  try await world.sync(other)
  try world.shell(one, "UPDATE company SET name = 'one', staff = 11 WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
  for replica in [one, two, one, two] { try await world.sync(replica) }
  try world.shell(one, "DELETE FROM figure WHERE year = 2024")
  for replica in [one, two] { try await world.sync(replica) }
  return (world, one, two)
}

/// Every table that a pull fills, as text.
private func contents(_ replica: Replica) throws -> [String] {
  let tables = replica.schema.records.map(\.name) + ["sync_conflict", "sync_contender", "sync_erasure"]
  return try replica.read { db in
    try tables.flatMap { table in
      var lines: [String] = []
      try db.each("SELECT * FROM \(quoted(table)) ORDER BY 1, 2") { lines.append("\(table) \($0.cells(0..<$0.count))") }
      return lines
    }
  }
}

private func plain(_ manifest: Envelope, _ file: String) throws -> String {
  let plain = file + ".sqlite"
  try SnapshotFile.unpack(file, SnapshotManifest(manifest.body), into: plain)
  return plain
}

/// Changes the plain file of a snapshot, packs it again and signs it as the city, so that only the content is wrong.
private func resigned(
  _ world: World, _ manifest: Envelope, _ file: String, key: SigningKey? = nil, _ harm: (String) throws -> Void
) throws -> (Envelope, String) {
  let plain = try plain(manifest, file)
  try harm(plain)
  let made = try SnapshotFile.pack(plain, into: file)
  var body = try SnapshotManifest(manifest.body)
  (body.packed, body.raw, body.hash) = made
  return (try Envelope(manifest.header, body: body.bytes, key: key ?? world.master.key), file)
}

struct SnapshotTests {
  @Test func aReplicaFromASnapshotIsAsOneThatPulled() async throws {
    let (world, one, two) = try await busyWorld()
    let fresh = try await world.join("A", actor: "fresh")
    #expect(try contents(fresh) == contents(two))
    #expect(try contents(one) == contents(two))
    // That it was enrolled is news for the others.
    try await world.sync(two)
    #expect(try fresh.meta().cursor == two.meta().cursor)
    #expect(try fresh.meta().seen == two.meta().seen)
    #expect(try fresh.integer("SELECT count(*) FROM company") == 1)
    #expect(try fresh.conflicts([.open]).count == 1)
    try await world.settle()
  }

  @Test func noByteOfAnotherUnitIsInTheFile() async throws {
    let (world, one, _) = try await busyWorld()
    let (manifest, file) = try world.makeSnapshot("A")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: plain(manifest, file)))
    #expect(bytes.range(of: Data("duplicate".utf8)) == nil)
    #expect(bytes.range(of: Data("SECRET-OF-B".utf8)) == nil)
    let theirs = try world.makeSnapshot("B")
    let all = try Data(contentsOf: URL(fileURLWithPath: plain(theirs.manifest, theirs.file)))
    #expect(all.range(of: Data("SECRET-OF-B".utf8)) != nil)
    // One of the other unit is refused, though the city signed it.
    let before = try contents(one)
    #expect(throws: Failure.self) {
      try one.receive(receipts: [], snapshot: theirs.manifest, file: theirs.file, parkingClashes: true)
    }
    #expect(try contents(one) == before)
  }

  /// Its own row stands under the key of theirs, which they deleted.
  @Test func whatAnotherUnitContestedOfItsFormerRowIsNotInTheFile() async throws {
    let (world, one, two) = try await World.twoMachines()
    let other = try await world.join("B", actor: "b")
    try world.shell(one, "UPDATE company SET name = 'one' WHERE id = 'c1'")
    try world.shell(two, "UPDATE company SET name = 'SECRET-OF-A' WHERE id = 'c1'")
    for replica in [one, two] { try await world.sync(replica) }
    let conflict = try #require(try world.master.conflicts([.open]).first)
    _ = try world.master.decide(conflict.id, .keep, reason: "licence", actor: "li")
    try await world.settle()
    try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
    try await world.settle()
    try world.shell(other, "INSERT INTO company (id, office, name) VALUES ('c1', 'B', 'b')")
    try await world.settle()
    #expect(try world.cell("office") == .text("B"))
    let (manifest, file) = try world.makeSnapshot("B")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: plain(manifest, file)))
    #expect(bytes.range(of: Data("SECRET-OF-A".utf8)) == nil)
    let fresh = try await world.join("B", actor: "fresh")
    #expect(try fresh.conflicts(Conflict.State.allCases) == [])
    #expect(try contents(fresh) == contents(other))
    #expect(try two.conflicts([.decided]).map(\.id) == [conflict.id])
    try await world.settle()
    // Nor is B told that A's is contested again, and why.
    _ = try world.master.reopen(conflict.id, reason: "licence of A", actor: "li")
    try await world.settle()
    #expect(try other.conflicts(Conflict.State.allCases) == [])
    try world.takeSnapshot(fresh)
    #expect(try contents(fresh) == contents(other))
    #expect(try two.conflicts([.open]).map(\.id) == [conflict.id])
  }

  @Test func whatIsPendingOutlivesASnapshot() async throws {
    let (world, one, two) = try await busyWorld()
    try world.shell(
      one, "UPDATE company SET phone = 'mine', address = 'mine'; INSERT INTO figure VALUES ('c1', 2023, 1, 'new')")
    try world.shell(one, "DELETE FROM figure WHERE year = 2025")
    // Another machine changes one of the cells and an untouched one; the city deletes nothing.
    try world.shell(two, "UPDATE company SET phone = 'theirs', industry = 'theirs'")
    try await world.sync(two)
    let pending = try one.diff().count
    try world.takeSnapshot(one)
    #expect(try one.diff().count == pending)
    #expect(try one.cell("company", "phone") == .text("mine"))
    #expect(try one.cell("company", "industry") == .text("theirs"))
    let phone = try #require(try one.diff().first { $0.field == "phone" })
    #expect(phone.base == .text("1") && phone.upstream == .text("theirs"))
    // Nothing lies beneath a cell that nobody else changed.
    #expect(try one.integer("SELECT count(*) FROM sync_upstream_figure") == 0)
    try await world.settle()
    #expect(try one.integer("SELECT count(*) FROM figure WHERE year = 2025") == 0)
    #expect(try one.integer("SELECT count(*) FROM figure WHERE year = 2023") == 1)
  }

  @Test func rowsThatAreGoneLeaveAndAreArchived() async throws {
    let (world, one, _) = try await busyWorld()
    try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
    try world.shell(one, "INSERT INTO figure VALUES ('c1', 2020, 1, 'unsent')")
    let summary = try world.takeSnapshotParking(one)
    #expect(summary.news.contains { if case .parked = $0 { true } else { false } })
    #expect(try one.integer("SELECT count(*) FROM company") == 0)
    // Both rows, as they stood.
    #expect(try one.integer("SELECT count(*) FROM sync_archive WHERE record = 'company'") == 1)
    #expect(try one.parked().contains { $0.row.contains(.text("unsent")) })
  }

  @Test func aSnapshotDoesNotTakeBackWhatAReceiptSaid() async throws {
    let (world, one, _) = try await busyWorld()
    let old = try world.makeSnapshot("A")
    try world.shell(one, "UPDATE company SET phone = 'newer'")
    try await world.sync(one)
    #expect(throws: Failure.self) {
      try one.receive(receipts: [], snapshot: old.manifest, file: old.file, parkingClashes: true)
    }
    #expect(try one.cell("company", "phone") == .text("newer"))
  }

  @Test func whatIsInFlightStaysAndIsAnswered() async throws {
    let (world, one, two) = try await busyWorld()
    try world.shell(one, "UPDATE company SET phone = 'flying'")
    try one.freeze()
    try world.shell(two, "UPDATE company SET phone = 'landed'")
    try await world.sync(two)
    try world.takeSnapshot(one)
    #expect(try one.cell("company", "phone") == .text("flying"))
    try await world.settle()
  }

  @Test func theCityTellsAReplicaThatCannotGoOn() async throws {
    let (world, one, _) = try await busyWorld()
    try world.shell(one, "UPDATE company SET staff = 77")
    try one.freeze()
    let hello = try one.hello(stale: true).bytes
    let reply = try SealedEnvelope.split(world.master.exchange(hello + one.unacknowledged().flatMap { $0 }))
    #expect(reply.map(\.header.kind) == [.receipt, .page])
    #expect(reply.last?.header.stale == true)
    #expect(reply.last?.header.cursor == (try one.meta().cursor))
    var session = SyncSession(
      city: try VerifyingKey(bytes: one.meta().cityKey), replica: one.identity.replica, epoch: one.identity.epoch,
      schema: one.identity.schemaHash, cursor: try one.meta().cursor)
    guard case .snapshot(let receipts) = try session.receive(reply.flatMap(\.bytes)) else {
      Issue.record("must take a snapshot")
      return
    }
    let summary = try world.takeSnapshot(one, receipts)
    #expect(summary.parked == 0)
    #expect(try one.status().inFlight == 0)
    try await world.settle()
  }

  @Test func hostileAndTornFilesChangeNothing() async throws {
    let (world, one, _) = try await busyWorld()
    let before = try contents(one)
    func refused(_ manifest: Envelope, _ file: String, _ name: String) throws {
      #expect(throws: Failure.self, "\(name)") {
        try one.receive(receipts: [], snapshot: manifest, file: file, parkingClashes: true)
      }
      #expect(try contents(one) == before, "\(name)")
      let left = try FileManager.default.contentsOfDirectory(atPath: world.folder.path)
      #expect(left.filter { $0.contains("sqlite.snapshot") } == [], "\(name)")
    }
    func made() throws -> (manifest: Envelope, file: String) { try world.makeSnapshot("A") }

    let (manifest, file) = try made()
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    try whole.dropLast().write(to: URL(fileURLWithPath: file))
    try refused(manifest, file, "cut")
    try (whole + [0]).write(to: URL(fileURLWithPath: file))
    try refused(manifest, file, "longer")
    var flipped = whole
    flipped[whole.count / 2] ^= 1
    try flipped.write(to: URL(fileURLWithPath: file))
    try refused(manifest, file, "flipped")
    try whole.write(to: URL(fileURLWithPath: file))
    var longer = try SnapshotManifest(manifest.body)
    longer.raw -= 1
    try refused(try Envelope(manifest.header, body: longer.bytes, key: world.master.key), file, "a bomb")
    try refused(try Envelope(manifest.header, body: manifest.body, key: SigningKey()), file, "another signature")
    var header = manifest.header
    header.replica = try #require(Identifier(Array(repeating: 7, count: 16)))
    try refused(try Envelope(header, body: manifest.body, key: world.master.key), file, "another replica")

    let harms: [(String, String)] = [
      ("a trigger", "CREATE TRIGGER t AFTER INSERT ON company BEGIN SELECT 1; END"),
      ("a view", "CREATE VIEW v AS SELECT 1"), ("a table", "CREATE TABLE more (x)"),
      ("an index", "CREATE INDEX i ON company (name)"),
      ("no table", "DROP TABLE figure"),
      ("a column", "ALTER TABLE company ADD COLUMN more TEXT"),
      ("another place", "UPDATE sync_meta SET value = value + 1 WHERE name = 'cursor'"),
      ("another arrival", "UPDATE sync_meta SET value = value + 1 WHERE name = 'arrival'"),
      ("another unit", "UPDATE sync_meta SET value = 'B' WHERE name = 'org'"),
      ("another program", "PRAGMA application_id = 1"), ("a log beside it", "PRAGMA journal_mode = WAL"),
      ("a conflict that is none", "UPDATE sync_conflict SET state = 'no such'"),
      ("an orphan", "INSERT INTO figure VALUES ('nobody', 2025, 1, 'x')"),
    ]
    for (name, sql) in harms {
      let good = try made()
      let (manifest, file) = try resigned(world, good.manifest, good.file) { plain in
        try DatabaseQueue(path: plain).writeWithoutTransaction { try $0.execute(sql: sql) }
      }
      try refused(manifest, file, name)
    }
    let garbage = try made()
    let (signed, noise) = try resigned(world, garbage.manifest, garbage.file) { plain in
      var bytes = try Data(contentsOf: URL(fileURLWithPath: plain))
      for index in 4096..<8192 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
      try bytes.write(to: URL(fileURLWithPath: plain))
    }
    try refused(signed, noise, "damaged pages")
    // And the good one is taken.
    let good = try made()
    _ = try one.receive(receipts: [], snapshot: good.manifest, file: good.file)
    #expect(try contents(one) == before)
  }

  @Test func whatAToolChangedInTheMasterIsInTheSnapshotAndItsPlace() async throws {
    let (world, one, _) = try await busyWorld()
    try world.shell("UPDATE company SET grade = 'by hand' WHERE id = 'c1'")
    try world.takeSnapshot(one)
    #expect(try one.cell("company", "grade") == .text("by hand"))
    #expect(try await world.sync(one).received.pulled == 0)
    try await world.settle()
  }

  @Test func aRecentSnapshotIsReusedUntilSomethingChanges() async throws {
    let (world, one, two) = try await busyWorld()
    func id(_ replica: Replica) throws -> Identifier {
      world.clock.now += 1000
      let reply = try world.master.snapshot(try replica.hello(stale: true).bytes)
      let city = try VerifyingKey(bytes: replica.meta().cityKey)
      return try SnapshotManifest(SnapshotManifest.open(reply, from: city, for: replica.identity.replica).body).id
    }
    let first = try id(one)
    #expect(try id(two) == first)
    try world.shell("UPDATE company SET grade = 'x' WHERE id = 'c1'")
    let second = try id(one)
    #expect(second != first)
    #expect(world.master.snapshotFile(first) != nil)
    world.clock.now += 7 * 3600 * 1000
    #expect(try id(two) != second)
    #expect(world.master.snapshotFile(first) == nil)
  }
}

extension World {
  fileprivate func takeSnapshotParking(_ replica: Replica) throws -> ReceiveSummary {
    let (manifest, file) = try makeSnapshot(replica.identity.org)
    return try replica.receive(receipts: [], snapshot: manifest, file: file, parkingClashes: true)
  }
}

extension Replica {
  fileprivate func integer(_ sql: String) throws -> Int64? { try read { try $0.integer(sql) } }

  fileprivate func cell(_ name: String, _ field: String) throws -> Value? {
    let record = try record(name)
    return try row(record, key: RowKey([.text("c1")])).flatMap { row in record.index(of: field).map { row[$0] } }
  }
}

/// The line breaks once in the middle of a snapshot's file.
private final class Halved: LoopbackTransport, @unchecked Sendable {
  let master: Master
  /// How much of the file was there before each download.
  private(set) var found: [Int] = []

  init(_ master: Master) { self.master = master }

  func download(_ manifest: SnapshotManifest, to file: String) async throws {
    found.append(FileManager.default.contents(atPath: file)?.count ?? 0)
    try await Loopback(master: master).download(manifest, to: file)
    if found.count > 1 { return }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.truncate(atOffset: UInt64(manifest.packed / 2))
    try handle.close()
    throw Failure(.unreachable, zh: "断开", en: "it broke")
  }
}

@Test func theSnapshotOfARestoredCityGoesOnInTheNextRun() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.two, "UPDATE company SET name = 'two' WHERE id = 'c1'")
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  let way = Halved(world.master)
  for isBroken in [true, false] {
    world.clock.now += 1000
    do {
      _ = try await SyncClient(drill.two, transport: way).sync()
      #expect(!isBroken)
    } catch let failure as Failure {
      #expect(isBroken && failure.kind == .unreachable)
    }
  }
  #expect(way.found.count == 2 && way.found.first == 0 && way.found.last ?? 0 > 0)
  try await world.settle()
  #expect(try world.cell("name") == .text("two"))
}
