import SchemaFile
import SyncCore
import TestSupport
import Testing

@Suite struct CanonicalTests {
  @Test("Canonical JSON gives the schema back, and the same text again")
  func roundTrip() throws {
    let schema = try Schema.foreign()
    let text = try SchemaFile.canonicalJSON(schema)
    let back = try SchemaFile.parse(canonicalJSON: text)
    #expect(back == schema)
    #expect(try SchemaFile.canonicalJSON(back) == text)
  }

  @Test("The text is pinned: keys in order, no spaces, nothing escaped that need not be")
  func pinned() throws {
    let schema = try SchemaFile.read("schema: a/b\nversion: 2\nrecords: {企业: {key: id, fields: {id: {type: uuid}}}}")
    #expect(
      try SchemaFile.canonicalJSON(schema) == """
        {"name":"a/b","records":[{"edits":"reject","fields":[{"check":{},"kind":"uuid","label":{"en":"id","zh":"id"},\
        "name":"id","policy":"review","required":true,"weak":false}],"key":["id"],"label":{"en":"企业","zh":"企业"},\
        "name":"企业","owner":"any","scope":{"all":{}},"unique":[]}],"title":{"en":"a/b","zh":"a/b"},"version":2}
        """)
  }

  /// What the wire could bring and a file could not, or could too: each is a change of a sound schema.
  static let spoilt: [(reason: String, spoil: @Sendable (inout Schema) -> Void)] = [
    ("version must be 1", { $0.version = 0 }),
    ("no records", { $0.records = [] }),
    ("one name", { $0.records.append($0.records[0]) }),
    ("a key must be required", { $0.records[0].fields[0].required = false }),
    ("no key", { $0.records[0].key = [] }),
    ("empty or stands twice", { $0.records[0].unique.append([]) }),
    ("start with sync_", { $0.records[0].fields[1].name = "sync_x" }),
    ("1 or more", { $0.records[0].fields[1].check.maxLength = -1 }),
    ("refers to no record", { $0.records[0].fields[2].reference = Reference(record: "nowhere", field: "x") }),
    ("not the text key", { $0.units = Reference(record: "order", field: "id") }),
  ]

  @Test("The rules hold for what comes over the wire", arguments: spoilt.indices)
  func refused(index: Int) throws {
    let (reason, spoil) = Self.spoilt[index]
    var schema = try Schema.foreign()
    spoil(&schema)
    let text = try SchemaFile.canonicalJSON(schema)
    let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: text) }
    #expect(failure.kind == .data)
    #expect(failure.message.en.contains(reason), "\(failure.message.en)")
  }

  @Test(
    "Text that is no schema is refused as data",
    arguments: [
      "", "{", "[]", "{\"name\":\"x\"}", "null",
      // JSONDecoder passes over a control character that JSONSerialization refuses.
      "{\"name\":\"x\",\"version\":1,\"title\":\"\u{1}\"}",
    ])
  func noSchema(text: String) throws {
    let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: text) }
    #expect(failure.kind == .data)
  }
}
