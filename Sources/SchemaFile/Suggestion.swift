import SyncCore

/// “did you mean …?” for a message, in both languages.
func suggestion(for word: String, in list: [String]) -> (zh: String, en: String) {
  guard let near = nearest(word, in: list) else { return ("", "") }
  return (",是否为「\(near)」?", "; did you mean “\(near)”?")
}
