import SQLiteStore
import SyncCore
import SyncProtocol

// A row with its unit in its key, sent by a unit from which another one took over, stands by another key than that by
// which it was sent (M15). The log, its secrets and its sender know it by that.

extension SQLiteMasterTransaction {
  /// By which keys a row may have been sent that landed here: those of units from which its own took over, by which no
  /// row stands, nor did one when it was deleted, nor does one wait.
  func sentNames(of ref: RowRef, _ record: RecordSchema) throws -> Set<RowRef> {
    guard let (unit, place) = unitInKey(ref, record) else { return [] }
    let next = try CanonicalNames(db, schema).presentSuccessors
    let former = next.keys.filter { $0 != unit && chain(from: $0, next).contains(unit) }
    let names = former.map { moved(ref, to: $0, at: place) }
    return try Set(names.filter { try !isOrWas($0, record) && !isKeptOut($0) })
  }

  /// Whether changes of a row are parked and no other batch of a unit's is about it: then nothing has landed.
  private func isKeptOut(_ ref: RowRef) throws -> Bool {
    let parked = try parkedChanges("record = ? AND key = ?", ref.columns)
    if parked.isEmpty || parked.contains(where: { ParkedState.cameIn.contains($0.state) }) { return false }
    let arrivals = Set(parked.map(\.arrival))
    var isAll = true
    let sql = """
      SELECT arrival FROM sync_touch JOIN sync_batch USING (arrival) WHERE record = ? AND key = ? AND replica <> ?
      """
    try db.each(sql, ref.columns + [.blob(Identifier.city.bytes)]) { row in
      let arrival: Int64 = row[0]
      if !arrivals.contains(arrival) { isAll = false }
    }
    return isAll
  }

  /// The row as which landed what was sent by a key under which none ever stood; the row itself when that is not so.
  func landed(_ ref: RowRef, _ record: RecordSchema) throws -> RowRef {
    guard let (unit, place) = unitInKey(ref, record), try isTouched(ref), try !isOrWas(ref, record),
      try parkedChanges("record = ? AND key = ?", ref.columns).isEmpty
    else { return ref }
    let later = try chain(from: unit, CanonicalNames(db, schema).presentSuccessors).map {
      moved(ref, to: $0, at: place)
    }
    return try later.first { try isOrWas($0, record) } ?? ref
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
