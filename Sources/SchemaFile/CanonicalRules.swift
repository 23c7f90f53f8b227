import SyncCore

// The rules of a record's rows, read as `CanonicalSchema.swift` reads the rest.

extension RowRules {
  init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let append = try json.member("append") { try $0.flag() }
      let decides: Decider = try json.member("decides") { try $0.choice() }
      let delete: DeletePolicy = try json.member("delete") { try $0.choice() }
      let joint = try json.optional("joint", Joint.init(canonical:))
      let lock = try json.optional("lock", Lock.init(canonical:))
      return RowRules(append: append, delete: delete, lock: lock, decides: decides, joint: joint)
    }
  }
}

extension Joint {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let city = try json.member("city") { try $0.text() }
      return Joint(county: try json.member("county") { try $0.text() }, city: city)
    }
  }
}

extension Lock {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let except = try json.optional("except", LockException.init(canonical:))
      let field = try json.member("field") { try $0.text() }
      let key = try json.member("key") { try $0.texts() }
      let record = try json.member("record") { try $0.text() }
      let values = try json.member("values") { try $0.texts() }
      return Lock(record: record, key: key, field: field, values: values, except: except)
    }
  }
}

extension LockException {
  fileprivate init(canonical json: inout CanonicalReader) throws {
    self = try json.object { json in
      let record = try json.member("record") { try $0.text() }
      return LockException(record: record, until: try json.member("until") { try $0.text() })
    }
  }
}
