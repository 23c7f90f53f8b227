import Master
import Replica
import SyncCore
import TestSupport
import Testing

// Another program takes tables or triggers of the master away: the city waits, and what was edited unseen is found by the log.

private struct Damage: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  /// What is found by the log.
  var found: [String] = []
}

private let damages = [
  Damage(testDescription: "a table copied, dropped and renamed", sql: copied),
  Damage(
    testDescription: "… and edited meanwhile",
    sql: copied + """
      UPDATE company SET name = 'x' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c3';
      INSERT INTO company (id, office) VALUES ('c9', 'A')
      """, found: ["~ company c1 name", "- company c3", "+ company c9"]),
  Damage(
    testDescription: "a trigger dropped",
    sql: """
      UPDATE company SET phone = '9' WHERE id = 'c1'; DROP TRIGGER sync_capture_update_company;
      UPDATE company SET staff = 6 WHERE id = 'c2'
      """, found: ["~ company c1 phone", "~ company c2 staff"]),
  Damage(
    testDescription: "… and a code given to another row meanwhile",
    sql: copied + "UPDATE company SET code = NULL WHERE id = 'c2'; UPDATE company SET code = '2' WHERE id = 'c3'",
    found: ["~ company c2 code", "~ company c3 code"]),
  Damage(testDescription: "a renamed column", sql: "ALTER TABLE figure RENAME COLUMN note TO remark"),
  Damage(
    testDescription: "a table dropped", sql: "DROP TABLE figure",
    found: ["- figure c1,2024", "- figure c1,2025", "- figure c2,2025"]),
]

@Test(arguments: damages, [true, false])
private func whatAnotherProgramTakesFromTheMasterIsMadeAnew(_ damage: Damage, adopts: Bool) async throws {
  let (world, one, _) = try await World.compared()
  let before = try world.master.rows(world.master.record("company"))
  try world.shell(damage.sql)
  try world.shell(one, "UPDATE company SET code = '11' WHERE id = 'c1'")
  // The city waits, and says why.
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.message.en.contains("run city repair") == true)
  #expect(try world.master.verify().contains { $0.en.contains("by another program") })
  // Nothing is done without a word on what differs.
  let told = try world.master.repair(adopting: nil, actor: "li")
  #expect(told.isRepaired == damage.found.isEmpty)
  let report = damage.found.isEmpty ? told : try world.master.repair(adopting: adopts, actor: "li")
  let found = try report.unlogged.map { row in
    let record = try world.master.record(row.ref.record)
    let fields = row.columns.map { record.fields[$0].name }
    return ([row.kind.rawValue, "\(row.ref.record) \(row.ref.key)"] + fields).joined(separator: " ")
  }
  #expect(Set(found) == Set(damage.found))
  #expect(try world.master.repair(adopting: nil, actor: "li").done.isEmpty)
  #expect(try world.master.verifyReplay().map(\.en) == [])
  if !adopts { #expect(try world.master.rows(world.master.record("company")) == before) }
  try await world.settle()
  #expect(try world.cell("code") == .text("11"))
  // Edits are captured from here on.
  try world.shell("UPDATE company SET phone = '77' WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.rows(one.record("company"))[0][4] == .text("77"))
}

@Test func aRowThatItsTableCannotHoldIsNamedByTheRepair() async throws {
  let (world, _, _) = try await World.compared()
  try world.shell(copied + "UPDATE company SET staff = 'many' WHERE id = 'c1'")
  let failure = #expect(throws: Failure.self) { try world.master.repair(adopting: true, actor: "li") }
  #expect(failure?.message.en.contains("company c1.staff: is not of type integer") == true)
  try world.shell("UPDATE company SET staff = 5 WHERE id = 'c1'")
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  try await world.settle()
}

@Test func aTableOfTheMastersThatLostItsKeyIsNotRepaired() async throws {
  let (world, _, _) = try await World.compared()
  try world.shell("ALTER TABLE figure RENAME COLUMN year TO yr")
  let failure = #expect(throws: Failure.self) { try world.master.repair(adopting: true, actor: "li") }
  #expect(failure?.message.en.contains("figure: its key column year is gone") == true)
  try world.shell("ALTER TABLE figure RENAME COLUMN yr TO year")
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  try await world.settle()
}

/// Bytes of a tool that are no text stay what they are until somebody mends them.
@Test func aRowWithBytesThatAreNoTextOutlivesTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell("UPDATE company SET name = CAST(x'ff' AS TEXT) WHERE id = 'c3'")
  try await world.sync(one)
  try world.shell(copied)
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  #expect(try world.cell("name", of: "c3") == .blob([0xff]))
  try world.shell("UPDATE company SET name = '丁' WHERE id = 'c3'")
  try await world.settle()
}

/// A blob is no text.
@Test func aRowWithABlobInsteadOfATextIsNamedByTheRepair() async throws {
  let (world, _, _) = try await World.compared()
  try world.shell(copied + "UPDATE company SET name = x'ff' WHERE id = 'c3'")
  let failure = #expect(throws: Failure.self) { try world.master.repair(adopting: true, actor: "li") }
  #expect(failure?.message.en.contains("company c3.name") == true)
}

