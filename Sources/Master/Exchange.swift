import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

// The city's side of an exchange: who speaks, is it new, what becomes of each batch, what the replica has not read.
// Every batch is one durable transaction; its receipt leaves only after the commit (I3).

extension Master {
  /// Answers one request: an enrolment, if the replica has no welcome yet, a hello, then any number of batches. Throws
  /// `Refusal` for what a replica must be told.
  public func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
    var rest = try refusing { try SealedEnvelope.split(bytes) }[...]
    var reply: [UInt8] = []
    if let first = rest.first, first.header.kind == .enrol {
      reply += try welcome(first.bytes)
      rest.removeFirst()
    }
    guard let first = rest.popFirst(), first.header.kind == .hello else { throw Refusal.notAMessage }
    let hello = first.header
    let replica = try greet(first)
    let key = try VerifyingKey(bytes: replica.publicKey)
    while let message = rest.popFirst() {
      guard message.header.kind == .batch, message.header.replica == hello.replica else { throw Refusal.notAMessage }
      let batch = try refusing { try message.open(with: key) }
      var secrets: Envelope?
      if let next = rest.first?.header, next.kind == .secrets, next.replica == hello.replica,
        next.number == batch.header.number
      {
        secrets = try refusing { try rest.popFirst()?.open(with: key) }
      }
      reply += try accept(batch, secrets: secrets?.body ?? [], from: replica.id)
    }
    return reply + (try page(for: replica, after: hello.cursor)).bytes
  }

  /// Identifies the sender and uses up its request number.
  private func greet(_ message: SealedEnvelope) throws -> ReplicaRecord {
    let hello = message.header
    return try store.transaction { transaction in
      guard var replica = try transaction.replica(hello.replica) else { throw Refusal.unknownReplica }
      _ = try refusing { try message.open(with: try VerifyingKey(bytes: replica.publicKey)) }
      if replica.isWithdrawn { throw Refusal.withdrawn }
      guard hello.number > replica.request else { throw Refusal.replayed }
      let meta = try transaction.meta()
      guard hello.epoch == meta.epoch, hello.cursor <= (try transaction.head()), hello.cursor >= 0 else {
        throw Refusal.epoch
      }
      guard hello.schema == meta.schemaHash else { throw Refusal.schema }
      replica.request = hello.number
      replica.lastSeen = clock()
      replica.offset = clock() - hello.stamp.milliseconds
      if !hello.tentative { replica.acknowledged = hello.cursor }
      try transaction.save(replica)
      return replica
    }
  }

  /// Merges a batch exactly once and returns its signed receipt.
  /// - Parameter secrets: the restricted values; of a batch that came before they are not looked at.
  private func accept(_ message: Envelope, secrets: [UInt8], from id: Identifier) throws -> [UInt8] {
    try store.transaction { transaction in
      guard let replica = try transaction.replica(id) else { throw Refusal.unknownReplica }
      if replica.isWithdrawn { throw Refusal.withdrawn }
      try absorb(transaction)
      let number = message.header.number
      if let known = try transaction.batch(id, number) {
        #if MUTANTS
          if Mutant.forgetsReceipts.isActive { throw Refusal.gap(number, after: replica.highWater) }
        #endif
        guard known.hash == message.hash else { throw Refusal.fork(number) }
        return known.receipt
      }
      guard number == replica.highWater + 1 else { throw Refusal.gap(number, after: replica.highWater) }
      let meta = try transaction.meta()
      guard message.header.epoch == meta.epoch else { throw Refusal.epoch }
      guard message.header.schema == meta.schemaHash else { throw Refusal.schema }
      let received = try transaction.tick(milliseconds: clock())
      let (batch, kept) = try refusing {
        try self.received(
          Batch(message.body, schema: schema), secrets: SecretsBody.decode(secrets), cursor: message.header.cursor,
          offset: replica.offset, at: received, transaction)
      }
      try transaction.keep(kept, arrival: try transaction.upcomingArrival())
      return try take(batch, of: message, from: replica, received: received, transaction) { arrival, receipts in
        let header = Header(
          kind: .receipt, replica: id, epoch: meta.epoch, number: number, cursor: arrival, stamp: received,
          schema: meta.schemaHash)
        return try Envelope(header, body: ReceiptBody.encode(receipts), key: key).bytes
      }
    }
  }

  /// Everything that the next batch of a county does to the master, whether it arrives or the log is replayed.
  /// - Parameter seal: makes the message that its sender gets.
  func take(
    _ batch: Batch, of message: Envelope, from replica: ReplicaRecord, received: Stamp,
    _ transaction: any MasterTransaction, seal: (_ arrival: Int64, [RowReceipt]) throws -> [UInt8]
  ) throws -> [UInt8] {
    var replica = replica
    let header = message.header
    let arrival = try transaction.nextArrival()
    let desk = desk(transaction, received: received, arrival: arrival)
    let receipt = try seal(
      arrival, try desk.take(batch, from: replica, cursor: header.cursor, number: header.number))
    try transaction.append(
      message, receipt: receipt, arrival: arrival, received: received, offset: replica.offset,
      touched: try touched(batch, transaction))
    replica.highWater = header.number
    try transaction.save(replica)
    return receipt
  }

  func desk(_ transaction: any MasterTransaction, received: Stamp, arrival: Int64) -> Desk {
    Desk(schema: schema, formats: formats, transaction: transaction, received: received, arrival: arrival)
  }

  /// The rows by whose history a batch is found: those that it changes, decides about, rules on or erases.
  func touched(_ batch: Batch, _ transaction: any MasterTransaction) throws -> [RowRef] {
    let decided = try batch.decisions.compactMap { try transaction.conflict($0.conflict) }.map {
      RowRef($0.record, $0.key)
    }
    let ruled = try batch.rulings.compactMap { try transaction.parkedChange($0.parked)?.change.ref }
    let merged = batch.aliases.flatMap { [RowRef($0.record, $0.key), RowRef($0.record, $0.target)] }
    return batch.changes.map(\.ref) + decided + ruled + merged + batch.erasures.map(\.ref)
  }

  private func page(for replica: ReplicaRecord, after cursor: Int64) throws -> Envelope {
    try store.transaction { transaction in
      try absorb(transaction)
      let meta = try transaction.meta()
      let page = try transaction.page(unit: replica.org, after: cursor, for: replica.id, limit: pageLimit)
      var header = Header(
        kind: .page, replica: replica.id, epoch: meta.epoch, number: cursor, cursor: page.cursor,
        stamp: max(try transaction.stamp(), Stamp(milliseconds: clock())), schema: meta.schemaHash)
      header.more = page.more
      return try Envelope(header, body: page.body, key: key)
    }
  }

  /// What cannot be read or verified was changed on the way, or never was a message.
  func refusing<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let refusal as Refusal { throw refusal } catch is EnvelopeError {
      throw Refusal.tampered
    } catch is CodecError {
      throw Refusal.tampered
    } catch is BodyError { throw Refusal.tampered }
  }
}

