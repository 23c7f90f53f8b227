import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// One pass over a log into a fresh master.
struct Replay {
  let log: Database
  /// The fresh master.
  let master: Master
  private(set) var transaction: SQLiteMasterTransaction
  /// What the log says otherwise, by batch.
  var findings: [Label] = []
  /// Whether every batch could be taken again.
  var isComplete = true
  /// Whether personal data was erased since: what was contested about it is not contested again.
  var hasErasures: Bool
  /// The last number of the city's own batches in each epoch.
  var ownNumbers: [Identifier: Int64] = [:]
  /// The last batch, by its number, that says that something is lost: of those made in another epoch neither the places nor the numbers
  /// follow each other any more.
  var lossy: (epoch: Identifier, number: Int64)?
  /// The chain of the log so far.
  private var chain = LoggedBatch.firstLink
  /// The statements that make the triggers again.
  private var triggers: [(name: String, sql: String)] = []

  private var db: Database { transaction.db }
  var schema: Schema { transaction.schema }

  init(log: Database, master: Master, transaction: SQLiteMasterTransaction) throws {
    hasErasures = try log.first("SELECT 1 FROM sync_erasure LIMIT 1") != nil
    self.log = log
    self.master = master
    self.transaction = transaction
  }

  /// - Parameter visit: gets what there is when a batch has come, and its number; 0: before the first.
  mutating func run(upTo end: Int64, _ visit: (Replay, Int64) throws -> Void) throws {
    try prepare()
    try takeTriggers()
    try visit(self, 0)
    let batches = try Row.fetchCursor(
      log, sql: "SELECT * FROM sync_batch WHERE arrival <= ? ORDER BY arrival", arguments: [end])
    while isComplete, let row = try batches.next() {
      guard let logged = LoggedBatch(row: row.cells(0..<LoggedBatch.columns)) else {
        throw Failure(.data, zh: "历史无法读取;请恢复备份", en: "the log cannot be read; restore a backup")
      }
      do { try enter(logged) } catch { try stop(at: logged, error) }
      try db.run("UPDATE sync_clock SET stamp = ?", [.integer(logged.receivedAt.raw)])
      try visit(self, logged.arrival)
    }
    try restoreTriggers()
  }

  /// Empty tables, and what the log does not hold.
  private func prepare() throws {
    let actor = try log.first("SELECT default_actor FROM sync_clock")?.first
    guard case .text(let actor)? = actor else {
      throw Failure(.data, zh: "主库缺少 sync_clock;请恢复备份", en: "the master has no sync_clock; restore a backup")
    }
    try MasterTables.create(db, schema: schema, actor: actor)
    for table in ["sync_meta", "sync_enrolment"] {
      try log.each("SELECT * FROM \(table)") { row in
        try db.run("INSERT INTO \(table) VALUES (\(placeholders(row.count)))", row.cells(0..<row.count))
      }
    }
    try SchemaTable.begin(db, asIn: log)
  }

  /// Drops the triggers.
  mutating func takeTriggers() throws {
    var triggers: [(name: String, sql: String)] = []
    try db.each("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid") { row in
      triggers.append((row[0], row[1]))
    }
    for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(quoted(trigger.name))") }
    self.triggers = triggers
  }

  /// Makes them again.
  func restoreTriggers(but left: Set<String> = []) throws {
    for trigger in triggers where !left.contains(trigger.name) { try db.execute(sql: trigger.sql) }
  }

  /// The batches after this one were made by a later version of the schema; or by an earlier one, too, which had been lost.
  mutating func upgrade(to step: SchemaStep) throws {
    if step.version < Int64(schema.version) { return try SchemaTable.keep(db, step.stored) }
    try restoreTriggers()
    transaction = try master.carryOut(step, to: SchemaTable.decode(step.text), transaction)
    try takeTriggers()
  }

  private mutating func enter(_ logged: LoggedBatch) throws {
    let (message, batch) = try logged.opened(schema, log)
    try takeSecrets(of: logged)
    if logged.link(after: chain) != logged.chain { note(logged, zh: "哈希链不符", en: "it does not continue the chain") }
    chain = logged.chain
    if try transaction.upcomingArrival() != logged.arrival {
      note(logged, zh: "前面缺少一批", en: "the batch before it is missing")
      try db.run("UPDATE sync_counter SET value = ? WHERE name = 'arrival'", [.integer(logged.arrival - 1)])
    }
    if logged.replica == .city {
      try repeatOwn(batch, of: message, logged)
    } else {
      try take(batch, of: message, logged)
    }
  }

