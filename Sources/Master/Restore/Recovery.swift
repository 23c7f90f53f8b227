import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// What is known of the recovery of a master that was restored from a backup.
public struct RecoveryInfo: Sendable, Equatable {
  public struct Batch: Sendable, Equatable {
    /// Its place in the log.
    public var arrival: Int64
    public var replica: Identifier
    public var number: Int64
    public var receivedAt: Stamp
    /// How many rows it changes.
    public var changes: Int
    /// What it does, without values; empty: it cannot be read.
    public var acts: [Label]
    /// It was made by a version of the schema that is lost, and comes in when the city makes that upgrade again.
    public var needsUpgrade: Bool
  }

  public var epoch: Identifier
  public var isRecovering: Bool
  /// The last batch of the backup.
  public var backupEnd: Int64
  public var restoredAt: Int64
  /// How many batches came back and are in the log.
  public var returned: Int64
  /// Batches that wait for those before them.
  public var held: [Batch]
  /// The places in the log of which nobody has given anything back, up to the last that anybody knows of.
  public var missing: [ClosedRange<Int64>]
  /// The machines that have not given back what they have.
  public var unheard: [ReplicaInfo]
  /// The city's own batches that a release could not take any more, or that came back after it, as far as they were not carried out
  /// all the same: for a person to look at. And counties' batches that cannot be read (yet), or not before a later one.
  public var aside: [Batch]
  /// What was lost, as the log says.
  public var losses: [Loss]
}

extension Master {
  /// Where a recovery stands; nil: this master was never restored.
  public func recovery() throws -> RecoveryInfo? {
    try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      guard let end = try transaction.setting("restored_end") else { return nil }
      let isRecovering = try transaction.isRecovering()
      let held = try transaction.returned("state = 'held'")
      let (last, epoch) = (try transaction.lastArrival(), try transaction.meta().epoch)
      // What says that something is lost, in its place, did not come back.
      let cameBack = "arrival > ? AND arrival <= ? AND \(Header.epoch(of: "message")) <> ?"
      return RecoveryInfo(
        epoch: epoch, isRecovering: isRecovering, backupEnd: end,
        restoredAt: try transaction.setting("restored_at") ?? 0,
        returned: try db.integer(
          "SELECT count(*) FROM sync_batch WHERE \(cameBack)",
          [.integer(end), .integer(try transaction.setting("recovered_end") ?? last), .blob(epoch.bytes)]) ?? 0,
        held: try held.map { try info($0, $0.content(schema, db), transaction) },
        missing: isRecovering ? try transaction.missing() : [],
        unheard: isRecovering ? try transaction.unheard().map(ReplicaInfo.init) : [],
        aside: try aside(transaction),
        losses: try losses(db, after: end))
    }
  }

  private func aside(_ transaction: SQLiteMasterTransaction) throws -> [RecoveryInfo.Batch] {
    let isListed = "state = 'aside' OR state = 'late' AND replica = ?"
    let listed = try transaction.returned(isListed, [.blob(Identifier.city.bytes)])
    return try listed.compactMap { batch -> RecoveryInfo.Batch? in
      // What a machine has sent once more since.
      if try transaction.batch(batch.replica, batch.number)?.message == batch.message { return nil }
      let rest = try batch.content(schema, transaction.db).map(transaction.undone)
      return try rest?.isEmpty == true ? nil : info(batch, rest, transaction)
    }
  }

  /// - Parameter content: nil: it cannot be read.
  private func info(
    _ batch: ReturnedBatch, _ content: Batch?, _ transaction: SQLiteMasterTransaction
  ) throws -> RecoveryInfo.Batch {
    let made = try SealedEnvelope(batch.message[...]).header.schema
    return RecoveryInfo.Batch(
      arrival: batch.arrival, replica: batch.replica, number: batch.number, receivedAt: batch.receivedAt,
      changes: content?.changes.count ?? 0, acts: content?.acts ?? [],
      needsUpgrade: try knownSchema(made, transaction.meta(), transaction) == nil)
  }

  /// What is lost, up to a place in the log, of what stood there when the city made a batch of its own, which came back
  /// behind it: the batch that says so has an earlier place and a larger number. nil: nothing.
  public func loss(upTo arrival: Int64, before number: Int64) throws -> Loss? {
    let sql = """
      SELECT l.through, l.reason, l.actor, l.stamp FROM sync_loss l JOIN sync_batch b ON b.arrival = l.arrival
      WHERE l.arrival <= ? AND b.number > ? ORDER BY l.arrival LIMIT 1
      """
    return try read { try $0.first(sql, [.integer(arrival), .integer(number)]).flatMap { Loss(row: $0) } }
  }

  private func losses(_ db: Database, after end: Int64) throws -> [Loss] {
    var losses: [Loss] = []
    let sql = "SELECT through, reason, actor, stamp FROM sync_loss WHERE arrival > ? ORDER BY arrival"
    try db.each(sql, [.integer(end)]) { row in
      if let loss = Loss(row: row.cells(0..<4)) { losses.append(loss) }
    }
    return losses
  }
}
