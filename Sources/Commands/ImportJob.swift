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
  let namesakes: Namesakes
  var added = 0
  var changed = 0
  /// Rows that do not stand any more and that the file's author has left alone.
  var deleted = 0
  /// Rows that wait and that the file's author has left alone.
  var parked = 0
  var problems: [ImportProblem] = []
  /// How many of the problems are that this side may not do it.
  private var refused = 0
  /// Nothing is wrong with the file: who imports it may not.
  var isRefused: Bool { !problems.isEmpty && refused == problems.count }
  /// What was not taken, without harm, and what is doubted of what was.
  var notes: [ImportProblem] = []
  /// Lines about what the city has closed, by what is said of it.
  var closed: [Label: [Int]] = [:]
  /// The line that named a row first.
  private var lines: [RowKey: Int] = [:]
  /// The rows that stand, by the mark of their key.
  private var marked: [String: RowKey]?
  private var alike = AlikeRows()

  init(store: any RecordStore, shape: ImportShape) {
    self.store = store
    self.shape = shape
    reviewer = Reviewer(store)
    namesakes = Namesakes(store: store)
  }

  var record: RecordSchema { shape.own }

  mutating func take(_ db: Database, _ row: ImportRow) throws {
    var row = row
    completeKey(&row.values)
    let wrong = row.problems + failedChecks(row)
    guard wrong.isEmpty else {
      problems += wrong
      return
    }
    do {
      let resolution = Result { try shape.resolved(db, row.values) }
      if try passOver(db, row, try? resolution.get()) { return }
      let resolved = try resolution.get()
      noteOutdated(resolved.outdated, row)
      noteUnknown(resolved.unknown, row)
      var values = resolved.values
      if let key = try existing(db, values) {
        try claim(key, row.line)
        try leaveAlone(db, key, &values, row)
        try leaveGuarded(db, key, &values, row)
        try keepNewName(db, key, &values, row)
        try update(db, key, values, row)
      } else {
        try refuseRewrittenKey(db, values, row)
        try record.refuseMasks(values)
        try refuseScientific(values)
        if let note = try alike.note(db, shape, values, row) { notes.append(note) }
        let key = try store.insert(db, record, values)
        try claim(key, row.line)
        try review(db, row, record.row(db, key: key) ?? [])
        added += 1
      }
    } catch let failure as Failure where failure.kind == .data || failure.kind == .notAllowed {
      if failure.kind == .notAllowed { refused += 1 }
      add(row, failure.message)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      add(row, Connection.failure(error, path: store.schema.name).message)
    }
  }

  /// A template leaves the own unit out, for it fills itself.
  private func completeKey(_ values: inout [Int: Value]) {
    for column in record.keyIndices where values[column] == nil { values[column] = store.ownUnit(record, column) }
  }

  /// All cells that the schema does not allow, not only the first.
  private func failedChecks(_ row: ImportRow) -> [ImportProblem] {
    row.values.sorted { $0.key < $1.key }.compactMap { column, value in
      let field = shape.record.fields[column]
      return field.problem(with: value, formats: store.formats).map {
        ImportProblem(line: row.line, column: field.name, value: shown(value, column), message: $0)
      }
    }
  }

  private mutating func update(_ db: Database, _ key: RowKey, _ values: [Int: Value], _ row: ImportRow) throws {
    let before = try record.row(db, key: key)
    // A file that was exported masked does not write the mask.
    let cells = values.filter { column, value in
      guard !record.isKey(column), let before else { return false }
      return value == before[column] || value != Masking.mask(before[column], record.fields[column])
    }
    let new = cells.filter { $1 != before?[$0] }
    if !new.isEmpty { try store.refusePublished(record) }
    try record.refuseMasks(new)
    try refuseScientific(new)
    try store.update(db, record, key: key, cells)
    guard let after = try record.row(db, key: key), after != before else { return }
    try review(db, row, after, before: before)
    changed += 1
  }

  /// A number whose digits a spreadsheet program has dropped, and the error of a formula, are no values.
  private func refuseScientific(_ cells: [Int: Value]) throws {
    for (column, value) in cells.sorted(by: { $0.key < $1.key }) where record.fields[column].kind == .text {
      guard case .text(let text) = value else { continue }
      let place = "\(record.name).\(record.fields[column].name)"
      if SpreadsheetFormula.isError(text) {
        throw Failure(
          .data, zh: "\(place):是表格软件把文字当作公式后留下的错误值;\(Self.retype.zh)",
          en: "\(place): is the error that a spreadsheet shows in place of a text that it takes for a formula; "
            + Self.retype.en)
      }
      guard SpreadsheetNumber.isScientific(text) else { continue }
      throw Failure(
        .data, zh: "\(place):是表格软件改写过的数字,位数已丢失;\(Self.retype.zh)",
        en: "\(place): is what a spreadsheet makes of a long number, whose digits are lost; " + Self.retype.en)
    }
  }

  private static let retype = Label(
    zh: "请把单元格设为文本格式后重新输入,或用 add、edit 录入",
    en: "format the cell as text and retype it, or use add or edit")
  private static let saveAgain = Label(
    zh: "其编码没有其中的字符,请改正后另存为“CSV UTF-8”,或用 add、edit 录入",
    en: "its encoding lacks some of these characters; correct the cell and save it as \"CSV UTF-8\", or use add or "
      + "edit")

  /// Counts a row that was exported, does not stand any more and was left alone by its author. One that was edited is
  /// refused: only its author knows whether it is to come back.
  /// - Parameter resolved: nil: what its references are called may be gone with it.
  private mutating func passOver(_ db: Database, _ row: ImportRow, _ resolved: ImportShape.Resolved?) throws -> Bool {
    let values = resolved?.values ?? row.values
    let key = RowKey(record.keyIndices.compactMap { values[$0] })
    guard key.values.count == record.key.count, let mark = shape.mark(row.values),
      let seen = SeenRow(mark, of: key, record), try record.row(db, key: key) == nil
    else { return false }
    let isEdited = values.contains { record.fields.indices.contains($0) && seen.shows($1, $0) != true }
    let waiting = try store.parkedRow(db, record, key: key)
    guard isEdited else {
      if waiting == nil { deleted += 1 } else { parked += 1 }
      return true
    }
    let place = "\(record.name) \(KeyText.show(key))"
    if let (id, detail) = waiting {
      throw Failure(
        .data, zh: "\(place) 已搁置(编号 \(id)):\(detail.zh);请用 edit 修改它,或用 withdraw \(id) 撤回",
        en: "\(place) is parked, as number \(id): \(detail.en); change it with edit, or withdraw \(id)")
    }
    // The key of a duplicate that was merged leads to another row.
    try store.assertFree(db, record, key)
    throw Failure(
      .data, zh: "\(place) 在导出之后已被删除或转出;要作为新记录录入,请清空该行的 _seen 单元格",
      en:
        "\(place) was deleted or given away since this file was exported; to enter it as a new row, empty its _seen cell"
    )
  }

  /// Of a row that was exported, takes what its author has edited: it was so by what the file showed, and may not be so any more.
  private mutating func leaveAlone(
    _ db: Database, _ key: RowKey, _ values: inout [Int: Value], _ row: ImportRow
  ) throws {
    guard let mark = shape.mark(row.values), let present = try record.row(db, key: key) else { return }
    guard let seen = SeenRow(mark, of: key, record) else { throw try misplaced(db, mark, key) }
    try noteEmptied(db, key, seen, present, values, row)
    for (column, value) in values.sorted(by: { $0.key < $1.key }) where !record.isKey(column) {
      if seen.shows(value, column) == true {
        values[column] = nil
      } else if value != present[column] {
        if seen.shows(present[column], column) == true, isLeft(value, of: present[column], column) {
          throw rewritten(column, value, present[column])
        }
        if seen.stands(for: present[column], column) { continue }
        let (field, now) = (record.fields[column], shown(present[column], column))
        throw Failure(
          .data, zh: "\(record.name).\(field.name):导出之后已有他人改为“\(now)”;请核对后用 edit 修改该项,或重新导出再改",
          en: "\(record.name).\(field.name): somebody has changed it to “\(now)” since this file was exported; "
            + "look, and change it with edit, or export again")
      }
    }
  }

  /// Of a file whose marks were removed, a text that has only got the apostrophe of its export is no edit.
  private func leaveGuarded(_ db: Database, _ key: RowKey, _ values: inout [Int: Value], _ row: ImportRow) throws {
    guard !shape.hasMarks(row), let present = try record.row(db, key: key) else { return }
    for (column, value) in values where SeenRow.guards(record.fields[column]) && !record.isKey(column) {
      guard case .text(let text) = present[column], value == .text(SpreadsheetFormula.guarded(text)) else { continue }
      values[column] = nil
    }
  }

  /// Under the key that a spreadsheet program has made of the one of a row that stands, that row would be there twice.
  private mutating func refuseRewrittenKey(_ db: Database, _ values: [Int: Value], _ row: ImportRow) throws {
    guard let mark = shape.mark(row.values), let key = try standing(db, by: mark) else { return }
    for (column, former) in zip(record.keyIndices, key.values) {
      if let value = values[column], isLeft(value, of: former, column) { throw rewritten(column, value, former) }
    }
  }

  private func rewritten(_ column: Int, _ value: Value, _ present: Value) -> Failure {
    let (place, now) = ("\(record.name).\(record.fields[column].name)", shown(present, column))
    let advice = isLost(value, of: present) ? Self.saveAgain : Self.retype
    return Failure(
      .data, zh: "\(place):表格软件改写了“\(now)”;\(advice.zh)",
      en: "\(place): a spreadsheet has rewritten “\(now)”; \(advice.en)")
  }

  /// Whether characters went with the file's encoding.
  private func isLost(_ value: Value, of present: Value) -> Bool {
    guard case (.text(let text), .text(let original)) = (value, present) else { return false }
    return SpreadsheetEncoding.isLeft(text, of: original)
  }

  /// A cell as messages quote it: a log may keep them where no erasure reaches.
  func shown(_ value: Value, _ column: Int) -> String {
    ValueText.spell(Masking.mask(value, shape.record.fields[column]))
  }

  /// Whether a spreadsheet program, and not the file's author, has changed a code or a number.
  private func isLeft(_ value: Value, of present: Value, _ column: Int) -> Bool {
    switch (value, present) {
    case (.text(let text), .text(let original)) where record.fields[column].kind == .text:
      SpreadsheetNumber.isLeft(text, of: original) || SpreadsheetDate.isLeft(text, of: original)
        || SpreadsheetFormula.isLeft(text, of: original) || SpreadsheetEncoding.isLeft(text, of: original)
    case (.real(let number), .real(let original)): SpreadsheetNumber.isLeft(number, of: original)
    default: false
    }
  }

  /// What the file's author has emptied stays: an empty cell gives no value.
  private mutating func noteEmptied(
    _ db: Database, _ key: RowKey, _ seen: SeenRow, _ present: [Value], _ values: [Int: Value], _ row: ImportRow
  ) throws {
    for column in row.columns where record.fields.indices.contains(column) && !record.isKey(column) {
      let stands = !ValueText.spell(present[column]).isEmpty
      guard values[column] == nil, stands, seen.shows(.null, column) == false else { continue }
      let field = record.fields[column]
      var message = Label(zh: "已被清空,但空单元格不改变原值", en: "was emptied, and an empty cell changes nothing")
      if field.required {
        message.zh += ";该项必填"
        message.en += "; it is required"
      } else if try mayEmpty(db, column, key, present[column]) {
        let command = "edit \(record.name) \(KeyText.show(key)) \(field.name)="
        message.zh += ";要清除该项请用 \(command)"
        message.en += "; to clear it, use \(command)"
      }
      notes.append(ImportProblem(line: row.line, column: field.name, value: "", message: message))
    }
  }

  /// Whether `edit` may empty a cell of a row that stands.
  private func mayEmpty(_ db: Database, _ column: Int, _ key: RowKey, _ present: Value) throws -> Bool {
    do {
      try store.refusePublished(record)
      try refuseApprovals(record, [column: .null])
    } catch is Failure { return false }
    return try store.mayEmpty(db, record, column, key, present)
  }

  /// What another row is called by now is not in the file: what refers to it says which one is meant.
  private mutating func noteOutdated(_ cells: [Int: Value], _ row: ImportRow) {
    for (column, value) in cells.sorted(by: { $0.key < $1.key }) {
      let field = shape.record.fields[column]
      let now = ValueText.spellOrNull(Masking.mask(value, field))
      notes.append(
        ImportProblem(
          line: row.line, column: field.name, value: row.values[column].map { shown($0, column) } ?? "",
          message: Label(
            zh: "现已改为“\(now)”,此单元格未采用;其他字段照常导入",
            en: "is “\(now)” by now; this cell is not taken, the others are")))
    }
  }

  /// The mark of another row: the lines were sorted without it, and nobody knows what they showed.
  private mutating func misplaced(_ db: Database, _ mark: String, _ key: RowKey) throws -> Failure {
    let other = try standing(db, by: mark).map(KeyText.show)
    let place = "\(record.name) \(KeyText.show(key))"
    return Failure(
      .data, zh: "\(place) 这一行的 _seen 单元格\(other.map { "是 \($0) 的" } ?? "不是它的");请整行排序,或重新导出,或清空 _seen 单元格",
      en: "\(place): the _seen cell of this line is of \(other.map { "row \($0)" } ?? "another row"); sort whole rows, "
        + "export again, or empty the _seen cells")
  }

  /// The row of which a mark is; nil: it does not stand.
  private mutating func standing(_ db: Database, by mark: String) throws -> RowKey? {
    if marked == nil {
      var found: [String: RowKey] = [:]
      try db.each("SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table)") { row in
        let key = RowKey(row.cells(0..<record.key.count))
        found[SeenRow.mark(of: key, record)] = key
      }
      marked = found
    }
    return SeenRow.keyMark(in: mark, record).flatMap { marked?[$0] }
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
    let value = column.flatMap { column in row.values[column].map { shown($0, column) } } ?? ""
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
