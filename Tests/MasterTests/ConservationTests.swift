import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// I1 from the data: a master that lost a value says which, and one that lost none says nothing.

/// Two offices, three machines of theirs, and everything that may happen to a value.
private func richWorld() async throws -> World {
  let (world, one, two) = try await World.twoMachines()
  let three = try await world.join("B", actor: "three")
  let all = [one, two, three]
  func edits(_ scripts: (Replica, String)...) async throws {
    for (replica, sql) in scripts { try world.shell(replica, sql) }
    for replica in all { try await world.sync(replica) }
  }
  // Contested: one that an official decides, one that an official's edit decides, one that stays open.
  try await edits(
    (
      one,
      """
      INSERT INTO company (id, office, code, name, staff) VALUES
        ('c2', 'A', 'K2', 'two', 2), ('c3', 'A', 'K3', 'three', 3), ('c4', 'A', NULL, 'four', 4);
      INSERT INTO figure VALUES ('c2', 2018, 100, 'f');
      """
    ), (three, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'KB', 'bee')"))
  try await edits(
    (one, "UPDATE company SET name = name || ' by one'"), (two, "UPDATE company SET name = name || ' by two'"))
  let open = try world.master.conflicts([.open])
  let first = try #require(open.first { $0.key == RowKey([.text("c1")]) })
  _ = try world.master.decide(first.id, .take(1), reason: "licence", actor: "li")
  try world.shell("UPDATE company SET name = 'official' WHERE id = 'c2'")
  // Policies, a swap, a park, a proposal, a delete of what another changed, a delete of what nobody changed.
  try await edits(
    (one, "UPDATE company SET phone = '2', address = 'y', industry = 'j', first = 4, peak = 7 WHERE id = 'c1'"),
    (two, "UPDATE company SET phone = '3', address = 'z', industry = 'k', first = 3, peak = 6 WHERE id = 'c1'"))
  try await edits(
    (
      one,
      """
      UPDATE company SET code = CASE id WHEN 'c2' THEN NULL ELSE 'K2' END WHERE id IN ('c2', 'c3');
      UPDATE company SET code = 'K3' WHERE id = 'c2';
      UPDATE company SET grade = 'A' WHERE id = 'c3';
      """
    ), (three, "INSERT INTO company (id, office, code, name) VALUES ('b2', 'B', 'K3', 'late')"))
  try await edits((one, "DELETE FROM figure"), (two, "UPDATE figure SET sales = 101"))
  try await edits((one, "INSERT INTO company (id, office, name, staff) VALUES ('c5', 'A', 'five', 5)"))
  try await edits((two, "UPDATE company SET staff = 6 WHERE id = 'c5'"))
  try await edits()
  try await edits((one, "DELETE FROM company WHERE id = 'c5'"))
  return world
}

/// Changes the master's file behind capture's back, which no honest tool does.
private func damage(_ world: World, _ sql: String) throws {
  try world.shell("BEGIN; INSERT INTO sync_applying VALUES (1); \(sql); DELETE FROM sync_applying; COMMIT")
}

@Test func aRichWorldIsWhole() async throws {
  let world = try await richWorld()
  #expect(try world.master.verify().map(\.en) == [])
  let conflicts = try world.master.conflicts(Conflict.State.allCases)
  #expect(Set(conflicts.map(\.state)) == [.open, .decided, .proposed])
  #expect(conflicts.contains { $0.field == nil })
  #expect(try world.master.parked().map(\.ref.key) == [RowKey([.text("b2")])])
  #expect(try world.cell("code", of: "c2") == .text("K3"))
  #expect(try world.cell("name", of: "c5") == nil)
}

private let losses: [(sql: String, named: [String])] = [
  ("UPDATE company SET staff = 77 WHERE id = 'c3'", ["company c3.staff = 3 is lost"]),
  // What a clerk had set and nobody since.
  ("UPDATE company SET name = 'x' WHERE id = 'b1'", ["company b1.name = bee is lost"]),
  ("UPDATE company SET code = NULL WHERE id = 'c2'", ["company c2.code = K3 is lost"]),
  // A contender that nobody took.
  ("DELETE FROM sync_contender WHERE value = 'three by two'", ["company c3.name = three by two is lost"]),
  ("DELETE FROM sync_contender WHERE value = 'A'", ["company c3.grade = A is lost"]),
  (
    "DELETE FROM sync_parked",
    [
      "company b2.id = b2 is lost", "company b2.office = B is lost", "company b2.code = K3 is lost",
      "company b2.name = late is lost",
    ]
  ),
  (
    "DELETE FROM company WHERE id = 'b1'",
    [
      "company b1.id = b1 is lost", "company b1.office = B is lost", "company b1.code = KB is lost",
      "company b1.name = bee is lost",
    ]
  ),
  // A delete that the city could not carry out, and kept.
  ("DELETE FROM sync_conflict WHERE field IS NULL", ["its delete of figure c2,2018 was neither done nor kept"]),
  // A row that comes back by itself.
  ("INSERT INTO company (id, office) VALUES ('c5', 'A')", ["its delete of company c5 was neither done nor kept"]),
]

@Test func whatIsLostIsNamed() async throws {
  for loss in losses {
    let world = try await richWorld()
    try damage(world, loss.sql)
    let problems = try world.master.verify().map(\.en)
    for name in loss.named { #expect(problems.contains { $0.contains(name) }, "\(loss.sql): \(problems)") }
    #expect(problems.filter { $0.contains("lost") || $0.contains("neither") }.count == loss.named.count, "\(problems)")
    #expect(problems.allSatisfy { $0.hasPrefix("batch ") && $0.contains("replica ") }, "\(problems)")
  }
}

@Test func aRowThatBreaksARuleIsNamed() async throws {
  let (world, _, _) = try await World.twoMachines()
  // A tool that knows no triggers wrote the file.
  try world.unchecked(world.master.path, "company", "UPDATE company SET staff = -1 WHERE id = 'c1'")
  #expect(
    try world.master.verify().map(\.en) == [
      "1 rows refer to what is not there, hold a value that is not of its type or that a check refuses, or refer to "
        + "such a row, and no machine sees them; enter what they refer to, correct them, or delete them",
      "company c1.staff: must be at least 0",
    ])
}

@Test func aFlippedByteInAStoredBatchIsFound() async throws {
  for place in ["length(message)", "length(message) / 2"] {
    let (world, _, _) = try await World.twoMachines()
    let byte = "substr(message, \(place), 1)"
    try world.shell(
      """
      UPDATE sync_batch SET message = CAST(
        substr(message, 1, \(place) - 1) || CASE \(byte) WHEN x'00' THEN x'01' ELSE x'00' END
        || substr(message, \(place) + 1) AS BLOB) WHERE arrival = 2
      """)
    let problems = try world.master.verify().map(\.en)
    #expect(
      problems.contains { $0.hasPrefix("batch 2 of the log") && $0.contains("fails its signature") }, "\(problems)")
  }
}

/// A parked change entered over a value that came after it, and that is what it had as its base (seed 2274 of the simulated town).
@Test func aValueThatAParkedChangeReplacesWhenItEntersIsNotMissed() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(two, "UPDATE company SET phone = '1' WHERE id = 'c1'")
  for replica in [b, two, one] { try await world.sync(replica) }
  try world.shell(one, "UPDATE company SET code = 'X', phone = '5' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  for phone in ["9", "1"] {
    try world.shell(two, "UPDATE company SET phone = '\(phone)' WHERE id = 'c1'")
    try await world.sync(two)
  }
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("code") == .text("X") && world.cell("phone") == .text("5"))
  #expect(try world.master.verify().map(\.en) == [])
}
