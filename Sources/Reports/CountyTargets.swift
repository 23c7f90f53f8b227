import Presentation
import SQLiteStore
import SyncCore

/// The counties' targets: imported, and blank where there is none.
struct CountyTargets {
  struct Key: Hashable {
    let indicator: String
    let year: Int64
  }
  private(set) var targets: [Key: [String: Double]] = [:]

  init(_ source: ReportSource) throws {
    var targets: [Key: [String: Double]] = [:]
    try source.db.each("SELECT org, indicator, year, value FROM county_target") { row in
      targets[Key(indicator: row[1], year: row[2]), default: [:]][row[0] as String] = row[3] as Double
    }
    self.targets = targets
  }

  /// Of one county; the sum where it has taken over another that had one as well.
  func target(_ key: Key, _ county: Counties.County) -> Double? {
    let values = (targets[key] ?? [:]).filter { county.members.contains($0.key) }
    return values.isEmpty ? nil : values.keys.sorted().reduce(0) { $0 + (values[$1] ?? 0) }
  }

  static let missing = Label(
    zh: "县区目标从分解表导入(county_target);没有导入的留空", en: "targets of counties are imported (county_target); blank where none is"
  )

  // MARK: Sections

  /// What the counties' targets add up to, beside the city's.
  func sums(_ plan: Plan, _ counties: Counties) -> Report.Section {
    let rows = plan.targets.map { target -> [Report.Cell] in
      let key = Key(indicator: target.indicator.code, year: target.year)
      let values = counties.all.map { self.target(key, $0) }
      let given = values.compactMap(\.self)
      let sum = given.isEmpty ? nil : given.reduce(0, +)
      let without = zip(counties.all, values).filter { $0.1 == nil }.map(\.0.name)
      return [
        .text(key.indicator), .label(target.indicator.name), .text(target.indicator.unit), .integer(key.year),
        .number(target.target), .number(sum), .number(sum.map { $0 - target.target }), .count(given.count),
        given.isEmpty ? .none : .label(.list(without)),
      ]
    }
    return Report.Section(
      "target_sums", Label(zh: "县区目标之和与全市目标", en: "The counties' targets against the city's"), notes: [Self.missing],
      columns: Self.head + [
        .init("city", Label(zh: "全市目标", en: "City's target")),
        .init("sum", Label(zh: "县区目标之和", en: "Sum of the counties")),
        .init("difference", Label(zh: "差额(县区之和减全市)", en: "Sum less the city's")),
        .init("counties", Label(zh: "有目标的县区", en: "Counties with a target")),
        .init("without", Label(zh: "没有目标的县区", en: "Counties without")),
      ], rows: rows)
  }

  private static let head: [Report.Column] = [
    .init("code", Label(zh: "代码", en: "Code")), .init("indicator", Label(zh: "指标", en: "Indicator")),
    .init("unit", Label(zh: "单位", en: "Unit")), .init("year", Label(zh: "年份", en: "Year")),
  ]

  /// Each county with each indicator for which at least one county has a target.
  func progress(_ source: ReportSource, _ units: Units) throws -> Report.Section {
    let indicators = try source.indicators()
    let places = Dictionary(indicators.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
    let keys = targets.keys.filter { places[$0.indicator] != nil }
      .sorted { (places[$0.indicator] ?? 0, $0.year) < (places[$1.indicator] ?? 0, $1.year) }
    var rows: [[Report.Cell]] = []
    for key in keys {
      guard let place = places[key.indicator] else { continue }
      rows += try self.rows(key, indicators[place], source, units)
    }
    return Report.Section(
      "targets", Label(zh: "各县区目标完成", en: "Progress of the counties"),
      notes: [
        Self.missing,
        Label(zh: "完成率按承接后口径计算", en: "shares are of what counts with the units that were taken over"),
        Counties.presentOwnerNote,
      ],
      columns: Self.head + [
        .init("org", Label(zh: "单位代码", en: "Unit code")), .init("org_name", Label(zh: "县区", en: "County")),
        .init("target", Label(zh: "目标", en: "Target")),
        .init("value", Label(zh: "完成(承接后)", en: "Value, with those taken over")),
        .init("value_filed", Label(zh: "完成(原登记)", en: "Value, as filed")),
        .init("share", Label(zh: "完成率", en: "Share of target"), unit: .percent, hasBar: true),
      ], rows: rows)
  }

  private func rows(_ key: Key, _ indicator: Indicator, _ source: ReportSource, _ units: Units) throws -> [[Report
    .Cell]]
  {
    let moment = Moment(min(source.year, key.year), of: source)
    // What counts within a year that has not come is not known.
    let isAhead = indicator.isYearly && key.year > source.year
    let figure = try isAhead ? IndicatorFigure() : indicator.figure(source, moment, baseline: nil)
    let used = Set(figure.orgs + (targets[key] ?? [:]).keys)
    let counties = Counties(units, source, used: used, .withSuccessor)
    let cells = figure.cells(indicator, counties, source)
    return zip(counties.all, cells).map { county, cell in
      let target = target(key, county)
      let filed = Report.Cell.number(figure.ofUnits([county.code]))
      let share = figure.ofUnits(county.members).flatMap { value in target.flatMap { $0 > 0 ? value / $0 : nil } }
      return [
        .text(indicator.code), .label(indicator.name), .text(indicator.unit), .integer(key.year), .text(county.code),
        .label(county.name), .number(target), cell,
        // Next to the other, it could tell what one enterprise reported.
        source.isForPublication ? .suppressed : filed,
        cell == .suppressed ? .suppressed : share.map { .real($0) } ?? .none,
      ]
    }
  }
}

extension Label {
  static func list(_ labels: [Label]) -> Label {
    Label(zh: labels.map(\.zh).joined(separator: "、"), en: labels.map(\.en).joined(separator: ", "))
  }
}
