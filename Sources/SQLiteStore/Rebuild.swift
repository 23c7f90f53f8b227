import GRDB
import SyncCore

// Making a record's objects anew after another program rebuilt its table or dropped its triggers. A table is moved aside, made
// as the schema says, and filled from what was moved (SQLite, "Making Other Kinds Of Table Schema Changes", section 7 of ALTER
// TABLE, the other way round); foreign keys are off, so that nothing cascades.

extension DatabaseQueue {
  /// One durable transaction in which tables may be renamed and dropped without any effect on others.
  public func rebuilding<T>(_ body: (Database) throws -> T) throws -> T {
    try writeWithoutTransaction { db in
      // Neither may be set inside a transaction.
      try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
      defer { try? db.execute(sql: "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON") }
      return try db.transaction(body)
    }
  }
}

extension Schema {
  /// Makes every object anew that is missing or not as the schema makes it, and drops triggers of others that write to
  /// records. Inside `rebuilding`.
  /// - Parameter unfit: gets each row that the right table cannot hold; columns that it did not have are NULL.
  /// - Returns: what was done, a sentence a record.
  /// Throws `Failure(.data)` when rows have lost a column of their key.
  public func rebuild(
    _ db: Database, weakKeys: Bool, unfit: (RecordSchema, [Value]) throws -> Void
  ) throws -> [Label] {
    // Before anything is written to a record.
    let dropped = try dropWritingTriggers(db)
    let rebuilt: [Label] = try records.compactMap { record in
      let wrong = try record.wrongObjects(db, weakKeys: weakKeys)
      if wrong.isEmpty { return nil }
      var lost = 0
      var unfitKeys: Set<RowKey> = []
      var kept: [String] = []
      var theirs: [(name: String, sql: String)] = []
      let missing = try record.missingColumns(db)
      if record.makesTable(wrong) {
        try record.assertHasKey(db)
        theirs = try record.foreignObjects(db, weakKeys: weakKeys)
        kept += try record.remake(db, record.name, weakKeys: weakKeys) { row in
          lost += 1
          unfitKeys.insert(record.rowKey(of: row))
          try unfit(record, row)
        }
      }
      // What was pending of a row whose base does not fit is found by comparison.
      let base = "sync_base_\(record.name)"
      if wrong.contains(base) { kept += try record.remake(db, base, weakKeys: weakKeys) { _ in } }
      for column in missing { try record.setBack(db, column) }
      for (name, sql) in record.objects(weakKeys: weakKeys) where try db.sql(of: name) != sql {
        try db.drop(name)
        try db.execute(sql: sql)
      }
      // They go with the table that is replaced.
      let gone = try theirs.filter { try !db.makes($0.sql) }.map(\.name)
      let entered = try record.enteredAndGone(db).filter { !unfitKeys.contains($0) }
      return record.rebuilt(lost: lost, kept: kept, gone: gone, entered: entered)
    }
    return dropped + rebuilt
  }
}

extension RecordSchema {
  fileprivate func wrongObjects(_ db: Database, weakKeys: Bool) throws -> Set<String> {
    Set(try objects(weakKeys: weakKeys).filter { try db.sql(of: $0.name) != $0.sql }.map(\.name))
  }

  /// The indexes and triggers that an application has on the table.
  fileprivate func foreignObjects(_ db: Database, weakKeys: Bool) throws -> [(name: String, sql: String)] {
    let ours = Set(objects(weakKeys: weakKeys).map(\.name))
    return try db.objects(on: name).filter { !ours.contains($0.name) }
  }

  /// Without it nobody can tell which row is which: all would be taken for others, and those of the master for deleted.
  fileprivate func assertHasKey(_ db: Database) throws {
    guard try db.kind(of: name) == "table" else { return }
    let names = try db.columnNames(of: name)
    guard let gone = key.first(where: { !names.holds($0) }), try db.first("SELECT 1 FROM \(table) LIMIT 1") != nil
    else { return }
    throw Failure(
      .data,
      zh: "\(name):主键列 \(gone) 不见了;请把它改回原名(ALTER TABLE … RENAME COLUMN …)后再试,未作任何更改",
      en: "\(name): its key column \(gone) is gone; give it its name back (ALTER TABLE … RENAME COLUMN …) and try "
        + "again, nothing was changed")
  }

  /// Columns that somebody dropped or renamed; of a table that is not there, none.
  public func missingColumns(_ db: Database) throws -> [Int] {
    guard try db.kind(of: name) == "table" else { return [] }
    let names = try db.columnNames(of: name)
    return otherIndices.filter { !names.holds(fields[$0].name) }
  }

