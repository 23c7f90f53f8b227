import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What came back enters the log again in the order of then, by the code that replays a log: the same batches, times and clock
// offsets, and the receipts of then. When nothing is missing the master is the old one, byte for byte.

extension Master {
  /// Takes whatever follows on without a gap, and ends the recovery when everything is back.
  func applyReturned() throws {
    guard try read({ try SQLiteMasterTransaction(db: $0, schema: schema).canGoOn() }) else { return }
    // What a tool has edited stands in the tables already: it comes first in the log, too.
    try absorbNow()
    try reentering { try $0.run() }
  }

  /// Goes on without what is missing: the log says what is lost, what is held enters in its order, and the city works again.
  public func release(reason: String, actor: String?) throws {
    guard try read({ try SQLiteMasterTransaction(db: $0, schema: schema).isRecovering() }) else {
      throw Failure(
        .data, zh: "主库不在恢复中,没有需要放行的", en: "the city is not recovering: there is nothing to release")
    }
    try reentering { try $0.release(reason: reason, actor: actor ?? "city") }
  }

  /// References and triggers rest: what a tool had written need not satisfy them, and there is nothing to capture.
  private func reentering(_ body: (inout Reentry) throws -> Void) throws {
    try store.writeWithoutReferences { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      // It may have edited since.
      try absorb(transaction)
      var replay = try Replay(log: db, master: self, transaction: transaction)
      if try transaction.holdsErasure() { replay.hasErasures = true }
      try replay.takeTriggers()
      var reentry = Reentry(master: self, replay: replay)
      try body(&reentry)
      // An upgrade that came back may have brought records.
      let now = reentry.transaction.schema
      try reentry.replay.restoreTriggers(but: RecoveryGuard.names(now))
      if try reentry.transaction.isRecovering() { try RecoveryGuard.create(db, now) }
    }
    // What others are sending or fetching goes only where something was erased.
    if try schema.hasRestricted && holdsOldPages() { try removeErased() }
  }
}

struct Reentry {
  let master: Master
  var replay: Replay

  var transaction: SQLiteMasterTransaction { replay.transaction }
  var db: Database { transaction.db }

  mutating func run() throws {
    if try transaction.isRecovering() {
      while let batch = try next(), try enter(batch) {}
      guard try transaction.isBack() else { return }
    }
    try finish()
  }

  mutating func release(reason: String, actor: String) throws {
    while let end = try db.integer("SELECT max(arrival) FROM sync_returned WHERE state = 'held'"),
      try transaction.upcomingArrival() <= end
    {
      let batch = try next()
      if let batch, try enter(batch) { continue }
      if let batch { try transaction.keep(batch, as: batch.passedOver) }
      // Another one that is held for this place may fit.
      if batch != nil, try next() != nil { continue }
      let arrival = try transaction.upcomingArrival()
      try lose(through: arrival, reason, actor)
    }
    let end = try transaction.formerEnd()
    if try end >= transaction.upcomingArrival() { try lose(through: end, reason, actor) }
    try finish()
  }

  /// What an earlier recovery had given up, or nobody knew of any more, and what the city put in its place then, have one place: the
  /// log of then had the latter, which is of the later epoch.
  private func next() throws -> ReturnedBatch? {
    let arrival = Value.integer(try transaction.upcomingArrival())
    let held = try transaction.returned("state = 'held' AND arrival = ?", [arrival])
    if held.count < 2 { return held.first }
    let formers = try transaction.formerEpochs()
    // An epoch that the backup does not know began after it. The larger number of the city's own is of the later epoch.
    func age(_ batch: ReturnedBatch) throws -> (Int, Stamp) {
      (formers.firstIndex(of: try batch.epoch) ?? .max, batch.receivedAt)
    }
    let own = held.last { $0.replica == .city }
    let county = try held.filter { $0.replica != .city }.max { try age($0) < age($1) }
    guard let own, let county else { return own ?? county }
    return try age(own) < age(county) ? county : own
  }

