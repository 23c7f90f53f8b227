/// The word of the list that is nearest to a mistyped one; the first of those equally near.
func nearest(_ word: String, in list: [String]) -> String? {
  list.min { distance(word, $0) < distance(word, $1) }
}

/// Levenshtein's edit distance, a swap of neighbours counting as two.
private func distance(_ a: String, _ b: String) -> Int {
  let b = Array(b.unicodeScalars)
  var row = Array(0...b.count)
  for (i, scalar) in a.unicodeScalars.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (scalar == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}

/// “did you mean …?” for a message, in both languages.
func suggestion(for word: String, in list: [String]) -> (zh: String, en: String) {
  guard let near = nearest(word, in: list) else { return ("", "") }
  return (",是否为「\(near)」?", "; did you mean “\(near)”?")
}
