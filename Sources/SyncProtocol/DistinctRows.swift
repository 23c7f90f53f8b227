import SyncCore

/// Finds rows that come twice in a batch. Senders list the rows of a record in the order of their keys: as long as they do,
/// the row before is all there is to look at.
struct DistinctRows {
  private var last: RowRef?
  private var finished: Set<String> = []
  /// Of a batch in another order.
  private var seen: Set<RowRef>?

  /// Whether no row before was this one.
  /// - Parameter changes: those of the rows before, in the order in which this was asked.
  mutating func isNew(_ ref: RowRef, after changes: [Change]) -> Bool {
    if seen != nil { return seen?.insert(ref).inserted == true }
    defer { last = ref }
    guard let last else { return true }
    if last.record == ref.record {
      if last.key.values.isListed(before: ref.key.values) { return true }
    } else if finished.insert(last.record).inserted, !finished.contains(ref.record) {
      return true
    }
    seen = Set(changes.map(\.ref))
    return seen?.insert(ref).inserted == true
  }
}

extension [Value] {
  /// As SQLite lists the keys of a table, one column after the other.
  fileprivate func isListed(before other: [Value]) -> Bool {
    for (mine, its) in zip(self, other) where mine != its { return mine.isListed(before: its) }
    return false
  }
}

extension Value {
  fileprivate func isListed(before other: Value) -> Bool {
    switch (self, other) {
    case (.integer(let a), .integer(let b)): a < b
    case (.real(let a), .real(let b)): a < b
    case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.blob(let a), .blob(let b)): a.lexicographicallyPrecedes(b)
    default: false
    }
  }
}
