import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// What one exchange did here.
public struct ReceiveSummary: Sendable, Equatable {
  public var pulled = 0
  public var merged = 0
  public var conflicts = 0
  public var parked = 0
  public var rejected = 0
  /// What the clerk should hear of.
  public var news: [News] = []

  public init() {}

  public mutating func add(_ other: ReceiveSummary) {
    pulled += other.pulled
    merged += other.merged
    conflicts += other.conflicts
    parked += other.parked
    rejected += other.rejected
    news += other.news
  }
}

/// What a sync brought that concerns edits made here.
public enum News: Sendable, Equatable {
  /// A conflict that this replica takes part in was decided.
  case decided(Conflict)
  /// What became of a change that the city had parked.
  case settled(RowRef, ParkedNotice)
  /// A row was parked, by the city or here.
  case parked(RowRef, Label)
  /// The city did not accept a decision of this unit.
  case refused(conflict: Int64, Label)
}

/// A pulled row needs a place that a pending row holds. Freeze, send and try again.
public struct Clash: Error {}

extension Replica {
  /// Takes receipts and a whole pull, in one transaction: all of it or nothing.
  /// - Parameters:
  ///   - pages: every page of one pull, in order; the last one ends at the cursor that this replica then has.
  ///   - overlapping: the pages may begin before what this replica has read, as on a stick.
  ///   - parkingClashes: a pending row that stands in the way goes to `sync_parked`, whole, instead of failing with `Clash`.
  public func receive(
    receipts: [Envelope], pages: [Envelope], overlapping: Bool = false, parkingClashes: Bool = false
  ) throws -> ReceiveSummary {
    // A receipt may make a copy of what was erased before.
    var erases = schema.hasRestricted && !receipts.isEmpty
    do {
      let summary = try relating(pages) { db in
        var summary = ReceiveSummary()
        var meta = try ReplicaMeta.read(db)
        let (items, disputes) = try newest(pages, from: meta.cursor, overlapping: overlapping)
        // What is still on its way is no copy: the city has said what it keeps of it.
        for case .erasure(let erasure) in items {
          try carryOut(erasure, db)
          erases = true
        }
        for receipt in receipts { try take(db, receipt: receipt, &summary) }
        try keep(items, db, &meta)
        if let last = pages.last {
          meta.cursor = last.header.cursor
          meta.lastSync = clock()
          try meta.write(db)
          try forgetEnrolment(db)
          try forgetRestored(db, since: last.header.stamp)
          summary.pulled = try apply(
            db, items, disputes: disputes, parkingClashes: parkingClashes, &summary.news)
          // The clock follows stamps that the city has clamped, and no others.
          try db.run("UPDATE sync_clock SET stamp = max(stamp, ?)", [.integer(last.header.stamp.raw)])
        }
        try returnParked(db)
        return summary
      }
      if erases { try Connection.translating(path) { try database.emptyLog() } }
      return summary
    } catch let failure as Failure where failure.kind == .data && !parkingClashes {
      throw Clash()
    }
  }

  /// Runs the body in one transaction in which references need to be right only at its end. Deferring them makes SQLite compile
  /// every statement anew, which is most of a small pull: that one is first tried without, and hardly ever needs it.
  private func relating<T>(_ pages: [Envelope], _ body: (Database) throws -> T) throws -> T {
    if pages.reduce(0, { $0 + $1.body.count }) <= Self.smallPull {
      do {
        return try write { db in
          do { return try body(db) } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY
          { throw NeedsDeferral() }
        }
      } catch is NeedsDeferral {}
    }
    return try write { db in
      try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      return try body(db)
    }
  }

  private struct NeedsDeferral: Error {}

  /// Bytes of pages.
  private static let smallPull = 16 << 10

  /// The newest state of every row of a pull, what else it tells, and the pages that tell of conflicts, which may be many. Pages
  /// must follow each other from the cursor on, or, when they may overlap, from before it to the cursor or beyond: they state the
  /// newest image of whatever they name.
  private func newest(
    _ pages: [Envelope], from start: Int64, overlapping: Bool
  ) throws -> (items: [PageItem], disputes: [Envelope]) {
    var cursor = overlapping ? min(start, pages.first?.header.number ?? start) : start
    var order: [RowRef] = []
    var rows: [RowRef: PageItem] = [:]
    var others: [PageItem] = []
    var disputes: [Envelope] = []
    for page in pages {
      guard page.header.number == cursor, page.header.cursor >= cursor else { throw Self.doesNotFollow(cursor) }
      cursor = page.header.cursor
      var disputed = false
      try PageBody.each(page.body, schema: schema) { item in
        switch item {
        case .row(let name, let row):
          guard let record = schema.record(name) else { return }
          let ref = RowRef(name, record.rowKey(of: row))
          #if MUTANTS
            if Mutant.takesOldestImage.isActive, rows[ref] != nil { return }
          #endif
          if rows.updateValue(item, forKey: ref) == nil { order.append(ref) }
        case .gone(let ref):
          if rows.updateValue(item, forKey: ref) == nil { order.append(ref) }
        case .conflict, .contender: disputed = true
        case .parked, .erasure, .own, .mark: others.append(item)
        }
      }
      if disputed { disputes.append(page) }
    }
    guard pages.isEmpty || cursor >= start else { throw Self.doesNotFollow(start) }
    return (order.compactMap { rows[$0] } + others, disputes)
  }

