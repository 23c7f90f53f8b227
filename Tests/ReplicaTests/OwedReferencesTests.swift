import GRDB
import SQLiteStore
import Testing

/// Rows that miss what they refer to leave and come back. What is broken meanwhile is found as ever.
@Test(arguments: [false, true]) func whatIsBrokenWhileReferencesAreOwedIsFound(isBroken: Bool) throws {
  var configuration = Configuration()
  configuration.foreignKeysEnabled = false
  let database = try DatabaseQueue(configuration: configuration)
  try database.writeWithoutTransaction { db in
    try db.execute(
      sql: """
        CREATE TABLE park (id TEXT PRIMARY KEY);
        CREATE TABLE firm (id TEXT PRIMARY KEY, park TEXT REFERENCES park (id));
        INSERT INTO firm VALUES ('f1', 'gone'), ('f2', 'gone');
        PRAGMA foreign_keys = ON
        """)
  }
  func comeBack() throws {
    try database.write { db in
      try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      try owing(db, 2) {
        try db.execute(sql: "DELETE FROM firm; INSERT INTO firm VALUES ('f1', 'gone'), ('f2', 'gone')")
        if isBroken { try db.execute(sql: "INSERT INTO firm VALUES ('f3', 'nowhere')") }
      }
    }
  }
  if isBroken { #expect(throws: DatabaseError.self) { try comeBack() } } else { try comeBack() }
  #expect(try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM firm") } == 2)
}
