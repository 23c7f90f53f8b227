import GRDB
import SQLiteStore
import SyncCore

// A tool that rebuilds a table of the master takes its triggers along: what is edited then goes unseen, and would stand in the
// tables and not in the log. The city stops until the tables are made anew; what was edited meanwhile the log tells by what follows
// from it.

/// A row of the master that is not as the log has it.
public struct Unlogged: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case added = "+"
    case gone = "-"
    case changed = "~"
  }
  public var ref: RowRef
  /// nil: the row stands there no more.
  public var here: [Value]?
  /// nil: the log gives no such row.
  public var logged: [Value]?

  public var kind: Kind { here == nil ? .gone : logged == nil ? .added : .changed }
  /// The columns that differ of a row that both have.
  public var columns: [Int] {
    guard let here, let logged else { return [] }
    return here.indices.filter { here[$0] != logged[$0] }
  }
}

public struct RepairReport: Sendable {
  /// What was made anew, a sentence each; empty: nothing was wrong.
  public var done: [Label] = []
  public var unlogged: [Unlogged] = []
  /// Whether anything was changed: with rows that differ, and no word on what becomes of them, nothing is.
  public var isRepaired = true
}

extension Master {
  /// Whether another program removed or altered tables, indexes or triggers, or has made triggers that write to records: then the
  /// city waits for `repair`.
  func isAltered() throws -> Bool { try !read { try schema.captureProblems($0, weakKeys: true) }.isEmpty }

  /// Whether nothing is written to the master until what another program did to its tables is put right.
  public func isRefused() throws -> Bool {
    try isAltered() || !read { try schema.foreignConstraints($0, weakKeys: true) }.isEmpty
  }

  /// Makes the tables, indexes and triggers anew that another program removed or altered, in one transaction. Columns that are
  /// gone are filled by the log.
  /// - Parameter adopting: whether rows that differ from what the log gives become the city's edits, or are as in the log again;
  ///   nil: they are only told.
  /// Throws when a table cannot hold a row that it has or that is adopted, the log does not give a master, or another
  /// program has a constraint of its own for a record.
  public func repair(adopting: Bool?, actor: String?) throws -> RepairReport {
    try read { try schema.refuseForeignConstraints($0, weakKeys: true) }
    if try !isAltered() { return RepairReport() }
    if adopting == true, try read({ try SQLiteMasterTransaction(db: $0, schema: schema).isRecovering() }) {
      throw Self.notAdopted
    }
    let log = try follow()
    let end = try log.read { try SQLiteMasterTransaction(db: $0, schema: schema).lastArrival() }
    var report = RepairReport()
    do {
      try Connection.translating(path) {
        try store.database.rebuilding { db in
          let transaction = SQLiteMasterTransaction(db: db, schema: schema)
          guard try transaction.lastArrival() == end else {
            throw Failure(
              .busy, zh: "另一程序刚写入主库;请再试一次", en: "another program has just written to the master; try again")
          }
          report = try log.read { try repair(transaction, by: $0, adopting: adopting, actor: actor) }
          if !report.isRepaired { throw Undecided() }
        }
      }
    } catch is Undecided { return report }
    try absorbNow()
    return report
  }

  private struct Undecided: Error {}

  /// What comes back must find what it found then.
  private static let notAdopted = Failure(
    .busy, zh: "主库正在恢复,不能采用现有的值;请用 --set-back 还原为历史中的值,恢复完成后再修改",
    en: "the city recovers, and nothing is adopted meanwhile: take the log's values (--set-back), and edit again later")

