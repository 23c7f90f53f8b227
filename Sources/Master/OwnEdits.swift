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
    if !acts.isEmpty { return try enter(acts, with: changes, transaction) }
    let portions = parted(changes)
    var more = false
    if try portions.count < 2 || !transaction.isPossible({ more = try enter(portions, transaction) }) {
      more = try enter(acts, with: changes, transaction)
    }
    return try mergeAgain(changes, transaction) || more
  }

  /// What goes comes first, the children before their parents: another row may have its unique value now.
  private func parted(_ changes: [Change]) -> [[Change]] {
    let deletes = changes.filter { $0.kind == .delete }.reversed()
    return Portion.part(deletes + changes.filter { $0.kind != .delete }, schema)
  }

  private func enter(_ acts: Batch, with changes: [Change], _ transaction: any MasterTransaction) throws -> Bool {
    var batch = acts
    batch.changes = changes
    return try enter(batch, transaction)
  }

  /// Each portion comes upon what stood before it, as it does when the log is replayed. Throws when one before it has let in what
  /// nobody saw who made this one.
  private func enter(_ portions: [[Change]], _ transaction: any MasterTransaction) throws -> Bool {
    try transaction.takeBack(portions.dropFirst().flatMap { $0 })
    var more = false
    for (index, changes) in portions.enumerated() {
      if index > 0 {
        let stood = try transaction.images(of: changes.map(\.ref))
        guard changes.allSatisfy({ $0.comes(upon: stood[$0.ref]) }) else { throw Self.unseen }
        try transaction.put(changes)
      }
      if try enter(Batch(changes: changes), transaction) { more = true }
    }
    return more
  }

  private static let unseen = Failure(
    .data, zh: "其间放行的搁置修改已改变这些行", en: "a parked change that was let in meanwhile has changed these rows")

  /// Seals a new batch, and puts it into the log.
  private func enter(_ batch: Batch, _ transaction: any MasterTransaction) throws -> Bool {
    let received = try transaction.tick(milliseconds: clock())
    let meta = try transaction.meta()
    let header = Header(
      kind: .batch, replica: .city, epoch: meta.epoch, number: try transaction.nextOwnBatch(),
      cursor: try transaction.head(),
      stamp: received, schema: meta.schemaHash)
    let (sealed, secrets) = try batch.sealed(schema, using: &random)
    try transaction.keep(secrets, arrival: try transaction.upcomingArrival())
    let message: Envelope
    do {
      message = try Envelope(header, body: sealed.encoded(schema), key: key)
    } catch EnvelopeError.tooLarge {
      throw Failure(
        .data, zh: "一次写入的内容过多,一条消息放不下;请分几次做",
        en: "what was written at once is more than one message holds; do it in smaller parts")
    }
    return try enter(batch, of: message, received: received, transaction)
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
    return RowWrite(
      ref: change.ref, before: before, after: after, stamps: stamps, isInsert: change.kind == .insert)
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
      conflict: conflict.id, choice: .value, value: value, reason: Decision.byEdit, edit: edit)
    var decided = conflict
    decided.state = .decided
    decided.version += 1
    decided.decision = decision
    return decided
  }
}

extension Change {
  /// Whether the row stands as whoever made the change saw it.
  fileprivate func comes(upon image: [Value]?) -> Bool {
    guard let image else { return kind == .insert }
    return kind != .insert && zip(old, image).allSatisfy { $0 == nil || $0 == $1 }
  }
}

extension MasterTransaction {
  /// Rows as a batch leaves them. Those that stand so already stay.
  /// - Parameter last: of rows that are not there, what they were.
  func put(_ changes: [Change], last: [RowRef: [Value]] = [:]) throws {
    let images = try images(of: changes.map(\.ref))
    try assign(
      changes.map { change in
        let before = images[change.ref]
        let known = change.kind == .update ? before ?? last[change.ref] : before
        let after: [Value]? =
          change.kind == .delete
          ? nil : change.new.indices.map { change.new[$0] ?? known?[$0] ?? change.old[$0] ?? .null }
        return RowWrite(ref: change.ref, before: before, after: after)
      })
  }

  /// Rows as they were before these changes.
  fileprivate func takeBack(_ changes: [Change]) throws {
    let images = try images(of: changes.map(\.ref))
    try assign(
      changes.map { change in
        let before = images[change.ref]
        let after = change.kind == .insert ? nil : change.old.indices.map { change.old[$0] ?? before?[$0] ?? .null }
        return RowWrite(ref: change.ref, before: before, after: after)
      })
  }
}
