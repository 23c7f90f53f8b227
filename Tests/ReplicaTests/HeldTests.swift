import Replica
import SyncCore
import TestSupport
import Testing

// A row that breaks a rule is held back, told, and blocks nothing (I5, I6).

private struct Held: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  /// What verify says.
  var told: [String]
  var repair: String
}

private let held = [
  Held(
    testDescription: "an orphan", sql: "INSERT INTO figure VALUES ('nobody', 2025, 1, NULL)",
    told: ["figure nobody,2025.company: there is no company nobody"],
    repair: "UPDATE figure SET company = 'c2' WHERE company = 'nobody'"),
  Held(
    testDescription: "a parent deleted from above its child", sql: "DELETE FROM company WHERE id = 'c1'",
    told: ["company c1.id: is deleted, but 1 rows of figure still refer to it"], repair: "DELETE FROM figure"),
  Held(
    testDescription: "text that is not UTF-8", sql: "UPDATE company SET name = CAST(x'ff' AS TEXT) WHERE id = 'c1'",
    told: ["company c1.name: is not of type text (text must be UTF-8)"],
    repair: "UPDATE company SET name = '丁' WHERE id = 'c1'"),
  Held(
    testDescription: "U+0000 past the checks",
    sql: "PRAGMA ignore_check_constraints = ON; UPDATE figure SET note = 'a' || char(0)",
    told: ["figure c1,2025.note: must not contain the character U+0000"], repair: "UPDATE figure SET note = 'a'"),
  Held(
    testDescription: "a key of more than 1 kB",
    sql: "INSERT INTO company (id, office) VALUES (hex(zeroblob(600)), 'A')",
    told: [
      "company \(String(repeating: "00", count: 600)).id: the key is longer than 1 kB: delete the row and enter it under a shorter one"
    ],
    repair: "DELETE FROM company WHERE length(id) > 9"),
  Held(
    testDescription: "a key that is not UTF-8",
    sql: "INSERT INTO company (id, office) VALUES (CAST(x'bcd7' AS TEXT), 'A')",
    told: ["company x'bcd7'.id: is not of type text (text must be UTF-8)"],
    repair: "DELETE FROM company WHERE hex(id) = 'BCD7'"),
  Held(
    testDescription: "more than a message holds",
    sql: "UPDATE company SET name = hex(zeroblob(150000)) WHERE id = 'c1'",
    told: ["company c1.name: has 0.3 MB, its row 0.3 MB; a row may have 0.2 MB: shorten or empty it"],
    repair: "UPDATE company SET name = '丁' WHERE id = 'c1'"),
  Held(
    testDescription: "a key changed to one that is refused", sql: "UPDATE figure SET company = 'nobody'",
    told: [
      "figure nobody,2025.company: there is no company nobody", "figure c1,2025.company: waits for figure nobody,2025",
    ], repair: "UPDATE figure SET company = 'c2' WHERE company = 'nobody'"),
  Held(
    testDescription: "a key changed to one that is refused, of a row that was edited",
    sql: "UPDATE figure SET sales = 5; UPDATE figure SET company = 'nobody'",
    told: [
      "figure nobody,2025.company: there is no company nobody", "figure c1,2025.company: waits for figure nobody,2025",
    ], repair: "UPDATE figure SET company = 'c2' WHERE company = 'nobody'"),
  Held(
    testDescription: "a key changed to that of a row that is refused",
    sql: """
      INSERT INTO company (id, office, name) VALUES ('n', 'A', CAST(x'ff' AS TEXT)); UPDATE figure SET company = 'n'
      """,
    told: [
      "company n.name: is not of type text (text must be UTF-8)", "figure n,2025.company: waits for company n",
      "figure c1,2025.company: waits for figure n,2025",
    ], repair: "UPDATE company SET name = '丁' WHERE id = 'n'"),
  Held(
    testDescription: "a new row with its child",
    sql: """
      INSERT INTO company (id, office, name) VALUES ('c8', 'A', CAST(x'ff' AS TEXT)); INSERT INTO figure VALUES ('c8', 1, 1, NULL)
      """,
    told: [
      "company c8.name: is not of type text (text must be UTF-8)", "figure c8,1.company: waits for company c8",
    ], repair: "UPDATE company SET name = '丁' WHERE id = 'c8'"),
]

@Test(.aHundredth, arguments: held, [Replica.portion, 1])
private func whatBreaksARuleIsHeldBack(_ test: Held, most: Int) async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, test.sql)
  try world.shell(replica, "UPDATE company SET staff = 8 WHERE id = 'c2'")
  let waiting = try replica.pending().filter { !$0.contains("c2") }
  try replica.freeze(most: most)
  let summary = try await world.sync(replica)
  #expect(summary.pushed == 1)
  #expect(summary.held.count == test.told.count)
  #expect(summary.received.parked == 0)
  #expect(try replica.pending() == waiting)
  let told = try replica.verify().map(\.en).filter { !$0.hasPrefix("the file ") }
  #expect(told.filter { test.told.contains($0) || !$0.contains(": there is no ") } == test.told)
  #expect(try replica.status().held.count == test.told.count)
  #expect(try world.master.row(replica.record("company"), key: RowKey([.text("c2")]))?[9] == .integer(8))

  try world.shell(replica, test.repair)
  #expect(try await world.sync(replica).held.isEmpty)
  #expect(try replica.verify() == [])
  #expect(try replica.pending() == [])
  #expect(try world.differences(replica) == [])
}

/// The city edits another cell of it, also one for which it has to leave its place first.
@Test(arguments: ["phone = '5'", "phone = '5', code = '8'"], [true, false])
func aHeldRowTakesWhatTheCityEditsOfIt(edit: String, isText: Bool) async throws {
  let (world, replica) = try await World.settled()
  if isText {
    try world.shell(
      replica, "PRAGMA ignore_check_constraints = ON; UPDATE company SET name = 'a' || char(0) WHERE id = 'c1'")
  } else {
    try world.unchecked(replica.path, "company", "UPDATE company SET staff = -1 WHERE id = 'c1'")
  }
  let waiting = try replica.pending()
  try world.shell("UPDATE company SET \(edit) WHERE id = 'c1'; UPDATE company SET name = '丙' WHERE id = 'c2'")
  #expect(try await world.sync(replica).held.map(\.ref.key.description) == ["c1"])
  #expect(try replica.pending() == waiting)
  #expect(try replica.cell("company", "c1", "phone") == .text("5"))
  #expect(try replica.cell("company", "c2", "name") == .text("丙"))
  // The checks are there again.
  try replica.refuseDamage()
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET staff = -2 WHERE id = 'c2'") }
  try world.shell(replica, "UPDATE company SET name = '甲', staff = 5 WHERE id = 'c1'")
  try await world.sync(replica)
  try expectEqual(world, replica)
}
