import SyncCore

/// The `field=value` words of a command line.
public struct Assignment {
  /// The value of each named column. A field goes by its name, or by its label in the user's language. `field=` is NULL,
  /// `field=""` (two quote characters that reached us) the empty text.
  public static func parse(
    _ arguments: [String], record: RecordSchema, language: Language
  ) throws(Failure) -> [Int: Value] {
    var values: [Int: Value] = [:]
    for argument in arguments {
      let (name, text) = try split(argument)
      let index = try column(name, record, language)
      let value = try value(of: text, record.fields[index], record)
      guard values.updateValue(value, forKey: index) == nil else {
        throw Failure(.usage, zh: "字段 \(name) 重复，请只写一次", en: "field \(name) is given twice; give it once")
      }
    }
    return values
  }

  private static func split(_ argument: String) throws(Failure) -> (name: String, text: String) {
    // By scalars: a combining mark at the start of the value would hide the sign in one character.
    let scalars = argument.unicodeScalars
    guard let sign = scalars.firstIndex(of: "=") else {
      let typed = quotedText(argument)
      throw Failure(.usage, zh: "“\(typed)”应写成 字段=值", en: "'\(typed)' should be field=value")
    }
    return (String(scalars[..<sign]), String(scalars[scalars.index(after: sign)...]))
  }

  private static func column(_ name: String, _ record: RecordSchema, _ language: Language) throws(Failure) -> Int {
    if let index = record.index(of: name) { return index }
    if let index = record.fields.firstIndex(where: { $0.label.text(language) == name }) { return index }
    let kind = Label(zh: "字段（\(record.name)）", en: "field of \(record.name)")
    throw unknownName(kind, name, known: record.fields.map(\.name))
  }

  private static func value(of text: String, _ field: Field, _ record: RecordSchema) throws(Failure) -> Value {
    if field.kind == .text, text == "\"\"" { return .text("") }
    return try ValueText.parse(text, field: field).named(text, field, record)
  }
}

extension Result where Success == Value, Failure == ProblemLabel {
  /// The value, or a failure that names the record, the field, the text and why.
  func named(_ text: String, _ field: Field, _ record: RecordSchema) throws(SyncCore.Failure) -> Value {
    switch self {
    case .success(let value): return value
    case .failure(let problem):
      let typed = quotedText(text)
      let place = "\(record.name).\(field.name)"
      throw SyncCore.Failure(
        .data, zh: "\(place) 的值“\(typed)”有误：\(problem.label.zh)", en: "\(place): '\(typed)' \(problem.label.en)")
    }
  }
}
