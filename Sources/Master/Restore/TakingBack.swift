import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A replica of a former epoch gives back what the city lacks since it was restored: its own batches with their receipts, and
// the city's own batches that rode along. Everything is verified before it is kept: who sent a batch, that the receipt is of
// that very batch and the city's, and that the city sealed its own.

extension Master {
  /// Up to which batch of the log a machine may say that it has read: no log is as long, and a recovery waits for what
  /// anybody has read, or says that it is lost.
  static let mostSeen: Int64 = 1 << 40

  /// Answers a hello of a replica that gives back, with what follows it. Asked again, it answers again.
  func takeBack(_ message: SealedEnvelope, _ rest: ArraySlice<SealedEnvelope>) throws -> [UInt8] {
    if message.header.carried { throw Refusal.notAMessage }
    try takeBack(message, rest, isLast: !message.header.more)
    let word = try standing(message.header)
    return word.receipts + word.message.bytes
  }

  /// Keeps, and takes as far as it follows on, what a replica gives back.
  /// - Parameter isLast: nothing of it comes after this.
  func takeBack(_ message: SealedEnvelope, _ rest: ArraySlice<SealedEnvelope>, isLast: Bool) throws {
    let hello = message.header
    guard try isFormer(hello) else { throw try noReturn(message) }
    let own = try refusing { try rest.filter { $0.header.kind == .own }.map(ownReturned) }
    let stranger = try store.write { db -> Bool in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      for batch in own { try keep(batch, transaction) }
      guard let member = try member(hello.replica, transaction) else { return true }
      let body = try refusing { try message.open(with: VerifyingKey(bytes: member.publicKey)) }.body
      let said = try refusing { try HelloBody(body) }
      guard said.seen <= Self.mostSeen else { throw Refusal.tampered }
      if member.isWithdrawn { throw Refusal.withdrawn }
      try use(hello, transaction)
      try transaction.noteRead(hello)
      let seen = try transaction.hadEnded(hello.epoch) ? 0 : said.seen
      // A stick of the city that is lost may have been read since.
      try transaction.awaitAgain(hello.replica, seen: seen)
      // Who only asks makes nobody open what came back.
      if rest.contains(where: { $0.header.kind != .own }) {
        for batch in try returned(rest, by: keys(of: member, transaction), transaction) { try keep(batch, transaction) }
      }
      // What was written for an earlier restore, or a stick for none, may lack what its machine has got since. A program of before
      // says nothing of it over the network.
      let epoch = try transaction.meta().epoch
      let isOld = said.asking.map { $0 != epoch } ?? hello.carried
      if isLast, !isOld { try transaction.hear(hello.replica, seen: seen, at: clock()) }
      return false
    }
    // Of whom the city does not know (yet), it takes what it has sealed itself, and nothing else.
    if stranger, rest.contains(where: { $0.header.kind != .own }) { throw Refusal.unknownReplica }
    if !stranger || !own.isEmpty { try applyReturned() }
    if try stranger && isLast && !store.transaction({ try $0.isRecovering() }) { throw Refusal.unknownReplica }
  }

