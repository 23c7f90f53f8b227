import SyncCore

/// Changes for one batch: as many as one may hold, in number and in bytes.
public struct Portion {
  public private(set) var changes: [Change] = []
  private var bytes = 0
  private let most: Int
  private let mostBytes: Int

  public init(most: Int, bytes: Int) {
    self.most = most
    mostBytes = bytes
  }

  /// Adds a change, if there is room; an empty portion has room for any.
  public mutating func take(_ change: Change, _ record: RecordSchema) -> Bool {
    let size = change.mostBytes(record)
    guard changes.isEmpty || changes.count < most && bytes + size <= mostBytes else { return false }
    changes.append(change)
    bytes += size
    return true
  }

  /// The changes in their order, in as many portions as it takes.
  public static func part(
    _ changes: [Change], _ schema: Schema, most: Int = Batch.mostChanges, bytes: Int = Batch.mostBytes
  ) -> [[Change]] {
    var portions: [[Change]] = []
    var portion = Portion(most: most, bytes: bytes)
    for change in changes {
      guard let record = schema.record(change.record), !portion.take(change, record) else { continue }
      portions.append(portion.removeAll())
      _ = portion.take(change, record)
    }
    return portion.changes.isEmpty ? portions : portions + [portion.changes]
  }

  /// Empties it.
  public mutating func removeAll() -> [Change] {
    defer { self = Portion(most: most, bytes: mostBytes) }
    return changes
  }
}
