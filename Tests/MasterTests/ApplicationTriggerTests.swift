import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An application keeps tables of its own by triggers of its own, whatever they are called.

extension RecordStore {
  fileprivate func audited() throws -> Int64? { try read { try $0.integer("SELECT count(*) FROM audit") } }
}

private func audit(_ event: String) -> String {
  """
  CREATE TABLE audit (company TEXT);
  CREATE TRIGGER sync_mine AFTER \(event) ON company BEGIN INSERT INTO audit VALUES (new.id); END;
  """
}

@Test func anApplicationsTriggerIsNoneOfOursToTheRepair() async throws {
  let (world, one, _) = try await World.compared()
  let index = "CREATE INDEX sync_mine_by_staff ON company (staff);"
  try world.shell(one, audit("UPDATE") + index + "ALTER TABLE company ADD COLUMN fax TEXT")
  #expect(try one.repair().count == 1)
  let theirs = "SELECT count(*) FROM sqlite_master WHERE tbl_name = 'company' AND name LIKE 'sync_mine%'"
  #expect(try one.read { try $0.integer(theirs) } == 2)
  #expect(try await world.found(one) == [])
  try world.shell(one, "UPDATE company SET staff = 6 WHERE id = 'c1'")
  #expect(try one.audited() == 1)
  try await world.settle()
}

/// So many rows that none of ours is asked.
@Test func anApplicationsTriggerIsNoneOfOursToALargePull() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, audit("INSERT"))
  try world.shell(
    two,
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO company (id, office) SELECT 'n' || i, 'A' FROM n
    """)
  for replica in [two, one] { try await world.sync(replica) }
  #expect(try one.audited() == 1000)
  try await world.settle()
}
