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
  /// A value that was entered here went with an erasure.
  case erased(RowRef, Label)
  /// The city did not accept a decision of this unit: what its clerk had typed in it is in no record here.
  case refused(Decision, Label)
}

/// A pulled row needs a place that a pending row holds, or the city has a batch already whose receipt did not come
/// along. Freeze, send and try again.
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
        var meta = try metaForAnswer(db)
        try refuseDamage(db)
        try follow(pages, meta.cursor, overlapping: overlapping)
        let pull = try Pull(pages, schema: schema)
        // What is still on its way is no copy: the city has said what it keeps of it.
        let erased = pull.others.compactMap { if case .erasure(let erasure) = $0 { erasure } else { nil as Erasure? } }
        try carryOut(erased, db)
        if !erased.isEmpty {
          removeFetched()
          erases = true
        }
        let answer = Answer(receipts: receipts, items: { pull.others }, rows: { try pull.images(of: $0) })
        let left = try take(db, answer, &summary)
        try refuseAhead(db, pull.others, parkingClashes: parkingClashes)
        try keep(pull.others, db, &meta)
        if let last = pages.last {
          meta.cursor = last.header.cursor
          meta.lastSync = clock()
          try meta.write(db)
          try forgetEnrolment(db)
          try forgetRestored(db, since: last.header.stamp)
          summary.pulled = try apply(db, pull, left, parkingClashes: parkingClashes, &summary.news)
          // The clock follows stamps that the city has clamped, and no others.
          try db.run("UPDATE sync_clock SET stamp = max(stamp, ?)", [.integer(last.header.stamp.raw)])
        } else {
          for child in left { try park(db, child) }
        }
        try letGo(db)
        // What stood in the way may have left with a receipt.
        if !receipts.isEmpty { try reconcileAll(db) }
        try returnParked(db)
        return summary
      }
      if erases { try Connection.translating(path) { try database.removeOldPages() } }
      return summary
    } catch let failure as Failure where failure.kind == .data && !parkingClashes {
      // Another try mends no table that a tool has altered meanwhile.
      try refuseDamage()
      throw Clash()
    }
  }

  /// An answer to a former id says nothing of the one that another program has given to the file meanwhile.
  func metaForAnswer(_ db: Database) throws -> ReplicaMeta {
    #if MUTANTS
      if Mutant.formerIdIsAnswered.isActive { return try ReplicaMeta.read(db) }
    #endif
    return try ownMeta(db)
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

  /// Pages must follow each other from the cursor on, or, when they may overlap, from before it to the cursor or beyond: they state
  /// the newest image of whatever they name.
  private func follow(_ pages: [Envelope], _ start: Int64, overlapping: Bool) throws {
    var cursor = overlapping ? min(start, pages.first?.header.number ?? start) : start
    for page in pages {
      guard page.header.number == cursor, page.header.cursor >= cursor else { throw Self.doesNotFollow(cursor) }
      cursor = page.header.cursor
    }
    guard pages.isEmpty || cursor >= start else { throw Self.doesNotFollow(start) }
  }

  /// Pages say which of this replica's batches they reflect. What became of one that has no receipt yet is in them, and
  /// would not be beside its receipt, which comes alone later: the batch goes once more first.
  private func refuseAhead(_ db: Database, _ items: [PageItem], parkingClashes: Bool) throws {
    var mark: Int64 = 0
    for case .mark(.batch, let number) in items { mark = max(mark, number) }
    let sql = "SELECT 1 FROM sync_outbox WHERE receipt IS NULL AND number <= ? LIMIT 1"
    guard try db.first(sql, [.integer(mark)]) != nil else { return }
    try refuseAhead(parkingClashes: parkingClashes)
  }

  /// Refuses a snapshot that may reflect a batch whose receipt is neither here nor among these. Batches that are made
  /// after it came are not in it.
  public func refuseAhead(of receipts: [Envelope], parkingClashes: Bool) throws {
    let answered = Set(receipts.map(\.header.number))
    var isAhead = false
    try read { db in
      try db.each("SELECT number FROM sync_outbox WHERE receipt IS NULL") { row in
        if !answered.contains(row[0] as Int64) { isAhead = true }
      }
    }
    if isAhead { try refuseAhead(parkingClashes: parkingClashes) }
  }

  /// - Parameter parkingClashes: this was the last try.
  private func refuseAhead(parkingClashes: Bool) throws {
    if parkingClashes { throw Self.overtaken }
    throw Clash()
  }

  package static let overtaken = Failure(
    .busy, zh: "另一程序正在同步本机:回复含有某批修改的结果,却没有其回执;未作任何更改,请重新同步或重写交换包",
    en: "another program is syncing this file: the city's answer reflects a batch of it whose receipt did not come "
      + "along; nothing was changed, sync again or write a new bundle")

  private static func doesNotFollow(_ cursor: Int64) -> Failure {
    Failure(
      .protocolViolation, zh: "市里的回复不是接着本机读到的位置(\(cursor));请重新同步",
      en: "the city's answer does not follow what this replica has read (\(cursor)); sync again")
  }
}
