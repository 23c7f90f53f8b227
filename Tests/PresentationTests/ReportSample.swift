import SyncCore

@testable import Presentation

/// Reports for the tests of every renderer.
enum ReportSample {
  typealias Cell = Report.Cell
  typealias Column = Report.Column

  static func label(_ zh: String, _ en: String) -> Label { Label(zh: zh, en: en) }

  /// Every kind of cell and of unit, few enough to write out what is expected.
  static let small = Report(
    name: "progress", title: label("县区进度", "County progress"),
    notes: [label("截至2025年9月30日", "As of 2025-09-30")],
    sections: [
      Report.Section(
        "counties", label("各县", "By county"), notes: [label("按属地统计", "Counted by place")],
        columns: [
          Column("county", label("县区", "County")), Column("sales", label("应税销售", "Taxable sales"), unit: .wan),
          Column("share", label("完成率", "Share done"), unit: .percent, hasBar: true),
          Column("wait", label("平均用时", "Mean wait"), unit: .days),
          Column("verdict", label("结论", "Verdict")),
        ],
        rows: [
          [
            .label(label("宝应县", "Baoying")), .integer(123_456_789), .real(0.5), .integer(12),
            .verdict(true, label("达标", "met")),
          ],
          [
            .text("=A, \"B\""), .suppressed, .real(1.25), .real(3.5), .verdict(false, label("未达标", "not met")),
          ],
          [.none, .integer(-5_050), .none, .none, .verdict(nil, label("待定", "open"))],
        ],
        chart: Report.Chart(.bars, label("销售", "Sales"), x: "county", y: ["sales"])),
      Report.Section(
        "none", label("名录", "Register"), columns: [Column("name", label("企业名称", "Name"))], rows: []),
    ])

  static let county = Column("county", label("县区", "County"))

  /// One section of one chart, of these numbers.
  static func chart(
    _ kind: Report.Chart.Kind, _ rows: [[Cell]], unit: Report.Unit = .none, target: [Cell]? = nil
  ) -> Report {
    let count = rows.map(\.count).max() ?? 0
    let columns = (0..<count).map { Column("y\($0)", label("系列\($0)", "Series \($0)"), unit: unit, hasBar: true) }
    let goal = Column("goal", label("目标", "Target"), unit: unit)
    let cells = rows.enumerated().map { [.text("r\($0)")] + $1 + [target?[$0] ?? .none] }
    let section = Report.Section(
      "s", label("表", "Table"), columns: [county] + columns + [goal], rows: cells,
      chart: Report.Chart(
        kind, label("图", "Chart"), x: "county", y: columns.map(\.name), target: target == nil ? nil : "goal"))
    return Report(name: "r", title: label("报告", "Report"), sections: [section])
  }
}
