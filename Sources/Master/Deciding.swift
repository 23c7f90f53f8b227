import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Conflicts and what officials decide about them: an ordinary edit of the master, with a reason, that flows to every
// replica in scope.

extension Master {
  /// What an official chooses for a contested cell or row.
  public enum Choice: Sendable {
    case keep
    case take(Int64)
    case value(Value)
    /// Of a conflict about a whole row: the row goes.
    case remove

    var changesRow: Bool { if case .keep = self { false } else { true } }
  }

  public func conflict(_ id: Int64) throws -> Conflict {
    try findConflict(id).orThrow(missing(id))
  }

  /// Decides a conflict.
  /// - Parameter version: the version that was looked at; a contender that came since refuses the decision.
  public func decide(_ id: Int64, _ choice: Choice, reason: String, actor: String?, version: Int64? = nil) throws
    -> Conflict
  {
    let decided = try decide([id], choice, reason: reason, actor: actor, version: version)
    return try decided.first.orThrow(missing(id))
  }

  /// Decides several conflicts in one way: all of them or none.
  public func decide(_ ids: [Int64], _ choice: Choice, reason: String, actor: String?, version: Int64? = nil) throws
    -> [Conflict]
  {
    try writeAsSeen { transaction in
      let decided = try ids.map { id in
        try decide(transaction, try transaction.conflict(id).orThrow(missing(id)), choice, reason, actor, version)
      }
      try absorb(transaction, Batch(decisions: decided.compactMap(\.decision)))
      return decided
    }
  }

  private func decide(
    _ transaction: SQLiteMasterTransaction, _ conflict: Conflict, _ choice: Choice, _ reason: String, _ actor: String?,
    _ version: Int64?
  ) throws -> Conflict {
    let (db, id) = (transaction.db, conflict.id)
    if let version, version != conflict.version {
      throw Failure(
        .data, zh: "冲突 \(id) 已是第 \(conflict.version) 版(您看的是第 \(version) 版);请重新查看",
        en: "conflict \(id) is at version \(conflict.version), you looked at \(version); look again before you decide")
    }
    guard conflict.isWaiting else {
      throw Failure(
        .data, zh: "冲突 \(id) 已处理(\(conflict.state.label.zh));如需改变请先 city reopen \(id)",
        en: "conflict \(id) is \(conflict.state.label.en) already; city reopen \(id) first")
    }
    if version != nil, choice.changesRow, try replacesUnseen(conflict, choice, db) {
      let row = "\(conflict.record) \(show(conflict.key))"
      throw Failure(
        .data, zh: "\(row) 的现状与冲突 \(id) 所列不同;请先查看该记录,再不带 --version 裁决",
        en: "\(row) stands otherwise than conflict \(id) shows; look at the row, then decide without --version")
    }
    if version != nil, choice.changesRow, let other = try alsoWaiting(conflict, choice, transaction) {
      throw Failure(
        .data,
        zh: "冲突 \(other) 涉及同一处,也未处理,会一并裁决;请先查看并裁决冲突 \(other)(如 --keep),或不带 --version 裁决",
        en: "conflict \(other) is about the same and waits too, so that this would decide both; "
          + "look at it and decide it first, with --keep, say, or decide without --version")
    }
    let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city")
    var decision = Decision(
      conflict: id, choice: .keep, reason: reason, edit: edit, version: conflict.version, subject: conflict.subject)
    switch choice {
    case .keep: decision.value = try current(db, conflict)
    case .value(let value):
      decision.choice = .value
      decision.value = value
    case .take(let contenderID):
      decision.choice = .take
      decision.contender = contenderID
      decision.value = try contender(contenderID, of: conflict).value
      if let name = conflict.field, let field = try record(conflict.record).field(name) {
        decision.value = try transaction.kept(decision.value, of: field, schema)
      }
    case .remove:
      guard conflict.field == nil else {
        throw Failure(
          .usage, zh: "冲突 \(id) 涉及一个字段,不能用 --remove",
          en: "conflict \(id) is about one field: --remove is for whole rows")
      }
      decision.choice = .remove
    }
    return try acting(db, as: actor) { try carryOut(decision, of: conflict, transaction) }
  }

  /// Another conflict about the same cell, or the same row, or about a cell of the row with a contender that the row's own
  /// conflict does not show: an edit decides it, too.
  private func alsoWaiting(
    _ conflict: Conflict, _ choice: Choice, _ transaction: SQLiteMasterTransaction
  ) throws -> Int64? {
    let ref = RowRef(conflict.record, conflict.key)
    let waiting = try transaction.waitingConflicts(of: [ref])[ref] ?? []
    return try waiting.first { other in
      if other.id == conflict.id { return false }
      return try other.field == conflict.field || decidesUnseen(other, with: conflict, choice, transaction.db)
    }?.id
  }

