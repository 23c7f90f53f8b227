import Foundation
import SyncCore

@testable import SyncProtocol

/// What body.json holds: bodies by kind, good ones and bad ones.
enum BodyVectors {
  static let taken = Taken(hash: Array(repeating: 0x7a, count: 32), offset: -1500)
  static let former = Identifier(prefixOf: Array(repeating: 0xf0, count: 16))

  static let members: [Member] = {
    var machine = Member(
      replica: Sample.id(0xaa), org: "330100", publicKey: Array(repeating: 1, count: 32),
      agreementKey: Array(repeating: 2, count: 32), isWithdrawn: false, edit: Sample.edit(11))
    let enrolled = machine
    machine.replica = Sample.id(0xab)
    machine.former = Former(replica: Sample.id(0xaa), kept: 0)
    let copied = machine
    machine.replica = Sample.id(0xac)
    machine.former = Former(replica: Sample.id(0xab), kept: .max)
    (machine.isWithdrawn, machine.org) = (true, "")
    return [enrolled, copied, machine]
  }()
  static let losses = [
    Loss(arrival: 1, reason: "", edit: Sample.edit(12, "")), Loss(arrival: .max, reason: "未找到", edit: Sample.edit(13)),
  ]
  /// A batch as only the city makes one.
  static let ofTheCity = Batch(
    schemas: [SchemaStep(version: 2, text: "{}", edit: Sample.edit(14))], members: members, losses: losses)

  static let manifest = SnapshotManifest(
    id: Sample.id(0x51), packed: 1, raw: 2, hash: Array(repeating: 0x5f, count: 32), arrival: 0)
  static let largestManifest = SnapshotManifest(
    id: Sample.id(0xff), packed: SnapshotManifest.mostPacked, raw: SnapshotManifest.mostRaw,
    hash: Array(repeating: 0xff, count: 32), arrival: .max)

  static func welcome() throws -> [UInt8] {
    try sorted(
      Welcome(
        org: "330100", city: try SigningKey(seed: EnvelopeVectorTests.seed), schema: #"{"name":"样","records":[]}"#))
  }

  static func enrols() throws -> [(String, [UInt8])] {
    let key = try Sample.key(2)
    return [
      (
        "with a code",
        try sorted(EnrolRequest(EnrolmentTests.code, replica: key.publicKey.identifier, key: key))
      ),
      ("of a copied file", try sorted(EnrolRequest(key, after: try Sample.key(3), kept: 0x0102))),
    ]
  }

  static func sorted(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value))
  }

  static let rows: [HashedRow] = (0..<3).map {
    HashedRow([.text("行\($0)"), .integer($0)], keyIndices: [0])
  }.sorted { $0.key < $1.key }

  static func digest(_ rows: [HashedRow]) -> RangeDigest {
    var digest = RangeDigest()
    for row in rows { digest.add(row.hash) }
    return digest
  }

  private static let whole = RowRange("unit")
  private static func range(_ digits: Int) -> RowRange { RowRange("unit", digits: digits, bits: rows[0].place) }

  static let probe = Probe(
    ranges: [
      ProbedRange(whole, digest(rows)), ProbedRange(range(1), digest([rows[0]])),
      ProbedRange(range(16), digest([rows[0]])), ProbedRange(RowRange("指标值"), RangeDigest()),
    ],
    rows: [
      RowRef("unit", RowKey([.text("")])), RowRef("指标值", RowKey([.integer(.min), .text("e1")])),
      // 1,024 bytes.
      RowRef("unit", RowKey([.text(String(repeating: "k", count: 1021))])),
    ])

  static let answer: [AnswerItem] = [
    .split(
      whole,
      whole.children.map { child in
        digest(rows.filter { RowRange("unit", digits: 1, bits: $0.place) == child })
      }),
    .leaf(range(1), [rows[0]]), .leaf(range(16), [rows[0]]), .leaf(RowRange("指标值"), []),
    .row(RowRef("unit", RowKey([.text("A")])), [.text("A"), .null], isNewer: true),
    .row(RowRef("unit", RowKey([.text("B")])), nil, isNewer: true),
    .row(RowRef("指标值", RowKey([.integer(1), .text("e")])), nil, isNewer: false),
    .row(RowRef("指标值", RowKey([.integer(2), .text("")])), [.text(""), .integer(2), .null, .null], isNewer: false),
  ]

