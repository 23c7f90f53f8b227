import Foundation
import SyncCore
import SyncProtocol

// The city's side of an exchange on sticks. It is an exchange like any other, but its hello may be old, or come twice, and
// there is nobody to ask for the next page: the answer holds all of them, and the receipt of every batch that they reflect.

/// What the city did with a bundle, and what it answered.
public struct BundleReport: Sendable {
  public var replica: Identifier
  public var org: String
  /// The bundle brought the machine's enrolment.
  public var enrolled = false
  /// Batches in the bundle, and how many of them were new, under whatever id they came.
  public var batches = 0
  public var new = 0
  /// Changes of the new batches by what became of them; those taken as sent are not listed.
  public var outcomes: [RowReceipt.Outcome: Int] = [:]
  /// Batches that came back to a city that was restored.
  public var returned = 0
  /// The city was restored, and this is all of the answer: it asks for what the machine has, or waits for others.
  public var standing: Standing?
  /// The machine has not given back yet.
  public var isAsked = false
  /// Of the answer.
  public var receipts = 0
  public var pages = 0
  /// A snapshot takes the place of pages: the replica cannot go on from where it is.
  public var snapshot = false
  public var answer = BundleSize()
}

extension Master {
  /// Takes what a replica wrote and writes the answer, encrypted to that replica. A bundle that is torn or changed, or lacks
  /// a part, changes nothing. Read again, it has no effect and the answer is as good.
  /// - Parameters:
  ///   - file: the first part of the bundle.
  ///   - reply: the first part of the answer.
  public func read(
    bundle file: String, replyingIn reply: String, partSize: Int = BundleWriter.partSize
  ) throws -> BundleReport {
    guard URL(fileURLWithPath: file).standardizedFileURL != URL(fileURLWithPath: reply).standardizedFileURL else {
      throw Failure(.usage, zh: "--reply 不能与所读的文件相同", en: "--reply names the file that is read; use another name")
    }
    let bundle = try BundleReader(file, .up, with: .key(key))
    try bundle.verify()
    do { return try read(bundle, reply, partSize) } catch let refusal as Refusal {
      throw Failure(
        refusal.failure.kind, zh: "\(file) 未被接受,写它的机器应知道:\(refusal.zh)",
        en: "\(file) is refused; the machine that wrote it needs to know: \(refusal.en)")
    }
  }

  private func read(_ bundle: BundleReader, _ reply: String, _ partSize: Int) throws -> BundleReport {
    var next = try bundle.message()
    var welcome: [UInt8] = []
    var enrolments = 0
    while let first = next, first.header.kind == .enrol {
      enrolments += 1
      if enrolments > Self.mostEnrolments { throw Refusal.tooManyIds }
      welcome = try self.welcome(first.bytes)
      next = try bundle.message()
    }
    guard let hello = next, hello.header.kind == .hello else { throw Refusal.notAMessage }
    var rest = try CarriedMessages(bundle)
    if try isFormer(hello.header) {
      return try answerFormer(hello, &rest, welcome: welcome, replyingIn: reply, partSize)
    }
    let replica = try greet(hello, carried: true)
    var report = BundleReport(replica: replica.id, org: replica.org, enrolled: !welcome.isEmpty)
    let first = try take(&rest, from: replica, &report)
    let said = try refusing { try HelloBody(hello.unverifiedBody()) }
    let answer = try writer(reply, .down, to: [.key(replica.agreementKey)], partSize)
    try answer.write(welcome)
    try self.answer(
      replica, hello.header, from: first ?? min(said.last, replica.highWater) + 1, to: answer, &report)
    try store.flush()
    report.answer = try answer.finish()
    return report
  }

  func writer(
    _ file: String, _ direction: BundleDirection, to recipients: [BundleRecipient], _ partSize: Int
  ) throws -> BundleWriter {
    try BundleWriter(file, direction, to: recipients, partSize: partSize, seed: random.bundleSeed())
  }

  /// Merges the batches of a bundle, one after the other.
  /// - Returns: the number of the first.
  func take(
    _ rest: inout CarriedMessages, from replica: ReplicaRecord, _ report: inout BundleReport
  ) throws -> Int64? {
    let key = try VerifyingKey(bytes: replica.publicKey)
    var first: Int64?
    while let carried = try rest.unanswered() {
      let id = carried.message.header.replica
      guard id == replica.id else { throw try store.transaction { try $0.foreign(id) } }
      let batch = try refusing { try carried.message.open(with: key) }
      let number = batch.header.number
      let secrets = try refusing { try carried.secrets?.open(with: key) }
      // Under another id of the machine's it may have come before.
      let isNew = try number > replica.highWater && !store.transaction { try $0.isTaken(batch) }
      let receipt = try accept(batch, secrets: secrets?.body, from: replica.id)
      first = first ?? number
      report.batches += 1
      guard isNew else { continue }
      report.new += 1
      for row in try ReceiptBody.decode(SealedEnvelope(receipt[...]).unverifiedBody()) {
        report.outcomes[row.outcome, default: 0] += 1
      }
    }
    return first
  }

  /// Writes everything that the replica had not read, and with it the receipts of all batches that it reflects: not only of
  /// those in the bundle, because later ones may have come before, by network or on another stick.
  func answer(
    _ replica: ReplicaRecord, _ hello: Header, from first: Int64, to bundle: BundleWriter,
    _ report: inout BundleReport
  ) throws {
    let (upgrade, isStale) = try store.transaction { transaction in
      let meta = try transaction.meta()
      let upgrade = try hello.schema == meta.schemaHash ? nil : schemaMessage(for: replica, after: hello.cursor, meta)
      return (upgrade, try mustTakeSnapshot(hello, transaction))
    }
    if let upgrade { try bundle.write(upgrade.bytes) }
    if isStale {
      report.snapshot = true
      return try writeSnapshot(org: replica.org, for: replica.id, to: bundle) { arrival in
        let receipts = try store.transaction { try self.receipts(of: replica.id, from: first, upTo: arrival, $0) }
        report.receipts = receipts.count
        return receipts
      }
    }
    var cursor = hello.cursor
    var receipts: [[UInt8]]?
    while receipts == nil {
      let page = try store.transaction { transaction in
        let page = try self.page(for: replica, after: cursor, transaction)
        if !page.header.more {
          receipts = try self.receipts(of: replica.id, from: first, upTo: .max, transaction)
        }
        return page
      }
      try bundle.write(page.bytes)
      report.pages += 1
      cursor = page.header.cursor
    }
    for receipt in receipts ?? [] { try bundle.write(receipt) }
    report.receipts = receipts?.count ?? 0
  }

  /// - Parameter arrival: that of the last batch.
  private func receipts(
    of id: Identifier, from first: Int64, upTo arrival: Int64, _ transaction: any MasterTransaction
  ) throws -> [[UInt8]] {
    let meta = try transaction.meta()
    return try transaction.batches(of: id, from: first, upTo: arrival).map { try receipt(of: $0, meta) }
  }
}
