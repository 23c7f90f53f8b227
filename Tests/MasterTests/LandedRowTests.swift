import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A row that has its unit in its key has landed with the unit that took over: what its sender says next, before it hears, is about that.

private let ledgers = """
  schema: ledgers
  version: 1
  title: Ledgers
  units: office.code
  successor: successor
  records:
    office: {key: code, owner: city, fields: {code: , name: , successor: {references: office.code}}}
    ledger:
      key: [office, year]
      scope: {field: office}
      fields: {office: {references: office.code}, year: {type: integer}, amount: {type: integer}}
  """

/// A's clerk deletes or corrects the book for 2020, and has deleted another one for that year before B took over.
@Test(arguments: [nil, 6] as [Int64?])
func whatComesNextOfARowThatLandedIsOfThatOneThoughOneStoodThereBefore(amount: Int64?) async throws {
  let world = try World(schema: ledgers, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 1)")
  try await world.settle()
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5)")
  try a.freeze()
  try world.sendInVain(a)
  try world.shell(a, amount.map { "UPDATE ledger SET amount = \($0)" } ?? "DELETE FROM ledger")
  try await world.settle()
  let left: [[Value]] = amount.map { [[.text("B"), .integer(2020), .integer($0)]] } ?? []
  #expect(try world.master.rows(world.master.record("ledger")) == left && b.rows(b.record("ledger")) == left)
  #expect(try a.rows(a.record("ledger")).isEmpty)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty && world.master.parked().isEmpty)
}

/// B has taken over from A, and has entered the row that A's clerk enters, too.
private func landedOnOne(_ schema: String) async throws -> (World, a: Replica, b: Replica) {
  let world = try World(schema: schema, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(b, "INSERT INTO ledger VALUES ('B', 2020, 5)")
  try await world.sync(b)
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5)")
  try a.freeze()
  try world.sendInVain(a)
  return (world, a, b)
}

/// B has entered the same, which A's clerk has never seen.
@Test func aDeleteOfARowThatLandedOnOneOfTheSuccessorsIsContested() async throws {
  let (world, a, b) = try await landedOnOne(ledgers)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  #expect(try b.rows(b.record("ledger")) == [[.text("B"), .integer(2020), .integer(5)]])
  #expect(try world.master.conflicts([.open]).map(\.field) == [nil])
  #expect(try a.rows(a.record("ledger")).isEmpty)
}

/// Its record says whether such a row stays or goes.
@Test(arguments: ["keep", "remove"])
func aDeleteOfARowThatLandedOnOneOfTheSuccessorsGoesByTheRuleOfItsRecord(rule: String) async throws {
  let ruled = ledgers.replacing("key: [office, year]", with: "delete: \(rule)\n    key: [office, year]")
  let (world, a, b) = try await landedOnOne(ruled)
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  let row = [Value.text("B"), .integer(2020), .integer(5)]
  #expect(try b.rows(b.record("ledger")) == (rule == "keep" ? [row] : []))
  let conflicts = try world.master.conflicts(Conflict.State.allCases)
  #expect(conflicts.map(\.state) == [.decided] && conflicts.map(\.field) == [nil])
  #expect(conflicts.map(\.master) == [.blob(RowKey(row).encoded)])
}

/// What D has, from which B took over, too.
enum OfAnother: CaseIterable, Sendable { case landed, stands, wasDeleted }

/// D has entered the same: after the takeover, which has landed, or before, which stands, or was deleted, and is another one.
@Test(arguments: OfAnother.allCases)
func aDeleteOfARowThatTwoUnitsHaveEnteredIsContested(other: OfAnother) async throws {
  let world = try World(schema: ledgers, seed: [("office", ["A", "B", "D"].map { [.text($0), .null, .null] })])
  let (a, _, d) = (try await world.join("A"), try await world.join("B"), try await world.join("D"))
  let takeover = "UPDATE office SET successor = 'B' WHERE code <> 'B'"
  if other == .landed { try world.shell(takeover) }
  try world.shell(d, "INSERT INTO ledger VALUES ('D', 2020, 5)")
  try await world.sync(d)
  if other == .wasDeleted {
    try world.shell(d, "DELETE FROM ledger")
    try await world.sync(d)
  }
  if other != .landed { try world.shell(takeover) }
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5)")
  try a.freeze()
  try world.sendInVain(a)
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  let left = other == .landed ? ["B"] : other == .stands ? ["D"] : []
  let rows = left.map { [Value.text($0), .integer(2020), .integer(5)] }
  #expect(try world.master.rows(world.master.record("ledger")) == rows)
  let states = try world.master.conflicts(Conflict.State.allCases).map(\.state)
  #expect(states == (other == .landed ? [.open] : []))
}
