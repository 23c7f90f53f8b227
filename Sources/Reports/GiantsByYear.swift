import Presentation
import SQLiteStore
import SyncCore

/// Small giants by the year of their recognition.
enum GiantsByYear {
  private struct Year {
    var recognised = 0
    var first = 0
    var valid = 0
    var target: Double?
  }

  static func section(_ source: ReportSource, _ plan: Plan) throws -> Report.Section {
    let years = try years(source, plan)
    let cumulative = try source.indicators().first { $0.code == "small_giant_cumulative" }
    let baseline = plan.baseline("small_giant_cumulative")
    let rows = try years.keys.sorted().map { year -> [Report.Cell] in
      let each = years[year] ?? Year()
      let total = try cumulative?.figure(source, Moment(year, of: source), baseline: baseline).value
      return [
        .integer(year), .count(each.recognised), .count(each.first), .count(each.valid), .number(total),
        .number(each.target),
      ]
    }
    let day = Moment(source.year, of: source).day
    return Report.Section(
      "recognised_by_year", Label(zh: "历年认定", en: "Recognised by year"),
      notes: [Label(zh: "认定以 \(day) 有效的为准", en: "valid are those that were so on \(day)")],
      columns: [
        .init("year", Label(zh: "年份", en: "Year")), .init("recognised", Label(zh: "当年认定", en: "Recognised")),
        .init("first", Label(zh: "其中首次", en: "For the first time")),
        .init("valid", Label(zh: "当年认定中现行有效", en: "Of these valid now")),
        .init("cumulative", Label(zh: "累计(含基数)", en: "Cumulative, with the baseline")),
        .init("target", Label(zh: "目标", en: "Target")),
      ], rows: rows,
      chart: .init(
        .bars, Label(zh: "历年认定科技小巨人", en: "Small giants recognised by year"), x: "year", y: ["recognised"],
        target: "target"))
  }

  /// Every year with a recognition or with a target, up to the report's.
  private static func years(_ source: ReportSource, _ plan: Plan) throws -> [Int64: Year] {
    var years: [Int64: Year] = [:]
    for target in plan.targets where target.indicator.code == "small_giant_recognised" && target.year <= source.year {
      years[target.year, default: Year()].target = target.target
    }
    let sql = """
      SELECT r.year, r.year = (SELECT min(o.year) FROM recognition o
          WHERE o.enterprise_id = r.enterprise_id AND o.scheme = 'small_giant' AND \(Valid.made("o"))),
        \(Valid.recognition().replacing("?1", with: "?3"))
      FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
      WHERE r.scheme = 'small_giant' AND r.year <= ?2 AND \(Valid.made()) AND \(Valid.enterprise())
      """
    // Of a year that is over they are those of its last day, as among the three ways of counting.
    let day = Moment(source.year, of: source).day
    try source.db.each(sql, [.text(source.day), .integer(source.year), .text(day)]) { row in
      let (year, isFirst, isValid) = (row[0] as Int64, row[1] as Bool, row[2] as Bool)
      years[year, default: Year()].recognised += 1
      if isFirst { years[year]?.first += 1 }
      if isValid { years[year]?.valid += 1 }
    }
    return years
  }
}
