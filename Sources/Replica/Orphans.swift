import GRDB
import SQLiteStore
import SyncCore

// A shell with foreign keys off leaves orphans. They are held back and block nothing, until a pull has to write one of them,
// which SQLite does not let stand: then the edit that broke the reference gives way.

extension Replica {
  /// Mends the references of a row that a pull wrote, or that is as it was before what is set aside: an unsent edit that points
  /// nowhere is set aside, a parent that was deleted here, though rows of the master refer to it, comes back and its delete goes to
  /// the city as a request. Inside the transaction of the pull.
  func mendReferences(_ db: Database, _ record: RecordSchema, key: RowKey) throws {
    for _ in record.fields {
      guard let row = try record.row(db, key: key), let broken = try brokenReference(db, record, row),
        let column = record.index(of: broken.field)
      else { return }
      if try record.pending(db, key: key)?.change(record)?.new[column] != nil {
        try parkUnsent(db, record, key: key, over: [column], reason: "reference", detail: broken.message)
      } else {
        let isBack = try restoreParent(db, record.fields[column], row[column], makingRoom: true)
        guard try isBack || takeBackTarget(db, record, key, column, row[column]) else { return }
      }
    }
  }

  /// Rows that were deleted here and are back.
  /// - Parameter asked: of which the city was to be asked before.
  func restoredHere(_ db: Database, besides asked: Set<RowRef>) throws -> [News] {
    let detail = Label(
      zh: "市里仍有记录引用它:本行已恢复,删除将作为申请送市里决定",
      en: "rows of the city refer to it: it is back, and its delete goes to the city as a request")
    return try requests(db).map(\.ref).filter { !asked.contains($0) }.map { News.parked($0, detail) }
  }

  /// The unsent edit that took away the value which a reference of the master's names is set aside.
  private func takeBackTarget(
    _ db: Database, _ child: RecordSchema, _ key: RowKey, _ column: Int, _ value: Value
  ) throws -> Bool {
    guard let (parent, target, edited) = try formerTarget(db, child.fields[column], value), edited.current != nil
    else { return false }
    let name = parent.fields[target].name
    let detail = Label(
      zh: "市里仍有 \(child.name) \(show(key)) 引用 \(name) 原来的值",
      en: "\(child.name) \(show(key)) of the city refers to what \(name) was")
    try parkUnsent(db, parent, key: edited.key, over: [target], reason: "reference", detail: detail)
    return true
  }

  /// The unsent edit, or delete, that took away the value which a reference names, and the column of that.
  private func formerTarget(_ db: Database, _ field: Field, _ value: Value) throws
    -> (parent: RecordSchema, target: Int, PendingRow)?
  {
    guard let reference = field.reference, let parent = schema.record(reference.record),
      let target = parent.index(of: reference.field)
    else { return nil }
    var found: PendingRow?
    try parent.eachPending(db) { row in
      if row.current?[target] != value, row.baseRow(parent)?[target] == value { found = row }
    }
    return found.map { (parent, target, $0) }
  }

  /// A row of the master's that comes back here brings back the parents that were deleted here unsent.
  func restoreParents(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws {
    for _ in record.fields {
      guard let broken = try brokenReference(db, record, row), let column = record.index(of: broken.field),
        try restoreParent(db, record.fields[column], row[column])
      else { return }
    }
  }

  /// Makes the unsent delete of the row that a reference names a request to the city.
  /// - Parameter makingRoom: whether an unsent row that holds its unique value by now is set aside.
  /// - Returns: whether there is one.
  private func restoreParent(
    _ db: Database, _ field: Field, _ value: Value, makingRoom: Bool = false
  ) throws -> Bool {
    guard let (parent, _, deleted) = try formerTarget(db, field, value), deleted.current == nil else { return false }
    try undo(db, parent, deleted, makingRoom: makingRoom) { [] }
    try ask(db, parent, deleted.key, saw: deleted.baseRow(parent), edit: deleted.edit)
    return true
  }
}
