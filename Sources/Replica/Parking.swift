import GRDB
import SQLiteStore
import SyncCore

// Rows out of the record tables. What the city parked comes back by being entered again; what was never sent, and stood in
// the way of a pull, enters again by itself.

/// A row that refers to one that goes.
struct Dependent {
  var record: RecordSchema
  var key: RowKey
  /// Of which an unsent edit is set aside with it.
  var columns: [Int]
  var detail: Label
}

extension Replica {
  func addParked(
    _ db: Database, _ ref: RowRef, image: [Value], edit: Edit, sent: (batch: Int64?, n: Int)?, reason: String,
    detail: Label, state: String = ParkedState.waiting.rawValue, base: [Value]? = nil
  ) throws {
    try db.run(
      """
      INSERT INTO sync_parked (record, key, batch, n, reason, zh, en, image, actor, edited_at, state, base)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(ref.record), .blob(ref.key.encoded), sent?.batch.map(Value.integer) ?? .null,
        sent.map { .integer(Int64($0.n)) } ?? .null, .text(reason), .text(detail.zh), .text(detail.en),
        .blob(encodeImage(image)), .text(edit.actor), .integer(edit.stamp.raw), .text(state),
        base.map { .blob(encodeImage($0)) } ?? .null,
      ])
  }

  /// What the city says of a change that it parked; nil: nothing that is news here.
  func take(_ db: Database, _ notice: ParkedNotice) throws -> News? {
    guard notice.parked.replica == identity.replica.description else { return nil }
    let place: [Value] = [.integer(notice.parked.batch), .integer(notice.parked.n)]
    let isWaiting = notice.state == .waiting
    // What the clerk took back too late became what the city says. In a city that was restored it may wait again.
    let settled = "'entered', 'admitted', 'dismissed', 'merged'"
    let open = "'waiting', 'edited', \(isWaiting ? settled : "'withdrawn'")"
    let find = "SELECT record, key, state FROM sync_parked WHERE batch = ? AND n = ? AND state IN (\(open))"
    guard let found = try db.first(find, place), case .text(let record) = found[0], case .blob(let key) = found[1],
      found[2] != .text(notice.state.rawValue) || isWaiting
    else { return nil }
    let state = isWaiting && found[2] == .text("edited") ? found[2] : .text(notice.state.rawValue)
    try db.run(
      """
      UPDATE sync_parked SET state = ?, city_id = ?, zh = ?, en = ?, ruled_by = ?, ruled_at = ?, untold = 0
      WHERE batch = ? AND n = ?
      """,
      [
        state, .integer(notice.id), .text(notice.detail.zh), .text(notice.detail.en),
        isWaiting ? .null : .text(notice.edit.actor), isWaiting ? .null : .integer(notice.edit.stamp.raw),
      ] + place)
    return isWaiting ? nil : .settled(RowRef(record, try RowKey(encoded: key)), notice)
  }

  /// Rows that this replica set aside since, because they stood in the way of a pull.
  func parkedHere(_ db: Database, after id: Int64) throws -> [News] {
    var news: [News] = []
    let sql = "SELECT record, key, zh, en FROM sync_parked WHERE id > ? AND batch IS NULL ORDER BY id"
    try db.each(sql, [.integer(id)]) { row in
      guard case .blob(let key) = row.cell(1) else { return }
      news.append(.parked(RowRef(row[0], try RowKey(encoded: key)), Label(zh: row[2], en: row[3])))
    }
    return news
  }

  /// Rows here that refer to a row that goes, and that the master has not seen, go to `sync_parked` until it comes back.
  /// - Parameter gone: rows that the master takes away; not nil: only those of them, and those that it has taken.
  ///   Of these everything that was edited is set aside.
  func parkChildren(_ db: Database, _ parent: RecordSchema, key: RowKey, gone: Set<RowRef>? = nil) throws {
    for child in try dependents(db, parent, key: key, gone: gone) { try park(db, child) }
  }

  func park(_ db: Database, _ child: Dependent) throws {
    let (record, key) = (child.record, child.key)
    try parkUnsent(db, record, key: key, over: child.columns, reason: "reference", detail: child.detail)
    // It had stayed for rows of its own.
    if try isGone(db, record, key: key) { _ = try letGo(db, record, key: key, parkingChildren: true) }
  }

  /// Whether the master has taken away a row that stays here for what was edited of it, or refers to it.
  private func isGone(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool {
    try record.upstream(db, key: key).map { $0 == nil } ?? false
  }

  /// The row goes. What refers to it is for the caller to park.
  func remove(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> [Dependent] {
    let left = try dependents(db, record, key: key)
    try applying(db) { try record.remove(db, key: key) }
    return left
  }

  /// Whether nothing refers to a row but by edits that cannot be sent. One of another cell says nothing of the reference:
  /// set aside, it would leave that.
  func staysForHeld(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool {
    let left = try dependents(db, record, key: key)
    return try !left.isEmpty
      && left.allSatisfy { child in
        guard let pending = try child.record.pending(db, key: child.key), let row = pending.current,
          let change = pending.change(child.record), child.columns.contains(where: { change.new[$0] != nil })
        else { return false }
        return !child.record.problems(in: row, after: pending.baseRow(child.record), formats: formats).isEmpty
      }
  }

  /// A row that refers to itself does not hang on itself.
  func dependents(
    _ db: Database, _ parent: RecordSchema, key: RowKey, gone: Set<RowRef>? = nil
  ) throws -> [Dependent] {
    guard let row = try parent.row(db, key: key) else { return [] }
    var found: [Dependent] = []
    for (child, field, target) in schema.references(to: parent) where !field.weak {
      guard let column = child.index(of: field.name) else { continue }
      var keys: [RowKey] = []
      let sql = "SELECT \(child.keyColumns.joined(separator: ", ")) FROM \(child.table) WHERE \(quoted(field.name)) = ?"
      try db.each(sql, [row[target]]) { row in keys.append(RowKey(row.cells(0..<child.key.count))) }
      let detail = waiting(for: parent.name, key)
      for childKey in keys where child.name != parent.name || childKey != key {
        let goes = try isGone(db, child, key: childKey) || gone?.contains(RowRef(child.name, childKey)) == true
        if gone != nil, !goes { continue }
        let columns = goes ? Array(child.fields.indices) : [column]
        found.append(Dependent(record: child, key: childKey, columns: columns, detail: detail))
      }
    }
    return found
  }

  /// Rows that hold a unique value which the master gives to another row.
  /// - Parameter gone: rows that the master takes away. Of them, and of those that it has taken, everything that was edited is set aside.
  func parkHolders(_ db: Database, _ record: RecordSchema, _ row: [Value], gone: Set<RowRef> = []) throws {
    let key = record.rowKey(of: row)
    for set in record.unique {
      let columns = set.compactMap(record.index(of:))
      guard let holder = try record.holder(db, of: set, in: row), holder != key else { continue }
      let detail = Label(
        zh: "\(set.joined(separator: ",")) 已被 \(show(key)) 使用",
        en: "\(set.joined(separator: ",")) is used by \(show(key))")
      let isGone = try isGone(db, record, key: holder)
      let all = isGone || gone.contains(RowRef(record.name, holder))
      let edited = all ? Array(record.fields.indices) : columns
      try parkUnsent(db, record, key: holder, over: edited, reason: "unique", detail: detail)
      try takeUpstream(db, record, key: holder)
      if isGone { _ = try letGo(db, record, key: holder, parkingChildren: true) }
    }
  }

  /// A row that nobody edits and that could not yet be as the master has it, because something stood in its way, is so now.
  private func takeUpstream(_ db: Database, _ record: RecordSchema, key: RowKey) throws {
    guard try record.pending(db, key: key)?.change(record) == nil, let row = try record.row(db, key: key),
      let upstream = try record.upstream(db, key: key), upstream != nil, upstream != row
    else { return }
    let idle = PendingRow(
      key: key, existed: true, base: record.undefined, current: row, edit: Edit(stamp: Stamp(raw: 0), actor: ""))
    try undo(db, record, idle, makingRoom: true) { [] }
  }

  /// An unsent edit of these columns is in the way: the row is kept whole, and what was edited is taken back.
  func parkUnsent(
    _ db: Database, _ record: RecordSchema, key: RowKey, over columns: [Int], reason: String, detail: Label
  ) throws {
    guard let pending = try record.pending(db, key: key), let change = pending.change(record),
      let image = pending.current,
      columns.contains(where: { change.new[$0] != nil })
    else { return }
    try undo(db, record, pending, makingRoom: true) { try dependents(db, record, key: key) }
    #if MUTANTS
      if Mutant.dropsUnsentClash.isActive { return }
    #endif
    try addParked(
      db, RowRef(record.name, key), image: image, edit: pending.edit, sent: pending.existed ? (nil, 0) : nil,
      reason: reason, detail: detail, base: pending.baseRow(record))
  }

  /// What the city parked of rows that were edited again, when nothing came of that edit: an entered row that is gone is taken
  /// back, and of any other its clerk hears that it waits.
  func settleEdited(_ db: Database) throws {
    let sql = """
      SELECT id, record, key, batch, n FROM sync_parked WHERE state = 'edited' AND NOT \(Self.isSetAside) ORDER BY id
      """
    var found: [(id: Int64, ref: RowRef, batch: Int64, n: Int64)] = []
    try db.each(sql) { row in
      if case .blob(let key) = row.cell(2) {
        found.append((row[0], RowRef(row[1], try RowKey(encoded: key)), row[3], row[4]))
      }
    }
    for (id, ref, batch, n) in found {
      guard let record = schema.record(ref.record), try !isEdited(db, record, ref) else { continue }
      if try record.row(db, key: ref.key) == nil, try sent(db, batch, n)?.kind == .insert {
        try markWithdrawn(db, id, reason: "", edit: takingBack(db, ref), isSent: true)
      } else {
        try db.run("UPDATE sync_parked SET state = 'waiting' WHERE id = ?", [.integer(id)])
      }
    }
  }

  /// Whether a change of a row has come in that was parked before this batch.
  func hasEarlierComeIn(_ db: Database, _ ref: RowRef, before batch: Int64) throws -> Bool {
    let sql = "SELECT 1 FROM sync_parked WHERE record = ? AND key = ? AND batch < ? AND \(Self.hasComeIn) LIMIT 1"
    return try db.first(sql, [.text(ref.record), .blob(ref.key.encoded), .integer(batch)]) != nil
  }

  /// In SQL: whether what says an entry of `sync_parked` again was set aside unsent, and waits. What was set aside before the entry says
  /// nothing of it.
  static let isSetAside = """
    EXISTS (SELECT 1 FROM sync_parked later WHERE later.record = sync_parked.record AND later.key = sync_parked.key
      AND later.batch IS NULL AND later.state = 'waiting' AND later.id > sync_parked.id)
    """

  /// Whether an edit of a row is pending or in flight.
  func isEdited(_ db: Database, _ record: RecordSchema, _ ref: RowRef) throws -> Bool {
    try record.pending(db, key: ref.key)?.change(record) != nil || flightMask(db, record, ref.key) != 0
  }

  /// Who took a row back that was set aside, or who works here, and when.
  func takingBack(_ db: Database, _ ref: RowRef) throws -> Edit {
    let sql = """
      SELECT ruled_by, ruled_at FROM sync_parked WHERE record = ? AND key = ? AND batch IS NULL AND state = 'withdrawn'
      ORDER BY id DESC LIMIT 1
      """
    let found = try db.first(sql, [.text(ref.record), .blob(ref.key.encoded)])
    if case .text(let actor)? = found?[0], case .integer(let at)? = found?[1] {
      return Edit(stamp: Stamp(raw: at), actor: actor)
    }
    return Edit(stamp: try tick(db, milliseconds: clock()), actor: try defaultActor(db))
  }

  /// Whether the row was entered again since, and that waits, too: it is the later word.
  private func isOvertaken(_ db: Database, _ record: RecordSchema, _ key: RowKey, since id: Int64) throws -> Bool {
    #if MUTANTS
      if Mutant.asideComesFirst.isActive { return false }
    #endif
    var isOvertaken = false
    let sql = "SELECT batch, n FROM sync_parked WHERE record = ? AND key = ? AND state = 'waiting' AND id > ?"
    try db.each(sql, [.text(record.name), .blob(key.encoded), .integer(id)]) { row in
      if case .integer(let batch) = row.cell(0), case .integer(let n) = row.cell(1) {
        if try sent(db, batch, n)?.kind == .insert { isOvertaken = true }
      } else if row.cell(1).isNull {
        isOvertaken = true
      }
    }
    return isOvertaken
  }

  /// Unsent rows that were parked here enter again, as pending, once nothing stands in their way. One that was entered again since, and
  /// one that others have deleted, is for its clerk.
  func returnParked(_ db: Database) throws {
    try openingOnce { for record in schema.records { try returnParked(db, record) } }
  }

  private func returnParked(_ db: Database, _ record: RecordSchema) throws {
    var waiting: [(id: Int64, image: [Value], actor: String)] = []
    let sql =
      "SELECT id, image, actor FROM sync_parked WHERE batch IS NULL AND n IS NULL AND state = 'waiting' AND record = ? ORDER BY id"
    try db.each(sql, [.text(record.name)]) { row in
      if case .blob(let bytes) = row.cell(1) { waiting.append((row[0], try decodeImage(bytes, record), row[2])) }
    }
    for item in waiting {
      let key = record.rowKey(of: item.image)
      // It was entered again since, here or by others: whoever deletes that deletes it for good.
      if try record.row(db, key: key) != nil {
        let n: Int64 = try saysAgain(db, record, key, before: item.id) ? 0 : -1
        try db.run("UPDATE sync_parked SET n = ? WHERE id = ?", [.integer(n), .integer(item.id)])
        continue
      }
      // A row that its table could not hold waits until somebody mends it.
      guard !key.values.contains(.null), record.problems(in: item.image, formats: formats).isEmpty,
        try !isOvertaken(db, record, key, since: item.id), try brokenReference(db, record, item.image) == nil,
        try uniqueClash(db, record, item.image, key: key) == nil
      else { continue }
      try acting(db, as: item.actor) { try db.run(record.statements.insert, item.image) }
      try db.run("DELETE FROM sync_parked WHERE id = ?", [.integer(item.id)])
    }
  }
  /// Whether what was set aside says a change again that was sent, and nothing else here enters the row.
  private func saysAgain(_ db: Database, _ record: RecordSchema, _ key: RowKey, before id: Int64) throws -> Bool {
    if try record.pending(db, key: key)?.existed == false { return false }
    let sql = """
      SELECT batch FROM sync_parked WHERE record = ? AND key = ? AND state = 'edited' AND id < ? ORDER BY id DESC LIMIT 1
      """
    let place: [Value] = [.text(record.name), .blob(key.encoded), .integer(id)]
    guard case .integer(let batch)? = try db.first(sql, place)?.first else { return false }
    return try !isReplaced(db, record, key, since: batch)
  }
}
