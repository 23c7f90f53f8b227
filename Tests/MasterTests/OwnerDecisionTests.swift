import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// Where the schema lets the owner decide, a county decides what only its own machines contest, also offline.

/// Two machines of A contest the name of c1: 乙 stands, 丙 wants in.
private func contested(figures: String? = nil) async throws -> (World, Replica, Replica, Conflict) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .text("Office \($0)")] }
  var yaml = smallSchemaYAML.replacingOccurrences(of: "edits: propose", with: "edits: propose\n    decides: owner")
  if let figures { yaml = yaml.replacing("scope: {via: company}", with: "scope: {via: company}\n    \(figures)") }
  let world = try World(schema: yaml, seed: [("office", offices)])
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(one, "INSERT INTO company (id, office, name, staff) VALUES ('c1', 'A', '甲', 10)")
  try await world.settle()
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await world.settle()
  return (world, one, two, try #require(try one.conflicts([.open]).first))
}

extension Replica {
  fileprivate func decide(
    _ conflict: Conflict, _ choice: Decision.Choice, contender: Int64? = nil, value: Value = .null,
    version: Int64? = nil
  ) throws {
    try decide(
      Decision(
        conflict: conflict.id, choice: choice, contender: contender, value: value, reason: "licence",
        edit: Edit(stamp: Stamp(raw: 0), actor: "wang"), version: version))
  }
}

private func refused(_ news: [News]) -> [Int64] {
  news.compactMap { if case .refused(let decision, _) = $0 { decision.conflict } else { nil } }
}

@Test func aCountyDecidesOfflineAndBothMachinesGetTheValue() async throws {
  let (world, one, two, conflict) = try await contested()
  try one.decide(conflict, .take, contender: 1)
  #expect(try one.decisions().map(\.conflict) == [conflict.id])
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  #expect(try one.decisions().isEmpty)
  for replica in [one, two] {
    let decided = try #require(try replica.conflicts([.decided]).first)
    #expect(decided.decision?.choice == .take)
    #expect(decided.decision?.value == .text("丙"))
    #expect(decided.decision?.reason == "licence")
    #expect(decided.decision?.edit.actor == "wang")
  }
  #expect(try world.master.conflicts([.open]).isEmpty)
}

@Test func aCountyKeepsWhatStands() async throws {
  let (world, one, two, conflict) = try await contested()
  try two.decide(conflict, .keep)
  try await world.settle()
  #expect(try world.cell("name") == .text("乙"))
  #expect(try one.conflicts([.decided]).first?.decision?.edit.actor == "wang")
  #expect(try one.conflicts([.decided]).first?.decision?.value == .text("乙"))
}

@Test func aCountyDecidesOnAValueOfItsOwn() async throws {
  let (world, one, two, conflict) = try await contested()
  try two.decide(conflict, .value, value: .text("丁"))
  try await world.settle()
  #expect(try one.rows(one.record("company"))[0][3] == .text("丁"))
  #expect(try world.master.conflicts([.decided]).map(\.contenders.count) == [1])
}

/// Another machine of the county had not seen what it decided.
@Test func whatACountyDecidedItselfIsItsOwnToDecideAgain() async throws {
  let (world, one, two, conflict) = try await contested()
  try world.shell(two, "UPDATE company SET name = '己' WHERE id = 'c1'")
  try one.decide(conflict, .value, value: .text("丁"))
  for replica in [one, two, one] { try await world.sync(replica) }
  let next = try #require(try one.conflicts([.open]).first)
  #expect(next.master == .text("丁") && next.contenders.map(\.value) == [.text("己")])
  try one.decide(next, .take, contender: 1)
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [])
  try await world.settle()
  #expect(try world.cell("name") == .text("己"))
}

/// An official had entered the same value before.
@Test func aDecisionThatWasRefusedMakesNoValueTheCountys() async throws {
  let (world, one, two, _) = try await contested()
  try world.shell(two, "UPDATE company SET name = '己' WHERE id = 'c1'")
  try world.shell("UPDATE company SET name = '丁' WHERE id = 'c1'")
  for replica in [two, one] { try await world.sync(replica) }
  for choice in [Decision.Choice.value, .take] {
    let open = try #require(try one.conflicts([.open]).first)
    try one.decide(open, choice, contender: choice == .take ? 1 : nil, value: choice == .take ? .null : .text("丁"))
    let summary = try await world.sync(one)
    #expect(refused(summary.received.news) == [open.id])
  }
  #expect(try world.cell("name") == .text("丁"))
  try await world.settle()
}

