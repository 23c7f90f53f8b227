import GRDB
import SyncCore

// Triggers of other programs on the tables of records. They may keep tables of their own. One that writes to a record makes
// capture wrong: SQLite asks the trigger first that was made last, so that ours find the row as the other one has left it, and
// what comes from others, which nobody captures, is altered on its way into the table (decision 51).

/// In SQL: whether an object is a trigger of another program. Ours have these names.
let isForeignTrigger =
  (["type = 'trigger'"] + ["capture", "check", "append", "recovering"].map { "name NOT GLOB 'sync_\($0)_*'" })
  .joined(separator: " AND ")

/// A trigger of another program on the table of a record.
private struct ForeignTrigger {
  var name: String
  var record: RecordSchema
  var sql: String
  /// The records to which it writes.
  var written: [String]
}

extension Schema {
  /// What makes capture wrong: objects that are missing or altered, and triggers of other programs that write to records.
  public func captureProblems(_ db: Database, weakKeys: Bool) throws -> [Label] {
    try alteredObjects(db, weakKeys: weakKeys) + writingTriggers(db)
  }

  func writingTriggers(_ db: Database) throws -> [Label] {
    try foreignTriggers(db).filter { !$0.written.isEmpty }.map { trigger in
      let (record, name, written) = (trigger.record.name, trigger.name, trigger.written.joined(separator: ", "))
      return Label(
        zh: "\(record):其他程序的触发器 \(name) 写入 \(written),所录内容会被记错",
        en: "\(record): the trigger \(name) of another program writes to \(written), and what is entered is captured "
          + "wrongly")
    }
  }

  /// Drops them.
  /// - Returns: what was done, a sentence each, with the statement that made the trigger.
  func dropWritingTriggers(_ db: Database) throws -> [Label] {
    try foreignTriggers(db).filter { !$0.written.isEmpty }.map { trigger in
      try db.execute(sql: "DROP TRIGGER \(quoted(trigger.name))")
      let (record, name, written) = (trigger.record.name, trigger.name, trigger.written.joined(separator: ", "))
      return Label(
        zh: "\(record):其他程序的触发器 \(name) 写入 \(written),已删除;触发器只能写入应用自己的表,"
          + "记录里的值请由应用在录入语句中一并写入。原语句:\(trigger.sql)",
        en: "\(record): the trigger \(name) of another program wrote to \(written) and was dropped; triggers may write "
          + "to tables of an application's own, and what is to stand in a record goes into the statement that enters "
          + "it. It was: \(trigger.sql)")
    }
  }

  /// Triggers with which no row of their record can be written: they use what SQLite lacks here, or refuses to a file's
  /// schema (decision 52).
  func failingTriggers(_ db: Database, weakKeys: Bool) throws -> [Label] {
    let triggers = Dictionary(grouping: try foreignTriggers(db)) { $0.record.name }
    return try records.compactMap { record in
      // A table or a trigger of ours that is gone is told by itself.
      guard let found = triggers[record.name], let lack = try lack(db, record),
        try alteredObjects(db, weakKeys: weakKeys).isEmpty
      else { return nil }
      let (name, names) = (record.name, found.map(\.name).joined(separator: ", "))
      return Label(
        zh: "\(name):其他程序的触发器(\(names))用到本程序没有或不允许的东西(\(lack)),该记录无法写入,会妨碍收发;"
          + "请将其删除;可改为在普通的表中记下主键,再由该程序据此更新索引",
        en: "\(name): a trigger of another program (\(names)) uses what these programs lack or do not allow (\(lack)), "
          + "and no row can be written, which stops the sync; drop it; one may note the key in a plain table, from "
          + "which that program keeps its index")
    }
  }

  /// What SQLite says when it compiles the statements that write to a record, and their triggers; nil: nothing.
  private func lack(_ db: Database, _ record: RecordSchema) throws -> String? {
    do {
      for sql in [record.statements.write, record.statements.delete] { _ = try db.makeStatement(sql: sql) }
      return nil
    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      return error.message ?? "\(error.resultCode)"
    }
  }

  private func foreignTriggers(_ db: Database) throws -> [ForeignTrigger] {
    // SQLite tells no names apart by their case.
    let mine = Dictionary(records.map { ($0.name.lowercased(), $0) }) { first, _ in first }
    var found: [ForeignTrigger] = []
    try db.each("SELECT name, tbl_name, sql FROM sqlite_master WHERE \(isForeignTrigger) ORDER BY name") { row in
      guard let record = mine[(row[1] as String).lowercased()] else { return }
      let tables = writtenTables(row[2])
      let written = records.map(\.name).filter { tables.contains($0.lowercased()) }
      found.append(ForeignTrigger(name: row[0], record: record, sql: row[2], written: written))
    }
    return found
  }
}

/// The tables into which a trigger's statements insert, or of which they update or delete rows, in lower case.
private func writtenTables(_ sql: String) -> Set<String> {
  let words = words(of: sql)
  var tables: Set<String> = []
  for index in words.indices {
    var next = index + 1
    switch words[index] {
    case "into": break
    case "update":
      // UPDATE OR IGNORE
      if next < words.count, words[next] == "or" { next += 2 }
    case "from":
      if index == 0 || words[index - 1] != "delete" { continue }
    default: continue
    }
    guard next < words.count else { break }
    tables.insert(words[next].hasPrefix("\"") ? String(words[next].dropFirst()) : words[next])
  }
  return tables
}

/// The words of a statement in lower case, without comments. What stands in quotes is one word, behind a quote.
private func words(of sql: String) -> [String] {
  let quotes: [Character: Character] = ["'": "'", "\"": "\"", "`": "`", "[": "]"]
  var words: [String] = []
  var rest = sql[...]
  while let first = rest.first {
    if rest.hasPrefix("--") {
      rest = rest.drop { !$0.isNewline }
    } else if rest.hasPrefix("/*") {
      rest = rest.dropFirst(2)
      while !rest.isEmpty, !rest.hasPrefix("*/") { rest = rest.dropFirst() }
      rest = rest.dropFirst(2)
    } else if let end = quotes[first] {
      rest = rest.dropFirst()
      var word = "\""
      while let next = rest.popFirst() {
        if next == end {
          // Twice, it stands for itself.
          guard first != "[", rest.first == end else { break }
          rest = rest.dropFirst()
        }
        word.append(next)
      }
      words.append(word.lowercased())
    } else {
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
      if !word.isEmpty { words.append(word.lowercased()) }
      rest = rest.dropFirst(max(1, word.count))
    }
  }
  return words
}
