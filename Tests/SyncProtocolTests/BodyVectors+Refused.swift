import SyncCore

@testable import SyncProtocol

// Bodies that are none of their kind.
extension BodyVectors {
  typealias Bad = (kind: MessageKind, name: String, bytes: [UInt8])

  static func refused() -> [Bad] {
    [fixed, standings, members(.batch), receipts, pages, secrets, probes, answers, probeCounts].flatMap { $0 }
  }

  private static func with(_ row: [Value], _ column: Int, _ value: Value?) -> [Value?] {
    var changed: [Value?] = row
    changed[column] = value
    return changed
  }

  private static func patched(_ bytes: [UInt8], _ offset: Int, _ new: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    return bytes
  }

  private static let fixed: [Bad] = [
    (.hello, "empty", []), (.hello, "short", HelloBody(last: 1, seen: 1).bytes.dropLast()),
    (.hello, "long", HelloBody(last: 1, seen: 1).bytes + [0]),
    (.hello, "longer", HelloBody(last: 1, seen: 1, asking: .city).bytes + [0]),
    (.hello, "last below 0", HelloBody(last: -1, seen: 0).bytes),
    (.hello, "seen below 0", HelloBody(last: 0, seen: .min).bytes),
    (.snapshot, "empty", []), (.snapshot, "short", manifest.bytes.dropLast()),
    (.snapshot, "long", manifest.bytes + [0]),
    (.snapshot, "a file of no bytes", patched(manifest.bytes, 23, [0])),
    (.snapshot, "a file over 16 GiB", patched(largestManifest.bytes, 23, [1])),
    (.snapshot, "a length below 0", patched(manifest.bytes, 16, [0x80])),
    (.snapshot, "nothing to unpack", patched(manifest.bytes, 31, [0])),
    (.snapshot, "over 64 GiB to unpack", patched(largestManifest.bytes, 31, [1])),
    (.snapshot, "an arrival below 0", patched(manifest.bytes, 64, [0xff])),
    (.schema, "no UTF-8", [0xff, 0xfe]),
  ]

