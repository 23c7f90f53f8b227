/// Texts of a CSV file that a spreadsheet takes for formulas, or for true and false, and what it makes of them.
package enum SpreadsheetFormula {
  private static let starts: [Unicode.Scalar] = ["=", "+", "-", "@", "\t", "\r"]
  private static let errors: Set<String> = [
    "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
  ]

  /// Whether a spreadsheet runs the text.
  package static func isLike(_ text: String) -> Bool { text.unicodeScalars.first.map(starts.contains) == true }

  /// An apostrophe in front makes it text. One that was there gets another, so that `unguarded` leaves it.
  package static func guarded(_ text: String) -> String { isLikeBehindApostrophes(text) ? "'" + text : text }

  /// What `guarded` was given.
  package static func unguarded(_ text: String) -> String {
    guard text.unicodeScalars.first == "'", isLikeBehindApostrophes(text) else { return text }
    return String(text.unicodeScalars.dropFirst())
  }

  private static func isLikeBehindApostrophes(_ text: String) -> Bool {
    let apostrophe: Unicode.Scalar = "'"
    return text.unicodeScalars.first { $0 != apostrophe }.map(starts.contains) == true
  }

  /// Whether a text is what a cell shows whose formula failed.
  package static func isError(_ text: String) -> Bool {
    let digits = text.dropFirst(4)
    return errors.contains(text) || text.hasPrefix("Err:") && digits.count == 3 && SpreadsheetNumber.isDigits(digits)
  }

  /// Whether a text may be what a spreadsheet made of another one.
  package static func isLeft(_ text: String, of original: String) -> Bool {
    let rest = String(original.dropFirst())
    switch original.first {
    case "="?: return Double(text) != nil
    case "+"?: return text == rest && Double(rest) != nil || SpreadsheetNumber.isLeft(text, of: rest)
    case "-"?: return text.hasPrefix("-") && SpreadsheetNumber.isLeft(String(text.dropFirst()), of: rest)
    default: return text != original && ["TRUE", "FALSE"].contains(text) && original.uppercased() == text
    }
  }
}
