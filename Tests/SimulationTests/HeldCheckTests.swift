import SyncCore
import Testing

@testable import Simulation

// Rows that a machine holds back, because another program has not asked for a rule.

/// A machine with a visit of a company that it does not know, and a remark on that visit.
private func holding() throws -> (Town, Machine) {
  let town = try town()
  let machine = town.machines[0]
  try town.act(Event(id: 2, kind: .rawEdit, machine: 0, seed: 1), machine, "edit") {
    try machine.seat.shell(
      [
        "INSERT INTO visit (id, company, note) VALUES ('v1', 'c9', 'w2')",
        "INSERT INTO remark (id, visit, note) VALUES ('r1', 'v1', 'w2+')",
      ], foreignKeys: false)
  }
  #expect(found(town) == nil)
  #expect(try Set(machine.replica.status().held.map(\.ref.record)) == ["visit", "remark"])
  return (town, machine)
}

@Test func aRowThatIsHeldForNothingIsFound() throws {
  let (town, machine) = try holding()
  try town.checkHeld()
  var status = try machine.replica.status()
  status.held[0].ref = RowRef("company", RowKey([.text("c0")]))
  town.statuses[machine.index] = status
  #expect(throws: Violation.self) { try town.checkHeld() }
}

@Test func aRowThatIsHeldForOneThatIsNotIsFound() throws {
  let (town, machine) = try holding()
  let company = RowRef("company", RowKey([.text("c9")]))
  machine.rows[company] = machine.rows[RowRef("company", RowKey([.text("c0")]))]
  #expect(throws: Violation.self) { try town.checkHeld() }
}

/// What a held row does not say any more is missed like anything else.
@Test func aValueThatIsGoneFromAHeldRowIsFound() throws {
  let (town, machine) = try holding()
  try town.checkConservation()
  try machine.seat.shell(unseen("UPDATE visit SET note = 'other' WHERE id = 'v1'"), foreignKeys: false)
  try machine.look()
  #expect(throws: Violation.self) { try town.checkConservation() }
}

@Test func aFileWithAHeldRowThatAnotherProgramAlteredIsFound() throws {
  let (town, machine) = try holding()
  try town.checkConstraints()
  try machine.seat.shell(["CREATE UNIQUE INDEX tool ON company (name)"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkConstraints() }
}