  /// - Returns: whether it could be taken; if not, nothing was changed.
  private mutating func enter(_ batch: ReturnedBatch) throws -> Bool {
    try isDone { entry in
      if batch.replica == .city { try entry.repeatOwn(batch) } else { try entry.take(batch) }
      try entry.transaction.forget(batch, in: batch.arrival)
      try entry.db.run(
        "UPDATE sync_returned SET state = 'late' WHERE state = 'held' AND arrival = ?", [.integer(batch.arrival)])
      try entry.db.run("UPDATE sync_clock SET stamp = max(stamp, ?)", [.integer(batch.receivedAt.raw)])
    }
  }

  /// Does it, or nothing if it cannot be done.
  mutating func isDone(_ body: (inout Reentry) throws -> Void) throws -> Bool {
    let before = replay
    do {
      try db.inSavepoint {
        try body(&self)
        return .commit
      }
      return true
    } catch let error as DatabaseError where [.SQLITE_FULL, .SQLITE_IOERR].contains(error.resultCode) {
      throw error
    } catch {
      // The savepoint took an upgrade back, too.
      replay = before
      try master.store.openSchema.refresh(db)
      return false
    }
  }

  private func take(_ returned: ReturnedBatch) throws {
    let message = try SealedEnvelope(returned.message[...]).unverified()
    guard var replica = try transaction.replica(returned.replica) else { throw Refusal.unknownReplica }
    guard try follows(returned, replica) else { throw Refusal.gap(returned.number, after: replica.highWater) }
    replica.offset = returned.offset
    // What its sender had read is no place of this log.
    let isUprooted = try transaction.setting("lossy") != nil || transaction.isOfAnotherHistory(returned)
    let given = try SealedEnvelope(returned.receipt[...])
    let read = ReadSoFar(message.header, receipt: given.header)
    let own = try master.schema(named: message.header.schema, transaction.meta(), transaction)
    let (batch, kept) = try master.received(
      Batch(message.body, schema: own), by: own, secrets: returned.knownSecrets(),
      cursor: isUprooted ? -1 : read.erasures, offset: replica.offset, at: returned.receivedAt, transaction,
      isFormer: true)
    try transaction.keep(kept, arrival: returned.arrival)
    let then = try ReceiptBody.decode(given.unverifiedBody())
    let isStale = given.header.stale || isUprooted
    let transaction = transaction
    _ = try master.take(
      replay.naming(batch.widened(to: master.schema), isUprooted ? [] : then), of: message, from: replica,
      cursor: isUprooted ? -1 : read.feed, received: returned.receivedAt, transaction
    ) { arrival, rows in
      let rows = isUprooted ? rows : replay.receipts(rows, then, of: batch)
      if !isUprooted, rows == then { return returned.receipt }
      return try master.receipt(
        rows, of: message, arrival: arrival, received: returned.receivedAt, offset: replica.offset, isStale: isStale,
        transaction)
    }
  }

  /// Whether a batch is the next of its sender's. Once something is lost, a number may be missing: the file has let go of those
  /// between for backups that are later than the one restored. One that waits here is not missing.
  /// - Parameter isLate: it has no place in the log, which need not say that anything is lost: of what nobody else had read
  ///   there is nothing to say.
  func follows(_ returned: ReturnedBatch, _ replica: ReplicaRecord, isLate: Bool = false) throws -> Bool {
    if returned.number == replica.highWater + 1 { return true }
    #if MUTANTS
      if Mutant.gapsStayOut.isActive { return false }
    #endif
    let waiting = "state <> 'aside' AND replica = ? AND number > ? AND number < ?"
    let range: [Value] = [.blob(replica.id.bytes), .integer(replica.highWater), .integer(returned.number)]
    return try returned.number > replica.highWater && (isLate || db.first("SELECT 1 FROM sync_loss LIMIT 1") != nil)
      && db.first("SELECT 1 FROM sync_returned WHERE \(waiting) LIMIT 1", range) == nil
  }

