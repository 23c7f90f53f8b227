import SyncCore
import Testing

@testable import Simulation

// What is looked at as soon as the city has taken a request.

private let c6 = RowRef("company", RowKey([.text("c6")]))

/// What once waited is a row like any other from the day when it came in.
@Test func aCellOfTheCitysThatMovesInARowThatOnceWaitedIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code) VALUES ('c6', 'A', 'K1')")
  try town.settle()
  let record = try #require(town.schema.record("company"))
  let code = try #require(record.index(of: "code"))
  let edit = RowEdit(kind: .update, record: record, key: RowKey([.text("c1")]), values: [code: .text("K9")])
  try town.perform([edit], Event(id: 3, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  let before = town.city.rows
  #expect(before[c6] != nil)
  try town.alter("UPDATE company SET grade = 'g1' WHERE id = 'c6'")
  // The batch that let it in may have changed it.
  try town.checkIsolation(of: machine, before: before, since: town.logEnd - 1)
  #expect(throws: Violation.self) { try town.checkIsolation(of: machine, before: before, since: town.logEnd) }
}

/// A town after the request of a machine whose clerk has edited.
/// - Parameter tool: what another program writes into the master's file before it.
private func asked(
  _ edit: String, tool: [String] = []
) throws -> (Town, check: ([Int64: Town.Waiting]) throws -> Void) {
  let town = try town()
  let machine = town.machines[0]
  if !tool.isEmpty { try town.city.seat.shell(tool, foreignKeys: true) }
  try town.lookAtCity()
  let (before, end) = (town.city.rows, town.logEnd)
  try town.edit(at: machine, event: 2, edit)
  try town.syncWhole(machine)
  return (town, { try town.checkTaken(of: machine, before: before, since: end, underReview: $0) })
}

@Test func anEditThatIsNotTakenIsFound() throws {
  let (town, check) = try asked("UPDATE company SET name = 'w2', phone = '2' WHERE id = 'c0'")
  try check([:])
  try town.alter("UPDATE company SET name = 'w1' WHERE id = 'c0'")
  #expect(throws: Violation.self) { try check([:]) }
  // A cell that waits for a decision takes nothing, the others do.
  let name = try #require(town.schema.record("company")?.index(of: "name"))
  let cell = Witness.Cell(ref: RowRef("company", RowKey([.text("c0")])), column: name)
  try check([1: (cell: cell, value: .text("w1"))])
  try town.alter("UPDATE company SET phone = NULL WHERE id = 'c0'")
  #expect(throws: Violation.self) { try check([1: (cell: cell, value: .text("w1"))]) }
}

@Test func aNewRowThatDoesNotEnterIsFound() throws {
  let (town, check) = try asked("INSERT INTO company (id, office, code, name) VALUES ('c6', 'A', 'K9', 'w2')")
  try check([:])
  for sql in ["UPDATE company SET name = NULL WHERE id = 'c6'", "DELETE FROM company WHERE id = 'c6'"] {
    try town.alter(sql)
    #expect(throws: Violation.self) { try check([:]) }
  }
}

/// What has to wait, or to give way, is not missed: a code that another row has, another unit's row, a closed period, a cell that
/// somebody else has changed.
@Test(arguments: [
  ("INSERT INTO company (id, office, code) VALUES ('c6', 'A', 'K1')", ""),
  ("INSERT INTO company (id, office) VALUES ('c6', 'B')", ""),
  ("INSERT INTO figure (company, year, sales) VALUES ('c0', 2018, 1)", "UPDATE period SET state = 'closed'"),
  ("UPDATE company SET name = 'w2' WHERE id = 'c0'", "UPDATE company SET name = 'w3' WHERE id = 'c0'"),
])
func whatIsInTheWayIsNoViolation(edit: String, tool: String) throws {
  let (town, check) = try asked(edit, tool: tool.isEmpty ? [] : [tool])
  #expect(!town.city.rows.values.joined().contains(.text("w2")) && town.city.rows[c6] == nil)
  try check([:])
}

/// A conflict goes on waiting, unless clerks decide what only they contest: over a value of an official's they do not.
@Test func aConflictThatIsNotItsClosersIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.contestName(at: machine)
  try town.syncWhole(machine)
  let before = try town.cellsUnderReview()
  #expect(before.values.map(\.value) == [.text("w3")])
  try town.city.seat.shell(["UPDATE sync_conflict SET state = 'decided'"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkReview(of: machine, before: before) }
  let decision = "UPDATE sync_conflict SET choice = 'keep', reason = 'r', decided_by = 'li', decided_at = 1"
  try town.city.seat.shell([decision], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkReview(of: machine, before: before) }
  // As if another clerk of the unit had entered it.
  let was = town.city.rows.mapValues { $0.map { $0 == .text("w3") ? .null : $0 } }
  town.witness.note(machine.index, event: 2, before: was, after: town.city.rows)
  try town.checkReview(of: machine, before: before)
  // Another unit's machine contests it, too.
  try town.city.seat.shell(["UPDATE sync_contender SET replica = '00'"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkReview(of: machine, before: before) }
}
