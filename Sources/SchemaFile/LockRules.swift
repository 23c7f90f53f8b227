import SyncCore

/// What locks a row is the state of one row of another record, which can be found wherever the locked row is.
enum LockRules {
  static func check(_ record: RecordSchema, in schema: Schema) throws {
    guard let lock = record.rules.lock else { return }
    let other = try other(lock, of: record, in: schema)
    try checkKey(lock, of: record, other)
    try checkState(lock, of: record, other)
    try LockExceptionRules.check(lock, of: record, other, in: schema)
  }

  private static func place(_ record: RecordSchema, _ key: String) -> Place {
    Place(record: record.name, key: "locked_by.\(key)")
  }

  private static func other(_ lock: Lock, of record: RecordSchema, in schema: Schema) throws -> RecordSchema {
    let place = place(record, "record")
    guard let other = schema.record(lock.record) else {
      let hint = suggestion(for: lock.record, in: schema.records.map(\.name))
      throw SchemaProblem(
        place, zh: "locked_by 的记录「\(lock.record)」不存在\(hint.zh)", en: "locked_by: no record “\(lock.record)”\(hint.en)")
    }
    guard other.name != record.name else {
      throw SchemaProblem(
        place, zh: "locked_by 应指向另一个记录,而不是「\(record.name)」自己",
        en: "locked_by: a record cannot lock itself; name the record that is closed")
    }
    guard other.scope == .all else {
      throw SchemaProblem(
        place, zh: "「\(other.name)」不是人人可见,发送方未必查得到状态,请让它 scope: all",
        en: "locked_by: “\(other.name)” is not for all to see, a sender may not find its state; give it scope: all")
    }
    guard other.owner == .city else {
      throw SchemaProblem(
        place, zh: "「\(other.name)」不归市里,县区可自行开锁,请让它 owner: city",
        en: "locked_by: a county could open “\(other.name)” itself; give it owner: city")
    }
    return other
  }

  private static func checkKey(_ lock: Lock, of record: RecordSchema, _ other: RecordSchema) throws {
    let place = place(record, "key")
    try SchemaRules.checkFields(lock.key, of: record, at: place, what: "locked_by.key")
    guard lock.key.count == other.key.count else {
      let list = other.key.joined(separator: ", ")
      throw SchemaProblem(
        place, zh: "locked_by.key 应依次对应「\(other.name)」的主键 [\(list)],每个一个字段",
        en: "locked_by.key: must give the key of “\(other.name)” [\(list)], one field each, in that order")
    }
    for (name, target) in zip(lock.key, other.key) {
      guard let field = record.field(name), let key = other.field(target) else { continue }
      guard field.kind.storage == key.kind.storage else {
        throw SchemaProblem(
          place,
          zh:
            "locked_by.key 的「\(name)」(\(field.kind.rawValue))与「\(other.name).\(target)」(\(key.kind.rawValue))类型不同,请改为同一类型",
          en:
            "locked_by.key: “\(name)” of type \(field.kind.rawValue) cannot name “\(other.name).\(target)” of type \(key.kind.rawValue); give both one type"
        )
      }
      guard field.required else {
        throw SchemaProblem(
          place, zh: "locked_by.key 的「\(name)」必须填写,否则查不到状态,请写 required: true",
          en: "locked_by.key: “\(name)” must be required, or the row could escape its lock; write required: true")
      }
    }
  }

  private static func checkState(_ lock: Lock, of record: RecordSchema, _ other: RecordSchema) throws {
    guard let field = other.field(lock.field) else {
      let hint = suggestion(for: lock.field, in: other.fields.map(\.name))
      throw SchemaProblem(
        place(record, "field"), zh: "locked_by:「\(other.name)」中没有字段「\(lock.field)」\(hint.zh)",
        en: "locked_by: “\(other.name)” has no field “\(lock.field)”\(hint.en)")
    }
    guard field.kind == .text else {
      throw SchemaProblem(
        place(record, "field"), zh: "locked_by 的状态「\(other.name).\(field.name)」应为 text,请换一个字段或改 type",
        en: "locked_by: the state “\(other.name).\(field.name)” must be a text; name another field or change its type")
    }
    guard field.owner != .any else {
      throw SchemaProblem(
        place(record, "field"), zh: "locked_by 的状态「\(other.name).\(field.name)」须由市里填写,请删去它的 owner: any",
        en: "locked_by: a county could change the state “\(other.name).\(field.name)”; remove its owner: any")
    }
    try checkValues(lock, of: record, field)
  }

  private static func checkValues(_ lock: Lock, of record: RecordSchema, _ field: Field) throws {
    let place = place(record, "values")
    guard !lock.values.isEmpty else {
      throw SchemaProblem(
        place, zh: "locked_by.values 是空的,请写出表示已锁定的值", en: "locked_by.values: is empty; list the values that lock")
    }
    for (index, value) in lock.values.enumerated() {
      if lock.values[..<index].contains(value) {
        throw SchemaProblem(
          place, zh: "locked_by.values 中「\(value)」出现两次,请删去一个",
          en: "locked_by.values: “\(value)” stands twice; remove one")
      }
      // By bytes, as the state is compared later.
      if let known = field.check.values?.map(\.value), !known.contains(where: { Value.text($0) == .text(value) }) {
        let hint = suggestion(for: value, in: known)
        throw SchemaProblem(
          place, zh: "locked_by.values:「\(field.name)」没有值「\(value)」\(hint.zh)",
          en: "locked_by.values: “\(field.name)” has no value “\(value)”\(hint.en)")
      }
    }
  }
}
