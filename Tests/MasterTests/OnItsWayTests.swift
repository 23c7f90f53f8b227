import Replica
import SyncCore
import TestSupport
import Testing

// What a tool without triggers did to rows that were on their way, and no comparison can tell.

/// The city has it deleted or not; that it stands here is an edit.
@Test(arguments: [true, false]) func aRowThatWasSentAsDeletedAndStandsIsPending(isSent: Bool) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "DELETE FROM company WHERE id = 'c3'")
  try one.freeze()
  if isSent { try world.sendInVain(one) }
  try world.shell(one, copied + "INSERT INTO company (id, office, name) VALUES ('c3', 'A', 'x')")
  try one.repair()
  #expect(try one.diff().map(\.kind) == [.insert])
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == .text("x"))
}

/// Another row has what it needs by now: it cannot stand as it was sent.
@Test(arguments: [true, false]) func anEnteredRowOnItsWayWhosePlaceWasTakenIsDeleted(adopts: Bool) async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "INSERT INTO company (id, office, code, name) VALUES ('n1', 'A', 'K5', 'x')")
  try one.freeze()
  try world.shell(
    one, copied + "DELETE FROM company WHERE id = 'n1'; UPDATE company SET code = 'K5' WHERE id = 'c3'")
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["~ company c3 code"])
  if adopts { try one.adopt(comparison, actor: "li") } else { try one.setBack(comparison) }
  try await world.settle()
  #expect(try world.cell("name", of: "n1") == nil)
  #expect(try world.cell("code", of: "c3") == .text(adopts ? "K5" : "3"))
}

/// Another row has its unique value until that is set back, too.
@Test(arguments: [true, false], [true, false])
func aRowOnItsWayWhosePlaceWasTakenIsSetBack(isSent: Bool, isPulled: Bool) async throws {
  let (world, one, two) = try await World.compared()
  try world.shell(one, "UPDATE company SET name = 'x' WHERE id = 'c3'")
  if isPulled {
    try world.shell(two, "UPDATE company SET address = 'y' WHERE id = 'c3'")
    try await world.sync(two)
    try await world.pull(one)
  }
  try one.freeze()
  if isSent { try world.sendInVain(one) }
  try world.shell(
    one, copied + "DELETE FROM company WHERE id = 'c3'; UPDATE company SET code = '3' WHERE id = 'c2'")
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["~ company c2 code", "- company c3"])
  #expect(try one.setBack(comparison) == 2)
  #expect(try await world.found(one) == [])
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == .text("x") && world.cell("code", of: "c2") == .text("2"))
}

