import SyncCore
import SyncProtocol
import Testing

/// Bodies as other languages read them: hex of the bytes and the changes in them.
struct ChangesetVectorTests {
  struct File: Codable {
    struct Case: Codable {
      var name: String
      var form: String
      var hex: String
      var changes: [VectorFile.Row]
    }
    struct Refused: Codable {
      var name: String
      var hex: String
      var reason: String
    }
    var cases: [Case]
    var refused: [Refused]
  }

  static func bodies() throws -> [(name: String, form: ChangesetForm, bytes: [UInt8])] {
    let texts = ChangesetFormatTests.edits
    return try texts.enumerated().map { index, sql in
      ("by SQLite \(index + 1)", .changeset, try SessionDatabase(ChangesetFormatTests.schemas).record(.changeset, sql))
    }
      + texts.filter { !$0.contains("UPDATE") }.enumerated().map { index, sql in
        (
          "patchset by SQLite \(index + 1)", .patchset,
          try SessionDatabase(ChangesetFormatTests.schemas).record(.patchset, sql)
        )
      } + [
        ("empty", .changeset, []),
        ("batch", .changeset, Sample.batch.encoded(Sample.schema)),
        ("receipt", .patchset, ReceiptBody.encode(ReceiptBodyTests.rows)),
        ("page", .patchset, PageBodyTests.encode(PageBodyTests.items)),
      ]
  }

  /// Makes the file anew: only with TRIBUTARY_WRITE_VECTORS=1.
  func write() throws {
    let cases = try Self.bodies().map { name, form, bytes in
      File.Case(name: name, form: "\(form)", hex: bytes.hex, changes: try readBySQLite(bytes).map(VectorFile.Row.init))
    }
    let refused = ChangesetFormatTests.bad.map { File.Refused(name: $0.name, hex: $0.hex, reason: $0.reason.rawValue) }
    try VectorFile.write("changeset.json", File(cases: cases, refused: refused))
  }

  @Test func read() throws {
    if VectorFile.isWriting { try write() }
    let file: File = try VectorFile.read("changeset.json")
    #expect(file.cases.count == (try Self.bodies().count))
    for item in file.cases {
      let bytes = try #require([UInt8](hex: item.hex))
      let form: ChangesetForm = item.form == "changeset" ? .changeset : .patchset
      #expect(try readByUs(bytes, form).map(VectorFile.Row.init) == item.changes, "\(item.name)")
    }
    for item in file.refused {
      let error = #expect(throws: CodecError.self, "\(item.name)") {
        try readByUs(try #require([UInt8](hex: item.hex)), .changeset)
      }
      #expect(error?.reason.rawValue == item.reason, "\(item.name)")
    }
  }

  /// What we write today is what the files hold: bodies are not compressed and not signed, so they compare by byte.
  @Test func writtenAsBefore() throws {
    let file: File = try VectorFile.read("changeset.json")
    for body in try Self.bodies() {
      #expect(file.cases.first { $0.name == body.name }?.hex == body.bytes.hex, "\(body.name)")
    }
  }
}
