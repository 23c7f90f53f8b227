import GRDB
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What was edited before an erasure, or without knowing of it, and arrives afterwards.

extension World {
  /// What the city answers to a request, not taken in yet.
  fileprivate func answer(_ replica: Replica, to request: [UInt8]) throws -> (receipts: [Envelope], pages: [Envelope]) {
    let meta = try replica.meta()
    var session = SyncSession(
      city: try VerifyingKey(bytes: meta.cityKey), replica: meta.replica, epoch: meta.epoch, schema: meta.schemaHash,
      cursor: meta.cursor)
    guard case .finish(let receipts, let pages) = try session.receive(master.exchange(request)) else {
      throw Failure(.data, zh: "还有更多页", en: "more pages")
    }
    return (receipts, pages)
  }
}

@Test func aBatchThatComesAgainAfterTheErasureHasItsReceiptAndBringsNothingBack() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-again'")
  try one.freeze()
  let sent = try one.unacknowledged()[0]
  let first = try world.master.exchange(try one.hello().bytes + sent)
  try world.erase()
  let again = try world.master.exchange(try one.hello().bytes + sent)
  #expect(try SealedEnvelope.split(again)[0].bytes == SealedEnvelope.split(first)[0].bytes)
  #expect(try world.person("phone") == .null)
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == []) }
}