/// Its parent was deleted since, for it was not there.
@Test func aParentOfARowOnItsWayIsBackWhenThatIsSetBack() async throws {
  let schema = smallSchemaYAML.replacing("note: {type: text}", with: "note: {type: text, unique: true}")
  let (world, one, _) = try await World.twoMachines(schema: schema)
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, name) VALUES ('c3', 'A', '丙');
    INSERT INTO figure VALUES ('c1', 2025, 1, 'x'), ('c3', 2025, 3, 'z');
    """)
  try await world.settle()
  try world.shell(one, "UPDATE figure SET sales = 4 WHERE company = 'c3'")
  try one.freeze()
  try world.shell(
    one,
    copied.replacing("company", with: "figure")
      + "DELETE FROM figure WHERE company = 'c3'; UPDATE figure SET note = 'z' WHERE company = 'c1'")
  try one.repair()
  try world.shell(one, "DELETE FROM company WHERE id = 'c3'")
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["~ figure c1,2025 note", "- figure c3,2025"])
  try one.setBack(comparison)
  #expect(try one.rows(one.record("company")).count == 2)
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == .text("丙"))
  #expect(try world.figures().map { $0[2] } == [.integer(1), .integer(4)])
}

/// Nobody has sent that edit.
@Test func anEditInThePlaceOfARowOnItsWayIsSetAsideWhenThatIsSetBack() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET code = '9' WHERE id = 'c3'")
  try one.freeze()
  try world.shell(one, copied + "DELETE FROM company WHERE id = 'c3'")
  try one.repair()
  try world.shell(one, "UPDATE company SET code = '9' WHERE id = 'c1'")
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["- company c3"])
  try one.setBack(comparison)
  #expect(try one.parked().map(\.ref.key) == [RowKey([.text("c1")])])
  try await world.settle()
  #expect(try world.cell("code", of: "c3") == .text("9") && world.cell("code") == .text("1"))
}

/// Which of the two has it, only the answer can tell.
@Test(arguments: [true, false]) func aRowWhoseUniqueValueAnotherWasSentWithIsSetBackWithTheAnswer(
  isNewer: Bool
) async throws {
  let (world, one, two) = try await World.compared()
  if !isNewer { try world.behind(one, "UPDATE company SET code = '9' WHERE id = 'c2'") }
  try world.shell(one, "UPDATE company SET code = '\(isNewer ? 8 : 2)' WHERE id = 'c3'")
  try one.freeze()
  if isNewer {
    try world.shell(two, "UPDATE company SET code = '8' WHERE id = 'c2'")
    try await world.sync(two)
  }
  try world.shell(one, copied + "UPDATE company SET name = 'u' WHERE id = 'c1'")
  try one.repair()
  let comparison = try await world.deepVerify(one)
  let mark = isNewer ? "?" : ""
  #expect(comparison.lines(one.schema) == ["~ company c1 name", "\(mark)~ company c2 code"])
  try one.setBack(comparison)
  try await world.settle()
  #expect(try world.cell("name") == .text("甲") && world.cell("code", of: "c3") == .text("3"))
  #expect(try world.cell("code", of: "c2") == .text(isNewer ? "8" : "2"))
}

/// It was right when it was sent.
@Test func aRowOnItsWayThatBreaksARuleByNowIsSetBack() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell(one, "UPDATE company SET name = 'x' WHERE id = 'c3'")
  try one.freeze()
  try world.shell(one, copied + "DELETE FROM company WHERE id = 'c3'")
  try one.repair()
  try await RecordSchema.$mostBytes.withValue(1) { try one.setBack(try await world.deepVerify(one)) }
  try await world.settle()
  #expect(try world.cell("name", of: "c3") == .text("x"))
}

/// A tool has left a value beside it that a check refuses.
@Test func whatIsOnItsWayOfALostColumnIsFilledInWhateverElseIsRefused() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET phone = '9'")
  try one.freeze()
  try world.shell(
    one,
    """
    CREATE TABLE copy AS SELECT id, office, code, name, phone AS fax, address, industry, first, peak, staff, grade
      FROM company;
    DROP TABLE company; ALTER TABLE copy RENAME TO company; UPDATE company SET staff = -1
    """)
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["~ company c1 staff"])
  try one.setBack(comparison)
  try await world.settle()
  #expect(try world.cell("phone") == .text("9") && world.cell("staff") == .integer(10))
}

/// Of a unique pair one column was lost, and the other edited so that what was sent of the first clashes.
@Test func whatIsOnItsWayOfALostColumnStopsNoRepair() async throws {
  let pairs = smallSchemaYAML.replacing("edits: propose", with: "edits: propose\n    unique: [[name, phone]]")
  let (world, one, _) = try await World.twoMachines(schema: pairs)
  try world.shell(one, "INSERT INTO company (id, office, name, phone) VALUES ('c2', 'A', '乙', '2')")
  try await world.settle()
  try world.shell(one, "UPDATE company SET phone = '9'")
  try one.freeze()
  try world.shell(
    one,
    """
    CREATE TABLE copy AS SELECT id, office, code, name, phone AS fax, address, industry, first, peak, staff, grade
      FROM company;
    DROP TABLE company; ALTER TABLE copy RENAME TO company; UPDATE company SET name = '甲' WHERE id = 'c2'
    """)
  try one.repair()
  let comparison = try await world.deepVerify(one)
  #expect(comparison.lines(one.schema) == ["~ company c2 name"])
  try one.adopt(comparison, actor: "li")
  try await world.settle()
  let phones = try ["c1", "c2"].map { try world.cell("phone", of: $0) }
  #expect(phones.contains(.text("9")) && phones.contains(.null))
}
