import Replica
import SyncCore
import TestSupport
import Testing

// A row that another unit has, too, and what follows it are out of scope: an official lets in some of it.

/// Both are on their way, and all of it is said again; only what follows is let in, which added 2: the 7 are still to come.
@Test func aSumOfARowOfWhichOnlyWhatFollowedWasAdmittedIsNotLost() async throws {
  let (world, one, b) = try await summed()
  func admit() throws {
    try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  }
  try world.shell(b, "INSERT INTO company (id, office, staff) VALUES ('c2', 'B', 2)")
  try await world.sync(b)
  try world.shell(one, "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'A', '甲', 7)")
  try one.freeze()
  try world.shell(one, "UPDATE company SET staff = 9 WHERE id = 'c2'")
  try one.freeze()
  try world.answer(one, meanwhile: "SELECT 1")
  #expect(try world.states() == [.superseded, .waiting])
  try admit()
  #expect(try world.cell("staff", of: "c2") == .integer(4))
  for _ in 1...3 where try world.cell("staff", of: "c2") != .integer(11) || !world.master.parked().isEmpty {
    try await world.settle()
    try admit()
  }
  try await world.settle()
  #expect(try world.cell("staff", of: "c2") == .integer(11) && one.parked().isEmpty)
}
