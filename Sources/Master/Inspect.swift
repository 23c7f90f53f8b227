import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

public struct ReplicaInfo: Sendable {
  public var id: String
  public var org: String
  public var isWithdrawn: Bool
  public var batches: Int64
  public var cursor: Int64
  public var enrolledAt: Int64
  public var lastSeen: Int64?
}

public struct MasterParkedRow: Sendable {
  public var id: Int64
  public var ref: RowRef
  public var reason: String
  public var detail: Label
  /// The row as sent; columns that an update did not touch are nil.
  public var row: [Value?]
  public var replica: String
  public var edit: Edit
  public var state: ParkedState
  /// Why it was settled, and by whom; nil: it waits.
  public var ruling: (detail: Label, edit: Edit)?
}

/// One version of a row: a change in a batch.
public struct HistoryEntry: Sendable {
  public var arrival: Int64
  public var replica: Identifier
  public var number: Int64
  public var receivedAt: Stamp
  public var change: Change
  /// nil: taken exactly as sent.
  public var outcome: RowReceipt?
}

extension Master {
  public func replicas() throws -> [ReplicaInfo] {
    try read { db in
      var list: [ReplicaInfo] = []
      try db.each("SELECT * FROM sync_replica ORDER BY org, enrolled_at, id") { row in
        guard let replica = ReplicaRecord(row: row.cells(0..<10)) else { return }
        list.append(
          ReplicaInfo(
            id: replica.id.description, org: replica.org, isWithdrawn: replica.isWithdrawn, batches: replica.highWater,
            cursor: replica.acknowledged, enrolledAt: replica.enrolledAt, lastSeen: replica.lastSeen))
      }
      return list
    }
  }

  /// What is parked, oldest first.
  /// - Parameter waiting: whether to leave out what was settled.
  public func parked(waiting: Bool = true) throws -> [MasterParkedRow] {
    try read { db in
      var list: [MasterParkedRow] = []
      let sql = """
        SELECT id, record, key, reason, zh, en, old, new, kind, replica, actor, edited_at, state, ruling_zh, ruling_en,
          ruled_by, ruled_at
        FROM sync_parked \(waiting ? "WHERE state = 'waiting'" : "") ORDER BY id
        """
      try db.each(sql) { row in
        guard let record = schema.record(row[1]), case .blob(let key) = row.cell(2), case .blob(let old) = row.cell(6),
          case .blob(let new) = row.cell(7), case .blob(let replica) = row.cell(9)
        else { return }
        let values = try decodeSparse(row[8] as String == "delete" ? old : new, columns: record.fields.count)
        var parked = MasterParkedRow(
          id: row[0], ref: RowRef(record.name, try RowKey(encoded: key)), reason: row[3],
          detail: Label(zh: row[4], en: row[5]), row: values, replica: replica.hex,
          edit: Edit(stamp: Stamp(raw: row[11]), actor: row[10]), state: ParkedState(rawValue: row[12]) ?? .waiting)
        if let zh = row[13] as String?, let en = row[14] as String?, let actor = row[15] as String? {
          parked.ruling = (Label(zh: zh, en: en), Edit(stamp: Stamp(raw: row[16] as Int64? ?? 0), actor: actor))
        }
        list.append(parked)
      }
      return list
    }
  }

  /// Every change of a row that a batch ever brought, from the signed batches themselves.
  public func history(_ record: RecordSchema, key: RowKey) throws -> [HistoryEntry] {
    try absorbNow()
    return try read { db in
      var batches: [LoggedBatch] = []
      let sql = """
        SELECT b.* FROM sync_touch t JOIN sync_batch b USING (arrival) WHERE t.record = ? AND t.key = ? ORDER BY arrival
        """
      try db.each(sql, RowRef(record.name, key).columns) { row in
        if let batch = LoggedBatch(row: row.cells(0..<8)) { batches.append(batch) }
      }
      return try batches.compactMap { try entry($0, record, key) }
    }
  }

  private func entry(_ logged: LoggedBatch, _ record: RecordSchema, _ key: RowKey) throws -> HistoryEntry? {
    let message = try SealedEnvelope(logged.message[...])
    let changes = try Batch(message.unverifiedBody(), schema: schema).changes
    guard let index = changes.firstIndex(where: { $0.record == record.name && $0.key == key }) else { return nil }
    var outcome: RowReceipt?
    if !logged.receipt.isEmpty {
      let body = try SealedEnvelope(logged.receipt[...]).unverifiedBody()
      outcome = try ReceiptBody.decode(body).first { $0.n == index + 1 }
    }
    return HistoryEntry(
      arrival: logged.arrival, replica: logged.replica, number: logged.number, receivedAt: logged.receivedAt,
      change: changes[index], outcome: outcome)
  }

  /// Puts edits that a tool made on the master's file into the log.
  public func absorbNow() throws {
    try store.write { db in try absorb(SQLiteMasterTransaction(db: db, schema: schema)) }
  }

  /// Checks the file, its constraints, and the chain and signatures of the whole log. Empty: all is well.
  public func verify() throws -> [Label] {
    try absorbNow()
    return try read { db in
      try schema.damage(db, weakKeys: true) + (try brokenChain(db))
    }
  }

  private func brokenChain(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    var keys: [Identifier: VerifyingKey] = [.city: key.publicKey]
    try db.each("SELECT id, public_key FROM sync_replica") { row in
      guard case .blob(let id) = row.cell(0), case .blob(let bytes) = row.cell(1), let id = Identifier(id) else {
        return
      }
      keys[id] = try? VerifyingKey(bytes: bytes)
    }
    var chain: [UInt8] = Array(repeating: 0, count: 32)
    var arrival: Int64 = 0
    try db.each("SELECT * FROM sync_batch ORDER BY arrival") { row in
      guard let logged = LoggedBatch(row: row.cells(0..<8)) else { return }
      arrival += 1
      chain = sha256(chain + logged.hash)
      let isIntact = (try? check(logged, keys)) ?? false
      if logged.arrival != arrival || logged.chain != chain || !isIntact {
        problems.append(
          Label(
            zh: "历史第 \(logged.arrival) 批(机器 \(logged.replica) 第 \(logged.number) 批)签名或哈希链不符",
            en:
              "batch \(logged.arrival) of the log (replica \(logged.replica), number \(logged.number)) fails its signature or the chain"
          ))
        chain = logged.chain
        arrival = logged.arrival
      }
    }
    return problems
  }

  private func check(_ logged: LoggedBatch, _ keys: [Identifier: VerifyingKey]) throws -> Bool {
    guard let key = keys[logged.replica] else { return false }
    let message = try SealedEnvelope(logged.message[...])
    guard message.hash == logged.hash, message.header.replica == logged.replica, message.header.number == logged.number
    else {
      return false
    }
    _ = try message.open(with: key)
    if !logged.receipt.isEmpty { _ = try SealedEnvelope(logged.receipt[...]).open(with: self.key.publicKey) }
    return true
  }
}
