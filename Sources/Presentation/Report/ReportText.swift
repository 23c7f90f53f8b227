import SyncCore

/// A report on a terminal.
public enum ReportText {
  /// `width` is the terminal's in columns, nil when there is none: then nothing is wrapped. No line break at the end.
  public static func render(_ report: Report, _ language: Language, width: Int? = nil) -> String {
    let title = visibleText(report.title.text(language))
    let head = [title, String(repeating: "═", count: displayWidth(title))] + notes(report.notes, language, width)
    let sections = report.sections.map { section($0, language, width) }
    return ([head.joined(separator: "\n")] + sections).joined(separator: "\n\n")
  }

  private static func section(_ section: Report.Section, _ language: Language, _ width: Int?) -> String {
    let title = ["■ " + visibleText(section.title.text(language))]
    let notes = notes(section.notes, language, width)
    guard !section.rows.isEmpty else {
      return (title + notes + [ReportWords.nothing.text(language)]).joined(separator: "\n")
    }
    let table = TextPanels(section, language).render(width: width)
    let foot = section.hasSuppressed ? [ReportWords.suppressed.text(language)] : []
    return (title + notes + [table] + foot).joined(separator: "\n")
  }

  private static func notes(_ notes: [Label], _ language: Language, _ width: Int?) -> [String] {
    notes.flatMap { wrapped(visibleText($0.text(language)), width: width) }
  }
}
