/// What is wrong with one field of a row.
public struct FieldProblem: Hashable, Sendable {
  public var field: String
  public var message: Label

  public init(field: String, message: Label) {
    self.field = field
    self.message = message
  }

  /// What is wrong, with the row and the field in front.
  public func label(of ref: RowRef) -> Label {
    let at = "\(ref.record) \(ref.key).\(field)"
    return Label(zh: "\(at):\(message.zh)", en: "\(at): \(message.en)")
  }
}

extension Label {
  /// What a reference names is not there.
  public static func missing(_ record: String, _ value: Value) -> Label {
    let name = "\(record) \(RowKey([value]))"
    return Label(zh: "没有 \(name)", en: "there is no \(name)")
  }
}

/// Checks of text formats that the application brings, by the name that the schema uses: nil is fine, else what is wrong.
public typealias Formats = [String: @Sendable (String) -> Label?]

extension RecordSchema {
  /// Everything that is wrong with the row by itself: types, required fields, checks, its size. References and uniqueness need a
  /// store.
  /// - Parameter before: what the row was; nil: there was none.
  public func problems(in row: [Value], after before: [Value]? = nil, formats: Formats) -> [FieldProblem] {
    let fields = fields
    var problems: [FieldProblem] = []
    for column in 0..<min(fields.count, row.count) {
      guard let message = fields[column].problem(with: row[column], formats: formats) else { continue }
      problems.append(FieldProblem(field: fields[column].name, message: message))
    }
    return problems + [tooLarge(row, after: before)].compactMap { $0 }
  }

  /// The most bytes of a row: one message holds it before and after an edit, and what was decided about it.
  @TaskLocal public static var mostBytes = 20_000_000

  /// What keeps a row from travelling: it is too large, or its key is.
  /// - Parameter before: what the row was: one that is too large already may still be edited, if it does not grow.
  public func tooLarge(_ row: [Value], after before: [Value]? = nil) -> FieldProblem? {
    guard row.count == fields.count else { return nil }
    if rowKey(of: row).encodedSize > RowKey.mostBytes {
      return FieldProblem(
        field: key[0],
        message: Label(
          zh: "主键超过 1 kB;请删除后以较短的主键重新添加",
          en: "the key is longer than 1 kB: delete the row and enter it under a shorter one"))
    }
    let sizes = row.map(ByteWriter.size)
    let all = sizes.reduce(0, +)
    guard all > Self.mostBytes, all > before.map({ RowKey($0).encodedSize }) ?? 0,
      let largest = sizes.indices.max(by: { sizes[$0] < sizes[$1] })
    else { return nil }
    let (field, whole, most) = (megabytes(sizes[largest]), megabytes(all), megabytes(Self.mostBytes))
    return FieldProblem(
      field: fields[largest].name,
      message: Label(
        zh: "此字段 \(field),全行 \(whole);一行最多 \(most),请缩短或清空",
        en: "has \(field), its row \(whole); a row may have \(most): shorten or empty it"))
  }
}

extension RecordSchema {
  /// What no message can hold: U+0000, a key with bytes that are no text, a key or a row that is too large.
  public func unsendable(_ row: [Value], after before: [Value]? = nil) -> FieldProblem? {
    for (column, (field, value)) in zip(fields, row).enumerated() {
      guard value.hasNUL || isKey(column) && !field.kind.holds(value) else { continue }
      return field.problem(with: value, formats: [:]).map { FieldProblem(field: field.name, message: $0) }
    }
    return tooLarge(row, after: before)
  }

  /// Whether its table takes the row: types, and the checks that the table and its triggers make. What is no UTF-8 is
  /// none of text.
  public func holds(_ row: [Value]) -> Bool { zip(fields, row).allSatisfy { $0.holds($1) } }
}

extension Field {
  /// Formats, and how a UUID is spelled, no table checks.
  fileprivate func holds(_ value: Value) -> Bool {
    if kind == .uuid, case .text = value { return !value.hasNUL }
    return problem(with: value, formats: [:]) == nil
  }
}

extension Value {
  fileprivate var hasNUL: Bool { if case .text(let text) = self { text.hasNUL } else { false } }
}

func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB" }

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
    if text.hasNUL { return Label(zh: "不能含 U+0000 字符", en: "must not contain the character U+0000") }
    if let most = check.maxLength, text.unicodeScalars.count > most {
      return Label(zh: "最多 \(most) 个字符", en: "has more than \(most) characters")
    }
    if let values = check.values, !values.contains(where: { $0.value.hasSameBytes(as: text) }) {
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
    var (year, month, day, length) = (0, 0, 0, 0)
    for byte in text.utf8 {
      switch (length, byte) {
      case (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")): break
      case (0..<4, 48...57): year = year * 10 + Int(byte) - 48
      case (5..<7, 48...57): month = month * 10 + Int(byte) - 48
      case (8..<10, 48...57): day = day * 10 + Int(byte) - 48
      default: return false
      }
      length += 1
    }
    guard length == 10 else { return false }
    guard year > 0, (1...12).contains(month) else { return false }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...days[month - 1]).contains(day)
  }

  private static func isUUID(_ text: String) -> Bool {
    var length = 0
    for byte in text.utf8 {
      switch (length, byte) {
      case (8, let byte), (13, let byte), (18, let byte), (23, let byte): if byte != UInt8(ascii: "-") { return false }
      case (0..<36, 48...57), (0..<36, 97...102): break
      default: return false
      }
      length += 1
    }
    return length == 36
  }
}
