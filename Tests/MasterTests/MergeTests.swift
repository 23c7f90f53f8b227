import Master
import Replica
import SyncCore
import TestSupport
import Testing

// Two machines of one office and the city meet in real files. What peers lose, we keep.

/// Both have renamed one company, and the conflict waits.
private func contestedName() async throws -> (World, Replica, Replica) {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.settle()
  return (world, one, two)
}

@Test func differentCellsOfOneRowMerge() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  try world.shell("UPDATE company SET grade = 'A' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("乙"))
  #expect(try world.cell("staff") == .integer(11))
  #expect(try world.cell("grade") == .text("A"))
  #expect(try world.master.conflicts(Conflict.State.allCases) == [])
}

@Test func aContestedCellWaitsAndItsDecisionReachesBoth() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '丙', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  let summary = try await world.sync(two)
  #expect(summary.received.conflicts == 1)
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.base == .text("甲"))
  #expect(conflict.master == .text("乙"))
  #expect(conflict.contenders.map(\.value) == [.text("丙")])
  #expect(conflict.contenders.map(\.edit.actor) == ["two"])
  // The other cell of the row merged; the master's value stands meanwhile, also on the losing machine.
  #expect(try world.cell("staff") == .integer(12))
  try await world.settle()
  #expect(try world.cell("name") == .text("乙"))
  #expect(try two.conflicts([.open]).count == 1)
  _ = try world.master.decide(conflict.id, .take(1), reason: "licence", actor: "li", version: conflict.version)
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  let seen = try #require(try one.conflicts([.decided]).first)
  #expect(seen.decision?.reason == "licence")
  #expect(seen.decision?.edit.actor == "li")
}

@Test func aThirdValueJoinsAsOneMoreContender() async throws {
  let (world, one, two) = try await World.twoMachines()
  let three = try await world.join("A", actor: "three")
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try world.shell(three, "UPDATE company SET name = '丁'")
  for replica in [one, two, three] { try await world.sync(replica) }
  let conflicts = try world.master.conflicts([.open])
  #expect(conflicts.count == 1)
  #expect(conflicts.first?.contenders.map(\.value) == [.text("丙"), .text("丁")])
  // A contender that came later refuses the decision of who has not seen it.
  let id = try #require(conflicts.first?.id)
  #expect(throws: Failure.self) { try world.master.decide(id, .keep, reason: "r", actor: nil, version: 1) }
}

@Test func aFreshEditOfACellUnderReviewJoinsThoughItsBaseIsTheMastersValue() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await world.sync(two)
  // Machine two now shows the master's value and edits that.
  try world.shell(two, "UPDATE company SET name = '戊'")
  try await world.sync(two)
  #expect(try world.cell("name") == .text("乙"))
  #expect(try world.master.conflicts([.open]).flatMap(\.contenders).map(\.value) == [.text("丙"), .text("戊")])
  try await world.settle()
}

@Test func aDecisionDoesNotHideANewerPendingEdit() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.sync(one)
  try await world.sync(two)
  try world.shell(two, "UPDATE company SET name = '己'")
  let conflict = try #require(try world.master.conflicts([.open]).first)
  _ = try world.master.decide(conflict.id, .value(.text("庚")), reason: "r", actor: "li")
  try await world.pull(two)
  // The decision is beneath the edit, not in its place.
  #expect(try two.diff().first?.upstream == .text("庚"))
  try await world.sync(two)
  #expect(try world.cell("name") == .text("庚"))
  #expect(try world.master.conflicts([.open]).flatMap(\.contenders).map(\.value) == [.text("己")])
  try await world.settle()
}

@Test func policiesSettleAContestedCell() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET address = 'y', industry = 'j', first = 4, peak = 7")
  try world.shell(two, "UPDATE company SET address = 'z', industry = 'k', first = 3, peak = 6")
  try await world.sync(two)
  try await world.sync(one)
  #expect(try world.cell("address") == .text("y"))
  #expect(try world.cell("industry") == .text("k"))
  #expect(try world.cell("first") == .integer(3))
  #expect(try world.cell("peak") == .integer(7))
  #expect(Set(try world.master.conflicts([.decided]).compactMap(\.field)) == ["address", "industry"])
  try await world.settle()
}

