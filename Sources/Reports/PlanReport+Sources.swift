import Presentation
import SQLiteStore
import SyncCore

extension PlanReport {
  /// Three figures that are easily taken for one.
  static func giants(_ source: ReportSource, _ plan: Plan) throws -> Report.Section {
    let moment = Moment(source.year, of: source)
    let valid = try source.things(Formula.validGiants, moment)
    let code = "small_giant_cumulative"
    let cumulative = try indicator(code)?.figure(source, moment, baseline: plan.baseline(code)).value
    let large = try indicator("small_giant_tier1")?.figure(source, moment, baseline: nil).value
    let silent = valid.filter { $0.yuan == nil }.count
    return Report.Section(
      "giants", Label(zh: "科技小巨人:三个口径", en: "Small giants, counted in three ways"),
      notes: [
        baselineRule,
        Label(
          zh: "有效科技小巨人中 \(silent) 家没有 \(source.year) 年应税销售,未计入任何规模档",
          en: "\(silent) valid small giants have no taxable sales for \(source.year) and count in no tier"),
      ],
      columns: [
        .init("way", Label(zh: "口径", en: "Way of counting")), .init("value", Label(zh: "家数", en: "Enterprises")),
        .init("meaning", Label(zh: "说明", en: "What it means")),
      ],
      rows: [
        [
          .label(Label(zh: "累计认定", en: "Recognised, cumulative")), .number(cumulative),
          .label(Formula.of(code)?.meaning ?? Label(zh: "", en: "")),
        ],
        [
          .label(Label(zh: "现行有效", en: "Valid now")), .count(valid.count),
          .label(Label(zh: "\(moment.day) 认定有效的企业", en: "enterprises with a recognition valid on \(moment.day)")),
        ],
        [
          .label(Label(zh: "有效且应税销售1亿元以上", en: "Valid, with sales of 100 million and more")), .number(large),
          .label(Label(zh: "含5亿元以上和10亿元以上的", en: "those of 500 million and of 1 billion included")),
        ],
      ])

    func indicator(_ code: String) throws -> Indicator? { try source.indicators().first { $0.code == code } }
  }

  static let baselineRule = Label(
    zh: "有基数的累计数:基数年及以前取基数与逐项录入数中较大者,再加以后新增的。录入的旧认定若为基数中的一家,其后再认定会被当作新增",
    en:
      "what grows from a baseline: up to its year the larger of the baseline and of what is entered one by one, then what came"
      + " after. One of the baseline that is not entered counts as new when it is recognised again")

  /// Where each figure comes from, and what could not be counted.
  static func sources(_ source: ReportSource, _ figures: PlanFigures) throws -> Report.Section {
    let rows = try figures.all.map { indicator, figure -> [Report.Cell] in
      let formula = Formula.of(indicator.code)
      let records = formula?.records ?? ["indicator_value"]
      let names = records.map { source.label($0) + Label(zh: "(\($0))", en: " (\($0))") }
      return [
        .text(indicator.code), .label(indicator.name),
        .label(Label(zh: names.map(\.zh).joined(separator: "、"), en: names.map(\.en).joined(separator: ", "))),
        .label(formula?.meaning ?? entered), .count(figure.counted),
        .count(try leftOut(formula, figure, source)),
      ]
    }
    return Report.Section(
      "sources", Label(zh: "数据来源", en: "Where each figure comes from"),
      notes: [
        Label(
          zh: "并入其他企业的不计,转贷除外", en: "enterprises merged into another do not count, but for loans")
      ],
      columns: [
        .init("code", Label(zh: "代码", en: "Code")), .init("indicator", Label(zh: "指标", en: "Indicator")),
        .init("records", Label(zh: "记录", en: "Records")), .init("rule", Label(zh: "口径", en: "How it is counted")),
        .init("counted", Label(zh: "计入条数", en: "Counted")),
        .init("left_out", Label(zh: "缺年份或销售而未计入", en: "Left out for want of a year or of sales")),
      ], rows: rows)
  }

  private static let entered = Label(
    zh: "填报数:市级 total,没有则各单位 total 之和", en: "entered: the city's total, or else the sum of the units' totals")

  private static func leftOut(_ formula: Formula?, _ figure: IndicatorFigure, _ source: ReportSource) throws -> Int {
    if let sql = formula?.undated { return Int(try source.db.integer(sql) ?? 0) }
    guard let formula, formula.sql == Formula.validGiants else { return 0 }
    return try source.things(Formula.validGiants, Moment(source.year, of: source)).filter { $0.yuan == nil }.count
  }
}
