import Presentation
import SyncCore

/// What tech SMEs and small giants reported for a period. Aggregates only.
public enum BulletinReport: ReportKind {
  public static let name = "bulletin"
  public static let summary = Label(
    zh: "统计通报:一个报告期的上报率、合计、同比", en: "Statistical bulletin of a period: coverage, sums, growth")
  public static let subject: Label? = Label(zh: "报告期,如 2018 或 201803", en: "a period such as 2018 or 201803")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let period = try BulletinPeriod.asked(source)
    let figures = try BulletinFigures(source, period)
    var known = Disclosure(isForPublication: source.isForPublication)
    let coverage = try coverage(source, period, figures, &known)
    return Report(
      name: name,
      title: Label(zh: "统计通报(\(period.label.zh))", en: "Statistical bulletin, \(period.label.en)"),
      notes: notes(source, period), sections: try [coverage] + sums(source, period, figures, &known))
  }

  /// The tables with what enterprises reported.
  static func sums(
    _ source: ReportSource, _ period: BulletinPeriod, _ figures: BulletinFigures, _ known: inout Disclosure
  ) throws -> [Report.Section] {
    // Drawn first, for the groups' sums matter more than what is compared.
    let grouped = try groups(source, figures, &known)
    let money = figures.figures.filter(\.isMoney)
    let people = figures.figures.filter { !$0.isMoney }
    var sections = [
      indicators("money", Label(zh: "金额指标", en: "Amounts"), money, figures.reporters, &known),
      indicators("people", Label(zh: "人数指标", en: "People"), people, figures.reporters, &known),
    ]
    sections += grouped
    if !period.isMonth { sections.append(intensity(figures, &known)) }
    sections.append(try BulletinSeries(source, period).section(&known))
    return sections
  }

  private static func notes(_ source: ReportSource, _ period: BulletinPeriod) -> [Label] {
    var notes = [
      source.dayNote,
      Label(
        zh: "应报:\(period.lastDay) 认定有效的科技型中小企业和科技小巨人;实报:其中报有数据的",
        en: "Expected: tech SMEs and small giants whose recognition is valid on \(period.lastDay); "
          + "reported: those of them with figures"),
      Label(
        zh: "同比只计本期和上年同期都有数据的企业", en: "Growth compares only enterprises that reported in both periods"),
      Counties.presentOwnerNote,
    ]
    if period.isMonth {
      notes.append(Label(zh: "月报数据为本年累计数,1 月可免报", en: "Monthly figures are year-to-date; January may be skipped"))
    }
    if source.isForPublication {
      notes.append(Label(zh: "少于 3 家企业的数据不予公布", en: "Figures of fewer than 3 enterprises are left out"))
    }
    return notes + source.ownOnly
  }

  /// Who of those that have to report has, by unit.
  private static func coverage(
    _ source: ReportSource, _ period: BulletinPeriod, _ figures: BulletinFigures, _ known: inout Disclosure
  ) throws -> Report.Section {
    let names = try Names(source.db)
    let stands = try standing(source)
    let byUnit = Dictionary(grouping: figures.expected) { stands($0.org) }
    let units = Set(try units(source, period).map(stands)).union(byUnit.keys).sorted()
    let submitted = try submissions(source, period)
    let groups = units.map { byUnit[$0] ?? [] }
    let expected = known.cells(
      groups.map(BulletinFigures.expectedCount), ofPublic: BulletinFigures.expectedCount(figures.expected))
    let reported = known.cells(
      groups.map(BulletinFigures.reportedCount), ofPublic: BulletinFigures.reportedCount(figures.expected))
    func row(_ head: Label, _ group: [BulletinFigures.Reporter], _ index: Int, _ day: String?) -> [Report.Cell] {
      var share = Report.Cell.none
      if [expected[index], reported[index]].contains(.suppressed) {
        share = .suppressed
      } else if !group.isEmpty {
        share = .real(Double(group.count(where: \.hasReported)) / Double(group.count))
      }
      return [.label(head), expected[index], reported[index], share, .text(day)]
    }
    let rows = units.indices.map { row(names.unit(units[$0]), groups[$0], $0, submitted[units[$0]]) }
    let total = row(Label(zh: "合计", en: "Total"), figures.expected, units.count, nil)
    return Report.Section(
      "coverage", Label(zh: "上报情况", en: "Coverage"),
      notes: source.isForPublication ? [Counties.withSuccessorNote] : [],
      columns: [
        Drawn.county, Drawn("expected", zh: "应报", en: "Expected"), Drawn("reported", zh: "实报", en: "Reported"),
        Drawn("share", zh: "上报率", en: "Share", unit: .percent, hasBar: true),
        source.drawn("submission", "submitted_on"),
      ].map(\.column), rows: rows + [total])
  }

  /// The units that there were at the end of the period.
  private static func units(_ source: ReportSource, _ period: BulletinPeriod) throws -> [String] {
    try source.rows(
      """
      SELECT u.code FROM org_unit u WHERE u.kind <> 'city' AND (u.valid_from IS NULL OR u.valid_from <= :day)
        AND (u.valid_to IS NULL OR u.valid_to > :day) AND (:unit IS NULL OR u.code = :unit)
      """, ["day": .text(period.lastDay)]
    ).compactMap { $0[0].string }
  }

  /// When units have handed in what they have.
  private static func submissions(_ source: ReportSource, _ period: BulletinPeriod) throws -> [String: String] {
    let sql = """
      SELECT s.org, s.submitted_on FROM submission s
      WHERE s.period = :period AND s.submitted_on <= :day AND NOT \(isReturned("s"))
      """
    var days: [String: String] = [:]
    for row in try source.rows(sql, ["period": .integer(period.code)]) {
      if let org = row[0].string { days[org] = row[1].string }
    }
    return days
  }

  /// One row a figure: the sum, and the same enterprises a year before.
  private static func indicators(
    _ name: String, _ title: Label, _ figures: [BulletinFigures.Figure], _ reporters: [BulletinFigures.Reporter],
    _ known: inout Disclosure
  ) -> Report.Section {
    let unit: Report.Unit = name == "money" ? .wan : .none
    let columns = [
      Drawn("indicator", zh: "指标", en: "Indicator"), .enterprises, Drawn("value", zh: "合计", en: "Sum", unit: unit),
      Drawn("compared", zh: "可比企业数", en: "Enterprises compared"),
      Drawn("now", zh: "可比企业本期", en: "Compared, now", unit: unit),
      Drawn("before", zh: "可比企业上年同期", en: "Compared, a year before", unit: unit),
      Drawn("growth", zh: "同比", en: "Growth", unit: .percent),
    ].map(\.column)
    let rows = figures.map { figure -> [Report.Cell] in
      let sum = FigureSum(figure.name, reporters)
      let shown = [sum.sum, sum.comparedSum, sum.earlierSum, sum.growth].map { known.cell($0) }
      return [
        .label(figure.label), .integer(Int64(sum.count)), shown[0], .integer(Int64(sum.compared)), shown[1], shown[2],
        shown[3],
      ]
    }
    return Report.Section(name, title, columns: columns, rows: rows)
  }

  /// R&D spend ÷ revenue, of those that reported both.
  private static func intensity(_ figures: BulletinFigures, _ known: inout Disclosure) -> Report.Section {
    let both = figures.reporters.filter { $0.now["rd"] != nil && $0.now["revenue"] != nil }
    let (rd, revenue) = (Sum(both.compactMap { $0.now["rd"] }), Sum(both.compactMap { $0.now["revenue"] }))
    let ids = Set(both.map(\.id))
    // None of the three is shown without the others: two of them tell the third.
    let cells = [rd.cell, revenue.cell, rd.share(of: revenue)].map { cell in
      known.cell(
        .init(
          cell: both.isEmpty ? .none : cell, sums: [FigureSum.now("rd"): ids, FigureSum.now("revenue"): ids]))
    }
    return Report.Section(
      "rd_intensity", Label(zh: "研发投入强度", en: "R&D intensity"),
      notes: [Label(zh: "只计研发费用和营业收入都有数据的企业", en: "Of enterprises that reported both")],
      columns: [
        Drawn.enterprises, .money("rd", zh: "研发费用", en: "R&D spend"),
        .money("revenue", zh: "营业收入", en: "Revenue"), Drawn("share", zh: "研发强度", en: "R&D ÷ revenue", unit: .percent),
      ].map(\.column), rows: [[.integer(Int64(both.count))] + cells])
  }
}