  private mutating func repeatOwn(_ returned: ReturnedBatch) throws {
    let message = try SealedEnvelope(returned.message[...]).unverified()
    // What followed an upgrade that is lost may be readable all the same.
    let own = try transaction.earlierSchema(message.header.schema) ?? master.schema
    let sealed = try Batch(message.body, schema: own, mostChanges: .max, isOwn: true)
    let (read, kept) = try master.own(sealed, by: own, secrets: returned.knownSecrets() ?? [], transaction)
    let batch = read.widened(to: master.schema)
    let isLossy = try transaction.setting("lossy") != nil
    let isApart = try transaction.isOfAnotherHistory(returned)
    let isInOrder = try transaction.isInOrder(message.header.epoch)
    // Nothing in the log would say why it stands there.
    if isApart, isInOrder { throw Misfit() }
    if try !follows(batch, message.header) { throw Misfit() }
    let isFit = try fits(batch)
    if isLossy || isApart, !isFit { throw Misfit() }
    // A conflict of a duplicate that was merged since is one of the row that was kept.
    let decided = Set(try batch.decisions.compactMap(\.subject?.ref).map(transaction.kept))
    let before = try transaction.images(of: Array(decided))
    try transaction.keep(kept, arrival: returned.arrival)
    let place = try replay.again(batch, of: message, received: returned.receivedAt, arrival: returned.arrival)
    let isElsewhere = !replay.hasErasures && place != message.header.cursor
    guard isLossy || isApart || isElsewhere else { return }
    if isElsewhere, isInOrder, try transaction.isBehindAnother(message.header.epoch) { throw Misfit() }
    if try !isFit || breaksReferences(batch) || exceeds(batch, decided, before) { throw Misfit() }
  }

  struct Misfit: Error {}

  /// Whether an upgrade goes on from the present version. Without one between nobody could read what was made by that,
  /// and no official could make it the city's again; after a later one the city would go back to an earlier version.
  private func follows(_ batch: Batch, _ header: Header) throws -> Bool {
    try batch.schemas.isEmpty || header.schema == transaction.meta().schemaHash
  }

  /// Whether an act of the city's own stands on what it stood on then, now that something before it is lost, or is not what
  /// stood there then.
  private func fits(_ batch: Batch) throws -> Bool {
    let images = try transaction.images(of: batch.changes.map(\.ref))
    for signed in batch.changes {
      let change = master.schema.record(signed.record).map(signed.withoutErased) ?? signed
      guard let image = images[change.ref] else {
        if change.kind != .insert { return false }
        continue
      }
      if change.kind == .insert { return false }
      for (old, value) in zip(change.old, image) where old != nil && old != value { return false }
    }
    for decision in batch.decisions {
      guard let conflict = try replay.conflict(of: decision), conflict.subject == decision.subject,
        decision.fits(conflict), decision.version.map({ $0 == conflict.version }) ?? true
      else { return false }
    }
    return try batch.rulings.allSatisfy { try transaction.parkedChange($0.parked)?.state == .waiting }
  }

  /// Whether a decision changed more of its row than it did then: cells that had its values then have others, which nobody who decided
  /// has seen.
  private func exceeds(_ batch: Batch, _ decided: Set<RowRef>, _ before: [RowRef: [Value]]) throws -> Bool {
    let changes = Dictionary(grouping: batch.changes, by: \.ref)
    let after = try transaction.images(of: Array(decided))
    return decided.contains { ref in
      guard let old = before[ref] else { return false }
      let then = changes[ref] ?? []
      guard let new = after[ref] else { return !then.contains { $0.kind == .delete } }
      let cells = Set(then.flatMap { change in change.new.indices.filter { change.new[$0] != nil } })
      return old.indices.contains { old[$0] != new[$0] && !cells.contains($0) }
    }
  }

