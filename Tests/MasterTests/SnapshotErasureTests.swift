import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A snapshot is a copy of personal data, and it tells what was erased.

extension World {
  fileprivate func kept() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: master.folder(.snapshots).path)
  }
}

@Test func anErasureLeavesNoSnapshot() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try await world.join("A", actor: "three")
  #expect(try !world.kept().isEmpty)
  try world.erase()
  #expect(try world.kept() == [])
  let fresh = try await world.join("A", actor: "four")
  #expect(try fresh.rows(world.person).allSatisfy { !$0.contains(.text("PHONE-one")) })
  try await world.settle()
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
