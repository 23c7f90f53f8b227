import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// What was written behind the triggers becomes an edit like any other when the clerk says so.

extension Replica {
  /// `company c1 name 甲→丁 li`: what is pending, with its base and who edited it.
  fileprivate func pendingLines() throws -> [String] {
    func text(_ value: SyncCore.Value) -> String { RowKey([value]).description }
    return try diff().map { entry in
      let row = "\(entry.ref.record) \(entry.ref.key)"
      guard let field = entry.field else { return "\(entry.kind) \(row) \(entry.edit.actor)" }
      return "\(row) \(field) \(text(entry.base))→\(text(entry.current)) \(entry.edit.actor)"
    }
  }
}

@Test func whatIsAdoptedIsPendingOverTheCitysImage() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(
    one,
    """
    UPDATE company SET name = '丁', phone = '99' WHERE id = 'c1'; DELETE FROM figure WHERE year = 2024;
    INSERT INTO company (id, office, name) VALUES ('c9', 'A', '九'); INSERT INTO figure VALUES ('c9', 2025, 1, NULL)
    """)
  #expect(try one.adopt(try await world.deepVerify(one), actor: "li") == 4)
  #expect(
    try one.pendingLines() == [
      "company c1 name 甲→丁 li", "company c1 phone 11→99 li", "insert company c9 li", "delete figure c1,2024 li",
      "insert figure c9,2025 li",
    ])
  #expect(try await world.found(one) == [])
  let summary = try await world.sync(one)
  #expect(summary.pushed == 4 && summary.received.conflicts == 0)
  #expect(try world.cell("name") == .text("丁") && world.cell("phone") == .text("99"))
  try await world.settle()
  let company = try world.master.record("company")
  let last = try #require(try world.master.history(company, key: RowKey([.text("c1")])).last)
  #expect(last.edit.actor == "li" && last.edit.stamp.milliseconds >= 1_800_000_000_000)
}

/// The base is what the clerk was shown, so a value that came to the city since is contested and not overwritten.
@Test func whatTheCityGotSinceIsContested() async throws {
  let (world, one, two) = try await World.compared()
  try world.behind(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  let comparison = try await world.deepVerify(one)
  try world.shell(two, "UPDATE company SET name = '戊' WHERE id = 'c1'")
  try await world.sync(two)
  try one.adopt(comparison, actor: nil)
  #expect(try await world.sync(one).received.conflicts == 1)
  #expect(try world.cell("name") == .text("戊"))
  #expect(try world.master.conflicts([.open]).first?.contenders.map(\.value) == [.text("丁")])
  try await world.settle()
}

@Test func anAdoptedCellJoinsWhatIsPendingOfItsRow() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(two, "UPDATE company SET staff = 50 WHERE id = 'c1'")
  try await world.sync(two)
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'; UPDATE company SET staff = 8 WHERE id = 'c2'")
  try await world.pull(one)
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id IN ('c1', 'c2')")
  #expect(try one.adopt(try await world.deepVerify(one), actor: "li") == 2)
  #expect(
    try one.pendingLines() == [
      "company c1 name 甲→x li", "company c1 staff 5→6 li", "company c2 name 乙→x li", "company c2 staff 7→8 li",
    ])
  #expect(try await world.found(one) == [])
  // The clerk has not seen the 50 that came beneath the 6.
  #expect(try await world.sync(one).received.conflicts == 1)
  #expect(try world.cell("staff") == .integer(50) && world.cell("name") == .text("x"))
  #expect(try world.cell("staff", of: "c2") == .integer(8))
  try await world.settle()
}

@Test func anAdoptedCellJoinsWhatIsOnItsWay() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  try one.freeze()
  try world.shell(one, "UPDATE company SET staff = 7 WHERE id = 'c1'")
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id = 'c1'")
  #expect(try one.adopt(try await world.deepVerify(one), actor: "li") == 1)
  #expect(try one.pendingLines() == ["company c1 name 甲→x li", "company c1 staff 6→7 li"])
  #expect(try await world.found(one) == [])
  #expect(try await world.sync(one).received.conflicts == 0)
  #expect(try world.cell("staff") == .integer(7) && world.cell("name") == .text("x"))
  try await world.settle()
}

