import SyncCore

/// Remembers every value that anybody ever entered, what its author saw there before, and what was frozen into batches.
/// It looks at tables only, before and after a person's edit; of the engine's own bookkeeping it knows nothing.
struct Witness {
  /// nil: an official.
  typealias Author = Int?

  struct Claim {
    var event: Int
    var author: Author
    var ref: RowRef
    /// nil: the row was deleted.
    var column: Int?
    var value: Value
    /// What the author saw in its place.
    var seen: Value
  }

  struct Cell: Hashable {
    var ref: RowRef
    var column: Int
  }

  let schema: Schema
  private(set) var claims: [Claim] = []
  /// Values that somebody replaced who had them before their eyes, by cell.
  private(set) var seen: [Cell: Set<Value>] = [:]
  /// Rows that somebody deleted who saw them, and rows that came again after it.
  private(set) var inserted: Set<RowRef> = []
  /// The duplicates that were merged.
  private(set) var aliases: [RowRef: RowKey] = [:]
  /// Cells that were erased, and what stood in them.
  private(set) var erased: [Cell: [(event: Int, value: Value)]] = [:]
  /// The hash of every batch that was frozen, by machine and number.
  private(set) var frozen: [Int: [Int64: [UInt8]]] = [:]
  /// Values of parked rows that their clerk took up again, or of decisions: in what they saw.
  init(_ schema: Schema) { self.schema = schema }

  /// What a person changed: the difference of what stood there before and after.
  /// - Parameter only: rows beyond these changed by themselves.
  mutating func note(_ author: Author, event: Int, before: Rows, after: Rows, only: Set<RowRef>? = nil) {
    for ref in Set(before.keys).union(after.keys).inOrder()
    where before[ref] != after[ref] && only?.contains(ref) ?? true {
      guard let record = schema.record(ref.record), record.projects == nil else { continue }
      let (old, new) = (before[ref], after[ref])
      if old == nil { inserted.insert(ref) }
      for column in record.fields.indices where !record.isKey(column) && old?[column] != new?[column] {
        if let value = old?[column] { seen[Cell(ref: ref, column: column), default: []].insert(value) }
        guard let value = new?[column], old != nil || !value.isNull else { continue }
        claims.append(
          Claim(event: event, author: author, ref: ref, column: column, value: value, seen: old?[column] ?? .null))
      }
      if new == nil {
        for (column, value) in (old ?? []).enumerated() {
          seen[Cell(ref: ref, column: column), default: []].insert(value)
        }
        claims.append(Claim(event: event, author: author, ref: ref, column: nil, value: .null, seen: .null))
      }
    }
  }

  /// A person looked at these values of a row and put others in their place, without their ever standing in the table.
  mutating func noteSeen(_ ref: RowRef, _ image: [Value?]) {
    for (column, value) in image.enumerated() {
      if let value { seen[Cell(ref: ref, column: column), default: []].insert(value) }
    }
  }

  mutating func noteSeen(_ cell: Cell, _ value: Value) { seen[cell, default: []].insert(value) }

  mutating func noteMerge(_ record: String, duplicate: RowKey, keep: RowKey) {
    for (ref, target) in aliases where ref.record == record && target == duplicate { aliases[ref] = keep }
    aliases[RowRef(record, duplicate)] = keep
  }

  mutating func noteErasure(_ cell: Cell, event: Int, value: Value) {
    erased[cell, default: []].append((event, value))
  }

  /// - Returns: the number of a batch that was frozen before with other bytes.
  mutating func noteFrozen(_ machine: Int, _ batches: [(number: Int64, hash: [UInt8])]) -> Int64? {
    for batch in batches {
      if let known = frozen[machine]?[batch.number], known != batch.hash { return batch.number }
      frozen[machine, default: [:]][batch.number] = batch.hash
    }
    return nil
  }
}

// Rows by the names that they have after duplicates were merged.
extension Witness {
  func canonical(_ ref: RowRef) -> RowRef {
    if aliases.isEmpty { return ref }
    if let target = aliases[ref] { return RowRef(ref.record, target) }
    guard let record = schema.record(ref.record) else { return ref }
    let values = zip(record.keyIndices, ref.key.values).map { canonical($1, record.fields[$0]) }
    return RowRef(ref.record, RowKey(values))
  }

  func canonical(_ value: Value, _ field: Field) -> Value {
    guard let reference = field.reference, let target = aliases[RowRef(reference.record, RowKey([value]))] else {
      return value
    }
    return target.values[0]
  }

  func canonical(_ claim: Claim) -> Claim {
    guard !aliases.isEmpty, let record = schema.record(claim.ref.record) else { return claim }
    var claim = claim
    claim.ref = canonical(claim.ref)
    if let column = claim.column { claim.value = canonical(claim.value, record.fields[column]) }
    return claim
  }
}