  /// Whether a decision about a row changes a cell that is contested itself, with a value that stands in none of its images.
  private func decidesUnseen(
    _ cell: Conflict, with conflict: Conflict, _ choice: Choice, _ db: Database
  ) throws -> Bool {
    let record = try record(conflict.record)
    guard conflict.field == nil, let column = cell.field.flatMap(record.index(of:)) else { return false }
    if case .take(let id) = choice, let row = try contestedRow(conflict, db) {
      let contender = try contender(id, of: conflict)
      let taken = record.image(contender.value)
      if contender.spared(of: record).contains(column) || taken?[column] == row[column] { return false }
    }
    let images = try images(of: conflict)
    return cell.contenders.contains { contender in !images.contains { $0[column] == contender.value } }
  }

  private func contender(_ id: Int64?, of conflict: Conflict) throws -> Contender {
    let name = id.map(String.init) ?? "NULL"
    return try conflict.contenders.first { $0.id == id }.orThrow(
      Failure(
        .usage, zh: "冲突 \(conflict.id) 没有编号为 \(name) 的主张", en: "conflict \(conflict.id) has no contender \(name)"))
  }

  /// Everything that a decision does to the row and to the conflict, whether it is given or the log is replayed.
  func carryOut(_ decision: Decision, of conflict: Conflict, _ transaction: SQLiteMasterTransaction) throws -> Conflict
  {
    let db = transaction.db
    // A conflict of a duplicate that was merged since is one of the row that was kept.
    var conflict = conflict
    conflict.key = try transaction.kept(RowRef(conflict.record, conflict.key)).key
    switch decision.choice {
    case .keep, .policy: break
    case .reopen: return try reopen(conflict, decision, transaction)
    case .value: try set(db, conflict, decision.value)
    case .take where conflict.field != nil: try set(db, conflict, decision.value)
    case .take:
      let contender = try contender(decision.contender, of: conflict)
      try keepRow(&conflict, received: decision.edit.stamp, db)
      try take(transaction, conflict, contender)
    case .remove:
      try keepRow(&conflict, received: decision.edit.stamp, db)
      let record = try record(conflict.record)
      if try record.row(db, key: conflict.key) != nil { try delete(db, record, key: conflict.key) }
    }
    return try settle(conflict, by: decision, transaction)
  }

  /// What a decision does to the conflict alone.
  func settle(_ conflict: Conflict, by decision: Decision, _ transaction: SQLiteMasterTransaction) throws -> Conflict {
    var decided = conflict
    decided.state = .decided
    decided.version += 1
    decided.decision = decision
    try transaction.save(decided)
    return decided
  }

