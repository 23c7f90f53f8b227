extension RowKey: CustomStringConvertible {
  /// The key as messages name it: its values joined by commas.
  public var description: String {
    values.map { value in
      switch value {
      case .null: "NULL"
      case .integer(let x): String(x)
      case .real(let x): String(x)
      case .text(let x): x
      case .blob(let x): "x'\(x.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
      }
    }.joined(separator: ",")
  }
}