@Test func theLatestStampWinsWhoeverSyncsFirst() async throws {
  let (world, one, two) = try await World.twoMachines()
  for (early, late, order) in [(one, two, [two, one]), (two, one, [one, two])] {
    for (replica, value) in [(early, "early"), (late, "late of \(late.identity.replica)")] {
      world.clock.now += 60_000
      try replica.edit(as: nil) { db in
        // The test's clock is far ahead of SQL's, which the capture's stamp then follows.
        _ = try db.run("UPDATE sync_clock SET stamp = ?", [.integer(world.clock.now << 16)])
        try db.run("UPDATE company SET phone = ?", [.text(value)])
      }
    }
    for replica in order { try await world.sync(replica) }
    try await world.settle()
    #expect(try world.cell("phone") == .text("late of \(late.identity.replica)"))
  }
  #expect(try world.master.conflicts([.decided]).map(\.field) == ["phone", "phone"])
}

/// It takes the key of a row that was edited later and is deleted: that edit counts no more.
@Test func aRowThatIsEnteredAnewIsAsOldAsItsOwnEdit() async throws {
  let (world, one, two) = try await World.twoMachines()
  let three = try await world.join("A", actor: "three")
  func edit(_ replica: Replica, _ sql: String) throws {
    world.clock.now += 60_000
    try replica.edit(as: nil) { db in
      // The test's clock is far ahead of SQL's, which the capture's stamp then follows.
      try db.run("UPDATE sync_clock SET stamp = ?", [.integer(world.clock.now << 16)])
      try db.run(sql)
    }
  }
  try edit(one, "INSERT INTO company (id, office, phone) VALUES ('c2', 'A', '1')")
  try await world.sync(one)
  try await world.sync(three)
  try edit(two, "INSERT INTO company (id, office, phone) VALUES ('c2', 'A', '2')")
  try edit(three, "UPDATE company SET phone = '3' WHERE id = 'c2'")
  try edit(one, "UPDATE company SET phone = '4' WHERE id = 'c2'")
  try await world.sync(one)
  try edit(one, "DELETE FROM company WHERE id = 'c2'")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.cell("phone", of: "c2") == .text("2"))
  try await world.sync(three)
  #expect(try world.cell("phone", of: "c2") == .text("3"))
  try await world.settle()
}

@Test func aDeleteOverAnUnseenUpdateKeepsTheRow() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET staff = 99 WHERE id = 'c1'")
  try world.shell(two, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.cell("staff") == .integer(99))
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == nil)
  #expect(conflict.contenders.map(\.deletes) == [true])
  try await world.settle()
  _ = try world.master.decide(conflict.id, .take(1), reason: "closed", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == nil)
}

/// The row goes, or becomes what a contender had, with what was entered in it since: that stays on record, and who looked before it
/// came is refused.
@Test(arguments: [Master.Choice.take(1), .remove])
func whatWasEnteredInARowSinceItIsContestedStaysOnRecord(choice: Master.Choice) async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET staff = 99 WHERE id = 'c1'")
  try world.shell(two, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  let id = try #require(try world.master.conflicts([.open]).first).id
  try world.shell(one, "UPDATE company SET address = 'NEW' WHERE id = 'c1'")
  try await world.sync(one)
  #expect(throws: Failure.self) {
    try world.master.decide(id, choice, reason: "closed", actor: "li", version: 1)
  }
  let decided = try world.master.decide(id, choice, reason: "closed", actor: "li")
  #expect(try world.cell("staff") == nil)
  _ = try world.master.reopen(id, reason: "no", actor: "li")
  let last = try #require(decided.contenders.last)
  _ = try world.master.decide(id, .take(last.id), reason: "back", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(99) && world.cell("address") == .text("NEW"))
  #expect(try world.master.verify().map(\.en) == [] && world.master.verifyReplay().map(\.en) == [])
}