  /// The restricted values that the log still has.
  private func takeSecrets(of logged: LoggedBatch) throws {
    try log.each("SELECT * FROM sync_secret WHERE batch = ?", [.integer(logged.arrival)]) { row in
      try db.run("INSERT INTO sync_secret VALUES (\(placeholders(row.count)))", row.cells(0..<row.count))
    }
  }

  /// A batch of a county comes in as it did, and its sender is told what it was told.
  private mutating func take(_ batch: Batch, of message: Envelope, _ logged: LoggedBatch) throws {
    guard var replica = try transaction.replica(logged.replica) else { throw Refusal.unknownReplica }
    replica.offset = logged.offset
    let receipt = try SealedEnvelope(logged.receipt[...])
    let told = try logged.receipts()
    var receipts: [RowReceipt] = []
    // An earlier version took in larger rows; but what waits may have been kept out by the limit again, which no receipt tells.
    let isLimited = try transaction.isAnythingWaiting() || told.contains { $0.reason == Parking.check.rawValue }
    try RecordSchema.$mostBytes.withValue(isLimited ? RecordSchema.mostBytes : .max) {
      _ = try master.take(
        naming(batch, told), of: message, from: replica,
        cursor: ReadSoFar(message.header, receipt: receipt.header).feed, received: logged.receivedAt, transaction
      ) { _, given in
        receipts = given
        return logged.receipt
      }
    }
    if receipt.header.stamp != logged.receivedAt || receipt.header.cursor != logged.arrival {
      note(logged, zh: "到达时间与回执不符", en: "its receipt says that it came at another time")
    }
    if !hasErasures, receipts != told {
      note(logged, zh: "回执与重放结果不符", en: "it gives another receipt than its sender got")
    }
  }

  /// The batch of a county with the numbers that the conflicts have here. What is not there was about values that were erased
  /// since: 0 is the number of none.
  /// - Parameter told: what its sender was told. Of decisions only those that were refused: they are refused again, though what they
  ///   are about may be there under another number.
  func naming(_ batch: Batch, _ told: [RowReceipt]) throws -> Batch {
    if !hasErasures { return batch }
    let refused = Set(told.map(\.n))
    var batch = batch
    for (index, decision) in batch.decisions.enumerated() {
      let isRefused = refused.contains(batch.changes.count + index + 1)
      batch.decisions[index].conflict = isRefused ? 0 : try conflict(of: decision)?.id ?? 0
    }
    return batch
  }

  /// What its sender is told of the decisions that were refused then: they are refused again, in the words of then.
  func receipts(_ rows: [RowReceipt], _ told: [RowReceipt], of batch: Batch) -> [RowReceipt] {
    if !hasErasures { return rows }
    return rows.map { row in row.n > batch.changes.count ? told.first { $0.n == row.n } ?? row : row }
  }

  /// Throws when the log says otherwise.
  func assertTrue() throws {
    if let first = findings.first { throw Failure(.data, zh: first.zh, en: first.en) }
  }

  mutating func note(_ logged: LoggedBatch, zh: String, en: String) {
    if findings.count >= Master.mostDifferences { return }
    let at = Self.at(logged)
    findings.append(Label(zh: at.zh + zh, en: at.en + en))
  }

  /// A batch that cannot be taken again is a finding, a full disk is none.
  private mutating func stop(at logged: LoggedBatch, _ error: any Error) throws {
    let why: Failure =
      switch error {
      case let failure as Failure: failure
      case let refusal as Refusal: refusal.failure
      case let error as DatabaseError: Connection.failure(error, path: master.path)
      default: Failure(.data, zh: "\(error)", en: "\(error)")
      }
    if [.disk, .busy].contains(why.kind) { throw why }
    isComplete = false
    note(logged, zh: "无法重放:" + why.message.zh, en: "it cannot be replayed: " + why.message.en)
  }

  private static func at(_ logged: LoggedBatch) -> Label {
    Label(
      zh: "历史第 \(logged.arrival) 批(机器 \(logged.replica) 第 \(logged.number) 批):",
      en: "batch \(logged.arrival) of the log (replica \(logged.replica), number \(logged.number)): ")
  }
}
