/// Writes comma-separated values (RFC 4180), with LF at the end of a line.
public enum CSVText {
  public static func line(_ cells: [String]) -> String {
    // A single empty cell would be a blank line, which readers skip.
    if cells == [""] { return "\"\"\n" }
    return cells.map(cell).joined(separator: ",") + "\n"
  }

  /// Quoted where a reader might otherwise take something away or see another delimiter.
  private static func cell(_ text: String) -> String {
    let special: [Unicode.Scalar] = [
      ",", ";", "\t", "\"", "\r", "\n", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}",
    ]
    let scalars = text.unicodeScalars
    let edges = [scalars.first, scalars.last].compactMap { $0 }
    let isAtRisk = edges.contains { $0.properties.isWhitespace || $0.value == 0xfeff }
    guard isAtRisk || scalars.contains(where: special.contains) else { return text }
    var out = "\""
    for scalar in scalars {
      if scalar == "\"" { out += "\"" }
      out.unicodeScalars.append(scalar)
    }
    return out + "\""
  }
}
