import Testing

@testable import Presentation

struct SpreadsheetNumberTests {
  @Test(
    arguments: [
      ("2.01811E+11", true), ("1E+15", true), ("1.2e+21", true), ("1E+5", false), ("20.1E+11", false),
      ("1.E+11", false), ("E+11", false), ("1E+11+", false), ("1E+11E+11", false), ("2.01811E11", false),
      ("201811", false), ("", false),
    ] as [(String, Bool)])
  func scientific(text: String, expected: Bool) {
    #expect(SpreadsheetNumber.isScientific(text) == expected)
  }

  @Test(
    arguments: [
      ("000123", "123", true), ("000", "0", true), ("00.50", "0.5", true), ("1.0", "1", true),
      ("201810123456", "2.01811E+11", true), ("12345678901234567", "12345678901234500", true),
      ("012345678901234567", "12345678901234500", true), ("12345678901234567", "12345678901234568", false),
      ("000123", "000123", false), ("000123", "0123", false), ("123", "124", false), ("100", "1", false),
      ("ZL000123", "123", false), ("A1", "2.01811E+11", false),
    ] as [(String, String, Bool)])
  func left(original: String, text: String, expected: Bool) {
    #expect(SpreadsheetNumber.isLeft(text, of: original) == expected)
  }
}
