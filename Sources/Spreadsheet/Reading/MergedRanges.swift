import SyncCore

/// The cells that hide behind the first one of a merged range. Asked row by row, downwards.
struct MergedRanges {
  private struct Range {
    var first: CellReference
    var last: CellReference
  }
  /// The next one at the end.
  private var waiting: [Range] = []
  /// Those of the current row, from left to right.
  private var current: [Range] = []

  mutating func add(_ text: String) throws(Failure) {
    let ends = text.split(separator: ":").map { CellReference($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first.row <= last.row, first.column <= last.column
    else { throw ReadFailure.damaged("合并区域 \(text) 有误", "the merged range \(text) is wrong") }
    waiting.append(Range(first: first, last: last))
    try ReadFailure.limit(waiting.count, SheetLimits.mergedRanges, "合并区域", "merged ranges")
  }

  mutating func sort() { waiting.sort { ($0.first.row, $0.first.column) > ($1.first.row, $1.first.column) } }

  mutating func enter(row: Int) throws(Failure) {
    if current.contains(where: { $0.last.row < row }) { current.removeAll { $0.last.row < row } }
    while let next = waiting.last, next.first.row <= row {
      waiting.removeLast()
      guard next.last.row >= row else { continue }
      let place = position(of: next.first.column)
      // Ranges that overlap would make every question slow.
      let before = place > 0 ? current[place - 1].last.column : 0
      let after = place < current.count ? current[place].first.column : .max
      guard before < next.first.column, next.last.column < after else {
        throw ReadFailure.damaged("合并区域重叠", "merged ranges overlap")
      }
      current.insert(next, at: place)
    }
  }

  func hides(_ cell: CellReference) -> Bool {
    let place = position(of: cell.column + 1)
    guard place > 0, current[place - 1].last.column >= cell.column else { return false }
    return current[place - 1].first != cell
  }

  /// The index of the first range that begins at this column or to the right of it.
  private func position(of column: Int) -> Int {
    var (low, high) = (0, current.count)
    while low < high {
      let middle = (low + high) / 2
      if current[middle].first.column < column { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
