/// What is wrong with one field of a row.
public struct FieldProblem: Hashable, Sendable {
  public var field: String
  public var message: Label

  public init(field: String, message: Label) {
    self.field = field
    self.message = message
  }
}

/// Checks of text formats that the application brings, by the name that the schema uses: nil is fine, else what is wrong.
public typealias Formats = [String: @Sendable (String) -> Label?]

extension RecordSchema {
  /// Everything that is wrong with the row by itself: types, required fields, checks. References and uniqueness need a store.
  public func problems(in row: [Value], formats: Formats) -> [FieldProblem] {
    zip(fields, row).compactMap { field, value in
      field.problem(with: value, formats: formats).map { FieldProblem(field: field.name, message: $0) }
    }
  }
}

extension Field {
  /// What is wrong with this value in this field; nil when nothing is.
  public func problem(with value: Value, formats: Formats) -> Label? {
    if value.isNull {
      return required ? Label(zh: "必须填写", en: "is required") : nil
    }
    guard kind.holds(value) else {
      return Label(zh: "类型应为 \(kind.rawValue)(UTF-8 文本)", en: "is not of type \(kind.rawValue) (text must be UTF-8)")
    }
    switch value {
    case .text(let text): return problem(withText: text, formats: formats)
    case .integer(let number): return problem(withNumber: number)
    case .real(let number):
      if let min = check.min, number < Double(min) { return Self.tooSmall(min) }
      if let max = check.max, number > Double(max) { return Self.tooLarge(max) }
      return nil
    case .blob(let bytes):
      if let most = check.maxLength, bytes.count > most {
        return Label(zh: "最多 \(most) 字节", en: "has more than \(most) bytes")
      }
      return nil
    case .null: return nil
    }
  }

  private func problem(withNumber number: Int64) -> Label? {
    if kind == .boolean, number != 0, number != 1 { return Label(zh: "只能是 0 或 1", en: "must be 0 or 1") }
    if let min = check.min, number < min { return Self.tooSmall(min) }
    if let max = check.max, number > max { return Self.tooLarge(max) }
    return nil
  }

  private func problem(withText text: String, formats: Formats) -> Label? {
    if text.utf8.contains(0) { return Label(zh: "不能含 U+0000 字符", en: "must not contain the character U+0000") }
    if let most = check.maxLength, text.unicodeScalars.count > most {
      return Label(zh: "最多 \(most) 个字符", en: "has more than \(most) characters")
    }
    if let values = check.values, !values.contains(where: { $0.value.utf8.elementsEqual(text.utf8) }) {
      let list = values.map(\.value).joined(separator: ", ")
      return Label(zh: "只能是:\(list)", en: "must be one of: \(list)")
    }
    switch kind {
    case .date where !Self.isDate(text):
      return Label(zh: "日期格式应为 YYYY-MM-DD", en: "must be a date YYYY-MM-DD")
    case .uuid where !Self.isUUID(text):
      return Label(zh: "应为小写 UUID", en: "must be a UUID in lower case")
    default: break
    }
    if let name = check.format, let format = formats[name] { return format(text) }
    return nil
  }

  private static func tooSmall(_ min: Int64) -> Label { Label(zh: "不能小于 \(min)", en: "must be at least \(min)") }
  private static func tooLarge(_ max: Int64) -> Label { Label(zh: "不能大于 \(max)", en: "must be at most \(max)") }

  /// A calendar date of ISO 8601, years 0001 to 9999.
  private static func isDate(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy { (48...57).contains($0) } }) else {
      return false
    }
    let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1) - 48 } }
    let (year, month, day) = (numbers[0], numbers[1], numbers[2])
    guard year > 0, (1...12).contains(month) else { return false }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...days[month - 1]).contains(day)
  }

  private static func isUUID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count == 36
      && bytes.enumerated().allSatisfy { index, byte in
        [8, 13, 18, 23].contains(index)
          ? byte == UInt8(ascii: "-") : (48...57).contains(byte) || (97...102).contains(byte)
      }
  }
}
