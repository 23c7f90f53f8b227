import GRDB
import SyncCore

// Edits as a person makes them: what a machine can fill in is filled in, what the city would refuse is refused here, in a
// sentence that names the row and the field. The master enforces the same whatever a client sends.

extension RecordStore {
  /// Adds one row and returns its key. Inside `edit`.
  public func insert(_ db: Database, _ record: RecordSchema, _ values: [Int: Value]) throws -> RowKey {
    try assertNoProjection(record)
    try assertOwned(record)
    var row = record.fields.indices.map { values[$0] ?? .null }
    for index in record.fields.indices where row[index].isNull { row[index] = filledIn(record, index) }
    let key = record.rowKey(of: row)
    for index in values.keys.sorted() where values[index]?.isNull == false {
      try assertOwned(record, index, key, isInsert: true, value: row[index])
    }
    try assertValid(db, record, row, key: key)
    if try record.row(db, key: key) != nil {
      throw Failure(
        .data, zh: "\(record.name) \(show(key)) 已存在;请用 edit 修改",
        en: "\(record.name) \(show(key)) exists already; use edit to change it")
    }
    try assertFree(db, record, key)
    try db.run(record.statements.insert, row)
    return key
  }

  /// Changes cells of one row. Inside `edit`.
  public func update(_ db: Database, _ record: RecordSchema, key: RowKey, _ values: [Int: Value]) throws {
    try assertNoProjection(record)
    guard var row = try record.row(db, key: key) else { throw missing(record, key) }
    let changed = values.filter { row[$0.key] != $0.value }
    for index in changed.keys.sorted() {
      if record.isKey(index) {
        throw Failure(
          .data, zh: "\(record.name) \(show(key)):主键 \(record.fields[index].name) 不能修改;请删除后重新添加",
          en:
            "\(record.name) \(show(key)): \(record.fields[index].name) is part of the key and cannot change; delete the row and add it anew"
        )
      }
      try assertOwned(record, index, key, isInsert: false, value: changed[index] ?? .null, old: row[index])
    }
    if changed.isEmpty { return }
    try assertOpen(db, record, key)
    let before = row
    for (index, value) in changed { row[index] = value }
    try assertValid(db, record, row, after: before, key: key, only: Set(changed.keys))
    try assertUnreferenced(db, record, key, before, changed)
    let columns = changed.keys.sorted()
    let set = columns.map { "\(quoted(record.fields[$0].name)) = ?" }.joined(separator: ", ")
    try db.run("UPDATE \(record.table) SET \(set) WHERE \(record.keyMatch)", columns.map { row[$0] } + key.values)
  }

  /// Whether an edit may empty a cell of a row that stands.
  public func mayEmpty(
    _ db: Database, _ record: RecordSchema, _ index: Int, _ key: RowKey, _ present: Value
  ) throws -> Bool {
    do {
      try assertOwned(record, index, key, isInsert: false, value: .null, old: present)
      try assertOpen(db, record, key)
    } catch let failure as Failure where failure.kind == .notAllowed { return false }
    return !record.fields[index].required
  }

  /// Deletes one row that no other row refers to. Inside `edit`. On a replica a row to which rows of the city's refer
  /// stays, and the city is asked.
  public func delete(_ db: Database, _ record: RecordSchema, key: RowKey) throws {
    try assertNoProjection(record)
    try assertOwned(record)
    guard try record.row(db, key: key) != nil else { throw missing(record, key) }
    try assertOpen(db, record, key)
    if try requestDelete(db, record, key: key) { return }
    for (child, count) in try children(db, of: record, key: key) where count > 0 {
      throw Failure(
        .data, zh: "\(record.name) \(show(key)) 仍有 \(count) 条 \(child) 引用它;请先删除那些记录",
        en: "\(record.name) \(show(key)) is referred to by \(count) rows of \(child); delete those first")
    }
    try record.remove(db, key: key)
  }

  public func missing(_ record: RecordSchema, _ key: RowKey) -> Failure {
    Failure(
      .notFound, zh: "没有 \(record.name) \(show(key));请用 list \(record.name) 查看",
      en: "there is no \(record.name) \(show(key)); list \(record.name) shows what there is")
  }

  /// A value by which other rows refer to this one stays.
  private func assertUnreferenced(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, _ row: [Value], _ changed: [Int: Value]
  ) throws {
    for (child, field, column) in schema.references(to: record)
    where changed[column] != nil && !row[column].isNull && !(field.weak && side == .county) {
      let sql = "SELECT count(*) FROM \(child.table) WHERE \(quoted(field.name)) = ?"
      guard let count = try db.integer(sql, [row[column]]), count > 0 else { continue }
      let at = "\(record.name) \(show(key)).\(record.fields[column].name)"
      throw Failure(
        .data, zh: "\(at):仍有 \(count) 条 \(child.name) 引用原值;请先修改那些记录的 \(field.name)",
        en: "\(at): \(count) rows of \(child.name) refer to it by this value; change their \(field.name) first")
    }
  }

  private func filledIn(_ record: RecordSchema, _ index: Int) -> Value {
    let field = record.fields[index]
    if record.key == [field.name], field.kind == .uuid {
      var random = SystemRandomNumberGenerator()
      return .text(UUIDv7.make(milliseconds: clock(), using: &random))
    }
    return ownUnit(record, index) ?? .null
  }

