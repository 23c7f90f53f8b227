import CSQLite
import GRDB
import SyncCore

// Capture in pure SQL: one row of base values a changed row, so that any SQLite client is captured in its own transaction.
//
//   sync_existed  1: the row existed when replica and master last agreed; 0: it was inserted since
//   sync_mask     bit i: column i holds its base value here (sync_existed = 1)
//   sync_stamp, sync_actor            the last edit of the row
//   sync_stamp_i, sync_actor_i        the last edit of column i, where its policy is `latest`
//
// A trigger only widens: the first old value of a cell stays. What really is pending is base against current, compared
// when it is read, so a value set back, an ignored insert or a row captured in vain is not pending.
//
// REPLACE fires no delete trigger (recursive_triggers is off in a shell), so BEFORE triggers take the image of every row
// that a statement might remove through the key or a unique index.
//
// A whole image is taken in one place: by whoever inserts it into a view that never holds any. The programs of the other
// triggers stay short by that, and SQLite makes room for a program each time that its trigger is asked.

extension RecordSchema {
  var baseTableSQL: String {
    let keys = key.map { "\(quoted($0)) \(columnType($0)) NOT NULL" }
    let others = otherIndices.map { "\(quoted(fields[$0].name)) \(fields[$0].kind.storage)" }
    let latest = latestIndices.flatMap { ["sync_stamp_\($0) INTEGER", "sync_actor_\($0) TEXT"] }
    let state = [
      "sync_existed INTEGER NOT NULL", "sync_mask INTEGER NOT NULL", "sync_stamp INTEGER NOT NULL",
      "sync_actor TEXT NOT NULL",
    ]
    return """
      CREATE TABLE \(baseTable) (
        \((keys + others + state + latest).joined(separator: ", ")),
        PRIMARY KEY (\(keyColumns.joined(separator: ", ")))
      ) STRICT, WITHOUT ROWID
      """
  }

  private func columnType(_ name: String) -> String { field(name)?.kind.storage ?? "ANY" }

  /// The view that takes images, and the triggers.
  var captureSQL: [String] {
    let nothing = columns.map { _ in "NULL" }.joined(separator: ", ")
    let triggers = [
      trigger("image", "INSTEAD OF INSERT", on: imageView, [tick, image]),
      captureTrigger("before_insert", "BEFORE INSERT", when: anyRemoved(exceptKeyOf: nil), removed(exceptKeyOf: nil)),
      captureTrigger("insert", "AFTER INSERT", when: nil, [tick, insertion]),
      captureTrigger("update", "AFTER UPDATE", when: "\(sameKey) AND (\(anyDiffers))", [tick, update]),
      captureTrigger(
        "rekey", "AFTER UPDATE OF \(keyColumns.joined(separator: ", "))", when: "NOT (\(sameKey))",
        [deletion, forgetInsertion, tick, insertion]),
      captureTrigger("delete", "AFTER DELETE", when: nil, [deletion, forgetInsertion]),
      captureTrigger(
        "before_update", "BEFORE UPDATE OF \(watched)", when: anyRemoved(exceptKeyOf: "OLD"),
        removed(exceptKeyOf: "OLD")),
    ]
    let view = "CREATE VIEW \(imageView) (\(columns.joined(separator: ", "))) AS SELECT \(nothing) WHERE false"
    return [view] + triggers
  }

  private var watched: String {
    Set((unique.flatMap { $0 } + key).map(quoted)).sorted().joined(separator: ", ")
  }

  private func captureTrigger(_ suffix: String, _ event: String, when: String?, _ body: [String]) -> String {
    let captures = "NOT EXISTS (SELECT 1 FROM sync_applying)"
    return trigger(suffix, event, on: table, when: when.map { "\(captures) AND \($0)" } ?? captures, body)
  }

  private func trigger(
    _ suffix: String, _ event: String, on table: String, when: String? = nil, _ body: [String]
  ) -> String {
    """
    CREATE TRIGGER \(quoted("sync_capture_\(suffix)_\(name)")) \(event) ON \(table)\(when.map { "\nWHEN \($0)" } ?? "") BEGIN
      \(body.joined(separator: ";\n  "));
    END
    """
  }

  private var tick: String { clockTickSQL }

  private func bit(_ index: Int) -> Int64 { 1 << Int64(index) }

