import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A tool that rebuilds a table takes its triggers along, and edits go unseen until they are made anew. What was edited
// meanwhile only a comparison with the city finds; until then nothing may be pulled over it, so the sync stays refused.

private let unverified = "unverified"

extension Replica {
  /// Makes the tables, indexes and triggers anew that another program removed or altered, in one transaction, and drops
  /// triggers of others that write to records. The rows stay.
  /// One that its table cannot hold goes to `sync_parked`, whole. What is on its way and not as it was sent is pending.
  /// - Returns: what was done, a sentence each; empty: nothing was wrong.
  @discardableResult
  public func repair(actor: String? = nil) throws -> [Label] {
    if try read({ try schema.captureProblems($0, weakKeys: false) }).isEmpty { return [] }
    return try Connection.translating(path) {
      try database.rebuilding { db in
        var unfit: [(RecordSchema, [Value])] = []
        var lost: [String: Set<Int>] = [:]
        for record in schema.records { lost[record.name] = try Set(record.missingColumns(db)) }
        var done = try schema.rebuild(db, weakKeys: false) { unfit.append(($0, $1)) }
        done += try restartCapture(db, actor: actor)
        // Whether others' triggers can run shows only now.
        try schema.refuseForeignConstraints(db, weakKeys: false)
        for (record, row) in unfit { try parkUnfit(db, record, row) }
        try captureUnseen(db, lost)
        try setUnverified(db, true)
        return done
      }
    }
  }

  /// It is not deleted: what stands at the city comes back beside it when the file is compared. Only what is known to have been
  /// entered here enters again by itself.
  private func parkUnfit(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws {
    let key = record.rowKey(of: row)
    let problem = record.problems(in: row, formats: formats).first
    let clash = try problem == nil ? uniqueClash(db, record, row, key: key) : nil
    let told = problem ?? clash
    // When another row of this key stands, what was captured is of that.
    let isDouble = try record.row(db, key: key) != nil
    var pending = try isDouble ? nil : record.pending(db, key: key)
    pending?.current = row
    let (edit, base) = (pending?.edit, pending?.baseRow(record))
    try addParked(
      db, RowRef(record.name, key), image: row,
      edit: edit ?? Edit(stamp: try tick(db, milliseconds: clock()), actor: try actor(db)),
      sent: pending?.existed == false ? nil : (nil, 0), reason: clash == nil ? "check" : "unique",
      detail: Label(
        zh: told.map { "\($0.field):\($0.message.zh)" } ?? "不符合表的约束",
        en: told.map { "\($0.field): \($0.message.en)" } ?? "breaks a rule of its table"),
      base: base)
    if isDouble { return }
    try record.clearPending(db, key: key)
    if let base { try putBack(db, record, base) }
  }

  /// A row that is on its way stands as it was sent: a comparison tells nothing of it, and neither may its receipt.
  /// - Parameter checked: one that breaks a rule stays away.
  func putBack(_ db: Database, _ record: RecordSchema, _ row: [Value], checked: Bool = true) throws {
    let key = record.rowKey(of: row)
    guard try flightMask(db, record, key) != 0, try record.row(db, key: key) == nil,
      !checked || record.problems(in: row, formats: formats).isEmpty,
      try uniqueClash(db, record, row, key: key) == nil
    else { return }
    try applying(db) { try record.writeUnchecked(db, row: row) }
  }

  /// The flag that silences every trigger goes, and a clock that is gone starts after every stamp that is known here.
  private func restartCapture(_ db: Database, actor: String?) throws -> [Label] {
    let isSilent = try db.integer("SELECT 1 FROM sync_applying") != nil
    let isStopped = try db.integer("SELECT 1 FROM sync_clock") == nil
    if isSilent { try db.run("DELETE FROM sync_applying") }
    if isStopped {
      let name = Value.text(actor ?? identity.org)
      let stamp = try lastStamp(db).next(at: clock())
      try db.run("INSERT INTO sync_clock VALUES (1, ?, ?, ?)", [.integer(stamp.raw), name, name])
    }
    guard isSilent || isStopped else { return [] }
    return [Label(zh: "重新开始记录修改", en: "edits are captured again")]
  }

  private func lastStamp(_ db: Database) throws -> Stamp {
    var last = Stamp(milliseconds: try ReplicaMeta.read(db).lastSync ?? 0)
    try db.each("SELECT message, receipt FROM sync_outbox ORDER BY number DESC LIMIT 1") { row in
      for case .blob(let bytes) in row.cells(0..<2) { last = max(last, try SealedEnvelope(bytes[...]).header.stamp) }
    }
    for record in schema.records {
      last = max(last, Stamp(raw: try db.integer("SELECT max(sync_stamp) FROM \(record.baseTable)") ?? 0))
    }
    return last
  }

  /// Whether a row of this key waits in `sync_parked` to be entered: then it was not deleted.
  func waitsUnsent(_ db: Database, _ ref: RowRef) throws -> Bool {
    let sql = "SELECT 1 FROM sync_parked WHERE record = ? AND key = ? AND state = 'waiting' AND batch IS NULL"
    return try db.first(sql, [.text(ref.record), .blob(ref.key.encoded)]) != nil
  }

  /// Whether edits may have gone unseen that no comparison with the city has found yet.
  func isUnverified(_ db: Database) throws -> Bool {
    try db.first("SELECT 1 FROM sync_meta WHERE name = '\(unverified)' AND value = 1") != nil
  }

  public func isUnverified() throws -> Bool { try read { try isUnverified($0) } }

  func setUnverified(_ db: Database, _ value: Bool) throws {
    try ReplicaMeta.set(db, unverified, .integer(value ? 1 : 0))
  }

  /// Nothing differs: the file is as the city has it, but for what is pending.
  public func noteVerified(at cursor: Int64) throws {
    try write { db in
      try assertStillAt(db, cursor)
      if try isUnverified(db) { try setUnverified(db, false) }
    }
  }

  /// What is wrong while a repaired file was not compared; nil: nothing.
  func unverifiedNote(_ db: Database) throws -> Label? {
    guard try isUnverified(db) else { return nil }
    return Label(
      zh: "表结构已重建,期间的修改可能未被记录;请运行 county verify --deep,再用 --adopt 采用或 --set-back 还原",
      en:
        "the tables were made anew and edits may have gone unseen; run county verify --deep, then with --adopt or --set-back"
    )
  }
}
