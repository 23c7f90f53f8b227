import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Rules for whole rows, end to end: rows that are only ever added, rows that stay or go, and what officials decide of them.

private let schema = """
  schema: rules
  version: 1
  title: Rules
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    visit:
      key: id
      scope: {field: office}
      append: true
      fields: {id: , office: {required: true, references: office.code}, note: }
    kept:
      key: id
      scope: {field: office}
      delete: keep
      fields: {id: , office: {required: true, references: office.code}, note: , staff: {type: integer}}
    gone:
      key: id
      scope: {field: office}
      delete: remove
      fields: {id: , office: {required: true, references: office.code}, note: , staff: {type: integer}}
    firm:
      key: id
      scope: {field: office}
      fields: {id: , office: {required: true, references: office.code}, note: , staff: {type: integer}}
  """

/// Two machines of A with a row 1 in every record.
private func ruled() async throws -> (World, Replica, Replica) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
  let world = try World(schema: schema, seed: [("office", offices)])
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(
    one,
    """
    INSERT INTO visit VALUES ('1', 'A', 'n'); INSERT INTO kept VALUES ('1', 'A', 'n', 1);
    INSERT INTO gone VALUES ('1', 'A', 'n', 1); INSERT INTO firm VALUES ('1', 'A', 'n', 1)
    """)
  try await world.settle()
  return (world, one, two)
}

extension World {
  fileprivate func row(_ name: String, _ id: String = "1") throws -> [Value]? {
    try master.row(master.record(name), key: RowKey([.text(id)]))
  }

  /// Edits as a client does that does not know the rule: without the triggers that refuse.
  fileprivate func foreignEdit(_ replica: Replica, _ sql: String) throws {
    let rule = "sql LIKE '%only ever added%'"
    let triggers = try replica.read { db -> [(Value, Value)] in
      var found: [(Value, Value)] = []
      try db.each("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND \(rule)") { row in
        found.append((row.cell(0), row.cell(1)))
      }
      return found
    }
    var script = ""
    for case (.text(let name), _) in triggers { script += "DROP TRIGGER \"\(name)\";" }
    script += sql + ";"
    for case (_, .text(let trigger)) in triggers { script += trigger + ";" }
    try shell(replica, script)
  }

  /// One machine deletes the row 1, which the other has changed; who comes first, deletes or changes.
  fileprivate func contest(_ name: String, _ one: Replica, _ two: Replica, deleteFirst: Bool) async throws -> Conflict {
    try shell(one, "UPDATE \(name) SET staff = 2")
    try shell(two, "DELETE FROM \(name)")
    for replica in deleteFirst ? [two, one] : [one, two] { try await sync(replica) }
    try await settle()
    return try #require(try master.conflicts(Conflict.State.allCases).last)
  }
}

@Test func aChangeOfAnAppendedRowIsKeptAsRejected() async throws {
  let (world, one, _) = try await ruled()
  try world.foreignEdit(one, "UPDATE visit SET note = 'm'")
  #expect(try await world.sync(one).received.rejected == 1)
  try await world.settle()
  #expect(try world.row("visit") == [.text("1"), .text("A"), .text("n")])
  let conflict = try #require(try world.master.conflicts([.rejected]).first)
  #expect(conflict.field == "note" && conflict.contenders.map(\.value) == [.text("m")])
}

@Test func aDeleteOfAnAppendedRowIsKeptAsRejected() async throws {
  let (world, one, two) = try await ruled()
  try world.foreignEdit(one, "DELETE FROM visit")
  try await world.settle()
  #expect(try one.rows(one.record("visit")).count == 1)
  #expect(try two.rows(two.record("visit")).count == 1)
  let conflict = try #require(try world.master.conflicts([.rejected]).first)
  #expect(conflict.field == nil && conflict.contenders.map(\.deletes) == [true])
  // The city may.
  try world.shell("DELETE FROM visit")
  try await world.settle()
  #expect(try two.rows(two.record("visit")).isEmpty)
}

