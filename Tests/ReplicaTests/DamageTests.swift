import Replica
import SyncCore
import TestSupport
import Testing

// What capture cannot see is refused aloud by the next sync and named by verify, never silently missed.

private struct Damage: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  /// What verify names.
  var names: String
}

private let damages = [
  Damage(
    testDescription: "a table copied, dropped and renamed",
    sql: """
      CREATE TABLE copy AS SELECT * FROM company; DROP TABLE company; ALTER TABLE copy RENAME TO company;
      """, names: "sync_capture_update_company was removed"),
  Damage(
    testDescription: "a table rebuilt just as it was",
    sql: """
      CREATE TABLE t (x); CREATE TABLE sync_new AS SELECT sql FROM sqlite_master WHERE name = 'figure';
      CREATE TABLE keep AS SELECT * FROM figure; DROP TABLE figure;
      CREATE TABLE figure (company TEXT, year INT, sales INTEGER, note TEXT, PRIMARY KEY (company, year)) STRICT;
      INSERT INTO figure SELECT * FROM keep;
      """, names: "figure was altered"),
  Damage(
    testDescription: "a dropped trigger", sql: "DROP TRIGGER sync_capture_update_company",
    names: "sync_capture_update_company was removed"),
  Damage(
    testDescription: "a trigger that does nothing",
    sql: """
      DROP TRIGGER sync_capture_delete_figure;
      CREATE TRIGGER sync_capture_delete_figure AFTER DELETE ON figure BEGIN SELECT 1; END;
      """, names: "sync_capture_delete_figure was altered"),
  Damage(
    testDescription: "a dropped check", sql: "DROP TRIGGER sync_check_insert_company",
    names: "sync_check_insert_company was removed"),
  Damage(
    testDescription: "a dropped index", sql: "DROP INDEX company_unique_code", names: "company_unique_code was removed"),
  Damage(
    testDescription: "an added column", sql: "ALTER TABLE company ADD COLUMN fax TEXT", names: "company was altered"),
  Damage(
    testDescription: "a renamed column", sql: "ALTER TABLE figure RENAME COLUMN note TO remark",
    names: "figure was altered"),
  Damage(
    testDescription: "base images dropped", sql: "DROP TABLE sync_base_company", names: "sync_base_company was removed"),
  Damage(
    testDescription: "capture switched off", sql: "INSERT INTO sync_applying VALUES (1)",
    names: "sync_applying was altered"),
  Damage(testDescription: "no clock", sql: "DELETE FROM sync_clock", names: "sync_clock or sync_applying was altered"),
]

@Test(arguments: damages)
private func damageIsNamedAndStopsTheSync(_ damage: Damage) async throws {
  let (world, replica) = try await World.settled()
  try replica.refuseDamage()
  try world.shell(replica, damage.sql)
  #expect(throws: Failure.self) { try replica.refuseDamage() }
  await #expect(throws: Failure.self) { try await world.sync(replica) }
  let told = try replica.verify().map(\.en)
  #expect(told.contains { $0.contains(damage.names) }, "\(told)")
}

@Test func aToolsOwnTablesDoNoHarm() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(
    replica,
    "CREATE TABLE mine (x); CREATE INDEX mine_by_staff ON company (staff); CREATE VIEW v AS SELECT * FROM company; VACUUM"
  )
  #expect(try replica.verify() == [])
  try await world.sync(replica)
}
