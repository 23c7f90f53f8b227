import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a replica is told: the rows of the feed after its cursor, as they are now.

extension SQLiteMasterTransaction {
  func page(
    unit: String, after cursor: Int64, for replica: Identifier, limit: PageLimit, key: SigningKey
  ) throws -> Page {
    var writer = PageWriter(schema)
    var end = cursor
    var count = 0
    var more = false
    var orphans = try orphans()
    #if MUTANTS
      if Mutant.orphansAreShown.isActive { orphans = [] }
    #endif
    let sql = """
      SELECT place, record, key, gone, skip FROM sync_feed WHERE unit = '' AND place > ?1
      UNION ALL SELECT place, record, key, gone, skip FROM sync_feed WHERE unit = ?2 AND place > ?1
      ORDER BY place
      """
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: [cursor, unit])
    while let row = try rows.next() {
      if count >= limit.rows || writer.bytes.count >= limit.bytes {
        more = true
        break
      }
      end = row[0]
      if row.cell(4) == .blob(replica.bytes) { continue }
      guard case .blob(let bytes) = row.cell(2) else { continue }
      let ref = RowRef(row[1], try RowKey(encoded: bytes))
      if ref.record == OwnBatch.table {
        guard case .integer(let number)? = ref.key.values.first, let sealed = try ownBatch(number, key: key) else {
          continue
        }
        writer.append(.own(number: number, sealed: sealed))
      } else {
        try append(ref, of: unit, for: replica, gone: row[3] == 1 || orphans.contains(ref), to: &writer)
      }
      count += 1
    }
    #if MUTANTS
      if Mutant.cursorStepsTooFar.isActive, more { end += 1 }
    #endif
    for mark in try marks(for: replica) { writer.append(mark) }
    return Page(body: writer.bytes, cursor: more ? end : try head(), more: more)
  }

  private func append(
    _ ref: RowRef, of reader: String, for replica: Identifier, gone: Bool, to writer: inout PageWriter
  ) throws {
    if ref.record == ParkedNotice.table {
      if let notice = try notice(ref.key, for: replica) { writer.append(.parked(notice)) }
    } else if ref.record == Erasure.table {
      for found in try RecordedErasure.read(db, where: "id = ?", ref.key.values) {
        writer.append(.erasure(found.erasure))
      }
    } else if ref.record == Conflict.table {
      for var conflict in try ConflictTables.read(db, where: "id = ?", ref.key.values) {
        #if MUTANTS
          if Mutant.openConflictsAreSilent.isActive, conflict.isWaiting { continue }
        #endif
        let unit = try unit(of: conflict)
        if gone || unit != "" && unit != reader { conflict = try asSeenFromOutside(conflict, by: reader) }
        // It was another's before the reader entered the row, who contests nothing of it: a snapshot does not have it either.
        if gone, conflict.contenders.isEmpty { continue }
        conflict = conflict.travelling
        writer.append(.conflict(conflict))
        for contender in conflict.contenders { writer.append(.contender(conflict: conflict.id, contender)) }
      }
    } else if !gone, let image = try schema.record(ref.record)?.row(db, key: ref.key) {
      writer.append(.row(record: ref.record, image))
    } else {
      writer.append(.gone(ref))
    }
  }

  /// What a unit hears of a conflict in a row that it may not see (any more), or that was another's: its own
  /// contenders, and what was decided about them (I4).
  func asSeenFromOutside(_ conflict: Conflict, by reader: String) throws -> Conflict {
    #if MUTANTS
      if Mutant.tellsOutsiders.isActive { return conflict }
    #endif
    var seen = conflict
    seen.base = .null
    seen.master = .null
    seen.contenders = try conflict.contenders.filter { contender in
      try Identifier(hex: contender.replica).flatMap(replica)?.org == reader
    }
    #if MUTANTS
      if Mutant.contendersAreTold.isActive { seen.contenders = conflict.contenders }
    #endif
    if let decision = seen.decision, !seen.contenders.contains(where: { $0.id == decision.contender }) {
      seen.decision?.value = .null
    }
    if conflict.field == nil {
      // A whole row is the city's image with the contender's cells in it.
      for index in seen.contenders.indices { seen.contenders[index].value = .null }
      seen.decision?.value = .null
    }
    return seen
  }
}
