import Testing

@testable import Presentation

struct SpreadsheetFormulaTests {
  @Test(
    arguments: [
      ("=1+1", "'=1+1"), ("+86", "'+86"), ("-已停产", "'-已停产"), ("@a", "'@a"), ("\ta", "'\ta"), ("\ra", "'\ra"),
      ("'=1", "''=1"), ("''-", "'''-"), ("'a", "'a"), ("'", "'"), ("a=1", "a=1"), ("", ""), (" =1", " =1"),
    ] as [(String, String)])
  func guarded(text: String, expected: String) {
    #expect(SpreadsheetFormula.guarded(text) == expected)
    #expect(SpreadsheetFormula.unguarded(expected) == text)
    // Who takes the apostrophe off means the text.
    if !text.hasPrefix("'") { #expect(SpreadsheetFormula.unguarded(text) == text) }
  }

  @Test(
    arguments: [
      ("#NAME?", true), ("#DIV/0!", true), ("Err:502", true), ("#NAME", false), ("Err:50", false), ("Err:5023", false),
      ("a #REF!", false), ("", false),
    ] as [(String, Bool)])
  func errors(text: String, expected: Bool) {
    #expect(SpreadsheetFormula.isError(text) == expected)
  }

  @Test(
    arguments: [
      ("=1+1", "2", true), ("=1+1", "二", false), ("+8651800", "8651800", true), ("+8651800", "18012345678", false),
      ("-007", "-7", true), ("-", "12", false), ("-5", "-6", false), ("007", "7", false),
      ("true", "TRUE", true), ("False", "FALSE", true), ("TRUE", "TRUE", false), ("true", "FALSE", false),
      ("甲", "TRUE", false),
    ] as [(String, String, Bool)])
  func left(original: String, text: String, expected: Bool) {
    #expect(SpreadsheetFormula.isLeft(text, of: original) == expected)
  }
}
