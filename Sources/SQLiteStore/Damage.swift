import GRDB
import SyncCore

// What a foreign tool may have done to a file: pages, constraints, and the tables, indexes and triggers that capture needs.
// A tool that copies, drops and renames a table takes its triggers away; that must never go unnoticed.

extension Schema {
  /// Everything that is wrong with the file. Reads every page.
  public func damage(_ db: Database, weakKeys: Bool) throws -> [Label] {
    let altered = try alteredObjects(db, weakKeys: weakKeys)
    var problems = try altered + writingTriggers(db) + foreignConstraints(db, weakKeys: weakKeys)
    problems += try foreignNeeds(db) + brokenPages(db)
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
    do { return try brokenPages(db, "10") } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      // A table of another program needs a collation or a function of its own: the others are looked at.
      var tables: [String] = []
      try db.each("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0") { tables.append($0[0]) }
      return try tables.flatMap { table -> [Label] in
        do { return try brokenPages(db, quoted(table)) } catch let error as DatabaseError
          where error.resultCode == .SQLITE_ERROR
        {
          return []
        }
      }
    }
  }

  private func brokenPages(_ db: Database, _ argument: String) throws -> [Label] {
    var problems: [Label] = []
    try db.each("PRAGMA quick_check(\(argument))") { row in
      let text = row[0] as String
      if text != "ok" { problems.append(Label(zh: "文件损坏:\(text)", en: "the file is damaged: \(text)")) }
    }
    return problems
  }

  /// Constraints of other programs, of which no other machine knows: what others enter or delete breaks them, and
  /// nothing is synced any more.
  public func foreignConstraints(_ db: Database, weakKeys: Bool) throws -> [Label] {
    try foreignReferences(db) + foreignIndexes(db) + failingTriggers(db, weakKeys: weakKeys)
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

  /// Indexes of other programs on the table of a record that are unique, or need what SQLite lacks here: writing fails.
  private func foreignIndexes(_ db: Database) throws -> [Label] {
    let mine = Dictionary(records.map { ($0.name.lowercased(), $0) }) { first, _ in first }
    let ours = Set(records.flatMap { record in record.unique.map { record.indexName(unique: $0).lowercased() } })
    // SQLite begins the statement of each unique one with these words. The others are of plain columns, mostly.
    let sql = """
      SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'
        AND (sql LIKE 'CREATE UNIQUE INDEX %' OR sql LIKE '%COLLATE%' OR sql LIKE '%(%(%') ORDER BY name
      """
    var found: [(record: RecordSchema, index: String, sql: String)] = []
    try db.each(sql) { row in
      let (table, index) = (row[0] as String, row[1] as String)
      guard let record = mine[table.lowercased()], !ours.contains(index.lowercased()) else { return }
      found.append((record, index, row[2]))
    }
    return try found.compactMap { try foreignIndex($0.index, on: $0.record, $0.sql) }
  }

  private func foreignIndex(_ index: String, on record: RecordSchema, _ sql: String) throws -> Label? {
    if sql.hasPrefix("CREATE UNIQUE INDEX ") {
      return Label(
        zh: "其他程序在 \(record.name) 上建的唯一索引 \(index) 会妨碍收发;请删除该索引,确需唯一的请在模式中写 unique",
        en: "the unique index \(index) of another program on \(record.name) stops the sync; drop it, and declare in "
          + "the schema what has to be unique")
    }
    let table = (name: record.name, sql: record.tableSQL(weakKeys: false)[0])
    guard let lack = try lacks([table, (name: index, sql: sql)])[index] else { return nil }
    return Label(
      zh: "其他程序在 \(record.name) 上建的索引 \(index) 需要本程序没有的排序规则或函数(\(lack)),会妨碍收发;"
        + "请删除该索引",
      en: "the index \(index) of another program on \(record.name) needs what these programs lack (\(lack)) and stops "
        + "the sync; drop it")
  }

  /// Tables and indexes of other programs that SQLite cannot make anew: so the file cannot be written anew, and what
  /// was erased stays in its old pages.
  private func foreignNeeds(_ db: Database) throws -> [Label] {
    guard hasRestricted else { return [] }
    let mine = Set(records.map { $0.name.lowercased() })
    var objects: [(name: String, sql: String)] = []
    let sql = """
      SELECT name, sql, tbl_name FROM sqlite_master
      WHERE type IN ('table', 'index') AND rootpage > 0 AND sql IS NOT NULL ORDER BY type = 'index', name
      """
    try db.each(sql) { row in
      if !mine.contains((row[2] as String).lowercased()) { objects.append((row[0], row[1])) }
    }
    return try lacks(objects).sorted { $0.key < $1.key }.map { name, lack in
      Label(
        zh: "其他程序的 \(name) 需要本程序没有的排序规则或函数(\(lack)):文件中已删除的个人信息无法覆盖;"
          + "请重建 \(name),不用它们",
        en: "\(name) of another program needs what these programs lack (\(lack)), so that what was erased cannot be "
          + "overwritten in this file; make it anew without")
    }
  }

  private func isLeftByRepair(_ table: String) -> Bool {
    records.contains { record in
      let name = record.name + "_before_repair"
      return table == name || table.hasPrefix(name + "_") && Int(table.dropFirst(name.count + 1)) != nil
    }
  }

  /// Refuses to write to a file with such a constraint.
  public func refuseForeignConstraints(_ db: Database, weakKeys: Bool) throws {
    guard let first = try foreignConstraints(db, weakKeys: weakKeys).first else { return }
    throw Failure(.data, zh: first.zh, en: first.en)
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

/// The collation or function that SQLite lacks to make tables and then their indexes, by the name of what needs it.
private func lacks(_ objects: [(name: String, sql: String)]) throws -> [String: String] {
  try DatabaseQueue().writeWithoutTransaction { memory in
    var lacks: [String: String] = [:]
    for (name, sql) in objects {
      do { try memory.makeStatement(sql: sql).execute() } catch let error as DatabaseError {
        let isLacking = ["no such collation", "no such function"].contains { error.message?.hasPrefix($0) == true }
        if isLacking { lacks[name] = error.message }
      }
    }
    return lacks
  }
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
