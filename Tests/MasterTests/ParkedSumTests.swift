import Replica
import SyncClient
import SyncCore
import TestSupport
import Testing

// What is added to a sum counts once, whatever becomes of the change that it came with.

/// The small application, whose staff is a sum.
let summedSchemaYAML = smallSchemaYAML.replacing("staff: {type: integer", with: "staff: {type: integer, policy: sum")

/// One machine of A with c1, whose staff is 10; b1 of B holds the code X.
func summed() async throws -> (World, Replica, Replica) {
  let world = try World(schema: summedSchemaYAML, seed: [("office", ["A", "B"].map { [.text($0), .null] })])
  let (one, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 10)")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.settle()
  return (world, one, b)
}

extension World {
  /// - Parameter replica: shows the same.
  func staff(_ replica: Replica, of id: String = "c1") throws -> Value? {
    let record = try replica.record("company")
    let here = try replica.row(record, key: RowKey([.text(id)]))?[9]
    #expect(try cell("staff", of: id) == here)
    return here
  }
}

/// What waits is said again with a later edit, before its sender hears that it has entered.
@Test(arguments: [
  "UPDATE company SET address = 'y' WHERE id = 'c1'", "UPDATE company SET staff = staff + 3 WHERE id = 'c1'",
])
private func aSumThatEnteredWhileItWasSaidAgainCountsOnce(edit: String) async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  #expect(try world.cell("staff") == .integer(12))
  try world.shell(one, edit)
  try await world.settle()
  #expect(try world.staff(one) == .integer(edit.contains("staff") ? 15 : 12))
  #expect(try world.cell("code") == .text("X") && one.parked().isEmpty)
}

/// The same of a row that was entered, and enters under another code.
@Test func aSumOfARowThatEnteredWhileItWasEnteredAgainCountsOnce() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)")
  try await world.sync(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  #expect(try one.takeUp("company", "c2", ["code": .text("Y")]))
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(7))
  #expect(try one.parked().isEmpty)
}

/// Others have entered the row meanwhile, so that it is said again as an edit of theirs.
@Test func aSumOfARowThatEnteredWhileItWasSaidAgainAsAnEditCountsOnce() async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)")
  try await world.sync(one)
  try world.shell(two, "INSERT INTO company (id, office, staff) VALUES ('c2', 'A', 3)")
  for replica in [two, one] { try await world.sync(replica) }
  #expect(try one.takeUp("company", "c2", ["code": .text("Y")]))
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  #expect(try world.cell("staff", of: "c2") == .integer(10))
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(10) && one.parked().isEmpty)
}

/// Its batch goes again under another id, which hears in a snapshot that it has entered.
@Test func aSumThatEnteredUnderAFormerIdIsNotSaidAgainAfterASnapshot() async throws {
  let (world, one, _) = try await summed()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  let renewed = try world.rejoin(one, code: world.master.enrol(org: "A").code)
  try await world.sync(renewed)
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'b1'")
  try world.takeSnapshot(renewed)
  try world.shell(renewed, "UPDATE company SET name = 'z' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.staff(renewed) == .integer(12) && renewed.parked().isEmpty)
}

/// Its row is found to be another one, and it enters with that.
@Test(arguments: [false, true]) func aSumThatEnteredWithADuplicateWhileItWasSaidAgainCountsOnce(isUpdate: Bool)
  async throws
{
  let (world, one, _) = try await summed()
  let id = isUpdate ? "c1" : "c2"
  try world.shell("INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'Z')")
  try world.shell(
    one,
    isUpdate
      ? "UPDATE company SET code = 'Z', staff = 12 WHERE id = 'c1'"
      : "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'Z', 7)")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  #expect(try one.takeUp("company", id, ["code": .text("Y")]))
  _ = try world.unite(id, into: "a1")
  try await world.settle()
  #expect(try world.staff(one, of: "a1") == .integer(isUpdate ? 12 : 7))
  #expect(try one.parked().isEmpty)
}

/// It entered before its sender heard that it waits, and is edited meanwhile, perhaps in a batch that is answered with it.
@Test(arguments: [false, true])
func aSumOfARowThatEnteredBeforeItsSenderHeardCountsOnce(isFrozen: Bool) async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  let edit = "UPDATE company SET staff = 9 WHERE id = 'c2'"
  if isFrozen {
    try world.shell(one, edit)
    try one.freeze()
  }
  try world.answer(one, meanwhile: isFrozen ? "" : edit)
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(9))
}

/// The same of an update, with a later one of another cell: nothing of it is set aside, to be taken up again.
@Test func aSumThatEnteredBeforeItsSenderHeardIsNotSetAside() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try one.freeze()
  try world.answer(one, meanwhile: "")
  #expect(try one.parked().isEmpty)
  #expect(try !one.takeUp("company", "c1", ["name": .text("n")]))
  try await world.settle()
  #expect(try world.staff(one) == .integer(12) && world.cell("address") == .text("y"))
}

