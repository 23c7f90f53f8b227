import Foundation
import Master
import Replica
import SyncCore
import TestSupport
import Testing

// Two rows that are one: nothing is lost, and edits of the other key find the row that is kept.

private let schema =
  smallSchemaYAML + "\n" + """
      visit:
        key: id
        scope: {via: company}
        fields:
          id: {type: text}
          company: {type: text, required: true, references: company.id}
          note: {type: text}
    """

private func town() throws -> World {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .text("Office \($0)")] }
  return try World(schema: schema, seed: [("office", offices)])
}

extension World {
  fileprivate func unite(_ duplicate: String, into keep: String) throws -> [Conflict] {
    try master.mergeRecords(
      master.record("company"), keep: RowKey([.text(keep)]), duplicate: RowKey([.text(duplicate)]), reason: "one firm",
      actor: "li")
  }

  /// The company, year and sales of every figure.
  fileprivate func figures() throws -> [[Value]] {
    try master.rows(master.record("figure")).map { Array($0[0...2]) }
  }

  fileprivate func contenders(_ conflicts: [Conflict]) -> [String: Value] {
    Dictionary(
      conflicts.compactMap { conflict in
        conflict.field.flatMap { field in conflict.contenders.last.map { (field, $0.value) } }
      }, uniquingKeysWith: { $1 })
  }
}

