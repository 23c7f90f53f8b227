import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A projection shows some fields of a record to everybody, fed by the master; nobody writes it.

private let schema = """
  schema: projections
  version: 1
  title: Projections
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    stub:
      key: id
      projects: {record: company, fields: [id, code, name, office]}
    card:
      key: id
      scope: {field: office}
      projects: {record: company, fields: {id: , office: , staff: 人数}}
    company:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true, label: {zh: 代码, en: Code}}
        name: {max_length: 20}
        staff: {type: integer, min: 0}
  """

/// A and B with a company each.
private func twoOffices(_ yaml: String = schema) async throws -> (World, Replica, Replica) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
  let world = try World(schema: yaml, seed: [("office", offices)])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO company VALUES ('a1', 'A', 'X', '甲', 10)")
  try world.shell(b, "INSERT INTO company VALUES ('b1', 'B', 'Y', '乙', 20)")
  try await world.settle()
  return (world, a, b)
}

private func words(_ row: [Value]) -> [String] {
  row.map { value in
    switch value {
    case .text(let text): text
    case .integer(let number): "\(number)"
    default: "-"
    }
  }
}

extension RecordStore {
  fileprivate func list(_ name: String) throws -> [[String]] { try rows(record(name)).map(words) }
}

@Test func everyCountySeesTheStubButNotTheRow() async throws {
  let (world, a, b) = try await twoOffices()
  let stubs = [["a1", "X", "甲", "A"], ["b1", "Y", "乙", "B"]]
  for replica in [a, b] { #expect(try replica.list("stub") == stubs) }
  #expect(try world.master.list("stub") == stubs)
  #expect(try b.list("company").map { $0[0] } == ["b1"])
  // One with a scope of its own goes where its row goes.
  #expect(try b.list("card") == [["b1", "B", "20"]])
  #expect(try world.master.history(world.master.record("stub"), key: RowKey([.text("a1")])).isEmpty)
}

@Test func theStubFollowsItsRow() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell(a, "UPDATE company SET name = '丙' WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.list("stub").first == ["a1", "X", "丙", "A"])
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.list("stub").first == ["a1", "Z", "丙", "A"])
  let company = try world.master.record("company")
  try world.master.edit(as: "li") { db in
    try world.master.update(db, company, key: RowKey([.text("a1")]), [3: .text("丁")])
  }
  try await world.settle()
  #expect(try b.list("stub").first == ["a1", "Z", "丁", "A"])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.list("stub").map { $0[0] } == ["b1"])
}

@Test func whatTheStubDoesNotShowMovesNothing() async throws {
  let (world, a, b) = try await twoOffices()
  let cursor = try b.meta().cursor
  try world.shell(a, "UPDATE company SET staff = 11 WHERE id = 'a1'")
  try await world.sync(a)
  let summary = try await world.sync(b)
  #expect(summary.received.pulled == 0)
  #expect(try b.meta().cursor > cursor)
  try await world.settle()
}

@Test func aTransferShowsInTheStub() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'a1'")
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub").first == ["a1", "X", "甲", "B"]) }
  #expect(try a.list("card").isEmpty)
  #expect(try b.list("card").map { $0[0] } == ["a1", "b1"])
}

@Test func aDecisionShowsInTheStub() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell("UPDATE company SET name = '城' WHERE id = 'a1'")
  try world.shell(a, "UPDATE company SET name = '县' WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.list("stub").first?[2] == "城")
  let conflict = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(conflict.id, .take(1), reason: "r", actor: "li")
  try await world.settle()
  #expect(try b.list("stub").first?[2] == "县")
}

@Test func aParkedDuplicateHasNoStubUntilItEnters() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell(b, "INSERT INTO company VALUES ('b2', 'B', 'X', '甲', 1)")
  try await world.settle()
  #expect(try b.list("stub").map { $0[0] } == ["a1", "b1"])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try a.list("stub") == [["b1", "Y", "乙", "B"], ["b2", "X", "甲", "B"]])
}

