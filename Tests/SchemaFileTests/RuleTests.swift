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
