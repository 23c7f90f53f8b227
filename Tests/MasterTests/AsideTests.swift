import Replica
import SyncCore
import TestSupport
import Testing

// A row, or an edit of one, was set aside unsent and waits for its clerk, while its row is edited, entered anew, or deleted.

/// - Parameter sql: what the first of two machines of A does, with the code Y.
/// - Returns: with that machine, where it was set aside, for c2 of the second one has the code, and one of B.
private func aside(_ sql: String) async throws -> (World, Replica, two: Replica, b: Replica) {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, sql)
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'Y')")
  try await world.sync(two)
  try world.answer(one, meanwhile: "SELECT 1")
  #expect(try one.parked().map(\.batch) == [nil])
  return (world, one, two, b)
}

/// It says nothing of what waits since: taken up and taken back, that waits as it did, and is said again with what a program edits.
@Test func whatWasSetAsideBeforeHidesNothingThatWaits() async throws {
  let (world, one, _, b) = try await aside("UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try one.takeUp("company", "c1", ["phone": .text("9")]))
  try one.revert(one.record("company"), key: RowKey([.text("c1")]))
  #expect(try one.parked().count == 2)
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("丙") && world.cell("address") == .text("y"))
  #expect(try world.cell("code") == .text("X") && one.parked().map(\.batch) == [nil])
}

/// Nor is it what was entered since and is deleted again before its sender hears that it is parked, or when they have heard it of the
/// first of two batches.
@Test(arguments: [false, true])
func aRowThatIsDeletedNeverEntersWhateverWasSetAsideBefore(isFollowed: Bool) async throws {
  let enter = "INSERT INTO company (id, office, code, name) VALUES ('c3', 'A', "
  let (world, one, _, b) = try await aside("\(enter)'Y', 'early')")
  try world.shell(one, "\(enter)'X', 'late')")
  try world.write(one, "s1")
  if isFollowed {
    try world.shell(one, "UPDATE company SET name = 'later' WHERE id = 'c3'")
    try world.write(one, "s2")
    try world.answer("s1", "d1")
    try world.take(one, "d1")
  } else {
    try world.answer(one, meanwhile: "UPDATE company SET address = 'y' WHERE id = 'c3'")
  }
  try world.shell(one, "DELETE FROM company WHERE id = 'c3'")
  if isFollowed {
    try world.answer("s2", "d2")
    try world.take(one, "d2")
  }
  try await world.settle()
  #expect(try world.states().last == .withdrawn)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == nil && one.parked().map { $0.row[3] } == [.text("early")])
}

/// It is taken up when the row was entered anew, and perhaps sent: what stands there stays, and what is empty is filled.
@Test(arguments: [false, true], [false, true])
func aSumThatWasSetAsideIsNotAddedToTheRowThatWasEnteredSince(isSent: Bool, isCodeTyped: Bool) async throws {
  let (world, one, _, _) = try await aside(
    "INSERT INTO company (id, office, code, name, address, staff) VALUES ('c3', 'A', 'Y', 'early', 'y', 7)")
  try world.shell(one, "INSERT INTO company (id, office, code, name, staff) VALUES ('c3', 'A', 'Z', 'late', 9)")
  if isSent { try await world.sync(one) }
  var typed: [String: Value] = ["phone": .text("5")]
  if isCodeTyped { typed["code"] = .text("Z") }
  #expect(try one.takeUp("company", "c3", typed))
  try await world.settle()
  #expect(try world.staff(one, of: "c3") == .integer(9) && world.cell("name", of: "c3") == .text("late"))
  #expect(try world.cell("address", of: "c3") == .text("y") && world.cell("phone", of: "c3") == .text("5"))
  #expect(try world.cell("code", of: "c3") == .text("Z") && one.states() == [.superseded])
  #expect(try world.master.conflicts([.open]).isEmpty)
}

/// A row is on its way, and an edit of it, when its sender hears that it is parked: it is set aside whole, and taken up, though the edit
/// waits at the city. Has it come in by then, what was set aside says nothing more.
@Test(arguments: [false, true]) func whatWasSetAsideWholeIsTakenUpThoughAnEditOfItWaits(hasComeIn: Bool) async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)")
  try world.write(one, "s1")
  try world.shell(one, "UPDATE company SET code = 'Z' WHERE id = 'c2'")
  try world.write(one, "s2")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Z')")
  try await world.sync(two)
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  if hasComeIn {
    try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
    try await world.sync(b)
  }
  try world.answer("s2", "d2")
  try world.take(one, "d2")
  #expect(try one.parked().map(\.batch) == (hasComeIn ? [3] : [nil, 3]))
  #expect(try one.takeUp("company", "c2", ["code": .text("W")]))
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7) && world.cell("code", of: "c2") == .text("W"))
  #expect(try one.parked().isEmpty)
}

/// An edit was set aside, and the row went to another unit with a later edit that waits: the row is no longer here to be changed.
@Test func whatWaitsOfARowThatWentToAnotherUnitIsNotReplacedByWhatWasSetAsideBefore() async throws {
  let (world, one, _, _) = try await aside("UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try world.shell(one, "UPDATE company SET staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try one.parked().count == 2)
  #expect(try !one.takeUp("company", "c1", ["code": .text("W")]))
  try await world.settle()
  try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(12) && world.cell("office") == .text("B"))
}
