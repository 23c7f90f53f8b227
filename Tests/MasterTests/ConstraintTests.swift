import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A row that cannot stand is parked whole with its reason; the rest flows (I5, I6).

@Test func aDuplicateIsParkedWithItsChildrenAndTheRestFlows() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X'), ('b2', 'B', 'Y');
    INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 5), ('b2', 2018, 6)
    """)
  try await world.sync(a)
  let summary = try await world.sync(b)
  #expect(summary.received.parked == 2)
  #expect(try world.master.parked().map(\.reason) == ["unique", "reference"])
  #expect(Set(try b.parked().map(\.ref.record)) == ["company", "figure"])
  #expect(try b.parked().first { $0.ref.record == "figure" }?.row[2] == .integer(5))
  try await world.settle()
  #expect(try world.master.rows(world.master.record("figure")).count == 1)
}

/// A foreign key of an application's own would let its rows go with one that is only written anew.
@Test func aTableInTheMasterThatRefersToARecordStopsTheCity() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(
    "CREATE TABLE memo (company TEXT REFERENCES company (id) ON DELETE CASCADE); INSERT INTO memo VALUES ('c1')")
  try world.shell(one, "UPDATE company SET code = '2' WHERE id = 'c1'")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.message.en.contains("the table memo of another program refers to company") == true)
  #expect(try world.master.verify().contains { $0.en.contains("the table memo") })
  #expect(throws: Failure.self) { try world.master.repair(adopting: nil, actor: "li") }
  try world.shell("CREATE TABLE note AS SELECT * FROM memo; DROP TABLE memo")
  try await world.settle()
  #expect(try world.master.read { try $0.integer("SELECT count(*) FROM note") } == 1)
}

@Test func aUniqueIndexInTheMasterStopsTheCity() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell("CREATE UNIQUE INDEX mine ON company (name)")
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c2', 'A', '甲')")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.message.en.contains("the unique index mine of another program on company") == true)
  #expect(try world.master.verify().contains { $0.en.contains("the unique index mine") })
  #expect(throws: Failure.self) { try world.master.repair(adopting: nil, actor: "li") }
  try world.shell("DROP INDEX mine")
  try await world.settle()
}

@Test func twoRowsMaySwapAUniqueValue() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('c1', 'A', 'X'), ('c2', 'A', 'Y')")
  try await world.settle()
  try world.shell(
    one,
    """
    BEGIN; UPDATE company SET code = 'T' WHERE id = 'c1'; UPDATE company SET code = 'X' WHERE id = 'c2';
    UPDATE company SET code = 'Y' WHERE id = 'c1'; COMMIT
    """)
  try await world.settle()
  #expect(try world.master.parked().isEmpty)
  let codes = try two.rows(two.record("company")).map { $0[2] }
  #expect(codes == [.text("Y"), .text("X")])
}

@Test func aChildOfAParentThatTheCityDeletedIsParked() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.settle()
  try world.shell(one, "INSERT INTO figure (company, year, sales) VALUES ('c1', 2018, 7)")
  try world.shell("DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  #expect(try world.master.parked().map(\.reason) == ["reference"])
  #expect(try one.parked().first?.row[2] == .integer(7))
  try await world.settle()
}

@Test func aParentWithAChildThatItsSenderDidNotSeeStays() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('c1', 'A')")
  try await world.settle()
  try world.shell(one, "INSERT INTO figure (company, year, sales) VALUES ('c1', 2018, 7)")
  try world.shell(two, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  #expect(try world.master.conflicts([.open]).map(\.record) == ["company"])
  try await world.settle()
  #expect(try world.master.rows(world.master.record("company")).count == 1)
}

@Test func aReplicaNeitherSeesNorChangesAnotherUnit() async throws {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, name) VALUES ('a1', 'A', '甲')")
  try await world.settle()
  #expect(try b.rows(b.record("company")).isEmpty)
  // Whatever a client sends, the city enforces it: a row of another unit, by its key.
  try world.shell(b, "INSERT INTO company (id, office, name) VALUES ('a1', 'B', 'mine')")
  try await world.sync(b)
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  try await world.settle()
  #expect(try world.master.rows(world.master.record("company"))[0][3] == .text("甲"))
  try world.shell(b, "INSERT INTO company (id, office, name) VALUES ('a2', 'A', 'for you')")
  try await world.sync(b)
  #expect(try world.master.parked().last?.reason == "scope")
  try await world.settle()
}

@Test func aColumnOfTheCitysBecomesAProposal() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, name, grade) VALUES ('c1', 'A', '甲', 'AAA')")
  try await world.sync(one)
  let record = try world.master.record("company")
  #expect(try world.master.rows(record)[0].last == .null)
  let proposal = try #require(try world.master.conflicts([.proposed]).first)
  #expect(proposal.field == "grade" && proposal.contenders[0].value == .text("AAA"))
  try await world.settle()
  _ = try world.master.decide(proposal.id, .take(1), reason: "granted", actor: "li")
  try await world.settle()
  #expect(try one.rows(one.record("company"))[0].last == .text("AAA"))
}

/// Office A has the company c1 with a figure; office B has nothing yet.
private func aboutToMove() async throws -> (World, Replica, Replica) {
  let world = try World.small()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a, "INSERT INTO company (id, office) VALUES ('c1', 'A'); INSERT INTO figure (company, year) VALUES ('c1', 2018)")
  try await world.settle()
  return (world, a, b)
}

@Test func aMoveToAnotherUnitTakesTheChildrenAlong() async throws {
  let (world, a, b) = try await aboutToMove()
  // Edits that the old unit had pending are not lost: they arrive as parked rows.
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try world.shell(a, "UPDATE company SET name = 'late' WHERE id = 'c1'")
  try await world.settle()
  #expect(try a.rows(a.record("figure")).isEmpty)
  #expect(try b.rows(b.record("figure")).count == 1)
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  #expect(try a.parked().count == 1)
}

/// A tool moves the parent and deletes, or changes, its child in the same batch (seed 84 of the simulated town).
@Test(arguments: ["DELETE FROM figure", "UPDATE figure SET sales = 2"])
func aRowThatGoesAlongWithItsParentIsGoneAtTheOldUnit(sql: String) async throws {
  let (world, a, b) = try await aboutToMove()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'; \(sql)")
  try await world.settle()
  #expect(try a.rows(a.record("company")).isEmpty && a.rows(a.record("figure")).isEmpty)
  #expect(try b.rows(b.record("figure")).count == world.master.rows(world.master.record("figure")).count)
}

@Test func aCheckThatTheCityMakesParksTheRow() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  let record = try one.record("company")
  try world.shell(one, "INSERT INTO company (id, office, staff) VALUES ('c1', 'A', 3), ('c2', 'A', 4)")
  try world.shell(one, "DROP TRIGGER sync_check_update_company; UPDATE company SET staff = -1 WHERE id = 'c1'")
  // The replica itself notices the missing trigger and refuses aloud.
  await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(try one.freeze().map(\.problem.field) == ["staff"])
  #expect(try one.rows(record).count == 2)
}

private let partners = """
  schema: partners
  version: 1
  title: Partners
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    company:
      key: id
      scope: all
      fields: {id: , code: {unique: true}, name: , parent: {references: company.id, weak: true}}
    link:
      key: id
      scope: {field: office}
      fields: {id: , office: {required: true, references: office.code}, partner: {references: company.code, weak: WEAK}}
  """

/// Two companies that everybody has, and a link of B's to the first one, of which A does not know.
private func linked(weak: String) async throws -> (World, Replica, Replica) {
  let world = try World(
    schema: partners.replacing("WEAK", with: weak), seed: [("office", ["A", "B"].map { [.text($0), .null] })])
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, code) VALUES ('c1', 'K1'), ('c2', 'K2')")
  try await world.settle()
  try world.shell(b, "INSERT INTO link VALUES ('l1', 'B', 'K1')")
  try await world.sync(b)
  return (world, a, b)
}

@Test(arguments: ["false", "true"])
func aValueThatOthersReferToIsNotChangedBeneathThem(weak: String) async throws {
  let (world, a, b) = try await linked(weak: weak)
  try world.shell(a, "UPDATE company SET code = 'K3' WHERE id = 'c1'; UPDATE company SET name = '乙' WHERE id = 'c2'")
  try await world.sync(a)
  let parked = try #require(try world.master.parked().first)
  #expect(parked.ref.key == RowKey([.text("c1")]) && parked.reason == "reference")
  #expect(parked.detail.en == "code: link l1 still refers to K1")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[2] } == [.null, .text("乙")])
  // Two rows may swap what others refer to.
  try world.shell(
    a,
    """
    BEGIN; UPDATE company SET code = 'T' WHERE id = 'c1'; UPDATE company SET code = 'K1' WHERE id = 'c2';
    UPDATE company SET code = 'K2' WHERE id = 'c1'; COMMIT
    """)
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { $0[1] } == [.text("K2"), .text("K1")])
  let company = try world.master.record("company")
  let failure = #expect(throws: Failure.self) {
    try world.master.edit(as: nil) { db in
      try world.master.update(db, company, key: RowKey([.text("c2")]), [1: .text("K9")])
    }
  }
  #expect(
    failure?.message.en == "company c2.code: 1 rows of link refer to it by this value; change their partner first")
}

/// Whatever the order in which a tool entered them: a batch has its rows in the order of their keys.
@Test func ofSeveralThatReferToAValueTheFirstByItsKeyIsNamed() async throws {
  let (world, a, _) = try await linked(weak: "false")
  try world.shell("INSERT INTO link VALUES ('l3', 'B', 'K2'), ('l2', 'B', 'K2')")
  try world.shell(a, "UPDATE company SET code = 'K3' WHERE id = 'c2'")
  try await world.sync(a)
  #expect(try world.master.parked().map(\.detail.en) == ["code: link l2 still refers to K2"])
  try await world.settle()
}

/// The stick was written before the row was parked; it came in with another code later.
@Test func aRowThatEverybodySeesStaysWhenAnOldStickIsAnswered() async throws {
  let (world, a, b) = try await linked(weak: "false")
  try world.shell(b, "INSERT INTO company (id, code) VALUES ('c3', 'K3')")
  try await world.sync(b)
  try world.shell(a, "INSERT INTO company (id, code) VALUES ('c9', 'K3')")
  try world.write(a, "up")
  try await world.sync(a)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  try world.shell(a, "INSERT INTO company (id, code) VALUES ('c9', 'K9')")
  try await world.sync(a)
  try world.shell("UPDATE company SET name = '甲' WHERE id = 'c1'")
  try world.answer("up", "down")
  #expect(try world.take(a, "down") != nil)
  #expect(try world.differences(a) == [])
  try await world.settle()
}

/// Its sender deletes what a row refers to, which stays for the sake of a row that its sender does not know (seed 4000166 of the simulated
/// town).
@Test func whatRefersToARowThatStaysAfterAllEnters() async throws {
  let (world, a, b) = try await linked(weak: "true")
  try world.shell(a, "INSERT INTO company (id, parent) VALUES ('c0', 'c1'); DELETE FROM company WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.master.parked(waiting: false).isEmpty)
  #expect(try world.master.conflicts([.open]).map(\.key) == [RowKey([.text("c1")])])
  for replica in [a, b] {
    #expect(try replica.rows(replica.record("company")).map { $0[3] } == [.text("c1"), .null, .null])
  }
}

/// An edit that cannot be sent took away what a row of the master's refers to: it gives way.
@Test func aHeldEditOfWhatOthersReferToGivesWay() async throws {
  let schema = partners.replacing("WEAK", with: "false").replacing(
    "name: , parent", with: "serial: {type: uuid}, parent")
  let world = try World(schema: schema, seed: [("office", ["A", "B"].map { [.text($0), .null] })])
  let (a, b) = (try await world.join("A"), try await world.join("A"))
  try world.shell(a, "INSERT INTO company (id, code) VALUES ('c1', 'K1')")
  try await world.settle()
  try world.shell(a, "UPDATE company SET code = 'K3', serial = '0000000E-0000-4000-8000-000000000001'")
  try await world.sync(a)
  try world.shell(b, "INSERT INTO link VALUES ('l1', 'A', 'K1')")
  try await world.sync(b)
  try await world.sync(a)
  #expect(try a.rows(a.record("link")).count == 1)
  #expect(try a.rows(a.record("company")).map { $0[1] } == [.text("K1")])
  #expect(try a.parked().map(\.reason) == ["reference"])
}
