import SyncCore
import Testing

/// Keys and merges as other languages read them. TRIBUTARY_WRITE_VECTORS=1 writes the files anew from the tables here.
@Suite(.serialized) struct CoreVectorTests {
  struct MergeFile: Codable {
    struct Column: Codable, Hashable {
      var name: String
      var policy: String
      var owner: String?
    }
    var key: [String]
    var scope: String
    var fields: [Column]
    var cases: [MergeCase]

    static let current = MergeFile(
      key: thing().key, scope: thing().scopeField ?? "",
      fields: thing().fields.map { Column(name: $0.name, policy: $0.policy.rawValue, owner: $0.owner?.rawValue) },
      cases: mergeTable)
  }

  struct KeyFile: Codable {
    struct Key: Codable {
      var values: [Value]
      var hex: String
    }
    var keys: [Key]
    /// Bytes that are no key.
    var refused: [String]
  }

  /// Makes the file anew: only with TRIBUTARY_WRITE_VECTORS=1.
  func write() throws {
    try VectorFile.write("merge.json", MergeFile.current)
    let refused = [
      "00", "01", "0301ff", "030100", "028000000000000000", "027ff8000000000000", "06", "0387ffffff7f", "0380",
    ]
    try VectorFile.write(
      "key.json",
      KeyFile(keys: RowKeyTests.keys.map { .init(values: $0, hex: RowKey($0).encoded.hexText) }, refused: refused))
  }

  @Test func merges() throws {
    if VectorFile.isWriting { try write() }
    let file: MergeFile = try VectorFile.read("merge.json")
    #expect(file.fields == MergeFile.current.fields)
    #expect(file.key == MergeFile.current.key)
    #expect(file.scope == MergeFile.current.scope)
    #expect(file.cases.map(\.name) == mergeTable.map(\.name))
    for item in file.cases { #expect(try item.merged() == item.result, "\(item.name)") }
  }

  @Test func keys() throws {
    let file: KeyFile = try VectorFile.read("key.json")
    #expect(file.keys.count == RowKeyTests.keys.count)
    for key in file.keys {
      #expect(RowKey(key.values).encoded.hexText == key.hex)
      #expect(try RowKey(encoded: try #require([UInt8](hexText: key.hex))).values == key.values)
    }
    #expect(!file.refused.isEmpty)
    for hex in file.refused {
      let bytes = try #require([UInt8](hexText: hex))
      #expect(throws: CodecError.self, "\(hex)") { try RowKey(encoded: bytes) }
    }
  }
}
