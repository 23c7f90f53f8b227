import SchemaFile
import SyncCore
import Testing

/// What a schema may become, and what it may not.
private let base = """
  schema: s
  version: 3
  units: unit.code
  records:
    unit:
      key: code
      owner: city
      fields: {code: , name: }
    period:
      key: year
      owner: city
      fields: {year: {type: integer}, state: {values: [open, closed, gone]}}
    leave:
      key: [year, unit]
      owner: city
      fields: {year: {type: integer}, unit: , until: {type: date, required: true}}
    firm:
      key: id
      scope: {field: unit}
      unique: [[name, tax]]
      fields:
        id: {type: uuid}
        unit: {required: true, references: unit.code}
        name: {max_length: 9}
        tax: {format: uscc}
        staff: {type: integer, min: 0, max: 9}
        kind: {values: {a: 甲, b: {zh: 乙, en: B, owner: city}}}
        phone: {restricted: true}
        boss: {references: unit.code, weak: true}
    figure:
      key: [firm, year]
      scope: {via: firm}
      locked_by: {record: period, key: [year], field: state, values: [closed]}
      fields: {firm: {references: firm.id}, year: {type: integer}, sales: {type: integer, policy: sum}}
    deal:
      key: id
      joint: {county: x, city: y}
      scope: {field: unit}
      fields: {id: , unit: {required: true}, x: {policy: latest}, y: {owner: city, policy: latest}}
    stub:
      key: id
      projects: {record: firm, fields: [id, name]}
  """

private typealias Edit = (from: String, to: String)
private let last = "boss: {references: unit.code, weak: true}"

/// Each is a change of the base, and what it adds.
private let additive: [(edits: [Edit], found: [String])] = [
  ([("units: unit.code", "title: {zh: 新, en: New}\nunits: unit.code")], ["words "]),
  ([(last, last + "\n      fax:")], ["field firm.fax"]),
  ([(last, last + "\n      fax: {unique: true}")], ["field firm.fax", "unique firm.fax"]),
  (
    [(last, last + "\n      fax: {restricted: true}\n      next: {references: unit.code}")],
    ["field firm.fax", "field firm.next"]
  ),
  (
    [("unique: [[name, tax]]", "unique: [[name, tax], [name, fax]]"), (last, last + "\n      fax:")],
    ["field firm.fax", "unique firm.name,fax"]
  ),
  ([("fields: [id, name]", "fields: [id, name, staff]")], ["field stub.staff"]),
  ([("  stub:", "  more: {key: id, fields: {id: }}\n  stub:")], ["record more"]),
  (
    [("  period:", "  first: {key: id, fields: {id: , unit: {required: true, references: unit.code}}}\n  period:")],
    ["record first"]
  ),
  ([("min: 0, max: 9", "min: -1, max: 10")], ["bound firm.staff", "bound firm.staff"]),
  ([("min: 0, max: 9", "max: 9")], ["bound firm.staff"]),
  ([("max_length: 9", "max_length: 10")], ["bound firm.name"]),
  ([("{format: uscc}", "{}")], ["bound firm.tax"]),
  ([("{a: 甲, b:", "{c: 丙, a: 甲, b:")], ["choice firm.kind"]),
  ([("{a: 甲, b:", "{c: {zh: 丙, en: C, owner: city}, a: 甲, b:")], ["choice firm.kind"]),
  ([("a: 甲", "a: 子")], ["words firm.kind"]),
  ([("name: {max_length: 9}", "name: {max_length: 9, label: 名称}")], ["words firm.name", "words stub.name"]),
  ([("values: [closed]", "values: [gone, closed]")], ["lock figure"]),
  ([("values: [closed]", "values: [closed], except: {record: leave, until: until}")], ["lock figure"]),
  (
    [
      ("fields: {code: , name: }", "fields: {code: , name: , next: {references: unit.code}}"),
      ("units: unit.code", "units: unit.code\nsuccessor: next"),
    ],
    ["units unit.next", "field unit.next"]
  ),
  ([("version: 3", "version: 3\nrequires: 1")], []),
]

