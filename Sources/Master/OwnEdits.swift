import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own writes, also those made by a tool on the master's file, are signed batches of replica 0. They stand in
// the tables already: what is left is the log, the feed, and the conflicts that they decide.

extension Master {
  /// Puts captured edits into the log, if there are any, and what officials decided with them.
  /// - Parameter acts: decisions, rulings, merged duplicates and erasures; its changes are ignored.
  /// - Returns: whether more than the edits changed, because they merged duplicates again or let in what was parked.
  @discardableResult
  func absorb(_ transaction: any MasterTransaction, _ acts: Batch = Batch()) throws -> Bool {
    if try transaction.isRecovering() {
      if acts.isEmpty { return false }
      throw Self.recovering
    }
    let changes = try transaction.ownChanges()
    if changes.isEmpty, acts.isEmpty { return false }
    var batch = acts
    batch.changes = changes
    let received = try transaction.tick(milliseconds: clock())
    let meta = try transaction.meta()
    let header = Header(
      kind: .batch, replica: .city, epoch: meta.epoch, number: try transaction.nextOwnBatch(),
      cursor: try transaction.head(),
      stamp: received, schema: meta.schemaHash)
    let (sealed, secrets) = try batch.sealed(schema, using: &random)
    try transaction.keep(secrets, arrival: try transaction.upcomingArrival())
    let more = try enter(
      batch, of: try Envelope(header, body: sealed.encoded(schema), key: key), received: received, transaction)
    return try acts.isEmpty && mergeAgain(changes, transaction) || more
  }

  /// Puts a batch of the city's own into the log, whether it is new or the log is replayed. Its changes stand in the tables.
  /// - Returns: whether anything else followed.
  @discardableResult
  func enter(
    _ batch: Batch, of message: Envelope, received: Stamp, _ transaction: any MasterTransaction
  ) throws -> Bool {
    let changes = batch.changes
    let arrival = try transaction.nextArrival()
    let current = try transaction.images(of: changes.map(\.ref))
    let writes = changes.map { write($0, after: current[$0.ref]) }
    let written = try transaction.absorb(changes, writes: writes, arrival: arrival)
    try transaction.append(
      message, receipt: [], arrival: arrival, received: received, offset: 0,
      touched: try touched(batch, transaction))
    let given = Set(batch.decisions.map(\.conflict))
    for conflict in try transaction.waitingConflicts(of: changes.map(\.ref)).values.flatMap({ $0 }).sorted(by: {
      $0.id < $1.id
    })
    where !given.contains(conflict.id) {
      if let decided = decidedByEdit(conflict, changes) { try transaction.save(decided) }
    }
    let place = try transaction.head()
    try desk(transaction, received: received, arrival: arrival).follow(written)
    return try transaction.head() > place
  }

  private func write(_ change: Change, after: [Value]?) -> RowWrite {
    var before: [Value]?
    switch change.kind {
    case .insert: break
    case .delete: before = change.old.map { $0 ?? .null }
    case .update: before = zip(change.old, after ?? []).map { $0 ?? $1 }
    }
    let record = schema.record(change.record)
    let latest = (record?.latestIndices ?? []).filter { change.new[$0] != nil }
    let stamps = Dictionary(uniqueKeysWithValues: latest.map { ($0, change.edit(of: $0).stamp) })
    return RowWrite(ref: change.ref, before: before, after: after, stamps: stamps)
  }

  /// An official's edit of a cell under review is a decision.
  private func decidedByEdit(_ conflict: Conflict, _ changes: [Change]) -> Conflict? {
    guard let change = changes.first(where: { $0.record == conflict.record && $0.key == conflict.key }) else {
      return nil
    }
    var value = Value.null
    var edit = change.edit
    if let field = conflict.field {
      guard let column = schema.record(change.record)?.index(of: field),
        change.kind != .update || change.new[column] != nil
      else { return nil }
      value = change.new[column] ?? .null
      edit = change.edit(of: column)
    } else if change.kind == .update {
      return nil
    }
    let decision = Decision(
      conflict: conflict.id, choice: .value, value: value, reason: "edited at the city", edit: edit)
    var decided = conflict
    decided.state = .decided
    decided.version += 1
    decided.decision = decision
    return decided
  }
}
