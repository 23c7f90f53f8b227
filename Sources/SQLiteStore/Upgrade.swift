import GRDB
import SyncCore

// A later version of a schema in a file that holds an earlier one. Records get their columns where SQLite adds them, after
// the others, and no row is written; what a record says besides is triggers and indexes. Nothing of it is captured.

extension Schema {
  /// Makes the objects of an earlier version those of this one, which adds to it. Inside a transaction.
  /// Throws `Failure(.data)` when something of another program's has the name of what is new.
  public func upgradeTables(_ db: Database, from old: Schema, weakKeys: Bool) throws {
    try assertNamesAreFree(db, since: old, weakKeys: weakKeys)
    for record in records {
      if let before = old.record(record.name) {
        try record.upgradeTables(db, from: before, weakKeys: weakKeys)
      } else {
        for sql in record.objectSQL(weakKeys: weakKeys) { try db.execute(sql: sql) }
      }
    }
  }

  private func assertNamesAreFree(_ db: Database, since old: Schema, weakKeys: Bool) throws {
    let had = Set(old.records.flatMap { $0.objects(weakKeys: weakKeys).map(\.name) })
    // SQLite tells no names apart by their case.
    let find = "SELECT type, name FROM sqlite_master WHERE name = ? COLLATE NOCASE"
    for record in records {
      for (name, _) in record.objects(weakKeys: weakKeys) where !had.contains(name) {
        guard let found = try db.first(find, [.text(name)]), case .text(let kind) = found[0],
          case .text(let other) = found[1]
        else { continue }
        throw Failure(
          .data,
          zh: "其他程序在本文件中建的 \(other)(\(kind))与模式第 \(version) 版的 \(name) 重名;"
            + "请将其改名后再试,未作任何更改",
          en: "the \(kind) \(other) that another program made in this file has a name that version \(version) "
            + "of the schema needs; rename it and try again, nothing was changed")
      }
    }
  }

  /// Refuses to upgrade a file whose tables or triggers another program altered: it would be hidden.
  public func assertUnaltered(_ db: Database, weakKeys: Bool) throws {
    guard let first = try alteredObjects(db, weakKeys: weakKeys).first else { return }
    throw Failure(
      .data, zh: first.zh + ";未作升级,请运行 verify", en: first.en + "; nothing was upgraded, run verify")
  }
}

extension RecordSchema {
  fileprivate func upgradeTables(_ db: Database, from old: RecordSchema, weakKeys: Bool) throws {
    let had = old.objects(weakKeys: weakKeys)
    let wanted = objects(weakKeys: weakKeys)
    let kept = Set(had.map(\.sql)).intersection(wanted.map(\.sql))
    // First what names the columns of the tables. A view takes its trigger along.
    for kind in ["TRIGGER", "VIEW"] {
      for (name, sql) in had where !kept.contains(sql) && sql.hasPrefix("CREATE \(kind)") {
        try db.execute(sql: "DROP \(kind) IF EXISTS \(quoted(name))")
      }
    }
    try addColumns(db, since: old, weakKeys: weakKeys)
    if fields.count > old.fields.count { try upgradeBase(db, from: old) }
    for (_, sql) in wanted where !kept.contains(sql) && !sql.hasPrefix("CREATE TABLE") { try db.execute(sql: sql) }
  }

  /// SQLite would check every row that is there by every check of the table, and a row that is held back may break one.
  private func addColumns(_ db: Database, since old: RecordSchema, weakKeys: Bool) throws {
    if fields.count == old.fields.count { return }
    try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
    defer { try? db.execute(sql: "PRAGMA ignore_check_constraints = OFF") }
    for index in fields.indices.dropFirst(old.fields.count) {
      try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(columnSQL(index, weakKeys: weakKeys))")
    }
  }

  /// A row that is gone is known whole: it had nothing in the new columns.
  private func upgradeBase(_ db: Database, from old: RecordSchema) throws {
    try rebuildTable(db, "sync_base_\(name)", as: baseTableSQL)
    let whole = old.fullMask
    try db.execute(
      sql: """
        UPDATE \(baseTable) SET sync_mask = sync_mask | \(fullMask & ~whole)
        WHERE sync_existed = 1 AND sync_mask & \(whole) = \(whole)
        """)
  }
}

/// Makes a table anew and moves its rows over by the names of their columns. For the tables of what is pending, whose columns
/// do not end with those of the record: they have a row for each touched row only.
public func rebuildTable(_ db: Database, _ name: String, as sql: String) throws {
  let columns = try db.columns(in: name).map { quoted($0.name) }.joined(separator: ", ")
  try db.execute(
    sql: """
      CREATE TABLE sync_moving AS SELECT \(columns) FROM \(quoted(name));
      DROP TABLE \(quoted(name));
      \(sql);
      INSERT INTO \(quoted(name)) (\(columns)) SELECT \(columns) FROM sync_moving;
      DROP TABLE sync_moving;
      """)
}
