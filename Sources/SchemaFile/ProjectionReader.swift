import SyncCore
import Yams

extension SchemaReader {
  /// `{label: …, key: id, projects: {record: enterprise, fields: [id, name]}}`; nil: the record has rows of its own. What
  /// its fields are is not known before every record is read.
  mutating func projection(_ entry: Section.Entry) throws -> RecordSchema? {
    guard entry.node.mapping?["projects"] != nil else { return nil }
    let name = entry.key
    let section = try Section(
      entry.node, name: name, line: entry.line, known: ["label", "key", "scope", "projects"])
    note(entry.line, at: Place(record: name))
    for part in section.entries { note(part.line, at: Place(record: name, key: part.key)) }
    let (key, projects) = (try section.required("key"), try section.required("projects"))
    let source = try Section(
      projects.node, name: "\(name).projects", line: projects.line, known: ["record", "fields"])
    for part in source.entries { note(part.line, at: Place(record: name, key: "projects.\(part.key)")) }
    let (record, fields) = (try source.required("record"), try source.required("fields"))
    return RecordSchema(
      name: name, label: try section.label(default: name),
      key: try section.names(key.node, at: key.line, of: "key"),
      fields: try shownFields(fields, of: source),
      scope: try scope(section), owner: .city, projects: try source.text(record))
  }
}

/// `[id, name]`, or `{id: , name: {zh: 名称, en: Name}}` where the projection has labels of its own.
private func shownFields(_ entry: Section.Entry, of projects: Section) throws -> [Field] {
  guard entry.node.mapping != nil else {
    return try projects.names(entry.node, at: entry.line, of: "fields").map { Field(name: $0, label: unlabelled) }
  }
  let fields = try Section(entry.node, name: "\(projects.name).fields", line: entry.line)
  return try fields.entries.map { entry in
    let isBare = ["", "~", "null"].contains(entry.node.scalar?.string)
    return Field(name: entry.key, label: isBare ? unlabelled : try Section.label(entry, of: fields.name))
  }
}

/// The label of a field that takes it from the field that it shows.
private let unlabelled = Label(zh: "", en: "")

extension [RecordSchema] {
  /// With the fields of projections as those that they show. A field that is not there is for `ProjectionRules` to tell.
  func resolvingProjections() -> [RecordSchema] {
    map { record in
      guard let source = record.projects.flatMap({ name in first { $0.name == name } }) else { return record }
      var record = record
      record.fields = record.fields.map { field in
        guard var shown = source.field(field.name)?.shown else { return field }
        if field.label != unlabelled { shown.label = field.label }
        return shown
      }
      return record
    }
  }
}
