/// The text on one line, with nothing in it that a terminal obeys: a line break is ⏎, other controls are escapes.
public func visibleText(_ text: String) -> String {
  var out = ""
  var afterReturn = false
  for scalar in text.unicodeScalars {
    // CR LF is one line break; a CR alone would let a cell overwrite its own beginning.
    if afterReturn, scalar != "\n" { out += escaped("\r") }
    afterReturn = scalar == "\r"
    switch scalar {
    case "\r": continue
    case "\n": out += "⏎"
    case "\t": out += "\\t"
    case _ where isObeyed(scalar): out += escaped(scalar)
    default: out.unicodeScalars.append(scalar)
    }
  }
  return afterReturn ? out + escaped("\r") : out
}

/// The same of several lines, whose breaks stay.
public func visibleLines(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { isObeyed($0) && $0 != "\n" }) else { return text }
  let lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
  return lines.map { visibleText(String($0)) }.joined(separator: "\n")
}

/// A text that somebody typed, short enough to repeat in a message.
public func quotedText(_ text: String) -> String {
  let most = 60
  return visibleText(text.count > most ? text.prefix(most - 1) + "…" : text)
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
}

/// Controls (C0, DEL, C1), line separators, and the controls of direction that would reorder a row.
private func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0...0x1f, 0x7f...0x9f, 0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
  default: false
  }
}
