/// One thing that a later version of a schema has and the earlier one had not.
public struct Addition: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case record, field, choice
    /// A bound that lets more values in.
    case bound
    /// A set with a new field in it that is unique.
    case unique
    /// What closes rows, or opens them again for a while.
    case lock
    /// The list of units, or who takes over from whom.
    case units
    /// Labels and titles.
    case words
  }

  public var kind: Kind
  /// Empty: the schema as a whole.
  public var record: String
  /// nil: the record as a whole.
  public var field: String?
  public var what: Label

  public init(_ kind: Kind, record: String = "", field: String? = nil, zh: String, en: String) {
    self.kind = kind
    self.record = record
    self.field = field
    what = Label(zh: zh, en: en)
  }

  /// `record.field`, or as much of it as there is.
  public var place: String { [record, field ?? ""].filter { !$0.isEmpty }.joined(separator: ".") }
}

// A schema only grows, so that what an earlier version made still stands in every later one: nothing is removed, renamed or
// moved, nothing becomes narrower. Each additive thing is listed and then taken away; what is left must be the earlier
// version, so that nothing that a schema may say one day is let through because nobody thought of it here.

extension Schema {
  /// What this version has that an earlier one had not. Throws `Failure(.data)` for the first thing that is no addition,
  /// naming record and field.
  public func additions(since old: Schema) throws -> [Addition] {
    guard name == old.name else {
      throw refused(
        "schema", zh: "原名为「\(old.name)」,不能改名;请写回原名", en: "is “\(name)” and was “\(old.name)”; it keeps its name")
    }
    guard version > old.version else {
      throw refused(
        "version", zh: "是 \(version),应大于现有的 \(old.version)", en: "is \(version); it must be more than \(old.version)")
    }
    var (rest, found) = try withoutNewHead(since: old)
    for record in records where old.record(record.name) == nil {
      found.append(Addition(.record, record: record.name, zh: "新记录", en: "a new record"))
    }
    rest.records = try old.records.map { before in
      guard let record = record(before.name), record.name.isSpelled(as: before.name) else {
        throw refused(before.name, zh: "记录被删去或改名;请写回", en: "the record is removed or renamed; put it back")
      }
      return try record.withoutAdditions(since: before, &found)
    }
    guard rest == old else {
      throw refused("schema", zh: "units 或 successor 已变;请写回", en: "units or successor changed; put it back")
    }
    return found
  }

  /// The head. A list of units may be named later; who takes over only by a field that nothing was written into yet.
  private func withoutNewHead(since old: Schema) throws -> (Schema, [Addition]) {
    var rest = self
    var found: [Addition] = []
    (rest.version, rest.requires) = (old.version, old.requires)
    if title != old.title { found.append(Addition(.words, zh: "新标题", en: "another title")) }
    rest.title = old.title
    if let units, old.units == nil {
      found.append(Addition(.units, record: units.record, field: units.field, zh: "单位名录", en: "lists the units"))
      rest.units = nil
    }
    if let successor, old.successor == nil, let units {
      guard old.record(units.record)?.field(successor) == nil else {
        throw refused(
          "\(units.record).\(successor)", zh: "已有数据的字段不能改作 successor;请用新字段",
          en: "may hold values already and cannot become the successor; use a new field")
      }
      found.append(Addition(.units, record: units.record, field: successor, zh: "承接单位", en: "names who takes over"))
      rest.successor = nil
    }
    return (rest, found)
  }
}

extension String {
  /// By bytes, as names stand in a file: Swift takes a composed letter for a decomposed one.
  func isSpelled(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

/// What is no addition.
func refused(_ place: String, zh: String, en: String) -> Failure {
  Failure(.data, zh: "\(place):\(zh)", en: "\(place): \(en)")
}
