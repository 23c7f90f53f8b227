import SyncCore

/// A restricted value may be erased at any time: nothing may be found, ordered, computed or closed by it.
enum RestrictedRules {
  static func check(_ record: RecordSchema, in schema: Schema) throws {
    for field in record.fields where field.restricted {
      let place = Place(record: record.name, field: field.name, key: "restricted")
      guard field.kind == .text else {
        throw SchemaProblem(
          place, zh: "restricted 只用于 text,\(field.kind.rawValue) 请删去",
          en: "restricted is for text only, this is of type \(field.kind.rawValue); remove it")
      }
      if let (zh, en) = role(of: field, in: record, schema) {
        throw SchemaProblem(
          place, zh: "\(zh)不能 restricted:其值一旦删除,别的数据就失去依据;请删去 restricted 或换一个字段",
          en: "\(en) cannot be restricted, other data depends on its value; remove it or choose another field")
      }
      guard [.review, .city, .county, .latest].contains(field.policy) else {
        throw SchemaProblem(
          place, zh: "restricted 字段不能用 \(field.policy.rawValue),请改用 review、city、county 或 latest",
          en: "a restricted field cannot have policy \(field.policy.rawValue); use review, city, county or latest")
      }
      try checkMarker(field, place)
    }
  }

  /// What else depends on the value.
  private static func role(of field: Field, in record: RecordSchema, _ schema: Schema) -> (zh: String, en: String)? {
    if record.key.contains(field.name) { return ("主键", "a key") }
    if record.scopeField == field.name { return ("scope 字段", "the scope field") }
    if field.reference != nil { return ("引用", "a reference") }
    if record.unique.contains(where: { $0.contains(field.name) }) { return ("唯一字段", "a unique field") }
    if record.rules.joint?.county == field.name || record.rules.joint?.city == field.name {
      return ("joint 字段", "a joint field")
    }
    let locks = schema.records.compactMap(\.rules.lock).filter { $0.record == record.name && $0.field == field.name }
    if !locks.isEmpty || record.rules.lock?.key.contains(field.name) == true { return ("锁定字段", "a locking field") }
    return nil
  }

  /// A required cell holds a fixed text once it was erased, which its own checks must allow.
  private static func checkMarker(_ field: Field, _ place: Place) throws {
    let check = field.check
    let isTooShort = check.maxLength.map { $0 < Field.erasedText.unicodeScalars.count } ?? false
    guard field.required, check.values != nil || check.format != nil || isTooShort else { return }
    throw SchemaProblem(
      place, zh: "required 的 restricted 字段删除后写作「\(Field.erasedText)」,请删去 required,或删去 values、format 并放宽 max_length",
      en: "once erased, a required field reads “\(Field.erasedText)”, which its checks refuse; "
        + "remove required, or values and format, and let max_length be 3 or more")
  }
}
