import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A batch of the log, its row in the store, and the one place where what it holds is read.

extension LoggedBatch {
  /// The message and what it holds, read by the schema that it names and as `schema` has it, with the restricted values that the log's database still has. What was erased of them is a
  /// commitment. Its signature is not checked again.
  func opened(_ schema: Schema, _ log: Database) throws -> (message: Envelope, batch: Batch) {
    let message = try SealedEnvelope(message[...]).unverified()
    let own = try ownSchema(schema, log, message)
    let isOwn = replica == .city
    let sealed = try Batch(
      message.body, schema: own, mostChanges: isOwn ? .max : Batch.mostChanges, isOwn: isOwn)
    return (message, try open(sealed, own, log).widened(to: schema))
  }

  func batch(_ schema: Schema, _ log: Database) throws -> Batch { try opened(schema, log).batch }

  /// The same, of some rows only.
  func excerpt(_ schema: Schema, _ log: Database, about refs: Set<RowRef>) throws -> BatchExcerpt {
    let message = try SealedEnvelope(message[...]).unverified()
    let own = try ownSchema(schema, log, message)
    var excerpt = try BatchExcerpt(message.body, schema: own, about: refs, isOwn: replica == .city)
    excerpt.batch = try open(excerpt.batch, own, log).widened(to: schema)
    return excerpt
  }

  /// Whether a decision of its sender's set a field of a row to a value of its own, and was not refused.
  func decides(_ ref: RowRef, _ field: String, _ value: Value, _ excerpt: BatchExcerpt) throws -> Bool {
    let places = excerpt.batch.decisions.enumerated().compactMap { index, decision -> Int? in
      guard decision.choice == .value, decision.value == value, let subject = decision.subject, subject.ref == ref,
        subject.field == field
      else { return nil }
      return excerpt.count + index + 1
    }
    if places.isEmpty { return false }
    let refused = Set(try receipts().map(\.n))
    return places.contains { !refused.contains($0) }
  }

  /// Its values that were edited after an erasure, as the city reckoned when it came (E5). What officials take up was edited
  /// when its contender was; only what they type is new.
  func entered(since erasure: Erasure, _ schema: Schema, _ log: Database) throws -> [SecretCell] {
    let message = try SealedEnvelope(message[...]).unverified()
    let own = try ownSchema(schema, log, message)
    let sealed = try Batch(message.body, schema: own, mostChanges: .max, isOwn: true)
    if replica == .city, sealed.decisions.contains(where: { $0.choice != .value }) { return [] }
    return try sealed.received(own, with: SecretTable.read(log, of: arrival), isErased: true) {
      erasure.leaves($0, offset: offset, arrival: receivedAt)
    }.secrets
  }

  /// The changes of an excerpt that count: none that was parked and has not entered. One is whole that was taken as it
  /// was sent or merged by rule: of what is contested, or not its sender's to change, some cells were not taken.
  func counted(_ excerpt: BatchExcerpt, _ db: Database) throws -> [(change: Change, isWhole: Bool)] {
    let inPart = Set(try receipts().filter { $0.outcome != .merged }.map(\.n))
    var counted: [(change: Change, isWhole: Bool)] = []
    for (n, change) in zip(excerpt.places, excerpt.batch.changes) where try tookEffect(n, db) {
      counted.append((change, !inPart.contains(n)))
    }
    return counted
  }

  /// A change that was parked counts only once it has entered.
  func tookEffect(_ n: Int, _ db: Database) throws -> Bool {
    try ParkedState(of: replica, number, n, db).map { ParkedState.cameIn.contains($0) } ?? true
  }

  /// A batch that came back to a restored city before the upgrade that it names was made again was read by what the city had: the
  /// latest version by which it can be read.
  private func ownSchema(_ schema: Schema, _ log: Database, _ message: Envelope) throws -> Schema {
    if let own = try SchemaTable.find(log, message.header.schema) {
      return own.version <= schema.version ? own : schema
    }
    let known = try SchemaTable.all(log).filter { $0.version <= schema.version }
    return try known.map { try SchemaTable.decode($0.text) }.last { version in
      (try? Batch(message.body, schema: version, mostChanges: .max, isOwn: true)) != nil
    } ?? schema
  }

  private func open(_ sealed: Batch, _ own: Schema, _ log: Database) throws -> Batch {
    let secrets = own.hasRestricted ? try SecretTable.read(log, of: arrival) : []
    return try sealed.opened(own, with: secrets)
  }

  /// What the sender was told.
  func receipts() throws -> [RowReceipt] {
    receipt.isEmpty ? [] : try ReceiptBody.decode(try SealedEnvelope(receipt[...]).unverifiedBody())
  }

  /// What the first batch is chained to.
  static let firstLink = [UInt8](repeating: 0, count: 32)

  /// The chain up to this batch: whoever knows it knows everything from which the master of that moment follows.
  func link(after chain: [UInt8]) -> [UInt8] {
    var link = ByteWriter()
    link.raw(chain + hash)
    link.bigEndian(receivedAt.raw)
    link.bigEndian(offset)
    return sha256(link.bytes)
  }
}

/// How far the sender of a batch had read, as the city reckoned when it took the batch in; -1: nothing that counts. Its receipt
/// tells, also one that was said again since, under a later epoch.
struct ReadSoFar {
  /// Of the feed: a batch of before a restore, or of before what was trimmed, is taken as if nothing had been read.
  var feed: Int64
  /// Of erasures, which are never trimmed.
  var erasures: Int64

  init(_ message: Header, receipt: Header) {
    feed = receipt.stale ? -1 : message.cursor
    erasures = receipt.stale && receipt.epoch != message.epoch ? -1 : message.cursor
  }
}

extension LoggedBatch {
  static let columns = 9

  var row: [Value] {
    [
      .integer(arrival), .blob(replica.bytes), .integer(number), .blob(hash), .blob(chain), .integer(receivedAt.raw),
      .blob(message), .blob(receipt), .integer(offset),
    ]
  }

  init?(row: [Value]) {
    guard row.count == Self.columns, case .integer(let arrival) = row[0], case .blob(let id) = row[1],
      let replica = Identifier(id), case .integer(let number) = row[2], case .blob(let hash) = row[3],
      case .blob(let chain) = row[4], case .integer(let received) = row[5], case .blob(let message) = row[6],
      case .blob(let receipt) = row[7], case .integer(let offset) = row[8]
    else { return nil }
    self.init(
      arrival: arrival, replica: replica, number: number, hash: hash, chain: chain, receivedAt: Stamp(raw: received),
      message: message, receipt: receipt, offset: offset)
  }
}

extension Change {
  /// Whether it gives the cell another value than its sender had seen there.
  func sets(_ column: Int) -> Bool { new[column].map { $0 != old[column] ?? .null } ?? false }
}
