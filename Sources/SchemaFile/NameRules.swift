import SyncCore

/// Names that SQLite and PostgreSQL can both hold, and that collide with nothing.
enum NameRules {
  static let mostBytes = 63
  static let mostFields = 60

  static func check(_ schema: Schema) throws {
    try check(schema.name, reserved: [], at: Place(key: "schema"))
    try checkDistinct(schema.records.map { ($0.name, Place(record: $0.name)) })
    for record in schema.records {
      let place = Place(record: record.name)
      try check(record.name, reserved: ["sync_", "sqlite_"], at: place)
      guard (1...mostFields).contains(record.fields.count) else {
        throw SchemaProblem(
          place, zh: "有 \(record.fields.count) 个字段,应为 1 至 \(mostFields) 个,请拆成几个记录",
          en: "has \(record.fields.count) fields, must have 1 to \(mostFields); split it into several records")
      }
      try checkDistinct(record.fields.map { ($0.name, Place(record: record.name, field: $0.name)) })
      for field in record.fields { try checkField(field.name, at: Place(record: record.name, field: field.name)) }
    }
  }

  private static func checkField(_ name: String, at place: Place) throws {
    try check(name, reserved: ["sync_"], at: place)
    if ["rowid", "_rowid_", "oid"].contains(folded(name)) {
      throw SchemaProblem(
        place, zh: "「\(name)」是 SQLite 的保留列名,请改名", en: "“\(name)” is a column name reserved by SQLite; rename it")
    }
  }

  private static func check(_ name: String, reserved: [String], at place: Place) throws {
    guard !name.isEmpty, name.utf8.count <= mostBytes else {
      throw SchemaProblem(
        place, zh: "名称应为 1 至 \(mostBytes) 字节(UTF-8),请改名",
        en: "a name must have 1 to \(mostBytes) bytes of UTF-8; rename it")
    }
    guard !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\"") }) else {
      throw SchemaProblem(
        place, zh: "名称不能含双引号或 U+0000,请改名", en: "a name must not contain a double quote or U+0000; rename it")
    }
    if let prefix = reserved.first(where: { folded(name).hasPrefix($0) }) {
      throw SchemaProblem(
        place, zh: "以 \(prefix) 开头的名称是保留的,请改名", en: "names that start with \(prefix) are reserved; rename it")
    }
  }

  /// SQLite does not tell ASCII letters by case in names; Swift does not tell composed letters from decomposed ones.
  private static func checkDistinct(_ names: [(name: String, place: Place)]) throws {
    var seen: [String: String] = [:]
    for (name, place) in names {
      if let other = seen.updateValue(name, forKey: folded(name)) {
        throw SchemaProblem(
          place, zh: "「\(name)」与「\(other)」重名(不分大小写),请改名",
          en: "“\(name)” and “\(other)” are one name (case does not count); rename it")
      }
    }
  }

  /// A database has the names of its indexes beside those of its tables.
  static func checkIndexes(of schema: Schema) throws {
    var seen: [String: Label] = [:]
    for record in schema.records {
      seen[folded(record.name)] = Label(zh: "记录「\(record.name)」", en: "the record “\(record.name)”")
    }
    func add(_ index: String, of owner: Label, at place: Place) throws {
      let what = Label(zh: "\(owner.zh)的索引", en: "the index of \(owner.en)")
      guard let other = seen.updateValue(what, forKey: folded(index)) else { return }
      throw SchemaProblem(
        place, zh: "\(what.zh)与\(other.zh)在数据库中重名(\(index)),请将有关字段或记录改名",
        en: "\(what.en) and \(other.en) would have one name in a database (\(index)); rename a field or a record")
    }
    for record in schema.records {
      for set in record.unique {
        let list = "[\(set.joined(separator: ", "))]"
        let owner = Label(zh: "「\(record.name)」的 unique \(list) ", en: "“\(record.name)”, unique \(list),")
        try add(record.indexName(unique: set), of: owner, at: Place(record: record.name, key: "unique"))
      }
      for field in record.indexedReferences {
        let place = Place(record: record.name, field: field.name, key: "references")
        let name = "\(record.name).\(field.name)"
        try add(record.indexName(reference: field.name), of: Label(zh: "「\(name)」", en: "“\(name)”"), at: place)
      }
    }
  }

  private static func folded(_ name: String) -> String {
    // Mostly there is nothing to fold; every start of a program asks for every name.
    guard name.utf8.contains(where: (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains) else { return name }
    return String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { ("A"..."Z").contains($0) ? Unicode.Scalar(UInt8($0.value + 32)) : $0 }))
  }
}
