import SyncCore

/// What is wrong with a typed text; reads on after the text itself ("is not …").
public struct ProblemLabel: Error, Hashable, Sendable {
  public var label: Label

  public init(label: Label) { self.label = label }
  init(zh: String, en: String) { label = Label(zh: zh, en: en) }
}

/// Values as people type and read them.
public enum ValueText {
  /// The value that a text stands for in this field. An empty text is NULL; in a field of kind text only when
  /// `emptyIsNull`. Kinds other than text take full-width digits and spaces around. Checks of the schema
  /// (`Field.problem`) come after. `unit` is that of an amount of money which names none itself.
  public static func parse(
    _ text: String, field: Field, emptyIsNull: Bool = true, unit: MoneyUnit = .yuan
  ) -> Result<Value, ProblemLabel> {
    if text.hasNUL {
      return .failure(ProblemLabel(zh: "不能含 U+0000 字符", en: "must not contain the character U+0000"))
    }
    if field.kind == .text { return parseText(text, field, emptyIsNull) }
    let typed = tidied(text)
    if typed.isEmpty { return .success(.null) }
    switch field.kind {
    case .text: return parseText(text, field, emptyIsNull)
    case .integer: return integer(typed)
    case .money: return money(typed, unit)
    case .real: return real(typed)
    case .boolean: return boolean(typed)
    case .date: return date(typed)
    case .uuid: return probed(typed.lowercased(), kind: .uuid)
    case .blob: return blob(typed)
    }
  }

  private static func parseText(_ text: String, _ field: Field, _ emptyIsNull: Bool) -> Result<Value, ProblemLabel> {
    if text.isEmpty { return .success(emptyIsNull ? .null : .text("")) }
    guard let choices = field.check.values else { return .success(.text(text)) }
    // A value before any label, so that a label never hides the value of another choice.
    if let choice = choices.first(where: { $0.value == text }) { return .success(.text(choice.value)) }
    if let choice = choices.first(where: { $0.label.zh == text || $0.label.en == text }) {
      return .success(.text(choice.value))
    }
    return .failure(
      ProblemLabel(
        zh: "只能是：" + choices.map { "\($0.value)（\($0.label.zh)）" }.joined(separator: "、"),
        en: "must be one of: " + choices.map { "\($0.value) (\($0.label.en))" }.joined(separator: ", ")))
  }

  private static func blob(_ text: String) -> Result<Value, ProblemLabel> {
    let isHex = text.lowercased().hasPrefix("0x")
    if let bytes = isHex ? Hex.decode(text.dropFirst(2)) : Base64.decode(text) { return .success(.blob(bytes)) }
    return .failure(
      ProblemLabel(zh: "应为 base64，或以 0x 开头的十六进制", en: "is neither base64 nor hexadecimal after 0x"))
  }

  /// For people. NULL is empty, money is whole yuan, a blob is cut to 24 characters. With `labels`, a choice and a
  /// boolean show their names.
  public static func show(_ value: Value, field: Field, language: Language, labels: Bool = false) -> String {
    switch value {
    case .integer(let number) where labels && field.kind == .boolean && (0...1).contains(number):
      return Label(zh: number == 1 ? "是" : "否", en: number == 1 ? "yes" : "no").text(language)
    case .text(let text) where labels:
      let choice = field.check.values?.first { $0.value.utf8.elementsEqual(text.utf8) }
      return choice?.label.text(language) ?? text
    case .blob(let bytes):
      let text = Base64.encode(bytes)
      return text.utf8.count > 24 ? text.prefix(23) + "…" : text
    default: return spell(value)
    }
  }

  /// Where nothing and the empty text are not the same.
  public static func spellOrNull(_ value: Value) -> String { value.isNull ? "NULL" : spell(value) }

  /// In full: what `parse` reads back as the same value. The empty text, and infinities, are the exceptions.
  public static func spell(_ value: Value) -> String {
    switch value {
    case .null: return ""
    case .integer(let x): return String(x)
    case .real(let x): return x.description
    case .text(let x): return x
    case .blob(let bytes):
      // Base64 may begin like hexadecimal, and would be read as such.
      let text = Base64.encode(bytes)
      return text.lowercased().hasPrefix("0x") ? "0x" + Hex.encode(bytes) : text
    }
  }
}
