import SyncCore
import Testing

@testable import Presentation

struct ReportNumberTests {
  @Test(
    arguments: [
      (0, "0"), (7, "7"), (-7, "-7"), (999, "999"), (1000, "1,000"), (-1000, "-1,000"), (123_456, "123,456"),
      (1_234_567, "1,234,567"), (.max, "9,223,372,036,854,775,807"), (.min, "-9,223,372,036,854,775,808"),
    ] as [(Int64, String)])
  func integers(number: Int64, expected: String) {
    #expect(ReportNumber.integer(number) == expected)
  }

  /// The second text is the one for a spreadsheet.
  @Test(
    arguments: [
      (0, .wan, "0.00", "0"), (1, .wan, "0.00", "0.0001"), (-1, .wan, "0.00", "-0.0001"), (49, .wan, "0.00", "0.0049"),
      (50, .wan, "0.01", "0.005"), (-50, .wan, "-0.01", "-0.005"), (149, .wan, "0.01", "0.0149"),
      (150, .wan, "0.02", "0.015"), (10_000, .wan, "1.00", "1"), (99_999_950, .wan, "10,000.00", "9999.995"),
      (-123_456_789, .wan, "-12,345.68", "-12345.6789"), (499_999, .yi, "0.00", "0.00499999"),
      (500_000, .yi, "0.01", "0.005"), (100_000_000, .yi, "1.00", "1"), (12_345_500_000, .yi, "123.46", "123.455"),
      (.max, .wan, "922,337,203,685,477.58", "922337203685477.5807"),
      (.min, .wan, "-922,337,203,685,477.58", "-922337203685477.5808"),
      (.min, .yi, "-92,233,720,368.55", "-92233720368.54775808"), (1234, .none, "1,234", "1234"),
    ] as [(Int64, Report.Unit, String, String)])
  func money(yuan: Int64, unit: Report.Unit, shown: String, plain: String) {
    #expect(ReportNumber.money(yuan, unit) == shown)
    #expect(ReportNumber.plainMoney(yuan, unit) == plain)
  }

  @Test(
    arguments: [
      (0, "0.0", "0"), (0.5, "50.0", "50"), (1, "100.0", "100"), (0.12345, "12.3", "12.345"), (0.1235, "12.4", "12.35"),
      (-0.0625, "-6.3", "-6.25"), (-0.0004, "0.0", "-0.04"), (1.0 / 3, "33.3", "33.3333"), (12.5, "1,250.0", "1250"),
      (1e20, "1e+20", "1e+22"), (.nan, nil, nil), (.infinity, nil, nil),
    ] as [(Double, String?, String?)])
  func percent(share: Double, shown: String?, plain: String?) {
    #expect(ReportNumber.percent(share) == shown)
    #expect(ReportNumber.plainPercent(share) == plain)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (3, "3"), (3.5, "3.5"), (0.1 + 0.2, "0.3"), (1234.567, "1,234.57"), (-2.005, "-2.01"),
      (-2.5, "-2.5"), (0.001, "0.001"), (1e13, "10,000,000,000,000"), (1e300, "1e+300"), (.nan, nil),
      (-.infinity, nil),
    ] as [(Double, String?)])
  func decimals(number: Double, expected: String?) {
    #expect(ReportNumber.decimal(number) == expected)
  }

  @Test(
    arguments: [
      (.none, .none, "—"), (.suppressed, .wan, "*"), (.text("x"), .wan, "x"), (.integer(1500), .days, "1,500"),
      (.integer(1), .percent, "100.0"), (.real(15_000.4), .wan, "1.50"), (.real(1e30), .wan, "1e+26"),
      (.real(.nan), .wan, "—"), (.real(.infinity), .percent, "—"), (.real(2.5), .days, "2.5"),
      (.verdict(true, Label(zh: "好", en: "good")), .none, "✓ good"),
      (.verdict(false, Label(zh: "坏", en: "bad")), .none, "✗ bad"),
      (.verdict(nil, Label(zh: "未定", en: "open")), .none, "… open"),
    ] as [(Report.Cell, Report.Unit, String)])
  func cells(cell: Report.Cell, unit: Report.Unit, expected: String) {
    #expect(cell.text(unit, .en) == expected)
  }

  @Test(
    arguments: [
      (.none, "额", "Sum"), (.wan, "额（万元）", "Sum (10,000 yuan)"), (.yi, "额（亿元）", "Sum (100 million yuan)"),
      (.percent, "额（%）", "Sum (%)"), (.days, "额（天）", "Sum (days)"),
    ] as [(Report.Unit, String, String)])
  func headersNameTheUnit(unit: Report.Unit, zh: String, en: String) {
    let column = Report.Column("sum", Label(zh: "额", en: "Sum"), unit: unit)
    #expect(column.header(.zh) == zh)
    #expect(column.header(.en) == en)
  }
}
