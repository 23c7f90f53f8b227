import Master
import Replica
import SyncCore
import TestSupport
import Testing

// The records of two units become one: whatever machines of the other one still send is of the unit that is kept.

private let schema = """
  schema: united
  version: 1
  title: United
  units: office.code
  successor: successor
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: , successor: {references: office.code}}
    company:
      key: id
      scope: {field: office}
      fields: {id: , office: {required: true, references: office.code}, name: }
    figure:
      key: [company, year]
      scope: {via: company}
      fields: {company: {references: company.id}, year: {type: integer}, sales: {type: integer}}
    ledger:
      key: [office, year]
      scope: {field: office}
      fields: {office: {references: office.code}, year: {type: integer}, amount: {type: integer}}
  """

extension World {
  fileprivate func uniteOffices(_ duplicate: String, into keep: String) throws -> [Conflict] {
    try master.mergeRecords(
      master.record("office"), keep: RowKey([.text(keep)]), duplicate: RowKey([.text(duplicate)]), reason: "one unit",
      actor: "li"
    ).conflicts
  }
}

/// A machine of A, of B and of C, and what A has.
private func units() async throws -> (World, a: Replica, b: Replica, c: Replica) {
  let world = try World(schema: schema, seed: [("office", ["A", "B", "C"].map { [.text($0), .null, .null] })])
  let (a, b, c) = (try await world.join("A"), try await world.join("B"), try await world.join("C"))
  try world.shell(
    a,
    """
    INSERT INTO company VALUES ('c1', 'A', '甲'); INSERT INTO figure VALUES ('c1', 2020, 1);
    INSERT INTO ledger VALUES ('A', 2020, 5)
    """)
  try await world.settle()
  return (world, a, b, c)
}

/// B has taken over from A and from C; A's rows are B's, and its record goes into B's.
@Test func aUnitWhoseRecordIsMergedIntoItsSuccessorsHasItStill() async throws {
  let (world, a, b, c) = try await units()
  try world.shell(
    """
    UPDATE office SET successor = 'B' WHERE code <> 'B'; UPDATE company SET office = 'B'; DELETE FROM ledger
    """)
  try await world.settle()
  #expect(try world.uniteOffices("A", into: "B").isEmpty)
  let office = try world.master.record("office")
  #expect(try world.master.row(office, key: RowKey([.text("B")])) == [.text("B"), .null, .null])
  try world.shell(a, "INSERT INTO company VALUES ('c2', 'A', '乙')")
  try world.shell(c, "INSERT INTO company VALUES ('c3', 'C', '丙')")
  try await world.settle()
  #expect(try world.master.parked().isEmpty)
  #expect(try b.rows(b.record("company")).map { $0[0] } == ["c1", "c2", "c3"].map(Value.text))
  #expect(try a.rows(a.record("company")).isEmpty && c.rows(c.record("company")).isEmpty)
}

/// It has lost its key, and not heard yet that its unit has no record any more.
@Test func aMachineOfAUnitWhoseRecordIsMergedGoesOnWithACode() async throws {
  let (world, a, b, _) = try await units()
  try world.shell(
    """
    UPDATE office SET successor = 'B' WHERE code <> 'B'; UPDATE company SET office = 'B'; DELETE FROM ledger
    """)
  try await world.settle()
  #expect(try world.uniteOffices("A", into: "B").isEmpty)
  try world.shell(a, "INSERT INTO company VALUES ('c2', 'A', '乙')")
  world.lose(a)
  let renewed = try world.rejoin(world.withoutKey(a), code: world.master.enrol(org: "A").code)
  try await world.settle()
  #expect(try world.master.parked().isEmpty && renewed.rows(renewed.record("company")).isEmpty)
  #expect(try b.rows(b.record("company")).map { $0[0] } == ["c1", "c2"].map(Value.text))
  // Nothing moves to it, and of a unit that never was there is no machine.
  #expect(throws: Failure.self) { try world.master.requireUnit("A") }
  #expect(throws: Failure.self) { try world.master.enrol(org: "D") }
}

/// A's record goes into B's while rows are A's still: they go along, also those with their unit in their key.
@Test func theRowsOfAUnitGoAlongWhenItsRecordIsMerged() async throws {
  let (world, a, b, _) = try await units()
  try world.shell(b, "INSERT INTO ledger VALUES ('B', 2020, 6)")
  try await world.sync(b)
  let conflicts = try world.uniteOffices("A", into: "B")
  #expect(world.contenders(conflicts) == ["amount": .integer(5)])
  try world.shell(a, "UPDATE company SET name = '乙'; UPDATE figure SET sales = 2")
  try await world.settle()
  #expect(try b.rows(b.record("company")) == [[.text("c1"), .text("B"), .text("乙")]])
  #expect(try b.rows(b.record("figure")) == [[.text("c1"), .integer(2020), .integer(2)]])
  #expect(try b.rows(b.record("ledger")) == [[.text("B"), .integer(2020), .integer(6)]])
  for name in ["company", "figure", "ledger"] { #expect(try a.rows(a.record(name)).isEmpty) }
  #expect(try world.master.parked().isEmpty)
}

/// A's clerk enters a book unaware that A's record is B's, and takes it back before the answer comes that says so.
/// The row of one that B has entered, too, stays.
@Test(arguments: [false, true])
func aDeleteOfARowThatLandedByTheMergeOfItsUnitDeletesItThere(isEnteredThere: Bool) async throws {
  let (world, a, b, _) = try await units()
  #expect(try world.uniteOffices("A", into: "B").isEmpty)
  if isEnteredThere { try world.shell(b, "INSERT INTO ledger VALUES ('B', 2021, 6)") }
  try await world.sync(b)
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2021, 6)")
  try a.freeze()
  try world.sendInVain(a)
  #expect(try world.master.rows(world.master.record("ledger")).map { $0[1] } == [.integer(2020), .integer(2021)])
  try world.shell(a, "DELETE FROM ledger WHERE year = 2021")
  try await world.settle()
  let left: [[Value]] = [[.text("B"), .integer(2020), .integer(5)], [.text("B"), .integer(2021), .integer(6)]]
  #expect(try b.rows(b.record("ledger")) == (isEnteredThere ? left : [left[0]]))
  #expect(try a.rows(a.record("ledger")).isEmpty)
  #expect(try world.master.conflicts(Conflict.State.allCases).map(\.state) == (isEnteredThere ? [.open] : []))
}
