import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What every live replica has read, and the last backup holds, is let go of: that a row is gone from a unit, and the last
// image of a deleted row, which the log has. The log itself is history and never trimmed. Whoever stayed away longer sends
// what it has, and then takes a snapshot.
//
// Records with restricted fields are left alone: an erasure must find every unit that ever saw the row, and every image.

/// What a trim let go of.
public struct Trimmed: Sendable, Equatable {
  /// The place up to which a replica must have read to go on reading.
  public var place: Int64
  /// Entries that say that a row is gone.
  public var entries = 0
  /// Last images of deleted rows.
  public var images = 0

  public init(place: Int64) { self.place = place }
}

extension Master {
  /// How long a machine may stay away and still be waited for, in days, unless `live_days` of `sync_meta` says otherwise.
  public static let liveDays: Int64 = 90
  /// How many rows one transaction lets go of: others wait no longer than that.
  static let trimmedAtOnce = 1000

  /// Lets go of what nobody needs any more, a short transaction at a time. Without a backup that is nothing.
  @discardableResult
  public func trim() throws -> Trimmed {
    var trimmed = Trimmed(place: 0)
    let bound = try store.write { db -> (place: Int64, arrival: Int64)? in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let bound = try transaction.trimBound(now: clock())
      trimmed.place = max(try transaction.trimmedPlace(), bound.place)
      // From here on whoever has not read so far takes a snapshot.
      return try transaction.moveTrimmed(to: bound) ? bound : nil
    }
    guard let bound else { return trimmed }
    trimmed.entries = try steps { try $0.trimEntries(upTo: trimmed.place, most: Self.trimmedAtOnce) }
    _ = try steps { try $0.trimOwnEntries(upTo: trimmed.place, most: Self.trimmedAtOnce) }
    var after: Int64 = 0
    while let next = try step({ try $0.trimImages(after: after, upTo: bound.arrival, trimmed.place) }) {
      after = next.arrival
      trimmed.images += next.count
    }
    return trimmed
  }

  /// Lets go of what nobody needs, and moves the write-ahead log into the file.
  public func tidy() throws {
    try trim()
    store.database.checkpoint(path)
  }

  /// Steps until one has found less than it may let go of. Returns how much it was in all.
  private func steps(_ body: (SQLiteMasterTransaction) throws -> Int) throws -> Int {
    var (all, last) = (0, Self.trimmedAtOnce)
    while last == Self.trimmedAtOnce {
      last = try step(body)
      all += last
    }
    return all
  }

  private func step<T>(_ body: (SQLiteMasterTransaction) throws -> T) throws -> T {
    try store.write { try body(SQLiteMasterTransaction(db: $0, schema: schema)) }
  }
}

extension SQLiteMasterTransaction {
  /// The place up to which was trimmed; 0: nothing was.
  func trimmedPlace() throws -> Int64 { try setting("trimmed") ?? 0 }

  /// Returns whether there is anything new to let go of.
  func moveTrimmed(to bound: (place: Int64, arrival: Int64)) throws -> Bool {
    let (place, arrival) = (try trimmedPlace(), try setting("trimmed_arrival") ?? 0)
    if bound.place <= place, bound.arrival <= arrival { return false }
    try set("trimmed", .integer(max(place, bound.place)))
    try set("trimmed_arrival", .integer(max(arrival, bound.arrival)))
    return true
  }

  /// How far the master may be trimmed: what every live replica has read and the last two backups hold. While a restored city has
  /// not got everything back, no further: what comes back was merged with what was there then.
  func trimBound(now: Int64) throws -> (place: Int64, arrival: Int64) {
    let arrival = try keptArrival()
    if try arrival == 0 || isRecovering() { return (0, 0) }
    let since = now - (try setting("live_days") ?? Master.liveDays) * 24 * 3600 * 1000
    let read = try db.integer(
      "SELECT min(acknowledged) FROM sync_replica WHERE withdrawn = 0 AND coalesce(last_seen, enrolled_at) >= ?",
      [.integer(since)])
    return (min(read ?? .max, try place(before: arrival)), arrival)
  }

  /// A place that the backup had reached: a batch of the city's own names the place before it. The city's own batches before that
  /// place are in the backup too.
  private func place(before arrival: Int64) throws -> Int64 {
    let sql = "SELECT message FROM sync_batch WHERE replica = ? AND arrival <= ? ORDER BY number DESC LIMIT 1"
    guard case .blob(let bytes)? = try db.first(sql, [.blob(Identifier.city.bytes), .integer(arrival)])?.first else {
      return 0
    }
    return try SealedEnvelope(bytes[...]).header.cursor
  }

