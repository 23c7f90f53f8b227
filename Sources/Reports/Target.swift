import GRDB
import Presentation
import SQLiteStore
import SyncCore

/// A target of the city's plan.
struct Target {
  let indicator: Indicator
  let year: Int64
  let comparison: String
  let target: Double
  let baseline: Baseline?

  /// 「以上」 includes the number, 「突破」 does not.
  func isMet(by value: Double) -> Bool {
    switch comparison {
    case ">=": value >= target
    case ">": value > target
    case "<=": value <= target
    case "<": value < target
    default: value == target
    }
  }

  private var wantsMore: Bool { comparison.hasPrefix(">") }

  /// What should be there on a day: for what grows from a baseline the point on the straight line to the target, for what
  /// counts within the year the elapsed part of it. nil: nothing says.
  func expected(on day: String) -> Double? {
    if indicator.isYearly {
      return comparison == "=" || day <= Calendar.lastDay(of: year - 1)
        ? nil : target * Calendar.elapsed(of: year, on: day)
    }
    guard let baseline, baseline.year < year else { return nil }
    let years = (baseline.year + 1...year).map { Calendar.elapsed(of: $0, on: day) }
    return baseline.value + (target - baseline.value) * years.reduce(0, +) / Double(years.count)
  }

  /// - Parameters:
  ///   - value: of the year `of`, which is that of the target once it has come.
  ///   - day: the last day that is looked at.
  func verdict(_ value: Double?, of valueYear: Int64, on day: String) -> Report.Cell {
    guard let value else { return .verdict(nil, Label(zh: "无数据", en: "no data")) }
    let isOver = day >= Calendar.lastDay(of: year)
    if isOver {
      return isMet(by: value)
        ? .verdict(true, Label(zh: "已达到", en: "reached")) : .verdict(false, Label(zh: "未达到", en: "not reached"))
    }
    let notDue = Report.Cell.verdict(nil, Label(zh: "未到期,不判断", en: "not due, not judged"))
    if indicator.isYearly, valueYear < year { return notDue }
    // What has been reached can be lost again only where less is better.
    if wantsMore, isMet(by: value) { return .verdict(true, Label(zh: "已达到", en: "reached")) }
    guard let expected = expected(on: day) else { return notDue }
    return (wantsMore ? value >= expected : value <= expected)
      ? .verdict(true, Label(zh: "按进度", en: "on course")) : .verdict(false, Label(zh: "落后于进度", en: "behind"))
  }
}

/// A plan with its targets, in the plan's order.
struct Plan {
  let code: String
  let name: Label
  let years: ClosedRange<Int64>?
  let targets: [Target]

  /// The plan that the report is about, or else the newest.
  init(_ source: ReportSource) throws {
    let known = try Self.known(source.db)
    guard let plan = source.subject == nil ? known.first : known.first(where: { $0.code == source.subject }) else {
      throw Self.missing(source.subject, known.map(\.code))
    }
    (code, name, years) = plan
    targets = try Self.targets(plan.code, source)
  }

  func baseline(_ indicator: String) -> Baseline? {
    targets.first { $0.indicator.code == indicator && $0.baseline != nil }?.baseline
  }

  private static func known(_ db: Database) throws -> [(code: String, name: Label, years: ClosedRange<Int64>?)] {
    var plans: [(code: String, name: Label, years: ClosedRange<Int64>?)] = []
    let sql = """
      SELECT code, name_zh, name_en, year_from, year_to FROM plan ORDER BY issued_on DESC, year_from DESC, code
      """
    try db.each(sql) { row in
      let (zh, from, to) = (row[1] as String, row[3] as Int64?, row[4] as Int64?)
      let years = from.flatMap { from in to.flatMap { from <= $0 ? from...$0 : nil } }
      plans.append((row[0], Label(zh: zh, en: row[2] ?? zh), years))
    }
    return plans
  }

  private static func missing(_ code: String?, _ known: [String]) -> Failure {
    guard let code else {
      return Failure(
        .notFound, zh: "还没有计划,请先录入 plan 和 city_target", en: "there is no plan yet; enter plan and city_target first")
    }
    let list = known.joined(separator: ", ")
    return Failure(
      .notFound, zh: "没有计划 \(code),已有:\(list.isEmpty ? "无" : list)",
      en: "no plan \(code); there are: \(list.isEmpty ? "none" : list)")
  }

  private static func targets(_ plan: String, _ source: ReportSource) throws -> [Target] {
    let indicators = try source.indicators()
    let places = Dictionary(indicators.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
    var targets: [Target] = []
    let sql = """
      SELECT indicator, year, comparison, target, baseline, baseline_year FROM city_target WHERE plan = ? ORDER BY year
      """
    try source.db.each(sql, [.text(plan)]) { row in
      guard let place = places[row[0]] else { return }
      let (baseline, year) = (row[4] as Double?, row[5] as Int64?)
      targets.append(
        Target(
          indicator: indicators[place], year: row[1], comparison: row[2], target: row[3],
          baseline: baseline.flatMap { value in year.map { Baseline(value: value, year: $0) } }))
    }
    return targets.sorted {
      (places[$0.indicator.code] ?? 0, $0.year) < (places[$1.indicator.code] ?? 0, $1.year)
    }
  }
}
