import Master
import Replica
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What is too much for one message goes in several, and what is too large for any stays where it is (I5).

/// A small application whose rows may hold anything.
private let schema = """
  schema: files
  version: 1
  title: Files
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    file:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        name: {unique: true}
        photo: {type: blob}
        scan: {type: blob}
    page:
      key: id
      scope: {via: file}
      fields: {id: , file: {required: true, references: file.id}, note: }
  """

/// Two machines of A, and one of B.
private func offices(_ yaml: String = schema) async throws -> (World, Replica, Replica, Replica) {
  let world = try World(schema: yaml, seed: [("office", [[.text("A"), .null], [.text("B"), .null]])])
  return (world, try await world.join("A"), try await world.join("A"), try await world.join("B"))
}

/// A message holds a row before and after an edit and a decision about it; a portion and a decision; a page and one row more. A portion
/// of the city's rides along.
@Test func limitsFitTogether() {
  let some = 1 << 20
  #expect(3 * RecordSchema.mostBytes + some <= Envelope.mostSent)
  #expect(Batch.mostBytes + RecordSchema.mostBytes + some <= Envelope.mostSent)
  #expect(PageLimit().bytes + OwnBatch.mostSealed + some <= Envelope.mostSent)
  #expect(Batch.mostBytes + some <= OwnBatch.mostSealed)
}

@Test(.aHundredth) func largeRowsGoInSeveralBatches() async throws {
  let (world, one, two, _) = try await offices()
  let rows = (1...6).map { "('f\($0)', 'A', randomblob(130000))" }.joined(separator: ", ")
  try world.shell(one, "INSERT INTO file (id, office, photo) VALUES \(rows); INSERT INTO page VALUES ('p', 'f6', NULL)")
  try one.freeze()
  #expect(try one.unacknowledged().count == 6)
  let summary = try await world.sync(one)
  #expect(summary.pushed == 7 && summary.held.isEmpty)
  try await world.settle()
  #expect(try two.rows(two.record("file")).count == 6)
  // Children go before their parents.
  try world.shell(two, "DELETE FROM page; DELETE FROM file")
  try two.freeze()
  #expect(try two.unacknowledged().count == 6)
  try await world.sync(two)
  try await world.settle()
  #expect(try world.master.rows(world.master.record("file")).isEmpty)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

@Test(.aHundredth) func aRowThatTwoMakeTooLargeTogetherIsParked() async throws {
  let (world, one, two, _) = try await offices()
  try world.shell(one, "INSERT INTO file (id, office) VALUES ('f1', 'A')")
  try await world.settle()
  try world.shell(one, "UPDATE file SET photo = zeroblob(160000)")
  try world.shell(two, "UPDATE file SET scan = zeroblob(160000)")
  try await world.sync(one)
  try await world.sync(two)
  let parked = try #require(try world.master.parked().first)
  #expect(parked.reason == "check")
  #expect(
    parked.detail.en == "photo: has 0.1 MB, its row 0.3 MB; a row may have 0.2 MB: shorten or empty it")
  try await world.settle()
}

@Test(.aHundredth) func aRowThatIsTooLargeIsRefusedWhereItIsTyped() async throws {
  let (_, one, _, _) = try await offices()
  let file = try one.record("file")
  let name = String(repeating: "a", count: 310_000)
  let failure = #expect(throws: Failure.self) {
    try one.edit(as: nil) { db in _ = try one.insert(db, file, [0: .text("f1"), 2: .text(name)]) }
  }
  #expect(failure?.message.en.hasPrefix("file.name: has 0.3 MB") == true)
}

private let six = "WITH n (x) AS (VALUES (1), (2), (3), (4), (5), (6))"

