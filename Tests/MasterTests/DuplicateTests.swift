import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// Two rows that are one: nothing is lost.

@Test func aParkedDuplicateIsMergedWithItsChildren() async throws {
  let (world, a, b) = try await parkedDuplicate()
  #expect(try world.master.parked().count == 4)
  let conflicts = try world.unite("b1", into: "a1")
  #expect(Set(conflicts.compactMap(\.field)) == ["office", "name", "sales"])
  #expect(world.contenders(conflicts) == ["office": .text("B"), "name": .text("乙"), "sales": .integer(2)])
  #expect(try world.cell("staff", of: "a1") == .integer(5))
  try await world.settle()
  #expect(
    try world.figures() == [
      [.text("a1"), .integer(2018), .integer(1)], [.text("a1"), .integer(2019), .integer(3)],
    ])
  #expect(try a.rows(a.record("visit")) == [[.text("v1"), .text("a1"), .text("seen")]])
  #expect(try b.rows(b.record("company")).isEmpty)
  #expect(try world.master.parked(waiting: false).map(\.state) == [.merged, .entered, .entered, .entered])
  #expect(try b.parked(waiting: false).map(\.state) == [.merged, .entered, .entered, .entered])
  #expect(try b.parked().isEmpty)
}

/// Two machines of A; the firm stands under a1 and, with another code, under a2.

@Test func aDuplicateThatStandsIsMergedWithItsChildren() async throws {
  let (world, one, two) = try await standingDuplicate()
  let conflicts = try world.unite("a2", into: "a1")
  #expect(world.contenders(conflicts) == ["code": .text("Y"), "name": .text("乙"), "sales": .integer(2)])
  try await world.settle()
  #expect(try world.cell("staff", of: "a1") == .integer(5))
  for replica in [one, two] {
    #expect(try replica.rows(replica.record("company")).map { $0[0] } == [.text("a1")])
    #expect(try replica.rows(replica.record("visit")).map { $0[1] } == [.text("a1")])
    #expect(try replica.rows(replica.record("figure")).map { $0[1] } == [.integer(2018), .integer(2019)])
  }
}

