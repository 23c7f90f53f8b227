import Presentation
import SyncCore

/// Reports as workbooks: one sheet a section, numbers as numbers.
public enum ReportSheet {
  public static func workbook(_ report: Report, language: Language) throws(Failure) -> [UInt8] {
    try XLSXWriter.bytes(model(report, language))
  }

  /// The first sheet also says what the whole report says.
  static func model(_ report: Report, _ language: Language) -> Workbook {
    let about = report.notes.map { $0.text(language) }
    let title = report.title.text(language)
    guard !report.sections.isEmpty else {
      return Workbook(sheets: [Workbook.Sheet(report.name, title: title, notes: about, columns: [], rows: [])])
    }
    var sheets = report.sections.map { sheet($0, language) }
    sheets[0].notes = about + [sheets[0].title ?? ""] + sheets[0].notes
    sheets[0].title = title
    return Workbook(sheets: sheets)
  }

  private static func sheet(_ section: Report.Section, _ language: Language) -> Workbook.Sheet {
    let columns = section.columns.enumerated().map { index, column in
      let cells = section.rows.compactMap { index < $0.count ? $0[index] : nil }
      return Workbook.Column(header(column, language), kind: kind(column, cells), width: width(column, cells, language))
    }
    let rows = section.rows.map { row in zip(section.columns, row).map { cell($1, $0.unit, language) } }
    let isSuppressed = section.rows.contains { $0.contains(.suppressed) }
    let notes = section.notes + (isSuppressed ? [ReportWords.suppressed] : [])
    return Workbook.Sheet(
      section.name, title: section.title.text(language), notes: notes.map { $0.text(language) },
      columns: columns, rows: rows)
  }

  /// The cells of a share show their % themselves.
  private static func header(_ column: Report.Column, _ language: Language) -> String {
    column.unit == .percent ? column.label.text(language) : column.header(language)
  }

  private static func kind(_ column: Report.Column, _ cells: [Report.Cell]) -> Workbook.Kind {
    switch column.unit {
    case .wan, .yi: return .decimal
    case .percent: return .percent
    case .days: return .integer
    case .year: return .text
    case .none: break
    }
    if cells.contains(where: { if case .real = $0 { true } else { false } }) { return .real }
    return cells.contains { if case .integer = $0 { true } else { false } } ? .integer : .text
  }

  private static func width(_ column: Report.Column, _ cells: [Report.Cell], _ language: Language) -> Double {
    let texts = cells.map { cell in
      if case .text(let text) = Self.cell(cell, column.unit, language) { displayWidth(text) } else { 12 }
    }
    return Double(min((texts + [displayWidth(header(column, language)), 8]).max() ?? 8, 60) + 2)
  }

  private static func cell(_ cell: Report.Cell, _ unit: Report.Unit, _ language: Language) -> Workbook.Cell {
    switch cell {
    case .none: .none
    case .text(let text): .text(text)
    case .label(let label), .verdict(_, let label): .text(label.text(language))
    case .integer(let number): scaled(number, unit)
    case .real(let number): .figure(unit == .wan ? number / 1e4 : unit == .yi ? number / 1e8 : number)
    case .suppressed: .text(ReportWords.suppressedMark)
    }
  }

  /// Division by a power of ten gives the nearest number there is, so that the cell shows the very digits.
  private static func scaled(_ number: Int64, _ unit: Report.Unit) -> Workbook.Cell {
    switch unit {
    case .wan: .figure(Double(number) / 1e4)
    case .yi: .figure(Double(number) / 1e8)
    case .none, .percent, .days, .year: .integer(number)
    }
  }
}
