import SyncCore
import Testing

@testable import Simulation

/// What came in at a city that was restored is in the master, and what was taken back somebody took back; not if
/// something of the row is lost.
@Test(arguments: ["entered", "admitted", "merged", "withdrawn"])
func whatWasParkedAndIsNowhereIsFoundAfterARestore(state: String) throws {
  let town = try town()
  let machine = town.machines[0]
  try town.act(Event(id: 2, kind: .rawEdit, machine: 0, seed: 1), machine, "edit") {
    try machine.seat.shell(
      ["INSERT INTO company (id, office, code, name) VALUES ('c6', 'A', 'K1', 'w2')"], foreignKeys: true)
  }
  #expect(found(town) == nil)
  town.restores = 1
  try town.checkConservation()
  try town.city.seat.shell(["UPDATE sync_parked SET state = '\(state)'"], foreignKeys: true)
  try machine.seat.shell(["DELETE FROM sync_parked"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkConservation() }
  town.witness.noteRepeated(RowRef("company", RowKey([.text("c6")])))
  try town.checkConservation()
}
