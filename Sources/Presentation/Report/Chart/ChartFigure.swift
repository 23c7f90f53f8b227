import SyncCore

/// A chart with its caption, for eyes and for readers of screens.
struct ChartFigure {
  private let data: ChartData
  private let id: String
  private let language: Language

  init(_ data: ChartData, id: String, _ language: Language) {
    self.data = data
    self.id = id
    self.language = language
  }

  var markup: Markup {
    let drawings: [(height: Double, parts: [Markup])]
    switch data.kind {
    case .bars, .stacked: drawings = RowChart(data, language).drawings
    case .lines: drawings = [LineChart(data).drawing]
    }
    let caption = Markup("figcaption", text: data.title)
    return Markup(
      "figure", [], [caption] + drawings.enumerated().map { svg($1.parts, height: $1.height, part: $0 + 1) })
  }

  private func svg(_ parts: [Markup], height: Double, part: Int) -> Markup {
    let title = Markup("title", [("id", "\(id)-t\(part)")], text: data.title)
    let description = Markup("desc", [("id", "\(id)-d\(part)")], text: self.description.text(language))
    let attributes = [
      ("role", "img"), ("aria-labelledby", "\(id)-t\(part)"), ("aria-describedby", "\(id)-d\(part)"),
      ("viewBox", "0 0 \(coordinate(Drawing.width)) \(coordinate(height))"),
      ("width", coordinate(Drawing.width)), ("height", coordinate(height)),
    ]
    return Markup("svg", attributes, [title, description] + parts)
  }

  private var description: Label {
    let rows = data.names.count
    switch data.kind {
    case .bars:
      return Label(zh: "条形图，共\(rows)项；数据见下表。", en: "Bar chart of \(rows) rows; the table below has the figures.")
    case .stacked:
      return Label(zh: "堆积条形图，共\(rows)项；数据见下表。", en: "Stacked bars of \(rows) rows; the table below has the figures.")
    case .lines:
      return Label(
        zh: "折线图，\(data.series.count)个系列、\(rows)个点；数据见下表。",
        en: "Line chart of \(data.series.count) series over \(rows) points; the table below has the figures.")
    }
  }
}