@Test(arguments: additive.indices)
func whatIsAddedIsListed(index: Int) throws {
  let (edits, found) = additive[index]
  let new = try version(4, edits)
  #expect(try new.additions(since: version(3, [])).map { "\($0.kind.rawValue) \($0.place)" } == found)
  #expect(try new.additions(since: version(3, [])).allSatisfy { !$0.what.zh.isEmpty && !$0.what.en.isEmpty })
}

/// Each is no addition: where, and a word of why.
private let refused: [(edits: [Edit], names: String)] = [
  ([("schema: s", "schema: t")], "schema: is “t” and was “s”"),
  ([("units: unit.code\n", "")], "units or successor changed"),
  (
    [("version: 3", "version: 3\nsuccessor: name"), ("name: }", "name: {references: unit.code}}")],
    "unit.name: may hold values"
  ),
  ([("  leave:", "  holiday:")], "leave: the record is removed or renamed"),
  ([("      boss:", "      chief:")], "firm.boss: the field is removed or renamed"),
  (
    [("\n      \(last)", ""), ("      phone:", "      \(last)\n      phone:")],
    "firm.phone: was field 7 and is field 8 now"
  ),
  ([("      phone:", "      fax:\n      phone:")], "firm.phone: was field 7 and is field 8 now"),
  ([(last, last + "\n      fax: {required: true}")], "firm.fax: a new field cannot be required"),
  ([("fields: [id, name]", "fields: [id, name, unit]")], "stub.unit: a new field cannot be required"),
  (
    [("y: {owner: city, policy: latest}}", "y: {owner: city, policy: latest}, z: }")],
    "deal.z: a record that both sides approve"
  ),
  ([("max_length: 9", "max_length: 8")], "firm.name: max_length was 9 and is 8"),
  ([("min: 0", "min: 1")], "firm.staff: min was 0 and is 1"),
  ([("max: 9", "max: 8")], "firm.staff: max was 9 and is 8"),
  ([("sales: {type: integer,", "sales: {type: integer, min: 0,")], "figure.sales: min was - and is 0"),
  ([("{format: uscc}", "{format: other}")], "firm.tax: format or values"),
  ([("code: , name: }", "code: , name: {format: uscc}}")], "unit.name: format or values"),
  ([("code: , name: }", "code: , name: {values: [x]}}")], "unit.name: format or values"),
  ([("kind: {values: {a: 甲, b: {zh: 乙, en: B, owner: city}}}", "kind:")], "firm.kind: format or values"),
  ([("{a: 甲, ", "{c: 甲, ")], "firm.kind: “a” of its values is removed, renamed"),
  ([("en: B, owner: city", "en: B")], "firm.kind: “b” of its values"),
  ([("name: {max_length: 9}", "name: {max_length: 9, required: true}")], "firm.name: required"),
  ([("name: {max_length: 9}", "name: {max_length: 9, owner: city}")], "firm.name: owner"),
  (
    [("name: {max_length: 9}", "name: {max_length: 9, policy: text}"), ("unique: [[name, tax]]", "unique: [[tax]]")],
    "firm.name: policy"
  ),
  ([("policy: sum", "policy: max")], "figure.sales: policy"),
  ([("staff: {type: integer", "staff: {type: money")], "firm.staff: type"),
  ([("phone: {restricted: true}", "phone:")], "firm.phone: restricted"),
  ([(last, "boss: {references: unit.code}")], "firm.boss: weak"),
  ([(last, "boss: {references: firm.id, weak: true}")], "firm.boss: references"),
  ([("unique: [[name, tax]]", "unique: [[name, tax], [boss]]")], "firm.boss: cannot become unique"),
  ([("unique: [[name, tax]]", "unique: [[name]]")], "firm.name: cannot become unique"),
  ([("    unique: [[name, tax]]\n", "")], "firm.name,tax: was unique"),
  ([("key: [year, unit]", "key: [unit, year]")], "leave: key"),
  ([("  deal:\n    key: id\n", "  deal:\n    key: id\n    decides: owner\n")], "deal: decides"),
  ([("  deal:\n    key: id\n", "  deal:\n    key: id\n    append: true\n")], "deal: append"),
  ([("  deal:\n    key: id\n", "  deal:\n    key: id\n    delete: keep\n")], "deal: delete"),
  ([("  deal:\n    key: id\n", "  deal:\n    key: id\n    edits: propose\n")], "deal: edits"),
  ([("    joint: {county: x, city: y}\n", "")], "deal: joint"),
  ([("owner: city\n    fields: {code", "fields: {code")], "unit: owner"),
  ([("    locked_by: {record: period, key: [year], field: state, values: [closed]}\n", "")], "figure: locked_by"),
  ([("values: [closed]}", "values: [gone]}")], "figure: locked_by"),
  (
    [
      (
        "  stub:\n    key: id\n    projects: {record: firm, fields: [id, name]}",
        "  stub: {key: id, owner: city, fields: {id: {type: uuid}, name: }}"
      )
    ], "stub: projects"
  ),
]

