import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// After an erasure the log still proves that nothing else is lost, and goes on being replayed; and the old pages of the file go
// even when something comes between.

/// A reader hinders the write-ahead log from being emptied, as a loss of power does.
@Test(arguments: [true, false]) func oldPagesGoLaterWhenSomethingHindersIt(isReplica: Bool) async throws {
  let (world, one, _) = try await World.twoOfficers()
  if isReplica { try world.erase() }
  let path = isReplica ? one.path : world.master.path
  var configuration = Configuration()
  configuration.allowsUnsafeTransactions = true
  let reader = try DatabaseQueue(path: path, configuration: configuration)
  try await reader.writeWithoutTransaction { db in
    try db.execute(sql: "BEGIN")
    _ = try Row.fetchAll(db, sql: "SELECT * FROM person")
  }
  if isReplica { try await world.pull(one) } else { try world.erase() }
  func old() throws -> [String] { try world.files(with: "PHONE").filter { path.hasSuffix($0.prefix { $0 != "-" }) } }
  #expect(try old() != [])
  try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
  if isReplica { one.tidy() } else { try world.master.tidy() }
  #expect(try old() == [])
}

/// Another program with the file, which erases something just when a statement of the replica's begins.
private final class OtherProgram: @unchecked Sendable {
  private let database: DatabaseQueue
  private var isDone = false

  init(beside replica: Replica, before words: String) throws {
    database = try DatabaseQueue(path: replica.path)
    try replica.read { db in
      db.trace { event in
        guard case .statement(let statement) = event, !self.isDone, statement.sql.contains(words) else { return }
        self.isDone = true
        try? self.database.write { try OldPages.inFile.note($0) }
      }
    }
  }
}

/// The file was written anew for an earlier erasure just before.
@Test func oldPagesThatAnotherProgramNotesMeanwhileStayNoted() async throws {
  let (world, one, _) = try await World.twoOfficers()
  let other = try OtherProgram(beside: one, before: "UPDATE sync_meta SET value")
  try world.erase()
  try await world.pull(one)
  #expect(try one.holdsOldPages())
  one.tidy()
  #expect(try !one.holdsOldPages())
  withExtendedLifetime(other) {}
}

/// SQLite leaves a copy where it moved a row from one page to another; secure_delete does not reach it.
@Test func theUnusedPartOfAPageKeepsNoCopy() async throws {
  let (world, one, _) = try await World.twoOfficers()
  var random = Seeded(state: 1)
  let ids = (100..<700).shuffled(using: &random)
  let people = ids.map { id in
    "('q\(id)', 'A', 'N', '\(id.isMultiple(of: 3) ? "KEPT" : "PHONE")-\(id)\(String(repeating: "-", count: .random(in: 300..<800, using: &random)))')"
  }
  // The values of one batch are kept in the order of their commitments, which is none.
  try world.shell(one, "INSERT INTO person (id, office, name, phone) VALUES \(people.joined(separator: ", "))")
  try await world.settle()
  let keys = ids.filter { !$0.isMultiple(of: 3) }.map { RowKey([.text("q\($0)")]) } + [RowKey([.text("p1")])]
  _ = try world.master.erase(world.person, keys: keys, reason: "asked for", actor: "li")
  #expect(try !world.files(with: "PHONE").contains { $0.hasPrefix("master") })
  try await world.settle()
  #expect(try world.files(with: "PHONE") == [])
}

extension World {
  /// Both contest the note of a visit, and the first decides without having sent it.
  /// - Returns: the number of the conflict.
  fileprivate func decideAVisit(_ one: Replica, _ two: Replica) async throws -> Int64 {
    try shell(one, "INSERT INTO visit VALUES ('v1', 'p1', 'first')")
    try await syncAll()
    try shell(one, "UPDATE visit SET note = 'one'")
    try shell(two, "UPDATE visit SET note = 'two'")
    try await syncAll()
    let open = try #require(try one.conflicts([.open]).first { $0.record == "visit" })
    try one.decide(
      Decision(
        conflict: open.id, choice: .take, contender: 1, reason: "asked", edit: Edit(stamp: Stamp(raw: 0), actor: "")))
    return open.id
  }
}

