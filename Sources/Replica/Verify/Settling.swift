import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What becomes of the rows in which a replica differs from its city: the clerk has seen both and says which.
//
//   adopt     the row here becomes an edit whose base is the city's image, and goes with the next sync; cells that
//             are not adopted (`Difference.isAdopted`) are as the city has them after that
//   set back  the city's image takes its place
//
// What gives way to the city's is kept in sync_archive.

extension Replica {
  /// Makes what is here pending, in the actor's name and as of now. Nothing is sent.
  /// - Returns: the rows that became pending. One that waits in `sync_parked` was not deleted: the city's image comes back.
  @discardableResult
  public func adopt(_ comparison: Comparison, actor: String?) throws -> Int {
    try settling(comparison) { db, standing in
      let waiting = try standing.filter { try $0.here == nil && waitsUnsent(db, $0.ref) }
      let chosen = standing.filter { !waiting.contains($0) }
      var count = 0
      try acting(db, as: actor) {
        let edit = Edit(stamp: try tick(db, milliseconds: clock()), actor: try self.actor(db))
        let isAnyGone = chosen.contains { $0.here == nil && $0.city != nil }
        let sent = try isAnyGone ? onItsWay(db) : Sent()
        for difference in chosen where try adopt(db, difference, edit, sent) { count += 1 }
      }
      try setBack(db, waiting)
      return count
    }
  }

  /// Gives every row the city's image. Edits that are pending stay, over that image.
  /// - Returns: the rows that were set back.
  @discardableResult
  public func setBack(_ comparison: Comparison) throws -> Int {
    try settling(comparison) { db, standing in
      try setBack(db, standing)
      return standing.count
    }
  }

  private func settling(
    _ comparison: Comparison, _ body: (Database, [Difference]) throws -> Int
  ) throws -> Int {
    try write { db in
      try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      try assertStillAt(db, comparison.cursor)
      // A clerk may have edited meanwhile.
      let sent = try sentUnverified(db)
      let standing = try comparison.differences.compactMap { try again(db, $0, sent) }
      let count = try body(db, standing)
      try setUnverified(db, false)
      return count
    }
  }

  private func again(_ db: Database, _ difference: Difference, _ sent: Sent) throws -> Difference? {
    guard let record = schema.record(difference.ref.record) else { return nil }
    var now = difference
    now.here = try record.row(db, key: difference.ref.key)
    now.columns = try columns(
      db, record, difference.ref.key, differingFrom: difference.city, isNewer: difference.isNewer, sent)
    return now.columns.isEmpty ? nil : now
  }

  func actor(_ db: Database) throws -> String {
    if case .text(let name)? = try db.first("SELECT actor FROM sync_clock")?.first { return name }
    return ""
  }

  /// - Returns: whether anything of the row is adopted.
  private func adopt(_ db: Database, _ difference: Difference, _ edit: Edit, _ sent: Sent) throws -> Bool {
    guard let record = schema.record(difference.ref.record) else { return false }
    let key = difference.ref.key
    let adopted = difference.columns.filter { difference.isAdopted($0, of: record) }
    if adopted.count < difference.columns.count, let here = difference.here { try archive(db, difference.ref, here) }
    if adopted.isEmpty { return false }
    let known = try record.pending(db, key: key)
    let hasUpstream = try record.upstream(db, key: key) != nil
    var pending = PendingRow(
      key: key, existed: difference.city != nil, base: record.undefined, current: difference.here, edit: edit,
      cellEdits: known?.cellEdits ?? [:])
    let flying = try flightMask(db, record, key)
    for column in record.fields.indices where !record.isKey(column) {
      pending.base[column] = base(column, record, difference, known, flying, hasUpstream)
    }
    if difference.here == nil, difference.city != nil, !difference.isNewer {
      // The city has it as it was sent before it hears of the delete.
      for (column, value) in sent.cells[difference.ref] ?? [:] { pending.base[column] = value }
    }
    for column in record.latestIndices where adopted.contains(column) { pending.cellEdits[column] = edit }
    try record.setPending(db, pending)
    if hasUpstream || difference.isNewer { try record.setUpstream(db, key: key, difference.city) }
    return true
  }

  /// The base of a column that differs from the master's; nil: it is not pending.
  private func base(
    _ column: Int, _ record: RecordSchema, _ difference: Difference, _ known: PendingRow?, _ flying: Int64,
    _ hasUpstream: Bool
  ) -> Value? {
    guard let master = difference.city else { return nil }
    guard let here = difference.here else { return difference.isNewer ? .null : master[column] }
    let earlier = known?.existed == true ? known?.base[column] : nil
    // A batch under way, or a pull beneath an edit, says what the clerk had seen.
    if flying >> Int64(column) & 1 == 1 { return earlier }
    if hasUpstream || !difference.columns.contains(column), let earlier { return earlier }
    if here[column] == master[column] { return nil }
    if !difference.isAdopted(column, of: record) { return earlier }
    // Of a row that changed on both sides the base is not known: without one, what differs is contested. But all of a
    // sum would be added once more: it starts from what the clerk was shown.
    return difference.isNewer && record.fields[column].policy != .sum ? .null : master[column]
  }

  private func setBack(_ db: Database, _ differences: [Difference]) throws {
    var items: [PageItem] = []
    var missing: [(record: RecordSchema, row: [Value])] = []
    let sent = try sentUnverified(db)
    for difference in differences {
      let ref = difference.ref
      if let record = schema.record(ref.record), var row = difference.city,
        let cells = try cells(db, record, ref.key, missingOf: sent)
      {
        for (column, value) in cells { row[column] = value }
        missing.append((record, row))
      }
    }
    for (record, row) in missing { try putBack(db, record, row, checked: false) }
    for difference in differences {
      // A row that goes is archived on its way out.
      if let here = difference.here, difference.city != nil { try archive(db, difference.ref, here) }
      if try waitsForAnswer(db, difference) { continue }
      items.append(difference.city.map { .row(record: difference.ref.record, $0) } ?? .gone(difference.ref))
    }
    var news: [News] = []
    _ = try apply(db, Pull(items, schema: schema), [], parkingClashes: true, &news)
    // Another row that is set back, or an edit that nobody has sent, may have held its place until now.
    for (record, row) in missing {
      try parkHolders(db, record, row)
      try putBack(db, record, row, checked: false)
      try mendReferences(db, record, key: record.rowKey(of: row))
    }
  }

  /// Whether another row was sent with a unique value that this one is to have: it takes it with the answer to that.
  private func waitsForAnswer(_ db: Database, _ difference: Difference) throws -> Bool {
    let key = difference.ref.key
    guard let record = schema.record(difference.ref.record), let city = difference.city,
      let row = try plan(db, record, key, master: city).result.row
    else { return false }
    for set in record.unique {
      guard let holder = try record.holder(db, of: set, in: row), holder != key else { continue }
      let columns = set.compactMap(record.index(of:))
      let flying = try flightMask(db, record, holder)
      let edited = try record.pending(db, key: holder)?.touched ?? []
      // What was edited since is set aside.
      guard columns.contains(where: { flying >> Int64($0) & 1 == 1 }), !columns.contains(where: { edited.contains($0) })
      else { continue }
      try record.setUpstream(db, key: key, city)
      return true
    }
    return false
  }
}
