import Replica
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A replica's file is upgraded with whatever is under way in it.

extension Replica {
  /// Takes a version of the small schema.
  fileprivate func upgradeSmall(to version: Int) throws {
    try upgrade(to: SchemaFile.canonicalJSON(SchemaFile.read(smallSchema(version))))
  }

  /// The capture tables, a text a row, by the columns of the first version.
  fileprivate func captured() throws -> [String] {
    var rows: [String] = []
    for record in try Schema.small().records {
      let columns = record.columns.joined(separator: ", ") + ", sync_existed, sync_stamp, sync_actor"
      try read { db in
        try db.each("SELECT \(columns) FROM \(record.baseTable)") { row in
          rows.append(row.cells(0..<row.count).map(text).joined(separator: " "))
        }
      }
    }
    return rows
  }
}

extension Schema {
  fileprivate static func small() throws -> Schema { try SchemaFile.read(smallSchemaYAML) }
}

@Test(arguments: captureCases)
func whatIsPendingStaysPendingOverAnUpgrade(_ item: CaptureCase) async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, item.sql)
  let captured = try replica.captured()
  try world.upgradeSmall(to: 4)
  try replica.upgradeSmall(to: 4)
  #expect(try replica.pending() == item.pending)
  #expect(try replica.captured() == captured)
  #expect(try replica.verify().map(\.en).filter { $0.contains("sync_") } == [])
  // Edited again in what is new, the old bases still stand.
  try world.shell(replica, "UPDATE company SET fax = '1' WHERE id = 'c1'; UPDATE figure SET profit = 3")
  let again = try replica.pendingChanges().filter { $0.kind == .update }
  for change in again where change.key == RowKey([.text("c1")]) { #expect(change.old[12] == .null) }
  try await world.sync(replica)
  #expect(try replica.status().inFlight == 0)
}

@Test func aRowThatIsGoneIsKnownWholeAfterAnUpgrade() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "DELETE FROM figure; DELETE FROM company WHERE id = 'c2'; UPDATE company SET staff = 6")
  try world.upgradeSmall(to: 3)
  try replica.upgradeSmall(to: 3)
  let deletes = try replica.pendingChanges().filter { $0.kind == .delete }
  #expect(deletes.count == 2 && deletes.allSatisfy { !$0.old.contains(nil) })
  try replica.freeze()
  try world.send(replica)
  try expectEqual(world, replica)
}

@Test func whatIsInFlightIsReadByTheSchemaThatItNames() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica,
    """
    UPDATE company SET staff = 6 WHERE id = 'c1'; DELETE FROM company WHERE id = 'c2';
    INSERT INTO company (id, office, code) VALUES ('c3', 'A', '3'); INSERT INTO figure VALUES ('c3', 2025, 1, 'n')
    """)
  try replica.freeze()
  let bytes = try replica.unacknowledged()
  // Sent, and the answer is lost; then edited again, and the file upgraded twice.
  _ = try world.ask(replica, sending: bytes)
  try world.shell(
    replica, "UPDATE company SET staff = 7 WHERE id = 'c1'; UPDATE company SET name = 'x' WHERE id = 'c3'")
  for version in 2...3 {
    try world.upgradeSmall(to: version)
    try replica.upgradeSmall(to: version)
  }
  #expect(try replica.unacknowledged() == bytes)
  #expect(
    try replica.history(replica.record("company"), key: RowKey([.text("c1")])).map(\.change.new.count) == [14, 14, 14])
  #expect(try replica.pending() == ["~ company c1 staff 6→7", "~ company c3 name NULL→x"])
  try await world.settle()
  #expect(try world.cell("staff") == .integer(7))
}

@Test func whatTheCityParkedOfAnEarlierVersionLeavesWhole() async throws {
  let (world, replica) = try await World.settled()
  let other = try await world.join("A", actor: "wang")
  try world.shell(other, "INSERT INTO company (id, office, code) VALUES ('d', 'A', '9')")
  try await world.sync(other)
  try world.shell(replica, "INSERT INTO company (id, office, code, name) VALUES ('e', 'A', '9', '戊')")
  try world.shell(replica, "INSERT INTO figure VALUES ('e', 2025, 1, 'n')")
  try replica.freeze()
  let bytes = try replica.unacknowledged()
  try world.upgradeSmall(to: 2)
  try replica.upgradeSmall(to: 2)
  try world.shell(replica, "INSERT INTO figure (company, year, profit) VALUES ('e', 2026, 5)")
  try world.take(replica, try world.ask(replica, sending: bytes))
  #expect(
    try parked(replica) == [
      "company unique 2: e A 9 戊", "figure reference 2: e 2025 1 n", "figure reference unsent: e 2026 5",
    ])
  #expect(try replica.parked().map(\.row.count) == [14, 5, 5])
  try await world.settle()
}

