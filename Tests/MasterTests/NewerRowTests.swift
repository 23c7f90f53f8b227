import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A file in which edits may have gone unseen is adopted, and the city has changed rows meanwhile: nobody can tell which
// of their cells were touched here.

extension Replica {
  fileprivate func archived(_ record: String) throws -> Int64? {
    try read { try $0.integer("SELECT count(*) FROM sync_archive WHERE record = ?", [.text(record)]) }
  }
}

/// Some of it was touched here: a number that was emptied.
@Test func whatTheCityChangedAndNobodyTouchedHereStands() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(
    one, "DROP TRIGGER sync_capture_update_company; UPDATE company SET staff = NULL WHERE id = 'c1'")
  try world.shell(
    two, "UPDATE company SET name = NULL, phone = '2', address = 'x', peak = 1, staff = 9 WHERE id = 'c1'")
  try await world.sync(two)
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["?~ company c1 name,phone,address,peak,staff"])
  #expect(try one.adopt(comparison, actor: "li") == 0)
  #expect(try one.diff().isEmpty && one.archived("company") == 1)
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name") == .null && world.cell("phone") == .text("2"))
  #expect(try world.cell("peak") == .integer(1) && world.cell("staff") == .integer(9))
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

/// What was pending of the row stays so, over the base that it had.
@Test func anEditBesideWhatTheCityChangedIsAdoptedAlone() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, "UPDATE company SET address = 'mine' WHERE id = 'c1'")
  try world.shell(
    one, "DROP TRIGGER sync_capture_update_company; UPDATE company SET name = 'here' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = 'there', phone = '2' WHERE id = 'c1'")
  try await world.sync(two)
  try one.repair()
  #expect(try one.adopt(try await world.deepVerify(one), actor: "li") == 1)
  #expect(try one.diff().compactMap(\.field) == ["name", "address"] && one.archived("company") == 1)
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name") == .text("there") && world.cell("phone") == .text("2"))
  #expect(try world.cell("address") == .text("mine"))
  let conflicts = try world.master.conflicts(Conflict.State.allCases)
  #expect(conflicts.map(\.field) == ["name"] && conflicts.first?.contenders.map(\.value) == [.text("here")])
}

/// It is no difference, and its policy decides once it is sent.
@Test func whatIsPendingOfWhatTheCityChangedStaysPending() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(two, "UPDATE company SET name = 'there', phone = '2' WHERE id = 'c1'")
  try await world.sync(two)
  try one.edit(world.clock, "UPDATE company SET phone = '9' WHERE id = 'c1'")
  try world.shell(
    one, "DROP TRIGGER sync_capture_update_company; UPDATE company SET name = 'here' WHERE id = 'c1'")
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["?~ company c1 name"])
  #expect(try one.adopt(comparison, actor: "li") == 1)
  #expect(try one.diff().map(\.field) == ["name", "phone"] && one.archived("company") == 0)
  try await world.settle()
  #expect(try world.cell("name") == .text("there") && world.cell("phone") == .text("9"))
}

/// The city has it as it was sent, and nobody has changed it since: no page brings it.
@Test(arguments: [
  ("UPDATE company SET address = 'x' WHERE id = 'c1'", "~ company c1 address"),
  ("DELETE FROM company WHERE id = 'c1'", "- company c1"),
])
func whatOnlyThisMachineHasChangedAtTheCityIsNotNewer(unseen: String, line: String) async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, "DELETE FROM figure WHERE company = 'c1'")
  try await world.settle()
  try world.shell(one, "UPDATE company SET phone = '9' WHERE id = 'c1'")
  try one.freeze()
  try world.sendInVain(one)
  try world.shell(one, copied + unseen)
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == [line])
  #expect(try one.adopt(comparison, actor: "li") == 1)
  try await world.settle()
  let isGone = line.hasPrefix("-")
  #expect(try world.cell("phone") == (isGone ? nil : .text("9")))
  #expect(try world.cell("address") == (isGone ? nil : .text("x")))
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty && two.parked().isEmpty)
}

/// Something was pulled beneath it before it was sent.
@Test func whatTheCityHasTakenOfAnEditedRowIsNoDifference() async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, "UPDATE company SET phone = '9' WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET address = 'x' WHERE id = 'c1'")
  try await world.sync(two)
  try await world.pull(one)
  try one.freeze()
  try world.sendInVain(one)
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("phone") == .text("9") && world.cell("address") == .text("x"))
}

/// Nobody has typed it since: it is no new value.
@Test func whatIsErasedBeforeARepairIsNotAdopted() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "DROP TRIGGER sync_capture_update_person")
  try world.erase()
  world.clock.now += 1000
  try one.repair()
  #expect(try one.adopt(try await world.deepVerify(one), actor: "li") == 0)
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  #expect(try world.person("phone") == .null && world.master.conflicts([.open]).isEmpty)
}
