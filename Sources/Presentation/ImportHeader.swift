import SyncCore

/// The header of a file, matched to the fields of a record. Any table of cells reads through it.
package struct ImportHeader {
  /// As the file has them.
  package let names: [String]
  private let columns: [HeaderColumn]
  private let indices: [Int]
  private let record: RecordSchema

  /// An unknown, missing or repeated field, and an amount of money without a unit, is refused; see `HeaderColumn`.
  package init(_ cells: [String], record: RecordSchema) throws(Failure) {
    var columns: [HeaderColumn] = []
    for (position, cell) in cells.enumerated() {
      let column = try HeaderColumn(ValueText.tidied(cell), position: position + 1, record)
      guard !columns.contains(where: { $0.index == column.index }) else {
        let name = record.fields[column.index].name
        throw Failure(.data, zh: "表头中字段 \(name) 重复，请删去一列", en: "the header has field \(name) twice; remove a column")
      }
      columns.append(column)
    }
    names = cells
    self.columns = columns
    indices = columns.map(\.index)
    self.record = record
  }

  /// How a file names the field: by its label, with yuan as the unit of money, or by its name where the label would be
  /// taken for another field's.
  package static func heading(_ index: Int, of record: RecordSchema, _ language: Language) -> String {
    let field = record.fields[index]
    var label = field.label.text(language)
    if field.kind == .money, MoneyUnit.split(ValueText.tidied(label))?.unit != .yuan {
      label = MoneyUnit.yuan.header(field, language)
    }
    let column = try? HeaderColumn(ValueText.tidied(label), position: index + 1, record)
    return column?.index == index ? label : field.name
  }

  package func field(_ position: Int) -> Field { record.fields[columns[position].index] }

  /// nil when every cell is empty, as spreadsheets leave below a table.
  package func row(_ cells: [String], line: Int) -> ImportRow? {
    row(cells.map { $0.isEmpty ? nil : $0 }, line: line)
  }

  /// An absent cell is nil, and an empty text is one; nil when every cell is absent.
  package func row(_ cells: [String?], line: Int) -> ImportRow? {
    if cells.allSatisfy({ $0 == nil }) { return nil }
    var row = ImportRow(line: line, columns: indices)
    guard cells.count == columns.count else {
      // Nobody knows which cell is missing, so none is taken.
      var message = Label(
        zh: "有 \(cells.count) 个单元格，表头有 \(columns.count) 个",
        en: "has \(cells.count) cells where the header has \(columns.count)")
      if cells.count < columns.count {
        message.zh += "；若是表格软件省去了行末的空单元格，请在其中另存为 .xlsx 再导入"
        message.en += "; if a spreadsheet left out empty cells at the end of the line, save the file there as .xlsx"
      }
      row.problems = [ImportProblem(line: line, column: "", value: "", message: message)]
      return row
    }
    for (position, cell) in cells.enumerated() {
      guard let cell else { continue }
      let column = columns[position]
      let field = record.fields[column.index]
      switch ValueText.parse(cell, field: field, emptyIsNull: false, unit: column.unit) {
      case .success(.null): continue
      case .success(let value): row.values[column.index] = value
      case .failure(let problem):
        let shown = Masking.mask(cell, field)
        row.problems.append(ImportProblem(line: line, column: names[position], value: shown, message: problem.label))
      }
    }
    return row
  }
}
