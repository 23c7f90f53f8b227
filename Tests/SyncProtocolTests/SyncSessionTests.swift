import SyncCore
import SyncProtocol
import Testing

struct SyncSessionTests {
  static let cursor: Int64 = 10

  func session(cursor: Int64 = cursor) throws -> SyncSession {
    SyncSession(
      city: try Sample.key(1).publicKey, replica: Sample.id(0xaa), epoch: Sample.id(0xee),
      schema: Array(repeating: 0x5c, count: 32), cursor: cursor)
  }

  static func message(
    _ kind: MessageKind, number: Int64, cursor: Int64, more: Bool = false, replica: UInt8 = 0xaa, epoch: UInt8 = 0xee,
    schema: UInt8 = 0x5c, key: UInt8 = 1
  ) throws -> [UInt8] {
    var header = Sample.header(kind, number: number, cursor: cursor)
    header.replica = Sample.id(replica)
    header.epoch = Sample.id(epoch)
    header.schema = Array(repeating: schema, count: 32)
    header.more = more
    return try Envelope(header, body: [], key: try Sample.key(key)).bytes
  }

  static func page(_ from: Int64, _ to: Int64, more: Bool = false) throws -> [UInt8] {
    try message(.page, number: from, cursor: to, more: more)
  }
  static func receipt(_ number: Int64) throws -> [UInt8] { try message(.receipt, number: number, cursor: 1) }

  @Test func nothingNew() throws {
    var session = try session()
    guard case .finish(let receipts, let pages) = try session.receive(try Self.page(10, 10)) else {
      Issue.record("must finish")
      return
    }
    #expect(receipts.isEmpty)
    #expect(pages.map(\.header.cursor) == [10])
  }

  @Test func receiptsAndMorePages() throws {
    var session = try session()
    let first = try Self.receipt(1) + Self.receipt(2) + Self.page(10, 20, more: true)
    guard case .continueFrom(20) = try session.receive(first) else {
      Issue.record("must continue from 20")
      return
    }
    guard case .continueFrom(30) = try session.receive(try Self.page(20, 30, more: true)) else {
      Issue.record("must continue from 30")
      return
    }
    guard case .finish(let receipts, let pages) = try session.receive(try Self.page(30, 35)) else {
      Issue.record("must finish")
      return
    }
    #expect(receipts.map(\.header.number) == [1, 2])
    #expect(pages.map(\.header.number) == [10, 20, 30])
  }

  /// An answer that was held up on its way (seed 1717 of the simulated town): what its page says of a batch is not to be told
  /// from what others did.
  @Test func anAnswerWithoutTheReceiptOfWhatWasSentIsRefused() throws {
    for last in [try Self.page(10, 20), try Self.message(.page, number: 10, cursor: 10, more: false)] {
      var session = try session()
      session.send([1, 2])
      #expect(throws: Failure.self) { try session.receive(try Self.receipt(1) + last) }
    }
    var session = try session()
    session.send([1])
    try session.receiveReceipts(try Self.receipt(1) + Self.page(10, 20))
    session.send([2])
    // The answer to the request before, once more.
    let again = try Self.receipt(1) + Self.page(10, 20, more: true)
    #expect(throws: Failure.self) { try session.receiveReceipts(again) }
    #expect(throws: Failure.self) { try session.receive(again) }
    guard case .finish = try session.receive(try Self.receipt(2) + Self.page(10, 20)) else {
      Issue.record("must finish")
      return
    }
  }

  static func wrong() throws -> [(name: String, reply: [UInt8])] {
    [
      ("empty", []),
      ("another replica's page", try message(.page, number: 10, cursor: 11, replica: 0xab)),
      ("another replica's receipt", try message(.receipt, number: 1, cursor: 1, replica: 0xab) + page(10, 11)),
      ("another epoch", try message(.page, number: 10, cursor: 11, epoch: 0xef)),
      ("from an older cursor", try page(9, 11)),
      ("from a newer cursor", try page(11, 12)),
      ("backwards", try page(10, 9)),
      ("more without moving", try page(10, 10, more: true)),
      ("no page", try receipt(1)),
      ("a receipt after the page", try page(10, 11) + receipt(1)),
      ("two pages", try page(10, 11) + page(11, 12)),
      ("a hello", try message(.hello, number: 10, cursor: 11)),
      ("a batch", try message(.batch, number: 10, cursor: 11) + page(10, 11)),
      ("a welcome", try message(.welcome, number: 10, cursor: 11)),
    ]
  }

  @Test func refusesWhatIsNotForUs() throws {
    for item in try Self.wrong() {
      var session = try session()
      let failure = #expect(throws: Failure.self, "\(item.name)") { try session.receive(item.reply) }
      #expect(failure?.kind == .protocolViolation, "\(item.name)")
    }
  }

  @Test func refusesAnotherSigner() throws {
    var session = try session()
    let reply = try Self.message(.page, number: 10, cursor: 11, key: 2)
    #expect(throws: EnvelopeError.badSignature) { try session.receive(reply) }
  }

  @Test func aSecondPageMustFollowTheFirst() throws {
    for reply in [try Self.page(10, 20), try Self.page(21, 30)] {
      var session = try session()
      _ = try session.receive(try Self.page(10, 20, more: true))
      #expect(throws: Failure.self) { try session.receive(reply) }
    }
  }

  @Test func envelopeErrorsHaveSentences() {
    let errors: [(EnvelopeError, Failure.Kind)] = [
      (.notAMessage, .protocolViolation), (.unknownVersion(5), .protocolViolation), (.unknownKind, .protocolViolation),
      (.tooLarge, .data), (.tampered, .protocolViolation), (.badSignature, .protocolViolation),
      (.badCompression, .protocolViolation),
    ]
    for (error, kind) in errors {
      #expect(error.failure.kind == kind)
      #expect(!error.failure.message.zh.isEmpty && !error.failure.message.en.isEmpty)
    }
  }

  /// A page by another schema could have the same shape and mean something else.
  @Test func anotherSchema() throws {
    var session = try session()
    let page = try Self.message(.page, number: 10, cursor: 20, schema: 0x5d)
    #expect(throws: Failure.self) { try session.receive(page) }
  }
}
