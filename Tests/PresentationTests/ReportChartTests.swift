import Foundation
import SyncCore
import Testing

@testable import Presentation

struct ReportChartTests {
  @Test(
    arguments: [
      ([], true, [0, 1]), ([0, 0], true, [0, 1]), ([4], true, [0, 1, 2, 3, 4]),
      ([0.5], true, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
      ([37, 93], true, [0, 20, 40, 60, 80, 100]), ([-40, 60], true, [-40, -20, 0, 20, 40, 60]),
      ([-7], true, [-8, -6, -4, -2, 0]),
      ([131, 208], false, [120, 140, 160, 180, 200, 220]), ([10, 208], false, [0, 50, 100, 150, 200, 250]),
      ([95, 95], false, [0, 20, 40, 60, 80, 100]),
    ] as [([Double], Bool, [Double])])
  func ticksAreRound(values: [Double], hasZero: Bool, expected: [Double]) {
    let scale = ChartScale(values, hasZero: hasZero)
    #expect(scale.ticks.map { ($0 * 1000).rounded() / 1000 } == expected)
  }

  /// A sum of a stack may be more than any number.
  @Test func whatIsNoNumberAnyMoreIsDrawnAtTheEdge() {
    for values in [[.infinity], [-.infinity, 1], [1.7e308, -1.7e308]] as [[Double]] {
      let scale = ChartScale(values)
      #expect(scale.ticks.count < 20 && scale.high.isFinite && scale.low.isFinite)
      #expect(values.allSatisfy { (0...1).contains(scale.place($0)) })
    }
  }

  @Test(
    arguments: [
      (0, "0"), (12.34, "12.3"), (-0.04, "0"), (-3.25, "-3.3"), (.nan, "0"), (.infinity, "0"), (1e300, "100000"),
    ]
      as [(Double, String)])
  func coordinates(number: Double, expected: String) {
    #expect(coordinate(number) == expected)
  }

  /// The rectangle of each bar: x, y, width, height.
  @Test func barsStartAtZero() {
    let page = ReportHTML.page(
      ReportSample.chart(.bars, [[.integer(-10)], [.integer(30)], [.suppressed], [.none]]), .en)
    let bars = attributes(page, "rect", ["x", "width"])
    #expect(bars.count == 2)
    #expect(bars[0][0] + bars[0][1] == bars[1][0])
    #expect(abs(bars[1][1] - 3 * bars[0][1]) < 0.5)
    #expect(ReportHTMLTests.texts(page, "text")?.filter { ["-10", "30", "*", "—"].contains($0) }.count == 6)
  }

  @Test func aTargetIsAMarkAcross() {
    let page = ReportHTML.page(
      ReportSample.chart(.bars, [[.integer(10)], [.integer(20)]], target: [.integer(20), .none]), .en)
    let bars = attributes(page, "rect", ["x", "width"]).suffix(2)
    let marks = attributes(page, "line", ["x1", "stroke-width"]).filter { $0[1] == 2.4 }
    // One in the legend, one at the end of the second bar.
    #expect(marks.count == 2)
    let end = bars.last.map { $0[0] + $0[1] } ?? 0
    #expect(abs((marks.last?[0] ?? 0) - end) < 0.2)
  }

  @Test func stacksGoBothWaysAndSayTheWhole() {
    let rows: [[Report.Cell]] = [
      [.integer(10), .integer(-5), .integer(20)], [.integer(17), .suppressed, .integer(6)],
      [.integer(.max), .integer(1), .none],
    ]
    let texts = ReportHTMLTests.texts(ReportHTML.page(ReportSample.chart(.stacked, [rows[0]]), .en), "text")
    #expect(texts?.contains("25") == true)
    let hidden = ReportHTMLTests.texts(ReportHTML.page(ReportSample.chart(.stacked, [rows[1]]), .en), "text")
    #expect(hidden?.contains("*") == true)
    #expect(hidden?.contains("23") == false)
    let huge = ReportHTMLTests.texts(ReportHTML.page(ReportSample.chart(.stacked, [rows[2]]), .en), "text")
    #expect(huge?.contains("9.223372036854776e+18") == true)
    let bars = attributes(ReportHTML.page(ReportSample.chart(.stacked, [rows[0]]), .en), "rect", ["x", "width"]).suffix(
      3)
    let (plus, minus, next) = (bars.first ?? [], bars.dropFirst().first ?? [], bars.last ?? [])
    #expect(minus[0] + minus[1] + 1 == plus[0])
    #expect(plus[0] + plus[1] + 1 == next[0])
  }

  @Test func aLineHasAGapWhereNothingIsKnown() {
    let rows: [[Report.Cell]] = [
      [.integer(1)], [.integer(2)], [.suppressed], [.integer(4)], [.integer(5)], [.integer(6)],
    ]
    let page = ReportHTML.page(ReportSample.chart(.lines, rows), .en)
    let strokes = page.components("<polyline points=\"").map {
      $0.split(separator: "\"")[0].split(separator: " ").count
    }
    #expect(strokes == [2, 3])
    #expect(page.components("<circle").count == 5)
  }

  @Test func aLongChartComesInPieces() {
    let page = ReportHTML.page(ReportSample.chart(.bars, (0..<100).map { [.integer($0)] }), .en)
    #expect(page.components("<svg").count == 4)
    #expect(ReportHTMLTests.texts(page, "text")?.filter { $0.hasPrefix("r") }.count == 100)
  }

  private static let nasty: [[[Report.Cell]]] = [
    [], [[]], [[.none]], [[.integer(0)]], [[.integer(0)], [.integer(0)]], [[.integer(5)]], [[.integer(-5)]],
    [[.integer(.max)], [.integer(.min)]], [[.real(1e308), .real(1e308)], [.real(-1e308), .real(-1e308)]],
    [[.real(.leastNonzeroMagnitude)]], [[.real(.nan)], [.real(.infinity)], [.real(-.infinity)]],
    [[.suppressed], [.text("x")]],
    [[.real(1e30)], [.real(1e30)]], [[.real(0.1)], [.real(0.1 + 1e-17)]], [[.integer(1), .integer(2)], [.integer(3)]],
  ]

  @Test(arguments: Report.Chart.Kind.all, nasty.indices)
  func everyCoordinateIsANumber(kind: Report.Chart.Kind, index: Int) {
    for unit in [Report.Unit.none, .yi, .percent] {
      for target in [nil, Self.nasty[index].map { $0.first ?? .none }] {
        let page = ReportHTML.page(ReportSample.chart(kind, Self.nasty[index], unit: unit, target: target), .en)
        #expect(ReportHTMLTests.texts(page, "h1") == ["Report"])
        let drawn = page.components("<svg").map { $0.lowercased() }.joined()
        for name in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "points", "viewBox"] {
          for value in drawn.components(" \(name.lowercased())=\"").map({ $0.prefix { $0 != "\"" } }) {
            #expect(value.allSatisfy { "0123456789.-, ".contains($0) }, "\(name) \(value)")
          }
        }
        #expect(!drawn.contains("=\"nan") && !drawn.contains("=\"inf"))
      }
    }
  }

  @Test func aChartOfUnknownColumnsIsNotDrawn() {
    var report = ReportSample.chart(.bars, [[.integer(1)]])
    report.sections[0].chart?.y = ["no such"]
    #expect(!ReportHTML.page(report, .en).contains("<svg"))
    report = ReportSample.chart(.bars, [[.integer(1)]])
    report.sections[0].chart?.x = "no such"
    #expect(!ReportHTML.page(report, .en).contains("<svg"))
  }

  private func attributes(_ page: String, _ element: String, _ names: [String]) -> [[Double]] {
    page.components("<\(element) ").map { tag in
      names.map { name in
        let value = (" " + tag).components(" \(name)=\"").first?.prefix { $0 != "\"" } ?? ""
        return Double(value) ?? .nan
      }
    }
  }
}

extension String {
  /// What follows each place where the word stands, up to the next.
  fileprivate func components(_ word: String) -> [String] { Array(components(separatedBy: word).dropFirst()) }
}
