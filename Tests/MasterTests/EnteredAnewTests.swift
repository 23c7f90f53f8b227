import Replica
import SyncClient
import SyncCore
import TestSupport
import Testing

// A row is entered anew of which something waits that has come in meanwhile, or comes in: a sum counts once, and no row is lost.

/// A program enters the row anew beside what waits of it, perhaps while the answer is under way.
@Test(arguments: ["code, staff) VALUES ('c2', 'A', 'X', 7)", "address) VALUES ('c2', 'A', 'y')"], [false, true])
func aSumOfARowThatEnteredWhileAProgramEnteredItAnewCountsOnce(cells: String, isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)")
  try await world.sync(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  let enter = "INSERT INTO company (id, office, \(cells)"
  if isMeanwhile { try world.answer(one, meanwhile: enter) } else { try world.shell(one, enter) }
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try world.cell("code", of: "c2") == .text("X") && one.parked().isEmpty)
}

/// Others have deleted it before its sender hears that it had entered: what is entered anew comes on top of nothing.
@Test(arguments: [false, true])
func aRowThatWasDeletedBeforeItsSenderHeardIsEnteredAnewWhole(isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  let enter = "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)"
  try world.shell(one, enter)
  try await world.sync(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try await world.sync(two)
  try world.shell(two, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(two)
  #expect(try world.cell("staff", of: "c2") == nil)
  if isMeanwhile { try world.answer(one, meanwhile: enter) } else { try world.shell(one, enter) }
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try one.parked().isEmpty && one.states() == [.entered])
}
