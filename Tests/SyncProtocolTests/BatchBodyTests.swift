import SyncCore
import SyncProtocol
import Testing

private let unit = ChangesetTable(Sample.unit)
private let value = ChangesetTable(Sample.value)
private let edits = ChangesetTable(name: "sync_edit", columns: 3, key: [0])
private let cells = ChangesetTable(name: "sync_edit_cell", columns: 4, key: [0, 1])
private let decisions = ChangesetTable(name: "sync_decision", columns: 12, key: [0])
private let rulings = ChangesetTable(name: "sync_ruling", columns: 7, key: [0, 1, 2])
private let aliases = ChangesetTable(name: "sync_alias", columns: 6, key: [0, 1])

private let erasures = ChangesetTable(name: "sync_erasure", columns: 6, key: [0, 1, 5])

private typealias Piece = (ChangesetTable, ChangesetEntry)

private func insert(_ table: ChangesetTable, _ row: Value?...) -> Piece { (table, ChangesetEntry(.insert, new: row)) }
private func edit(_ n: Int64) -> Piece { insert(edits, .integer(n), .integer(1), .text("a")) }
private func cell(_ n: Int64, _ field: Value) -> Piece { insert(cells, .integer(n), field, .integer(1), .text("a")) }
private func decision(
  _ row: Value?..., about: [Value?] = [.text("unit"), .blob(RowKey([.text("A")]).encoded), .null, .integer(1)]
) -> Piece { (decisions, ChangesetEntry(.insert, new: row + about)) }
private func put(_ key: Value?) -> Piece { insert(unit, key, .null) }
private func update(_ old: [Value?], _ new: [Value?]) -> Piece { (value, ChangesetEntry(.update, old: old, new: new)) }

private func bytes(_ pieces: [Piece]) -> [UInt8] {
  var writer = ChangesetWriter(.changeset)
  for (table, entry) in pieces { writer.append(entry, to: table) }
  return writer.bytes
}

private let a = Value.text("A")
private let badChange = BodyError.badChange(record: "unit", n: 1)
private let badUpdate = BodyError.badChange(record: "指标值", n: 1)

struct BatchBodyTests {
  @Test func rowsMayComeInAnyOrder() throws {
    let rows = [put(.text("B")), put(a), insert(value, a, .integer(1), a, a), put(.text("C")), put(.text("D"))]
    let batch = try Batch(bytes(rows + (1...5).map(edit)), schema: Sample.schema)
    #expect(batch.changes.map(\.record) == ["unit", "unit", "指标值", "unit", "unit"])
  }

  @Test func roundTrip() throws {
    let batch = Sample.batch
    #expect(try Batch(batch.encoded(Sample.schema), schema: Sample.schema) == batch)
    #expect(try Batch([], schema: Sample.schema) == Batch())
    #expect(Batch().isEmpty)
    #expect(!batch.isEmpty)
  }

  @Test func aBatchHoldsNoMoreThanItsReaderTakes() throws {
    let body = Sample.batch.encoded(Sample.schema)
    #expect(throws: BodyError.tooMany) { try Batch(body, schema: Sample.schema, mostChanges: 2) }
    #expect(try Batch(body, schema: Sample.schema, mostChanges: 3) == Sample.batch)
  }

  @Test func anExcerptHoldsWhatTheBatchSaysOfSomeRows() throws {
    let batch = Sample.batch
    let body = batch.encoded(Sample.schema)
    for wanted in 0..<1 << batch.changes.count {
      let places = batch.changes.indices.filter { wanted & 1 << $0 != 0 }
      let excerpt = try BatchExcerpt(body, schema: Sample.schema, about: Set(places.map { batch.changes[$0].ref }))
      var expected = batch
      expected.changes = places.map { batch.changes[$0] }
      #expect(excerpt.batch == expected)
      #expect(excerpt.places == places.map { $0 + 1 })
      #expect(excerpt.count == batch.changes.count)
    }
    let stranger: Set = [RowRef("unit", RowKey([.text("Z")])), RowRef("指标值", Sample.changes[0].key)]
    #expect(try BatchExcerpt(body, schema: Sample.schema, about: stranger).places == [])
    #expect(throws: CodecError.self) { try BatchExcerpt(body.dropLast(1) + [], schema: Sample.schema, about: stranger) }
  }

