import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

public struct ReplicaInfo: Sendable, Equatable {
  public var id: String
  public var org: String
  public var isWithdrawn: Bool
  public var batches: Int64
  public var cursor: Int64
  public var enrolledAt: Int64
  public var lastSeen: Int64?
  /// The ids that this machine had before, newest first.
  public var formerly: [String] = []

  init(_ replica: ReplicaRecord) {
    id = replica.id.description
    org = replica.org
    isWithdrawn = replica.isWithdrawn
    batches = replica.highWater
    cursor = replica.acknowledged
    enrolledAt = replica.enrolledAt
    lastSeen = replica.lastSeen
  }
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

/// What a batch did to a row.
public struct HistoryEntry: Sendable {
  public enum What: Sendable {
    case change(Change)
    /// What was decided about a conflict of the row.
    case decision(Decision, Conflict)
    /// What was decided about a parked change of the row.
    case ruling(Ruling)
    /// A duplicate was merged into the row.
    case alias(Alias)
    /// Personal data of the row was erased.
    case erasure(Erasure)
  }
  public var arrival: Int64
  public var replica: Identifier
  public var number: Int64
  public var receivedAt: Stamp
  public var what: What
  /// What the sender was told. nil: taken exactly as sent.
  public var outcome: RowReceipt?
  /// What became of a parked change; nil: it was not parked.
  public var parked: ParkedState?
  /// The columns of a change whose values, old or new, were erased. They are NULL in it.
  public var erased: Set<Int> = []
  /// City minus sender, milliseconds, at that time.
  public var offset: Int64 = 0

  /// When it was edited, by the city's clock: never later than it came. What was signed is the stamp of `edit`.
  public var editedAt: Stamp { edit.stamp.corrected(offset: offset, arrival: receivedAt) }

