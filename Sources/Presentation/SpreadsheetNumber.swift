import Foundation

/// What a spreadsheet makes of a text that it takes for a number: it drops zeros, and digits after the fifteenth, and what
/// is in brackets is negative.
package enum SpreadsheetNumber {
  private static let digits = 15

  /// Whether a text is written like `2.01811E+11`, as nobody types a number or a code.
  package static func isScientific(_ text: String) -> Bool {
    guard text.utf8.contains(UInt8(ascii: "+")) else { return false }
    let parts = text.uppercased().split(separator: "E", omittingEmptySubsequences: false)
    guard parts.count == 2, isNumber(parts[0]), parts[0].prefix(while: { $0 != "." }).utf8.count == 1 else {
      return false
    }
    let exponent = parts[1].dropFirst()
    return parts[1].hasPrefix("+") && exponent.utf8.count >= 2 && isDigits(exponent)
  }

  /// Whether a text may be what is left of another one.
  package static func isLeft(_ text: String, of original: String) -> Bool {
    guard text != original else { return false }
    if original.hasPrefix("("), original.hasSuffix(")") {
      return text.hasPrefix("-") && isMade(String(text.dropFirst()), of: String(original.dropFirst().dropLast()))
    }
    return isMade(text, of: original)
  }

  private static func isMade(_ text: String, of original: String) -> Bool {
    guard isTaken(original) else { return false }
    let plain = plain(original)
    return isScientific(text) || text == plain || text == rounded(plain)
  }

  /// Whether a number may be what is left of another one: a cell without a format shows eleven characters, and a CSV
  /// file gets what it shows. Fewer than five decimals may be its author's choice.
  package static func isLeft(_ number: Double, of original: Double) -> Bool {
    guard number != original else { return false }
    let size = abs(original)
    if size >= 1e11 || size < 1e-4 { return Double(String(format: "%.5e", original)) == number }
    let decimals = 10 - String(Int(size)).utf8.count
    return decimals >= 5 && Double(String(format: "%.\(decimals)f", original)) == number
  }

  /// Without the zeros that do not count.
  private static func plain(_ number: String) -> String {
    var whole = String(number.prefix { $0 != "." }.drop { $0 == "0" })
    if whole.isEmpty { whole = "0" }
    var fraction = String(number.drop { $0 != "." })
    while fraction.hasSuffix("0") || fraction == "." { fraction.removeLast() }
    return whole + fraction
  }

  private static func rounded(_ number: String) -> String {
    guard number.utf8.count > digits, !number.contains(".") else { return number }
    return String(number.prefix(digits)) + String(repeating: "0", count: number.utf8.count - digits)
  }

  private static func isNumber(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.allSatisfy(isDigits)
  }

  /// Whether a spreadsheet takes the text for a number: with a point behind it, or before it, too.
  private static func isTaken(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).filter { !$0.isEmpty }
    return text.filter { $0 == "." }.count <= 1 && !parts.isEmpty && parts.allSatisfy(isDigits)
  }

  static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
  }
}