/// A machine of A and one of B; B's record of the firm is parked with what hangs on it.
private func parkedDuplicate() async throws -> (World, Replica, Replica) {
  let world = try town()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code, name) VALUES ('a1', 'A', 'X', '甲');
    INSERT INTO figure (company, year, sales) VALUES ('a1', 2018, 1)
    """)
  try await world.sync(a)
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code, name, staff) VALUES ('b1', 'B', 'X', '乙', 5);
    INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 2), ('b1', 2019, 3);
    INSERT INTO visit VALUES ('v1', 'b1', 'seen')
    """)
  try await world.sync(b)
  return (world, a, b)
}

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
private func standingDuplicate() async throws -> (World, Replica, Replica) {
  let world = try town()
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, code, name, staff) VALUES ('a1', 'A', 'X', '甲', NULL), ('a2', 'A', 'Y', '乙', 5);
    INSERT INTO figure (company, year, sales) VALUES ('a1', 2018, 1), ('a2', 2018, 2), ('a2', 2019, 3);
    INSERT INTO visit VALUES ('v1', 'a2', 'seen')
    """)
  try await world.settle()
  return (world, one, two)
}

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
  let world = try town()
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

@Test func lateEditsOfTheOtherKeyGoToTheRowThatIsKept() async throws {
  let (world, one, two) = try await standingDuplicate()
  try world.shell(
    two,
    """
    UPDATE company SET address = 'late', name = '丙' WHERE id = 'a2';
    UPDATE figure SET sales = 33 WHERE company = 'a2' AND year = 2019;
    INSERT INTO figure (company, year, sales) VALUES ('a2', 2020, 4);
    INSERT INTO visit VALUES ('v2', 'a2', 'late')
    """)
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  #expect(try world.cell("address", of: "a1") == .text("late"))
  let name = try #require(try world.master.conflicts([.open]).first { $0.field == "name" })
  #expect(name.contenders.map(\.value) == [.text("乙"), .text("丙")])
  #expect(
    try world.figures() == [
      [.text("a1"), .integer(2018), .integer(1)], [.text("a1"), .integer(2019), .integer(33)],
      [.text("a1"), .integer(2020), .integer(4)],
    ])
  #expect(try one.rows(one.record("visit")).map { $0[1] } == [.text("a1"), .text("a1")])
  #expect(try two.rows(two.record("company")).map { $0[0] } == [.text("a1")])
  #expect(try world.master.parked().isEmpty)
}

/// Who makes one row of two replaces what is empty in one of them; the clearing stays in the history.
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

@Test func aLateDeleteOfTheOtherKeyLeavesTheRowThatIsKept() async throws {
  let (world, _, two) = try await standingDuplicate()
  try world.shell(
    two, "DELETE FROM visit; DELETE FROM figure WHERE company = 'a2'; DELETE FROM company WHERE id = 'a2'")
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  #expect(try world.cell("code", of: "a1") == .text("X"))
  #expect(try world.figures().count == 2)
}

@Test func aDuplicateOfADuplicateLeadsToTheLastRow() async throws {
  let (world, one, two) = try await standingDuplicate()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('a3', 'A', 'Z')")
  try await world.settle()
  try world.shell(two, "INSERT INTO figure (company, year, sales) VALUES ('a3', 2021, 9)")
  try world.shell(two, "UPDATE company SET address = 'late' WHERE id = 'a3'")
  _ = try world.unite("a3", into: "a2")
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  #expect(try world.cell("address", of: "a1") == .text("late"))
  #expect(try world.figures().last == [.text("a1"), .integer(2021), .integer(9)])
  let values = try world.master.conflicts([.open]).filter { $0.field == "code" }.flatMap(\.contenders).map(\.value)
  #expect(Set(values) == [.text("Y"), .text("Z")])
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

@Test func aLateEditByTheCountyOfTheOtherKeyIsForTheCity() async throws {
  let (world, a, b) = try await parkedDuplicate()
  _ = try world.unite("b1", into: "a1")
  // B did not hear of it and changes its record, which is parked here, again.
  try world.shell(b, "INSERT INTO company (id, office, code, name, staff) VALUES ('b1', 'B', 'X', '乙', 6)")
  try await world.settle()
  let parked = try #require(try world.master.parked().first)
  #expect(parked.reason == "scope")
  #expect(parked.ref.key == RowKey([.text("b1")]))
  try world.master.admit([parked.id], reason: "later figure", actor: "li")
  try await world.settle()
  #expect(try a.conflicts([.open]).first { $0.field == "staff" }?.contenders.map(\.value) == [.integer(6)])
}

@Test func whatIsParkedOfTheOtherKeyEntersAtTheRowThatIsKept() async throws {
  let (world, one, two) = try await standingDuplicate()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'W')")
  try await world.sync(b)
  try world.shell(two, "UPDATE company SET code = 'W', address = 'late' WHERE id = 'a2'")
  try await world.settle()
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  _ = try world.unite("a2", into: "a1")
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.master.parked().isEmpty)
  #expect(try world.cell("address", of: "a1") == .text("late"))
  #expect(try one.conflicts([.open]).first { $0.field == "code" }?.contenders.map(\.value) == [.text("Y"), .text("W")])
}

@Test func aKeyThatWasMergedIsStillMergedForWhoNeverHeard() async throws {
  let (world, one, two) = try await standingDuplicate()
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  // Somebody types the old key anew.
  try world.shell(
    two, "INSERT INTO company (id, office, staff) VALUES ('a2', 'A', 5); INSERT INTO visit VALUES ('v9', 'a2', 'n')")
  try await world.settle()
  #expect(try one.rows(one.record("company")).map { $0[0] } == [.text("a1")])
  #expect(try one.rows(one.record("visit")).map { $0[1] } == [.text("a1"), .text("a1")])
}

/// Whoever deletes the row that was kept, with everything in it before their eyes, and enters the firm by the key that it had,
/// has entered a new row: the city's grade went with the deleted one, in one batch as in two, and the history tells it.
@Test(arguments: [1, 2])
func theRowThatWasKeptIsDeletedAndEnteredAnewByItsOtherKey(batches: Int) async throws {
  let (world, one, _) = try await standingDuplicate()
  try world.shell("UPDATE company SET grade = 'gold' WHERE id = 'a2'")
  _ = try world.unite("a2", into: "a1")
  try await world.settle()
  for conflict in try world.master.conflicts([.open]) {
    _ = try world.master.decide(conflict.id, .keep, reason: "licence", actor: "li")
  }
  try await world.settle()
  #expect(try world.cell("grade", of: "a1") == .text("gold"))
  try world.shell(one, "DELETE FROM visit; DELETE FROM figure; DELETE FROM company WHERE id = 'a1'")
  if batches == 2 { try one.freeze() }
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('a2', 'A', 'anew')")
  try await world.settle()
  #expect(try world.cell("name", of: "a1") == .text("anew"))
  #expect(try world.cell("grade", of: "a1") == .null)
  #expect(try world.master.conflicts([.open]).isEmpty)
  let history = try world.master.history(world.master.record("company"), key: RowKey([.text("a1")]))
  #expect(history.contains { if case .change(let change) = $0.what { change.kind == .delete } else { false } })
}

@Test func aDeleteIsCarriedOutThoughARowOfADuplicateTakesThePlace() async throws {
  let world = try town()
  let a = try await world.join("A")
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X'), ('a2', 'A', 'Y');
    INSERT INTO figure (company, year, sales) VALUES ('a1', 2018, 1), ('a2', 2018, 2)
    """)
  try await world.sync(a)
  try world.shell("DELETE FROM figure WHERE company = 'a1'")
  _ = try world.unite("a2", into: "a1")
  #expect(try world.figures() == [[.text("a1"), .integer(2018), .integer(2)]])
  #expect(try world.master.verify().map(\.en) == [])
  try await world.sync(a)
  #expect(try world.differences(a).isEmpty)
}