  private func repair(
    _ transaction: SQLiteMasterTransaction, by log: Database, adopting: Bool?, actor: String?
  ) throws -> RepairReport {
    let db = transaction.db
    var report = RepairReport()
    let gone = try Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, try $0.missingColumns(db)) })
    report.done = try schema.rebuild(db, weakKeys: true) { throw unfit($0, $1) }
    try db.run("DELETE FROM sync_applying")
    // Whether others' triggers can run shows only now.
    try schema.refuseForeignConstraints(db, weakKeys: true)
    // What was erased is no longer in the log: nobody can tell what was edited of it.
    let isErased = try db.first("SELECT 1 FROM sync_erasure LIMIT 1") != nil
    let untold = Set(schema.records.filter { isErased && $0.fields.contains(where: \.restricted) }.map(\.name))
    for record in schema.records where record.projects == nil {
      let isCompared = !untold.contains(record.name)
      let missing = gone[record.name] ?? []
      if !isCompared, missing.isEmpty { continue }
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city")
      try applying(db) {
        var found: [Unlogged] = []
        for (key, logged) in try differing(record, db, log) {
          try fill(missing, of: record, key, logged, db)
          guard isCompared else { continue }
          if let row = try compare(record, key, logged, db) { found.append(row) }
        }
        if adopting == true { for row in found { try adopt(row, record, db, edit) } }
        if adopting == false { try setBack(found, record, db) }
        report.unlogged += found
      }
    }
    // They show what stands in their record, which the log may not give any more once anything was erased.
    try transaction.restoreProjections(all: true, of: untold)
    // The guards of a table that was made anew went with the former one.
    if try transaction.isRecovering() { try RecoveryGuard.create(db, schema) }
    report.isRepaired = report.unlogged.isEmpty || adopting != nil
    return report
  }

  /// The keys of rows that are not as in the log, with their rows there.
  private func differing(_ record: RecordSchema, _ db: Database, _ log: Database) throws -> [(RowKey, [Value]?)] {
    let table = ComparedTable(name: record.name, key: record.key, columns: record.columns.joined(separator: ", "))
    var pair = try ComparedPair(db, log, table)
    var found: [(RowKey, [Value]?)] = []
    while let (mine, logged) = try pair.next() {
      if mine != logged, let image = mine ?? logged { found.append((record.rowKey(of: image), logged)) }
    }
    return found
  }

  /// The cells of columns that were not there any more come from the log, which has nothing of what was erased.
  private func fill(
    _ missing: [Int], of record: RecordSchema, _ key: RowKey, _ logged: [Value]?, _ db: Database
  ) throws {
    guard !missing.isEmpty, let logged, var row = try record.row(db, key: key) else { return }
    for column in missing { row[column] = logged[column] }
    try record.writeUnchecked(db, row: row)
  }

  /// nil: the row is as in the log.
  private func compare(
    _ record: RecordSchema, _ key: RowKey, _ logged: [Value]?, _ db: Database
  ) throws -> Unlogged? {
    let row = try record.row(db, key: key)
    return row == logged ? nil : Unlogged(ref: RowRef(record.name, key), here: row, logged: logged)
  }

  /// What differs is pending.
  private func adopt(_ row: Unlogged, _ record: RecordSchema, _ db: Database, _ edit: Edit) throws {
    // No replica could take it.
    if let here = row.here, !record.holds(here) { throw unfit(record, here) }
    let (key, logged) = (row.ref.key, row.logged)
    let changed = record.fields.indices.filter { logged?[$0] != row.here?[$0] }
    let base: [Value?] = record.fields.indices.map { column in
      logged.flatMap { changed.contains(column) || row.here == nil ? $0[column] : nil }
    }
    let before = try record.pending(db, key: key)
    try record.setPending(
      db,
      PendingRow(
        key: key, existed: logged != nil, base: base, current: row.here, edit: before?.edit ?? edit,
        cellEdits: before?.cellEdits ?? [:]))
  }

  /// They are as in the log. All leave first: a unique value may have gone from one to another (M9).
  private func setBack(_ rows: [Unlogged], _ record: RecordSchema, _ db: Database) throws {
    for row in rows {
      try record.remove(db, key: row.ref.key)
      try record.clearPending(db, key: row.ref.key)
    }
    for row in rows { if let logged = row.logged { try record.writeUnchecked(db, row: logged) } }
  }

  private func unfit(_ record: RecordSchema, _ row: [Value]) -> Failure {
    let ref = RowRef(record.name, record.rowKey(of: row))
    let problem =
      record.problems(in: row, formats: formats).first?.label(of: ref)
      ?? Label(
        zh: "\(ref.record) \(ref.key):主键或唯一值重复", en: "\(ref.record) \(ref.key): its key or a unique value stands twice")
    return Failure(
      .data, zh: "\(problem.zh);请在该表中改正或删除这一行,再运行 city repair",
      en: "\(problem.en); correct or delete the row where it stands, and run city repair again")
  }
}
