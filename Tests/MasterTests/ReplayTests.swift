import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// I7: the log gives the master again, byte for byte, as of any batch. Every other test that ends in `settle` asks it of the
// end of its story.

/// Two machines of A and one of B.
private struct Town {
  let world: World
  let one, two, b: Replica
  /// The clock of b.
  let clock = TestClock()

  init() async throws {
    world = try World.small()
    one = try await world.join("A", actor: "one")
    two = try await world.join("A", actor: "two")
    b = try await world.join("B", actor: "b", clock: clock)
  }

  func edit(_ scripts: (Replica, String)...) async throws {
    for (replica, sql) in scripts { try world.shell(replica, sql) }
    for replica in world.replicas { try await world.sync(replica) }
  }

  func key(_ id: String) -> RowKey { RowKey([.text(id)]) }

  func open(_ field: String?, of id: String) throws -> Int64 {
    let open = try world.master.conflicts([.open, .proposed]).first { $0.field == field && $0.key == key(id) }
    return try #require(open, "\(field ?? "row") of \(id)").id
  }

  func waiting(_ id: String) throws -> Int64 {
    try #require(try world.master.parked().first { $0.ref.key == key(id) }, "\(id)").id
  }
}

/// Every kind of act, in an order in which each finds what it needs.
private let story: [(name: String, act: @Sendable (Town) async throws -> Void)] = [
  (
    "counties add rows",
    { town in
      try await town.edit(
        (
          town.one,
          """
          INSERT INTO company (id, office, code, name, phone, staff) VALUES
            ('c1', 'A', 'K1', 'one', '1', 1), ('c2', 'A', 'K2', 'two', '2', 2), ('c3', 'A', 'K3', 'three', '3', 3),
            ('c4', 'A', 'K4', 'four', '4', 4), ('c5', 'A', NULL, 'five', '5', 5), ('c6', 'A', NULL, 'six', '6', 6);
          INSERT INTO figure VALUES ('c1', 2019, 2, ''), ('c1', 2018, 1, NULL), ('c2', 2018, -1, '甲');
          """
        ), (town.b, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'KB', 'bee')"))
    }
  ),
  (
    "machines contest cells, policies speak",
    { town in
      try await town.edit(
        (
          town.one,
          """
          UPDATE company SET name = name || ' by one', staff = staff + 10, phone = 'p' || phone, address = 'x',
            industry = 'i', first = 2, peak = 2
          """
        ),
        (
          town.two,
          """
          UPDATE company SET name = name || ' by two', staff = staff + 20, phone = 'q' || phone, address = 'y',
            industry = 'j', first = 1, peak = 3;
          UPDATE company SET grade = 'A' WHERE id = 'c1';
          """
        ))
    }
  ),
  (
    "keep, take, a value of one's own, several at once",
    { town in
      let master = town.world.master
      _ = try master.decide(town.open("name", of: "c1"), .keep, reason: "seen", actor: "li")
      _ = try master.decide(town.open("name", of: "c2"), .take(1), reason: "licence", actor: "li")
      _ = try master.decide(town.open("name", of: "c3"), .value(.text("third")), reason: "both wrong", actor: nil)
      let ids = try [("name", "c4"), ("staff", "c4"), ("staff", "c1")].map { try town.open($0, of: $1) }
      _ = try master.decide(ids, .take(1), reason: "checked", actor: "li")
      _ = try master.decide(town.open("grade", of: "c1"), .take(1), reason: "yes", actor: "li")
    }
  ),
  (
    "a decision and what a policy decided are opened again",
    { town in
      let master = town.world.master
      let decided = try master.conflicts([.decided])
      for field in ["name", "industry"] {
        let conflict = try #require(decided.first { $0.field == field && $0.key == town.key("c1") })
        _ = try master.reopen(conflict.id, reason: "new papers", actor: "wu")
      }
    }
  ),
  (
    "a tool edits the file: cells under review, a swap, rows that go and come, nothing at all",
    { town in
      try town.world.shell(
        """
        UPDATE company SET name = 'official', peak = 9 WHERE id = 'c5';
        UPDATE company SET code = NULL WHERE id = 'c1'; UPDATE company SET code = 'K1' WHERE id = 'c2';
        UPDATE company SET code = 'K2' WHERE id = 'c1';
        DELETE FROM figure WHERE company = 'c2'; DELETE FROM company WHERE id = 'b1';
        INSERT INTO company (id, office, code, name) VALUES ('m1', 'B', 'KB', 'of the city');
        UPDATE company SET staff = 5 WHERE id = 'c3'; UPDATE company SET staff = 23 WHERE id = 'c3';
        """)
      try await town.edit()
    }
  ),
  (
    "a row is deleted that another changed; both ends of it",
    { town in
      try await town.edit(
        (town.one, "DELETE FROM figure; DELETE FROM company WHERE id = 'c6'"),
        (town.two, "UPDATE figure SET sales = 7; UPDATE company SET address = 'z' WHERE id = 'c6'"))
      let rows = try town.world.master.conflicts([.open]).filter { $0.field == nil }
      #expect(rows.count == 3)
      let last = try #require(rows.first { $0.record == "company" })
      _ = try town.world.master.decide(last.id, .remove, reason: "closed down", actor: "li")
      let figure = try #require(rows.first { $0.record == "figure" })
      _ = try town.world.master.decide(figure.id, .keep, reason: "stays", actor: "li")
      _ = try town.world.master.reopen(last.id, reason: "not closed", actor: "li")
      _ = try town.world.master.decide(last.id, .take(1), reason: "as it was wanted", actor: "li")
    }
  ),
  (
    "changes are parked, some enter when their cause goes",
    { town in
      try await town.edit(
        (
          town.b,
          """
          INSERT INTO company (id, office, code, name, phone) VALUES
            ('b2', 'B', 'K3', 'late', '7'), ('b3', 'B', 'K4', 'later', '8'), ('b4', 'A', 'K9', 'not theirs', '9'),
            ('b5', 'A', NULL, 'nor this', NULL), ('b6', 'A', NULL, 'nor that', NULL);
          INSERT INTO figure VALUES ('b2', 2018, 1, 'x'), ('b2', 2017, 1, 'y'), ('b4', 2018, 3, NULL);
          """
        ))
      #expect(try town.world.master.parked().count == 8)
      try town.world.shell("UPDATE company SET code = 'K33' WHERE id = 'c3'")
      try await town.edit()
      #expect(try town.world.cell("name", of: "b2") == .text("late"))
    }
  ),
  (
    "rulings: admitted, dismissed, taken back",
    { town in
      let master = town.world.master
      try master.admit([town.waiting("b4"), town.waiting("b5")], reason: "agreed", actor: "li")
      try master.dismiss([town.waiting("b6")], reason: "ask A", actor: "li")
      let parked = try #require(try town.b.parked(waiting: true).first)
      try town.b.withdraw(parked.id, reason: "mine was wrong", actor: "b")
      try await town.edit()
    }
  ),
  (
    "duplicates are merged, one of them parked",
    { town in
      let record = try town.world.master.record("company")
      try await town.edit(
        (town.b, "INSERT INTO company (id, office, code, name, staff) VALUES ('b7', 'B', 'K4', 'four!', 40)"))
      for (duplicate, keep) in [("b7", "c4"), ("c1", "c2")] {
        _ = try town.world.master.mergeRecords(
          record, keep: town.key(keep), duplicate: town.key(duplicate), reason: "one firm", actor: "li")
      }
      try await town.edit((town.two, "UPDATE company SET address = 'late' WHERE id = 'c4'"))
    }
  ),
  (
    "a row with children moves, and its old unit goes on editing",
    { town in
      try town.world.shell("UPDATE company SET office = 'B' WHERE id IN ('c2', 'm1')")
      try await town.edit(
        (town.one, "UPDATE company SET address = 'moved?' WHERE id = 'c2'; UPDATE figure SET note = 'n'"))
    }
  ),
]

@Test func everyKindOfActIsReplayedAndAnyDayComesBack() async throws {
  let town = try await Town()
  var days: [(name: String, copy: Master, point: LogPoint)] = []
  for (name, act) in story {
    town.world.clock.now += 1000
    try await act(town)
    #expect(try town.world.master.verifyReplay().map(\.en) == [], "\(name)")
    days.append((name, try town.world.copyOfMaster(), try town.world.master.logPoint()))
  }
  #expect(Set(days.map(\.point.arrival)).count == story.count)
  let states = Set(try town.world.master.parked(waiting: false).map(\.state))
  #expect(states == [.waiting, .entered, .admitted, .dismissed, .withdrawn, .merged])
  for (name, copy, point) in days {
    let replayed = try town.world.master.replayed(upTo: point.arrival)
    #expect(try copy.differences(from: replayed).map(\.en) == [], "\(name)")
    #expect(try replayed.logPoint() == point)
    #expect(try replayed.verify().map(\.en) == [], "\(name)")
    #expect(try town.world.master.logPoint(at: point.receivedAt.milliseconds) == point)
  }
  try await town.world.settle()
}

@Test func aReplayedMasterGoesOnWhereTheOldOneWas() async throws {
  let (world, one, _) = try await World.twoMachines()
  let path = world.folder.appendingPathComponent("again.sqlite").path
  let again = try world.master.replayed(into: path)
  #expect(throws: Failure.self) { try world.master.replayed(into: path) }
  // Its triggers and keys are there, and a county goes on with it.
  #expect(try again.verify().isEmpty)
  #expect(throws: (any Error).self) { try world.shell(path, "UPDATE company SET staff = -1") }
  try world.shell(path, "UPDATE company SET staff = 12")
  _ = try again.exchange(try one.hello().bytes)
  #expect(try again.verifyReplay().map(\.en) == [])
  #expect(try again.logPoint().arrival == world.master.logPoint().arrival + 1)
  let reopened = try Master.open(path: path, key: world.master.key, readSchema: readSchema)
  #expect(try reopened.rows(reopened.record("company")).map { $0[9] } == [.integer(12)])
}

@Test func thereIsNoDayAfterTheLast() async throws {
  let (world, _, _) = try await World.twoMachines()
  let last = try world.master.logPoint()
  #expect(throws: Failure.self) { try world.master.replayed(upTo: last.arrival + 1) }
  #expect(throws: Failure.self) { try world.master.logPoint(upTo: -1) }
  let empty = try world.master.replayed(upTo: 0)
  #expect(try empty.rows(empty.record("office")).isEmpty)
  #expect(try empty.logPoint().arrival == 0)
  #expect(try world.master.logPoint(at: 0) == empty.logPoint())
}

/// What a dishonest hand does to the file, and how the replay names it.
private let damages: [(sql: String, named: [String])] = [
  ("UPDATE company SET staff = 77 WHERE id = 'c3'", ["company c3.staff is 77, by the log it is 23"]),
  ("DELETE FROM figure", ["figure c1,2018: is not in the master", "figure c1,2019: is not in the master"]),
  (
    "INSERT INTO company (id, office, name) VALUES ('zz', 'A', 'ghost')",
    ["company zz: is in the master, but does not follow from the log"]
  ),
  ("UPDATE sync_conflict SET reason = 'bribed' WHERE id = 1", ["sync_conflict 1.reason is bribed, by the log it is"]),
  ("UPDATE sync_contender SET value = 'x' WHERE conflict = 1", ["sync_contender 1,1.value is x"]),
  ("UPDATE sync_parked SET zh = 'x' WHERE id = 1", ["sync_parked 1.zh is x"]),
  ("DELETE FROM sync_tombstone", ["sync_tombstone company,b1: is not in the master"]),
  ("UPDATE sync_cell SET stamp = 1 WHERE field = 'phone'", ["sync_cell company,c1,phone.stamp is 1"]),
  ("UPDATE sync_feed SET gone = 1 WHERE key = x'03026331'", ["sync_feed company,c1,A.gone is 1"]),
  ("ALTER TABLE company ADD COLUMN more TEXT; UPDATE company SET staff = 78 WHERE id = 'c3'", ["c3.staff is 78, by"]),
  ("UPDATE sync_counter SET value = 99 WHERE name = 'conflict'", ["sync_counter conflict.value is 99"]),
  // Of two batches one has the receipt of the other.
  (
    "UPDATE sync_batch SET receipt = (SELECT receipt FROM sync_batch WHERE arrival = 8) WHERE arrival = 6",
    [
      "batch 6 of the log", "it gives another receipt than its sender got",
      "its receipt says that it came at another time",
    ]
  ),
  (
    "UPDATE sync_batch SET received_at = received_at + 1 WHERE arrival = 6",
    ["its receipt says that it came at another"]
  ),
  ("UPDATE sync_batch SET received_at = received_at + 1 WHERE arrival = 1", ["its time is not what was signed"]),
  ("UPDATE sync_batch SET message = x'00' WHERE arrival = 6", ["batch 6 of the log", "it cannot be replayed"]),
  (
    "UPDATE sync_batch SET clock_offset = -3600000 WHERE arrival = 6",
    ["sync_cell company,b1,phone.stamp", "does not continue the chain"]
  ),
  (
    "DELETE FROM sync_batch WHERE arrival = 7",
    ["batch 8 of the log", "the batch before it is missing", "it cannot be replayed"]
  ),
]

@Test func damageIsNamedByTheReplay() async throws {
  let town = try await Town()
  for step in story.prefix(7) { try await step.act(town) }
  for damage in damages {
    let path = try town.world.copyOfMaster().path
    try town.world.shell(
      path, "BEGIN; INSERT INTO sync_applying VALUES (1); \(damage.sql); DELETE FROM sync_applying; COMMIT")
    let master = try Master.open(path: path, key: town.world.master.key, readSchema: readSchema)
    let found = try master.verifyReplay().map(\.en)
    for name in damage.named { #expect(found.contains { $0.contains(name) }, "\(damage.sql): \(found)") }
    #expect(found.count <= 2 * Master.mostDifferences)
  }
}

@Test func aMasterOfWhichTheLogTellsAnotherStoryIsNotGivenOut() async throws {
  let (world, _, _) = try await World.twoMachines()
  let path = world.folder.appendingPathComponent("again.sqlite").path
  try world.shell("UPDATE sync_batch SET received_at = received_at + 1 WHERE arrival = 2")
  #expect(throws: Failure.self) { try world.master.replayed(into: path) }
  #expect(!FileManager.default.fileExists(atPath: path))
  #expect(throws: Failure.self) { try world.master.replayed() }
}

@Test func aParkedEditIsCorrectedByTheClockThatItsMachineHadThen() async throws {
  let town = try await Town()
  try await town.edit((town.one, "INSERT INTO company (id, office, code) VALUES ('c1', 'A', 'X')"))
  town.clock.now = town.world.clock.now
  try await town.edit((town.b, "INSERT INTO company (id, office, code, phone) VALUES ('b1', 'B', 'X', '1')"))
  let parked = try #require(try town.world.master.parked().first)
  // An hour ahead from now on.
  town.clock.now += 3_600_000
  try await town.edit()
  try town.world.shell("UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await town.world.settle()
  let stamp = try town.world.master.read {
    try $0.integer("SELECT stamp FROM sync_cell WHERE record = 'company' AND field = 'phone'")
  }
  let sql = "SELECT clock_offset FROM sync_batch WHERE arrival = (SELECT min(arrival) FROM sync_parked)"
  let offset = try town.world.master.read { try $0.integer(sql) }
  #expect(try abs(#require(offset)) < 60_000)
  // What is shown of it is corrected already.
  #expect(stamp.map { $0 >> 16 } == parked.edit.stamp.milliseconds)
}

@Test func whatAToolLeavesBrokenIsReplayedBroken() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(
    """
    INSERT INTO figure VALUES ('c1', 2019, 1, NULL), ('c1', 2018, 1, NULL), ('c9', 2018, 1, NULL);
    DELETE FROM office WHERE code = 'B';
    """)
  #expect(try world.master.verifyReplay().map(\.en) == [])
  // Text in another code page, and a county that goes on with the row.
  try world.shell(
    "INSERT INTO office VALUES ('B', 'b'); UPDATE company SET name = CAST(x'bcd7' AS TEXT) WHERE id = 'c1'")
  try world.shell(one, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.cell("name") == .blob([0xbc, 0xd7]))
  #expect(try world.master.verifyReplay().map(\.en) == [])
  try world.shell("UPDATE company SET name = '甲' WHERE id = 'c1'; DELETE FROM figure WHERE company = 'c9'")
  try world.master.admit(try world.master.parked().map(\.id), reason: "mended", actor: "li")
  #expect(try world.cell("staff") == .integer(11))
  try await world.settle()
}

@Test func rowsMoveAlongInOneOrderWhateverTheFile() async throws {
  let visit = """

      visit:
        key: id
        scope: {via: company}
        fields: {id: , company: {required: true, references: company.id}}
    """
  let world = try World(
    schema: smallSchemaYAML + visit, seed: [("office", [[.text("A"), .null], [.text("B"), .null]])])
  try world.shell("INSERT INTO company (id, office) VALUES ('c1', 'A')")
  // A batch holds its rows in the order of their keys.
  try world.shell("INSERT INTO visit VALUES ('v2', 'c1'), ('v1', 'c1'), ('v3', 'c1')")
  try world.master.absorbNow()
  try world.shell("UPDATE company SET office = 'B'")
  #expect(try world.master.verifyReplay().map(\.en) == [])
}

/// A conflict about what was erased since does not come again: others have its number then (seed 18597 of the simulated town).
@Test func aConflictThatHasAnErasedOnesNumberIsDecidedAsItWas() async throws {
  let world = try World.people()
  let (one, two, three) = (try await world.join("A"), try await world.join("A"), try await world.join("A"))
  try world.shell(
    one, "INSERT INTO person (id, office, name, note) VALUES ('p1', 'A', '甲', 'n'), ('p2', 'A', '乙', 'n')")
  try await world.settle()
  try world.shell(one, "UPDATE person SET name = '丙' WHERE id = 'p1'; UPDATE person SET note = '1' WHERE id = 'p2'")
  try world.shell(two, "UPDATE person SET name = '丁' WHERE id = 'p1'; DELETE FROM person WHERE id = 'p2'")
  try world.shell(three, "UPDATE person SET note = '3' WHERE id = 'p2'")
  for replica in [one, two, three] { try await world.sync(replica) }
  let open = try world.master.conflicts([.open])
  #expect(open.map { "\($0.key) \($0.field ?? "*")" } == ["p1 name", "p2 *", "p2 note"])
  // The row goes, and with it what is contested of its note.
  _ = try world.master.decide(open[1].id, .take(1), reason: "r", actor: "li")
  _ = try world.master.erase(world.person, key: RowKey([.text("p1")]), reason: "r", actor: "li")
  let replay = try world.master.replayed()
  #expect(try world.master.conflicts([.open]).isEmpty && replay.conflicts([.open]).isEmpty)
}