  /// What was pending of a column that went is as it was before: nobody has emptied it.
  fileprivate func setBack(_ db: Database, _ column: Int) throws {
    let (cell, match) = (columns[column], keyColumns.map { "b.\($0) = \(table).\($0)" }.joined(separator: " AND "))
    let base = "FROM \(baseTable) b WHERE \(match) AND b.sync_existed = 1 AND b.sync_mask >> \(column) & 1"
    try db.execute(sql: "UPDATE \(table) SET \(cell) = (SELECT b.\(cell) \(base)) WHERE EXISTS (SELECT 1 \(base))")
  }

  /// Without a unique index there may be duplicates: the rows are put in again one by one.
  fileprivate func makesTable(_ wrong: Set<String>) -> Bool {
    wrong.contains(name) || unique.contains { wrong.contains(indexName(unique: $0)) }
  }

  /// Rows that were entered and never sent, and are there no more: no comparison can find them.
  fileprivate func enteredAndGone(_ db: Database) throws -> [RowKey] {
    let list = keyColumns.map { "b.\($0)" }.joined(separator: ", ")
    let sql = """
      SELECT \(list) FROM \(baseTable) b
      WHERE b.sync_existed = 0 AND NOT EXISTS (SELECT 1 FROM \(table) r WHERE \(keyJoin("b", "r"))) ORDER BY \(list)
      """
    var keys: [RowKey] = []
    try db.each(sql) { row in keys.append(RowKey(row.cells(0..<key.count))) }
    return keys
  }

  fileprivate func rebuilt(lost: Int, kept: [String], gone: [String], entered: [RowKey]) -> Label {
    var label = Label(
      zh: "\(name):表、索引和触发器已恢复", en: "\(name): its table, indexes and triggers are as they should be again")
    if lost > 0 {
      label.zh += ";\(lost) 行不符合表的约束,已搁置,请用 county parked 查看"
      label.en += "; \(lost) rows break its rules and are parked; county parked lists them"
    }
    for table in kept {
      label.zh += ";多出的列留在表 \(table) 中,看过后可删除"
      label.en += "; columns that it should not have are left in the table \(table), which you may drop"
      if restrictedIndices.isEmpty { continue }
      label.zh += "(删除个人信息时不涉及该表:其中若有,请删除该表)"
      label.en += " (no erasure of personal data reaches it: drop it if it holds any)"
    }
    if !gone.isEmpty {
      label.zh += ";应用自己的 \(gone.joined(separator: "、")) 未能重建"
      label.en += "; \(gone.joined(separator: ", ")), an application's own, could not be made again"
    }
    if !entered.isEmpty {
      label.zh += ";录入后尚未进入任何批次、现已不见的行:\(entered.map(show).joined(separator: "、"))"
      label.en += "; rows that were entered, are in no batch yet, and are gone: "
      label.en += entered.map(show).joined(separator: ", ")
    }
    return label
  }

  /// Makes a table of this record and its unique indexes anew, with the rows that it had.
  /// - Returns: the table in which columns are left that it should not have; empty: there are none.
  fileprivate func remake(
    _ db: Database, _ table: String, weakKeys: Bool, unfit: ([Value]) throws -> Void
  ) throws -> [String] {
    let objects = objects(weakKeys: weakKeys)
    guard let sql = objects.first(where: { $0.name == table })?.sql else { return [] }
    let uniques = objects.filter { $0.sql.hasPrefix("CREATE UNIQUE INDEX") && table == name }
    guard try db.kind(of: table) == "table" else {
      try db.drop(table)
      for (index, _) in uniques { try db.drop(index) }
      for made in [sql] + uniques.map(\.sql) { try db.execute(sql: made) }
      return []
    }
    let old = try db.freeName("sync_moving")
    for (name, _) in try db.objects(on: table) where objects.contains(where: { $0.name == name }) { try db.drop(name) }
    try db.execute(sql: "ALTER TABLE \(quoted(table)) RENAME TO \(quoted(old))")
    for made in [sql] + uniques.map(\.sql) {
      if let name = objects.first(where: { $0.sql == made })?.name { try db.drop(name) }
      try db.execute(sql: made)
    }
    let (mine, theirs) = (try db.columnNames(of: table), try db.columnNames(of: old))
    try copy(db, from: old, to: table, mine.filter(theirs.holds), unfit: unfit)
    let left = try leave(db, theirs.filter { !mine.holds($0) }, of: old, besides: table, key.filter(theirs.holds))
    try db.execute(sql: "DROP TABLE \(quoted(old))")
    return left
  }

