import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own batches. What an act does is done again by the code that did it then, the rows that it edits included; the
// changes of the batch are what stood in the tables afterwards, whoever put them there.

extension Replay {
  mutating func repeatOwn(_ signed: Batch, of message: Envelope, _ logged: LoggedBatch) throws {
    let header = message.header
    let isUnordered = lossy.map { $0.epoch != header.epoch } ?? false
    if !follows(header.number, of: header.epoch, isUnordered: isUnordered) {
      note(logged, zh: "前面缺少市里的一批", en: "a batch of the city's before it is missing")
    }
    ownNumbers[header.epoch] = header.number
    let place = try again(signed, of: message, received: logged.receivedAt, arrival: logged.arrival)
    let isElsewhere = !hasErasures && !isUnordered && place != header.cursor
    if isElsewhere || header.stamp != logged.receivedAt {
      note(logged, zh: "到达次序或时间与签名内容不符", en: "its place or its time is not what was signed")
    }
    // What an earlier release had given up may come back behind what a later one gave up.
    if !signed.losses.isEmpty, header.number > lossy?.number ?? 0 { lossy = (header.epoch, header.number) }
  }

  /// Within an epoch there is no gap; a new one begins with a larger number than any before, unless what was released since
  /// the city was restored again comes before it.
  private func follows(_ number: Int64, of epoch: Identifier, isUnordered: Bool) -> Bool {
    guard let last = ownNumbers[epoch] else {
      return isUnordered || number == 1 || number > ownNumbers.values.max() ?? .max
    }
    return isUnordered ? number > last : number == last + 1
  }

  /// Everything that a batch of the city's own did, once more.
  /// - Returns: how far the feed went before it.
  @discardableResult
  mutating func again(_ signed: Batch, of message: Envelope, received: Stamp, arrival: Int64) throws -> Int64 {
    var batch = try withoutErased(signed)
    let refs = batch.changes.map(\.ref)
    let stood = hasErasures ? try transaction.images(of: refs) : [:]
    batch.decisions = try carryOut(batch)
    if hasErasures {
      // A row that came back by a conflict about what was erased since does not come back here by itself: who deleted it has
      // nothing to delete, who changed it brings it back.
      let stands = Set(stood.keys).union(try transaction.images(of: refs).keys)
      let last = try transaction.tombstones(of: refs.filter { !stands.contains($0) })
      batch.changes.removeAll { change in
        change.kind != .insert && !stands.contains(change.ref) && (change.kind == .delete || last[change.ref] == nil)
      }
    }
    try write(batch.changes, stood)
    try transaction.passOwnBatch(message.header.number)
    let place = try transaction.head()
    try master.enter(batch, of: message, received: received, transaction)
    try keepUnseen(of: stood, in: batch, received: received)
    for loss in batch.losses { try transaction.note(loss, at: arrival) }
    // What erased values had their places for is shorter now: who knew of the erasure is told by the places of then.
    for erasure in batch.erasures {
      try transaction.carryOut(erasure, arrival: arrival, cursor: message.header.cursor)
    }
    for step in batch.schemas { try upgrade(to: step) }
    return place
  }

  /// Where what was contested then is not contested again, the city may have edited a row as it stood then: what stands here
  /// instead it has not seen, and a conflict keeps it.
  private func keepUnseen(of stood: [RowRef: [Value]], in batch: Batch, received: Stamp) throws {
    let merged = Set(batch.aliases.map { RowRef($0.record, $0.key) })
    for change in batch.changes where !merged.contains(change.ref) {
      guard let record = schema.record(change.record), let image = stood[change.ref] else { continue }
      let unseen = image.indices.filter { column in
        let isEdited = change.kind == .delete || change.new[column] != nil
        return isEdited && ![change.old[column] ?? .null, change.new[column] ?? .null, .null].contains(image[column])
      }
      if change.kind == .delete {
        if unseen.isEmpty { continue }
        try keep(.blob(RowKey(image).encoded), of: nil, change, record, received)
      } else {
        for column in unseen { try keep(image[column], of: column, change, record, received) }
      }
    }
  }

  /// - Parameter column: nil: the row itself.
  private func keep(
    _ value: Value, of column: Int?, _ change: Change, _ record: RecordSchema, _ received: Stamp
  ) throws {
    let field = column.map { record.fields[$0] }
    var conflict = Conflict(
      id: try transaction.nextConflict(), record: record.name, key: change.key, field: field?.name,
      base: column.flatMap { change.old[$0] } ?? .null, master: value, state: .open,
      policy: field?.policy.rawValue ?? "row", version: 1, openedAt: received)
    conflict.stands(column.flatMap { change.new[$0] } ?? .null, received: received)
    try transaction.save(conflict)
  }

