import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Clocks that are ten years off, run backwards, or jump: order never depends on them, and people see the city's time.

private let tenYears: Int64 = 10 * 365 * 24 * 3600 * 1000
private let minute: Int64 = 60_000

extension Replica {
  /// Edits as a tool does on a machine whose clock is this one: SQL's own clock is moved by its last stamp.
  func edit(_ clock: TestClock, _ sql: String) throws {
    try edit(as: nil) { db in
      try db.run("UPDATE sync_clock SET stamp = max(stamp, ?)", [.integer(clock.now << 16)])
      try db.execute(sql: sql)
    }
  }

  fileprivate var stamp: Stamp {
    get throws { Stamp(raw: try read { try $0.integer("SELECT stamp FROM sync_clock") } ?? 0) }
  }
}

/// A machine with the right time and one with another, both with the company c1.
private func twoClocks(off: Int64) async throws -> (World, right: Replica, wrong: Replica, TestClock) {
  let world = try World.small()
  let right = try await world.join("A", actor: "right")
  let clock = TestClock()
  clock.now = world.clock.now + off
  let wrong = try await world.join("A", actor: "wrong", clock: clock)
  try world.shell("INSERT INTO company (id, office, name, phone) VALUES ('c1', 'A', '甲', '1')")
  try await world.settle()
  return (world, right, wrong, clock)
}

extension World {
  /// Time passes, for everybody.
  fileprivate func pass(_ milliseconds: Int64, _ clock: TestClock) {
    self.clock.now += milliseconds
    clock.now += milliseconds
  }

  /// Nothing that people are shown is in the future, or years away.
  fileprivate func expectPlausibleTimes(since start: Int64, _ location: SourceLocation = #_sourceLocation) throws {
    let now = try master.read { Stamp(raw: try $0.integer("SELECT stamp FROM sync_clock") ?? 0) }
    func expect(_ edited: Stamp, _ received: Stamp) {
      #expect(edited <= received && received <= now, sourceLocation: location)
      #expect(edited.milliseconds >= start - minute, sourceLocation: location)
    }
    let record = try master.record("company")
    for row in try master.rows(record) {
      for entry in try master.history(record, key: record.rowKey(of: row)) { expect(entry.editedAt, entry.receivedAt) }
    }
    for conflict in try master.conflicts(Conflict.State.allCases) {
      for contender in conflict.contenders { expect(contender.edit.stamp, contender.receivedAt) }
      if let decision = conflict.decision { expect(decision.edit.stamp, now) }
    }
    for parked in try master.parked(waiting: false) { expect(parked.edit.stamp, now) }
  }
}

@Test(arguments: [tenYears, -tenYears, 5 * minute, -5 * minute])
func aClockThatIsWrongDecidesNothing(_ off: Int64) async throws {
  let (world, right, wrong, clock) = try await twoClocks(off: off)
  let start = world.clock.now
  for round in 1...3 {
    try wrong.edit(clock, "UPDATE company SET name = 'wrong \(round)', staff = \(round)")
    world.pass(minute, clock)
    try right.edit(world.clock, "UPDATE company SET name = 'right \(round)', address = '\(round)'")
    world.pass(minute, clock)
    try await world.sync(wrong)
    clock.now += 1000
    try await world.sync(right)
    clock.now += 1000
    try await world.settle()
    clock.now = world.clock.now + off
  }
  // Who came first stands; who came second is a contender. No clock was asked.
  #expect(try world.cell("name") == .text("wrong 1"))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.contenders.map(\.value) == ["right 1", "wrong 2", "right 2", "wrong 3", "right 3"].map(Value.text))
  #expect(try world.cell("staff") == .integer(3))
  try world.expectPlausibleTimes(since: start)
}

@Test(arguments: [tenYears, -tenYears])
func theLaterEditWinsByTheCitysTime(_ off: Int64) async throws {
  let (world, right, wrong, clock) = try await twoClocks(off: off)
  let start = world.clock.now
  world.pass(minute, clock)
  try wrong.edit(clock, "UPDATE company SET phone = 'early'")
  world.pass(minute, clock)
  try right.edit(world.clock, "UPDATE company SET phone = 'late'")
  world.pass(minute, clock)
  try await world.sync(right)
  clock.now += 1000
  try await world.sync(wrong)
  try await world.settle()
  // A slow clock is pushed to the city's time by every page: what was edited with it counts as edited when it came.
  #expect(try world.cell("phone") == .text(off > 0 ? "late" : "early"))
  try world.expectPlausibleTimes(since: start)
}

