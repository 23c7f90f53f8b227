import SyncCore
import Testing

private let label = Label(zh: "项", en: "field")

private func field(_ kind: Field.Kind, required: Bool = false, _ check: Check = Check()) -> Field {
  Field(name: "f", label: label, kind: kind, required: required, check: check)
}

private func values(_ list: String...) -> Check { Check(values: list.map { Check.Choice(value: $0, label: label) }) }

private let formats: Formats = [
  "even": { $0.utf8.count % 2 == 0 ? nil : Label(zh: "应为偶数个", en: "must be even") }
]

/// A field, a value, and a part of what is wrong with it; nil: nothing.
struct RowCheckCase: CustomTestStringConvertible {
  var name: String
  var field: Field
  var value: Value
  var problem: String?

  init(_ name: String, _ field: Field, _ value: Value, _ problem: String? = nil) {
    (self.name, self.field, self.value, self.problem) = (name, field, value, problem)
  }

  var testDescription: String { name }
}

private let cases = [
  RowCheckCase("NULL", field(.text), .null),
  RowCheckCase("NULL required", field(.text, required: true), .null, "required"),
  RowCheckCase("empty is not NULL", field(.text, required: true), ""),
  RowCheckCase("NULL passes checks", field(.integer, Check(min: 1, max: 2)), .null),
  RowCheckCase("integer in text", field(.text), 1, "not of type text"),
  RowCheckCase("blob in text", field(.text), .blob([0x61]), "not of type text"),
  RowCheckCase("real in integer", field(.integer), 1.0, "not of type integer"),
  RowCheckCase("integer in real", field(.real), 1, "not of type real"),
  RowCheckCase("text in blob", field(.blob), "a", "not of type blob"),
  RowCheckCase("real in money", field(.money), 1.5, "not of type money"),
  RowCheckCase("boolean", field(.boolean), 1),
  RowCheckCase("boolean 2", field(.boolean), 2, "0 or 1"),
  RowCheckCase("boolean -1", field(.boolean), -1, "0 or 1"),
  RowCheckCase("at min", field(.integer, Check(min: -5)), -5),
  RowCheckCase("below min", field(.integer, Check(min: -5)), -6, "at least -5"),
  RowCheckCase("at max", field(.money, Check(max: 5)), 5),
  RowCheckCase("above max", field(.money, Check(max: 5)), 6, "at most 5"),
  RowCheckCase("real below min", field(.real, Check(min: 0)), -0.001, "at least 0"),
  RowCheckCase("real above max", field(.real, Check(max: 1)), 1.001, "at most 1"),
  RowCheckCase("infinity above max", field(.real, Check(max: .max)), .real(.infinity), "at most"),
  RowCheckCase("longest", field(.text, Check(maxLength: 2)), "甲😀"),
  RowCheckCase("too long", field(.text, Check(maxLength: 2)), "甲乙丙", "more than 2 characters"),
  RowCheckCase("a combining mark counts", field(.text, Check(maxLength: 1)), "e\u{301}", "more than 1 characters"),
  RowCheckCase("blob too long", field(.blob, Check(maxLength: 2)), .blob([1, 2, 3]), "more than 2 bytes"),
  RowCheckCase("U+0000", field(.text), "a\0b", "U+0000"),
  RowCheckCase("one of", field(.text, values("a", "é")), "a"),
  RowCheckCase("none of", field(.text, values("a", "b")), "A", "one of: a, b"),
  RowCheckCase("one of, other normal form", field(.text, values("\u{e9}")), "e\u{301}", "one of"),
  RowCheckCase("format", field(.text, Check(format: "even")), "ab"),
  RowCheckCase("bad format", field(.text, Check(format: "even")), "abc", "must be even"),
  RowCheckCase("unknown format", field(.text, Check(format: "odd")), "ab"),
]

private let dates: [(String, Bool)] = [
  ("2024-02-29", true), ("2000-02-29", true), ("0001-01-01", true), ("9999-12-31", true), ("2023-02-29", false),
  ("1900-02-29", false), ("0000-01-01", false), ("2024-00-01", false), ("2024-13-01", false), ("2024-01-00", false),
  ("2024-04-31", false), ("2024-1-01", false), ("2024/01/01", false), ("2024-01-01 ", false), ("", false),
  ("２０２４-01-01", false), ("2024-01-01-", false), ("+024-01-01", false),
]

private let uuids: [(String, Bool)] = [
  ("018f2b1c-0000-7000-8000-00000000000a", true), ("018F2B1C-0000-7000-8000-00000000000A", false),
  ("018f2b1c00007000800000000000000a", false), ("018f2b1c-0000-7000-8000-00000000000g", false),
  ("018f2b1c-0000-7000-8000-00000000000", false), ("018f2b1-c0000-7000-8000-00000000000a", false), ("", false),
]

struct RowCheckTests {
  @Test(arguments: cases)
  func table(_ item: RowCheckCase) {
    let found = item.field.problem(with: item.value, formats: formats)
    if let problem = item.problem {
      #expect(found?.en.contains(problem) == true, "\(found?.en ?? "nothing")")
      #expect(found?.zh.isEmpty == false)
    } else {
      #expect(found == nil)
    }
  }

  @Test(arguments: dates)
  func date(text: String, isGood: Bool) {
    #expect((field(.date).problem(with: .text(text), formats: [:]) == nil) == isGood)
  }

  @Test(arguments: uuids)
  func uuid(text: String, isGood: Bool) {
    #expect((field(.uuid).problem(with: .text(text), formats: [:]) == nil) == isGood)
  }

  @Test func everyProblemOfARow() {
    var one = field(.text, required: true)
    one.name = "one"
    var two = field(.integer, Check(min: 0))
    two.name = "two"
    let record = RecordSchema(name: "r", label: label, key: ["one"], fields: [one, two, field(.text)])
    #expect(record.problems(in: [.null, -1, "x"], formats: [:]).map(\.field) == ["one", "two"])
    #expect(record.problems(in: ["k", 0, .null], formats: [:]) == [])
  }
}
