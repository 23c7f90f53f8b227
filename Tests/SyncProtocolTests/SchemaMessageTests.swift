import SyncCore
import SyncProtocol
import Testing

// A later version of the schema on its way: in a batch of the city's own, and at the end of an answer.

private let step = SchemaStep(version: 4, text: "{…}", edit: Edit(stamp: Stamp(raw: 9), actor: "li"))

@Test func aBatchOfTheCitysBringsASchema() throws {
  let batch = Batch(schemas: [step])
  #expect(!batch.isEmpty)
  #expect(try Batch(batch.encoded(Sample.schema), schema: Sample.schema) == batch)
  let table = ChangesetTable(name: "sync_schema", columns: 4, key: [0])
  for row: [Value?] in [
    [.text("4"), .text("{}"), .text("li"), .integer(9)], [.integer(4), .null, .text("li"), .integer(9)],
    [.integer(4), .text("{}"), .text("li"), nil],
  ] {
    var writer = ChangesetWriter(.changeset)
    writer.append(.insert, new: row, to: table)
    #expect(throws: BodyError.badShape("sync_schema")) { try Batch(writer.bytes, schema: Sample.schema) }
  }
}

@Test func aChangeOfAnEarlierVersionIsAsWideAsTheLaterOne() throws {
  var later = Sample.schema
  for index in later.records.indices {
    later.records[index].fields.append(Field(name: "more", label: Label(zh: "", en: "")))
  }
  let wide = Sample.batch.widened(to: later)
  for (old, new) in zip(Sample.batch.changes, wide.changes) {
    #expect(new.old == old.old + [old.kind == .delete ? .null : nil])
    #expect(new.new == old.new + [old.kind == .insert ? .null : nil])
    #expect((new.key, new.kind, new.edit) == (old.key, old.kind, old.edit) && new.cellEdits == old.cellEdits)
  }
  #expect(wide.widened(to: later) == wide)
  #expect(wide.decisions == Sample.batch.decisions)
  #expect(try Batch(wide.encoded(later), schema: later) == wide)
}

struct SchemaAnswerTests {
  private let text = #"{"name":"s"}"#

  private func message(_ text: [UInt8], schema: [UInt8]? = nil) throws -> [UInt8] {
    var header = Sample.header(.schema, number: 10, cursor: 10)
    header.schema = schema ?? sha256(text)
    return try Envelope(header, body: text, key: try Sample.key(1)).bytes
  }

  @Test func anAnswerThatEndsWithASchema() throws {
    var session = try SyncSessionTests().session()
    guard
      case .continueFrom(20) = try session.receive(
        SyncSessionTests.receipt(1) + SyncSessionTests.page(10, 20, more: true))
    else {
      Issue.record("must continue from 20")
      return
    }
    // In the middle of the pull: its pages are dropped, its receipts kept.
    guard case .upgrade(text) = try session.receive(message(Array(text.utf8))) else {
      Issue.record("must upgrade")
      return
    }
    let hash = sha256(Array(text.utf8))
    session.upgraded(to: hash)
    #expect(throws: Failure.self) { try session.receive(SyncSessionTests.page(10, 30)) }
    var header = Sample.header(.page, number: 10, cursor: 30)
    header.schema = hash
    guard
      case .finish(let receipts, let pages) = try session.receive(Envelope(header, body: [], key: Sample.key(1)).bytes)
    else {
      Issue.record("must finish")
      return
    }
    #expect(receipts.map(\.header.number) == [1] && pages.map(\.header.cursor) == [30])
  }

  @Test func aSchemaThatIsNotWhatItsHeaderSaysIsRefused() throws {
    let good = Array(text.utf8)
    for reply in [
      try message(good, schema: Array(repeating: 0x5c, count: 32)), try message(good, schema: sha256([1] as [UInt8])),
      try message([0xff, 0xfe]), try message(good) + SyncSessionTests.page(10, 20),
      try SyncSessionTests.page(10, 20) + message(good), try message(good) + SyncSessionTests.receipt(1),
    ] {
      var session = try SyncSessionTests().session()
      #expect(throws: Failure.self) { try session.receive(reply) }
    }
  }
}
