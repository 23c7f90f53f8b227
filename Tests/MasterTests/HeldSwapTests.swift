import Replica
import SyncCore
import TestSupport
import Testing

private let schema = """
  schema: swaps
  version: 1
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: }}
    company:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        serial: {type: uuid}
        name:
    entry:
      key: id
      scope: {via: company}
      fields:
        id: {type: uuid}
        company: {required: true, references: company.id}
        number: {unique: true}
        serial: {type: uuid}
    item:
      key: id
      scope: {via: entry}
      fields:
        id: {type: uuid}
        entry: {required: true, references: entry.id}
        serial: {type: uuid}
  """

/// A serial number with which a row cannot be sent.
private let capitals = "0000000E-0000-4000-8000-000000000001"

/// Three companies, each with a code of its own, at two machines.
private func companies() async throws -> (World, Replica, Replica) {
  let world = try World(schema: schema, seed: [("office", [[.text("A")], [.text("B")]])])
  let (a, b) = (try await world.join("A"), try await world.join("A"))
  try world.shell(
    a, "INSERT INTO company (id, office, code) VALUES ('c0', 'A', 'K0'), ('c1', 'A', 'K1'), ('c2', 'A', 'K2')")
  try await world.settle()
  return (world, a, b)
}

/// Two of them have swapped their codes at a machine. Those of which the serial number is in capitals cannot be sent.
private func swapped(capitals: String) async throws -> (World, Replica, Replica) {
  let (world, a, b) = try await companies()
  try world.shell(
    a,
    """
    UPDATE company SET serial = '0000000E-0000-4000-8000-000000000001' WHERE id IN (\(capitals));
    UPDATE company SET code = NULL WHERE id = 'c0'; UPDATE company SET code = 'K0' WHERE id = 'c1';
    UPDATE company SET code = 'K1' WHERE id = 'c0'
    """)
  return (world, a, b)
}

extension Replica {
  fileprivate func codes() throws -> [Value] { try rows(record("company")).map { $0[2] } }
}

/// The half that is sent finds its code taken; the other half stands in the way of what comes back (seed 3000654 of the simulated
/// town).
@Test func halfASwapThatCannotBeSentIsSetAsideWithTheOther() async throws {
  let (world, a, b) = try await swapped(capitals: "'c0'")
  try await world.settle()
  #expect(try a.codes() == [.text("K0"), .text("K1"), .text("K2")])
  #expect(try b.codes() == a.codes())
  #expect(try Set(a.parked().map(\.ref.key)) == [RowKey([.text("c0")]), RowKey([.text("c1")])])
  #expect(try world.master.parked().map(\.reason) == ["unique"])
}

/// What is taken back of an edit that is in the way may need a place that another edit holds.
@Test func anEditThatIsInTheWayOfWhatIsSetAsideIsSetAsideToo() async throws {
  let (world, a, _) = try await swapped(capitals: "'c0', 'c1'")
  try world.shell("UPDATE company SET code = 'K5' WHERE id = 'c0'; UPDATE company SET code = 'K0' WHERE id = 'c2'")
  try await world.settle()
  #expect(try a.codes() == [.text("K5"), .text("K1"), .text("K0")])
  #expect(try Set(a.parked().map(\.ref.key)) == [RowKey([.text("c0")]), RowKey([.text("c1")])])
}

@Test func aRevertThatNeedsATakenCodeSaysWhichRowHasIt() async throws {
  let (_, a, _) = try await swapped(capitals: "'c0'")
  let failure = try #require(throws: Failure.self) { try a.revert(a.record("company"), key: RowKey([.text("c0")])) }
  #expect(failure.kind == .data)
  #expect(failure.message.en.hasPrefix("company c0.code: "))
  #expect(failure.message.en.contains("c1"))
}

