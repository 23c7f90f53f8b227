import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Parked changes and merged duplicates in SQLite.

extension SQLiteMasterTransaction {
  func park(_ drafts: [ParkedDraft], from replica: ReplicaRecord, batch: Int64, arrival: Int64, received: Stamp) throws
  {
    for draft in drafts {
      let change = draft.change
      try db.run(
        """
        INSERT INTO sync_parked (record, key, replica, arrival, batch, n, reason, zh, en, cause, kind, old, new, actor,
          edited_at, cells, received_at) VALUES (\(placeholders(17)))
        """,
        change.ref.columns + [
          .blob(replica.id.bytes), .integer(arrival), .integer(batch), .integer(Int64(draft.n)),
          .text(draft.why.reason.rawValue), .text(draft.why.detail.zh), .text(draft.why.detail.en),
          draft.why.cause.map { .blob($0.encoded) } ?? .null, .text("\(change.kind)"),
          .blob(encodeSparse(change.old)), .blob(encodeSparse(change.new)), .text(change.edit.actor),
          .integer(change.edit.stamp.raw), .blob(encodeCellEdits(change)), .integer(received.raw),
        ])
      try announce(db.lastInsertedRowID, unit: replica.org)
    }
  }

  /// The sender's unit hears of it.
  private func announce(_ id: Int64, unit: String) throws {
    try place(RowRef(ParkedNotice.table, RowKey([.integer(id)])), unit: unit, gone: false, skip: nil)
  }

  func notice(_ key: RowKey) throws -> ParkedNotice? {
    let sql = """
      SELECT id, replica, batch, n, state, coalesce(ruling_zh, zh), coalesce(ruling_en, en), coalesce(ruled_by, ''),
        coalesce(ruled_at, received_at)
      FROM sync_parked WHERE id = ?
      """
    guard var row = try db.first(sql, key.values), case .blob(let bytes) = row[1] else { return nil }
    row[1] = .text(bytes.hex)
    return ParkedNotice(row: row)?.travelling
  }

  func supersede(_ rows: [RowRef], by replica: Identifier, arrival: Int64, received: Stamp) throws {
    let waits = "state = 'waiting' AND " + Self.isOwnParked
    let sender = Value.blob(replica.bytes)
    // Of all machines many changes may wait, so it is asked by the index; former ids are looked at more closely below.
    let any = """
      SELECT 1 FROM sync_parked WHERE state = 'waiting'
        AND replica IN (SELECT ?1 UNION ALL SELECT former FROM sync_former WHERE replica = ?1) LIMIT 1
      """
    if try db.first(any, [sender]) == nil { return }
    let detail = Label(zh: "已由本行后来的修改取代", en: "a later change of the row has taken its place")
    for ref in rows {
      let earlier = try parkedChanges(
        "record = ?2 AND key = ?3 AND \(waits) AND arrival < ?4", [sender] + ref.columns + [.integer(arrival)])
      for parked in earlier {
        try settle(parked, as: .superseded, detail: detail, edit: Edit(stamp: received, actor: ""))
      }
    }
  }

  func parkedChange(_ id: Int64) throws -> ParkedChange? { try parkedChanges("id = ?", [.integer(id)]).first }

  func parkedChange(_ ref: ParkedRef) throws -> ParkedChange? {
    guard let id = Identifier(hex: ref.replica) else { return nil }
    let arguments: [Value] = [.blob(id.bytes), .integer(ref.batch), .integer(ref.n)]
    return try parkedChanges("replica = ? AND batch = ? AND n = ?", arguments).first
      ?? formerParked(id, ref.batch, ref.n)
  }

  func isAnythingWaiting() throws -> Bool {
    try db.first("SELECT 1 FROM sync_parked WHERE cause IS NOT NULL LIMIT 1") != nil
  }

  func waiting(for freed: Freed) throws -> [ParkedChange] {
    var found: [Int64: ParkedChange] = [:]
    for cause in freed.causes {
      for change in try parkedChanges("cause = ?", [.blob(cause.encoded)]) { found[change.id] = change }
    }
    for name in try freed.rows.flatMap(names) {
      let changes = try parkedChanges("record = ? AND key = ? AND cause IS NOT NULL", name.columns)
      for change in changes { found[change.id] = change }
    }
    return found.values.sorted { $0.id < $1.id }
  }

  func waiting(of ref: RowRef) throws -> [ParkedChange] {
    try parkedChanges("record = ? AND key = ? AND state = 'waiting'", ref.columns)
  }

  func parkedChanges(_ condition: String, _ arguments: [Value]) throws -> [ParkedChange] {
    var found: [ParkedChange] = []
    let columns = "id, arrival, replica, batch, n, record, key, kind, old, new, actor, edited_at, cells, state"
    try db.each("SELECT \(columns) FROM sync_parked WHERE \(condition) ORDER BY id", arguments) { row in
      if let change = try ParkedChange(row.cells(0..<14), schema) { found.append(change) }
    }
    return found
  }

  func save(_ why: Intake.Refused, of parked: ParkedChange) throws {
    try db.run(
      "UPDATE sync_parked SET reason = ?, zh = ?, en = ?, cause = ? WHERE id = ?",
      [
        .text(why.reason.rawValue), .text(why.detail.zh), .text(why.detail.en),
        why.cause.map { .blob($0.encoded) } ?? .null, .integer(parked.id),
      ])
    if let replica = try replica(parked.sender) { try announce(parked.id, unit: replica.org) }
  }

