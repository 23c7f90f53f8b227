import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// To SQLite a name is the same in any case of its letters: a column that a tool writes otherwise is there.

private let renamed = """
  ALTER TABLE figure RENAME COLUMN note TO NOTE; ALTER TABLE figure RENAME COLUMN year TO Year;
  """

extension Replica {
  fileprivate func tables() throws -> Int64? {
    try read { try $0.integer("SELECT count(*) FROM sqlite_master WHERE type = 'table'") }
  }
}

@Test func whatIsPendingOfAColumnInOtherLettersStaysPending() async throws {
  let (world, one, two) = try await World.compared()
  let before = try one.tables()
  try world.shell(one, "UPDATE figure SET note = 'pending' WHERE company = 'c1' AND year = 2024; \(renamed)")
  try one.repair()
  #expect(try one.diff().map(\.current) == [.text("pending")])
  #expect(try await world.found(one) == [])
  #expect(try one.tables() == before)
  try await world.settle()
  #expect(try two.rows(two.record("figure")).first?.last == .text("pending"))
}

@Test func aColumnOfTheMastersInOtherLettersIsThere() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell("UPDATE figure SET note = 'city' WHERE company = 'c1' AND year = 2024; \(renamed)")
  let report = try world.master.repair(adopting: true, actor: "li")
  #expect(report.unlogged.map(\.kind) == [.changed])
  try await world.settle()
  #expect(try one.rows(one.record("figure")).first?.last == .text("city"))
}
