import GRDB
import SyncCore

// The DDL of a record: a STRICT table with real keys, foreign keys and unique indexes.

extension RecordSchema {
  /// - Parameter weakKeys: whether weak references get a foreign key (master) or not (replica).
  func tableSQL(weakKeys: Bool) -> [String] {
    let definitions = fields.indices.map { columnSQL($0, weakKeys: weakKeys) }
    let table = """
      CREATE TABLE \(table) (
        \(definitions.joined(separator: ",\n  ")),
        PRIMARY KEY (\(keyColumns.joined(separator: ", ")))
      ) STRICT
      """
    let uniques = unique.map { set in
      "CREATE UNIQUE INDEX \(quoted(indexName(unique: set))) ON \(self.table)"
        + " (\(set.map(quoted).joined(separator: ", ")))"
    }
    let references = indexedReferences.map { field in
      "CREATE INDEX \(quoted(indexName(reference: field.name))) ON \(self.table) (\(quoted(field.name)))"
    }
    return [table] + uniques + references
  }

  func columnSQL(_ index: Int, weakKeys: Bool) -> String {
    let field = fields[index]
    let name = quoted(field.name)
    // INT and not INTEGER: a key of type INTEGER would be the rowid, which SQLite numbers by itself.
    let type = isKey(index) && field.kind.storage == "INTEGER" ? "INT" : field.kind.storage
    var sql = "\(name) \(type)"
    if field.required || isKey(index) { sql += " NOT NULL" }
    if type == "TEXT" { sql += " CHECK (instr(CAST(\(name) AS BLOB), x'00') = 0)" }
    if let reference = field.reference, weakKeys || !field.weak {
      sql += " REFERENCES \(quoted(reference.record)) (\(quoted(reference.field)))"
    }
    return sql
  }

  /// Checks that a later version may widen live in triggers, so that widening rebuilds no table.
  func checkTriggerSQL() -> [String] {
    let tests = fields.flatMap { field in
      refusals(of: field).map { refusal in
        "SELECT RAISE(ABORT, \(literal("\(name).\(field.name): \(refusal.reason)"))) WHERE \(refusal.condition);"
      }
    }
    if tests.isEmpty { return [] }
    return ["INSERT", "UPDATE"].map { event in
      """
      CREATE TRIGGER \(quoted("sync_check_\(event.lowercased())_\(name)")) BEFORE \(event) ON \(table) BEGIN
        \(tests.joined(separator: "\n  "))
      END
      """
    }
  }

  /// On a replica, rows that are only ever added may be mended until they are sent, by whatever tool.
  func appendTriggerSQL() -> [String] {
    guard rules.append else { return [] }
    let isNew =
      "SELECT 1 FROM \(baseTable) WHERE sync_existed = 0 AND "
      + keyColumns.map { "\($0) = OLD.\($0)" }.joined(separator: " AND ")
    return ["UPDATE", "DELETE"].map { event in
      """
      CREATE TRIGGER \(quoted("sync_append_\(event.lowercased())_\(name)")) BEFORE \(event) ON \(table)
      WHEN NOT EXISTS (SELECT 1 FROM sync_applying) AND NOT EXISTS (\(isNew)) BEGIN
        SELECT RAISE(ABORT, \(literal("\(name): rows are only ever added")));
      END
      """
    }
  }

  /// Every statement that makes the record's objects in a store, in order.
  func objectSQL(weakKeys: Bool) -> [String] {
    tableSQL(weakKeys: weakKeys) + checkTriggerSQL() + (weakKeys ? [] : appendTriggerSQL()) + [baseTableSQL]
      + captureSQL
  }

  private func refusals(of field: Field) -> [(condition: String, reason: String)] {
    let value = "NEW.\(quoted(field.name))"
    var list: [(String, String)] = []
    if let values = field.check.values {
      let allowed = values.map { literal($0.value) }.joined(separator: ", ")
      list.append(("\(value) NOT IN (\(allowed))", "must be one of \(values.map(\.value).joined(separator: ", "))"))
    }
    if let min = field.check.min { list.append(("\(value) < \(min)", "must be at least \(min)")) }
    if let max = field.check.max { list.append(("\(value) > \(max)", "must be at most \(max)")) }
    if let most = field.check.maxLength { list.append(("length(\(value)) > \(most)", "is longer than \(most)")) }
    if field.kind == .boolean { list.append(("\(value) NOT IN (0, 1)", "must be 0 or 1")) }
    if field.kind == .date {
      // The modifier makes SQLite compute the day, so that 02-30 comes out as another one.
      list.append(("\(value) IS NOT date(\(value), '+0 days') AND \(value) IS NOT NULL", "must be a date YYYY-MM-DD"))
    }
    return list
  }
}

extension Schema {
  /// Everything that a store needs for its records: tables, checks, base images and capture triggers.
  public func createTables(_ db: Database, weakKeys: Bool) throws {
    for record in records {
      for (_, sql) in record.objects(weakKeys: weakKeys) { try db.execute(sql: sql) }
    }
  }
}
