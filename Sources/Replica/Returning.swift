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
  ///   - asking: the epoch of the city that wants it; on a stick, that of the one that has asked last.
  public func returningHello(more: Bool, carried: Bool = false, asking: Identifier? = nil) throws -> Envelope {
    try hello(asking: asking) {
      $0.returning = true
      $0.more = more
      $0.carried = carried
    }
  }

  func hello(asking: Identifier? = nil, _ adjust: (inout Header) -> Void) throws -> Envelope {
    try write { db in
      let meta = try ownMeta(db)
      let number = try tick(db, milliseconds: clock()).raw
      var header = Header(
        kind: .hello, replica: meta.replica, epoch: meta.epoch, number: number, cursor: meta.cursor,
        stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
      adjust(&header)
      let epoch = try header.returning && header.carried ? self.asking(db) : asking
      return try Envelope(header, body: HelloBody(last: meta.last, seen: meta.seen, asking: epoch).bytes, key: key)
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

  /// Makes room for the receipts of a restored city in place of those of before: what became of a batch is told again.
  /// - Returns: of each of these batches, what was heard of its changes, by their number.
  func forgetReceipts(_ db: Database, replacedBy receipts: [Envelope]) throws -> [Int64: [Int: RowReceipt]] {
    var former: [Int64: [Int: RowReceipt]] = [:]
    for receipt in receipts {
      let number = Value.integer(receipt.header.number)
      let sql = "SELECT \(Self.heardReceipt) FROM sync_outbox WHERE number = ?"
      guard case .blob(let bytes)? = try db.first(sql, [number])?.first else { continue }
      let old = try SealedEnvelope(bytes[...])
      if old.header.epoch == receipt.header.epoch { continue }
      let rows = try ReceiptBody.decode(old.unverifiedBody())
      former[receipt.header.number] = Dictionary(uniqueKeysWithValues: rows.map { ($0.n, $0) })
    }
    if former.isEmpty { return former }
    let superseded = try superseded(db)
    for number in former.keys {
      try db.run("UPDATE sync_outbox SET receipt = NULL WHERE number = ?", [.integer(number)])
    }
    try putInFlight(db, receipts.filter { former[$0.header.number] != nil }, over: superseded)
    return former
  }

  /// In SQL: what was heard of a batch last, also when it goes once more since.
  private static let heardReceipt = "coalesce(receipt, former_receipt)"

  /// A change that was parked, and that a later batch of its row has superseded since.
  private struct Superseded {
    var change: Change
    var batch: Int64
    var receipt: RowReceipt
  }

  /// By row: of these no entry is left.
  private func superseded(_ db: Database) throws -> [RowRef: [Superseded]] {
    var found: [RowRef: [Superseded]] = [:]
    let heard = Self.heardReceipt
    try db.each("SELECT number, \(heard) FROM sync_outbox WHERE \(heard) IS NOT NULL ORDER BY number") { row in
      guard case .blob(let bytes) = row.cell(1) else { return }
      let batch: Int64 = row[0]
      let rows = try ReceiptBody.decode(SealedEnvelope(bytes[...]).unverifiedBody()).filter {
        try $0.outcome == .parked && !isKnown(db, batch, $0.n)
      }
      if rows.isEmpty { return }
      let changes = try sent(db, batch)
      for receipt in rows where receipt.n <= changes.count {
        let change = changes[receipt.n - 1]
        guard let record = schema.record(change.record) else { continue }
        found[change.ref, default: []].append(
          Superseded(change: change.withoutErased(record), batch: batch, receipt: receipt))
      }
    }
    return found
  }

  /// Whether there is an entry of a change that was parked.
  private func isKnown(_ db: Database, _ batch: Int64, _ n: Int) throws -> Bool {
    let place: [Value] = [.integer(batch), .integer(Int64(n))]
    return try db.first("SELECT 1 FROM sync_parked WHERE batch = ? AND n = ? LIMIT 1", place) != nil
  }

  /// Of a row that is parked, later batches that are answered anew are on their way again until they are taken: they
  /// supersede it, and what they say nothing of is said again. What they had superseded counts as said again: a city
  /// that had lost them may have let it in.
  private func putInFlight(
    _ db: Database, _ receipts: [Envelope], over superseded: [RowRef: [Superseded]]
  ) throws {
    var parked: Set<RowRef> = []
    for receipt in receipts.sorted(by: { $0.header.number < $1.header.number }) {
      let number = receipt.header.number
      let rows = try ReceiptBody.decode(receipt.body).filter { $0.outcome == .parked }
      if rows.isEmpty, parked.isEmpty, superseded.isEmpty { continue }
      let changes = try answeredAnew(db, receipt)
      for change in changes {
        let earlier = (superseded[change.ref] ?? []).filter { $0.batch < number }
        guard parked.contains(change.ref) || !earlier.isEmpty, let record = schema.record(change.record) else {
          continue
        }
        try putInFlight(db, change, record, of: number)
        for item in earlier where try !isKnown(db, item.batch, item.receipt.n) {
          try addSaidAgain(db, record, item.change, item.receipt, batch: item.batch)
        }
      }
      for row in rows where row.n <= changes.count { parked.insert(changes[row.n - 1].ref) }
    }
  }

  private func putInFlight(_ db: Database, _ change: Change, _ record: RecordSchema, of batch: Int64) throws {
    try db.run("INSERT OR REPLACE INTO sync_flight VALUES (?, ?, ?, ?)", change.flight(record, in: batch))
  }

  /// The changes of a batch that this receipt answers anew; none: it only says again what was heard.
  private func answeredAnew(_ db: Database, _ receipt: Envelope) throws -> [Change] {
    try isHeard(db, receipt.header) ? [] : sent(db, receipt.header.number)
  }

  /// What had come in at the city that is lost waited again at the restored one, until a later batch of its row superseded
  /// it there: it is parked once more before that batch is taken.
  /// - Parameters:
  ///   - answers: those to batches that have a receipt count no more. The later batch may be answered anew, or for the
  ///     first time.
  ///   - items: what the city says of changes that it parked.
  /// - Returns: what refers to rows that left.
  func parkAgain(
    _ db: Database, before answers: [Envelope], _ items: @autoclosure () throws -> [PageItem],
    _ summary: inout ReceiveSummary
  ) throws -> [Dependent] {
    let isOpen = "SELECT 1 FROM sync_outbox WHERE number = ? AND receipt IS NULL"
    let receipts = try answers.filter { try db.first(isOpen, [.integer($0.header.number)]) != nil }
    if receipts.isEmpty { return [] }
    let open = Set(receipts.map(\.header.number))
    let superseded = try cameIn(db, items()).filter { !open.contains($0.batch) }
    if superseded.isEmpty { return [] }
    let first = Dictionary(superseded.map { ($0.ref, $0.batch) }, uniquingKeysWith: min)
    var last: [RowRef: Int64] = [:]
    for receipt in receipts {
      let number = receipt.header.number
      for change in try answeredAnew(db, receipt) {
        guard let start = first[change.ref], start < number, let record = schema.record(change.record) else { continue }
        try putInFlight(db, change, record, of: number)
        last[change.ref] = max(last[change.ref] ?? 0, number)
      }
    }
    let followed = Dictionary(grouping: superseded.filter { $0.batch < last[$0.ref] ?? 0 }) { $0.batch }
    var left: [Dependent] = []
    for number in followed.keys.sorted() {
      let found = try db.first("SELECT receipt FROM sync_outbox WHERE number = ?", [.integer(number)])?.first
      guard case .blob(let bytes)? = found, let message = try sentMessage(db, number) else { continue }
      let places = Set((followed[number] ?? []).map { $0.n })
      let rows = try ReceiptBody.decode(SealedEnvelope(bytes[...]).unverifiedBody()).filter {
        $0.outcome == .parked && places.contains($0.n)
      }
      let batch = try withoutErasedBases(db, ownBatch(db, message.bytes), number: number)
      left += try openingOnce { try take(db, rows, of: batch, number: number, [:], &summary) }
    }
    return left
  }

  /// In SQL: whether a row of `sync_parked` is of a change that came in.
  static let hasComeIn =
    "state IN (\(ParkedState.cameIn.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")))"

  /// Changes that came in since they were parked, and count as superseded at the city.
  private func cameIn(_ db: Database, _ items: [PageItem]) throws -> [(ref: RowRef, batch: Int64, n: Int)] {
    let sql = "SELECT record, key FROM sync_parked WHERE batch = ? AND n = ? AND \(Self.hasComeIn)"
    var changes: [(ref: RowRef, batch: Int64, n: Int)] = []
    for case .parked(let notice) in items where notice.state == .superseded {
      let (batch, n) = (notice.parked.batch, notice.parked.n)
      guard notice.parked.replica == identity.replica.description,
        let found = try db.first(sql, [.integer(batch), .integer(n)]), case .text(let record) = found[0],
        case .blob(let key) = found[1]
      else { continue }
      changes.append((RowRef(record, try RowKey(encoded: key)), batch, Int(n)))
    }
    return changes
  }
}

