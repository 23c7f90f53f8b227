import Presentation
import SyncCore

// Sums by county and by industry, and the months of a year.

extension BulletinReport {
  static func groups(
    _ source: ReportSource, _ figures: BulletinFigures, _ known: inout Disclosure
  ) throws -> [Report.Section] {
    let names = try Names(source.db)
    let stands = try standing(source)
    // Published, a group has its row also when none of it has reported: that it is missing would tell so.
    let shown = source.isForPublication ? figures.expected : figures.reporters
    let byCounty = Dictionary(grouping: shown) { stands($0.org) }.sorted { $0.key < $1.key }
    let byLetter = Dictionary(grouping: shown, by: \.letter).sorted { $0.key < $1.key }
    let noCode = Report.Cell.label(Label(zh: "未填行业", en: "No industry given"))
    var sections = [
      group(
        figures, "by_county", Label(zh: "分县区", en: "By county"), Drawn.county,
        byCounty.map { (.label(names.unit($0.key)), $0.value) }, &known),
      group(
        figures, "by_industry", Label(zh: "分行业门类", en: "By industry"),
        Drawn("industry", zh: "行业门类", en: "Industry"),
        byLetter.map { ($0.key.isEmpty ? noCode : IndustrySection.cell($0.key), $0.value) }, &known),
    ]
    if source.isForPublication { sections[0].notes = [Counties.withSuccessorNote] }
    return sections
  }

  /// The unit with which one of a unit counts. Published, it counts as the plan and the report of counties do: the
  /// difference could be of one enterprise.
  static func standing(_ source: ReportSource) throws -> (String) -> String {
    let units = try Units(source.db)
    return { source.isForPublication ? units.current($0, on: source.day) : $0 }
  }

  /// A row a group, a column a figure, then the growth of the first figure, the sales.
  private static func group(
    _ figures: BulletinFigures, _ name: String, _ title: Label, _ head: Drawn,
    _ groups: [(head: Report.Cell, members: [BulletinFigures.Reporter])], _ known: inout Disclosure
  ) -> Report.Section {
    let all = groups.flatMap(\.members)
    let members = groups.map(\.members) + [all]
    let growthColumn = Drawn("growth", zh: "应税销售同比", en: "Growth of taxable sales", unit: .percent)
    let counts = known.cells(
      groups.map { BulletinFigures.reportedCount($0.members) }, ofPublic: BulletinFigures.reportedCount(all))
    var columns: [[Report.Cell]] = [groups.map(\.head) + [.label(Label(zh: "合计", en: "Total"))], counts]
    for figure in figures.figures {
      columns.append(known.cells(members.map { FigureSum(figure.name, $0).sum }))
    }
    columns.append(known.cells(members.map { FigureSum("taxable_sales", $0).growth }))
    // Where it is left out how many have reported, a blank would tell that none has.
    let rows = members.indices.map { row -> [Report.Cell] in
      columns.map { $0[row] == .none && counts[row] == .suppressed ? .suppressed : $0[row] }
    }
    let drawn = [head, .enterprises] + figures.figures.map(\.column) + [growthColumn]
    return Report.Section(name, title, columns: drawn.map(\.column), rows: rows)
  }
}

/// Year-to-date sales by month, this year and the one before.
struct BulletinSeries {
  private let period: BulletinPeriod
  private let counts: [Int64: Int]
  private let sums: [Int64: Disclosure.Figure]

  init(_ source: ReportSource, _ period: BulletinPeriod) throws {
    self.period = period
    let sql = """
      SELECT m.period, m.enterprise_id, m.ytd_value
      FROM (\(bulletinExpected)) e JOIN enterprise_month m ON m.enterprise_id = e.id
      WHERE m.indicator = 'taxable_sales' AND m.period / 100 IN (:this, :this - 1) AND m.period % 100 <= :month
      """
    var values: [Int64: [String: Int64]] = [:]
    for row in try source.rows(
      sql, ["day": .text(period.lastDay), "this": .integer(period.year), "month": .integer(period.month)])
    {
      guard case .integer(let month) = row[0], case .text(let id) = row[1], case .integer(let value) = row[2]
      else { continue }
      values[month, default: [:]][id] = value
    }
    let figure = "taxable_sales"
    // What the other tables show of the same month is known of it; December, year-to-date, is the year.
    let last = period.year * 100 + period.month
    let shown = [last: FigureSum.now(figure), last - 100: FigureSum.before(figure)]
    counts = values.mapValues(\.count)
    sums = Dictionary(
      uniqueKeysWithValues: values.map { month, parts in
        let quantity = shown[month] ?? "\(figure) \(month)"
        return (month, .init(cell: Sum(parts.values).cell, sums: [quantity: Set(parts.keys)]))
      })
  }

  func section(_ known: inout Disclosure) -> Report.Section {
    func cells(_ year: Int64, _ month: Int64) -> [Report.Cell] {
      let figure = sums[year * 100 + month] ?? .init(cell: .none, sums: [:])
      return [.count(counts[year * 100 + month] ?? 0), known.cell(figure)]
    }
    let (now, before) = (period.year, period.year - 1)
    return Report.Section(
      "series", Label(zh: "应税销售(月度累计)", en: "Taxable sales, year-to-date by month"),
      columns: [
        Drawn("month", zh: "月份", en: "Month"),
        Drawn("enterprises", zh: "\(now) 年企业数", en: "Enterprises \(now)"),
        .money("now", zh: "\(now) 年", en: "\(now)"),
        Drawn("enterprises_before", zh: "\(before) 年企业数", en: "Enterprises \(before)"),
        .money("before", zh: "\(before) 年", en: "\(before)"),
      ].map(\.column),
      rows: (1...period.month).map { [.integer($0)] + cells(now, $0) + cells(before, $0) },
      chart: Report.Chart(
        .lines, Label(zh: "应税销售(累计)", en: "Taxable sales, year-to-date"), x: "month", y: ["now", "before"]))
  }
}
