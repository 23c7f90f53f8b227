import CSimulatedDisk
import Foundation
import GRDB
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master

// Requests share a flush: the transaction of one may be read by another before it has reached the disk. Whatever leaves the city
// rests on the disk all the same. Here the power fails right after an answer, and another request had not flushed yet.

/// A disk that keeps only what was synced.
private final class FailingDisk: @unchecked Sendable {
  let name = "disk-\(UUID().uuidString)"
  let disk: OpaquePointer?

  init() { disk = simulated_disk_create(name, { _ in 1_800_000_000_000 }, nil) }

  /// No call succeeds until it goes on, and nothing is lost.
  func stop() { simulated_disk_arm(disk, Int32(simulated_disk_death), 0, 0) }
  func goOn() { _ = simulated_disk_restart(disk) }
  func losePower() throws {
    simulated_disk_arm(disk, Int32(simulated_disk_power_loss), 0, 0)
    try #require(simulated_disk_restart(disk) == 0)
  }
}

/// Runs an action when it is asked for the first number.
private struct Interruption: RandomNumberGenerator, Sendable {
  let once: Once
  func next() -> UInt64 {
    once.run()
    return .random(in: 0...UInt64.max)
  }
}

private final class Once: @unchecked Sendable {
  private var action: (() throws -> Void)?
  private(set) var error: (any Error)?
  var isDone: Bool { action == nil && error == nil }

  init(_ action: @escaping () throws -> Void) { self.action = action }

  func run() {
    guard let action else { return }
    self.action = nil
    do { try action() } catch { self.error = error }
  }
}

/// After the first answer to a probe nothing works any more: the next question would flush the log, too.
private struct OneAnswer: LoopbackTransport {
  let master: Master
  let disk: FailingDisk

  func probe(_ message: [UInt8]) async throws -> [UInt8] {
    let answer = try master.answer(message)
    disk.stop()
    return answer
  }
}

/// A city on a failing disk and two machines of one unit; the first has something to send.
private struct Hall {
  let disk = FailingDisk()
  let world: World
  let sender: Replica
  let reader: Replica

  init() async throws {
    let disk = disk
    world = try Self.on(disk) { try World(schema: smallSchemaYAML, seed: [("office", [[.text("A"), .null]])]) }
    sender = try await world.join("A")
    reader = try await world.join("A")
    try world.shell(sender, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'n')")
  }

  /// Files that are opened meanwhile are on the disk.
  static func on<T>(_ disk: FailingDisk, opening: Once? = nil, _ body: () throws -> T) rethrows -> T {
    try Connection.$preparation.withValue(.init(vfs: disk.name) { _ in opening?.run() }, operation: body)
  }

  static func on<T>(
    _ disk: FailingDisk, opening: Once? = nil, _ body: () async throws -> T
  ) async rethrows -> T {
    try await Connection.$preparation.withValue(.init(vfs: disk.name) { _ in opening?.run() }, operation: body)
  }

  /// Another request, which has committed its batch and waits for the flush.
  func request() throws -> Once {
    try sender.freeze()
    let (master, id, disk) = (world.master, sender.identity.replica, disk)
    let key = try #require(world.keys[sender.path]).publicKey
    let message = try #require(try SealedEnvelope.split(try sender.unacknowledged()[0]).first).open(with: key)
    return Once {
      do {
        try master.store.answering {
          _ = try master.accept(message, secrets: nil, from: id)
          disk.stop()
        }
      } catch let failure as Failure where failure.kind == .disk {}
      disk.goOn()
    }
  }

  /// Whether the batch is in the log of the file that a loss of power leaves.
  func isThereAfterPowerLoss() throws -> Bool {
    try disk.losePower()
    let copy = world.folder.appendingPathComponent("left.sqlite").path
    for end in ["", "-wal"] where FileManager.default.fileExists(atPath: world.master.path + end) {
      try FileManager.default.copyItem(atPath: world.master.path + end, toPath: copy + end)
    }
    let left = try Master.open(path: copy, key: world.master.key, readSchema: readSchema)
    return try left.read {
      try $0.first("SELECT 1 FROM sync_batch WHERE replica = ?", [.blob(sender.identity.replica.bytes)]) != nil
    }
  }
}

@Test func whatWasCommittedAndNotFlushedIsLost() async throws {
  let hall = try await Hall()
  try hall.request().run()
  #expect(try !hall.isThereAfterPowerLoss())
}

@Test func aSnapshotLeavesWhenWhatItHoldsIsOnTheDisk() async throws {
  let hall = try await Hall()
  let request = try hall.request()
  let file = hall.world.folder.appendingPathComponent("snapshot.zst").path
  _ = try Hall.on(hall.disk, opening: request) {
    try hall.world.master.snapshot(org: "A", for: hall.reader.identity.replica, into: file)
  }
  #expect(request.isDone)
  #expect(try hall.isThereAfterPowerLoss())
}

@Test func aComparisonLeavesWhenWhatItReadIsOnTheDisk() async throws {
  let hall = try await Hall()
  let request = try hall.request()
  await Hall.on(hall.disk, opening: request) {
    await #expect(throws: (any Error).self) {
      try await SyncClient(hall.reader, transport: OneAnswer(master: hall.world.master, disk: hall.disk)).deepVerify()
    }
  }
  #expect(request.isDone)
  #expect(try hall.isThereAfterPowerLoss())
}

@Test func aBundleLeavesWhenWhatItHoldsIsOnTheDisk() async throws {
  let hall = try await Hall()
  let folder = hall.world.folder
  let (up, down) = (folder.appendingPathComponent("up").path, folder.appendingPathComponent("down").path)
  _ = try BundleExchange(hall.reader).write(up)
  let request = try hall.request()
  hall.world.master.random = Interruption(once: request)
  _ = try Hall.on(hall.disk) { try hall.world.master.read(bundle: up, replyingIn: down) }
  #expect(request.isDone)
  #expect(try hall.isThereAfterPowerLoss())
}
