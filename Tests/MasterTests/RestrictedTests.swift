import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Restricted values travel beside what is signed, and are merged like any others.

@Test func aRestrictedValueTravelsBesideWhatIsSigned() async throws {
  let (world, _, two) = try await World.twoOfficers()
  #expect(try two.cell("phone") == .text("PHONE-one") && two.cell("name") == .text("NAME-one"))
  try world.shell(two, "UPDATE person SET phone = 'PHONE-two', note = 'm'")
  try await world.settle()
  #expect(try world.person("phone") == .text("PHONE-two") && world.person("note") == .text("m"))
  try world.shell("UPDATE person SET phone = 'PHONE-city'; UPDATE person SET mobile = 'MOBILE-city'")
  try world.shell(two, "DELETE FROM person")
  try await world.settle()
  // The city's own batches too: in no batch stands a value, in each its commitment.
  let bodies = try world.loggedBodies().map { String(decoding: $0, as: UTF8.self) }
  #expect(bodies.count == 7)
  for word in ["PHONE", "NAME", "MOBILE"] { #expect(!bodies.contains { $0.contains(word) }) }
  #expect(bodies.contains { $0.contains("person") })
}

@Test func restrictedValuesAreContestedAndDecided() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1', name = 'NAME-1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2', mobile = 'MOBILE-2'")
  try await world.syncAll()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == "phone" && conflict.base == .text("PHONE-one") && conflict.master == .text("PHONE-1"))
  #expect(conflict.contenders.map(\.value) == [.text("PHONE-2")])
  #expect(try two.conflicts([.open]).map(\.master) == [.text("PHONE-1")])
  _ = try world.master.decide(conflict.id, .take(1), reason: "rang it", actor: "li")
  try await world.settle()
  #expect(try one.cell("phone") == .text("PHONE-2") && one.cell("name") == .text("NAME-1"))
  // What was decided is signed without the value.
  let bodies = try world.loggedBodies().map { String(decoding: $0, as: UTF8.self) }
  #expect(bodies.contains { $0.contains("rang it") } && !bodies.contains { $0.contains("PHONE") })
  let history = try world.master.history(try world.person, key: RowKey([.text("p1")]))
  let decided = history.compactMap { if case .decision(let decision, _) = $0.what { decision.value } else { nil } }
  #expect(decided == [.text("PHONE-2")])
}

/// Both machines of the office contest the phone; machine one decides without network.
private func decidedInTheOffice(_ choice: Decision.Choice, _ value: Value) async throws -> (World, Replica) {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2'")
  try await world.syncAll()
  let conflict = try #require(try one.conflicts([.open]).first)
  try one.decide(
    Decision(
      conflict: conflict.id, choice: choice, contender: choice == .take ? 1 : nil, value: value, reason: "rang it",
      edit: Edit(stamp: Stamp(raw: 0), actor: "")))
  return (world, one)
}

@Test(
  arguments: [(.take, .null, "PHONE-2"), (.value, .text("PHONE-3"), "PHONE-3")] as [(Decision.Choice, Value, String)])
func aCountysDecisionIsSignedWithoutItsValue(choice: Decision.Choice, value: Value, phone: String) async throws {
  let (world, _) = try await decidedInTheOffice(choice, value)
  try await world.settle()
  #expect(try world.person("phone") == .text(phone))
  let bodies = try world.loggedBodies().map { String(decoding: $0, as: UTF8.self) }
  #expect(bodies.contains { $0.contains("rang it") } && !bodies.contains { $0.contains("PHONE") })
}

@Test func aDecisionAboutErasedValuesIsRefusedAndLeavesNoCopy() async throws {
  let (world, one) = try await decidedInTheOffice(.take, .null)
  try world.erase()
  let summary = try await world.sync(one)
  guard case .refused? = summary.received.news.first else {
    Issue.record("\(summary.received.news)")
    return
  }
  try await world.settle()
  #expect(try world.person("phone") == .null)
  #expect(try world.files(with: "PHONE") == [])
}

/// The same, but the erasure is known before the decision is sent.
@Test func aDecisionThatWaitsKeepsNoCopy() async throws {
  let (world, one) = try await decidedInTheOffice(.take, .null)
  try world.erase()
  try await world.pull(one)
  #expect(try one.decisions().map(\.value) == [.null])
  try await world.settle()
  #expect(try world.files(with: "PHONE") == [])
}

