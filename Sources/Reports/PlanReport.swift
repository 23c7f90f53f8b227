import Presentation
import SyncCore

/// The plan's dashboard: what is asked for, what is there, by whom, and whether it is on course.
public enum PlanReport: ReportKind {
  public static let name = "plan"
  public static let summary = Label(
    zh: "计划看板:各项目标、完成值、进度", en: "the plan: targets, figures, whether they are on course")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let plan = try Plan(source)
    let units = try Units(source.db)
    let figures = try PlanFigures(source, plan)
    return Report(
      name: name, title: plan.name + Label(zh: " 完成情况", en: ": progress"), notes: [source.drawnFor] + source.ownOnly,
      sections: [
        try targets(source, plan), counties(source, figures, units), try giants(source, plan),
        try GiantsByYear.section(source, plan), try institutions(source), try clusters(source, figures, units),
        try items(source), try sources(source, figures),
      ])
  }
}

/// The figures of the report's year, one for each indicator that has a target.
struct PlanFigures {
  let all: [(indicator: Indicator, figure: IndicatorFigure)]

  init(_ source: ReportSource, _ plan: Plan) throws {
    var seen: Set<String> = []
    let moment = Moment(source.year, of: source)
    all = try plan.targets.map(\.indicator).filter { seen.insert($0.code).inserted }.map {
      ($0, try $0.figure(source, moment, baseline: plan.baseline($0.code)))
    }
  }
}

extension PlanReport {
  private static let targetColumns: [Report.Column] = [
    .init("code", Label(zh: "代码", en: "Code")), .init("indicator", Label(zh: "指标", en: "Indicator")),
    .init("unit", Label(zh: "单位", en: "Unit")), .init("year", Label(zh: "目标年份", en: "Target year")),
    .init("comparison", Label(zh: "要求", en: "Asks for")), .init("target", Label(zh: "目标", en: "Target")),
    .init("baseline", Label(zh: "基数", en: "Baseline")), .init("value_year", Label(zh: "取数年份", en: "Year of the value")),
    .init("value", Label(zh: "完成", en: "Value")),
    .init("share", Label(zh: "完成率", en: "Share of target"), unit: .percent, hasBar: true),
    .init("before", Label(zh: "上年", en: "Year before")), .init("change", Label(zh: "增减", en: "Change")),
    .init("expected", Label(zh: "应达进度", en: "Expected by now")), .init("verdict", Label(zh: "判断", en: "Verdict")),
  ]

  private static let rule = Label(
    zh: "进度:时点数看基数与目标之间按天的直线,没有基数的到期前不判断(已达到的除外);当年数看目标乘以当年已过天数的比例。上年:时点数为上年末,当年数为上年全年",
    en:
      "on course: for what is counted at the end of a year, on the straight line from baseline to target by days, without a"
      + " baseline not judged before it is due unless reached; for what is counted within a year, the target times the part of"
      + " the year that is over. Year before: its end, or the whole of it")

  private static func targets(_ source: ReportSource, _ plan: Plan) throws -> Report.Section {
    let ahead = Set(plan.targets.filter { $0.year <= source.year }.map(\.indicator.code))
    let shown = plan.targets.filter {
      !$0.indicator.isYearly || $0.year <= source.year || !ahead.contains($0.indicator.code)
    }
    return Report.Section(
      "targets", Label(zh: "目标与完成", en: "Targets"), notes: [rule], columns: targetColumns,
      rows: try shown.map { try row($0, source, plan) },
      chart: .init(.bars, Label(zh: "完成率", en: "Share of target"), x: "indicator", y: ["share"]))
  }

  private static func row(_ target: Target, _ source: ReportSource, _ plan: Plan) throws -> [Report.Cell] {
    let indicator = target.indicator
    let baseline = plan.baseline(indicator.code)
    let moment = Moment(min(source.year, target.year), of: source)
    let now = try indicator.figure(source, moment, baseline: baseline)
    let before = try indicator.figure(source, Moment(moment.year - 1, of: source), baseline: baseline)
    // Before its baseline nobody knows a figure.
    let known = baseline.map { moment.year > $0.year } ?? true ? before.value : nil
    let change = now.value.flatMap { now in known.map { now - $0 } }
    let day = min(source.day, Calendar.lastDay(of: source.year))
    let isHidden = source.isForPublication && indicator.hidesTotal(now)
    let hidesChange = isHidden || source.isForPublication && indicator.hidesTotal(before)
    // A bound on the value would stand in its place.
    let verdict = isHidden ? Report.Cell.suppressed : target.verdict(now.value, of: moment.year, on: day)
    return [
      .text(indicator.code), .label(indicator.name), .text(indicator.unit), .integer(target.year),
      .label(.choice(target.comparison, source.field("city_target", "comparison"))), .number(target.target),
      .number(target.baseline?.value), .integer(moment.year), isHidden ? .suppressed : .number(now.value),
      isHidden ? .suppressed : share(now.value, target.target),
      hidesChange ? .suppressed : .number(known), hidesChange ? .suppressed : .number(change),
      source.unit == nil ? .number(target.expected(on: day)?.rounded(places: 1)) : .none,
      source.unit == nil ? verdict : .verdict(nil, Label(zh: "仅本单位,不判断", en: "one unit only, not judged")),
    ]
  }

  private static func share(_ value: Double?, _ target: Double) -> Report.Cell {
    value.flatMap { target > 0 ? .real($0 / target) : nil } ?? .none
  }
}

extension Indicator {
  /// A sum over one or two enterprises tells what each of them reported. A count of the whole city does not.
  func hidesTotal(_ figure: IndicatorFigure) -> Bool {
    Formula.of(code)?.kind == .money && (1..<Suppression.fewest).contains(figure.enterprises)
  }
}
