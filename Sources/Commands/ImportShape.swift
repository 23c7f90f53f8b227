import GRDB
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
      borrowed.append(Borrowed(column: column, target: target, field: name))
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

  /// What a line of a file says that its row showed.
  func mark(_ values: [Int: Value]) -> String? {
    if case .text(let text)? = values[record.fields.count - 1] { text } else { nil }
  }

  /// The values of the record's own fields, references found by what was borrowed.
  func resolved(_ db: Database, _ values: [Int: Value]) throws -> [Int: Value] {
    var result = values.filter { $0.key < own.fields.count }
    for (offset, link) in borrowed.enumerated() {
      guard let value = values[own.fields.count + offset], !value.isNull else { continue }
      let sql = "SELECT \(quoted(link.target.key[0])) FROM \(link.target.table) WHERE \(quoted(link.field)) = ?"
      let place = "\(own.name).\(link.field)"
      guard let found = try db.first(sql, [value])?.first else {
        throw Failure(
          .data, zh: "\(place):没有这样的\(link.target.label.zh),请先登记",
          en: "\(place): there is no such \(link.target.name); add it first")
      }
      if let given = result[link.column], given != found {
        throw Failure(
          .data, zh: "\(place):与 \(own.fields[link.column].name) 指的不是同一条记录",
          en: "\(place): names another row than \(own.fields[link.column].name)")
      }
      result[link.column] = found
    }
    return result
  }

  /// A row with what its references are called in the other records.
  func extended(_ db: Database, _ row: [Value]) throws -> [Value] {
    try row
      + borrowed.map { link in
        let sql = "SELECT \(quoted(link.field)) FROM \(link.target.table) WHERE \(quoted(link.target.key[0])) = ?"
        return row[link.column].isNull ? .null : try db.first(sql, [row[link.column]])?.first ?? .null
      }
  }
}
