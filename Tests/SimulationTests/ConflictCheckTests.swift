import SyncCore
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
  try machine.seat.shell(["UPDATE company SET name = 'w2' WHERE id = 'c0'"], foreignKeys: true)
  try town.city.seat.shell(["UPDATE company SET name = 'w3' WHERE id = 'c0'"], foreignKeys: true)
  #expect(found(town) == nil)
  #expect(try town.city.master.conflicts([.open]).count == 1)
  try machine.seat.shell([sql], foreignKeys: true)
  #expect(found(town) == .convergence)
}
