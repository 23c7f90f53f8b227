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
    if seen == nil {
      if isInOrder(ref) {
        last = ref
        return true
      }
      seen = Set(changes.map(\.ref))
    }
    return seen?.insert(ref).inserted == true
  }

  private mutating func isInOrder(_ ref: RowRef) -> Bool {
    guard let last else { return true }
    if last.record == ref.record { return last.key.isListed(before: ref.key) }
    return finished.insert(last.record).inserted && !finished.contains(ref.record)
  }
}

extension RowKey {
  /// As SQLite lists the keys of a table, one column after the other.
  fileprivate func isListed(before other: RowKey) -> Bool {
    for (mine, its) in zip(values, other.values) where mine != its { return mine.isLess(than: its) ?? false }
    return false
  }
}
