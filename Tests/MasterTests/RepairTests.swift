import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A file whose tables or triggers another program took away is made whole again, and what was edited meanwhile is found.

private struct Damage: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  /// What the comparison finds after the repair.
  var found: [String]
  /// Tables that are left beside.
  var left: [String] = []
}

/// What a tool does that rebuilds a table.
let copied =
  "CREATE TABLE copy AS SELECT * FROM company; DROP TABLE company; ALTER TABLE copy RENAME TO company;"

private let damages = [
  Damage(testDescription: "a table copied, dropped and renamed", sql: copied, found: []),
  Damage(
    testDescription: "… and edited meanwhile",
    sql: copied + """
      UPDATE company SET name = 'x' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c3';
      INSERT INTO company (id, office) VALUES ('c9', 'A')
      """, found: ["~ company c1 name", "- company c3", "+ company c9"]),
  Damage(
    testDescription: "… and what the table cannot hold",
    sql: copied + """
      UPDATE company SET staff = 'many' WHERE id = 'c1'; UPDATE company SET office = NULL WHERE id = 'c2';
      INSERT INTO company (id, office, code) VALUES ('c9', 'A', '3')
      """, found: ["- company c1", "- company c2"]),
  Damage(
    testDescription: "a table with other columns in another order",
    sql: """
      CREATE TABLE keep AS SELECT * FROM figure; DROP TABLE figure;
      CREATE TABLE figure (note TEXT, sales INTEGER, year INT, company TEXT);
      INSERT INTO figure SELECT note, sales, year, company FROM keep; DROP TABLE keep
      """, found: []),
  Damage(
    testDescription: "an added column", sql: "ALTER TABLE company ADD COLUMN fax TEXT", found: [],
    left: ["company_before_repair"]),
  Damage(
    testDescription: "a renamed column", sql: "ALTER TABLE figure RENAME COLUMN note TO remark",
    found: ["~ figure c1,2024 note"], left: ["figure_before_repair"]),
  Damage(
    testDescription: "a table dropped", sql: "DROP TABLE figure",
    found: ["- figure c1,2024", "- figure c1,2025", "- figure c2,2025"]),
  Damage(
    testDescription: "a table with other letters in its name",
    sql: "ALTER TABLE figure RENAME TO moved; ALTER TABLE moved RENAME TO Figure", found: []),
  Damage(
    testDescription: "a view in its place",
    sql: "CREATE TABLE kept AS SELECT * FROM figure; DROP TABLE figure; CREATE VIEW figure AS SELECT * FROM kept",
    found: ["- figure c1,2024", "- figure c1,2025", "- figure c2,2025"]),
  Damage(
    testDescription: "triggers dropped and altered",
    sql: """
      DROP TRIGGER sync_capture_update_company; DROP TRIGGER sync_check_insert_company;
      DROP TRIGGER sync_capture_delete_figure;
      CREATE TRIGGER sync_capture_delete_figure AFTER DELETE ON figure BEGIN SELECT 1; END;
      UPDATE company SET staff = 6 WHERE id = 'c1'; DELETE FROM figure WHERE year = 2024
      """, found: ["~ company c1 staff", "- figure c1,2024"]),
  Damage(
    testDescription: "a unique index dropped, and a duplicate",
    sql: "DROP INDEX company_unique_code; UPDATE company SET code = '1' WHERE id = 'c2'", found: ["- company c2"]),
  Damage(
    testDescription: "an index dropped", sql: "DROP INDEX company_by_office", found: []),
  Damage(
    testDescription: "base images dropped",
    sql: "UPDATE company SET staff = 6 WHERE id = 'c1'; DROP TABLE sync_base_company", found: ["~ company c1 staff"]),
  Damage(
    testDescription: "capture switched off",
    sql: "INSERT INTO sync_applying VALUES (1); UPDATE company SET staff = 6 WHERE id = 'c1'",
    found: ["~ company c1 staff"]),
  Damage(
    testDescription: "no clock", sql: "DELETE FROM sync_clock; UPDATE company SET staff = 6 WHERE id = 'c1'",
    found: ["~ company c1 staff"]),
]

