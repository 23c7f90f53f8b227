import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A row moves to another unit: what is known of it moves along, and the old unit hears no more than its own (I4).

/// Two machines of A contest the name of c1; the city moves it to B.
private func moved() async throws -> (World, Replica, Replica, Conflict) {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B", actor: "b")
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.settle()
  return (world, two, b, try #require(try world.master.conflicts([.open]).first))
}

@Test func theConflictsOfAMovedRowAreKnownAtTheNewUnit() async throws {
  let (_, two, b, conflict) = try await moved()
  #expect(try b.conflicts([.open]) == [conflict])
  // The old unit goes on seeing what it wanted itself.
  let seen = try #require(try two.conflicts([.open]).first)
  #expect(seen.contenders.map(\.value) == [.text("丙")])
}

@Test func theOldUnitHearsTheDecisionAboutItsOwnContender() async throws {
  let (world, two, b, conflict) = try await moved()
  let decided = try world.master.decide(conflict.id, .take(1), reason: "licence", actor: "li")
  let news = try await world.sync(two).received.news
  guard case .decided(let heard)? = news.first else { return #expect(Bool(false), "\(news)") }
  #expect(heard.decision?.value == .text("丙"))
  #expect(heard.decision?.reason == "licence")
  #expect(heard.decision?.edit.actor == "li")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[3] } == [.text("丙")])
  #expect(try b.conflicts([.decided]).map(\.id) == [decided.id])
}

@Test func theOldUnitHearsNoneOfTheOthersValues() async throws {
  let (world, two, b, _) = try await moved()
  try world.shell(b, "UPDATE company SET name = '秘' WHERE id = 'c1'")
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.contenders.map(\.value) == [.text("丙"), .text("秘")])
  _ = try world.master.decide(conflict.id, .take(2), reason: "new owner", actor: "li")
  try await world.settle()
  let heard = try #require(try two.conflicts([.decided]).first)
  #expect(heard.contenders.map(\.value) == [.text("丙")])
  #expect(heard.decision?.value == .null)
  #expect(heard.decision?.reason == "new owner")
  #expect(heard.base == .null && heard.master == .null)
}

extension Replica {
  /// What its conflicts show of rows.
  func told() throws -> String {
    try conflicts(Conflict.State.allCases).map { conflict in
      "\(conflict.master) \(conflict.contenders.map(\.value)) \(conflict.decision?.value ?? .null)"
    }.joined()
  }
}

@Test(arguments: ["review", "remove"])
func aRowThatIsDeletedAtAnotherUnitIsNotShown(policy: String) async throws {
  let world = try World(
    schema: smallSchemaYAML.replacing("edits: propose", with: "edits: propose\n    delete: \(policy)"),
    seed: [("office", ["A", "B"].map { [.text($0), .null] })])
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a, "INSERT INTO company (id, office) VALUES ('c1', 'A'); INSERT INTO figure VALUES ('c1', 2018, 1, NULL)")
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.sync(b)
  try world.shell(b, "UPDATE company SET name = '秘'; UPDATE figure SET note = '秘'")
  try await world.sync(b)
  try world.shell(b, "DELETE FROM figure; DELETE FROM company")
  try await world.sync(b)
  try world.shell(a, "UPDATE company SET staff = 2; UPDATE figure SET sales = 2")
  try await world.settle()
  #expect(try world.master.parked().map(\.reason) == ["scope", "scope"])
  #expect(try a.parked().count == 2)
  #expect(try a.conflicts(Conflict.State.allCases) == [])
  // Let in, it is a conflict about B's row, of which A sees that it has one.
  let waiting = try #require(try world.master.parked().first { $0.ref.record == "company" })
  try world.master.admit([waiting.id], reason: "r", actor: "li")
  try await world.settle()
  #expect(try a.told().contains("秘") == false)
  #expect(try world.master.conflicts(Conflict.State.allCases).map(\.contenders.count) == [1])
}