@Test func aNewerPendingEditStaysAndArrivesAsANewValue() async throws {
  let (world, _, two) = try await World.twoOfficers()
  try world.erase()
  world.clock.now += 1000
  try world.shell(two, "UPDATE sync_clock SET stamp = \(world.clock.now << 16)")
  try world.shell(two, "UPDATE person SET phone = 'FRESH'")
  // Before the edit is sent: it stays, its base is gone.
  try await world.pull(two)
  #expect(try two.cell("phone") == .text("FRESH") && two.cell("name") == .text("已删除"))
  #expect(try two.diff().map(\.base) == [.null])
  for word in erasableWords { #expect(try !world.files(with: word).contains { $0.hasPrefix("replica1") }, "\(word)") }
  try await world.settle()
  #expect(try world.person("phone") == .text("FRESH"))
  #expect(try world.master.conflicts([.open]) == [])
  for word in erasableWords { #expect(try world.files(with: word) == []) }
}

/// What machine two edited offline, before or after the erasure, that arrives without knowing of it.
private let late: [(sql: String, after: Bool, phone: Value, told: Int)] = [
  ("UPDATE person SET phone = 'PHONE-late'", false, .null, 1),
  ("UPDATE person SET phone = 'FRESH'", true, .text("FRESH"), 0),
  // The city has it as it is now; what else was edited counts.
  ("UPDATE person SET note = 'late', phone = NULL", false, .null, 0),
  ("UPDATE person SET note = 'late', phone = 'PHONE-late'", false, .null, 1),
]

@Test(arguments: late.indices)
func aLateBatchBringsNothingErasedBack(index: Int) async throws {
  let item = late[index]
  let (world, _, two) = try await World.twoOfficers()
  // Captured stamps follow the machine's clock, which the test sets.
  func edit() throws {
    world.clock.now += 1000
    try world.shell(two, item.sql)
    try world.shell(two, "UPDATE sync_base_person SET sync_stamp = \(world.clock.now << 16)")
  }
  if !item.after { try edit() }
  try world.erase()
  if item.after { try edit() }
  let summary = try await world.sync(two)
  #expect(summary.received.merged == item.told)
  #expect(summary.received.conflicts == 0 && summary.received.parked == 0)
  #expect(summary.received.news.count == item.told)
  #expect(try world.person("phone") == item.phone)
  #expect(try world.person("note") == .text(item.sql.contains("late',") ? "late" : "n"))
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// Every page pushes a slow clock to the city's time: what the clock lags makes nothing younger that was entered before.
@Test(arguments: [1, 3650]) func whatASlowClockEditedBeforeAnErasureGoesWithIt(days: Int64) async throws {
  let (world, _, _) = try await World.twoOfficers()
  let clock = TestClock()
  clock.now = world.clock.now - days * 86_400_000
  let slow = try await world.join("A", actor: "slow", clock: clock)
  func passAnHour() {
    world.clock.now += 3_600_000
    clock.now += 3_600_000
  }
  passAnHour()
  try slow.edit(clock, "UPDATE person SET phone = 'PHONE-late' WHERE id = 'p1'")
  passAnHour()
  try world.erase()
  passAnHour()
  let news = try await world.sync(slow).received.news
  guard case .erased(let ref, _)? = news.first else { return #expect(Bool(false), "\(news)") }
  #expect(ref.key == RowKey([.text("p1")]))
  #expect(try world.person("phone") == .null)
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  // Who knows of the erasure enters a new value.
  try slow.edit(clock, "UPDATE person SET phone = 'FRESH' WHERE id = 'p1'")
  try await world.settle()
  #expect(try world.person("phone") == .text("FRESH"))
}

@Test func whoseValueWentWithAnErasureIsToldSoThoughTheRestIsContested() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET note = 'one' WHERE id = 'p1'")
  try await world.sync(one)
  try world.shell(two, "UPDATE person SET note = 'two', phone = 'PHONE-late' WHERE id = 'p1'")
  try world.erase()
  let received = try await world.sync(two).received
  #expect(received.conflicts == 1)
  guard case .erased(let ref, let detail)? = received.news.first else {
    return #expect(Bool(false), "\(received.news)")
  }
  #expect(ref.key == RowKey([.text("p1")]))
  #expect(detail.en == "note: contested; phone: the city has erased this personal data")
  #expect(detail.zh == "note 有冲突;phone:市里已删除该个人信息")
}

/// A batch that is under way while its replica hears of the erasure is no copy yet.
@Test(arguments: [false, true])
func aBatchUnderWayWhenTheErasureComesIsNoCopyYet(isNewer: Bool) async throws {
  let (world, _, two) = try await World.twoOfficers()
  let word = isNewer ? "FRESH" : "PHONE-late"
  func edit() throws {
    world.clock.now += 1000
    try world.shell(two, "UPDATE person SET phone = '\(word)'")
    try world.shell(two, "UPDATE sync_base_person SET sync_stamp = \(world.clock.now << 16)")
    try two.freeze()
  }
  if !isNewer { try edit() }
  try world.erase()
  if isNewer { try edit() }
  let sent = try two.unacknowledged()
  try await world.pull(two)
  #expect(try two.cell("phone") == .text(word) && two.cell("name") == .text("已删除"))
  #expect(try two.unacknowledged() == sent)
  try await world.settle()
  #expect(try world.person("phone") == (isNewer ? .text(word) : .null))
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// The cell was empty when it was erased: no row changed, and yet its sender must hear what stands.
@Test func aNewValueOfAnEmptyCellOutlivesItsErasure() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.erase("p1", ["mobile"])
  world.clock.now += 1000
  try world.shell(two, "UPDATE person SET mobile = 'FRESH'")
  try world.shell(
    two,
    "UPDATE sync_base_person SET sync_stamp = \(world.clock.now << 16), sync_stamp_5 = \(world.clock.now << 16)")
  try await world.settle()
  #expect(try world.person("mobile") == .text("FRESH") && one.cell("mobile") == .text("FRESH"))
}

/// A row that waits here, because another took its code, is kept whole: what its phone was is a copy.
@Test(arguments: ["", "phone = 'PHONE-new'", "office = 'B'"])
func anUnsentRowThatWaitsHereKeepsNoCopy(since change: String) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, code, name) VALUES ('p2', 'A', 'K', 'x')")
  try await world.sync(one)
  try world.shell(two, "UPDATE person SET code = 'K', mobile = 'OWN'")
  let (receipts, pages) = try world.answer(two, to: two.hello().bytes)
  _ = try two.receive(receipts: receipts, pages: pages, parkingClashes: true)
  let phone = try #require(try world.person.index(of: "phone"))
  #expect(try two.parked().map { $0.row[phone] } == [.text("PHONE-one")])
  if !change.isEmpty {
    try world.shell("UPDATE person SET \(change) WHERE id = 'p1'")
    try await world.sync(two)
  }
  try world.erase()
  try await world.sync(two)
  #expect(try two.parked().map { $0.row[phone] } == [.null])
  #expect(try two.parked().map { $0.row[phone + 1] } == [.text("OWN")])
  try await world.sync(one)
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  // Nor does it come back when it is taken up.
  #expect(try two.takeUp("person", "p1", ["code": .text("K2")]))
  try await world.sync(two)
  #expect(try world.person("phone") == .null)
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// Taken up and sent, it is on record only; the batch that sent it is gone, and the row has other values by now.
@Test func anUnsentRowThatWasTakenUpKeepsNoCopy() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, code, name) VALUES ('p2', 'A', 'K', 'x')")
  try await world.sync(one)
  try world.shell(two, "UPDATE person SET code = 'K', mobile = 'MOBILE-own'")
  let (receipts, pages) = try world.answer(two, to: two.hello().bytes)
  _ = try two.receive(receipts: receipts, pages: pages, parkingClashes: true)
  #expect(try two.takeUp("person", "p1", ["code": .text("K2")]))
  try await world.sync(two)
  try world.noteBackup()
  for _ in 1...2 { try await world.sync(two) }
  #expect(try two.trimmedBatches() > 0)
  try world.shell("UPDATE person SET phone = 'PHONE-new', mobile = 'MOBILE-new' WHERE id = 'p1'")
  try await world.syncAll()
  #expect(try two.parked(waiting: false).map(\.state) == [.superseded])
  try world.erase()
  try await world.syncAll()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// It did not fit its table at a repair, and nobody can tell what of it was edited; the city has changed it since.
@Test(arguments: ["UPDATE person SET phone = 'PHONE-new' WHERE id = 'p2'", "DELETE FROM person WHERE id = 'p2'"])
func aRowThatDidNotFitKeepsNoCopy(since change: String) async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(
    one,
    """
    UPDATE person SET code = '1' WHERE id = 'p1';
    INSERT INTO person (id, office, code, name, phone) VALUES ('p2', 'A', '2', 'NAME-two', 'PHONE-two')
    """)
  try await world.settle()
  try world.shell(one, copied.replacing("company", with: "person") + "UPDATE person SET code = '1' WHERE id = 'p2'")
  try one.repair()
  try one.setBack(try await world.deepVerify(one))
  #expect(try one.parked().map(\.reason) == ["unique"])
  try world.shell(change)
  try await world.sync(one)
  try world.erase("p2")
  try await world.syncAll()
  for word in ["PHONE-two", "PHONE-new", "NAME-two"] { #expect(try world.files(with: word) == [], "\(word)") }
  // Nor does it come back when it is taken up.
  #expect(try one.takeUp("person", "p2", ["code": .text("9")]))
  try await world.sync(one)
  #expect(try world.person("code", of: "p2") == .text("9") && world.person("phone", of: "p2") == .null)
}

/// Another batch of the row followed, and what the city parked was in the way of what came: it waits here unsent, and
/// the batch that sent it tells what of it is a copy.
@Test func whatTheCityParkedAndWaitsHereUnsentKeepsNoCopy() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, code, name) VALUES ('p2', 'A', 'K', 'x')")
  try await world.sync(one)
  for sql in ["code = 'K', phone = 'PHONE-sent'", "note = 'later'"] {
    try world.shell(two, "UPDATE person SET \(sql) WHERE id = 'p1'")
    try two.freeze()
  }
  let sent = try two.unacknowledged().flatMap { $0 }
  let (receipts, pages) = try world.answer(two, to: two.hello().bytes + sent)
  _ = try two.receive(receipts: receipts, pages: pages, parkingClashes: true)
  let phone = try #require(try world.person.index(of: "phone"))
  let waiting = try two.parked().filter { $0.batch == nil }
  #expect(waiting.map { $0.row[phone] } == [.text("PHONE-sent")])
  try world.noteBackup()
  for _ in 1...2 { try await world.sync(two) }
  #expect(try two.trimmedBatches() > 0)
  try world.erase()
  try await world.syncAll()
  #expect(try world.files(with: "PHONE-sent") == [])
}

