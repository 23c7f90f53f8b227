import SQLiteStore
import SyncCore
import SyncProtocol

// A row with its unit in its key, sent by a unit from which another one took over, stands by another key than that by
// which it was sent (M15). The log, its secrets and its sender know it by that.

extension SQLiteMasterTransaction {
  /// By which keys batches of the log may name a row: those that it had before duplicates were merged, and each of these as
  /// units sent it from which its own took over.
  func loggedNames(of ref: RowRef, _ record: RecordSchema) throws -> Set<RowRef> {
    let names = try names(of: ref)
    guard unitInKey(ref, record) != nil else { return names }
    let next = try CanonicalNames(db, schema).presentSuccessors
    let sent = try passedNames(among: Set(names.flatMap { formerNames(of: $0, record, next) }), record)
    return try names.union(sent.filter { try laterRows(of: kept($0), record).contains(ref) })
  }

  /// A row by the keys of units from which its own took over.
  private func formerNames(of ref: RowRef, _ record: RecordSchema, _ next: [String: String]) -> [RowRef] {
    guard let (unit, place) = unitInKey(ref, record) else { return [] }
    let former = next.keys.filter { $0 != unit && chain(from: $0, next).contains(unit) }
    return former.map { moved(ref, to: $0, at: place) }
  }

  func landedNames(among refs: Set<RowRef>) throws -> Set<RowRef> {
    try landedNames(among: refs, within: { _ in [0..<Int64.max] })
  }

  /// Those of the keys by which something has landed with a unit that took over: while none had, it landed with the row's own.
  private func passedNames(among refs: Set<RowRef>, _ record: RecordSchema) throws -> Set<RowRef> {
    var known: [String: [Range<Int64>]] = [:]
    return try landedNames(among: refs) { ref in
      guard let (unit, _) = try unitInKey(kept(ref), record) else { return [0..<Int64.max] }
      if let spans = known[unit] { return spans }
      let spans = try takeovers(from: unit)
      known[unit] = spans
      return spans
    }
  }

  /// Between which places of the log another unit had taken over from this one, also when that was taken back; all of it, when the log
  /// does not say.
  private func takeovers(from unit: String) throws -> [Range<Int64>] {
    guard let units = schema.units, let name = schema.successor,
      let column = schema.record(units.record)?.index(of: name)
    else { return [0..<Int64.max] }
    let ref = RowRef(units.record, RowKey([.text(unit)]))
    var spans: [Range<Int64>] = []
    var start: Int64?
    for arrival in try arrivals(about: [ref]).sorted() {
      guard let logged = try batch(at: arrival) else { continue }
      for successor in try logged.excerpt(schema, db, about: [ref]).batch.changes.compactMap({ $0.new[column] }) {
        if let since = start, successor.isNull {
          spans.append(since..<arrival)
          start = nil
        } else if start == nil, !successor.isNull {
          start = arrival
        }
      }
    }
    if let start { spans.append(start..<Int64.max) }
    return spans.isEmpty ? [0..<Int64.max] : spans
  }

  /// - Parameter spans: between which places of the log what came by a key counts.
  private func landedNames(
    among refs: Set<RowRef>, within spans: (RowRef) throws -> [Range<Int64>]
  ) throws -> Set<RowRef> {
    var landed: Set<RowRef> = []
    var deleted: Set<RowRef> = []
    var counting: [RowRef: [Range<Int64>]] = [:]
    for ref in refs {
      guard let record = schema.record(ref.record), try record.row(db, key: ref.key) == nil else { continue }
      let gone = try db.integer("SELECT arrival FROM sync_tombstone WHERE record = ? AND key = ?", ref.columns)
      if gone != nil { deleted.insert(ref) }
      let since = (gone ?? 0)..<Int64.max
      let left = try spans(ref).map { $0.clamped(to: since) }.filter { !$0.isEmpty }
      counting[ref] = left
      if try left.contains(where: { try hasComeIn(ref, within: $0) }) { landed.insert(ref) }
    }
    return try named(Set(counting.keys).subtracting(landed), within: counting, byCity: false) { change in
      // An edit of a deleted row is about that one, also when it does not bring it back.
      change.kind == .insert || change.kind == .update && !deleted.contains(change.ref)
    }.union(landed)
  }

  /// Whether what had waited by a key came in between these places.
  private func hasComeIn(_ ref: RowRef, within span: Range<Int64>) throws -> Bool {
    guard let since = try clock(of: span.lowerBound)?.received else { return false }
    let end = try clock(of: span.upperBound)?.received.raw ?? Int64.max
    let sql = """
      SELECT 1 FROM sync_parked WHERE record = ? AND key = ? AND kind = 'insert' AND ruled_at >= ? AND ruled_at < ?
        AND state IN ('entered', 'admitted', 'merged')
      """
    return try db.first(sql, ref.columns + [.integer(since.raw), .integer(end)]) != nil
  }

