import Master
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Replica

// What is done often reads what it is about, however many rows are stored and however long the log is (I8).

extension World {
  /// How the city carries out what it has run with these words, a line for each statement.
  fileprivate func plans(_ trace: Trace, of words: String) throws -> [String] {
    try Set(trace.statements(with: words)).sorted().map { try master.plan($0).joined(separator: "; ") }
  }
}

@Test func aTrimLooksOnlyAtWhatItMayLetGoOf() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell("UPDATE office SET name = 'x' WHERE code = 'A'")
  for replica in [one, two, one, two] { try await world.sync(replica) }
  try world.noteBackup()
  let trace = try Trace(of: world.master)
  #expect(try world.master.trim().entries == 1)
  let plans = try world.plans(trace, of: "DELETE FROM sync_feed WHERE (unit, place) IN")
  #expect(plans.count == 2)
  #expect(plans.contains { $0.contains("INDEX sync_feed_gone (place<?)") }, "\(plans)")
  #expect(plans.contains { $0.contains("(record=?)") }, "\(plans)")
}

@Test func whatComesBackDoesNotLookForLossesInTheWholeLog() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  try world.restore(from: file)
  let trace = try Trace(of: world.master)
  try await world.giveBack([drill.one, drill.two, drill.b])
  let plans = try world.plans(trace, of: "FROM sync_loss l")
  #expect(plans.count == 1 && plans.allSatisfy { $0.hasPrefix("SCAN l;") }, "\(plans)")
}

@Test func anErasureDoesNotGoThroughAllBatchesOfTheCity() async throws {
  let (world, _, _) = try await World.twoOfficers()
  let trace = try Trace(of: world.master)
  try world.erase()
  let plans = try world.plans(trace, of: "FROM sync_secret s JOIN sync_batch b")
  #expect(plans.count == 1 && plans.allSatisfy { $0.hasPrefix("SEARCH s ") }, "\(plans)")
}

/// Once it has recovered, and two backups hold that.
@Test func aCityThatWasRestoredDoesNotLookThroughItsLogForEachPage() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let behind = "WHERE replica = ? AND number < ? AND arrival > ?"
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.two, drill.b])
  #expect(try world.master.recovery()?.isRecovering == false)
  // A snapshot, first.
  try await world.sync(drill.one)
  let before = try Trace(of: world.master)
  try await world.sync(drill.one)
  #expect(!before.statements(with: behind).isEmpty)
  try world.noteBackup()
  let after = try Trace(of: world.master)
  try await world.sync(drill.one)
  #expect(after.statements(with: behind).isEmpty)
}

@Test func aCityWithoutABackupDoesNotLookThroughItsLogForEachPage() async throws {
  let (world, one, _) = try await World.twoMachines()
  let trace = try Trace(of: world.master)
  try await world.sync(one)
  #expect(trace.statements(with: "FROM sync_batch WHERE replica = ? AND arrival <= ?").isEmpty)
}

