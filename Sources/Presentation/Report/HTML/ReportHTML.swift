import SyncCore

/// A report as one page that needs nothing else: no scripts, no fonts, no pictures from elsewhere. Prints on A4.
public enum ReportHTML {
  /// The whole document, UTF-8; also well-formed XML.
  public static func page(_ report: Report, _ language: Language) -> String {
    let title = report.title.text(language)
    let head = Markup(
      "head", [],
      [
        Markup("meta", [("charset", "utf-8")]),
        Markup("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")]),
        Markup("title", text: title), Markup("style", text: ReportStyle.css),
      ])
    let top = [Markup("h1", text: title)] + notes(report.notes, language)
    let sections = report.sections.enumerated().map { section($1, id: "s\($0 + 1)", language) }
    let body = Markup("body", [], [Markup("main", [], [Markup("header", [], top)] + sections)])
    let tag = language == .zh ? "zh-CN" : "en"
    return "<!DOCTYPE html>\n" + Markup("html", [("lang", tag)], [head, body]).source + "\n"
  }

  private static func section(_ section: Report.Section, id: String, _ language: Language) -> Markup {
    let title = Markup("h2", [("id", id)], text: section.title.text(language))
    let content = section.rows.isEmpty ? [nothing(language)] : figures(section, id: id, language)
    let attributes = [("class", size(section, language)), ("aria-labelledby", id)]
    return Markup("section", attributes, [title] + notes(section.notes, language) + content)
  }

  private static func nothing(_ language: Language) -> Markup {
    Markup("p", [("class", "empty")], text: ReportWords.nothing.text(language))
  }

  private static func figures(_ section: Report.Section, id: String, _ language: Language) -> [Markup] {
    var out: [Markup] = []
    if let chart = section.chart, let data = ChartData(section, chart, language) {
      out.append(ChartFigure(data, id: id, language).markup)
    }
    out.append(Markup("div", [("class", "scroll")], [ReportTable(section, language).markup]))
    if section.hasSuppressed {
      out.append(Markup("p", [("class", "foot")], text: ReportWords.suppressed.text(language)))
    }
    return out
  }

  private static func notes(_ notes: [Label], _ language: Language) -> [Markup] {
    notes.map { Markup("p", [("class", "note")], text: $0.text(language)) }
  }

  /// A wide table is printed across, a very wide one also smaller. Counted in columns of a terminal; a header wraps.
  private static func size(_ section: Report.Section, _ language: Language) -> String {
    let widths = section.columns.enumerated().map { index, column in
      let cells = section.rows.map { displayWidth(section.cell($0, index).text(column.unit, language)) }
      return min(30, max(displayWidth(column.header(language)) / 3, cells.max() ?? 0)) + 2
    }
    switch widths.reduce(0, +) {
    case ...105: return "portrait"
    case ...165: return "wide"
    default: return "wide dense"
    }
  }
}
