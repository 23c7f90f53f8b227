import Replica
import SyncCore
import TestSupport
import Testing

@Test func statusFollowsARowOnItsWay() async throws {
  let (world, replica) = try await World.settled()
  func counts() throws -> [Int] {
    let status = try replica.status()
    return [status.pending, status.held.count, status.inFlight, status.openConflicts, status.parked]
  }
  #expect(try counts() == [0, 0, 0, 0, 0])
  #expect(try replica.status().lastSync == world.clock.now)
  #expect(try (replica.status().org, replica.status().server) == ("A", "loopback"))

  // One edit that will be contested, a new row that will be parked, an orphan that is held, and a touch in vain.
  try world.shell(
    "UPDATE company SET staff = 15 WHERE id = 'c1'; INSERT INTO company (id, office, code) VALUES ('x', 'A', '3')")
  try world.shell(
    replica,
    """
    UPDATE company SET staff = 20 WHERE id = 'c1'; INSERT INTO company (id, office, code) VALUES ('mine', 'A', '3');
    INSERT INTO figure VALUES ('nobody', 1, 1, NULL);
    UPDATE company SET staff = 8 WHERE id = 'c2'; UPDATE company SET staff = 7 WHERE id = 'c2';
    """)
  #expect(try counts() == [3, 1, 0, 0, 0])
  try replica.freeze()
  #expect(try counts() == [1, 1, 2, 0, 0])
  let cursor = try replica.status().cursor
  try await world.sync(replica)
  #expect(try counts() == [1, 1, 0, 1, 1])
  #expect(try replica.status().cursor > cursor)
  #expect(try replica.status().lastSync == world.clock.now)

  // What its clerk takes back is on its way, too.
  try replica.withdraw(try #require(replica.parked().first).id, reason: "typed twice", actor: nil)
  #expect(try counts() == [2, 1, 0, 1, 0])
  try replica.freeze()
  #expect(try counts() == [1, 1, 1, 1, 0])
  try await world.sync(replica)
  #expect(try counts() == [1, 1, 0, 1, 0])
}

@Test func historyShowsWhatWasSentAndWhatWaits() async throws {
  let (world, replica) = try await World.settled()
  try world.shell(replica, "UPDATE company SET staff = 9 WHERE id = 'c1'")
  try await world.sync(replica)
  try world.shell(replica, "UPDATE company SET staff = 10 WHERE id = 'c1'")
  let company = try replica.record("company")
  let history = try replica.history(company, key: RowKey([.text("c1")]))
  #expect(history.map(\.batch) == [1, 2, nil])
  #expect(
    history.dropFirst().map { text($0.change, company) } == ["~ company c1 staff 5→9", "~ company c1 staff 9→10"])
}
