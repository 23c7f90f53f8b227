import SyncCore
import Testing

@testable import Replica
@testable import SQLiteStore

// The comment at the head of Reconcile.swift, line by line. Columns: id (the key), x, y.

private let record = RecordSchema(
  name: "r", label: Label(zh: "", en: ""), key: ["id"],
  fields: ["id", "x", "y"].map { Field(name: $0, label: Label(zh: "", en: "")) })

private func values(_ text: String?) -> [Value]? {
  text.map { [.text("k")] + $0.split(separator: " ").map { $0 == "NULL" ? .null : .text(String($0)) } }
}

private struct Case: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var row: String?
  /// nil: not captured. `insert`, or the base of x and y, `·` where it was not touched.
  var captured: String?
  var inFlight: Int64 = 0
  var master: String?
  // What comes out.
  var becomes: String?
  var pending: String?
  var touched: Bool

  init(
    _ name: String, row: String?, captured: String? = nil, inFlight: Int64 = 0, master: String?, becomes: String?,
    pending: String? = nil, touched: Bool
  ) {
    testDescription = name
    (self.row, self.captured, self.inFlight, self.master) = (row, captured, inFlight, master)
    (self.becomes, self.pending, self.touched) = (becomes, pending, touched)
  }
}

private func captured(_ text: String?, row: String?) -> PendingRow? {
  guard let text else { return nil }
  let base: [Value?] =
    text == "insert"
    ? [nil, nil, nil]
    : [nil] + text.split(separator: " ").map { $0 == "·" ? nil : $0 == "NULL" ? .null : .text(String($0)) }
  return PendingRow(
    key: RowKey([.text("k")]), existed: text != "insert", base: base, current: values(row),
    edit: Edit(stamp: Stamp(raw: 1), actor: "a"), cellEdits: [:])
}

private func shown(_ row: PendingRow?) -> String? {
  row.map { row in row.existed ? row.base.dropFirst().map(text).joined(separator: " ") : "insert" }
}

private let cases = [
  // untouched cell: takes the master's value
  Case("untouched", row: "1 1", master: "2 2", becomes: "2 2", touched: false),
  Case("new at the master", row: nil, master: "2 2", becomes: "2 2", touched: false),
  Case("gone at the master", row: "1 1", master: nil, becomes: nil, touched: false),
  Case("gone at both, never seen here", row: nil, master: nil, becomes: nil, touched: false),
  // touched cell: keeps its value and its base
  Case("pending cell", row: "2 1", captured: "1 ·", master: "3 3", becomes: "2 3", pending: "1 ·", touched: true),
  Case(
    "pending, master at the base", row: "2 1", captured: "1 ·", master: "1 3", becomes: "2 3", pending: "1 ·",
    touched: true),
  Case(
    "pending to NULL", row: "NULL 1", captured: "1 ·", master: "3 1", becomes: "NULL 1", pending: "1 ·", touched: true),
  Case(
    "pending from NULL", row: "2 1", captured: "NULL ·", master: "NULL 1", becomes: "2 1", pending: "NULL ·",
    touched: true),
  Case("in flight", row: "2 1", inFlight: 0b010, master: "3 3", becomes: "2 3", touched: true),
  Case("in flight and equal", row: "2 1", inFlight: 0b010, master: "2 3", becomes: "2 3", touched: true),
  Case(
    "in flight and edited again", row: "4 1", captured: "2 ·", inFlight: 0b010, master: "3 3", becomes: "4 3",
    pending: "2 ·",
    touched: true),
  Case(
    "one in flight, one pending", row: "2 2", captured: "· 1", inFlight: 0b010, master: "3 3", becomes: "2 2",
    pending: "· 1",
    touched: true),
  // set back to its base: takes upstream
  Case("set back", row: "1 1", captured: "1 ·", master: "3 1", becomes: "3 1", touched: false),
  Case(
    "one of two set back", row: "1 2", captured: "1 1", master: "3 3", becomes: "3 2", pending: "· 1", touched: true),
  Case("captured in vain", row: "1 1", captured: "1 1", master: "3 3", becomes: "3 3", touched: false),
  Case(
    "set back to what is in flight", row: "2 1", captured: "2 ·", inFlight: 0b010, master: "3 3", becomes: "2 3",
    touched: true),
  // equals upstream: agrees
  Case("typed upstream", row: "3 1", captured: "1 ·", master: "3 1", becomes: "3 1", touched: false),
  Case(
    "typed upstream while another value is in flight", row: "3 1", captured: "2 ·", inFlight: 0b010, master: "3 1",
    becomes: "3 1", pending: "2 ·", touched: true),
  Case(
    "one of two typed upstream", row: "3 2", captured: "1 1", master: "3 3", becomes: "3 2", pending: "· 1",
    touched: true),
  // row gone at the master: stays while anything in it is touched
  Case("gone while pending", row: "2 1", captured: "1 ·", master: nil, becomes: "2 1", pending: "1 ·", touched: true),
  Case("gone while in flight", row: "2 1", inFlight: 0b010, master: nil, becomes: "2 1", touched: true),
  Case("gone, and set back", row: "1 1", captured: "1 ·", master: nil, becomes: nil, touched: false),
  Case(
    "gone while a new row", row: "2 2", captured: "insert", master: nil, becomes: "2 2", pending: "insert",
    touched: true),
  // row deleted here: stays deleted
  Case("deleted here", row: nil, captured: "1 1", master: "3 1", becomes: nil, pending: "1 1", touched: true),
  Case("deleted here, in flight", row: nil, inFlight: 0b110, master: "3 1", becomes: nil, touched: true),
  Case("deleted at both", row: nil, captured: "1 1", master: nil, becomes: nil, touched: false),
  Case(
    "deleted at both, but what was sent may bring it back", row: nil, captured: "1 1", inFlight: 0b110, master: nil,
    becomes: nil, pending: "1 1", touched: true),
  Case("inserted and replaced away", row: nil, captured: "insert", master: "3 3", becomes: "3 3", touched: false),
  // a pending insert meets a row of the master: merges with an empty base
  Case(
    "insert meets a row", row: "2 3", captured: "insert", master: "3 3", becomes: "2 3", pending: "insert",
    touched: true),
  Case("insert meets its like", row: "2 3", captured: "insert", master: "2 3", becomes: "2 3", touched: false),
]

