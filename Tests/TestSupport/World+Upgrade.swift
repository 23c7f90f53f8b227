import Master
import SchemaFile
import SyncCore

extension World {
  /// Makes a later version of the schema the city's.
  @discardableResult
  public func upgrade(_ yaml: String) throws -> [Addition] {
    clock.now += 1000
    let schema = try SchemaFile.read(yaml)
    return try master.upgrade(to: schema, text: SchemaFile.canonicalJSON(schema), actor: "official")
  }

  /// Upgrades the small application to each version up to this one.
  public func upgradeSmall(to version: Int) throws {
    for next in (master.schema.version + 1)...version { try upgrade(smallSchema(next)) }
  }
}

/// The small application as it grows: 2 more fields, 3 a record and wider checks, 4 a choice, a weak reference, projections.
public func smallSchema(_ version: Int) -> String {
  var yaml = smallSchemaYAML.replacing("version: 1", with: "version: \(version)")
  func add(_ lines: String, after line: String) { yaml = yaml.replacing(line, with: line + "\n" + lines) }
  if version >= 2 {
    add(
      """
            email: {type: text, unique: true}
            fax: {type: text, policy: latest}
            kind: {values: [plain, special]}
      """, after: "      grade: {type: text, owner: city}")
    add("      profit: {type: integer}", after: "      note: {type: text}")
  }
  if version >= 3 {
    yaml +=
      "\n" + """
          visit:
            key: id
            scope: {via: company}
            fields: {id: , company: {required: true, references: company.id}, note: }
        """
    yaml = yaml.replacing("staff: {type: integer, min: 0}", with: "staff: {type: integer, min: -5}")
  }
  if version >= 4 {
    yaml = yaml.replacing("[plain, special]", with: "[special, plain, other]")
    add("      parent: {references: company.id, weak: true}", after: "      kind: {values: [special, plain, other]}")
    yaml +=
      "\n" + """
          stub:
            key: id
            projects: {record: company, fields: [id, name, fax]}
        """
  }
  if version >= 5 { yaml = yaml.replacing("[id, name, fax]", with: "[id, name, fax, code]") }
  return yaml
}
