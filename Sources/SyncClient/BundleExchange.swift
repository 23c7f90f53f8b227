import Foundation
import Replica
import SyncCore
import SyncProtocol

/// What a bundle to the city holds.
public struct BundleContent: Sendable, Equatable {
  public var batches = 0
  public var rows = 0
  public var size = BundleSize()
  /// Rows that cannot be sent.
  public var held: [HeldRow] = []
}

/// One exchange of a replica with its city on sticks: the messages of `SyncClient`, in files. Lost, repeated, read late or
/// mixed with exchanges over the network, it is safe.
public struct BundleExchange: Sendable {
  let replica: Replica

  public init(_ replica: Replica) { self.replica = replica }

  /// How many bytes of batches are held at once.
  private static let atOnce = 16 << 20

  /// Freezes what is pending and writes everything that has no receipt yet.
  /// - Parameter stale: asks for a snapshot instead of pages.
  public func write(
    _ file: String, partSize: Int = BundleWriter.partSize, stale: Bool = false
  ) throws -> BundleContent {
    try replica.refuseDamage()
    var content = BundleContent()
    content.held = try replica.freeze()
    let bundle = try replica.bundle(to: file, partSize: partSize)
    try bundle.write(try replica.enrolment())
    try bundle.write(try replica.hello(stale: stale, carried: true).bytes)
    var batches = try replica.outbox(upTo: Self.atOnce)
    while let last = batches.last {
      for batch in batches { try bundle.write(batch.message) }
      content.batches += batches.count
      content.rows += batches.reduce(0) { $0 + $1.rows }
      batches = try replica.outbox(after: last.number, upTo: Self.atOnce)
    }
    content.size = try bundle.finish()
    try replica.noteBundle()
    return content
  }

  /// Takes what the city answered, in one transaction. Nil: it is older than what this replica has, and nothing was to do.
  public func read(_ file: String) throws -> SyncSummary? {
    try replica.refuseDamage()
    let bundle = try replica.openAnswer(file)
    let meta = try replica.meta()
    let answer = try BundleAnswer(
      bundle, city: try VerifyingKey(bytes: meta.cityKey), replica: meta.replica, epoch: meta.epoch,
      schema: meta.schemaHash)
    if let later = answer.receipts.first(where: { $0.header.number > meta.last }) {
      throw Self.oldCopy(file, later.header.number)
    }
    if answer.isWelcome { try replica.noteWelcome() }
    // The pages that brought this replica here came with every receipt for what they state.
    let isAwaited = try replica.isWaiting(for: answer.receipts.map(\.header.number))
    if answer.end < meta.cursor || answer.end == meta.cursor && !isAwaited { return nil }
    if let start = answer.start, start > meta.cursor { throw Self.gap(file) }
    var summary = SyncSummary()
    if let schema = answer.upgrade {
      try replica.upgrade(to: schema)
      summary.upgraded = replica.schema.version
    }
    summary.received = try take(answer, bundle)
    return summary
  }

  /// A row that is pending here may hold the place of one that comes: it is set aside. One that was sent may not: what became
  /// of it is in the answer to a later bundle.
  private func take(_ answer: BundleAnswer, _ bundle: BundleReader) throws -> ReceiveSummary {
    guard let snapshot = answer.snapshot else {
      return try take(bundle.file) {
        try replica.receive(
          receipts: answer.receipts, pages: answer.pages, overlapping: true, parkingClashes: $0)
      }
    }
    return try bundle.withFile(of: snapshot, beside: replica.path) { copy in
      try take(bundle.file) {
        try replica.receive(receipts: answer.receipts, snapshot: snapshot, file: copy, parkingClashes: $0)
      }
    }
  }

  private func take(
    _ file: String, _ receive: (_ parkingClashes: Bool) throws -> ReceiveSummary
  ) throws -> ReceiveSummary {
    do {
      do { return try receive(false) } catch is Clash { return try receive(true) }
    } catch let failure as Failure where failure.kind == .data {
      throw Self.waits(file, failure)
    } catch is BodyError { throw BundleFailure.damaged(file) } catch is CodecError {
      throw BundleFailure.damaged(file)
    }
  }

  private static func gap(_ file: String) -> Failure {
    Failure(
      .data, zh: "\(file) 接不上本机已读到的位置:本机可能是旧副本,或缺少更早的回复;请用 county bundle write 重新写一个交换包交给市里",
      en:
        "\(file) begins after what this machine has read: an earlier answer is missing, or this is an old copy of its file; write a new bundle (county bundle write) and take it to the city"
    )
  }

  private static func oldCopy(_ file: String, _ number: Int64) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 回复了本机没有的第 \(number) 批:本机文件是由旧副本恢复的;未作任何更改,请与市里联系",
      en:
        "\(file) answers batch \(number), which this file does not have: it was restored from an old copy; nothing was changed, ask the city"
    )
  }

  private static func waits(_ file: String, _ failure: Failure) -> Failure {
    Failure(
      .data,
      zh: "\(file) 中的行与本机已发出、尚无回复的行相冲突(\(failure.message.zh));未作任何更改,请再写一个交换包交给市里,读取它的回复",
      en:
        "a row in \(file) meets one that was sent from here and has no answer yet (\(failure.message.en)); nothing was changed: write a new bundle, take it to the city and read its answer"
    )
  }
}
