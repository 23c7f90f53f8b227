import GRDB
import SQLiteStore
import SyncCore

// A touched cell has three values: base, upstream and current. This file says how they move.
//
//   untouched cell                          takes the master's value
//   touched cell (pending or in flight)     keeps its value and its base; the master's value becomes its upstream
//   pending cell set back to its base       takes upstream
//   pending cell that equals upstream       agrees: it is no longer pending, unless it is a sum to which something was added, or
//                                           another value of it is on its way
//   row gone at the master                  stays while anything in it is touched
//   row deleted here                        stays deleted; the master's image is its upstream. Gone at the master too, nothing is
//                                           left to send, unless something of it is on its way
//   row that went and nobody deleted        comes back as the master has it

/// What a pulled image does to a row: what the row becomes, and what stays touched.
struct Reconciliation {
  /// nil: no such row.
  var row: [Value]?
  /// nil: nothing is pending.
  var pending: PendingRow?
  /// The master's image is to be kept beneath the row.
  var isTouched: Bool
}

extension RecordSchema {
  /// Pure: the row here, what is captured of it, the columns in flight, and the master's image of it.
  func reconcile(row: [Value]?, pending: PendingRow?, inFlight: Int64, master: [Value]?) -> Reconciliation {
    guard let row else {
      #if MUTANTS
        if Mutant.unsentDeleteIsForgotten.isActive, rules.delete == .remove, inFlight == 0 {
          return Reconciliation(row: master, pending: nil, isTouched: false)
        }
      #endif
      let isDeleted = pending.map { $0.existed && !$0.wentUnseen(self) } ?? false
      let isDeleting = isDeleted || inFlight != 0
      // Gone at both; but what was sent of it before may bring it back.
      let mayReturn = isDeleted && inFlight != 0
      if isDeleting && master != nil || mayReturn { return Reconciliation(row: nil, pending: pending, isTouched: true) }
      return Reconciliation(row: master, pending: nil, isTouched: false)
    }
    #if MUTANTS
      if Mutant.pullOverwrites.isActive { return Reconciliation(row: master, pending: nil, isTouched: false) }
    #endif
    var pending = pending
    var touched = Set(fields.indices.filter { inFlight >> Int64($0) & 1 == 1 })
    if let captured = pending {
      // What was sent of a cell is still to come to the city, whatever it has now.
      let kept = captured.touched.filter { !isKey($0) && (touched.contains($0) || !agrees($0, captured, row, master)) }
      for column in captured.base.indices where !kept.contains(column) { pending?.base[column] = nil }
      if kept.isEmpty, captured.existed || master != nil { pending = nil } else { touched.formUnion(kept) }
    }
    guard let master else {
      let stays = pending != nil || inFlight != 0
      return Reconciliation(row: stays ? row : nil, pending: pending, isTouched: stays)
    }
    #if MUTANTS
      if Mutant.baseMovesWithPull.isActive {
        for i in touched where pending?.base[i] != nil { pending?.base[i] = master[i] }
      }
    #endif
    if touched.isEmpty { return Reconciliation(row: master, pending: pending, isTouched: false) }
    let merged = fields.indices.map { touched.contains($0) ? row[$0] : master[$0] }
    return Reconciliation(row: merged, pending: pending, isTouched: true)
  }

  /// Whether a captured cell is as the master has it. A sum that others have raised to the same is not: what was added here is
  /// still to come.
  private func agrees(_ column: Int, _ captured: PendingRow, _ row: [Value], _ master: [Value]?) -> Bool {
    guard master?[column] == row[column] else { return false }
    #if MUTANTS
      if Mutant.sumsAgree.isActive { return true }
    #endif
    guard fields[column].policy == .sum else { return true }
    return (captured.base[column] ?? .null).addend == row[column].addend
  }
}

