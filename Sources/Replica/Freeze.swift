import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

extension Replica {
  /// More changes than in the work of any day, and few enough to be held in memory on both sides.
  public static let portion = 10_000

  /// The most bytes of decisions that go along with changes.
  private static var mostDecided: Int { Batch.mostBytes / 6 }

  /// Turns everything pending into numbered, signed batches in the outbox, durably. What was sent is the base of later edits
  /// from here on. Rows that break a rule stay pending and are returned.
  /// - Parameters:
  ///   - most: how many changes a batch holds; mostly one holds them all.
  ///   - bytes: how many bytes of them.
  ///   - refusingDamage: not of a file whose tables another program altered, as it stands in this transaction.
  @discardableResult
  public func freeze(
    most: Int = portion, bytes: Int = Batch.mostBytes, refusingDamage: Bool = false
  ) throws -> [HeldRow] {
    try write { db in
      // A tool may have altered it since anybody looked, and rows that it left out would go as deleted.
      if refusingDamage { try refuseDamage(db) }
      try reconcileAll(db)
      try openingOnce {
        try settleEdited(db)
        try sayAgain(db)
      }
      var acts = try enqueueMost(db, try acts(db))
      // A wish goes before what was edited of its row since: what comes later supersedes whatever waits.
      try enqueue(db, requests: requests(db).filter { try isEditedSince(db, $0) }, most: most, bytes: bytes)
      let outgoing = try outgoing(db, most: most, bytes: bytes, isSaidAgain: true) { changes in
        acts.changes = changes
        try enqueue(db, acts)
        acts = Batch()
      }
      if !acts.isEmpty { try enqueue(db, acts) }
      try forget(db, outgoing)
      try enqueue(db, requests: requests(db), most: most, bytes: bytes)
      // Of rows that are gone.
      try db.run("DELETE FROM sync_request WHERE batch IS NULL")
      return outgoing.heldRows
    }
  }

  private func enqueue(_ db: Database, requests: [Change], most: Int, bytes: Int) throws {
    for changes in Portion.part(requests, schema, most: most, bytes: bytes) {
      let number = try enqueue(db, Batch(changes: changes))
      for change in changes {
        try db.run(
          "UPDATE sync_request SET batch = ? WHERE record = ? AND key = ? AND batch IS NULL",
          [.integer(number), .text(change.record), .blob(change.key.encoded)])
      }
    }
  }

  /// Decisions of more bytes than may go along with changes get batches of their own, before them.
  /// - Returns: the acts that are left.
  private func enqueueMost(_ db: Database, _ acts: Batch) throws -> Batch {
    var rest = Batch(rulings: acts.rulings)
    var bytes = 0
    for decision in acts.decisions {
      let size = RowKey(decision.bodyRow).encodedSize
      if !rest.decisions.isEmpty, bytes + size > Self.mostDecided {
        try enqueue(db, rest)
        (rest, bytes) = (Batch(), 0)
      }
      rest.decisions.append(decision)
      bytes += size
    }
    return rest
  }

  /// What is sent, or was captured in vain, is pending no more.
  private func forget(_ db: Database, _ outgoing: Outgoing) throws {
    #if MUTANTS
      if Mutant.keepsPending.isActive { return }
    #endif
    let kept = kept(outgoing)
    // Only of those that have some: SQLite writes a page for each table that it empties, even when it is empty.
    for name in outgoing.found.sorted() {
      guard let record = schema.record(name) else { continue }
      let rows = try kept.filter { $0.record == name }.compactMap { try record.pending(db, key: $0.key) }
      try record.clearPending(db)
      for row in rows { try record.setPending(db, row) }
    }
  }

  /// The rows that stay pending.
  private func kept(_ outgoing: Outgoing) -> [RowRef] {
    let held = outgoing.held.map(\.change.ref)
    #if MUTANTS
      if Mutant.keepsIdle.isActive { return held + outgoing.idle }
    #endif
    return held
  }

  /// - Returns: the number of the batch.
  @discardableResult
  private func enqueue(_ db: Database, _ batch: Batch) throws -> Int64 {
    let meta = try ownMeta(db)
    let number = meta.last + 1
    try ReplicaMeta.set(db, "last", .integer(number))
    let header = Header(
      kind: .batch, replica: meta.replica, epoch: meta.epoch, number: number, cursor: meta.cursor,
      stamp: try tick(db, milliseconds: clock()), schema: meta.schemaHash)
    let (sealed, secrets) = try batch.sealed(schema, using: &random)
    let message = try Envelope(header, body: sealed.encoded(schema), key: key)
    try SecretTable.write(db, secrets, of: number)
    try db.run(
      "INSERT INTO sync_outbox (number, cursor, rows, message) VALUES (?, ?, ?, ?)",
      [.integer(number), .integer(meta.cursor), .integer(Int64(batch.changes.count)), .blob(message.bytes)])
    let flight = try db.prepared("INSERT INTO sync_flight VALUES (?, ?, ?, ?)")
    for change in batch.changes {
      guard let record = schema.record(change.record) else { continue }
      try flight.run(change.flight(record, in: number))
    }
    for decision in batch.decisions {
      try db.run(
        "UPDATE sync_decision SET batch = ? WHERE conflict = ?", [.integer(number), .integer(decision.conflict)])
    }
    if !batch.rulings.isEmpty { try db.run("UPDATE sync_parked SET untold = 0 WHERE untold = 1") }
    return number
  }

