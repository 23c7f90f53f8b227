import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A clerk edits, deletes, withdraws or takes up again what is parked, or is about to be.

/// The city has a1 of A; b1 of B, with the same code, is on its way.
private func twinUnderWay() async throws -> (World, Replica, Replica) {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try b.freeze()
  return (world, a, b)
}

extension World {
  /// The city answers what is on its way; meanwhile a clerk edits.
  func answer(_ replica: Replica, meanwhile sql: String, parkingClashes: Bool = true) throws {
    let reply = try master.exchange(replica.hello().bytes + replica.unacknowledged().flatMap { $0 })
    try shell(replica, sql)
    let messages = try SealedEnvelope.split(reply).map { try $0.open(with: master.key.publicKey) }
    _ = try replica.receive(
      receipts: messages.filter { $0.header.kind == .receipt }, pages: messages.filter { $0.header.kind == .page },
      parkingClashes: parkingClashes)
  }
}

/// The clerk deletes the row again before the answer comes that says that it is parked (seed 4 of the simulated town).
@Test func aRowThatIsDeletedBeforeItsSenderHearsThatItIsParkedNeverEnters() async throws {
  let (world, a, b) = try await twinUnderWay()
  try world.answer(b, meanwhile: "DELETE FROM company WHERE id = 'b1'", parkingClashes: false)
  #expect(try world.states() == [.waiting] && b.parked().isEmpty)
  try await world.settle()
  #expect(try world.states() == [.withdrawn] && b.states() == [.withdrawn])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == nil)
}

/// The row was edited once more, in a batch that was on its way too when it was deleted. Its sender may have heard by then that
/// the first one is parked.
@Test(arguments: [(true, false), (false, false), (false, true)])
func aRowThatIsDeletedWithTwoBatchesOnTheirWayNeverEnters(together: Bool, isHeard: Bool) async throws {
  let (world, a, b) = try await twinUnderWay()
  try world.shell(b, "UPDATE company SET name = '乙' WHERE id = 'b1'")
  try b.freeze()
  let reply = try world.master.exchange(b.hello().bytes + b.unacknowledged().flatMap { $0 })
  let messages = try SealedEnvelope.split(reply).map { try $0.open(with: world.master.key.publicKey) }
  let receipts = messages.filter { $0.header.kind == .receipt }
  #expect(receipts.count == 2)
  func delete() throws { try world.shell(b, "DELETE FROM company WHERE id = 'b1'") }
  if !isHeard { try delete() }
  let parts = together ? [receipts] : receipts.map { [$0] }
  for (index, part) in parts.enumerated() {
    _ = try b.receive(receipts: part, pages: [])
    if isHeard, index == 0 { try delete() }
  }
  #expect(try b.parked().isEmpty)
  try await world.settle()
  #expect(try world.states().last == .withdrawn)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == nil)
  #expect(try world.master.parked().isEmpty)
}

/// It has entered by the time its sender hears that it was parked: that it was deleted meanwhile is still to be sent.
@Test func aRowThatEnteredBeforeItsSenderHeardIsDeletedAtTheCityToo() async throws {
  let (world, a, b) = try await twinUnderWay()
  try world.sendInVain(b)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(a)
  #expect(try world.cell("code", of: "b1") == .text("X"))
  try world.answer(b, meanwhile: "DELETE FROM company WHERE id = 'b1'")
  #expect(try b.states() == [.entered])
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == nil)
}

