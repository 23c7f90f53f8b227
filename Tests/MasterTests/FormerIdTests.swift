import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What was parked under a former id is still this machine's, as far as its file knows of it.

/// Office B's company b1 wants a code that A's a1 has; nothing is sent of it yet.
private func clashing() async throws -> (World, a: Replica, b: Replica) {
  let (world, a) = try await World.counted()
  let b = try await world.join("B", actor: "b")
  try world.shell(a, "INSERT INTO company VALUES ('a1', 'A', 'X', '甲', 1)")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', 'X', '乙', 2)")
  return (world, a, b)
}

/// It is sent, and parked.
private func parked() async throws -> (World, a: Replica, b: Replica) {
  let (world, a, b) = try await clashing()
  try await world.sync(b)
  #expect(try b.parked().count == 1)
  return (world, a, b)
}

private func states(_ world: World) throws -> [ParkedState] { try world.master.parked(waiting: false).map(\.state) }

@Test func whatAFormerIdParkedIsTakenBack() async throws {
  let (world, a, b) = try await parked()
  let renewed = try world.rejoin(b)
  let row = try #require(try renewed.parked().first)
  try renewed.withdraw(row.id, reason: "typed twice", actor: "b")
  try await world.settle()
  #expect(try states(world) == [.withdrawn])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try states(world) == [.withdrawn])
}

@Test func aWithdrawalUnderWayIsCarriedOutUnderTheNewId() async throws {
  let (world, _, b) = try await parked()
  let row = try #require(try b.parked().first)
  try b.withdraw(row.id, reason: "typed twice", actor: "b")
  try b.freeze()
  _ = try world.rejoin(b)
  try await world.settle()
  #expect(try states(world) == [.withdrawn])
}

@Test func whatAFormerIdParkedIsTakenUp() async throws {
  let (world, a, b) = try await parked()
  let renewed = try world.rejoin(b)
  let record = try renewed.record("company")
  #expect(
    try renewed.edit(as: nil) { db in
      try renewed.takeUp(db, record, key: RowKey([.text("b1")]), [2: .text("Y")])
    })
  try await world.settle()
  #expect(try states(world) == [.superseded])
  #expect(try world.cell("code", of: "b1") == .text("Y"))
  #expect(try renewed.parked().isEmpty)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == .text("Y"))
}

@Test func theOtherCopyHearsThatALaterChangeTookThePlaceOfWhatWaits() async throws {
  let (world, _, b) = try await parked()
  let copy = try world.copy(of: b)
  let renewed = try world.rejoin(copy)
  let record = try renewed.record("company")
  #expect(
    try renewed.edit(as: nil) { db in
      try renewed.takeUp(db, record, key: RowKey([.text("b1")]), [2: .text("Y")])
    })
  try await world.sync(renewed)
  #expect(try states(world) == [.superseded])
  #expect(try await world.sync(b).received.news.count == 1)
  #expect(try b.parked(waiting: false).map(\.state) == [.superseded])
  #expect(try renewed.parked(waiting: false).isEmpty)
  try await world.settle()
}

/// What a former id parked enters, and the new one has not heard of it.
private func entered() async throws -> (World, renewed: Replica) {
  let (world, a, b) = try await parked()
  let renewed = try world.rejoin(b)
  try await world.sync(renewed)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(a)
  return (world, renewed)
}

@Test func theNewIdHearsWhatBecameOfWhatTheFormerOneParked() async throws {
  let (world, renewed) = try await entered()
  let summary = try await world.sync(renewed)
  #expect(summary.received.news.count == 1)
  #expect(try renewed.parked(waiting: false).map(\.state) == [.entered])
  try await world.settle()
  #expect(try renewed.rows(renewed.record("company")).map { $0[3] } == [.text("乙")])
}

/// The same when it is told by a snapshot, as after every restore of the city.
@Test func theNewIdHearsInASnapshotWhatBecameOfWhatTheFormerOneParked() async throws {
  let (world, renewed) = try await entered()
  try await world.takeSnapshot(renewed)
  #expect(try renewed.parked(waiting: false).map(\.state) == [.entered])
  try await world.settle()
}

/// The same of a batch that goes again under the new id, and that the city has taken from the former one.
@Test(arguments: [false, true])
func theNewIdHearsInASnapshotWhatBecameOfABatchThatItSentAgain(hasCode: Bool) async throws {
  let (world, a, b) = try await clashing()
  try b.freeze()
  if hasCode { try await world.sync(b) } else { try world.sendInVain(b) }
  let renewed = try world.rejoin(b, code: hasCode ? world.master.enrol(org: "B").code : nil)
  try await world.sync(renewed)
  #expect(try renewed.parked().map(\.batch) == [1])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(a)
  try world.takeSnapshot(renewed)
  #expect(try renewed.parked(waiting: false).map(\.state) == [.entered])
  try await world.settle()
}

