import SyncCore

/// Whose turn it is when a replica looks for the rows in which it differs from its city. No I/O.
///
///     ranges with their digests  →  those that differ: their children's digests, or their rows if they are few
///
/// One row that differs costs a digest or sixteen a level, whatever else is stored.
public struct RangeComparison: Sendable {
  /// Ranges that have not been asked about.
  private var open: [ProbedRange]
  /// The rows that differ, or changed at the city meanwhile.
  public private(set) var rows: Set<RowRef> = []

  /// - Parameter open: the digests of the widest ranges, here.
  public init(_ open: [ProbedRange]) { self.open = open }

  /// The next ranges to ask about; empty: all is found.
  public mutating func next(most: Int = Probe.mostRanges) -> [ProbedRange] {
    let asked = open.prefix(max(1, most))
    open.removeFirst(asked.count)
    return Array(asked)
  }

  /// What must be counted here to take an answer: of each range, how many rows are to be listed. Throws `BodyError` for an
  /// answer to what was not asked.
  public static func wanted(_ answer: [AnswerItem], asked: [ProbedRange]) throws -> [RowRange: Int] {
    let known = Set(asked.map(\.range))
    var wanted: [RowRange: Int] = [:]
    for item in answer {
      let (range, most) =
        switch item {
        case .split(let range, _): (range, 0)
        case .leaf(let range, _): (range, Int.max)
        case .row: throw BodyError.badShape("sync_split")
        }
      guard known.contains(range), wanted.updateValue(most, forKey: range) == nil else {
        throw BodyError.badShape("sync_split")
      }
    }
    return wanted
  }

  /// - Parameter here: what this replica has in the ranges of the answer.
  public mutating func take(_ answer: [AnswerItem], here: (RowRange) -> RangeTally.Node?) {
    for item in answer {
      switch item {
      case .split(let range, let children):
        guard let mine = here(range)?.children else { continue }
        for (child, pair) in zip(range.children, zip(mine, children)) where pair.0 != pair.1 {
          open.append(ProbedRange(child, pair.0))
        }
      case .leaf(let range, let theirs):
        let mine = Set(here(range)?.rows ?? [])
        rows.formUnion(mine.symmetricDifference(theirs).map { RowRef(range.record, $0.key) })
      case .row: continue
      }
    }
  }
}
