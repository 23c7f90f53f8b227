import Replica
import SyncCore
import TestSupport
import Testing

// What a tool without triggers did to rows that were on their way, and no comparison can tell.

/// The city has it deleted or not; that it stands here is an edit.
@Test(arguments: [true, false]) func aRowThatWasSentAsDeletedAndStandsIsPending(isSent: Bool) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "DELETE FROM company WHERE id = 'c3'")
  try one.freeze()
  if isSent { try world.sendInVain(one) }
  try world.shell(one, copied + "INSERT INTO company (id, office, name) VALUES ('c3', 'A', 'x')")
  try one.repair()
  #expect(try one.diff().map(\.kind) == [.insert])
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == .text("x"))
}
