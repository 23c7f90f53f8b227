import SyncCore

// Rows by the names that they have after duplicates were merged.
extension Witness {
  func canonical(_ ref: RowRef) -> RowRef {
    if aliases.isEmpty { return ref }
    if let target = aliases[ref] { return RowRef(ref.record, target) }
    guard let record = schema.record(ref.record) else { return ref }
    let values = zip(record.keyIndices, ref.key.values).map { canonical($1, record.fields[$0]) }
    return RowRef(ref.record, RowKey(values))
  }

  /// The row, and the duplicates that were merged into it.
  func names(of ref: RowRef) -> Set<RowRef> {
    let kept = canonical(ref)
    return Set(aliases.keys.filter { canonical($0) == kept }).union([kept])
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

  /// Whether the value that is said again was entered before an erasure.
  func isEntered(_ again: Claim, before erasure: Erased) -> Bool {
    let ref = canonical(again.ref)
    return claims.contains {
      !$0.isRepeated && $0.column == again.column && $0.value == again.value && $0.event <= erasure.event
        && canonical($0.ref) == ref
    }
  }
}

extension Witness.Claim {
  /// The batch of the log that brought it; nil: none did.
  /// - Parameter arrivals: of machines' batches, by their bodies.
  func arrival(in arrivals: [[UInt8]: Int64]) -> Int64? {
    author == nil ? arrival : body.flatMap { arrivals[$0] }
  }
}
