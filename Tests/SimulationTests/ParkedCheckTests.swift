import SyncCore
import Testing

@testable import Simulation

/// What came in at a city that was restored is in the master, and what was taken back somebody took back; not if
/// something of the row is lost.
@Test(arguments: ["entered", "admitted", "merged", "withdrawn"])
func whatWasParkedAndIsNowhereIsFoundAfterARestore(state: String) throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code, name) VALUES ('c6', 'A', 'K1', 'w2')")
  #expect(found(town) == nil)
  town.restores = 1
  try town.checkConservation()
  try town.city.seat.shell(["UPDATE sync_parked SET state = '\(state)'"], foreignKeys: true)
  try machine.seat.shell(["DELETE FROM sync_parked"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkConservation() }
  town.witness.noteRepeated(RowRef("company", RowKey([.text("c6")])))
  try town.checkConservation()
}

/// What waits for a closed period, though there is an exception for its unit.
@Test func whatWaitsForALockThatIsOpenedIsFound() throws {
  let town = try town(2_000_025)
  let machine = town.machines[0]
  let period = try #require(town.schema.record("period"))
  let closing = RowEdit(kind: .update, record: period, key: RowKey([.integer(2018)]), values: [1: .text("closed")])
  try town.perform([closing], Event(id: 2, kind: .lock, machine: 0, seed: 1), "lock", raw: false)
  try town.edit(at: machine, event: 3, "INSERT INTO figure (company, year, note) VALUES ('c0', 2018, 'w3')")
  #expect(found(town) == nil)
  #expect(try town.city.master.parked().map(\.reason) == ["locked"])
  // An exception whose last day is over opens nothing, nor does that of another unit.
  for values in ["2018, 'A', '2001-01-01'", "2018, 'B', '2099-12-31'"] {
    try town.alter("INSERT INTO excuse (period, office, until) VALUES (\(values))")
    try town.checkWaiting()
  }
  try town.alter("UPDATE excuse SET until = '2099-12-31'")
  #expect(throws: Violation.self) { try town.checkWaiting() }
}
