import Presentation
import SyncCore

/// Names that spreadsheet programs take: up to 31 UTF-16 units, none of `[ ] : * ? / \`, no apostrophe at an end, not
/// "History", none twice whatever the case.
enum SheetName {
  static func cleaned(_ names: [String]) -> [String] {
    var taken: Set<String> = []
    return names.map { name in
      let base = cleaned(name)
      var candidate = base
      var number = 2
      while !taken.insert(candidate.lowercased()).inserted {
        let suffix = " \(number)"
        candidate = shortened(base, to: SheetLimits.sheetName - suffix.utf16.count) + suffix
        number += 1
      }
      return candidate
    }
  }

  private static func cleaned(_ name: String) -> String {
    let scalars = name.unicodeScalars.map { scalar -> Unicode.Scalar in
      let isForbidden = "[]:*?/\\".unicodeScalars.contains(scalar) || scalar.value < 0x20 || scalar.value >= 0xfffe
      return isForbidden ? "_" : scalar
    }
    var text = shortened(String(String.UnicodeScalarView(scalars)), to: SheetLimits.sheetName)
    while text.hasPrefix("'") || text.hasPrefix(" ") { text.removeFirst() }
    while text.hasSuffix("'") || text.hasSuffix(" ") { text.removeLast() }
    if text.isEmpty { return "Sheet" }
    return text.lowercased() == "history" ? text + "_" : text
  }

  private static func shortened(_ text: String, to units: Int) -> String {
    var out = text
    while out.utf16.count > units { out.removeLast() }
    return out
  }
}
