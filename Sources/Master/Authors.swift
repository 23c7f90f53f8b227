import SQLiteStore
import SyncCore
import SyncProtocol

// Whose a value is that stands in the master, as the log tells it, and what a decision of the log is about.

extension SQLiteMasterTransaction {
  func authors(of ref: RowRef, column: Int, value: Value, byAllNames: Bool) throws -> [Identifier] {
    guard let field = schema.record(ref.record)?.fields[column] else { return [] }
    // A key that would be this one's now, and was never a row's, is no other name of it.
    let names = try (byAllNames ? self.names(of: ref) : []).filter(isTouched).union([ref])
    var authors: [Identifier] = []
    for arrival in try arrivals(about: names).sorted(by: >) {
      guard let logged = try batch(at: arrival) else { continue }
      let excerpt = try logged.excerpt(schema, db, about: names)
      let changes = try logged.counted(excerpt, db)
      let isSent = changes.contains { $0.change.new[column] == value }
      let isDecided = try names.contains { try logged.decides($0, field.name, value, excerpt) }
      if isSent || isDecided { authors.append(logged.replica) }
      // Of rows that are one by now, each had its own value.
      if names.count > 1 { continue }
      let isOther = !field.policy.computes && changes.contains { $0.isWhole && $0.change.sets(column) }
      if isOther, !isSent, !isDecided { break }
      // What stood under the key before was another row.
      if changes.contains(where: { $0.isWhole && $0.change.kind == .delete }) { break }
    }
    return authors
  }

  /// The places in the log of the batches that are about rows.
  func arrivals(about refs: Set<RowRef>) throws -> Set<Int64> {
    var arrivals: Set<Int64> = []
    for ref in refs {
      try db.each("SELECT arrival FROM sync_touch WHERE record = ? AND key = ?", ref.columns) { arrivals.insert($0[0]) }
    }
    return arrivals
  }

  /// The conflict that a decision of the log is about; nil: what it was about is not contested any more. In a city that was restored
  /// over an erasure it may have another number than then (E7).
  func conflict(of decision: Decision) throws -> Conflict? {
    let numbered = try conflict(decision.conflict)
    guard let subject = decision.subject, try setting("restored_end") != nil else { return numbered }
    // Duplicates may have been merged since.
    let rows = try names(of: kept(subject.ref)).union([subject.ref])
    func isMeant(_ conflict: Conflict) -> Bool {
      rows.contains(RowRef(conflict.record, conflict.key)) && conflict.field == subject.field
        && conflict.openedAt == subject.openedAt
    }
    if let numbered, isMeant(numbered) { return numbered }
    for row in rows.sorted() {
      let conflicts = try ConflictTables.read(db, where: "record = ? AND key = ?", row.columns)
      if let meant = conflicts.first(where: isMeant) { return meant }
    }
    return nil
  }
}
