import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The city was restored from a backup: this replica gives back what the backup lacks.

/// Where giving back goes on: after these numbers.
public struct ReturnPosition: Hashable, Sendable {
  public var own: Int64
  public var batch: Int64

  public init(own: Int64, batch: Int64) {
    self.own = own
    self.batch = batch
  }
}

extension Replica {
  /// A signed hello that gives back.
  /// - Parameters:
  ///   - more: more follows with another one.
  ///   - carried: on a stick, with everything that there is to give back.
  public func returningHello(more: Bool, carried: Bool = false) throws -> Envelope {
    try hello {
      $0.returning = true
      $0.more = more
      $0.carried = carried
    }
  }

  func hello(_ adjust: (inout Header) -> Void) throws -> Envelope {
    try write { db in
      let meta = try ownMeta(db)
      let number = try tick(db, milliseconds: clock()).raw
      var header = Header(
        kind: .hello, replica: meta.replica, epoch: meta.epoch, number: number, cursor: meta.cursor,
        stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
      adjust(&header)
      let asking = try header.returning && header.carried ? asking(db) : nil
      return try Envelope(header, body: HelloBody(last: meta.last, seen: meta.seen, asking: asking).bytes, key: key)
    }
  }

  /// What to give back after a position: the city's own batches first, then this replica's with their receipts.
  /// - Parameter bytes: no more than fit here; the first one always.
  /// - Returns: the messages, one after the other, and where they end; nil: there is nothing (more).
  public func givingBack(after start: ReturnPosition, upTo bytes: Int = .max) throws -> (
    messages: [UInt8], end: ReturnPosition
  )? {
    #if MUTANTS
      if Mutant.givesNothingBack.isActive { return nil }
    #endif
    return try read { db in
      var messages: [UInt8] = []
      var end = start
      func fits(_ count: Int) -> Bool { messages.isEmpty || messages.count + count <= bytes }
      let meta = try ReplicaMeta.read(db)
      let passed = try db.integer("SELECT value FROM sync_meta WHERE name = ?", [.text(Self.passedOver)]) ?? 0
      let inbox = try Row.fetchCursor(
        db, sql: "SELECT number, sealed FROM sync_inbox WHERE number > ? ORDER BY number", arguments: [start.own])
      while let row = try inbox.next() {
        guard case .blob(let sealed) = row.cell(1) else { continue }
        let header = Header(
          kind: .own, replica: meta.replica, epoch: meta.epoch, number: row[0], cursor: 0, stamp: Stamp(raw: 0),
          schema: meta.schemaHash)
        let message = try Envelope(header, body: sealed, key: key).bytes
        guard fits(message.count) else { return (messages, end) }
        messages += message
        end.own = row[0]
      }
      let outbox = try Row.fetchCursor(
        db,
        sql:
          "SELECT number, message, receipt FROM sync_outbox WHERE receipt IS NOT NULL AND number > ? ORDER BY number",
        arguments: [max(start.batch, passed)])
      while let row = try outbox.next() {
        guard case .blob(let batch) = row.cell(1), case .blob(let receipt) = row.cell(2) else { continue }
        let message = try batch + secrets(db, of: row[0], batch) + receipt
        guard fits(message.count) else { return (messages, end) }
        messages += message
        end.batch = row[0]
      }
      return messages.isEmpty ? nil : (messages, end)
    }
  }

  /// Whether the batch of this number that a restored city has is this file's.
  /// - Parameter hash: in hex; nil: the city has none.
  public func hasSent(_ number: Int64, hash: String?) throws -> Bool {
    guard let hash else { return true }
    return try read { db in
      if let message = try sentMessage(db, number) { return message.hash.hex == hash }
      // A backup held what the outbox has let go of.
      return try number <= ReplicaMeta.read(db).batchKept
    }
  }

  /// Makes room for the receipt of a restored city in place of that of before: what became of a batch is told again.
  func forgetReceipt(_ db: Database, replacedBy receipt: Envelope) throws {
    let number = Value.integer(receipt.header.number)
    guard case .blob(let old)? = try db.first("SELECT receipt FROM sync_outbox WHERE number = ?", [number])?.first,
      try SealedEnvelope(old[...]).header.epoch != receipt.header.epoch
    else { return }
    try db.run("DELETE FROM sync_parked WHERE batch = ? AND state IN ('waiting', 'edited')", [number])
    try db.run("UPDATE sync_outbox SET receipt = NULL WHERE number = ?", [number])
  }
}
