import Replica
import SyncClient
import SyncCore
import TestSupport
import Testing

// A row is entered anew of which something waits that has come in meanwhile, or comes in: a sum counts once, and no row is lost.

private let entering = "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)"

extension World {
  /// A row with the code of b1 waits for that; then b1 goes and it comes in, of which its sender has not heard.
  fileprivate func letIn(_ enter: String = entering, of sender: Replica, freedBy b: Replica) async throws {
    try shell(sender, enter)
    try await sync(sender)
    try shell(b, "DELETE FROM company WHERE id = 'b1'")
    try await sync(b)
  }

  /// A program enters a row, perhaps while the answer is under way.
  fileprivate func enterAnew(_ enter: String = entering, at replica: Replica, isMeanwhile: Bool) throws {
    if isMeanwhile { try answer(replica, meanwhile: enter) } else { try shell(replica, enter) }
  }
}

/// A program enters the row anew beside what waits of it, perhaps while the answer is under way.
@Test(arguments: ["code, staff) VALUES ('c2', 'A', 'X', 7)", "address) VALUES ('c2', 'A', 'y')"], [false, true])
func aSumOfARowThatEnteredWhileAProgramEnteredItAnewCountsOnce(cells: String, isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  try await world.letIn(of: one, freedBy: b)
  try world.enterAnew("INSERT INTO company (id, office, \(cells)", at: one, isMeanwhile: isMeanwhile)
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try world.cell("code", of: "c2") == .text("X") && one.parked().isEmpty)
}

/// Its clerk takes back what waits, or deletes it before they hear that it does, and enters it anew: it came in before that.
@Test(arguments: [false, true])
func aSumOfARowThatWasTakenBackTooLateAndEnteredAnewCountsOnce(isHeard: Bool) async throws {
  let (world, one, b) = try await summed()
  if isHeard {
    try await world.letIn(of: one, freedBy: b)
    try one.withdraw(one.parked()[0].id, reason: "typed wrong", actor: nil)
  } else {
    try world.shell(one, entering)
    try one.freeze()
    try world.answer(one, meanwhile: "DELETE FROM company WHERE id = 'c2'")
    try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
    try await world.sync(b)
  }
  #expect(try world.cell("staff", of: "c2") == .integer(7) && one.states() == [.withdrawn])
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('c2', 'A', 9)")
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(9) && world.cell("code", of: "c2") == .text("X"))
  #expect(try one.states() == [.entered])
}

/// What follows on its way adds as much as had waited, or others have taken off as much: the row looks as it was entered.
@Test(arguments: [false, true])
func aSumOfARowEnteredAnewThatLooksAsItWasEnteredCountsOnce(isTakenOff: Bool) async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try await world.letIn(of: one, freedBy: b)
  try world.shell(one, entering)
  try world.write(one, "s1")
  if isTakenOff {
    try world.answer("s1", "d0")
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET staff = staff - 7 WHERE id = 'c2'")
    try await world.sync(two)
  } else {
    try world.shell(one, "UPDATE company SET staff = 14 WHERE id = 'c2'")
    try world.write(one, "s2")
  }
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  if !isTakenOff {
    try world.answer("s2", "d2")
    try world.take(one, "d2")
  }
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(isTakenOff ? 0 : 14))
  #expect(try one.parked().isEmpty)
}

/// It is edited on its way, entered whole once more when its sender hears that it is parked, and deleted by others before
/// that comes: then it is as it was entered last.
@Test func aSumOfARowThatWasEditedOnItsWayAndDeletedByOthersCountsOnce() async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, entering)
  try world.write(one, "s1")
  try world.shell(one, "UPDATE company SET staff = 9 WHERE id = 'c2'")
  try world.write(one, "s2")
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  try world.write(one, "s3")
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try world.answer("s2", "d2")
  #expect(try world.cell("staff", of: "c2") == .integer(9))
  try await world.sync(two)
  try world.shell(two, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(two)
  try world.answer("s3", "d3")
  try world.take(one, "d3")
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(9) && one.parked().isEmpty)
}

