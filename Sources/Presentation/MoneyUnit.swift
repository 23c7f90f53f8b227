import SyncCore

/// The unit of a column of money. Storage holds whole yuan.
public struct MoneyUnit: Hashable, Sendable {
  /// As it stands in the parentheses of a header.
  public var label: Label
  /// How many decimal places the point moves to the right to give yuan.
  public var places: Int
  private let otherNames: [String]

  private init(_ zh: String, _ en: String, places: Int, or otherNames: [String] = []) {
    label = Label(zh: zh, en: en)
    self.places = places
    self.otherNames = otherNames
  }

  public static let yuan = MoneyUnit("元", "yuan", places: 0, or: ["人民币元"])
  public static let thousand = MoneyUnit("千元", "1,000 yuan", places: 3, or: ["1000 yuan", "thousand yuan"])
  public static let wan = MoneyUnit("万元", "10,000 yuan", places: 4, or: ["10000 yuan"])
  public static let million = MoneyUnit("百万元", "million yuan", places: 6, or: ["1 million yuan", "1,000,000 yuan"])
  public static let yi = MoneyUnit("亿元", "100 million yuan", places: 8, or: ["100,000,000 yuan"])
  public static let all = [yuan, thousand, wan, million, yi]

  /// A header `Name(unit)`, narrowed by `ValueText.tidied`, in its two parts; nil when it ends with no unit.
  static func split(_ header: String) -> (name: String, unit: MoneyUnit)? {
    guard header.hasSuffix(")"), let open = header.lastIndex(of: "(") else { return nil }
    var inside = ValueText.tidied(String(header[header.index(after: open)...].dropLast())).lowercased()
    for prefix in ["单位:", "unit:"] where inside.hasPrefix(prefix) {
      inside = ValueText.tidied(String(inside.dropFirst(prefix.count)))
    }
    let unit = all.first { ([$0.label.zh, $0.label.en] + $0.otherNames).contains(inside) }
    return unit.map { (ValueText.tidied(String(header[..<open])), $0) }
  }

  /// A label without the unit that it ends with.
  static func bare(_ label: String) -> String {
    let label = ValueText.tidied(label)
    return split(label)?.name ?? label
  }

  /// How to write the header of a field in this unit.
  func header(_ field: Field, _ language: Language) -> String {
    let name = Self.bare(field.label.text(language))
    return language == .zh ? "\(name)(\(label.zh))" : "\(name) (\(label.en))"
  }
}