@Test func anUpdateOverAnUnseenDeleteKeepsTheRow() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET staff = 98 WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.cell("staff") == .integer(98))
  #expect(try world.cell("name") == .text("甲"))
  #expect(try world.master.conflicts([.open]).count == 1)
  try await world.settle()
}

@Test func twoInsertsOfOneKeyMeetCellByCell() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO figure VALUES ('c1', 2018, 100, NULL)")
  try world.shell(two, "INSERT INTO figure VALUES ('c1', 2018, 200, 'second')")
  try await world.sync(one)
  try await world.sync(two)
  let record = try world.master.record("figure")
  #expect(try world.master.rows(record) == [[.text("c1"), .integer(2018), .integer(100), .text("second")]])
  #expect(try world.master.conflicts([.open]).map(\.field) == ["sales"])
  try await world.settle()
}

/// Who enters a row has seen nothing in any of its cells: an emptied one says nothing against a value.
@Test func anInsertFillsWhatSomebodyEmptied() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO figure VALUES ('c1', 2018, 100, 'first')")
  try await world.sync(one)
  try world.shell(one, "UPDATE figure SET sales = NULL")
  try world.shell(two, "INSERT INTO figure VALUES ('c1', 2018, 200, NULL)")
  try await world.sync(one)
  try await world.settle()
  let record = try world.master.record("figure")
  #expect(try world.master.rows(record) == [[.text("c1"), .integer(2018), .integer(200), .text("first")]])
  #expect(try world.master.conflicts(Conflict.State.allCases) == [])
}

@Test func theSameEditOnBothSidesIsOneValue() async throws {
  let (world, one, two) = try await World.twoMachines()
  for replica in [one, two] { try world.shell(replica, "UPDATE company SET name = '同' WHERE id = 'c1'") }
  try await world.settle()
  #expect(try world.cell("name") == .text("同"))
  #expect(try world.master.conflicts(Conflict.State.allCases) == [])
}

@Test func deleteThenReinsertIsAnUpdate() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(
    one, "DELETE FROM company WHERE id = 'c1'; INSERT INTO company (id, office, name) VALUES ('c1', 'A', '新')")
  try await world.settle()
  #expect(try world.cell("name") == .text("新"))
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == nil)
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', '再')")
  try await world.settle()
  #expect(try world.cell("name") == .text("再"))
  #expect(try world.master.conflicts(Conflict.State.allCases) == [])
}

@Test func aConflictOutlivesTenSyncs() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try world.shell(two, "UPDATE company SET name = '丙'")
  for _ in 1...10 { try await world.settle() }
  #expect(try world.master.conflicts([.open]).count == 1)
  #expect(try one.conflicts([.open]).count == 1)
}

@Test func aSecondEditAfterAPullChangedTheCellBeneathIsContested() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = '乙'")
  try await world.sync(one)
  try world.shell(two, "UPDATE company SET name = '丙'")
  try await world.pull(two)
  #expect(try two.diff().first?.upstream == .text("乙"))
  try world.shell(two, "UPDATE company SET name = '丁'")
  try await world.sync(two)
  #expect(try world.cell("name") == .text("乙"))
  #expect(try world.master.conflicts([.open]).flatMap(\.contenders).map(\.value) == [.text("丁")])
  try await world.settle()
}

@Test func reopenBringsADecidedConflictBack() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET address = 'y'")
  try world.shell(two, "UPDATE company SET address = 'z'")
  try await world.settle()
  #expect(try world.cell("address") == .text("z"))
  let decided = try #require(try world.master.conflicts([.decided]).first)
  let open = try world.master.reopen(decided.id, reason: "check", actor: "li")
  #expect(open.contenders.map(\.value) == [.text("z"), .text("y")])
  _ = try world.master.decide(open.id, .take(2), reason: "first", actor: "li")
  try await world.settle()
  #expect(try world.cell("address") == .text("y"))
}