@Test(arguments: damages) private func aDamagedFileIsRepairedAndCompared(_ damage: Damage) async throws {
  for adopts in [false, true] {
    let (world, one, _) = try await World.compared()
    let before = try tables(one)
    try world.shell(one, damage.sql)
    await #expect { try await world.deepVerify(one) } throws: { ($0 as? Failure)?.kind == .data }
    #expect(try !one.repair().isEmpty)
    try one.refuseAlteredObjects()
    #expect(try one.repair().isEmpty)
    #expect(Set(try tables(one)).subtracting(before) == Set(damage.left + leftOf(damage)))
    // Nothing is pulled over what nobody has compared yet.
    await #expect { try await world.sync(one) } throws: { ($0 as? Failure)?.message.en.contains("--deep") == true }
    #expect(try one.verify().contains { $0.en.contains("verify --deep") })
    // Edits are captured from here on.
    try world.shell(one, "UPDATE company SET phone = '77' WHERE id = 'c1'")
    let comparison = try await world.deepVerify(one)
    #expect(comparison.lines(one.schema) == damage.found)
    if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
    #expect(try await world.found(one) == [])
    try await world.settle()
  }
}

private func tables(_ replica: Replica) throws -> [String] {
  try replica.read { db in
    var names: [String] = []
    try db.each("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')") { names.append($0[0]) }
    return names
  }
}

/// Tables that the damage itself made.
private func leftOf(_ damage: Damage) -> [String] { damage.sql.contains("TABLE kept") ? ["kept"] : [] }

/// Nobody has emptied a cell that was pending when its column was renamed.
@Test func whatWasPendingOfARenamedColumnIsAsItWasBefore() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(
    one,
    """
    UPDATE figure SET note = 'pending', sales = 7 WHERE company = 'c1' AND year = 2024;
    ALTER TABLE figure RENAME COLUMN note TO remark
    """)
  try one.repair()
  #expect(try one.status().pending == 1)
  try one.setBack(try await world.deepVerify(one))
  try await world.settle()
  let rows = try two.rows(two.record("figure")).filter { $0[1] == .integer(2024) }
  #expect(rows.count == 1 && rows[0][2] == .integer(7) && !rows[0][3].isNull)
}

/// Nobody can tell which row is which: all of them would count as deleted.
@Test func aTableThatLostItsKeyIsNotRepaired() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    "UPDATE figure SET note = 'pending' WHERE company = 'c2'; ALTER TABLE figure RENAME COLUMN year TO yr")
  let failure = #expect(throws: Failure.self) { try one.repair() }
  #expect(failure?.message.en.contains("figure: its key column year is gone") == true)
  #expect(try one.parked().isEmpty)
  try world.shell(one, "ALTER TABLE figure RENAME COLUMN yr TO year")
  try one.repair()
  #expect(try await world.found(one) == [])
  try await world.settle()
  let figures = try world.master.rows(try world.master.record("figure"))
  #expect(figures.count == 3 && figures.contains { $0.contains(.text("pending")) })
}

/// A row that its table could not hold was not deleted by anybody: the city's comes back, and what was here is parked.
@Test func aRowThatDidNotFitIsNotDeletedAtTheCity() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one, copied + "UPDATE company SET staff = 'many' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c3'")
  try one.repair()
  #expect(try one.adopt(try await world.deepVerify(one), actor: nil) == 1)
  try await world.sync(one)
  #expect(try world.cell("staff") == .integer(5) && world.cell("staff", of: "c3") == nil)
  let parked = try #require(try one.parked().first)
  #expect(parked.ref.key.description == "c1" && parked.reason == "check" && parked.detail.en.contains("staff"))
  try await world.settle()
  // Once the clerk gave it up, a row that is missing was deleted.
  try one.withdraw(parked.id, reason: "no", actor: nil)
  try world.behind(one, "DELETE FROM company WHERE id = 'c1'; DELETE FROM figure WHERE company = 'c1'")
  #expect(try one.adopt(try await world.deepVerify(one), actor: nil) == 3)
  try await world.settle()
  #expect(try world.cell("staff") == nil)
}

