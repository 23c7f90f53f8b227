import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// A row that is not as the city has it, though nothing of that is pending.
public struct Difference: Sendable, Equatable {
  public var ref: RowRef
  /// nil: there is no such row here.
  public var here: [Value]?
  /// nil: the city has no such row for this unit.
  public var city: [Value]?
  /// The columns that differ; all of them when one side has no row.
  public var columns: [Int]
  /// The city's row changed since this replica last read, or came back to a city that was restored: nobody can tell which
  /// side is the newer one.
  public var isNewer: Bool
  /// Of a row that went unseen, the columns in which something had been entered: that went along.
  public var lost: [Int] = []

  /// Whether a column becomes pending when the row is adopted. Of one that is newer at the city the base is not known,
  /// so only what is contested without one does, and a sum, which counts from what the clerk was shown. Anything else
  /// may be an old value that nobody touched here, and would stand over what the city has got since.
  public func isAdopted(_ column: Int, of record: RecordSchema) -> Bool {
    guard isNewer, let here, let city else { return true }
    let field = record.fields[column]
    if field.restricted || city[column].isNull { return false }
    switch field.policy {
    case .sum: return true
    case .review, .city: return !here[column].isNull
    case .county, .latest, .max, .min, .union, .text: return false
    }
  }
}

/// What a deep verification found, and where on the master's sequence this replica stood then.
public struct Comparison: Sendable, Equatable {
  public var cursor: Int64
  /// By record, in the order of the schema, and key.
  public var differences: [Difference]

  public init(cursor: Int64, differences: [Difference]) {
    self.cursor = cursor
    self.differences = differences
  }
}

extension Replica {
  /// A signed request to compare, under a number that it never used before.
  /// - Parameter epoch: that of a city that was restored, of which nothing was read yet.
  public func probe(_ probe: Probe, in epoch: Identifier? = nil) throws -> Envelope {
    try write { db in
      let meta = try ownMeta(db)
      let header = Header(
        kind: .probe, replica: meta.replica, epoch: epoch ?? meta.epoch,
        number: try tick(db, milliseconds: clock()).raw,
        cursor: epoch == nil ? meta.cursor : 0, stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
      return try Envelope(header, body: probe.encoded, key: key)
    }
  }

  /// Counts ranges of what the master has as far as this replica knows; of each, so many rows are listed at most.
  public func tally(_ wanted: [RowRange: Int]) throws -> [String: RangeTally] {
    let records = Set(wanted.keys.map(\.record))
    return try read { db in
      var tallies: [String: RangeTally] = [:]
      for record in schema.records where records.contains(record.name) {
        var tally = RangeTally(record.name, wanted)
        let key = record.keyIndices
        try eachKnown(db, record) { tally.add(HashedRow($0, keyIndices: key)) }
        tallies[record.name] = tally
      }
      return tallies
    }
  }

  /// Those of the city's rows that are another here.
  /// - Parameter cursor: that of the probe. Throws `Failure` when the replica has read on since: then nothing can be told.
  public func differences(_ rows: [AnswerItem], at cursor: Int64) throws -> [Difference] {
    #if MUTANTS
      if Mutant.comparesNothing.isActive { return [] }
    #endif
    return try read { db in
      try assertStillAt(db, cursor)
      let (tellsNewer, sent) = (try isUnverified(db), try sentUnverified(db))
      return try rows.compactMap { item in
        guard case .row(let ref, let image, let isNewer) = item else { return nil }
        return try difference(db, ref, image, isNewer: isNewer, tellsNewer: tellsNewer, sent)
      }
    }
  }

  private func difference(
    _ db: Database, _ ref: RowRef, _ city: [Value]?, isNewer: Bool, tellsNewer: Bool, _ sent: Sent
  ) throws -> Difference? {
    guard let record = schema.record(ref.record) else { return nil }
    let here = try record.row(db, key: ref.key)
    // What changed at the city comes with the next pull. Only while edits may have gone unseen is it asked what was here;
    // a row that only one side has is in no danger then: it comes back, or is kept in sync_archive.
    if isNewer, !tellsNewer || here == nil || city == nil { return nil }
    let columns = try columns(db, record, ref.key, differingFrom: city, isNewer: isNewer, sent)
    if columns.isEmpty { return nil }
    let pending = try here == nil ? record.pending(db, key: ref.key) : nil
    let lost = pending.flatMap { $0.wentUnseen(record) ? $0.touched : nil } ?? []
    return Difference(ref: ref, here: here, city: city, columns: columns, isNewer: isNewer, lost: lost)
  }

  func assertStillAt(_ db: Database, _ cursor: Int64) throws {
    guard try ReplicaMeta.read(db).cursor != cursor else { return }
    throw Failure(
      .busy, zh: "比对期间本机已同步;请重新运行 county verify --deep",
      en: "this replica was synced while it was compared; run county verify --deep again")
  }
}