@Test func mergingTheRecordsOfTwoCountiesContestsTheOwner() async throws {
  let world = try duplicateTown()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code, industry, first, peak) VALUES ('b1', 'B', 'Y', 'k', 3, 4);
    INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 2)
    """)
  try await world.settle()
  let conflicts = try world.unite("b1", into: "a1")
  #expect(world.contenders(conflicts) == ["office": .text("B"), "code": .text("Y")])
  try await world.settle()
  #expect(try world.cell("industry", of: "a1") == .text("k"))
  #expect(try world.figures() == [[.text("a1"), .integer(2018), .integer(2)]])
  #expect(try a.rows(a.record("figure")).count == 1)
  #expect(try b.rows(b.record("figure")).isEmpty)
  // The firm is B's after all.
  let office = try #require(conflicts.first { $0.field == "office" })
  _ = try world.master.decide(office.id, .take(1), reason: "moved", actor: "li")
  try await world.settle()
  #expect(try b.rows(b.record("figure")).count == 1)
  #expect(try a.rows(a.record("company")).isEmpty)
}

/// The conflicts were A's to see, though no contender is. The row leaves by what is decided, or an official moves it.
@Test(arguments: [false, true]) func aUnitThatLostARowHearsThatItsConflictsAreDecided(isMoved: Bool) async throws {
  let world = try duplicateTown()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'Y')")
  try await world.settle()
  let conflicts = try world.unite("b1", into: "a1")
  let office = try #require(conflicts.first { $0.field == "office" })
  let code = try #require(conflicts.first { $0.field == "code" })
  try await world.settle()
  #expect(try a.conflicts([.open]).map(\.id) == conflicts.map(\.id))
  _ = try world.master.decide(office.id, isMoved ? .keep : .take(1), reason: "r", actor: "li")
  if isMoved {
    try await world.settle()
    try world.shell("UPDATE company SET office = 'B' WHERE id = 'a1'")
  }
  try await world.settle()
  #expect(try a.rows(a.record("company")).isEmpty)
  #expect(try a.conflicts([.open]).map(\.id) == [code.id])
  _ = try world.master.decide(code.id, .take(1), reason: "licence", actor: "li")
  try await world.settle()
  #expect(try a.conflicts([.open]).isEmpty)
  let heard = try #require(try a.findConflict(code.id))
  #expect(heard.decision?.reason == "licence")
  #expect(heard.decision?.value == .null && heard.master == .null)
  #expect(try b.findConflict(code.id)?.decision?.value == .text("Y"))
}

@Test func anEmptyCellIsFilledFromTheOtherRowAndTheHistoryTellsIt() async throws {
  let (world, one, two) = try await standingDuplicate()
  try world.shell(one, "UPDATE company SET staff = 7 WHERE id = 'a1'")
  try await world.settle()
  try world.shell(one, "UPDATE company SET staff = NULL WHERE id = 'a1'")
  try world.shell(two, "UPDATE company SET name = NULL WHERE id = 'a2'")
  try await world.settle()
  let conflicts = try world.unite("a2", into: "a1")
  #expect(conflicts.compactMap(\.field).sorted() == ["code", "sales"])
  try await world.settle()
  for replica in [one, two] {
    let record = try replica.record("company")
    let company = try #require(try replica.rows(record).first)
    #expect(company[record.index(of: "staff") ?? 0] == .integer(5))
    #expect(company[record.index(of: "name") ?? 0] == .text("甲"))
  }
  let record = try world.master.record("company")
  let history = try world.master.history(record, key: RowKey([.text("a1")]))
  let cleared = history.compactMap { entry -> String? in
    guard case .change(let change) = entry.what, change.kind == .update else { return nil }
    return record.fields.indices.first { change.new[$0] == .null }.map { record.fields[$0].name }
  }
  #expect(cleared == ["staff", "name"])
  #expect(history.contains { if case .alias(let alias) = $0.what { alias.edit.actor == "li" } else { false } })
}

/// A county that has not heard of the merge clears a cell of the other key: an edit with a base of its own.

@Test func aClearingThatComesAfterTheMergeHasItsOwnBase() async throws {
  let (world, _, two) = try await standingDuplicate()
  try world.shell(two, "UPDATE company SET staff = NULL, name = NULL WHERE id = 'a2'")
  _ = try world.unite("a2", into: "a1")
  #expect(try world.cell("staff", of: "a1") == .integer(5))
  try await world.settle()
  // It has seen the staff that the merge took over; of the name it has seen another one than stands there.
  #expect(try world.cell("staff", of: "a1") == .null)
  #expect(try world.cell("name", of: "a1") == .text("甲"))
  let name = try #require(try world.master.conflicts([.open]).first { $0.field == "name" })
  #expect(name.contenders.map(\.value) == [.text("乙"), .null])
}

@Test func aClearingThatComesAfterTheMergeAndItsDecisionIsContested() async throws {
  let (world, _, two) = try await standingDuplicate()
  try world.shell(two, "UPDATE company SET name = NULL WHERE id = 'a2'")
  let conflicts = try world.unite("a2", into: "a1")
  let name = try #require(conflicts.first { $0.field == "name" })
  _ = try world.master.decide(name.id, .keep, reason: "licence", actor: "li")
  try await world.settle()
  #expect(try world.cell("name", of: "a1") == .text("甲"))
  let again = try #require(try world.master.conflicts([.open]).first { $0.field == "name" })
  #expect(again.base == .text("乙"))
  #expect(again.contenders.last?.value == .null)
}

extension World {
  /// Edits a minute after whatever was before.
  fileprivate func editLater(_ replica: Replica, _ sql: String) throws {
    clock.now += 60_000
    try replica.edit(as: nil) { db in
      try db.run("UPDATE sync_clock SET stamp = ?", [.integer(clock.now << 16)])
      try db.run(sql)
    }
  }
}

/// An earlier edit of the same cell comes after the merge, which fills one row and makes another.
@Test func aCellThatComesWithADuplicateIsAsOldAsItWas() async throws {
  let (world, one, two) = try await standingDuplicate(notesAreLatest: true)
  try world.editLater(two, "UPDATE figure SET note = 'early' WHERE company = 'a2'")
  try world.editLater(one, "UPDATE figure SET note = 'late' WHERE company = 'a2'")
  try await world.sync(one)
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  let figures = try world.master.rows(world.master.record("figure"))
  #expect(figures.map { $0[1] } == [.integer(2018), .integer(2019)])
  #expect(figures.map { $0[3] } == [.text("late"), .text("late")])
  #expect(try world.master.conflicts([.decided]).map(\.field) == ["note", "note"])
}

@Test func aCellOfAParkedDuplicateIsAsOldAsItWas() async throws {
  let world = try duplicateTown()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(two)
  try world.editLater(two, "UPDATE company SET phone = 'early' WHERE id = 'a1'")
  try world.editLater(one, "INSERT INTO company (id, office, code, phone) VALUES ('a2', 'A', 'X', 'late')")
  try await world.sync(one)
  #expect(try world.unite("a2", into: "a1").isEmpty)
  try await world.settle()
  #expect(try world.cell("phone", of: "a1") == .text("late"))
  #expect(try world.master.conflicts([.decided]).map(\.field) == ["phone"])
}

@Test func aRowIsMergedOnceAndNotWithItself() async throws {
  let (world, _, _) = try await standingDuplicate()
  #expect(throws: Failure.self) { try world.unite("a1", into: "a1") }
  #expect(throws: Failure.self) { try world.unite("a9", into: "a1") }
  _ = try world.unite("a2", into: "a1")
  let before = try world.master.rows(world.master.record("company"))
  #expect(throws: Failure.self) { try world.unite("a1", into: "a2") }
  #expect(throws: Failure.self) { try world.unite("a2", into: "a1") }
  #expect(try world.master.rows(world.master.record("company")) == before)
  try await world.settle()
}

@Test func whatClashedWithTheRowThatIsKeptEntersOnceItIsThatRow() async throws {
  let world = try duplicateTown()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c1', 'A', 'X'), ('c2', 'A', 'Y'), ('c3', 'A', 'Z')")
  for replica in [one, two] { try await world.sync(replica) }
  _ = try world.unite("c3", into: "c1")
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell("UPDATE company SET code = 'Q' WHERE id = 'c2'")
  try world.shell(one, "INSERT INTO company (id, office, code, name) VALUES ('c3', 'A', 'Q', 'by its other key')")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c1', 'A', 'Q')")
  for replica in [one, two] { try await world.sync(replica) }
  #expect(try world.master.parked().map(\.reason) == ["unique", "unique"])
  _ = try world.unite("c1", into: "c2")
  #expect(try world.master.parked().isEmpty)
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("by its other key"))
}

/// Decided or not when it was merged, it is about the row that was kept (seed 126 of the simulated town, 10,000 events).

@Test(arguments: [false, true]) func aRowConflictOfTheDuplicateIsOneOfTheRowThatIsKept(isDecided: Bool) async throws {
  let world = try duplicateTown()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c1', 'A', 'X'), ('c2', 'A', 'Y')")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell(one, "DELETE FROM company WHERE id = 'c2'")
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c2'")
  for replica in [one, two] { try await world.sync(replica) }
  let id = try #require(try world.master.conflicts([.open]).first { $0.field == nil }).id
  if isDecided { _ = try world.master.decide(id, .keep, reason: "r", actor: "li") }
  _ = try world.unite("c2", into: "c1")
  if isDecided { _ = try world.master.reopen(id, reason: "r", actor: "li") }
  #expect(try world.master.conflict(id).key == RowKey([.text("c1")]))
  _ = try world.master.decide(id, .take(1), reason: "r", actor: "li")
  #expect(try world.master.rows(world.master.record("company")).map { $0[0] } == [.text("c1")])
  #expect(try world.cell("name", of: "c1") == .text("丙"))
  #expect(throws: Failure.self) { try world.unite("c2", into: "c1") }
  #expect(try world.master.verify().map(\.en) == [])
  try await world.settle()
}

/// Who looked at a conflict of the duplicate, or of its child, has not seen what stands in the row that is kept.
@Test func aConflictThatMovesShowsWhatStandsInTheRowThatIsKept() async throws {
  let world = try duplicateTown()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, name) VALUES ('c1', 'A', '甲'), ('c2', 'A', '乙');
    INSERT INTO figure (company, year, sales) VALUES ('c1', 2018, 1), ('c2', 2018, 2)
    """)
  try await world.settle()
  try world.shell(
    one, "UPDATE company SET name = NULL WHERE id = 'c2'; UPDATE figure SET sales = NULL WHERE company = 'c2'")
  try world.shell(
    two, "UPDATE company SET name = '丙' WHERE id = 'c2'; UPDATE figure SET sales = 3 WHERE company = 'c2'")
  try await world.settle()
  let seen = try world.master.conflicts([.open])
  #expect(seen.map(\.field) == ["name", "sales"])
  #expect(try world.unite("c2", into: "c1").isEmpty)
  for conflict in seen {
    #expect(throws: Failure.self) {
      try world.master.decide(conflict.id, .take(1), reason: "r", actor: "li", version: conflict.version)
    }
  }
  let moved = try world.master.conflicts([.open])
  #expect(moved.map(\.master) == [.text("甲"), .integer(1)])
  for conflict in moved {
    _ = try world.master.decide(conflict.id, .take(1), reason: "r", actor: "li", version: conflict.version)
  }
  #expect(try world.cell("name", of: "c1") == .text("丙"))
  #expect(try world.figures() == [[.text("c1"), .integer(2018), .integer(3)]])
  try await world.settle()
}

