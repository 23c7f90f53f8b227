/// The place of a cell, both counted from 1.
struct CellReference: Hashable {
  var row: Int
  var column: Int

  init(row: Int, column: Int) {
    self.row = row
    self.column = column
  }

  /// `B7`; nil when it is not written so, or lies outside what a sheet can have.
  init?(_ text: some StringProtocol) {
    let letters = text.utf8.prefix { (65...90).contains($0) }
    let digits = text.utf8.dropFirst(letters.count)
    guard (1...3).contains(letters.count), (1...7).contains(digits.count) else { return nil }
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    column = letters.reduce(0) { $0 * 26 + Int($1) - 64 }
    row = digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    guard (1...SheetLimits.rows).contains(row), column <= SheetLimits.columns else { return nil }
  }

  static func letters(_ column: Int) -> String {
    var rest = column
    var out = ""
    while rest > 0 {
      out = String(UnicodeScalar(UInt8(65 + (rest - 1) % 26))) + out
      rest = (rest - 1) / 26
    }
    return out
  }

  var text: String { Self.letters(column) + String(row) }
}
