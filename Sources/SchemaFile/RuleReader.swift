import SyncCore

extension SchemaReader {
  static let ruleKeys = ["append", "delete", "locked_by", "decides", "joint"]

  /// What the record says of its rows as wholes.
  mutating func rules(of record: Section) throws -> RowRules {
    RowRules(
      append: try record.flag("append"),
      delete: try record.choice("delete", of: DeletePolicy.allCases) ?? .review,
      lock: try record["locked_by"].map { try lock($0, of: record) },
      decides: try record.choice("decides", of: Decider.allCases) ?? .city,
      joint: try record["joint"].map { try joint($0, of: record) })
  }

  /// `{record: period, key: [period], field: state, values: [locked], except: {…}}`
  private mutating func lock(_ entry: Section.Entry, of record: Section) throws -> Lock {
    let section = try part(entry, of: record, known: ["record", "key", "field", "values", "except"])
    let (key, values) = (try section.required("key"), try section.required("values"))
    return Lock(
      record: try section.text(section.required("record")), key: try section.names(key.node, at: key.line, of: "key"),
      field: try section.text(section.required("field")),
      values: try section.names(values.node, at: values.line, of: "values"),
      except: try section["except"].map { try exception($0, of: section, in: record.name) })
  }

  /// `{record: lock_exception, until: expires_on}`
  private mutating func exception(_ entry: Section.Entry, of lock: Section, in record: String) throws -> LockException {
    let section = try Section(
      entry.node, name: "\(lock.name).except", line: entry.line, known: ["record", "until"])
    for part in section.entries { note(part.line, at: Place(record: record, key: "locked_by.except.\(part.key)")) }
    return LockException(
      record: try section.text(section.required("record")), until: try section.text(section.required("until")))
  }

  /// `{county: field, city: field}`
  private mutating func joint(_ entry: Section.Entry, of record: Section) throws -> Joint {
    let section = try part(entry, of: record, known: ["county", "city"])
    return Joint(
      county: try section.text(section.required("county")), city: try section.text(section.required("city")))
  }

  private mutating func part(_ entry: Section.Entry, of record: Section, known: [String]) throws -> Section {
    let section = try Section(entry.node, name: "\(record.name).\(entry.key)", line: entry.line, known: known)
    for part in section.entries { note(part.line, at: Place(record: record.name, key: "\(entry.key).\(part.key)")) }
    return section
  }
}
