// The policy `text`: a three-way merge by lines, as diff3 does it.
//
//   lines end at "\n"; "\r" is part of its line; lines are compared by bytes
//   a hunk is what one side put in place of some lines of the base, found by a longest common subsequence
//   hunks of the two sides that overlap or touch stand together; the two must then say the same
//
// An equal pair of texts always gives equal hunks, whichever machine compares them (I7).

/// More lines than this, besides those that two texts share at head and tail, are not compared.
let mostDifferentLines = 2_000

/// Both sides' changes of the base. nil: they changed the same lines differently, one of them cleared the text, a value is
/// no text, or there is too much to compare.
func textMerge(base: Value, master: Value, incoming: Value) -> Value? {
  guard let base = base.isNull ? "" : base.text, let master = master.text, let incoming = incoming.text else {
    return nil
  }
  var lines = Lines()
  let from = lines.split(base)
  let (ours, theirs) = (lines.split(master), lines.split(incoming))
  guard let a = hunks(from: from, to: ours), let b = hunks(from: from, to: theirs) else { return nil }
  return merged(from, a, b).map { .text(lines.joined($0)) }
}

extension Value {
  fileprivate var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// Lines by number: equal numbers are equal bytes.
private struct Lines {
  private var numbers: [ArraySlice<UInt8>: Int] = [:]
  private var lines: [ArraySlice<UInt8>] = []

  mutating func split(_ text: String) -> [Int] {
    Array(text.utf8).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      if let number = numbers[line] { return number }
      numbers[line] = lines.count
      lines.append(line)
      return lines.count - 1
    }
  }

  func joined(_ numbers: [Int]) -> String {
    String(decoding: Array(numbers.map { lines[$0] }.joined(separator: [UInt8(ascii: "\n")])), as: UTF8.self)
  }
}

/// Lines of the base, and what stands in their place.
private struct Hunk {
  var range: Range<Int>
  var lines: [Int]
}

/// What makes `new` of `old`, from the first line to the last. nil: too much to compare.
private func hunks(from old: [Int], to new: [Int]) -> [Hunk]? {
  let shortest = min(old.count, new.count)
  let head = (0..<shortest).first { old[$0] != new[$0] } ?? shortest
  let most = shortest - head
  let tail = (0..<most).first { old[old.count - 1 - $0] != new[new.count - 1 - $0] } ?? most
  let (a, b) = (old[head..<old.count - tail], new[head..<new.count - tail])
  guard a.count <= mostDifferentLines, b.count <= mostDifferentLines else { return nil }
  var hunks: [Hunk] = []
  var (i, j) = (head, head)
  for (x, y) in commonLines(Array(a), Array(b)).map({ ($0 + head, $1 + head) }) + [(a.endIndex, b.endIndex)] {
    if i < x || j < y { hunks.append(Hunk(range: i..<x, lines: Array(new[j..<y]))) }
    (i, j) = (x + 1, y + 1)
  }
  return hunks
}

/// The places of a longest common subsequence.
private func commonLines(_ a: [Int], _ b: [Int]) -> [(Int, Int)] {
  let width = b.count + 1
  // The length of the longest one of a[i...] and b[j...]: at most 2,000, so 16 bits hold it.
  var longest = [UInt16](repeating: 0, count: (a.count + 1) * width)
  for i in a.indices.reversed() {
    for j in b.indices.reversed() {
      let at = i * width + j
      longest[at] = a[i] == b[j] ? longest[at + width + 1] + 1 : max(longest[at + width], longest[at + 1])
    }
  }
  var pairs: [(Int, Int)] = []
  var (i, j) = (0, 0)
  while i < a.count, j < b.count {
    let at = i * width + j
    if a[i] == b[j] {
      pairs.append((i, j))
      (i, j) = (i + 1, j + 1)
    } else if longest[at + width] >= longest[at + 1] {
      i += 1
    } else {
      j += 1
    }
  }
  return pairs
}

/// The base with the hunks of both sides. nil: two that meet do not say the same.
private func merged(_ base: [Int], _ ours: [Hunk], _ theirs: [Hunk]) -> [Int]? {
  var (a, b) = (ours[...], theirs[...])
  var out: [Int] = []
  var at = 0
  while let start = [a.first, b.first].compactMap({ $0?.range.lowerBound }).min() {
    var reach = start..<start
    var (mine, yours): ([Hunk], [Hunk]) = ([], [])
    while true {
      if let next = a.first, next.range.lowerBound <= reach.upperBound {
        mine.append(a.removeFirst())
        reach = start..<max(reach.upperBound, next.range.upperBound)
      } else if let next = b.first, next.range.lowerBound <= reach.upperBound {
        yours.append(b.removeFirst())
        reach = start..<max(reach.upperBound, next.range.upperBound)
      } else {
        break
      }
    }
    let (left, right) = (applied(mine, to: base, in: reach), applied(yours, to: base, in: reach))
    guard mine.isEmpty || yours.isEmpty || left == right else { return nil }
    out += base[at..<start] + (mine.isEmpty ? right : left)
    at = reach.upperBound
  }
  return out + base[at...]
}

private func applied(_ hunks: [Hunk], to base: [Int], in range: Range<Int>) -> [Int] {
  var out: [Int] = []
  var at = range.lowerBound
  for hunk in hunks {
    out += base[at..<hunk.range.lowerBound] + hunk.lines
    #if MUTANTS
      if Mutant.removedLineStays.isActive { out += base[hunk.range] }
    #endif
    at = hunk.range.upperBound
  }
  return out + base[at..<range.upperBound]
}
