import SyncCore
import Testing

@testable import Presentation

struct ReportTextTests {
  @Test func chinese() {
    #expect(
      ReportText.render(ReportSample.small, .zh) == """
        县区进度
        ════════
        截至2025年9月30日

        ■ 各县
        按属地统计
        县区     应税销售（万元）  完成率（%）                        平均用时（天）  结论
        ───────  ────────────────  ───────────  ────────────────────  ──────────────  ────────
        宝应县          12,345.68         50.0  ██████████                        12  ✓ 达标
        =A, "B"                 *        125.0  ███████████████████+             3.5  ✗ 未达标
        —                   -0.51            —                                     —  … 待定
        * 少于3家企业，不予公布

        ■ 名录
        没有记录
        """)
  }

  @Test func english() {
    #expect(
      ReportText.render(ReportSample.small, .en, width: 100) == """
        County progress
        ═══════════════
        As of 2025-09-30

        ■ By county
        Counted by place
        County   Taxable sales (10,000 yuan)  Share done (%)                     Mean wait (days)  Verdict
        ───────  ───────────────────────────  ──────────────  ─────────────────  ────────────────  ─────────
        Baoying                    12,345.68            50.0  ████████▌                        12  ✓ met
        =A, "B"                            *           125.0  ████████████████+               3.5  ✗ not met
        —                              -0.51               —                                    —  … open
        * fewer than three enterprises, not published

        ■ Register
        nothing on record
        """)
  }

  @Test func aWideTableContinuesBelow() {
    let text = ReportText.render(ReportSample.small, .zh, width: 40)
    #expect(
      text.contains(
        """
        县区     应税销售（万元）  完成率（%）
        ───────  ────────────────  ───────────
        宝应县          12,345.68         50.0
        """) == false)
    #expect(
      text.contains(
        """
        县区     平均用时（天）  结论
        ───────  ──────────────  ────────
        宝应县               12  ✓ 达标
        """))
    #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= 40 })
  }

  @Test(arguments: 0...100)
  func everyColumnIsThereAtEveryWidth(width: Int) {
    let text = ReportText.render(ReportSample.small, .en, width: width)
    for word in ["12,345.68", "125.0", "3.5", "✗ not met", "nothing on record"] {
      #expect(text.contains(word))
    }
  }

  @Test(
    arguments: [
      (0, ""), (-1, ""), (0.001, "▏"), (0.0125, "▏"), (0.025, "▎"), (0.0375, "▍"), (0.05, "▌"), (0.0625, "▋"),
      (0.075, "▊"),
      (0.0875, "▉"), (0.1, "█"), (0.25, "██▌"), (1, "██████████"), (1.01, "█████████+"), (1e300, "█████████+"),
    ] as [(Double, String)])
  func bars(share: Double, expected: String) {
    #expect(TextBar.bar(share, width: 10) == expected)
  }

  @Test(
    arguments: [
      ([.integer(5), .integer(10), .none, .suppressed, .integer(-3)], .none, ["██", "████", "", "", ""]),
      ([.integer(0), .integer(0)], .none, ["", ""]), ([.integer(-1)], .wan, [""]), ([], .none, []),
      ([.real(0.5), .real(.nan)], .percent, ["██", ""]), ([.real(.infinity), .real(1e308)], .none, ["", "████"]),
      ([.integer(.max), .integer(.min)], .yi, ["████", ""]),
    ] as [([Report.Cell], Report.Unit, [String])])
  func aColumnOfBars(cells: [Report.Cell], unit: Report.Unit, expected: [String]) {
    #expect(TextBar.bars(cells, unit, width: 4) == expected)
  }

  @Test(
    arguments: [
      ("one two three", 8, ["one two", "three"]), ("one two", nil, ["one two"]), ("一二三四五", 4, ["一二", "三四", "五"]),
      ("一二。三", 4, ["一二。", "三"]), ("2025年9月", 5, ["2025", "年9月"]), ("unbreakable", 4, ["unbreakable"]),
      ("", 10, [""]), ("a  b", 1, ["a", "b"]),
    ] as [(String, Int?, [String])])
  func notesAreWrapped(text: String, width: Int?, expected: [String]) {
    #expect(wrapped(text, width: width) == expected)
  }

  @Test func nothingReachesTheTerminalThatItObeys() {
    let evil = Label(zh: "\u{1B}[2J", en: "\u{1B}[2J")
    let section = Report.Section(
      "s", evil, notes: [evil], columns: [Report.Column("c", evil)], rows: [[.text("\u{9B}2J")], [.label(evil)]])
    let text = ReportText.render(Report(name: "r", title: evil, notes: [evil], sections: [section]), .en, width: 80)
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) })
  }
}