  static func encode(_ items: [AnswerItem]) -> [UInt8] {
    var writer = AnswerWriter(Sample.schema)
    for item in items { writer.append(item) }
    return writer.bytes
  }

  static let marks: [PageItem] =
    [.own(number: 1, sealed: []), .own(number: .max, sealed: Array(repeating: 0xc1, count: 40))]
    + PageMark.allCases.map { .mark($0, .max) } + [.mark(.arrival, 0)]

  /// A table's header and rows, whatever they are.
  static func body(
    _ form: ChangesetForm, _ name: String, _ columns: Int, _ key: [Int], _ rows: [[Value?]]
  ) -> [UInt8] {
    var writer = ChangesetWriter(form)
    let table = ChangesetTable(name: name, columns: columns, key: key)
    for row in rows { writer.append(.insert, new: row, to: table) }
    return writer.bytes
  }

  typealias Good = (kind: MessageKind, name: String, bytes: [UInt8])

  static func good() throws -> [Good] {
    let unknownKey = #"{"batch":1,"isComplete":true,"later":[],"missing":0,"own":2,"unheard":0}"#
    let batches: [(String, Batch)] = [
      ("empty", Batch()), ("of a county", Sample.batch), ("of the city", ofTheCity),
      ("a member", Batch(members: [members[0]])), ("a loss", Batch(losses: [losses[1]])),
    ]
    let pages: [(String, [PageItem])] = [
      ("empty", []), ("rows and conflicts", PageBodyTests.items), ("own batches and marks", marks),
    ]
    let standings = [
      ("complete", Standing(batch: 0, own: 0, isComplete: true)),
      ("the hash of a batch", Standing(batch: 3, hash: String(repeating: "5c", count: 32), own: 0, isComplete: false)),
      ("waiting", Standing(batch: 3, own: 7, isComplete: false, missing: 2, unheard: 1)),
      ("largest", Standing(batch: .max, own: .max, isComplete: false, missing: .max, unheard: .max)),
    ]
    let unknownMark = body(
      .patchset, "sync_mark", 2, [0], [[.text("later"), .integer(1)], [.text("arrival"), .integer(5)]])
    let fixed: [Good] = [
      (.hello, "first", HelloBody(last: 0, seen: 0).bytes),
      (.hello, "largest", HelloBody(last: .max, seen: .max).bytes),
      (.hello, "a restored city has asked", HelloBody(last: 3, seen: 4, asking: Sample.header(.hello).epoch).bytes),
      (.receipt, "empty", ReceiptBody.encode([])), (.receipt, "taken as sent", ReceiptBody.encode([], taken: taken)),
      (.receipt, "every outcome", ReceiptBody.encode(ReceiptBodyTests.rows, taken: taken)),
      (.welcome, "welcome", try welcome()), (.secrets, "one", SecretsBody.encode([try Sample.secret()])),
      (.secrets, "all erased", SecretsBody.encode([])),
      (.schema, "a schema", Array(#"{"name":"样","records":[],"version":2}"#.utf8)),
      (.snapshot, "smallest", manifest.bytes), (.snapshot, "largest", largestManifest.bytes),
      (.page, "a mark that is not known", unknownMark),
      (.probe, "empty", []), (.probe, "ranges and rows", probe.encoded), (.answer, "nothing differs", []),
      (.answer, "all kinds", encode(answer)), (.answer, "rows", encode(Array(answer.suffix(4)))),
      (.standing, "a key that is not known", Array(unknownKey.utf8)),
    ]
    let enrols: [Good] = try enrols().map { (.enrol, $0, $1) }
    let batchBodies: [Good] = batches.map { (.batch, $0, $1.encoded(Sample.schema)) }
    let pageBodies: [Good] = pages.map { (.page, $0, PageBodyTests.encode($1)) }
    let standingBodies: [Good] = try standings.map { (.standing, $0, try $1.bytes) }
    return [fixed, enrols, batchBodies, pageBodies, standingBodies].flatMap { $0 }
  }
}