@Test func aMergedDuplicateLosesItsStub() async throws {
  let (world, a, b) = try await twoOffices()
  let company = try world.master.record("company")
  _ = try world.master.mergeRecords(
    company, keep: RowKey([.text("a1")]), duplicate: RowKey([.text("b1")]), reason: "one firm", actor: "li")
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub") == [["a1", "X", "甲", "A"]]) }
}

@Test func aNewMasterHasTheStubsOfItsSeed() throws {
  let world = try World(
    schema: schema,
    seed: [("office", [[.text("A"), .null]]), ("company", [[.text("s"), .text("A"), .null, .text("种"), .null]])])
  #expect(try world.master.list("stub") == [["s", "-", "种", "A"]])
  #expect(try world.master.verify().isEmpty)
}

/// A tool leaves in its record what a check of both refuses.
@Test func aStubOfAValueThatACheckRefusesStopsNothing() async throws {
  let (world, a, b) = try await twoOffices(schema.replacing("{max_length: 20}", with: "{values: [甲, 乙]}"))
  try world.unchecked(world.master.path, "company", "UPDATE company SET name = '丙' WHERE id = 'a1'")
  try world.shell(b, "UPDATE company SET staff = 21 WHERE id = 'b1'")
  for replica in [a, b] {
    try await world.sync(replica)
    #expect(try replica.list("stub").map { $0[0] } == ["b1"])
  }
  #expect(try world.master.list("stub").map { $0[2] } == ["丙", "乙"])
  try world.shell("UPDATE company SET name = '乙' WHERE id = 'a1'")
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub").map { $0[2] } == ["乙", "乙"]) }
}

@Test func whatAToolWritesIntoAStubIsPutRight() async throws {
  let (world, a, b) = try await twoOffices()
  let batches = try world.master.history(world.master.record("company"), key: RowKey([.text("a1")])).count
  try world.shell("UPDATE stub SET name = '伪'; INSERT INTO stub VALUES ('x', 'X', 'x', 'A')")
  try world.shell("DELETE FROM stub WHERE id = 'b1'; UPDATE stub SET id = 'y' WHERE id = 'a1'; DELETE FROM card")
  try await world.settle()
  #expect(try world.master.list("stub") == [["a1", "X", "甲", "A"], ["b1", "Y", "乙", "B"]])
  #expect(try world.master.history(world.master.record("company"), key: RowKey([.text("a1")])).count == batches)
  // Beside an edit of the row itself, which everybody hears of.
  try world.shell("UPDATE company SET name = '新' WHERE id = 'a1'; UPDATE stub SET name = '伪' WHERE id = 'a1'")
  try world.shell("DELETE FROM company WHERE id = 'b1'; UPDATE stub SET name = '伪' WHERE id = 'b1'")
  try world.shell("INSERT INTO company VALUES ('c1', 'B', NULL, '丙', 1); INSERT INTO stub VALUES ('c1', 'C', '伪', 'A')")
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub") == [["a1", "X", "新", "A"], ["c1", "-", "丙", "B"]]) }
}

@Test func aStubWrittenPastTheTriggersIsNamed() async throws {
  let (world, _, b) = try await twoOffices()
  try world.shell(
    """
    INSERT INTO sync_applying VALUES (1); UPDATE stub SET name = '伪' WHERE id = 'a1';
    INSERT INTO stub VALUES ('x', 'X', 'x', 'A'); DELETE FROM sync_applying
    """)
  let problems = try world.master.verify().map(\.en)
  #expect(
    problems == ["a1", "x"].map { "stub \($0): is not as in company; the next edit of that row puts it right" })
  try world.shell("UPDATE company SET staff = 12 WHERE id = 'a1'")
  try world.shell("INSERT INTO company VALUES ('x', 'A', NULL, '新', 1)")
  // What a tool wrote past the triggers is not in the log, nor are the places that it cost.
  for replica in world.replicas { try await world.sync(replica) }
  #expect(try world.master.verify().isEmpty)
  #expect(try b.list("stub").map { $0[2] } == ["甲", "乙", "新"])
}