@Test func whatWaitsHereUnsentEntersAfterAnUpgrade() async throws {
  let (world, replica) = try await World.settled()
  // The clerk gives a new row the code that the city gives to c1 meanwhile.
  try world.shell(replica, "INSERT INTO company (id, office, code, name) VALUES ('e', 'A', '7', '戊')")
  try world.shell("UPDATE company SET code = '7' WHERE id = 'c1'")
  let answer = try world.ask(replica)
  _ = try replica.receive(receipts: answer.receipts, pages: answer.pages, parkingClashes: true)
  #expect(try parked(replica) == ["company unique unsent: e A 7 戊"])
  try world.upgradeSmall(to: 4)
  try await world.sync(replica)
  #expect(try replica.parked().map(\.row.count) == [15])
  try world.shell("UPDATE company SET code = '1' WHERE id = 'c1'")
  try await world.settle()
  #expect(try replica.parked().isEmpty && replica.cell("company", "e", "name") == .text("戊"))
  #expect(try replica.cell("company", "e", "fax") == .null)
}

@Test func aHeldRowKeepsNobodyFromAnUpgrade() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica, "PRAGMA ignore_check_constraints = ON; UPDATE company SET name = 'a' || char(0) WHERE id = 'c1'")
  try world.upgradeSmall(to: 2)
  #expect(try await world.sync(replica).held.count == 1)
  #expect(replica.schema.version == 2)
  #expect(try replica.verify().contains { $0.en == "company c1.name: must not contain the character U+0000" })
  // The checks are on again.
  #expect(try replica.integer("PRAGMA ignore_check_constraints") == 0)
  try world.shell(replica, "UPDATE company SET name = '丁', fax = '1' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("丁") && world.cell("fax") == .text("1"))
}

@Test func theUpstreamOfATouchedRowStaysOverAnUpgrade() async throws {
  let scene = try await Scene(edit20, edit15)
  let (world, here) = (scene.world, scene.here)
  try await world.pull(here)
  #expect(try scene.diff() == ["staff 5→20 (15)"])
  try world.upgradeSmall(to: 3)
  try here.upgradeSmall(to: 3)
  #expect(try scene.diff() == ["staff 5→20 (15)"])
  // What is new and untouched takes the master's value beside it.
  try world.shell("UPDATE company SET fax = '1' WHERE id = 'c1'")
  try await world.pull(here)
  #expect(try here.cell("company", "c1", "fax") == .text("1"))
  try scene.revert()
  #expect(try scene.staff() == .integer(15) && here.cell("company", "c1", "fax") == .text("1"))
  try await scene.settle()
}

@Test func aRowThatIsGoneAtTheCityStaysBeneathAnUpgrade() async throws {
  let scene = try await Scene(edit20, "DELETE FROM figure WHERE company = 'c1'; DELETE FROM company WHERE id = 'c1'")
  let (world, here) = (scene.world, scene.here)
  try await world.pull(here)
  try world.upgradeSmall(to: 2)
  try here.upgradeSmall(to: 2)
  #expect(try here.integer("SELECT sync_gone FROM sync_upstream_company") == 1)
  try await scene.settle()
}

@Test func whatIsNewIsCapturedLikeAnythingElse() async throws {
  let (world, replica) = try await World.settled()
  try world.upgradeSmall(to: 3)
  try replica.upgradeSmall(to: 3)
  try world.shell(
    replica,
    """
    UPDATE company SET fax = '1', email = 'e' WHERE id = 'c1'; INSERT INTO visit VALUES ('v', 'c1', 'n');
    REPLACE INTO company (id, office, email) VALUES ('c9', 'A', 'e')
    """)
  #expect(try replica.pending() == ["- company c1", "+ company c9 office=A email=e", "+ visit v company=c1 note=n"])
  let stamps = "SELECT count(*) FROM sync_base_company WHERE sync_stamp_12 IS NOT NULL AND sync_stamp_4 IS NULL"
  #expect(try replica.integer(stamps) == 1)
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET kind = 'odd'") }
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET fax = 'a' || char(0)") }
}