  /// Columns of a table that goes are kept with the key and nothing else: constraints would hold on to rows that others
  /// delete, and no erasure reaches the values.
  private func leave(
    _ db: Database, _ columns: [String], of old: String, besides table: String, _ key: [String]
  ) throws -> [String] {
    if columns.isEmpty { return [] }
    let left = try db.freeName(table + "_before_repair")
    let list = (key + columns).map(quoted).joined(separator: ", ")
    try db.execute(sql: "CREATE TABLE \(quoted(left)) AS SELECT \(list) FROM \(quoted(old))")
    return [left]
  }

  private func copy(
    _ db: Database, from old: String, to table: String, _ columns: [String], unfit: ([Value]) throws -> Void
  ) throws {
    if columns.isEmpty { return }
    let list = columns.map(quoted).joined(separator: ", ")
    let areTexts = columns.map { "typeof(\(quoted($0))) = 'text'" }.joined(separator: ", ")
    // An application's index may name rows by their numbers, as a full-text index of external content does.
    let number = try db.rowNumber(of: [old, table]).map { ", \($0)" }
    try db.each("SELECT \(list), \(areTexts)\(number ?? "") FROM \(quoted(old))") { row in
      let values = row.cells(0..<columns.count)
      // Text that is not UTF-8 comes as a blob, and goes back as the text that it was.
      var places = values.indices.map { index in
        if case .blob = values[index], row[columns.count + index] as Bool { "CAST(? AS TEXT)" } else { "?" }
      }
      if number != nil { places.append("?") }
      let insert = "INSERT INTO \(quoted(table)) (\(list)\(number ?? "")) VALUES (\(places.joined(separator: ", ")))"
      do { try db.run(insert, values + row.cells(2 * columns.count..<row.count)) } catch let error as DatabaseError
        where error.resultCode == .SQLITE_CONSTRAINT
      {
        let cells = Dictionary(zip(columns, values)) { first, _ in first }
        try unfit(fields.map { cells[$0.name] ?? .null })
      }
    }
  }
}

// To SQLite a name is the same in any case of its letters.

extension [String] {
  fileprivate func holds(_ name: String) -> Bool { contains { $0.lowercased() == name.lowercased() } }
}

extension Database {
  fileprivate func sql(of name: String) throws -> String? {
    let sql = "SELECT sql FROM sqlite_master WHERE name = ? COLLATE NOCASE"
    guard case .text(let made)? = try first(sql, [.text(name)])?.first else { return nil }
    return made
  }

  fileprivate func kind(of name: String) throws -> String? {
    let sql = "SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE"
    guard case .text(let kind)? = try first(sql, [.text(name)])?.first else { return nil }
    return kind
  }

  /// Drops whatever bears the name.
  fileprivate func drop(_ name: String) throws {
    guard let kind = try kind(of: name) else { return }
    try execute(sql: "DROP \(kind) \(quoted(name))")
  }

  /// Indexes and triggers of a table, as they were made.
  fileprivate func objects(on table: String) throws -> [(name: String, sql: String)] {
    var objects: [(name: String, sql: String)] = []
    let sql = """
      SELECT name, sql FROM sqlite_master
      WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL
      """
    try each(sql, [.text(table)]) { row in objects.append((row[0], row[1])) }
    return objects
  }

  /// Makes an object, unless the tables do not let it be made.
  fileprivate func makes(_ sql: String) throws -> Bool {
    do {
      try execute(sql: sql)
      return true
    } catch let error as DatabaseError where [.SQLITE_ERROR, .SQLITE_CONSTRAINT].contains(error.resultCode) {
      return false
    }
  }

  fileprivate func columnNames(of table: String) throws -> [String] {
    var names: [String] = []
    try each("SELECT name FROM pragma_table_info(?)", [.text(table)]) { names.append($0[0]) }
    return names
  }

  /// The name by which all of these tables tell the numbers of their rows; nil: one of them has none.
  fileprivate func rowNumber(of tables: [String]) throws -> String? {
    try ["rowid", "_rowid_", "oid"].first { name in
      try tables.allSatisfy { table in
        try !columnNames(of: table).holds(name)
          && (try? makeStatement(sql: "SELECT \(name) FROM \(quoted(table))")) != nil
      }
    }
  }

  fileprivate func freeName(_ wanted: String) throws -> String {
    var (name, n) = (wanted, 1)
    while try kind(of: name) != nil {
      n += 1
      name = "\(wanted)_\(n)"
    }
    return name
  }
}