  private static func doesNotFollow(_ cursor: Int64) -> Failure {
    Failure(
      .protocolViolation, zh: "市里的回复不是接着本机读到的位置(\(cursor));请重新同步",
      en: "the city's answer does not follow what this replica has read (\(cursor)); sync again")
  }

  private typealias Target = (record: RecordSchema, key: RowKey, master: [Value]?, result: Reconciliation)

  /// Vacate, then assign: rows that go, or give up a unique value, leave first, so that two rows may swap one.
  /// - Parameter disputes: pages of which conflicts and contenders are taken, and nothing else.
  func apply(
    _ db: Database, _ items: [PageItem], disputes: [Envelope] = [], parkingClashes: Bool, _ news: inout [News]
  ) throws -> Int {
    let parkedBefore = try db.integer("SELECT max(id) FROM sync_parked") ?? 0
    if parkingClashes {
      for case .row(let name, let image) in items { try schema.record(name).map { try parkHolders(db, $0, image) } }
    }
    var decided: [Int64] = []
    var targets: [Target] = []
    for item in items {
      switch item {
      case .conflict, .contender: try hear(db, item, &decided)
      case .erasure, .own, .mark: break
      case .parked(let notice): if let item = try take(db, notice) { news.append(item) }
      case .row(let name, let image):
        guard let record = schema.record(name) else { continue }
        let key = record.rowKey(of: image)
        targets.append((record, key, image, try plan(db, record, key, master: image)))
      case .gone(let ref):
        guard let record = schema.record(ref.record) else { continue }
        targets.append((record, ref.key, nil, try plan(db, record, ref.key, master: nil)))
      }
    }
    for page in disputes { try PageBody.each(page.body, schema: schema) { try hear(db, $0, &decided) } }
    try applying(db, rows: targets.count) {
      for target in targets { try vacate(db, target, parkingChildren: parkingClashes) }
      // A row that is as it was is left alone: it may be an orphan that a shell made, and writing it would not stand.
      for target in targets {
        if let row = target.result.row, try target.record.row(db, key: target.key) != row {
          try target.record.write(db, row: row)
        }
      }
    }
    for target in targets { try keep(db, target.record, target.key, target.result, master: target.master) }
    if parkingClashes { for target in targets { news += try mendReferences(db, target.record, key: target.key) } }
    for id in decided {
      if let conflict = try ConflictTables.find(db, id),
        conflict.contenders.contains(where: { identity.names.contains($0.replica) })
      {
        news.append(.decided(conflict))
      }
    }
    news += try parkedHere(db, after: parkedBefore)
    return targets.count
  }

  /// - Parameter decided: gets the conflict if its decision was not known here.
  private func hear(_ db: Database, _ item: PageItem, _ decided: inout [Int64]) throws {
    switch item {
    case .conflict(let conflict):
      if !conflict.isWaiting, try isNews(db, conflict) { decided.append(conflict.id) }
      try ConflictTables.write(db, conflict)
    case .contender(let id, let contender): try ConflictTables.write(db, contender, of: id)
    default: break
    }
  }

  /// Whether this state of the conflict was not known here.
  private func isNews(_ db: Database, _ conflict: Conflict) throws -> Bool {
    let sql = "SELECT 1 FROM sync_conflict WHERE id = ? AND version = ?"
    return try db.first(sql, [.integer(conflict.id), .integer(conflict.version)]) == nil
  }

  private func vacate(_ db: Database, _ target: Target, parkingChildren: Bool) throws {
    let (record, key, _, result) = target
    guard let current = try record.row(db, key: key) else { return }
    guard let row = result.row else {
      if parkingChildren { try parkChildren(db, record, key: key) }
      return try retire(db, record, key: key)
    }
    if record.statements.uniqueColumns.contains(where: { current[$0] != row[$0] }) { try record.remove(db, key: key) }
  }

  /// Removes a row that the master no longer has here, and keeps its last image. Inside `applying`.
  func retire(_ db: Database, _ record: RecordSchema, key: RowKey) throws {
    guard let current = try record.row(db, key: key) else { return }
    try archive(db, RowRef(record.name, key), current)
    try record.remove(db, key: key)
  }

  /// Keeps an image that leaves the record tables.
  func archive(_ db: Database, _ ref: RowRef, _ image: [Value]) throws {
    try db.run(
      "INSERT INTO sync_archive (record, key, image, cursor) SELECT ?, ?, ?, value FROM sync_meta WHERE name = 'cursor'",
      [.text(ref.record), .blob(ref.key.encoded), .blob(encodeImage(image))])
  }
}
