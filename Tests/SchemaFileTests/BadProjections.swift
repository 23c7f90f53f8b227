// Projections: `a` is the record that they show.

private let source =
  "  a: {key: id, scope: {field: org}, fields: {id: , org: {required: true}, n: {type: integer, required: true}}}\n"

private func projection(_ rules: String, key: String = "id", fields: String = "[id, n]") -> String {
  source + "  p:\n    key: \(key)\n    \(rules)\n    projects:\n      record: a\n      fields: \(fields)\n"
}

let badProjections = [
  BadSchema("projection is a word", records: "  p: {key: id, projects: a}", line: 4, "must be a mapping"),
  BadSchema(
    "projection of no record", records: "  p: {key: id, projects: {fields: id}}", line: 4, "“record” is missing"),
  BadSchema("projection of no field", records: "  p: {key: id, projects: {record: a}}", line: 4, "“fields” is missing"),
  BadSchema(
    "projection of an unknown record",
    records: "  aa: {key: id, fields: {id: }}\n  p: {key: id, projects: {record: ab, fields: id}}",
    line: 5, "did you mean “aa”"),
  BadSchema(
    "projection of itself", records: "  p: {key: id, projects: {record: p, fields: id}}", line: 4,
    "is a projection itself"),
  BadSchema(
    "projection of an unknown field", records: projection("label: P", fields: "[id, nn]"), line: 10,
    "“a” has no field “nn”; did you mean “n”"),
  BadSchema("projection of a field twice", records: projection("label: P", fields: "[id, n, n]"), line: 5, "one name"),
  BadSchema(
    "projection of personal data",
    records: """
        a: {key: id, fields: {id: , n: {restricted: true}}}
        p:
          key: id
          projects:
            record: a
            fields: [id, n]
      """, line: 9, "“n” is restricted"),
  BadSchema("projection with another key", records: projection("label: P", key: "n"), line: 6, "that of “a”: [id]"),
  BadSchema("projection without its key", records: projection("label: P", fields: "[n]"), line: 6, "no field “id”"),
  BadSchema("projection with fields of its own", records: projection("fields: {b: }"), line: 7, "unknown key “fields”"),
  BadSchema("projection with an owner", records: projection("owner: any"), line: 7, "unknown key “owner”"),
  BadSchema("projection that appends", records: projection("append: true"), line: 7, "unknown key “append”"),
  BadSchema("projection by a parent", records: projection("scope: {via: n}"), line: 7, "has no references"),
  BadSchema(
    "projection for a number", records: projection("scope: {field: n}"), line: 7, "must be a text that names a unit"),
  BadSchema(
    "reference to a projection",
    records: projection("label: P") + "  c: {key: id, fields: {id: , p: {references: p.id}}}",
    line: 11, "“p” is a projection; name “a” instead"),
  BadSchema(
    "units of a projection",
    "schema: s\nversion: 1\nunits: p.id\nrecords:\n" + projection("label: P"), line: 3, "“p” is a projection"),
  BadSchema(
    "lock by a projection",
    records: projection("label: P")
      + "  c:\n    key: id\n    locked_by: {record: p, key: id, field: n, values: x}\n    fields: {id: }",
    line: 13, "“p” is a projection"),
]