/// It has no place in the feed: no log tells of what the tool wrote. What the upgrade itself shows has one.
@Test func anUpgradePutsAStubRightThatWasWrittenPastTheTriggers() async throws {
  let (world, a, b) = try await twoOffices()
  try world.behind(world.master.path, "UPDATE stub SET name = '伪' WHERE id = 'a1'; DELETE FROM card WHERE id = 'a1'")
  #expect(try world.master.verify().count == 2)
  let wider = schema.replacing("version: 1", with: "version: 2")
    .replacing("[id, code, name, office]", with: "[id, code, name, office, staff]")
  try world.upgrade(wider)
  #expect(try world.master.verify().map(\.en) == [])
  try await world.settle()
  for replica in [a, b] {
    #expect(try replica.list("stub") == [["a1", "X", "甲", "A", "10"], ["b1", "Y", "乙", "B", "20"]])
  }
  #expect(try world.master.list("card").map { $0[0] } == ["a1", "b1"])
}

@Test(arguments: [
  "DROP TABLE stub; DROP TABLE card",
  "ALTER TABLE stub RENAME COLUMN name TO title; ALTER TABLE card RENAME COLUMN staff TO heads",
])
func aRepairFillsProjectionsAsTheyWere(_ sql: String) async throws {
  let (world, a, b) = try await twoOffices()
  let (stubs, cards) = (try world.master.list("stub"), try world.master.list("card"))
  try world.shell(sql)
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  #expect(try world.master.list("stub") == stubs)
  #expect(try world.master.list("card") == cards)
  #expect(try world.master.verify().isEmpty)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'a1'")
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub") == [["a1", "X", "甲", "B"]]) }
  #expect(try a.list("card").isEmpty)
}

/// What was edited unseen is shown once it is the city's edit.
@Test func anEditThatARepairAdoptsShowsInTheStub() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell("DROP TABLE stub; DROP TRIGGER sync_capture_update_company")
  try world.shell("UPDATE company SET name = '丙' WHERE id = 'a1'")
  #expect(try world.master.repair(adopting: true, actor: "li").unlogged.count == 1)
  try await world.settle()
  for replica in [a, b] { #expect(try replica.list("stub").map { $0[2] } == ["丙", "乙"]) }
}

@Test func nobodyEditsAStub() async throws {
  let (world, a, _) = try await twoOffices()
  let stores: [any RecordStore] = [world.master, a]
  for store in stores {
    let stub = try store.record("stub")
    let key = RowKey([.text("a1")])
    for kind in [Change.Kind.insert, .update, .delete] {
      let failure = try #require(throws: Failure.self) {
        try store.edit(as: nil) { db in
          switch kind {
          case .insert: _ = try store.insert(db, stub, [0: .text("n")])
          case .update: try store.update(db, stub, key: key, [2: .text("n")])
          case .delete: try store.delete(db, stub, key: key)
          }
        }
      }
      #expect(failure.kind == .notAllowed)
      #expect(failure.message.en == "stub is filled from company and not edited itself; change company")
    }
  }
  #expect(throws: Failure.self) {
    try world.master.mergeRecords(
      try world.master.record("stub"), keep: RowKey([.text("a1")]), duplicate: RowKey([.text("b1")]), reason: "r",
      actor: nil)
  }
}

