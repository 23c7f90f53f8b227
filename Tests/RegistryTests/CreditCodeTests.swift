import Registry
import SyncCore
import Testing

@Suite struct CreditCodeTests {
  @Test(
    "Codes of the standard's shape pass, three of them from the user-defined range",
    arguments: [
      "9132070070404786XB", "913207006083959289", "91110108551385082Q", "91320706PDY00001XF", "91320722PDY000044A",
      "91320706PDY0000520",
    ])
  func valid(code: String) throws {
    #expect(CreditCode.problem(in: code) == nil)
    #expect(CreditCode.warning(in: code) == nil)
    #expect(CreditCode.make(prefix17: String(code.dropLast())) == code)
    let format = try #require(Registry.formats["uscc"])
    #expect(format(code) == nil)
  }

  static let wrongCodes: [(code: String, reasons: [String])] = [
    ("91350100M000100Y4Z", ["position 18 is “Z”", "call for “3”"]),
    ("9132070070404786XC", ["position 18 is “C”", "call for “B”"]),
    ("9132070070404786X", ["has 18 characters, this one has 17"]),
    ("9132070070404786XB0", ["this one has 19"]),
    ("", ["this one has 0"]),
    ("9132070O70404786XB", ["position 8 is “O”"]),
    ("91320706pdy00001xf", ["position 9 is “p”"]),
    ("91320706PDY000０1XF", ["position 15 is “０”"]),
  ]

  @Test("A wrong code is told by position", arguments: wrongCodes)
  func wrong(code: String, reasons: [String]) throws {
    let problem = try #require(CreditCode.problem(in: code))
    for reason in reasons { #expect(problem.en.contains(reason), "\(problem.en)") }
  }

  @Test("In Chinese too")
  func chinese() {
    let problem = CreditCode.problem(in: "91350100M000100Y4Z")
    #expect(problem?.zh.contains("第 18 位是「Z」") == true)
    #expect(problem?.zh.contains("应为「3」") == true)
  }

  @Test("Every changed single character is noticed")
  func everySubstitution() {
    let code = Array("91320706PDY00001XF")
    for index in code.indices {
      for other in "0123456789ABCDEFGHJKLMNPQRTUWXY" where other != code[index] {
        var changed = code
        changed[index] = other
        #expect(CreditCode.problem(in: String(changed)) != nil, "\(String(changed))")
      }
    }
  }

  @Test("A failing organisation code only warns")
  func inner() throws {
    let code = try #require(CreditCode.make(prefix17: "91320706PDY000011"))
    #expect(CreditCode.problem(in: code) == nil)
    #expect(CreditCode.warning(in: code)?.en.contains("calls for “X”") == true)
  }

  @Test("A prefix that is not 17 allowed characters makes no code")
  func noCode() {
    #expect(CreditCode.make(prefix17: "91320706PDY00001") == nil)
    #expect(CreditCode.make(prefix17: "91320706PDY00001I") == nil)
  }
}
