import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a clerk does besides editing: decide what only this unit contests, take back what the city parked, or take it up
// again. All of it works without network and goes with the next batch.

extension Replica {
  /// Decisions and withdrawals that no batch holds yet.
  func acts(_ db: Database) throws -> Batch {
    var batch = Batch()
    batch.decisions = try decisions(db, where: "batch IS NULL")
    let sql = "SELECT batch, n, en, ruled_by, ruled_at FROM sync_parked WHERE untold = 1 ORDER BY id"
    try db.each(sql) { row in
      let parked = ParkedRef(replica: identity.replica.description, batch: row[0], n: row[1])
      batch.rulings.append(
        Ruling(
          parked: parked, verdict: .withdraw, reason: row[2], edit: Edit(stamp: Stamp(raw: row[4]), actor: row[3])))
    }
    return batch
  }

  /// Decides a conflict that only machines of this unit contest; the city checks that, and the version, when it arrives.
  /// - Parameter decision: an empty actor is this machine's default one; the value is that of `value`.
  public func decide(_ decision: Decision) throws {
    try write { db in
      let id = decision.conflict
      guard let conflict = try ConflictTables.find(db, id) else {
        throw Failure(
          .notFound, zh: "没有编号为 \(id) 的冲突;请用 county conflicts 查看",
          en: "there is no conflict \(id); county conflicts lists them")
      }
      guard conflict.state == .open else {
        throw Failure(.data, zh: "冲突 \(id) 已处理或须由市里裁决", en: "conflict \(id) is not open, or is for the city")
      }
      try refuseCitys(conflict)
      if let looked = decision.version, looked != conflict.version {
        throw Failure(
          .data, zh: "冲突 \(id) 已是第 \(conflict.version) 版(您看的是第 \(looked) 版);请重新查看",
          en: "conflict \(id) is at version \(conflict.version), you looked at \(looked); look again before you decide")
      }
      var decision = decision
      switch decision.choice {
      case .keep: decision.value = conflict.master
      case .take:
        guard let contender = conflict.contenders.first(where: { $0.id == decision.contender }) else {
          throw Failure(.usage, zh: "冲突 \(id) 没有这一主张", en: "conflict \(id) has no such contender")
        }
        decision.value = contender.value
      case .value, .remove, .policy, .reopen: break
      }
      decision.version = conflict.version
      decision.subject = conflict.subject
      decision.edit.stamp = try tick(db, milliseconds: clock())
      if decision.edit.actor.isEmpty { decision.edit.actor = try defaultActor(db) }
      if try db.first("SELECT 1 FROM sync_decision WHERE conflict = ? AND batch IS NOT NULL", [.integer(id)]) != nil {
        throw Failure(
          .data, zh: "冲突 \(id) 的裁决已发送,请先同步", en: "a decision of conflict \(id) was sent already; sync first")
      }
      try db.run("DELETE FROM sync_decision WHERE conflict = ?", [.integer(id)])
      let row = decision.bodyRow + [.null]
      try db.run("INSERT INTO sync_decision VALUES (\(placeholders(row.count)))", row)
    }
  }

  /// Refuses a conflict that is for the city to decide, whoever contests it.
  public func refuseCitys(_ conflict: Conflict) throws {
    guard schema.record(conflict.record)?.rules.ownerDecides == true, conflict.field != nil else {
      let id = conflict.id
      throw Failure(
        .notAllowed, zh: "冲突 \(id) 须由市里裁决;请与市里联系",
        en: "conflict \(id) is for the city to decide; ask the city")
    }
  }

  /// Who works here when nobody else is named.
  func defaultActor(_ db: Database) throws -> String {
    if case .text(let actor)? = try db.first("SELECT default_actor FROM sync_clock")?.first { actor } else { "" }
  }

  /// Decisions of this unit that the city has not answered.
  public func decisions() throws -> [Decision] {
    try read { try decisions($0, where: "true") }
  }

