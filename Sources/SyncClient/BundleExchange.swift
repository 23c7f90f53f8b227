import Foundation
import Replica
import SyncCore
import SyncProtocol

/// What a bundle to the city holds.
public struct BundleContent: Sendable, Equatable {
  public var batches = 0
  public var rows = 0
  public var size = BundleSize()
  /// It gives back what a restored city lacks.
  public var givesBack = false
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
  /// - Parameters:
  ///   - stale: asks for a snapshot instead of pages.
  ///   - givingBack: gives back what a restored city may lack, though it has not asked yet.
  public func write(
    _ file: String, partSize: Int = BundleWriter.partSize, stale: Bool = false, givingBack: Bool = false
  ) throws -> BundleContent {
    try replica.refuseDamage()
    var content = BundleContent()
    content.held = try replica.freeze(refusingDamage: true)
    let bundle = try replica.bundle(to: file, partSize: partSize)
    try bundle.write(try replica.enrolment())
    content.givesBack = try givingBack || replica.isAskedBack()
    if content.givesBack {
      try giveBack(to: bundle)
    } else {
      try bundle.write(try replica.hello(stale: stale, carried: true).bytes)
    }
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

  /// All of it: nobody knows which city will read it, and what that one lacks by then.
  private func giveBack(to bundle: BundleWriter) throws {
    let hello = try replica.returningHello(more: false, carried: true)
    try replica.noteGivenBack(hello.header)
    try bundle.write(hello.bytes)
    var position = ReturnPosition(own: 0, batch: 0)
    while let (messages, end) = try replica.givingBack(after: position, upTo: Self.atOnce) {
      try bundle.write(messages)
      position = end
    }
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
    if let standing = answer.standing, standing.header.epoch != meta.epoch {
      return try restart(answer, standing, bundle)
    }
    if answer.isWelcome { try replica.noteWelcome() }
    if answer.isOnlyStanding { return nil }
    // The pages that brought this replica here came with every receipt for what they state.
    let isAwaited = try replica.isWaiting(for: answer.receipts.map(\.header.number))
    if answer.end < meta.cursor || answer.end == meta.cursor && !isAwaited { return nil }
    if let start = answer.start, start > meta.cursor { throw Self.gap(file) }
    return try takeAll(answer, bundle)
  }

  private func takeAll(_ answer: BundleAnswer, _ bundle: BundleReader) throws -> SyncSummary {
    var summary = SyncSummary()
    if let schema = answer.upgrade {
      try replica.upgrade(to: schema)
      summary.upgraded = replica.schema.version
    }
    summary.received = try take(answer, bundle)
    return summary
  }

  /// The city was restored. While it is not the end, a failure of kind `busy` says what to do, and nothing is lost.
  private func restart(
    _ answer: BundleAnswer, _ standing: RestoredStanding, _ bundle: BundleReader
  ) throws -> SyncSummary {
    if answer.isWelcome { try replica.noteWelcome() }
    if standing.isAsking { try replica.noteRestored(standing) }
    guard standing.isEnd else { throw standing.failure }
    guard try replica.hasGivenBack(by: standing) else { throw Self.gaveBackBefore(bundle.file) }
    return try takeAll(answer, bundle)
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
      try replica.refuseDamage()
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

  private static func gaveBackBefore(_ file: String) -> Failure {
    Failure(
      .data, zh: "\(file) 回复的是较早的交换包,本机此后又取得了新内容;未作任何更改,请重新写一个交换包(county bundle write)交给市里",
      en:
        "\(file) answers an earlier bundle, and this machine has read more since; nothing was changed, write a new bundle (county bundle write) and take it to the city"
    )
  }

  private static func oldCopy(_ file: String, _ number: Int64) -> Failure {
    Failure(
      .protocolViolation,
      zh: "\(file) 回复了本机没有的第 \(number) 批:本机文件是由旧副本恢复的;未作任何更改,"
        + "请运行 county rejoin,本机的修改都会保留",
      en: "\(file) answers batch \(number), which this file does not have: it was restored from an old copy; "
        + "nothing was changed, run county rejoin, which keeps its edits"
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