extension Replica {
  func flightMask(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws -> Int64 {
    var mask: Int64 = 0
    try db.each("SELECT mask FROM sync_flight WHERE record = ? AND key = ?", [.text(record.name), .blob(key.encoded)]) {
      row in
      // A key-only row in flight has no column to mark.
      mask |= (row[0] as Int64) | 1 << 62
    }
    return mask
  }

  /// - Returns: what the master's image does to a row, what stands there now, and whether it is pending or in flight.
  func plan(_ db: Database, _ record: RecordSchema, _ key: RowKey, master: [Value]?) throws
    -> (result: Reconciliation, here: [Value]?, isEdited: Bool)
  {
    let (here, pending) = (try record.row(db, key: key), try record.pending(db, key: key))
    let inFlight = try flightMask(db, record, key)
    let result = record.reconcile(row: here, pending: pending, inFlight: inFlight, master: master)
    return (result, here, pending != nil || inFlight != 0)
  }

  /// Stores what stays touched; the row itself is the caller's to write.
  func keep(_ db: Database, _ record: RecordSchema, _ key: RowKey, _ result: Reconciliation, master: [Value]?) throws {
    if let pending = result.pending {
      try record.setPending(db, pending)
    } else {
      try record.clearPending(db, key: key)
    }
    #if MUTANTS
      if Mutant.forgetsUpstream.isActive { return try record.clearUpstream(db, key: key) }
    #endif
    if result.isTouched { try record.setUpstream(db, key: key, master) } else { try record.clearUpstream(db, key: key) }
  }

  /// Lets cells that were set back, or typed as the master has them, agree with the master.
  func reconcileAll(_ db: Database) throws {
    for record in schema.records {
      var writer: RowWriter?
      var stuck: [RowKey] = []
      for key in try record.upstreamKeys(db) {
        guard let master = try record.upstream(db, key: key) else { continue }
        let (result, here, _) = try plan(db, record, key, master: master)
        // Not before its clerk has heard what went with it.
        if master != nil, here == nil, try record.pending(db, key: key)?.wentUnseen(record) == true { continue }
        // A row that cannot take its upstream now (a unique value is held elsewhere) stays as it is and blocks nothing.
        let isDone = attempt(db) {
          if here == nil, let row = result.row { try restoreParents(db, record, row) }
          try applying(db) {
            guard let row = result.row else { return try retire(db, record, key: key) }
            guard let here else { return try record.write(db, row: row) }
            if here == row { return }
            // Only what changes: a reference may dangle here until the city has answered.
            writer = try writer ?? RowWriter(db, record)
            try writer?.update(key, from: here, to: row)
          }
          try keep(db, record, key, result, master: master)
        }
        if !isDone { stuck.append(key) }
      }
      if stuck.count > 1 { try exchange(db, record, stuck) }
    }
  }

  /// Does all of it; nothing, when it fails or leaves a reference to what is not there.
  /// - Returns: whether it was done.
  private func attempt(_ db: Database, _ body: () throws -> Void) -> Bool {
    let wasWhole = !db.hasDanglingReferences
    var isDone = false
    do {
      try db.inSavepoint {
        try body()
        isDone = !(wasWhole && db.hasDanglingReferences)
        return isDone ? .commit : .rollback
      }
      return isDone
    } catch { return false }
  }

  /// A row, what the master has of it, and what that does to it.
  private typealias Stuck = (key: RowKey, master: [Value]?, result: Reconciliation)

  /// Rows that hold each other's unique values take their upstream together: vacate, then assign.
  private func exchange(_ db: Database, _ record: RecordSchema, _ keys: [RowKey]) throws {
    var left = Set(keys)
    for key in keys where left.contains(key) {
      let rows = try holders(db, record, of: key, among: left)
      if rows.count == 1 { continue }
      let isDone = try deferringReferences(db) {
        attempt(db) {
          try applying(db) {
            for (key, _, result) in rows {
              if result.row == nil { try retire(db, record, key: key) } else { try record.remove(db, key: key) }
            }
            for case let row? in rows.map(\.result.row) { try record.write(db, row: row) }
          }
          for (key, master, result) in rows { try keep(db, record, key, result, master: master) }
        }
      }
      if isDone { left.subtract(rows.map(\.key)) }
    }
  }

  /// The row, those that hold the unique values which it is to have, and so on.
  private func holders(
    _ db: Database, _ record: RecordSchema, of key: RowKey, among stuck: Set<RowKey>
  ) throws -> [Stuck] {
    var keys = [key]
    var rows: [Stuck] = []
    while rows.count < keys.count {
      let key = keys[rows.count]
      let master: [Value]? = try record.upstream(db, key: key) ?? nil
      let result = try plan(db, record, key, master: master).result
      rows.append((key, master, result))
      guard let row = result.row else { continue }
      for set in record.unique {
        guard let holder = try record.holder(db, of: set, in: row) else { continue }
        if stuck.contains(holder), !keys.contains(holder) { keys.append(holder) }
      }
    }
    return rows
  }

  /// Runs the body in a transaction in which references need to be right only at its end. What it leaves must be whole.
  private func deferringReferences<T>(_ db: Database, _ body: () throws -> T) throws -> T {
    // Asked anew each time: SQLite compiles the answer into the statement.
    if try Int.fetchOne(db, sql: "PRAGMA defer_foreign_keys") == 1 { return try body() }
    try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
    let result = try body()
    try db.execute(sql: "PRAGMA defer_foreign_keys = OFF")
    return result
  }

  /// Lets rows go that the master no longer has here and nobody touches any more: they had stayed for rows that refer to them. The
  /// last of those may have left with this answer.
  func letGo(_ db: Database) throws {
    var isMore = true
    while isMore {
      isMore = false
      for record in schema.records {
        for key in try record.upstreamKeys(db, gone: true) {
          if try letGo(db, record, key: key, parkingChildren: staysForHeld(db, record, key: key)) { isMore = true }
        }
      }
    }
  }

  /// Lets one of them go.
  /// - Parameter parkingChildren: whether what refers to it is set aside; else it stays for that.
  /// - Returns: whether it went.
  func letGo(_ db: Database, _ record: RecordSchema, key: RowKey, parkingChildren: Bool) throws -> Bool {
    let (result, here, _) = try plan(db, record, key, master: nil)
    guard here != nil, result.row == nil else { return false }
    let left = parkingChildren ? try dependents(db, record, key: key) : []
    if !parkingChildren, try children(db, of: record, key: key).contains(where: { $0.count > 0 }) { return false }
    try applying(db) { try retire(db, record, key: key) }
    try keep(db, record, key, result, master: nil)
    // Not before: rows may refer to each other in a circle.
    for child in left { try park(db, child) }
    return true
  }
}
