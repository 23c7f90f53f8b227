import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A later change of a row supersedes what waits of it. Nothing of that is lost: it comes along, or is made known.

/// The company c1 of A, at two machines; b1 of B has the code X.
private func taken(
  schema: String = smallSchemaYAML
) async throws -> (World, Replica, Replica, Replica) {
  let (world, one, two) = try await World.twoMachines(schema: schema)
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  return (world, one, two, b)
}

private func free(_ world: World, _ b: Replica) async throws {
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
}

extension World {
  fileprivate func isWhole(_ id: String = "c1") throws -> Bool {
    try cell("code", of: id) == .text("X") && cell("name", of: id) == .text("丙")
      && cell("staff", of: id) == .integer(12) && cell("address", of: id) == .text("y")
  }
}

/// Both were on their way before anybody here knew that the first one waits.
@Test(arguments: [1, 2]) func whatWaitsIsSaidAgainAfterALaterBatch(followers: Int) async throws {
  let (world, one, _, b) = try await taken()
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙', staff = 12 WHERE id = 'c1'")
  try one.freeze()
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try one.freeze()
  if followers == 2 {
    // What a later batch says of a cell goes before. It starts from what never entered: the city decides.
    try world.shell(one, "UPDATE company SET name = '丁' WHERE id = 'c1'")
    try one.freeze()
  }
  try await world.sync(one)
  #expect(try world.cell("address") == .text("y"))
  try await world.settle()
  #expect(try world.states().last == .waiting && one.parked().count == 1)
  try await free(world, b)
  let open = try world.master.conflicts([.open])
  if followers == 2 {
    #expect(try world.cell("code") == .text("X") && world.cell("staff") == .integer(12))
    #expect(open.map(\.field) == ["name"] && open.first?.contenders.map(\.value) == [.text("丁")])
  } else {
    #expect(try world.isWhole() && open.isEmpty)
  }
  #expect(try one.parked().isEmpty)
}

/// A program edits a row beside what waits of it.
@Test func whatWaitsIsSaidAgainWithWhatAProgramEdits() async throws {
  let (world, one, _, b) = try await taken()
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try one.rows(one.record("company")).contains { $0.contains(.text("甲")) })
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.states() == [.superseded, .waiting])
  try await free(world, b)
  #expect(try world.isWhole() && world.master.conflicts([.open]).isEmpty)
}

/// With another value for what hindered it, all of it enters.
@Test func whatHinderedItIsMendedByAProgram() async throws {
  let (world, one, _, b) = try await taken()
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙' WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell(one, "UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("code") == .text("Y") && world.cell("name") == .text("丙"))
  try await free(world, b)
  #expect(try world.cell("code") == .text("Y") && world.states() == [.superseded])
}

/// What hinders it is in sight: the edit stays here until its clerk has said what is to become of the other.
@Test(arguments: [true, false]) func anEditBesideWhatCannotComeAlongIsHeld(isWithdrawn: Bool) async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'X')")
  try await world.sync(two)
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙', staff = 12 WHERE id = 'c1'")
  try one.freeze()
  try await world.sync(one)
  let parked = try #require(try one.parked().first)
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  let held = try #require(try one.freeze().first)
  #expect(held.problem.field == "code" && held.problem.message.en.contains("waits as parked \(parked.id)"))
  #expect(try one.status().held.count == 1)
  try await world.sync(one)
  #expect(try world.cell("address") == .text("x") && world.states() == [.waiting])
  if isWithdrawn {
    try one.withdraw(parked.id, reason: "wrong", actor: nil)
    try await world.settle()
    #expect(try world.cell("address") == .text("y") && world.cell("name") == .text("甲"))
  } else {
    let record = try one.record("company")
    let values = [try #require(record.index(of: "code")): Value.text("Y")]
    #expect(try one.edit(as: nil) { try one.takeUp($0, record, key: RowKey([.text("c1")]), values) })
    try await world.settle()
    #expect(try world.cell("code") == .text("Y") && world.cell("name") == .text("丙"))
    #expect(try world.cell("address") == .text("y") && world.cell("staff") == .integer(12))
  }
}

