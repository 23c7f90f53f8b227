import Glibc

/// Numbers as libxlsxwriter stores them: in at most 16 digits.
enum StoredNumber {
  /// Whether such digits give the same number back.
  static func isExact(_ number: Double) -> Bool {
    guard number.isFinite else { return false }
    var buffer = [CChar](repeating: 0, count: 40)
    withVaList([number]) { _ = vsnprintf(&buffer, buffer.count, "%.16G", $0) }
    return strtod(buffer, nil) == number
  }
}
