import Presentation

/// A sum of yuan (or of pieces) that no row can make overflow. SQLite's own sum() would raise an error.
struct Sum: Equatable {
  private(set) var value: Int128 = 0

  init(_ parts: some Sequence<Int64> = []) { for part in parts { add(part) } }

  mutating func add(_ part: Int64) { value += Int128(part) }

  var cell: Report.Cell { Int64(exactly: value).map { .integer($0) } ?? .real(Double(value)) }

  var real: Double { Double(value) }

  /// Its share of another; nil of nothing.
  func share(of whole: Sum) -> Report.Cell { whole.value > 0 ? .real(real / whole.real) : .none }
}
