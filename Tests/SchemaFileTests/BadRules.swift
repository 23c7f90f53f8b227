// Row rules and policies that compute. `a` names its unit and hangs on `period`, which is for all to see.

private func ruled(_ rule: String, scope: String = "{field: org}", fields: String = "") -> String {
  """
    period: {key: [year, half], owner: city, fields: {year: {type: integer}, half: , state: {values: [open, locked]}, n: {type: integer}}}
    hidden: {key: id, scope: {field: org}, fields: {id: , org: {required: true}, state: }}
    a:
      key: id
      scope: \(scope)
      \(rule)
      fields: {id: , org: {required: true}, year: {type: integer, required: true}, half: {required: true}\(fields)}
  """
}

let badPolicies = [
  BadSchema("sum of a text", fields: "      b: {policy: sum}", "a.b: sum is for integer and money only"),
  BadSchema("sum of a real", fields: "      b: {type: real, policy: sum}", "this is of type real"),
  BadSchema("sum of a boolean", fields: "      b: {type: boolean, policy: sum}", "this is of type boolean"),
  BadSchema("union of a date", fields: "      b: {type: date, policy: union}", "union is for text only"),
  BadSchema(
    "text of a blob", fields: "      b: {type: blob,\n          policy: text}", line: 9, "text is for text only"),
  BadSchema("union with values", fields: "      b: {values: [x], policy: union}", "union makes texts"),
  BadSchema("text with values", fields: "      b: {values: [x], policy: text}", "text makes texts"),
  BadSchema("union of a unique field", fields: "      b: {unique: true, policy: union}", "a unique field cannot have"),
  BadSchema(
    "sum within a unique set",
    records: "  a:\n    key: id\n    unique: [[id, b]]\n    fields:\n      id:\n"
      + "      b: {type: integer, policy: sum}", line: 9, "a unique field cannot have policy sum"),
  BadSchema("text of a reference", fields: "      b: {references: a.id, policy: text}", "a reference cannot have"),
  BadSchema(
    "union of the scope field",
    records:
      "  a:\n    key: id\n    scope: {field: b}\n    fields:\n      id:\n      b: {required: true, policy: union}",
    line: 9, "the scope field cannot have policy union"),
  BadSchema(
    "sum of a key", records: "  a:\n    key: id\n    fields:\n      id: {type: integer, policy: sum}", line: 7,
    "never merged"),
]

let badRules = [
  BadSchema("append is no flag", records: ruled("append: sometimes"), line: 9, "true or false"),
  BadSchema("unknown delete", records: ruled("delete: kep"), line: 9, "did you mean “keep”"),
  BadSchema("unknown decider", records: ruled("decides: county"), line: 9, "is no decides (there are: city, owner)"),
  BadSchema("owner of what all see", records: ruled("decides: owner", scope: "all"), line: 9, "no unit owns a record"),
  BadSchema("unknown rule", records: ruled("locked: true"), line: 9, "did you mean “locked_by”"),
  BadSchema(
    "successor without units",
    "schema: s\nversion: 1\nsuccessor: b\nrecords: {a: {key: id, fields: {id: , b: {references: a.id}}}}", line: 3,
    "successor needs units"),
  BadSchema(
    "successor unknown",
    "schema: s\nversion: 1\nunits: a.id\nsuccessor: nxt\nrecords: {a: {key: id, fields: {id: , next: }}}",
    line: 4, "a has no field “nxt”; did you mean “next”"),
  BadSchema(
    "successor no reference",
    "schema: s\nversion: 1\nunits: a.id\nsuccessor: b\nrecords: {a: {key: id, fields: {id: , b: }}}", line: 4,
    "write references: a.id"),
  BadSchema(
    "successor of something else",
    "schema: s\nversion: 1\nunits: a.id\nsuccessor: b\n"
      + "records: {a: {key: id, fields: {id: , b: {references: c.id}}}, c: {key: id, fields: {id: }}}", line: 4,
    "must refer to another unit"),
  BadSchema(
    "successor is the unit itself",
    "schema: s\nversion: 1\nunits: a.id\nsuccessor: id\nrecords: {a: {key: id, fields: {id: {references: a.id}}}}",
    line: 4, "must refer to another unit"),
]

let badLocks = [
  BadSchema("lock is a word", records: ruled("locked_by: period"), line: 9, "must be a mapping"),
  BadSchema(
    "lock without values", records: ruled("locked_by: {record: period, key: [year, half], field: state}"), line: 9,
    "a.locked_by: “values” is missing"),
  BadSchema(
    "lock with an unknown key", records: ruled("locked_by: {rcord: period}"), line: 9, "did you mean “record”"),
  BadSchema("lock by an unknown record", records: lock("perod"), line: 10, "no record “perod”; did you mean “period”"),
  BadSchema("lock by itself", records: lock("a"), line: 10, "a record cannot lock itself"),
  BadSchema("lock by a hidden record", records: lock("hidden"), line: 10, "“hidden” is not for all to see"),
  BadSchema(
    "lock by the county", records: lock().replacing("half], owner: city", with: "half], owner: any"), line: 10,
    "a county could open “period” itself"),
  BadSchema(
    "lock by a state of the county's",
    records: lock().replacing("values: [open, locked]", with: "owner: any, values: [open, locked]"), line: 12,
    "a county could change the state"),
  BadSchema("lock by an unknown field", records: lock(key: "[yaer, half]"), line: 11, "did you mean “year”"),
  BadSchema("lock by part of the key", records: lock(key: "year"), line: 11, "the key of “period” [year, half]"),
  BadSchema("lock by too much", records: lock(key: "[year, half, id]"), line: 11, "one field each"),
  BadSchema("lock by one field twice", records: lock(key: "[half, half]"), line: 11, "stands twice"),
  BadSchema(
    "lock in another order", records: lock(key: "[half, year]"), line: 11,
    "“half” of type text cannot name “period.year” of type integer"),
  BadSchema(
    "lock by what may be empty", records: lock(key: "[year, h]", fields: ", h: "), line: 11, "“h” must be required"),
  BadSchema("lock without such a state", records: lock(field: "stat"), line: 12, "did you mean “state”"),
  BadSchema("lock by a number", records: lock(field: "n"), line: 12, "“period.n” must be a text"),
  BadSchema("lock by no value", records: lock(values: "[]"), line: 13, "must be a name or [name, name]"),
  BadSchema("lock by an unknown value", records: lock(values: "[lockd]"), line: 13, "did you mean “locked”"),
  BadSchema("lock by a value twice", records: lock(values: "[locked, locked]"), line: 13, "stands twice"),
]

