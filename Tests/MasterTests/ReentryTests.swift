import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What is parked enters by itself once its cause is gone, against its original base and in arrival order.

/// The code X is that of a1; b1, which wants it too, is parked with its figure.
func twins() async throws -> (World, Replica, Replica) {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(a)
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'X', '乙');
    INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 5)
    """)
  try await world.sync(b)
  return (world, a, b)
}

extension World {
  func states() throws -> [ParkedState] { try master.parked(waiting: false).map(\.state) }
}

extension Replica {
  func states() throws -> [ParkedState] { try parked(waiting: false).map(\.state) }
}

@Test func aDuplicateEntersWithItsChildrenWhenTheTwinIsDeleted() async throws {
  let (world, a, b) = try await twins()
  #expect(try b.rows(b.record("company")).isEmpty)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(a)
  let summary = try await world.sync(b)
  #expect(summary.received.news.count == 2)
  try await world.settle()
  #expect(try world.states() == [.entered, .entered])
  #expect(try b.states() == [.entered, .entered])
  #expect(try b.rows(b.record("company")).map { $0[3] } == [.text("乙")])
  #expect(try b.rows(b.record("figure")).map { $0[2] } == [.integer(5)])
}

@Test func aDuplicateEntersWhenTheTwinGivesUpItsCode() async throws {
  let (world, a, b) = try await twins()
  try world.shell(a, "UPDATE company SET code = 'Z' WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.entered, .entered])
  #expect(try b.rows(b.record("company")).map { $0[2] } == [.text("X")])
}

@Test func aDuplicateEntersWhenTheCityMendsTheTwin() async throws {
  let (world, _, b) = try await twins()
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.entered, .entered])
  #expect(try b.rows(b.record("company")).map { $0[2] } == [.text("X")])
}

@Test func aChildEntersWhenTheCityInsertsItsParentAgain() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.settle()
  try world.shell(one, "INSERT INTO figure (company, year, sales) VALUES ('c1', 2018, 7)")
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.rows(one.record("figure")).isEmpty)
  try world.shell("INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.settle()
  #expect(try one.states() == [.entered])
  #expect(try one.rows(one.record("figure")).map { $0[2] } == [.integer(7)])
}

@Test func aParkedChangeEntersAgainstItsOriginalBase() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'X', name = '乙' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await world.sync(two)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.states() == [.entered])
  #expect(try world.cell("code") == .text("X"))
  #expect(try world.cell("name") == .text("丙"))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.base == .text("甲"))
  #expect(conflict.contenders.map(\.value) == [.text("乙")])
}

@Test func aChangeOfADeletedRowEntersWhenTheRowStandsAgain() async throws {
  let (world, one, _) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell("UPDATE company SET code = 'X' WHERE id = 'c1'")
  try await world.settle()
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  // The edit would bring the row back with its last code, which is another's by now.
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell("INSERT INTO company (id, office, name) VALUES ('c1', 'A', '丙')")
  try await world.settle()
  #expect(try world.states() == [.entered])
  let conflict = try #require(try world.master.conflicts([.open]).last)
  #expect(conflict.contenders.map(\.value) == [.text("乙")])
}

@Test func whatIsContestedByNowWaitsNoMore() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  // The cell has another value than the edit was made against: that is for an official to decide, whoever holds X.
  try world.shell(two, "UPDATE company SET code = 'Y' WHERE id = 'c1'")
  try await world.sync(two)
  #expect(try world.states() == [.entered])
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.master == .text("Y"))
  #expect(conflict.contenders.map(\.value) == [.text("X")])
}

@Test func theFirstToArriveGetsTheCode() async throws {
  let (world, a, b) = try await twins()
  let c = try await world.join("B", actor: "late")
  try world.shell(c, "INSERT INTO company (id, office, code) VALUES ('a0', 'B', 'X')")
  try await world.sync(c)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.entered, .entered, .waiting])
  #expect(try b.rows(b.record("company")).map { $0[0] } == [.text("b1")])
  // The one that still waits now waits for the one that came before it.
  try world.shell(b, "UPDATE company SET code = NULL WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.states() == [.entered, .entered, .entered])
  #expect(try world.cell("code", of: "a0") == .text("X"))
}

@Test func whatWaitsForTheCodeComesBeforeTheBatchThatFreedIt() async throws {
  let (world, a, b) = try await twins()
  try world.shell(
    a, "DELETE FROM company WHERE id = 'a1'; INSERT INTO company (id, office, code) VALUES ('a2', 'A', 'X')")
  try await world.settle()
  // The code went from one row to another within the batch: the other has it.
  #expect(try world.cell("code", of: "a2") == .text("X"))
  #expect(try world.states() == [.waiting, .waiting])
  try world.shell(a, "DELETE FROM company WHERE id = 'a2'")
  try await world.settle()
  #expect(try world.states() == [.entered, .entered])
  #expect(try b.rows(b.record("company")).count == 1)
}

@Test func aLaterChangeByTheSameReplicaSupersedes() async throws {
  let (world, a, b) = try await twins()
  try world.shell(b, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'Y', '新')")
  try await world.sync(b)
  #expect(try world.states() == [.superseded, .entered])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.superseded, .entered])
  #expect(try world.cell("code", of: "b1") == .text("Y"))
  #expect(try world.cell("name", of: "b1") == .text("新"))
}

@Test func aLaterChangeThatIsParkedTooIsTheOneThatEnters() async throws {
  let (world, a, b) = try await twins()
  try world.shell(b, "INSERT INTO company (id, office, code, name) VALUES ('b1', 'B', 'X', '新')")
  try await world.sync(b)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.superseded, .entered, .entered])
  #expect(try world.cell("name", of: "b1") == .text("新"))
}

@Test func whatTheClerkWithdrewNeverEnters() async throws {
  let (world, a, b) = try await twins()
  let parked = try #require(try b.parked().first { $0.ref.record == "company" })
  try b.withdraw(parked.id, reason: "typed twice", actor: "wang")
  #expect(try b.parked().map(\.ref.record) == ["figure"])
  try await world.sync(b)
  let seen = try #require(try world.master.parked(waiting: false).first)
  #expect(seen.state == .withdrawn)
  #expect(seen.ruling?.edit.actor == "wang")
  #expect(seen.ruling?.detail.en == "taken back: typed twice")
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.states() == [.withdrawn, .waiting])
  #expect(try world.cell("code", of: "b1") == nil)
  #expect(try b.states() == [.withdrawn, .waiting])
  #expect(throws: Failure.self) { try b.withdraw(parked.id, reason: "again", actor: nil) }
}

@Test func aWithdrawalNamesWhoTookTheRowBack() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B", actor: "li")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(a)
  try b.edit(as: "wang") { try $0.run("INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')") }
  try await world.sync(b)
  let parked = try #require(try b.parked().first)
  #expect(parked.edit.actor == "wang")
  try b.withdraw(parked.id, reason: "typed twice", actor: nil)
  try await world.sync(b)
  let seen = try #require(try world.master.parked(waiting: false).first)
  #expect(seen.state == .withdrawn)
  #expect(seen.ruling?.edit.actor == "li")
}

/// It was entered again, and that is taken back; what was sent before is not.
@Test func whatIsTakenUpAndRevertedStillWaits() async throws {
  let (world, a, b) = try await twins()
  #expect(try b.takeUp("company", "b1", ["code": .text("Y")]))
  try b.revert(b.record("company"), key: RowKey([.text("b1")]))
  #expect(try b.states() == [.waiting, .waiting])
  try await world.settle()
  #expect(try world.states() == [.waiting, .waiting])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try b.states() == [.entered, .entered])
  #expect(try world.cell("code", of: "b1") == .text("X"))
  #expect(try b.rows(b.record("figure")).map { $0[2] } == [.integer(5)])
}
