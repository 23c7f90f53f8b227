import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A file that was repaired and not yet compared meets a city that has another schema, or another epoch, by now, or that
// has not heard of its id yet.

@Suite struct RepairAcrossChangesTests {
  /// A machine on which an edit went unseen, and another one was captured before.
  private func repaired(_ world: World, _ one: Replica) throws {
    try world.shell(one, "UPDATE company SET phone = 'pending' WHERE id = 'c1'")
    try world.shell(one, copied + "UPDATE company SET name = 'unseen' WHERE id = 'c1'")
    #expect(try !one.repair().isEmpty)
  }

  @Test(arguments: [true, false]) func itIsComparedByTheNewSchema(adopts: Bool) async throws {
    let (world, one, two) = try await World.twoMachines()
    try repaired(world, one)
    try world.upgradeSmall(to: 3)
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET fax = '5' WHERE id = 'c1'")
    try await world.sync(two)
    await #expect(throws: Failure.self) { try await world.sync(one) }
    let comparison = try await world.deepVerify(one)
    #expect(one.schema.version == 3 && comparison.differences.map(\.ref.key.description) == ["c1"])
    if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
    for replica in [one, two] { try await world.sync(replica) }
    // What the city got since is contested, not overwritten; what nobody saw is there, or was set back.
    #expect(try world.cell("phone") == .text("pending") && world.cell("fax") == .text("5"))
    let contenders = try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }
    #expect(contenders.contains(.text("unseen")) == adopts)
    try await world.settle()
  }

  @Test(arguments: [true, false]) func itIsComparedWithACityThatWasRestored(adopts: Bool) async throws {
    let (world, one, two) = try await World.twoMachines(schema: summedSchemaYAML)
    let file = try world.backup()
    for replica in [one, two] {
      try world.shell(replica, "UPDATE company SET staff = staff + 1 WHERE id = 'c1'")
      try await world.sync(replica)
    }
    try await world.sync(one)
    try repaired(world, one)
    try world.restore(from: file)
    // It gives back though it cannot be synced.
    let waits = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(waits?.kind == .busy)
    _ = try await world.giveBack(two)
    #expect(try world.master.recovery()?.isRecovering == false)
    let comparison = try await world.deepVerify(one)
    #expect(comparison.differences.map(\.ref.key.description) == ["c1"])
    if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
    try await world.sync(one)
    #expect(try world.cell("phone") == .text("pending") && world.cell("staff") == .integer(12))
    let contenders = try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }
    #expect(contenders.contains(.text("unseen")) == adopts)
    try await world.settle()
  }

  /// Nobody has changed the row since the backup, and the machine had read what that holds.
  @Test func whatWentUnseenBeforeARestoreIsAdopted() async throws {
    let (world, one, two) = try await World.twoMachines()
    let file = try world.backup()
    try world.shell(
      one,
      copied + "UPDATE company SET phone = 'unseen', address = 'unseen', peak = 9, first = NULL WHERE id = 'c1'")
    try one.repair()
    try world.restore(from: file)
    let waits = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(waits?.kind == .busy)
    _ = try await world.giveBack(two)
    #expect(try world.master.recovery()?.isRecovering == false)
    let comparison = try await world.deepVerify(one)
    #expect(comparison.lines(one.schema) == ["~ company c1 phone,address,first,peak"])
    #expect(try one.adopt(comparison, actor: "li") == 1)
    try await world.sync(one)
    try await world.settle()
    #expect(try world.cell("phone") == .text("unseen") && world.cell("address") == .text("unseen"))
    #expect(try world.cell("peak") == .integer(9) && world.cell("first") == .null)
  }

  /// An old value that nobody touched here is not newer than what others enter at the restored city. Of a machine that has
  /// read nothing of the epoch of the backup nobody knows what it has read.
  @Test(arguments: [true, false]) func whatOthersHaveEnteredSinceARestoreStands(hasReadTheBackup: Bool) async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "INSERT INTO company (id, office, phone, peak) VALUES ('c2', 'A', '1', 5)")
    try await world.settle()
    var file = try world.backup()
    if !hasReadTheBackup {
      try world.restore(from: file)
      _ = try await world.giveBack(two)
      try world.master.release(reason: "one is away", actor: "li")
      try await world.sync(two)
      file = try world.backup("later.backup")
    }
    try world.shell(one, copied + "UPDATE company SET phone = 'unseen' WHERE id = 'c1'")
    try one.repair()
    try world.restore(from: file)
    let waits = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(waits?.kind == .busy)
    _ = try await world.giveBack(two)
    try world.shell(two, "UPDATE company SET phone = 'new', peak = 3 WHERE id = 'c2'")
    try await world.sync(two)
    let comparison = try await world.deepVerify(one)
    let mark = hasReadTheBackup ? "" : "?"
    #expect(comparison.lines(one.schema) == ["\(mark)~ company c1 phone", "?~ company c2 phone,peak"])
    #expect(try one.adopt(comparison, actor: "li") == (hasReadTheBackup ? 1 : 0))
    try await world.settle()
    #expect(try world.cell("phone", of: "c2") == .text("new") && world.cell("peak", of: "c2") == .integer(3))
    #expect(try world.cell("phone") == .text(hasReadTheBackup ? "unseen" : "1"))
  }

  /// What it had read of them is not what somebody entered, or deleted, here.
  @Test func whatOthersHaveLostWithARestoreStands() async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c2', 'A', '乙')")
    try await world.settle()
    let file = try world.backup()
    try world.shell(two, "UPDATE company SET name = 'lost' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c2'")
    for replica in [two, one] { try await world.sync(replica) }
    try world.shell(one, copied + "UPDATE company SET phone = 'unseen' WHERE id = 'c1'")
    try one.repair()
    try world.restore(from: file)
    world.lose(two)
    let waits = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(waits?.kind == .busy)
    try world.master.release(reason: "two's disk died", actor: "li")
    let comparison = try await world.deepVerify(one)
    #expect(comparison.lines(one.schema) == ["?~ company c1 name,phone"])
    try one.adopt(comparison, actor: "li")
    try await world.settle()
    #expect(try world.cell("name", of: "c2") == .text("乙") && world.cell("phone") == .text("1"))
    #expect(try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }.contains(.text("lost")))
  }

  enum Waiting: CaseIterable { case rejoined, rejoinedBeforeRestore, begunOnAStick }

  @Test(arguments: Waiting.allCases) func itIsComparedThoughItsEnrolmentWaits(_ waiting: Waiting) async throws {
    let (world, former, two) = try await World.twoMachines()
    let code = try world.master.enrol(org: "A").code
    _ = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
    let file = try world.backup()
    let begins = waiting == .begunOnAStick
    let one = try begins ? world.start(from: "first", code: code) : world.rejoin(former)
    try repaired(world, one)
    if waiting == .rejoinedBeforeRestore {
      try world.restore(from: file)
      _ = try await world.giveBack(two)
      try world.master.release(reason: "rejoined", actor: "li")
    }
    await #expect { try await world.sync(one) } throws: { ($0 as? Failure)?.message.en.contains("--deep") == true }
    let comparison = try await world.deepVerify(one)
    #expect(comparison.differences.map(\.ref.key.description) == ["c1"])
    try one.setBack(comparison)
    try await world.settle()
    #expect(try world.cell("phone") == .text("pending") && world.cell("name") == .text("甲"))
    #expect(try one.enrolment().isEmpty)
  }

  /// A tool takes a trigger away and edits while the answer is on its way, and the file may be repaired by then.
  @Test(arguments: [false, true])
  func whatWasEditedUnseenDuringAnExchangeIsNotPulledOver(isRepaired: Bool) async throws {
    let (world, one, two) = try await World.twoMachines()
    try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
    try await world.sync(two)
    let line = Preceded(world.master) { exchange in
      if exchange > 1 { return }
      try world.shell(one, unseen)
      if isRepaired { try one.repair() }
    }
    let failure = await #expect(throws: Failure.self) { try await SyncClient(one, transport: line).sync() }
    #expect(failure?.kind == .data)
    let told = isRepaired ? "verify --deep" : "sync_capture_update_company was removed"
    #expect(failure?.message.en.contains(told) == true)
    #expect(try phone(one) == .text("9"))
    if !isRepaired { try one.repair() }
    let comparison = try await world.deepVerify(one)
    #expect(comparison.lines(one.schema) == ["?~ company c1 name,phone"])
    try one.adopt(comparison, actor: "li")
    try await world.settle()
  }

  @Test func noSnapshotIsTakenOverWhatWasEditedUnseen() async throws {
    let (world, one, _) = try await World.twoMachines()
    let (manifest, file) = try world.makeSnapshot("A", for: one.identity.replica)
    try world.shell(one, unseen)
    #expect { try one.receive(receipts: [], snapshot: manifest, file: file) } throws: {
      ($0 as? Failure)?.kind == .data
    }
    #expect(try phone(one) == .text("9"))
  }

  private let unseen = "DROP TRIGGER sync_capture_update_company; UPDATE company SET phone = '9' WHERE id = 'c1'"

  private func phone(_ replica: Replica) throws -> Value? {
    let company = try replica.record("company")
    return try company.index(of: "phone").flatMap { column in try replica.rows(company).first?[column] }
  }

  /// The file can be synced only once it was compared, and compared only once it has the city's schema.
  @Test(arguments: [true, false]) func itIsComparedByTheSchemaOfACityThatWasRestored(adopts: Bool) async throws {
    let (world, one, two) = try await World.twoMachines()
    let file = try world.backup()
    try repaired(world, one)
    try world.upgradeSmall(to: 3)
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET fax = '5' WHERE id = 'c1'")
    try await world.sync(two)
    try world.restore(from: file)
    let waits = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(waits?.kind == .busy)
    _ = try await world.giveBack(two)
    #expect(try world.master.recovery()?.isRecovering == false && world.master.schema.version == 3)
    let comparison = try await world.deepVerify(one)
    #expect(one.schema.version == 3 && comparison.differences.map(\.ref.key.description) == ["c1"])
    if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
    try await world.sync(one)
    #expect(try world.cell("phone") == .text("pending") && world.cell("fax") == .text("5"))
    let contenders = try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }
    #expect(contenders.contains(.text("unseen")) == adopts)
    try await world.settle()
  }

  /// A file that is well has nothing to compare before its first pull of a restored city.
  @Test func aFileThatIsWellIsToldToSyncFirst() async throws {
    let (world, one, _) = try await World.twoMachines()
    try world.restore(from: try world.backup())
    let failure = await #expect(throws: Failure.self) { try await world.deepVerify(one) }
    #expect(failure?.kind == .busy && failure?.message.en.contains("county sync first") == true)
  }
}