private let waiver =
  "waiver: {key: [year, half, org], owner: city, scope: {field: org}, fields: {year: {type: integer}, "
  + "half: , org: , until: {type: date, required: true}, n: , d: {type: date}}}"

private func except(
  _ record: String = "waiver", until: String = "until", other: String = waiver, scope: String = "{field: org}"
) -> String {
  ruled(
    "locked_by:\n      record: period\n      key: [year, half]\n      field: state\n      values: locked\n"
      + "      except:\n        record: \(record)\n        until: \(until)", scope: scope)
    + "\n  \(other)"
}

let badExceptions = [
  BadSchema(
    "exception is a word",
    records: ruled("locked_by: {record: period, key: [year, half], field: state, values: locked, except: waiver}"),
    line: 9, "must be a mapping"),
  BadSchema(
    "exception without an end",
    records: ruled("locked_by: {record: period, key: [year, half], field: state, values: locked, except: {record: a}}"),
    line: 9, "“until” is missing"),
  BadSchema("exception of what all see", records: except(scope: "all"), line: 14, "no unit owns a row of scope all"),
  BadSchema("exception of an unknown record", records: except("waver"), line: 15, "did you mean “waiver”"),
  BadSchema("exception is the record itself", records: except("a"), line: 15, "is locked or locks"),
  BadSchema("exception is what closes", records: except("period"), line: 15, "is locked or locks"),
  BadSchema(
    "exception without the unit",
    records: except(other: waiver.replacing("half, org]", with: "half]").replacing("scope: {field: org}, ", with: "")),
    line: 15,
    "[year, half], of the same types, then the unit"),
  BadSchema(
    "exception in another order", records: except(other: waiver.replacing("[year, half,", with: "[half, year,")),
    line: 15, "of the same types"),
  BadSchema(
    "exception for another unit",
    records: except(
      other: waiver.replacing("{field: org}", with: "{field: n}").replacing("n: ", with: "n: {required: true}")),
    line: 15, "write scope: {field: org}"),
  BadSchema(
    "exception by the county", records: except(other: waiver.replacing("owner: city", with: "owner: any")), line: 15,
    "a county could except itself"),
  BadSchema("exception until nothing", records: except(until: "untl"), line: 16, "did you mean “until”"),
  BadSchema("exception until a text", records: except(until: "n"), line: 16, "must be a required date"),
  BadSchema("exception without a day", records: except(until: "d"), line: 16, "must be a required date"),
]

private func lock(
  _ record: String = "period", key: String = "[year, half]", field: String = "state", values: String = "[locked]",
  fields: String = ""
) -> String {
  ruled(
    "locked_by:\n      record: \(record)\n      key: \(key)\n      field: \(field)\n      values: \(values)",
    fields: fields)
}

let badJoints = [
  BadSchema("joint is a word", records: ruled("joint: yes"), line: 9, "must be a mapping"),
  BadSchema("joint of one side", records: ruled("joint: {city: y}"), line: 9, "“county” is missing"),
  BadSchema("joint of what all see", records: joint(scope: "all"), line: 9, "has no county to approve it"),
  BadSchema("joint of one field", records: joint("x", "x"), line: 11, "both sides name “x”"),
  BadSchema(
    "joint of an unknown field", records: joint("xx", "y"), line: 10, "joint.county: no field “xx”; did you mean “x”"),
  BadSchema("joint of a number", records: joint("year", "y"), line: 10, "must be a text"),
  BadSchema("joint of a key", records: joint("id", "y"), line: 10, "neither key nor required"),
  BadSchema("joint of a required field", records: joint("half", "y"), line: 10, "neither key nor required"),
  BadSchema("joint without the city's owner", records: joint(y: "{policy: latest}"), line: 11, "write owner: city"),
  BadSchema(
    "joint with the city's owner", records: joint(x: "{owner: city, policy: latest}"), line: 10, "write owner: any"),
  BadSchema("joint under review", records: joint(x: "{policy: review}"), line: 10, "write policy: latest"),
  BadSchema(
    "joint by the city's side", records: joint(y: "{owner: city, policy: city}"), line: 11, "write policy: latest"),
]

private func joint(
  _ county: String = "x", _ city: String = "y", scope: String = "{field: org}", x: String = "{policy: latest}",
  y: String = "{owner: city, policy: latest}"
) -> String {
  ruled("joint:\n      county: \(county)\n      city: \(city)", scope: scope, fields: ", x: \(x), y: \(y)")
}