/// The clerk points a child from the duplicate to the row that it is by then: that changes nothing (seed 624 of the simulated town,
/// 10,000 events).

@Test func rowsWhoseKeyNamesAnotherAreMergedByMergingThat() async throws {
  let (world, _, _) = try await standingDuplicate()
  let figure = try world.master.record("figure")
  let keys = ["a1", "a2"].map { RowKey([.text($0), .integer(2018)]) }
  let failure = #expect(throws: Failure.self) {
    try world.master.mergeRecords(figure, keep: keys[0], duplicate: keys[1], reason: "r", actor: "li")
  }
  #expect(failure?.kind == .usage)
  #expect(failure?.message.en.hasPrefix("the key of figure names a row of company: merge those") == true)
  #expect(try world.figures().count == 3)
}

/// A code moves from one row to another, and then they are found to be one (seed 2000215 of the simulated town).
@Test func whatIsEmptyInTheDuplicateAlreadyEmptiesNothingInTheRowThatIsKept() async throws {
  let world = try duplicateTown()
  let one = try await world.join("A")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('a1', 'A', NULL), ('a2', 'A', 'X')")
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'a2'")
  try world.shell(one, "UPDATE company SET code = NULL WHERE id = 'a2'; UPDATE company SET code = 'X' WHERE id = 'a1'")
  try await world.sync(one)
  let reasons = try world.master.parked().map(\.reason).sorted()
  #expect(reasons == ["scope", "unique"])
  try world.shell("UPDATE company SET code = NULL WHERE id = 'a2'")
  try await world.settle()
  #expect(try world.cell("code", of: "a1") == .text("X"))
  _ = try world.unite("a2", into: "a1")
  #expect(try world.cell("code", of: "a1") == .text("X") && world.master.parked().isEmpty)
  #expect(try world.master.verify() == [] && world.master.verifyReplay() == [])
}

