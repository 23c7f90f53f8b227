import GRDB
import SyncCore

/// Conflicts and their contenders, in the same two tables on the master and on every replica.
public enum ConflictTables {
  public static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE sync_conflict (
          id INTEGER PRIMARY KEY, record TEXT NOT NULL, key BLOB NOT NULL, field TEXT, base ANY, master ANY,
          state TEXT NOT NULL, policy TEXT NOT NULL, version INTEGER NOT NULL, opened_at INTEGER NOT NULL,
          choice TEXT, contender INTEGER, value ANY, reason TEXT, decided_by TEXT, decided_at INTEGER
        ) STRICT;
        CREATE INDEX sync_conflict_of_row ON sync_conflict (record, key);
        CREATE INDEX sync_conflict_waiting ON sync_conflict (state) WHERE state IN ('open', 'proposed');
        CREATE TABLE sync_contender (
          conflict INTEGER NOT NULL, id INTEGER NOT NULL, value ANY, deletes INTEGER NOT NULL, replica TEXT NOT NULL,
          actor TEXT NOT NULL, edited_at INTEGER NOT NULL, received_at INTEGER NOT NULL, PRIMARY KEY (conflict, id)
        ) STRICT, WITHOUT ROWID;
        """)
  }

  /// Writes the conflict without its contenders.
  public static func write(_ db: Database, _ conflict: Conflict) throws { try db.run(writing, conflict.row) }

  public static func write(_ db: Database, _ contender: Contender, of conflict: Int64) throws {
    try db.run(adding, contender.row(of: conflict))
  }

  private static let writing = """
    INSERT INTO sync_conflict (\(Conflict.columns.joined(separator: ", "))) VALUES (\(placeholders(Conflict.columns.count)))
    ON CONFLICT (id) DO UPDATE SET \(Conflict.columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
    """
  /// What a contender had is known once the row is seen (I4), and does not change; of what an erasure took here the city may
  /// have kept a new value (E7).
  private static let adding = """
    INSERT INTO sync_contender (\(Contender.columns.joined(separator: ", ")))
    VALUES (\(placeholders(Contender.columns.count)))
    ON CONFLICT (conflict, id) DO UPDATE SET value = excluded.value
      WHERE value IS NULL OR value = '\(Field.erasedText)' AND excluded.value IS NOT NULL
    """

  /// The conflict of that number, with its contenders; nil: there is none.
  public static func find(_ db: Database, _ id: Int64) throws -> Conflict? {
    try read(db, where: "id = ?", [.integer(id)]).first
  }

  /// Conflicts that satisfy the SQL condition, in the order of their ids, with their contenders.
  public static func read(_ db: Database, where condition: String = "true", _ arguments: [Value] = []) throws
    -> [Conflict]
  {
    let columns = Conflict.columns.joined(separator: ", ")
    var conflicts: [Conflict] = []
    try db.each("SELECT \(columns) FROM sync_conflict WHERE \(condition) ORDER BY id", arguments) { row in
      if let conflict = Conflict(row: row.cells(0..<Conflict.columns.count)) { conflicts.append(conflict) }
    }
    for index in conflicts.indices {
      let sql = "SELECT \(Contender.columns.joined(separator: ", ")) FROM sync_contender WHERE conflict = ? ORDER BY id"
      try db.each(sql, [.integer(conflicts[index].id)]) { row in
        if let contender = Contender(row: row.cells(0..<Contender.columns.count)) {
          conflicts[index].contenders.append(contender)
        }
      }
    }
    return conflicts
  }
}
