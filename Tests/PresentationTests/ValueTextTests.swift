import SyncCore
import Testing

@testable import Presentation

struct ValueTextTests {
  static let good: [(Field.Kind, String, Value)] = [
    (.text, "x", .text("x")), (.text, "  a ", .text("  a ")), (.text, "12", .text("12")),
    (.integer, "-9223372036854775808", .integer(.min)), (.integer, "+5", .integer(5)), (.integer, " 007 ", .integer(7)),
    (.integer, "\u{FF0D}\u{FF11}\u{3000}", .integer(-1)), (.integer, "  ", .null),
    (.money, "1500000", .integer(1_500_000)), (.money, "1,500,000", .integer(1_500_000)),
    (.money, "-3万", .integer(-30000)), (.money, "1.5万元", .integer(15000)), (.money, "0.0001万", .integer(1)),
    (.money, "1.23456789亿", .integer(123_456_789)), (.money, "2 亿元", .integer(200_000_000)),
    (.money, "922337203685477.5807万", .integer(.max)), (.money, "-922337203685477.5808万元", .integer(.min)),
    (.money, "12元", .integer(12)), (.money, "12.00", .integer(12)), (.money, "1.500000万", .integer(15000)),
    (.real, "1", .real(1)), (.real, "-0", .real(0)), (.real, ".5e-3", .real(0.0005)), (.real, "1.5", .real(1.5)),
    (.boolean, "是", .integer(1)), (.boolean, "否", .integer(0)), (.boolean, "TRUE", .integer(1)),
    (.boolean, "no", .integer(0)), (.boolean, "1", .integer(1)), (.boolean, "0", .integer(0)),
    (.date, "2024-05-31", .text("2024-05-31")), (.date, "2024/5/1", .text("2024-05-01")),
    (.date, "2024年12月3日", .text("2024-12-03")), (.date, "2024-2-29", .text("2024-02-29")),
    (.blob, "AQID/w==", .blob([1, 2, 3, 255])), (.blob, "0x00fF", .blob([0, 255])), (.blob, "0x", .blob([])),
    (.uuid, "018F2B1C-0000-7000-8000-00000000000A", .text("018f2b1c-0000-7000-8000-00000000000a")),
  ]

  @Test(arguments: good)
  func parses(kind: Field.Kind, text: String, expected: Value) {
    #expect(ValueText.parse(text, field: Sample.field(kind)) == .success(expected))
  }

  static let bad: [(Field.Kind, [String])] = [
    (.text, ["a\0b"]), (.integer, ["1,000", "1.0", "9223372036854775808", "0x1", "--1", "+", "一", "1 2", "\0"]),
    (.money, ["1.5", "0.00001万", "万", "1,00", "1.万", ".5万", "1万万", "922337203685477.5808万", "1e3", "-"]),
    (.real, ["nan", "inf", "-Infinity", "0x1p3", "1e999", "1,5", "e", "."]), (.boolean, ["2", "y", "对"]),
    (.date, ["2023-02-29", "2024/13/1", "24-1-1", "2024年5月", "2024-5/1", "2024-001-01", "5月1日", "日", "2024-1-1-1"]),
    (.blob, ["0x0", "0xzz", "AQI", "0x中a"]), (.uuid, ["018f2b1c", "{018f2b1c-0000-7000-8000-00000000000a}"]),
  ]

  @Test(arguments: bad)
  func refuses(kind: Field.Kind, texts: [String]) {
    for text in texts {
      switch ValueText.parse(text, field: Sample.field(kind)) {
      case .success(let value): Issue.record("\(kind) took '\(text)' as \(value)")
      case .failure(let problem): #expect(!problem.label.zh.isEmpty && !problem.label.en.isEmpty)
      }
    }
  }

  @Test func saysWhatIsWrong() {
    let cases: [(Field.Kind, String, String)] = [
      (.integer, "9223372036854775808", "does not fit 64 bits"), (.integer, "1.5", "is not a whole number"),
      (.money, "1.5", "is not a whole number of yuan"), (.money, "999999999999999万", "does not fit 64 bits"),
      (.date, "2023-02-29", "must be a date YYYY-MM-DD"), (.text, "\0", "must not contain the character U+0000"),
    ]
    for (kind, text, message) in cases {
      let result = ValueText.parse(text, field: Sample.field(kind))
      guard case .failure(let problem) = result else {
        Issue.record("took \(text)")
        continue
      }
      #expect(problem.label.en == message)
    }
  }

  @Test(arguments: Field.Kind.allCases)
  func emptyIsNull(kind: Field.Kind) {
    let field = Sample.field(kind)
    #expect(ValueText.parse("", field: field) == .success(.null))
    #expect(ValueText.parse("", field: field, emptyIsNull: false) == .success(kind == .text ? .text("") : .null))
  }

  @Test(arguments: [("active", "active"), ("存续", "active"), ("Trading", "active"), ("注销", "closed"), ("open", nil)])
  func choices(text: String, expected: String?) throws {
    let field = try #require(Sample.enterprise.field("state"))
    let value = try? ValueText.parse(text, field: field).get()
    #expect(value == expected.map(Value.text))
  }
}