/// What was contested about erased values is not contested again by a replay, which then numbers conflicts otherwise (seed 501 of
/// the simulated town).
@Test func aCountysDecisionIsReplayedAfterAnErasure() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1' WHERE id = 'p1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2' WHERE id = 'p1'")
  try await world.syncAll()
  try world.erase()
  try await world.syncAll()
  let id = try await world.decideAVisit(one, two)
  try await world.settle()
  #expect(try world.master.conflict(id).decision?.choice == .take)
}

/// Its conflict had another number in the city that was lost (seed 141 of the simulated town, 10,000 events).
@Test func aCountysDecisionThatWasRefusedIsRefusedAgainAfterAnErasure() async throws {
  let (world, one, two) = try await World.twoOfficers()
  let file = try world.backup()
  let id = try await world.decideAVisit(one, two)
  try world.shell(one, "UPDATE sync_decision SET conflict = 4000110")
  try await world.syncAll()
  #expect(try world.master.conflict(id).state == .open)
  try world.erase()
  try await world.settle()
  // And so it is by a city that is restored: its sender is told what it was told then (seed 803).
  let log = try world.loggedRows()
  try world.restore(from: file)
  for replica in [one, two] { _ = try await world.giveBack(replica) }
  #expect(try world.loggedRows() == log)
}

/// The row into which it entered stood by a conflict about values that are erased since (seed 216 of the simulated town, 10,000 events).
@Test func whatWasAdmittedIntoARowThatErasedValuesHeldIsReplayed() async throws {
  let (world, one, two) = try await World.twoOfficers()
  let b = try await world.join("B", actor: "b")
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1' WHERE id = 'p1'")
  try world.shell(two, "DELETE FROM person WHERE id = 'p1'")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell(b, "INSERT INTO person (id, office, name, note) VALUES ('p1', 'B', 'NAME-b', 'by B')")
  try world.shell("DELETE FROM office WHERE code = 'B'")
  try await world.sync(b)
  let parked = try #require(try world.master.parked().first)
  try world.master.admit([parked.id], reason: "moved", actor: "li")
  #expect(try world.person("office") == .text("A"))
  try world.erase()
  _ = try world.master.replayed()
  try await world.settle()
}

/// The row came back by an edit of a value that is erased since, and then an official decided about it (seed 709 of the simulated
/// town, 10,000 events).
@Test func aDecisionAboutARowThatErasedValuesBroughtBackIsReplayed() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET note = '一' WHERE id = 'p1'")
  try world.shell(two, "UPDATE person SET note = '二' WHERE id = 'p1'")
  try await world.syncAll()
  let open = try #require(try world.master.conflicts([.open]).first)
  try world.shell("DELETE FROM person WHERE id = 'p1'")
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1' WHERE id = 'p1'")
  try await world.sync(one)
  _ = try world.master.reopen(open.id, reason: "it is back", actor: "li")
  _ = try world.master.decide(open.id, .value(.text("三")), reason: "asked", actor: "li")
  try world.erase()
  let replayed = try world.master.replayed()
  #expect(try replayed.row(replayed.schema.records[1], key: RowKey([.text("p1")]))?[6] == .text("三"))
  #expect(try replayed.conflict(open.id).state == .decided)
  try await world.settle()
}

/// Of two decisions of one act the first deleted the row and the second brought it back, by an edit of a value that is erased since
/// (seed 23629 of the simulated town).
@Test func aRowThatSeveralDecisionsDeletedAndBroughtBackIsReplayed() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, name, mobile) VALUES ('p2', 'A', 'NAME-two', 'M-1')")
  try await world.syncAll()
  try world.shell(one, "DELETE FROM person WHERE id = 'p1'; UPDATE person SET mobile = 'M-2' WHERE id = 'p2'")
  try world.shell("UPDATE person SET note = '市' WHERE id = 'p1'; DELETE FROM person WHERE id = 'p2'")
  try await world.sync(one)
  let keys = ["p1", "p2"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  let rows = try world.master.conflicts([.open]).filter { $0.field == nil }
  #expect(rows.map { $0.contenders[0].deletes } == [true, false])
  _ = try world.master.decide(rows.map(\.id), .take(1), reason: "both", actor: "li", version: nil)
  #expect(try world.person("mobile") == .text("M-2"))
  try world.erase("p2")
  let replayed = try world.master.replayed()
  #expect(try replayed.rows(replayed.record("person")) == world.master.rows(world.person))
  try await world.settle()
}

