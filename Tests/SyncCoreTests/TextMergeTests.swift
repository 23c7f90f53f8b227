import Testing

@testable import SyncCore

/// What the table of cases is too small for.
struct TextMergeTests {
  private func text(_ lines: [String]) -> Value { .text(lines.joined(separator: "\n")) }

  private func lines(_ count: Int, _ prefix: String) -> [String] { (0..<count).map { "\(prefix)\($0)" } }

  @Test("2,000 different lines are compared, 2,001 are not", arguments: [(2_000, true), (2_001, false)])
  func bound(count: Int, isCompared: Bool) {
    #expect(mostDifferentLines == 2_000)
    let base = ["head"] + lines(count, "a") + ["tail", "end"]
    let other = ["head"] + lines(count, "b") + ["tail", "end"]
    let incoming = ["head"] + lines(count, "a") + ["tail", "END"]
    let merged = ["head"] + lines(count, "b") + ["tail", "END"]
    for (master, incoming) in [(other, incoming), (incoming, other)] {
      let result = textMerge(base: text(base), master: text(master), incoming: text(incoming))
      #expect(result == (isCompared ? text(merged) : nil))
    }
  }

  @Test("Each of the two texts counts by itself", arguments: [(1, 2_001), (2_001, 1)])
  func boundOfEither(base: Int, master: Int) {
    let (head, tail) = (["0", "h"], ["t", "9"])
    let from = text(head + lines(base, "a") + tail)
    let incoming = text(["X", "h"] + lines(base, "a") + tail)
    #expect(textMerge(base: from, master: text(head + lines(master, "b") + tail), incoming: incoming) == nil)
  }

  @Test("A long text with few changes merges: only what differs is compared")
  func longTexts() {
    let base = lines(50_000, "line ")
    var (master, incoming, merged) = (base, base, base)
    master.insert("first", at: 0)
    incoming[49_990] = "changed"
    merged[49_990] = "changed"
    merged.insert("first", at: 0)
    #expect(textMerge(base: text(base), master: text(master), incoming: text(incoming)) == text(merged))
  }

  /// Random edits of lines that all differ: what merges has each line that a side added, and none that it removed.
  @Test func randomEdits() {
    var random = Seeded(state: 42)
    var mergedCount = 0
    for _ in 0..<3_000 {
      let base = lines(Int.random(in: 0...12, using: &random), "b")
      let (a, b) = (edited(base, "x", &random), edited(base, "y", &random))
      let one = textMerge(base: text(base), master: text(a), incoming: text(b))
      #expect(one == textMerge(base: text(base), master: text(b), incoming: text(a)))
      guard case .text(let merged)? = one else { continue }
      mergedCount += 1
      let found = merged.split(separator: "\n").map(String.init)
      #expect(Set(found).count == found.count, "\(base) \(a) \(b)")
      let kept = Set(base).intersection(a).intersection(b)
      #expect(Set(found) == kept.union(a.filter { !base.contains($0) }).union(b.filter { !base.contains($0) }))
      #expect(found.filter(a.contains) == a.filter(found.contains), "the order of \(a)")
      #expect(found.filter(b.contains) == b.filter(found.contains), "the order of \(b)")
    }
    #expect(mergedCount > 500)
  }

  private func edited(_ base: [String], _ mark: String, _ random: inout Seeded) -> [String] {
    var out = base
    for number in 0..<Int.random(in: 0...3, using: &random) {
      let at = Int.random(in: 0...out.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: out.insert("\(mark)\(number)", at: at)
      case 1 where at < out.count: out[at] = "\(mark)\(number)"
      case _ where at < out.count: out.remove(at: at)
      default: break
      }
    }
    return out
  }
}

/// SplitMix64: the same numbers on every machine.
private struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