/// B enters a firm under the key of one of A's that is deleted, and of which A has a wish that waits.
@Test func whatIsContestedOfAnotherUnitsFormerRowIsNotTold() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell("INSERT INTO company (id, office, grade) VALUES ('c1', 'A', '旧')")
  try await world.settle()
  try world.shell("DELETE FROM company")
  try world.shell(a, "UPDATE company SET grade = '秘'")
  for replica in [a, b] { try await world.sync(replica) }
  let wish = try #require(try world.master.conflicts([.proposed]).first)
  #expect(wish.master == .text("旧") && wish.contenders.map(\.value) == [.text("秘")])
  try world.shell(b, "INSERT INTO company (id, office, grade) VALUES ('c1', 'B', '乙')")
  try await world.settle()
  #expect(try world.master.conflict(wish.id).contenders.map(\.value) == [.text("秘"), .text("乙")])
  #expect(try b.conflicts([.proposed]).map { $0.contenders.map(\.value) } == [[.text("乙")]])
  _ = try world.master.decide(wish.id, .keep, reason: "r", actor: "li")
  try await world.settle()
  let fresh = try await world.join("B", actor: "fresh")
  try world.takeSnapshot(fresh)
  for replica in [b, fresh] {
    #expect(try replica.conflicts([.decided]).map(\.id) == [wish.id])
    let told = try replica.told()
    #expect(!told.contains("秘") && !told.contains("旧"))
  }
  #expect(try a.told().contains("秘"))
}

// A unit takes over another; machines of the old one may not know yet.

private let schema = """
  schema: merged
  version: 1
  title: Merged
  units: office.code
  successor: successor
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: , successor: {references: office.code}}
    company:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        name:
        staff: {type: integer}
    figure:
      key: [company, year]
      scope: {via: company}
      fields:
        company: {references: company.id}
        year: {type: integer}
        sales: {type: integer}
  """

/// A is dissolved into B; its machine is offline.
private func dissolved() async throws -> (World, Replica, Replica) {
  let offices: [[Value]] = ["A", "B", "C"].map { [.text($0), .null, .null] }
  let world = try World(schema: schema, seed: [("office", offices)])
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a,
    """
    INSERT INTO company VALUES ('c1', 'A', '甲', 1), ('c2', 'A', '乙', 2);
    INSERT INTO figure VALUES ('c1', 2018, 1)
    """)
  try await world.settle()
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'; UPDATE company SET office = 'B'")
  return (world, a, b)
}

extension Replica {
  fileprivate func archived() throws -> Int64? { try read { try $0.integer("SELECT count(*) FROM sync_archive") } }
}

@Test func lateEditsOfADissolvedUnitLandWithItsSuccessor() async throws {
  let (world, a, b) = try await dissolved()
  try world.shell(
    a,
    """
    UPDATE company SET name = 'late' WHERE id = 'c1'; UPDATE figure SET sales = 2;
    INSERT INTO company VALUES ('c3', 'A', '丙', 3); INSERT INTO figure VALUES ('c3', 2018, 3), ('c2', 2018, 4);
    """)
  try await world.sync(a)
  #expect(try world.master.parked().isEmpty)
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[1] } == [.text("B"), .text("B"), .text("B")])
  #expect(try b.rows(b.record("company")).map { $0[2] } == [.text("late"), .text("乙"), .text("丙")])
  #expect(try b.rows(b.record("figure")).map { $0[2] } == [.integer(2), .integer(4), .integer(3)])
  #expect(try a.rows(a.record("company")).isEmpty)
  #expect(try a.rows(a.record("figure")).isEmpty)
  #expect(try a.archived() == 6)
}

@Test func aLateDeleteOfADissolvedUnitCounts() async throws {
  let (world, a, b) = try await dissolved()
  try world.shell(a, "DELETE FROM company WHERE id = 'c2'")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[0] } == [.text("c1")])
  #expect(try world.master.parked().isEmpty)
}

@Test func theSuccessorOfASuccessorTakesOver() async throws {
  let (world, a, _) = try await dissolved()
  let c = try await world.join("C")
  try world.shell("UPDATE office SET successor = 'C' WHERE code = 'B'; UPDATE company SET office = 'C'")
  try world.shell(a, "UPDATE company SET staff = 9 WHERE id = 'c1'; INSERT INTO company VALUES ('c3', 'A', '丙', 3)")
  try await world.settle()
  #expect(try c.rows(c.record("company")).map { $0[3] } == [.integer(9), .integer(2), .integer(3)])
  #expect(try world.master.parked().isEmpty)
}