/// An application holds what it read of the schema for as long as it runs.
@Test func whatIsPendingOfANewFieldIsRevertedByAFormerRecordToo() async throws {
  let (world, replica) = try await World.settled()
  let former = try replica.record("company")
  try world.upgradeSmall(to: 2)
  try replica.upgradeSmall(to: 2)
  try world.shell(replica, "UPDATE company SET phone = '9', fax = '1' WHERE id = 'c1'")
  try replica.revert(former, key: RowKey([.text("c1")]))
  #expect(try replica.pending() == [])
  #expect(try replica.cell("company", "c1", "phone") == .null && replica.cell("company", "c1", "fax") == .null)
  try await world.settle()
}

@Test func whatIsPendingOfANewFieldStaysWhenAFormerRecordIsTakenUp() async throws {
  let (world, replica) = try await World.settled()
  let former = try replica.record("company")
  let other = try await world.join("B")
  try world.shell(other, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', '9')")
  try await world.sync(other)
  try world.shell(replica, "UPDATE company SET code = '9', staff = 11 WHERE id = 'c1'")
  try await world.sync(replica)
  #expect(try parked(replica).count == 1)
  try world.upgradeSmall(to: 2)
  try replica.upgradeSmall(to: 2)
  try world.shell(replica, "UPDATE company SET fax = '1' WHERE id = 'c1'")
  let key = RowKey([.text("c1")])
  #expect(try replica.edit(as: nil) { try replica.takeUp($0, former, key: key, [2: .text("8")]) })
  #expect(try replica.pending() == ["~ company c1 code 1→8, staff 5→11, fax NULL→1"])
  try await world.settle()
  #expect(try world.cell("code") == .text("8") && world.cell("fax") == .text("1"))
}

@Test(arguments: [
  "DROP TRIGGER sync_capture_update_company", "DROP TRIGGER sync_check_update_company",
  "DROP INDEX company_unique_email",
  "ALTER TABLE company ADD COLUMN more TEXT", "ALTER TABLE company RENAME COLUMN fax TO telex",
  "ALTER TABLE visit ADD COLUMN more TEXT", "DROP TABLE sync_base_visit",
])
func damageIsNamedAfterAnUpgradeToo(sql: String) async throws {
  let (world, replica) = try await World.settled()
  for version in 2...4 {
    try world.upgradeSmall(to: version)
    try replica.upgradeSmall(to: version)
    #expect(try replica.verify() == [])
  }
  try replica.refuseDamage()
  try world.shell(replica, sql)
  #expect(throws: Failure.self) { try replica.refuseDamage() }
}

@Test func onlyWhatFollowsIsTaken() async throws {
  let (world, replica) = try await World.settled()
  try replica.upgradeSmall(to: 1)
  let other = smallSchema(2).replacing("      phone: {type: text, policy: latest}\n", with: "")
  let failure = try #require(throws: Failure.self) {
    try replica.upgrade(to: SchemaFile.canonicalJSON(SchemaFile.read(other)))
  }
  #expect(failure.kind == .protocolViolation && failure.message.en.contains("company.phone"))
  try replica.upgradeSmall(to: 2)
  #expect(throws: Failure.self) { try replica.upgradeSmall(to: 1) }
  #expect(replica.schema.version == 2)
  _ = world
}

/// A stick, or an answer that was held up on its way. Of version 2 this file has never heard.
@Test func whatComesByAnEarlierVersionIsOutdatedAndNoFaultOfTheCitys() async throws {
  let (world, replica) = try await World.settled()
  try replica.upgradeSmall(to: 3)
  for version in 1...2 {
    let failure = try #require(throws: Failure.self) { try replica.upgradeSmall(to: version) }
    let told = failure.message.en
    #expect(told.contains("by version \(version) of the schema") && told.contains("sync again"))
    #expect(!told.contains("ask the city") && replica.schema.version == 3)
  }
  _ = world
}

@Test func aTableThatHasTheNameOfANewRecordIsNamed() async throws {
  let (world, replica) = try await World.settled()
  try world.shell("CREATE TABLE visit (x)")
  try world.shell(replica, "CREATE TABLE Visit (x)")
  let city = #expect(throws: Failure.self) { try world.upgradeSmall(to: 3) }
  #expect(city?.kind == .data && city?.message.en.contains("table visit") == true)
  #expect(world.master.schema.version == 2)
  try world.shell("ALTER TABLE visit RENAME TO mine")
  try world.upgradeSmall(to: 3)
  let here = await #expect(throws: Failure.self) { try await world.sync(replica) }
  #expect(here?.kind == .data && here?.message.en.contains("table Visit") == true)
  #expect(replica.schema.version == 1)
  try world.shell(replica, "ALTER TABLE Visit RENAME TO mine")
  try await world.settle()
  #expect(replica.schema.version == 3)
}