/// An edit of a row that its table could not hold is no new row: what others delete meanwhile does not come back by itself.
@Test func aRowThatDidNotFitAndThatOthersDeletedStaysParked() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, "DROP INDEX company_unique_code; UPDATE company SET code = '1' WHERE id = 'c2'")
  try one.repair()
  try one.adopt(try await world.deepVerify(one), actor: nil)
  try await world.sync(one)
  #expect(try one.parked().map(\.reason) == ["unique"])
  #expect(try one.rows(one.record("company")).count == 3)
  try world.shell(two, "DELETE FROM figure WHERE company = 'c2'; DELETE FROM company WHERE id = 'c2'")
  try world.shell("UPDATE company SET code = '9' WHERE id = 'c1'")
  try await world.sync(two)
  for _ in 1...2 { try await world.sync(one) }
  #expect(try world.cell("code", of: "c2") == nil)
  #expect(try one.parked().map(\.ref.key) == [RowKey([.text("c2")])])
  try await world.settle()
}

@Test func aRowOnItsWayThatDidNotFitStandsAsItWasSent() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET name = 'x' WHERE id = 'c2'")
  try one.freeze()
  try world.shell(one, "DROP INDEX company_unique_code; UPDATE company SET code = '1' WHERE id = 'c2'")
  try one.repair()
  #expect(try one.parked().map(\.reason) == ["unique"])
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c2") == .text("x") && world.cell("code", of: "c2") == .text("2"))
}

/// A comparison cannot judge what is on its way; how it was sent is known.
@Test(arguments: [
  copied + "UPDATE company SET staff = 9 WHERE id = 'c1'",
  "UPDATE company SET staff = 9 WHERE id = 'c1'; DROP TABLE sync_base_company",
])
func anUnseenEditOfACellOnItsWayIsPending(damage: String) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  try one.freeze()
  try world.shell(one, damage)
  try one.repair()
  #expect(try one.diff().map(\.base) == [.integer(6)])
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("staff") == .integer(9))
}

@Test(arguments: [true, false], ["", "UPDATE company SET phone = '9' WHERE id = 'c3';"])
func aRowOnItsWayThatWentUnseenIsFound(adopts: Bool, captured: String) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET name = 'x' WHERE id = 'c3'")
  try one.freeze()
  try world.shell(one, captured + copied + "DELETE FROM company WHERE id = 'c3'")
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["- company c3"])
  if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
  #expect(try await world.found(one) == [])
  try await world.settle()
  let name = adopts ? nil : Value.text("x")
  #expect(try world.cell("name", of: "c3") == name)
  #expect(try world.master.conflicts([.open]).isEmpty)
}

/// All of it is known here; whether it was deleted, nobody can be asked.
@Test func anEnteredRowOnItsWayThatWentUnseenStandsAsItWasSent() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('n1', 'A', 'x')")
  try one.freeze()
  try world.shell(one, copied + "DELETE FROM company WHERE id = 'n1'")
  try one.repair()
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "n1") == .text("x"))
}

@Test func whatIsOnItsWayOfARenamedColumnStandsAsItWasSent() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE figure SET note = 'sent' WHERE company = 'c1' AND year = 2024")
  try one.freeze()
  try world.shell(one, "ALTER TABLE figure RENAME COLUMN note TO remark")
  try one.repair()
  #expect(try one.diff().isEmpty)
  #expect(try await world.found(one) == [])
  try await world.settle()
  let figures = try world.master.rows(try world.master.record("figure"))
  #expect(figures.contains { $0.contains(.text("sent")) })
}

/// Of two rows under one key, the one that stays keeps what was captured.
@Test func anEditOfARowWithADoubleOutlivesTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    "UPDATE company SET staff = 6 WHERE id = 'c1';" + copied
      + "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'double')")
  try one.repair()
  #expect(try one.diff().map(\.base) == [.integer(5)])
  #expect(try one.parked().map { $0.row[3] } == [.text("double")])
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("staff") == .integer(6))
}

/// What is held back because its bytes are no text is held back after a repair, too.
@Test func aHeldRowWithBytesThatAreNoTextOutlivesTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET name = CAST(x'ff' AS TEXT) WHERE id = 'c1';" + copied)
  try one.repair()
  #expect(try one.parked().isEmpty)
  #expect(try await world.found(one) == [])
  #expect(try await world.sync(one).held.count == 1)
  try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("丁"))
}

