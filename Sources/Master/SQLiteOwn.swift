import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own batches ride along with the pages, sealed to the city itself, until two backups are known to hold them.

extension SQLiteMasterTransaction {
  /// Gives a batch of the city's own its place in the feed: it travels to every replica, again when it was there before.
  func place(own number: Int64) throws {
    try place(RowRef(OwnBatch.table, RowKey([.integer(number)])), unit: "", gone: false, skip: nil)
  }

  /// The batch as replicas keep it; nil when two backups hold it, or it is too large for a page.
  func ownBatch(_ number: Int64, key: SigningKey) throws -> [UInt8]? {
    guard let logged = try batch(.city, number), try logged.arrival > keptArrival() else { return nil }
    let known = try SecretTable.read(db, of: logged.arrival)
    let secrets = known.isEmpty ? [] : SecretsBody.encode(known)
    guard logged.message.count + secrets.count <= OwnBatch.mostSealed else { return nil }
    return try OwnBatch(
      arrival: logged.arrival, receivedAt: logged.receivedAt, message: logged.message, secrets: secrets
    ).sealed(number: number, key: key)
  }

  /// The place in the log up to which the last two backups reach; 0: there are no two. One of them may turn out to be unreadable.
  func keptArrival() throws -> Int64 {
    #if MUTANTS
      if Mutant.oneBackupIsEnough.isActive { return try setting("backup_arrival") ?? 0 }
    #endif
    return try setting("backup_before") ?? 0
  }

  /// A backup holds the log up to this place.
  /// - Parameter replaced: up to where that did whose file it has taken; nil: it took none.
  /// - Returns: whether that was the latest one: then there is no more than one of the two.
  @discardableResult
  func noteBackup(of arrival: Int64, replacing replaced: Int64? = nil) throws -> Bool {
    let latest = try setting("backup_arrival") ?? 0
    let replacesLatest = latest > 0 && replaced ?? 0 >= latest
    // One that took long may end after another that holds more.
    if !replacesLatest { try set("backup_before", .integer(max(setting("backup_before") ?? 0, min(latest, arrival)))) }
    try set("backup_arrival", .integer(max(latest, arrival)))
    return replacesLatest
  }

  /// The last batch of a replica, or of the city's own, up to a place in the log; 0: none.
  func lastBatch(of replica: Identifier, upTo arrival: Int64) throws -> Int64 {
    // Else all of them would be gone through to find none.
    if arrival == 0 { return 0 }
    let sql = "SELECT number FROM sync_batch WHERE replica = ? AND arrival <= ? ORDER BY number DESC LIMIT 1"
    return try db.integer(sql, [.blob(replica.bytes), .integer(arrival)]) ?? 0
  }

  func batches(of replica: Identifier, from number: Int64, upTo arrival: Int64) throws -> [LoggedBatch] {
    var batches: [LoggedBatch] = []
    let sql = "SELECT * FROM sync_batch WHERE replica = ? AND number >= ? AND arrival <= ? ORDER BY number"
    try db.each(sql, [.blob(replica.bytes), .integer(number), .integer(arrival)]) { row in
      if let logged = LoggedBatch(row: row.cells(0..<LoggedBatch.columns)) { batches.append(logged) }
    }
    return batches
  }

  /// The number up to which no batch of the city's own stands behind this place. What came back behind a loss has a smaller
  /// number than the batch that says so.
  private func ownKept(upTo arrival: Int64) throws -> Int64 {
    let last = try lastBatch(of: .city, upTo: arrival)
    if try setting("restored_end") == nil { return last }
    // Since the recovery has ended, numbers rise with their places again.
    if let end = try setting("recovered_end"), arrival >= end { return last }
    let sql = "SELECT number FROM sync_batch WHERE replica = ? AND number < ? AND arrival > ? ORDER BY number LIMIT 1"
    let behind = try db.integer(sql, [.blob(Identifier.city.bytes), .integer(last), .integer(arrival)])
    return behind.map { $0 - 1 } ?? last
  }

  /// What every page states besides rows.
  func marks(for replica: Identifier) throws -> [PageItem] {
    #if MUTANTS
      let kept = Mutant.nothingNeedsABackup.isActive ? try lastArrival() : try keptArrival()
    #else
      let kept = try keptArrival()
    #endif
    return [
      .mark(.arrival, try lastArrival()), .mark(.ownKept, try ownKept(upTo: kept)),
      .mark(.batchKept, try lastBatch(of: replica, upTo: kept)),
      .mark(.batch, try self.replica(replica)?.highWater ?? 0),
    ]
  }

  /// The city's own batches that hold values which an erasure takes.
  func ownBatches(holding erasure: Erasure) throws -> [Int64] {
    var numbers: [Int64] = []
    // Of one row there are few, of the city's own batches many, hence +.
    try db.each(
      """
      SELECT DISTINCT b.number FROM sync_secret s JOIN sync_batch b ON b.arrival = s.batch
      WHERE +b.replica = ? AND s.record = ? AND s.key = ?
        AND (s.field IS NULL OR s.field IN (\(placeholders(erasure.fields.count)))) ORDER BY b.number
      """, [.blob(Identifier.city.bytes)] + erasure.ref.columns + erasure.fields.map(Value.text)
    ) { numbers.append($0[0]) }
    return numbers
  }
}
