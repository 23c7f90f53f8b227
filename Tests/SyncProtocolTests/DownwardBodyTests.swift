import SyncCore
import SyncProtocol
import Testing

private func bytes(_ table: ChangesetTable, _ entries: ChangesetEntry...) -> [UInt8] {
  var writer = ChangesetWriter(.patchset)
  for entry in entries { writer.append(entry, to: table) }
  return writer.bytes
}

struct ReceiptBodyTests {
  static let rows = RowReceipt.Outcome.allCases.enumerated().map { index, outcome in
    RowReceipt(n: index * 3 + 1, outcome: outcome, reason: "unique", detail: Label(zh: "重复", en: "twice"))
  }

  @Test func roundTrip() throws {
    #expect(try ReceiptBody.decode(ReceiptBody.encode(Self.rows)) == Self.rows)
    #expect(try ReceiptBody.decode([]) == [])
    #expect(try readBySQLite(ReceiptBody.encode(Self.rows)).count == Self.rows.count)
  }

  static let table = ChangesetTable(name: "sync_receipt", columns: 5, key: [0])
  static func row(_ n: Value, _ outcome: String = "merged", _ reason: Value? = .text("")) -> ChangesetEntry {
    ChangesetEntry(.insert, new: [n, .text(outcome), reason, .text(""), .text("")])
  }

  static let bad: [(name: String, bytes: [UInt8])] = [
    ("another table", bytes(ChangesetTable(Sample.unit), ChangesetEntry(.insert, new: [.text("A"), .null]))),
    ("another shape", bytes(ChangesetTable(name: "sync_receipt", columns: 5, key: [1]), row(.integer(1)))),
    ("n = 0", bytes(table, row(.integer(0)))), ("n < 0", bytes(table, row(.integer(-1)))),
    ("n as text", bytes(table, row(.text("1")))), ("n too large", bytes(table, row(.integer(1 << 31)))),
    ("twice", bytes(table, row(.integer(1)), row(.integer(1)))),
    ("out of order", bytes(table, row(.integer(2)), row(.integer(1)))),
    ("an unknown outcome", bytes(table, row(.integer(1), "maybe"))),
    ("no reason", bytes(table, row(.integer(1), "merged", .null))),
    ("holes", bytes(table, row(.integer(1), "merged", nil))),
    ("a delete", bytes(table, ChangesetEntry(.delete, old: [.integer(1), nil, nil, nil, nil]))),
  ]

  @Test(arguments: bad)
  func refuses(name: String, bytes: [UInt8]) {
    #expect(throws: BodyError.self, "\(name)") { try ReceiptBody.decode(bytes) }
  }
}

struct PageBodyTests {
  static let decided: Conflict = {
    var conflict = Sample.conflict
    conflict.field = nil
    conflict.state = .decided
    conflict.decision = Decision(
      conflict: conflict.id, choice: .take, contender: 3, value: .null, reason: "", edit: Sample.edit(1))
    return conflict
  }()

  static let notice = ParkedNotice(
    id: 4, parked: Sample.rulings[0].parked, state: .dismissed, detail: Label(zh: "重复登记", en: "registered twice"),
    edit: Sample.edit(2))

  static let items: [PageItem] = [
    .row(record: "unit", [.text("A"), .text("")]),
    .row(record: "指标值", [.text("e1"), .integer(2024), .null, .text("甲")]),
    .gone(RowRef("指标值", RowKey([.integer(2023), .text("")]))),
    .row(record: "unit", [.text("B"), .null]), .parked(notice), .conflict(Sample.conflict),
    .contender(conflict: Sample.conflict.id, Sample.contender), .conflict(decided),
    .erasure(Sample.erasures[0]),
  ]

  static func encode(_ items: [PageItem]) -> [UInt8] {
    var writer = PageWriter(Sample.schema)
    for item in items { writer.append(item) }
    return writer.bytes
  }

  @Test func roundTrip() throws {
    #expect(try PageBody.decode(Self.encode(Self.items), schema: Sample.schema) == Self.items)
    #expect(try PageBody.decode([], schema: Sample.schema) == [])
    #expect(try readBySQLite(Self.encode(Self.items)).count == Self.items.count)
  }

  static let conflicts = ChangesetTable(name: "sync_conflict", columns: 16, key: [0])

  static func conflict(_ column: Int, _ value: Value?) -> [UInt8] {
    var row: [Value?] = decided.row
    row[column] = value
    return bytes(conflicts, ChangesetEntry(.insert, new: row))
  }

  static let bad: [(name: String, bytes: [UInt8])] = [
    ("unknown table", bytes(ChangesetTable(name: "x", columns: 1, key: [0]), ChangesetEntry(.insert, new: [.null]))),
    (
      "another shape",
      bytes(ChangesetTable(name: "unit", columns: 2, key: [1]), ChangesetEntry(.insert, new: [.null, .null]))
    ),
    ("a row with holes", bytes(ChangesetTable(Sample.unit), ChangesetEntry(.insert, new: [.text("A"), nil]))),
    ("a conflict deleted", bytes(conflicts, ChangesetEntry(.delete, old: decided.row))),
    ("a conflict in no state", conflict(6, .text("x"))), ("a field as number", conflict(3, .integer(1))),
    ("a key that is none", conflict(2, .blob([9]))), ("a choice of no kind", conflict(10, .text("x"))),
    ("half a decision", conflict(10, .null)), ("a contender as text", conflict(11, .text("1"))),
    ("holes", conflict(4, nil)),
    (
      "an erasure of nothing",
      bytes(
        ChangesetTable(name: "sync_erasure", columns: 6, key: [0, 1, 5]),
        ChangesetEntry(
          .insert, new: [.text("unit"), .blob([]), .blob([]), .text(""), .text(""), .integer(1)]))
    ),
    (
      "a contender with holes",
      bytes(
        ChangesetTable(name: "sync_contender", columns: 8, key: [0, 1]),
        ChangesetEntry(.insert, new: [.integer(1), .integer(1), nil, .integer(0), .null, .null, .null, .null]))
    ),
  ]

  @Test(arguments: bad)
  func refuses(name: String, bytes: [UInt8]) {
    #expect(throws: BodyError.self, "\(name)") { try PageBody.decode(bytes, schema: Sample.schema) }
  }

  /// The row of a conflict is not touched by what the bad ones change.
  @Test func theGoodOneIsTaken() throws {
    #expect(try PageBody.decode(Self.conflict(6, .text("decided")), schema: Sample.schema) == [.conflict(Self.decided)])
  }
}