  func settle(_ parked: ParkedChange, as state: ParkedState, detail: Label, edit: Edit) throws {
    try db.run(
      """
      UPDATE sync_parked SET state = ?, cause = NULL, ruling_zh = ?, ruling_en = ?, ruled_by = ?, ruled_at = ? WHERE id = ?
      """,
      [
        .text(state.rawValue), .text(detail.zh), .text(detail.en), .text(edit.actor), .integer(edit.stamp.raw),
        .integer(parked.id),
      ])
    if let replica = try replica(parked.sender) { try announce(parked.id, unit: replica.org) }
  }

  // MARK: Rows that are one

  func hasAliases() throws -> Bool { try db.first("SELECT 1 FROM sync_alias LIMIT 1") != nil }

  func alias(of ref: RowRef) throws -> RowKey? {
    let sql = "SELECT target FROM sync_alias WHERE record = ? AND key = ?"
    guard case .blob(let bytes)? = try db.first(sql, ref.columns)?.first else { return nil }
    return try RowKey(encoded: bytes)
  }

  func aliases(of refs: Set<RowRef>) throws -> [RowRef: RowKey] {
    var found: [RowRef: RowKey] = [:]
    for ref in refs {
      guard let target = try alias(of: ref), let record = schema.record(ref.record),
        try record.row(db, key: ref.key) == nil
      else { continue }
      found[ref] = target
    }
    return found
  }

  /// The row, or the one that it is since duplicates were merged.
  func kept(_ ref: RowRef) throws -> RowRef {
    guard try hasAliases(), let record = schema.record(ref.record) else { return ref }
    let named = zip(record.keyIndices, ref.key.values).compactMap { schema.target(of: record.fields[$0], $1) }
    return Mapping(schema, aliases: try aliases(of: Set([ref] + named))).mapped(ref)
  }

  /// The row, and what it was called before duplicates were merged into it or into a row that its key names.
  func names(of ref: RowRef) throws -> Set<RowRef> {
    guard try hasAliases(), let record = schema.record(ref.record), record.key.count == ref.key.values.count else {
      return [ref]
    }
    #if MUTANTS
      if Mutant.formerKeysWaitOn.isActive { return [ref] }
    #endif
    var names: Set = [ref]
    names.formUnion(try keys(leadingTo: ref).map { RowRef(ref.record, $0) })
    for (place, column) in record.keyIndices.enumerated() {
      guard let target = schema.target(of: record.fields[column], ref.key.values[place]) else { continue }
      for key in try keys(leadingTo: target) {
        for name in names {
          var values = name.key.values
          values[place] = key.values[0]
          names.insert(RowRef(ref.record, RowKey(values)))
        }
      }
    }
    return names
  }

  private func keys(leadingTo ref: RowRef) throws -> [RowKey] {
    var keys: [RowKey] = []
    try db.each("SELECT key FROM sync_alias WHERE record = ? AND target = ? ORDER BY key", ref.columns) { row in
      if case .blob(let key) = row.cell(0) { keys.append(try RowKey(encoded: key)) }
    }
    return keys
  }

  func save(_ alias: Alias) throws {
    // What led to the duplicate leads on to the row that is kept.
    let old = RowRef(alias.record, alias.key).columns
    #if MUTANTS
      defer { if Mutant.aliasesEndEarly.isActive { try? db.run("DELETE FROM sync_alias") } }
    #endif
    try db.run(
      "UPDATE sync_alias SET target = ? WHERE record = ? AND target = ?", [.blob(alias.target.encoded)] + old)
    try db.run("INSERT OR REPLACE INTO sync_alias VALUES (\(placeholders(Alias.columns.count)))", alias.row)
  }
}

extension ParkedChange {
  /// A row of `sync_parked`; nil when it is of a record that the schema does not have.
  init?(_ row: [Value], _ schema: Schema) throws {
    guard case .integer(let id) = row[0], case .integer(let arrival) = row[1], case .blob(let sender) = row[2],
      let sender = Identifier(sender), case .integer(let batch) = row[3], case .integer(let n) = row[4],
      case .text(let name) = row[5], let record = schema.record(name), case .blob(let key) = row[6],
      case .text(let kindName) = row[7], case .blob(let old) = row[8], case .blob(let new) = row[9],
      case .text(let actor) = row[10], case .integer(let stamp) = row[11], case .blob(let cells) = row[12],
      case .text(let stateName) = row[13], let state = ParkedState(rawValue: stateName)
    else { return nil }
    let kinds: [String: Change.Kind] = ["insert": .insert, "update": .update, "delete": .delete]
    guard let kind = kinds[kindName] else { return nil }
    var change = Change(
      record: name, key: try RowKey(encoded: key), kind: kind, old: try decodeSparse(old), new: try decodeSparse(new),
      edit: Edit(stamp: Stamp(raw: stamp), actor: actor))
    change.cellEdits = try decodeCellEdits(cells)
    change = record.widened(change)
    self.init(id: id, arrival: arrival, sender: sender, batch: batch, n: Int(n), change: change, state: state)
  }
}

/// The edits of single cells: column, stamp and actor, one after the other.
private func encodeCellEdits(_ change: Change) -> [UInt8] {
  RowKey(
    change.cellEdits.sorted { $0.key < $1.key }.flatMap { column, edit -> [Value] in
      [.integer(Int64(column)), .integer(edit.stamp.raw), .text(edit.actor)]
    }
  ).encoded
}

private func decodeCellEdits(_ bytes: [UInt8]) throws -> [Int: Edit] {
  if bytes.isEmpty { return [:] }
  let values = try RowKey(encoded: bytes).values
  var edits: [Int: Edit] = [:]
  for start in stride(from: 0, to: values.count - 2, by: 3) {
    if case .integer(let column) = values[start], case .integer(let stamp) = values[start + 1],
      case .text(let actor) = values[start + 2]
    {
      edits[Int(column)] = Edit(stamp: Stamp(raw: stamp), actor: actor)
    }
  }
  return edits
}
