import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Writes that no trigger saw are found by comparing with the city: each of them, and nothing that is pending.

extension World {
  /// Two machines of A and one of B, which all have synced: companies c1 to c3 of A with figures, d1 of B.
  static func compared() async throws -> (World, Replica, Replica) {
    let world = try World.small()
    let (one, two) = (try await world.join("A", actor: "one"), try await world.join("A", actor: "two"))
    let other = try await world.join("B")
    try world.shell(
      one,
      """
      INSERT INTO company (id, office, code, name, phone, staff) VALUES
        ('c1', 'A', '1', '甲', '11', 5), ('c2', 'A', '2', '乙', '22', 7), ('c3', 'A', '3', '丙', NULL, NULL);
      INSERT INTO figure VALUES ('c1', 2024, 100, 'x'), ('c1', 2025, 200, NULL), ('c2', 2025, 300, NULL);
      """)
    try world.shell(other, "INSERT INTO company (id, office, code, name) VALUES ('d1', 'B', '4', '丁')")
    for _ in 1...2 { for replica in world.replicas { try await world.sync(replica) } }
    return (world, one, two)
  }

  func found(_ replica: Replica) async throws -> [String] { try await deepVerify(replica).lines(replica.schema) }
}

private struct Damage: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var sql: String
  var found: [String]
}

private let damages = [
  Damage(testDescription: "nothing", sql: "SELECT 1", found: []),
  Damage(
    testDescription: "a cell", sql: "UPDATE company SET name = '丁' WHERE id = 'c1'", found: ["~ company c1 name"]),
  Damage(
    testDescription: "two cells of one row", sql: "UPDATE company SET staff = NULL, phone = '' WHERE id = 'c2'",
    found: ["~ company c2 phone,staff"]),
  Damage(
    testDescription: "a case of letters and a composed letter",
    sql: "UPDATE figure SET note = 'X' WHERE year = 2024", found: ["~ figure c1,2024 note"]),
  Damage(
    testDescription: "a row added",
    sql: "INSERT INTO company (id, office, name) VALUES ('c9', 'A', '九')", found: ["+ company c9"]),
  Damage(testDescription: "a row deleted", sql: "DELETE FROM figure WHERE year = 2024", found: ["- figure c1,2024"]),
  Damage(
    testDescription: "a changed key", sql: "UPDATE figure SET year = 2020 WHERE year = 2024",
    found: ["+ figure c1,2020", "- figure c1,2024"]),
  Damage(
    testDescription: "a row of the city's", sql: "UPDATE office SET name = 'x' WHERE code = 'B'",
    found: ["~ office B name"]),
  Damage(
    testDescription: "a row of another unit", sql: "INSERT INTO company (id, office, code) VALUES ('d1', 'B', '4')",
    found: ["+ company d1"]),
  Damage(
    testDescription: "everything", sql: "DELETE FROM figure; UPDATE company SET peak = 1",
    found: [
      "~ company c1 peak", "~ company c2 peak", "~ company c3 peak", "- figure c1,2024", "- figure c1,2025",
      "- figure c2,2025",
    ]),
  Damage(
    testDescription: "values swapped between rows",
    sql: """
      UPDATE company SET code = NULL WHERE id = 'c1'; UPDATE company SET code = '1' WHERE id = 'c2';
      UPDATE company SET code = '2' WHERE id = 'c1'
      """, found: ["~ company c1 code", "~ company c2 code"]),
  Damage(
    testDescription: "an orphan", sql: "DELETE FROM company WHERE id = 'c2'", found: ["- company c2"]),
]

@Test(arguments: damages) private func whatNoTriggerSawIsFound(_ damage: Damage) async throws {
  let (world, one, two) = try await World.compared()
  #expect(try await world.found(one) == [])
  try world.behind(one, damage.sql)
  #expect(try await world.found(one) == damage.found)
  // Looking changes nothing, and the others have nothing to do with it.
  #expect(try await world.found(one) == damage.found)
  #expect(try await world.found(two) == [])
  try one.setBack(try await world.deepVerify(one))
  #expect(try await world.found(one) == [])
  try await world.settle()
}

@Test func triggersThatWereSwitchedOffForAWhileAreNoSecret() async throws {
  let (world, one, _) = try await World.compared()
  let name = "sync_capture_update_company"
  let sql = try one.read { try $0.first("SELECT sql FROM sqlite_master WHERE name = ?", [.text(name)]) }
  guard case .text(let trigger)? = sql?.first else { throw Failure(.defect, zh: "", en: "no trigger") }
  try world.shell(
    one, "DROP TRIGGER \(name); UPDATE company SET staff = 6 WHERE id = 'c1'; \(trigger)")
  #expect(try one.verify() == [])
  #expect(try await world.found(one) == ["~ company c1 staff"])
}

/// An incremental blob write fires no trigger at all.
@Test func anIncrementalBlobWriteIsFound() async throws {
  let (world, one, _) = try await World.compared()
  let script = """
    import sqlite3, sys
    with sqlite3.connect(sys.argv[1]) as c:
      row = c.execute("SELECT rowid FROM company WHERE id = 'c1'").fetchone()[0]
      with c.blobopen("company", "name", row) as blob: blob.write("乙".encode())
    """
  let python = Process()
  python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  python.arguments = ["python3", "-c", script, one.path]
  try python.run()
  python.waitUntilExit()
  #expect(python.terminationStatus == 0)
  #expect(try one.verify() == [] && one.diff().isEmpty)
  #expect(try await world.found(one) == ["~ company c1 name"])
}

