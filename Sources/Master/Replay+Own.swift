import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own batches. What an act does is done again by the code that did it then, the rows that it edits included; the
// changes of the batch are what stood in the tables afterwards, whoever put them there.

extension Replay {
  mutating func repeatOwn(_ signed: Batch, of message: Envelope, _ logged: LoggedBatch) throws {
    var batch = try withoutErased(signed)
    try carryOut(batch)
    if hasErasures {
      // A row that came back by a conflict about what was erased since does not come back here.
      let images = try transaction.images(of: batch.changes.map(\.ref))
      batch.changes.removeAll { $0.kind != .insert && images[$0.ref] == nil }
    }
    try write(batch.changes)
    if try transaction.nextOwnBatch() != message.header.number {
      note(logged, zh: "前面缺少市里的一批", en: "a batch of the city's before it is missing")
    }
    let isElsewhere = try !hasErasures && transaction.head() != message.header.cursor
    if isElsewhere || message.header.stamp != logged.receivedAt {
      note(logged, zh: "到达次序或时间与签名内容不符", en: "its place or its time is not what was signed")
    }
    try master.enter(batch, of: message, received: logged.receivedAt, transaction)
    for erasure in batch.erasures {
      try transaction.carryOut(erasure, arrival: logged.arrival, cursor: message.header.cursor)
    }
    for step in batch.schemas { try upgrade(to: step) }
  }

  /// The batch as what was erased since leaves it.
  private func withoutErased(_ signed: Batch) throws -> Batch {
    guard signed.holdsErased(master.schema) else { return signed }
    var batch = signed
    batch.changes = signed.changes.map { change in
      master.schema.record(change.record).map(change.withoutErased) ?? change
    }
    batch.decisions = try signed.decisions.map { decision in
      try transaction.conflict(decision.conflict).map { decision.withoutErased($0, master.schema) } ?? decision
    }
    return batch
  }

  private func carryOut(_ batch: Batch) throws {
    for member in batch.members { try master.carryOut(member, transaction) }
    for decision in batch.decisions {
      guard let conflict = try conflict(decision.conflict) else { continue }
      var decision = decision
      decision.conflict = conflict.id
      _ = try master.carryOut(decision, of: conflict, transaction)
    }
    let parked = try batch.rulings.map { ruling in
      try transaction.parkedChange(ruling.parked).orThrow(
        Failure(
          .notFound, zh: "没有搁置 \(ruling.parked.batch)/\(ruling.parked.n)",
          en: "there is no parked change \(ruling.parked.batch)/\(ruling.parked.n)"))
    }
    try master.carryOut(batch.rulings, of: parked, transaction)
    for alias in batch.aliases { try master.carryOut(alias, try master.record(alias.record), transaction) }
  }

  /// The conflict that the log numbers so. After an erasure there may be fewer conflicts, and other numbers; nil: it was about
  /// what was erased.
  private func conflict(_ id: Int64) throws -> Conflict? {
    if !hasErasures { return try transaction.conflict(id).orThrow(master.missing(id)) }
    guard let known = try ConflictTables.find(log, id) else { return nil }
    let field = known.field.map(Value.text) ?? .null
    return try ConflictTables.read(
      transaction.db, where: "record = ? AND key = ? AND field IS ?",
      [.text(known.record), .blob(known.key.encoded), field]
    ).first { $0.isWaiting } ?? nil
  }

  /// Rows as the batch leaves them. Those that an act has edited stand so already.
  private func write(_ changes: [Change]) throws {
    let images = try transaction.images(of: changes.map(\.ref))
    try transaction.assign(
      changes.map { change in
        let before = images[change.ref]
        let after: [Value]? =
          change.kind == .delete
          ? nil : change.new.indices.map { change.new[$0] ?? before?[$0] ?? change.old[$0] ?? .null }
        return RowWrite(ref: change.ref, before: before, after: after)
      })
  }
}