@Test(.aHundredth) func largeDecisionsGoInBatchesOfTheirOwn() async throws {
  let (world, one, two, conflict) = try await contested()
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c2', 'A'), ('c3', 'A')")
  try await world.settle()
  for (replica, name) in [(one, "甲"), (two, "乙")] {
    try world.shell(replica, "UPDATE company SET name = '\(name)' WHERE id <> 'c1'")
  }
  try await world.settle()
  let open = try one.conflicts([.open])
  #expect(open.count == 3 && open.contains(conflict))
  let long = String(repeating: "a", count: 22_000)
  for conflict in open { try one.decide(conflict, .value, value: .text(long + "\(conflict.id)")) }
  try world.shell(one, "UPDATE company SET staff = 1 WHERE id = 'c1'")
  try one.freeze()
  // The last one goes along with what was edited.
  #expect(try one.unacknowledged().count == 3)
  try await world.settle()
  #expect(try world.master.conflicts([.open]).isEmpty)
  #expect(try world.cell("name") == .text(long + "\(conflict.id)"))
  #expect(try world.cell("staff") == .integer(1))
}

@Test func aDecisionOfAnOldVersionIsRefused() async throws {
  let (world, one, two, conflict) = try await contested()
  try one.decide(conflict, .take, contender: 1)
  try world.shell(two, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try await world.sync(two)
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [conflict.id])
  #expect(try world.cell("name") == .text("乙"))
  #expect(try one.decisions().isEmpty)
  try await world.settle()
  // The machine has seen the third value now, and decides again.
  let newer = try #require(try one.conflicts([.open]).first)
  #expect(throws: Failure.self) { try one.decide(newer, .keep, version: conflict.version) }
  try one.decide(newer, .take, contender: 2, version: newer.version)
  try await world.settle()
  #expect(try world.cell("name") == .text("丁"))
}

@Test(arguments: ["choice = 'take', contender = 9", "choice = 'remove'", "choice = 'policy'", "choice = 'reopen'"])
func aDecisionThatIsNoneOfAnOpenCellIsRefused(_ decision: String) async throws {
  let (world, one, _, conflict) = try await contested()
  try one.decide(conflict, .take, contender: 1)
  try world.shell(one, "UPDATE sync_decision SET \(decision)")
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [conflict.id])
  #expect(try world.master.conflicts([.open]) == [conflict])
  #expect(try world.cell("name") == .text("乙"))
  try await world.settle()
}

