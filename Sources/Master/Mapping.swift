import SyncCore

/// Where late edits go: from the other key of a merged duplicate to the row that was kept, and from a unit to the one that
/// took over. The sender need not know of either.
struct Mapping {
  let schema: Schema
  let aliases: [RowRef: RowKey]
  let unit: (old: String, successor: String)?
  /// Rows that the old unit has kept, or had when they were deleted.
  private(set) var kept: Set<RowRef>
  /// Rows that are deleted by the key of a duplicate, or of what stood below one. What came by such a key since is no duplicate.
  private var former: Set<RowRef> = []
  /// Rows that were entered by another key than the one by which they are deleted, too.
  private var shared: Set<RowRef> = []

  /// Reads what applies to these changes.
  init(_ schema: Schema, _ transaction: any MasterTransaction, _ changes: [Change], sender: Sender) throws {
    self.schema = schema
    unit = sender.successor.map { (sender.org, $0) }
    let images = unit == nil ? [:] : try transaction.images(of: changes.map(\.ref))
    // A row with its unit in its key is no row of the successor's, also when it is deleted: that may have one of its own. What
    // has landed since is the successor's.
    let gone = changes.filter { change in
      guard sender.successor != nil, change.kind != .insert, images[change.ref] == nil else { return false }
      return schema.record(change.record).map { record in record.scopeIndex.map(record.isKey) ?? false } ?? false
    }
    let tombstones = try transaction.tombstones(of: gone.map(\.ref))
    let returned = try transaction.landedNames(among: Set(tombstones.keys))
    let last = tombstones.filter { !returned.contains($0.key) }
    kept = Set(
      images.merging(last) { image, _ in image }.filter { ref, image in
        guard let record = schema.record(ref.record), case .field = record.scope else { return false }
        return record.scopeIndex.map { image[$0] == .text(sender.org) } ?? false
      }.keys)
    #if MUTANTS
      if Mutant.successorTakesWhatStays.isActive { kept = [] }
    #endif
    aliases = try transaction.hasAliases() ? transaction.aliases(of: schema.named(in: changes)) : [:]
    if isIdentity { return }
    let deletes = changes.filter { $0.kind == .delete }
    let renamed = Set(deletes.map(\.ref).filter { mapped($0) != $0 })
    let landed = try transaction.landedNames(among: renamed)
    former = renamed.filter { aliases[$0] != nil || !landed.contains($0) }
    let moved = deletes.map { ($0.ref, mapped($0).ref) }.filter { $0 != $1 && !former.contains($0) }
    shared = try transaction.sharedNames(among: Dictionary(uniqueKeysWithValues: moved))
  }

  /// A mapping of duplicates only.
  init(_ schema: Schema, aliases: [RowRef: RowKey]) {
    self.schema = schema
    self.aliases = aliases
    unit = nil
    kept = []
  }

  var isIdentity: Bool { aliases.isEmpty && unit == nil }

  func mapped(_ change: Change) -> Change {
    guard !isIdentity, let record = schema.record(change.record) else { return change }
    let sent = change
    var change = change
    let moves = !kept.contains(change.ref)
    change.old = mapped(change.old, record, moves: moves)
    change.new = mapped(change.new, record, moves: moves)
    let target = aliases[change.ref]
    for (place, column) in record.keyIndices.enumerated() {
      if let target {
        if change.old[column] != nil { change.old[column] = target.values[place] }
        if change.new[column] != nil { change.new[column] = target.values[place] }
      }
    }
    let source = change.kind == .insert ? change.new : change.old
    change.key = RowKey(record.keyIndices.map { source[$0] ?? .null })
    return aliases.isEmpty ? change : parted(change, sent, record)
  }

  /// Of two rows that are one neither names the other any more: it would name itself.
  private func parted(_ mapped: Change, _ sent: Change, _ record: RecordSchema) -> Change {
    var change = mapped
    for column in record.otherIndices where !record.fields[column].required {
      let field = record.fields[column]
      func namesTheOther(_ value: Value?, _ sentValue: Value?) -> Bool {
        schema.target(of: field, value) == mapped.ref && schema.target(of: field, sentValue) != sent.ref
      }
      let (old, new) = (
        namesTheOther(mapped.old[column], sent.old[column]), namesTheOther(mapped.new[column], sent.new[column])
      )
      if old { change.old[column] = .null }
      if new { change.new[column] = .null }
      guard old || new, change.kind == .update, change.old[column] == change.new[column] else { continue }
      (change.old[column], change.new[column]) = (nil, nil)
      change.cellEdits[column] = nil
    }
    return change
  }

  /// Whether a change deletes a row by a key that it had before duplicates were merged.
  func isByFormerKey(_ change: Change) -> Bool { change.kind == .delete && former.contains(change.ref) }

  /// Whether a change deletes a row that was entered by another key, too.
  func isOfSharedRow(_ change: Change) -> Bool { change.kind == .delete && shared.contains(change.ref) }

  /// A row by the key that it has now. Who took over from a unit changes no key.
  func mapped(_ ref: RowRef) -> RowRef {
    if let target = aliases[ref] { return RowRef(ref.record, target) }
    guard !aliases.isEmpty, let record = schema.record(ref.record), record.key.count == ref.key.values.count else {
      return ref
    }
    let values = zip(record.keyIndices, ref.key.values).map { column, value in
      schema.target(of: record.fields[column], value).flatMap { aliases[$0] }?.values.first ?? value
    }
    return RowRef(ref.record, RowKey(values))
  }

  /// The values with every reference and unit mapped.
  func mapped(_ values: [Value?], _ record: RecordSchema, moves: Bool = true) -> [Value?] {
    zip(record.fields, values).map { field, value in
      if moves, let unit, case .field(field.name) = record.scope, value == .text(unit.old) {
        return .text(unit.successor)
      }
      return schema.target(of: field, value).flatMap { aliases[$0] }?.values.first ?? value
    }
  }
}

extension MasterTransaction {
  /// A value that may name a merged duplicate, as it names the row that was kept.
  func kept(_ value: Value, of field: Field, _ schema: Schema) throws -> Value {
    guard let ref = schema.target(of: field, value) else { return value }
    return try aliases(of: [ref])[ref]?.values.first ?? value
  }
}

extension Schema {
  /// The rows of changes, and those that they name by their keys.
  fileprivate func named(in changes: [Change]) -> Set<RowRef> {
    var refs: Set<RowRef> = []
    for change in changes {
      guard let record = record(change.record) else { continue }
      refs.insert(change.ref)
      for values in [change.old, change.new] {
        for (field, value) in zip(record.fields, values) {
          if let ref = target(of: field, value) { refs.insert(ref) }
        }
      }
    }
    return refs
  }

  /// The row that a value of this field names by its key.
  func target(of field: Field, _ value: Value?) -> RowRef? {
    guard let reference = field.reference, let value, !value.isNull, record(reference.record)?.key == [reference.field]
    else { return nil }
    return RowRef(reference.record, RowKey([value]))
  }
}
