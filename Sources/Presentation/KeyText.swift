import SyncCore

/// How a command line names a row.
public enum Lookup: Hashable, Sendable {
  case key(RowKey)
  /// By a field that is unique by itself; `field` is its column.
  case unique(field: Int, value: Value)
}

/// KEY on a command line: the parts of the primary key with commas between, or `field:value` of a unique field.
/// A backslash before a comma, a colon or a backslash takes its meaning away; before anything else it stands for itself.
public enum KeyText {
  public static func parse(_ text: String, record: RecordSchema) throws(Failure) -> Lookup {
    if let (field, value) = uniqueField(text, record) {
      return .unique(field: field, value: try part(value, record.fields[field], record))
    }
    let parts = parts(of: text)
    let fields = record.key.compactMap(record.field)
    guard parts.count == fields.count else {
      let names = fields.map(\.name).joined(separator: ",")
      throw Failure(
        .usage, zh: "\(record.name) 的主键应写成 \(names)，值中的逗号写成 \\,；收到“\(quotedText(text))”",
        en: "a key of \(record.name) is written \(names), a comma inside a part as \\, but got '\(quotedText(text))'")
    }
    var values: [Value] = []
    for (text, field) in zip(parts, fields) { values.append(try part(text, field, record)) }
    return .key(RowKey(values))
  }

  /// What `parse` reads back as the same key, whatever fields the record has.
  public static func show(_ key: RowKey) -> String {
    let parts = key.values.enumerated().map { index, value in
      var out = ""
      // The first colon of all could be taken for that of `field:value`.
      var colonMatters = index == 0
      for scalar in ValueText.spell(value).unicodeScalars {
        if scalar == "," || scalar == "\\" || (colonMatters && scalar == ":") { out += "\\" }
        if scalar == ":" { colonMatters = false }
        out.unicodeScalars.append(scalar)
      }
      return out
    }
    return parts.joined(separator: ",")
  }

  private static func uniqueField(_ text: String, _ record: RecordSchema) -> (Int, String)? {
    let scalars = text.unicodeScalars
    guard let colon = scalars.firstIndex(of: ":") else { return nil }
    let name = String(scalars[..<colon])
    guard record.unique.contains([name]), let index = record.index(of: name) else { return nil }
    return (index, String(scalars[scalars.index(after: colon)...]))
  }

  private static func parts(of text: String) -> [String] {
    var parts = [""]
    var isEscaped = false
    for scalar in text.unicodeScalars {
      let isSpecial = scalar == "," || scalar == "\\" || scalar == ":"
      if isEscaped, !isSpecial { parts[parts.count - 1] += "\\" }
      if !isEscaped, scalar == "," {
        parts.append("")
      } else if isEscaped || scalar != "\\" {
        parts[parts.count - 1].unicodeScalars.append(scalar)
      }
      isEscaped = !isEscaped && scalar == "\\"
    }
    if isEscaped { parts[parts.count - 1] += "\\" }
    return parts
  }

  /// A key has no NULL: an empty part is the empty text, or a mistake.
  private static func part(_ text: String, _ field: Field, _ record: RecordSchema) throws(Failure) -> Value {
    let value = try ValueText.parse(text, field: field, emptyIsNull: false).named(text, field, record)
    guard value.isNull else { return value }
    return try Result.failure(ProblemLabel(zh: "主键不能为空", en: "must not be empty in a key")).named(text, field, record)
  }
}
