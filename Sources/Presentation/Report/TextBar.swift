/// Bars of block characters, to an eighth of a column.
enum TextBar {
  /// A share of 1 is the whole width; above, the last character is a mark. Nothing for a share below 0.
  static func bar(_ share: Double, width: Int) -> String {
    guard share > 0, width > 0 else { return "" }
    if share > 1 { return String(repeating: "█", count: width - 1) + "+" }
    // What is there at all is seen.
    let eighths = max(1, Int((share * Double(width) * 8).rounded()))
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + rest
  }

  /// A bar for every cell of the column: of a share as it is, of other numbers against the largest.
  static func bars(_ cells: [Report.Cell], _ unit: Report.Unit, width: Int) -> [String] {
    let full = unit == .percent ? 1 : cells.compactMap(\.number).max() ?? 0
    return cells.map { cell in
      guard let number = cell.number, full > 0 else { return "" }
      return bar(number / full, width: width)
    }
  }
}
