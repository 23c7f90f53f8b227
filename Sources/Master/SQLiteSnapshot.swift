import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What one unit may see of the master, as rows of a file that is attached as `snapshot`. The master itself is only read.

extension SQLiteMasterTransaction {
  /// - Parameter key: the city's.
  func fillSnapshot(unit: String, key: SigningKey) throws {
    for record in schema.records {
      #if MUTANTS
        if Mutant.snapshotLacksRows.isActive { if record.rules.append { continue } }
      #endif
      let list = record.columns.joined(separator: ", ")
      let (condition, arguments) = scope(record, unit)
      let keys = record.keyColumns.joined(separator: ", ")
      try db.run(
        """
        INSERT INTO \(record.snapshotTable) (\(list))
        SELECT \(list) FROM main.\(record.table) WHERE \(condition) ORDER BY \(keys)
        """, arguments)
      for orphan in try orphans(in: record) {
        try db.run("DELETE FROM \(record.snapshotTable) WHERE \(record.keyMatch)", orphan.key.values)
      }
    }
    try fillConflicts(unit)
    try fillNotices(unit)
    try fillErasures(unit)
    try fillOwn(key)
    let meta = try meta()
    let values: [(String, Value)] = [
      ("epoch", .blob(meta.epoch.bytes)), ("org", .text(unit)), ("schema", .blob(meta.schemaHash)),
      ("cursor", .integer(try head())), ("arrival", .integer(try lastArrival())),
    ]
    for (name, value) in values { try db.run("INSERT INTO snapshot.sync_meta VALUES (?, ?)", [.text(name), value]) }
    try fillShared(unit)
  }

  /// Which rows of a record a unit sees, in SQL; the same as `unit(of:)` says of each.
  private func scope(_ record: RecordSchema, _ unit: String) -> (condition: String, arguments: [Value]) {
    switch record.scope {
    case .all: return ("true", [])
    case .field(let name): return ("\(quoted(name)) = ?", [.text(unit)])
    case .via(let name):
      guard let reference = record.field(name)?.reference, let parent = schema.record(reference.record) else {
        return ("false", [])
      }
      let (condition, arguments) = scope(parent, unit)
      let rows = "SELECT \(quoted(reference.field)) FROM main.\(parent.table) WHERE \(condition)"
      return ("\(quoted(name)) IN (\(rows))", arguments)
    }
  }

  /// Conflicts that the unit was told of: of rows that it sees, and those that it takes part in.
  private func fillConflicts(_ unit: String) throws {
    try db.each("SELECT id FROM main.sync_conflict ORDER BY id") { row in
      for conflict in try ConflictTables.read(db, where: "id = ?", [.integer(row[0])]) {
        guard let seen = try asSeen(conflict, by: unit)?.travelling else { continue }
        try insert(seen.row, into: Conflict.table)
        for contender in seen.contenders { try insert(contender.row(of: seen.id), into: Contender.table) }
      }
    }
  }

  /// nil: the unit hears nothing of it.
  private func asSeen(_ conflict: Conflict, by unit: String) throws -> Conflict? {
    let owner = try self.unit(of: conflict)
    if try (owner == "" || owner == unit) && isTold(conflict, to: unit) { return conflict }
    let seen = try asSeenFromOutside(conflict, by: unit)
    #if MUTANTS
      if Mutant.snapshotTellsOutsiders.isActive, !seen.contenders.isEmpty { return conflict }
    #endif
    return seen.contenders.isEmpty ? nil : seen
  }

  /// Whoever enters a row under the key of another unit's, which was deleted, does not hear what was contested of that (I4). What
  /// the feed says of conflicts is never trimmed.
  private func isTold(_ conflict: Conflict, to unit: String) throws -> Bool {
    let ref = RowRef(Conflict.table, RowKey([.integer(conflict.id)]))
    let sql = "SELECT 1 FROM main.sync_feed WHERE record = ? AND key = ? AND gone = 0 AND unit IN ('', ?)"
    return try db.first(sql, ref.columns + [.text(unit)]) != nil
  }

  private func fillNotices(_ unit: String) throws {
    let sql =
      "SELECT p.id FROM main.sync_parked p JOIN main.sync_replica r ON r.id = p.replica WHERE r.org = ? ORDER BY p.id"
    try db.each(sql, [.text(unit)]) { row in
      if let notice = try notice(RowKey([.integer(row[0])])) { try insert(notice.row, into: ParkedNotice.table) }
    }
  }

  /// Up to which batch of another id what became of it is a machine's own: a snapshot is for any machine of the unit.
  private func fillShared(_ unit: String) throws {
    try db.run(
      """
      INSERT INTO snapshot.sync_meta
      SELECT ? || lower(hex(f.replica)) || ':' || lower(hex(f.former)), f.shared
      FROM main.sync_former f JOIN main.sync_replica r ON r.id = f.replica WHERE r.org = ?
      """, [.text(SnapshotTables.shared), .text(unit)])
  }

  /// Erasures of every row that the unit ever saw: the feed remembers.
  private func fillErasures(_ unit: String) throws {
    let sql = "SELECT key FROM main.sync_feed WHERE record = ? AND unit IN ('', ?) ORDER BY place"
    try db.each(sql, [.text(Erasure.table), .text(unit)]) { row in
      guard case .blob(let bytes) = row.cell(0) else { return }
      for found in try RecordedErasure.read(db, where: "id = ?", RowKey(encoded: bytes).values) {
        try insert(found.erasure.row, into: Erasure.table)
      }
    }
  }

  private func fillOwn(_ key: SigningKey) throws {
    let sql = "SELECT number FROM main.sync_batch WHERE replica = ? AND arrival > ? ORDER BY number"
    try db.each(sql, [.blob(Identifier.city.bytes), .integer(try keptArrival())]) { row in
      guard let sealed = try ownBatch(row[0], key: key) else { return }
      try insert([.integer(row[0]), .blob(sealed)], into: OwnBatch.table)
    }
  }

  private func insert(_ row: [Value], into table: String) throws {
    // Told once, however many units heard of it.
    try db.run("INSERT OR IGNORE INTO snapshot.\(quoted(table)) VALUES (\(placeholders(row.count)))", row)
  }
}