/// What the city has deleted stays for the sake of rows that cannot be sent, and goes when what it holds is needed (seed 3000653).
@Test func aDeletedRowThatStaysForAnotherGivesUpItsCode() async throws {
  let (world, a, _) = try await swapped(capitals: "'c0', 'c1'")
  try world.shell(a, "INSERT INTO entry (id, company) VALUES ('0000000E-0000-4000-8000-000000000002', 'c0')")
  try world.shell("DELETE FROM company WHERE id = 'c0'")
  try await world.sync(a)
  // It is as it was again, and its child is not.
  try world.shell(
    a,
    """
    UPDATE company SET code = NULL, serial = NULL WHERE id IN ('c0', 'c1');
    UPDATE company SET code = 'K0' WHERE id = 'c0'; UPDATE company SET code = 'K1' WHERE id = 'c1'
    """)
  try world.shell("UPDATE company SET code = 'K0' WHERE id = 'c2'")
  try await world.sync(a)
  #expect(try a.codes() == [.text("K1"), .text("K0")])
  #expect(try a.parked().map(\.ref.record) == ["entry"])
}

/// Nor does it keep the row that it refers to.
@Test func aDeletedRowThatStaysForAnotherGoesWithItsParent() async throws {
  let (world, a, _) = try await companies()
  let entry = "0000000e-0000-4000-8000-000000000001"
  try world.shell(a, "INSERT INTO entry (id, company) VALUES ('\(entry)', 'c0')")
  try await world.settle()
  try world.shell(
    a,
    """
    UPDATE entry SET serial = '\(capitals)';
    INSERT INTO item VALUES ('0000000e-0000-4000-8000-000000000002', '\(entry)', '\(capitals)')
    """)
  try world.shell("DELETE FROM entry")
  try await world.sync(a)
  try world.shell(a, "UPDATE entry SET serial = NULL")
  try world.shell("DELETE FROM company WHERE id = 'c0'")
  try await world.settle()
  #expect(try a.codes() == [.text("K1"), .text("K2")])
  #expect(try a.parked().map(\.ref.record) == ["item"])
}

/// An edit of a deleted row that cannot be sent does not keep its code from another row (seed 3000536).
@Test(arguments: [true, false]) func anEditThatCannotBeSentOfADeletedRowIsSetAside(atOnce: Bool) async throws {
  let (world, a, _) = try await companies()
  try world.shell(a, "UPDATE company SET serial = '0000000E-0000-4000-8000-000000000001', name = 'n' WHERE id = 'c1'")
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  if !atOnce { try await world.sync(a) }
  try world.shell("UPDATE company SET code = 'K1' WHERE id = 'c2'")
  try await world.settle()
  #expect(try a.codes() == [.text("K0"), .text("K1")])
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("c1")])])
}

/// A row that a tool has put in the place of another, and that cannot be sent, makes room for it when rows of the city's need it (seed
/// 3001450).
@Test func aRowInThePlaceOfAParentIsSetAside() async throws {
  let (world, a, b) = try await companies()
  try world.shell(b, "INSERT INTO entry (id, company) VALUES ('0000000e-0000-4000-8000-000000000001', 'c2')")
  try await world.sync(b)
  try world.shell(
    a,
    """
    INSERT INTO entry (id, company) VALUES ('0000000e-0000-4000-8000-000000000002', 'c2');
    INSERT OR REPLACE INTO company (id, office, code, serial)
      VALUES ('c3', 'A', 'K2', '0000000E-0000-4000-8000-000000000003')
    """)
  try await world.settle()
  #expect(try a.codes() == [.text("K0"), .text("K1"), .text("K2")])
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("c3")])])
  #expect(try a.rows(a.record("entry")).count == 2)
}