/// One officer has deleted the person whose telephone number the other changed.
private func contestedPerson(phone: String) async throws -> (World, Conflict) {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "DELETE FROM person")
  try world.shell(two, "UPDATE person SET phone = '\(phone)'")
  try await world.syncAll()
  return (world, try #require(try world.master.conflicts([.open]).first))
}

@Test func aRowConflictIsDecidedWithoutSigningItsImage() async throws {
  let (world, conflict) = try await contestedPerson(phone: "PHONE-2")
  #expect(conflict.field == nil)
  _ = try world.master.decide(conflict.id, .take(1), reason: "still here", actor: "li")
  try await world.settle()
  let bodies = try world.loggedBodies().map { String(decoding: $0, as: UTF8.self) }
  #expect(bodies.contains { $0.contains("still here") } && !bodies.contains { $0.contains("PHONE") })
  world.clock.now += 1000
  try world.erase()
  try await world.settle()
  #expect(try world.files(with: "PHONE") == [])
}

/// It is no commitment, though it is as long as one (seed 157 of the simulated town, 10,000 events).
@Test func anImageOf32BytesIsNotErased() async throws {
  let (world, conflict) = try await contestedPerson(phone: "PHONE-23")
  guard case .blob(let image)? = conflict.contenders.first?.value else { throw Failure(.data, zh: "", en: "no image") }
  #expect(image.count == 32)
  _ = try world.master.decide(conflict.id, .take(1), reason: "still here", actor: "li")
  #expect(try world.master.verifyReplay().map(\.en) == [])
}

/// What is done to the messages of one batch on their way to the city: the batch, then its secrets.
private let onTheWay: [(name: String, messages: @Sendable ([[UInt8]]) -> [UInt8])] = [
  ("the secrets are cut off", { $0[0] }),
  ("the secrets come first", { $0[1] + $0[0] }),
  ("the secrets come twice", { $0[0] + $0[1] + $0[1] }),
  (
    "a byte of the secrets is changed",
    { messages in
      var secrets = messages[1]
      secrets[secrets.count - 1] ^= 1
      return messages[0] + secrets
    }
  ),
]

@Test(arguments: onTheWay.indices)
func aBatchWithoutItsSecretsIsRefusedAndComesAgain(index: Int) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1'")
  try one.freeze()
  let sent = try one.unacknowledged()[0]
  let messages = try SealedEnvelope.split(sent).map(\.bytes)
  try #require(messages.count == 2)
  let hello = try one.hello().bytes
  #expect(throws: Refusal.self, "\(onTheWay[index].name)") {
    try world.master.exchange(hello + onTheWay[index].messages(messages))
  }
  // Sent again, it is the same batch with the same secrets.
  #expect(try one.unacknowledged()[0] == sent)
  try await world.settle()
  #expect(try two.cell("phone") == .text("PHONE-1"))
}

@Test func theSameSeedMakesTheSameSalts() throws {
  struct Fixed: RandomNumberGenerator { mutating func next() -> UInt64 { 7 } }
  let world = try World.people()
  world.master.random = Fixed()
  try world.shell("INSERT INTO person (id, office, name) VALUES ('p', 'A', 'NAME')")
  try world.master.absorbNow()
  let salt = try world.master.read { try $0.first("SELECT salt FROM sync_secret")?.first }
  #expect(salt == .blob(Array(repeating: 7, count: 16)))
}

@Test func whatIsDeletedIsOverwritten() async throws {
  let (world, one, _) = try await World.twoOfficers()
  #expect(try world.master.read { try $0.integer("PRAGMA secure_delete") } == 1)
  #expect(try one.read { try $0.integer("PRAGMA secure_delete") } == 1)
}

@Test func aSchemaWithoutRestrictedFieldsHasNoSecrets() async throws {
  let (world, one, _) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET name = 'x'")
  try one.freeze()
  #expect(try SealedEnvelope.split(one.unacknowledged()[0]).map(\.header.kind) == [.batch])
  try await world.settle()
  #expect(try world.master.read { try $0.integer("SELECT count(*) FROM sync_secret") } == 0)
  #expect(try one.read { try $0.integer("SELECT count(*) FROM sync_secret") } == 0)
  #expect(throws: Failure.self) {
    try world.master.erase(world.master.record("company"), key: RowKey([.text("c1")]), reason: "", actor: nil)
  }
}
