import GRDB
import SQLiteStore
import SyncCore

// To read one change of a batch that was sent is to open all of it. Who goes through many rows opens each batch once.

/// Batches of this replica that were opened.
final class OpenedBatches {
  /// What a batch, and what follows it, says of these rows.
  struct Said {
    var refs: Set<RowRef>
    var changes: [RowRef: [Change]]
  }

  /// More changes than that are not kept.
  private static let most = 2 * Replica.portion

  var said: [Int64: Said] = [:]
  private var batches: [Int64: [Change]] = [:]
  private var places: [Int64: [RowRef: Int]] = [:]
  private var count = 0

  func changes(of number: Int64) -> [Change]? { batches[number] }

  /// Where a batch that is kept names a row; nil: it does not.
  func place(of ref: RowRef, in number: Int64) -> Int? {
    if places[number] == nil, let changes = batches[number] {
      places[number] = Dictionary(changes.indices.map { (changes[$0].ref, $0) }) { first, _ in first }
    }
    return places[number]?[ref]
  }

  func keep(_ changes: [Change], of number: Int64) {
    if count + changes.count > Self.most { (batches, places, count) = ([:], [:], 0) }
    batches[number] = changes
    count += changes.count
  }
}

extension Replica {
  /// Goes through rows, while no batch that was sent changes and nothing is erased.
  func openingOnce<T>(_ body: () throws -> T) rethrows -> T {
    if openedBatches != nil { return try body() }
    openedBatches = OpenedBatches()
    defer { openedBatches = nil }
    return try body()
  }
}
