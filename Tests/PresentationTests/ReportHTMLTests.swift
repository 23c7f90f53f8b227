import Foundation
import FoundationXML
import SyncCore
import Testing

@testable import Presentation

struct ReportHTMLTests {
  /// The texts of the elements of that name, as an XML reader finds them; nil when the page is not well-formed.
  static func texts(_ page: String, _ name: String) -> [String]? {
    let reader = Reader(name)
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = reader
    return parser.parse() ? reader.texts : nil
  }

  private final class Reader: NSObject, XMLParserDelegate {
    let name: String
    var texts: [String] = []
    var depth = 0

    init(_ name: String) { self.name = name }

    func parser(
      _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      guard element == name else { return }
      depth += 1
      texts.append("")
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
      if element == name { depth -= 1 }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      if depth > 0 { texts[texts.count - 1] += string }
    }
  }

  @Test func theTableSaysWhatTheReportSays() throws {
    let page = ReportHTML.page(ReportSample.small, .zh)
    #expect(Self.texts(page, "h1") == ["县区进度"])
    #expect(Self.texts(page, "caption") == ["各县"])
    #expect(Self.texts(page, "h2") == ["各县", "名录"])
    let heads = ["县区", "应税销售（万元）", "完成率（%）", "平均用时（天）", "结论"]
    #expect(Self.texts(page, "th") == heads + ["宝应县", "=A, \"B\"", "—"])
    let cells = [["12,345.68", "50.0", "12", "✓ 达标"], ["*", "125.0", "3.5", "✗ 未达标"], ["-0.51", "—", "—", "… 待定"]]
    #expect(Self.texts(page, "td") == cells.flatMap { $0 })
    #expect(
      Self.texts(page, "p") == ["截至2025年9月30日", "按属地统计", "* 少于3家企业，不予公布", "没有记录"])
  }

  @Test func aRowIsMarkedUpForEyesAndEars() {
    let page = ReportHTML.page(ReportSample.small, .en)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\" />"))
    #expect(
      page.contains(
        "<th scope=\"col\" class=\"number\">Taxable sales <span class=\"unit\">(10,000 yuan)</span></th>"))
    #expect(
      page.contains(
        "<tr><th scope=\"row\" class=\"short\">Baoying</th><td class=\"number\">12,345.68</td>"
          + "<td class=\"number bar\" style=\"background-size:47% 100%\">50.0</td><td class=\"number\">12</td><td class=\"good\">✓ met</td></tr>"
      ))
    #expect(page.contains("<svg role=\"img\" aria-labelledby=\"s1-t1\" aria-describedby=\"s1-d1\""))
    #expect(page.contains("<desc id=\"s1-d1\">Bar chart of 3 rows; the table below has the figures.</desc>"))
    #expect(ReportHTML.page(ReportSample.small, .zh).contains("<html lang=\"zh-CN\">"))
  }

  /// Nothing is loaded or run.
  @Test func thePageStandsAlone() {
    let page = ReportHTML.page(ReportSample.small, .zh)
    for word in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "http:", "https:"] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  /// A style is not decoded like other text.
  @Test func theStyleNeedsNoEscaping() {
    #expect(Markup(text: ReportStyle.css).source == ReportStyle.css)
  }

  @Test(arguments: Report.Chart.Kind.all)
  func everyTextIsEscaped(kind: Report.Chart.Kind) throws {
    let evil = "</svg><b a=\"1\" b='2'>&amp;\u{0}\u{1B}\u{FFFE}\u{FFFF}"
    let label = Label(zh: evil, en: evil)
    let columns = ["x", "y", evil].map { Report.Column($0, label, unit: $0 == "x" ? .none : .wan) }
    let section = Report.Section(
      evil, label, notes: [label], columns: columns + [Report.Column("v", label)],
      rows: [
        [.text(evil), .integer(7), .integer(5), .verdict(true, label)], [.label(label), .suppressed, .none, .none],
      ],
      chart: Report.Chart(kind, label, x: "x", y: ["y", evil], target: evil))
    let page = ReportHTML.page(Report(name: evil, title: label, notes: [label], sections: [section]), .en)
    let shown = "</svg><b a=\"1\" b='2'>&amp;\\u{0}\\u{1B}\u{FFFD}\u{FFFD}"
    #expect(Self.texts(page, "h1") == [shown])
    #expect(Self.texts(page, "th")?.first == shown)
    #expect(Self.texts(page, "b") == [])
    let drawn = try #require(Self.texts(page, "text"))
    #expect(drawn.contains(where: shown.hasPrefix) || drawn.contains { $0.hasPrefix("</svg><b") })
  }

  /// The other language's words are nowhere, whatever the renderer.
  @Test func aReportIsInOneLanguage() {
    let english = ["County", "Baoying", "Taxable", "Verdict", " met", "nothing", "fewer", "Bar chart", "Sales", "yuan"]
    for text in outputs(.zh) {
      for word in english { #expect(!text.contains(word), "\(word)") }
    }
    for text in outputs(.en) {
      #expect(text.unicodeScalars.allSatisfy { !(0x3000...0x9fff).contains($0.value) && $0.value < 0xff00 })
    }
  }

  private func outputs(_ language: Language) -> [String] {
    let report = ReportSample.small
    let page = ReportHTML.page(report, language).replacingOccurrences(of: ReportStyle.css, with: "")
    return [page, ReportText.render(report, language), ReportCSV.text(report, language)]
  }
}

extension Report.Chart.Kind {
  static let all: [Self] = [.bars, .lines, .stacked]
}
