import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Writing a settlement into SQLite, and giving every changed row its place in the feed.

extension SQLiteMasterTransaction {
  func write(_ settlement: Settlement, arrival: Int64) throws -> [RowWrite] {
    let shown = try projected(settlement.writes)
    let writes = shown.isEmpty ? settlement.writes : settlement.writes + shown
    try assign(writes)
    try note(settlement.writes, arrival: arrival)
    try feeding { feed in
      try self.feed(writes, &feed)
      for conflict in settlement.opened + settlement.changed { try save(conflict, isMoved: false, &feed) }
    }
    return try settlement.writes + followOrphans(writes, areOwn: false)
  }

  func assign(_ writes: [RowWrite]) throws {
    // One row that is written where it stands is right by itself. The pragma makes SQLite compile every statement anew.
    let leaving = writes.map(leaves)
    if writes.count > 1 || leaving.contains(true) { try db.execute(sql: "PRAGMA defer_foreign_keys = ON") }
    let missing = try zip(writes, leaving).reduce(0) { try $0 + ($1.1 ? missingTargets($1.0) : 0) }
    try owing(db, missing) { try assign(writes, leaving) }
  }

  /// References to what another program has deleted, of a row that comes back.
  private func missingTargets(_ write: RowWrite) throws -> Int {
    guard let before = write.before, write.after != nil else { return 0 }
    return try schema.record(write.ref.record)?.missingTargets(db, before) ?? 0
  }

  private func assign(_ writes: [RowWrite], _ leaving: [Bool]) throws {
    try applying(db, rows: writes.count) {
      for (write, leaves) in zip(writes, leaving) where leaves {
        try schema.record(write.ref.record)?.remove(db, key: write.ref.key)
      }
      var writer: RowWriter?
      for (write, leaves) in zip(writes, leaving) {
        guard let image = write.after, image != write.before else { continue }
        if writer?.record.name != write.ref.record {
          writer = try schema.record(write.ref.record).map { try RowWriter(db, $0) }
        }
        if let record = writer?.record, record.projects != nil, !record.holds(image) {
          // It shows what a tool wrote past the checks of its record.
          try record.writeUnchecked(db, row: image)
        } else if let before = write.before, !leaves {
          try writer?.update(write.ref.key, from: before, to: image)
        } else {
          try writer?.write(image)
        }
      }
    }
  }

  /// Vacate, then assign: rows that go, or give up a unique value, leave first, so that two rows may swap one.
  private func leaves(_ write: RowWrite) -> Bool {
    guard let before = write.before, let record = schema.record(write.ref.record) else { return false }
    guard let after = write.after else { return true }
    return record.statements.uniqueColumns.contains { before[$0] != after[$0] }
  }

  /// Tombstones and stamps.
  private func note(_ writes: [RowWrite], arrival: Int64) throws {
    let hasTombstones = try db.first("SELECT 1 FROM sync_tombstone LIMIT 1") != nil
    for write in writes { try note(write, hasTombstones, arrival: arrival) }
  }

  private func note(_ write: RowWrite, _ hasTombstones: Bool, arrival: Int64) throws {
    if let before = write.before, write.after == nil {
      try db.run(
        """
        INSERT INTO sync_tombstone VALUES (?, ?, ?, ?)
        ON CONFLICT (record, key) DO UPDATE SET image = excluded.image, arrival = excluded.arrival
        """, write.ref.columns + [.blob(RowKey(before).encoded), .integer(arrival)])
    } else if hasTombstones, write.before == nil, write.after != nil {
      try db.run("DELETE FROM sync_tombstone WHERE record = ? AND key = ?", write.ref.columns)
      // It is as old as its own edit, whenever that was edited which stood here before.
      if write.isInsert { try db.run("DELETE FROM sync_cell WHERE record = ? AND key = ?", write.ref.columns) }
    }
    guard !write.stamps.isEmpty, let record = schema.record(write.ref.record) else { return }
    for (column, stamp) in write.stamps.sorted(by: { $0.key < $1.key }) {
      try db.run(
        """
        INSERT INTO sync_cell VALUES (?, ?, ?, ?)
        ON CONFLICT (record, key, field) DO UPDATE SET stamp = max(stamp, excluded.stamp)
        """, write.ref.columns + [.text(record.fields[column].name), .integer(stamp.raw)])
    }
  }

  /// Writes a conflict with its contenders and gives it a place, so that every replica that sees the row hears of it, and
  /// every unit that contested it or has heard of it before.
  func save(_ conflict: Conflict, isMoved: Bool) throws {
    try feeding { try save(conflict, isMoved: isMoved, &$0) }
  }

  private func save(_ conflict: Conflict, isMoved: Bool, _ feed: inout Feed) throws {
    try ConflictTables.write(db, conflict)
    for contender in conflict.contenders { try ConflictTables.write(db, contender, of: conflict.id) }
    try announce(conflict, isMoved: isMoved, &feed)
  }