  /// Whether a row that the batch left refers to one that is lost, or one that it deleted is referred to by one whose delete is.
  private func breaksReferences(_ batch: Batch) throws -> Bool {
    let ties = Ties.all(master.schema)
    let images = try transaction.images(of: batch.changes.map(\.ref))
    var wanted: Set<ReferenceTarget> = []
    var gone: Set<ReferenceTarget> = []
    for change in batch.changes {
      if let image = images[change.ref] {
        wanted.formUnion(ties[change.record]?.targets(image) ?? [])
      } else {
        gone.formUnion(ties[change.record]?.identities(change.old.map { $0 ?? .null }) ?? [])
      }
    }
    // A duplicate that did not stand then goes without a change that says so.
    let duplicates = batch.aliases.map { RowRef($0.record, $0.key) }
    let standing = try transaction.images(of: duplicates)
    for ref in duplicates where standing[ref] == nil {
      let row = master.schema.record(ref.record)?.keyOnly(ref.key)
      gone.formUnion(row.flatMap { ties[ref.record]?.identities($0) } ?? [])
    }
    return try transaction.present(wanted) != wanted || !transaction.referrers(to: gone).isEmpty
  }

  /// Takes the place of what is lost, with a batch of the city's own that says so.
  private mutating func lose(through arrival: Int64, _ reason: String, _ actor: String) throws {
    try transaction.set("lossy", .integer(1))
    let loss = Loss(
      arrival: arrival, reason: reason, edit: Edit(stamp: Stamp(milliseconds: master.clock()), actor: actor))
    let batch = Batch(losses: [loss])
    // What follows has its time of then.
    let stamp = Stamp(raw: try transaction.stamp().raw + 1)
    try db.run("UPDATE sync_clock SET stamp = ?", [.integer(stamp.raw)])
    let meta = try transaction.meta()
    let header = Header(
      kind: .batch, replica: .city, epoch: meta.epoch, number: try transaction.nextOwnBatch(),
      cursor: try transaction.head(), stamp: stamp, schema: meta.schemaHash)
    let message = try Envelope(header, body: batch.encoded(master.schema), key: master.key)
    try replay.again(batch, of: message, received: stamp, arrival: try transaction.upcomingArrival())
  }
}

extension SQLiteMasterTransaction {
  /// Whether there is anything to take, or the recovery is at its end.
  func canGoOn() throws -> Bool {
    if try !isRecovering() { return try isAnythingLate() }
    let next = "SELECT 1 FROM sync_returned WHERE state = 'held' AND arrival = ?"
    return try db.first(next, [.integer(try upcomingArrival())]) != nil || isBack()
  }

  /// Whether something came after the release that is still to be looked at: one of the city's own, or a county's batch.
  /// That of a sender whom the city does not know stays, however often anybody asks.
  private func isAnythingLate() throws -> Bool {
    let sql = """
      SELECT 1 FROM sync_returned
      WHERE state = 'late' AND (replica = ? OR replica IN (SELECT id FROM sync_replica)) LIMIT 1
      """
    return try db.first(sql, [.blob(Identifier.city.bytes)]) != nil
  }

  /// Whether everybody was heard and everything that anybody knows of is in the log.
  func isBack() throws -> Bool {
    try unheard().isEmpty && formerEnd() == lastArrival()
      && db.first("SELECT 1 FROM sync_returned WHERE state = 'held'") == nil
  }

  func keep(_ batch: ReturnedBatch, as state: ReturnedBatch.State) throws {
    try db.run(
      "UPDATE sync_returned SET state = ? WHERE arrival = ? AND replica = ? AND number = ?",
      [.text(state.rawValue)] + batch.row.prefix(3))
  }

  /// What the city's own batches that are held erase.
  func heldErasures() throws -> [Erasure] {
    try returned("replica = ? AND state = 'held'", [.blob(Identifier.city.bytes)]).flatMap {
      try $0.content(schema, db)?.erasures ?? []
    }
  }

  func holdsErasure() throws -> Bool { try schema.hasRestricted && !heldErasures().isEmpty }
}