  private func decisions(_ db: Database, where condition: String) throws -> [Decision] {
    var list: [Decision] = []
    let columns = Decision.bodyColumns.joined(separator: ", ")
    try db.each("SELECT \(columns) FROM sync_decision WHERE \(condition) ORDER BY conflict") { row in
      if let decision = Decision(bodyRow: row.cells(0..<Decision.bodyColumns.count)) { list.append(decision) }
    }
    return list
  }

  /// Takes back a parked row: the city is told with the next sync.
  /// - Parameter actor: who does, and not who had edited it; nil: this machine's default one.
  public func withdraw(_ id: Int64, reason: String, actor: String?) throws {
    try write { db in
      let find = "SELECT batch FROM sync_parked WHERE id = ? AND state = 'waiting'"
      guard let row = try db.first(find, [.integer(id)]) else {
        throw Failure(
          .notFound, zh: "没有编号为 \(id) 的待处理搁置记录;请用 county parked 查看",
          en: "no parked row \(id) waits; county parked lists them")
      }
      let edit = Edit(stamp: try tick(db, milliseconds: clock()), actor: try actor ?? defaultActor(db))
      try markWithdrawn(db, id, reason: reason, edit: edit, isSent: !row[0].isNull)
    }
  }

  func markWithdrawn(_ db: Database, _ id: Int64, reason: String, edit: Edit, isSent: Bool) throws {
    try db.run(
      """
      UPDATE sync_parked SET state = 'withdrawn', zh = ?2, en = ?2, ruled_by = ?3, ruled_at = ?4, untold = ?5 WHERE id = ?1
      """,
      [.integer(id), .text(reason), .text(edit.actor), .integer(edit.stamp.raw), .integer(isSent ? 1 : 0)])
  }

  /// What was parked of a row is entered again with what its clerk types now; the rest of it keeps its base, for others may have
  /// edited the row since.
  public func takeUp(_ db: Database, _ record: RecordSchema, key: RowKey, _ values: [Int: Value]) throws -> Bool {
    let record = current(record)
    guard let parked = try waiting(db, record, key) else { return false }
    try takeUp(db, record, key: key, parked, values)
    return true
  }

  /// The record as this transaction finds it: its caller may have read it before an upgrade, and what is pending of a
  /// new field would be lost.
  func current(_ record: RecordSchema) -> RecordSchema { schema.record(record.name) ?? record }

  func takeUp(
    _ db: Database, _ record: RecordSchema, key: RowKey, _ parked: WaitingRow, _ values: [Int: Value]
  ) throws {
    let (image, change) = (parked.image, parked.change)
    let isEnteredAnew = try record.pending(db, key: key)?.existed == false
    if let row = try record.row(db, key: key) {
      try update(db, record, key: key, row, with: parked, values)
    } else {
      let cells = Dictionary(uniqueKeysWithValues: image.indices.map { ($0, image[$0]) })
      _ = try insert(db, record, cells.merging(values) { _, typed in typed })
      try keepAge(db, record, key, of: change, record.latestIndices.filter { values[$0] == nil })
    }
    // An edit that fills what a row that is entered anew has left empty goes on waiting beside it, unless its clerk types what it says;
    // a sum of it may be filled with more than it added.
    let isTyped = values.keys.contains { change.new[$0] != nil }
    let hasSum = change.new.indices.contains { record.added(change, $0) != nil }
    if parked.isSent, change.kind == .update, isEnteredAnew, !isTyped || hasSum { return }
    // What was sent stays parked until its successor arrives; what its clerk has taken back of it is not said again. Of what was not
    // sent, a later edit of the same cell may stand: that much is nowhere else.
    let state = parked.isSent ? "edited" : ParkedState.superseded.rawValue
    try db.run("UPDATE sync_parked SET state = ? WHERE id = ?", [.text(state), .integer(parked.id)])
  }