/// What is pending, on its way, parked or pulled beneath an edit is no difference; what was written behind it is one.
@Test func whatIsPendingIsNoDifference() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(two, "UPDATE company SET staff = 70, name = '二' WHERE id = 'c2'")
  try await world.sync(two)
  // Parked: the code is used. Pulled beneath: staff of c2.
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('p1', 'A', '4')")
  try world.shell(one, "UPDATE company SET staff = 8 WHERE id = 'c2'")
  try await world.pull(one)
  #expect(try await world.found(one) == [])
  try await world.sync(one)
  // Sent with its receipt lost, frozen and not sent, edited again since.
  try world.shell(one, "UPDATE company SET phone = '12' WHERE id = 'c1'; DELETE FROM figure WHERE year = 2024")
  try one.freeze()
  _ = try world.master.exchange(try one.hello().bytes + one.unacknowledged().flatMap { $0 })
  try world.shell(one, "INSERT INTO figure VALUES ('c3', 2025, 1, NULL); UPDATE company SET first = 3 WHERE id = 'c3'")
  try one.freeze()
  try world.shell(
    one,
    """
    UPDATE company SET staff = 9 WHERE id = 'c2';
    UPDATE company SET phone = '13', peak = 9 WHERE id = 'c1'; INSERT INTO company (id, office) VALUES ('n1', 'A');
    UPDATE figure SET sales = 2 WHERE company = 'c3'; DELETE FROM figure WHERE company = 'c2'
    """)
  #expect(try await world.found(one) == [])
  // Behind all of that.
  try world.behind(one, "UPDATE company SET industry = 'i' WHERE id IN ('c2', 'c3', 'n1')")
  let found = try await world.found(one)
  #expect(found == ["~ company c2 industry", "~ company c3 industry"])
  let before = try one.diff().count
  try one.setBack(try await world.deepVerify(one))
  #expect(try one.diff().count == before)
  #expect(try await world.found(one) == [])
  try await world.settle()
}

/// Of a row that is on its way for the first time nobody knows what the city has; once it is there, it is compared too.
@Test func whatIsOnItsWayIsJudgedOnceItHasArrived() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('n1', 'A', 1)")
  try one.freeze()
  try world.behind(one, "UPDATE company SET staff = 9 WHERE id = 'n1'")
  #expect(try await world.found(one) == [])
  try await world.sync(one)
  #expect(try await world.found(one) == ["~ company n1 staff"])
  try one.adopt(try await world.deepVerify(one), actor: nil)
  try await world.settle()
  #expect(try world.cell("staff", of: "n1") == .integer(9))
}

@Test func whatChangesAtTheCityMeanwhileIsNoDifference() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id = 'c1'")
  var edits = 0
  let busy = Interrupted(
    world.master,
    before: {
      edits += 1
      try world.shell(
        """
        UPDATE company SET grade = '\(edits)' WHERE id = 'c2'; DELETE FROM figure WHERE company = 'c2';
        INSERT INTO company (id, office) VALUES ('m\(edits)', 'A')
        """)
    })
  let comparison = try await world.deepVerify(one, through: busy)
  #expect(edits == 2)
  #expect(comparison.lines(one.schema) == ["~ company c1 name"])
  try one.setBack(comparison)
  try await world.settle()
}

@Test func aReplicaThatReadsOnMeanwhileIsToldSo() async throws {
  let (world, one, _) = try await World.compared()
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id = 'c1'")
  try world.shell("UPDATE company SET grade = 'AA' WHERE id = 'c2'")
  let comparison = try await world.deepVerify(one)
  try await world.sync(one)
  #expect { try one.adopt(comparison, actor: nil) } throws: { ($0 as? Failure)?.kind == .busy }
  #expect { try one.setBack(comparison) } throws: { ($0 as? Failure)?.kind == .busy }
  #expect(try one.diff().isEmpty)
  let restless = Interrupted(
    world.master,
    after: {
      try world.shell("UPDATE company SET grade = coalesce(grade, '') || 'B' WHERE id = 'c2'")
      try await world.sync(one)
    })
  await #expect { try await world.deepVerify(one, through: restless) } throws: { ($0 as? Failure)?.kind == .busy }
}

/// A way to the city on which something happens before each probe, or after its answer.
final class Interrupted: LoopbackTransport, @unchecked Sendable {
  let master: Master
  private let before: () async throws -> Void
  private let after: () async throws -> Void
  private(set) var bytes = 0
  private(set) var trips = 0
  /// What the city answered, unpacked.
  private(set) var answers: [[UInt8]] = []

  init(
    _ master: Master, before: @escaping () async throws -> Void = {}, after: @escaping () async throws -> Void = {}
  ) {
    self.master = master
    self.before = before
    self.after = after
  }

  func probe(_ message: [UInt8]) async throws -> [UInt8] {
    try await before()
    let answer = try master.answer(message)
    bytes += message.count + answer.count
    trips += 1
    answers.append(try SealedEnvelope(answer[...]).unverifiedBody())
    try await after()
    return answer
  }
}
