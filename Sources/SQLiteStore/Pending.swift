import GRDB
import SyncCore

/// A captured row: what it was at the last agreement, sparsely, and what it is now.
public struct PendingRow: Sendable {
  public var key: RowKey
  public var existed: Bool
  /// Base values by column, without the key; nil where the column was not touched.
  public var base: [Value?]
  /// nil: the row is gone.
  public var current: [Value]?
  public var edit: Edit
  /// The last edit of single cells, where their policy is `latest`.
  public var cellEdits: [Int: Edit]

  public init(
    key: RowKey, existed: Bool, base: [Value?], current: [Value]?, edit: Edit, cellEdits: [Int: Edit] = [:]
  ) {
    self.key = key
    self.existed = existed
    self.base = base
    self.current = current
    self.edit = edit
    self.cellEdits = cellEdits
  }

  /// The columns that are pending: base and current differ. Key columns never are.
  public var touched: [Int] {
    guard let current else { return base.indices.filter { base[$0] != nil } }
    return base.indices.filter { column in
      existed ? base[column].map { $0 != current[column] } ?? false : true
    }
  }

  /// Whether the row was edited and then went without a trigger: a delete that was captured knows all of it. Nobody was
  /// seen to delete it, and what was entered in it went along: it has nothing to send.
  public func wentUnseen(_ schema: RecordSchema) -> Bool {
    existed && current == nil && schema.otherIndices.contains { base[$0] == nil }
  }

  /// The row at the last agreement; nil: there was none, or it is not known whole.
  public func baseRow(_ schema: RecordSchema) -> [Value]? {
    guard existed, !wentUnseen(schema) else { return nil }
    var row = base.indices.map { base[$0] ?? current?[$0] ?? .null }
    for (index, value) in zip(schema.keyIndices, key.values) { row[index] = value }
    return row
  }

  /// What the sender tells the master of this row; nil when nothing is pending.
  public func change(_ schema: RecordSchema) -> Change? {
    var change = Change(
      record: schema.name, key: key, kind: .update, old: schema.undefined, new: schema.undefined, edit: edit)
    switch (existed, current) {
    case (false, nil): return nil
    case (false, let current?):
      change.kind = .insert
      change.new = current
    case (true, nil):
      if wentUnseen(schema) { return nil }
      change.kind = .delete
      change.old = base
    case (true, let current?):
      let touched = touched
      if touched.isEmpty { return nil }
      for column in touched {
        change.old[column] = base[column]
        change.new[column] = current[column]
      }
    }
    if change.kind != .insert {
      for (index, value) in zip(schema.keyIndices, key.values) { change.old[index] = value }
    }
    change.cellEdits = change.kind == .delete ? [:] : cellEdits.filter { change.new[$0.key] != nil }
    return change
  }
}

extension RecordSchema {
  /// Goes through the captured rows in key order, by bytes.
  public func eachPending(_ db: Database, key: RowKey? = nil, _ body: (PendingRow) throws -> Void) throws {
    // Mostly there is none; what reads them names every column twice, and takes SQLite long to compile.
    if key == nil, try db.first("SELECT 1 FROM \(baseTable) LIMIT 1") == nil { return }
    let statements = statements
    try db.each(key == nil ? statements.pending : statements.pendingOfKey, key?.values ?? []) { row in
      try body(pendingRow(row, count: fields.count, latest: statements.latest))
    }
  }

  private func pendingRow(_ row: StatementRow, count: Int, latest: [Int]) -> PendingRow {
    let existed = row[count] as Int64 == 1
    let mask = row[count + 1] as Int64
    let base = (0..<count).map { existed && mask >> Int64($0) & 1 == 1 ? row.cell($0) : nil }
    var cellEdits: [Int: Edit] = [:]
    for (n, column) in latest.enumerated() {
      guard let stamp = row[count + 4 + 2 * n] as Int64? else { continue }
      cellEdits[column] = Edit(stamp: Stamp(raw: stamp), actor: row[count + 5 + 2 * n] as String? ?? "")
    }
    let start = count + 4 + 2 * latest.count
    let key = RowKey(keyIndices.map { row.cell($0) })
    let current = row.isNull(start + (keyIndices.first ?? 0)) ? nil : row.cells(start..<start + count)
    let edit = Edit(stamp: Stamp(raw: row[count + 2] as Int64), actor: row[count + 3] as String)
    return PendingRow(key: key, existed: existed, base: base, current: current, edit: edit, cellEdits: cellEdits)
  }

  /// The captured state of one row; nil when it was not touched.
  public func pending(_ db: Database, key: RowKey) throws -> PendingRow? {
    var found: PendingRow?
    try eachPending(db, key: key) { found = $0 }
    return found
  }

  /// Forgets that the row was touched: replica and master agree on it.
  public func clearPending(_ db: Database, key: RowKey) throws {
    try db.run(statements.clearPending, key.values)
  }

  /// The same for all rows.
  public func clearPending(_ db: Database) throws { try db.run("DELETE FROM \(baseTable)") }

  /// Replaces the captured state of a row.
  public func setPending(_ db: Database, _ row: PendingRow) throws {
    try clearPending(db, key: row.key)
    let statements = statements
    var values = row.base.map { $0 ?? .null }
    for (index, value) in zip(keyIndices, row.key.values) { values[index] = value }
    let mask = row.base.indices.reduce(Int64(0)) { $0 | (row.base[$1] == nil ? 0 : 1 << Int64($1)) }
    values += [
      .integer(row.existed ? 1 : 0), .integer(mask & statements.fullMask), .integer(row.edit.stamp.raw),
      .text(row.edit.actor),
    ]
    values += statements.latest.flatMap { column -> [Value] in
      row.cellEdits[column].map { [.integer($0.stamp.raw), .text($0.actor)] } ?? [.null, .null]
    }
    try db.run(statements.setPending, values)
  }
}
