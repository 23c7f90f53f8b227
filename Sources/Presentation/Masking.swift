import SyncCore

/// Personal data as lists, exports and messages show it.
public enum Masking {
  /// Whether a person asked to see it in full.
  @TaskLocal public static var isOff = false

  /// The value for people who do not need it: the beginning, and the end of longer ones. NULL stays NULL.
  public static func mask(_ value: Value, _ field: Field) -> Value {
    guard field.restricted, !isOff, case .text(let text) = value, text != Field.erasedText else { return value }
    return .text(mask(text))
  }

  /// A text that was read for the field, whether it is a value of it or not.
  public static func mask(_ text: String, _ field: Field) -> String { ValueText.spell(mask(.text(text), field)) }

  public static func mask(_ row: [Value], _ record: RecordSchema) -> [Value] {
    zip(row, record.fields).map { mask($0, $1) } + row.dropFirst(record.fields.count)
  }

  /// Whether a text is how a value is shown, not one.
  public static func isMask(_ value: Value, _ field: Field) -> Bool {
    guard field.restricted, case .text(let text) = value, text.contains("*") else { return false }
    return mask(text) == text
  }

  static func mask(_ text: String) -> String {
    if text.isEmpty { return text }
    let characters = Array(text)
    let (head, tail) = characters.count < 8 ? (min(1, characters.count - 1), 0) : (3, 2)
    let hidden = String(repeating: "*", count: min(6, characters.count - head - tail))
    return String(characters.prefix(head)) + hidden + String(characters.suffix(tail))
  }
}
