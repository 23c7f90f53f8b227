import SyncCore
import Testing

@testable import SyncProtocol

// Rows compared by the hashes of ranges: what differs is found, whatever it is, and nothing else.

private struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

private func row(_ code: String, _ name: String = "n") -> [Value] { [.text(code), .text(name)] }

private func tally(_ rows: [[Value]], _ wanted: [RowRange: Int]) -> RangeTally {
  var tally = RangeTally("unit", wanted)
  for row in rows { tally.add(HashedRow(row, keyIndices: [0])) }
  return tally
}

/// Both sides' rows, compared message by message; the rows that were found, and how many ranges crossed.
private func compare(_ here: [[Value]], _ city: [[Value]], few: Int = 8, most: Int = 50) throws -> (Set<String>, Int) {
  let all = RowRange("unit")
  let mine = try #require(tally(here, [all: 0])[all])
  var comparison = RangeComparison([ProbedRange(all, mine.digest)])
  var ranges = 0
  while true {
    let asked = comparison.next(most: most)
    if asked.isEmpty { break }
    let probe = try Probe(Probe(ranges: asked).encoded, schema: Sample.schema)
    let wanted = probe.ranges.map { ($0.range, $0.range.children.isEmpty ? Int.max : few) }
    let theirs = tally(city, Dictionary(uniqueKeysWithValues: wanted))
    var writer = AnswerWriter(Sample.schema)
    for probed in probe.ranges {
      guard let node = theirs[probed.range], node.digest != probed.digest else { continue }
      writer.append(node.answer(for: probed.range))
    }
    let answer = try AnswerBody.decode(writer.bytes, schema: Sample.schema)
    let counted = tally(here, try RangeComparison.wanted(answer, asked: probe.ranges))
    comparison.take(answer) { counted[$0] }
    ranges += asked.count + 16 * answer.count
  }
  let keys = comparison.rows.compactMap { if case .text(let code) = $0.key.values[0] { code } else { nil as String? } }
  return (Set(keys), ranges)
}

struct RangeTests {
  @Test func aRangeIsNamedByItsDigits() throws {
    let range = RowRange("unit")
    #expect(range.prefix == "" && range.children.count == 16)
    #expect(range.children[10].children[3].prefix == "a3")
    var deepest = range
    for _ in 0..<16 { deepest = try #require(deepest.children.last) }
    #expect(deepest.prefix == String(repeating: "f", count: 16) && deepest.children.isEmpty)
    for range in [range, range.children[10].children[3], deepest] {
      #expect(RowRange("unit", prefix: range.prefix) == range)
    }
    for prefix in ["A", "g", "-1", "+", " ", "0x", "12345678901234567", "é", "a\u{0}"] {
      #expect(RowRange("unit", prefix: prefix) == nil, "\(prefix)")
    }
  }

  /// Others compute the same: a row, its place and its hash.
  @Test func theHashOfARowIsFixed() {
    let hashed = HashedRow(row("A", "甲"), keyIndices: [0])
    let key: [UInt8] = [3, 1, 0x41]
    #expect(hashed.key.encoded == key)
    #expect(hashed.place == sha256(key).prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    #expect(hashed.hash.bigEndianBytes == sha256(key + [3, 3] + Array("甲".utf8)))
  }

  @Test func aSumIsWhateverTheOrderAndKeepsEveryCarry() throws {
    let rows = (0..<200).map { row("\($0)") }
    let all = RowRange("unit")
    let forward = try #require(tally(rows, [all: 0])[all])
    #expect(tally(rows.reversed(), [all: 0])[all]?.digest == forward.digest)
    #expect(forward.children.reduce(0) { $0 + $1.count } == 200)
    var digest = RangeDigest()
    digest.add(SIMD4(repeating: .max))
    digest.add(SIMD4(0, 0, 0, 2))
    #expect(digest.sum == SIMD4(0, 0, 0, 1) && digest.count == 2)
    #expect(RangeDigest(digest.values) == digest && RangeDigest(RangeDigest().values) == RangeDigest())
  }

  @Test(arguments: 0..<40) func whatDiffersIsFoundExactly(_ seed: Int) throws {
    var random = Random(state: UInt64(seed))
    let count = Int.random(in: 0...400, using: &random)
    var here = Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", "n") })
    var city = here
    var expected: Set<String> = []
    for n in 0..<Int.random(in: 0...30, using: &random) {
      let key = "k\(Int.random(in: 0...(count + 9), using: &random))"
      if !expected.insert(key).inserted { continue }
      switch (here[key], n % 3) {
      case (nil, 0): city[key] = "new"
      case (nil, _): here[key] = "new"
      case (_, 0): here[key] = nil
      case (_, 1): city[key] = nil
      default: here[key] = "other"
      }
    }
    let rows = { (side: [String: String]) in side.map { row($0.key, $0.value) } }
    #expect(try compare(rows(here), rows(city), most: 1 + seed % 7).0 == expected)
  }

  @Test func oneSideMayBeEmpty() throws {
    let rows = (0..<300).map { row("\($0)") }
    #expect(try compare([], rows).0.count == 300)
    #expect(try compare(rows, []).0.count == 300)
    #expect(try compare([], []).0.isEmpty)
    #expect(try compare(rows, rows).1 == 1)
  }

  @Test func whatIsComparedGrowsWithTheDifferences() throws {
    var costs: [[Int]] = []
    for count in [500, 8000] {
      let city = (0..<count).map { row("\($0)") }
      costs.append(
        try [1, 10, 100].map { changed in
          let here = city.enumerated().map { $0.offset < changed ? row("\($0.offset)", "x") : $0.element }
          return try compare(here, city).1
        })
    }
    // Sixteen times the rows is one digit more.
    for (small, large) in zip(costs[0], costs[1]) { #expect(large < 3 * small, "\(costs)") }
    #expect(costs[1][0] < 100, "\(costs)")
  }
}
