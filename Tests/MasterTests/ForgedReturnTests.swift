import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

/// Somebody whose key the city does not know, and who has listened to a machine, gives back what he has heard after a
/// release.
@Test func whoHasNoKeyMakesTheCityTakeNothingInAgain() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try await world.syncAll()
  let file = try world.backup()
  try world.shell("UPDATE person SET mobile = 'MOBILE-late' WHERE id = 'p1'")
  try await world.sync(two)
  let given = try two.givingBack(after: ReturnPosition(own: 0, batch: 0))?.messages ?? []
  let heard = try SealedEnvelope.split(given).filter { $0.header.kind == .own }.flatMap(\.bytes)
  #expect(!heard.isEmpty)
  try world.restore(from: file)
  try world.master.release(reason: "nobody answers", actor: "li")
  for replica in [two, one, two] { try await world.sync(replica) }
  #expect(try world.master.recovery()?.aside.map(\.changes) == [1])
  let upload = world.master.folder(.staged).appendingPathComponent("upload")
  try FileManager.default.createDirectory(at: world.master.folder(.staged), withIntermediateDirectories: true)
  try Data([1]).write(to: upload)
  let version = try world.master.read { try $0.first("PRAGMA schema_version") }
  let key = SigningKey()
  for (number, own) in [[], heard].enumerated() {
    var header = Header(
      kind: .hello, replica: key.publicKey.identifier, epoch: key.publicKey.identifier, number: Int64(number + 1),
      cursor: 0, stamp: Stamp(milliseconds: world.clock.now), schema: try one.meta().schemaHash)
    (header.returning, header.more) = (true, true)
    let hello = try Envelope(header, body: HelloBody(last: 0, seen: 0).bytes, key: key).bytes
    _ = try world.master.exchange(hello + own)
  }
  // Taking in drops the triggers, and makes them anew.
  #expect(try world.master.read { try $0.first("PRAGMA schema_version") } == version)
  #expect(FileManager.default.fileExists(atPath: upload.path))
  #expect(try world.master.recovery()?.aside.map(\.changes) == [1])
  #expect(try world.master.verify().map(\.en) == [])
}

/// The recovery would wait for all of it, and its release say that it is lost.
@Test func whoSaysThatItHasReadMoreThanAnyLogHoldsIsRefused() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.restore(from: file)
  let key = try #require(world.keys[two.path])
  for seen: Int64 in [(1 << 40) + 1, .max] {
    let hello = try two.returningHello(more: false)
    let forged = try Envelope(hello.header, body: HelloBody(last: 0, seen: seen).bytes, key: key).bytes
    let refusal = #expect(throws: Refusal.self) { try world.master.exchange(forged) }
    #expect(refusal?.code == .tampered)
  }
  #expect(try world.master.recovery()?.missing == [])
  try await world.giveBack([drill.one, two, drill.b])
  #expect(try world.master.recovery()?.isRecovering == false)
  try await world.settle()
}

/// Somebody on the line keeps by what a machine says that it has given everything back.
private final class Overheard: LoopbackTransport, @unchecked Sendable {
  let master: Master
  private(set) var kept: [UInt8] = []

  init(_ master: Master) { self.master = master }

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    if let hello = try SealedEnvelope.split(message).first?.header, hello.returning, !hello.more { kept = message }
    return try master.exchange(message)
  }
}

/// The city's disk is lost once more before a machine says that it has given everything back, and nobody waits for it.
private final class LostMeanwhile: LoopbackTransport, @unchecked Sendable {
  private let world: World
  private let file: String
  private var isLost = false
  var master: Master { world.master }

  init(_ world: World, file: String) { (self.world, self.file) = (world, file) }

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    if !isLost, let hello = try SealedEnvelope.split(message).first?.header, hello.returning, !hello.more {
      isLost = true
      try world.restore(from: file)
      try world.master.release(reason: "away", actor: "li")
    }
    return try master.exchange(message)
  }
}

@Test func whoGivesBackToACityThatIsRestoredMeanwhileGivesBackAgain() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try drill.company("c7", "A", on: two)
  try await world.sync(two)
  try world.restore(from: file)
  try world.master.release(reason: "away", actor: "li")
  world.clock.now += 1000
  _ = try await SyncClient(two, transport: LostMeanwhile(world, file: file)).sync()
  #expect(try world.cell("name", of: "c7") == .text("n"))
  try await world.settle()
}

/// It is sent again after the next restore: what only that machine has of the time between is still to come.
@Test func whatWasSaidToAnEarlierRestoreIsNotAllThatThereIs() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b])
  let line = Overheard(world.master)
  world.clock.now += 1000
  _ = try await SyncClient(two, transport: line).sync()
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try world.master.absorbNow()
  try await world.sync(two)
  let log = try world.loggedRows()
  try world.restore(from: file)
  _ = try world.master.exchange(line.kept)
  #expect(try world.master.recovery()?.unheard.count == 3)
  try await world.giveBack([drill.one, drill.b])
  #expect(try world.master.recovery()?.isRecovering == true)
  try await world.giveBack([two])
  #expect(try world.master.recovery()?.isRecovering == false)
  #expect(try world.loggedRows() == log)
  try await world.settle()
}