/// A program enters it anew with another name, before anybody here has seen that it came in: both names stay.
@Test(arguments: [false, true])
func aRowThatEnteredWhileAProgramEnteredItAnewKeepsBothNames(isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  func enter(_ name: String) -> String {
    "INSERT INTO company (id, office, code, name, staff) VALUES ('c2', 'A', 'X', '\(name)', 7)"
  }
  try await world.letIn(enter("甲"), of: one, freedBy: b)
  try world.enterAnew(enter("乙"), at: one, isMeanwhile: isMeanwhile)
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == "name" && conflict.master == .text("甲"))
  #expect(conflict.contenders.map(\.value) == [.text("乙")])
  #expect(try world.staff(one, of: "c2") == .integer(7))
}

/// Its clerk takes up what waits when a program has entered the row anew: what is not typed fills what that has left empty.
@Test func whatIsTakenUpFillsARowThatAProgramEnteredAnew() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "INSERT INTO company (id, office, code, name, staff) VALUES ('c2', 'A', 'X', '丙', 7)")
  try await world.sync(one)
  try world.shell(one, "INSERT INTO company (id, office, address) VALUES ('c2', 'A', 'y')")
  #expect(try one.takeUp("company", "c2", ["phone": .text("456")]))
  try await world.settle()
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("丙") && world.cell("address", of: "c2") == .text("y"))
  #expect(try world.cell("code", of: "c2") == .text("X") && world.cell("phone", of: "c2") == .text("456"))
  #expect(try world.staff(one, of: "c2") == .integer(7) && one.parked().isEmpty)
}

/// What is entered anew on its way takes the place of what waits: an edit of it says nothing of that again.
@Test func anEditOfARowThatIsEnteredAnewSaysNothingAgain() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, entering)
  try await world.sync(one)
  try world.shell(one, entering)
  try one.freeze()
  try world.shell(one, "UPDATE company SET staff = 14 WHERE id = 'c2'")
  try await world.settle()
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(14))
  #expect(try one.parked().isEmpty)
}

/// Two units, of which the one can take over from the other; b1 of B has the code X.
private func takenOver() async throws -> (World, Replica, Replica) {
  let yaml = summedSchemaYAML.replacing("units: office.code", with: "units: office.code\nsuccessor: successor")
    .replacing("  company:\n", with: "      successor: {references: office.code}\n  company:\n")
  let world = try World(schema: yaml, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.settle()
  return (world, a, b)
}

/// It has landed with the unit that took over, and its sender sees it no more.
@Test func aSumOfARowThatLandedWithTheSuccessorCountsOnceWhenItIsEnteredAnew() async throws {
  let (world, a, b) = try await takenOver()
  try world.shell(a, entering)
  try await world.sync(a)
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  #expect(try world.cell("office", of: "c2") == .text("B"))
  try world.answer(a, meanwhile: entering)
  try await world.settle()
  #expect(try world.staff(b, of: "c2") == .integer(7))
  #expect(try a.parked().isEmpty && a.rows(a.record("company")).isEmpty)
}

/// Others have deleted it before its sender hears that it had entered: what is entered anew comes on top of nothing.
@Test(arguments: [false, true])
func aRowThatWasDeletedBeforeItsSenderHeardIsEnteredAnewWhole(isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try await world.letIn(of: one, freedBy: b)
  try await world.sync(two)
  try world.shell(two, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(two)
  #expect(try world.cell("staff", of: "c2") == nil)
  try world.enterAnew(at: one, isMeanwhile: isMeanwhile)
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try one.parked().isEmpty && one.states() == [.entered])
}

/// The same when another unit has taken over meanwhile: what is entered anew comes back for somebody to look at.
@Test func aRowThatWasDeletedBeforeItsUnitWasTakenOverIsEnteredAnew() async throws {
  let (world, a, b) = try await takenOver()
  let two = try await world.join("A")
  try await world.letIn(of: a, freedBy: b)
  try await world.sync(two)
  try world.shell(two, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(two)
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.answer(a, meanwhile: entering)
  try await world.settle()
  #expect(try world.cell("staff", of: "c2") == .integer(7) && world.cell("code", of: "c2") == .text("X"))
  #expect(try a.parked().isEmpty && world.master.conflicts([.open]).map(\.field) == [nil])
}

/// What says it again is parked itself, in the answer that tells that it has entered.
@Test(arguments: [false, true])
func aSumOfARowThatEnteredWhileWhatEntersItAgainIsParkedCountsOnce(isTakenUp: Bool) async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, entering)
  try await world.sync(one)
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b2', 'B', 'Y')")
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try world.shell("UPDATE company SET code = NULL WHERE id = 'c2'")
  if isTakenUp {
    #expect(try one.takeUp("company", "c2", ["code": .text("Y")]))
  } else {
    try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'Y', 7)")
  }
  try await world.sync(one)
  try await world.settle()
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell(b, "DELETE FROM company WHERE id = 'b2'")
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try world.cell("code", of: "c2") == .text("Y") && one.parked().isEmpty)
}

