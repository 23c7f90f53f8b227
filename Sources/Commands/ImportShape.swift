import GRDB
import Presentation
import SQLiteStore
import SyncCore

/// A record as files spell it: beside its own fields it takes, for each field that refers to another record, that record's unique
/// field, so that a table of figures names enterprises by credit code.
struct ImportShape {
  /// The record with the borrowed fields after its own, and what its rows showed when they were exported.
  let record: RecordSchema
  let own: RecordSchema
  let borrowed: [Borrowed]

  struct Borrowed {
    /// The column of the record that refers, and what it refers to.
    let column: Int
    let target: RecordSchema
    let field: String
    /// Where it is looked for, too: what may lie out of scope is shown to everybody by another record.
    let lists: [ShownRows]
  }

  init(_ record: RecordSchema, _ schema: Schema) {
    var extended = record
    var borrowed: [Borrowed] = []
    for (column, field) in record.fields.enumerated() {
      guard let reference = field.reference, let target = schema.record(reference.record),
        target.key == [reference.field],
        let name = target.unique.first(where: { $0.count == 1 })?.first, let unique = target.field(name),
        extended.index(of: name) == nil
      else { continue }
      var copy = unique
      copy.required = false
      extended.fields.append(copy)
      let lists = schema.projections(of: target).filter { list in
        field.weak && list.index(of: reference.field) != nil && list.index(of: name) != nil
      }
      let shown = lists.map { ShownRows(table: $0.table, key: reference.field, name: name) }
      borrowed.append(Borrowed(column: column, target: target, field: name, lists: shown))
    }
    own = record
    extended.fields.append(SeenRow.field)
    self.record = extended
    self.borrowed = borrowed
  }

  /// The record as it is exported.
  /// - Parameters:
  ///   - codes: with the borrowed fields.
  ///   - plain: without what its rows show.
  func exported(codes: Bool, plain: Bool) -> RecordSchema {
    var exported = own
    if codes { exported.fields = Array(record.fields.dropLast()) }
    if !plain { exported.fields.append(SeenRow.field) }
    return exported
  }

  /// What a file says that a row showed.
  /// - Parameter isGuarded: texts of the file that are like formulas have an apostrophe.
  func seen(_ shown: [Value], isGuarded: Bool) -> String {
    let borrowed = Array(record.fields[own.fields.count...].dropLast())
    return SeenRow.text(of: shown, own, borrowed: borrowed, isGuarded: isGuarded)
  }

  /// The lines of a file without the apostrophes that its export has added. A line whose mark was emptied, or that was
  /// added, is as the others of its file.
  func unguarded(_ rows: [ImportRow]) -> [ImportRow] {
    let isGuarded = rows.allSatisfy { mark($0.values).map(SeenRow.isGuarded) ?? hasMarks($0) }
    return rows.map { row in
      (mark(row.values).map(SeenRow.isGuarded) ?? isGuarded) ? unguarded(row) : row
    }
  }

  private func unguarded(_ row: ImportRow) -> ImportRow {
    var result = row
    for (column, value) in row.values where SeenRow.guards(record.fields[column]) {
      if case .text(let text) = value { result.values[column] = .text(SpreadsheetFormula.unguarded(text)) }
    }
    return result
  }

  /// Whether the file has the column of what its rows showed.
  func hasMarks(_ row: ImportRow) -> Bool { row.columns.contains(record.fields.count - 1) }

  /// What a line of a file says that its row showed.
  func mark(_ values: [Int: Value]) -> String? {
    if case .text(let text)? = values[record.fields.count - 1] { text } else { nil }
  }

  /// The record's own columns that a line says something of, but for its key.
  func columns(of row: ImportRow) -> [Int] {
    let lent = borrowed.indices.filter { row.columns.contains(own.fields.count + $0) }.map { borrowed[$0].column }
    let said = row.columns.filter { $0 < own.fields.count }
    return Set(said + lent).subtracting(own.keyIndices).sorted()
  }

  struct Resolved {
    /// Of the record's own fields, references found by what was borrowed.
    var values: [Int: Value]
    /// Borrowed cells that name no row any more, by column, with what the row that is meant has in their place.
    var outdated: [Int: Value] = [:]
    /// Borrowed cells that name no row, beside a reference that is taken.
    var unknown: [Borrowed] = []
  }

