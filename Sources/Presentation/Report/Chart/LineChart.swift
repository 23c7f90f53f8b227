/// Lines over the same points, each with its own colour, dash and marker.
struct LineChart {
  private let data: ChartData
  private let scale: ChartScale
  private let legend: ChartLegend
  private let left: Double
  private let right: Double
  private static let height = 260.0

  init(_ data: ChartData) {
    self.data = data
    let all = data.series + (data.target.map { [$0] } ?? [])
    scale = ChartScale(all.flatMap { $0.values.compactMap { $0 } }, hasZero: false)
    var items = data.series.enumerated().map { ChartLegend.Item(name: $1.name, swatch: LineStyle($0).swatch) }
    if let target = data.target { items.append(ChartLegend.Item(name: target.name, swatch: LineStyle.target.swatch)) }
    // One line says in the caption what it is.
    legend = ChartLegend(items.count > 1 ? items : [])
    let names = data.names.map { Drawing.textWidth(Self.short($0)) }
    let ticks = scale.ticks.map { Drawing.textWidth(Drawing.tickText($0)) }
    left = max((ticks.max() ?? 0) + 10, (names.first ?? 0) / 2)
    right = Drawing.width - max(12, (names.max() ?? 0) / 2 + 2)
  }

  var drawing: (height: Double, parts: [Markup]) {
    let lines = data.series.enumerated().flatMap { line($1, LineStyle($0)) }
    let target = data.target.map { line($0, .target) } ?? []
    return (top + Self.height + 26, legend.parts + axis + names + target + lines)
  }

  private var top: Double { legend.height + 6 }

  private func x(_ index: Int) -> Double {
    guard data.names.count > 1 else { return (left + right) / 2 }
    let inset = 10.0
    return left + inset + (right - left - inset) * Double(index) / Double(data.names.count - 1)
  }

  private func y(_ value: Double) -> Double { top + (1 - scale.place(value)) * Self.height }

  private var axis: [Markup] {
    scale.ticks.flatMap { tick in
      // Zero is told from the rest: what is below it is a loss.
      let color = tick == 0 ? "#555555" : "#dddddd"
      return [
        Drawing.line((left, y(tick)), (right, y(tick)), color, width: tick == 0 ? 1.4 : 1),
        Drawing.text(Drawing.tickText(tick), left - 6, y(tick) + 4, .end),
      ]
    }
  }

  private static func short(_ name: String) -> String { Drawing.shortened(name, to: 100) }

  /// As many as there is room for, evenly.
  private var names: [Markup] {
    let names = data.names.map(Self.short)
    let room = (right - left) / Double(max(1, names.count))
    let every = Drawing.labelStep(names, room: room)
    return stride(from: 0, to: names.count, by: every).map { index in
      Drawing.text(names[index], x(index), top + Self.height + 20, .middle)
    }
  }

  /// One stroke for each run of points without a gap, and a marker for each point.
  private func line(_ series: ChartData.Series, _ style: LineStyle) -> [Markup] {
    var runs: [[(Double, Double)]] = [[]]
    for (index, value) in series.values.enumerated() {
      if let value { runs[runs.count - 1].append((x(index), y(value))) } else { runs.append([]) }
    }
    let strokes = runs.filter { $0.count > 1 }.map(style.stroke)
    // So many points that markers would hide the line.
    guard data.names.count <= 60 else { return strokes + runs.filter { $0.count == 1 }.map { style.marker(at: $0[0]) } }
    return strokes
      + series.values.indices.compactMap { index in
        series.values[index].map { value in
          let tip = "\(series.name), \(data.names[index]): \(series.texts[index])"
          return Drawing.group(tip, [style.marker(at: (x(index), y(value)))])
        }
      }
  }
}