  private static let standings: [Bad] = [
    ("empty", ""), ("no JSON", "{"), ("a list", "[]"), ("nothing in it", "{}"),
    ("a batch below 0", #"{"batch":-1,"isComplete":true,"missing":0,"own":0,"unheard":0}"#),
    ("own below 0", #"{"batch":0,"isComplete":true,"missing":0,"own":-1,"unheard":0}"#),
    ("not whether it is complete", #"{"batch":0,"missing":0,"own":0,"unheard":0}"#),
    ("complete in words", #"{"batch":0,"isComplete":"yes","missing":0,"own":0,"unheard":0}"#),
    ("half a batch", #"{"batch":0.5,"isComplete":true,"missing":0,"own":0,"unheard":0}"#),
    ("over 64 bits", #"{"batch":9223372036854775808,"isComplete":true,"missing":0,"own":0,"unheard":0}"#),
  ].map { (.standing, $0, Array($1.utf8)) }

  private static func members(_ kind: MessageKind) -> [Bad] {
    let member = members[1].row
    let loss = losses[0].row
    func one(_ name: String, _ row: [Value?]) -> Bad {
      (kind, "a member \(name)", body(.changeset, Member.table, 9, [0], [row]))
    }
    func lost(_ name: String, _ row: [Value?]) -> Bad {
      (kind, "a loss \(name)", body(.changeset, Loss.table, 4, [0], [row]))
    }
    var deleted = ChangesetWriter(.changeset)
    deleted.append(
      ChangesetEntry(.delete, old: member), to: ChangesetTable(name: Member.table, columns: 9, key: [0]))
    return [
      one("with a short id", with(member, 0, .blob(Array(repeating: 1, count: 15)))),
      one("whose id is a text", with(member, 0, .text("aa"))), one("of no unit", with(member, 1, .null)),
      one("with a short key", with(member, 2, .blob([1]))),
      one("with a long key", with(member, 3, .blob(Array(0..<33)))),
      one("withdrawn twice", with(member, 4, .integer(2))), one("withdrawn below 0", with(member, 4, .integer(-1))),
      one("with a former id of 15 bytes", with(member, 5, .blob(Array(0..<15)))),
      one("with a former id only", with(member, 6, .null)), one("without a former id", with(member, 5, .null)),
      one("that kept less than nothing", with(member, 6, .integer(-1))), one("without a stamp", with(member, 8, .null)),
      one("with holes", with(member, 1, nil)),
      (kind, "a member deleted", deleted.bytes),
      (kind, "members of eight columns", body(.changeset, Member.table, 8, [0], [Array(member.dropLast())])),
      (kind, "members with another key", body(.changeset, Member.table, 9, [1], [member])),
      lost("of nothing", with(loss, 0, .integer(0))), lost("without a reason", with(loss, 1, .null)),
      lost("by a number", with(loss, 2, .integer(1))), lost("with holes", with(loss, 3, nil)),
      (kind, "a page", body(.patchset, Loss.table, 4, [0], [loss])),
      (kind, "a table of a receipt", body(.changeset, "sync_taken", 2, [0], [[.blob(taken.hash), .integer(0)]])),
    ]
  }

  private static func one(_ kind: MessageKind, _ name: String, _ table: String, _ row: [Value?], _ key: [Int] = [0])
    -> Bad
  {
    (kind, name, body(.patchset, table, row.count, key, [row]))
  }

  private static let receipts: [Bad] = {
    let hash = Value.blob(taken.hash)
    let twice = ReceiptBody.encode([], taken: taken) + ReceiptBody.encode([], taken: taken)
    let own: [Bad] = [
      one(.receipt, "a short hash", "sync_taken", [.blob([1]), .integer(0)]),
      one(.receipt, "a hash in words", "sync_taken", [.text("x"), .integer(0)]),
      one(.receipt, "no offset", "sync_taken", [hash, .null]), one(.receipt, "holes", "sync_taken", [hash, nil]),
      (.receipt, "taken twice", twice), one(.receipt, "another key", "sync_taken", [hash, .integer(0)], [1]),
      one(.receipt, "a table of a page", "sync_mark", [.text("arrival"), .integer(0)]),
    ]
    return own + ReceiptBodyTests.bad.map { (.receipt, $0.name, $0.bytes) }
  }()

  private static let pages: [Bad] = {
    let hash = Value.blob(taken.hash)
    let gone: [UInt8] = [0x50, 2, 1, 0] + Array("unit".utf8) + [0, 9, 0, 5]
    let own: [Bad] = [
      one(.page, "own batch 0", "sync_own", [.integer(0), .blob([])]),
      one(.page, "an own batch below 0", "sync_own", [.integer(-1), .blob([])]),
      one(.page, "an own batch in words", "sync_own", [.integer(1), .text("")]),
      one(.page, "an own batch that words number", "sync_own", [.text("1"), .blob([])]),
      one(.page, "an own batch with holes", "sync_own", [.integer(1), nil]),
      one(.page, "a mark below 0", "sync_mark", [.text("arrival"), .integer(-1)]),
      one(.page, "a mark of nothing", "sync_mark", [.text("arrival"), .null]),
      one(.page, "a mark without a name", "sync_mark", [.blob([1]), .integer(1)]),
      one(.page, "a mark with holes", "sync_mark", [nil, .integer(1)]),
      one(.page, "a table of a receipt", "sync_taken", [hash, .integer(0)]),
      one(.page, "a row without its key", "unit", [.null, .null]), (.page, "no key deleted", gone),
    ]
    return own + PageBodyTests.bad.map { (.page, $0.name, $0.bytes) }
  }()

  private static let secrets: [Bad] = {
    guard let secret = try? Sample.secret() else { return [] }
    let row: [Value] = [.blob(secret.commitment), .blob(secret.salt), secret.value]
    func one(_ name: String, _ rows: [[Value?]]) -> Bad {
      (.secrets, name, body(.patchset, "sync_secret", 3, [0], rows))
    }
    return [
      one("another value", [with(row, 2, .text("乙"))]), one("another type", [with(row, 2, .blob(Array("甲".utf8)))]),
      one("another salt", [with(row, 1, .blob(Array(repeating: 0, count: 16)))]),
      one("a short salt", [with(row, 1, .blob(Array(repeating: 0x5a, count: 15)))]),
      one("no value", [with(row, 2, .null)]),
      one("twice", [row, row]), one("holes", [with(row, 1, nil)]),
    ]
  }()

  private static let probes: [Bad] = {
    let own: [Bad] = [
      one(.probe, "a key that is NULL", "sync_row", [.text("unit"), .blob([5])], [0, 1]),
      one(.probe, "a digit in capitals", "sync_range", [.text("unit"), .text("A"), .integer(0), .blob([])], [0, 1]),
      one(.probe, "a count without a sum", "sync_range", [.text("unit"), .text(""), .integer(1), .blob([])], [0, 1]),
    ]
    return own + badProbes.map { (.probe, $0.0, $0.1) }
  }()

  private static let answers: [Bad] = {
    let own: [Bad] = [
      one(.answer, "a key that is NULL", "sync_newer", [.text("unit"), .blob([5])], [0, 1]),
      one(.answer, "a row without its key", "unit", [.null, .null]),
    ]
    return own + badAnswers.map { (.answer, $0.0, $0.1) }
  }()

  /// One more than a probe may hold.
  private static var probeCounts: [Bad] {
    let rows = (0...Probe.mostRows).map { RowRef("unit", RowKey([.integer(Int64($0))])) }
    let ranges = RowRange("unit").children.flatMap(\.children).flatMap(\.children).prefix(Probe.mostRanges + 1)
    return [
      (.probe, "1,001 rows", Probe(rows: rows).encoded),
      (.probe, "2,049 ranges", Probe(ranges: ranges.map { ProbedRange($0, RangeDigest()) }).encoded),
    ]
  }
}