/// What is done to the master's file behind its back → what verify says.
private let damages: [(sql: String, problem: String)] = [
  (
    "DELETE FROM sync_secret WHERE field = 'phone' AND record = 'person'",
    "batch 4 of the log, change 1: the value of person p1.phone is not there, and no erasure says why"
  ),
  (
    "UPDATE sync_secret SET value = 'PHONE-other' WHERE field = 'phone'",
    "batch 4 of the log: the value kept of person p1.phone is not the one that was signed"
  ),
  // An erasure that no signed batch says is none.
  (
    """
    INSERT INTO sync_erasure VALUES (99, 2, 1000, 'person', (SELECT key FROM sync_secret LIMIT 1), x'030570686f6e65', '', '', 1);
    DELETE FROM sync_secret WHERE field = 'phone'
    """, "batch 4 of the log, change 1: the value of person p1.phone is not there, and no erasure says why"
  ),
]

@Test(arguments: damages.indices)
func aValueThatIsMissingWithoutAnErasureIsDamage(index: Int) async throws {
  let (world, _, _) = try await World.twoOfficers()
  try world.shell(damages[index].sql)
  let problems = try world.master.verify().map(\.en)
  #expect(problems.contains(damages[index].problem), "\(problems)")
}

/// What `verify` says goes to a screen, or to a journal that no erasure reaches.
@Test func whatIsNamedAsLostIsNoCopyOfPersonalData() async throws {
  let (world, one, two) = try await World.twoOfficers()
  for (replica, phone) in [(one, "PHONE-1"), (two, "PHONE-2")] {
    try world.shell(replica, "UPDATE person SET phone = '\(phone)' WHERE id = 'p1'")
  }
  try await world.syncAll()
  try world.behind(
    world.master.path,
    """
    UPDATE person SET phone = 'PHONE-tool' WHERE id = 'p1';
    UPDATE sync_conflict SET master = 'PHONE-tool'; UPDATE sync_contender SET value = 'PHONE-tool'
    """)
  let lost = try world.master.verify()
  #expect(lost.contains { $0.en.contains("person p1.phone is lost") }, "\(lost)")
  let altered = try world.master.verifyReplay()
  #expect(altered.contains { $0.en == "person p1.phone is not what it is by the log" }, "\(altered)")
  #expect(altered.contains { $0.en.hasPrefix("sync_contender") }, "\(altered)")
  for label in lost + altered { #expect(!label.en.contains("PHONE") && !label.zh.contains("PHONE"), "\(label)") }
}

@Test func anErasureThatIsTakenOffTheRecordIsDamage() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try world.erase()
  try await world.settle()
  try world.shell("DELETE FROM sync_erasure")
  let problems = try world.master.verify().map(\.en)
  #expect(problems.count == 2 && problems.allSatisfy { $0.hasSuffix("no erasure says why") }, "\(problems)")
}

/// The row of another unit was in the way of a new one; it had come back by a conflict about what is erased by now (seed 99 of the
/// simulated town).
@Test func aRulingAboutARowBesideAnErasedOneIsReplayed() async throws {
  let (world, one, _) = try await World.twoOfficers()
  let other = try await world.join("B")
  try world.shell("DELETE FROM person WHERE id = 'p1'")
  try world.shell(one, "UPDATE person SET name = 'NAME-new', phone = 'PHONE-new' WHERE id = 'p1'")
  try await world.sync(one)
  #expect(try world.person("phone") == .text("PHONE-new"))
  try world.erase("p1")
  try world.shell(other, "INSERT INTO person (id, office, name) VALUES ('p1', 'B', 'NAME-other')")
  try await world.sync(other)
  let parked = try #require(try world.master.parked().first)
  try world.master.dismiss([parked.id], reason: "another person", actor: "li")
  let found = try world.master.verifyReplay()
  #expect(!found.contains { $0.en.contains("cannot be replayed") })
}