  /// The unit, of the field that names it; nil: it is another field, or all units' rows are here.
  public func ownUnit(_ record: RecordSchema, _ index: Int) -> Value? {
    if case .field(record.fields[index].name) = record.scope, let unit { return .text(unit) }
    return nil
  }

  /// Rows that are only ever added may be mended until they are sent.
  private func assertOpen(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws {
    guard side == .county, record.rules.append, try record.pending(db, key: key)?.existed != false else { return }
    let problem = addedOnly(record, key)
    throw Failure(.notAllowed, zh: problem.zh, en: problem.en)
  }

  public func addedOnly(_ record: RecordSchema, _ key: RowKey) -> Label {
    Label(
      zh: "\(record.name) \(show(key)) 只增不改;如有错误请另添一条说明",
      en: "\(record.name) \(show(key)): rows of this record are only ever added; add another one that corrects it")
  }

  /// A projection is filled by the master alone.
  public func assertNoProjection(_ record: RecordSchema) throws {
    guard let source = record.projects else { return }
    throw Failure(
      .notAllowed, zh: "\(record.label.zh)(\(record.name))由 \(source) 自动生成,不能增删改;请修改 \(source)",
      en: "\(record.name) is filled from \(source) and not edited itself; change \(source)")
  }

  private func assertOwned(_ record: RecordSchema) throws {
    if side == .county, record.owner == .city {
      throw Failure(
        .notAllowed, zh: "\(record.label.zh)(\(record.name))由市里维护,县区不能增删",
        en: "\(record.name) is kept by the city; a county cannot add or delete rows")
    }
  }

  private func assertOwned(
    _ record: RecordSchema, _ index: Int, _ key: RowKey, isInsert: Bool, value: Value, old: Value = .null
  ) throws {
    guard side == .county else { return }
    let field = record.fields[index]
    if case .field(field.name) = record.scope, !isInsert || value != unit.map(Value.text) {
      throw Failure(
        .notAllowed, zh: "\(record.name).\(field.name):只能是本单位 \(unit ?? "");迁移须由市里办理",
        en: "\(record.name).\(field.name): must be your own unit \(unit ?? ""); a transfer is made by the city")
    }
    if record.owner(of: index) == .city, record.edits == .reject || isInsert {
      throw Failure(
        .notAllowed, zh: "\(record.name) \(show(key)):\(field.label.zh)(\(field.name))由市里维护,不能修改",
        en: "\(record.name) \(show(key)): \(field.name) is kept by the city; a county cannot change it")
    }
    if let choice = field.citysChoice(value) ?? field.citysChoice(old), record.edits == .reject || isInsert {
      throw Failure(
        .notAllowed,
        zh: "\(record.name) \(show(key)):\(field.label.zh)(\(field.name))的「\(choice.label.zh)」只能由市里设置或更改;请与市里联系",
        en:
          "\(record.name) \(show(key)): \(field.name): “\(choice.label.en)” is for the city to set or change; ask the city"
      )
    }
  }

  private func assertValid(
    _ db: Database, _ record: RecordSchema, _ row: [Value], after before: [Value]? = nil, key: RowKey,
    only: Set<Int>? = nil
  ) throws {
    func fail(_ field: String, _ label: Label) -> Failure {
      let at = "\(record.name)\(before == nil ? "" : " " + show(key)).\(field)"
      return Failure(.data, zh: "\(at):\(label.zh)", en: "\(at): \(label.en)")
    }
    for (index, field) in record.fields.enumerated() where only?.contains(index) ?? true {
      if let label = field.problem(with: row[index], formats: formats) { throw fail(field.name, label) }
    }
    if let large = record.tooLarge(row, after: before) { throw fail(large.field, large.message) }
    if let broken = try brokenReference(db, record, row, only: only) { throw fail(broken.field, broken.message) }
    if let clash = try uniqueClash(db, record, row, key: key, only: only) { throw fail(clash.field, clash.message) }
    if let circle = try circle(db, record, row, only: only) { throw fail(circle.field, circle.message) }
  }

  /// Units that would take over from each other.
  private func circle(_ db: Database, _ record: RecordSchema, _ row: [Value], only: Set<Int>?) throws -> FieldProblem? {
    guard let units = schema.units, units.record == record.name, let successor = schema.successor,
      let column = record.index(of: successor), only?.contains(column) ?? true, let key = record.index(of: units.field),
      case .text(let unit) = row[key], case .text(let next) = row[column]
    else { return nil }
    let sql = "SELECT \(quoted(successor)) FROM \(record.table) WHERE \(quoted(units.field)) = ?"
    var seen = [next]
    while let last = seen.last, last != unit {
      guard case .text(let next)? = try db.first(sql, [.text(last)])?.first, !seen.contains(next) else { return nil }
      seen.append(next)
    }
    return FieldProblem(
      field: successor,
      message: Label(
        zh: "\(next) 的承接单位链会回到 \(unit),请先清空其中一个单位的 \(successor)",
        en: "\(unit) would take over from itself through \(next); empty the \(successor) of one of them first"))
  }
}

public func show(_ key: RowKey) -> String { key.description }
