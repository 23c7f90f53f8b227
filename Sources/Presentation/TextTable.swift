/// A table for a terminal. Two spaces between columns; columns of numbers stand right.
public struct TextTable {
  private let headers: [String]
  private let rows: [[String]]
  private let right: [Bool]?

  /// Rows may be shorter or longer than the headers; what is missing is blank. Numbers stand at the right: the columns
  /// that `right` says, or those whose cells all look like one.
  public init(headers: [String], rows: [[String]], right: [Bool]? = nil) {
    self.headers = headers.map(visibleText)
    self.rows = rows.map { $0.map(visibleText) }
    self.right = right
  }

  /// Lines without a line break at the end, and without spaces at the end of a line.
  public func render() -> String {
    let count = rows.reduce(headers.count) { max($0, $1.count) }
    let columns = (0..<count).map(column)
    let rule = columns.map { String(repeating: "─", count: $0.width) }
    return ([headers, rule] + rows).map { line($0, columns) }.joined(separator: "\n")
  }

  private struct Column {
    var width: Int
    var isRight: Bool
  }

  private func column(_ index: Int) -> Column {
    let cells = rows.map { cell($0, index) }
    let width = cells.reduce(displayWidth(cell(headers, index))) { max($0, displayWidth($1)) }
    guard let right else { return Column(width: width, isRight: cells.allSatisfy { $0.isEmpty || isNumber($0) }) }
    return Column(width: width, isRight: index < right.count && right[index])
  }

  private func cell(_ cells: [String], _ index: Int) -> String { index < cells.count ? cells[index] : "" }

  private func line(_ cells: [String], _ columns: [Column]) -> String {
    var line = columns.enumerated().map { index, column in
      let text = cell(cells, index)
      let space = String(repeating: " ", count: max(0, column.width - displayWidth(text)))
      return column.isRight ? space + text : text + space
    }.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// Digits with a sign, a fraction, an exponent: what `ValueText.show` makes of numbers.
private func isNumber(_ text: String) -> Bool {
  let allowed = text.utf8.allSatisfy { (48...57).contains($0) || [UInt8](".+-e".utf8).contains($0) }
  return allowed && Double(text) != nil
}
