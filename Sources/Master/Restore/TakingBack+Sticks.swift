import Foundation
import SyncCore
import SyncProtocol

// A stick of a former epoch. One that was written in ignorance of the restore is answered with the word that the city wants
// back what it lacks, and so is one that was written for an earlier restore, after the city has taken what it holds; one that
// gives back what this city has asked for is answered, once everybody has, with a snapshot and the receipts.

extension Master {
  /// How many bytes of messages are held at once.
  private static let atOnce = 16 << 20

  func isFormer(_ hello: Header) throws -> Bool { try store.transaction { try $0.isFormer(hello) } }

  func answerFormer(
    _ hello: SealedEnvelope, _ rest: inout CarriedMessages, welcome: [UInt8], replyingIn reply: String, _ partSize: Int
  ) throws -> BundleReport {
    let header = hello.header
    guard header.carried else { throw Refusal.notAMessage }
    let returned = header.returning ? try takeBack(hello, &rest) : try ask(hello)
    guard var replica = try store.write({ try member(header.replica, SQLiteMasterTransaction(db: $0, schema: schema)) })
    else { throw Refusal.unheardStranger }
    var report = BundleReport(replica: replica.id, org: replica.org, enrolled: !welcome.isEmpty)
    report.returned = returned
    report.isAsked = try !header.returning || isWaiting(for: header.replica)
    var first: Int64?
    if try !isWaiting(header) {
      replica = try store.transaction { try meet(header, $0) }
      first = try take(&rest, from: replica, &report)
    }
    let (receipts, standing, word) = try standing(header, asking: report.isAsked)
    let answer = try writer(reply, .down, to: [.key(replica.agreementKey)], partSize)
    try answer.write(welcome + word.bytes)
    if header.returning, standing.isComplete {
      try answer.write(receipts)
      var now = header
      (now.epoch, now.stale, now.cursor) = (word.header.epoch, true, 0)
      try self.answer(replica, now, from: first ?? replica.highWater + 1, to: answer, &report)
    } else {
      report.standing = standing
    }
    try store.flush()
    report.answer = try answer.finish()
    return report
  }

  /// Whether the batches of the stick that no city has answered have to stay with their sender.
  private func isWaiting(_ hello: Header) throws -> Bool {
    try !hello.returning || store.transaction { try $0.isRecovering() || $0.replica(hello.replica) == nil }
  }

  /// Whether the machine may have more than it has given back.
  private func isWaiting(for replica: Identifier) throws -> Bool {
    try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      return try transaction.isRecovering() && !transaction.hasHeard(replica)
    }
  }

  /// What a hello of this epoch would bring, so that its sender goes on.
  private func meet(_ hello: Header, _ transaction: any MasterTransaction) throws -> ReplicaRecord {
    guard var replica = try transaction.replica(hello.replica) else { throw Refusal.unknownReplica }
    _ = try schema(named: hello.schema, transaction.meta(), transaction)
    replica.offset = offset(of: replica, hello)
    try transaction.save(replica)
    return replica
  }

  /// Verifies who wrote the stick. It has not given back yet.
  private func ask(_ hello: SealedEnvelope) throws -> Int {
    try takeBack(hello, [], isLast: false)
    return 0
  }

  /// - Returns: how many batches came back.
  private func takeBack(_ hello: SealedEnvelope, _ rest: inout CarriedMessages) throws -> Int {
    var count = 0
    var size = 0
    var portion: [SealedEnvelope] = []
    while let messages = try rest.returned() {
      portion += messages
      count += 1
      size += messages.reduce(0) { $0 + $1.bytes.count }
      guard size >= Self.atOnce else { continue }
      try takeBack(hello, portion[...], isLast: false)
      (portion, size) = ([], 0)
    }
    try takeBack(hello, portion[...], isLast: true)
    return count
  }
}

extension Refusal {
  /// Enrolled after the backup, by a batch of the city's own that has not come back yet.
  static let unheardStranger = Refusal(
    .unknownReplica,
    zh: "备份中没有这台机器,市里还打不开给它的回复;请在那台机器上运行 county bundle write --give-back 重新写一个交换包,没有丢失任何内容",
    en:
      "the backup does not know this machine, and the city cannot answer it yet; write a new bundle there with county "
      + "bundle write --give-back, nothing is lost")
}