/// Seed 435858118 of the simulator: the owner's decision of one moved a cell that waited for a decision about the other.
@Test func aCellOfWhichTwoConflictsWaitIsForTheCity() async throws {
  let (world, one, two, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try await world.settle()
  try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '戊' WHERE id = 'c1'")
  try await world.settle()
  _ = try world.master.reopen(first.id, reason: "new papers", actor: "li")
  try await world.settle()
  let waiting = try one.conflicts([.open])
  #expect(waiting.count == 2)
  for conflict in waiting { try one.decide(conflict, .take, contender: 1) }
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == waiting.map(\.id))
  #expect(try world.cell("name") == .text("丁"))
  #expect(try world.master.conflicts([.open]).map(\.id) == waiting.map(\.id))
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try await world.settle()
  // One waits: it is the owner's again.
  try one.decide(try #require(try one.conflicts([.open]).first), .take, contender: 1)
  try await world.settle()
  #expect(try world.cell("name") == .text("戊"))
}

/// The official has looked at both, and since then the first one got another contender.
@Test func ofTwoConflictsAboutACellNoneIsDecidedUnseen() async throws {
  let (world, one, two, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try await world.settle()
  try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '戊' WHERE id = 'c1'")
  try await world.settle()
  _ = try world.master.reopen(first.id, reason: "new papers", actor: "li")
  let second = try #require(try world.master.conflicts([.open]).last)
  try world.shell(two, "UPDATE company SET name = '辛' WHERE id = 'c1'")
  try await world.sync(two)
  #expect(throws: Failure.self) {
    try world.master.decide(second.id, .take(1), reason: "r", actor: "li", version: second.version)
  }
  let waiting = try world.master.conflicts([.open])
  #expect(waiting.map(\.id) == [first.id, second.id])
  try #require(waiting.count == 2)
  #expect(waiting[0].contenders.last?.value == .text("辛") && waiting[1] == second)
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li", version: waiting[0].version)
  _ = try world.master.decide(second.id, .take(1), reason: "r", actor: "li", version: second.version)
  try await world.settle()
  #expect(try world.cell("name") == .text("戊"))
}

@Test func anotherCountysContenderIsForTheCity() async throws {
  let (world, _, _, conflict) = try await contested()
  let b = try await world.join("B")
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.settle()
  try b.decide(conflict, .keep)
  let summary = try await world.sync(b)
  #expect(refused(summary.received.news) == [conflict.id])
  #expect(try world.master.conflicts([.open]).count == 1)
  try await world.settle()
}

@Test func aValueOfAnOfficialIsForTheCity() async throws {
  let (world, one, _, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try await world.settle()
  try world.shell(one, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  try world.shell("UPDATE company SET staff = 12 WHERE id = 'c1'")
  try await world.settle()
  let conflict = try #require(try one.conflicts([.open]).first)
  try one.decide(conflict, .take, contender: 1)
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [conflict.id])
  #expect(try world.cell("staff") == .integer(12))
  try await world.settle()
}

extension World {
  /// The first machine decides for what the second one wants in the only open conflict, in place of what stands.
  /// - Returns: whether the city carried it out.
  fileprivate func takes(_ wanted: Int64, over standing: Int64, _ one: Replica) async throws -> Bool {
    let conflict = try #require(try one.conflicts([.open]).first)
    #expect(conflict.master == .integer(standing) && conflict.contenders.map(\.value) == [.integer(wanted)])
    try one.decide(conflict, .take, contender: 1)
    let refused = refused(try await sync(one).received.news)
    #expect(refused.allSatisfy { $0 == conflict.id })
    return refused.isEmpty
  }
}

/// One of the county's machines has entered the same since, perhaps in a change that was kept out.
@Test(arguments: [false, true])
func aValueThatAnOfficialEnteredFirstIsForTheCity(isKeptOut: Bool) async throws {
  let (world, one, two, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try world.shell("INSERT INTO company (id, office, code) VALUES ('c9', 'B', 'X')")
  try await world.settle()
  try world.shell("UPDATE company SET staff = 12 WHERE id = 'c1'")
  try world.shell(one, "UPDATE company SET staff = 12\(isKeptOut ? ", code = 'X'" : "") WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET staff = 13 WHERE id = 'c1'")
  for replica in [one, two, one] { try await world.sync(replica) }
  let parked = try world.master.parked()
  #expect(parked.count == (isKeptOut ? 1 : 0))
  if isKeptOut { try world.master.dismiss(parked.map(\.id), reason: "r", actor: "li") }
  #expect(try await world.takes(13, over: 12, one) == false)
  #expect(try world.cell("staff") == .integer(12))
  try await world.settle()
}

/// It came with a duplicate of which the county had entered all else.
@Test func aValueOfAnOfficialThatCameWithADuplicateIsForTheCity() async throws {
  let (world, one, _, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try world.shell(one, "INSERT INTO company (id, office, name, staff) VALUES ('c2', 'A', '丁', 20)")
  try await world.settle()
  try world.shell("UPDATE company SET name = '戊' WHERE id = 'c2'")
  let conflicts = try world.unite("c2", into: "c1")
  #expect(world.contenders(conflicts) == ["name": .text("戊"), "staff": .integer(20)])
  try await world.settle()
  for conflict in conflicts { try one.decide(conflict, .take, contender: 1) }
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == conflicts.filter { $0.field == "name" }.map(\.id))
  #expect(try world.cell("name") == .text("乙"))
  #expect(try world.cell("staff") == .integer(20))
  try await world.settle()
}

/// The official had entered it in a row that is deleted, under whose key the county's machines enter another one.
@Test func aValueOfAnOfficialInADeletedRowIsNotThatOfTheNextOne() async throws {
  let (world, one, two, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try world.shell("UPDATE company SET staff = 12 WHERE id = 'c1'")
  try await world.settle()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("staff") == nil)
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 12)")
  try world.shell(two, "INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 13)")
  for replica in [one, two, one] { try await world.sync(replica) }
  #expect(try await world.takes(13, over: 12, one) == true)
  try await world.settle()
  #expect(try world.cell("staff") == .integer(13))
}

/// It filled an empty cell, in which one of the county's machines has entered the same since.
@Test func aValueOfAnOfficialThatCameWithADuplicateStaysTheCitys() async throws {
  let (world, one, two, first) = try await contested()
  _ = try world.master.decide(first.id, .keep, reason: "r", actor: "li")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c2', 'A')")
  try world.shell(one, "UPDATE company SET staff = NULL WHERE id = 'c1'")
  try await world.settle()
  try world.shell("UPDATE company SET staff = 20 WHERE id = 'c2'")
  try await world.settle()
  #expect(try world.unite("c2", into: "c1") == [])
  try world.shell(one, "UPDATE company SET staff = 20 WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET staff = 21 WHERE id = 'c1'")
  for replica in [one, two, one] { try await world.sync(replica) }
  #expect(try await world.takes(21, over: 20, one) == false)
  #expect(try world.cell("staff") == .integer(20))
  try await world.settle()
}

/// Into the row that it refers to a duplicate was merged, which had no such row of its own.
@Test func aValueThatAnOfficialOnceHadBesideAMergedRowIsTheCountys() async throws {
  let (world, one, two, _) = try await contested(figures: "decides: owner")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c2', 'A')")
  try world.shell(one, "INSERT INTO figure VALUES ('c1', 1, 0, '')")
  try await world.settle()
  try world.shell("UPDATE figure SET sales = 100")
  try await world.settle()
  try world.shell(one, "UPDATE figure SET sales = 120")
  try await world.settle()
  #expect(try world.unite("c2", into: "c1") == [])
  try world.shell(one, "UPDATE figure SET sales = 100")
  try world.shell(two, "UPDATE figure SET sales = 130")
  for replica in [one, two, one] { try await world.sync(replica) }
  let conflict = try #require(try one.conflicts([.open]).first { $0.record == "figure" })
  try one.decide(conflict, .take, contender: 1)
  #expect(refused(try await world.sync(one).received.news).isEmpty)
}

private let addedYAML = """
  schema: added
  version: 1
  title: Added
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    visit:
      key: id
      scope: {field: office}
      append: true
      decides: owner
      fields: {id: , office: {required: true, references: office.code}, note: }
  """

/// Nobody but the city changes a row that is only ever added; a program may ask all the same.
@Test(arguments: [Decision.Choice.keep, .take, .value])
func aCellOfAnAddedRowIsForTheCity(choice: Decision.Choice) async throws {
  let world = try World(schema: addedYAML, seed: [("office", [[.text("A"), .null]])])
  let (one, two) = (try await world.join("A", actor: "one"), try await world.join("A", actor: "two"))
  try world.shell(one, "INSERT INTO visit VALUES ('v1', 'A', '乙')")
  try world.shell(two, "INSERT INTO visit VALUES ('v1', 'A', '丙')")
  try await world.settle()
  let conflict = try #require(try one.conflicts([.open]).first)
  let decision = Decision(
    conflict: conflict.id, choice: choice, contender: choice == .take ? 1 : nil, value: .text("丙"), reason: "licence",
    edit: Edit(stamp: Stamp(milliseconds: world.clock.now), actor: "wang"), version: conflict.version,
    subject: conflict.subject)
  #expect(throws: Failure.self) { try one.decide(decision) }
  try one.edit(as: nil) { db in
    let row = decision.bodyRow + [.null]
    try db.run("INSERT INTO sync_decision VALUES (\(placeholders(row.count)))", row)
  }
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [conflict.id])
  #expect(try world.master.conflicts([.open]) == [conflict])
  #expect(try world.master.rows(world.master.record("visit")).map { $0[2] } == [.text("乙")])
  try await world.settle()
}

@Test func whatTheCityHasDecidedIsNotDecidedAgain() async throws {
  let (world, one, _, conflict) = try await contested()
  try one.decide(conflict, .take, contender: 1)
  _ = try world.master.decide(conflict.id, .keep, reason: "r", actor: "li")
  let summary = try await world.sync(one)
  #expect(refused(summary.received.news) == [conflict.id])
  try await world.settle()
  #expect(try world.cell("name") == .text("乙"))
  #expect(throws: Failure.self) { try one.decide(conflict, .keep) }
}

@Test func withoutTheRuleTheCityDecides() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await world.settle()
  let conflict = try #require(try one.conflicts([.open]).first)
  #expect(throws: Failure.self) { try one.decide(conflict, .keep) }
}
