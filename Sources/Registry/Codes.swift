import SyncCore

/// Shapes of codes that have no check digit.
enum Codes {
  /// GB/T 4754-2017: a letter, then 2, 3 or 4 digits.
  static func industryProblem(in code: String) -> Label? {
    let bytes = Array(code.utf8)
    if let letter = bytes.first, (UInt8(ascii: "A")...UInt8(ascii: "T")).contains(letter),
      (3...5).contains(bytes.count), isDigits(bytes.dropFirst())
    {
      return nil
    }
    return Label(
      zh: "行业代码应为一个大写字母(A–T)加 2 至 4 位数字,如 C2710",
      en: "must be a capital letter (A–T) and 2 to 4 digits, such as C2710")
  }

  /// GB/T 2260, or one of the two local areas that have no national code.
  static func divisionProblem(in code: String) -> Label? {
    if ["LYG-XW", "LYG-YT"].contains(code) || code.utf8.count == 6 && isDigits(code.utf8[...]) { return nil }
    return Label(
      zh: "区划代码应为 6 位数字,或 LYG-XW、LYG-YT", en: "must have 6 digits, or be LYG-XW or LYG-YT")
  }

  private static func isDigits(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
