import GRDB
import Master
import SQLiteStore
import SyncCore

// M17: what waits because the city has closed what it belongs to enters when that is opened for its unit.
extension Town {
  /// Whether there is an exception to the lock of a parked change for its sender's unit, which always had the row.
  func isOpened(_ record: RecordSchema, _ parked: MasterParkedRow) throws -> Bool {
    guard let lock = record.rules.lock, let except = lock.except, let exception = schema.record(except.record),
      let sender = try machines.first(where: { try $0.replica.identity.names.contains(parked.replica) }),
      // What a unit sends after another took over from it is for the exception of that one (M15).
      witness.successors(of: sender.org).isEmpty,
      // An edit of a row that the city has not got waits for the row (M12).
      let image = city.rows[parked.ref] ?? whole(parked.row), !isMerged(parked.ref),
      schema.unit(of: parked.ref, image, in: city.rows) == sender.org, !hasMoved(parked.ref, image)
    else { return false }
    let wanted = parked.row.indices.map { parked.row[$0] ?? image.cell($0) }
    let targets = Set([image, wanted].map { lock.target(of: record, $0) })
    guard targets.count == 1, let closing = targets.first ?? nil else { return false }
    // Time never goes back (C8): what opens it now has done so since it was written.
    let opening = city.rows[except.target(of: closing, unit: sender.org)]
    return except.holds(exception, opening, at: city.received)
  }

  /// A row that was entered or deleted, as its sender had it; nil: it was edited.
  private func whole(_ row: [Value?]) -> [Value]? { row.contains(nil) ? nil : row.compactMap(\.self) }

  /// Whether a row, or one through which it finds its unit, was ever another unit's, or deleted.
  private func hasMoved(_ ref: RowRef, _ image: [Value]) -> Bool {
    let lineage = Set(schema.ancestry(of: ref, image, in: city.rows))
    return witness.claims.contains { claim in
      guard lineage.contains(claim.ref) else { return false }
      guard let column = claim.column else { return true }
      guard column == schema.record(claim.ref.record)?.scopeIndex else { return false }
      let rows = claim.ref == ref ? image : city.rows[claim.ref] ?? []
      return !claim.isInsert || claim.value != rows.cell(column)
    }
  }
}

extension City {
  func lookAtTime(_ db: Database) throws {
    let last = "SELECT received_at, arrival FROM sync_batch ORDER BY arrival DESC LIMIT 1"
    received = Stamp(raw: try db.integer(last) ?? 0)
  }
}
