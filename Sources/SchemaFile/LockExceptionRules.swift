import SyncCore

/// An exception to a lock is a row of the city's that names what is closed and the unit, and that the unit can see.
enum LockExceptionRules {
  static func check(_ lock: Lock, of record: RecordSchema, _ closing: RecordSchema, in schema: Schema) throws {
    guard let except = lock.except else { return }
    let place = Place(record: record.name, key: "locked_by.except.record")
    guard record.scope != .all else {
      throw SchemaProblem(
        Place(record: record.name, key: "locked_by.except"), zh: "scope 为 all 的记录不属于任何单位,例外无从谈起,请改 scope 或删去 except",
        en: "locked_by.except: no unit owns a row of scope all; give the record a scope or remove except")
    }
    guard let other = schema.record(except.record) else {
      let hint = suggestion(for: except.record, in: schema.records.map(\.name))
      throw SchemaProblem(
        place, zh: "except 的记录「\(except.record)」不存在\(hint.zh)",
        en: "locked_by.except: no record “\(except.record)”\(hint.en)")
    }
    guard other.name != record.name, other.name != closing.name else {
      throw SchemaProblem(
        place, zh: "except 应指向第三个记录,而不是「\(other.name)」",
        en: "locked_by.except: “\(other.name)” is locked or locks; name a record of its own")
    }
    try checkKey(other, closing, at: place)
    try checkOwner(other, at: place)
    try checkUntil(except, of: record, other)
  }

  private static func checkKey(_ other: RecordSchema, _ closing: RecordSchema, at place: Place) throws {
    func storage(_ record: RecordSchema) -> [String] { record.key.compactMap { record.field($0)?.kind.storage } }
    guard storage(other) == storage(closing) + ["TEXT"], let unit = other.key.last else {
      let list = closing.key.joined(separator: ", ")
      throw SchemaProblem(
        place, zh: "「\(other.name)」的主键应依次为「\(closing.name)」的主键 [\(list)](类型相同)和单位(text)",
        en:
          "locked_by.except: the key of “\(other.name)” must be that of “\(closing.name)” [\(list)], of the same types, "
          + "then the unit, a text")
    }
    guard other.scope == .all || other.scope == .field(unit) else {
      throw SchemaProblem(
        place, zh: "「\(other.name)」应让主键中的单位看到,请写 scope: {field: \(unit)}",
        en: "locked_by.except: the unit must see its row of “\(other.name)”; write scope: {field: \(unit)}")
    }
  }

  private static func checkOwner(_ other: RecordSchema, at place: Place) throws {
    guard other.owner == .city else {
      throw SchemaProblem(
        place, zh: "「\(other.name)」不归市里,县区可自行开锁,请让它 owner: city",
        en: "locked_by.except: a county could except itself in “\(other.name)”; give it owner: city")
    }
  }

  private static func checkUntil(_ except: LockException, of record: RecordSchema, _ other: RecordSchema) throws {
    let place = Place(record: record.name, key: "locked_by.except.until")
    guard let field = other.field(except.until) else {
      let hint = suggestion(for: except.until, in: other.fields.map(\.name))
      throw SchemaProblem(
        place, zh: "except:「\(other.name)」中没有字段「\(except.until)」\(hint.zh)",
        en: "locked_by.except: “\(other.name)” has no field “\(except.until)”\(hint.en)")
    }
    guard field.kind == .date, field.required, field.owner != .any else {
      throw SchemaProblem(
        place, zh: "「\(other.name).\(field.name)」应是必填的 date,由市里填写,请写 type: date, required: true",
        en: "locked_by.except: “\(other.name).\(field.name)” must be a required date of the city's; "
          + "write type: date, required: true")
    }
  }
}
