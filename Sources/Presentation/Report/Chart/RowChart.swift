import SyncCore

/// Horizontal bars, one row for each name: beside each other, or stacked. The figures stand in a column of their own at
/// the right, where no bar and no mark covers them.
struct RowChart {
  private let data: ChartData
  private let language: Language
  private let scale: ChartScale
  private let legend: ChartLegend
  private let left: Double
  private let right: Double

  /// A long chart comes in pieces with the same scale, so that a page break does not cut a bar.
  private static let mostBars = 32

  init(_ data: ChartData, _ language: Language) {
    self.data = data
    self.language = language
    let values = data.kind == .stacked ? Self.stackEnds(data) : data.series.flatMap { $0.values.compactMap { $0 } }
    scale = ChartScale(values + (data.target?.values.compactMap { $0 } ?? []))
    legend = Self.legend(data)
    left = min(300, (data.names.map(Drawing.textWidth).max() ?? 0) + 10)
    let figures = data.names.indices.flatMap { Self.figures(data, $0, language) }
    right = Drawing.width - min(190, (figures.map(Drawing.textWidth).max() ?? 0) + 14)
  }

  var drawings: [(height: Double, parts: [Markup])] {
    let rows = max(1, Self.mostBars / lanes)
    return stride(from: 0, to: data.names.count, by: rows).map { start in
      drawing(start..<min(start + rows, data.names.count))
    }
  }

  private var lanes: Int { data.kind == .stacked ? 1 : data.series.count }
  private var laneHeight: Double { lanes == 1 ? 16 : 14 }
  private var rowHeight: Double { Double(lanes) * laneHeight + 8 }

  private func x(_ value: Double) -> Double { left + scale.place(value) * (right - left) }

  private func drawing(_ rows: Range<Int>) -> (height: Double, parts: [Markup]) {
    let top = legend.height
    let bottom = top + Double(rows.count) * rowHeight
    let bars = rows.enumerated().map { row($1, top: top + Double($0) * rowHeight) }
    let zero = Drawing.line((x(0), top), (x(0), bottom), "#555555")
    return (bottom + 24, legend.parts + axis(top, bottom) + bars + [zero])
  }

  /// Ticks with lines behind the bars; every second is named where they stand too close.
  private func axis(_ top: Double, _ bottom: Double) -> [Markup] {
    let texts = scale.ticks.map(Drawing.tickText)
    let room = (right - left) / Double(max(1, texts.count - 1))
    let every = Drawing.labelStep(texts, room: room)
    return scale.ticks.enumerated().flatMap { index, tick -> [Markup] in
      let line = Drawing.line((x(tick), top), (x(tick), bottom + 4), "#dddddd")
      return index % every == 0 ? [line, Drawing.text(texts[index], x(tick), bottom + 18, .middle)] : [line]
    }
  }

  private func row(_ row: Int, top: Double) -> Markup {
    let name = Drawing.shortened(data.names[row], to: left - 10)
    let middle = top + rowHeight / 2 + 4
    var parts = [Drawing.text(name, left - 8, middle, .end)]
    parts += data.kind == .stacked ? stack(row, top: top + 4) : bars(row, top: top + 4)
    if let target = data.target?.values[row] { parts.append(Drawing.mark(x(target), top + 1, top + rowHeight - 1)) }
    for (lane, text) in Self.figures(data, row, language).enumerated() {
      parts.append(Drawing.text(text, Drawing.width - 2, top + 16 + Double(lane) * laneHeight, .end))
    }
    return Drawing.group(tip(row), parts)
  }

  private func bars(_ row: Int, top: Double) -> [Markup] {
    data.series.enumerated().compactMap { lane, series in
      series.values[row].map { segment(0, $0, top + Double(lane) * laneHeight, color: lane) }
    }
  }

  /// From zero outwards, what is negative to the left.
  private func stack(_ row: Int, top: Double) -> [Markup] {
    var ends = (left: 0.0, right: 0.0)
    return data.series.enumerated().flatMap { index, series -> [Markup] in
      guard let value = series.values[row] else { return [] }
      let start = value < 0 ? ends.left : ends.right
      if value < 0 { ends.left += value } else { ends.right += value }
      let text = series.texts[row]
      let fits = Drawing.textWidth(text) + 8 < abs(x(start + value) - x(start))
      let middle = (x(start) + x(start + value)) / 2
      let color = [("style", "fill:" + Drawing.textColor(on: index))]
      let label = fits ? [Drawing.text(text, middle, top + 12, .middle, more: color)] : []
      return [segment(start, start + value, top, color: index)] + label
    }
  }

  private func segment(_ from: Double, _ to: Double, _ top: Double, color: Int) -> Markup {
    let ends = [x(from), x(to)].sorted()
    // What is there at all is seen; neighbours are a hair apart.
    let width = from == to ? 0 : max(1, ends[1] - ends[0] - (data.kind == .stacked ? 1 : 0))
    return Drawing.rectangle(ends[0], top, width, laneHeight - 1, fill: Drawing.color(color))
  }

  private func tip(_ row: Int) -> String {
    let series = data.series + (data.target.map { [$0] } ?? [])
    return data.names[row] + ": " + series.map { "\($0.name) \($0.texts[row])" }.joined(separator: ", ")
  }

  private static func figures(_ data: ChartData, _ row: Int, _ language: Language) -> [String] {
    data.kind == .stacked ? [data.total(row, language)] : data.series.map { $0.texts[row] }
  }

  private static func stackEnds(_ data: ChartData) -> [Double] {
    data.names.indices.flatMap { row -> [Double] in
      let values = data.series.compactMap { $0.values[row] }
      return [values.filter { $0 > 0 }.reduce(0, +), values.filter { $0 < 0 }.reduce(0, +)]
    }
  }

  private static func legend(_ data: ChartData) -> ChartLegend {
    var items = data.series.enumerated().map { ChartLegend.Item(name: $1.name, swatch: ChartLegend.box($0)) }
    if let target = data.target { items.append(ChartLegend.Item(name: target.name, swatch: ChartLegend.mark)) }
    // One series says in the caption what it is.
    return ChartLegend(items.count > 1 ? items : [])
  }
}
