import Replica
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master

// Acts of the city's own that come back when it works again without them.

/// The machine is stolen, and who has heard that it was withdrawn comes after the release.
@Test func whoWasWithdrawnAfterTheBackupIsShutOutWhenThatComesBack() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  let stolen = drill.b.identity.replica
  func isWithdrawn() throws -> Bool? { try world.master.replicas().first { $0.id == stolen.description }?.isWithdrawn }
  try world.master.withdraw(stolen)
  world.forget(drill.b)
  try await world.sync(drill.two)
  try world.restore(from: file)
  _ = try await world.giveBack(drill.one)
  try world.master.release(reason: "away", actor: "li")
  try await world.sync(drill.one)
  #expect(try isWithdrawn() == false)
  try await world.sync(drill.two)
  #expect(try isWithdrawn() == true)
  let failure = await #expect(throws: Failure.self) { try await world.sync(drill.b) }
  #expect(failure?.kind == .notAllowed)
  #expect(try world.master.recovery()?.aside == [])
  try await world.settle()
}

/// It was enrolled after the backup and withdrawn since, and both wait for what is missing before them.
@Test func whatAMachineSentBeforeItWasWithdrawnComesBackThoughItsEnrolmentWaits() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try drill.company("c7", "A", on: drill.two)
  try await world.sync(drill.two)
  let late = try await world.join("B", actor: "late")
  try drill.company("l1", "B", on: late)
  try await world.sync(late)
  try world.master.withdraw(late.identity.replica)
  for replica in [late, drill.two] { world.forget(replica) }
  try await world.sync(drill.one)
  try world.restore(from: file)
  for replica in [drill.one, drill.b, late] { #expect(try await !world.giveBack(replica)) }
  try world.master.release(reason: "a machine is lost", actor: "li")
  try world.master.withdraw(drill.two.identity.replica)
  #expect(try world.cell("name", of: "l1") == .text("n"))
  let failure = await #expect(throws: Failure.self) { try await world.sync(late) }
  #expect(failure?.kind == .notAllowed)
  try await world.settle()
}

@Test func whatCameBackLateIsToldInWords() {
  let edit = Edit(stamp: Stamp(raw: 1), actor: "li")
  func key(_ id: String) -> RowKey { RowKey([.text(id)]) }
  let member = Member(
    replica: .city, org: "A", publicKey: [], agreementKey: [], isWithdrawn: false, edit: edit)
  var withdrawn = member
  withdrawn.isWithdrawn = true
  let subject = Conflict.Subject(ref: RowRef("company", key("c1")), field: "name", openedAt: edit.stamp)
  let rows = (1...12).map { n in
    Change(record: "company", key: key("c\(n)"), kind: n == 1 ? .delete : .update, old: [], new: [], edit: edit)
  }
  let batch = Batch(
    changes: rows,
    decisions: [
      Decision(conflict: 3, choice: .take, reason: "r", edit: edit, subject: subject),
      Decision(conflict: 4, choice: .keep, reason: "r", edit: edit),
    ],
    rulings: [Ruling(parked: ParkedRef(replica: "ab", batch: 3, n: 1), verdict: .dismiss, reason: "r", edit: edit)],
    aliases: [Alias(record: "company", key: key("a2"), target: key("a1"), reason: "r", edit: edit)],
    erasures: [Erasure(record: "person", key: key("p1"), fields: ["phone"], reason: "r", edit: edit)],
    schemas: [SchemaStep(version: 2, text: "", edit: edit)], members: [member, withdrawn],
    losses: [Loss(arrival: 9, reason: "r", edit: edit)])
  let machine = "\(Identifier.city) (A)"
  var words = [
    "enrol machine \(machine)", "withdraw machine \(machine)", "make version 2 of the schema the city's",
    "record what is lost up to batch 9", "erase phone of person p1", "decide conflict company c1.name: take",
    "decide conflict 4: keep", "dismiss parked change 3/1 of ab", "merge company a2 into a1", "delete company c1",
  ]
  words += (2...10).map { "update company c\($0)" }
  words.append("2 rows more")
  #expect(batch.acts.map(\.en) == words)
}
