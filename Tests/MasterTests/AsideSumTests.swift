import Replica
import SyncCore
import TestSupport
import Testing

// What waits is taken up, and set aside unsent because it is in the way of what comes; then it has come in.

/// - Parameter isEntered: c2 is entered; else c1 is edited.
/// - Returns: with two machines of A, on the first of which that was done, and one of B, which has the code.
private func toWait(isEntered: Bool) async throws -> (World, Replica, two: Replica, b: Replica, id: String) {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  let id = isEntered ? "c2" : "c1"
  try world.shell(
    one,
    isEntered
      ? "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)"
      : "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  return (world, one, two, b, id)
}

/// What waits is taken up with another code, which the other machine of A takes meanwhile.
/// - Returns: with two machines of A, at the first of which it was set aside, and one of B, which still hinders it.
private func setAside(isEntered: Bool) async throws -> (World, Replica, Replica, Replica, id: String) {
  let (world, one, two, b, id) = try await toWait(isEntered: isEntered)
  try await world.sync(one)
  #expect(try one.takeUp("company", id, ["code": .text("Y")]))
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Y')")
  try await world.sync(two)
  try world.answer(one, meanwhile: "SELECT 1")
  #expect(try one.parked().map(\.batch) == [nil])
  return (world, one, two, b, id)
}

/// - Parameter isEntered: c2 is entered; else c1 is edited.
/// - Returns: with one machine of A, where it was set aside, and one of B, which has let it in. The first has not heard.
private func aside(isEntered: Bool, meanwhile sql: String = "") async throws -> (World, Replica, id: String) {
  let (world, one, two, b, id) = try await setAside(isEntered: isEntered)
  if !sql.isEmpty {
    try world.shell(one, sql)
    try one.freeze()
  }
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  #expect(try world.cell("staff", of: id) == .integer(isEntered ? 7 : 12))
  return (world, one, id)
}

/// Its clerk takes it up once more: it adds nothing to what came in.
@Test(arguments: [false, true]) func aSumThatEnteredWhileItWasSetAsideCountsOnce(isEntered: Bool) async throws {
  let (world, one, id) = try await aside(isEntered: isEntered)
  try await world.sync(one)
  #expect(try one.takeUp("company", id, ["code": .text("Z")]))
  try await world.settle()
  #expect(try world.staff(one, of: id) == .integer(isEntered ? 7 : 12))
  #expect(try world.cell("code", of: id) == .text("Z") && one.parked().isEmpty)
}

/// A program edits another cell beside it, and its clerk takes it back: what came in stays.
@Test func aSumThatEnteredWhileItWasSetAsideIsNotTakenOff() async throws {
  let (world, one, _) = try await aside(isEntered: false, meanwhile: "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  try one.withdraw(one.parked()[0].id, reason: "in already", actor: nil)
  try await world.settle()
  #expect(try world.staff(one) == .integer(12) && world.cell("address") == .text("y"))
}

/// It is taken up once more in a batch that is on its way by then, and what was typed after that is set aside: it is the batch that
/// says it again, perhaps as an edit of a row that others have entered meanwhile.
@Test(arguments: [(false, false), (true, false), (true, true)])
func aSumThatEnteredWhileALaterEditWasSetAsideCountsOnce(isEntered: Bool, isStanding: Bool) async throws {
  let (world, one, two, b, id) = try await toWait(isEntered: isEntered)
  try await world.sync(one)
  if isStanding {
    try world.shell(two, "INSERT INTO company (id, office, staff) VALUES ('c2', 'A', 3)")
    for replica in [two, one] { try await world.sync(replica) }
  }
  try world.write(one, "s0")
  #expect(try one.takeUp("company", id, ["code": .text("Y")]))
  try one.freeze()
  try world.shell(one, "UPDATE company SET code = 'Z', staff = staff + 2 WHERE id = '\(id)'")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Z')")
  try await world.sync(two)
  try world.answer("s0", "d0")
  try world.take(one, "d0")
  #expect(try one.parked().map(\.batch) == [nil])
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try await world.settle()
  let total: Int64 = isStanding ? 10 : isEntered ? 7 : 12
  #expect(try world.staff(one, of: id) == .integer(total))
  #expect(try one.takeUp("company", id, ["code": .text("W")]))
  try await world.settle()
  #expect(try world.staff(one, of: id) == .integer(total + 2) && one.parked().isEmpty)
}

/// A later batch is on its way when its sender hears that it waits, and what they have typed, of its row or of another one, is in the
/// way of something else of the answer: only that is set aside here. It comes in before that batch comes.
@Test(arguments: [(false, false), (true, false), (false, true)])
func aSumThatEnteredWhileItWasSetAsideUnderALaterBatchCountsOnce(isEntered: Bool, isEdited: Bool) async throws {
  let (world, one, two, b, id) = try await toWait(isEntered: isEntered)
  try world.write(one, "s1")
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = '\(id)'")
  try world.write(one, "s2")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Z')")
  try await world.sync(two)
  try world.shell(
    one,
    isEdited
      ? "UPDATE company SET code = 'Z' WHERE id = 'c1'"
      : "INSERT INTO company (id, office, code) VALUES ('c4', 'A', 'Z')")
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  #expect(try one.parked().map(\.ref.key) == [RowKey([.text(isEdited ? "c1" : "c4")])])
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try world.answer("s2", "d2")
  try world.take(one, "d2")
  try await world.settle()
  if isEdited { #expect(try one.takeUp("company", id, ["code": .text("Y")])) }
  try await world.settle()
  #expect(try world.staff(one, of: id) == .integer(isEntered ? 7 : 12) && world.cell("address", of: id) == .text("y"))
}

/// Others have entered the row, too, and it is taken up once more over theirs: it is added to that, as what was sent would be. By then it
/// has come in, or an edit beside it has taken its place at the city.
@Test(arguments: [(false, false), (true, false), (false, true)])
func aSumThatWasSetAsideUnderARowOfOthersCountsOnce(hasComeIn: Bool, isEdited: Bool) async throws {
  let (world, one, two, b, id) = try await setAside(isEntered: true)
  try world.shell(two, "INSERT INTO company (id, office, staff) VALUES ('c2', 'A', 3)")
  for replica in [two, one] { try await world.sync(replica) }
  if isEdited {
    try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c2'")
    try await world.sync(one)
  }
  #expect(try one.takeUp("company", id, ["code": .text("W")]))
  if hasComeIn {
    try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
    try await world.sync(b)
    #expect(try world.cell("staff", of: id) == .integer(10))
  }
  try await world.settle()
  #expect(try world.staff(one, of: id) == .integer(10) && one.parked().isEmpty)
}

/// Two later batches add to the sum, and what was set aside starts between them: it says again what waits, which has come in.
@Test func aSumThatEnteredWhileItWasSetAsideUnderTwoLaterBatchesCountsOnce() async throws {
  let (world, one, two, b, id) = try await toWait(isEntered: false)
  try world.write(one, "s1")
  for (staff, file) in [(14, "s2"), (16, "s3")] {
    try world.shell(one, "UPDATE company SET staff = \(staff) WHERE id = '\(id)'")
    try world.write(one, file)
  }
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Z')")
  try await world.sync(two)
  try world.shell(one, "UPDATE company SET code = 'Z' WHERE id = '\(id)'")
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  #expect(try one.parked().map(\.batch) == [nil])
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  for (sent, reply) in [("s2", "d2"), ("s3", "d3")] {
    try world.answer(sent, reply)
    try world.take(one, reply)
  }
  try await world.settle()
  #expect(try world.staff(one, of: id) == .integer(16))
}
