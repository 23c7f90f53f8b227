import Master
import Replica
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Who changed what, when, from which machine and why, from the signed batches alone.

private func what(_ what: HistoryEntry.What, _ record: RecordSchema) -> String {
  switch what {
  case .change(let change):
    let cells = record.fields.indices.compactMap { column in
      change.new[column].flatMap { $0.isNull ? nil : "\(record.fields[column].name) = \(RowKey([$0]))" }
    }
    return "\(change.kind) \(cells.joined(separator: ", "))"
  case .decision(let decision, let conflict):
    return "\(decision.choice) \(conflict.field ?? "row"): \(decision.reason)"
  case .ruling(let ruling): return "\(ruling.verdict): \(ruling.reason)"
  case .alias(let alias): return "merge \(alias.key) into \(alias.target): \(alias.reason)"
  case .erasure(let erasure): return "erase \(erasure.fields.joined(separator: ", ")): \(erasure.reason)"
  }
}

extension World {
  /// The history of a company: the machine's place among the replicas, who, what, what became of it.
  fileprivate func lines(_ key: String) throws -> [String] {
    let record = try master.record("company")
    return try master.history(record, key: RowKey([.text(key)])).map { entry in
      let machine = replicas.firstIndex { $0.identity.replica == entry.replica }.map { "machine \($0 + 1)" } ?? "city"
      let told = entry.outcome.map { " → \($0.outcome)" } ?? ""
      let parked = entry.parked.map { ", \($0)" } ?? ""
      return "\(machine) \(entry.edit.actor): \(what(entry.what, record))\(told)\(parked)"
    }
  }
}

@Test func historyTellsEditConflictAndDecision() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await world.sync(two)
  let conflict = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(conflict.id, .take(1), reason: "licence", actor: "li")
  let lines = try world.lines("c1")
  #expect(
    lines == [
      "machine 1 one: insert id = c1, office = A, name = 甲, phone = 1, address = x, industry = i, first = 5, peak = 5, staff = 10",
      "machine 1 one: update name = 乙", "machine 2 two: update name = 丙 → contested",
      "city li: take name: licence", "city li: update name = 丙",
    ])
  let entries = try world.master.history(world.master.record("company"), key: RowKey([.text("c1")]))
  #expect(entries.map(\.arrival) == [4, 5, 6, 7, 7])
  #expect(entries.map(\.number).prefix(3) == [1, 2, 1])
  // When it came, by the city's clock; when it was edited, by the stamp that came with it.
  #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.receivedAt <= $1.receivedAt })
  #expect(entries[3].receivedAt > entries[2].receivedAt)
}

@Test func historyTellsWhatBecameOfAParkedChange() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  try await world.sync(one)
  let three = try await world.join("B", actor: "three")
  for (replica, id, office) in [(two, "c2", "A"), (three, "c3", "B")] {
    try world.shell(replica, "INSERT INTO company (id, office, code, name) VALUES ('\(id)', '\(office)', 'X', '\(id)')")
    try await world.sync(replica)
  }
  let inserts = [
    "machine 2 two: insert id = c2, office = A, code = X, name = c2 → parked",
    "machine 3 three: insert id = c3, office = B, code = X, name = c3 → parked",
  ]
  #expect(try world.lines("c2") == [inserts[0] + ", waiting"])
  let parked = try #require(try world.master.parked().last)
  try world.master.dismiss([parked.id], reason: "no such firm", actor: "li")
  #expect(try world.lines("c3") == [inserts[1] + ", dismissed", "city li: dismiss: no such firm"])
  // Merged into the row that stands, its past is that row's past too.
  let company = try world.master.record("company")
  _ = try world.master.mergeRecords(
    company, keep: RowKey([.text("c1")]), duplicate: RowKey([.text("c2")]), reason: "one firm", actor: "li")
  #expect(
    try world.lines("c1").suffix(3) == [
      "machine 1 one: update code = X", inserts[0] + ", merged", "city li: merge c2 into c1: one firm",
    ])
  #expect(try world.master.verify().map(\.en) == [])
}
