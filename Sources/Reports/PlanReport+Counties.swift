import Presentation
import SyncCore

extension PlanReport {
  /// Indicators by units. What adds up to the total is in the row. What is published counts with the successors, for the
  /// difference between both ways of counting could be of one enterprise.
  static func counties(_ source: ReportSource, _ figures: PlanFigures, _ units: Units) -> Report.Section {
    let counties = shown(source, figures, units)
    let columns =
      [
        Report.Column("code", Label(zh: "代码", en: "Code")), .init("indicator", Label(zh: "指标", en: "Indicator")),
        .init("unit", Label(zh: "单位", en: "Unit")),
      ] + counties.all.map { Report.Column("unit_\($0.code)", $0.name) } + [
        .init("city", counties.city.name),
        .init("unrecorded", Label(zh: "基数中未逐项录入的", en: "In the baseline, not recorded one by one")),
        .init("total", Label(zh: "合计", en: "Total")),
      ]
    return Report.Section(
      "counties", Label(zh: "分县区完成", en: "By county"),
      notes: [
        source.isForPublication
          ? Counties.withSuccessorNote
          : Label(
            zh: "按登记单位统计,已并入其他单位的照原登记列出",
            en: "by the unit of the record; those that were taken over, as they were filed"),
        Counties.presentOwnerNote,
        Label(zh: "录入的全市数不一定等于各县区之和", en: "a total that is entered for the city need not be the sum of the units"),
      ],
      columns: columns, rows: figures.all.map { row($0.indicator, $0.figure, counties, source) })
  }

  private static func shown(_ source: ReportSource, _ figures: PlanFigures, _ units: Units) -> Counties {
    let used = Set(figures.all.flatMap { $0.figure.orgs })
    return Counties(units, source, used: used, source.isForPublication ? .withSuccessor : .filed)
  }

  /// The small giants' sales of the counties and of all are known from the table above.
  static func addSales(_ source: ReportSource, _ figures: PlanFigures, _ units: Units, _ known: inout Disclosure) {
    let things = figures.all.first { $0.indicator.code == "small_giant_sales" }?.figure.things ?? []
    let counties = shown(source, figures, units)
    let groups = (counties.all + [counties.city]).map { county in
      things.filter { county.members.contains($0.org) }
    }
    _ = known.cells(
      (groups + [things]).map { .init(cell: .none, sums: ["sales": Set($0.compactMap(\.enterprise))]) })
  }

  private static func row(
    _ indicator: Indicator, _ figure: IndicatorFigure, _ counties: Counties, _ source: ReportSource
  ) -> [Report.Cell] {
    var cells = figure.cells(indicator, counties, source)
    cells.insert(.number(figure.unrecorded), at: cells.count - 1)
    return [.text(indicator.code), .label(indicator.name), .text(indicator.unit)] + cells
  }
}

extension IndicatorFigure {
  /// Units for which something is filed.
  var orgs: [String] { things.compactMap(\.org) + entered.keys }

  /// A cell for each county, one for the city's own, one for the total.
  func cells(_ indicator: Indicator, _ counties: Counties, _ source: ReportSource) -> [Report.Cell] {
    let parts = (counties.all + [counties.city]).map { county in
      Suppression.Figure(.number(ofUnits(county.members)), enterprises: enterprises(county.members))
    }
    // How many there are in the whole city identifies nobody; a sum of money may.
    let total = Suppression.Figure(.number(value), enterprises: indicator.hidesTotal(self) ? enterprises : 0)
    return Suppression.cells(parts, total: total, source.isForPublication)
  }
}
