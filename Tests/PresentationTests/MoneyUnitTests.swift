import SyncCore
import Testing

@testable import Presentation

/// Headers that say in which unit an amount of money stands.
struct MoneyUnitTests {
  private static let record = RecordSchema(
    name: "figures", label: Label(zh: "数据", en: "Figures"), key: ["id"],
    fields: [
      Sample.field("id", "编号", "Id", .integer),
      Sample.field("taxable_sales", "应税销售(元)", "Taxable sales (yuan)", .money),
      Sample.field("capital", "注册资本", "Capital", .money), Sample.field("staff", "人数(万元)", "Staff", .integer),
      Sample.field("profit", "利润(元)", "Profit (yuan)", .money),
      Sample.field("profit_before", "利润(万元)", "Profit before", .money),
    ])

  private func read(_ header: String, _ cell: String) throws(Failure) -> ImportRow? {
    try ImportFile.readCSV(Array(CSVText.line([header]).utf8) + Array(CSVText.line([cell]).utf8), record: Self.record)
      .first
  }

  @Test(
    arguments: [
      ("应税销售(元)", "5000.12", nil), ("应税销售(元)", "5000.00", 5000), ("应税销售(万元)", "5000.12", 50_001_200),
      ("应税销售（万元）", "-0.0001", -1), ("应税销售（单位：万元）", "1", 10_000), ("应税销售 ( 万元 )", "1", 10_000),
      ("应税销售(万元)", "0.00001", nil), ("应税销售(亿元)", "1.23456789", 123_456_789), ("应税销售(亿元)", "0.000000001", nil),
      ("应税销售(千元)", "1.5", 1500), ("应税销售(百万元)", "1.5", 1_500_000), ("taxable_sales(万元)", "2", 20_000),
      ("taxable_sales (10,000 yuan)", "2", 20_000), ("Taxable sales (10,000 yuan)", "2.5", 25_000),
      ("Taxable sales (100 million yuan)", "2.5", 250_000_000), ("Taxable sales (Yuan)", "2", 2),
      ("taxable_sales", "2", 2),
      ("capital", "7", 7), ("注册资本(万元)", "922337203685477.5807", .max), ("注册资本(万元)", "922337203685477.5808", nil),
      ("注册资本(万元)", "1e3", nil), ("注册资本(万元)", "150万", 1_500_000), ("注册资本(万元)", "2亿元", 200_000_000),
      ("注册资本(万元)", "20元", 20), ("capital", "1,500,000", 1_500_000), ("capital", "-1,500,000.00", -1_500_000),
      ("注册资本(万元)", "1,500.5", 15_005_000), ("capital", "15,00", nil), ("capital", "1500,000", nil),
      ("capital", ",500", nil), ("capital", "1,500,", nil), ("capital", "1.5,000", nil),
    ] as [(String, String, Int64?)])
  func amounts(header: String, cell: String, yuan: Int64?) throws {
    let row = try #require(try read(header, cell))
    #expect(row.values.values.first == yuan.map { .integer($0) })
    #expect(row.problems.map(\.column) == (yuan == nil ? [header] : []))
  }

  @Test(arguments: [
    (
      "应税销售",
      "column 1: '应税销售' is an amount of money and its header must name the unit; write 'Taxable sales (yuan)' or 'Taxable sales (10,000 yuan)' or"
    ),
    ("Taxable sales", "column 1: 'Taxable sales' is an amount of money"),
    ("注册资本", "column 1: '注册资本' is an amount of money"),
    ("应税销售(美元)", "column 1: header '应税销售(美元)' is no field"), ("编号(万元)", "column 1: header '编号(万元)' is no field"),
    ("(万元)", "column 1: header '(万元)' is no field"),
    ("利润(亿元)", "column 1: header '利润(亿元)' fits several fields; use a field name: profit, profit_before"),
  ])
  func refusals(header: String, message: String) {
    let failure = PresentationTests.failure { () throws(Failure) in try read(header, "1") }
    #expect(failure?.message.en.hasPrefix(message) == true, "\(failure?.message.en ?? "none")")
  }

  @Test func whatIsWrongNamesTheUnit() throws {
    let row = try read("应税销售(万元)", "5000.12345")
    #expect(row?.problems.first?.message.zh == "不是整数元：以万元为单位最多 4 位小数")
    #expect(row?.problems.first?.value == "5000.12345")
  }

  @Test func otherFieldsMayEndLikeAUnit() throws {
    #expect(try read("人数(万元)", "2")?.values == [3: .integer(2)])
  }

  @Test func oneFieldInTwoUnitsIsRefused() {
    let text = "应税销售(万元),taxable_sales\n1,2\n"
    let failure = PresentationTests.failure { () throws(Failure) in
      try ImportFile.readCSV(Array(text.utf8), record: Self.record)
    }
    #expect(failure?.message.en == "the header has field taxable_sales twice; remove a column")
  }

  @Test(arguments: Language.allCases)
  func headingsReadBack(language: Language) throws {
    let headings = Self.record.fields.indices.map { ImportHeader.heading($0, of: Self.record, language) }
    let cells = headings.indices.map { _ in "1" }
    let row = try ImportHeader(headings, record: Self.record).row(cells, line: 2)
    #expect(row?.values.values.allSatisfy { $0 == .integer(1) } == true)
    #expect(row?.values.count == Self.record.fields.count)
    #expect(headings[2] == (language == .zh ? "注册资本(元)" : "Capital (yuan)"))
  }
}
