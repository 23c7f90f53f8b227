import GRDB
import SyncCore

// What a foreign tool may have done to a file: pages, constraints, and the tables, indexes and triggers that capture needs.
// A tool that copies, drops and renames a table takes its triggers away; that must never go unnoticed.

extension Schema {
  /// Everything that is wrong with the file. Reads every page.
  public func damage(_ db: Database, weakKeys: Bool) throws -> [Label] {
    let altered = try alteredObjects(db, weakKeys: weakKeys)
    var problems = try altered + foreignConstraints(db) + brokenPages(db)
    // Without its tables SQLite cannot check references.
    if !altered.isEmpty { return problems }
    for record in records { problems += try danglingReferences(db, record) }
    return problems
  }

  private func danglingReferences(_ db: Database, _ record: RecordSchema) throws -> [Label] {
    var problems: [Label] = []
    try db.each("PRAGMA foreign_key_check(\(record.table))") { row in
      guard let id = row[1] as Int64? else { return }
      // Of a record with several references the pragma says by its number which one it is.
      let names = try db.first(
        "SELECT \"from\" FROM pragma_foreign_key_list(?) WHERE id = ?", [.text(record.name), row.cell(3)])
      guard case .text(let name)? = names?.first, let column = record.index(of: name),
        let image = try db.first(
          "SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table) WHERE rowid = ?", [.integer(id)])
      else { return }
      let problem = FieldProblem(field: name, message: .missing(row[2], image[column]))
      problems.append(problem.label(of: RowRef(record.name, record.rowKey(of: image))))
    }
    return problems
  }

  /// What SQLite finds wrong with the file itself. Reads every page.
  public func brokenPages(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    try db.each("PRAGMA quick_check(10)") { row in
      let text = row[0] as String
      if text != "ok" { problems.append(Label(zh: "文件损坏:\(text)", en: "the file is damaged: \(text)")) }
    }
    return problems
  }

  /// Constraints of other programs, of which no other machine knows: what others enter or delete breaks them, and
  /// nothing is synced any more.
  public func foreignConstraints(_ db: Database) throws -> [Label] {
    try foreignReferences(db) + foreignUniques(db)
  }

  /// Tables of other programs that refer to a record by a foreign key. Such a key holds on to rows that others delete,
  /// or lets its own rows go with one that is only written anew.
  private func foreignReferences(_ db: Database) throws -> [Label] {
    var tables: [String] = []
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%REFERENCES%' ORDER BY name"
    try db.each(sql) { tables.append($0[0]) }
    // SQLite tells no names apart by their case.
    let mine = Dictionary(records.map { ($0.name.lowercased(), $0.name) }) { first, _ in first }
    return try tables.filter { mine[$0.lowercased()] == nil }.flatMap { table -> [Label] in
      var named: [String] = []
      try db.each("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?)", [.text(table)]) { named.append($0[0]) }
      return named.compactMap { mine[$0.lowercased()] }.sorted().map { foreignReference(table, to: $0) }
    }
  }

  private func foreignReference(_ table: String, to record: String) -> Label {
    // No erasure reaches what it holds: it is not to be kept.
    if isLeftByRepair(table) {
      return Label(
        zh: "早先的修复留下的表 \(table) 以外键引用 \(record),会妨碍收发;请看过后删除该表",
        en: "an earlier repair left the table \(table), which refers to \(record) by a foreign key and stops the sync; "
          + "look at it and drop it")
    }
    return Label(
      zh: "其他程序的表 \(table) 以外键引用 \(record),会妨碍收发或丢失其中的行;请重建该表,不带外键",
      en: "the table \(table) of another program refers to \(record) by a foreign key, which stops the sync or "
        + "loses its rows; make it anew without")
  }

  /// Unique indexes of other programs on the table of a record. SQLite begins the statement of each with these words.
  private func foreignUniques(_ db: Database) throws -> [Label] {
    let mine = Dictionary(records.map { ($0.name.lowercased(), $0.name) }) { first, _ in first }
    let ours = Set(records.flatMap { record in record.unique.map { record.indexName(unique: $0).lowercased() } })
    let sql =
      "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE INDEX %' ORDER BY name"
    var found: [Label] = []
    try db.each(sql) { row in
      let (table, index) = (row[0] as String, row[1] as String)
      guard let record = mine[table.lowercased()], !ours.contains(index.lowercased()) else { return }
      found.append(
        Label(
          zh: "其他程序在 \(record) 上建的唯一索引 \(index) 会妨碍收发;请删除该索引,确需唯一的请在模式中写 unique",
          en: "the unique index \(index) of another program on \(record) stops the sync; drop it, and declare in "
            + "the schema what has to be unique"))
    }
    return found
  }

  private func isLeftByRepair(_ table: String) -> Bool {
    records.contains { record in
      let name = record.name + "_before_repair"
      return table == name || table.hasPrefix(name + "_") && Int(table.dropFirst(name.count + 1)) != nil
    }
  }

  /// Refuses to write to a file with such a constraint.
  public func refuseForeignConstraints(_ db: Database) throws {
    if let first = try foreignConstraints(db).first { throw Failure(.data, zh: first.zh, en: first.en) }
  }

  /// Tables, indexes and triggers that are missing or not as the schema makes them, and rows that switch capture off.
  /// Reads only the file's schema and those rows.
  public func alteredObjects(_ db: Database, weakKeys: Bool) throws -> [Label] {
    var actual: [String: String] = [:]
    try db.each("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL") { row in
      actual[row[0] as String] = row[1] as String
    }
    var problems: [Label] = []
    for record in records {
      for (name, sql) in record.objects(weakKeys: weakKeys) where !isSame(actual[name], sql) {
        problems.append(
          actual[name] == nil
            ? Label(
              zh: "\(record.name):\(name) 被其他程序删除,此后的修改可能未被记录",
              en: "\(record.name): \(name) was removed by another program; edits since then may not be captured")
            : Label(
              zh: "\(record.name):\(name) 被其他程序改动", en: "\(record.name): \(name) was altered by another program"))
      }
    }
    // A flag left behind, or no clock: every trigger would be silent.
    let captures = "SELECT count(*) FROM sync_clock WHERE NOT EXISTS (SELECT 1 FROM sync_applying)"
    if problems.isEmpty, try db.integer(captures) != 1 {
      problems.append(
        Label(
          zh: "sync_clock 或 sync_applying 被其他程序改动,此后的修改可能未被记录",
          en: "sync_clock or sync_applying was altered by another program; edits since then may not be captured"))
    }
    return problems
  }
}

/// White space aside: SQLite writes a column that was added later after the one before it, on the same line.
private func isSame(_ actual: String?, _ sql: String) -> Bool {
  guard let actual else { return false }
  return actual == sql || actual.split(whereSeparator: \.isWhitespace) == sql.split(whereSeparator: \.isWhitespace)
}

extension RecordSchema {
  /// Every object of this record by name, with the statement that makes it. Spelled once: every sync compares them.
  func objects(weakKeys: Bool) -> [(name: String, sql: String)] {
    statements.objects(weakKeys: weakKeys) {
      objectSQL(weakKeys: weakKeys).compactMap { sql in
        // Every statement names its object as the first quoted word.
        let parts = sql.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? (String(parts[1]), sql) : nil
      }
    }
  }
}
