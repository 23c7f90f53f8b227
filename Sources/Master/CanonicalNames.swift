import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// Rows and values by the names that they have now, of duplicates that were merged, and by those that they had when a batch came, of
/// units that another took over.
struct CanonicalNames {
  private let schema: Schema
  private let mapping: Mapping
  /// Who took over from whom, as the log has it so far, and as it stands: how that came may be lost.
  private var successors: [String: String] = [:]
  let presentSuccessors: [String: String]

  init(_ db: Database, _ schema: Schema) throws {
    self.schema = schema
    var aliases: [RowRef: RowKey] = [:]
    try db.each("SELECT record, key, target FROM sync_alias") { row in
      guard case .blob(let key) = row.cell(1), case .blob(let target) = row.cell(2) else { return }
      aliases[RowRef(row[0], try RowKey(encoded: key))] = try RowKey(encoded: target)
    }
    mapping = Mapping(schema, aliases: aliases)
    var present = try Self.successors(db, schema)
    for (ref, target) in aliases where ref.record == schema.units?.record {
      guard case .text(let unit)? = ref.key.values.first, case .text(let kept)? = target.values.first else { continue }
      if present[unit] == nil { present[unit] = kept }
    }
    presentSuccessors = present
  }

  private static func successors(_ db: Database, _ schema: Schema) throws -> [String: String] {
    guard let units = schema.units, let name = schema.successor else { return [:] }
    var next: [String: String] = [:]
    let sql = "SELECT \(quoted(units.field)), \(quoted(name)) FROM \(quoted(units.record))"
    try db.each(sql) { row in
      if case .text(let unit) = row.cell(0), case .text(let successor) = row.cell(1) { next[unit] = successor }
    }
    return next
  }

  /// What a batch of the city says of who took over from whom.
  mutating func follow(_ batch: Batch) {
    guard let units = schema.units, let name = schema.successor,
      let column = schema.record(units.record)?.index(of: name)
    else { return }
    for change in batch.changes where change.record == units.record {
      guard case .text(let unit)? = change.key.values.first else { continue }
      if change.kind == .delete { successors[unit] = nil }
      guard let value = change.new[column] else { continue }
      successors[unit] = if case .text(let successor) = value { successor } else { nil }
    }
  }

  func mapped(_ values: [Value?], _ record: RecordSchema) -> [Value?] { mapping.mapped(values, record) }

  func mapped(_ value: Value, _ column: Int, _ record: RecordSchema) -> Value? {
    var row: [Value?] = record.fields.map { _ in nil }
    row[column] = value
    return mapped(row, record)[column]
  }

  func mapped(_ change: Change) -> Change { mapping.mapped(change) }

  func mapped(_ ref: RowRef) -> RowRef { mapping.mapped(ref) }

  /// A county's change as it came in with the unit that had taken over (M15). What changes a row with its unit in its key may be about that
  /// very row.
  func landed(_ change: Change) -> Change {
    var change = mapping.mapped(change)
    guard schema.successor != nil, let record = schema.record(change.record), case .field(let name) = record.scope,
      let column = record.index(of: name)
    else { return change }
    change.old[column] = change.old[column].map(unit)
    change.new[column] = change.new[column].map(unit)
    let source = change.kind == .insert ? change.new : change.old
    if record.isKey(column) { change.key = RowKey(record.keyIndices.map { source[$0] ?? .null }) }
    return change
  }

  private func unit(_ value: Value) -> Value {
    guard case .text(let unit) = value else { return value }
    let last =
      schema.lastSuccessor(of: unit) { successors[$0] } ?? schema.lastSuccessor(of: unit) { presentSuccessors[$0] }
    return last.map(Value.text) ?? value
  }

  /// Whether a change came in under another key because its unit is another.
  func isLanded(_ change: Change, _ sent: Change) -> Bool { change.key != mapped(sent).key }

  /// The keys of conflicts of rows that are known under another key now, by that one.
  func movedConflicts(_ db: Database) throws -> [RowRef: Set<RowRef>] {
    if mapping.aliases.isEmpty { return [:] }
    var moved: [RowRef: Set<RowRef>] = [:]
    try db.each("SELECT DISTINCT record, key FROM sync_conflict") { row in
      guard case .blob(let key) = row.cell(1) else { return }
      let ref = RowRef(row[0], try RowKey(encoded: key))
      let now = mapped(ref)
      if now != ref { moved[now, default: []].insert(ref) }
    }
    return moved
  }
}