extension Refusal {
  static let notAMessage = Refusal(.tampered, zh: "这不是 Tributary 的消息", en: "this is not a message of Tributary")
  static let tampered = Refusal(
    .tampered, zh: "消息在途中被改动或不完整;请重新同步", en: "the message was changed or cut on its way; sync again")
  static let unknownReplica = Refusal(
    .unknownReplica, zh: "市里没有登记这台机器;请向市里索取登记码后 init",
    en: "the city does not know this replica; ask for a code and init")
  static let withdrawn = Refusal(
    .withdrawn, zh: "这台机器已被市里停用;请与市里联系", en: "this replica was withdrawn by the city; ask the city")
  static let replayed = Refusal(
    .replayed, zh: "请求号已用过;请重新同步", en: "this request number was used before; sync again")
  static let epoch = Refusal(
    .epoch, zh: "市主库已从备份恢复,纪元不同;请与市里联系", en: "the city's master was restored and has another epoch; ask the city")
  static let schema = Refusal(
    .schema, zh: "本机的模式版本与市里不同;请升级", en: "this replica's schema is not the city's; upgrade it")
  static let badCode = Refusal(
    .badCode, zh: "登记码无效、已使用或已过期;请向市里索取新码",
    en: "the enrolment code is wrong, used or expired; ask the city for a new one")

  static func fork(_ number: Int64) -> Refusal {
    Refusal(
      .fork, zh: "第 \(number) 批已收到过不同内容:本机是复制品或由旧备份恢复;请与市里联系",
      en:
        "batch \(number) came before with another content: this replica was cloned or restored from an old copy; ask the city"
    )
  }
  static func gap(_ number: Int64, after last: Int64) -> Refusal {
    Refusal(.gap, zh: "收到第 \(number) 批,但上一批是第 \(last) 批", en: "batch \(number) came, but the last one was \(last)")
  }
}