/// The same, with a row that was pointed at it meanwhile.
@Test func whatRefersToARowThatEnteredBeforeItsSenderHeardIsNotSetAside() async throws {
  let visit =
    "visit: {key: id, scope: {via: company}, fields: {id: , company: {required: true, references: company.id}}}"
  let (world, one, _) = try await World.twoMachines(schema: smallSchemaYAML + "\n  " + visit)
  try world.shell("INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(one, "INSERT INTO visit VALUES ('v1', 'c1')")
  try await world.sync(one)
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('c9', 'A', 'X')")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell("DELETE FROM company WHERE id = 'b1'")
  try world.master.absorbNow()
  #expect(try world.states() == [.entered])
  try world.answer(one, meanwhile: "UPDATE visit SET company = 'c9'")
  #expect(try one.parked().isEmpty)
  try await world.settle()
  let visits = try world.master.rows(world.master.record("visit"))
  #expect(visits == [[.text("v1"), .text("c9")]])
}

/// It was edited again before its sender heard that it is parked, and deleted after that.
@Test func aRowThatIsEditedAgainAndThenDeletedNeverEnters() async throws {
  let (world, a, b) = try await twinUnderWay()
  try world.answer(b, meanwhile: "UPDATE company SET name = '乙' WHERE id = 'b1'")
  #expect(try b.parked().isEmpty && b.states().isEmpty)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.states() == [.withdrawn] && b.states() == [.withdrawn])
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == nil)
}

/// The batch that entered it was parked, and one that changed it, too (seed 272 of the simulated town).
@Test func aRowOfTwoParkedBatchesThatIsEditedAgainEntersWhole() async throws {
  let (world, a, b) = try await twinUnderWay()
  try world.shell(b, "UPDATE company SET address = 'x' WHERE id = 'b1'")
  try b.freeze()
  try world.answer(b, meanwhile: "UPDATE company SET name = '乙' WHERE id = 'b1'")
  try await world.settle()
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("name", of: "b1") == .text("乙"))
  #expect(try world.cell("address", of: "b1") == .text("x"))
}

/// The clerk deletes a row of which something waits, and enters it anew before the city has answered.
@Test func whatADeleteOnItsWayTakesBackDoesNotFillTheRowThatIsEnteredAnew() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell("INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(one, "UPDATE company SET code = 'X', name = '丙' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.states() == [.waiting])
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.settle()
  #expect(try world.states() == [.superseded] && one.parked().isEmpty)
  #expect(try world.cell("office") == .text("A") && world.cell("code") == .null && world.cell("name") == .null)
}

/// Its parent is parked, so that the edit is set aside unsent (seed 69 of the simulated town).
@Test func whatWasEditedAgainAndSetAsideIsWithdrawnAtTheCityToo() async throws {
  let (world, _, b) = try await twinUnderWay()
  try world.shell(b, "INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 5)")
  try b.freeze()
  try world.answer(b, meanwhile: "UPDATE figure SET sales = 6 WHERE company = 'b1'")
  let aside = try #require(try b.parked().first { $0.ref.record == "figure" })
  #expect(aside.batch == nil)
  try b.withdraw(aside.id, reason: "typed twice", actor: "wang")
  try await world.settle()
  #expect(try world.states() == [.waiting, .withdrawn])
  #expect(try world.master.parked(waiting: false).last?.ruling?.edit.actor == "wang")
  #expect(try b.parked().map(\.ref.record) == ["company"])
}

/// Nothing comes of the second edit: its clerk hears that the first one waits, whatever has waited before and come in.
@Test(arguments: [false, true])
func aParkedUpdateWhoseNextEditIsTakenBackIsSetAside(hasEarlierComeIn: Bool) async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('c2', 'A', 'X')")
  try await world.sync(one)
  if hasEarlierComeIn {
    try world.shell(two, "UPDATE company SET code = 'X' WHERE id = 'c1'")
    try await world.sync(two)
    try world.shell(one, "UPDATE company SET code = NULL WHERE id = 'c2'")
    for replica in [one, two] { try await world.sync(replica) }
    #expect(try two.states() == [.entered])
    try world.shell(one, "UPDATE company SET code = 'Y' WHERE id = 'c2'")
    try await world.sync(one)
  }
  try world.shell(two, "UPDATE company SET code = '\(hasEarlierComeIn ? "Y" : "X")' WHERE id = 'c1'")
  try two.freeze()
  try world.answer(two, meanwhile: "UPDATE company SET name = '丁' WHERE id = 'c1'")
  let aside = try #require(try two.parked().first)
  #expect(try two.parked().count == 1 && aside.batch == nil)
  try two.withdraw(aside.id, reason: "wrong", actor: nil)
  try await world.sync(two)
  #expect(try world.states() == (hasEarlierComeIn ? [.entered, .waiting] : [.waiting]))
  #expect(try two.parked().map(\.batch) == [hasEarlierComeIn ? 2 : 1])
}