  /// Opens a decided or rejected conflict again. The master's value stays until the next decision.
  public func reopen(_ id: Int64, reason: String, actor: String?) throws -> Conflict {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      let conflict = try transaction.conflict(id).orThrow(missing(id))
      if conflict.isWaiting {
        throw Failure(.data, zh: "冲突 \(id) 尚未处理", en: "conflict \(id) is open already; decide it")
      }
      let decision = Decision(
        conflict: id, choice: .reopen, reason: reason,
        edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city"),
        subject: conflict.subject)
      let opened = try carryOut(decision, of: conflict, transaction)
      try absorb(transaction, Batch(decisions: [decision]))
      return opened
    }
  }

  private func reopen(
    _ conflict: Conflict, _ decision: Decision, _ transaction: SQLiteMasterTransaction
  ) throws -> Conflict {
    var conflict = conflict
    // The value that lost when a policy took the incoming one is a contender from now on.
    if let loser = loser(conflict, received: decision.edit.stamp) { conflict.contenders.append(loser) }
    try look(&conflict, received: decision.edit.stamp, transaction.db)
    conflict.state = .open
    conflict.version += 1
    conflict.decision = decision
    try transaction.save(conflict)
    return conflict
  }

  /// Whoever decides again looks at what stands now, which may have been entered since; what stood then stays on record.
  private func look(_ conflict: inout Conflict, received: Stamp, _ db: Database) throws {
    let record = try record(conflict.record)
    guard let column = conflict.field.flatMap(record.index(of:)),
      let stands = try record.row(db, key: conflict.key)?[column], stands != conflict.master
    else { return }
    conflict.stands(stands, received: received)
  }

  /// What a decision about a row replaces stays on record, though it was edited since the conflict was opened.
  private func keepRow(_ conflict: inout Conflict, received: Stamp, _ db: Database) throws {
    #if MUTANTS
      if Mutant.rowIsDecidedUnseen.isActive { return }
    #endif
    guard let row = try contestedRow(conflict, db), try !images(of: conflict).contains(row) else { return }
    conflict.contenders.append(conflict.ofMaster(.blob(RowKey(row).encoded), since: received, received: received))
  }

  /// Whether a decision about a row replaces a cell that stands in none of the conflict's images. A row that came back
  /// may have cells of several of them, and nobody has edited it since.
  private func replacesUnseen(_ conflict: Conflict, _ choice: Choice, _ db: Database) throws -> Bool {
    guard let row = try contestedRow(conflict, db) else { return false }
    let record = try record(conflict.record)
    var stay = record.keyIndices
    if case .take(let id) = choice { stay += try contender(id, of: conflict).spared(of: record) }
    let images = try images(of: conflict)
    return row.indices.contains { column in
      !stay.contains(column) && !images.contains { $0[column] == row[column] }
    }
  }

  /// The row that a conflict about a whole row is about, as it stands now.
  private func contestedRow(_ conflict: Conflict, _ db: Database) throws -> [Value]? {
    conflict.field == nil ? try record(conflict.record).row(db, key: conflict.key) : nil
  }

  private func images(of conflict: Conflict) throws -> [[Value]] {
    let record = try record(conflict.record)
    return ([conflict.master] + conflict.contenders.map(\.value)).compactMap { record.image($0) }
  }

  private func loser(_ conflict: Conflict, received: Stamp) -> Contender? {
    guard conflict.decision?.choice == .policy, conflict.decision?.contender != nil else { return nil }
    let deletes = conflict.field == nil && conflict.contenders.first?.deletes == false
    return conflict.stood(deletes: deletes, received: received)
  }

  func missing(_ id: Int64) -> Failure {
    Failure(
      .notFound, zh: "没有编号为 \(id) 的冲突;请用 city conflicts 查看",
      en: "there is no conflict \(id); city conflicts lists them")
  }

  // MARK: How a decision changes the master's row

  private func current(_ db: Database, _ conflict: Conflict) throws -> Value {
    let record = try record(conflict.record)
    guard let field = conflict.field, let column = record.index(of: field) else { return .null }
    return try record.row(db, key: conflict.key)?[column] ?? .null
  }

  private func set(_ db: Database, _ conflict: Conflict, _ value: Value) throws {
    let record = try record(conflict.record)
    guard let field = conflict.field, let column = record.index(of: field) else {
      throw Failure(
        .usage, zh: "冲突 \(conflict.id) 涉及整行,只能 --keep、--take 或 --remove",
        en: "conflict \(conflict.id) is about the whole row: use --keep, --take or --remove")
    }
    try update(db, record, key: conflict.key, [column: value])
  }

  /// A row conflict: the contender either deleted the row or wants it as its image says. What a rule computes holds
  /// what others have added: of a row that stands, a county's image, in which that is missing, does not replace it.
  private func take(_ transaction: SQLiteMasterTransaction, _ conflict: Conflict, _ contender: Contender) throws {
    let db = transaction.db
    let record = try record(conflict.record)
    let row = try record.row(db, key: conflict.key)
    if contender.deletes {
      if row != nil { try delete(db, record, key: conflict.key) }
    } else if let image = record.image(contender.value) {
      // It may name rows by the other keys that they had then, itself too.
      let change = Change(record, image, edit: contender.edit)
      let city = Sender(replica: .city, org: "", offset: 0, cursor: -1)
      let mapped = try Mapping(schema, transaction, [change], sender: city).mapped(change)
      var cells = Dictionary(uniqueKeysWithValues: image.indices.map { ($0, mapped.new[$0] ?? .null) })
      if row == nil {
        _ = try insert(db, record, cells)
      } else {
        for column in record.keyIndices + contender.spared(of: record) { cells[column] = nil }
        try update(db, record, key: conflict.key, cells)
      }
    }
  }
}

extension Optional {
  /// What is there, or else the failure.
  func orThrow(_ failure: @autoclosure () -> Failure) throws -> Wrapped {
    guard let self else { throw failure() }
    return self
  }
}

extension Contender {
  /// The columns that stay as they are when it is taken over a row that stands.
  fileprivate func spared(of record: RecordSchema) -> [Int] {
    if deletes || replica == Identifier.city.description { return [] }
    return record.fields.indices.filter { record.fields[$0].policy.computes }
  }
}

extension Conflict {
  /// What the master had when the conflict was opened, as one of those that contest it.
  fileprivate func stood(deletes: Bool, received: Stamp) -> Contender {
    ofMaster(deletes ? .null : master, deletes: deletes, since: openedAt, received: received)
  }

  /// A value of the master's as one of those that contest it.
  fileprivate func ofMaster(_ value: Value, deletes: Bool = false, since stamp: Stamp, received: Stamp) -> Contender {
    Contender(
      id: Int64(contenders.count + 1), value: value, deletes: deletes, replica: Identifier.city.description,
      edit: Edit(stamp: stamp, actor: "master"), receivedAt: received)
  }

  /// Another value stands in the cell by now: the one of before joins the contenders.
  mutating func stands(_ value: Value, received: Stamp) {
    if !contenders.contains(where: { $0.value == master }) {
      contenders.append(stood(deletes: false, received: received))
    }
    master = value
  }
}
