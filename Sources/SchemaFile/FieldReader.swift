import SyncCore
import Yams

extension SchemaReader {
  private static let fieldKeys = [
    "type", "label", "required", "unique", "references", "weak", "values", "min", "max", "max_length", "format",
    "owner", "policy", "restricted",
  ]

  /// One field, and whether it is unique by itself.
  mutating func field(_ entry: Section.Entry, of record: String, key: [String]) throws -> (Field, unique: Bool) {
    let name = entry.key
    note(entry.line, at: Place(record: record, field: name))
    let isBare = entry.node.scalar?.style == .plain && ["", "~", "null"].contains(entry.node.scalar?.string)
    let node = isBare ? Node.mapping(Node.Mapping([])) : entry.node
    let section = try Section(node, name: "\(record).\(name)", line: entry.line, known: Self.fieldKeys)
    for part in section.entries { note(part.line, at: Place(record: record, field: name, key: part.key)) }
    let field = Field(
      name: name, label: try section.label(default: name),
      kind: try section.choice("type", of: Field.Kind.allCases) ?? .text,
      required: try section.flag("required") || key.contains(name),
      reference: try section["references"].map { try reference($0, of: section) },
      weak: try section.flag("weak"), check: try check(section, at: Place(record: record, field: name)),
      owner: try section.choice("owner", of: [Owner.any, .city]),
      policy: try section.choice("policy", of: Policy.allCases) ?? .review,
      restricted: try section.flag("restricted"))
    return (field, try section.flag("unique"))
  }

  private mutating func check(_ section: Section, at place: Place) throws -> Check {
    Check(
      values: try section["values"].map { try choices($0, of: section, at: place) },
      min: try section.number("min"), max: try section.number("max"),
      maxLength: try section.number("max_length").map { Int(clamping: $0) },
      format: try section.text("format"))
  }

  /// The name of a shared list, `{value: label}`, or a plain list whose labels are the values.
  private mutating func choices(_ entry: Section.Entry, of section: Section, at place: Place) throws -> [Check.Choice] {
    if let name = entry.node.scalar?.string {
      if let shared = choices[name] { return shared }
      let hint = suggestion(for: name, in: choices.keys.sorted())
      throw refusal(
        entry.line, zh: "\(section.name) 的「values」:没有名为「\(name)」的 choices\(hint.zh)",
        en: "\(section.name): there are no choices “\(name)”\(hint.en)")
    }
    for value in entry.node.mapping ?? [:] {
      guard let name = value.key.string else { continue }
      note(
        value.key.mark?.line ?? entry.line, at: Place(record: place.record, field: place.field, key: "values.\(name)"))
    }
    return try Self.readChoices(entry, of: section)
  }

  static func readChoices(_ entry: Section.Entry, of section: Section) throws -> [Check.Choice] {
    if entry.node.sequence?.isEmpty == true { return [] }
    if entry.node.sequence != nil {
      return try section.names(entry.node, at: entry.line, of: "values").map {
        Check.Choice(value: $0, label: Label(zh: $0, en: $0))
      }
    }
    let values = try Section(entry.node, name: "\(section.name).values", line: entry.line)
    return try values.entries.map { try choice($0, of: values) }
  }

  /// A label, which may say beside its two languages that only the city sets the value: `{zh: 公布, en: Published, owner: city}`
  private static func choice(_ entry: Section.Entry, of values: Section) throws -> Check.Choice {
    guard entry.node.mapping != nil else {
      return Check.Choice(value: entry.key, label: try Section.label(entry, of: values.name))
    }
    let section = try Section(
      entry.node, name: "\(values.name).\(entry.key)", line: entry.line, known: ["zh", "en", "owner"])
    return Check.Choice(
      value: entry.key, label: try section.bothLanguages(),
      owner: try section.choice("owner", of: [Owner.any, .city]))
  }
}
