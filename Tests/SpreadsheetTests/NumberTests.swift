import Testing

@testable import Spreadsheet

struct NumberTests {
  @Test(arguments: [
    ("1", "1"), ("1.0", "1"), ("-0", "0"), ("1E+2", "100"), ("0.1", "0.1"), ("0.10000000000000001", "0.1"),
    ("5000.1199999999999", "5000.12"),
    ("9007199254740993", "9007199254740993"), ("1e15", "1000000000000000"), ("1.5E-7", "0.00000015"),
    ("-2e-5", "-0.00002"), ("1e19", "10000000000000000000"),
    ("1e300", "1e+300"), ("4.5e-300", "4.5e-300"), ("inf", nil), ("0x10", nil), ("", nil), ("1,5", nil), ("1e999", nil),
  ])
  func spelling(stored: String, expected: String?) { #expect(NumberText.spelled(stored) == expected) }

  @Test(
    arguments: [
      (1, "1900-01-01"), (59, "1900-02-28"), (60, "1900-02-29"), (61, "1900-03-01"), (366, "1900-12-31"),
      (25569, "1970-01-01"),
      (36585, "2000-02-29"), (45443, "2024-05-31"), (45443.5, "2024-05-31 12:00:00"), (45443.99999999, "2024-06-01"),
      (0.25, "06:00:00"),
      (0, "1900-01-00"), (2_958_465, "9999-12-31"), (2_958_466, nil), (-1, nil), (.infinity, nil), (.nan, nil),
      (1e300, nil),
    ] as [(Double, String?)])
  func dates(serial: Double, expected: String?) { #expect(DateSerial.text(serial, from1904: false) == expected) }

  @Test func everyDayComesBack() {
    var last = ""
    for day in 61...2_958_465 where day < 80_000 || day % 997 == 0 || day > 2_958_000 {
      let text = DateSerial.text(Double(day), from1904: false) ?? ""
      #expect(text > last && DateSerial.serial(text) == day)
      last = text
    }
    #expect(DateSerial.text(0, from1904: true) == "1904-01-01")
    #expect(DateSerial.text(2_957_003, from1904: true) == "9999-12-31")
    #expect(DateSerial.text(2_957_004, from1904: true) == nil)
  }

  @Test(arguments: [
    "1900-02-28", "1900-02-29", "0000-00-00", "2023-02-29", "2024-13-01", "2024-1-1", "24-01-01", "2024-05-31 ", "x",
  ])
  func noDates(text: String) { #expect(DateSerial.serial(text) == nil) }

  @Test(arguments: [("A1", 1, 1), ("Z9", 9, 26), ("AA10", 10, 27), ("XFD1048576", 1_048_576, 16_384)])
  func places(text: String, row: Int, column: Int) {
    #expect(CellReference(text) == CellReference(row: row, column: column))
    #expect(CellReference(row: row, column: column).text == text)
  }

  @Test(arguments: ["", "A", "1", "A0", "a1", "XFE1", "A1048577", "A-1", "A1B", "ÄA1", "A１"])
  func noPlaces(text: String) { #expect(CellReference(text) == nil) }
}