@Test func whatWasEnteredSinceTheDecisionStaysOnRecordWhenAConflictIsReopened() async throws {
  let (world, one, _) = try await contestedName()
  let id = try #require(try world.master.conflicts([.open]).first).id
  _ = try world.master.decide(id, .take(1), reason: "first", actor: "li")
  try await world.settle()
  try world.shell(one, "UPDATE company SET name = '丁'")
  try await world.settle()
  let open = try world.master.reopen(id, reason: "check", actor: "li")
  #expect(open.master == .text("丁"))
  #expect(open.contenders.map(\.value) == [.text("丙"), .text("乙")])
  _ = try world.master.decide(id, .take(1), reason: "after all", actor: "li")
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  #expect(try one.conflicts([.decided]).first?.master == .text("丁"))
  #expect(try world.master.verify().map(\.en) == [])
}

/// The conflict is opened again after the row is gone, and a county enters the row anew: whoever decides by what they had looked at
/// before is refused (seed 7417 of the simulated town).
@Test func aRowThatIsEnteredAnewJoinsAConflictThatIsOpenAgain() async throws {
  let (world, one, two) = try await contestedName()
  let id = try #require(try world.master.conflicts([.open]).first).id
  _ = try world.master.decide(id, .keep, reason: "first", actor: "li")
  try world.shell("DELETE FROM company")
  try await world.settle()
  let open = try world.master.reopen(id, reason: "check", actor: "li")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', '丁')")
  for replica in [one, two] { try await world.sync(replica) }
  #expect(try world.cell("name") == .text("丁"))
  let now = try world.master.conflict(id)
  #expect(now.master == .text("丁") && now.version == open.version + 1 && now.isWaiting)
  #expect(now.contenders.map(\.value) == [.text("丙"), .text("乙")])
  #expect(throws: Failure.self) {
    try world.master.decide(id, .take(1), reason: "r", actor: "li", version: open.version)
  }
  _ = try world.master.decide(id, .take(1), reason: "r", actor: "li", version: now.version)
  try await world.settle()
  #expect(try world.cell("name") == .text("丙"))
  #expect(try world.master.verify().map(\.en) == [])
}

/// The row does not come back by being entered: a county that has not heard changes another cell of it.
@Test(arguments: [Value.text("丁"), .null])
func aRowThatComesBackIsShownByAConflictThatIsOpenAgain(name: Value) async throws {
  let (world, one, two) = try await contestedName()
  let id = try #require(try world.master.conflicts([.open]).first).id
  _ = try world.master.decide(id, .keep, reason: "first", actor: "li")
  try await world.settle()
  try world.shell(one, "UPDATE company SET name = \(name.isNull ? "NULL" : "'丁'")")
  for replica in [one, two] { try await world.sync(replica) }
  try world.shell(two, "UPDATE company SET staff = 11")
  try world.shell("DELETE FROM company")
  let open = try world.master.reopen(id, reason: "check", actor: "li")
  try await world.sync(two)
  #expect(try world.cell("name") == name && world.cell("staff") == .integer(11))
  let now = try world.master.conflict(id)
  #expect(now.master == name && now.version == open.version + 1 && now.isWaiting)
  #expect(now.contenders.map(\.value) == [.text("丙"), .text("乙")])
  #expect(throws: Failure.self) {
    try world.master.decide(id, .take(1), reason: "r", actor: "li", version: open.version)
  }
  try await world.settle()
}

@Test func anOfficialsEditOfACellUnderReviewIsADecision() async throws {
  let (world, one, _) = try await contestedName()
  try world.shell("UPDATE company SET name = '官' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.master.conflicts([.open]) == [])
  #expect(try one.conflicts([.decided]).first?.decision?.value == .text("官"))
}

@Test func aSumThatTwoRaiseToTheSameIsRaisedTwice() async throws {
  let (world, one) = try await World.counted()
  let two = try await world.join("A", actor: "two")
  for machine in [one, two] { try world.shell(machine, "UPDATE company SET total = 11") }
  try await world.sync(two)
  // It comes in before what was added here has left, as it does for an edit that is made during a sync.
  try await world.pull(one)
  #expect(try one.status().pending == 1)
  try await world.settle()
  #expect(try world.cell("total") == .integer(12))
}
