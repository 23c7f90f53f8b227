import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A replica of a former epoch gives back what the city lacks since it was restored: its own batches with their receipts, and
// the city's own batches that rode along. Everything is verified before it is kept: who sent a batch, that the receipt is of
// that very batch and the city's, and that the city sealed its own.

extension Master {
  /// Answers a hello of a replica that gives back, with what follows it. Asked again, it answers again.
  func takeBack(_ message: SealedEnvelope, _ rest: ArraySlice<SealedEnvelope>) throws -> [UInt8] {
    let hello = message.header
    let own = try refusing { try rest.filter { $0.header.kind == .own }.map(ownReturned) }
    let stranger = try store.write { db -> Bool in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      guard try !transaction.formerEpochs().isEmpty, hello.epoch != (try transaction.meta().epoch) else {
        throw Refusal.epoch
      }
      for batch in own { try keep(batch, transaction) }
      guard let member = try member(hello.replica, own, transaction) else { return true }
      let body = try refusing { try message.open(with: VerifyingKey(bytes: member.publicKey)) }.body
      let seen = try refusing { try HelloBody(body) }.seen
      if member.isWithdrawn { throw Refusal.withdrawn }
      try transaction.addFormer(hello.epoch)
      try use(hello, transaction)
      for batch in try returned(rest, by: member) { try keep(batch, transaction) }
      if !hello.more { try transaction.hear(hello.replica, seen: seen, at: clock()) }
      return false
    }
    // Of whom the city does not know (yet), it takes what it has sealed itself, and nothing else.
    if stranger, rest.contains(where: { $0.header.kind != .own }) { throw Refusal.unknownReplica }
    try applyReturned()
    if try stranger && !hello.more && !store.transaction({ try $0.isRecovering() }) { throw Refusal.unknownReplica }
    return try standing(hello)
  }

  /// Opens a batch of the city's own that a replica gives back.
  private func ownReturned(_ message: SealedEnvelope) throws -> ReturnedBatch {
    let number = message.header.number
    let own = try OwnBatch(sealed: try message.unverifiedBody(), number: number, key: key)
    let signed = try SealedEnvelope(own.message[...]).open(with: key.publicKey)
    guard signed.header.kind == .batch, signed.header.replica == .city, signed.header.number == number else {
      throw EnvelopeError.tampered
    }
    return ReturnedBatch(
      arrival: own.arrival, replica: .city, number: number, receivedAt: own.receivedAt, offset: 0,
      message: own.message, receipt: [], secrets: own.secrets, state: .held)
  }

  /// The batches of a county, each with its secrets, if it has any, and its receipt.
  private func returned(_ messages: ArraySlice<SealedEnvelope>, by member: ReplicaRecord) throws -> [ReturnedBatch] {
    var rest = messages.filter { $0.header.kind != .own }[...]
    let sender = try VerifyingKey(bytes: member.publicKey)
    var list: [ReturnedBatch] = []
    while let message = rest.popFirst() {
      guard message.header.kind == .batch, message.header.replica == member.id else { throw Refusal.notAMessage }
      let batch = try refusing { try message.open(with: sender) }
      var secrets: [UInt8] = []
      if let next = rest.first?.header, next.kind == .secrets, next.number == batch.header.number {
        secrets = try refusing { try rest.popFirst()?.open(with: sender).body ?? [] }
        _ = try refusing { try SecretsBody.decode(secrets) }
      }
      guard let receipt = try refusing({ try rest.popFirst()?.open(with: key.publicKey) }),
        receipt.header.kind == .receipt, receipt.header.replica == member.id,
        receipt.header.number == batch.header.number, receipt.header.cursor > 0,
        let taken = try refusing({ try ReceiptBody.taken(receipt.body) }), taken.hash == batch.hash
      else { throw Refusal.tampered }
      list.append(
        ReturnedBatch(
          arrival: receipt.header.cursor, replica: member.id, number: batch.header.number,
          receivedAt: receipt.header.stamp, offset: taken.offset, message: batch.bytes, receipt: receipt.bytes,
          secrets: secrets, state: .held))
    }
    return list
  }

