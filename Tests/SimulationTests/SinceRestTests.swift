import SyncCore
import Testing

@testable import Simulation

// What happened since everything was last at rest is judged from there.

private func enter(_ total: Int) -> String {
  "INSERT INTO company (id, office, total) VALUES ('c6', 'A', \(total))"
}

/// That it was deleted once, and entered anew, does not keep a row out of sight for good.
@Test func aSumThatIsWrongInARowThatWasDeletedBeforeTheLastRestIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  for (event, sql) in [(2, enter(5)), (3, "DELETE FROM company WHERE id = 'c6'")] {
    try town.edit(at: machine, event: event, sql)
    #expect(found(town) == nil)
  }
  try town.edit(at: machine, event: 4, enter(3))
  try town.rest()
  try town.checkSums()
  try town.alter("UPDATE company SET total = 8 WHERE id = 'c6'")
  #expect(throws: Violation.self) { try town.checkSums() }
}

/// Nor is a total left alone to which nobody has added anything since.
@Test func aSumThatMovesByItselfIsFound() throws {
  let town = try town()
  try town.edit(at: town.machines[0], event: 2, enter(5))
  #expect(found(town) == nil)
  try town.checkSums()
  try town.alter("UPDATE company SET total = 8 WHERE id = 'c6'")
  #expect(throws: Violation.self) { try town.checkSums() }
}

/// What its clerk has deleted counts no more when they enter the row anew.
@Test func aSumOfARowEnteredAnewThatCountsTwiceIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  for (event, sql) in [(2, enter(7)), (3, "DELETE FROM company WHERE id = 'c6'"), (4, enter(5))] {
    try town.edit(at: machine, event: event, sql)
    try town.rest()
  }
  try town.checkEnteredAnew()
  try town.alter("UPDATE company SET total = 12 WHERE id = 'c6'")
  #expect(throws: Violation.self) { try town.checkEnteredAnew() }
}

/// What a clerk took out of a cell, or put another value in place of, comes back though nobody has entered it again.
@Test func whatWasTakenOutAndComesBackIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  func edit(_ tags: String, _ line: String, _ peak: Int, _ name: String) -> String {
    let memo = "'\(line)'||char(10)||'2'"
    return "UPDATE company SET tags = '\(tags)', memo = \(memo), peak = \(peak), name = '\(name)' WHERE id = 'c0'"
  }
  try town.edit(at: machine, event: 2, edit("a,b", "w2", 100, "w2+"))
  #expect(found(town) == nil)
  try town.edit(at: machine, event: 3, edit("b", "w3", 50, "w3+"))
  try town.rest()
  try town.checkTakenOut()
  let wrong = [
    edit("b,a", "w3", 50, "w3+"), edit("b", "w2", 50, "w3+"), edit("b", "w3", 100, "w3+"), edit("b", "w3", 50, "w2+"),
    // Nor is what was entered reached.
    edit("b", "w3", 10, "w3+"),
  ]
  for sql in wrong {
    try town.alter(sql)
    #expect(throws: Violation.self) { try town.checkTakenOut() }
    try town.city.seat.shell(unseen(edit("b", "w3", 50, "w3+")), foreignKeys: true)
    try town.city.look()
    try town.checkTakenOut()
  }
}

/// Who else has entered it may have done so after that.
@Test func whatSomebodyHasEnteredAgainIsNotTakenOut() throws {
  let town = try town()
  let machine = town.machines[0]
  for (event, tags) in [(2, "a,b"), (3, "b"), (4, "a,b")] {
    try town.edit(at: machine, event: event, "UPDATE company SET tags = '\(tags)', name = 'w\(tags)' WHERE id = 'c0'")
    try town.rest()
  }
  try town.checkTakenOut()
  #expect(found(town) == nil)
}
