import Foundation
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master

// A snapshot is a copy of personal data, and it tells what was erased.

extension World {
  fileprivate func kept() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: master.folder(.snapshots).path)
  }

  /// What programs have put beside a file.
  fileprivate func beside(_ path: String) throws -> [String] {
    let start = URL(fileURLWithPath: path).lastPathComponent + "."
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(start) }
  }
}

@Test func anErasureLeavesNoSnapshot() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try await world.join("A", actor: "three")
  #expect(try !world.kept().isEmpty)
  // An earlier version, killed while it wrote one for a stick.
  for ending in ["", ".plain"] {
    let file = "\(world.master.path).snapshot-\(UUID().uuidString)\(ending)"
    try Data("PHONE-one".utf8).write(to: URL(fileURLWithPath: file))
  }
  try world.erase()
  #expect(try world.kept() == [] && world.beside(world.master.path) == [])
  let fresh = try await world.join("A", actor: "four")
  #expect(try fresh.rows(world.person).allSatisfy { !$0.contains(.text("PHONE-one")) })
  try await world.settle()
}

/// Of several rows one cannot be erased: of those before it nothing is left all the same.
@Test func anErasureThatStopsLeavesNoSnapshotOfWhatItHasErased() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try await world.join("A", actor: "three")
  #expect(try !world.kept().isEmpty)
  let keys = ["p1", "nobody"].map { RowKey([.text($0)]) }
  let failure = #expect(throws: Failure.self) {
    try world.master.erase(world.person, keys: keys, reason: "asked for", actor: "li")
  }
  #expect(failure?.kind == .notFound)
  #expect(try world.master.erasures().map(\.key) == [keys[0]])
  #expect(try world.kept() == [] && !world.master.holdsOldPages())
}

/// It was killed while it wrote the file anew.
@Test func anErasureThatWasKilledLeavesNoSnapshotWhenTheMasterIsOpened() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try await world.join("A", actor: "three")
  try world.shell("INSERT INTO sync_meta VALUES ('old_pages', 2)")
  #expect(try !world.kept().isEmpty)
  let master = try Master.open(path: world.master.path, key: world.master.key, readSchema: readSchema)
  #expect(try world.kept() == [] && !master.holdsOldPages())
}

/// What the city writes for a stick is where an erasure finds it, also when the program was killed.
@Test func anErasureLeavesNoSnapshotThatIsWrittenForAStick() async throws {
  let (world, _, _) = try await World.twoOfficers()
  var random = SystemRandomNumberGenerator()
  let recipient = BundleRecipient.key(try world.master.key.agreementPublicKey)
  let bundle = try BundleWriter(world.stick("out"), .down, to: [recipient], seed: random.bundleSeed())
  func write() throws {
    try world.master.writeSnapshot(org: "A", for: .city, to: bundle) { _ in
      #expect(try !world.kept().isEmpty)
      try world.erase()
      #expect(try world.kept() == [] && world.beside(world.master.path) == [])
      return []
    }
  }
  let failure = #expect(throws: Failure.self) { try write() }
  #expect(failure?.kind == .busy)
  #expect(failure?.message.en.contains("run this again") == true)
  #expect(failure?.message.zh.contains("请重新运行") == true)
}

/// A download broke off, and programs were killed that had packed or unpacked one.
@Test(arguments: [false, true]) func anErasureLeavesNothingThatAReplicaHasFetched(bySnapshot: Bool) async throws {
  let (world, _, _) = try await World.twoOfficers()
  let three = try await world.enrol("A", actor: "three")
  let way = Fetched(world.master) { throw Failure(.unreachable, zh: "断开", en: "it broke") }
  await #expect(throws: Failure.self) { try await SyncClient(three, transport: way).sync() }
  for ending in [".snapshot-\(UUID().uuidString)", ".bundle-\(UUID().uuidString)"] {
    try Data("PHONE-one".utf8).write(to: URL(fileURLWithPath: three.path + ending))
  }
  try world.carry(three)
  #expect(try world.beside(three.path).count == 4)
  try world.erase()
  if bySnapshot { try world.takeSnapshot(three) } else { try await world.sync(three) }
  #expect(try world.beside(three.path) == [])
  try await world.settle()
}

@Test func anErasureLeavesWhatSomebodyHasPutBesideAReplica() async throws {
  let (world, one, _) = try await World.twoOfficers()
  let endings = [".snapshot-monday", ".snapshots", ".bundle-1"]
  for ending in endings { try Data("x".utf8).write(to: URL(fileURLWithPath: one.path + ending)) }
  try world.erase()
  try await world.sync(one)
  #expect(try world.beside(one.path).count == endings.count)
}

/// Backups are not to be deleted by it.
@Test func anErasureLeavesWhatSomebodyHasPutBesideTheMaster() async throws {
  let (world, _, _) = try await World.twoOfficers()
  _ = try world.master.backup(to: world.master.path + ".snapshot-monday")
  let endings = [".snapshots", ".snapshot-\(UUID().uuidString)-kept"]
  for ending in endings { try Data("x".utf8).write(to: URL(fileURLWithPath: world.master.path + ending)) }
  try world.erase()
  for ending in endings + [".snapshot-monday"] {
    #expect(FileManager.default.fileExists(atPath: world.master.path + ending))
  }
}

@Test func aSnapshotTellsWhatWasErased() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2'")
  try await world.syncAll()
  // Rows that leave are kept in the archive of the machine.
  try world.shell("UPDATE person SET office = 'B'")
  try await world.syncAll()
  try world.erase()
  try world.takeSnapshot(two)
  #expect(try world.files(with: "PHONE").filter { $0.hasPrefix("replica1") } == [])
  try await world.settle()
}