private let placesYAML = """
  schema: places
  version: 1
  title: Places
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    place:
      key: id
      scope: {field: office}
      fields: {id: , office: {required: true, references: office.code}, address: {unique: true}}
    note:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        place: {references: place.address, weak: true}
  """

/// The note names its place by the address, which is contested: that of the row that is kept stands.
@Test func whatNamesTheDuplicateByAUniqueValueNamesTheRowThatIsKept() async throws {
  let world = try World(schema: placesYAML, seed: [("office", [[.text("A"), .null]])])
  let a = try await world.join("A")
  try world.shell(
    a,
    """
    INSERT INTO place VALUES ('p1', 'A', 'N1'), ('p2', 'A', 'N2');
    INSERT INTO note VALUES ('n1', 'A', 'N2')
    """)
  try await world.settle()
  let conflicts = try world.master.mergeRecords(
    world.master.record("place"), keep: RowKey([.text("p1")]), duplicate: RowKey([.text("p2")]), reason: "one place",
    actor: "li"
  ).conflicts
  #expect(world.contenders(conflicts) == ["address": .text("N2")])
  try await world.settle()
  #expect(try a.rows(a.record("place")) == [[.text("p1"), .text("A"), .text("N1")]])
  #expect(try a.rows(a.record("note")) == [[.text("n1"), .text("A"), .text("N1")]])
}
