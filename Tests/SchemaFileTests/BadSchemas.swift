import Testing

/// A schema that makes no sense: what is wrong, the file, the line blamed, a part of the reason.
struct BadSchema: CustomTestStringConvertible {
  let name: String
  let yaml: String
  let line: Int
  let reason: String

  init(_ name: String, _ yaml: String, line: Int, _ reason: String) {
    (self.name, self.yaml, self.line, self.reason) = (name, yaml, line, reason)
  }

  /// Records only; the first of these lines is line 4 of the file.
  init(_ name: String, records: String, line: Int, _ reason: String) {
    self.init(name, "schema: s\nversion: 1\nrecords:\n" + records, line: line, reason)
  }

  /// Fields only, beside a text key `id`; the first of these lines is line 8 of the file.
  init(_ name: String, fields: String, line: Int = 8, _ reason: String) {
    self.init(name, records: "  a:\n    key: id\n    fields:\n      id:\n" + fields, line: line, reason)
  }

  var testDescription: String { name }
}

let badFiles = [
  BadSchema("empty", "", line: 1, "empty"),
  BadSchema("not YAML", "schema: s\nversion: [1\nrecords: {}", line: 3, "not proper YAML"),
  BadSchema("not a mapping", "- a", line: 1, "must be a mapping"),
  BadSchema("no name", "version: 1\nrecords: {}", line: 1, "“schema” is missing"),
  BadSchema("no version", "schema: s\nrecords: {}", line: 1, "“version” is missing"),
  BadSchema(
    "version 0", "schema: s\nversion: 0\nrecords: {a: {key: id, fields: {id: }}}", line: 2, "version must be 1"),
  BadSchema("version is no number", "schema: s\nversion: one\nrecords: {}", line: 2, "must be a 64-bit integer"),
  BadSchema("no records", "schema: s\nversion: 1\nrecords: {}", line: 3, "no records"),
  BadSchema("unknown key", "schema: s\nverion: 1\nrecords: {}", line: 2, "did you mean “version”"),
  BadSchema("half a title", "schema: s\nversion: 1\ntitle: {zh: 甲}\nrecords: {}", line: 3, "“en” is missing"),
  BadSchema(
    "units unknown", "schema: s\nversion: 1\nunits: b.id\nrecords: {a: {key: id, fields: {id: }}}", line: 3,
    "units: b.id"),
  BadSchema(
    "units not a text key", "schema: s\nversion: 1\nunits: a.id\nrecords: {a: {key: id, fields: {id: {type: uuid}}}}",
    line: 3, "not the text key"),
  BadSchema("units without dot", "schema: s\nversion: 1\nunits: a\nrecords: {}", line: 3, "must be record.field"),
]