  /// Why nothing can be given back to a city that was not restored since its machine has read of it.
  private func noReturn(_ message: SealedEnvelope) throws -> Refusal {
    let (hello, said) = (message.header, try refusing { try HelloBody(message.unverifiedBody()) })
    return try store.transaction { transaction in
      if try hello.epoch != transaction.meta().epoch { return try transaction.otherEpoch() }
      // Another program of the same machine may have followed a restore meanwhile.
      return try transaction.lacks(hello, seen: said.seen) ? .putBack(.epoch) : .replayed
    }
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
  /// - Parameter keys: of the ids that the machine has, or had before it rejoined: its own comes first.
  private func returned(
    _ messages: ArraySlice<SealedEnvelope>, by keys: [(id: Identifier, key: VerifyingKey)],
    _ transaction: SQLiteMasterTransaction
  ) throws -> [ReturnedBatch] {
    let meta = try transaction.meta()
    var rest = messages.filter { $0.header.kind != .own }[...]
    var list: [ReturnedBatch] = []
    while let message = rest.popFirst() {
      let id = message.header.replica
      guard message.header.kind == .batch, let present = keys.first?.key else { throw Refusal.notAMessage }
      guard let sender = keys.first(where: { $0.id == id })?.key else { throw Refusal.formerIsLost }
      let batch = try refusing { try message.open(with: sender) }
      var secrets: [UInt8] = []
      if let next = rest.first?.header, next.kind == .secrets, next.number == batch.header.number {
        secrets = try refusing { try rest.popFirst()?.open(with: present).body ?? [] }
        _ = try refusing { try SecretsBody.decode(secrets) }
      } else if let own = try knownSchema(batch.header.schema, meta, transaction), own.hasRestricted,
        try refusing({ try Batch(batch.body, schema: own).holdsErased(own) })
      {
        throw Refusal.tampered
      }
      guard let receipt = try refusing({ try rest.popFirst()?.open(with: key.publicKey) }),
        receipt.header.kind == .receipt, receipt.header.number == batch.header.number, receipt.header.cursor > 0,
        let taken = try refusing({ try ReceiptBody.taken(receipt.body) }), taken.hash == batch.hash
      else { throw Refusal.tampered }
      // One that was given anew for a former id names the one that the machine had by then.
      let own = try readdressed(receipt.bytes, to: id)
      list.append(
        ReturnedBatch(
          arrival: receipt.header.cursor, replica: id, number: batch.header.number,
          receivedAt: receipt.header.stamp, offset: taken.offset, message: batch.bytes, receipt: own,
          secrets: secrets, state: .held))
    }
    return list
  }

  /// A receipt in the name of another id of the same machine; which batch it is of, its body says.
  private func readdressed(_ receipt: [UInt8], to id: Identifier) throws -> [UInt8] {
    let then = try SealedEnvelope(receipt[...])
    if then.header.replica == id { return receipt }
    var header = then.header
    header.replica = id
    return try Envelope(header, body: then.unverifiedBody(), key: key).bytes
  }

  /// Who the sender is: enrolled in the backup, or since then by a batch of the city's own that came back. Whether it was withdrawn
  /// since only the log says: what it had sent by then comes back.
  func member(_ id: Identifier, _ transaction: SQLiteMasterTransaction) throws -> ReplicaRecord? {
    if let known = try transaction.replica(id) { return known }
    guard let member = try transaction.returnedMembers().last(where: { $0.replica == id }) else { return nil }
    return ReplicaRecord(
      id: id, org: member.org, publicKey: member.publicKey, agreementKey: member.agreementKey,
      isWithdrawn: false, highWater: 0, request: 0, acknowledged: 0, offset: 0,
      enrolledAt: member.edit.stamp.milliseconds)
  }

  /// The keys of a machine, and of what it was before its file was copied.
  func keys(
    of member: ReplicaRecord, _ transaction: SQLiteMasterTransaction
  ) throws -> [(id: Identifier, key: VerifyingKey)] {
    var found = [(member.id, try VerifyingKey(bytes: member.publicKey))]
    let returned = try transaction.returnedMembers()
    var next = try transaction.formers(of: member.id, returned)
    while let id = next.popLast() {
      guard !found.contains(where: { $0.0 == id }), let known = try self.member(id, transaction) else { continue }
      found.append((id, try VerifyingKey(bytes: known.publicKey)))
      next += try transaction.formers(of: id, returned)
    }
    return found
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
      // A county that numbers twice was cloned; the city does so when it is restored twice and its clock was set back meanwhile.
      guard batch.replica == .city else { throw Refusal.fork(batch.number) }
      batch.state = .late
    }
    if batch.replica == .city, try batch.number > transaction.setting("own_base") ?? 0 {
      try transaction.set("own_base", .integer(batch.number))
    }
    let isPast = try batch.arrival <= transaction.lastArrival() || transaction.hadEnded(batch.epoch)
    if try isPast || !transaction.isRecovering() { batch.state = .late }
    try transaction.keep(batch)
  }

  /// What the replica is told: which epoch it is, what the city has, and, once everything is back, the receipts that are not
  /// those of then.
  /// - Parameter asking: the replica has not given back yet.
  func standing(
    _ hello: Header, asking: Bool = false
  ) throws -> (receipts: [UInt8], standing: Standing, message: Envelope) {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let meta = try transaction.meta()
      let isComplete = try !asking && !transaction.isRecovering() && transaction.replica(hello.replica) != nil
      let missing = isComplete ? 0 : try transaction.missing().reduce(0) { $0 + Int64($1.count) }
      let last = try transaction.lastReturned(of: hello.replica)
      // The numbers of the city's own do not tell what it lacks: those of after a restore are larger than what was lost with it.
      let own = try transaction.hasHeard(hello.replica) ? transaction.lastReturned(of: .city) : 0
      let anew = isComplete ? try transaction.receiptsMadeAnew(for: hello) : []
      let receipts: [UInt8] = try anew.flatMap { try readdressed($0, to: hello.replica) }
      let standing = Standing(
        batch: last, hash: try transaction.hash(of: hello.replica, last), own: own,
        isComplete: isComplete, missing: missing, unheard: isComplete ? 0 : try transaction.unheard().count,
        receipts: isComplete ? sha256(receipts).hex : nil)
      var header = Header(
        kind: .standing, replica: hello.replica, epoch: meta.epoch, number: hello.number, cursor: 0,
        stamp: max(try transaction.stamp(), Stamp(milliseconds: clock())), schema: meta.schemaHash)
      header.more = asking
      return (receipts, standing, try Envelope(header, body: try standing.bytes, key: key))
    }
  }
}