  // Bytes decide, not a collation that a tool may have declared.
  private func differs(_ index: Int) -> String {
    let name = quoted(fields[index].name)
    return "OLD.\(name) COLLATE BINARY IS NOT NEW.\(name)"
  }
  private var anyDiffers: String {
    otherIndices.isEmpty ? "0" : otherIndices.map(differs).joined(separator: " OR ")
  }
  private var sameKey: String { keyColumns.map { "OLD.\($0) COLLATE BINARY IS NEW.\($0)" }.joined(separator: " AND ") }

  private var keyList: String { keyColumns.joined(separator: ", ") }
  private var latestColumns: [String] { latestIndices.flatMap { ["sync_stamp_\($0)", "sync_actor_\($0)"] } }
  private func insertInto(_ columns: [String]) -> String {
    let state = ["sync_existed", "sync_mask", "sync_stamp", "sync_actor"]
    return "INSERT INTO \(baseTable) (\((keyColumns + columns + state + latestColumns).joined(separator: ", ")))"
  }
  private var others: [String] { otherIndices.map { quoted(fields[$0].name) } }
  private var allLatestNow: [String] { latestIndices.flatMap { _ in ["c.stamp", "c.actor"] } }
  private func select(_ values: [String], existed: Int, mask: String, latest: [String]) -> String {
    let state = ["\(existed)", mask, "c.stamp", "c.actor"]
    return "SELECT \((values + state + latest).joined(separator: ", "))"
  }
  private var editAssignments: [String] {
    ["sync_stamp = excluded.sync_stamp", "sync_actor = excluded.sync_actor"]
      + latestColumns.map { "\($0) = coalesce(excluded.\($0), \($0))" }
  }
  /// Keeps the base values that are there and fills in the others.
  private func widen(_ mask: String) -> String {
    let keep = otherIndices.map { index in
      let name = quoted(fields[index].name)
      return "\(name) = CASE WHEN sync_mask & \(bit(index)) THEN \(name) ELSE excluded.\(name) END"
    }
    return (keep + ["sync_mask = \(mask)"] + editAssignments).joined(separator: ", ")
  }

  private var insertion: String {
    insertInto([]) + " " + select(keyColumns.map { "NEW.\($0)" }, existed: 0, mask: "0", latest: allLatestNow)
      + " FROM sync_clock c WHERE true ON CONFLICT (\(keyList)) DO UPDATE SET \(editAssignments.joined(separator: ", "))"
  }

  private var update: String {
    let values =
      keyColumns.map { "OLD.\($0)" }
      + otherIndices.map { "CASE WHEN \(differs($0)) THEN OLD.\(quoted(fields[$0].name)) END" }
    let mask = otherIndices.map { "CASE WHEN \(differs($0)) THEN \(bit($0)) ELSE 0 END" }.joined(separator: " | ")
    let latest = latestIndices.flatMap { index in
      ["stamp", "actor"].map { "CASE WHEN \(differs(index)) THEN c.\($0) END" }
    }
    // A row inserted since the last agreement has no base to keep.
    let set = "SET " + widen("CASE sync_existed WHEN 1 THEN sync_mask | excluded.sync_mask ELSE 0 END")
    return insertInto(others) + " " + select(values, existed: 1, mask: mask.isEmpty ? "0" : mask, latest: latest)
      + " FROM sync_clock c WHERE true ON CONFLICT (\(keyList)) DO UPDATE \(set)"
  }

  /// Keeps a whole row, unless it has no base.
  private var image: String {
    let values = (keyColumns + others).map { "NEW.\($0)" }
    // What is gone needs no stamps of single cells.
    let row = select(values, existed: 1, mask: "\(fullMask)", latest: latestColumns.map { _ in "NULL" })
    return insertInto(others) + " " + row + " FROM sync_clock c WHERE true"
      + " ON CONFLICT (\(keyList)) DO UPDATE SET \(widen("\(fullMask)")) WHERE sync_existed = 1"
  }

  private var deletion: String {
    "INSERT INTO \(imageView) VALUES (\(columns.map { "OLD.\($0)" }.joined(separator: ", ")))"
  }

  /// Inserted and deleted again: nothing pending.
  private var forgetInsertion: String {
    "DELETE FROM \(baseTable) WHERE sync_existed = 0 AND "
      + keyColumns.map { "\($0) = OLD.\($0)" }.joined(separator: " AND ")
  }