@Test(arguments: [true, false]) func keepKeepsTheRow(deleteFirst: Bool) async throws {
  let (world, one, two) = try await ruled()
  let conflict = try await world.contest("kept", one, two, deleteFirst: deleteFirst)
  #expect(conflict.state == .decided && conflict.field == nil)
  #expect(try world.row("kept")?[3] == .integer(2))
  #expect(try two.rows(two.record("kept")).count == 1)
}

@Test(arguments: [true, false]) func removeRemovesTheRowAndKeepsItsImage(deleteFirst: Bool) async throws {
  let (world, one, two) = try await ruled()
  let conflict = try await world.contest("gone", one, two, deleteFirst: deleteFirst)
  #expect(conflict.state == .decided && conflict.field == nil)
  #expect(try world.row("gone") == nil)
  #expect(try one.rows(one.record("gone")).isEmpty)
  let image = Value.blob(RowKey([.text("1"), .text("A"), .text("n"), .integer(2)]).encoded)
  #expect(conflict.contenders.map(\.value).contains(image) || conflict.master == image)
}

@Test(arguments: [true, false]) func aRemovedRowIsTakenBackFromItsImage(deleteFirst: Bool) async throws {
  let (world, one, two) = try await ruled()
  let conflict = try await world.contest("gone", one, two, deleteFirst: deleteFirst)
  let open = try world.master.reopen(conflict.id, reason: "check", actor: "li")
  let image = try #require(open.contenders.first { !$0.deletes })
  _ = try world.master.decide(open.id, .take(image.id), reason: "still there", actor: "li")
  try await world.settle()
  for replica in [one, two] { #expect(try replica.rows(replica.record("gone")).map { $0[3] } == [.integer(2)]) }
}

@Test func aKeptRowIsRemovedAfterAll() async throws {
  let (world, one, two) = try await ruled()
  let conflict = try await world.contest("kept", one, two, deleteFirst: false)
  let open = try world.master.reopen(conflict.id, reason: "check", actor: "li")
  let contender = try #require(open.contenders.first { $0.deletes })
  _ = try world.master.decide(open.id, .take(contender.id), reason: "closed", actor: "li")
  try await world.settle()
  #expect(try world.row("kept") == nil)
}

@Test func aRowConflictIsDecidedEitherWay() async throws {
  for (choice, stays) in [(Master.Choice.keep, true), (.remove, false), (.take(1), false)] {
    let (world, one, two) = try await ruled()
    let conflict = try await world.contest("firm", one, two, deleteFirst: false)
    #expect(try conflict.state == .open && world.row("firm") != nil)
    let decided = try world.master.decide(conflict.id, choice, reason: "r", actor: "li")
    #expect(decided.state == .decided)
    try await world.settle()
    #expect((try world.row("firm") != nil) == stays)
    #expect(try one.rows(one.record("firm")).count == (stays ? 1 : 0))
    #expect(try two.conflicts([.decided]).first?.decision?.reason == "r")
  }
}

@Test func aRowThatCameBackIsRemovedOrStays() async throws {
  for (choice, stays) in [(Master.Choice.keep, true), (.remove, false), (.take(1), true)] {
    let (world, one, two) = try await ruled()
    let conflict = try await world.contest("firm", one, two, deleteFirst: true)
    #expect(conflict.contenders.map(\.deletes) == [false])
    #expect(try world.row("firm")?[3] == .integer(2))
    _ = try world.master.decide(conflict.id, choice, reason: "r", actor: "li")
    try await world.settle()
    #expect((try world.row("firm") != nil) == stays)
  }
}

@Test func takingAnImageRestoresARowThatTheCityDeletedMeanwhile() async throws {
  let (world, one, two) = try await ruled()
  let conflict = try await world.contest("firm", one, two, deleteFirst: true)
  _ = try world.master.decide(conflict.id, .remove, reason: "r", actor: "li")
  try await world.settle()
  let open = try world.master.reopen(conflict.id, reason: "check", actor: "li")
  _ = try world.master.decide(open.id, .take(1), reason: "r", actor: "li")
  try await world.settle()
  #expect(try world.row("firm") == [.text("1"), .text("A"), .text("n"), .integer(2)])
  #expect(try one.rows(one.record("firm")).count == 1)
}

@Test func aCellIsNotRemoved() async throws {
  let (world, one, two) = try await ruled()
  try world.shell(one, "UPDATE firm SET note = 'a'")
  try world.shell(two, "UPDATE firm SET note = 'b'")
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(throws: Failure.self) { try world.master.decide(conflict.id, .remove, reason: "r", actor: "li") }
  try await world.settle()
  #expect(try world.master.conflicts([.open]).count == 1)
}

/// One of its cells is contested, the other is as whoever brought it back has it: nobody has edited it since.
@Test(arguments: [Master.Choice.take(1), .remove])
func aRowThatCameBackInPartIsDecidedAtItsVersion(choice: Master.Choice) async throws {
  let (world, one, two) = try await ruled()
  try world.shell("UPDATE firm SET note = 'o'")
  try await world.sync(one)
  try world.shell("DELETE FROM firm")
  try world.shell(two, "UPDATE firm SET note = 't', staff = 2")
  try await world.sync(two)
  #expect(try world.row("firm") == [.text("1"), .text("A"), .text("o"), .integer(2)])
  let conflict = try #require(try world.master.conflicts([.open]).first { $0.field == nil })
  _ = try world.master.decide(conflict.id, choice, reason: "r", actor: "li", version: conflict.version)
  try await world.settle()
  if case .take = choice {
    #expect(try world.row("firm") == [.text("1"), .text("A"), .text("t"), .integer(2)])
  } else {
    #expect(try world.row("firm") == nil)
  }
}

/// A third machine contests the cell of a row that came back, after somebody has looked at both conflicts.
@Test(arguments: [Master.Choice.take(1), .remove])
func aDecisionAboutARowDecidesNoCellWithAContenderThatNobodyHasLookedAt(choice: Master.Choice) async throws {
  let (world, one, two) = try await ruled()
  let three = try await world.join("A", actor: "three")
  try world.shell("UPDATE firm SET note = 'o'")
  try await world.sync(one)
  try world.shell("DELETE FROM firm")
  try world.shell(two, "UPDATE firm SET note = 't', staff = 2")
  try await world.sync(two)
  let seen = try world.master.conflicts([.open])
  let conflict = try #require(seen.first { $0.field == nil })
  let cell = try #require(seen.first { $0.field == "note" })
  try world.shell(three, "UPDATE firm SET note = 'x'")
  try await world.sync(three)
  #expect(try world.master.conflict(conflict.id) == conflict)
  func decide() throws -> Conflict {
    try world.master.decide(conflict.id, choice, reason: "r", actor: "li", version: conflict.version)
  }
  let failure = #expect(throws: Failure.self) { try decide() }
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix("conflict \(cell.id) is about the same") == true)
  let contested = try #require(try world.master.conflicts([.open]).first { $0.id == cell.id })
  #expect(contested.contenders.map(\.value) == [.text("t"), .text("x")])
  #expect(try world.row("firm")?[2] == .text("o"))
  _ = try world.master.decide(cell.id, .keep, reason: "r", actor: "li", version: contested.version)
  #expect(try decide().state == .decided)
  try await world.settle()
  let left: [Value]? = if case .take = choice { [.text("1"), .text("A"), .text("t"), .integer(2)] } else { nil }
  #expect(try world.row("firm") == left)
}

/// What others had added to a sum before the row was deleted is in no image of a county's.
@Test func takingARowLeavesWhatARuleComputes() async throws {
  let (world, one, _) = try await summed()
  let two = try await world.join("A", actor: "two")
  try world.shell(one, "UPDATE company SET staff = 15 WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET staff = 12, address = 'y' WHERE id = 'c1'")
  try await world.sync(two)
  #expect(try world.cell("staff") == .integer(17))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  let decided = try world.master.decide(conflict.id, .take(1), reason: "still there", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(17) && world.cell("address") == .text("y"))
  // The master's own is taken whole.
  let masters = try #require(decided.contenders.last)
  #expect(masters.replica == Identifier.city.description)
  try world.shell(one, "UPDATE company SET staff = 20 WHERE id = 'c1'")
  try await world.settle()
  _ = try world.master.reopen(conflict.id, reason: "check", actor: "li")
  _ = try world.master.decide(conflict.id, .take(masters.id), reason: "as it was", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(17))
}
