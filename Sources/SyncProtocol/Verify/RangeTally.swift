import SyncCore

/// What is asked of ranges, found in one pass over the rows of a record. It holds what is asked, and no rows beside.
public struct RangeTally: Sendable {
  /// One range, counted.
  public struct Node: Sendable {
    public internal(set) var digest = RangeDigest()
    /// Those of its children, in their order; empty for the longest ranges.
    public internal(set) var children: [RangeDigest]
    /// Its rows, in no order; nil when they are more than are to be listed.
    public internal(set) var rows: [HashedRow]? = []
    let most: Int

    /// Its rows in the order of their keys.
    public var sortedRows: [HashedRow]? { rows?.sorted { $0.key < $1.key } }
  }

  private let record: String
  private let lengths: [Int]
  private var nodes: [RowRange: Node] = [:]

  /// - Parameter ranges: those asked for, of this record; of each, how many rows are listed at most.
  public init(_ record: String, _ ranges: [RowRange: Int]) {
    self.record = record
    for (range, most) in ranges where range.record == record {
      let children = range.digits == RowRange.mostDigits ? 0 : 16
      nodes[range] = Node(children: Array(repeating: RangeDigest(), count: children), most: most)
    }
    lengths = Set(nodes.keys.map(\.digits)).sorted()
  }

  public mutating func add(_ row: HashedRow) {
    for length in lengths {
      let range = RowRange(record, digits: length, bits: row.place)
      guard let index = nodes.index(forKey: range) else { continue }
      nodes.values[index].add(row, digit: length == RowRange.mostDigits ? nil : row.place >> UInt64(60 - 4 * length))
    }
  }

  public subscript(range: RowRange) -> Node? { nodes[range] }
}

extension RangeTally.Node {
  fileprivate mutating func add(_ row: HashedRow, digit: UInt64?) {
    digest.add(row.hash)
    if let digit { children[Int(digit & 15)].add(row.hash) }
    guard let listed = rows?.count else { return }
    if listed < most { rows?.append(row) } else { rows = nil }
  }
}

extension RangeTally.Node {
  /// What the city says of the range when it is not as in the probe.
  /// - Parameter most: a range with no more rows is listed; so is one that cannot be parted.
  public func answer(for range: RowRange) -> AnswerItem {
    if let rows = sortedRows { return .leaf(range, rows) }
    return .split(range, children)
  }
}