  func sharedNames(among deletes: [RowRef: RowRef]) throws -> Set<RowRef> {
    if deletes.isEmpty { return [] }
    let next = try CanonicalNames(db, schema).presentSuccessors
    var others: [RowRef: Set<RowRef>] = [:]
    for (ref, row) in deletes {
      guard let record = schema.record(ref.record) else { continue }
      let names = try names(of: row)
      let all = names.union(names.flatMap { formerNames(of: $0, record, next) })
      others[ref] = try all.filter { name in
        try name == row || deletes[name] == nil && record.row(db, key: name.key) == nil
      }
    }
    let all = others.values.reduce(into: Set<RowRef>()) { $0.formUnion($1) }
    let since = Dictionary(uniqueKeysWithValues: try all.map { ($0, [try deletion(of: $0)..<Int64.max]) })
    let entered = try named(all, within: since, byCity: true) { $0.kind == .insert }
    return Set(others.filter { !$0.value.isDisjoint(with: entered) }.keys)
  }

  /// Where in the log the last row that stood by a key was deleted: that was another one. 0: none was, or it is the duplicate of one
  /// that was kept.
  private func deletion(of ref: RowRef) throws -> Int64 {
    let sql = "SELECT arrival FROM sync_tombstone WHERE record = ? AND key = ?"
    guard let gone = try db.integer(sql, ref.columns), let logged = try batch(at: gone) else { return 0 }
    let changes = try logged.excerpt(schema, db, about: [ref]).batch.changes
    return changes.contains { $0.kind == .delete && $0.ref == ref } ? gone : 0
  }

  /// Those of the keys by which some batch has entered a row, whatever became of it.
  private func enteredNames(among refs: Set<RowRef>) throws -> Set<RowRef> {
    try named(refs, within: [:], byCity: true) { $0.kind == .insert }
  }

  /// Those of the keys by which a batch of the log, between places, says what is asked for, and that counts. Each batch is
  /// opened once.
  private func named(
    _ refs: Set<RowRef>, within spans: [RowRef: [Range<Int64>]], byCity: Bool, _ isMeant: (Change) -> Bool
  ) throws -> Set<RowRef> {
    var asked: [Int64: Set<RowRef>] = [:]
    for ref in refs {
      let places = spans[ref] ?? [0..<Int64.max]
      for arrival in try arrivals(about: [ref])
      where places.contains(where: { $0.lowerBound < arrival && $0.contains(arrival) }) {
        asked[arrival, default: []].insert(ref)
      }
    }
    var found: Set<RowRef> = []
    for (arrival, refs) in asked {
      let left = refs.subtracting(found)
      guard !left.isEmpty, let logged = try batch(at: arrival), byCity || logged.replica != .city else { continue }
      let counted = try logged.counted(logged.excerpt(schema, db, about: left), db)
      found.formUnion(counted.map(\.change).filter(isMeant).map(\.ref))
    }
    return found
  }

  /// The rows as which may stand what was sent by a key under which none stands. Empty: nothing has landed.
  func landings(of ref: RowRef, _ record: RecordSchema) throws -> [RowRef] {
    guard unitInKey(ref, record) != nil, try record.row(db, key: ref.key) == nil,
      try !passedNames(among: names(of: ref), record).isEmpty
    else { return [] }
    return try laterRows(of: ref, record)
  }

  /// The rows by its key of the units that took over, one after the other. What they have entered themselves is one of their
  /// own, as long as there is another.
  private func laterRows(of ref: RowRef, _ record: RecordSchema) throws -> [RowRef] {
    guard let (unit, place) = unitInKey(ref, record) else { return [] }
    let chain = try chain(from: unit, CanonicalNames(db, schema).presentSuccessors)
    let later = try chain.map { moved(ref, to: $0, at: place) }.filter { try isOrWas($0, record) }
    let own = try enteredNames(among: Set(later))
    let others = later.filter { !own.contains($0) }
    return others.isEmpty ? later : others
  }

  /// Whether some batch of the log is about a row.
  func isTouched(_ ref: RowRef) throws -> Bool {
    try db.first("SELECT 1 FROM sync_touch WHERE record = ? AND key = ?", ref.columns) != nil
  }

  /// Whether a row stands, or stood until it was deleted.
  func isOrWas(_ ref: RowRef, _ record: RecordSchema) throws -> Bool {
    try record.row(db, key: ref.key) != nil
      || db.first("SELECT 1 FROM sync_tombstone WHERE record = ? AND key = ?", ref.columns) != nil
  }

  private func unitInKey(_ ref: RowRef, _ record: RecordSchema) -> (unit: String, place: Int)? {
    guard schema.successor != nil, case .field = record.scope, let column = record.scopeIndex,
      let place = record.keyIndices.firstIndex(of: column), record.key.count == ref.key.values.count,
      case .text(let unit) = ref.key.values[place]
    else { return nil }
    return (unit, place)
  }

  /// Who took over from a unit, one after the other.
  private func chain(from unit: String, _ next: [String: String]) -> [String] {
    var seen = [unit]
    while let last = seen.last, let later = next[last], !seen.contains(later) { seen.append(later) }
    return Array(seen.dropFirst())
  }

  private func moved(_ ref: RowRef, to unit: String, at place: Int) -> RowRef {
    var values = ref.key.values
    values[place] = .text(unit)
    return RowRef(ref.record, RowKey(values))
  }
}
