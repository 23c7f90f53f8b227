/// Numbers as cells store them, in the digits that people would type.
enum NumberText {
  /// Integers without a point, other numbers in the fewest digits that mean the same, small and large ones up to twenty
  /// places without an exponent. nil when the text is no number.
  static func spelled(_ stored: String) -> String? {
    if let integer = Int64(stored) { return String(integer) }
    guard let number = double(stored) else { return nil }
    if let integer = Int64(exactly: number) { return String(integer) }
    return plain(number.description)
  }

  /// A spelled number as its cell shows it: what a formula computed may be stored as 1234.5600000000002. Integers keep
  /// every digit.
  static func shown(_ text: String) -> String {
    guard text.contains("."), let number = double(text) else { return text }
    return spelled(StoredNumber.rounded(number).description) ?? text
  }

  static func double(_ stored: String) -> Double? {
    // Double also reads hexadecimal, "inf" and "nan".
    let isPlain = stored.utf8.allSatisfy { (48...57).contains($0) || [UInt8]("+-.eE".utf8).contains($0) }
    guard isPlain, let number = Double(stored), number.isFinite else { return nil }
    return number
  }

  /// `1.5e-07` as `0.00000015`.
  private static func plain(_ text: String) -> String {
    let parts = text.split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]), abs(exponent) <= 20 else { return text }
    let sign = parts[0].hasPrefix("-") ? "-" : ""
    let mantissa = parts[0].dropFirst(sign.count).split(separator: ".")
    var fraction = mantissa.count == 2 ? String(mantissa[1]) : ""
    if fraction == "0" { fraction = "" }
    let digits = mantissa[0] + fraction
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    let zeros = exponent - fraction.count
    return zeros >= 0 ? sign + digits + String(repeating: "0", count: zeros) : text
  }
}