/// A line that takes its time for what it carries ahead of the hello, which has been made before.
private final class SlowUpload: LoopbackTransport, @unchecked Sendable {
  let master: Master
  private let pass: () async throws -> Void
  private let answering: () -> Void

  init(_ master: Master, pass: @escaping () async throws -> Void, answering: @escaping () -> Void = {}) {
    (self.master, self.pass, self.answering) = (master, pass, answering)
  }

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    try await pass()
    let answer = try master.exchange(message, staged: true)
    answering()
    return answer
  }
}

@Test func whatTakesLongToUploadIsAsOldAsItWas() async throws {
  let (world, right, sender, clock) = try await twoClocks(off: 0)
  let start = world.clock.now
  clock.now = start
  try sender.edit(clock, "UPDATE company SET phone = 'early'")
  let line = SlowUpload(world.master) {
    world.pass(60 * minute, clock)
    try right.edit(world.clock, "UPDATE company SET phone = 'late'")
    try await world.sync(right)
    world.pass(60 * minute, clock)
  }
  _ = try await SyncClient(sender, transport: line).sync()
  #expect(try world.cell("phone") == .text("late"))
  try await world.settle()
  try world.expectPlausibleTimes(since: start)
}

/// It is measured ahead of the upload, and seems to lag after it.
@Test(arguments: [10 * minute, 25 * minute])
func aClockThatIsAheadIsCorrectedWhateverAnUploadTakes(_ upload: Int64) async throws {
  let (world, right, sender, clock) = try await twoClocks(off: 20 * minute)
  let start = world.clock.now
  clock.now = start + 20 * minute
  try sender.edit(clock, "UPDATE company SET phone = 'early'")
  world.pass(minute, clock)
  _ = try world.master.exchange(sender.hello(stale: true).bytes)
  let line = SlowUpload(world.master) {
    world.pass(minute, clock)
    try right.edit(world.clock, "UPDATE company SET phone = 'late'")
    try await world.sync(right)
    world.pass(upload, clock)
  }
  _ = try await SyncClient(sender, transport: line).sync()
  #expect(try world.cell("phone") == .text("late"))
  try await world.settle()
  try world.expectPlausibleTimes(since: start)
}

/// What was measured ahead of the first holds for the next, though an answer takes its time, too.
@Test func everyPortionOfAnUploadIsCorrectedAlike() async throws {
  let (world, _, sender, clock) = try await twoClocks(off: 20 * minute)
  clock.now = world.clock.now + 20 * minute
  for phone in ["2", "3"] {
    try sender.edit(clock, "UPDATE company SET phone = '\(phone)'")
    try sender.freeze()
  }
  _ = try world.master.exchange(sender.hello(stale: true).bytes)
  let line = SlowUpload(
    world.master, pass: { world.pass(25 * minute, clock) }, answering: { world.pass(5 * minute, clock) })
  _ = try await SyncClient(sender, transport: line, mostSent: 1).sync()
  let sql = "SELECT clock_offset FROM sync_batch WHERE replica = ? AND number = ?"
  for number: Int64 in [1, 2] {
    let place: [Value] = [.blob(sender.identity.replica.bytes), .integer(number)]
    #expect(try world.master.read { try $0.integer(sql, place) } == -20 * minute)
  }
  try await world.settle()
}

/// A program of before sends no greeting ahead of the upload, and the clock was set right since its last sync.
@Test func anOffsetOfLongAgoCorrectsNoUpload() async throws {
  let (world, right, sender, clock) = try await twoClocks(off: 120 * minute)
  let start = world.clock.now
  clock.now = start
  world.pass(180 * minute, clock)
  try right.edit(world.clock, "UPDATE company SET phone = 'early'")
  try await world.sync(right)
  world.pass(10 * minute, clock)
  try sender.edit(clock, "UPDATE company SET phone = 'late'")
  _ = try await SyncClient(sender, transport: SlowUpload(world.master) {}).sync()
  #expect(try world.cell("phone") == .text("late"))
  try await world.settle()
  try world.expectPlausibleTimes(since: start)
}

