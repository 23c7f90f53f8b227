import SchemaFile
import SyncCore
import Testing

@Suite struct RuleTests {
  @Test("Row rules are read as they stand")
  func rules() throws {
    let schema = try Schema.ruled()
    #expect(schema.successor == "承接")
    #expect(
      schema.record("report")?.rules
        == RowRules(
          delete: .keep,
          lock: Lock(record: "period", key: ["year", "quarter"], field: "state", values: ["locked", "closed"]),
          decides: .owner, joint: Joint(county: "county_ok", city: "city_ok")))
    #expect(
      schema.record("visit")?.rules
        == RowRules(
          append: true, delete: .remove, lock: Lock(record: "day", key: ["on"], field: "state", values: ["shut"])))
    #expect(schema.record("unit")?.rules == RowRules())
  }

  @Test("The rules may be written out though they are the default ones")
  func defaults() throws {
    let schema = try SchemaFile.read(
      "schema: s\nversion: 1\nrecords: {a: {append: false, delete: review, decides: city, key: id, fields: {id: }}}")
    #expect(schema.records.map(\.rules) == [RowRules()])
    #expect(schema.successor == nil)
  }

  @Test("Policies that compute are read")
  func policies() throws {
    let report = try #require(try Schema.ruled().record("report"))
    #expect(
      report.fields.map(\.policy) == [.review, .review, .review, .sum, .sum, .union, .text, .latest, .latest])
  }

  @Test("A choice may be the city's; one that is not says nothing of it in the canonical text")
  func choices() throws {
    let schema = try SchemaFile.read(
      """
      schema: s
      version: 1
      records:
        a:
          key: id
          fields: {id: , state: {values: {draft: 草稿, published: {zh: 公布, en: Published, owner: city}}}}
      """)
    let field = try #require(schema.record("a")?.field("state"))
    #expect(field.check.values?.map(\.owner) == [nil, .city])
    #expect(field.citysChoice(.text("published"))?.label == Label(zh: "公布", en: "Published"))
    #expect(field.citysChoice(.text("draft")) == nil)
    let text = try SchemaFile.canonicalJSON(schema)
    #expect(
      text.contains(
        """
        "values":[{"label":{"en":"草稿","zh":"草稿"},"value":"draft"},\
        {"label":{"en":"Published","zh":"公布"},"owner":"city","value":"published"}]
        """))
    #expect(try SchemaFile.parse(canonicalJSON: text) == schema)
  }

  @Test("A projection takes its fields from the record that it shows, which may come later")
  func projections() throws {
    let schema = try SchemaFile.read(
      """
      schema: s
      version: 1
      records:
        stub:
          label: {zh: 目录, en: Stub}
          key: id
          projects: {record: a, fields: {id: , state: {zh: 状况, en: Standing}, n: }}
        a:
          key: id
          edits: propose
          scope: {field: org}
          fields:
            id: {type: uuid}
            org: {required: true, references: b.id}
            n: {type: integer, min: 3, label: Number, required: true, policy: max}
            state: {values: {x: {zh: 甲, en: X}, y: {zh: 乙, en: Y, owner: city}}, unique: true}
        b: {key: id, fields: {id: }}
      """)
    let stub = try #require(schema.record("stub"))
    #expect(stub.projects == "a")
    #expect([stub.owner, stub.fields[0].owner] == [.city, nil])
    #expect(stub.fields.map(\.name) == ["id", "state", "n"])
    #expect(stub.fields.map(\.kind) == [.uuid, .text, .integer])
    #expect(stub.fields.map(\.required) == [true, false, true])
    #expect(stub.fields.map(\.label.en) == ["id", "Standing", "Number"])
    #expect(stub.fields[1].check.values?.map(\.owner) == [nil, nil])
    #expect(stub.fields[2].check == Check() && stub.fields[2].policy == .review && stub.unique == [])
    #expect(schema.projections(of: try #require(schema.record("a"))).map(\.name) == ["stub"])
    let text = try SchemaFile.canonicalJSON(schema)
    #expect(text.contains(#""owner":"city","projects":"a","scope""#))
    #expect(text.split(separator: #""projects""#).count == 2)
    #expect(try SchemaFile.parse(canonicalJSON: text) == schema)
  }

  @Test("A projection over the wire has no rules of its own either")
  func projectionsOverTheWire() throws {
    let yaml = """
      schema: s
      version: 1
      records: {a: {key: id, fields: {id: , n: {type: integer}}}, p: {key: id, projects: {record: a, fields: [id, n]}}}
      """
    let spoilt: [(reason: String, spoil: (inout RecordSchema) -> Void)] = [
      ("no owner, edits, unique or rules", { $0.owner = .any }), ("no owner, edits", { $0.edits = .propose }),
      ("no owner, edits", { $0.rules.append = true }), ("no owner, edits", { $0.unique = [["n"]] }),
      ("“n” is not as in “a”", { $0.fields[1].kind = .text }), ("“n” is not as in “a”", { $0.fields[1].owner = .any }),
    ]
    for (reason, spoil) in spoilt {
      var schema = try SchemaFile.read(yaml)
      spoil(&schema.records[1])
      let text = try SchemaFile.canonicalJSON(schema)
      let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: text) }
      #expect(failure.message.en.contains(reason), "\(failure.message.en)")
    }
  }

  @Test("In a record of the city's, the county's field of a joint decision says whose it is")
  func jointOfTheCitys() throws {
    let schema = try SchemaFile.read(
      """
      schema: s
      version: 1
      records:
        a:
          key: id
          owner: city
          scope: {field: org}
          joint: {county: x, city: y}
          fields: {id: , org: {required: true}, x: {owner: any, policy: latest}, y: {policy: latest}}
      """)
    #expect(schema.records[0].rules.joint == Joint(county: "x", city: "y"))
  }

  @Test("Canonical JSON gives the rules back, and the same text again")
  func roundTrip() throws {
    let schema = try Schema.ruled()
    let text = try SchemaFile.canonicalJSON(schema)
    let back = try SchemaFile.parse(canonicalJSON: text)
    #expect(back == schema)
    #expect(try SchemaFile.canonicalJSON(back) == text)
  }

  @Test("The text of rules is pinned; a record with default rules has none")
  func pinned() throws {
    let text = try SchemaFile.canonicalJSON(try .ruled())
    #expect(
      text.contains(
        """
        "owner":"any","rules":{"append":false,"decides":"owner","delete":"keep",\
        "joint":{"city":"city_ok","county":"county_ok"},"lock":{"field":"state","key":["year","quarter"],\
        "record":"period","values":["locked","closed"]}},"scope":{"field":{"_0":"org"}}
        """))
    #expect(text.contains(#""successor":"承接""#))
    #expect(text.split(separator: #""rules":"#).count - 1 == 2)
  }

  @Test("A stored schema without rules, or with the default ones written out, has the default rules")
  func stored() throws {
    let plain = try SchemaFile.read("schema: s\nversion: 1\nrecords: {a: {key: id, fields: {id: }}}")
    let text = try SchemaFile.canonicalJSON(plain)
    #expect(!text.contains("rules"))
    let written = text.replacing(
      #""scope""#, with: #""rules":{"append":false,"decides":"city","delete":"review"},"scope""#)
    #expect(written != text)
    for text in [text, written] { #expect(try SchemaFile.parse(canonicalJSON: text) == plain) }
  }

  /// What the wire could bring and a file could not, or could too.
  static let spoilt: [(reason: String, spoil: @Sendable (inout Schema) -> Void)] = [
    ("report: locked_by.values: is empty", { $0.records[at: "report"]?.rules.lock?.values = [] }),
    ("one field each, in that order", { $0.records[at: "report"]?.rules.lock?.key = [] }),
    ("locked_by: no record “”", { $0.records[at: "report"]?.rules.lock?.record = "" }),
    ("cannot lock itself", { $0.records[at: "report"]?.rules.lock?.record = "report" }),
    ("has no field “”", { $0.records[at: "report"]?.rules.lock?.field = "" }),
    ("both sides name", { $0.records[at: "report"]?.rules.joint?.city = "county_ok" }),
    ("joint.county: no field “”", { $0.records[at: "report"]?.rules.joint?.county = "" }),
    ("no unit owns a record of scope all", { $0.records[at: "visit"]?.rules.decides = .owner }),
    ("successor needs units", { $0.units = nil }),
    ("has no field “”", { $0.successor = "" }),
    ("this is of type text", { $0.records[at: "report"]?.fields[6].policy = .sum }),
  ]

  @Test("The rules hold for what comes over the wire", arguments: spoilt.indices)
  func refused(index: Int) throws {
    let (reason, spoil) = Self.spoilt[index]
    var schema = try Schema.ruled()
    spoil(&schema)
    let text = try SchemaFile.canonicalJSON(schema)
    let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: text) }
    #expect(failure.kind == .data)
    #expect(failure.message.en.contains(reason), "\(failure.message.en)")
  }
}

extension [RecordSchema] {
  fileprivate subscript(at name: String) -> RecordSchema? {
    get { first { $0.name == name } }
    set { if let newValue { self = map { $0.name == name ? newValue : $0 } } }
  }
}