@Test(arguments: refused.indices)
func whatIsNoAdditionIsNamed(index: Int) throws {
  let (edits, names) = refused[index]
  let new = try version(4, edits)
  let failure = try #require(throws: Failure.self) { try new.additions(since: version(3, [])) }
  #expect(failure.kind == .data && failure.message.en.contains(names), "\(failure.message.en)")
  #expect(!failure.message.zh.isEmpty)
}

@Test func anotherScopeIsNoAddition() throws {
  let old = try version(3, [])
  var new = try version(4, [])
  let index = try #require(new.records.firstIndex { $0.name == "figure" })
  new.records[index].scope = .all
  let failure = #expect(throws: Failure.self) { try new.additions(since: old) }
  #expect(failure?.message.en.contains("figure: scope") == true)
}

@Test func theVersionGrows() throws {
  for number in [1, 2, 3] {
    let failure = #expect(throws: Failure.self) { try version(number, []).additions(since: version(3, [])) }
    #expect(failure?.message.en == "version: is \(number); it must be more than 3")
  }
  #expect(try version(9, []).additions(since: version(3, [])) == [])
}

/// Parents come first, and a field that is new may name one.
@Test func theOrderOfRecordsUniqueSetsAndValuesSaysNothing() throws {
  let old = try version(
    3,
    [
      ("unique: [[name, tax]]", "unique: [[name, tax], [staff]]"),
      ("values: [closed]", "values: [closed, gone]"),
    ])
  var new = old
  new.version = 4
  new.records.reverse()
  for index in new.records.indices {
    new.records[index].unique.reverse()
    new.records[index].rules.lock?.values.reverse()
    for column in new.records[index].fields.indices { new.records[index].fields[column].check.values?.reverse() }
  }
  #expect(new.records.map(\.name) != old.records.map(\.name))
  #expect(try new.additions(since: old) == [])
}

/// Swift takes both spellings for one name; a file does not.
@Test func anotherSpellingIsAnotherName() throws {
  let composed = "schema: s\nversion: 1\nrecords: {a: {key: id, fields: {id: , \u{e9}: }}}"
  let old = try SchemaFile.read(composed)
  let new = try SchemaFile.read(
    composed.replacing("\u{e9}", with: "e\u{301}").replacing("version: 1", with: "version: 2"))
  let failure = #expect(throws: Failure.self) { try new.additions(since: old) }
  #expect(failure?.message.en.contains("removed or renamed") == true)
}

/// Every edit must hit, so that no case tests nothing.
private func version(_ number: Int, _ edits: [Edit]) throws -> Schema {
  var yaml = base
  for (from, to) in edits where from != to {
    try #require(yaml.contains(from), "\(from)")
    yaml = yaml.replacing(from, with: to)
  }
  return try SchemaFile.read(yaml.replacing("version: 3", with: "version: \(number)"))
}