@Test func aClockThatIsSetRightIsNotBeatenByItsOwnFuture() async throws {
  let (world, right, wrong, clock) = try await twoClocks(off: tenYears)
  let start = world.clock.now
  try wrong.edit(clock, "UPDATE company SET phone = 'from the future'")
  try await world.settle()
  clock.now = world.clock.now
  world.pass(minute, clock)
  try wrong.edit(clock, "UPDATE company SET phone = 'set right'")
  world.pass(minute, clock)
  try await world.sync(wrong)
  try await world.sync(right)
  #expect(try world.cell("phone") == .text("set right"))
  // Others are not beaten by it either.
  world.pass(minute, clock)
  try right.edit(world.clock, "UPDATE company SET phone = 'other'")
  try await world.sync(right)
  try await world.settle()
  #expect(try world.cell("phone") == .text("other"))
  // What was edited while the clock was wrong and comes after it was set right counts as edited when it came.
  clock.now = world.clock.now + tenYears
  try wrong.edit(clock, "UPDATE company SET name = 'late'")
  clock.now = world.clock.now
  try await world.settle()
  #expect(try world.cell("name") == .text("late"))
  try world.expectPlausibleTimes(since: start)
}

@Test func stampsAndRequestsGoOnWhenTheClockRunsBackwards() async throws {
  let (world, _, wrong, clock) = try await twoClocks(off: 0)
  var last = Stamp(raw: 0)
  var request: Int64 = 0
  for (n, jump) in [0, -tenYears, -minute, tenYears, -2 * tenYears, 3 * tenYears, -4 * tenYears].enumerated() {
    clock.now = max(clock.now + jump, 0)
    let hello = try wrong.hello().header
    #expect(hello.number > request && hello.stamp == Stamp(milliseconds: clock.now))
    request = hello.number
    // SQL's clock is behind all these.
    try world.shell(wrong, "UPDATE company SET staff = \(n)")
    #expect(try wrong.stamp > last)
    last = try wrong.stamp
    let summary = try await world.sync(wrong)
    #expect(summary.pushed == 1)
    #expect(try wrong.stamp > last)
    last = try wrong.stamp
  }
  #expect(try world.cell("staff") == .integer(6))
  try await world.settle()
}

@Test func theClockFollowsPagesAndSnapshots() async throws {
  let (world, _, slow, clock) = try await twoClocks(off: -60 * minute)
  world.pass(minute, clock)
  try await world.sync(slow)
  let page = Stamp(milliseconds: world.clock.now)
  #expect(try slow.stamp >= page)
  world.pass(minute, clock)
  let (manifest, file) = try world.makeSnapshot("A", for: slow.identity.replica)
  #expect(manifest.header.stamp > page)
  _ = try slow.receive(receipts: [], snapshot: manifest, file: file)
  #expect(try slow.stamp >= manifest.header.stamp)
}

/// The city's clock has stood ahead and is right again: its time has not gone back.
@Test func theClockFollowsTheCitysTimeWithASnapshotToo() async throws {
  let (world, right, other, _) = try await twoClocks(off: 0)
  world.clock.now += tenYears
  try world.shell(right, "UPDATE company SET staff = 2")
  try await world.sync(right)
  world.clock.now -= tenYears
  let (manifest, file) = try world.makeSnapshot("A", for: other.identity.replica)
  _ = try other.receive(receipts: [], snapshot: manifest, file: file)
  #expect(try other.stamp >= world.master.now())
}

