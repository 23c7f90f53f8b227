// A later version of a record has the same columns at the same places, and more after them. What was made by an earlier
// version is as wide as that was: its sender did not know the rest.

extension RecordSchema {
  /// A row of this version or of an earlier one, with NULL for the fields that came later.
  public func widened(_ row: [Value]) -> [Value] { widened(row, with: .null) }

  /// A row that is kept as a blob, all fields spelled as a key is. nil: it is no row of this record.
  public func image(_ value: Value) -> [Value]? {
    guard case .blob(let bytes) = value, let row = try? RowKey(encoded: bytes).values, row.count <= fields.count
    else { return nil }
    return widened(row)
  }

  /// A change of this version or of an earlier one. Fields that its sender did not know are NULL in a whole row and
  /// untouched in an update.
  public func widened(_ change: Change) -> Change {
    if change.old.count == fields.count, change.new.count == fields.count { return change }
    var wide = change
    wide.old = widened(change.old, isWhole: change.kind == .delete)
    wide.new = widened(change.new, isWhole: change.kind == .insert)
    return wide
  }

  /// One side of a change.
  public func widened(_ values: [Value?], isWhole: Bool) -> [Value?] {
    widened(values, with: isWhole ? Value.null : nil)
  }

  private func widened<T>(_ row: [T], with filler: T) -> [T] {
    row + Array(repeating: filler, count: max(0, fields.count - row.count))
  }
}
