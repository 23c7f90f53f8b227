import Presentation
import SyncCore

extension ImportFile {
  /// A workbook or a CSV file, whichever the bytes are; the file's name does not count. `sheet` is for workbooks.
  public static func read(
    _ bytes: [UInt8], record: RecordSchema, sheet: String? = nil
  ) throws(Failure) -> [ImportRow] {
    switch FileFormat(bytes) {
    case .zip, .oldExcel, .encrypted, .markup: try readXLSX(bytes, record: record, sheet: sheet)
    case .text, .empty, .other: try readCSV(bytes, record: record)
    }
  }

  /// The rows below the header of a sheet. The header is the first row that holds something.
  public static func readXLSX(
    _ bytes: [UInt8], record: RecordSchema, sheet: String? = nil
  ) throws(Failure) -> [ImportRow] {
    let table = try XLSXFile.read(bytes, sheet: sheet)
    guard let first = table.rows.first else {
      throw Failure(
        .data, zh: "工作表“\(visibleText(table.name))”是空的，第一行应为表头",
        en: "sheet '\(visibleText(table.name))' is empty; its first row should name the fields")
    }
    let header = try ImportHeader(first.texts, record: record)
    return table.rows.dropFirst().compactMap { SheetImport(header: header).row($0) }
  }
}

/// One row of a sheet as a row of a record.
private struct SheetImport {
  let header: ImportHeader

  func row(_ row: SheetRow) -> ImportRow? {
    var texts = [String?](repeating: nil, count: header.names.count)
    var problems: [ImportProblem] = []
    for cell in row.cells {
      let position = Int(cell.column) - 1
      if let problem = problem(of: cell, in: row) {
        let isNamed = texts.indices.contains(position)
        let shown = isNamed ? Masking.mask(cell.text, header.field(position)) : cell.text
        let column = isNamed ? header.names[position] : ""
        problems.append(ImportProblem(line: row.number, column: column, value: shown, message: problem))
      } else {
        texts[position] = EmptyText.read(text(of: cell, above: header.field(position).kind))
      }
    }
    var result = header.row(texts, line: row.number)
    if result == nil, !problems.isEmpty { result = ImportRow(line: row.number) }
    result?.problems += problems
    return result
  }

  /// What is counted in whole numbers has no digit that only the file has.
  private func text(of cell: SheetCell, above kind: Field.Kind) -> String {
    cell.isNumber && [.integer, .money].contains(kind) ? NumberText.shown(cell.text) : cell.text
  }

  private func problem(of cell: SheetCell, in row: SheetRow) -> Label? {
    let position = Int(cell.column) - 1
    guard header.names.indices.contains(position) else {
      let place = CellReference(row: row.number, column: Int(cell.column)).text
      return Label(
        zh: "单元格 \(place) 上方没有表头，请补上表头或清空", en: "cell \(place) has no header above it; add one or clear the cell")
    }
    if let problem = row.problems[Int(cell.column)] { return problem }
    return header.field(position).kind == .text ? lostDigits(cell) : nil
  }

  /// A long code that was typed as a number is no longer the code that was typed.
  private func lostDigits(_ cell: SheetCell) -> Label? {
    let digits = cell.text.utf8.filter { (48...57).contains($0) }.count
    guard cell.isNumber, !cell.text.contains("."), digits > SheetLimits.digits else { return nil }
    return Label(
      zh: "是超过 15 位的数字，表格软件会改掉末几位；请把单元格设为文本格式后重新输入",
      en:
        "is a number of more than 15 digits, whose last ones a spreadsheet changes; format the cell as text and retype it"
    )
  }
}

/// An empty text, which is not an empty cell, as a cell spells it: two quotation marks. A text of nothing but two or more
/// quotation marks gets two more.
enum EmptyText {
  static func write(_ text: String) -> String { text.isEmpty || isQuotes(text) ? "\"\(text)\"" : text }

  /// nil for a cell without any text.
  static func read(_ cell: String) -> String? {
    if cell.isEmpty { return nil }
    return isQuotes(cell) && cell.utf8.count != 3 ? String(cell.dropFirst().dropLast()) : cell
  }

  private static func isQuotes(_ text: String) -> Bool {
    text.utf8.count >= 2 && text.utf8.allSatisfy { $0 == UInt8(ascii: "\"") }
  }
}
