import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An erasure comes back to a restored city after its release: it took what was edited before it, and nothing else (E5).

extension World {
  /// The city has erased a field of p1, of which only the machine `two` has heard, and goes on from a backup of before that.
  /// - Parameter entering: what `two` enters since.
  fileprivate static func erasedInVain(
    _ field: String = "phone", entering phone: String? = nil
  ) async throws -> (World, Replica, Replica) {
    let (world, one, two) = try await twoOfficers()
    let file = try world.backup()
    try world.erase("p1", [field])
    try await world.sync(two)
    if let phone { try await world.enter(phone, two) }
    try world.restore(from: file)
    _ = try await world.giveBack(one)
    try world.master.release(reason: "away", actor: "li")
    try await world.sync(one)
    #expect(try world.person("phone") == .text("PHONE-one"))
    return (world, one, two)
  }

  fileprivate func enter(
    _ value: String, in field: String = "phone", of id: String = "p1", _ replica: Replica
  ) async throws {
    clock.now += 1000
    try shell(replica, "UPDATE person SET \(field) = '\(value)' WHERE id = '\(id)'")
    try shell(replica, "UPDATE sync_base_person SET sync_stamp = \(clock.now << 16)")
    try await sync(replica)
  }

  /// Everybody syncs, and has the phone; no file that is in use has one of before.
  fileprivate func expectPhone(_ phone: Value, location: SourceLocation = #_sourceLocation) async throws {
    try await syncAll()
    #expect(try person("phone") == phone, sourceLocation: location)
    for replica in replicas { #expect(try replica.cell("phone") == phone, sourceLocation: location) }
    let lost = ["city.backup", "master.sqlite", "master.sqlite-wal"]
    #expect(try files(with: "PHONE").filter { !lost.contains($0) } == [], sourceLocation: location)
    try await settle(location)
  }
}

/// Who entered it had not heard of the erasure, nor had the city.
@Test func whatWasEnteredBeforeAnErasureComesBackIsNew() async throws {
  let (world, one, _) = try await World.erasedInVain()
  try await world.enter("FRESH", one)
  try await world.expectPhone(.text("FRESH"))
  #expect(try world.master.erasures().count == 1)
}

/// What is kept of the cell is looked at batch by batch (I8).
@Test func anErasureThatComesBackDoesNotGoThroughTheWholeLog() async throws {
  let (world, one, _) = try await World.erasedInVain()
  try await world.enter("FRESH", one)
  let trace = try Trace(of: world.master)
  try await world.syncAll()
  #expect(try world.master.erasures().count == 1)
  let erasing = Set(trace.statements(with: "DELETE FROM sync_secret").filter { $0.contains("sync_batch") })
  let plans = try erasing.map { try world.master.plan($0).joined(separator: "; ") }
  #expect(plans.count == 1 && plans.allSatisfy { $0.contains("SEARCH sync_batch ") }, "\(plans)")
}

/// The log shows by what it was replaced, and its sender can give that back.
@Test(arguments: [false, true])
func whatWasEnteredBeforeAnErasureComesBackMayBeReplacedByThen(isDeleted: Bool) async throws {
  let (world, one, _) = try await World.erasedInVain()
  try await world.enter("FRESH-1", one)
  if isDeleted {
    try world.shell(one, "DELETE FROM person")
    try await world.sync(one)
  } else {
    try await world.enter("FRESH", one)
  }
  try await world.syncAll()
  #expect(try world.master.erasures().count == 1)
  #expect(try world.person("phone") == (isDeleted ? nil : Value.text("FRESH")))
  let said = "SELECT count(*) FROM sync_secret WHERE value = 'FRESH-1'"
  let (atCity, atSender) = (try world.master.read { try $0.integer(said) }, try one.read { try $0.integer(said) })
  #expect(atCity == 2 && atSender == 2)
  try await world.settle()
  #expect(try world.master.conflicts([.open]) == [])
}

/// Its sender had not heard either that the row was merged into another one.
@Test func whatWasEnteredUnderAFormerKeyBeforeAnErasureComesBackIsNew() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(two, "INSERT INTO person (id, office, name, phone) VALUES ('p2', 'A', 'NAME-one', 'PHONE-one')")
  for replica in [two, one] { try await world.sync(replica) }
  let keys = ["p1", "p2"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  try await world.sync(two)
  let file = try world.backup()
  #expect(try world.erase("p1", ["phone"]).map(\.key) == keys)
  try await world.sync(two)
  try world.restore(from: file)
  _ = try await world.giveBack(one)
  try world.master.release(reason: "away", actor: "li")
  try await world.enter("FRESH", of: "p2", one)
  #expect(try world.person("phone") == .text("FRESH"))
  try await world.expectPhone(.text("FRESH"))
  #expect(try world.master.erasures().map(\.key) == keys)
}

/// Another one wants something else meanwhile: nobody knew of the erasure, and both values are new.
@Test func whatIsContestedBeforeAnErasureComesBackStaysSo() async throws {
  let (world, one, _) = try await World.erasedInVain()
  let three = try await world.join("A", actor: "three")
  try world.shell(three, "UPDATE person SET phone = 'FRESH-three' WHERE id = 'p1'")
  try await world.enter("FRESH", one)
  try await world.sync(three)
  try await world.expectPhone(.text("FRESH"))
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.base) == [.null] && open.map(\.master) == [.text("FRESH")])
  #expect(open.flatMap(\.contenders).map(\.value) == [.text("FRESH-three")])
  for replica in world.replicas { #expect(try replica.conflicts([.open]) == open) }
}