/// The city had parked it when it was erased; its sender edits another cell of the row before it hears of either (seed 8016 of the
/// simulated town).
@Test func whatTheCityParkedDoesNotComeAgainWithAnEditOfAnotherCell() async throws {
  let (world, _, two) = try await World.twoOfficers()
  try world.shell("UPDATE person SET office = 'B'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-own' WHERE id = 'p1'")
  try two.freeze()
  try world.sendInVain(two)
  world.clock.now += 1000
  try world.erase()
  world.clock.now += 1000
  let sent = try two.unacknowledged().flatMap { $0 }
  let (receipts, pages) = try world.answer(two, to: two.hello().bytes + sent)
  try world.shell(two, "UPDATE person SET mobile = 'OWN' WHERE id = 'p1'")
  try world.shell(
    two,
    "UPDATE sync_base_person SET sync_stamp = \(world.clock.now << 16), sync_stamp_5 = \(world.clock.now << 16)")
  _ = try two.receive(receipts: receipts, pages: pages)
  for _ in 0..<2 { try await world.sync(two) }
  #expect(try world.files(with: "PHONE-own") == [])
  let mobile = try #require(try world.person.index(of: "mobile"))
  #expect(try world.master.parked().map { $0.row[mobile] } == [.text("OWN")])
  try await world.settle()
}

