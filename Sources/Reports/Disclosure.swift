import Presentation

/// What the readers of a report can work out from the cells that are shown, in whatever table: every combination of
/// sums. Cells are asked for one after the other, what matters most first; one that would tell what rests on one or two
/// enterprises is left out of what is published.
struct Disclosure {
  /// A figure, and the sums that it tells: of a quantity, over the enterprises that have it. A ratio tells two sums,
  /// for whoever knows one of them knows the other.
  struct Figure {
    var cell: Report.Cell
    var sums: [String: Set<String>]

    fileprivate var enterprises: Int { sums.values.map(\.count).max() ?? 0 }
  }

  private let isForPublication: Bool
  private var spans: [String: SumSpan] = [:]

  init(isForPublication: Bool) { self.isForPublication = isForPublication }

  /// The cell as it is shown. What is not left out counts as known from then on.
  mutating func cell(_ figure: Figure) -> Report.Cell {
    guard isForPublication else { return figure.cell }
    var next = spans
    for (quantity, enterprises) in figure.sums {
      var span = next[quantity] ?? SumSpan()
      span.add(enterprises)
      if span.isTelling { return .suppressed }
      next[quantity] = span
    }
    spans = next
    return figure.cell
  }

  /// Figures that matter alike, some the sum of others, in the order given. The largest are asked for first, so that a
  /// total stays; of two alike the last, so that the first of the smallest goes, as in `Suppression.cells`.
  mutating func cells(_ figures: [Figure]) -> [Report.Cell] {
    var cells = figures.map(\.cell)
    let order = figures.indices.sorted { (figures[$0].enterprises, $0) > (figures[$1].enterprises, $1) }
    for index in order { cells[index] = cell(figures[index]) }
    return cells
  }

  /// The parts, then a total that is public anyway, such as a count of the whole city: it is shown, and counts as known.
  mutating func cells(_ parts: [Figure], ofPublic total: Figure) -> [Report.Cell] {
    if isForPublication {
      for (quantity, enterprises) in total.sums { spans[quantity, default: SumSpan()].add(enterprises) }
    }
    return cells(parts) + [total.cell]
  }
}

/// Sums of one quantity and all their linear combinations: a matrix in reduced row echelon form. Enterprises that no
/// sum tells apart share a column. It is calculated modulo a prime, for that is exact.
private struct SumSpan {
  private static let prime = 2_147_483_647

  /// How many enterprises share each column.
  private var sizes: [Int] = []
  private var columns: [String: Int] = [:]
  private var rows: [(pivot: Int, entries: [Int])] = []

  mutating func add(_ enterprises: Set<String>) {
    var entries = [Int](repeating: 0, count: sizes.count)
    for (column, part) in Dictionary(grouping: enterprises, by: { columns[$0] }) {
      if let column, part.count == sizes[column] {
        entries[column] = 1
      } else {
        split(column, part)
        entries.append(1)
      }
    }
    insert(entries)
  }

  /// Whether a combination rests on one or two enterprises. It is a row, or made of two rows that are proportional but
  /// for their pivots: of three, the pivots alone are three enterprises.
  var isTelling: Bool {
    var rests: Set<[Int]> = []
    for (pivot, entries) in rows {
      let enterprises = entries.indices.reduce(0) { $0 + (entries[$1] == 0 ? 0 : sizes[$1]) }
      if enterprises < Suppression.fewest { return true }
      guard sizes[pivot] == 1 else { continue }
      var rest = entries
      rest[pivot] = 0
      if !rests.insert(Self.scaled(rest)).inserted { return true }
    }
    return false
  }

  /// A column of their own for enterprises that are new, or shared one with others.
  private mutating func split(_ column: Int?, _ part: [String]) {
    for enterprise in part { columns[enterprise] = sizes.count }
    if let column { sizes[column] -= part.count }
    sizes.append(part.count)
    for index in rows.indices {
      let entry = column.map { rows[index].entries[$0] } ?? 0
      rows[index].entries.append(entry)
    }
  }

  private mutating func insert(_ sum: [Int]) {
    var entries = sum
    for row in rows { entries = Self.subtracting(row.entries, times: entries[row.pivot], from: entries) }
    guard let pivot = entries.firstIndex(where: { $0 != 0 }) else { return }
    entries = Self.scaled(entries)
    for index in rows.indices {
      let row = rows[index].entries
      rows[index].entries = Self.subtracting(entries, times: row[pivot], from: row)
    }
    rows.append((pivot: pivot, entries: entries))
  }

  private static func subtracting(_ row: [Int], times factor: Int, from other: [Int]) -> [Int] {
    factor == 0 ? other : zip(other, row).map { ($0 + (prime - factor) * $1) % prime }
  }

  /// The first that is not zero becomes 1.
  private static func scaled(_ row: [Int]) -> [Int] {
    guard let first = row.first(where: { $0 != 0 }) else { return row }
    // Its inverse, by Fermat's little theorem.
    var (inverse, square, exponent) = (1, first, prime - 2)
    while exponent > 0 {
      if !exponent.isMultiple(of: 2) { inverse = inverse * square % prime }
      square = square * square % prime
      exponent /= 2
    }
    return row.map { $0 * inverse % prime }
  }
}