/// No machine would see the row.
@Test func aValueThatACheckRefusesIsNotAdoptedByTheRepair() async throws {
  let (world, _, _) = try await World.compared()
  try world.shell(copied + "UPDATE company SET staff = -1 WHERE id = 'c1'")
  let failure = #expect(throws: Failure.self) { try world.master.repair(adopting: true, actor: "li") }
  #expect(failure?.message.en.hasPrefix("company c1.staff: must be at least 0; correct or delete the row") == true)
  #expect(try world.master.repair(adopting: false, actor: "li").unlogged.count == 1)
  #expect(try world.cell("staff") == .integer(5))
  try await world.settle()
}

/// A tool left it while only the check was away, so that the log has it.
@Test(arguments: [nil, false] as [Bool?])
func aValueThatACheckRefusesAndTheLogHasStopsNoRepair(adopting: Bool?) async throws {
  let (world, _, _) = try await World.compared()
  try world.unchecked(world.master.path, "company", "UPDATE company SET staff = -1 WHERE id = 'c1'")
  try world.master.absorbNow()
  try world.shell(
    adopting == nil
      ? "ALTER TABLE company RENAME COLUMN phone TO fax"
      : copied + "UPDATE company SET name = 'x' WHERE id = 'c1'")
  let report = try world.master.repair(adopting: adopting, actor: "li")
  #expect(report.isRepaired && report.unlogged.count == (adopting == nil ? 0 : 1))
  #expect(try world.cell("staff") == .integer(-1) && world.cell("phone") == .text("11"))
  #expect(try world.cell("name") == .text("甲"))
  try world.shell("UPDATE company SET staff = 5 WHERE id = 'c1'")
  try await world.settle()
}

/// What was erased is no longer in the log: it stays as it is in the file. Columns that are gone are filled by the log.
@Test(arguments: [
  "CREATE TABLE copy AS SELECT * FROM person; DROP TABLE person; ALTER TABLE copy RENAME TO person;",
  "ALTER TABLE person RENAME COLUMN phone TO tel; ALTER TABLE person RENAME COLUMN note TO remark",
])
func aRepairBringsNothingErasedBack(_ sql: String) async throws {
  let world = try World.people()
  let one = try await world.join("A")
  try world.shell(
    one,
    """
    INSERT INTO person (id, office, name, phone, note) VALUES
      ('p1', 'A', '甲', '11', '一'), ('p2', 'A', '乙', '22', '二')
    """)
  try await world.settle()
  _ = try world.master.erase(world.person, key: RowKey([.text("p1")]), reason: "r", actor: "li")
  let before = try world.master.rows(world.person)
  try world.shell(sql)
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  #expect(try world.master.rows(world.person) == before)
  #expect(try world.person("phone") == .null && world.person("phone", of: "p2") == .text("22"))
  try await world.settle()
}

@Test func whatARepairLeavesBesideKeepsNoRowAtTheCity() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell("ALTER TABLE figure ADD COLUMN fax TEXT")
  #expect(try world.master.repair(adopting: nil, actor: "li").isRepaired)
  try world.shell(one, "DELETE FROM figure WHERE company = 'c1'; DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == nil && world.cell("name", of: "c2") != nil)
}

/// Earlier versions left a whole table, with its references.
@Test(arguments: ["figure_before_repair", "figure_before_repair_2"])
func whatAnEarlierRepairLeftIsDroppedWhenItRefersToARecord(_ table: String) async throws {
  let (world, one, _) = try await World.compared()
  let sql = "CREATE TABLE \(table) (company TEXT REFERENCES company (id), fax TEXT)"
  let wanted = "an earlier repair left the table \(table), which refers to company"
  try world.shell(sql)
  let city = #expect(throws: Failure.self) { try world.master.absorbNow() }
  #expect(city?.message.en.contains(wanted) == true && city?.message.zh.contains("请看过后删除该表") == true)
  try world.shell(one, sql)
  let county = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(county?.message.en.contains(wanted) == true)
  try world.shell("DROP TABLE \(table)")
  try world.shell(one, "DROP TABLE \(table)")
  try await world.settle()
}

@Test func aMasterThatIsRepairedWhileItRecoversStaysClosed() async throws {
  let (world, _, _) = try await World.compared()
  try world.restore(from: world.backup())
  try world.shell(copied + "UPDATE company SET phone = '9' WHERE id = 'c1'")
  let failure = #expect(throws: Failure.self) { try world.master.repair(adopting: true, actor: "li") }
  #expect(failure?.kind == .busy && failure?.message.en.contains("--set-back") == true)
  #expect(try world.master.repair(adopting: false, actor: "li").unlogged.count == 1)
  #expect(throws: (any Error).self) { try world.shell("UPDATE company SET phone = '9' WHERE id = 'c1'") }
  try await world.giveBack(world.replicas + world.replicas)
  try await world.settle()
  #expect(try world.cell("phone") == .text("11"))
}