  /// Who the sender is: enrolled in the backup, or since then by a batch of the city's own that came back.
  private func member(
    _ id: Identifier, _ own: [ReturnedBatch], _ transaction: SQLiteMasterTransaction
  ) throws -> ReplicaRecord? {
    if let known = try transaction.replica(id) { return known }
    let kept = try transaction.returned("replica = ?", [.blob(Identifier.city.bytes)])
    let members = kept.flatMap { $0.content(schema)?.members ?? [] }
    guard let member = members.last(where: { $0.replica == id }) else { return nil }
    return ReplicaRecord(
      id: id, org: member.org, publicKey: member.publicKey, agreementKey: member.agreementKey,
      isWithdrawn: member.isWithdrawn, highWater: 0, request: 0, acknowledged: 0, offset: 0,
      enrolledAt: member.edit.stamp.milliseconds)
  }

  /// Uses up the request's number.
  private func use(_ hello: Header, _ transaction: SQLiteMasterTransaction) throws {
    guard var replica = try transaction.replica(hello.replica) else { return }
    guard hello.carried || hello.number > replica.request else { throw Refusal.replayed }
    replica.request = max(replica.request, hello.number)
    replica.lastSeen = clock()
    try transaction.save(replica)
  }

  /// Keeps what the log does not have. What comes too late for its place is kept apart.
  private func keep(_ batch: ReturnedBatch, _ transaction: SQLiteMasterTransaction) throws {
    var batch = batch
    if let known = try transaction.batch(batch.replica, batch.number) {
      if known.message == batch.message { return }
      // The city itself never numbers twice; a county that does was cloned.
      throw batch.replica == .city ? Refusal.tampered : Refusal.fork(batch.number)
    }
    let isPast = try batch.arrival <= transaction.lastArrival()
    if try isPast || !transaction.isRecovering() { batch.state = .late }
    try transaction.keep(batch)
  }

  /// What the replica is told: which epoch it is, what the city has, and, once everything is back, the receipts that are not
  /// those of then.
  private func standing(_ hello: Header) throws -> [UInt8] {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let meta = try transaction.meta()
      let isComplete = try !transaction.isRecovering() && transaction.replica(hello.replica) != nil
      let missing = isComplete ? 0 : try transaction.missing().reduce(0) { $0 + Int64($1.count) }
      let standing = Standing(
        batch: try transaction.lastReturned(of: hello.replica), own: try transaction.lastReturned(of: .city),
        isComplete: isComplete, missing: missing, unheard: isComplete ? 0 : try transaction.unheard().count)
      let header = Header(
        kind: .standing, replica: hello.replica, epoch: meta.epoch, number: hello.number, cursor: 0,
        stamp: max(try transaction.stamp(), Stamp(milliseconds: clock())), schema: meta.schemaHash)
      let receipts = isComplete ? try transaction.receipts(of: hello.replica, in: meta.epoch) : []
      return receipts + (try Envelope(header, body: try standing.bytes, key: key).bytes)
    }
  }
}

extension SQLiteMasterTransaction {
  func hear(_ replica: Identifier, seen: Int64, at now: Int64) throws {
    try db.run(
      "INSERT INTO sync_heard VALUES (?, ?, ?) ON CONFLICT (replica) DO UPDATE SET seen = excluded.seen",
      [.blob(replica.bytes), .integer(seen), .integer(now)])
  }

  /// The receipts of a replica's batches that this epoch gave to batches of another: what became of them is not what it
  /// was told then.
  func receipts(of replica: Identifier, in epoch: Identifier) throws -> [UInt8] {
    var found: [UInt8] = []
    let end = try setting("restored_end") ?? 0
    let sql = "SELECT message, receipt FROM sync_batch WHERE replica = ? AND arrival > ? ORDER BY arrival"
    try db.each(sql, [.blob(replica.bytes), .integer(end)]) { row in
      guard case .blob(let message) = row.cell(0), case .blob(let receipt) = row.cell(1) else { return }
      let sent = try SealedEnvelope(message[...]).header
      if sent.epoch != epoch, try SealedEnvelope(receipt[...]).header.epoch == epoch { found += receipt }
    }
    return found
  }
}
