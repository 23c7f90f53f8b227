import SyncCore
import Testing

@testable import Simulation

// What counts as replaced by somebody who saw it, and what does not.

/// Whoever takes up what was parked replaces what they type over; the rest of it comes again, and is missed.
@Test func whatIsTakenUpAndNotTypedOverIsMissed() throws {
  let town = try town()
  let machine = town.machines[0]
  let ref = RowRef("company", RowKey([.text("c6")]))
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code, name) VALUES ('c6', 'A', 'K1', 'w2')")
  #expect(found(town) == nil)
  let replica = try machine.replica
  let record = try #require(replica.schema.record("company"))
  let code = try #require(record.index(of: "code"))
  let parked = try #require(try replica.parked().first)
  town.witness.noteTakenUp(0, parked, typed: [code], event: 3)
  town.witness.again = (ref, [code])
  try town.act(Event(id: 3, kind: .takeUp, machine: 0, seed: 1), machine, "parked row taken up") {
    try replica.edit(as: nil) { db in _ = try replica.takeUp(db, record, key: ref.key, [code: .text("K9")]) }
  }
  town.witness.again = nil
  // The code was typed over, the name was not.
  #expect(found(town) == nil)
  try town.alter("UPDATE company SET name = NULL WHERE id = 'c6'")
  #expect(throws: Violation.self) { try town.checkConservation() }
}

/// An official who decides about a row has not seen what was entered in it since it is contested: that has to stay on record (M4).
@Test func whatADecisionAboutARowReplacesUnseenIsMissed() throws {
  let town = try town()
  let machine = town.machines[0]
  let record = try #require(town.schema.record("company"))
  let (name, phone) = (try #require(record.index(of: "name")), try #require(record.index(of: "phone")))
  let ref = RowRef("company", RowKey([.text("c6")]))
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, name) VALUES ('c6', 'A', 'w2')")
  try town.settle()
  let renamed = RowEdit(kind: .update, record: record, key: ref.key, values: [name: .text("w3")])
  try town.perform([renamed], Event(id: 3, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  try town.edit(at: machine, event: 4, "DELETE FROM company WHERE id = 'c6'")
  try town.syncWhole(machine)
  try town.edit(at: machine, event: 5, "UPDATE company SET phone = 'w5' WHERE id = 'c6'")
  try town.syncWhole(machine)
  #expect(town.city.rows[ref]?[phone] == .text("w5"))
  let conflict = try #require(try town.city.master.conflicts([.open]).first)
  #expect(conflict.field == nil)
  try town.decide(conflict, .take(1), version: nil, Event(id: 6, kind: .decide, machine: 0, seed: 1))
  #expect(town.city.rows[ref] == nil)
  #expect(found(town) == nil)
  try town.city.seat.shell(["DELETE FROM sync_contender WHERE actor = 'master'"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkConservation() }
}

/// What was replaced, and is entered again after that has come to the city, is missed when it goes once more; so is an emptied cell,
/// though it was empty at first.
@Test(arguments: ["'w1'", "NULL"]) func aValueThatIsEnteredAgainAndIsGoneIsMissed(value: String) throws {
  let town = try town()
  let machine = town.machines[0]
  for (id, entered) in [(2, "'w2'"), (3, value)] {
    try town.edit(at: machine, event: id, "UPDATE company SET name = \(entered) WHERE id = 'c0'")
    #expect(found(town) == nil)
  }
  try town.alter("UPDATE company SET name = 'other' WHERE id = 'c0'")
  #expect(throws: Violation.self) { try town.checkConservation() }
}

/// Whoever has seen a value before it was replaced and entered again may still replace it, for that is what they name as their base.
@Test func aValueThatIsEnteredAgainMayBeReplacedByWhoHadSeenItBefore() throws {
  let town = try town()
  let machine = town.machines[0]
  let record = try #require(town.schema.record("company"))
  let (name, ref) = (try #require(record.index(of: "name")), RowRef("company", RowKey([.text("c0")])))
  try town.edit(at: machine, event: 2, "UPDATE company SET name = 'w2' WHERE id = 'c0'")
  for (id, value) in [(3, "w3"), (4, "w1")] {
    let edit = RowEdit(kind: .update, record: record, key: ref.key, values: [name: .text(value)])
    try town.perform([edit], Event(id: id, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  }
  #expect(found(town) == nil)
  #expect(town.city.rows[ref]?[name] == .text("w2"))
}

/// A row that its clerk had entered before they deleted it is not there for that.
@Test func aDeleteOfAnEnteredRowThatStandsIsMissed() throws {
  let town = try town()
  let machine = town.machines[0]
  let enter = "INSERT INTO visit (id, company, note) VALUES ('v1', 'c0', 'w2')"
  try town.edit(at: machine, event: 2, enter)
  #expect(found(town) == nil)
  try town.edit(at: machine, event: 3, "DELETE FROM visit WHERE id = 'v1'")
  #expect(found(town) == nil)
  try town.alter(enter)
  #expect(throws: Violation.self) { try town.checkConservation() }
  // It was entered anew after it.
  try town.alter("DELETE FROM visit WHERE id = 'v1'")
  try town.edit(at: machine, event: 4, enter)
  #expect(found(town) == nil)
}
