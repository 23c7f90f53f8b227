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
      ("(1)", "-1", true), ("(01.50)", "-1.5", true), ("1.", "1", true), (".5", "0.5", true), ("(1)", "1", false),
      ("(1)", "-2", false), ("(A)", "-A", false), ("()", "-", false), (".", "0", false), ("1.2.", "1.2", false),
    ] as [(String, String, Bool)])
  func left(original: String, text: String, expected: Bool) {
    #expect(SpreadsheetNumber.isLeft(text, of: original) == expected)
  }

  @Test(
    arguments: [
      (34.596653123456, 34.59665312, true), (-34.596653123456, -34.59665312, true), (0.12345678912, 0.123456789, true),
      (123_456_789_012, 123_457_000_000, true), (0.0000123456789, 0.0000123457, true),
      (34.596653123456, 34.5967, false),
      (34.596653123456, 34.596653123456, false), (34.5, 34.6, false), (123456.78912, 123456.7891, false),
      (1_234_567_890.25, 1_234_567_890, false), (0, 1, false),
    ] as [(Double, Double, Bool)])
  func shortened(original: Double, number: Double, expected: Bool) {
    #expect(SpreadsheetNumber.isLeft(number, of: original) == expected)
  }

  @Test(
    arguments: [
      ("2018-1", "Jan-18", true), ("2018-01", "2018年1月", true), ("2018/1", "2018/1/1", true),
      ("2018-1-5", "2018/1/5", true), ("2018-1-5", "2018-01-05", true), ("2018-1-5", "1/5/2018", true),
      ("2018-1-5", "5-Jan-18", true), ("1-2", "2-Jan", true), ("1-2", "1-Feb", true), ("5-20", "5月20日", true),
      ("3-45", "Mar-45", true), ("1-2018", "Jan-18", true), ("10-5-18", "2010/5/18", true),
      ("10-5-18", "10/5/2018", true), ("1-2-3", "2001/2/3", true), ("1-5-2018", "2018/1/5", true),
      ("OCT4", "4-Oct", true), ("MAR-2", "2-Mar", true), ("4 dec", "12月4日", true), ("MARCH1", "1-Mar", true),
      ("SEPT2018", "Sep-18", true), ("MAR-45", "Mar-45", true), ("4-OCT", "4-Oct", true),
      ("1:2", "1:02", true), ("01:02:03", "1:02:03", true), ("25:00", "25:00:00", true),
      ("OCT4", "5-Oct", false), ("OCT4", "4-Nov", false), ("OCT4", "Oct-04", false), ("OCT4", "OCT4", false),
      ("OCTA4", "4-Oct", false), ("OCT4A", "4-Oct", false), ("OC4", "4-Oct", false), ("OCT", "Oct", false),
      ("OCT-2-18", "2-Oct", false), ("OCT--4", "4-Oct", false), ("OCT00004", "4-Oct", false), ("OCT４", "4-Oct", false),
      ("1:2", "1:20", false), ("1:2", "2:1", false), ("1:2:3:4", "1:02:03:04", false), ("1:", "1:00", false),
      ("3-45", "Mar-46", false), ("13-45", "Mar-45", false), ("3-145", "Mar-45", false), ("10-5-18", "10-5-19", false),
      ("1-2-3", "2001/2/4", false), ("100-1-2", "100/1/2", false), ("1-20-345", "345/1/20", false),
      ("2018-1", "2018-1", false), ("2018-1", "2018-2", false), ("2018-1", "18-1", false), ("2018-1", "2018-01", false),
      ("2018-1", "Feb-18", false), ("2018-1", "2018-1-2", false), ("2018-13", "2018-13-1", false),
      ("1-2", "1/2", false), ("40-50", "40-50号", false), ("A-1", "Jan-18", false), ("20181", "Jan-18", false),
      ("", "Jan-18", false), ("2018-", "Jan-18", false),
    ] as [(String, String, Bool)])
  func date(original: String, text: String, expected: Bool) {
    #expect(SpreadsheetDate.isLeft(text, of: original) == expected)
  }
}