/// A row that was edited by the triggers and behind them is whole either way.
@Test func whatIsSetBackLeavesWhatIsPending() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'; DELETE FROM figure WHERE company = 'c2'")
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c3'")
  #expect(try one.setBack(try await world.deepVerify(one)) == 2)
  #expect(try one.pendingLines() == ["company c1 staff 5→6 one", "delete figure c2,2025 one"])
  #expect(try one.row(one.record("company"), key: RowKey([.text("c3")])) != nil)
  // What was here is kept.
  let images = try one.read { try $0.integer("SELECT count(*) FROM sync_archive WHERE record = 'company'") }
  #expect(images == 1)
  #expect(try await world.found(one) == [])
  try await world.settle()
}

/// A row with its children that nobody captured goes back into nothing, with what a clerk added to it.
@Test func aRowThatIsSetBackTakesNoUnsentChildAlong() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(one, "INSERT INTO company (id, office, code) VALUES ('c9', 'A', '9')")
  try world.shell(one, "INSERT INTO figure VALUES ('c9', 2025, 1, NULL)")
  try one.setBack(try await world.deepVerify(one))
  #expect(try one.parked().map { "\($0.ref.record) \($0.reason)" } == ["figure reference"])
  #expect(try await world.found(one) == [])
  try await world.settle()
}

@Test func aRowOfAnotherUnitIsParkedOrGone() async throws {
  for adopts in [true, false] {
    let (world, one, _) = try await World.compared()
    let plant = "INSERT INTO company (id, office, code, name) VALUES ('d1', 'B', '4', 'mine'), ('d2', 'B', '5', 'new')"
    try world.behind(one, plant)
    let comparison = try await world.deepVerify(one)
    // Nothing of B's row is told.
    #expect(comparison.lines(one.schema) == ["+ company d1", "+ company d2"])
    #expect(comparison.differences.allSatisfy { $0.city == nil })
    if adopts { try one.adopt(comparison, actor: nil) } else { try one.setBack(comparison) }
    #expect(try await world.sync(one).received.parked == (adopts ? 2 : 0))
    #expect(try world.cell("name", of: "d1") == .text("丁"))
    #expect(try one.rows(one.record("company")).count == 3)
    try await world.settle()
  }
}

/// What breaks a rule becomes pending too, and is held back with its reason until it is mended.
@Test func anAdoptedRowThatBreaksARuleIsHeldBack() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(
    one,
    "INSERT INTO figure VALUES ('none', 2025, 1, NULL); UPDATE company SET name = 'x' WHERE id = 'c1'")
  #expect(try one.verify().contains { $0.en.contains("company: there is no company none") })
  try one.adopt(try await world.deepVerify(one), actor: nil)
  let summary = try await world.sync(one)
  #expect(summary.pushed == 1 && summary.held.map(\.ref.record) == ["figure"])
  #expect(try world.cell("name") == .text("x"))
  try world.shell(one, "DELETE FROM figure WHERE company = 'none'")
  try await world.settle()
}

@Test func aClerkWhoEditsMeanwhileKeepsTheEdit() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(one, "UPDATE company SET name = 'x', staff = 6 WHERE id IN ('c1', 'c2')")
  let comparison = try await world.deepVerify(one)
  try world.shell(one, "UPDATE company SET name = 'y' WHERE id = 'c1'")
  try world.behind(one, "UPDATE company SET name = '乙', staff = 7 WHERE id = 'c2'")
  #expect(try one.adopt(comparison, actor: "li") == 1)
  #expect(try one.pendingLines() == ["company c1 name 甲→y li", "company c1 staff 5→6 li"])
  try await world.settle()
}
