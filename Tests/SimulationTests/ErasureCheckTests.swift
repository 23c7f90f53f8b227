import Foundation
import SyncCore
import Testing

@testable import Simulation

// What may be lost with an erasure (E5), and what is missed.

/// A clerk whose clock is right, and a person of the clerk's unit. The city enters another name, and erases it.
/// - Parameter skew: milliseconds by which the city's clock is set before.
private func erasing(skew: Int64) throws -> (Town, Machine, edit: (String) throws -> Void) {
  let town = try town()
  let machine = try #require(town.machines.first { !$0.seat.clock.wasOff })
  let office = try #require(town.offices.firstIndex(of: machine.org))
  let ref = RowRef("person", RowKey([.text("p\(office)")]))
  let record = try #require(town.schema.record("person"))
  let name = try #require(record.index(of: "name"))
  town.city.seat.clock.skew = skew
  let edit = RowEdit(kind: .update, record: record, key: ref.key, values: [name: .text("w2secret")])
  try town.perform([edit], Event(id: 2, kind: .cityEdit, machine: 0, seed: 1), "city's edit", raw: false)
  let copies = try town.valuesInLog(of: ref)
  try town.city.master.erase(record, key: ref.key, reason: "r", actor: "li")
  try town.lookAtCity()
  for column in record.restrictedIndices {
    town.witness.noteErasure(
      .init(ref: ref, column: column),
      .init(
        event: 3, value: column == name ? .text("w2secret") : .null, copies: copies[column] ?? [], arrival: town.logEnd)
    )
  }
  town.time.now += 1000
  return (
    town, machine,
    { value in
      try town.edit(at: machine, event: 4, "UPDATE person SET name = '\(value)' WHERE id = 'p\(office)'")
    }
  )
}

/// The clerk did not know of the erasure, and by the city's clock, which was set back, edited before it (seed 700045).
@Test func aValueThatAnErasureTookByAWrongClockIsNotMissed() throws {
  let (town, machine, edit) = try erasing(skew: -320_000)
  try edit("w4secret")
  #expect(town.witness.claims.last?.seen == .text("NAME\(town.offices.firstIndex(of: machine.org) ?? 0)"))
  #expect(found(town) == nil)
  #expect(!town.city.rows.values.joined().contains(.text("w4secret")))
}

/// Neither who knew of the erasure loses what they enter after it, nor anybody while all clocks are right.
@Test(arguments: [true, false]) func aValueOfAfterAnErasureThatIsGoneIsFound(isKnown: Bool) throws {
  let (town, machine, edit) = try erasing(skew: isKnown ? -320_000 : 0)
  if isKnown { try town.syncWhole(machine) }
  try edit("w4secret")
  #expect(found(town) == nil)
  #expect(town.city.rows.values.joined().contains(.text("w4secret")))
  try town.alter("UPDATE person SET name = NULL WHERE name = 'w4secret'")
  #expect(throws: Violation.self) { try town.checkConservation() }
}

/// An erasure that comes back late takes what stands in a contested cell, and leaves what was entered since.
@Test func aCellUnderReviewMayGoWithAnErasureThatComesBack() throws {
  let town = try town()
  let machine = town.machines[0]
  try machine.seat.shell(["UPDATE person SET name = 'w2secret' WHERE id = 'p0'"], foreignKeys: true)
  try town.city.seat.shell(["UPDATE person SET name = 'w3secret' WHERE id = 'p0'"], foreignKeys: true)
  try town.syncWhole(machine)
  let before = try town.cellsUnderReview()
  #expect(before.count == 1)
  try town.alter("UPDATE person SET name = NULL WHERE id = 'p0'")
  #expect(throws: Violation.self) { try town.checkReview(of: machine, before: before) }
  try town.checkReview(of: machine, before: before, but: [RowRef("person", RowKey([.text("p0")]))])
}

/// A token that ends in a number may be the beginning of another one; no other is, whatever stands next to it in the file.
@Test(arguments: [("w2secret", true), ("w2222", false)])
func anErasedValueIsFoundWhateverFollows(value: String, isFound: Bool) throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "UPDATE company SET name = '\(value)7' WHERE id = 'c0'")
  try town.settle()
  let name = try #require(town.schema.record("person")?.index(of: "name"))
  town.witness.noteErasure(
    .init(ref: RowRef("person", RowKey([.text("p0")])), column: name),
    .init(event: 3, value: .text(value), copies: [], arrival: 1))
  if isFound {
    #expect(throws: Violation.self) { try town.checkErasures() }
  } else {
    try town.checkErasures()
  }
}
