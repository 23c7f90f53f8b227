import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own writes, also those made by a tool on the master's file, are signed batches of replica 0. They stand in
// the tables already: what is left is the log, the feed, and the conflicts that they decide.

extension Master {
  /// Puts captured edits and decisions into the log, if there are any.
  func absorb(_ transaction: any MasterTransaction, decisions: [Decision] = []) throws {
    let changes = try transaction.ownChanges()
    if changes.isEmpty, decisions.isEmpty { return }
    let received = try transaction.tick(milliseconds: clock())
    let meta = try transaction.meta()
    let header = Header(
      kind: .batch, replica: .city, epoch: meta.epoch, number: try transaction.nextOwnBatch(),
      cursor: try transaction.head(),
      stamp: received, schema: meta.schemaHash)
    let message = try Envelope(header, body: Batch(changes: changes, decisions: decisions).encoded(schema), key: key)
    let arrival = try transaction.nextArrival()
    let current = try transaction.images(of: changes.map(\.ref))
    let writes = changes.map { write($0, after: current[$0.ref]) }
    try transaction.absorb(changes, writes: writes)
    try transaction.append(message, receipt: [], arrival: arrival, received: received, touched: changes.map(\.ref))
    let given = Set(decisions.map(\.conflict))
    for conflict in try transaction.waitingConflicts(of: changes.map(\.ref)).values.flatMap({ $0 }).sorted(by: {
      $0.id < $1.id
    })
    where !given.contains(conflict.id) {
      if let decided = decidedByEdit(conflict, changes) { try transaction.save(decided) }
    }
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

  /// What an official chooses for a contested cell.
  public enum Choice: Sendable {
    case keep
    case take(Int64)
    case value(Value)
  }

  public func conflict(_ id: Int64) throws -> Conflict {
    guard let conflict = try read({ try ConflictTables.read($0, where: "id = ?", [.integer(id)]) }).first else {
      throw Failure(
        .notFound, zh: "没有编号为 \(id) 的冲突;请用 city conflicts 查看",
        en: "there is no conflict \(id); city conflicts lists them")
    }
    return conflict
  }

  /// Decides a conflict: an ordinary edit of the master, with a reason, that flows to every replica in scope.
  /// - Parameter version: the version that was looked at; a contender that came since refuses the decision.
  public func decide(_ id: Int64, _ choice: Choice, reason: String, actor: String?, version: Int64? = nil) throws
    -> Conflict
  {
    _ = try conflict(id)
    return try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      guard let conflict = try ConflictTables.read(db, where: "id = ?", [.integer(id)]).first else {
        throw try missing(id)
      }
      if let version, version != conflict.version {
        throw Failure(
          .data, zh: "冲突 \(id) 已是第 \(conflict.version) 版(您看的是第 \(version) 版);请重新查看",
          en: "conflict \(id) is at version \(conflict.version), you looked at \(version); look again before you decide"
        )
      }
      guard conflict.isWaiting else {
        throw Failure(
          .data, zh: "冲突 \(id) 已处理(\(conflict.state.rawValue));如需改变请先 city reopen \(id)",
          en: "conflict \(id) is \(conflict.state.rawValue) already; city reopen \(id) first")
      }
      var decision = Decision(
        conflict: id, choice: .keep, reason: reason,
        edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city"))
      try acting(db, as: actor) {
        switch choice {
        case .keep: decision.value = try current(db, conflict)
        case .value(let value):
          decision.choice = .value
          decision.value = value
          try set(db, conflict, value)
        case .take(let contenderID):
          guard let contender = conflict.contenders.first(where: { $0.id == contenderID }) else {
            throw Failure(
              .usage, zh: "冲突 \(id) 没有编号为 \(contenderID) 的主张", en: "conflict \(id) has no contender \(contenderID)")
          }
          decision.choice = .take
          decision.contender = contenderID
          decision.value = contender.value
          if conflict.field != nil { try set(db, conflict, contender.value) } else { try take(db, conflict, contender) }
        }
      }
      var decided = conflict
      decided.state = .decided
      decided.version += 1
      decided.decision = decision
      try transaction.save(decided)
      try absorb(transaction, decisions: [decision])
      return decided
    }
  }

  /// Opens a decided or rejected conflict again. The master's value stays until the next decision.
  public func reopen(_ id: Int64, reason: String, actor: String?) throws -> Conflict {
    _ = try conflict(id)
    return try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      guard var conflict = try ConflictTables.read(db, where: "id = ?", [.integer(id)]).first else {
        throw try missing(id)
      }
      if conflict.isWaiting {
        throw Failure(.data, zh: "冲突 \(id) 尚未处理", en: "conflict \(id) is open already; decide it")
      }
      let decision = Decision(
        conflict: id, choice: .reopen, reason: reason,
        edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city"))
      // The value that lost when a policy took the incoming one is a contender from now on.
      if let loser = loser(conflict, received: decision.edit.stamp) { conflict.contenders.append(loser) }
      conflict.state = .open
      conflict.version += 1
      conflict.decision = decision
      try transaction.save(conflict)
      try absorb(transaction, decisions: [decision])
      return conflict
    }
  }

  private func loser(_ conflict: Conflict, received: Stamp) -> Contender? {
    guard conflict.decision?.choice == .policy, conflict.decision?.contender != nil else { return nil }
    return Contender(
      id: Int64(conflict.contenders.count + 1), value: conflict.master, deletes: false,
      replica: Identifier.city.description,
      edit: Edit(stamp: conflict.openedAt, actor: "master"), receivedAt: received)
  }

  private func missing(_ id: Int64) throws -> Failure {
    Failure(.notFound, zh: "没有编号为 \(id) 的冲突", en: "there is no conflict \(id)")
  }
}