@Test func whatACountyWritesIntoAStubIsNotTaken() async throws {
  let (world, a, b) = try await twoOffices()
  try world.shell(a, "UPDATE stub SET name = '伪' WHERE id = 'a1'; DELETE FROM stub WHERE id = 'b1'")
  try world.shell(a, "INSERT INTO stub VALUES ('x', 'X', 'x', 'A')")
  let summary = try await world.sync(a)
  #expect(summary.received.rejected == 2)
  try await world.settle()
  #expect(try a.parked().map(\.reason) == ["owner"])
  for replica in [a, b] { #expect(try replica.list("stub").map { $0[2] } == ["甲", "乙"]) }
}

@Test func aRowThatADecisionDeletesLeavesItsProjectionInAReplayWithErasuresToo() async throws {
  let people =
    schema + "\n" + """
        person:
          key: id
          scope: {field: office}
          fields: {id: , office: {required: true, references: office.code}, name: {restricted: true}}
      """
  let world = try World(schema: people, seed: [("office", [[.text("A"), .null]])])
  let (one, two) = (try await world.join("A"), try await world.join("A"))
  try world.shell(
    one, "INSERT INTO company VALUES ('a1', 'A', 'X', '甲', 10); INSERT INTO person VALUES ('p1', 'A', 'NAME')")
  try await world.settle()
  try world.shell(one, "UPDATE company SET staff = 11 WHERE id = 'a1'")
  try world.shell(two, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(one)
  try await world.sync(two)
  let conflict = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(conflict.id, .take(1), reason: "closed", actor: "li")
  #expect(try world.master.list("company").isEmpty)
  _ = try world.master.erase(
    world.master.record("person"), key: RowKey([.text("p1")]), fields: ["name"], reason: "asked for", actor: "li")
  #expect(try world.master.list("stub").isEmpty)
  #expect(try world.master.replayed().list("stub").isEmpty)
}

/// A projection of persons, of whom something may be erased.
private let withFaces =
  schema + "\n" + """
      face:
        key: id
        projects: {record: person, fields: [id, office, note]}
      person:
        key: id
        scope: {field: office}
        fields: {id: , office: {required: true, references: office.code}, phone: {restricted: true}, note: }
    """

/// A conflict about a value that was erased since had brought the row back: the log does not give it any more.
@Test(arguments: ["DROP TRIGGER sync_capture_update_office", "DROP TABLE face"])
func aRepairLeavesTheProjectionOfARowThatErasedValuesBroughtBack(_ sql: String) async throws {
  let world = try World(schema: withFaces, seed: [("office", [[.text("A"), .null]])])
  let (one, two) = (try await world.join("A"), try await world.join("A"))
  try world.shell(one, "INSERT INTO person VALUES ('p1', 'A', 'PHONE', 'n')")
  try await world.settle()
  try world.shell(one, "UPDATE person SET phone = 'OTHER' WHERE id = 'p1'")
  try world.shell(two, "DELETE FROM person WHERE id = 'p1'")
  try await world.sync(two)
  try await world.sync(one)
  _ = try world.master.erase(
    world.master.record("person"), key: RowKey([.text("p1")]), fields: ["phone"], reason: "asked for", actor: "li")
  #expect(try world.master.replayed().list("person").isEmpty)
  try world.shell(sql)
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  #expect(try world.master.list("face") == [["p1", "A", "n"]])
  #expect(try world.master.verify().map(\.en) == [])
}

/// Once anything was erased nobody can tell what was edited unseen: everybody has in sight what stands.
@Test func aRepairTellsWhatProjectionsShowOfAnUnseenEdit() async throws {
  let world = try World(schema: withFaces, seed: [("office", [[.text("A"), .null], [.text("B"), .null]])])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO person VALUES ('p1', 'A', 'PHONE', 'n'), ('p2', 'A', 'PHONE-2', 'n')")
  try await world.settle()
  _ = try world.master.erase(
    world.master.record("person"), key: RowKey([.text("p2")]), fields: ["phone"], reason: "asked for", actor: "li")
  try await world.settle()
  try world.shell("DROP TRIGGER sync_capture_update_person; UPDATE person SET note = 'm' WHERE id = 'p1'")
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  let faces = [["p1", "A", "m"], ["p2", "A", "n"]]
  #expect(try world.master.list("face") == faces)
  for replica in [a, b] {
    try await world.sync(replica)
    #expect(try replica.list("face") == faces)
  }
}
