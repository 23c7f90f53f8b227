/// The name that somebody who typed `word` probably meant: within max(2, a third of its letters) typing errors, or
/// beginning with it. Case does not count; among equals the first wins; nil when nothing is near.
public func nearest(_ word: String, in names: [String]) -> String? {
  let typed = Array(word.lowercased())
  guard !typed.isEmpty else { return nil }
  let limit = max(2, typed.count / 3)
  var best: (name: String, cost: Int)?
  for name in names {
    let letters = Array(name.lowercased())
    var cost = letters.starts(with: typed) ? 3 : Int.max
    // With no letter in common two short words would still be "near".
    if let errors = typingErrors(typed, letters, limit: limit), errors < max(typed.count, letters.count) {
      // Doubled, so that a prefix stands between one error and two.
      cost = min(cost, errors * 2)
    }
    if cost < best?.cost ?? Int.max { best = (name, cost) }
  }
  return best?.name
}

/// Insertions, deletions, substitutions and transpositions of neighbours (Damerau–Levenshtein, each letter moved at
/// most once); nil when more than the limit.
private func typingErrors(_ a: [Character], _ b: [Character], limit: Int) -> Int? {
  guard abs(a.count - b.count) <= limit else { return nil }
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    before = last
    last = row
  }
  return last[b.count] <= limit ? last[b.count] : nil
}