  /// Records of which nothing can be erased.
  private var open: [RecordSchema] { schema.records.filter(\.restrictedIndices.isEmpty) }

  private func openList() -> (sql: String, names: [Value]) {
    let names = open.map { Value.text($0.name) }
    // What is gone has an index, and so has what was deleted: of a record there are many rows, hence +.
    return ("+record IN (\(placeholders(names.count)))", names)
  }

  /// Forgets that rows are gone. Returns how many.
  func trimEntries(upTo place: Int64, most: Int) throws -> Int {
    let (list, names) = openList()
    return try trim(
      "gone = 1 AND \(list) AND place <= ?", names + [.integer(place)], most: most)
  }

  /// The city's own batches need not travel any more. Returns how many.
  func trimOwnEntries(upTo place: Int64, most: Int) throws -> Int {
    // Of everybody's rows there are many, hence +.
    try trim("+unit = '' AND place <= ? AND record = ?", [.integer(place), .text(OwnBatch.table)], most: most)
  }

  private func trim(_ condition: String, _ arguments: [Value], most: Int) throws -> Int {
    let chosen = "SELECT unit, place FROM sync_feed WHERE \(condition) ORDER BY place LIMIT ?"
    try db.run("DELETE FROM sync_feed WHERE (unit, place) IN (\(chosen))", arguments + [.integer(Int64(most))])
    return db.changesCount
  }

  /// Forgets the images of rows that one batch deleted, where the log gives them back byte for byte.
  /// - Parameter place: a row of which somebody may not have read that it is gone keeps its image.
  /// - Returns: the next such batch and how many; nil: there is none.
  func trimImages(after: Int64, upTo last: Int64, _ place: Int64) throws -> (arrival: Int64, count: Int)? {
    let whole = "image <> x'' AND arrival > ? AND arrival <= ?"
    let next = "SELECT min(arrival) FROM sync_tombstone WHERE \(whole)"
    guard let arrival = try db.integer(next, [.integer(after), .integer(last)]) else { return nil }
    var images: [RowRef: [UInt8]] = [:]
    let (list, names) = openList()
    let sql = """
      SELECT record, key, image FROM sync_tombstone t WHERE image <> x'' AND arrival = ? AND \(list)
        AND NOT EXISTS (SELECT 1 FROM sync_feed f WHERE f.record = t.record AND f.key = t.key AND f.place > ?)
      """
    try db.each(sql, [.integer(arrival)] + names + [.integer(place)]) { row in
      guard case .blob(let key) = row.cell(1), case .blob(let image) = row.cell(2) else { return }
      images[RowRef(row[0], try RowKey(encoded: key))] = image
    }
    var count = 0
    for (ref, image) in try deleted(Set(images.keys), by: arrival) where images[ref] == RowKey(image).encoded {
      try db.run("UPDATE sync_tombstone SET image = x'' WHERE record = ? AND key = ?", ref.columns)
      count += 1
    }
    return (arrival, count)
  }

  /// The last images that a batch of the log holds of rows that it deleted.
  func deleted(_ refs: Set<RowRef>, by arrival: Int64) throws -> [RowRef: [Value]] {
    guard !refs.isEmpty, let logged = try batch(at: arrival) else { return [:] }
    let deletes = try logged.excerpt(schema, db, about: refs).batch.changes.filter { $0.kind == .delete }
    return Dictionary(uniqueKeysWithValues: deletes.map { ($0.ref, $0.old.map { $0 ?? .null }) })
  }

  func tombstones(of refs: [RowRef]) throws -> [RowRef: [Value]] {
    if refs.isEmpty { return [:] }
    if refs.count > 1, try db.first("SELECT 1 FROM sync_tombstone LIMIT 1") == nil { return [:] }
    var images: [RowRef: [Value]] = [:]
    var trimmed: [Int64: Set<RowRef>] = [:]
    for ref in refs {
      let sql = "SELECT image, arrival FROM sync_tombstone WHERE record = ? AND key = ?"
      guard let row = try db.first(sql, ref.columns), case .blob(let bytes) = row[0],
        case .integer(let arrival) = row[1]
      else { continue }
      if bytes.isEmpty {
        trimmed[arrival, default: []].insert(ref)
      } else {
        images[ref] = schema.record(ref.record)?.widened(try RowKey(encoded: bytes).values)
      }
    }
    for (arrival, refs) in trimmed { images.merge(try deleted(refs, by: arrival)) { stored, _ in stored } }
    return images
  }
}
