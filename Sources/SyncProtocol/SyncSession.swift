import SyncCore

/// Whose turn it is, on a replica's side of one exchange. No I/O: a reply in, an action out.
///
///     hello + batches  →  receipts + page
///     hello (tentative) →  page          while more pages follow
///     hello (stale)     →  manifest      when the page says that it cannot continue from the cursor
///
/// A city that is at a later version of the schema ends its answer with that instead of a page; then it is asked anew.
///
/// The enrolment of a machine that was not welcomed yet goes ahead, and its welcome comes ahead.
/// A sync with nothing to do is one round trip.
public struct SyncSession {
  public enum Action {
    /// Ask for the page after this one.
    case continueFrom(Int64)
    /// Take all of it, in one transaction.
    case finish(receipts: [Envelope], pages: [Envelope])
    /// What this replica has read cannot be continued: take a snapshot and these, in one transaction.
    case snapshot(receipts: [Envelope])
    /// Make this the schema of the replica, tell the session with `upgraded`, and ask for pages anew.
    case upgrade(String)
  }

  private let city: VerifyingKey
  private let replica: Identifier
  private let epoch: Identifier
  private var schema: [UInt8]
  private let start: Int64
  private var cursor: Int64
  private var sent: Set<Int64> = []
  private var receipts: [Envelope] = []
  private var pages: [Envelope] = []

  /// - Parameter schema: the hash of the schema by which this replica reads pages.
  public init(city: VerifyingKey, replica: Identifier, epoch: Identifier, schema: [UInt8], cursor: Int64) {
    self.city = city
    self.replica = replica
    self.epoch = epoch
    self.schema = schema
    start = cursor
    self.cursor = cursor
  }

  /// Batches were sent. An answer that does not bring all of their receipts is one to an earlier request, held up on its way: what
  /// its pages say of them could not be told from what others did.
  public mutating func send(_ numbers: [Int64]) { sent.formUnion(numbers) }

  /// Verifies one reply and says what comes next. Throws `EnvelopeError`, or `Failure` when the answer is not for us.
  public mutating func receive(_ reply: [UInt8]) throws -> Action {
    var last: Envelope?
    let known = receipts.count
    for sealed in try SealedEnvelope.split(reply) {
      let message = try sealed.open(with: city)
      guard message.header.replica == replica, message.header.epoch == epoch, last == nil else { throw Self.notForUs }
      switch message.header.kind {
      // Of a machine that was not welcomed yet: whatever else the city says to it says that it is now.
      case .welcome where receipts.count == known: continue
      case .receipt: receipts.append(message)
      case .page
      where message.header.number == cursor && message.header.cursor >= cursor && message.header.schema == schema:
        last = message
      case .schema where message.header.schema == sha256(message.body) && message.header.schema != schema:
        last = message
      default: throw Self.notForUs
      }
    }
    guard let page = last, isAnswered else { throw Self.notForUs }
    if page.header.kind == .schema {
      guard let text = String(validating: page.body, as: UTF8.self) else { throw Self.notForUs }
      return .upgrade(text)
    }
    if page.header.stale { return .snapshot(receipts: receipts) }
    pages.append(page)
    if page.header.more, page.header.cursor == cursor { throw Self.notForUs }
    cursor = page.header.cursor
    if page.header.more { return .continueFrom(cursor) }
    return .finish(receipts: receipts, pages: pages)
  }

  private var isAnswered: Bool { sent.isSubset(of: receipts.map(\.header.number)) }

  /// The replica reads pages by this schema now. What came of pages is asked for again; receipts stay.
  public mutating func upgraded(to schema: [UInt8]) {
    self.schema = schema
    cursor = start
    pages = []
  }

  /// Takes the receipts of a reply to some of the batches, more of which follow. Its page is asked for again with the last.
  public mutating func receiveReceipts(_ reply: [UInt8]) throws {
    var rest = self
    _ = try rest.receive(reply)
    receipts = rest.receipts
  }

  private static let notForUs = Failure(
    .protocolViolation, zh: "收到的回复不是给本机这次请求的;未作任何更改,请重新同步",
    en: "the answer is not for this replica's request; nothing was changed, sync again")
}

extension EnvelopeError {
  /// For a person.
  public var failure: Failure {
    switch self {
    case .unknownVersion(let version):
      Failure(
        .protocolViolation,
        zh: "收到第 \(version) 版协议的消息,本程序使用第 \(Header.version) 版;未作任何更改,请升级较旧的一方",
        en: "a message of version \(version) of the protocol came, this program speaks version \(Header.version); "
          + "nothing was changed, upgrade the older side")
    case .unknownKind:
      Failure(
        .protocolViolation, zh: "对方使用更新的协议版本;请升级", en: "the other side speaks a newer version of the protocol; upgrade")
    case .tooLarge:
      Failure(.data, zh: "消息超过大小限制", en: "a message is larger than the limit")
    case .notAMessage, .tampered, .badSignature, .badCompression:
      Failure(
        .protocolViolation, zh: "消息在途中被改动或不完整;未作任何更改,请重新同步",
        en: "a message was changed or cut on its way; nothing was changed here, sync again")
    }
  }
}