@Test(.aHundredth) func aLargeEditOfAToolGoesInSeveralBatches() async throws {
  let (world, one, two, b) = try await offices()
  let before = try world.master.logPoint().arrival
  try world.shell(
    """
    INSERT INTO file (id, office, name, photo) \(six) SELECT 'f' || x, 'A', 'n' || x, randomblob(130000) FROM n;
    INSERT INTO page SELECT id, id, NULL FROM file
    """)
  #expect(try world.master.logPoint().arrival == before + 6)
  try world.shell(b, "INSERT INTO file (id, office) VALUES ('b1', 'B')")
  try await world.settle()
  #expect(try one.rows(one.record("page")).count == 6)
  #expect(try two.rows(two.record("file")).count == 6)
  // The same names in other rows: the old ones have to go first, and their pages point nowhere meanwhile.
  let then = try world.master.logPoint().arrival
  try world.shell(
    """
    UPDATE page SET file = replace(file, 'f', 'g'); DELETE FROM file WHERE office = 'A';
    INSERT INTO file (id, office, name, photo) \(six) SELECT 'g' || x, 'A', 'n' || x, randomblob(130000) FROM n
    """)
  #expect(try world.master.logPoint().arrival == then + 12)
  try await world.settle()
  #expect(try two.rows(two.record("file")).map { $0[0] } == (1...6).map { .text("g\($0)") })
  #expect(try two.rows(two.record("page")).map { $0[1] } == (1...6).map { .text("g\($0)") })
}

@Test func aRowOfAToolThatCannotBeWrittenIsNamedUntilItIsMended() async throws {
  let (world, one, two, _) = try await offices()
  try world.shell("INSERT INTO file (id, office) VALUES ('f1', 'A')")
  try await world.settle()
  let written = [
    ("name = 'a' || char(0)", "file f1.name: must not contain the character U+0000"),
    ("id = CAST(x'BCD7' AS TEXT)", ".id: is not of type text (text must be UTF-8)"),
  ]
  for (cell, problem) in written {
    try world.shell("PRAGMA ignore_check_constraints = ON; UPDATE file SET \(cell)")
    let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
    #expect(failure?.kind == .data && failure?.message.en.hasSuffix(problem) == true)
  }
  try world.shell("UPDATE file SET id = 'f1', name = 'n'")
  try await world.settle()
  #expect(try two.rows(two.record("file")).map { $0[2] } == [.text("n")])
}

@Test(.aHundredth) func aRowOfAToolThatNoMessageHoldsIsNamedUntilItIsShortened() async throws {
  let (world, one, two, _) = try await offices()
  try world.shell("INSERT INTO file (id, office) VALUES ('f1', 'A'), ('f2', 'A')")
  try await world.settle()
  try world.shell(
    """
    UPDATE file SET photo = zeroblob(210000), name = 'large' WHERE id = 'f1';
    UPDATE file SET name = 'small' WHERE id = 'f2'
    """)
  try world.shell(one, "INSERT INTO file (id, office) VALUES ('f3', 'A')")
  let large = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(
    large?.message.en.hasSuffix(
      "file f1.photo: has 0.2 MB, its row 0.2 MB; a row may have 0.2 MB: shorten or empty it") == true)
  try world.shell(
    "UPDATE file SET photo = NULL WHERE id = 'f1'; INSERT INTO file (id, office) VALUES (hex(zeroblob(600)), 'A')")
  let long = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(
    long?.message.en.hasSuffix(".id: the key is longer than 1 kB: delete the row and enter it under a shorter one")
      == true)
  try world.shell("DELETE FROM file WHERE length(id) > 9")
  try await world.settle()
  #expect(try two.rows(two.record("file")).map { $0[2] } == [.text("large"), .text("small"), .null])
}

private let unpartable = [
  // A reference is left dangling.
  """
  UPDATE file SET photo = zeroblob(130000) WHERE id IN ('f1', 'f2'); INSERT INTO page VALUES ('p', 'f9', NULL)
  """,
  // Rows of two portions swap a unique value.
  """
  UPDATE file SET name = 'm', photo = zeroblob(130000) WHERE id = 'f1';
  UPDATE file SET name = 'n', photo = zeroblob(130000) WHERE id = 'f2';
  UPDATE file SET name = 'o' WHERE id = 'f1'
  """,
]

