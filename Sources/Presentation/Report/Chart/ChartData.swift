import SyncCore

/// What a chart draws: names along one axis, and one or more series of numbers in the unit that is shown.
struct ChartData {
  var kind: Report.Chart.Kind
  var title: String
  var names: [String]
  var series: [Series]
  var target: Series?

  struct Series {
    var name: String
    /// With a percent sign where it is one.
    var texts: [String]
    /// Nil where there is no number: the line has a gap there.
    var values: [Double?]
    fileprivate var cells: [Report.Cell]
    fileprivate var unit: Report.Unit
  }

  /// Nil when there is nothing to draw: no rows, or no column of that name.
  init?(_ section: Report.Section, _ chart: Report.Chart, _ language: Language) {
    func index(_ name: String) -> Int? { section.columns.firstIndex { $0.name == name } }
    func series(_ index: Int) -> Series {
      Series(section.columns[index], section.rows.map { section.cell($0, index) }, language)
    }
    guard !section.rows.isEmpty, let x = index(chart.x) else { return nil }
    kind = chart.kind
    names = section.rows.map { section.cell($0, x).text(section.columns[x].unit, language) }
    self.series = chart.y.compactMap(index).map(series)
    target = chart.target.flatMap(index).map(series)
    guard let unit = self.series.first?.unit else { return nil }
    let isAlike = self.series.allSatisfy { $0.unit == unit }
    title = Report.Column("", chart.title, unit: isAlike ? unit : .none).header(language)
  }

  /// The sum of a row in words, as the whole of a stack. Nothing is said where a part is not published.
  func total(_ row: Int, _ language: Language) -> String {
    let cells = series.map { $0.cells[row] }
    let unit = series.first?.unit ?? .none
    if cells.contains(.suppressed) { return ReportWords.suppressedMark }
    if let sum = Self.exactSum(cells) { return Series.text(.integer(sum), unit, language) }
    let numbers = cells.compactMap(\.number)
    return Series.text(numbers.isEmpty ? .none : .real(numbers.reduce(0, +)), unit, language)
  }

  /// Of integers only, as long as 64 bits hold it.
  private static func exactSum(_ cells: [Report.Cell]) -> Int64? {
    var sum: Int64 = 0
    var isEmpty = true
    for cell in cells where cell != .none {
      guard case .integer(let number) = cell else { return nil }
      let (next, overflow) = sum.addingReportingOverflow(number)
      if overflow { return nil }
      sum = next
      isEmpty = false
    }
    return isEmpty ? nil : sum
  }
}

extension ChartData.Series {
  fileprivate init(_ column: Report.Column, _ cells: [Report.Cell], _ language: Language) {
    name = column.label.text(language)
    self.cells = cells
    unit = column.unit
    texts = cells.map { Self.text($0, column.unit, language) }
    // Far beyond any figure, and far from where a sum or a product stops being finite.
    let most = 1e30
    values = cells.map { cell in cell.number.map { max(-most, min(most, $0 / column.unit.divisor)) } }
  }

  fileprivate static func text(_ cell: Report.Cell, _ unit: Report.Unit, _ language: Language) -> String {
    cell.text(unit, language) + (unit == .percent && cell.number != nil ? "%" : "")
  }
}
