import Presentation
import SyncCore
import Testing

@testable import Spreadsheet

struct ReportSheetTests {
  static let report = Report(
    name: "sales", title: Label(zh: "销售", en: "Sales"), notes: [Label(zh: "至今日", en: "as of today")],
    sections: [
      Report.Section(
        "by county", Label(zh: "分县区", en: "By county"), notes: [Label(zh: "注", en: "note")],
        columns: [
          Report.Column("org", Label(zh: "县区", en: "County")),
          Report.Column("sum", Label(zh: "合计", en: "Total"), unit: .wan),
          Report.Column("share", Label(zh: "占比", en: "Share"), unit: .percent),
          Report.Column("n", Label(zh: "家数", en: "Count")),
          Report.Column("left", Label(zh: "剩余", en: "Left"), unit: .days),
          Report.Column("ok", Label(zh: "达标", en: "Met")),
        ],
        rows: [
          [
            .text("=东海"), .integer(50_001_200), .real(0.625), .integer(12), .integer(30),
            .verdict(true, Label(zh: "是", en: "yes")),
          ],
          [
            .label(Label(zh: "其他", en: "other")), .suppressed, .none, .suppressed, .none,
            .verdict(nil, Label(zh: "待定", en: "open")),
          ],
        ]),
      Report.Section(
        "by/year", Label(zh: "分年", en: "By year"),
        columns: [Report.Column("sum", Label(zh: "合计", en: "Total"), unit: .yi)],
        rows: [[.integer(123_456_789_012)]]),
    ])

  @Test func sectionsAreSheets() throws {
    let bytes = try ReportSheet.workbook(Self.report, language: .zh)
    #expect(try XLSXFile.sheets(bytes) == ["by county", "by_year"])
    let first = try XLSXFile.read(bytes).plain
    #expect([1, 2, 3, 4].map { first[$0] } == [["销售"], ["至今日"], ["分县区"], ["注"]])
    #expect(first[5] == ["* 少于3家企业，不予公布"])
    #expect(first[7] == ["县区", "合计（万元）", "占比", "家数", "剩余（天）", "达标"])
    #expect(first[8] == ["=东海", "5000.12", "0.625", "12", "30", "是"])
    #expect(first[9] == ["其他", "*", "", "*", "", "待定"])
    let second = try XLSXFile.read(bytes, sheet: "by_year")
    #expect(second.plain == [1: ["分年"], 3: ["合计（亿元）"], 4: ["1234.56789012"]])
    #expect(second.rows.last?.cells.first?.isNumber == true)
  }

  @Test func inEnglish() throws {
    let header = try XLSXFile.read(try ReportSheet.workbook(Self.report, language: .en)).plain[7]
    #expect(header == ["County", "Total (10,000 yuan)", "Share", "Count", "Left (days)", "Met"])
  }

  @Test func aReportWithoutSectionsIsASheetOfNotes() throws {
    let report = Report(name: "none", title: Label(zh: "空", en: "Empty"), notes: [Label(zh: "无", en: "nothing")])
    #expect(try XLSXFile.read(try ReportSheet.workbook(report, language: .en)).plain == [1: ["Empty"], 2: ["nothing"]])
  }
}