@Test(.aHundredth, arguments: unpartable)
func aLargeEditThatCannotBePartedIsTakenWhole(sql: String) async throws {
  let (world, _, _, _) = try await offices()
  try world.shell("INSERT INTO file (id, office, name) VALUES ('f1', 'A', 'n'), ('f2', 'A', 'o')")
  let before = try world.master.logPoint().arrival
  try world.shell(sql)
  #expect(try world.master.logPoint().arrival == before + 1)
  #expect(try world.master.verifyReplay().isEmpty)
}

/// What one portion lets in, whoever edited a row of a later one had not seen.
@Test(.aHundredth) func whatALargeEditLetsInIsContestedAndNotOverwritten() async throws {
  let (world, one, _, _) = try await offices()
  try world.shell("INSERT INTO file (id, office, name) VALUES ('f1', 'B', 'n'), ('f2', 'A', NULL)")
  try await world.settle()
  try world.shell(one, "UPDATE file SET name = 'n' WHERE id = 'f2'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell(
    """
    UPDATE file SET name = NULL, photo = zeroblob(130000) WHERE id = 'f1';
    UPDATE file SET name = 'm', photo = zeroblob(130000) WHERE id = 'f2'
    """)
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.master == .text("m") && conflict.contenders.map(\.value) == [.text("n")])
}

@Test(.aHundredth) func aRowThatWasTakenInBeforeThereWasALimitStays() async throws {
  let (world, one, two, _) = try await offices()
  try world.shell(one, "INSERT INTO file (id, office, photo) VALUES ('f1', 'A', zeroblob(160000))")
  try world.shell("INSERT INTO file (id, office) VALUES ('f2', 'A')")
  try await RecordSchema.$mostBytes.withValue(.max) {
    try await world.settle()
    // An edit by a county, and a decision by the city.
    try world.shell(one, "UPDATE file SET scan = zeroblob(160000) WHERE id = 'f1'")
    for (replica, size) in [(one, 210_000), (two, 220_000)] {
      try world.shell(replica, "UPDATE file SET photo = randomblob(\(size)) WHERE id = 'f2'")
      try await world.sync(replica)
    }
    let conflict = try #require(try world.master.conflicts([.open]).first)
    _ = try world.master.decide(conflict.id, .take(1), reason: "r", actor: "li")
    try await world.settle()
  }
  #expect(try world.master.verifyReplay().isEmpty)
  // It may be edited and shortened, and does not grow.
  try world.shell(one, "UPDATE file SET name = 'a', photo = zeroblob(150000) WHERE id = 'f1'")
  #expect(try await world.sync(one).held.isEmpty)
  #expect(try world.master.parked().isEmpty)
  try world.shell(one, "UPDATE file SET photo = zeroblob(150001) WHERE id = 'f1'")
  #expect(try await world.sync(one).held.count == 1)
}

