import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// An erasure as the master keeps it.
struct RecordedErasure {
  var id: Int64
  var erasure: Erasure
  /// The city's batch that records it.
  var arrival: Int64
  /// How far the sequence went before it. A batch whose sender had read no further was made without knowing of it.
  var cursor: Int64
}

// Erased personal data and the secrets of restricted cells in SQLite.

extension SQLiteMasterTransaction {
  func keep(_ secrets: [SecretCell], arrival: Int64) throws { try SecretTable.write(db, secrets, of: arrival) }

  func erasures(of refs: Set<RowRef>) throws -> [RowRef: [RecordedErasure]] {
    if try db.first("SELECT 1 FROM sync_erasure LIMIT 1") == nil { return [:] }
    var found: [RowRef: [RecordedErasure]] = [:]
    for ref in refs {
      let list = try RecordedErasure.read(db, where: "record = ? AND key = ?", ref.columns)
      if !list.isEmpty { found[ref] = list }
    }
    return found
  }

  /// Whether a row is such, or what waits under its key, or it was when it was deleted or parked, or would be if it was not lost,
  /// and anything of its restricted fields is left: in it, or by whatever key in the log, also of what was emptied since.
  /// - Parameter lost: the rows that only batches which came back hold.
  func isErasable(
    _ ref: RowRef, _ record: RecordSchema, lost: [RowKey: [Value]], _ fields: [String], _ fits: ([Value]) -> Bool
  ) throws -> Bool {
    guard
      let image = try record.row(db, key: ref.key) ?? parkedRow(ref, waiting: true) ?? tombstones(of: [ref])[ref]
        ?? parkedRow(ref, waiting: false) ?? lost[ref.key], fits(image)
    else { return false }
    let isShown = record.restrictedColumns(fields).contains { column in
      !image[column].isNull && image[column] != record.fields[column].erased
    }
    if isShown { return true }
    // One that stands by itself under a former key has its own time.
    return try loggedNames(of: ref, record).contains { name in
      try (name == ref || record.row(db, key: name.key) == nil) && SecretTable.holds(db, name, fields)
    }
  }

  /// A row that never entered, as it was sent last, with what its machine has edited of it on its way, also under a later id.
  private func parkedRow(_ ref: RowRef, waiting: Bool) throws -> [Value]? {
    let parked = try parkedChanges("record = ? AND key = ?", ref.columns)
    guard let first = parked.lastIndex(where: { $0.change.kind == .insert && !ParkedState.cameIn.contains($0.state) })
    else { return nil }
    let sent = try parked[first...].filter { try $0.change.kind != .delete && owns(parked[first], $0.sender) }
    if waiting, !sent.contains(where: { $0.state == .waiting }) { return nil }
    var row = parked[first].change.new.map { $0 ?? .null }
    for edit in sent {
      for (column, value) in edit.change.new.enumerated() { row[column] = value ?? row[column] }
    }
    return row
  }

  func carryOut(_ erasure: Erasure, arrival: Int64, cursor: Int64) throws {
    guard let record = schema.record(erasure.record) else { return }
    let columns = record.restrictedColumns(erasure.fields)
    let carried = try ownBatches(holding: erasure)
    let kept = try entered(since: erasure, record)
    try OldPages.inFile.note(db)
    try eraseSecrets(erasure, record, but: kept)
    try eraseRow(erasure.ref, record, columns, but: kept, arrival: arrival)
    try eraseTombstone(erasure.ref, record, columns, but: kept)
    try eraseParked(erasure.ref, record, columns, but: kept)
    try db.run(
      "INSERT INTO sync_erasure (arrival, cursor, \(Erasure.columns.joined(separator: ", "))) VALUES (\(placeholders(8)))",
      [.integer(arrival), .integer(cursor)] + erasure.row)
    try announce(db.lastInsertedRowID, of: erasure.ref)
    #if MUTANTS
      if Mutant.conflictIsNotErased.isActive { return }
    #endif
    for conflict in try ConflictTables.erase(db, erasure, record, but: kept) { try save(closing(conflict, erasure)) }
    // Replicas keep them with what was erased: they travel again without it.
    for number in carried { try place(own: number) }
  }

  /// The values, by column, that came before an erasure that is recorded only now, in a city that was restored, and were
  /// edited after it, by whatever key a batch named the row then.
  private func entered(since erasure: Erasure, _ record: RecordSchema) throws -> [Int: Set<Value>] {
    let sql = """
      SELECT b.* FROM sync_touch t JOIN sync_batch b ON b.arrival = t.arrival
      WHERE t.record = ? AND t.key = ? AND b.received_at > ?
      """
    let row = try kept(erasure.ref)
    let landings = try landings(of: row, record)
    let present = landings.count == 1 ? landings[0] : row
    // One that stands by itself under a former key has its own values.
    let names = try loggedNames(of: present, record).filter { name in
      try name == present || record.row(db, key: name.key) == nil
    }
    var new: [Int: Set<Value>] = [:]
    for name in names {
      var named = erasure
      named.key = name.key
      try db.each(sql, name.columns + [.integer(erasure.edit.stamp.raw)]) { row in
        guard let logged = LoggedBatch(row: row.cells(0..<LoggedBatch.columns)) else { return }
        for cell in try logged.entered(since: named, schema, db) {
          if let column = cell.field.flatMap(record.index(of:)) { new[column, default: []].insert(cell.secret.value) }
        }
      }
    }
    return new
  }

