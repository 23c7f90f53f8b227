/// References and scopes between two or three records. `unit` is for all to see, `owned` names its unit.
private let unit = "  unit: {key: code, fields: {code: , name: }}\n"
private let owned =
  "  owned: {key: id, scope: {field: org}, fields: {id: , org: {required: true, references: unit.code}}}\n"

let badReferences = [
  BadSchema("without dot", fields: "      b: {references: a}", "must be record.field"),
  BadSchema("unknown record", fields: "      b: {references: aa.id}", "did you mean “a”"),
  BadSchema("unknown field", fields: "      b: {references: a.idd}", "did you mean “id”"),
  BadSchema("not unique", fields: "      b: {references: a.c}\n      c:", "neither the whole key nor unique"),
  BadSchema("other storage", fields: "      b: {type: integer, references: a.id}", "type integer cannot refer to"),
  BadSchema(
    "part of a key", records: "  a:\n    key: [id, n]\n    fields:\n      id:\n      n:\n      b: {references: a.id}",
    line: 9,
    "neither the whole key nor unique"),
  BadSchema(
    "part of a unique set",
    records:
      "  a:\n    key: id\n    unique: [[n, m]]\n    fields:\n      id:\n      n:\n      m:\n      b: {references: a.n}",
    line: 11, "neither the whole key nor unique"),
  BadSchema(
    "from all to a scoped record", records: unit + owned + "  a: {key: id, fields: {id: , b: {references: owned.id}}}",
    line: 6,
    "declare it weak"),
  BadSchema(
    "self in a scoped record",
    records: unit + "  a: {key: id, scope: {field: org}, fields: {id: , org: {required: true}, b: {references: a.id}}}",
    line: 5,
    "declare it weak"),
  BadSchema(
    "a second parent",
    records: unit + owned
      + "  a: {key: id, scope: {via: b}, fields: {id: , b: {required: true, references: owned.id}, c: {references: owned.id}}}",
    line: 6, "a.c: a row of “owned” could lie out of scope"),
  BadSchema(
    "whose index has the name of a record",
    records: "  A_by_B: {key: id, fields: {id: }}\n  a: {key: id, fields: {id: , b: {references: A_by_B.id}}}", line: 5,
    "the index of “a.b” and the record “A_by_B”"),
  BadSchema(
    "references in a circle",
    records: "  z: {key: id, fields: {id: , b: {references: b.id}}}\n"
      + "  a: {key: id, fields: {id: , b: {references: b.id}}}\n  b: {key: id, fields: {id: , a: {references: a.id}}}",
    line: 5, "(b → a → b)"),
]

let badScopes = [
  BadSchema(
    "a word", records: unit + "  a:\n    scope: org\n    key: id\n    fields: {id: }", line: 6,
    "must be all, {field: name}"),
  BadSchema(
    "unknown kind", records: unit + "  a:\n    scope: {vai: id}\n    key: id\n    fields: {id: }", line: 6,
    "did you mean “via”"),
  BadSchema(
    "unknown field", records: unit + "  a:\n    scope: {field: idd}\n    key: id\n    fields: {id: }", line: 6,
    "did you mean “id”"),
  BadSchema(
    "not required", records: unit + "  a:\n    scope: {field: b}\n    key: id\n    fields: {id: , b: }", line: 6,
    "must be required"),
  BadSchema(
    "not a text",
    records: unit + "  a:\n    scope: {field: b}\n    key: id\n    fields: {id: , b: {type: integer, required: true}}",
    line: 6, "must be a text"),
  BadSchema(
    "weak parent",
    records: unit + owned + "  a:\n    key: id\n    scope: {via: b}\n    fields:\n      id:\n"
      + "      b: {required: true, weak: true, references: owned.id}", line: 8, "not weak"),
  BadSchema(
    "via no reference",
    records: unit + "  a:\n    scope: {via: b}\n    key: id\n    fields: {id: , b: {required: true}}", line: 6,
    "must refer to the key of another record"),
  BadSchema(
    "via itself",
    records: unit + "  a:\n    scope: {via: b}\n    key: id\n    fields: {id: , b: {required: true, references: a.id}}",
    line: 6, "must refer to the key of another record"),
  BadSchema(
    "via a unique field that is no key",
    records: "  p: {key: id, scope: {field: org}, fields: {id: , no: {unique: true}, org: {required: true}}}\n"
      + "  a:\n    scope: {via: b}\n    key: id\n    fields: {id: , b: {required: true, references: p.no}}",
    line: 6, "must refer to the key of another record"),
  BadSchema(
    "via a record for all",
    records: unit
      + "  a:\n    scope: {via: b}\n    key: id\n    fields: {id: , b: {required: true, references: unit.code}}",
    line: 6, "everybody sees “unit”"),
  BadSchema(
    "in a circle",
    records: "  a: {key: id, fields: {id: , b: {required: true, references: b.id}},\n      scope: {via: b}}\n"
      + "  b: {key: id, scope: {via: a}, fields: {id: , a: {required: true, references: a.id}}}",
    line: 5, "(a → b → a)"),
]
