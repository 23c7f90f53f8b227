// Fields of which values may be erased.

let badRestricted = [
  BadSchema("restricted is no flag", fields: "      b: {restricted: some}", "true or false"),
  BadSchema("restricted number", fields: "      b: {type: integer, restricted: true}", "restricted is for text only"),
  BadSchema("restricted uuid", fields: "      b: {type: uuid, restricted: true}", "this is of type uuid"),
  BadSchema("restricted blob", fields: "      b: {type: blob,\n          restricted: true}", line: 9, "of type blob"),
  BadSchema(
    "restricted key", records: "  a:\n    key: id\n    fields:\n      id: {restricted: true}", line: 7,
    "a key cannot be restricted"),
  BadSchema("restricted and unique", fields: "      b: {unique: true, restricted: true}", "a unique field cannot be"),
  BadSchema(
    "restricted reference", fields: "      b: {references: a.id, restricted: true}", "a reference cannot be"),
  BadSchema(
    "restricted scope",
    records:
      "  a:\n    key: id\n    scope: {field: b}\n    fields:\n      id:\n      b: {required: true, restricted: true}",
    line: 9, "the scope field cannot be"),
  BadSchema(
    "restricted joint",
    records: """
        a:
          key: id
          scope: {field: u}
          joint: {county: x, city: y}
          fields:
            id:
            u: {required: true}
            x: {policy: latest, restricted: true}
            y: {owner: city, policy: latest}
      """, line: 11, "a joint field cannot be"),
  BadSchema(
    "restricted key of a lock",
    records: """
        p: {key: id, owner: city, fields: {id: , state: {values: [open, shut]}}}
        a:
          key: id
          locked_by: {record: p, key: p, field: state, values: shut}
          fields:
            id:
            p: {required: true, restricted: true}
      """, line: 10, "a locking field cannot be"),
  BadSchema(
    "restricted state of a lock",
    records: """
        p:
          key: id
          owner: city
          fields:
            id:
            state: {restricted: true, values: [open, shut]}
        a:
          key: id
          locked_by: {record: p, key: p, field: state, values: shut}
          fields: {id: , p: {required: true}}
      """, line: 9, "a locking field cannot be"),
  BadSchema("restricted max", fields: "      b: {policy: max, restricted: true}", "cannot have policy max"),
  BadSchema("restricted min", fields: "      b: {policy: min, restricted: true}", "cannot have policy min"),
  BadSchema("restricted union", fields: "      b: {policy: union, restricted: true}", "cannot have policy union"),
  BadSchema("restricted text", fields: "      b: {policy: text, restricted: true}", "cannot have policy text"),
  BadSchema(
    "restricted, required, of values", fields: "      b: {required: true, values: [x], restricted: true}",
    "reads “已删除”, which its checks refuse"),
  BadSchema(
    "restricted, required, of a format", fields: "      b: {required: true, format: x, restricted: true}",
    "remove required"),
  BadSchema(
    "restricted, required, too short", fields: "      b: {required: true, max_length: 2, restricted: true}",
    "3 or more"),
]
