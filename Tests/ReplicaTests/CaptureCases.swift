/// What a foreign tool does to the rows of `World.settled`, and what is pending afterwards.
struct CaptureCase: CustomStringConvertible, Sendable {
  var description: String
  var sql: String
  var pending: [String]

  init(_ name: String, _ sql: String, _ pending: String...) {
    description = name
    self.sql = sql
    self.pending = pending
  }
}

let captureCases = [
  // One row.
  CaptureCase("insert", "INSERT INTO company (id, office) VALUES ('c9', 'A')", "+ company c9 office=A"),
  CaptureCase("update", "UPDATE company SET name = '丙', staff = 6 WHERE id = 'c1'", "~ company c1 name 甲→丙, staff 5→6"),
  CaptureCase("delete", "DELETE FROM figure", "- figure c1,2025"),
  CaptureCase(
    "the first old value stays",
    "UPDATE company SET staff = 6 WHERE id = 'c1'; UPDATE company SET staff = 8 WHERE id = 'c1'",
    "~ company c1 staff 5→8"),
  CaptureCase(
    "a second cell widens",
    "UPDATE company SET staff = 6 WHERE id = 'c1'; UPDATE company SET name = '丙' WHERE id = 'c1'",
    "~ company c1 name 甲→丙, staff 5→6"),
  CaptureCase(
    "set back", "UPDATE company SET staff = 6; UPDATE company SET staff = 5 WHERE id = 'c1'", "~ company c2 staff 7→6"),
  CaptureCase("nothing changed", "UPDATE company SET staff = staff, name = name"),
  CaptureCase(
    "insert then delete", "INSERT INTO company (id, office) VALUES ('c9', 'A'); DELETE FROM company WHERE id = 'c9'"),
  CaptureCase(
    "insert, delete, insert",
    """
    INSERT INTO figure VALUES ('c1', 2026, 1, NULL); DELETE FROM figure WHERE year = 2026;
    INSERT INTO figure VALUES ('c1', 2026, 2, NULL)
    """, "+ figure c1,2026 sales=2"),
  CaptureCase(
    "insert then update",
    "INSERT INTO figure VALUES ('c1', 2026, 1, NULL); UPDATE figure SET sales = 2 WHERE year = 2026",
    "+ figure c1,2026 sales=2"),
  CaptureCase("update then delete", "UPDATE figure SET sales = 1; DELETE FROM figure", "- figure c1,2025"),
  CaptureCase(
    "delete then insert", "DELETE FROM figure; INSERT INTO figure VALUES ('c1', 2025, 100, 'n')",
    "~ figure c1,2025 note NULL→n"),
  CaptureCase("delete then insert the same", "DELETE FROM figure; INSERT INTO figure VALUES ('c1', 2025, 100, NULL)"),

  // REPLACE, IGNORE and upsert.
  CaptureCase(
    "replace by key", "INSERT OR REPLACE INTO figure VALUES ('c1', 2025, 120, NULL)", "~ figure c1,2025 sales 100→120"),
  CaptureCase("replace by the same", "REPLACE INTO figure VALUES ('c1', 2025, 100, NULL)"),
  CaptureCase(
    "replace an edited row", "UPDATE figure SET sales = 1; REPLACE INTO figure VALUES ('c1', 2025, 100, 'n')",
    "~ figure c1,2025 note NULL→n"),
  CaptureCase(
    "replace a new row",
    "INSERT INTO figure VALUES ('c1', 2026, 1, NULL); REPLACE INTO figure VALUES ('c1', 2026, 2, NULL)",
    "+ figure c1,2026 sales=2"),
  CaptureCase(
    "replace removes another row", "REPLACE INTO company (id, office, code) VALUES ('c9', 'A', '2')", "- company c2",
    "+ company c9 office=A code=2"),
  CaptureCase(
    "replace removes two rows", "REPLACE INTO company (id, office, code, name, staff) VALUES ('c1', 'A', '2', '甲', 5)",
    "~ company c1 code 1→2", "- company c2"),
  CaptureCase(
    "replace removes a new row",
    """
    INSERT INTO company (id, office, code) VALUES ('c8', 'A', '8');
    REPLACE INTO company (id, office, code) VALUES ('c9', 'A', '8')
    """, "+ company c9 office=A code=8"),
  CaptureCase(
    "replace removes an edited row",
    "UPDATE company SET staff = 9 WHERE id = 'c2'; REPLACE INTO company (id, office, code) VALUES ('c9', 'A', '2')",
    "- company c2", "+ company c9 office=A code=2"),
  CaptureCase(
    "update or replace", "UPDATE OR REPLACE company SET code = '2' WHERE id = 'c1'", "~ company c1 code 1→2",
    "- company c2"),
  CaptureCase(
    "update or replace by key", "DELETE FROM figure; UPDATE OR REPLACE company SET id = 'c2' WHERE id = 'c1'",
    "- company c1", "~ company c2 code 2→1, name 乙→甲, staff 7→5", "- figure c1,2025"),
  CaptureCase("insert or ignore", "INSERT OR IGNORE INTO company (id, office, name) VALUES ('c1', 'A', '丙')"),
  CaptureCase("insert or ignore by unique", "INSERT OR IGNORE INTO company (id, office, code) VALUES ('c9', 'A', '1')"),
  CaptureCase(
    "ignored, then edited",
    "INSERT OR IGNORE INTO company (id, office) VALUES ('c1', 'A'); UPDATE company SET staff = 6 WHERE id = 'c1'",
    "~ company c1 staff 5→6"),
  CaptureCase(
    "upsert by key",
    "INSERT INTO figure VALUES ('c1', 2025, 1, 'n') ON CONFLICT (company, year) DO UPDATE SET sales = sales + excluded.sales",
    "~ figure c1,2025 sales 100→101"),
  CaptureCase(
    "upsert by unique",
    "INSERT INTO company (id, office, code, name) VALUES ('c9', 'A', '1', '丙') ON CONFLICT (code) DO UPDATE SET name = excluded.name",
    "~ company c1 name 甲→丙"),
  CaptureCase("upsert that does nothing", "INSERT INTO figure VALUES ('c1', 2025, 1, 'n') ON CONFLICT DO NOTHING"),

  // Several rows.
  CaptureCase(
    "update from", "UPDATE company SET staff = f.sales FROM figure f WHERE f.company = company.id",
    "~ company c1 staff 5→100"),
  CaptureCase(
    "insert from select", "INSERT INTO figure SELECT id, 2026, staff, NULL FROM company", "+ figure c1,2026 sales=5",
    "+ figure c2,2026 sales=7"),
  CaptureCase(
    "changed key", "UPDATE company SET id = 'c3' WHERE id = 'c2'", "- company c2",
    "+ company c3 office=A code=2 name=乙 staff=7"),
  CaptureCase("changed key, and back", "UPDATE figure SET year = 2024; UPDATE figure SET year = 2025"),
  CaptureCase(
    "changed key of a new row",
    "INSERT INTO figure VALUES ('c1', 2026, 1, NULL); UPDATE figure SET year = 2027 WHERE year = 2026",
    "+ figure c1,2027 sales=1"),
  CaptureCase(
    "swapped unique values",
    """
    BEGIN; UPDATE company SET code = NULL WHERE id = 'c1'; UPDATE company SET code = '1' WHERE id = 'c2';
    UPDATE company SET code = '2' WHERE id = 'c1'; COMMIT
    """, "~ company c1 code 1→2", "~ company c2 code 2→1"),
  CaptureCase("rollback", "BEGIN; UPDATE company SET staff = 6; DELETE FROM figure; ROLLBACK"),
  CaptureCase(
    "savepoint rollback",
    """
    BEGIN; UPDATE company SET staff = 6 WHERE id = 'c1'; SAVEPOINT s; UPDATE company SET staff = 9, name = '丙';
    ROLLBACK TO s; COMMIT
    """, "~ company c1 staff 5→6"),

  // Values.
  CaptureCase("empty is not NULL", "UPDATE figure SET note = ''", "~ figure c1,2025 note NULL→''"),
  CaptureCase(
    "case", "UPDATE figure SET note = 'a'; UPDATE company SET name = 'a', code = 'A' WHERE id = 'c1'",
    "~ company c1 code 1→A, name 甲→a", "~ figure c1,2025 note NULL→a"),
  CaptureCase("64 bits", "UPDATE figure SET sales = 9007199254740993", "~ figure c1,2025 sales 100→9007199254740993"),
  CaptureCase(
    "the ends of 64 bits",
    "UPDATE company SET first = -9223372036854775808, peak = 9223372036854775807 WHERE id = 'c1'",
    "~ company c1 first NULL→-9223372036854775808, peak NULL→9223372036854775807"),
  CaptureCase("emoji", "UPDATE figure SET note = '👩‍👩‍👧𠮷'", "~ figure c1,2025 note NULL→👩‍👩‍👧𠮷"),
]
