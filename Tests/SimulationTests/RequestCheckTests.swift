import SyncCore
import Testing

@testable import Simulation

// What is looked at as soon as the city has taken a request.

private let c6 = RowRef("company", RowKey([.text("c6")]))

/// What once waited is a row like any other from the day when it came in.
@Test func aCellOfTheCitysThatMovesInARowThatOnceWaitedIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.act(Event(id: 2, kind: .rawEdit, machine: 0, seed: 1), machine, "edit") {
    try machine.seat.shell(["INSERT INTO company (id, office, code) VALUES ('c6', 'A', 'K1')"], foreignKeys: true)
  }
  try town.settle()
  let record = try #require(town.schema.record("company"))
  let code = try #require(record.index(of: "code"))
  let edit = RowEdit(kind: .update, record: record, key: RowKey([.text("c1")]), values: [code: .text("K9")])
  try town.perform([edit], Event(id: 3, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  let before = town.city.rows
  #expect(before[c6] != nil)
  try town.city.seat.shell(unseen("UPDATE company SET grade = 'g1' WHERE id = 'c6'"), foreignKeys: true)
  try town.city.look()
  // The batch that let it in may have changed it.
  try town.checkIsolation(of: machine, before: before, since: town.logEnd - 1)
  #expect(throws: Violation.self) { try town.checkIsolation(of: machine, before: before, since: town.logEnd) }
}