  /// A new value stays wherever a batch since the erasure has it, also as the base of a later edit.
  private func eraseSecrets(_ erasure: Erasure, _ record: RecordSchema, but kept: [Int: Set<Value>]) throws {
    var (condition, arguments) = ("true", [Value]())
    for (column, values) in kept {
      condition += """
         AND NOT (field IS ? AND value IN (\(placeholders(values.count)))
          AND EXISTS (SELECT 1 FROM sync_batch WHERE arrival = sync_secret.batch AND received_at > ?))
        """
      arguments += [Value.text(record.fields[column].name)] + Array(values) + [.integer(erasure.edit.stamp.raw)]
    }
    try SecretTable.erase(db, erasure, where: condition, arguments)
  }

  private func eraseRow(
    _ ref: RowRef, _ record: RecordSchema, _ columns: [Int], but kept: [Int: Set<Value>], arrival: Int64
  ) throws {
    guard let before = try record.row(db, key: ref.key) else { return }
    let after = record.erasing(columns, in: before, but: kept)
    _ = try write(Settlement(writes: [RowWrite(ref: ref, before: before, after: after)]), arrival: arrival)
    // Whoever changes the row without knowing of the erasure hears what stands, even when nothing was there to erase.
    if let unit = try unit(of: record, after) { try place(ref, unit: unit, gone: false, skip: nil) }
  }

  private func eraseTombstone(
    _ ref: RowRef, _ record: RecordSchema, _ columns: [Int], but kept: [Int: Set<Value>]
  ) throws {
    #if MUTANTS
      if Mutant.tombstoneIsNotErased.isActive { return }
    #endif
    guard let image = try tombstones(of: [ref])[ref] else { return }
    try db.run(
      "UPDATE sync_tombstone SET image = ? WHERE record = ? AND key = ?",
      [.blob(RowKey(record.erasing(columns, in: image, but: kept)).encoded)] + ref.columns)
  }

  /// A parked change that waits goes on waiting without what was erased of it.
  private func eraseParked(
    _ ref: RowRef, _ record: RecordSchema, _ columns: [Int], but kept: [Int: Set<Value>]
  ) throws {
    func erasing(_ value: Value?, _ column: Int) -> Value? {
      guard let value, !value.isNull, kept[column]?.contains(value) != true else { return value }
      return .blob([])
    }
    for parked in try parkedChanges("record = ? AND key = ?", ref.columns) {
      var change = parked.change
      for column in columns {
        change.old[column] = erasing(change.old[column], column)
        change.new[column] = erasing(change.new[column], column)
      }
      change = change.withoutErased(record)
      try db.run(
        "UPDATE sync_parked SET old = ?, new = ? WHERE id = ?",
        [.blob(encodeSparse(change.old)), .blob(encodeSparse(change.new)), .integer(parked.id)])
    }
  }

  /// Nothing is left to decide about a cell whose values are gone, unless somebody wants a new one. Who looked at the conflict
  /// before has to look again.
  private func closing(_ conflict: Conflict, _ erasure: Erasure) -> Conflict {
    var conflict = conflict
    conflict.version += 1
    if conflict.isWaiting, let field = schema.field(conflict.field, of: conflict.record),
      conflict.contenders.allSatisfy({ $0.value == field.erasing($0.value) })
    {
      conflict.state = .decided
      conflict.decision = Decision(
        conflict: conflict.id, choice: .value, value: field.erased, reason: erasure.reason, edit: erasure.edit)
    }
    return conflict
  }

  /// Every unit that ever saw the row, was told what became of its change of it, or has contested it, by whatever key, may hold a copy.
  /// Who has what a city has lost is not known to it after a restore, even when nobody missed it: then anybody may.
  private func announce(_ id: Int64, of ref: RowRef) throws {
    var units: Set<String> = []
    try db.each("SELECT unit FROM sync_feed WHERE record = ? AND key = ?", ref.columns) { units.insert($0[0]) }
    var conflicts = try ConflictTables.read(db, where: "record = ? AND key = ?", ref.columns)
    #if MUTANTS
      if Mutant.erasureForgetsContesters.isActive { conflicts = [] }
    #endif
    for conflict in conflicts { units.formUnion(try contesting(conflict)) }
    if try units.contains("") || setting("restored_end") != nil { units = [""] }
    for unit in units.sorted() {
      try place(RowRef(Erasure.table, RowKey([.integer(id)])), unit: unit, gone: false, skip: nil)
    }
  }
}

extension RecordedErasure {
  static func read(_ db: Database, where condition: String = "true", _ arguments: [Value] = []) throws -> [Self] {
    var list: [Self] = []
    let columns = (["id", "arrival", "cursor"] + Erasure.columns).joined(separator: ", ")
    try db.each("SELECT \(columns) FROM sync_erasure WHERE \(condition) ORDER BY id", arguments) { row in
      guard let erasure = Erasure(row: row.cells(3..<9)) else { return }
      list.append(Self(id: row[0], erasure: erasure, arrival: row[1], cursor: row[2]))
    }
    return list
  }

  /// Whether it took what a batch says of a cell: the batch came before it, or was made by who did not know of it.
  func covers(_ field: String?, of batch: LoggedBatch, cursor read: Int64) -> Bool {
    erasure.covers(field) && (batch.arrival < arrival || read <= cursor)
  }
}