extension World {
  /// So many rows of an office are entered, with a code or none.
  fileprivate func enter(_ count: Int, at replica: Replica, _ office: String, code: String = "'Y' || i") throws {
    try shell(
      replica,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO company (id, office, code, staff) SELECT '\(office)-' || i, '\(office)', \(code), 7 FROM n
      """)
  }
}

/// So many rows of one batch wait.
private func parkedTogether(_ count: Int) async throws -> (World, Replica, Replica) {
  let (world, one, b) = try await summed()
  try world.enter(count, at: b, "B")
  try await world.sync(b)
  try world.enter(count, at: one, "A")
  try await world.sync(one)
  #expect(try one.parked().count == count)
  return (world, one, b)
}

/// So many rows of one batch wait, are entered anew by a program, and have entered before that is known.
/// - Parameters:
///   - isWithdrawn: their clerk has taken them back, too late.
///   - isHeard: it is known, they were deleted since, and what is entered anew is to wait in turn.
private func enteredAnew(
  _ count: Int, isWithdrawn: Bool = false, isHeard: Bool = false
) async throws -> (World, Replica) {
  let (world, one, b) = try await parkedTogether(count)
  if isWithdrawn { for row in try one.parked() { try one.withdraw(row.id, reason: "typed wrong", actor: nil) } }
  try world.shell(b, "DELETE FROM company WHERE id LIKE 'B-%'")
  try await world.sync(b)
  if isHeard {
    try await world.sync(one)
    try world.shell(one, "DELETE FROM company WHERE id LIKE 'A-%'")
    try await world.sync(one)
    try world.enter(count, at: b, "B")
    try await world.sync(b)
  }
  try world.enter(count, at: one, "A", code: isHeard ? "'Y' || i" : "NULL")
  return (world, one)
}

@Test(arguments: [false, true]) func aBatchIsOpenedOnceForAllRowsOfWhichItWaits(isWithdrawn: Bool) async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let (world, one) = try await enteredAnew(count, isWithdrawn: isWithdrawn)
    let trace = try Trace(of: one)
    try await world.sync(one)
    // The second one looks for what follows it.
    for words in ["SELECT message FROM sync_outbox WHERE number = ", "SELECT number FROM sync_outbox WHERE number > "] {
      costs.append(trace.statements(with: words).count)
    }
    try await world.settle()
    #expect(try world.staff(one, of: "A-1") == .integer(7) && one.parked().isEmpty)
  }
  #expect(costs[0] > 0 && costs[1] > 0 && costs.prefix(2) == costs.suffix(2), "\(costs)")
}

/// As an import does that brings them again.
@Test func aBatchIsOpenedOnceForAllParkedRowsThatAnEditLooksUp() async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let (world, one, _) = try await parkedTogether(count)
    let company = try one.record("company")
    let trace = try Trace(of: one)
    try one.edit(as: nil) { db in
      for n in 1...count {
        let parked = try one.parkedRow(db, company, key: RowKey([.text("A-\(n)")]))
        #expect(parked?.id != nil)
      }
    }
    costs.append(trace.statements(with: "SELECT message FROM sync_outbox WHERE number = ?").count)
    try await world.settle()
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test func aBatchIsOpenedOnceForAllRowsThatWaitAgainAfterARestore() async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let (world, one, b) = try await summed()
    try world.enter(count, at: b, "B")
    try await world.sync(b)
    try world.enter(count, at: one, "A")
    try await world.sync(one)
    let file = try world.backup()
    try world.shell(b, "UPDATE company SET code = NULL WHERE id LIKE 'B-%'")
    for replica in [b, one] { try await world.sync(replica) }
    #expect(try Set(one.states()) == [.entered])
    try world.shell(one, "UPDATE company SET address = 'y' WHERE id LIKE 'A-%'")
    try await world.sync(one)
    world.lose(b)
    try world.restore(from: file)
    try await world.giveBack([one])
    try world.master.release(reason: "away", actor: "li")
    let trace = try Trace(of: one)
    try await world.sync(one)
    costs.append(trace.statements(with: "SELECT message FROM sync_outbox WHERE number = ?").count)
    try await world.settle()
    #expect(try one.parked().count == count)
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test func aBatchIsOpenedOnceForAllRowsOfWhichValuesAreErased() async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let world = try World.people()
    let one = try await world.join("A", actor: "one")
    try world.shell(
      one,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO person (id, office, name, phone) SELECT 'p' || i, 'A', 'NAME-' || i, 'PHONE-' || i FROM n
      """)
    try await world.sync(one)
    let keys = (1...count).map { RowKey([.text("p\($0)")]) }
    _ = try world.master.erase(world.person, keys: keys, reason: "asked for", actor: "li")
    let trace = try Trace(of: one)
    try await world.sync(one)
    costs.append(trace.statements(with: "message FROM sync_outbox WHERE number = ?").count)
    for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
    try await world.settle()
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test func aBatchIsOpenedOnceForAllRowsThatLandedAndAreDeleted() async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let (world, _, two) = try await standingDuplicate()
    _ = try world.unite("a2", into: "a1")
    try world.shell(
      two,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO figure (company, year, sales) SELECT 'a2', 2020 + i, 9 FROM n
      """)
    try two.freeze()
    try world.sendInVain(two)
    try world.shell(two, "DELETE FROM figure WHERE year > 2020")
    let trace = try Trace(of: world.master)
    try await world.sync(two)
    costs.append(trace.statements(with: "SELECT * FROM sync_batch WHERE arrival = ?").count)
    #expect(try world.figures().map { $0[1] } == [.integer(2018), .integer(2019)])
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test(arguments: [false, true]) func theRowsOfAnAnswerAreReadOnceForAllThatCameIn(isHeard: Bool) async throws {
  var costs: [Int] = []
  for count in [2, 30] {
    let (world, one) = try await enteredAnew(count, isHeard: isHeard)
    try one.freeze()
    let reply = try world.master.exchange(one.hello().bytes + one.unacknowledged().flatMap { $0 })
    let messages = try SealedEnvelope.split(reply).map { try $0.open(with: world.master.key.publicKey) }
    var reads = 0
    _ = try one.write { db in
      let pull = try Pull(messages.filter { $0.header.kind == .page }, schema: one.schema)
      func rows(_ refs: Set<RowRef>) throws -> [RowRef: [Value]] {
        reads += 1
        return try pull.images(of: refs)
      }
      let receipts = messages.filter { $0.header.kind == .receipt }
      var summary = ReceiveSummary()
      return try one.take(db, Answer(receipts: receipts, items: { pull.others }, rows: rows), &summary)
    }
    costs.append(reads)
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test func theNoticesOfASnapshotAreReadOnceForAllReceipts() async throws {
  var costs: [Int] = []
  for count in [1, 4] {
    let (world, one, _) = try await summed()
    try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'X')")
    try await world.sync(one)
    for staff in 1...count {
      try world.shell(one, "UPDATE company SET staff = \(staff) WHERE id = 'c1'")
      try one.freeze()
    }
    let reply = try world.master.exchange(one.hello().bytes + one.unacknowledged().flatMap { $0 })
    let receipts = try SealedEnvelope.split(reply).map { try $0.open(with: world.master.key.publicKey) }
      .filter { $0.header.kind == .receipt }
    #expect(receipts.count == count)
    let trace = try Trace(of: one)
    try world.takeSnapshot(one, receipts)
    costs.append(trace.statements(with: "FROM snapshot.sync_parked s").count)
    try await world.settle()
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

/// Machines ask again and again while a restored city waits for others.
@Test func whoAsksWhetherEverythingIsBackOpensNothingThatIsBack() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  #expect(try await !world.giveBack(drill.one))
  let trace = try Trace(of: world.master)
  #expect(try await !world.giveBack(drill.one))
  #expect(trace.statements(with: "state FROM sync_returned WHERE replica = ? ORDER BY") == [])
}

@Test func whatWasSetAsideIsOpenedOnceForAllThatIsDue() async throws {
  let (world, one, two) = try await World.twoOfficers()
  let file = try world.backup()
  let rows = ["p7", "p8", "p9"].map { "('\($0)', 'A', 'NAME', 'PHONE-lost')" }.joined(separator: ", ")
  try world.shell("INSERT INTO person (id, office, name, phone) VALUES \(rows)")
  try await world.sync(two)
  try world.restore(from: file)
  try world.master.release(reason: "nobody answers", actor: "li")
  for replica in [two, one, two] { try await world.sync(replica) }
  let person = try world.person
  let phone = try #require(person.index(of: "phone"))
  let isDue = { (row: [Value]) in row[phone] == .text("PHONE-lost") }
  let trace = try Trace(of: world.master)
  let keys = try world.master.erasable(person, where: isDue)
  #expect(keys.count == 3 && trace.statements(with: "state FROM sync_returned WHERE true").count == 1)
  let erasing = try Trace(of: world.master)
  #expect(try world.master.erase(person, keys: keys, where: isDue, reason: "expired", actor: "li").count == 3)
  #expect(erasing.statements(with: "state FROM sync_returned WHERE true").count == 1)
}

@Test func whatOthersHaveWaitingIsNotGoneThroughForABatch() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'X')")
  try await world.sync(one)
  try world.shell(b, "UPDATE company SET name = 'n' WHERE id = 'b1'")
  let trace = try Trace(of: world.master)
  try await world.sync(b)
  let plans = try world.plans(trace, of: "SELECT 1 FROM sync_parked WHERE state = 'waiting'")
  #expect(plans.count == 1 && plans.allSatisfy { $0.contains("INDEX sync_parked_waiting (replica=?)") }, "\(plans)")
}

/// Nor in a file of an earlier version.
@Test func whatIsKeptForPeopleIsNotGoneThrough() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "DROP INDEX sync_archive_of_row; DROP INDEX sync_parked_open")
  let key = try #require(world.key(of: one))
  let clock = world.clock
  let again = try Replica.open(path: one.path, key: key, clock: { clock.now }, readSchema: readSchema)
  let archived = try again.plan("SELECT id, image FROM sync_archive WHERE record = ? AND key = ?")
  #expect(archived.contains { $0.contains("(record=? AND key=?)") }, "\(archived)")
  try world.shell(again, "UPDATE person SET note = 'm'")
  let trace = try Trace(of: again)
  try await world.sync(again)
  let open = try Set(trace.statements(with: "SELECT batch, n FROM sync_parked")).flatMap { try again.plan($0) }
  #expect(open.contains { $0.contains("INDEX sync_parked_open") }, "\(open)")
}
