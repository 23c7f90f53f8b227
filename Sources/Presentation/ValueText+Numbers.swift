import SyncCore

// The kinds that are typed as numbers, with what an input method or a spreadsheet makes of them.
extension ValueText {
  /// Full-width ASCII narrowed, spaces around taken off.
  static func tidied(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      let isFullWidth = (0xff01...0xff5e).contains(scalar.value)
      let narrow = isFullWidth ? Unicode.Scalar(scalar.value - 0xfee0) : scalar
      out.unicodeScalars.append(narrow ?? scalar)
    }
    let start = out.drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { String(start[...$0]) } ?? ""
  }

  static func integer(_ text: String) -> Result<Value, ProblemLabel> {
    if let number = Int64(text) { return .success(.integer(number)) }
    if !text.contains("."), decimal(text) != nil { return .failure(outOfRange) }
    return .failure(ProblemLabel(zh: "不是整数", en: "is not a whole number"))
  }

  private static let outOfRange = ProblemLabel(zh: "超出 64 位整数范围", en: "does not fit 64 bits")

  /// Whole yuan, with a unit of its own or without. Exact: the point moves among the digits, nothing is multiplied.
  static func money(_ text: String, _ columnUnit: MoneyUnit) -> Result<Value, ProblemLabel> {
    let suffixes: [(String, MoneyUnit)] = [("万元", .wan), ("亿元", .yi), ("元", .yuan), ("万", .wan), ("亿", .yi)]
    let suffix = suffixes.first { text.hasSuffix($0.0) } ?? ("", columnUnit)
    let unit = suffix.1
    guard let number = decimal(ungrouped(tidied(String(text.dropLast(suffix.0.count))))) else {
      return .failure(
        ProblemLabel(zh: "不是金额，例如 1500000 或 150万", en: "is not an amount such as 1500000 or 150万"))
    }
    guard number.fraction.count <= unit.places else { return .failure(partOfYuan(unit)) }
    let zeros = String(repeating: "0", count: unit.places - number.fraction.count)
    guard let yuan = Int64(number.sign + number.whole + number.fraction + zeros) else { return .failure(outOfRange) }
    return .success(.integer(yuan))
  }

  private static func partOfYuan(_ unit: MoneyUnit) -> ProblemLabel {
    guard unit != .yuan else { return ProblemLabel(zh: "不是整数元", en: "is not a whole number of yuan") }
    let (zh, en) = (unit.label.zh, unit.label.en)
    return ProblemLabel(
      zh: "不是整数元：以\(zh)为单位最多 \(unit.places) 位小数",
      en: "is not a whole number of yuan: in units of \(en) it has at most \(unit.places) decimals")
  }

  /// A sign, digits, and the digits after a point without the zeros at their end.
  private static func decimal(_ text: String) -> (sign: String, whole: String, fraction: String)? {
    let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
    let parts = text.dropFirst(sign.count).split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, parts.allSatisfy(isDigits) else { return nil }
    var fraction = parts.count == 2 ? String(parts[1]) : ""
    while fraction.last == "0" { fraction.removeLast() }
    return (sign, String(whole), fraction)
  }

  /// Without the commas between groups of three digits: workbooks show amounts with them, and a CSV file gets what is shown.
  private static func ungrouped(_ text: String) -> String {
    let point = text.firstIndex(of: ".") ?? text.endIndex
    let groups = text[..<point].split(separator: ",", omittingEmptySubsequences: false)
    let isGrouped =
      groups.first.map { (1...3).contains($0.drop { $0 == "-" || $0 == "+" }.count) } == true
      && groups.dropFirst().allSatisfy { $0.count == 3 && isDigits($0) }
    return isGrouped ? groups.joined(separator: "") + text[point...] : text
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
  }

  static func real(_ text: String) -> Result<Value, ProblemLabel> {
    // Double also reads hexadecimal, "inf" and "nan".
    let isPlain = text.utf8.allSatisfy { (48...57).contains($0) || [UInt8]("+-.eE".utf8).contains($0) }
    guard isPlain, let number = Double(text), number.isFinite else {
      return .failure(ProblemLabel(zh: "不是数字", en: "is not a finite number"))
    }
    return .success(.normalized(number))
  }

  static func boolean(_ text: String) -> Result<Value, ProblemLabel> {
    switch text.lowercased() {
    case "1", "true", "yes", "是": .success(.integer(1))
    case "0", "false", "no", "否": .success(.integer(0))
    default: .failure(ProblemLabel(zh: "应为 是 或 否", en: "must be yes or no"))
    }
  }

  /// 2024-05-31, 2024/5/31 or 2024年5月31日, kept as the first of these.
  static func date(_ text: String) -> Result<Value, ProblemLabel> {
    var body = text[...]
    var separators: (Character, Character) = ("-", "-")
    if text.contains("/") { separators = ("/", "/") }
    if text.hasSuffix("日") {
      separators = ("年", "月")
      body = text.dropLast()
    }
    guard let first = body.firstIndex(of: separators.0) else { return probed(text, kind: .date) }
    let rest = body[body.index(after: first)...]
    guard let second = rest.firstIndex(of: separators.1) else { return probed(text, kind: .date) }
    let parts = [body[..<first], rest[..<second], rest[rest.index(after: second)...]]
    return probed(parts.map { ($0.count == 1 ? "0" : "") + $0 }.joined(separator: "-"), kind: .date)
  }

  /// The schema's own check of a kind decides, so that there is one rule.
  static func probed(_ text: String, kind: Field.Kind) -> Result<Value, ProblemLabel> {
    let probe = Field(name: "", label: Label(zh: "", en: ""), kind: kind)
    let problem = probe.problem(with: .text(text), formats: [:])
    return problem.map { .failure(ProblemLabel(label: $0)) } ?? .success(.text(text))
  }
}
