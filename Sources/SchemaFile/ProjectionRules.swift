import SyncCore

/// A projection has the key and some fields of another record, and no rules of its own.
enum ProjectionRules {
  static func check(_ record: RecordSchema, in schema: Schema) throws {
    try checkUse(record, in: schema)
    guard let name = record.projects else { return }
    let place = Place(record: record.name, key: "projects.record")
    guard let source = schema.record(name) else {
      let hint = suggestion(for: name, in: schema.records.map(\.name))
      throw SchemaProblem(
        place, zh: "projects 的记录「\(name)」不存在\(hint.zh)", en: "projects: no record “\(name)”\(hint.en)")
    }
    guard source.projects == nil else {
      throw SchemaProblem(
        place, zh: "「\(name)」本身是派生的,请指向有自己数据的记录",
        en: "projects: “\(name)” is a projection itself; name a record with rows of its own")
    }
    try checkFields(record, source)
    guard record.key == source.key else {
      let list = source.key.joined(separator: ", ")
      throw SchemaProblem(
        Place(record: record.name, key: "key"), zh: "主键应与「\(name)」相同:[\(list)]",
        en: "key: must be that of “\(name)”: [\(list)]")
    }
    if case .via = record.scope {
      throw SchemaProblem(
        Place(record: record.name, key: "scope"), zh: "派生记录没有引用,scope 请用 all 或 {field: …}",
        en: "scope: a projection has no references; use all or {field: …}")
    }
    let plain = RecordSchema(
      name: record.name, label: record.label, key: record.key, fields: record.fields, scope: record.scope, owner: .city,
      projects: name)
    guard record == plain else {
      throw SchemaProblem(
        Place(record: record.name), zh: "派生记录不能有自己的 owner、edits、unique 或规则,请删去",
        en: "a projection has no owner, edits, unique or rules of its own; remove them")
    }
  }

  private static func checkFields(_ record: RecordSchema, _ source: RecordSchema) throws {
    let place = Place(record: record.name, key: "projects.fields")
    for field in record.fields {
      guard let original = source.field(field.name) else {
        let hint = suggestion(for: field.name, in: source.fields.map(\.name))
        throw SchemaProblem(
          place, zh: "「\(source.name)」中没有字段「\(field.name)」\(hint.zh)",
          en: "projects: “\(source.name)” has no field “\(field.name)”\(hint.en)")
      }
      guard !original.restricted else {
        throw SchemaProblem(
          place, zh: "字段「\(field.name)」是 restricted,不能给更多人看,请删去",
          en: "projects: “\(field.name)” is restricted and is not for more people; leave it out")
      }
      var shown = original.shown
      shown.label = field.label
      guard field == shown else {
        throw SchemaProblem(
          place, zh: "字段「\(field.name)」与「\(source.name)」中的不同,请照原样",
          en: "projects: “\(field.name)” is not as in “\(source.name)”; leave it as it is there")
      }
    }
  }

  /// Nothing hangs on a projection: its rows come and go with others.
  private static func checkUse(_ record: RecordSchema, in schema: Schema) throws {
    func isProjection(_ name: String) -> Bool { schema.record(name)?.projects != nil }
    func refuse(_ place: Place, _ name: String) -> SchemaProblem {
      SchemaProblem(
        place, zh: "「\(name)」是派生记录,请改指「\(schema.record(name)?.projects ?? "")」",
        en: "“\(name)” is a projection; name “\(schema.record(name)?.projects ?? "")” instead")
    }
    for field in record.fields {
      if let target = field.reference?.record, isProjection(target) {
        throw refuse(Place(record: record.name, field: field.name, key: "references"), target)
      }
    }
    let locks = [
      ("locked_by.record", record.rules.lock?.record), ("locked_by.except.record", record.rules.lock?.except?.record),
    ]
    for case (let key, let name?) in locks where isProjection(name) {
      throw refuse(Place(record: record.name, key: key), name)
    }
    if let units = schema.units?.record, isProjection(units) { throw refuse(Place(key: "units"), units) }
  }
}