/// Half of a swap hangs on a row that the city parks, and needs the place that the other half, parked too, still holds.
@Test func aParkedHalfOfASwapMakesRoomForTheHalfThatGoesWithItsParent() async throws {
  let (world, a, b) = try await companies()
  let (first, second) = ("0000000e-0000-4000-8000-000000000001", "0000000e-0000-4000-8000-000000000002")
  try world.shell(
    a, "INSERT INTO entry (id, company, number) VALUES ('\(first)', 'c0', 'N1'), ('\(second)', 'c0', 'N2')")
  try await world.settle()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c8', 'A', 'K9')")
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code) VALUES ('c9', 'A', 'K9');
    UPDATE entry SET company = 'c9', number = NULL, serial = '0000000E-0000-4000-8000-000000000003' WHERE id = '\(first)';
    UPDATE entry SET number = 'N1' WHERE id = '\(second)';
    UPDATE entry SET number = 'N2' WHERE id = '\(first)'
    """)
  try await world.settle()
  let entries = try a.rows(a.record("entry"))
  #expect(entries.map { $0[2] } == [.text("N1"), .text("N2")])
  #expect(try b.rows(b.record("entry")) == entries)
  let aside = try a.parked().map(\.ref.key)
  #expect(Set(aside) == [RowKey([.text("c9")]), RowKey([.text(first)]), RowKey([.text(second)])])
}

/// It is what the city has that an edit beside it says again, not what was set aside here since and never sent (seed 3000034 of the
/// simulated town, 3,000 events).
@Test func whatWasSetAsideUnsentStaysBesideWhatIsSaidAgain() async throws {
  let (world, a, _) = try await companies()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c8', 'B', 'K8')")
  try world.shell(a, "UPDATE company SET code = 'K8', name = 'l' WHERE id = 'c0'")
  try await world.sync(a)
  try world.shell(a, "UPDATE company SET code = 'K9', name = 'm', serial = '\(capitals)' WHERE id = 'c0'")
  try world.shell("UPDATE company SET code = 'K9' WHERE id = 'c2'")
  try await world.sync(a)
  #expect(try a.parked().map(\.batch) == [2, nil])
  try world.shell("UPDATE company SET code = 'K2' WHERE id = 'c2'")
  try await world.sync(a)
  try world.shell(a, "UPDATE company SET name = 'n' WHERE id = 'c0'")
  try await world.settle()
  #expect(try a.parked().compactMap { $0.batch == nil ? $0.row[4] : nil } == [.text("m")])
  #expect(try world.master.parked(waiting: false).map(\.state) == [.superseded, .waiting])
}

/// What a machine edits that cannot be sent, and what is set aside, for the city gives its code to another row.
private func setAside(_ sql: String) async throws -> (World, Replica) {
  let (world, a, _) = try await companies()
  try world.shell(a, sql)
  try world.shell("UPDATE company SET code = 'K9' WHERE id = 'c2'")
  try await world.sync(a)
  return (world, a)
}

/// Who takes up what was set aside keeps what was edited of the row since; the former value stays on record (seed 3000066 of the
/// simulated town, 3,000 events).
@Test func whatIsTakenUpUnderALaterEditStaysOnRecord() async throws {
  let (world, a) = try await setAside(
    "UPDATE company SET code = 'K9', name = 'm', serial = '\(capitals)' WHERE id = 'c0'")
  try world.shell(a, "UPDATE company SET name = 'n' WHERE id = 'c0'")
  #expect(try a.takeUp("company", "c0", ["code": .text("K7"), "serial": .text(capitals.lowercased())]))
  try await world.settle()
  #expect(try a.parked().isEmpty)
  #expect(try a.parked(waiting: false).map(\.state) == [.superseded])
  #expect(try a.parked(waiting: false).map { $0.row[4] } == [.text("m")])
  let merged = try world.master.row(a.record("company"), key: RowKey([.text("c0")]))
  #expect(merged?[2...4] == [.text("K7"), .text(capitals.lowercased()), .text("n")])
}

/// It fills what whoever entered the row anew has left empty, also when that is on its way (seed 4000358 of the simulated town).
@Test(arguments: [false, true]) func whatIsTakenUpFillsARowThatWasEnteredAnew(isSent: Bool) async throws {
  let (world, a) = try await setAside("INSERT INTO company VALUES ('c5', 'A', 'K9', '\(capitals)', 'm')")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('c5', 'A', 'K5')")
  if isSent { try a.freeze() }
  #expect(try a.takeUp("company", "c5", ["serial": .text(capitals.lowercased())]))
  try await world.settle()
  let merged = try world.master.row(a.record("company"), key: RowKey([.text("c5")]))
  #expect(merged?[2...4] == [.text("K5"), .text(capitals.lowercased()), .text("m")])
}

/// A row could not be as the master has it, since a row here stood in its way; what others need of it is free all the same.
@Test func aRowThatCouldNotTakeItsUpstreamMakesRoom() async throws {
  let (world, a, _) = try await companies()
  try world.shell(a, "UPDATE company SET code = 'K7', serial = '\(capitals)' WHERE id = 'c0'")
  try world.shell("UPDATE company SET code = 'K5' WHERE id = 'c0'")
  try await world.sync(a)
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code, serial) VALUES ('c9', 'A', 'K5', '\(capitals)');
    UPDATE company SET code = 'K0', serial = NULL WHERE id = 'c0'
    """)
  try world.shell("UPDATE company SET code = 'K0' WHERE id = 'c2'")
  try await world.sync(a)
  #expect(try a.codes() == [.text("K5"), .text("K1"), .text("K0")])
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("c9")])])
}

