import SyncCore

// The parts of a schema as `canonicalJSON` spells them: members by name, in order. JSONDecoder reads the same, but asks the Swift
// runtime of every value what its type can do, and every start of a program waits for that.

extension Schema {
  /// Throws `CanonicalReader.NotCanonical` for a text that is not canonical, or says what this program does not know.
  init(canonical text: String) throws {
    var reader = CanonicalReader(text)
    self = try reader.object(Self.read)
    guard reader.isAtEnd else { throw CanonicalReader.NotCanonical() }
  }

  private static func read(_ json: inout CanonicalReader) throws -> Self {
    let name = try json.member("name") { try $0.text() }
    let records = try json.member("records") { try $0.array(RecordSchema.init(canonical:)) }
    let requires: Int? = try json.optional("requires") { try $0.integer() }
    let successor = try json.optional("successor") { try $0.text() }
    let title = try json.member("title", Label.init(canonical:))
    let units = try json.optional("units", Reference.init(canonical:))
    let version: Int = try json.member("version") { try $0.integer() }
    return Schema(
      name: name, version: version, requires: requires, title: title, units: units, successor: successor,
      records: records)
  }
}

extension RecordSchema {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let edits: ForeignEdits = try json.member("edits") { try $0.choice() }
      let fields = try json.member("fields") { try $0.array(Field.init(canonical:)) }
      let key = try json.member("key") { try $0.texts() }
      let label = try json.member("label", Label.init(canonical:))
      let name = try json.member("name") { try $0.text() }
      let owner: Owner = try json.member("owner") { try $0.choice() }
      let projects = try json.optional("projects") { try $0.text() }
      let rules = try json.optional("rules", RowRules.init(canonical:))
      let scope = try json.member("scope", Scope.init(canonical:))
      let unique = try json.member("unique") { try $0.array { try $0.texts() } }
      return RecordSchema(
        name: name, label: label, key: key, fields: fields, scope: scope, owner: owner, edits: edits, unique: unique,
        rules: rules ?? RowRules(), projects: projects)
    }
  }
}

extension Field {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let check = try json.member("check", Check.init(canonical:))
      let kind: Kind = try json.member("kind") { try $0.choice() }
      let label = try json.member("label", Label.init(canonical:))
      let name = try json.member("name") { try $0.text() }
      let owner: Owner? = try json.optional("owner") { try $0.choice() }
      let policy: Policy = try json.member("policy") { try $0.choice() }
      let reference = try json.optional("reference", Reference.init(canonical:))
      let required = try json.member("required") { try $0.flag() }
      let restricted = try json.optional("restricted") { try $0.flag() }
      let weak = try json.member("weak") { try $0.flag() }
      return Field(
        name: name, label: label, kind: kind, required: required, reference: reference, weak: weak, check: check,
        owner: owner, policy: policy, restricted: restricted ?? false)
    }
  }
}

extension Check {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let format = try json.optional("format") { try $0.text() }
      let max: Int64? = try json.optional("max") { try $0.integer() }
      let maxLength: Int? = try json.optional("maxLength") { try $0.integer() }
      let min: Int64? = try json.optional("min") { try $0.integer() }
      let values = try json.optional("values") { try $0.array(Choice.init(canonical:)) }
      return Check(values: values, min: min, max: max, maxLength: maxLength, format: format)
    }
  }
}

extension Check.Choice {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let label = try json.member("label", Label.init(canonical:))
      let owner: Owner? = try json.optional("owner") { try $0.choice() }
      return Check.Choice(value: try json.member("value") { try $0.text() }, label: label, owner: owner)
    }
  }
}

extension Label {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let en = try json.member("en") { try $0.text() }
      return Label(zh: try json.member("zh") { try $0.text() }, en: en)
    }
  }
}

extension Reference {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let field = try json.member("field") { try $0.text() }
      return Reference(record: try json.member("record") { try $0.text() }, field: field)
    }
  }
}

extension Scope {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      if try json.optional("all", { try $0.object { _ in } }) != nil { return .all }
      if let name = try json.optional("field", Self.name) { return .field(name) }
      return .via(try json.member("via", Self.name))
    }
  }

  private static func name(_ json: inout CanonicalReader) throws -> String {
    try json.object { try $0.member("_0") { try $0.text() } }
  }
}
