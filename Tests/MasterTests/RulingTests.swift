import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What officials decide about parked changes.

/// The city moved c1 from A to B; A, which had not heard, edits it and its figure.
private func moved() async throws -> (World, Replica, Replica) {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, name, staff) VALUES ('c1', 'A', '甲', 10);
    INSERT INTO figure (company, year, sales) VALUES ('c1', 2018, 1)
    """)
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.sync(b)
  return (world, a, b)
}

@Test func anAdmittedEditMergesWithItsBaseAndItsSenderHearsOfIt() async throws {
  let (world, a, b) = try await moved()
  try world.shell(a, "UPDATE company SET name = 'late', staff = 11 WHERE id = 'c1'")
  try world.shell(b, "UPDATE company SET staff = 12 WHERE id = 'c1'")
  try await world.sync(b)
  try await world.sync(a)
  let parked = try #require(try world.master.parked().first)
  #expect(parked.reason == "scope")
  try world.master.admit([parked.id], reason: "made before the move", actor: "li")
  #expect(try world.cell("name") == .text("late"))
  #expect(try world.cell("staff") == .integer(12))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == "staff")
  #expect(conflict.contenders.map(\.value) == [.integer(11)])
  let news = try await world.sync(a).received.news
  guard case .settled(let ref, let notice)? = news.first else { return #expect(Bool(false), "\(news)") }
  #expect(ref.record == "company")
  #expect(notice.state == .admitted)
  #expect(notice.edit.actor == "li")
  #expect(notice.detail.en == "made before the move")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[3] } == [.text("late")])
  #expect(try a.rows(a.record("company")).isEmpty)
  #expect(try a.parked(waiting: false).map(\.state) == [.admitted])
  #expect(try a.parked(waiting: false).map(\.ruledBy) == ["li"])
}

@Test func aDismissedEditStaysOnRecord() async throws {
  let (world, a, _) = try await moved()
  try world.shell(a, "UPDATE company SET name = 'late' WHERE id = 'c1'")
  try await world.sync(a)
  let parked = try #require(try world.master.parked().first)
  try world.master.dismiss([parked.id], reason: "ask B", actor: "li")
  try await world.settle()
  #expect(try world.cell("name") == .text("甲"))
  let seen = try #require(try a.parked(waiting: false).first)
  #expect(seen.state == .dismissed)
  #expect(seen.detail.en == "ask B")
  #expect(seen.ruledBy == "li")
  #expect(seen.row[3] == .text("late"))
  #expect(try world.master.parked(waiting: false).map(\.state) == [.dismissed])
}

/// A number that is given twice, as a person may type it, is one change.
@Test(arguments: [true, false]) func aChangeThatIsNamedTwiceIsRuledOnOnce(isAdmitted: Bool) async throws {
  let (world, a, _) = try await moved()
  try world.shell(a, "UPDATE company SET name = 'late' WHERE id = 'c1'")
  try await world.sync(a)
  let parked = try #require(try world.master.parked().first)
  let rule = isAdmitted ? world.master.admit : world.master.dismiss
  try rule([parked.id, parked.id], "r", "li")
  #expect(try world.master.parked(waiting: false).map(\.state) == [isAdmitted ? .admitted : .dismissed])
  try await world.settle()
  #expect(try world.cell("name") == .text(isAdmitted ? "late" : "甲"))
  #expect(try world.master.verifyReplay().map(\.en) == [])
}

@Test func aSecondRulingIsRefused() async throws {
  let (world, a, _) = try await moved()
  try world.shell(a, "UPDATE company SET name = 'late' WHERE id = 'c1'")
  try await world.sync(a)
  let parked = try #require(try world.master.parked().first)
  try world.master.dismiss([parked.id], reason: "ask B", actor: "li")
  #expect(throws: Failure.self) { try world.master.admit([parked.id], reason: "r", actor: "li") }
  #expect(throws: Failure.self) { try world.master.dismiss([parked.id], reason: "r", actor: "li") }
  #expect(throws: Failure.self) { try world.master.dismiss([99], reason: "r", actor: "li") }
  try await world.settle()
  #expect(try world.cell("name") == .text("甲"))
}

@Test func whatStillCannotStandIsNotAdmitted() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X'), ('b2', 'A', 'Y')")
  try await world.sync(b)
  let parked = try world.master.parked()
  #expect(parked.map(\.reason) == ["unique", "scope"])
  // One that could stand does not enter either.
  #expect(throws: Failure.self) { try world.master.admit(parked.map(\.id), reason: "r", actor: "li") }
  #expect(try world.master.parked().map(\.reason) == ["unique", "scope"])
  #expect(try world.master.rows(world.master.record("company")).count == 1)
  try await world.settle()
  try world.master.admit([parked[1].id], reason: "theirs", actor: "li")
  try await world.settle()
  #expect(try a.rows(a.record("company")).count == 2)
}

@Test func aParentAndItsChildrenAreAdmittedTogether() async throws {
  let (world, a, b) = try await moved()
  try world.shell(
    a,
    """
    UPDATE company SET name = 'late' WHERE id = 'c1'; UPDATE figure SET sales = 2;
    INSERT INTO figure (company, year, sales) VALUES ('c1', 2019, 3)
    """)
  try await world.sync(a)
  #expect(try world.master.parked().map(\.reason) == ["scope", "scope", "scope"])
  try world.master.admit(try world.master.parked().map(\.id), reason: "r", actor: "li")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[3] } == [.text("late")])
  #expect(try b.rows(b.record("figure")).map { $0[2] } == [.integer(2), .integer(3)])
  #expect(try a.rows(a.record("figure")).isEmpty)
  #expect(Set(try a.parked(waiting: false).map(\.state)) == [.admitted])
}

@Test func aNewParentAndItsChildrenOfAnotherUnitAreAdmittedTogether() async throws {
  let (world, a, b) = try await moved()
  try world.shell(
    b,
    """
    INSERT INTO company (id, office) VALUES ('c2', 'A'); INSERT INTO figure (company, year) VALUES ('c2', 2018)
    """)
  try await world.sync(b)
  #expect(try world.master.parked().count == 2)
  try world.master.admit([try #require(try world.master.parked().first?.id)], reason: "r", actor: "li")
  try await world.settle()
  #expect(try a.rows(a.record("company")).map { $0[0] } == [.text("c2")])
  // The child's turn is the city's to say as well.
  try world.master.admit(try world.master.parked().map(\.id), reason: "r", actor: "li")
  try await world.settle()
  #expect(try a.rows(a.record("figure")).count == 1)
}

/// Taking the first in makes the second one contested, and so it enters by itself: once.
@Test func whatAnAdmittedEditFreesEntersOnce() async throws {
  let (world, a, b) = try await moved()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c9', 'A', 'X')")
  try world.shell(a, "UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try world.shell(b, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  for replica in [a, b] { try await world.sync(replica) }
  let parked = try world.master.parked()
  #expect(parked.map(\.reason) == ["scope", "unique"])
  try world.master.admit(parked.map(\.id), reason: "both", actor: "li")
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.master == .text("Y") && conflict.contenders.map(\.value) == [.text("X")])
  try await world.settle()
}

/// A figure is lost with the city's disk, and the machine that entered it is away: another one's edit of it waits.
@Test func anEditOfARowThatIsLostBringsInNoHalfOfIt() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one, two) = (drill.world, drill.one, drill.two)
  try world.shell(two, "INSERT INTO figure VALUES ('c1', 2019, 7, 'n')")
  for replica in [two, one] { try await world.sync(replica) }
  try world.shell(one, "UPDATE figure SET sales = 8")
  try await world.sync(one)
  world.lose(two)
  try await drill.restoreWithoutTwo(from: file)
  try await world.settle()
  let figure = try world.master.record("figure")
  let waiting = try world.master.parked()
  #expect(waiting.map(\.reason) == ["check"])
  #expect(try world.master.rows(figure).isEmpty && one.parked().count == 1)
  #expect(throws: Failure.self) { try world.master.admit(waiting.map(\.id), reason: "r", actor: "li") }
  world.add(two)
  try await world.settle()
  try world.master.admit(waiting.map(\.id), reason: "back", actor: "li")
  try await world.settle()
  #expect(try world.master.rows(figure) == [[.text("c1"), .integer(2019), .integer(8), .text("n")]])
  #expect(try one.parked().isEmpty && world.master.conflicts(Conflict.State.allCases).isEmpty)
}
