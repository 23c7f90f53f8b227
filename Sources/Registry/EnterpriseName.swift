import SyncCore

/// Names of enterprises as people compare them.
public enum EnterpriseName {
  /// Forms of companies and places, which most names share; the longer ones first.
  private static let common = [
    "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "集团", "公司", "江苏省", "江苏", "连云港市", "连云港",
  ]

  /// What is left of a name without spaces, brackets, the form of the company and the place; full-width characters as half-width.
  public static func core(of name: String) -> String {
    var text = String(
      String.UnicodeScalarView(
        name.unicodeScalars.compactMap { scalar in
          let plain =
            (0xff01...0xff5e).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0xfee0) ?? scalar : scalar
          return plain.properties.isWhitespace || "()【】[]·.,-".unicodeScalars.contains(plain) ? nil : plain
        })
    ).lowercased()
    for word in common { text = text.split(separator: word).joined() }
    // A name of common words only is compared as it stands.
    return text.isEmpty ? name : text
  }

  /// Whether two names may be those of one enterprise: the same core, or one character apart in cores of five and more.
  public static func areNear(_ a: String, _ b: String) -> Bool { areNear(letters(of: a), letters(of: b)) }

  /// What names are compared by; for who compares one with many.
  public static func letters(of name: String) -> [Character] { Array(core(of: name)) }

  public static func areNear(_ x: [Character], _ y: [Character]) -> Bool {
    if x == y { return true }
    guard min(x.count, y.count) >= 5, abs(x.count - y.count) <= 1 else { return false }
    let prefix = zip(x, y).prefix { $0 == $1 }.count
    let suffix = zip(x.reversed(), y.reversed()).prefix { $0 == $1 }.count
    return prefix + suffix >= max(x.count, y.count) - 1
  }
}
