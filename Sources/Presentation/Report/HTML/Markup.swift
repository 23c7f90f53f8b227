/// A piece of a page that is also well-formed XML. Text comes in through one door, which escapes it.
struct Markup {
  private(set) var source: String

  init(text: String) { source = Self.escaped(text) }

  init(_ name: String, _ attributes: [(String, String)] = [], _ content: [Markup] = []) {
    let list = attributes.map { " \($0.0)=\"\(Self.escaped($0.1))\"" }.joined()
    // HTML knows two kinds: those that never have an end tag and those that always have one.
    if name == "meta" {
      source = "<\(name)\(list) />"
    } else {
      source = "<\(name)\(list)>" + content.map(\.source).joined() + "</\(name)>"
    }
  }

  init(_ name: String, _ attributes: [(String, String)] = [], text: String) {
    self.init(name, attributes, [Markup(text: text)])
  }

  /// Controls are shown and not obeyed; the two scalars that XML has not become the mark of what cannot be shown.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in visibleText(text).unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case "\u{fffe}", "\u{ffff}": out += "\u{fffd}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
