import SyncCore

/// A report for a spreadsheet: the tables one below the other.
public enum ReportCSV {
  /// Per section a line with its title, the header, the rows; a blank line between sections. Numbers are in the unit that
  /// the header names, with every digit and without separators; a verdict is its word.
  public static func text(_ report: Report, _ language: Language) -> String {
    report.sections.map { text($0, language) }.joined(separator: "\n")
  }

  private static func text(_ section: Report.Section, _ language: Language) -> String {
    var lines = [[safe(section.title.text(language))]]
    lines.append(section.columns.map { safe($0.header(language)) })
    lines += section.rows.map { row in
      section.columns.enumerated().map { text(section.cell(row, $0), $1.unit, language) }
    }
    if section.rows.isEmpty { lines.append([ReportWords.nothing.text(language)]) }
    if section.hasSuppressed { lines.append([ReportWords.suppressed.text(language)]) }
    return lines.map(CSVText.line).joined()
  }

  private static func text(_ cell: Report.Cell, _ unit: Report.Unit, _ language: Language) -> String {
    switch cell {
    case .none: ""
    case .text(let text): safe(text)
    case .label(let label): safe(label.text(language))
    case .integer(let number): text(number, unit)
    case .real(let number): text(number, unit)
    case .verdict(_, let label): safe(label.text(language))
    case .suppressed: ReportWords.suppressedMark
    }
  }

  private static func text(_ number: Int64, _ unit: Report.Unit) -> String {
    switch unit {
    case .none, .days, .year: String(number)
    case .wan, .yi: ReportNumber.plainMoney(number, unit)
    case .percent: ReportNumber.plainPercent(Double(number)) ?? ""
    }
  }

  private static func text(_ number: Double, _ unit: Report.Unit) -> String {
    guard number.isFinite else { return "" }
    switch unit {
    case .none, .days, .year: return number.description
    case .percent: return ReportNumber.plainPercent(number) ?? ""
    case .wan, .yi:
      guard let yuan = Int64(exactly: number.rounded()) else { return (number / unit.divisor).description }
      return ReportNumber.plainMoney(yuan, unit)
    }
  }

  /// A spreadsheet runs a cell that begins like a formula; an apostrophe in front makes it text.
  private static func safe(_ text: String) -> String {
    SpreadsheetFormula.isLike(text) ? "'" + text : text
  }
}
