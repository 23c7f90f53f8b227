import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own batches. What an act does is done again by the code that did it then, the rows that it edits included; the
// changes of the batch are what stood in the tables afterwards, whoever put them there.

extension Replay {
  mutating func repeatOwn(_ batch: Batch, of message: Envelope, _ logged: LoggedBatch) throws {
    try carryOut(batch)
    try write(batch.changes)
    if try transaction.nextOwnBatch() != message.header.number {
      note(logged, zh: "前面缺少市里的一批", en: "a batch of the city's before it is missing")
    }
    if try transaction.head() != message.header.cursor || message.header.stamp != logged.receivedAt {
      note(logged, zh: "到达次序或时间与签名内容不符", en: "its place or its time is not what was signed")
    }
    try master.enter(batch, of: message, received: logged.receivedAt, transaction)
  }

  private func carryOut(_ batch: Batch) throws {
    for decision in batch.decisions {
      let conflict = try transaction.conflict(decision.conflict).orThrow(master.missing(decision.conflict))
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