  /// Reads a batch of the outbox by the schema that it names, as the present one has it. Restricted values that were erased are commitments.
  func ownBatch(_ db: Database, _ message: [UInt8]) throws -> Batch {
    let envelope = try Envelope(message[...]) { header in
      try identity.formerKeys.map { try VerifyingKey(bytes: $0) }.first { $0.identifier == header.replica }
        ?? key.publicKey
    }
    return try opened(db, envelope.header, envelope.body).widened(to: schema)
  }

  /// A batch by the schema that it names, with the restricted values that are still beside it; of the others it has the commitments.
  func opened(_ db: Database, _ header: Header, _ body: [UInt8]) throws -> Batch {
    let own = try ownSchema(db, of: header)
    return try Batch(body, schema: own, isOwn: true).opened(own, with: SecretTable.read(db, of: header.number))
  }

  /// What the commitments of a batch stand for, as a message that follows it; empty when it has none. When an erasure has taken all of
  /// them since, the message says so.
  func secrets(_ db: Database, of number: Int64, _ batch: [UInt8]) throws -> [UInt8] {
    let secrets = try SecretTable.read(db, of: number)
    if try secrets.isEmpty && erasures(db, since: number).isEmpty { return [] }
    let sealed = try SealedEnvelope(batch[...])
    if secrets.isEmpty {
      let own = try ownSchema(db, of: sealed.header)
      guard try Batch(sealed.unverifiedBody(), schema: own, isOwn: true).holdsErased(own) else { return [] }
    }
    var header = sealed.header
    header.kind = .secrets
    return try Envelope(header, body: SecretsBody.encode(secrets), key: key).bytes
  }

  /// The batches that have no receipt yet, in order, as they were made, each with its secrets.
  public func unacknowledged() throws -> [[UInt8]] { try outbox().map(\.message) }

  /// The schema that a batch names.
  func ownSchema(_ db: Database, of header: Header) throws -> Schema {
    try SchemaTable.find(db, header.schema) ?? schema
  }

  /// The message of a batch; nil: the outbox has it no more.
  func sentMessage(_ db: Database, _ number: Int64) throws -> SealedEnvelope? {
    let found = try db.first("SELECT message FROM sync_outbox WHERE number = ?", [.integer(number)])?.first
    guard case .blob(let bytes)? = found else { return nil }
    return try SealedEnvelope(bytes[...])
  }

  /// The batches without a receipt whose number is greater.
  /// - Parameter bytes: no more than fit here; the first one always.
  public func outbox(after number: Int64 = 0, upTo bytes: Int = .max) throws -> [OutboxBatch] {
    try read { db in
      var batches: [OutboxBatch] = []
      var room = bytes
      let sql = "SELECT number, rows, message FROM sync_outbox WHERE receipt IS NULL AND number > ? ORDER BY number"
      try db.each(sql, [.integer(number)]) { row in
        guard case .blob(let batch) = row.cell(2) else { return }
        let message = try batch + secrets(db, of: row[0], batch)
        room -= message.count
        if room >= 0 || batches.isEmpty {
          batches.append(OutboxBatch(number: row[0], rows: Int(row[1] as Int64), message: message))
        }
      }
      #if MUTANTS
        if Mutant.sendsBackwards.isActive { batches.reverse() }
      #endif
      return batches
    }
  }

  /// A signed request to exchange: where this replica stands, under a number that it never used before.
  /// - Parameters:
  ///   - tentative: the end of a page that is not applied yet, when asking for the next one.
  ///   - stale: asks for no page: a snapshot is to be taken.
  ///   - carried: whether it goes on a stick, where it may be read twice.
  ///   - epoch: that of a city that was restored and has everything back.
  public func hello(
    tentative: Int64? = nil, stale: Bool = false, carried: Bool = false, epoch: Identifier? = nil
  ) throws -> Envelope {
    try hello { header in
      header.cursor = tentative ?? header.cursor
      header.tentative = tentative != nil
      header.stale = stale
      header.carried = carried
      header.epoch = epoch ?? header.epoch
    }
  }
}

extension Change {
  /// The row of `sync_flight` that says which cells are on their way.
  func flight(_ schema: RecordSchema, in batch: Int64) -> [Value] {
    let mask = touchedColumns(schema).reduce(Int64(0)) { $0 | 1 << Int64($1) }
    return [.text(record), .blob(key.encoded), .integer(batch), .integer(mask)]
  }
}

/// A batch as it was made and waits for its receipt.
public struct OutboxBatch: Sendable {
  public var number: Int64
  /// How many changes it holds.
  public var rows: Int
  /// With the message of its secrets, when it has any.
  public var message: [UInt8]
}
