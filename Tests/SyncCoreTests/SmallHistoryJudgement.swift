import SyncCore

/// Whether one merge kept what was there and what came.
struct Judgement {
  let policy: Policy
  let sender: SmallHistory.Machine
  let before: MasterRow
  let result: MergeResult

  init(_ policy: Policy, _ sender: SmallHistory.Machine, before: MasterRow, _ result: MergeResult) {
    (self.policy, self.sender, self.before, self.result) = (policy, sender, before, result)
  }

  private var after: Value? { result.image?[1] }

  var problem: String? {
    if !keepsWhatStood { return "what stood there is gone unseen" }
    if !keepsWhatCame { return "what came is gone" }
    if !keepsTheDelete { return "a delete that was not seen is gone" }
    if before.underReview.contains(1), before.image != nil, result.image != nil, after != before.image?[1] {
      return "a cell under review moved"
    }
    return nil
  }

  private var keepsWhatStood: Bool {
    // An insert has an empty base.
    guard let stood = before.image?[1], after != stood, stood != sender.base ?? .null else { return true }
    return result.contests.contains { $0.cell(\.master) == stood } || isAbsorbed
  }

  private var keepsWhatCame: Bool {
    guard let came = sender.current else {
      return result.image == nil || result.contests.contains { $0.column == nil && $0.incomingDeletes }
    }
    if after == came || came == sender.base ?? .null { return true }
    return result.contests.contains { $0.cell(\.incoming) == came } || isAbsorbed
  }

  /// Who changes a row that is deleted did not know of it.
  private var keepsTheDelete: Bool {
    guard before.image == nil, sender.base != nil, sender.current != nil else { return true }
    return result.contests.contains { $0.column == nil && !$0.incomingDeletes }
  }

  /// What the column's rule makes of three values.
  private var isAbsorbed: Bool {
    guard let after, let current = sender.current, !result.contests.contains(where: { $0.column == 1 }) else {
      return false
    }
    let (base, stood) = (sender.base ?? .null, before.image?[1] ?? before.tombstone?[1] ?? base)
    switch policy {
    case .sum: return number(after) - number(stood) == number(current) - number(base)
    case .max: return [stood, current].allSatisfy { $0.isNull || number($0) <= number(after) }
    case .min: return [stood, current].allSatisfy { $0.isNull || number($0) >= number(after) }
    case .union, .text:
      let separator: Character = policy == .union ? "," : "\n"
      func parts(_ value: Value) -> Set<Substring> {
        if case .text(let text) = value { Set(text.split(separator: separator)) } else { [] }
      }
      let news = parts(current).subtracting(parts(base)).union(parts(stood).subtracting(parts(base)))
      return news.isSubset(of: parts(after))
    case .review, .city, .county, .latest: return false
    }
  }

  private var base: Value { sender.base ?? .null }
  private func number(_ value: Value) -> Int64 { if case .integer(let number) = value { number } else { 0 } }
}