/// An edit that was never sent, and stood in the way of what came, starts from what it started from when it is taken up again: a sum
/// counts once.
@Test(arguments: [true, false]) func whatWasSetAsideUnsentKeepsItsBase(isFrozen: Bool) async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'X')")
  try await world.sync(two)
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙', staff = 12 WHERE id = 'c1'")
  if isFrozen {
    try one.freeze()
    try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
    try one.freeze()
  }
  try world.answer(one, meanwhile: "SELECT 1")
  let aside = try #require(try one.parked().first)
  #expect(try one.parked().count == 1 && aside.batch == nil)
  let record = try one.record("company")
  let values = [try #require(record.index(of: "code")): Value.text("Y")]
  #expect(try one.edit(as: nil) { try one.takeUp($0, record, key: RowKey([.text("c1")]), values) })
  try await world.settle()
  #expect(try world.cell("code") == .text("Y") && world.cell("name") == .text("丙"))
  #expect(try world.cell("staff") == .integer(12) && world.master.conflicts([.open]).isEmpty)
}

/// A program enters a row anew that waits, with a few of its cells: what it leaves empty takes nothing away.
@Test func whatWaitsFillsARowThatIsEnteredAnew() async throws {
  let (world, one, _, b) = try await taken()
  try world.shell(
    one, "INSERT INTO company (id, office, code, name, staff, phone) VALUES ('c2', 'A', 'X', '丙', 7, '123')")
  try await world.sync(one)
  try world.shell(one, "INSERT INTO company (id, office, address, phone) VALUES ('c2', 'A', 'y', '456')")
  try await world.settle()
  #expect(try world.states() == [.superseded, .waiting])
  try await free(world, b)
  #expect(try world.cell("name", of: "c2") == .text("丙") && world.cell("address", of: "c2") == .text("y"))
  #expect(try world.cell("staff", of: "c2") == .integer(7) && world.cell("phone", of: "c2") == .text("456"))
  #expect(try one.parked().isEmpty && world.master.conflicts([.open]).isEmpty)
}

/// What a clerk takes back, taking up what waits, is not said again.
@Test(arguments: [true, false]) func whatItsClerkTakesBackIsNotSaidAgain(isEntered: Bool) async throws {
  let (world, one, _, b) = try await taken()
  let id = isEntered ? "c2" : "c1"
  try world.shell(
    one,
    isEntered
      ? "INSERT INTO company (id, office, code, name, phone) VALUES ('c2', 'A', 'X', '丙', '9')"
      : "UPDATE company SET code = 'X', name = '丙', phone = '9' WHERE id = 'c1'")
  try await world.sync(one)
  let record = try one.record("company")
  let typed: [(String, Value)] = [("code", .text("Y")), ("phone", isEntered ? .null : .text("1"))]
  let values = try Dictionary(uniqueKeysWithValues: typed.map { (try #require(record.index(of: $0.0)), $0.1) })
  #expect(try one.edit(as: nil) { try one.takeUp($0, record, key: RowKey([.text(id)]), values) })
  try await world.settle()
  try await free(world, b)
  #expect(try world.cell("code", of: id) == .text("Y") && world.cell("name", of: id) == .text("丙"))
  #expect(try world.cell("phone", of: id) == (isEntered ? .null : .text("1")) && one.parked().isEmpty)
}

/// Two units entered one row; it is given to the one whose row waits, and that edits a cell of it: what it had entered is contested, and
/// nothing of it is lost (seed 30041 of the simulated town).
@Test func whatWasEnteredBesideAnotherIsSaidAgain() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', '甲')")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO company (id, office, name, phone, staff) VALUES ('c1', 'B', '乙', '123', 7)")
  try await world.sync(b)
  #expect(try world.states() == [.waiting])
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.sync(b)
  try world.shell(b, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("甲") && world.cell("address") == .text("y"))
  #expect(try world.cell("phone") == .text("123") && world.cell("staff") == .integer(7))
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.field) == ["name"] && open.first?.contenders.map(\.value) == [.text("乙")])
}

