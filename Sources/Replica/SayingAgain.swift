import GRDB
import SQLiteStore
import SyncCore

// A later change of a row supersedes at the city whatever waits of it, and says again what still counts. A clerk who edits a row
// takes up what waits of it. What a program or an import edits beside it does not, and what was sent of the row before anybody here
// knew that it waits does not either.

extension Replica {
  /// What waits of rows that were edited beside it goes again with that edit, against its first base.
  func sayAgain(_ db: Database) throws {
    #if MUTANTS
      if Mutant.editBesideDropsParked.isActive { return }
    #endif
    let edited = try schema.records.filter { try db.first("SELECT 1 FROM \($0.baseTable) LIMIT 1") != nil }.map(\.name)
    if edited.isEmpty { return }
    for ref in try waitingEdits(db) where edited.contains(ref.record) {
      guard let record = schema.record(ref.record), let before = try record.pending(db, key: ref.key),
        let rest = try rest(db, record, before), try hindrance(db, record, before, rest) == nil
      else { continue }
      // What fails stays pending: the row is held.
      try? db.inSavepoint {
        if before.existed {
          try takeUp(db, record, key: ref.key, rest.waiting, [:])
        } else {
          try update(db, record, key: ref.key, rest.cells)
        }
        if var pending = try record.pending(db, key: ref.key) {
          pending.edit = before.edit
          for column in rest.columns { pending.cellEdits[column] = rest.change.edit(of: column) }
          try record.setPending(db, pending)
        }
        return .commit
      }
    }
  }

  /// The rows of which a change waits at the city, one batch after the other.
  func waitingEdits(_ db: Database) throws -> [RowRef] {
    var refs: [RowRef] = []
    var known: Set<RowRef> = []
    let sql = """
      SELECT record, key FROM sync_parked
      WHERE \(ReplicaTables.isOpen) AND state = 'waiting' AND batch IS NOT NULL ORDER BY batch DESC, n
      """
    try db.each(sql) { row in
      guard case .blob(let key) = row.cell(1) else { return }
      let ref = RowRef(row[0], try RowKey(encoded: key))
      if known.insert(ref).inserted { refs.append(ref) }
    }
    return refs
  }

  /// What would be lost of a change that waits if this edit went alone.
  private struct Rest {
    var waiting: WaitingRow
    var columns: [Int]
    var cells: [Int: Value]

    var change: Change { waiting.change }
  }

  private func rest(_ db: Database, _ record: RecordSchema, _ pending: PendingRow) throws -> Rest? {
    guard let row = pending.current, pending.change(record) != nil,
      let waiting = try waiting(db, record, pending.key, isSent: true)
    else { return nil }
    let change = waiting.change
    if change.kind == .delete { return nil }
    let columns: [Int]
    if pending.existed {
      columns = try again(db, record, change, pending).filter { column in
        row[column] != change.new[column] || record.added(change, column) != nil
      }
    } else {
      // Who enters a row anew takes nothing away by what they leave empty.
      columns = row.indices.filter { row[$0].isNull && change.new[$0]?.isNull == false }
    }
    let cells = saidAgain(record, change, columns, over: pending.existed ? row : nil)
    return columns.isEmpty ? nil : Rest(waiting: waiting, columns: columns, cells: cells)
  }

  private func hindrance(_ db: Database, _ record: RecordSchema, _ pending: PendingRow, _ rest: Rest) throws
    -> FieldProblem?
  {
    guard var row = pending.current else { return nil }
    if record.rules.append, pending.existed {
      #if MUTANTS
        if Mutant.addedRowIsNotHeld.isActive { return nil }
      #endif
      return FieldProblem(field: record.fields[rest.columns[0]].name, message: addedOnly(record, pending.key))
    }
    // Personal data comes again only by a person: the city may have erased it meanwhile, and would take it for a newer value (E5). A row
    // of another unit is for the city to move.
    let isOfUnit = if case .field = record.scope { true } else { false }
    if let column = rest.columns.first(where: {
      record.fields[$0].restricted || isOfUnit && $0 == record.scopeIndex
    }) {
      return FieldProblem(field: record.fields[column].name, message: rest.waiting.detail)
    }
    for (column, value) in rest.cells { row[column] = value }
    let only = Set(rest.columns)
    return try record.problems(in: row, after: pending.baseRow(record), formats: formats).first
      ?? brokenReference(db, record, row, only: only) ?? uniqueClash(db, record, row, key: pending.key, only: only)
  }

  /// Why an edit cannot go: what waits of its row would be lost with it; nil: it can.
  /// - Parameter isSaidAgain: what can come along does already.
  func held(_ db: Database, _ record: RecordSchema, _ pending: PendingRow, isSaidAgain: Bool) throws -> FieldProblem? {
    #if MUTANTS
      if Mutant.editBesideDropsParked.isActive { return nil }
    #endif
    guard let rest = try rest(db, record, pending) else { return nil }
    let hindrance = try hindrance(db, record, pending, rest)
    if hindrance == nil, !isSaidAgain { return nil }
    let (id, why) = (rest.waiting.id, hindrance?.message ?? rest.waiting.detail)
    return FieldProblem(
      field: hindrance?.field ?? record.fields[rest.columns[0]].name,
      message: Label(
        zh: "\(why.zh);本行先前的修改仍在搁置(county parked 第 \(id) 条):请用 county edit 修改本行,"
          + "或用 county withdraw \(id) 撤回",
        en: "\(why.en); an earlier edit of this row waits as parked \(id): edit the row with county edit, "
          + "or county withdraw \(id)"))
  }

  /// Whether a delete of a row, or the wish for one (M7), is on its way after a batch: it takes back whatever waits.
  func isDeleted(_ db: Database, _ record: RecordSchema, _ key: RowKey, since batch: Int64) throws -> Bool {
    try changesOnTheirWay(db, record, key, since: batch).contains { $0.change.kind == .delete }
  }

  /// What was parked of a row that has another change on its way by now, which supersedes it: it is pending again, as far as that one
  /// says nothing of it.
  /// - Parameter entered: what it starts from, when what was entered of the row before has come in.
  /// - Returns: nil: nothing is.
  func followed(
    _ db: Database, _ record: RecordSchema, _ change: Change, over row: [Value], by batch: Int64, entered: [Value?]?
  ) throws -> PendingRow? {
    #if MUTANTS
      if Mutant.laterBatchDropsParked.isActive { return nil }
    #endif
    if change.kind == .delete { return nil }
    var isFollowed = false
    var later: Int64 = 0
    let sql = "SELECT mask FROM sync_flight WHERE record = ? AND key = ? AND batch > ?"
    try db.each(sql, [.text(record.name), .blob(change.key.encoded), .integer(batch)]) { row in
      isFollowed = true
      later |= row[0] as Int64
    }
    // What was added to a sum is in no later batch.
    let columns = change.new.indices.filter { column in
      record.added(change, column).map { row[column].minus($0) != nil }
        ?? (change.new[column] == row[column] && !record.isKey(column) && later >> Int64(column) & 1 == 0)
    }
    // A row that never entered is entered whole: what follows only changes it.
    let existed = entered != nil || change.kind == .update
    if !isFollowed || existed && columns.isEmpty { return nil }
    var pending = PendingRow(
      key: change.key, existed: existed, base: record.undefined, current: row, edit: change.edit)
    if !pending.existed { pending.cellEdits = change.cellEdits }
    for column in columns where pending.existed {
      pending.base[column] = record.before(change, column, standing: row[column]) ?? entered?[column] ?? .null
      pending.cellEdits[column] = change.cellEdits[column]
    }
    return pending
  }
}
