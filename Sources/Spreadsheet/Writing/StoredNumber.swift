import Glibc

/// Which numbers a spreadsheet keeps as they are: those of at most `SheetLimits.digits` significant digits.
enum StoredNumber {
  static func isExact(_ number: Double) -> Bool {
    guard number.isFinite else { return false }
    var buffer = [CChar](repeating: 0, count: 40)
    withVaList([SheetLimits.digits, number]) { _ = vsnprintf(&buffer, buffer.count, "%.*G", $0) }
    return strtod(buffer, nil) == number
  }

  static func isExact(_ number: Int64) -> Bool { String(number.magnitude).utf8.count <= SheetLimits.digits }
}