@Test func unitsThatTakeOverFromEachOtherKeepTheirOwn() async throws {
  let (world, a, b) = try await dissolved()
  try world.shell("UPDATE office SET successor = 'A' WHERE code = 'B'")
  try world.shell(a, "INSERT INTO company VALUES ('c3', 'A', '丙', 3)")
  try world.shell(b, "INSERT INTO company VALUES ('c4', 'B', '丁', 4)")
  try await world.settle()
  #expect(try a.rows(a.record("company")).map { $0[0] } == [.text("c3")])
  #expect(try b.rows(b.record("company")).map { $0[0] } == [.text("c1"), .text("c2"), .text("c4")])
  #expect(try world.master.verify().isEmpty)
}

@Test func aUnitCannotTakeOverFromItself() async throws {
  let (world, _, _) = try await dissolved()
  let offices = try world.master.record("office")
  func takeOver(_ unit: String, by next: String) throws {
    try world.master.edit(as: "li") {
      try world.master.update($0, offices, key: RowKey([.text(unit)]), [2: .text(next)])
    }
  }
  for (unit, next) in [("B", "A"), ("C", "C")] {
    let failure = try #require(throws: Failure.self) { try takeOver(unit, by: next) }
    #expect(failure.kind == .data)
    let sentence = "office \(unit).successor: \(unit) would take over from itself through \(next)"
    #expect(failure.message.en.contains(sentence))
  }
  try takeOver("B", by: "C")
}

/// What landed with the successor is accounted for when the unit stands alone again.
@Test func whatLandedStaysWhenTheUnitStandsAloneAgain() async throws {
  let (world, a, b) = try await dissolved()
  try world.shell(a, "INSERT INTO company VALUES ('c3', 'A', '丙', 3)")
  try await world.settle()
  try world.shell("UPDATE office SET successor = NULL WHERE code = 'A'")
  try world.shell(a, "INSERT INTO company VALUES ('c4', 'A', '丁', 4)")
  try await world.settle()
  #expect(try a.rows(a.record("company")).map { $0[0] } == [.text("c4")])
  #expect(try b.rows(b.record("company")).map { $0[0] } == [.text("c1"), .text("c2"), .text("c3")])
  #expect(try world.master.verify().isEmpty)
}

