import SyncCore

/// The header of a file, matched to the fields of a record. Any table of cells reads through it.
package struct ImportHeader {
  private let names: [String]
  private let columns: [Int]
  private let record: RecordSchema

  /// Fields go by name or by a label in either language. An unknown, missing or repeated one is refused.
  package init(_ cells: [String], record: RecordSchema) throws(Failure) {
    var columns: [Int] = []
    for (position, cell) in cells.enumerated() {
      let column = try Self.column(ValueText.tidied(cell), position: position + 1, record)
      guard !columns.contains(column) else {
        let name = record.fields[column].name
        throw Failure(.data, zh: "表头中字段 \(name) 重复，请删去一列", en: "the header has field \(name) twice; remove a column")
      }
      columns.append(column)
    }
    names = cells
    self.columns = columns
    self.record = record
  }

  private static func column(_ name: String, position: Int, _ record: RecordSchema) throws(Failure) -> Int {
    if let index = record.index(of: name) { return index }
    let matching = record.fields.indices.filter {
      let label = record.fields[$0].label
      return [label.zh, label.en].contains { ValueText.tidied($0) == name }
    }
    if matching.count == 1, !name.isEmpty { return matching[0] }
    let typed = quotedText(name)
    guard matching.count < 2 else {
      let names = matching.map { record.fields[$0].name }.joined(separator: ", ")
      throw Failure(
        .data, zh: "第 \(position) 列表头“\(typed)”对应多个字段，请改用字段名：\(names)",
        en: "column \(position): header '\(typed)' fits several fields; use a field name: \(names)")
    }
    let guess = nearest(name, in: record.fields.flatMap { [$0.name, $0.label.zh, $0.label.en] })
    let known = record.fields.map(\.name)
    throw Failure(
      .data,
      zh: "第 \(position) 列表头“\(typed)”不是 \(record.name) 的字段" + (guess.map { "，是否要用“\($0)”？" } ?? "。")
        + "可用：\(known.joined(separator: "、"))",
      en: "column \(position): header '\(typed)' is no field of \(record.name)"
        + (guess.map { "; did you mean '\($0)'?" } ?? ";") + " known: \(known.joined(separator: ", "))")
  }

  /// nil when every cell is empty, as spreadsheets leave below a table.
  package func row(_ cells: [String], line: Int) -> ImportRow? {
    if cells.allSatisfy(\.isEmpty) { return nil }
    var row = ImportRow(line: line)
    guard cells.count == columns.count else {
      // Nobody knows which cell is missing, so none is taken.
      let message = Label(
        zh: "有 \(cells.count) 个单元格，表头有 \(columns.count) 个",
        en: "has \(cells.count) cells where the header has \(columns.count)")
      row.problems = [ImportProblem(line: line, column: "", value: "", message: message)]
      return row
    }
    for (position, cell) in cells.enumerated() where !cell.isEmpty {
      switch ValueText.parse(cell, field: record.fields[columns[position]]) {
      case .success(.null): continue
      case .success(let value): row.values[columns[position]] = value
      case .failure(let problem):
        row.problems.append(ImportProblem(line: line, column: names[position], value: cell, message: problem.label))
      }
    }
    return row
  }
}
