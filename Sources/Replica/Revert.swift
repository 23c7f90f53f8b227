import GRDB
import SQLiteStore
import SyncCore

extension Replica {
  /// Takes back the pending edits of a row: each cell becomes what the master has (upstream), or else its base.
  public func revert(_ record: RecordSchema, key: RowKey) throws {
    try write { db in
      let record = current(record)
      let wasAsked = try withdrawRequest(db, record, key: key)
      guard let pending = try record.pending(db, key: key), pending.change(record) != nil else {
        if wasAsked { return }
        throw Failure(
          .notFound, zh: "\(record.name) \(show(key)) 没有待同步的修改",
          en: "\(record.name) \(show(key)) has no pending edit; diff lists those there are")
      }
      try undo(db, record, pending) {
        for (child, count) in try children(db, of: record, key: key) where count > 0 {
          throw Failure(
            .data, zh: "\(record.name) \(show(key)) 仍有 \(count) 条 \(child);请先撤回它们",
            en: "\(record.name) \(show(key)) still has \(count) rows of \(child); revert those first")
        }
        return []
      }
      // Nothing comes any more of what took the place of what waits at the city: that was sent, and stays.
      if try isEdited(db, record, RowRef(record.name, key)) { return }
      try db.run(
        """
        UPDATE sync_parked SET state = 'waiting'
        WHERE record = ? AND key = ? AND state = 'edited' AND NOT \(Self.isSetAside)
        """, [.text(record.name), .blob(key.encoded)])
    }
  }

  /// The row without its pending edits: what was sent stays, upstream or else the base fills the rest.
  /// - Parameters:
  ///   - makingRoom: whether unsent edits of other rows are set aside that hold its unique values by now.
  ///   - removing: called before the row goes, when nothing is left of it; what it returns is set aside after that.
  func undo(
    _ db: Database, _ record: RecordSchema, _ pending: PendingRow, makingRoom: Bool = false,
    removing: () throws -> [Dependent]
  ) throws {
    // What entered out of sight may be edited from cells that nobody here has seen: there is no such row.
    let base = pending.baseRow(record).flatMap { row in
      record.fields.indices.contains { record.fields[$0].required && row[$0].isNull } ? nil : row
    }
    let upstream = try record.upstream(db, key: pending.key)
    var result = Reconciliation(row: base, pending: nil, isTouched: false)
    if let upstream {
      let flight = try flightMask(db, record, pending.key)
      result = record.reconcile(row: base, pending: nil, inFlight: flight, master: upstream)
    }
    let left = result.row == nil ? try removing() : []
    if let row = result.row, let clash = try uniqueClash(db, record, row, key: pending.key) {
      guard makingRoom else {
        let problem = clash.label(of: RowRef(record.name, pending.key))
        throw Failure(
          .data,
          zh: "\(problem.zh);若那一行也在此修改过,请先撤回那一行;若两行互换了值,"
            + "请先清空或改动那一行的该字段",
          en: "\(problem.en); if that was edited here, too, revert it first, or, where the two have swapped it, empty "
            + "or change it there first")
      }
      // It holds what others need, in turn. Were it still pending, it would pass for deleted until it is back.
      try record.clearPending(db, key: pending.key)
      try applying(db) { try record.remove(db, key: pending.key) }
      try parkHolders(db, record, row)
    }
    do {
      try applying(db) {
        if let row = result.row {
          try record.write(db, row: row)
        } else if pending.existed {
          try retire(db, record, key: pending.key)
        } else {
          try record.remove(db, key: pending.key)
        }
      }
    } catch let error as DatabaseError
      where !makingRoom && error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY
    {
      guard let row = result.row, let broken = try brokenReference(db, record, row) else { throw error }
      let problem = broken.label(of: RowRef(record.name, pending.key))
      throw Failure(
        .data, zh: "\(problem.zh);若已在此删除,请先撤回该删除",
        en: "\(problem.en); if it was deleted here, revert that first")
    }
    try keep(db, record, pending.key, result, master: upstream ?? nil)
    // Not before: rows may refer to each other in a circle.
    for child in left { try park(db, child) }
    // What it referred to may have been deleted here since.
    if makingRoom, result.row != nil { try mendReferences(db, record, key: pending.key) }
  }
}
