import Foundation
import SchemaFile
import Spreadsheet
import SyncCore
import SyncProtocol

extension Reader {
  /// Sound inputs, with which the fuzzer begins.
  public func seeds() throws -> [[UInt8]] {
    switch self {
    case .envelope: try Seeds.envelopes()
    case .changeset: [[0] + Seeds.batch, [1] + Seeds.page]
    case .batch: [[], Seeds.batch]
    case .receipt: [Seeds.receipt]
    case .page: [Seeds.page]
    case .secrets: [try committed(Seeds.key.encoded), Seeds.key.encoded]
    case .probe: [Seeds.probe.encoded]
    case .answer: [try Seeds.answer()]
    case .small: try Seeds.small()
    case .bundle: [try Seeds.bundle(), [0] + (try Seeds.envelopes()[1])]
    case .snapshot: [try Seeds.snapshot()]
    case .schema: [Array(Sample.text.utf8)]
    case .json: [Array(try SchemaFile.canonicalJSON(Sample.schema).utf8)]
    case .csv:
      [
        Array("unit,id,code,amount,rate\nA,1,\"x,1\",12.50,0.5\n".utf8),
        Array("unit;id;note\r\nA;2;\"一\"\"二\"\r\n".utf8),
      ]
    case .xlsx: try Seeds.workbooks()
    }
  }
}

public enum Seeds {
  static let key = RowKey([.text("甲"), .text("A")])
  static let item: [Value] = [
    .text("A"), .integer(7), .text("c"), .integer(1250), .real(0.5), .text("2026-01-31"), .text("0518"), .text("a,b"),
    .text("一\n二"), .text("x"), .text("a"), .null, .integer(1), .blob([0, 255]),
  ]
  static let ref = RowRef("item", RowKey([.text("A"), .integer(7)]))

  /// Every kind of thing that a batch may hold.
  public static let batch: [UInt8] = {
    let none: [Value?] = item.map { _ in nil }
    var (old, new) = (none, none)
    (old[0], old[1], old[3], new[3]) = (.text("A"), .integer(8), .integer(1), .integer(3))
    let edit = Sample.edit
    let changes = [
      Change(record: "item", key: ref.key, kind: .insert, old: none, new: item, edit: edit, cellEdits: [6: edit]),
      Change(record: "item", key: RowKey([.text("A"), .integer(8)]), kind: .update, old: old, new: new, edit: edit),
      Change(
        record: "unit", key: RowKey([.text("B")]), kind: .delete, old: [.text("B"), .text("乙")], new: [nil, nil],
        edit: edit),
    ]
    let parked = ParkedRef(replica: String(repeating: "ab", count: 16), batch: 3, n: 2)
    let batch = Batch(
      changes: changes,
      decisions: [
        Decision(
          conflict: 1, choice: .take, contender: 2, value: .text("x"), reason: "r", edit: edit, version: 3,
          subject: Conflict.Subject(ref: ref, field: "x", openedAt: edit.stamp))
      ],
      rulings: [Ruling(parked: parked, verdict: .withdraw, reason: "r", edit: edit)],
      aliases: [
        Alias(record: "unit", key: RowKey([.text("B")]), target: RowKey([.text("A")]), reason: "r", edit: edit)
      ],
      erasures: [Erasure(record: "item", key: ref.key, fields: ["contact"], reason: "r", edit: edit)],
      members: [
        Member(
          replica: Sample.replica, org: "A", publicKey: Sample.key.publicKey.bytes,
          agreementKey: Array(repeating: 9, count: 32),
          isWithdrawn: false, edit: edit)
      ],
      losses: [Loss(arrival: 4, reason: "r", edit: edit)])
    return batch.encoded(Sample.schema)
  }()

  /// What a county may send.
  public static let plainBatch: [UInt8] = {
    let none: [Value?] = item.map { _ in nil }
    var new = item
    (new[9], new[10]) = (.text("y"), .null)
    let change = Change(
      record: "item", key: ref.key, kind: .insert, old: none, new: new, edit: Sample.edit, cellEdits: [6: Sample.edit])
    return Batch(changes: [change]).encoded(Sample.schema)
  }()

  static let receipt = ReceiptBody.encode(
    RowReceipt.Outcome.allCases.enumerated().map { index, outcome in
      RowReceipt(n: index + 1, outcome: outcome, reason: "unique", detail: Label(zh: "重", en: "twice"))
    }, taken: Taken(hash: Array(repeating: 1, count: 32), offset: -5))