  /// Whoever enters a row under the key of another unit's, which was deleted, hears of the conflicts of that as from
  /// outside (I4): they are places of which the row is gone.
  /// - Parameter isMoved: the row came to its unit with what is contested of it.
  private func announce(_ conflict: Conflict, isMoved: Bool, _ feed: inout Feed) throws {
    let ref = RowRef(Conflict.table, RowKey([.integer(conflict.id)]))
    var isOutside: [String: Bool] = [:]
    try db.each("SELECT unit, gone FROM sync_feed WHERE record = ? AND key = ?", ref.columns) { row in
      isOutside[row[0] as String] = row[1] as Bool
    }
    let isKnown = !isOutside.isEmpty
    let unit = try unit(of: conflict)
    if let unit { isOutside[unit] = !isMoved && (isOutside[unit] ?? isKnown) }
    // What that unit enters is not told to whoever contests it from another one, should it ever enter the row anew.
    for other in try contesting(conflict) where other != unit {
      isOutside[other] = unit != nil || isOutside[other] ?? false
    }
    for (other, gone) in isOutside.sorted(by: { $0.key < $1.key }) where unit != "" || other == "" {
      try place(ref, unit: other, gone: gone, skip: nil, &feed)
    }
  }

  /// The units whose machines contest something.
  func contesting(_ conflict: Conflict) throws -> Set<String> {
    Set(try conflict.contenders.compactMap { try Identifier(hex: $0.replica).flatMap(replica)?.org })
  }

  /// The unit that sees the row of a conflict, or saw it when it was deleted. A row that hangs on a deleted one nobody sees.
  func unit(of conflict: Conflict) throws -> String? {
    guard let record = schema.record(conflict.record) else { return nil }
    if let image = try record.row(db, key: conflict.key) {
      return try unit(of: record, image, before: [:], isAsItWas: false)
    }
    let ref = RowRef(conflict.record, conflict.key)
    return try tombstones(of: [ref])[ref].flatMap { try unit(of: record, $0) }
  }

  /// The conflicts of a row that moved are known where it moved to.
  private func announceConflicts(of ref: RowRef, _ feed: inout Feed) throws {
    for conflict in try ConflictTables.read(db, where: "record = ? AND key = ?", ref.columns) {
      try announce(conflict, isMoved: true, &feed)
    }
  }

  // MARK: The feed

  func feed(_ writes: [RowWrite]) throws { try feeding { try feed(writes, &$0) } }

  /// A unit is to look at a row, and at what is contested of it; for every other one the row is gone.
  /// - Parameter unit: nil: nobody sees the row.
  func show(_ ref: RowRef, to unit: String?) throws {
    var others: [String] = []
    let sql = "SELECT unit FROM sync_feed WHERE record = ? AND key = ? AND gone = 0 AND unit IS NOT ? ORDER BY unit"
    try db.each(sql, ref.columns + [unit.map(Value.text) ?? .null]) { others.append($0[0]) }
    try feeding { feed in
      for other in others { try place(ref, unit: other, gone: true, skip: nil, &feed) }
      guard let unit else { return }
      try place(ref, unit: unit, gone: false, skip: nil, &feed)
      try announceConflicts(of: ref, &feed)
    }
  }

  private func feed(_ writes: [RowWrite], _ feed: inout Feed) throws {
    let moved = moved(writes)
    for write in writes {
      guard let record = schema.record(write.ref.record) else { continue }
      let new = try write.after.flatMap { try unit(of: record, $0) }
      var old = try write.before.flatMap { try unit(of: record, $0, before: moved) }
      // A row that everybody sees has one entry, also while it does not stand.
      let echo = record.scope == .all ? write.echo.map { _ in "" } : write.echo
      if old == nil, write.after == nil { old = echo }
      if let alias = write.alias, let echo { try place(alias, unit: echo, gone: true, skip: nil, &feed) }
      if write.after == write.before {
        // The sender hears what stands; of a row that it may not see, that there is none (I4).
        if let echo {
          try place(write.ref, unit: new == "" ? "" : echo, gone: new != "" && new != echo, skip: nil, &feed)
        }
        continue
      }
      if let new { try place(write.ref, unit: new, gone: false, skip: write.skip, &feed) }
      if let old, old != new {
        #if MUTANTS
          if Mutant.leavingIsSilent.isActive { continue }
        #endif
        try place(write.ref, unit: old, gone: true, skip: new == nil ? write.skip : nil, &feed)
        if let new {
          try announceConflicts(of: write.ref, &feed)
          try moveChildren(of: record, write.ref.key, from: old, to: new, &feed)
        }
      }
      if let echo, let new, new != "", new != echo, old != echo {
        try place(write.ref, unit: echo, gone: true, skip: nil, &feed)
      }
    }
  }

  /// What rows were that go to another unit: others, which go or change along with them, were seen through that.
  private func moved(_ writes: [RowWrite]) -> [RowRef: [Value]] {
    var moved: [RowRef: [Value]] = [:]
    for write in writes {
      guard let before = write.before, let after = write.after, let scope = schema.record(write.ref.record)?.scopeIndex
      else { continue }
      if before[scope] != after[scope] { moved[write.ref] = before }
    }
    return moved
  }

