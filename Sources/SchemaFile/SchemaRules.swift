import SyncCore

/// What a schema must satisfy to make sense, whether it came from a file or over the wire.
enum SchemaRules {
  /// The schema with parents before children. Throws `SchemaProblem` for the first rule that it breaks.
  static func checked(_ schema: Schema) throws -> Schema {
    try checkHead(schema)
    try NameRules.check(schema)
    for record in schema.records { try ProjectionRules.check(record, in: schema) }
    for record in schema.records {
      try checkKey(of: record)
      try checkUnique(of: record)
      for field in record.fields { try FieldRules.check(field, of: record) }
    }
    try NameRules.checkIndexes(of: schema)
    for record in schema.records { try ReferenceRules.check(record, in: schema) }
    for record in schema.records { try ScopeRules.check(record, in: schema) }
    for record in schema.records {
      try checkDecider(of: record)
      try LockRules.check(record, in: schema)
      try JointRules.check(record)
      try RestrictedRules.check(record, in: schema)
    }
    try checkUnits(schema)
    try checkSuccessor(schema)
    var schema = schema
    schema.records = try ParentOrder.sorted(schema.records)
    return schema
  }

  private static func checkHead(_ schema: Schema) throws {
    guard schema.version >= 1 else {
      throw SchemaProblem(Place(key: "version"), zh: "version 应从 1 起", en: "version must be 1 or more")
    }
    if let level = schema.requires, !(1...Schema.level).contains(level) {
      throw SchemaProblem(
        Place(key: "requires"), zh: "requires 为 \(level),本程序只知道 1 至 \(Schema.level);请改写,或换用更新的程序",
        en: "requires is \(level), this program knows 1 to \(Schema.level); change it or use a newer program")
    }
    guard !schema.records.isEmpty else {
      throw SchemaProblem(Place(key: "records"), zh: "没有任何记录,请至少写一个", en: "no records; declare at least one")
    }
  }

  private static func checkKey(of record: RecordSchema) throws {
    let place = Place(record: record.name, key: "key")
    guard !record.key.isEmpty else { throw SchemaProblem(place, zh: "没有主键,请写 key", en: "no key; add one") }
    try checkFields(record.key, of: record, at: place, what: "key")
    for name in record.key {
      guard let field = record.field(name) else { continue }
      let place = Place(record: record.name, field: name)
      guard field.kind != .boolean else {
        throw SchemaProblem(place, zh: "boolean 不能作主键,请换一个字段", en: "a boolean cannot be a key; choose another field")
      }
      guard field.policy == .review else {
        throw SchemaProblem(
          Place(record: record.name, field: name, key: "policy"), zh: "主键从不合并,请删去 policy",
          en: "a key is never merged; remove its policy")
      }
      guard field.required else {
        throw SchemaProblem(place, zh: "主键必须填写,请写 required", en: "a key must be required; make it so")
      }
    }
  }

  private static func checkUnique(of record: RecordSchema) throws {
    let place = Place(record: record.name, key: "unique")
    for (index, set) in record.unique.enumerated() {
      try checkFields(set, of: record, at: place, what: "unique")
      if set.isEmpty || record.unique[..<index].contains(where: { Set($0) == Set(set) }) {
        throw SchemaProblem(
          place, zh: "unique 中 [\(set.joined(separator: ", "))] 为空或重复,请删去",
          en: "unique: [\(set.joined(separator: ", "))] is empty or stands twice; remove it")
      }
    }
  }

  /// Names in a list are fields of the record, each once.
  static func checkFields(_ names: [String], of record: RecordSchema, at place: Place, what: String) throws {
    for (index, name) in names.enumerated() {
      guard record.field(name) != nil else {
        let hint = suggestion(for: name, in: record.fields.map(\.name))
        throw SchemaProblem(place, zh: "\(what) 中没有字段「\(name)」\(hint.zh)", en: "\(what): no field “\(name)”\(hint.en)")
      }
      if names[..<index].contains(name) {
        throw SchemaProblem(
          place, zh: "\(what) 中「\(name)」出现两次,请删去一个", en: "\(what): “\(name)” stands twice; remove one")
      }
    }
  }

  private static func checkUnits(_ schema: Schema) throws {
    guard let units = schema.units else { return }
    let record = schema.record(units.record)
    guard let record, record.key == [units.field], record.field(units.field)?.kind == .text else {
      throw SchemaProblem(
        Place(key: "units"), zh: "units(\(units.record).\(units.field))应指向一个记录的 text 主键",
        en: "units: \(units.record).\(units.field) is not the text key of a record; name one")
    }
  }

  private static func checkDecider(of record: RecordSchema) throws {
    if record.rules.decides == .owner, record.scope == .all {
      throw SchemaProblem(
        Place(record: record.name, key: "decides"), zh: "scope 为 all 的记录不属于任何单位,请写 decides: city 或改 scope",
        en: "decides: no unit owns a record of scope all; write decides: city or give it a scope")
    }
  }

  private static func checkSuccessor(_ schema: Schema) throws {
    guard let name = schema.successor else { return }
    let place = Place(key: "successor")
    guard let units = schema.units, let record = schema.record(units.record) else {
      throw SchemaProblem(
        place, zh: "有 successor 而没有 units,请加 units: 记录.字段,或删去 successor",
        en: "successor needs units; add units: record.field or remove it")
    }
    guard let field = record.field(name) else {
      let hint = suggestion(for: name, in: record.fields.map(\.name))
      throw SchemaProblem(
        place, zh: "successor:\(record.name) 中没有字段「\(name)」\(hint.zh)",
        en: "successor: \(record.name) has no field “\(name)”\(hint.en)")
    }
    guard field.reference == units, name != units.field else {
      throw SchemaProblem(
        place, zh: "successor 字段「\(record.name).\(name)」应引用另一单位,请写 references: \(units.name)",
        en: "successor: \(record.name).\(name) must refer to another unit; write references: \(units.name)")
    }
  }
}
