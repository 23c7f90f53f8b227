/// The text in lines of at most `width` columns: broken at spaces, and between any two wide characters. A longer word
/// stands out.
func wrapped(_ text: String, width: Int?) -> [String] {
  guard let width, width > 0 else { return [text] }
  var lines: [String] = []
  var line = ""
  for piece in pieces(text) {
    // A sentence's mark stays with its word, as Chinese typesetting wants it.
    let fits = displayWidth(line + piece.trimmedEnd) <= width || "，。；：、）！？".contains(piece)
    if !line.isEmpty, !fits {
      lines.append(line.trimmedEnd)
      line = ""
    }
    line += piece
  }
  return lines + [line.trimmedEnd]
}

/// What must not be torn apart: a wide character, or a word with the spaces after it.
private func pieces(_ text: String) -> [String] {
  var out: [String] = []
  for character in text {
    let last = out.last?.last
    let joins = last.map { displayWidth(String($0)) < 2 && ($0 != " " || character == " ") } ?? false
    if joins, displayWidth(String(character)) < 2 {
      out[out.count - 1].append(character)
    } else {
      out.append(String(character))
    }
  }
  return out
}

extension String {
  fileprivate var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