/// The same of a value that is newer than the erasure, as clocks say: it goes again, and not against what was erased (seed 1144 of the
/// simulated town).
@Test func whatIsSentAgainAfterItWasParkedBringsNoErasedBase() async throws {
  let (world, _, two) = try await World.twoOfficers()
  try world.shell("UPDATE person SET office = 'B'")
  world.clock.now += 2000
  try world.shell(two, "UPDATE person SET phone = 'FRESH' WHERE id = 'p1'")
  try world.shell(two, "UPDATE sync_base_person SET sync_stamp = \((world.clock.now + 3000) << 16)")
  try two.freeze()
  try world.erase()
  world.clock.now += 5000
  let sent = try two.unacknowledged().flatMap { $0 }
  let (receipts, pages) = try world.answer(two, to: two.hello().bytes + sent)
  try world.shell(two, "UPDATE person SET mobile = 'OWN' WHERE id = 'p1'")
  _ = try two.receive(receipts: receipts, pages: pages)
  for _ in 0..<2 { try await world.sync(two) }
  let columns = try ["phone", "mobile"].compactMap { try world.person.index(of: $0) }
  let parked = try world.master.parked().map { parked in columns.map { parked.row[$0] } }
  #expect(parked == [[.text("FRESH"), .text("OWN")]])
  try await world.settle()
  #expect(try world.files(with: "PHONE-one") == [])
}

/// Edited before the erasure and sent after it, the value is not taken; the row is gone, and its last image is kept (seed 1282 of
/// the simulated town).
@Test func whatTheCityDidNotTakeIsNotArchived() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(two, "UPDATE person SET phone = 'OLD-EDIT' WHERE id = 'p1'")
  try world.shell(one, "DELETE FROM person WHERE id = 'p1'")
  try await world.sync(one)
  try world.erase()
  try await world.syncAll()
  #expect(try two.read { try $0.first("SELECT 1 FROM sync_archive") } != nil)
  #expect(try world.files(with: "OLD-EDIT") == [])
  try await world.settle()
}

@Test func aLateDeleteDeletes() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(two, "DELETE FROM person")
  try world.erase()
  try await world.settle()
  #expect(try world.person("id") == nil)
  #expect(try world.master.conflicts([.open]) == [])
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  #expect(try one.cell("id") == nil)
}

@Test(arguments: 1...3) func whatIsErasedBetweenTwoPagesOfAPullLeavesNoCopy(rows: Int) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell("UPDATE person SET phone = 'PHONE-city'")
  try world.shell(one, "UPDATE person SET phone = 'PHONE-contends'")
  try await world.sync(one)
  world.master.pageLimit = PageLimit(rows: rows)
  try world.shell("UPDATE office SET name = 'new'")
  let line = Overtaken(world.master) { pull in if pull == 1 { try world.erase() } }
  _ = try await SyncClient(two, transport: line).sync()
  try await world.syncAll()
  #expect(try world.files(with: "PHONE") == [])
  // It has heard of the conflict.
  #expect(try two.read { try $0.integer("SELECT count(*) FROM sync_contender") } == 1)
}

/// What the table refuses of another cell is no hindrance.
@Test func whatIsErasedOfAHeldRowLeavesNoCopy() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "PRAGMA ignore_check_constraints = ON; UPDATE person SET note = 'a' || char(0)")
  try world.erase()
  #expect(try await world.sync(one).held.count == 1)
  try await world.syncAll()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  try world.shell(one, "UPDATE person SET note = 'b'")
  try await world.settle()
  #expect(try world.person("note") == .text("b") && world.person("name") == .text("已删除"))
}
