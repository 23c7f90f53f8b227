import SyncCore

/// Which styles show a number as a date or a time of day.
final class CellStyles: XMLHandler {
  private var custom: [Int: Bool] = [:]
  private var formats: [Int] = []
  private var isInCellFormats = false

  init(_ part: String?, in archive: ZipArchive) throws(Failure) {
    if let part { try archive.parse(part, self) }
  }

  func isDate(_ style: Int) -> Bool {
    guard formats.indices.contains(style) else { return false }
    return custom[formats[style]] ?? DateFormat.isDate(builtin: formats[style])
  }

  func start(_ name: String, _ attributes: XMLAttributes) {
    switch name {
    case "numFmt":
      guard let id = attributes["numFmtId"].flatMap({ Int($0) }), let code = attributes["formatCode"] else { return }
      custom[id] = DateFormat.isDate(code)
    case "cellXfs": isInCellFormats = true
    case "xf" where isInCellFormats: formats.append(attributes["numFmtId"].flatMap { Int($0) } ?? 0)
    default: break
    }
  }

  func end(_ name: String) { if name == "cellXfs" { isInCellFormats = false } }
  func text(_ bytes: UnsafeBufferPointer<UInt8>) {}
}

/// Number formats (ECMA-376 part 1, 18.8.30 and 18.8.31).
enum DateFormat {
  /// 27 to 36 and 50 to 58 are dates in the East Asian editions.
  static func isDate(builtin id: Int) -> Bool {
    (14...22).contains(id) || (27...36).contains(id) || (45...47).contains(id) || (50...58).contains(id)
  }

  /// Whether a format code shows parts of a date or a time: letters that are neither quoted nor escaped, nor a colour,
  /// a locale or a condition in brackets.
  static func isDate(_ code: String) -> Bool {
    var scalars = code.unicodeScalars[...]
    if code.lowercased().hasPrefix("general") { return false }
    while let scalar = scalars.popFirst() {
      switch scalar {
      case ";": return false
      case "\"": skip(&scalars, to: "\"")
      case "\\", "_", "*": _ = scalars.popFirst()
      case "[":
        let inside = scalars.prefix { $0 != "]" }
        skip(&scalars, to: "]")
        // [h] counts hours, minutes or seconds.
        if let first = inside.first, inside.allSatisfy({ $0 == first }), "hmsHMS".unicodeScalars.contains(first) {
          return true
        }
      case "y", "Y", "m", "M", "d", "D", "h", "H", "s", "S": return true
      default: break
      }
    }
    return false
  }

  private static func skip(_ scalars: inout Substring.UnicodeScalarView, to end: Unicode.Scalar) {
    while let scalar = scalars.popFirst(), scalar != end {}
  }
}
