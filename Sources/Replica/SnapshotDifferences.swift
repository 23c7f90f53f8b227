import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What an attached snapshot says otherwise than this replica. Memory grows with that, and not with the rows.

extension Replica {
  /// Whether this replica holds no row of any record and nothing that is not sent.
  func isEmpty(_ db: Database) throws -> Bool {
    let tables =
      ["sync_flight", "sync_parked"] + schema.records.flatMap { [$0.table, $0.baseTable, $0.upstreamTable] }
    return try tables.allSatisfy { try db.first("SELECT 1 FROM main.\($0) LIMIT 1") == nil }
  }

  /// Copies every table.
  /// - Returns: how many rows of records.
  func fill(_ db: Database) throws -> Int {
    try forgetConflicts(db)
    for item in try conflicts(db) {
      switch item {
      case .conflict(let conflict): try ConflictTables.write(db, conflict)
      case .contender(let id, let contender): try ConflictTables.write(db, contender, of: id)
      default: break
      }
    }
    return try applying(db, rows: .max) { try schema.records.reduce(0) { try $0 + $1.copyFromSnapshot(db) } }
  }

  /// As a pull would tell them.
  func differences(_ db: Database) throws -> [PageItem] {
    var items: [PageItem] = []
    for record in schema.records { items += try differences(db, record) }
    // What the master does not list any more it does not know: only a master that was restored forgets.
    try forgetConflicts(db)
    return try items + conflicts(db) + notices(db)
  }

  private func differences(_ db: Database, _ record: RecordSchema) throws -> [PageItem] {
    let touched = try touchedKeys(db, record)
    var items: [PageItem] = []
    try db.each(record.changedInSnapshot) { row in
      let image = row.cells(0..<record.fields.count)
      if !touched.contains(record.rowKey(of: image)) { items.append(.row(record: record.name, image)) }
    }
    try db.each(record.goneFromSnapshot) { row in
      let key = RowKey(row.cells(0..<record.key.count))
      if !touched.contains(key) { items.append(.gone(RowRef(record.name, key))) }
    }
    for key in touched.sorted() {
      let image = try db.first(record.selectFromSnapshot, key.values)
      if try isAsBefore(db, record, key, image) {
        try record.clearUpstream(db, key: key)
      } else {
        items.append(image.map { .row(record: record.name, $0) } ?? .gone(RowRef(record.name, key)))
      }
    }
    return items
  }

  /// Those of these rows that it has.
  func snapshotRows(_ db: Database, _ refs: Set<RowRef>) throws -> [RowRef: [Value]] {
    var found: [RowRef: [Value]] = [:]
    for ref in refs {
      guard let record = schema.record(ref.record) else { continue }
      found[ref] = try db.first(record.selectFromSnapshot, ref.key.values)
    }
    return found
  }

  /// The master's row is still the one that was edited here: nothing lies beneath the edit.
  private func isAsBefore(_ db: Database, _ record: RecordSchema, _ key: RowKey, _ image: [Value]?) throws -> Bool {
    guard let pending = try record.pending(db, key: key), pending.change(record) != nil,
      try flightMask(db, record, key) == 0
    else { return false }
    return pending.baseRow(record) == image
  }

  /// Rows that are edited, under way, or have an upstream: also where they are as the snapshot has them.
  private func touchedKeys(_ db: Database, _ record: RecordSchema) throws -> Set<RowKey> {
    var keys = Set(try record.upstreamKeys(db))
    try db.each("SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.baseTable)") { row in
      keys.insert(RowKey(row.cells(0..<record.key.count)))
    }
    try db.each("SELECT key FROM sync_flight WHERE record = ?", [.text(record.name)]) { row in
      if case .blob(let bytes) = row.cell(0) { keys.insert(try RowKey(encoded: bytes)) }
    }
    return keys
  }

  func erasures(_ db: Database) throws -> [Erasure] {
    try rows(db, Erasure.table, Erasure.columns, order: "stamp, record, key", Erasure.init(row:))
  }

  /// Conflicts and contenders that are not exactly so here.
  private func conflicts(_ db: Database) throws -> [PageItem] {
    let unknown = { (table: String, columns: [String], key: String) in
      let same = columns.map { "m.\($0) IS s.\($0)" }.joined(separator: " AND ")
      return "NOT EXISTS (SELECT 1 FROM main.\(table) m WHERE \(key) AND \(same))"
    }
    let conflicts = try rows(
      db, Conflict.table, Conflict.columns, where: unknown(Conflict.table, Conflict.columns, "m.id = s.id"), order: "id"
    ) { Conflict(row: $0).map(PageItem.conflict) }
    let key = "m.conflict = s.conflict AND m.id = s.id"
    let contenders = try rows(
      db, Contender.table, Contender.columns, where: unknown(Contender.table, Contender.columns, key),
      order: "conflict, id"
    ) { row -> PageItem? in
      guard case .integer(let id) = row[0] else { return nil }
      return Contender(row: row).map { PageItem.contender(conflict: id, $0) }
    }
    return conflicts + contenders
  }

  private func forgetConflicts(_ db: Database) throws {
    let same = Contender.columns.map { "s.\($0) IS sync_contender.\($0)" }.joined(separator: " AND ")
    try db.run(
      """
      DELETE FROM main.sync_contender WHERE NOT EXISTS (
        SELECT 1 FROM snapshot.sync_contender s WHERE s.conflict = sync_contender.conflict AND s.id = sync_contender.id
          AND \(same))
      """)
    try db.run("DELETE FROM main.sync_conflict WHERE id NOT IN (SELECT id FROM snapshot.sync_conflict)")
  }

  /// What became of changes of this replica that the city parked; a snapshot names them by the id under which the city
  /// took them, which is a former one also of a batch that was signed anew since.
  func notices(_ db: Database) throws -> [PageItem] {
    let sender = "lower(hex(\(Header.replica(of: "o.message"))))"
    let isOwn = "replica = (SELECT \(sender) FROM main.sync_outbox o WHERE o.number = s.batch)"
    let isShared = """
      EXISTS (SELECT 1 FROM snapshot.sync_meta m WHERE m.name = ?2 || ?1 || ':' || s.replica AND m.value >= s.batch)
      """
    return try rows(
      db, ParkedNotice.table, ParkedNotice.columns, where: "s.replica = ?1 OR \(isOwn) OR \(isShared)",
      [.text(identity.replica.description), .text(SnapshotTables.shared)], order: "id"
    ) { row in
      guard var notice = ParkedNotice(row: row) else { return nil }
      notice.parked.replica = identity.replica.description
      return .parked(notice)
    }
  }

  /// Rows of an engine's table of the snapshot. One that is not as we make them refuses the snapshot.
  private func rows<T>(
    _ db: Database, _ table: String, _ columns: [String], where condition: String = "true", _ arguments: [Value] = [],
    order: String, _ item: ([Value]) -> T?
  ) throws -> [T] {
    let list = columns.map { "s.\($0)" }.joined(separator: ", ")
    var items: [T] = []
    let sql = "SELECT \(list) FROM snapshot.\(table) s WHERE \(condition) ORDER BY \(order)"
    try db.each(sql, arguments) { row in
      guard let item = item(row.cells(0..<columns.count)) else { throw SnapshotTables.foreign }
      items.append(item)
    }
    return items
  }
}
