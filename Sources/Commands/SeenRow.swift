import Presentation
import SyncCore
import SyncProtocol

/// What a row showed when it was exported. A file may come back long after that: a cell that its author left alone changes nothing, and
/// one that somebody else has changed since is not overwritten.
///
///     text     x, so that no spreadsheet takes it for a number, or q: texts that are like formulas have an apostrophe
///              in the file, so that no spreadsheet runs them; then for each field of the record, in its order: the
///              first 4 bytes of SHA-256(field, 0, key of the row as a row key, the cell's text), in hex; of an empty
///              cell 8 zeros; then - and the same for each cell of what its references are called
struct SeenRow {
  /// The column that an exported file has after its own; a workbook hides it.
  static let field = Field(name: "_seen", label: Label(zh: "导出校验", en: "export check"))

  private let record: RecordSchema
  private let key: RowKey
  private let marks: [Substring]
  private let borrowed: [Substring]

  /// - Parameters:
  ///   - row: as the file shows it.
  ///   - borrowed: the fields of what its references are called, of which the row may have the cells after its own.
  ///   - isGuarded: texts of the file that are like formulas have an apostrophe.
  static func text(of row: [Value], _ record: RecordSchema, borrowed: [Field], isGuarded: Bool) -> String {
    let key = RowKey(record.keyIndices.map { row[$0] })
    let own = zip(row, record.fields).map { mark($0, $1, key) }
    let others = zip(row.dropFirst(record.fields.count), borrowed).map { "-" + mark($0, $1, key) }
    return (isGuarded ? "q" : "x") + (own + others).joined()
  }

  /// Whether the file that has this text has apostrophes before what is like a formula.
  static func isGuarded(_ text: String) -> Bool { text.hasPrefix("q") }

  /// Choices are the schema's, and nobody types them.
  static func guards(_ field: Field) -> Bool { field.kind == .text && field.check.values == nil }

  /// nil: the text is another row's, as of a line that was copied to make a new row, or of no row.
  init?(_ text: String, of key: RowKey, _ record: RecordSchema) {
    (self.record, self.key) = (record, key)
    marks = Self.marks(in: text)
    borrowed = Array(text.split(separator: "-").dropFirst())
    guard zip(record.keyIndices, key.values).allSatisfy({ shows($1, $0) == true }) else { return nil }
  }

  /// By which a row's text is known to be its own.
  static func mark(of key: RowKey, _ record: RecordSchema) -> String {
    zip(record.keyIndices, key.values).map { mark($1, record.fields[$0], key) }.joined()
  }

  /// The same, of the row of which a text is.
  static func keyMark(in text: String, _ record: RecordSchema) -> String? {
    let marks = marks(in: text)
    guard record.keyIndices.allSatisfy(marks.indices.contains) else { return nil }
    return record.keyIndices.map { marks[$0] }.joined()
  }

  private static func marks(in text: String) -> [Substring] {
    let digits = Array(text.dropFirst().prefix { $0 != "-" })
    return stride(from: 0, to: digits.count - 7, by: 8).map { Substring(digits[$0..<($0 + 8)]) }
  }

  /// Whether the cell showed exactly this; nil: the row had no such field then.
  func shows(_ value: Value, _ column: Int) -> Bool? {
    guard marks.indices.contains(column) else { return nil }
    return Self.mark(value, record.fields[column], key) == marks[column]
  }

  /// Whether the row showed this as what a reference is called.
  func hasShown(_ value: Value, of field: Field) -> Bool {
    borrowed.contains { $0 == Self.mark(value, field, key) }
  }

  /// Whether the cell showed this value, in full or masked. A field that the row did not have then showed nothing.
  func stands(for value: Value, _ column: Int) -> Bool {
    guard let isShown = shows(value, column) else { return ValueText.spell(value).isEmpty }
    let masked = Masking.$isOff.withValue(false) { Masking.mask(value, record.fields[column]) }
    return isShown || shows(masked, column) == true
  }

  private static func mark(_ value: Value, _ field: Field, _ key: RowKey) -> String {
    let text = ValueText.spell(value)
    if text.isEmpty { return "00000000" }
    return Array(sha256(Array(field.name.utf8) + [0] + key.encoded + Array(text.utf8)).prefix(4)).hex
  }
}