  /// What waits of a row.
  struct WaitingRow {
    var id: Int64
    var isSent: Bool
    /// Whether it was entered here, and nothing of it was ever sent.
    var isUnsentEntry: Bool
    var image: [Value]
    /// As it was sent, or would be.
    var change: Change
    /// Why.
    var detail: Label
    /// Whether it can be entered where no row stands. A row that went to another unit is no longer here to be changed.
    var isWhole: Bool { !isSent || change.kind == .insert }
  }

  /// The last of what waits of a row, or where none stands, of what can be entered; nil: nothing does.
  /// - Parameter isSent: only of what the city has.
  func waiting(_ db: Database, _ record: RecordSchema, _ key: RowKey, isSent: Bool = false) throws -> WaitingRow? {
    var entries: [[Value]] = []
    let sql = """
      SELECT id, batch, n, image, zh, en, base, actor, edited_at FROM sync_parked
      WHERE record = ? AND key = ? AND state = 'waiting' \(isSent ? "AND batch IS NOT NULL" : "") ORDER BY id DESC
      """
    try db.each(sql, [.text(record.name), .blob(key.encoded)]) { entries.append($0.cells(0..<9)) }
    for (place, entry) in entries.enumerated() {
      guard let waiting = try waitingRow(db, record, key, entry) else { return nil }
      // An edit that was set aside is older than what waits after it.
      let isWhole = place == 0 ? waiting.isWhole : waiting.change.kind == .insert
      if try isWhole || record.row(db, key: key) != nil { return waiting }
    }
    return nil
  }

  private func waitingRow(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, _ found: [Value]
  ) throws -> WaitingRow? {
    guard case .blob(let bytes) = found[3], case .integer(let id) = found[0], case .text(let zh) = found[4],
      case .text(let en) = found[5], case .text(let actor) = found[7], case .integer(let stamp) = found[8]
    else { return nil }
    if case .integer(let batch) = found[1], try isReplaced(db, record, key, since: batch) { return nil }
    let (image, edit) = (try decodeImage(bytes, record), Edit(stamp: Stamp(raw: stamp), actor: actor))
    // What was entered is there whole.
    var change = Change(record, image, edit: edit)
    if case .integer(let batch) = found[1], case .integer(let n) = found[2], let sent = try sent(db, batch, n) {
      if sent.kind == .insert { change.cellEdits = sent.cellEdits } else { change = sent }
    } else if case .blob(let bytes) = found[6] {
      var base = record.undefined
      for (column, value) in try decodeImage(bytes, record).enumerated() where value != image[column] {
        base[column] = value
      }
      let edited = PendingRow(key: key, existed: true, base: base, current: image, edit: edit)
      change = edited.change(record) ?? change
    }
    let isSent = !found[1].isNull
    return WaitingRow(
      id: id, isSent: isSent, isUnsentEntry: !isSent && found[2] != .integer(0), image: image, change: change,
      detail: Label(zh: zh, en: en))
  }

  /// Whether what waits of a row counts no more: its clerk wants the row deleted (M7), or a batch on its way after it enters the
  /// row anew or deletes it.
  func isReplaced(_ db: Database, _ record: RecordSchema, _ key: RowKey, since batch: Int64) throws -> Bool {
    let asked = "SELECT 1 FROM sync_request WHERE record = ? AND key = ?"
    if try db.first(asked, [.text(record.name), .blob(key.encoded)]) != nil { return true }
    return try changesOnTheirWay(db, record, key, since: batch).contains { $0.change.kind != .update }
  }