@Test func aWithdrawalThatComesTooLateChangesNothing() async throws {
  let (world, a, b) = try await twins()
  let parked = try #require(try b.parked().first { $0.ref.record == "company" })
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.sync(a)
  try b.withdraw(parked.id, reason: "typed twice", actor: nil)
  try await world.settle()
  #expect(try world.states() == [.entered, .entered])
  #expect(try b.states() == [.entered, .entered])
}

@Test func anUnsentRowThatWasSetAsideMayBeWithdrawn() async throws {
  let (world, one, two) = try await World.twoMachines()
  // It refers to no office, so it is not sent, and it stands in the way of a code that comes.
  try world.shell(two, "INSERT INTO company (id, office, code) VALUES ('c2', 'none', 'X')")
  try world.shell(one, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  let aside = try #require(try two.parked().first)
  #expect(aside.batch == nil)
  try two.withdraw(aside.id, reason: "wrong office", actor: nil)
  try world.shell(one, "UPDATE company SET code = NULL WHERE id = 'c1'")
  try await world.settle()
  #expect(try two.states() == [.withdrawn])
  #expect(try two.rows(two.record("company")).count == 1)
}

@Test func aParkedInsertIsTakenUpWithANewCode() async throws {
  let (world, a, b) = try await twins()
  #expect(try b.takeUp("company", "b1", ["code": .text("Y")]))
  #expect(try b.rows(b.record("company")).map { $0[3] } == [.text("乙")])
  try await world.settle()
  #expect(try world.states() == [.superseded, .entered])
  #expect(try world.cell("code", of: "b1") == .text("Y"))
  #expect(try b.parked().isEmpty)
  #expect(try b.rows(b.record("figure")).count == 1)
  try world.shell(a, "DELETE FROM company WHERE id = 'a1'")
  try await world.settle()
  #expect(try world.cell("code", of: "b1") == .text("Y"))
}

/// What its clerk does not type anew comes against the base that it was entered on, not against what others have entered since.
@Test func whatIsTakenUpAgainOverwritesNothingThatItsClerkHadNotSeen() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(one, "UPDATE company SET name = 'N1' WHERE id = 'c1'")
  try await world.settle()
  try world.shell(one, "UPDATE company SET code = 'X', name = 'N2' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.states() == [.waiting])
  try world.shell(two, "UPDATE company SET name = 'N3' WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  try await world.settle()
  #expect(try world.cell("code") == .text("Y") && world.cell("name") == .text("N3"))
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.field) == ["name"] && open.first?.contenders.map(\.value) == [.text("N2")])
}

@Test func aParkedUpdateIsTakenUpWithANewCode() async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  try await world.settle()
  #expect(try world.states() == [.superseded])
  #expect(try world.cell("code") == .text("Y"))
  #expect(try world.cell("staff") == .integer(12))
  #expect(try world.cell("name") == .text("丙"))
  #expect(try one.parked().isEmpty)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("code") == .text("Y"))
}

/// A row that somebody here edits goes to another unit with the row that it refers to: the edit waits here, and blocks nothing (seed 1002982
/// of the simulated town).
@Test func anEditOfARowThatGoesWithItsParentIsSetAside() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO figure VALUES ('c1', 2018, 1, 'a')")
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try world.answer(one, meanwhile: "UPDATE figure SET note = 'b'")
  #expect(try one.rows(one.record("figure")).isEmpty && one.rows(one.record("company")).isEmpty)
  #expect(try one.parked().map(\.reason) == ["reference"] && one.parked().map { $0.row[3] } == [.text("b")])
  try await world.settle()
}