  static let page: [UInt8] = {
    var writer = PageWriter(Sample.schema)
    let conflict = Conflict(
      id: 7, record: "item", key: ref.key, field: "note", base: .null, master: .text("x"), state: .open,
      policy: "review", version: 1,
      openedAt: Stamp(raw: 9))
    let contender = Contender(
      id: 1, value: .blob([0]), deletes: false, replica: String(repeating: "ab", count: 16), edit: Sample.edit,
      receivedAt: Stamp(raw: 6))
    let notice = ParkedNotice(
      id: 4, parked: ParkedRef(replica: String(repeating: "ab", count: 16), batch: 3, n: 2), state: .dismissed,
      detail: Label(zh: "重", en: "twice"), edit: Sample.edit)
    let items: [PageItem] = [
      .row(record: "item", item), .gone(ref), .conflict(conflict), .contender(conflict: 7, contender), .parked(notice),
      .erasure(Erasure(record: "item", key: ref.key, fields: ["contact"], reason: "r", edit: Sample.edit)),
      .own(number: 3, sealed: [1, 2, 3]), .mark(.arrival, 5), .mark(.ownKept, 2),
    ]
    for item in items { writer.append(item) }
    return writer.bytes
  }()

  public static let probe = Probe(ranges: [ProbedRange(RowRange("item"), RangeDigest())], rows: [ref])

  static func answer() throws -> [UInt8] {
    guard let range = RowRange("item", prefix: "a") else { throw Finding(what: "no range") }
    var writer = AnswerWriter(Sample.schema)
    writer.append(.split(range, Array(repeating: RangeDigest(), count: 16)))
    writer.append(.row(ref, item, isNewer: true))
    writer.append(.row(RowRef("unit", RowKey([.text("B")])), nil, isNewer: false))
    return writer.bytes
  }

  static func envelopes() throws -> [[UInt8]] {
    let messages = try MessageKind.allCases.map { kind in
      try Envelope(
        Sample.header(kind), body: kind == .hello ? HelloBody(last: 3, seen: 4).bytes : Array(repeating: 5, count: 70),
        key: Sample.key
      )
      .bytes
    }
    let packed = try Envelope(Sample.header(.page), body: page, key: Sample.key).bytes
    // As `readEnvelope` wants it: kind, compression, flags, length.
    return messages + [messages[0] + messages[1], [4] + packed[6..<8] + packed[96..<100] + packed[200...]]
  }

  static func small() throws -> [[UInt8]] {
    let manifest = SnapshotManifest(
      id: Sample.replica, packed: 5, raw: 9, hash: Array(repeating: 1, count: 32), arrival: 3)
    let code = EnrolmentCode(secret: Array(0..<10), fingerprint: Sample.cityKey.publicKey.fingerprint)
    let request = try EnrolRequest(Sample.key, after: Sample.cityKey, kept: 3)
    return [
      [0] + HelloBody(last: 3, seen: 4).bytes, [1] + manifest.bytes, [2] + key.encoded,
      [3] + (try Standing(batch: 1, own: 2, isComplete: false).bytes), [4] + Array(code.description.utf8),
      [5] + Array(StagedState(whole: [1]).header.utf8), [6] + [UInt8](try JSONEncoder().encode(request)),
    ]
  }

  static func bundle() throws -> [UInt8] {
    let envelopes = try envelopes()
    let file = Scratch.path("seed")
    try? FileManager.default.removeItem(atPath: file)
    var random = SystemRandomNumberGenerator()
    let writer = try BundleWriter(file, .up, to: [.key(Sample.cityKey.agreementPublicKey)], seed: random.bundleSeed())
    for message in envelopes.prefix(2) { try writer.write(message) }
    _ = try writer.finish()
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  static func workbooks() throws -> [[UInt8]] {
    guard let record = Sample.schema.record("item") else { throw Finding(what: "no record") }
    let parts = [HandmadeWorkbook.sheet, HandmadeWorkbook.strings, HandmadeWorkbook.styles].map { Array($0.utf8) }
    return [
      try RecordSheet.export(record, rows: [item], language: .en), [0] + parts[0],
      [0] + Array(parts.joined(separator: [0])),
    ]
  }

  static func snapshot() throws -> [UInt8] {
    let raw = Array(repeating: UInt8(ascii: "S"), count: 300)
    let manifest = try SnapshotFile.pack(Scratch.file("seed.raw", raw), into: Scratch.path("seed.packed"))
    return [UInt8(manifest.raw >> 8), UInt8(manifest.raw & 255)]
      + [UInt8](try Data(contentsOf: URL(fileURLWithPath: Scratch.path("seed.packed"))))
  }
}
