import Presentation
import SyncCore

// Sums by county and by industry, and the months of a year.

extension BulletinReport {
  static func groups(_ source: ReportSource, _ figures: BulletinFigures) throws -> [Report.Section] {
    let names = try Names(source.db)
    let byCounty = Dictionary(grouping: figures.reporters, by: \.org).sorted { $0.key < $1.key }
    let byLetter = Dictionary(grouping: figures.reporters, by: \.letter).sorted { $0.key < $1.key }
    let noCode = Report.Cell.label(Label(zh: "未填行业", en: "No industry given"))
    return [
      group(
        source, figures, "by_county", Label(zh: "分县区", en: "By county"), Drawn.county,
        byCounty.map { (.label(names.unit($0.key)), $0.value) }),
      group(
        source, figures, "by_industry", Label(zh: "分行业门类", en: "By industry"),
        Drawn("industry", zh: "行业门类", en: "Industry"),
        byLetter.map { ($0.key.isEmpty ? noCode : IndustrySection.cell($0.key), $0.value) }),
    ]
  }

  /// A row a group, a column a figure, then the growth of the first figure, the sales.
  private static func group(
    _ source: ReportSource, _ figures: BulletinFigures, _ name: String, _ title: Label, _ head: Drawn,
    _ groups: [(head: Report.Cell, reporters: [BulletinFigures.Reporter])]
  ) -> Report.Section {
    let isPublic = source.isForPublication
    let growthColumn = Drawn("growth", zh: "应税销售同比", en: "Growth of taxable sales", unit: .percent)
    var columns: [[Report.Cell]] = [
      groups.map(\.head) + [.label(Label(zh: "合计", en: "Total"))],
      groups.map { .integer(Int64($0.reporters.count)) } + [.integer(Int64(figures.reporters.count))],
    ]
    for figure in figures.figures {
      let parts = groups.map { FigureSum(figure.name, $0.reporters).sum }
      columns.append(Suppression.cells(parts, total: FigureSum(figure.name, figures.reporters).sum, isPublic))
    }
    let sales = (groups.map(\.reporters) + [figures.reporters]).map { FigureSum("taxable_sales", $0) }
    columns.append(sales.map { Suppression.cell($0.growth, isPublic) })
    let drawn = [head, .enterprises] + figures.figures.map(\.column) + [growthColumn]
    return Report.Section(
      name, title, columns: drawn.map(\.column),
      rows: groups.indices.map { row in columns.map { $0[row] } } + [columns.map { $0[groups.count] }])
  }
}

/// Year-to-date sales by month, this year and the one before.
struct BulletinSeries {
  private let period: BulletinPeriod
  private let counts: [Int64: Int]
  private let sums: [Int64: Suppression.Figure]

  /// - Parameter compared: how many the growth compares; a sum of a year before that has one or two more would, less
  ///   the compared ones, reveal these.
  init(_ source: ReportSource, _ period: BulletinPeriod, compared: Int?) throws {
    self.period = period
    let sql = """
      SELECT m.period, m.ytd_value FROM (\(bulletinExpected)) e JOIN enterprise_month m ON m.enterprise_id = e.id
      WHERE m.indicator = 'taxable_sales' AND m.period / 100 IN (:this, :this - 1) AND m.period % 100 <= :month
      """
    var values: [Int64: [Int64]] = [:]
    for row in try source.rows(
      sql, ["day": .text(period.lastDay), "this": .integer(period.year), "month": .integer(period.month)])
    {
      guard case .integer(let month) = row[0], case .integer(let value) = row[1] else { continue }
      values[month, default: []].append(value)
    }
    counts = values.mapValues(\.count)
    sums = Dictionary(
      uniqueKeysWithValues: values.map { month, parts in
        let others = month == period.before ? parts.count - (compared ?? parts.count) : 0
        let isTelling = others > 0 && others < Suppression.fewest
        return (month, .init(Sum(parts).cell, enterprises: isTelling ? others : parts.count))
      })
  }

  func section(_ source: ReportSource) -> Report.Section {
    func cells(_ year: Int64, _ month: Int64) -> [Report.Cell] {
      let figure = sums[year * 100 + month] ?? .init(.none, enterprises: 0)
      return [.count(counts[year * 100 + month] ?? 0), Suppression.cell(figure, source.isForPublication)]
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