  public var edit: Edit {
    switch what {
    case .change(let change): change.edit
    case .decision(let decision, _): decision.edit
    case .ruling(let ruling): ruling.edit
    case .alias(let alias): alias.edit
    case .erasure(let erasure): erasure.edit
    }
  }
}

extension Master {
  public func replicas() throws -> [ReplicaInfo] {
    try read { db in
      var list: [ReplicaInfo] = []
      try db.each("SELECT * FROM sync_replica ORDER BY org, enrolled_at, id") { row in
        guard let replica = ReplicaRecord(row: row.cells(0..<ReplicaRecord.columns)) else { return }
        var info = ReplicaInfo(replica)
        let formers = """
          SELECT lower(hex(former)) FROM sync_former WHERE replica = ? AND kept >= 0 ORDER BY kept DESC, former
          """
        try db.each(formers, [.blob(replica.id.bytes)]) { info.formerly.append($0[0]) }
        list.append(info)
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
          ruled_by, ruled_at, sync_parked.received_at,
          (SELECT clock_offset FROM sync_batch b WHERE b.arrival = sync_parked.arrival)
        FROM sync_parked \(waiting ? "WHERE state = 'waiting'" : "") ORDER BY id
        """
      try db.each(sql) { row in
        guard let record = schema.record(row[1]), case .blob(let key) = row.cell(2), case .blob(let old) = row.cell(6),
          case .blob(let new) = row.cell(7), case .blob(let replica) = row.cell(9)
        else { return }
        let kind = row[8] as String
        let values = record.widened(try decodeSparse(kind == "delete" ? old : new), isWhole: kind != "update")
        var parked = MasterParkedRow(
          id: row[0], ref: RowRef(record.name, try RowKey(encoded: key)), reason: row[3],
          detail: Label(zh: row[4], en: row[5]), row: values, replica: replica.hex,
          edit: Edit(
            stamp: Stamp(raw: row[11]).corrected(offset: row[18] as Int64? ?? 0, arrival: Stamp(raw: row[17])),
            actor: row[10]), state: ParkedState(rawValue: row[12]) ?? .waiting)
        if let zh = row[13] as String?, let en = row[14] as String?, let actor = row[15] as String? {
          parked.ruling = (Label(zh: zh, en: en), Edit(stamp: Stamp(raw: row[16] as Int64? ?? 0), actor: actor))
        }
        list.append(parked)
      }
      return list
    }
  }

  /// Everything that a batch ever did to a row, from the signed batches themselves: changes, decisions about its conflicts,
  /// rulings about its parked changes, and the same of duplicates that were merged into it.
  public func history(_ record: RecordSchema, key: RowKey) throws -> [HistoryEntry] {
    try absorbNow()
    return try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let refs = try transaction.names(of: RowRef(record.name, key))
      return try transaction.arrivals(about: refs).sorted().flatMap { arrival in
        try transaction.batch(at: arrival).map { try entries(db, $0, refs) } ?? []
      }
    }
  }

  /// The keys of rows that stood once and were deleted.
  public func deletedKeys(_ record: RecordSchema) throws -> [RowKey] {
    try absorbNow()
    return try read { try deletedKeys(record, $0) }
  }

  func deletedKeys(_ record: RecordSchema, _ db: Database) throws -> [RowKey] {
    var keys: [RowKey] = []
    try db.each("SELECT key FROM sync_tombstone WHERE record = ? ORDER BY key", [.text(record.name)]) { row in
      if case .blob(let key) = row.cell(0) { keys.append(try RowKey(encoded: key)) }
    }
    return keys
  }

  /// In the order in which a batch is taken: rulings, decisions, changes.
  private func entries(_ db: Database, _ logged: LoggedBatch, _ refs: Set<RowRef>) throws -> [HistoryEntry] {
    let excerpt = try logged.excerpt(schema, db, about: refs)
    let receipts = Dictionary(uniqueKeysWithValues: try logged.receipts().map { ($0.n, $0) })
    func entry(_ what: HistoryEntry.What, n: Int? = nil) -> HistoryEntry {
      HistoryEntry(
        arrival: logged.arrival, replica: logged.replica, number: logged.number, receivedAt: logged.receivedAt,
        what: what, outcome: n.flatMap { receipts[$0] }, offset: logged.offset)
    }
    var entries = try acts(db, excerpt, refs, by: logged.replica).map { entry($0.what, n: $0.n) }
    for (n, change) in zip(excerpt.places, excerpt.batch.changes) {
      guard let record = schema.record(change.record) else { continue }
      let (shown, erased) = change.showingErased(record)
      var entry = entry(.change(shown), n: n)
      entry.erased = erased
      entry.parked = try ParkedState(of: logged.replica, logged.number, n, db)
      entries.append(entry)
    }
    return entries
  }

  /// What a batch did to these rows besides changing them; `n` is the place of its receipt.
  private func acts(
    _ db: Database, _ excerpt: BatchExcerpt, _ refs: Set<RowRef>, by sender: Identifier
  ) throws -> [(what: HistoryEntry.What, n: Int?)] {
    let batch = excerpt.batch
    let transaction = SQLiteMasterTransaction(db: db, schema: schema)
    // What a county says of another's change does nothing.
    let rulings = try batch.rulings.filter { ruling in
      guard let parked = try transaction.parkedChange(ruling.parked), refs.contains(parked.change.ref) else {
        return false
      }
      return try sender == .city || transaction.owns(parked, sender)
    }
    let aliases = batch.aliases.filter { alias in
      refs.contains(RowRef(alias.record, alias.key)) || refs.contains(RowRef(alias.record, alias.target))
    }
    let erasures = batch.erasures.filter { refs.contains($0.ref) }
    var acts = rulings.map { (HistoryEntry.What.ruling($0), nil as Int?) } + aliases.map { (.alias($0), nil) }
    acts += erasures.map { (.erasure($0), nil) }
    for (index, decision) in batch.decisions.enumerated() {
      guard let conflict = try transaction.conflict(of: decision),
        refs.contains(RowRef(conflict.record, conflict.key))
      else { continue }
      acts.append((.decision(decision.withoutErased(schema), conflict), excerpt.count + index + 1))
    }
    return acts
  }

  /// Puts edits that a tool made on the master's file into the log.
  public func absorbNow() throws {
    _ = try store.write { db in try absorb(SQLiteMasterTransaction(db: db, schema: schema)) }
  }

  /// Checks the file, its constraints (I6), the chain and signatures of the whole log, and that nothing of it is lost (I1).
  /// Empty: all is well.
  public func verify() throws -> [Label] {
    let isWhole = try !isRefused()
    if isWhole { try absorbNow() }
    return try read { db in
      let found = try schema.damage(db, weakKeys: true) + brokenChain(db)
      // A table that is not there or lacks a column holds nothing; it has been told already.
      guard isWhole else { return found }
      return try found + hiddenRows(db) + brokenSchemas(db) + brokenRows(db) + brokenProjections(db) + brokenSecrets(db)
        + unaccounted(db)
    }
  }

  /// How many rows no replica sees, because of references that a tool left dangling, or of values that no table takes.
  private func hiddenRows(_ db: Database) throws -> [Label] {
    let count = try SQLiteMasterTransaction(db: db, schema: schema).orphans().count
    if count == 0 { return [] }
    return [
      Label(
        zh: "\(count) 行引用了不存在的行、含有类型不符或校验不允许的值(或引用了这样的行),"
          + "任何机器都看不到;补录被引用的行、改正这些行,或将其删除",
        en:
          "\(count) rows refer to what is not there, hold a value that is not of its type or that a check refuses, or "
          + "refer to such a row, and no machine sees them; enter what they refer to, correct them, or delete them")
    ]
  }

  /// Rows that are wrong by themselves.
  private func brokenRows(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    for record in schema.records {
      try db.each("SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)") { row in
        let image = row.cells(0..<record.fields.count)
        for problem in record.problems(in: image, formats: formats) {
          problems.append(problem.label(of: RowRef(record.name, record.rowKey(of: image))))
        }
      }
    }
    return problems
  }

  /// Restricted values that are not the ones that were signed.
  private func brokenSecrets(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    try db.each("SELECT commitment, salt, value, batch, record, key, field FROM sync_secret") { row in
      guard case .blob(let commitment) = row.cell(0), case .blob(let salt) = row.cell(1),
        case .blob(let key) = row.cell(5)
      else { return }
      if Secret(commitment: commitment, salt: salt, value: row.cell(2)).isGenuine { return }
      let cell = "\(row[4] as String) \(show(try RowKey(encoded: key))).\(row[6] as String? ?? "*")"
      let arrival = row[3] as Int64
      problems.append(
        Label(
          zh: "历史第 \(arrival) 批:\(cell) 的值不是当时签名的值",
          en: "batch \(arrival) of the log: the value kept of \(cell) is not the one that was signed"))
    }
    return problems
  }

  func brokenChain(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    var keys: [Identifier: VerifyingKey] = [.city: key.publicKey]
    try db.each("SELECT id, public_key FROM sync_replica") { row in
      guard case .blob(let id) = row.cell(0), case .blob(let bytes) = row.cell(1), let id = Identifier(id) else {
        return
      }
      keys[id] = try? VerifyingKey(bytes: bytes)
    }
    var chain = LoggedBatch.firstLink
    var arrival: Int64 = 0
    try db.each("SELECT * FROM sync_batch ORDER BY arrival") { row in
      guard let logged = LoggedBatch(row: row.cells(0..<LoggedBatch.columns)) else { return }
      arrival += 1
      chain = logged.link(after: chain)
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