  /// Takes the image of each row that REPLACE would remove, one statement an index.
  private func removed(exceptKeyOf old: String?) -> [String] {
    #if MUTANTS
      if Mutant.missesReplace.isActive { return ["SELECT 1"] }
    #endif
    let values = columns.map { "r.\($0)" }.joined(separator: ", ")
    return removals(exceptKeyOf: old).map { "INSERT INTO \(imageView) SELECT \(values) FROM \(table) r WHERE \($0)" }
  }

  /// Whether there is any.
  private func anyRemoved(exceptKeyOf old: String?) -> String {
    let tests = removals(exceptKeyOf: old).map { "EXISTS (SELECT 1 FROM \(table) r WHERE \($0))" }
    return "(" + tests.joined(separator: " OR ") + ")"
  }

  /// What a row `r` is like that REPLACE would remove, one condition an index.
  private func removals(exceptKeyOf old: String?) -> [String] {
    let except =
      old.map { old in " AND NOT (" + keyColumns.map { "r.\($0) IS \(old).\($0)" }.joined(separator: " AND ") + ")" }
      ?? ""
    return ([key] + unique).map { set in
      set.map { "r.\(quoted($0)) = NEW.\(quoted($0))" }.joined(separator: " AND ") + except
    }
  }
}

/// The stamp after this one: never back, never behind a stamp that the file has seen (I7).
private func nextStampSQL(_ last: String) -> String {
  "max(\(last) + 1, CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) << 16)"
}
/// Moves the clock of this file on.
let clockTickSQL = "UPDATE sync_clock SET stamp = " + nextStampSQL("stamp")

/// The tables that capture needs once a file.
public func createCaptureTables(_ db: Database, actor: String) throws {
  try db.execute(
    sql: """
      CREATE TABLE sync_clock (
        id INTEGER PRIMARY KEY CHECK (id = 1), stamp INTEGER NOT NULL, actor TEXT NOT NULL, default_actor TEXT NOT NULL
      ) STRICT;
      CREATE TABLE sync_applying (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;
      """)
  try db.run("INSERT INTO sync_clock VALUES (1, 0, ?, ?)", [.text(actor), .text(actor)])
}

/// Runs changes that must not be captured: those that the master made. Only inside a transaction, which hides the flag.
/// - Parameter rows: how many rows are written. For many no trigger is run, when only ours are there: they have nothing to do
///   now, and asking each is a third of the time.
public func applying<T>(_ db: Database, rows: Int = 1, _ body: () throws -> T) throws -> T {
  if try db.integer("SELECT 1 FROM sync_applying") != nil { return try body() }
  if rows >= 1000, let handle = db.sqliteConnection, try !db.hasOtherTriggers() {
    _ = csqlite_db_config_flag(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    defer { _ = csqlite_db_config_flag(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1) }
    return try body()
  }
  try db.run("INSERT INTO sync_applying VALUES (1)")
  let result = try body()
  try db.run("DELETE FROM sync_applying")
  return result
}

extension Database {
  /// Whether an application has triggers of its own in the file, or on this connection.
  fileprivate func hasOtherTriggers() throws -> Bool {
    let sql = """
      SELECT 1 FROM main.sqlite_schema WHERE \(isForeignTrigger)
      UNION ALL SELECT 1 FROM temp.sqlite_schema WHERE type = 'trigger'
      """
    return try first(sql) != nil
  }
}

/// Runs edits in the name of an actor. Only inside a transaction.
public func acting<T>(_ db: Database, as actor: String?, _ body: () throws -> T) throws -> T {
  guard let actor else { return try body() }
  try db.run("UPDATE sync_clock SET actor = ?", [.text(actor)])
  let result = try body()
  try db.run("UPDATE sync_clock SET actor = default_actor")
  return result
}

/// The stamp of an event now, and the clock moved to it.
public func tick(_ db: Database, milliseconds: Int64) throws -> Stamp {
  let last = Stamp(raw: try db.integer("SELECT stamp FROM sync_clock") ?? 0)
  let stamp = last.next(at: milliseconds)
  try db.run("UPDATE sync_clock SET stamp = ?", [.integer(stamp.raw)])
  return stamp
}