@Test func theSuccessorAndALateEditOfTheOldUnitContest() async throws {
  let (world, a, b) = try await dissolved()
  try await world.sync(b)
  try world.shell(b, "UPDATE company SET staff = 5 WHERE id = 'c1'")
  try await world.sync(b)
  try world.shell(a, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  try await world.settle()
  #expect(try b.rows(b.record("company"))[0][3] == .integer(5))
  let conflict = try #require(try b.conflicts([.open]).first)
  #expect(conflict.contenders.map(\.value) == [.integer(6)])
}

@Test func whatStaysOfADissolvedUnitIsStillItsOwn() async throws {
  let (world, a, b) = try await dissolved()
  // The city has forgotten one row, which is A's still.
  try world.shell("UPDATE company SET office = 'A' WHERE id = 'c2'")
  try await world.settle()
  try world.shell(a, "UPDATE company SET staff = 8 WHERE id = 'c2'; INSERT INTO figure VALUES ('c2', 2018, 4)")
  try await world.settle()
  #expect(try a.rows(a.record("company")).map { $0[3] } == [.integer(8)])
  #expect(try a.rows(a.record("figure")).count == 1)
  #expect(try b.rows(b.record("company")).map { $0[0] } == [.text("c1")])
  #expect(try world.master.parked().isEmpty)
}

@Test func aDeleteOfWhatStaysOfADissolvedUnitIsSeen() async throws {
  let (world, a, _) = try await dissolved()
  try world.shell("UPDATE company SET office = 'A' WHERE id = 'c2'")
  try await world.settle()
  try world.shell(a, "DELETE FROM company WHERE id = 'c2'")
  try await world.settle()
  #expect(try world.master.rows(world.master.record("company")).count == 1)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
  #expect(try world.master.parked().isEmpty)
}

private let ledgers =
  schema + """

      ledger:
        key: [office, year]
        scope: {field: office}
        fields: {office: {references: office.code}, year: {type: integer}, amount: {type: integer}}
    """

/// The city has removed A's book for 2020; B has one of its own, in which the same stands.
@Test func aLateEditOfADeletedRowOfADissolvedUnitIsNoEditOfItsSuccessorsRow() async throws {
  let world = try World(schema: ledgers, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 0)")
  try world.shell(b, "INSERT INTO ledger VALUES ('B', 2020, 0)")
  try await world.settle()
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'; DELETE FROM ledger WHERE office = 'A'")
  try world.shell(a, "UPDATE ledger SET amount = 500")
  try await world.settle()
  #expect(try b.rows(b.record("ledger")) == [[.text("B"), .integer(2020), .integer(0)]])
  #expect(try world.master.conflicts([.open]).map(\.key) == [RowKey([.text("A"), .integer(2020)])])
  #expect(try a.rows(a.record("ledger")) == [[.text("A"), .integer(2020), .integer(500)]])
}

/// A's clerk takes back the book for 2020 when it has landed with B, and the answer that says so was lost.
@Test(arguments: [false, true])
func aDeleteOfARowThatLandedWithTheSuccessorDeletesItThere(isEditedThere: Bool) async throws {
  let world = try World(schema: ledgers, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5)")
  try a.freeze()
  try world.sendInVain(a)
  try await world.sync(b)
  #expect(try b.rows(b.record("ledger")) == [[.text("B"), .integer(2020), .integer(5)]])
  if isEditedThere { try world.shell(b, "UPDATE ledger SET amount = 6") }
  try await world.sync(b)
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  #expect(try b.rows(b.record("ledger")).map { $0[2] } == (isEditedThere ? [.integer(6)] : []))
  #expect(try world.master.conflicts([.open]).count == (isEditedThere ? 1 : 0))
  #expect(try a.rows(a.record("ledger")).isEmpty)
}

private let visits =
  schema + """

      visit:
        key: id
        scope: {via: company}
        fields: {id: , company: {required: true, references: company.id}, note: }
      remark:
        key: id
        scope: {via: visit}
        fields: {id: , visit: {required: true, references: visit.id}, note: }
      answer:
        key: id
        scope: {via: remark}
        fields: {id: , remark: {required: true, references: remark.id}, note: }
    """

/// A's visit of c1 moves to c2 of A in a batch with more, when the city has given one of the two to B.
private func movedTooLate(_ rest: String, given company: String = "c1") async throws -> (World, Replica) {
  let world = try World(schema: visits, seed: [("office", ["A", "B"].map { [.text($0), .null, .null] })])
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a,
    """
    INSERT INTO company VALUES ('c1', 'A', '甲', 1), ('c2', 'A', '乙', 2);
    INSERT INTO visit VALUES ('v1', 'c1', 'old'); INSERT INTO remark VALUES ('r1', 'v1', 'old')
    """)
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = '\(company)'")
  try world.shell(a, "UPDATE visit SET company = 'c2'; " + rest)
  try await world.sync(a)
  return (world, b)
}

/// Who moves a parent that is another unit's by now gets no row under it.
@Test func aChildDoesNotEnterByAMoveOfItsParentThatIsRefused() async throws {
  let (world, b) = try await movedTooLate(
    "UPDATE remark SET note = 'new'; INSERT INTO remark VALUES ('r2', 'v1', 'new')")
  #expect(try world.master.parked().map(\.reason) == ["scope", "scope", "scope"])
  try await world.settle()
  #expect(try b.rows(b.record("remark")) == [[.text("r1"), .text("v1"), .text("old")]])
}

/// The row between them is not in the batch.
@Test func aRowBelowAChildDoesNotEnterByTheMoveEither() async throws {
  let (world, b) = try await movedTooLate("INSERT INTO answer VALUES ('a1', 'r1', 'new')")
  #expect(try world.master.parked().map(\.reason) == ["scope", "scope"])
  try await world.settle()
  #expect(try b.rows(b.record("answer")).isEmpty)
}

/// The visit stays with A.
@Test func whatHangsOnARowWhoseMoveIsRefusedIsItsUnitsAsEver() async throws {
  let (world, _) = try await movedTooLate(
    "UPDATE remark SET note = 'new'; INSERT INTO remark VALUES ('r2', 'v1', 'new')", given: "c2")
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  try await world.settle()
  let remarks = ["r1", "r2"].map { [$0, "v1", "new"].map(Value.text) }
  #expect(try world.master.rows(world.master.record("remark")) == remarks)
}