  /// What a line says of the record's own fields.
  func resolved(_ db: Database, _ values: [Int: Value]) throws -> Resolved {
    var result = values.filter { $0.key < own.fields.count }
    var outdated: [Int: Value] = [:]
    var unknown: [Borrowed] = []
    for (offset, link) in borrowed.enumerated() {
      let column = own.fields.count + offset
      guard let value = values[column], !value.isNull else { continue }
      let place = "\(own.name).\(link.field)"
      guard let found = try link.key(db, of: value) else {
        if let given = result[link.column], let now = try lent(db, link, by: given) {
          // An exported line had both from one row, whose code was corrected since; another code is its author's.
          let key = RowKey(own.keyIndices.compactMap { result[$0] })
          let seen = mark(values).flatMap { SeenRow($0, of: key, own) }
          if seen?.hasShown(value, of: record.fields[column]) == true {
            outdated[column] = now
            continue
          }
          let (name, shown) = (ValueText.spell(given), ValueText.spellOrNull(Masking.mask(now, record.fields[column])))
          throw Failure(
            .data, zh: "\(place):不是 \(link.target.name) \(name) 的(现为“\(shown)”);请更正或清空",
            en: "\(place): is not that of \(link.target.name) \(name), which is “\(shown)”; correct or empty it")
        }
        let reference = own.fields[link.column]
        // Nobody looks here for what may lie out of scope: the reference alone would be taken, too.
        if reference.weak, result[link.column] != nil {
          unknown.append(link)
          continue
        }
        let advice =
          reference.weak
          ? Label(zh: "请更正,或改填 \(reference.name)", en: "correct it, or give \(reference.name) instead")
          : Label(zh: "请先登记", en: "add it first")
        throw Failure(
          .data, zh: "\(place):没有这样的\(link.target.label.zh),\(advice.zh)",
          en: "\(place): there is no such \(link.target.name); \(advice.en)")
      }
      if let given = result[link.column], given != found {
        throw Failure(
          .data, zh: "\(place):与 \(own.fields[link.column].name) 指的不是同一条记录",
          en: "\(place): names another row than \(own.fields[link.column].name)")
      }
      result[link.column] = found
    }
    return Resolved(values: result, outdated: outdated, unknown: unknown)
  }

  /// A row with what its references are called in the other records.
  func extended(_ db: Database, _ row: [Value]) throws -> [Value] {
    try row + borrowed.map { link in try lent(db, link, by: row[link.column]) ?? .null }
  }

  /// What a row is called in the other record; nil: there is no such row.
  private func lent(_ db: Database, _ link: Borrowed, by reference: Value) throws -> Value? {
    if reference.isNull { return nil }
    return try link.name(db, of: reference)
  }
}

extension ImportShape.Borrowed {
  /// The key of the row that is called so.
  fileprivate func key(_ db: Database, of name: Value) throws -> Value? {
    let sql = "SELECT \(quoted(target.key[0])) FROM \(target.table) WHERE \(quoted(field)) = ?"
    if let found = try db.first(sql, [name])?.first { return found }
    for list in lists { if let found = try list.key(db, of: name) { return found } }
    return nil
  }

  /// What the row with a key is called.
  fileprivate func name(_ db: Database, of key: Value) throws -> Value? {
    for table in [target.table] + lists.map(\.table) {
      let sql = "SELECT \(quoted(field)) FROM \(table) WHERE \(quoted(target.key[0])) = ?"
      if let found = try db.first(sql, [key])?.first { return found }
    }
    return nil
  }
}

/// Rows that a record shows of another one. Its table has an index for the key alone: who asks by what they are called
/// reads all of it, once.
final class ShownRows {
  let table: String
  private let keyColumn: String
  private let nameColumn: String
  /// The keys, by what the rows are called.
  private var known: [Value: Value]?

  init(table: String, key: String, name: String) {
    (self.table, keyColumn, nameColumn) = (table, quoted(key), quoted(name))
  }

  func key(_ db: Database, of name: Value) throws -> Value? {
    let known = try self.known ?? read(db)
    self.known = known
    return known[name]
  }

  private func read(_ db: Database) throws -> [Value: Value] {
    var known: [Value: Value] = [:]
    let sql = "SELECT \(nameColumn), \(keyColumn) FROM \(table) WHERE \(nameColumn) IS NOT NULL"
    try db.each(sql) { row in known[row.cell(0)] = row.cell(1) }
    return known
  }
}
