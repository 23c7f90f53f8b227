import SyncCore

/// "unknown record 'enterprize'; did you mean 'enterprise'? known: …"
public func unknownName(_ kind: Label, _ word: String, known: [String]) -> Failure {
  let typed = quotedText(word)
  let guess = nearest(word, in: known)
  let zhGuess = guess.map { "，是否要用“\($0)”？" } ?? "。"
  let enGuess = guess.map { "; did you mean '\($0)'?" } ?? ";"
  return Failure(
    .usage, zh: "没有名为“\(typed)”的\(kind.zh)\(zhGuess)可用：\(known.joined(separator: "、"))",
    en: "unknown \(kind.en) '\(typed)'\(enGuess) known: \(known.joined(separator: ", "))")
}