@Test func whenTheCitysClockRunsBackTheOrderOfArrivalStays() async throws {
  let (world, one, two) = try await World.twoMachines()
  var cursors: [Int64] = []
  for (n, jump) in [0, -tenYears, tenYears / 2, -tenYears, 3 * tenYears, -tenYears].enumerated() {
    world.clock.now = max(world.clock.now + jump, 1)
    try world.shell(one, "UPDATE company SET name = 'one \(n)', phone = 'one \(n)'")
    try world.shell("UPDATE company SET grade = '\(n)'")
    try await world.settle()
    #expect(try world.cell("name") == .text("one \(n)"))
    #expect(try world.cell("phone") == .text("one \(n)"))
    cursors.append(try two.meta().cursor)
  }
  #expect(cursors == cursors.sorted() && Set(cursors).count == cursors.count)
  let record = try world.master.record("company")
  let entries = try world.master.history(record, key: RowKey([.text("c1")]))
  #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.receivedAt <= $1.receivedAt })
  #expect(entries.allSatisfy { $0.editedAt <= $0.receivedAt })
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

@Test func aCountysDecisionIsShownByTheCitysTime() async throws {
  let (world, one) = try await World.counted()
  let clock = TestClock()
  clock.now = world.clock.now + tenYears
  let two = try await world.join("A", actor: "two", clock: clock)
  let start = world.clock.now
  try world.shell(one, "UPDATE company SET name = '乙'")
  try two.edit(clock, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await world.sync(two)
  let conflict = try #require(try two.conflicts([.open]).first)
  try two.decide(
    Decision(
      conflict: conflict.id, choice: .take, contender: 1, reason: "licence",
      edit: Edit(stamp: Stamp(raw: 0), actor: "two"),
      version: conflict.version))
  clock.now = world.clock.now + tenYears
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  try world.expectPlausibleTimes(since: start)
}

@Test func whatIsParkedIsShownByTheCitysTime() async throws {
  let (world, one) = try await World.counted()
  let clock = TestClock()
  clock.now = world.clock.now + tenYears
  let b = try await world.join("B", actor: "b", clock: clock)
  let start = world.clock.now
  try world.shell(one, "UPDATE company SET code = 'X'")
  try await world.sync(one)
  try b.edit(clock, "INSERT INTO company VALUES ('b1', 'B', 'X', '乙', 1)")
  try await world.sync(b)
  try b.withdraw(try #require(try b.parked().first).id, reason: "twice", actor: "b")
  try await world.settle()
  let parked = try #require(try world.master.parked(waiting: false).first)
  #expect(abs(try #require(parked.ruling).edit.stamp.milliseconds - world.clock.now) < 10 * minute)
  try world.expectPlausibleTimes(since: start)
}

/// It was edited by a clock that was ahead, came when that was set right, and waited while another machine edited the
/// cell.
@Test func whatEntersAfterItHasWaitedIsNoYoungerThanWhenItCame() async throws {
  let (world, right, wrong, clock) = try await twoClocks(off: 120 * minute)
  try world.shell("INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try wrong.edit(clock, "UPDATE company SET code = 'X', phone = 'from the future' WHERE id = 'c1'")
  clock.now = world.clock.now
  try await world.sync(wrong)
  let parked = try #require(try world.master.parked().first)
  #expect(parked.reason == "unique")
  world.pass(30 * minute, clock)
  try right.edit(world.clock, "UPDATE company SET phone = 'later' WHERE id = 'c1'")
  try await world.sync(right)
  world.pass(150 * minute, clock)
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'b1'")
  try await world.sync(right)
  #expect(try world.cell("code") == .text("X") && world.cell("phone") == .text("later"))
  let decided = try #require(try world.master.conflicts([.decided]).first)
  #expect(decided.contenders.map(\.value) == [.text("from the future")])
  #expect(decided.contenders.map(\.edit.stamp) == [parked.edit.stamp])
  try await world.settle()
}

/// A change that is parked, and enters at once because the rest of its batch frees what it waits for, is corrected by the clock of that
/// batch, also by a city that takes it back (seed 9058 of the simulated town).
@Test func whatEntersWithTheBatchThatParkedItIsCorrectedByItsClock() async throws {
  let (world, right, wrong, clock) = try await twoClocks(off: minute)
  try world.shell(wrong, "INSERT INTO company (id, office, code) VALUES ('c3', 'A', 'Y')")
  try await world.sync(wrong)
  try world.shell(right, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  try right.freeze()
  try world.shell(right, "UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await world.sync(right)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  let file = try world.backup()
  clock.now += 10 * minute
  try wrong.edit(
    clock,
    "UPDATE company SET code = 'Z' WHERE id = 'c3'; "
      + "INSERT INTO company (id, office, code, phone) VALUES ('c2', 'A', 'X', '7')")
  world.pass(5 * minute, clock)
  try await world.sync(wrong)
  #expect(try world.master.parked(waiting: false).map(\.state) == [.entered, .entered])
  try world.restore(from: file)
  for replica in [right, wrong] { _ = try await world.giveBack(replica) }
  #expect(try world.master.recovery()?.isRecovering == false)
  try await world.settle()
}