let badRecords = [
  BadSchema("no key", records: "  a:\n    fields: {id: }", line: 4, "“key” is missing"),
  BadSchema("unknown key field", records: "  a:\n    fields: {name: }\n    key: nam", line: 6, "did you mean “name”"),
  BadSchema("key field twice", records: "  a:\n    key: [id, id]\n    fields: {id: }", line: 5, "stands twice"),
  BadSchema("no fields", records: "  a:\n    key: id\n    fields: {}", line: 4, "has 0 fields"),
  BadSchema(
    "61 fields", records: "  a:\n    key: f0\n    fields: {\(fields(61))}", line: 4, "has 61 fields, must have 1 to 60"),
  BadSchema(
    "boolean key", records: "  a:\n    key: id\n    fields:\n      id: {type: boolean}", line: 7,
    "boolean cannot be a key"),
  BadSchema(
    "policy of a key", records: "  a:\n    key: id\n    fields:\n      id: {\n        policy: latest}", line: 8,
    "never merged"),
  BadSchema(
    "same record", records: "  a: {key: id, fields: {id: }}\n  a: {key: id, fields: {id: }}", line: 4, "stands twice"),
  BadSchema(
    "records by case", records: "  a: {key: id, fields: {id: }}\n  A: {key: id, fields: {id: }}", line: 5, "one name"),
  BadSchema("sync_ record", records: "  Sync_state: {key: id, fields: {id: }}", line: 4, "start with sync_"),
  BadSchema("sqlite_ record", records: "  sqlite_x: {key: id, fields: {id: }}", line: 4, "start with sqlite_"),
  BadSchema("quote", records: "  'a\"b': {key: id, fields: {id: }}", line: 4, "double quote"),
  BadSchema(
    "long name", records: "  \(String(repeating: "记", count: 22)): {key: id, fields: {id: }}", line: 4, "63 bytes"),
  BadSchema("no name", records: "  '': {key: id, fields: {id: }}", line: 4, "1 to 63 bytes"),
  BadSchema(
    "unknown owner", records: "  a:\n    owner: county\n    key: id\n    fields: {id: }", line: 5, "is no owner"),
  BadSchema(
    "unknown edits", records: "  a:\n    edits: prpose\n    key: id\n    fields: {id: }", line: 5,
    "did you mean “propose”"),
  BadSchema(
    "unknown record key", records: "  a:\n    lable: x\n    key: id\n    fields: {id: }", line: 5,
    "did you mean “label”"),
  BadSchema(
    "unique of bare names", records: "  a:\n    unique: [id, b]\n    key: id\n    fields: {id: , b: }", line: 5,
    "list of lists"),
  BadSchema(
    "unique is no list", records: "  a:\n    unique: id\n    key: id\n    fields: {id: }", line: 5, "list of lists"),
  BadSchema(
    "unique unknown", records: "  a:\n    unique: [[idd]]\n    key: id\n    fields: {id: }", line: 5,
    "did you mean “id”"),
  BadSchema(
    "unique twice", records: "  a:\n    unique: [[id, b], [b, id]]\n    key: id\n    fields: {id: , b: }", line: 5,
    "stands twice"),
  BadSchema(
    "unique sets whose indexes have one name",
    records: "  a:\n    unique: [[a_b, c], [a, b_c]]\n    key: id\n    fields: {id: , a_b: , c: , a: , b_c: }", line: 5,
    "have one name in a database (a_unique_a_b_c)"),
]

let badFields = [
  BadSchema("same field", fields: "      b:\n      b:", "stands twice"),
  BadSchema("fields by case", fields: "      b:\n      B:", line: 9, "one name"),
  BadSchema("field by case of the key", fields: "      ID:", "one name"),
  BadSchema("rowid", fields: "      RowID:", "reserved by SQLite"),
  BadSchema("_rowid_", fields: "      _rowid_:", "reserved by SQLite"),
  BadSchema("oid", fields: "      oid:", "reserved by SQLite"),
  BadSchema("sync_ field", fields: "      SYNC_x:", "start with sync_"),
  BadSchema("U+0000", fields: "      \"b\\0c\":", "U+0000"),
  BadSchema("field is a word", fields: "      b: text", "must be a mapping"),
  BadSchema("unknown type", fields: "      b:\n        type: interger", line: 9, "did you mean “integer”"),
  BadSchema("unknown policy", fields: "      b: {policy: plus}", "is no policy"),
  BadSchema("unknown field key", fields: "      b: {polcy: max}", "did you mean “policy”"),
  BadSchema("required is no flag", fields: "      b: {required: maybe}", "true or false"),
  BadSchema(
    "min over max", fields: "      b: {type: integer, max: 1,\n          min: 2}", line: 9, "min 2 is above max 1"),
  BadSchema("min of a text", fields: "      b: {min: 2}", "min and max are for numbers"),
  BadSchema("max of a date", fields: "      b: {type: date, max: 2}", "min and max are for numbers"),
  BadSchema("min past 64 bits", fields: "      b: {type: integer, min: 9223372036854775808}", "64-bit integer"),
  BadSchema("length of a number", fields: "      b: {type: integer, max_length: 2}", "text and blob only"),
  BadSchema("length 0", fields: "      b: {max_length: 0}", "1 or more"),
  BadSchema("format of a number", fields: "      b: {type: integer, format: f}", "text only"),
  BadSchema("values of a number", fields: "      b: {type: integer, values: [1]}", "text only"),
  BadSchema("no values", fields: "      b: {values: []}", "must not be empty"),
  BadSchema("value twice", fields: "      b: {values: [x, x]}", "stands twice"),
  BadSchema("max of a blob", fields: "      b: {type: blob, policy: max}", "a blob has no order for max"),
  BadSchema("min of a blob", fields: "      b: {type: blob, policy: min}", "a blob has no order for min"),
  BadSchema("weak without reference", fields: "      b: {weak: true}", "weak is for references only"),
]

private func fields(_ count: Int) -> String { (0..<count).map { "f\($0): " }.joined(separator: ", ") }
