import SyncCore

/// The cells of a sheet that hold something.
public struct SheetTable: Sendable {
  public var name: String
  /// From top to bottom; rows without any cell are left out, hidden rows are not.
  public var rows: [SheetRow]
}

public struct SheetRow: Sendable {
  /// As the spreadsheet program numbers it, from 1.
  public var number: Int
  /// From left to right; empty ones are left out.
  public var cells: [SheetCell]
  /// What is wrong with a cell, by its column.
  public var problems: [Int: Label] = [:]

  /// The texts up to the last cell, "" for what is left out.
  public var texts: [String] {
    var out = [String](repeating: "", count: Int(cells.last?.column ?? 0))
    for cell in cells { out[Int(cell.column) - 1] = cell.text }
    return out
  }
}

public struct SheetCell: Sendable {
  /// From 1.
  public var column: Int32
  /// Whether the file stores a number, which is exact to 15 digits only.
  public var isNumber: Bool
  /// A date is `YYYY-MM-DD`, a boolean `TRUE` or `FALSE`, a number as `NumberText` spells it.
  public var text: String
}
