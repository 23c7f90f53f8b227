import SyncCore
import Testing

@testable import Simulation

/// A value that is contested, and said to be somebody else's, or of another time.
@Test(arguments: [
  "replica = '00000000000000000000000000000000'", "actor = 'nobody'", "edited_at = 0", "received_at = 0",
])
func aContenderThatIsSaidToBeAnothersIsFound(change: String) throws {
  let town = try town()
  let machine = try #require(town.machines.first(where: town.isTimely))
  let office = try #require(town.offices.firstIndex(of: machine.org))
  try town.city.seat.shell(["UPDATE company SET phone = 'w2', name = 'w2' WHERE id = 'c\(office)'"], foreignKeys: true)
  try town.lookAtCity()
  try town.edit(at: machine, event: 3, "UPDATE company SET phone = 'w3', name = 'w3' WHERE id = 'c\(office)'")
  try town.syncWhole(machine)
  #expect(try town.city.master.conflicts([.open]).map(\.field) == ["name"])
  func check() throws { try town.checkContenders(of: town.city.master.conflicts(Conflict.State.allCases)) }
  try check()
  try town.city.seat.shell(["UPDATE sync_contender SET \(change)"], foreignKeys: true)
  #expect(throws: Violation.self) { try check() }
}
