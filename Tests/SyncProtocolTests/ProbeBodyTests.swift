import SyncCore
import Testing

@testable import SyncProtocol

// Bodies of probes and answers: what they say comes back, and anything else is refused.

private let range = RowRange("unit").children[3]
private let digest: RangeDigest = {
  var digest = RangeDigest()
  digest.add(SIMD4(1, 2, 3, 4))
  return digest
}()
private let hashed = HashedRow([.text("A"), .null], keyIndices: [0])

private func body(_ name: String, _ columns: Int, _ key: [Int], _ rows: [[Value]]) -> [UInt8] {
  var writer = ChangesetWriter(.patchset)
  for row in rows {
    writer.append(.insert, new: row, to: ChangesetTable(name: name, columns: columns, key: key))
  }
  return writer.bytes
}

private let key = Value.blob(RowKey([.text("A")]).encoded)
private let sum = Value.blob(Array(repeating: 1, count: 32))

private func probed(_ row: Value...) -> [UInt8] { body("sync_range", 4, [0, 1], [row]) }

let badProbes: [(String, [UInt8])] = [
  ("another record", probed(.text("none"), .text(""), .integer(1), sum)),
  ("digits that are none", probed(.text("unit"), .text("xyz"), .integer(1), sum)),
  ("more digits than there are", probed(.text("unit"), .text(String(repeating: "0", count: 17)), .integer(1), sum)),
  ("a negative count", probed(.text("unit"), .text(""), .integer(-1), sum)),
  ("a short sum", probed(.text("unit"), .text(""), .integer(1), .blob([1]))),
  ("a sum of nothing", probed(.text("unit"), .text(""), .integer(0), sum)),
  (
    "a range twice",
    body("sync_range", 4, [0, 1], Array(repeating: [.text("unit"), .text(""), .integer(1), sum], count: 2))
  ),
  ("a row twice", body("sync_row", 2, [0, 1], Array(repeating: [.text("unit"), key], count: 2))),
  ("a row of no record", body("sync_row", 2, [0, 1], [[.text("sync_meta"), key]])),
  ("a key of another shape", body("sync_row", 2, [0, 1], [[.text("指标值"), key]])),
  ("a key that is none", body("sync_row", 2, [0, 1], [[.text("unit"), .blob([9])]])),
  (
    "a long key",
    body("sync_row", 2, [0, 1], [[.text("unit"), .blob(RowKey([.blob(Array(repeating: 0, count: 1024))]).encoded)]])
  ),
  ("a table of its own", body("sync_split", 3, [0, 1], [[.text("unit"), .text(""), key]])),
  ("rows of a record", body("unit", 2, [0], [[.text("A"), .null]])),
  ("other columns", body("sync_range", 3, [0, 1], [[.text("unit"), .text(""), .integer(1)]])),
  ("no patchset", [0x54, 1, 1, 0x61, 0]),
]

let badAnswers: [(String, [UInt8])] = [
  ("few children", body("sync_split", 3, [0, 1], [[.text("unit"), .text(""), .blob(RowKey(digest.values).encoded)]])),
  (
    "children of the last",
    body(
      "sync_split", 3, [0, 1],
      [
        [
          .text("unit"), .text(String(repeating: "0", count: 16)),
          .blob(RowKey((0..<16).flatMap { _ in digest.values }).encoded),
        ]
      ])
  ),
  (
    "a row of another range",
    body(
      "sync_leaf", 3, [0, 1],
      [[.text("unit"), .text(hashed.place >> 60 == 0 ? "1" : "0"), .blob(RowKey([key, sum]).encoded)]])
  ),
  (
    "a key without its hash", body("sync_leaf", 3, [0, 1], [[.text("unit"), .text(""), .blob(RowKey([key]).encoded)]])
  ),
  ("newer than nothing", body("sync_newer", 2, [0, 1], [[.text("unit"), key]])),
  ("an unknown table", body("sync_row", 2, [0, 1], [[.text("unit"), key]])),
]

struct ProbeBodyTests {
  @Test func aProbeComesBack() throws {
    let probe = Probe(
      ranges: [ProbedRange(range, digest), ProbedRange(RowRange("指标值"), RangeDigest())],
      rows: [RowRef("unit", RowKey([.text("A")])), RowRef("指标值", RowKey([.integer(1), .text("e")]))])
    #expect(try Probe(probe.encoded, schema: Sample.schema) == probe)
  }

  @Test func anAnswerComesBack() throws {
    let children = (0..<16).map { $0 == 5 ? digest : RangeDigest() }
    let items: [AnswerItem] = [
      .split(range, children), .leaf(RowRange("unit"), [hashed]), .leaf(RowRange("指标值"), []),
      .row(RowRef("unit", RowKey([.text("A")])), [.text("A"), .null], isNewer: true),
      .row(RowRef("unit", RowKey([.text("B")])), nil, isNewer: true),
      .row(RowRef("指标值", RowKey([.integer(1), .text("e")])), nil, isNewer: false),
    ]
    var writer = AnswerWriter(Sample.schema)
    for item in items { writer.append(item) }
    #expect(try AnswerBody.decode(writer.bytes, schema: Sample.schema) == items)
  }

  @Test(arguments: badProbes) func aProbeThatIsNone(_ name: String, _ body: [UInt8]) {
    #expect(throws: (any Error).self, "\(name)") { try Probe(body, schema: Sample.schema) }
  }

  @Test(arguments: badAnswers) func anAnswerThatIsNone(_ name: String, _ body: [UInt8]) {
    #expect(throws: (any Error).self, "\(name)") { try AnswerBody.decode(body, schema: Sample.schema) }
  }

  @Test func aProbeOfTooMuchIsRefused() throws {
    let rows = (0...Probe.mostRows).map { RowRef("unit", RowKey([.text("\($0)")])) }
    #expect(throws: BodyError.tooMany) { try Probe(Probe(rows: rows).encoded, schema: Sample.schema) }
    let ranges = RowRange("unit").children.flatMap(\.children).flatMap(\.children).map { ProbedRange($0, digest) }
    #expect(ranges.count == 2 * Probe.mostRanges)
    #expect(throws: BodyError.tooMany) { try Probe(Probe(ranges: ranges).encoded, schema: Sample.schema) }
    let most = Probe(ranges: Array(ranges.prefix(Probe.mostRanges)), rows: Array(rows.dropLast()))
    #expect(try Probe(most.encoded, schema: Sample.schema) == most)
    #expect(most.encoded.count < Probe.mostBytes)
  }

  @Test func anAnswerToWhatWasNotAskedIsRefused() {
    let asked = [ProbedRange(range, digest)]
    let strange: [[AnswerItem]] = [
      [.leaf(RowRange("unit"), [])], [.leaf(range, []), .leaf(range, [])],
      [.row(RowRef("unit", RowKey([.text("A")])), nil, isNewer: false)],
    ]
    for answer in strange { #expect(throws: BodyError.self) { try RangeComparison.wanted(answer, asked: asked) } }
  }

  @Test func everyCutBodyIsRefusedOrShorter() throws {
    let probe = Probe(ranges: [ProbedRange(range, digest)], rows: [RowRef("unit", RowKey([.text("A")]))])
    for length in 0..<probe.encoded.count {
      let cut = try? Probe(Array(probe.encoded.prefix(length)), schema: Sample.schema)
      #expect(cut != probe)
    }
  }
}