/// It was taken, and is lost; at the restored city another row has its code by then. Lost once more, that city has what it said of it
/// back, over the network or on sticks.
@Test(arguments: [false, true])
func whatAFormerIdSentIsSetAsideWhenARestoredCityParksIt(isCarried: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell(drill.two, "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'X')")
  try await world.sync(drill.two)
  let renewed = try world.rejoin(drill.two)
  try await world.sync(renewed)
  try await drill.restoreWithoutTwo(from: file)
  try world.shell("UPDATE company SET code = 'X' WHERE id = 'c1'")
  try world.master.absorbNow()
  try await world.settle()
  let key = RowKey([.text("c4")])
  #expect(try world.master.parked().map(\.ref.key) == [key])
  #expect(try renewed.parked().map(\.ref.key) == [key])
  let log = try world.loggedRows()
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b])
  if isCarried {
    for _ in 1...2 { _ = try? world.carry(renewed) }
  } else {
    try await world.giveBack([renewed])
  }
  // Its former id is another machine, as far as the city knows.
  try world.master.release(reason: "gone", actor: "li")
  #expect(try world.loggedRows() == log)
  if isCarried { try world.carry(renewed) }
  try await world.settle()
  #expect(try renewed.parked().map(\.ref.key) == [key])
}

@Test func aParkedBatchThatComesAgainIsParkedOnce() async throws {
  let (world, a, b) = try await clashing()
  try b.freeze()
  try world.sendInVain(b)
  let renewed = try world.rejoin(b)
  try await world.sync(renewed)
  #expect(try renewed.parked().map(\.batch) == [1])
  #expect(try world.master.parked().count == 1)
  try world.shell(a, "UPDATE company SET code = 'Z' WHERE id = 'a1'")
  try await world.settle()
  #expect(try states(world) == [.entered])
  #expect(try renewed.parked(waiting: false).map(\.state) == [.entered])
  #expect(try world.cell("total", of: "b1") == .integer(2))
}

/// Its clerk has given back before the city asked, or somebody on the line says that a batch is missing: all of it
/// goes once more.
@Test(arguments: [false, true]) func whatHasEnteredDoesNotWaitAgainUnderTheNewId(hasGap: Bool) async throws {
  let (world, a, b) = try await parked()
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.parked(waiting: false).map(\.state) == [.entered])
  if hasGap {
    try world.restore(from: world.backup())
    try await world.giveBack([a, b])
    try await world.settle()
    try b.fillGap(isRestored: false)
    #expect(try b.status().inFlight == 1)
  } else {
    _ = try BundleExchange(b).write(world.stick("back"), givingBack: true)
  }
  let renewed = try world.rejoin(b)
  #expect(try renewed.status().inFlight == 1)
  #expect(try await world.sync(renewed).received.parked == 0)
  #expect(try renewed.parked().isEmpty)
  try world.shell(renewed, "UPDATE company SET name = '丁' WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("total", of: "b1") == .integer(2))
}

/// Both copies say the same again, and the second is given the answer of the first: the row that stands at the city stands at both.
@Test func whatIsParkedOfBothCopiesLeavesBothTheRowThatStands() async throws {
  let (world, a) = try await World.counted()
  let b = try await world.join("B", actor: "b")
  try world.shell(a, "INSERT INTO company VALUES ('a1', 'A', 'X', '甲', 1)")
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', NULL, '乙', 2)")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', 'X', '乙', 2)")
  try b.freeze()
  try world.shell(b, "UPDATE company SET name = '丁' WHERE id = 'b1'")
  try b.freeze()
  let copy = try world.copy(of: b)
  for _ in 1...2 { try await world.sync(b) }
  let renewed = try world.rejoin(copy)
  try await world.settle()
  #expect(try b.parked().count == 1 && renewed.parked().count == 1)
  #expect(try world.cell("name", of: "b1") == .text("丁"))
}

@Test func whatTheOtherFileParkedSinceIsNotThisOnes() async throws {
  let (world, a) = try await World.counted()
  let b = try await world.join("B", actor: "b")
  try world.shell(a, "INSERT INTO company VALUES ('a1', 'A', 'X', '甲', 1)")
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', NULL, '乙', 2)")
  try await world.settle()
  let copy = try world.copy(of: b)
  try world.shell(b, "UPDATE company SET code = 'X', name = '丙'")
  try await world.sync(b)
  #expect(try states(world) == [.waiting])
  // The copy has not seen that change: its own edit of the row must not take its place.
  try world.shell(copy, "UPDATE company SET total = 3")
  let renewed = try world.rejoin(copy)
  try await world.sync(renewed)
  #expect(try states(world) == [.waiting])
  #expect(try renewed.parked(waiting: false).isEmpty)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try states(world) == [.entered])
  #expect(try world.cell("name", of: "b1") == .text("丙"))
  #expect(try world.cell("total", of: "b1") == .integer(3))
  #expect(try renewed.parked(waiting: false).isEmpty)
  #expect(try b.parked(waiting: false).map(\.state) == [.entered])
}

@Test func aConflictOfAFormerIdIsDecidedByTheUnit() async throws {
  let (world, one) = try await World.counted()
  let two = try await world.join("A", actor: "two")
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await world.sync(two)
  let renewed = try world.rejoin(two)
  try await world.sync(one)
  let conflict = try #require(try one.conflicts([.open]).first)
  try one.decide(
    Decision(
      conflict: conflict.id, choice: .take, contender: 1, reason: "licence",
      edit: Edit(stamp: Stamp(raw: 0), actor: "one"),
      version: conflict.version))
  try await world.sync(one)
  let summary = try await world.sync(renewed)
  #expect(summary.received.news.count == 1)
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
}