extension SQLiteMasterTransaction {
  func hear(_ replica: Identifier, seen: Int64, at now: Int64) throws {
    let sql = """
      INSERT INTO sync_heard VALUES (?, ?, ?)
      ON CONFLICT (replica) DO UPDATE SET seen = max(seen, excluded.seen), heard_at = excluded.heard_at
      """
    try db.run(sql, [.blob(replica.bytes), .integer(seen), .integer(now)])
  }

  /// A machine that has read more since it was heard has more to give back. How far the log went stays known.
  func awaitAgain(_ replica: Identifier, seen: Int64) throws {
    try db.run(
      "UPDATE sync_heard SET heard_at = 0, seen = ? WHERE replica = ? AND seen < ?",
      [.integer(seen), .blob(replica.bytes), .integer(seen)])
  }

  /// This feed goes on where that of the backup ended: up to there a machine of its epoch has read what stands here.
  func noteRead(_ hello: Header) throws {
    let shared = try setting("restored_place") ?? 0
    // What it had read beyond that, and is lost, would pass for edited there.
    let isKnown = try formerEpochs().last == hello.epoch && (hello.cursor <= shared || setting("lossy") == nil)
    try set(Self.readName(of: hello.replica), .integer(isKnown ? min(hello.cursor, shared) : 0))
  }

  func placeRead(by replica: Identifier) throws -> Int64 { try setting(Self.readName(of: replica)) ?? 0 }

  private static func readName(of replica: Identifier) -> String { "read:\(replica)" }

  func hasHeard(_ replica: Identifier) throws -> Bool {
    try db.first("SELECT 1 FROM sync_heard WHERE replica = ? AND heard_at > 0", [.blob(replica.bytes)]) != nil
  }

  /// The receipts that restored cities gave to batches of another epoch: what became of them is not what their sender was told
  /// then. It may have heard of none of the epochs since its own. Of its former ids, those of batches that its file has as they
  /// sent them: up to where each id in turn went on from the one before.
  func receiptsMadeAnew(for hello: Header) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    let sql = """
      WITH own(id) AS (SELECT ?1 UNION SELECT former FROM sync_former WHERE replica = ?1 AND kept >= 0)
      SELECT receipt FROM sync_batch
      WHERE replica IN (SELECT id FROM own)
        AND \(Header.epoch(of: "receipt")) NOT IN (\(Header.epoch(of: "message")), ?2)
        AND number <= coalesce((SELECT min(f.kept) FROM sync_former f
          WHERE f.former = sync_batch.replica AND f.replica IN (SELECT id FROM own) AND f.kept >= 0), number)
      ORDER BY number
      """
    try db.each(sql, [.blob(hello.replica.bytes), .blob(hello.epoch.bytes)]) { row in
      if case .blob(let receipt) = row.cell(0) { found.append(receipt) }
    }
    return found
  }

  /// Whom the city's own batches that came back enrol or withdraw.
  func returnedMembers() throws -> [Member] {
    try returned("replica = ?", [.blob(Identifier.city.bytes)]).flatMap { batch in
      batch.entries(of: Member.table).compactMap { Member(row: $0.new.compactMap(\.self)) }
    }
  }

  /// The ids that a machine had before, as far as it is known by now.
  /// - Parameter returned: whom the city's own batches that came back enrol.
  func formers(of id: Identifier, _ returned: [Member]) throws -> [Identifier] {
    var found = returned.filter { $0.replica == id }.compactMap(\.former?.replica)
    let sql = "SELECT former FROM sync_former WHERE replica = ? AND kept >= 0 ORDER BY former"
    try db.each(sql, [.blob(id.bytes)]) { row in
      if case .blob(let bytes) = row.cell(0), let former = Identifier(bytes) { found.append(former) }
    }
    return found
  }
}
