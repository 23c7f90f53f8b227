import Presentation
import SyncCore

/// How a field looks in a sheet.
struct RecordColumn {
  private let field: Field
  private let header: String
  private let isKey: Bool
  private let language: Language

  init(_ record: RecordSchema, _ index: Int, _ language: Language) {
    field = record.fields[index]
    header = ImportHeader.heading(index, of: record, language)
    isKey = record.isKey(index)
    self.language = language
  }

  func heading(choices: [String]) -> Workbook.Column {
    Workbook.Column(
      header, kind: kind, choices: choices.isEmpty ? ownChoices : choices,
      comment: FieldGuide.comment(field, isKey: isKey, language))
  }

  private var kind: Workbook.Kind {
    switch field.kind {
    case .integer: .integer
    case .money: .amount
    case .real: .real
    case .date: .date
    case .text, .blob, .uuid, .boolean: .text
    }
  }

  private var ownChoices: [String] {
    if field.kind == .boolean { return [1, 0].map { shown(.integer($0)) } }
    return field.check.values?.map { shown(.text($0.value)) } ?? []
  }

  func cell(_ value: Value) -> Workbook.Cell {
    switch value {
    case .null: .none
    case .integer(let number): field.kind == .boolean ? .text(shown(value)) : .integer(number)
    case .real(let number): .real(number)
    case .text(let text): field.kind == .date ? .date(text) : .text(EmptyText.write(shown(value)))
    // Hexadecimal has a spelling for no bytes.
    case .blob(let bytes): .text(bytes.isEmpty ? "0x" : ValueText.spell(value))
    }
  }

  /// The label of a choice or a boolean, where that reads back as the same value; else the value as it is.
  private func shown(_ value: Value) -> String {
    let label = ValueText.show(value, field: field, language: language, labels: true)
    guard case .success(let read) = ValueText.parse(label, field: field, emptyIsNull: false), read == value else {
      return ValueText.spell(value)
    }
    return label
  }
}
