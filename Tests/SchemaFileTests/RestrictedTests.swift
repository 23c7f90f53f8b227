import SchemaFile
import SyncCore
import Testing

@Suite struct RestrictedTests {
  private static let yaml = """
    schema: s
    version: 1
    records:
      a:
        key: id
        fields:
          id:
          phone: {restricted: true, policy: latest, format: phone}
          name: {restricted: true, required: true, max_length: 3}
          note: {restricted: false}
    """

  @Test("A restricted field is read, and what it holds once erased follows from it")
  func read() throws {
    let record = try SchemaFile.read(Self.yaml).records[0]
    #expect(record.fields.map(\.restricted) == [false, true, true, false])
    #expect(record.fields.map(\.erased) == [.text("已删除"), .null, .text("已删除"), .null])
    #expect(record.fields[2].erasing(.null) == .null)
  }

  @Test("Only a restricted field says so in the canonical text, which comes back as it was")
  func canonical() throws {
    let schema = try SchemaFile.read(Self.yaml)
    let text = try SchemaFile.canonicalJSON(schema)
    #expect(text.split(separator: #""restricted":true"#).count == 3)
    #expect(!text.contains(#""restricted":false"#))
    #expect(try SchemaFile.parse(canonicalJSON: text) == schema)
    #expect(try SchemaFile.canonicalJSON(SchemaFile.parse(canonicalJSON: text)) == text)
  }

  @Test("A rule that breaks is refused over the wire too")
  func wire() throws {
    var schema = try SchemaFile.read(Self.yaml)
    schema.records[0].fields[3].kind = .date
    schema.records[0].fields[3].restricted = true
    let text = try SchemaFile.canonicalJSON(schema)
    let failure = try #require(throws: Failure.self) { try SchemaFile.parse(canonicalJSON: text) }
    #expect(failure.kind == .data && failure.message.en.contains("restricted is for text only"))
  }
}