@Test(.aHundredth) func whatHasWaitedAndIsTooLargeByNowGoesOnWaiting() async throws {
  let (world, one, _, b) = try await offices()
  try world.shell("INSERT INTO file (id, office, name) VALUES ('f1', 'B', 'n'), ('f2', 'A', NULL)")
  try await world.settle()
  try world.shell(one, "UPDATE file SET name = 'n', photo = zeroblob(150000) WHERE id = 'f2'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell("UPDATE file SET scan = zeroblob(150000) WHERE id = 'f2'")
  try world.shell(b, "UPDATE file SET name = NULL WHERE id = 'f1'")
  try await world.settle()
  #expect(try world.master.parked().map(\.reason) == ["check"])
}

@Test(.aHundredth) func aConflictThatNoMessageHoldsLeavesLargeValuesAtTheCity() async throws {
  let (world, one, two, _) = try await offices()
  let three = try await world.join("A")
  try world.shell(one, "INSERT INTO file (id, office) VALUES ('f1', 'A')")
  try await world.settle()
  for replica in [one, two, three] { try world.shell(replica, "UPDATE file SET photo = randomblob(180000)") }
  try world.shell(one, "INSERT INTO file (id, office) VALUES ('f2', 'A')")
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  let sign = Value.text("(0.1 MB,留在市里 / kept at the city)")
  // By pages, which told the first contender when there was room for it, and by a snapshot.
  for (replica, count) in [(two, 1), (try await world.join("A"), 2)] {
    let values = try replica.conflicts([.open]).flatMap { [$0.master] + $0.contenders.map(\.value) }
    #expect(values.filter { $0 == sign }.count == count)
  }
  _ = try world.master.decide(conflict.id, .take(2), reason: "r", actor: "li")
  try await world.settle()
  #expect(try one.rows(one.record("file"))[0][3] == conflict.contenders[1].value)
}

/// Who decides has only the sign that stands in its place, also when the log is replayed.
@Test(.aHundredth) func theOwnerDecidesAboutAValueThatStaysAtTheCity() async throws {
  let decides = "scope: {field: office}\n    decides: owner"
  let (world, one, two, _) = try await offices(schema.replacing("scope: {field: office}", with: decides))
  try world.shell(one, "INSERT INTO file (id, office) VALUES ('f1', 'A')")
  try await world.settle()
  for replica in [one, two] { try world.shell(replica, "UPDATE file SET photo = randomblob(180000)") }
  try await world.settle()
  let (open, told) = (try world.master.conflicts([.open]), try one.conflicts([.open]))
  #expect(told.map(\.master) == [.text("(0.1 MB,留在市里 / kept at the city)")])
  let conflict = try #require(open.first)
  try one.decide(
    Decision(conflict: conflict.id, choice: .keep, reason: "r", edit: Edit(stamp: Stamp(raw: 0), actor: "wang")))
  try await world.settle()
  let decided = try world.master.conflict(conflict.id)
  #expect(decided.state == .decided && decided.decision?.choice == .keep)
  for replica in [one, two] { #expect(try replica.rows(replica.record("file"))[0][3] == conflict.master) }
}

/// A tool may write any name into a county's file, and a person any reason: a page that nobody can make would end
/// every pull.
@Test func whoAndWhyTravelOnlyAsFarAsAnybodyReadsThem() async throws {
  let (world, one, _, b) = try await offices()
  try world.shell("INSERT INTO file (id, office, name) VALUES ('f1', 'B', 'n')")
  try await world.settle()
  let name = "replace(hex(zeroblob(5000)), '00', '名')"
  try world.shell(
    one,
    """
    UPDATE sync_clock SET actor = \(name), default_actor = \(name);
    UPDATE office SET name = 'a' WHERE code = 'A';
    INSERT INTO file (id, office, name) VALUES ('f2', 'A', 'n')
    """)
  try await world.sync(one)
  let parked = try #require(try world.master.parked().first)
  try world.master.dismiss([parked.id], reason: String(repeating: "由", count: 5000), actor: "li")
  try await world.settle()
  let (told, cut) = (String(repeating: "名", count: 1364) + "…", 4096 - 1)
  // By pages, and by a snapshot.
  for replica in [b, try await world.join("B")] {
    let conflict = try #require(try replica.conflicts([.rejected]).first)
    #expect(conflict.contenders.map(\.edit.actor) == [told] && told.utf8.count == cut)
  }
  #expect(try world.master.conflicts([.rejected]).first?.contenders.first?.edit.actor.count == 5000)
  let notice = try #require(try one.parked(waiting: false).first)
  #expect(notice.state == .dismissed && notice.detail.zh.utf8.count <= 4096 && notice.detail.zh.hasSuffix("…"))
  try await world.settle()
}
