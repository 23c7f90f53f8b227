import GRDB
import Registry
import SQLiteStore
import SyncCore

/// A year, and the day on which it is looked at: once it is over its last one, whichever year the report is drawn for.
struct Moment: Equatable {
  let year: Int64
  let day: String
  /// The day that the report is drawn on: what counts in the year may be made after it.
  let asked: String

  init(_ year: Int64, of source: ReportSource) {
    self.year = year
    asked = source.day
    day = min(source.day, Calendar.lastDay(of: year))
  }
}

struct Indicator {
  let code: String
  let name: Label
  let unit: String
  /// Counted within a year, not at its end.
  let isYearly: Bool

  /// Yuan in one unit of measure.
  var scale: Double { unit.hasPrefix("亿") ? 100_000_000 : unit.hasPrefix("万") ? 10_000 : 1 }
}

/// What is known from before the records: so many at the end of a year.
struct Baseline {
  let value: Double
  let year: Int64
}

/// What the records say of an indicator.
struct IndicatorFigure {
  struct Thing {
    /// nil: the city's.
    let org: String?
    let enterprise: String?
    let yuan: Int64?
    let since: Int64?
  }
  /// What counts, one by one; empty when the figure is entered.
  var things: [Thing] = []
  /// Figures entered for units.
  var entered: [String: Double] = [:]
  /// How many things, or entries, the figure is made of.
  var counted = 0
  /// What the baseline holds beyond the things that are recorded.
  var unrecorded = 0.0
  /// In the indicator's unit of measure; nil when nothing is known.
  var value: Double?
  /// Of these units together; nil among them is the city. nil when nothing is known of any.
  var ofUnits: (Set<String?>) -> Double? = { _ in nil }

  func enterprises(_ orgs: Set<String?>) -> Int {
    Set(things.filter { orgs.contains($0.org) }.compactMap(\.enterprise)).count
  }
  var enterprises: Int { Set(things.compactMap(\.enterprise)).count }
}

extension Indicator {
  /// - Parameter baseline: adds what was there before the records began; a county's replica has none.
  func figure(_ source: ReportSource, _ moment: Moment, baseline: Baseline?) throws -> IndicatorFigure {
    guard let formula = Formula.of(code) else { return try entered(source, moment) }
    var figure = IndicatorFigure()
    guard let things = try things(source, moment, formula) else { return figure }
    let isMoney = formula.kind == .money
    // A sum rests on those that reported.
    figure.things = isMoney ? things.filter { $0.yuan != nil } : things
    figure.counted = figure.things.count
    // The sum of nothing is 0; of those of whom none has reported it is not known.
    let worth = { (some: [IndicatorFigure.Thing]) -> Double? in
      guard isMoney else { return Double(some.count) }
      let reported = some.compactMap(\.yuan)
      return reported.isEmpty && !some.isEmpty ? nil : Sum(reported).real / scale
    }
    figure.ofUnits = { orgs in worth(things.filter { orgs.contains($0.org) }) }
    if let baseline, source.unit == nil, moment.year >= baseline.year {
      let before = things.filter { $0.since.map { $0 <= baseline.year } ?? false }
      figure.unrecorded = max(0, baseline.value - (worth(before) ?? 0))
    }
    figure.value = worth(things).map { $0 + figure.unrecorded }
    return figure
  }

  /// nil when no rule says yet what a tier is.
  private func things(_ source: ReportSource, _ moment: Moment, _ formula: Formula) throws -> [IndicatorFigure.Thing]? {
    let all = try source.things(formula.sql, moment)
    guard formula.kind == .tier else { return all }
    guard let rule = try? source.rules.salesTier.version(in: moment.year) else { return nil }
    return all.filter { rule.tiers(taxableSales: $0.yuan)?.contains(code) ?? false }
  }

  /// The city's own total; where there is none, the sum of the units' totals.
  private func entered(_ source: ReportSource, _ moment: Moment) throws -> IndicatorFigure {
    var figure = IndicatorFigure()
    var city: Double?
    let sql = """
      SELECT v.org, v.value, u.kind = 'city' FROM indicator_value v JOIN org_unit u ON u.code = v.org
      WHERE v.indicator = ? AND v.year = ? AND v.item = 'total' ORDER BY v.org
      """
    try source.db.each(sql, [.text(code), .integer(moment.year)]) { row in
      if row[2] as Bool { city = row[1] } else { figure.entered[row[0] as String] = row[1] as Double }
    }
    let entered = figure.entered
    let sum = { (orgs: Set<String?>) in
      let values = entered.keys.sorted().filter { orgs.contains($0) }.compactMap { entered[$0] }
      return values.isEmpty ? nil : values.reduce(0, +).rounded(places: 8)
    }
    figure.ofUnits = sum
    figure.value = city ?? sum(Set(entered.keys))
    figure.counted = city == nil ? entered.count : 1
    return figure
  }
}

extension ReportSource {
  func things(_ sql: String, _ moment: Moment) throws -> [IndicatorFigure.Thing] {
    var things: [IndicatorFigure.Thing] = []
    // Named once more, so that every formula has all, whichever it uses.
    try db.each(
      "SELECT * FROM (\(sql)) WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND ?3 IS NOT NULL",
      [.text(moment.day), .integer(moment.year), .text(moment.asked)]
    ) {
      things.append(.init(org: $0[0], enterprise: $0[1], yuan: $0[2], since: $0[3]))
    }
    return things
  }

  /// Every figure of the plan, in its order.
  func indicators() throws -> [Indicator] {
    var list: [Indicator] = []
    try db.each("SELECT code, name_zh, name_en, unit, period FROM indicator ORDER BY code") { row in
      let zh: String = row[1]
      list.append(
        Indicator(
          code: row[0], name: Label(zh: zh, en: row[2] ?? zh), unit: row[3], isYearly: row[4] as String == "year"))
    }
    return list.sorted { (Formula.order($0.code), $0.code) < (Formula.order($1.code), $1.code) }
  }
}
