import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// Takes the rows of a file one by one, and goes on after a bad one, so that all problems are told at once.
struct ImportJob {
  let store: any RecordStore
  let shape: ImportShape
  let reviewer: Reviewer
  var added = 0
  var changed = 0
  var problems: [ImportProblem] = []
  /// How many of the problems are that this side may not do it.
  private var refused = 0
  /// Nothing is wrong with the file: who imports it may not.
  var isRefused: Bool { !problems.isEmpty && refused == problems.count }
  /// What was not taken, without harm.
  var notes: [ImportProblem] = []
  /// The line that named a row first.
  private var lines: [RowKey: Int] = [:]

  init(store: any RecordStore, shape: ImportShape) {
    self.store = store
    self.shape = shape
    reviewer = Reviewer(store)
  }

  private var record: RecordSchema { shape.own }

  mutating func take(_ db: Database, _ row: ImportRow) throws {
    let wrong = row.problems + failedChecks(row)
    guard wrong.isEmpty else {
      problems += wrong
      return
    }
    do {
      var values = try shape.resolved(db, row.values)
      if let key = try existing(db, values) {
        try claim(key, row.line)
        try leaveAlone(db, key, &values, row)
        try keepNewName(db, key, &values, row)
        try update(db, key, values)
      } else {
        let key = try store.insert(db, record, values)
        try claim(key, row.line)
        _ = try reviewer.check(db, record, record.row(db, key: key) ?? [])
        added += 1
      }
    } catch let failure as Failure where failure.kind == .data || failure.kind == .notAllowed {
      if failure.kind == .notAllowed { refused += 1 }
      add(row, failure.message)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      add(row, Connection.failure(error, path: store.schema.name).message)
    }
  }

  /// All cells that the schema does not allow, not only the first.
  private func failedChecks(_ row: ImportRow) -> [ImportProblem] {
    row.values.sorted { $0.key < $1.key }.compactMap { column, value in
      let field = shape.record.fields[column]
      return field.problem(with: value, formats: store.formats).map {
        ImportProblem(line: row.line, column: field.name, value: ValueText.spell(value), message: $0)
      }
    }
  }

  private mutating func update(_ db: Database, _ key: RowKey, _ values: [Int: Value]) throws {
    let before = try record.row(db, key: key)
    // A file that was exported masked does not write the mask.
    let cells = values.filter { column, value in
      guard !record.isKey(column), let before else { return false }
      return value == before[column] || value != Masking.mask(before[column], record.fields[column])
    }
    try store.update(db, record, key: key, cells)
    let after = try record.row(db, key: key)
    _ = try reviewer.check(db, record, after ?? [], before: before)
    if after != before { changed += 1 }
  }

  /// Of a row that was exported, takes what its author has edited: it was so by what the file showed, and may not be so any more.
  private func leaveAlone(_ db: Database, _ key: RowKey, _ values: inout [Int: Value], _ row: ImportRow) throws {
    guard let seen = shape.seen(row.values, key), let present = try record.row(db, key: key) else { return }
    for (column, value) in values.sorted(by: { $0.key < $1.key }) where !record.isKey(column) {
      if seen.shows(value, column) == true {
        values[column] = nil
      } else if value != present[column], seen.stands(for: present[column], column) == false {
        let (field, now) = (
          record.fields[column], ValueText.spell(Masking.mask(present[column], record.fields[column]))
        )
        throw Failure(
          .data, zh: "\(record.name).\(field.name):导出之后已有他人改为“\(now)”;请核对后用 edit 修改该项,或重新导出再改",
          en: "\(record.name).\(field.name): somebody has changed it to “\(now)” since this file was exported; "
            + "look, and change it with edit, or export again")
      }
    }
  }

  /// Two lines of a file about one row: nobody knows which is meant.
  private mutating func claim(_ key: RowKey, _ line: Int) throws {
    if let first = lines[key] {
      let field = record.key.first ?? ""
      throw Failure(
        .data, zh: "\(record.name).\(field):与第 \(first) 行是同一条记录,请删去一行",
        en: "\(record.name).\(field): is the same row as line \(first); remove one of them")
    }
    lines[key] = line
  }

  /// A file that still has an old name does not undo a renaming.
  private mutating func keepNewName(_ db: Database, _ key: RowKey, _ values: inout [Int: Value], _ row: ImportRow)
    throws
  {
    guard store.schema.name == Registry.schemaName, record.name == "enterprise", let column = record.index(of: "name"),
      let name = values[column], let present = try record.row(db, key: key)?[column], name != present
    else { return }
    let sql = "SELECT 1 FROM enterprise_name WHERE enterprise_id = ? AND name = ?"
    guard try db.first(sql, key.values + [name]) != nil else { return }
    values[column] = nil
    notes.append(
      ImportProblem(
        line: row.line, column: "name", value: ValueText.spell(name),
        message: Label(
          zh: "是曾用名,保留现名“\(ValueText.spell(present))”;其他字段照常导入",
          en: "is a former name; “\(ValueText.spell(present))” stays, the other fields are taken")))
  }

  private mutating func add(_ row: ImportRow, _ message: Label) {
    // The message names the field as record.field.
    let column = shape.record.fields.indices.first {
      message.en.hasPrefix("\(record.name).\(shape.record.fields[$0].name)")
        || message.en.contains(".\(shape.record.fields[$0].name):")
    }
    let value = column.flatMap { row.values[$0] }.map(ValueText.spell) ?? ""
    problems.append(
      ImportProblem(
        line: row.line, column: column.map { shape.record.fields[$0].name } ?? "", value: value, message: message))
  }

  /// The row that a line means: by its key, else by a unique set of fields.
  private func existing(_ db: Database, _ values: [Int: Value]) throws -> RowKey? {
    let keyValues = record.keyIndices.compactMap { values[$0] }
    if keyValues.count == record.key.count {
      let key = RowKey(keyValues)
      return try record.row(db, key: key) == nil ? nil : key
    }
    for set in record.unique {
      let columns = set.compactMap(record.index(of:))
      let wanted = columns.compactMap { values[$0] }
      guard wanted.count == set.count, !wanted.contains(.null) else { continue }
      let match = set.map { "\(quoted($0)) = ?" }.joined(separator: " AND ")
      let sql = "SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table) WHERE \(match)"
      if let key = try db.first(sql, wanted).map(RowKey.init) { return key }
    }
    return nil
  }
}