/// It came under a key that led to the duplicate, and had the code of the row that is kept (seed 2957 of the simulated town).
@Test func whatClashedWithTheRowThatIsKeptEntersOnceItIsThatRow() async throws {
  let world = try town()
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
  let world = try town()
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

/// The clerk points a child from the duplicate to the row that it is by then: that changes nothing (seed 624 of the simulated town,
/// 10,000 events).
@Test func aChildThatMovesFromTheDuplicateToTheRowThatIsKeptStaysWhereTheCityPutIt() async throws {
  let (world, _, two) = try await standingDuplicate()
  try world.shell(two, "UPDATE visit SET company = 'a1' WHERE id = 'v1'")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('a3', 'A', 'Z')")
  _ = try world.unite("a2", into: "a1")
  try world.shell("UPDATE visit SET company = 'a3' WHERE id = 'v1'")
  try await world.settle()
  #expect(try world.master.rows(world.master.record("visit")).map { $0[1] } == [.text("a3")])
  #expect(try world.master.verify().map(\.en) == [])
}

@Test func whatAToolEntersByTheOtherKeyIsMergedAgain() async throws {
  let (world, one, two) = try await standingDuplicate()
  _ = try world.unite("a2", into: "a1")
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'a2'")
  try await world.settle()
  try world.shell("INSERT INTO company (id, office, code, name, phone) VALUES ('a2', 'A', 'Z', '新', '1')")
  try await world.settle()
  for replica in [one, two] {
    #expect(try replica.rows(replica.record("company")).map { $0[0] } == [.text("a1")])
    #expect(try world.differences(replica) == [])
  }
  #expect(try world.cell("phone", of: "a1") == .text("1"))
  let contenders = world.contenders(try world.master.conflicts([.open]))
  #expect(contenders["name"] == .text("新"))
  #expect(contenders["code"] == .text("Z"))
  #expect(try world.master.verify() == [])
  #expect(try world.master.verifyReplay() == [])
}

@Test func theKeyOfAMergedDuplicateIsRefusedWithTheKeyThatIsKept() async throws {
  let (world, _, _) = try await standingDuplicate()
  _ = try world.unite("a2", into: "a1")
  let company = try world.master.record("company")
  let row: [Int: Value] = [0: .text("a2"), 1: .text("A"), 2: .text("Z")]
  let failure = #expect(throws: Failure.self) {
    _ = try world.master.edit(as: "li") { try world.master.insert($0, company, row) }
  }
  #expect(failure?.kind == .data)
  #expect(failure?.message.en.contains("company a2 was merged into a1") == true)
  #expect(try world.master.rows(company).count == 1)
}

@Test func aChangeByTheOtherKeyEntersWhenTheRowStandsAgain() async throws {
  let (world, _, two) = try await standingDuplicate()
  _ = try world.unite("a2", into: "a1")
  try world.shell(
    """
    DELETE FROM visit; DELETE FROM figure; DELETE FROM company WHERE id = 'a1';
    INSERT INTO company (id, office, code) VALUES ('a3', 'A', 'X')
    """)
  // It would bring the row back with its last code, which is another's by now.
  try world.shell(two, "UPDATE company SET phone = '2' WHERE id = 'a2'")
  try await world.sync(two)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell("INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'W')")
  try await world.settle()
  #expect(try world.master.parked().isEmpty)
  #expect(try world.cell("phone", of: "a1") == .text("2"))
}

@Test func aChildsHistoryHasWhatCameUnderTheOtherKeyOfItsParent() async throws {
  let (world, _, _) = try await standingDuplicate()
  _ = try world.unite("a2", into: "a1")
  let figure = try world.master.record("figure")
  let entries = try world.master.history(figure, key: RowKey([.text("a1"), .integer(2019)]))
  guard case .change(let change)? = entries.first?.what else {
    Issue.record("nothing is told")
    return
  }
  #expect(change.new == [.text("a2"), .integer(2019), .integer(3), .null])
}