  /// When a parent changes its unit, the rows that find theirs through it move along.
  private func moveChildren(
    of parent: RecordSchema, _ key: RowKey, from old: String, to new: String, _ feed: inout Feed
  ) throws {
    #if MUTANTS
      if Mutant.childrenStayBehind.isActive { return }
    #endif
    guard let value = key.values.first else { return }
    for child in schema.records {
      guard case .via(let name) = child.scope, let field = child.field(name), field.reference?.record == parent.name
      else { continue }
      var keys: [RowKey] = []
      // In the order of their keys: their places must not depend on how the file came to be (I7).
      let list = child.keyColumns.joined(separator: ", ")
      let sql = "SELECT \(list) FROM \(child.table) WHERE \(quoted(name)) = ? ORDER BY \(list)"
      try db.each(sql, [value]) { row in keys.append(RowKey(row.cells(0..<child.key.count))) }
      for childKey in keys {
        try place(RowRef(child.name, childKey), unit: new, gone: false, skip: nil, &feed)
        try place(RowRef(child.name, childKey), unit: old, gone: true, skip: nil, &feed)
        try announceConflicts(of: RowRef(child.name, childKey), &feed)
        try moveChildren(of: child, childKey, from: old, to: new, &feed)
      }
    }
  }

  func place(_ ref: RowRef, unit: String, gone: Bool, skip: Identifier?) throws {
    try feeding { try place(ref, unit: unit, gone: gone, skip: skip, &$0) }
  }

  /// Gives places after the last one, which is read once and written once.
  private func feeding(_ body: (inout Feed) throws -> Void) throws {
    let head = try head()
    var feed = Feed(last: head, placing: try db.prepared(Self.placing))
    try body(&feed)
    if feed.last != head { try db.run("UPDATE sync_counter SET value = ? WHERE name = 'place'", [.integer(feed.last)]) }
  }

  /// The end of the feed, and what puts a row there.
  private struct Feed {
    var last: Int64
    let placing: PreparedStatement
  }

  private func place(
    _ ref: RowRef, unit: String, gone: Bool, skip: Identifier?, _ feed: inout Feed
  ) throws {
    feed.last += 1
    try feed.placing.run([
      .integer(feed.last), .text(unit), .text(ref.record), .blob(ref.key.encoded), .integer(gone ? 1 : 0),
      skip.map { .blob($0.bytes) } ?? .null,
    ])
  }

  private static let placing = """
    INSERT INTO sync_feed (place, unit, record, key, gone, skip) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (record, key, unit) DO UPDATE SET place = excluded.place, gone = excluded.gone, skip = excluded.skip
    """

  /// The unit that sees a row; "" is everybody; nil: its parent is not there.
  func unit(of record: RecordSchema, _ image: [Value]) throws -> String? {
    try unit(of: record, image, before: [:])
  }

  /// - Parameters:
  ///   - moved: the images of rows from before they went to another unit.
  ///   - isAsItWas: a parent that was deleted counts as it was.
  private func unit(
    of record: RecordSchema, _ image: [Value], before moved: [RowRef: [Value]], isAsItWas: Bool = true
  ) throws -> String? {
    switch record.scope {
    case .all: return ""
    case .field:
      guard let index = record.scopeIndex, case .text(let unit) = image[index] else { return nil }
      return unit
    case .via:
      guard let ref = record.parent(of: image), let parent = schema.record(ref.record) else { return nil }
      var row = try moved[ref] ?? parent.row(db, key: ref.key)
      if row == nil, isAsItWas { row = try tombstones(of: [ref])[ref] }
      return try row.flatMap { try unit(of: parent, $0, before: moved, isAsItWas: isAsItWas) }
    }
  }

  // MARK: The city's own edits

  /// Throws when no message can hold a row: it stays captured until somebody mends it.
  func ownChanges() throws -> [Change] {
    try restoreProjections()
    var changes: [Change] = []
    var clean: [(RecordSchema, RowKey)] = []
    for record in schema.records {
      try record.eachPending(db) { row in
        guard let change = row.change(record) else { return clean.append((record, row.key)) }
        if let problem = row.current.flatMap({ record.unsendable($0, after: row.baseRow(record)) }) {
          throw Self.unsendable(problem.label(of: RowRef(record.name, row.key)))
        }
        changes.append(change)
      }
    }
    for (record, key) in clean { try record.clearPending(db, key: key) }
    return changes
  }

  /// Nothing goes on without it: what other rows refer to, or what is unique, would stand here and not in the log.
  private static func unsendable(_ problem: Label) -> Failure {
    Failure(
      .data, zh: "其他程序写入主库的一行无法发送,市里暂停收发:\(problem.zh)",
      en: "what another program wrote into the master cannot be sent, and the city waits: \(problem.en)")
  }

  func absorb(_ changes: [Change], writes: [RowWrite], arrival: Int64) throws -> [RowWrite] {
    for change in changes { try schema.record(change.record)?.clearPending(db, key: change.key) }
    let shown = try projected(writes)
    try assign(shown)
    #if MUTANTS
      if Mutant.ownEditsAreSilent.isActive { return writes }
    #endif
    try note(writes, arrival: arrival)
    try feed(writes + shown)
    return try writes + followOrphans(writes + shown, areOwn: true)
  }
}
