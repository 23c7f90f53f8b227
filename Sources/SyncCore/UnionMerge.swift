// The policy `union`: a text that is a set of members.
//
//   joined by ASCII commas; ASCII spaces around a member and empty members do not count
//   NULL is the empty set
//   two members are one when their bytes are equal

/// The master's members without those that the sender removed, then those that it added, each in the order of its side.
/// nil: one of the values is no text.
func unionMerge(base: Value, master: Value, incoming: Value) -> Value? {
  guard let base = members(of: base), let master = members(of: master), let incoming = members(of: incoming) else {
    return nil
  }
  let (before, now) = (Set(base), Set(incoming))
  let kept = master.filter { member in
    #if MUTANTS
      if Mutant.removedMemberStays.isActive { return true }
    #endif
    return now.contains(member) || !before.contains(member)
  }
  let present = Set(kept)
  let added = incoming.filter { !before.contains($0) && !present.contains($0) }
  let all = kept + added
  return all.isEmpty ? .null : .text(String(decoding: Array(all.joined(separator: [comma])), as: UTF8.self))
}

private let comma = UInt8(ascii: ",")
private let space = UInt8(ascii: " ")

/// Each member once, in order.
private func members(of value: Value) -> [ArraySlice<UInt8>]? {
  switch value {
  case .null: return []
  case .text(let text):
    var seen: Set<ArraySlice<UInt8>> = []
    return Array(text.utf8).split(separator: comma).map(trimmed).filter { !$0.isEmpty && seen.insert($0).inserted }
  default: return nil
  }
}

private func trimmed(_ member: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  guard let first = member.firstIndex(where: { $0 != space }), let last = member.lastIndex(where: { $0 != space })
  else { return [] }
  return member[first...last]
}