/// Two batches of a row are on their way; the first one is parked, and more may be typed before that is known.
@Test(arguments: [("staff = 15", ""), ("staff = 15", "name = 'z'"), ("staff = 15", "staff = 16"), ("name = 'z'", "")])
private func aSumThatIsParkedWithALaterBatchOnItsWayIsNotLost(batch: String, meanwhile: String) async throws {
  let (world, one, _) = try await summed()
  func edit(_ set: String) throws {
    if !set.isEmpty { try world.shell(one, "UPDATE company SET \(set) WHERE id = 'c1'") }
  }
  try edit("code = 'X', staff = 12")
  try one.freeze()
  try edit(batch)
  try one.freeze()
  try world.answer(one, meanwhile: meanwhile.isEmpty ? "" : "UPDATE company SET \(meanwhile) WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  try await world.settle()
  let total = meanwhile.hasPrefix("staff") ? 16 : batch.hasPrefix("staff") ? 15 : 12
  #expect(try world.staff(one) == .integer(Int64(total)))
}

/// A delete on its way takes back what was entered before it: the row that was entered after that says nothing of it.
@Test(arguments: [false, true])
func aSumOfARowThatWasEnteredAfterADeleteOnItsWayCountsOnce(isEdited: Bool) async throws {
  let (world, one, _) = try await summed()
  for sql in [
    "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'X', 7)", "DELETE FROM company WHERE id = 'c2'",
    "INSERT INTO company (id, office, code, staff) VALUES ('c2', 'A', 'Y', 5)",
  ] {
    try world.shell(one, sql)
    try one.freeze()
  }
  let edit = isEdited ? "UPDATE company SET staff = 6 WHERE id = 'c2'" : ""
  try world.answer(one, meanwhile: edit, parkingClashes: false)
  try await world.settle()
  #expect(try world.staff(one, of: "c2") == .integer(isEdited ? 6 : 5))
  #expect(try one.parked().isEmpty)
}

/// Others, or a program here, raise the sum while something that was added to it waits.
@Test func aSumThatWaitsIsAddedToWhatWasAddedSince() async throws {
  let (world, one, _) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  try world.shell(two, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  try await world.sync(two)
  try world.shell(one, "UPDATE company SET staff = staff + 3 WHERE id = 'c1'")
  try await world.settle()
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  try await world.settle()
  #expect(try world.staff(one) == .integer(16))
}

/// The merge of two other rows lets it in: only of those is everything that differs contested.
@Test func aSumOfAnotherRowThatAMergeLetsInIsAddedToWhatStands() async throws {
  let (world, one, b) = try await summed()
  let two = try await world.join("A")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b2', 'B', 'Y')")
  try await world.settle()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 15 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell(two, "UPDATE company SET staff = 15 WHERE id = 'c1'")
  try await world.sync(two)
  let conflicts = try world.unite("b1", into: "b2")
  #expect(world.contenders(conflicts) == ["code": .text("X")])
  try await world.settle()
  #expect(try world.master.parked().isEmpty && world.cell("code") == .text("X"))
  #expect(try world.staff(one) == .integer(20))
}

/// What is said again keeps the time at which it was edited, also when a clerk takes it up.
@Test(arguments: [false, true]) func whatIsSaidAgainIsAsOldAsItWas(isTakenUp: Bool) async throws {
  let (world, one, two) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.settle()
  try world.shell(one, "UPDATE company SET code = 'X', phone = '111' WHERE id = 'c1'")
  try one.freeze()
  world.clock.now += 1000
  try world.shell(two, "UPDATE company SET phone = '222' WHERE id = 'c1'")
  try await world.sync(two)
  world.clock.now += 1000
  if isTakenUp {
    try await world.sync(one)
    #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  } else {
    try world.answer(one, meanwhile: "UPDATE company SET name = 'z' WHERE id = 'c1'")
  }
  try await world.settle()
  try world.shell(b, "DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try world.cell("phone") == .text("222") && world.cell("code") == .text(isTakenUp ? "Y" : "X"))
}

/// So does what was entered and is taken up, before its clerk sees what others have entered later, or after it.
@Test(arguments: [false, true]) func whatIsEnteredAgainIsAsOldAsItWas(isSeen: Bool) async throws {
  let (world, one, _) = try await summed()
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, code, phone) VALUES ('c2', 'A', 'X', '111')")
  try await world.sync(one)
  try world.shell(two, "INSERT INTO company (id, office, phone) VALUES ('c2', 'A', '222')")
  try await world.sync(one)
  try await world.sync(two)
  if isSeen { try await world.sync(one) }
  #expect(try one.takeUp("company", "c2", ["code": .text("Y")]))
  try await world.settle()
  #expect(try world.cell("phone", of: "c2") == .text("222") && world.cell("code", of: "c2") == .text("Y"))
}

/// And what was entered beside another unit's row, and is said again when the city has given that to its sender.
@Test func whatWasEnteredBesideAnotherIsAsOldAsItWas() async throws {
  let world = try World.small()
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO company (id, office, phone) VALUES ('c1', 'B', '111')")
  try await world.sync(b)
  try world.shell(a, "UPDATE company SET phone = '222' WHERE id = 'c1'")
  try await world.sync(a)
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try await world.sync(b)
  try world.shell(b, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("phone") == .text("222") && world.cell("address") == .text("y"))
}

/// When what waits is said again, of which the restored city says once more what became of it.
private enum SaidAgain: CaseIterable {
  case onItsWay, pending, afterItEntered
}

extension World {
  /// The city is restored, and goes on without a machine, which comes after that and edits while its answer is under way.
  fileprivate func restore(
    from file: String, without away: Replica, meanwhile edit: @escaping () throws -> Void = {}
  ) async throws {
    try restore(from: file)
    try await giveBack(replicas.filter { $0 !== away })
    try master.release(reason: "away", actor: "li")
    _ = try await SyncClient(away, transport: Preceded(master) { if $0 == 1 { try edit() } }).sync()
  }
}

/// It is parked, is said again, and comes late to a restored city, where it is parked again.
@Test(arguments: SaidAgain.allCases)
private func aSumThatWaitsAgainAfterARestoreCountsOnce(saidAgain: SaidAgain) async throws {
  let (world, one, _) = try await summed()
  let file = try world.backup()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  func takeUp() throws { #expect(try one.takeUp("company", "c1", ["code": .text("Y")])) }
  switch saidAgain {
  case .onItsWay:
    try takeUp()
    try await world.restore(from: file, without: one)
  case .pending:
    try await world.restore(from: file, without: one, meanwhile: takeUp)
  case .afterItEntered:
    try world.shell("UPDATE company SET code = 'Z' WHERE id = 'b1'")
    try await world.settle()
    #expect(try world.staff(one) == .integer(12) && one.parked().isEmpty)
    // Nobody has what let it in any more.
    for replica in world.replicas { try world.shell(replica, "DELETE FROM sync_inbox") }
    try await world.restore(from: file, without: one)
    #expect(try one.parked().count == 1)
    try takeUp()
  }
  try await world.settle()
  #expect(try world.staff(one) == .integer(12))
  #expect(try world.cell("code") == .text("Y") && one.parked().isEmpty)
}

/// The batch that said it again was taken, and is lost: what it had superseded enters before that batch comes late.
@Test func aSumThatEntersBeforeTheBatchThatSupersededItComesLateCountsOnce() async throws {
  let (world, one, b) = try await summed()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  let file = try world.backup()
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  try await world.sync(one)
  #expect(try world.staff(one) == .integer(12) && one.parked().isEmpty)
  try world.restore(from: file)
  try await world.giveBack([b])
  try world.master.release(reason: "away", actor: "li")
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'b1'")
  try world.master.absorbNow()
  #expect(try world.cell("code") == .text("X"))
  try await world.sync(one)
  try await world.settle()
  #expect(try world.staff(one) == .integer(12) && one.parked().isEmpty)
}

/// The row that held its code is lost: what was parked comes in by itself, and is said again, perhaps in a
/// batch that was taken.
@Test(arguments: [false, true]) func aSumThatARestoredCityParksNoMoreCountsOnce(isTaken: Bool) async throws {
  let (world, one, b) = try await summed()
  let file = try world.backup()
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b2', 'B', 'W')")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'W', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try one.takeUp("company", "c1", ["code": .text("Y")]))
  if isTaken { try await world.sync(one) }
  world.lose(b)
  try world.restore(from: file)
  try await world.giveBack([one])
  try world.master.release(reason: "lost", actor: "li")
  try await world.sync(one)
  try await world.settle()
  #expect(try world.staff(one) == .integer(12) && one.parked().isEmpty)
}

/// It was parked, and its machine has rejoined since; the restored city takes it under the former id.
@Test func aSumOfAFormerIdThatARestoredCityTakesCountsOnce() async throws {
  let (world, one, b) = try await summed()
  let file = try world.backup()
  try world.shell(one, "UPDATE company SET code = 'X', staff = 12 WHERE id = 'c1'")
  try await world.sync(one)
  let renewed = try world.rejoin(one)
  try await world.sync(renewed)
  #expect(try renewed.parked().count == 1)
  try world.restore(from: file)
  try await world.giveBack([b])
  try world.master.release(reason: "away", actor: "li")
  try world.shell("UPDATE company SET code = 'Z' WHERE id = 'b1'")
  try world.master.absorbNow()
  try await world.sync(renewed)
  #expect(try world.staff(renewed) == .integer(12) && renewed.parked().isEmpty)
  try world.shell(renewed, "UPDATE company SET address = 'y' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.staff(renewed) == .integer(12))
}
