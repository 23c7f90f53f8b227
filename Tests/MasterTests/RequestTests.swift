import Foundation
import Replica
import SyncCore
import TestSupport
import Testing

// A row on which rows of the city's hang is not deleted by a county: the city is asked.

private let yaml = """
  schema: small
  version: 1
  title: Small
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: {type: text}}}
    company:
      key: id
      scope: {field: office}
      fields: {id: {type: text}, office: {required: true, references: office.code}, name: {type: text}, code: {unique: true}}
    grade:
      key: company
      owner: city
      scope: {via: company}
      fields: {company: {references: company.id}, value: {type: text}}
  """

private func graded(schema: String = yaml) async throws -> (World, Replica) {
  let world = try World(schema: schema, seed: [("office", [[.text("A")]])])
  let replica = try await world.join("A")
  try world.shell(replica, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'n')")
  try await world.sync(replica)
  try world.shell("INSERT INTO grade VALUES ('c1', 'AA')")
  try await world.sync(replica)
  try ask(replica)
  return (world, replica)
}

private func ask(_ replica: Replica, for id: String = "c1") throws {
  try replica.edit(as: "anna") { db in
    try replica.delete(db, replica.record("company"), key: RowKey([.text(id)]))
  }
}

/// The clerk asks, and then an answer comes in which the city has done this.
private func overtaken(by sql: String) async throws -> (World, Replica) {
  let (world, replica) = try await graded()
  try replica.revert(replica.record("company"), key: RowKey([.text("c1")]))
  try world.write(replica, "early")
  try world.shell(sql)
  try world.answer("early", "answer")
  try ask(replica)
  try world.take(replica, "answer")
  return (world, replica)
}

@Test func aDeleteOfARowOfWhichTheCityHasRecordsIsARequest() async throws {
  let (world, replica) = try await graded()
  #expect(try replica.rows(replica.record("company")).count == 1)
  #expect(try await world.sync(replica).received.conflicts == 1)
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == nil && conflict.contenders.map(\.deletes) == [true])
  #expect(conflict.contenders.map(\.edit.actor) == ["anna"])
  try await world.settle()
}

@Test func aRequestThatNothingHindersAnyMoreIsCarriedOut() async throws {
  let (world, replica) = try await graded()
  try world.shell("DELETE FROM grade")
  #expect(try await world.sync(replica).received.conflicts == 0)
  #expect(try world.master.rows(world.master.record("company")).isEmpty)
  try await world.settle()
}

/// What came between the clerk's wish and its sending, they had not seen: the row stays until the city has decided.
@Test(arguments: [true, false]) func aRequestDeletesNothingThatItsClerkHadNotSeen(asksAgain: Bool) async throws {
  let (world, replica) = try await overtaken(by: "UPDATE company SET name = '新'")
  let company = try replica.record("company")
  #expect(try replica.rows(company).map { $0[2] } == [.text("新")])
  if asksAgain { try ask(replica) }
  try world.shell("DELETE FROM grade")
  #expect(try await world.sync(replica).received.conflicts == (asksAgain ? 0 : 1))
  #expect(try world.master.rows(company).count == (asksAgain ? 0 : 1))
  try await world.settle()
}

/// A row that went to another unit is not deleted when it comes back.
@Test func aRequestOfARowThatIsGoneIsNoneAnyMore() async throws {
  let (world, replica) = try await overtaken(
    by: "INSERT INTO office VALUES ('B'); UPDATE company SET office = 'B'")
  let company = try replica.record("company")
  #expect(try replica.rows(company).isEmpty)
  try await world.settle()
  try world.shell("UPDATE company SET office = 'A'; DELETE FROM grade")
  try await world.settle()
  #expect(try replica.rows(company).count == 1)
}

