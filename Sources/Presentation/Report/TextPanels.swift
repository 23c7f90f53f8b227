import SyncCore

/// A section's table. One that is wider than the terminal continues below, with its first column again.
struct TextPanels {
  private let columns: [Column]

  /// A column of text, with the bar beside it.
  private struct Column {
    var header: String
    var cells: [String]
    var isRight: Bool
    var bars: ((Int) -> [String])?

    var width: Int { ([header] + cells).reduce(0) { max($0, displayWidth(visibleText($1))) } }
  }

  init(_ section: Report.Section, _ language: Language) {
    columns = section.columns.enumerated().map { index, column in
      let cells = section.rows.map { section.cell($0, index) }
      let bars: ((Int) -> [String])? = column.hasBar ? { TextBar.bars(cells, column.unit, width: $0) } : nil
      return Column(
        header: column.header(language), cells: cells.map { $0.text(column.unit, language) },
        isRight: section.isNumeric(index), bars: bars)
    }
  }

  func render(width: Int?) -> String {
    panels(width: width).map { table($0, width: width) }.joined(separator: "\n\n")
  }

  private static let gap = 2
  private static let barWidth = 6...20

  /// As many columns beside the first as fit, at least one.
  private func panels(width: Int?) -> [[Column]] {
    guard let width, let first = columns.first else { return [columns] }
    var panels = [[first]]
    for column in columns.dropFirst() {
      let panel = panels[panels.count - 1] + [column]
      if panel.count > 2, Self.width(panel, barWidth: Self.barWidth.lowerBound) > width {
        panels.append([first, column])
      } else {
        panels[panels.count - 1] = panel
      }
    }
    return panels
  }

  private static func width(_ columns: [Column], barWidth: Int) -> Int {
    let widths = columns.flatMap { $0.bars == nil ? [$0.width] : [$0.width, barWidth] }
    return widths.reduce(0, +) + gap * max(0, widths.count - 1)
  }

  private func table(_ panel: [Column], width: Int?) -> String {
    let barWidth = barWidth(panel, width: width)
    var shown: [(header: String, cells: [String], isRight: Bool)] = []
    for column in panel {
      shown.append((column.header, column.cells, column.isRight))
      if let bars = column.bars, barWidth > 0 { shown.append(("", bars(barWidth), false)) }
    }
    let rows = (columns.first?.cells ?? []).indices.map { row in shown.map { $0.cells[row] } }
    return TextTable(headers: shown.map(\.header), rows: rows, right: shown.map(\.isRight)).render()
  }

  /// What is left over, shared among the bars; none rather than a stump.
  private func barWidth(_ panel: [Column], width: Int?) -> Int {
    let count = panel.count { $0.bars != nil }
    guard let width, count > 0 else { return Self.barWidth.upperBound }
    let left = (width - Self.width(panel, barWidth: 0)) / count
    return left < Self.barWidth.lowerBound ? 0 : min(left, Self.barWidth.upperBound)
  }
}
