import Presentation
import SyncCore

extension PlanReport {
  /// Indicators by units, as the records are filed. What adds up to the total is in the row.
  static func counties(_ source: ReportSource, _ figures: PlanFigures, _ units: Units) -> Report.Section {
    let used = Set(figures.all.flatMap { $0.figure.things.compactMap(\.org) + $0.figure.entered.keys })
    let counties = units.counties(on: source.day, used: used.filter { $0 != units.city }, unit: source.unit)
    let columns =
      [
        Report.Column("code", Label(zh: "代码", en: "Code")), .init("indicator", Label(zh: "指标", en: "Indicator")),
        .init("unit", Label(zh: "单位", en: "Unit")),
      ] + counties.map { Report.Column("unit_\($0)", units.name($0)) } + [
        .init("city", Label(zh: "市直", en: "City's own")),
        .init("unrecorded", Label(zh: "基数中未逐项录入的", en: "In the baseline, not recorded one by one")),
        .init("total", Label(zh: "合计", en: "Total")),
      ]
    return Report.Section(
      "counties", Label(zh: "分县区完成", en: "By county"),
      notes: [
        Label(
          zh: "按登记单位统计;已并入其他单位的照原登记列出。录入的全市数不一定等于各县区之和",
          en:
            "by the unit of the record, those that were taken over as they were filed; a total entered for the city need not"
            + " be the sum of the units")
      ],
      columns: columns, rows: figures.all.map { row($0.indicator, $0.figure, counties, units.city, source) })
  }

  private static func row(
    _ indicator: Indicator, _ figure: IndicatorFigure, _ counties: [String], _ city: String?, _ source: ReportSource
  ) -> [Report.Cell] {
    let parts = counties.map { org in
      Suppression.Figure(.number(figure.ofUnit(org)), enterprises: figure.enterprises(org))
    }
    let own = Formula.of(indicator.code) == nil ? nil : (figure.ofUnit(nil) ?? 0) + (figure.ofUnit(city) ?? 0)
    let ownPart = Suppression.Figure(.number(own), enterprises: figure.enterprises(nil) + figure.enterprises(city))
    // The count of the city is in the first section; only a sum of money hides with it.
    let total = Suppression.Figure(
      .number(figure.value), enterprises: indicator.hidesTotal(figure) ? figure.enterprises : 0)
    var cells = Suppression.cells(parts + [ownPart], total: total, source.isForPublication)
    cells.insert(.number(figure.unrecorded), at: cells.count - 1)
    return [.text(indicator.code), .label(indicator.name), .text(indicator.unit)] + cells
  }
}