  /// Only who signed it reads it.
  @Test func whatAPartialDeleteOfOnesOwnLacksIsNull() throws {
    let body = bytes([(unit, ChangesetEntry(.delete, old: [a, nil])), edit(1)])
    #expect(throws: badChange) { try Batch(body, schema: Sample.schema) }
    #expect(try Batch(body, schema: Sample.schema, isOwn: true).changes.map(\.old) == [[a, .null]])
  }

  /// Any tool that knows the format can read what went over the wire.
  @Test func sqliteReadsIt() throws {
    let body = Sample.batch.encoded(Sample.schema)
    let heard = try readBySQLite(body)
    #expect(
      heard.map(\.table) == [
        "unit", "指标值", "指标值", "sync_edit", "sync_edit", "sync_edit", "sync_edit_cell", "sync_decision", "sync_decision",
        "sync_ruling", "sync_alias", "sync_erasure",
      ])
    #expect(heard[1].old == Sample.changes[1].old)
    #expect(heard[1].new == Sample.changes[1].new)
    #expect(heard[6].new == [.integer(2), .text("备注"), .integer(7), .text("李四")])
  }

  fileprivate static let bad: [(name: String, pieces: [Piece], error: BodyError)] = [
    ("unknown table", [insert(ChangesetTable(name: "x", columns: 1, key: [0]), a)], .unknownTable("x")),
    ("more columns", [insert(ChangesetTable(name: "unit", columns: 3, key: [0]), a, a, a)], .badShape("unit")),
    ("another key", [insert(ChangesetTable(name: "unit", columns: 2, key: [1]), a, a)], .badShape("unit")),
    (
      "a key in another order", [insert(ChangesetTable(name: "指标值", columns: 4, key: [0, 1]), a, a, a, a)],
      .badShape("指标值")
    ),
    (
      "a receipt's table", [insert(ChangesetTable(name: "sync_receipt", columns: 5, key: [0]), a, a, a, a, a)],
      .unknownTable("sync_receipt")
    ),
    (
      "edits of another shape", [insert(ChangesetTable(name: "sync_edit", columns: 2, key: [0]), a, a)],
      .unknownTable("sync_edit")
    ),
    ("a NULL key", [put(.null), edit(1)], badChange),
    ("an undefined key", [put(nil), edit(1)], badChange),
    ("an undefined cell", [insert(unit, a, nil), edit(1)], badChange),
    ("a key over 1 kB", [put(.text(String(repeating: "a", count: 1022))), edit(1)], badChange),
    ("a partial delete", [(unit, ChangesetEntry(.delete, old: [a, nil])), edit(1)], badChange),
    ("an update of nothing", [update([a, .integer(1), nil, nil], [nil, nil, nil, nil]), edit(1)], badUpdate),
    (
      "an update without its base", [update([a, .integer(1), nil, nil], [nil, nil, .integer(1), nil]), edit(1)],
      badUpdate
    ),
    (
      "a base without its update", [update([a, .integer(1), a, a], [nil, nil, .integer(1), nil]), edit(1)], badUpdate
    ),
    ("an update of the key", [update([a, .integer(1), a, nil], [a, nil, a, nil]), edit(1)], badUpdate),
    ("an update without a key", [update([nil, .integer(1), a, nil], [nil, nil, a, nil]), edit(1)], badUpdate),
    (
      "a row twice", [put(a), (unit, ChangesetEntry(.delete, old: [a, a])), edit(1), edit(2)],
      .twice(record: "unit", n: 2)
    ),
    (
      "a row twice, out of order", [put(.text("C")), put(.text("B")), put(a), put(.text("B"))],
      .twice(record: "unit", n: 4)
    ),
    (
      "a row twice, in order but for it", [put(a), put(.text("B")), put(.text("C")), put(a)],
      .twice(record: "unit", n: 4)
    ),
    (
      "a row twice, with another record between", [put(a), insert(value, a, .integer(1), a, a), put(a)],
      .twice(record: "unit", n: 3)
    ),
    ("no edits", [put(a)], .missingEdit(n: 1)),
    ("one edit too few", [put(a), put(.text("B")), edit(1)], .missingEdit(n: 2)),
    ("one edit too many", [put(a), edit(1), edit(2)], .missingEdit(n: 2)),
    ("edits out of order", [put(a), put(.text("B")), edit(2), edit(1)], .missingEdit(n: 1)),
    ("an edit twice", [put(a), put(.text("B")), edit(1), edit(1)], .missingEdit(n: 2)),
    ("a change after the edits", [put(a), edit(1), put(.text("B"))], .badChange(record: "unit", n: 2)),
    ("an edit without a stamp", [put(a), insert(edits, .integer(1), .null, a)], .missingEdit(n: 1)),
    (
      "an update of an edit",
      [put(a), (edits, ChangesetEntry(.update, old: [.integer(1), a, a], new: [.integer(1), .integer(1), a]))],
      .badShape("sync_edit")
    ),
    ("a cell of no change", [put(a), edit(1), cell(2, .text("name"))], .badShape("sync_edit_cell")),
    ("a cell of change 0", [put(a), edit(1), cell(0, .text("name"))], .badShape("sync_edit_cell")),
    ("a cell of an extreme change", [put(a), edit(1), cell(.min, .text("name"))], .badShape("sync_edit_cell")),
    ("a cell of no field", [put(a), edit(1), cell(1, .text("x"))], .badShape("sync_edit_cell")),
    ("a cell twice", [put(a), edit(1), cell(1, .text("name")), cell(1, .text("name"))], .badShape("sync_edit_cell")),
    (
      "a decision of no kind", [decision(.integer(1), .text("x"), .null, .null, a, a, .integer(1), .null)],
      .badShape("sync_decision")
    ),
    (
      "a decision without a reason",
      [decision(.integer(1), .text("keep"), .null, .null, .null, a, .integer(1), .null)],
      .badShape("sync_decision")
    ),
    (
      "a decision for a text", [decision(.integer(1), .text("take"), a, .null, a, a, .integer(1), .null)],
      .badShape("sync_decision")
    ),
    (
      "a decision with holes", [decision(.integer(1), .text("keep"), nil, .null, a, a, .integer(1), .null)],
      .badShape("sync_decision")
    ),
    (
      "a decision of a version in words",
      [decision(.integer(1), .text("keep"), .null, .null, a, a, .integer(1), a)], .badShape("sync_decision")
    ),
    (
      "a decision about nothing",
      [
        decision(
          .integer(1), .text("keep"), .null, .null, a, a, .integer(1), .null, about: [.null, .null, .null, .null])
      ], .badShape("sync_decision")
    ),
    (
      "a decision about no key",
      [
        decision(
          .integer(1), .text("keep"), .null, .null, a, a, .integer(1), .null,
          about: [a, .blob([9]), .null, .integer(1)])
      ], .badShape("sync_decision")
    ),
    (
      "a ruling of no kind", [insert(rulings, a, .integer(1), .integer(1), .text("x"), a, a, .integer(1))],
      .badShape("sync_ruling")
    ),
    (
      "a ruling about no change", [insert(rulings, a, .integer(1), a, .text("admit"), a, a, .integer(1))],
      .badShape("sync_ruling")
    ),
    (
      "an alias without a key", [insert(aliases, a, .blob([6]), .blob([]), a, a, .integer(1))],
      .badShape("sync_alias")
    ),
    (
      "an erasure of no field", [insert(erasures, a, .blob([]), .blob([]), a, a, .integer(1))],
      .badShape("sync_erasure")
    ),
    (
      "an erasure of a number",
      [insert(erasures, a, .blob([]), .blob(RowKey([.integer(1)]).encoded), a, a, .integer(1))],
      .badShape("sync_erasure")
    ),
  ]

  @Test(arguments: bad.indices)
  func refuses(index: Int) {
    let item = Self.bad[index]
    #expect(throws: item.error, "\(item.name)") { try Batch(bytes(item.pieces), schema: Sample.schema) }
  }

  @Test func aKeyOfOneKilobyteIsTaken() throws {
    // One byte for the type and two for the length.
    let body = bytes([put(.text(String(repeating: "a", count: 1021))), edit(1)])
    #expect(try Batch(body, schema: Sample.schema).changes[0].key.encoded.count == 1024)
  }
}