// A batch that was answered before, by a city that was restored since, or under a former id, is answered anew. What was
// said again of what it had parked stays so.
extension Replica {
  /// Whether a change that is parked was parked before: then what counts of it was said again, or is known to wait.
  func waitsAgain(
    _ db: Database, _ record: RecordSchema, _ change: Change, _ receipt: RowReceipt, batch: Int64, wasParked: Bool
  ) throws -> Bool {
    let place: [Value] = [.integer(batch), .integer(Int64(receipt.n))]
    // It had come in since, and what was edited later stands on it.
    try db.run("DELETE FROM sync_parked WHERE batch = ? AND n = ? AND \(Self.hasComeIn)", place)
    if db.changesCount > 0 { return false }
    try db.run(
      "UPDATE sync_parked SET reason = ?, zh = ?, en = ? WHERE batch = ? AND n = ? AND \(ReplicaTables.isOpen)",
      [.text(receipt.reason), .text(receipt.detail.zh), .text(receipt.detail.en)] + place)
    if try isKnown(db, batch, receipt.n) { return true }
    if !wasParked { return false }
    // A later batch says it again, and has been answered since.
    try addSaidAgain(db, record, change, receipt, batch: batch)
    return true
  }

  func addSaidAgain(
    _ db: Database, _ record: RecordSchema, _ change: Change, _ receipt: RowReceipt, batch: Int64,
    state: String = "edited"
  ) throws {
    let image = try record.row(db, key: change.key) ?? change.imageAsSent
    try addParked(
      db, change.ref, image: image, edit: change.edit, sent: (batch, receipt.n), reason: receipt.reason,
      detail: receipt.detail, state: state)
  }

  /// What was parked of a batch and is not, now that it is answered anew, has come in by itself: what was said again of it
  /// is taken off.
  func forgetParked(_ db: Database, of batch: Int64, but parked: Set<Int>, _ answer: Answer) throws {
    var found: [(id: Int64, item: CameIn)] = []
    let sql = "SELECT id, record, key, n, state FROM sync_parked WHERE batch = ? AND \(ReplicaTables.isOpen)"
    if try db.first(sql, [.integer(batch)]) == nil { return }
    let isTakenOver = try isTakenOver(db, answer)
    try db.each(sql, [.integer(batch)]) { row in
      guard case .blob(let key) = row.cell(2), !parked.contains(Int(row[3] as Int64)) else { return }
      let ref = RowRef(row[1], try RowKey(encoded: key))
      let isTakenUp = row.cell(4) == .text("edited")
      let item = CameIn(ref: ref, batch: batch, isTakenUp: isTakenUp, isTakenOver: isTakenOver)
      found.append((row[0], item))
    }
    for (id, item) in found {
      if let record = schema.record(item.ref.record) { _ = try unsay(db, record, item, answer) }
      try db.run("DELETE FROM sync_parked WHERE id = ?", [.integer(id)])
    }
  }
}
