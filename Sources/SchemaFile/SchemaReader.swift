import SyncCore
import Yams

/// Reads the shape of a schema file; whether it makes sense is for `SchemaRules`.
struct SchemaReader {
  private var lines = Lines()
  /// The file that is being read.
  private var file = ""
  /// Names of all records, known before the first is read, so that references may point forward.
  private let recordNames: [String]
  /// Lists of values that several fields share, by name.
  let choices: [String: [Check.Choice]]

  static func read(_ parts: [SchemaFile.Part]) throws -> (Schema, Lines) {
    let tops = try parts.enumerated().map { index, part in
      try located(part.name) {
        try Section(compose(part.text), name: "schema", line: 1, known: index == 0 ? headKeys : ["records"])
      }
    }
    let sections = try zip(parts, tops).map { part, top in
      try located(part.name) {
        let records = try top.required("records")
        return try Section(records.node, name: "records", line: records.line)
      }
    }
    guard let first = parts.first, let top = tops.first else { throw empty }
    var reader = try located(first.name) {
      try SchemaReader(recordNames: sections.flatMap { $0.entries.map(\.key) }, choices: sharedChoices(top))
    }
    var schema = try located(first.name) { try reader.head(top, file: first.name) }
    for (part, section) in zip(parts, sections) {
      schema.records += try located(part.name) { try reader.records(section, file: part.name, before: schema.records) }
    }
    schema.records = schema.records.resolvingProjections()
    return (schema, reader.lines)
  }

  private static let headKeys = [
    "schema", "version", "requires", "title", "units", "successor", "choices", "records",
  ]

  private static func located<T>(_ file: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Failure { throw failure.within(file) }
  }

  private static func sharedChoices(_ top: Section) throws -> [String: [Check.Choice]] {
    guard let entry = top["choices"] else { return [:] }
    let section = try Section(entry.node, name: "choices", line: entry.line)
    let lists = try section.entries.map { ($0.key, try readChoices($0, of: section)) }
    return Dictionary(uniqueKeysWithValues: lists)
  }

  private mutating func head(_ top: Section, file: String) throws -> Schema {
    for entry in top.entries { lines.note(entry.line, of: file, at: Place(key: entry.key)) }
    let version = try top.required("version")
    let name = try top.text(top.required("schema"))
    lines.note(version.line, of: file, at: Place(key: "version"))
    return Schema(
      name: name, version: try top.number("version").flatMap(Int.init(exactly:)) ?? 0,
      requires: try top.number("requires").map { Int(clamping: $0) },
      title: try top.label(default: name, key: "title"), units: try top["units"].map { try reference($0, of: top) },
      successor: try top.text("successor"), records: [])
  }

  private mutating func records(
    _ section: Section, file: String, before: [RecordSchema]
  ) throws -> [RecordSchema] {
    self.file = file
    if let again = section.entries.first(where: { entry in before.contains { $0.name == entry.key } }) {
      throw refusal(
        again.line, zh: "记录「\(again.key)」在另一文件中已有,请删去一个",
        en: "record “\(again.key)” stands in another file too; remove one")
    }
    return try section.entries.map { try record($0) }
  }

  private static var empty: Failure {
    refusal(1, zh: "文件是空的,请写入 schema、version 和 records", en: "empty; write schema, version and records")
  }

  private static func compose(_ yaml: String) throws -> Node {
    do {
      if let node = try Yams.compose(yaml: yaml) { return node }
    } catch let error as YamlError {
      throw syntaxFailure(error)
    }
    throw empty
  }

  private static func syntaxFailure(_ error: YamlError) -> Failure {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return refusal(
        mark.line, zh: "不是正确的 YAML(\(problem)),请检查缩进和引号",
        en: "not proper YAML (\(problem)); check indentation and quotes")
    case .duplicatedKeysInMapping(let keys, let context):
      let list = keys.joined(separator: ", ")
      return refusal(
        context.mark.line, zh: "「\(list)」在同一处出现两次,请删去一个", en: "“\(list)” stands twice in one place; remove one")
    default:
      return refusal(1, zh: "不是正确的 YAML(UTF-8)文本", en: "not proper YAML text in UTF-8: \(error)")
    }
  }

  private mutating func record(_ entry: Section.Entry) throws -> RecordSchema {
    if let projection = try projection(entry) { return projection }
    let name = entry.key
    let section = try Section(
      entry.node, name: name, line: entry.line,
      known: ["label", "key", "scope", "owner", "edits", "unique", "fields"] + Self.ruleKeys)
    note(entry.line, at: Place(record: name))
    for part in section.entries { note(part.line, at: Place(record: name, key: part.key)) }
    let key = try section.required("key")
    let keyNames = try section.names(key.node, at: key.line, of: "key")
    let fieldEntry = try section.required("fields")
    let fieldEntries = try Section(fieldEntry.node, name: "\(name).fields", line: fieldEntry.line).entries
    var unique = try uniqueSets(section)
    var fields: [Field] = []
    for entry in fieldEntries {
      let (field, isUnique) = try self.field(entry, of: name, key: keyNames)
      fields.append(field)
      if isUnique, !unique.contains([field.name]) { unique.append([field.name]) }
    }
    return RecordSchema(
      name: name, label: try section.label(default: name), key: keyNames, fields: fields, scope: try scope(section),
      owner: try section.choice("owner", of: [Owner.any, .city]) ?? .any,
      edits: try section.choice("edits", of: [ForeignEdits.reject, .propose]) ?? .reject, unique: unique,
      rules: try rules(of: section))
  }

  private func uniqueSets(_ section: Section) throws -> [[String]] {
    guard let entry = section["unique"] else { return [] }
    guard let sets = entry.node.sequence, sets.allSatisfy({ $0.sequence != nil }) else {
      throw refusal(
        entry.line, zh: "\(section.name) 的「unique」应写成 [[字段, 字段]]",
        en: "\(section.name): “unique” must be a list of lists, as in [[field, field]]")
    }
    return try sets.map { try section.names($0, at: $0.mark?.line ?? entry.line, of: "unique") }
  }

  func scope(_ section: Section) throws -> Scope {
    guard let entry = section["scope"], entry.node.scalar?.string != "all" else { return .all }
    let known = ["field", "via"]
    guard entry.node.mapping?.count == 1 else {
      throw refusal(
        entry.line, zh: "\(section.name) 的「scope」应是 all、{field: 字段} 或 {via: 字段}",
        en: "\(section.name): “scope” must be all, {field: name} or {via: name}")
    }
    let scope = try Section(entry.node, name: "\(section.name).scope", line: entry.line, known: known)
    if let field = try scope.text("field") { return .field(field) }
    return .via(try scope.text(scope.required("via")))
  }

  /// `record.field`. A name may itself hold a dot: the first cut that gives a known record counts.
  func reference(_ entry: Section.Entry, of section: Section) throws -> Reference {
    let text = try section.text(entry)
    let cuts = text.indices.filter { text[$0] == "." }
    let known = cuts.first { recordNames.contains(String(text[..<$0])) }
    guard let cut = known ?? cuts.first, cut != text.startIndex, text.index(after: cut) != text.endIndex else {
      throw refusal(
        entry.line, zh: "\(section.name) 的「\(entry.key)」应写成 记录.字段,而不是「\(text)」",
        en: "\(section.name): “\(entry.key)” must be record.field, not “\(text)”")
    }
    return Reference(record: String(text[..<cut]), field: String(text[text.index(after: cut)...]))
  }

  mutating func note(_ line: Int, at place: Place) { lines.note(line, of: file, at: place) }
}
