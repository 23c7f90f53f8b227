import Glibc

/// Which numbers a spreadsheet keeps as they are: those of at most `SheetLimits.digits` significant digits.
enum StoredNumber {
  static func isExact(_ number: Double) -> Bool { number.isFinite && rounded(number) == number }

  /// The nearest number of so many digits, as a spreadsheet shows it.
  static func rounded(_ number: Double) -> Double {
    var buffer = [CChar](repeating: 0, count: 40)
    withVaList([SheetLimits.digits, number]) { _ = vsnprintf(&buffer, buffer.count, "%.*G", $0) }
    return strtod(buffer, nil)
  }

  static func isExact(_ number: Int64) -> Bool { String(number.magnitude).utf8.count <= SheetLimits.digits }
}