/// What changed on both sides while nobody captured is contested when it is adopted, and never overwritten unseen.
@Test func whatChangedOnBothSidesMeanwhileIsContested() async throws {
  for adopts in [true, false] {
    let (world, one, two) = try await World.compared()
    try world.shell(one, copied + "UPDATE company SET name = 'here' WHERE id = 'c1'")
    try world.shell(two, "UPDATE company SET name = 'there' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c3'")
    try world.shell(two, "INSERT INTO company (id, office) VALUES ('c8', 'A')")
    try await world.sync(two)
    try one.repair()
    let comparison = try await world.deepVerify(one)
    #expect(comparison.lines(one.schema) == ["?~ company c1 name"])
    if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
    #expect(try await world.found(one) == [])
    #expect(try await world.sync(one).received.conflicts == (adopts ? 1 : 0))
    #expect(try world.cell("name") == .text("there"))
    let contenders = try world.master.conflicts([.open]).flatMap { $0.contenders.map(\.value) }
    #expect(contenders == (adopts ? [.text("here")] : []))
    try await world.settle()
  }
}

/// All of a sum without a base would be added to the city's.
@Test(arguments: ["", ", staff = 12"])
func anAdoptedSumOfARowThatChangedOnBothSidesCountsOnce(unseen: String) async throws {
  let (world, one, _) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, copied + "UPDATE company SET name = 'here'\(unseen) WHERE id = 'c1'")
  let raised = unseen.isEmpty ? "" : ", staff = 11"
  try world.shell(two, "UPDATE company SET phone = '2'\(raised) WHERE id = 'c1'")
  try await world.sync(two)
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["?~ company c1 name,phone" + (unseen.isEmpty ? "" : ",staff")])
  try one.adopt(comparison, actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(unseen.isEmpty ? 10 : 12))
}

@Test func aFileThatIsWellIsNotRepaired() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "CREATE TABLE mine (x); CREATE INDEX mine_by_staff ON company (staff)")
  #expect(try one.repair() == [])
  try await world.sync(one)
}

@Test func anApplicationsTriggersAndIndexesOutliveTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    """
    CREATE TABLE audit (company TEXT); CREATE INDEX mine_by_staff ON company (staff);
    CREATE TRIGGER mine AFTER UPDATE ON company BEGIN INSERT INTO audit VALUES (new.id); END;
    ALTER TABLE company ADD COLUMN fax TEXT; CREATE INDEX mine_by_fax ON company (fax)
    """)
  let done = try one.repair().map(\.en)
  #expect(done.count == 1 && done[0].contains("; mine_by_fax, an application's own"))
  let theirs = "SELECT count(*) FROM sqlite_master WHERE tbl_name = 'company' AND name LIKE 'mine%'"
  #expect(try one.read { try $0.integer(theirs) } == 2)
  #expect(try await world.found(one) == [])
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  #expect(try one.read { try $0.integer("SELECT count(*) FROM audit") } == 1)
  try await world.settle()
}

/// Other tables' references survive, nothing cascades, and nothing of the repair itself is captured.
@Test func aRepairCapturesNothingAndBreaksNoReference() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'; INSERT INTO figure VALUES ('c2', 2020, 1, NULL)")
  let pending = try one.diff().count
  try world.shell(one, copied)
  try one.repair()
  #expect(try one.diff().count == pending)
  #expect(throws: (any Error).self) {
    try one.edit(as: nil) { try $0.execute(sql: "INSERT INTO figure VALUES ('none', 2020, 1, NULL)") }
  }
  #expect(try await world.found(one) == [])
  try await world.settle()
}

/// What is left beside a table refers to nothing.
@Test func whatARepairLeavesBesideKeepsNoRowHere() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one, "ALTER TABLE figure ADD COLUMN fax TEXT; UPDATE figure SET fax = '1' WHERE company = 'c1' AND year = 2024")
  try one.repair()
  let left = "SELECT count(*) FROM figure_before_repair WHERE company = 'c1' AND year = 2024 AND fax = '1'"
  #expect(try one.read { try $0.integer(left) } == 1)
  try one.setBack(try await world.deepVerify(one))
  try world.shell("DELETE FROM figure WHERE company = 'c1'; DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.rows(one.record("company")).count == 2)
}

@Test func whatARepairLeavesBesideIsNoCopyOfPersonalData() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "ALTER TABLE person ADD COLUMN fax TEXT")
  #expect(try one.repair().contains { $0.en.contains("person_before_repair") && $0.en.contains("no erasure") })
  try one.setBack(try await world.deepVerify(one))
  try world.erase()
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}