/// A row and an edit of it were both on their way: it enters whole, by itself, once it can.
@Test func aRowThatIsEditedOnItsWayEntersWhole() async throws {
  let (world, one, _, b) = try await taken()
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, code, name, staff) VALUES ('c2', 'A', 'X', '丙', 7);
    INSERT INTO figure VALUES ('c2', 2018, 1, 'a')
    """)
  try one.freeze()
  try world.shell(one, "UPDATE company SET address = 'y', name = '丁' WHERE id = 'c2'; UPDATE figure SET note = 'b'")
  try one.freeze()
  // By now every cell of the figure has been edited again (seed 1000869 of the simulated town).
  try world.shell(one, "UPDATE figure SET sales = 2")
  try one.freeze()
  try await world.settle()
  #expect(try one.parked().count == 2)
  try await free(world, b)
  let figure = try #require(world.master.schema.record("figure"))
  #expect(try world.master.rows(figure) == [[.text("c2"), .integer(2018), .integer(2), .text("b")]])
  #expect(try world.cell("name", of: "c2") == .text("丁") && world.cell("address", of: "c2") == .text("y"))
  #expect(try world.cell("staff", of: "c2") == .integer(7) && world.cell("code", of: "c2") == .text("X"))
  #expect(try one.parked().isEmpty && world.master.conflicts([.open]).isEmpty)
}

/// A row that was set aside unsent was entered again since, and that waits at the city: it is the later word (seed 26830 of the simulated
/// town).
@Test func whatWasSetAsideBeforeDoesNotSupersedeWhatWasEnteredSince() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'Y')")
  for replica in [b, two] { try await world.sync(replica) }
  let enter = "INSERT INTO company (id, office, code, name) VALUES ('c3', 'A', "
  try world.shell(one, "\(enter)'Y', 'early')")
  try world.answer(one, meanwhile: "SELECT 1")
  #expect(try one.parked().map(\.batch) == [nil])
  try world.shell(one, "\(enter)'X', 'late')")
  try await world.sync(one)
  #expect(try one.parked().count == 2)
  try world.shell(two, "DELETE FROM company WHERE id = 'c2'")
  try await world.settle()
  #expect(try world.master.parked().map { $0.row[3] } == [.text("late")] && one.parked().count == 2)
  try await free(world, b)
  #expect(try world.cell("name", of: "c3") == .text("late"))
  #expect(try one.parked().map { $0.row[3] } == [.text("early")])
  try world.shell(two, "DELETE FROM company WHERE id = 'c3'")
  for _ in 1...2 { try await world.settle() }
  #expect(try world.cell("name", of: "c3") == nil && one.parked().count == 1)
}

/// Personal data that waits is not said again by itself: the city may have erased it (seed 21 of the simulated town).
@Test func personalDataThatWaitsHoldsAnEditBesideIt() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET code = 'X' WHERE id = 'p1'")
  try world.shell(
    two, "INSERT INTO person (id, office, code, name, phone) VALUES ('p2', 'A', 'X', 'NAME-p2', 'PHONE-p2')")
  try await world.sync(one)
  try await world.sync(two)
  let parked = try #require(try two.parked().first)
  try world.erase("p2")
  try world.shell(two, "INSERT INTO person (id, office, name) VALUES ('p2', 'A', 'NAME-new')")
  #expect(try two.freeze().map(\.problem.field) == ["phone"])
  try await world.sync(two)
  try two.withdraw(parked.id, reason: "entered anew", actor: nil)
  try await world.settle()
  #expect(try world.files(with: "PHONE-p2") == [] && world.person("name", of: "p2") == .text("NAME-new"))
}

/// A file of an earlier version has no place for what an edit started from, what a clerk saw who asks for a delete, nor a former receipt.
@Test func aFileWithoutBasesGetsThem() async throws {
  let (world, one, _, _) = try await taken()
  let lacking = ["parked DROP COLUMN base", "request DROP COLUMN image", "outbox DROP COLUMN former_receipt"]
  for column in lacking { try world.shell(one, "ALTER TABLE sync_\(column)") }
  world.lose(one)
  for _ in 1...2 { world.add(try world.opened(one.path)) }
  let again = try #require(world.replicas.last)
  try world.shell(again, "UPDATE company SET code = 'X', name = '丙' WHERE id = 'c1'")
  try await world.sync(again)
  #expect(try again.parked().count == 1)
}

/// Both batches of a row were taken; a restored city parks the first, and the second takes its place there.
@Test func whatARestoredCityParksUnderALaterBatchIsSaidAgain() async throws {
  let (world, one, two, b) = try await taken()
  try await world.settle()
  let file = try world.backup()
  try world.shell(b, "UPDATE company SET code = NULL WHERE id = 'b1'")
  try await world.sync(b)
  for edit in ["code = 'X', name = '丙', staff = 12", "address = 'y'"] {
    try world.shell(one, "UPDATE company SET \(edit) WHERE id = 'c1'")
    try await world.sync(one)
  }
  #expect(try world.isWhole() && world.states().isEmpty)
  world.lose(b)
  try world.restore(from: file)
  try await world.giveBack([one, two])
  try world.master.release(reason: "away", actor: "li")
  try await world.settle()
  #expect(try world.states() == [.superseded, .waiting] && one.parked().count == 1)
  world.add(b)
  try await world.sync(b)
  try await world.settle()
  #expect(try world.isWhole() && one.parked().isEmpty && world.master.conflicts([.open]).isEmpty)
}

/// The first had waited and come in; the restored city has it waiting, without what let it in.
@Test(arguments: [false, true], [false, true])
func whatHadComeInBeforeALaterBatchIsSaidAgain(isSum: Bool, isEntered: Bool) async throws {
  try await losesNothingThatHadComeIn(isSum: isSum, isEntered: isEntered, isSent: true)
}

/// The same when the city that is lost has never seen the later batch.
@Test(arguments: [false, true], [false, true])
func whatHadComeInBeforeAnUnsentEditIsSaidAgain(isSum: Bool, isEntered: Bool) async throws {
  try await losesNothingThatHadComeIn(isSum: isSum, isEntered: isEntered, isSent: false)
}

private func losesNothingThatHadComeIn(isSum: Bool, isEntered: Bool, isSent: Bool) async throws {
  let (world, one, two, b) = try await taken(schema: isSum ? summedSchemaYAML : smallSchemaYAML)
  let id = isEntered ? "c2" : "c1"
  try world.shell(
    one,
    isEntered
      ? "INSERT INTO company (id, office, code, name, staff) VALUES ('c2', 'A', 'X', '丙', 12)"
      : "UPDATE company SET code = 'X', name = '丙', staff = 12 WHERE id = 'c1'")
  try await world.settle()
  let file = try world.backup()
  try world.shell(b, "UPDATE company SET code = NULL WHERE id = 'b1'")
  try await world.settle()
  #expect(try one.states() == [.entered])
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = '\(id)'")
  if isSent {
    try await world.sync(one)
    #expect(try world.isWhole(id))
  }
  world.lose(b)
  try world.restore(from: file)
  try await world.giveBack([one, two])
  try world.master.release(reason: "away", actor: "li")
  try await world.settle()
  #expect(try world.states().first == .superseded && world.states().last == .waiting && one.parked().count == 1)
  world.add(b)
  try await world.sync(b)
  try await world.settle()
  #expect(try world.isWhole(id) && one.parked().isEmpty && world.master.conflicts([.open]).isEmpty)
}

/// It was entered in one batch and edited in the next; what it refers to comes late to the restored city.
@Test func aRowThatWasEditedSinceItWasEnteredComesBackWhole() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, one) = (drill.world, drill.one)
  try drill.company("c9", "A", on: drill.two)
  for replica in [drill.two, one] { try await world.sync(replica) }
  for sql in ["INSERT INTO figure VALUES ('c9', 2019, 7, 'n')", "UPDATE figure SET sales = 8"] {
    try world.shell(one, sql)
    try await world.sync(one)
  }
  world.lose(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  try await world.settle()
  #expect(try world.states() == [.superseded, .waiting])
  world.add(drill.two)
  for replica in [drill.two, one] { try await world.sync(replica) }
  try await world.settle()
  let figure = try #require(world.master.schema.record("figure"))
  #expect(try world.master.rows(figure) == [[.text("c9"), .integer(2019), .integer(8), .text("n")]])
  #expect(try one.parked().isEmpty && world.master.conflicts([.open]).isEmpty)
}

private let added = """
  schema: test
  version: 1
  title: Test
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: }}
    visit: {key: id, scope: {field: office}, fields: {id: , office: {required: true, references: office.code}}}
    remark:
      key: id
      scope: {via: visit}
      append: true
      fields: {id: , visit: {required: true, references: visit.id}, note: }
  """

/// What waits of a row that is only ever added cannot be said again with what a program did to it: it is held, and the status says so (seed 29449
/// of the simulated town).
@Test func whatCannotBeSaidAgainOfAnAddedRowIsHeld() async throws {
  let world = try World(schema: added, seed: [("office", [[.text("A")]])])
  let one = try await world.join("A")
  try world.shell("INSERT INTO remark VALUES ('r', 'v2', 'n')")
  try world.shell(one, "INSERT INTO visit VALUES ('v1', 'A'); INSERT INTO remark VALUES ('r', 'v1', 'mine')")
  try await world.sync(one)
  try world.shell("INSERT INTO visit VALUES ('v2', 'A')")
  try await world.settle()
  let waiting = try #require(try one.parked().first)
  let name = "sync_append_update_remark"
  let trigger = try one.read { try $0.first("SELECT sql FROM sqlite_master WHERE name = ?", [.text(name)]) }
  let sql = if case .text(let sql)? = trigger?.first { sql } else { "" }
  try world.shell(one, "DROP TRIGGER \(name); UPDATE remark SET note = 'rot'; \(sql)")
  let status = try one.status()
  #expect(status.pending == 1 && status.held.map(\.ref.record) == ["remark"])
  #expect(status.held.first?.problem.message.en.contains("only ever added") == true)
  #expect(try await world.sync(one).held == status.held)
  try one.withdraw(waiting.id, reason: "r", actor: "anna")
  try await world.settle()
  #expect(try one.status().pending == 0)
}
