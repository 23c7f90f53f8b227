import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What waits at the city is erased when its own time has passed.

extension World {
  /// Those of which the time has passed.
  fileprivate func eraseOld() throws -> [RowKey] {
    clock.now += 1000
    let record = try person
    let note = try #require(record.index(of: "note"))
    let keys = try master.erasable(record) { $0[note] == .text("old") }
    return try master.erase(record, keys: keys, where: { $0[note] == .text("old") }, reason: "expired", actor: "li")
      .map(\.key)
  }
}

/// The deleted one was due.
@Test func aRowThatWaitsWhereOneWasDeletedHasATimeOfItsOwn() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(
    one,
    """
    INSERT INTO person (id, office, code, name, phone, note) VALUES ('p2', 'A', 'K', 'x', NULL, 'n'),
      ('p6', 'A', NULL, 'NAME-6', 'PHONE-6-old', 'old')
    """)
  try await world.sync(one)
  try world.shell(one, "DELETE FROM person WHERE id = 'p6'")
  try await world.sync(one)
  try world.shell(
    two,
    """
    INSERT INTO person (id, office, code, name, phone, note) VALUES ('p6', 'A', 'K', 'NAME-6', 'PHONE-6-new', 'new')
    """)
  try await world.sync(two)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  #expect(try world.eraseOld() == [])
  try await world.settle()
  #expect(try world.files(with: "PHONE-6-new") != [])
}

/// Its sender does not know yet that it waits, and may go on under another id.
@Test(arguments: [false, true]) func whatIsProlongedOnItsWayIsNotErased(rejoins: Bool) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, code, name) VALUES ('p2', 'A', 'K', 'x')")
  try await world.sync(one)
  try world.shell(
    two,
    """
    INSERT INTO person (id, office, code, name, phone, note) VALUES ('p3', 'A', 'K', 'NAME-3', 'PHONE-3', 'old')
    """)
  try two.freeze()
  var sender = two
  if rejoins {
    try world.sendInVain(two)
    sender = try world.rejoin(two)
  }
  try world.shell(sender, "UPDATE person SET note = 'new' WHERE id = 'p3'")
  try sender.freeze()
  try world.sendInVain(sender)
  #expect(try world.master.parked(waiting: false).map(\.state) == [.superseded, .waiting])
  #expect(try world.eraseOld() == [])
  try await world.settle()
  #expect(try world.files(with: "PHONE-3") != [])
}
