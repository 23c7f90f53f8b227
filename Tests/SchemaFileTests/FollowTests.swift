import SchemaFile
import SyncCore
import Testing

// What a newer program wrote and this one does not know is refused, never left out.

private let text =
  #"{"name":"s","records":[{"edits":"reject","fields":[{"check":{},"kind":"text","label":{"en":"id","zh":"id"},"#
  + #""name":"id","policy":"review","required":true,"weak":false}],"key":["id"],"label":{"en":"a","zh":"a"},"name":"a","#
  + #""owner":"any","scope":{"all":{}},"unique":[]}],"title":{"en":"s","zh":"s"},"version":7}"#

@Test(arguments: [
  (#""version":7"#, #""version":7,"colour":1"#, "says “colour”"),
  (#""check":{}"#, #""check":{"pattern":"x"}"#, "says “pattern”"),
  (
    #""unique":[]"#, #""unique":[],"rules":{"append":false,"delete":"review","decides":"city","sealed":true}"#,
    "says “sealed”"
  ),
  // Names that it knows in another place.
  (#""unique":[]"#, #""unique":[],"max":1"#, "says “max”"), (#""check":{}"#, #""check":{},"min":0"#, "says “min”"),
  (#""all":{}"#, #""all":{"except":"A"}"#, "says “except”"),
  (#""title":{"en":"s""#, #""title":{"append":true,"en":"s""#, "says “append”"),
  (#""version":7"#, #""version":7,"requires":99"#, "needs a program of level 99, this one is of level \(Schema.level)"),
])
func whatThisProgramDoesNotKnowIsNotLeftOut(from: String, to: String, says: String) throws {
  _ = try SchemaFile.parse(canonicalJSON: text)
  let newer = text.replacing(from, with: to)
  #expect(newer != text)
  let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: newer) }
  #expect(failure.kind == .configuration)
  #expect(failure.message.en.contains("version 7 of the schema “s” " + says), "\(failure.message.en)")
}

@Test func aSchemaSaysWhichLevelItNeeds() throws {
  let yaml = "schema: s\nversion: 1\nrequires: 1\nrecords: {a: {key: id, fields: {id: }}}"
  let schema = try SchemaFile.read(yaml)
  #expect(schema.requires == 1)
  #expect(try SchemaFile.parse(canonicalJSON: SchemaFile.canonicalJSON(schema)) == schema)
  for level in ["0", "\(Schema.level + 1)", "99999999999"] {
    let failure = try #require(throws: Failure.self) {
      try SchemaFile.read(yaml.replacing("requires: 1", with: "requires: \(level)"))
    }
    #expect(failure.kind == .data && failure.message.en.hasPrefix("line 3: requires is"), "\(failure.message.en)")
  }
}
