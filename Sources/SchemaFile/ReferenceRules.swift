import SyncCore

/// A reference names one row of a declared record, of the same storage type.
enum ReferenceRules {
  static func check(_ record: RecordSchema, in schema: Schema) throws {
    for field in record.fields {
      guard let reference = field.reference else { continue }
      let place = Place(record: record.name, field: field.name, key: "references")
      let target = try target(of: reference, in: schema, at: place)
      guard target.field.kind.storage == field.kind.storage else {
        throw SchemaProblem(
          place, zh: "\(field.kind.rawValue) 不能引用 \(target.field.kind.rawValue) 字段「\(reference.name)」,请改为同一类型",
          en:
            "type \(field.kind.rawValue) cannot refer to “\(reference.name)” of type \(target.field.kind.rawValue); give both one type"
        )
      }
      if !field.weak, !ScopeRules.alwaysSees(field, of: record, target.record) {
        throw SchemaProblem(
          place, zh: "「\(reference.name)」的行可能不在本单位范围内,请写 weak: true",
          en: "a row of “\(reference.record)” could lie out of scope; declare it weak (weak: true)")
      }
    }
  }

  private static func target(
    of reference: Reference, in schema: Schema, at place: Place
  ) throws -> (record: RecordSchema, field: Field) {
    guard let record = schema.record(reference.record) else {
      let hint = suggestion(for: reference.record, in: schema.records.map(\.name))
      throw SchemaProblem(
        place, zh: "引用的记录「\(reference.record)」不存在\(hint.zh)", en: "refers to no record “\(reference.record)”\(hint.en)")
    }
    guard let field = record.field(reference.field) else {
      let hint = suggestion(for: reference.field, in: record.fields.map(\.name))
      throw SchemaProblem(
        place, zh: "引用的字段「\(reference.name)」不存在\(hint.zh)", en: "refers to no field “\(reference.name)”\(hint.en)")
    }
    guard record.key == [field.name] || record.unique.contains([field.name]) else {
      throw SchemaProblem(
        place, zh: "「\(reference.name)」既非单字段主键也非唯一,请引用唯一的字段",
        en: "“\(reference.name)” is neither the whole key nor unique by itself; refer to a field that is")
    }
    return (record, field)
  }
}

extension Reference {
  var name: String { "\(record).\(field)" }
}
