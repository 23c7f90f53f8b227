import SyncCore

/// A report for scripts: `.sections.NAME.rows[0].COLUMN`. Names are the same in every language.
public enum ReportJSON {
  /// Titles and notes in both languages; numbers as they are stored (yuan, shares); labels and words of a verdict in the
  /// language. A suppressed cell is null and named in the list `suppressed` of its row.
  public static func json(_ report: Report, _ language: Language) -> JSON {
    .object([
      ("report", .string(report.name)),
      ("title", both(report.title)),
      ("notes", .array(report.notes.map(both))),
      ("sections", .object(report.sections.map { ($0.name, section($0, language)) })),
    ])
  }

  private static func both(_ label: Label) -> JSON { .object([("zh", .string(label.zh)), ("en", .string(label.en))]) }

  private static func section(_ section: Report.Section, _ language: Language) -> JSON {
    .object([
      ("title", both(section.title)),
      ("notes", .array(section.notes.map(both))),
      ("rows", .array(section.rows.map { row($0, section, language) })),
    ])
  }

  private static func row(_ row: [Report.Cell], _ section: Report.Section, _ language: Language) -> JSON {
    let cells = section.columns.indices.map { section.cell(row, $0) }
    var members = zip(section.columns, cells).map { ($0.name, value($1, language)) }
    let suppressed = zip(section.columns, cells).filter { $1 == .suppressed }.map { JSON.string($0.0.name) }
    if !suppressed.isEmpty { members.append(("suppressed", .array(suppressed))) }
    return .object(members)
  }

  private static func value(_ cell: Report.Cell, _ language: Language) -> JSON {
    switch cell {
    case .none, .suppressed: .null
    case .text(let text): .string(text)
    case .label(let label): .string(label.text(language))
    case .integer(let number): .integer(number)
    case .real(let number): .number(number)
    case .verdict(let isGood, let label):
      .object([("ok", isGood.map(JSON.bool) ?? .null), ("text", .string(label.text(language)))])
    }
  }
}