/// Of a required field a text stands in the place of what was erased.
@Test func whatIsContestedOfARequiredFieldBeforeAnErasureComesBackIsTaken() async throws {
  let (world, one, _) = try await World.erasedInVain("name")
  let three = try await world.join("A", actor: "three")
  try world.shell(three, "UPDATE person SET name = 'FRESH-three' WHERE id = 'p1'")
  try await world.enter("FRESH", in: "name", one)
  try await world.sync(three)
  try await world.settle()
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.master) == [.text("FRESH")])
  #expect(open.flatMap(\.contenders).map(\.value) == [.text("FRESH-three")])
  for replica in world.replicas { #expect(try replica.conflicts([.open]) == open) }
  let conflict = try #require(open.first)
  let edit = Edit(stamp: Stamp(raw: 0), actor: "wang")
  try one.decide(Decision(conflict: conflict.id, choice: .take, contender: 1, reason: "r", edit: edit))
  try await world.settle()
  #expect(try world.person("name") == .text("FRESH-three"))
}

/// It comes along with the erasure, from who knew of it.
@Test func whatWasEnteredAfterAnErasureComesBackWithIt() async throws {
  let (world, _, _) = try await World.erasedInVain(entering: "FRESH")
  try await world.expectPhone(.text("FRESH"))
  #expect(try world.master.conflicts([.open]) == [])
}

/// An official who had not heard of the erasure either takes up what was entered before it.
@Test func whatAnOfficialTakesUpBeforeAnErasureComesBackIsNotNew() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2'")
  for replica in [one, two] { try await world.sync(replica) }
  let file = try world.backup()
  try world.erase("p1", ["phone"])
  try await world.sync(two)
  try world.restore(from: file)
  _ = try await world.giveBack(one)
  try world.master.release(reason: "away", actor: "li")
  try await world.sync(one)
  world.clock.now += 1000
  let open = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(open.id, .take(1), reason: "r", actor: "li")
  #expect(try world.person("phone") == .text("PHONE-2"))
  try await world.expectPhone(.null)
}

/// The city has erased the phone once more since the value was entered: of two erasures that it lacked both count.
@Test func whatWasEnteredBetweenTwoErasuresGoesWithTheSecond() async throws {
  let (world, _, _) = try await World.erasedInVain(entering: "PHONE-between")
  try world.erase("p1", ["phone"])
  try await world.expectPhone(.null)
  #expect(try world.master.erasures().count == 2)
}