  private func update(
    _ db: Database, _ record: RecordSchema, key: RowKey, _ row: [Value], with parked: WaitingRow,
    _ values: [Int: Value]
  ) throws {
    let (change, before) = (parked.change, try record.pending(db, key: key))
    let isEnteredAnew = parked.isUnsentEntry || before?.existed == false
    let again = try again(db, record, change, before, over: isEnteredAnew ? row : nil).filter { values[$0] == nil }
    // Of a row that was entered here and not sent the city has none.
    if try record.upstream(db, key: key) == nil, let known = before.map({ $0.baseRow(record) }) ?? row {
      try record.setUpstream(db, key: key, known)
    }
    let cells = saidAgain(record, change, again, over: isEnteredAnew ? nil : row)
    #if MUTANTS
      if Mutant.takingUpForgetsRest.isActive, !values.isEmpty {
        let sums = cells.filter { record.added(change, $0.key) != nil }
        return try update(db, record, key: key, sums.merging(values) { _, typed in typed })
      }
    #endif
    try update(db, record, key: key, cells.merging(values) { _, typed in typed })
    try keepAge(db, record, key, of: change, again)
    #if MUTANTS
      if Mutant.takingUpMovesBase.isActive { return }
    #endif
    guard var pending = try record.pending(db, key: key) else { return }
    for column in again where pending.base[column] != nil && record.added(change, column) == nil {
      pending.base[column] = change.old[column] ?? .null
    }
    try record.setPending(db, pending)
  }

  /// Cells that come again are as old as they were.
  private func keepAge(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, of change: Change, _ columns: [Int]
  ) throws {
    guard var pending = try record.pending(db, key: key) else { return }
    for column in columns { pending.cellEdits[column] = change.edit(of: column) }
    try record.setPending(db, pending)
  }

  /// What comes again, by column. What was added to a sum comes on top of what others, or a later edit, have made of it.
  /// - Parameter row: nil: it is entered, or an empty cell of it is filled.
  func saidAgain(_ record: RecordSchema, _ change: Change, _ columns: [Int], over row: [Value]?) -> [Int: Value] {
    var cells: [Int: Value] = [:]
    for column in columns {
      cells[column] = record.added(change, column).flatMap { row?[column].plus($0) } ?? change.new[column] ?? .null
    }
    return cells
  }

  /// Only what was edited comes again, and of a row that was entered only what it says; but not over what was edited since, and nothing
  /// that the city would reject.
  /// - Parameter row: not nil: it was entered anew since. What stands there stays; what is empty, and was not emptied after that, is
  ///   filled.
  func again(
    _ db: Database, _ record: RecordSchema, _ change: Change, _ pending: PendingRow?, over row: [Value]? = nil
  ) throws -> [Int] {
    let isEntered = change.kind == .insert
    let flight = try flightMask(db, record, change.key)
    return change.new.indices.filter { column in
      guard let value = change.new[column], !record.isKey(column) else { return false }
      if record.owner(of: column) == .city, record.edits == .reject { return false }
      let isEdited = pending?.touched.contains(column) == true
      if let row { return row[column].isNull && !value.isNull && !(isEdited && pending?.existed == true) }
      // Nothing that was added to a sum since stands against what was added before.
      if record.added(change, column) != nil { return true }
      if isEdited || flight >> Int64(column) & 1 == 1 { return false }
      return !isEntered || !value.isNull
    }
  }

  /// A change of a batch that was sent.
  func sent(_ db: Database, _ batch: Int64, _ n: Int64) throws -> Change? {
    let changes = try sent(db, batch)
    guard n >= 1, n <= changes.count, let record = schema.record(changes[Int(n) - 1].record) else { return nil }
    return changes[Int(n) - 1].withoutErased(record)
  }

  /// The changes of a batch that was sent; none: the outbox has it no more.
  func sent(_ db: Database, _ batch: Int64) throws -> [Change] {
    if let changes = openedBatches?.changes(of: batch) { return changes }
    guard let message = try sentMessage(db, batch) else { return [] }
    let changes = try ownBatch(db, message.bytes).changes
    openedBatches?.keep(changes, of: batch)
    return changes
  }

  public func parkedRow(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> (id: Int64, detail: Label)? {
    let record = current(record)
    guard try record.row(db, key: key) == nil, let parked = try waiting(db, record, key) else { return nil }
    return (parked.id, parked.detail)
  }

  public func parkedRows(_ record: RecordSchema) throws -> [[Value]] {
    try parked().filter { $0.ref.record == record.name }.filter { try row(record, key: $0.ref.key) == nil }.map(\.row)
  }
}
