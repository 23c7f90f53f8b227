import SyncCore

/// Every row is seen by the unit that it names, by everybody, or by whoever sees its parent.
enum ScopeRules {
  static func check(_ record: RecordSchema, in schema: Schema) throws {
    guard let name = record.scopeField else { return }
    let place = Place(record: record.name, key: "scope")
    guard let field = record.field(name) else {
      let hint = suggestion(for: name, in: record.fields.map(\.name))
      throw SchemaProblem(place, zh: "scope 中没有字段「\(name)」\(hint.zh)", en: "scope: no field “\(name)”\(hint.en)")
    }
    guard field.required, !field.weak else {
      throw SchemaProblem(
        place, zh: "scope 字段「\(name)」必须 required 且不能 weak,否则无人可见",
        en: "scope: “\(name)” must be required and not weak, or nobody would see the row")
    }
    switch record.scope {
    case .all: break
    case .field:
      guard field.kind == .text else {
        throw SchemaProblem(
          place, zh: "scope 字段「\(name)」应为 text", en: "scope: “\(name)” must be a text that names a unit")
      }
    case .via: try checkParents(of: record, in: schema, at: place)
    }
  }

  /// Whether whoever sees a row of the record also sees the row that this field of it names.
  static func alwaysSees(_ field: Field, of record: RecordSchema, _ target: RecordSchema) -> Bool {
    switch (record.scope, target.scope) {
    case (_, .all): true
    case (.via(let name), _): name == field.name
    // Both name the same unit.
    case (.field(let name), .field(let targetName)): name == field.name && targetName == field.reference?.field
    default: false
    }
  }

  /// The chain of parents ends at a record that names its unit.
  private static func checkParents(of record: RecordSchema, in schema: Schema, at place: Place) throws {
    var path = [record.name]
    var child = record
    while case .via(let name) = child.scope {
      guard let reference = child.field(name)?.reference, reference.record != child.name,
        let parent = schema.record(reference.record), parent.key == [reference.field]
      else {
        // A parent's own fault is told where the parent stands.
        throw SchemaProblem(
          Place(record: child.name, key: "scope"), zh: "via 字段「\(name)」应引用另一记录的主键,请加 references",
          en: "scope: via “\(name)” must refer to the key of another record; add references")
      }
      guard parent.scope != .all else {
        throw SchemaProblem(
          Place(record: child.name, key: "scope"), zh: "「\(parent.name)」人人可见,请写 scope: all",
          en: "scope: everybody sees “\(parent.name)”, so via it says nothing; write scope: all")
      }
      guard !path.contains(parent.name) else {
        let circle = (path + [parent.name]).joined(separator: " → ")
        throw SchemaProblem(
          place, zh: "scope 绕成一圈(\(circle)),请让其中之一写 {field: …}",
          en: "scope goes in a circle (\(circle)); let one of them name its unit with {field: …}")
      }
      path.append(parent.name)
      child = parent
    }
  }
}