@Test(arguments: cases)
private func reconciles(_ test: Case) {
  let result = record.reconcile(
    row: values(test.row), pending: captured(test.captured, row: test.row), inFlight: test.inFlight,
    master: values(test.master))
  #expect(result.row == values(test.becomes))
  #expect(shown(result.pending) == test.pending)
  #expect(result.isTouched == test.touched)
}

/// Whoever typed it did not add nothing: others came to the same meanwhile.
@Test(arguments: [
  (base: Value?.some(.integer(11)), value: Value.integer(12), stays: true), (.some(.null), .integer(12), true),
  (.some(.integer(11)), .null, true), (nil, .integer(12), true), (nil, .integer(0), false), (nil, .null, false),
  (.some(.null), .integer(0), false), (.some(.integer(0)), .null, false),
])
func aSumThatEqualsTheMastersIsStillToBeAdded(_ base: Value?, _ value: Value, _ stays: Bool) {
  let label = Label(zh: "", en: "")
  let record = RecordSchema(
    name: "r", label: label, key: ["id"],
    fields: [Field(name: "id", label: label), Field(name: "n", label: label, kind: .integer, policy: .sum)])
  let row = [.text("k"), value]
  let pending = PendingRow(
    key: RowKey([.text("k")]), existed: base != nil, base: [nil, base], current: row,
    edit: Edit(stamp: Stamp(raw: 1), actor: "a"))
  let result = record.reconcile(row: row, pending: pending, inFlight: 0, master: row)
  #expect(result.row == row)
  #expect((result.pending != nil) == stays)
  #expect(result.isTouched == stays)
}

@Test func aRowOfKeysAloneStaysAnInsert() {
  let keys = RecordSchema(
    name: "r", label: Label(zh: "", en: ""), key: ["id"], fields: [Field(name: "id", label: Label(zh: "", en: ""))])
  let pending = PendingRow(
    key: RowKey([.text("k")]), existed: false, base: [nil], current: [.text("k")],
    edit: Edit(stamp: Stamp(raw: 1), actor: "a"),
    cellEdits: [:])
  let alone = keys.reconcile(row: [.text("k")], pending: pending, inFlight: 0, master: nil)
  #expect(alone.row == [.text("k")])
  #expect(alone.pending?.existed == false)
  #expect(keys.reconcile(row: [.text("k")], pending: pending, inFlight: 0, master: [.text("k")]).pending == nil)
}

@Test func aRowThatStayedForItsChildGoesWithIt() async throws {
  let scene = try await Scene(edit20, "UPDATE company SET phone = '7' WHERE id = 'c1'")
  let (world, here) = (scene.world, scene.here)
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.pull(here)
  // It stays while it is edited, and then while a child of it is under way, which is the other unit's affair by now.
  #expect(try scene.staff() == .integer(20))
  try world.shell(here, "UPDATE company SET staff = 5 WHERE id = 'c1'; INSERT INTO figure VALUES ('c1', 2030, 1, NULL)")
  let summary = try await world.sync(here)
  #expect(summary.received.parked == 1)
  #expect(try scene.staff() == nil)
  #expect(try here.integer("SELECT count(*) FROM sync_upstream_company") == 0)
  #expect(try world.differences(here) == [])
}

/// The delete of the parent is held back, and the row points nowhere here meanwhile (seed 18082 of the simulated town).
@Test func aCellThatIsSetBackTakesUpstreamThoughItsParentIsGone() async throws {
  let scene = try await Scene(
    "UPDATE figure SET sales = 2; DELETE FROM company WHERE id = 'c1'", "UPDATE figure SET sales = 3")
  let base = try #require(scene.here.diff().first { $0.field == "sales" }).base
  try await scene.world.sync(scene.here)
  #expect(try scene.diff().contains("sales \(text(base))→2 (3)"))
  guard case .integer(let number) = base else { return #expect(Bool(false), "sales is empty") }
  try scene.world.shell(scene.here, "UPDATE figure SET sales = \(number)")
  try await scene.world.sync(scene.here)
  #expect(try scene.here.rows(scene.here.record("figure")).first?[2] == .integer(3))
}
