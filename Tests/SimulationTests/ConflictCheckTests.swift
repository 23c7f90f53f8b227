import SyncCore
import SyncProtocol
import Testing

@testable import Simulation

// Who hears of what is contested.

/// What a clerk and an official have both changed waits for a decision, and the clerk's machine shows it.
@Test(arguments: [
  "DELETE FROM sync_conflict", "UPDATE sync_conflict SET version = 0", "UPDATE sync_contender SET value = 'w4'",
])
func anOpenConflictThatAMachineHasNotHeardOfIsFound(sql: String) throws {
  let town = try town()
  let machine = town.machines[0]
  try town.contestName(at: machine)
  #expect(found(town) == nil)
  #expect(try town.city.master.conflicts([.open]).count == 1)
  try machine.seat.shell([sql], foreignKeys: true)
  #expect(found(town) == .convergence)
}

/// A clerk of A has entered a row by the key of one of B's, and an official has let it in: A contests a name and an office.
private func contesting() throws -> (Town, Machine) {
  let town = try town()
  let machine = town.machines[0]
  let record = try #require(town.schema.record("company"))
  let name = try #require(record.index(of: "name"))
  let edit = RowEdit(kind: .update, record: record, key: RowKey([.text("c1")]), values: [name: .text("w2")])
  try town.perform([edit], Event(id: 2, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  try town.edit(at: machine, event: 3, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'w3')")
  #expect(found(town) == nil)
  try town.city.master.admit(town.city.master.parked().map(\.id), reason: "r", actor: "li")
  try town.lookAtCity()
  #expect(found(town) == nil)
  #expect(try machine.replica.conflicts([.open]).filter { $0.field == "name" }.map(\.contenders.count) == [1])
  return (town, machine)
}

@Test(arguments: [
  "UPDATE sync_conflict SET master = 'w2' WHERE field = 'name'", "UPDATE sync_conflict SET base = 'w1'",
  "UPDATE sync_conflict SET choice = 'keep', value = 'w2', reason = '', decided_by = '', decided_at = 1",
  "UPDATE sync_contender SET replica = '00000000000000000000000000000000'",
])
func whatAMachineKnowsOfAnotherUnitsConflictIsFound(sql: String) throws {
  let (town, machine) = try contesting()
  try machine.seat.shell([sql], foreignKeys: true)
  #expect(found(town) == .isolation)
}

@Test func whatAPageTellsOfAnotherUnitsConflictIsFound() throws {
  let (town, machine) = try contesting()
  let owner = try #require(town.machines.first { $0.org == "B" })
  let conflict = try #require(town.city.master.conflicts([.open]).first { $0.field == "name" })
  let contenders = conflict.contenders.map { PageItem.contender(conflict: conflict.id, $0) }
  var seen = conflict
  (seen.base, seen.master) = (.null, .null)
  try town.checkTold([PageItem.conflict(conflict)] + contenders, to: owner)
  try town.checkTold([PageItem.conflict(seen)] + contenders, to: machine)
  #expect(throws: Violation.self) { try town.checkTold([PageItem.conflict(conflict)] + contenders, to: machine) }
  var other = conflict.contenders[0]
  other.replica = "0"
  let all = contenders + [.contender(conflict: conflict.id, other)]
  #expect(throws: Violation.self) { try town.checkTold([PageItem.conflict(seen)] + all, to: machine) }
}