/// An official lets it in to a row of another unit, where its sender does not see it, and perhaps what says it again, too.
@Test(arguments: [false, true], [false, true])
func aSumThatWasAdmittedOutOfSightWhileItWasSaidAgainCountsOnce(isTakenUp: Bool, isAdmittedAgain: Bool) async throws {
  let (world, one, b) = try await summed()
  try world.shell(b, "INSERT INTO company (id, office, staff) VALUES ('c2', 'B', 2)")
  try await world.sync(b)
  let enter = "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'A', '甲', 7)"
  try world.shell(one, enter)
  try await world.sync(one)
  func admit() throws {
    try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  }
  try admit()
  #expect(try world.cell("staff", of: "c2") == .integer(9))
  if isTakenUp { #expect(try one.takeUp("company", "c2", [:])) } else { try world.shell(one, enter) }
  try world.write(one, "s1")
  try world.answer("s1", "d0")
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  if isAdmittedAgain { try admit() }
  try world.answer("s1", "d1")
  try world.take(one, "d1")
  for _ in 1...3 where try world.cell("staff", of: "c2") != .integer(9) || !world.master.parked().isEmpty {
    try await world.settle()
    try admit()
  }
  try await world.settle()
  #expect(try world.cell("staff", of: "c2") == .integer(9))
  #expect(try one.parked().isEmpty && one.rows(one.record("company")).count == 1)
}

/// One of A enters a row of B's, of which an official lets in what it says; A does not see it.
private func admittedOutOfSight() async throws -> (World, Replica, Replica) {
  let (world, one, b) = try await summed()
  try world.shell(b, "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'B', '甲', 2)")
  try await world.sync(b)
  try world.shell(one, "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'A', '甲', 7)")
  try await world.sync(one)
  try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  let conflicts = try world.master.conflicts([.open])
  for conflict in conflicts { _ = try world.master.decide(conflict.id, .keep, reason: "r", actor: "li") }
  for replica in [one, b] { try await world.sync(replica) }
  return (world, one, b)
}

/// The row out of sight is deleted before A enters one of its own under that key, which waits for its code and is edited: it goes whole.
@Test func aRowThatIsEnteredWhereOneOutOfSightWasDeletedEntersWhole() async throws {
  let (world, one, b) = try await admittedOutOfSight()
  try world.shell(b, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(b)
  #expect(try world.cell("name", of: "c2") == nil)
  try world.shell(one, "INSERT INTO company (id, office, code, name, staff) VALUES ('c2', 'A', 'X', '乙', 5)")
  try one.freeze()
  try world.answer(one, meanwhile: "UPDATE company SET name = '丙' WHERE id = 'c2'")
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("丙") && one.parked().isEmpty)
}

/// It stands: what is left empty by who enters it anew takes nothing away from it.
@Test func whatIsLeftEmptyOfARowThatStandsOutOfSightStays() async throws {
  let (world, one, _) = try await admittedOutOfSight()
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('c2', 'A', 5)")
  try one.freeze()
  try world.answer(one, meanwhile: "UPDATE company SET address = 'y' WHERE id = 'c2'")
  try await world.sync(one)
  try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  #expect(try world.cell("name", of: "c2") == .text("甲") && world.cell("address", of: "c2") == .text("y"))
  try await world.settle()
}

/// It stands: another value, of a program that has not seen it, is kept beside it.
@Test func anotherValueThanOneThatStandsOutOfSightIsContested() async throws {
  let (world, one, _) = try await admittedOutOfSight()
  try world.shell(one, "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'A', '乙', 5)")
  try one.freeze()
  try world.answer(one, meanwhile: "UPDATE company SET address = 'y' WHERE id = 'c2'")
  try await world.sync(one)
  try world.master.admit(world.master.parked().map(\.id), reason: "theirs", actor: "li")
  #expect(try world.cell("name", of: "c2") == .text("甲") && world.cell("address", of: "c2") == .text("y"))
  let conflict = try #require(try world.master.conflicts([.open]).first { $0.field == "name" })
  #expect(conflict.contenders.map(\.value) == [.text("乙")])
  try await world.settle()
}

/// An edit of c1 waits, which adds 2 to its staff if not told otherwise: the city has deleted the row.
private func editOfADeletedRow(_ edit: String = "staff = 12") async throws -> (World, Replica) {
  let (world, one, b) = try await summed()
  try world.shell("UPDATE company SET code = 'K' WHERE id = 'c1'")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b2', 'B', 'K')")
  try await world.sync(b)
  // The edit would bring the row back with its last code, which is another's by now.
  try world.shell(one, "UPDATE company SET \(edit) WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  return (world, one)
}

/// It enters with the row that the city enters anew, and so does a program here: of the edit counts what it added, unless the
/// program has left the cell empty, which is filled with all of it.
@Test(arguments: ["staff) VALUES ('c1', 'A', 9)", "address) VALUES ('c1', 'A', 'y')"], [false, true])
func aSumOfAnEditOfARowThatAProgramEnteredAnewCountsOnce(cells: String, isMeanwhile: Bool) async throws {
  let (world, one) = try await editOfADeletedRow()
  try world.shell("INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 3)")
  try world.master.absorbNow()
  #expect(try world.cell("staff") == .integer(5))
  try world.enterAnew("INSERT INTO company (id, office, \(cells)", at: one, isMeanwhile: isMeanwhile)
  try await world.settle()
  #expect(try world.staff(one) == .integer(cells.hasPrefix("staff") ? 12 : 5))
  #expect(try one.parked().isEmpty)
}

/// The same when its clerk takes it up for the row that a program has entered; perhaps the city has entered none.
@Test(arguments: [false, true])
func aSumOfAnEditThatFillsARowThatAProgramEnteredAnewCountsOnce(isEntered: Bool) async throws {
  let (world, one) = try await editOfADeletedRow()
  if isEntered {
    try world.shell("INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 3)")
    try world.master.absorbNow()
  }
  try world.shell(one, "INSERT INTO company (id, office, address) VALUES ('c1', 'A', 'y')")
  #expect(try one.takeUp("company", "c1", ["phone": .text("456")]))
  try await world.settle()
  #expect(try world.staff(one) == .integer(isEntered ? 5 : 12) && world.cell("phone") == .text("456"))
  #expect(try one.parked().isEmpty)
}

/// Its clerk empties what it says: the row that a program has entered is not filled with it.
@Test func whatAClerkEmptiesOfAnEditThatTheyTakeUpIsNotFilledAgain() async throws {
  let (world, one) = try await editOfADeletedRow("name = '乙'")
  try world.shell(one, "INSERT INTO company (id, office, address) VALUES ('c1', 'A', 'y')")
  #expect(try one.takeUp("company", "c1", ["name": .null]))
  try await world.settle()
  #expect(try world.cell("name") == Value.null && world.cell("address") == .text("y"))
  #expect(try one.parked().isEmpty)
}

/// The row that held its code is lost with the city: what waited comes in by itself, and a program has entered the row anew.
@Test(arguments: [false, true])
func aSumOfARowEnteredAnewThatARestoredCityParksNoMoreCountsOnce(isMeanwhile: Bool) async throws {
  let (world, one, b) = try await summed()
  let file = try world.backup()
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b2', 'B', 'W')")
  try await world.sync(b)
  let enter = "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'W', 7)"
  try world.shell(one, enter)
  try await world.sync(one)
  #expect(try one.parked().count == 1)
  if !isMeanwhile { try world.shell(one, enter) }
  world.lose(b)
  try world.restore(from: file)
  try await world.giveBack([one])
  try world.master.release(reason: "lost", actor: "li")
  let transport = Preceded(world.master) { if isMeanwhile, $0 == 1 { try world.shell(one, enter) } }
  _ = try await SyncClient(one, transport: transport).sync()
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7) && one.parked().isEmpty)
}