@Test func requestsGoInAsManyBatchesAsItTakes() async throws {
  let world = try World(schema: yaml, seed: [("office", [[.text("A")]])])
  let replica = try await world.join("A")
  try world.shell(replica, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', 'n'), ('c2', 'A', 'n')")
  try await world.sync(replica)
  try world.shell("INSERT INTO grade VALUES ('c1', 'AA'), ('c2', 'B')")
  try await world.sync(replica)
  let company = try replica.record("company")
  for id in ["c1", "c2"] { try ask(replica, for: id) }
  try replica.freeze(most: 1)
  #expect(try replica.unacknowledged().count == 2)
  try world.shell("DELETE FROM grade")
  try await world.settle()
  #expect(try replica.rows(company).isEmpty)
}

@Test func whatIsEditedAfterARequestIsNotLostWhenTheCityCarriesItOut() async throws {
  let (world, replica) = try await graded()
  try world.shell("DELETE FROM grade")
  try world.write(replica, "request")
  try world.answer("request", "answer")
  try world.shell(replica, "UPDATE company SET name = '乙'")
  try world.take(replica, "answer")
  #expect(try replica.rows(replica.record("company")).map { $0[2] } == [.text("乙")])
  #expect(try await world.sync(replica).received.conflicts == 1)
  let image = Value.blob(RowKey([.text("c1"), .text("A"), .text("乙"), .null]).encoded)
  #expect(try world.master.conflicts([.open]).flatMap(\.contenders).map(\.value) == [image])
  try await world.settle()
}

/// What its clerk edits after that is no part of the wish, and is not superseded by it (seed 2000364 of the simulated town).
@Test func whatIsEditedAfterARequestComesAfterIt() async throws {
  let (world, replica) = try await graded()
  try world.shell("INSERT INTO office VALUES ('B'); INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try world.shell(replica, "UPDATE company SET code = 'X', name = '丙' WHERE id = 'c1'")
  try await world.sync(replica)
  #expect(try world.master.parked().map(\.ref.key) == [RowKey([.text("c1")])])
  #expect(try world.master.conflicts([.open]).map(\.field) == [nil])
  try world.shell("DELETE FROM company WHERE id = 'b1'")
  try await world.settle()
  #expect(try replica.rows(replica.record("company")).map { $0[2] } == [.text("丙")])
}

/// Of c1, whose staff is a sum, nothing is asked; another one has the code X.
private func unasked() async throws -> (World, Replica) {
  let sum = ", staff: {type: integer, policy: sum}}"
  let (world, replica) = try await graded(
    schema: yaml.replacing("code: {unique: true}}", with: "code: {unique: true}" + sum))
  try replica.revert(replica.record("company"), key: RowKey([.text("c1")]))
  try world.shell("INSERT INTO office VALUES ('B'); INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  return (world, replica)
}

/// It takes back what waits of the row, also what was added to a sum, when both were on their way together.
@Test func aSumOfARowThatItsClerkWantsDeletedIsNotSaidAgain() async throws {
  let (world, replica) = try await unasked()
  try world.shell(replica, "UPDATE company SET code = 'X', name = '丙', staff = 2 WHERE id = 'c1'")
  try replica.freeze()
  try ask(replica)
  try replica.freeze()
  try await world.settle()
  #expect(try world.states() == [.superseded])
  #expect(try world.cell("staff") == .null && world.cell("name") == .text("n"))
}

/// What waits is not said again with a later edit either, whether the wish is on its way by then or goes before that edit.
@Test(arguments: [false, true])
func whatWaitsOfARowThatItsClerkWantsDeletedIsNotSaidAgain(isFrozen: Bool) async throws {
  let (world, replica) = try await unasked()
  try world.shell(replica, "UPDATE company SET code = 'X', name = '丙', staff = 2 WHERE id = 'c1'")
  try await world.sync(replica)
  #expect(try world.states() == [.waiting] && replica.parked().count == 1)
  try ask(replica)
  if isFrozen { try replica.freeze() }
  try world.shell(replica, "UPDATE company SET name = '丁' WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.states() == [.superseded] && replica.parked().isEmpty)
  #expect(try world.cell("staff") == .null && world.cell("name") == .text("丁"))
}

/// Nor is what was typed since, before anything of it is answered, contested by what waited; of a sum counts what was added since.
@Test func whatIsEditedAfterARequestIsNotContestedByWhatWaited() async throws {
  let (world, replica) = try await unasked()
  try world.shell(replica, "UPDATE company SET code = 'X', name = '丙', staff = 2 WHERE id = 'c1'")
  try replica.freeze()
  try ask(replica)
  try replica.freeze()
  try world.answer(replica, meanwhile: "UPDATE company SET name = '丁', staff = 5 WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.cell("name") == .text("丁") && world.cell("staff") == .integer(3) && world.cell("code") == .null)
  #expect(try world.master.conflicts([.open]).map(\.field) == [nil] && replica.parked().isEmpty)
}

/// The city has given the row to another unit: the wish waits, and so does what was typed since. More is typed before that is known.
@Test func aSumThatWasTypedAfterARequestThatWaitsCountsOnce() async throws {
  let (world, replica) = try await unasked()
  try world.shell(replica, "UPDATE company SET staff = 10 WHERE id = 'c1'")
  try await world.sync(replica)
  try ask(replica)
  try world.shell(replica, "UPDATE company SET staff = 15 WHERE id = 'c1'")
  try replica.freeze()
  #expect(try replica.unacknowledged().count == 2)
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  try world.answer(replica, meanwhile: "UPDATE company SET staff = 16 WHERE id = 'c1'")
  try await world.settle()
  #expect(try world.states() == [.superseded, .superseded, .waiting])
  try world.master.admit(world.master.parked().map(\.id), reason: "granted", actor: "li")
  try await world.settle()
  #expect(try world.cell("staff") == .integer(16))
}

/// One that nobody has answered is on its way, and would not say that its clerk has seen what was edited since.
@Test func whoAsksAgainBeforeTheAnswerIsToldToSync() async throws {
  let (world, replica) = try await graded()
  try replica.freeze()
  try world.sendInVain(replica)
  try world.shell(replica, "UPDATE company SET name = '乙' WHERE id = 'c1'")
  let failure = #expect(throws: Failure.self) { try ask(replica) }
  #expect(failure?.kind == .data)
  #expect(failure?.message.en == "the request to delete company c1 was sent already; sync first")
  try await world.sync(replica)
  try ask(replica)
  try await world.settle()
}
