import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An application keeps tables of its own by triggers of its own, whatever they are called.

extension RecordStore {
  fileprivate func audited() throws -> Int64? { try read { try $0.integer("SELECT count(*) FROM audit") } }
}

private func audit(_ event: String) -> String {
  """
  CREATE TABLE audit (company TEXT);
  CREATE TRIGGER sync_mine AFTER \(event) ON company BEGIN INSERT INTO audit VALUES (new.id); END;
  """
}

@Test func anApplicationsTriggerIsNoneOfOursToTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  let index = "CREATE INDEX sync_mine_by_staff ON company (staff);"
  try world.shell(one, audit("UPDATE") + index + "ALTER TABLE company ADD COLUMN fax TEXT")
  #expect(try one.repair().count == 1)
  let theirs = "SELECT count(*) FROM sqlite_master WHERE tbl_name = 'company' AND name LIKE 'sync_mine%'"
  #expect(try one.read { try $0.integer(theirs) } == 2)
  #expect(try await world.found(one) == [])
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  #expect(try one.audited() == 1)
  try await world.settle()
}

/// An index by them finds the rows that it found before. A tool has used up the usual name.
@Test func theNumbersOfRowsOutliveTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(
    one,
    """
    DELETE FROM figure WHERE company = 'c1'; DELETE FROM company WHERE id = 'c1';
    ALTER TABLE company ADD COLUMN fax TEXT; ALTER TABLE company ADD COLUMN rowid TEXT
    """)
  let numbers = "SELECT group_concat(oid || ' ' || id) FROM company"
  let before = try one.read { try $0.first(numbers) }
  try one.repair()
  #expect(try one.read { try $0.first(numbers) } == before)
  #expect(try await world.found(one) == [])
  try await world.settle()
}

/// So many rows that none of ours is asked.
@Test func anApplicationsTriggerIsNoneOfOursToALargePull() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, audit("INSERT"))
  try world.shell(
    two,
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO company (id, office) SELECT 'n' || i, 'A' FROM n
    """)
  for replica in [two, one] { try await world.sync(replica) }
  #expect(try one.audited() == 1000)
  try await world.settle()
}

private struct Writing: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  /// What the comparison finds, and what the city has in the end.
  var found: String
  var id: String
  var cells: [String: Value]
}

private let tidying = """
  CREATE TRIGGER mine AFTER INSERT ON company BEGIN UPDATE company SET address = 'seen' WHERE id = new.id; END;
  INSERT INTO company (id, office, code, name) VALUES ('c9', 'A', '99', '新')
  """

private let writings = [
  Writing(
    testDescription: "a cell of a row that was entered", sql: tidying, found: "+ company c9", id: "c9",
    cells: ["name": .text("新"), "code": .text("99"), "address": .text("seen")]),
  Writing(
    testDescription: "the cell that was typed",
    sql: """
      CREATE TRIGGER mine AFTER UPDATE OF phone ON company WHEN new.phone LIKE '% ' BEGIN
        UPDATE Company SET phone = rtrim(new.phone) WHERE id = new.id;
      END;
      UPDATE company SET phone = '12 ' WHERE id = 'c1'
      """, found: "~ company c1 phone", id: "c1", cells: ["name": .text("甲"), "phone": .text("12")]),
  Writing(
    testDescription: "a cell of a row whose key was changed",
    sql: """
      CREATE TRIGGER mine AFTER UPDATE ON company BEGIN UPDATE company SET address = 'seen' WHERE id = new.id; END;
      UPDATE company SET id = 'c4' WHERE id = 'c3'
      """, found: "+ company c4", id: "c4", cells: ["name": .text("丙"), "address": .text("seen")]),
]

/// It is asked before ours, which find the row as it has left it.
@Test(arguments: writings)
private func anApplicationsTriggerThatWritesToARecordStopsTheSyncUntilTheRepair(_ test: Writing) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, test.sql)
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  let told = "company: the trigger mine of another program writes to company, and what is entered is captured wrongly"
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix(told) == true)
  #expect(try one.verify().map(\.en) == [told])
  let done = try one.repair().map(\.en)
  #expect(done.count == 1 && done[0].contains("It was: CREATE TRIGGER mine"))
  // What was entered meanwhile is not as it was captured.
  await #expect(throws: Failure.self) { try await world.sync(one) }
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == [test.found])
  try one.adopt(comparison, actor: "li")
  try await world.settle()
  for (field, value) in test.cells { #expect(try world.cell(field, of: test.id) == value) }
  #expect(try world.master.conflicts([.open]).isEmpty)
}

/// A row of which the log had one cell could never be replayed.
@Test func aTriggerInTheMasterThatWritesToARecordStopsTheCityUntilTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(tidying)
  try world.shell(one, "UPDATE company SET code = '11' WHERE id = 'c1'")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  let told = "company: the trigger mine of another program writes to company"
  #expect(failure?.message.en.contains("run city repair: \(told)") == true)
  #expect(try world.master.verify().contains { $0.en.hasPrefix(told) })
  #expect(try !world.master.repair(adopting: nil, actor: "li").isRepaired)
  let report = try world.master.repair(adopting: true, actor: "li")
  #expect(report.done.count == 1 && report.unlogged.map(\.kind) == [.added])
  #expect(try world.master.verifyReplay().map(\.en) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c9") == .text("新") && world.cell("address", of: "c9") == .text("seen"))
}

@Test(arguments: [
  ("INSERT OR REPLACE INTO [Company] (id, office) VALUES ('x', 'A')", true),
  ("UPDATE OR IGNORE \"figure\" SET sales = 1", true), ("DELETE /* all */ FROM `company`", true),
  ("REPLACE INTO 'office' (code) VALUES ('A')", true),
  ("INSERT INTO audit SELECT id FROM company -- UPDATE company", false),
  ("INSERT INTO audit VALUES ('it''s: UPDATE company')", false),
  ("DELETE FROM audit WHERE company IN (SELECT id FROM company)", false),
])
func whatATriggerWritesToIsToldByItsStatements(statement: String, isRefused: Bool) async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(
    one,
    "CREATE TABLE audit (company TEXT); CREATE TRIGGER mine AFTER INSERT ON Company BEGIN \(statement)\n; END")
  #expect(try one.verify().count == (isRefused ? 1 : 0))
}

/// A backup of before such triggers were refused.
@Test func aBackupWithATriggerThatWritesToARecordIsRestored() async throws {
  let (world, one, two) = try await World.twoMachines()
  let file = try world.backup()
  try world.shell(file, "CREATE TRIGGER mine AFTER INSERT ON company BEGIN UPDATE company SET address = 'seen'; END")
  try world.restore(from: file)
  #expect(throws: Failure.self) { try world.master.absorbNow() }
  #expect(try world.master.repair(adopting: nil, actor: "li").done.count == 1)
  try await world.giveBack([one, two, one])
  try await world.settle()
}
