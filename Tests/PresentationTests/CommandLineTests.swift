import SyncCore
import Testing

@testable import Presentation

struct CommandLineTests {
  private func parse(_ arguments: [String], _ language: Language = .en) throws(Failure) -> [Int: Value] {
    try Assignment.parse(arguments, record: Sample.enterprise, language: language)
  }

  @Test func assignmentsBecomeValues() throws {
    let values = try parse(["name=A=B", "capital=1.5万", "count=", "code=\"\"", "state=存续", "founded=2024/1/2"])
    let expected: [Int: Value] = [
      1: .text("A=B"), 4: .integer(15000), 3: .null, 2: .text(""), 10: .text("active"), 7: .text("2024-01-02"),
    ]
    #expect(values == expected)
    #expect(try parse([]) == [:])
    #expect(try parse(["name="]) == [1: .null])
    #expect(try parse(["name=\u{301}"]) == [1: .text("\u{301}")])
  }

  @Test func labelsOfTheLanguageAreNames() throws {
    #expect(try parse(["企业名称=甲"], .zh) == [1: .text("甲")])
    #expect(failure { () throws(Failure) in try parse(["企业名称=甲"], .en) }?.kind == .usage)
  }

  @Test(
    arguments: [
      (["nme=x"], .usage, "unknown field of enterprise 'nme'; did you mean 'name'? known: id, name"),
      (["name"], .usage, "'name' should be field=value"), (["name=a", "name=b"], .usage, "field name is given twice"),
      (["=x"], .usage, "unknown field of enterprise ''; known: id"),
      (["capital=ab\u{1B}c"], .data, "enterprise.capital: 'ab\\u{1B}c' is not an amount"),
      (["name=a\0"], .data, "enterprise.name: 'a\\u{0}' must not contain"), (["count=\"\""], .data, "enterprise.count"),
    ] as [([String], Failure.Kind, String)])
  func assignmentFailures(arguments: [String], kind: Failure.Kind, message: String) {
    let failure = failure { () throws(Failure) in try parse(arguments) }
    #expect(failure?.kind == kind)
    #expect(failure?.message.en.hasPrefix(message) == true, "\(failure?.message.en ?? "none")")
  }

  @Test(
    arguments: [
      ("enterprize", ["unit", "enterprise"], "enterprise"), ("ENTERPRISE", ["enterprise"], "enterprise"),
      ("ent", ["unit", "enterprise"], "enterprise"), ("nmae", ["note", "name"], "name"), ("ca", ["abc"], nil),
      ("cat", ["bat", "cab"], "bat"), ("xyz", ["name"], nil), ("", ["a"], nil), ("x", ["id"], nil), ("name", [], nil),
      ("nam", ["name_en", "name"], "name"),
      ("naem", ["name_en", "name"], "name"), ("enterprise_capitol_x", ["enterprise_capital"], "enterprise_capital"),
      ("企业名", ["企业名称"], "企业名称"), (String(repeating: "a", count: 100_000), ["aaa"], nil),
    ] as [(String, [String], String?)])
  func nearestName(word: String, names: [String], expected: String?) {
    #expect(nearest(word, in: names) == expected)
  }

  @Test func unknownNameSaysWhatIsKnown() {
    let kind = Label(zh: "记录", en: "record")
    let near = unknownName(kind, "enterprize", known: ["enterprise", "unit"])
    #expect(near.kind == .usage)
    #expect(near.message.en == "unknown record 'enterprize'; did you mean 'enterprise'? known: enterprise, unit")
    #expect(near.message.zh == "没有名为“enterprize”的记录，是否要用“enterprise”？可用：enterprise、unit")
    let far = unknownName(kind, "\u{1B}zzzzzz", known: ["unit"])
    #expect(far.message.en == "unknown record '\\u{1B}zzzzzz'; known: unit")
  }
}