  /// The batch as what was erased since leaves it.
  private func withoutErased(_ signed: Batch) throws -> Batch {
    guard signed.holdsErased(master.schema) else { return signed }
    var batch = signed
    batch.changes = signed.changes.map { change in
      master.schema.record(change.record).map(change.withoutErased) ?? change
    }
    batch.decisions = signed.decisions.map { $0.withoutErased(master.schema) }
    return batch
  }

  /// - Returns: the decisions, with the numbers that the conflicts have here.
  private func carryOut(_ batch: Batch) throws -> [Decision] {
    var decisions: [Decision] = []
    for member in batch.members { try master.carryOut(member, transaction) }
    for decision in batch.decisions {
      guard let conflict = try conflict(of: decision) else {
        if hasErasures { continue }
        throw master.missing(decision.conflict)
      }
      var decision = decision
      decision.conflict = conflict.id
      // An earlier version let larger rows be made.
      try RecordSchema.$mostBytes.withValue(.max) { try carryOut(decision, of: conflict) }
      decisions.append(decision)
    }
    var rulings: [Ruling] = []
    var parked: [ParkedChange] = []
    for ruling in batch.rulings {
      if let change = try transaction.parkedChange(ruling.parked) {
        rulings.append(ruling)
        parked.append(change)
      } else if !hasErasures {
        throw Failure(
          .notFound, zh: "没有搁置 \(ruling.parked.batch)/\(ruling.parked.n)",
          en: "there is no parked change \(ruling.parked.batch)/\(ruling.parked.n)")
      }
      // What stood in its way then may have come back only by a conflict about what was erased since.
    }
    try carryOut(rulings, of: parked)
    for alias in batch.aliases { try master.carryOut(alias, try master.record(alias.record), transaction) }
    return decisions
  }

  /// What it decided may have stood only by a conflict about what was erased since, or its contenders be others: then only the
  /// conflict is decided, and what the rows became is for the changes of the batch.
  private func carryOut(_ decision: Decision, of conflict: Conflict) throws {
    let whole = { _ = try master.carryOut(decision, of: conflict, transaction) }
    if !hasErasures { return try whole() }
    if try !transaction.isPossible(whole) { _ = try master.settle(conflict, by: decision, transaction) }
  }

  /// What entered by a ruling may have found a row that stood only by a conflict about what was erased since: it waits again.
  private func carryOut(_ rulings: [Ruling], of parked: [ParkedChange]) throws {
    if !hasErasures { return try master.carryOut(rulings, of: parked, transaction) }
    if try isCarriedOut(rulings, of: parked) { return }
    for (ruling, change) in zip(rulings, parked) { _ = try isCarriedOut([ruling], of: [change]) }
  }

  private func isCarriedOut(_ rulings: [Ruling], of parked: [ParkedChange]) throws -> Bool {
    try transaction.isPossible { try master.carryOut(rulings, of: parked, transaction) }
  }

  /// The conflict that was decided. After an erasure there may be fewer conflicts, and other numbers; nil: it was about what was
  /// erased.
  func conflict(of decision: Decision) throws -> Conflict? {
    guard hasErasures else { return try transaction.conflict(decision.conflict) }
    guard let subject = decision.subject else { return nil }
    let opened = try ConflictTables.read(
      transaction.db, where: "record = ? AND key = ? AND field IS ? AND opened_at = ?",
      subject.ref.columns + [subject.field.map(Value.text) ?? .null, .integer(subject.openedAt.raw)])
    return opened.first { conflict in
      let hasContender = decision.choice != .take || conflict.contenders.contains { $0.id == decision.contender }
      return decision.fits(conflict) && hasContender
    }
  }

  /// - Parameter stood: rows as they were before the decisions of the batch. Of two decisions the second may have brought a row back
  ///   that the first one removes here too.
  private func write(_ changes: [Change], _ stood: [RowRef: [Value]]) throws {
    let gone = hasErasures ? changes.map(\.ref) : []
    let images = try transaction.images(of: gone)
    let last = try transaction.tombstones(of: gone.filter { images[$0] == nil })
    try transaction.put(changes, last: last.merging(stood) { _, now in now })
  }
}