/// Neither of two rows can be as the master has it while the other is as it was: they are so together, with what refers to them.
@Test func aSwapAtTheCityIsTakenWhenBothCodesAreSetBack() async throws {
  let (world, a, _) = try await companies()
  try world.shell(a, "INSERT INTO entry (id, company) VALUES ('0000000e-0000-4000-8000-000000000001', 'c0')")
  try await world.settle()
  try world.shell(
    a, "UPDATE company SET code = 'X0' WHERE id = 'c0'; UPDATE company SET code = 'X1' WHERE id = 'c1'")
  try world.shell(
    """
    UPDATE company SET code = NULL WHERE id = 'c0'; UPDATE company SET code = 'K0' WHERE id = 'c1';
    UPDATE company SET code = 'K1' WHERE id = 'c0'
    """)
  try await world.pull(a)
  try world.shell(
    a, "UPDATE company SET code = 'K0' WHERE id = 'c0'; UPDATE company SET code = 'K1' WHERE id = 'c1'")
  try await world.settle()
  #expect(try a.codes() == [.text("K1"), .text("K0"), .text("K2")])
}

/// The same row, when another of its cells is sent while something stands in its way: the city does not say again what it has.
@Test func aRowThatCouldNotTakeItsUpstreamTakesItWhenTheWayIsFree() async throws {
  let (world, a, _) = try await companies()
  try world.shell(a, "UPDATE company SET code = 'K7' WHERE id = 'c0'")
  try world.shell("UPDATE company SET code = 'K5' WHERE id = 'c0'")
  try await world.pull(a)
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code) VALUES ('c9', 'A', 'K5');
    UPDATE company SET code = 'K0', name = 'n' WHERE id = 'c0'
    """)
  try await world.sync(a)
  #expect(try a.codes() == [.text("K5"), .text("K1"), .text("K2")])
  try await world.settle()
  try world.shell("UPDATE company SET code = 'K0' WHERE id = 'c2'")
  try await world.settle()
  #expect(try a.codes() == [.text("K5"), .text("K1"), .text("K0")])
  #expect(try world.master.parked().map(\.reason) == ["unique"])
}

/// What it refers to at the city was deleted here when it was set back, and comes back.
@Test func aRowTakesItsUpstreamWhenItsParentIsBack() async throws {
  let (world, a, _) = try await companies()
  let entry = "0000000e-0000-4000-8000-000000000001"
  try world.shell(a, "INSERT INTO entry (id, company) VALUES ('\(entry)', 'c0')")
  try await world.settle()
  try world.shell(a, "UPDATE entry SET company = 'c1' WHERE id = '\(entry)'")
  try world.shell("UPDATE entry SET company = 'c2' WHERE id = '\(entry)'")
  try await world.pull(a)
  try world.shell(
    a,
    """
    DELETE FROM company WHERE id = 'c2';
    UPDATE entry SET company = 'c0', number = 'N1' WHERE id = '\(entry)'
    """)
  try await world.settle()
  let entries = try a.rows(a.record("entry"))
  #expect(entries.map { $0[1] } == [.text("c2")])
  #expect(entries.map { $0[2] } == [.text("N1")])
}
