import Presentation

/// Figures that rest on one or two enterprises are left out of what is published, and so is what would reveal them.
public enum Suppression {
  /// The fewest enterprises whose figures may be published together.
  public static let fewest = 3

  /// A figure, and how many enterprises it rests on. None: it is about no enterprise, or it is zero.
  public struct Figure: Equatable, Sendable {
    public var cell: Report.Cell
    public var enterprises: Int

    public init(_ cell: Report.Cell, enterprises: Int) {
      self.cell = cell
      self.enterprises = enterprises
    }

    var isSmall: Bool { enterprises > 0 && enterprises < Suppression.fewest }
  }

  /// Figures that add up to a total which is shown as well. Who takes the others from the total must not learn of fewer
  /// than three enterprises: the smallest others go too until that is so, then one that is zero, at last the total.
  /// Where there is a choice the first of the smallest goes, so that two tables of the same figures leave out the same.
  /// - Parameter total: rests on no enterprise where it is public anyway, such as a count of the whole city.
  /// - Returns: the cells in the order given, then the total.
  public static func cells(_ parts: [Figure], total: Figure, _ isForPublication: Bool) -> [Report.Cell] {
    guard isForPublication else { return parts.map(\.cell) + [total.cell] }
    var hidden = Set(parts.indices.filter { parts[$0].isSmall })
    var isTotalHidden = total.isSmall
    while !isTotalHidden, isRevealing(hidden, parts) {
      let others = parts.indices.filter { !hidden.contains($0) }
      if let next = others.filter({ parts[$0].enterprises > 0 })
        .min(by: { parts[$0].enterprises < parts[$1].enterprises })
      {
        hidden.insert(next)
      } else if hidden.count > 1 {
        break
      } else if let zero = others.first {
        hidden.insert(zero)
      } else {
        isTotalHidden = true
      }
    }
    return parts.indices.map { hidden.contains($0) ? .suppressed : parts[$0].cell }
      + [isTotalHidden ? .suppressed : total.cell]
  }

  private static func isRevealing(_ hidden: Set<Int>, _ parts: [Figure]) -> Bool {
    !hidden.isEmpty && hidden.map { parts[$0].enterprises }.reduce(0, +) < fewest
  }
}
