import Foundation
import SchemaFile
import SyncCore
import Testing

@testable import Simulation

// A checker that never fails proves nothing: here somebody breaks a promise by hand.

/// A town in which one machine of A has entered a name that all others have got.
func town(_ seed: UInt64 = 1) throws -> Town {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("town-\(UUID().uuidString)")
  let town = try Town(seed: seed, folder: folder)
  try town.settle()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 1, "UPDATE company SET name = 'w1' WHERE id = 'c0'")
  try town.settle()
  return town
}

func found(_ town: Town) -> Violation.Invariant? {
  do {
    try town.settle()
    return nil
  } catch { return (error as? Violation)?.invariant }
}

/// Past the triggers, as a defect of the engine would do it.
func unseen(_ sql: String) -> [String] {
  ["INSERT INTO sync_applying VALUES (1)", sql, "DELETE FROM sync_applying"]
}

extension Town {
  /// A tool edits in a machine's file.
  func edit(at machine: Machine, event: Int, _ sql: String) throws {
    try act(Event(id: event, kind: .rawEdit, machine: 0, seed: 1), machine, "edit") {
      try machine.seat.shell([sql], foreignKeys: true)
    }
  }

  /// The master's rows change past the triggers.
  func alter(_ sql: String) throws {
    try city.seat.shell(unseen(sql), foreignKeys: true)
    try city.look()
  }

  /// A clerk and an official both change a name.
  func contestName(at machine: Machine) throws {
    try machine.seat.shell(["UPDATE company SET name = 'w2' WHERE id = 'c0'"], foreignKeys: true)
    try city.seat.shell(["UPDATE company SET name = 'w3' WHERE id = 'c0'"], foreignKeys: true)
    try lookAtCity()
  }
}

@Test func nothingIsFoundWhereNothingIsWrong() throws {
  #expect(found(try town()) == nil)
}

@Test func aValueThatIsGoneIsFound() throws {
  let town = try town()
  for seat in [town.city.seat] + town.machines.filter({ $0.org == "A" }).map(\.seat) {
    try seat.shell(unseen("UPDATE company SET name = 'other' WHERE id = 'c0'"), foreignKeys: true)
  }
  for machine in town.machines { try machine.look() }
  try town.city.look()
  // The model finds it from the tables, `verify` from the log.
  #expect(throws: Violation.self) { try town.checkConservation() }
  #expect(found(town) != nil)
}

@Test func aMachineThatShowsAnotherValueIsFound() throws {
  let town = try town()
  try town.machines[0].seat.shell(unseen("UPDATE company SET name = 'other' WHERE id = 'c0'"), foreignKeys: true)
  try town.machines[0].look()
  #expect(found(town) == .convergence)
}

@Test func aSumThatIsWrongIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "UPDATE company SET total = 5 WHERE id = 'c0'")
  try town.settle()
  try town.alter("UPDATE company SET total = 6 WHERE id = 'c0'")
  #expect(throws: Violation.self) { try town.checkSums() }
}

@Test func aSumThatIsTakenUpAndCountsTwiceIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  let ref = RowRef("company", RowKey([.text("c6")]))
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code, total) VALUES ('c6', 'A', 'K1', 5)")
  #expect(found(town) == nil)
  let replica = try machine.replica
  let record = try #require(replica.schema.record("company"))
  let (code, total) = (try #require(record.index(of: "code")), try #require(record.index(of: "total")))
  let parked = try #require(try replica.parked().first)
  town.witness.noteTakenUp(0, parked, typed: [code], event: 3)
  town.witness.again = (ref, [code])
  try town.act(Event(id: 3, kind: .takeUp, machine: 0, seed: 1), machine, "parked row taken up") {
    try replica.edit(as: nil) { db in _ = try replica.takeUp(db, record, key: ref.key, [code: .text("K9")]) }
  }
  town.witness.again = nil
  #expect(found(town) == nil)
  #expect(town.city.rows[ref]?[total] == .integer(5))
  try town.alter("UPDATE company SET total = 10 WHERE id = 'c6'")
  #expect(throws: Violation.self) { try town.checkSums() }
}

@Test func aSumThatIsWrongInARowThatWasMergedIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  let (keep, duplicate) = (RowKey([.text("c0")]), RowKey([.text("c6")]))
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, total) VALUES ('c6', 'A', 5)")
  try town.settle()
  let record = try town.city.master.record("company")
  _ = try town.city.master.mergeRecords(record, keep: keep, duplicate: duplicate, reason: "r", actor: "li")
  town.witness.noteMerge("company", duplicate: duplicate, keep: keep, arrival: town.logEnd + 1)
  try town.lookAtCity()
  #expect(found(town) == nil)
  try town.alter("UPDATE company SET total = 6 WHERE id = 'c0'")
  #expect(throws: Violation.self) { try town.checkSums() }
}

/// An enrolment takes in what another program has written in the master's file: an official who edits afterwards has seen it.
@Test func whatAnEnrolmentTakesInIsSeen() throws {
  let town = try town()
  let (keep, duplicate) = (RowKey([.text("c0")]), RowKey([.text("c6")]))
  try town.city.seat.shell(["INSERT INTO company (id, office) VALUES ('c6', 'A')"], foreignKeys: true)
  try town.settle()
  let record = try town.city.master.record("company")
  let memo = try #require(record.index(of: "memo"))
  _ = try town.city.master.mergeRecords(record, keep: keep, duplicate: duplicate, reason: "r", actor: "li")
  try town.lookAtCity()
  town.witness.noteMerge("company", duplicate: duplicate, keep: keep, arrival: town.logEnd)
  let entered = RowEdit(
    kind: .insert, record: record, key: duplicate, values: [0: .text("c6"), 1: .text("A"), memo: .text("m1")])
  try town.perform([entered], Event(id: 2, kind: .cityRawEdit, machine: 0, seed: 1), "edit by a tool", raw: true)
  try town.perform(Event(id: 3, kind: .enrol, machine: 0, seed: 1))
  #expect(try town.city.rows == town.city.master.allRows())
  let edit = RowEdit(kind: .update, record: record, key: keep, values: [memo: .text("m2")])
  try town.perform([edit], Event(id: 4, kind: .cityEdit, machine: 0, seed: 1), "edit", raw: false)
  #expect(found(town) == nil)
}

@Test func aCellUnderReviewThatMovesIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.contestName(at: machine)
  try town.syncWhole(machine)
  let before = try town.cellsUnderReview()
  #expect(before.count == 1)
  try town.checkReview(of: machine, before: before)
  try town.alter("UPDATE company SET name = 'w4' WHERE id = 'c0'")
  #expect(throws: Violation.self) { try town.checkReview(of: machine, before: before) }
}

/// A grade is the city's: a county's batch leaves it as it was.
@Test func aCellOfTheCitysThatMovesIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  let (ref, before) = (RowRef("company", RowKey([.text("c0")])), town.city.rows)
  let grade = try #require(town.schema.record("company")?.index(of: "grade"))
  try town.checkIsolation(of: machine, before: before, since: town.logEnd)
  for value in ["'g1'", "NULL"] {
    var other = before
    other[ref]?[grade] = .text("g0")
    try town.alter("UPDATE company SET grade = \(value) WHERE id = 'c0'")
    #expect(throws: Violation.self) { try town.checkIsolation(of: machine, before: other, since: town.logEnd) }
  }
}

/// Who deletes the row that was kept and enters it by its other key has entered a new one, of which the city has filled nothing
/// (seed 40006 of an earlier list of events).
@Test func aRowThatWasDeletedAndEnteredAnewIsAnotherOne() throws {
  let town = try town()
  let machine = town.machines[0]
  let (keep, duplicate) = (RowKey([.text("c0")]), RowKey([.text("c6")]))
  try town.city.seat.shell(["INSERT INTO company (id, office, grade) VALUES ('c6', 'A', 'g1')"], foreignKeys: true)
  try town.settle()
  let record = try town.city.master.record("company")
  _ = try town.city.master.mergeRecords(record, keep: keep, duplicate: duplicate, reason: "r", actor: "li")
  town.witness.noteMerge("company", duplicate: duplicate, keep: keep, arrival: town.logEnd + 1)
  try town.lookAtCity()
  try town.settle()
  let grade = try #require(record.index(of: "grade"))
  #expect(machine.rows[RowRef("company", keep)]?[grade] == .text("g1"))
  try town.act(Event(id: 2, kind: .rawEdit, machine: 0, seed: 1), machine, "edit") {
    try machine.seat.shell(
      ["INSERT INTO company (id, office, name) VALUES ('c6', 'A', 'w2')", "DELETE FROM company WHERE id = 'c0'"],
      foreignKeys: true)
  }
  #expect(found(town) == nil)
  #expect(town.city.rows[RowRef("company", keep)]?[grade] == .null)
}

/// What the city has parked of a machine, and its clerk cannot find.
@Test func aParkedRowThatItsSenderHasNoMoreIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code) VALUES ('c6', 'A', 'K1')")
  #expect(found(town) == nil)
  #expect(try town.city.master.parked().map(\.reason) == ["unique"])
  try machine.seat.shell(["DELETE FROM sync_parked"], foreignKeys: true)
  #expect(found(town) == .parking)
}

/// What a machine shows as waiting, and the city has settled without its hearing of it.
@Test func aParkedRowThatWaitsNoMoreIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code) VALUES ('c6', 'A', 'K1')")
  #expect(found(town) == nil)
  try town.city.seat.shell(["UPDATE sync_parked SET state = 'dismissed'"], foreignKeys: true)
  #expect(found(town) == .parking)
}

/// What a later change superseded at the city, and nobody said again, is missed after a restore, too; not if something of the row is lost.
@Test func whatWasSupersededAndIsNowhereIsFoundAfterARestore() throws {
  let town = try town()
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "INSERT INTO company (id, office, code, name) VALUES ('c6', 'A', 'K1', 'w2')")
  #expect(found(town) == nil)
  town.restores = 1
  try town.checkConservation()
  try town.city.seat.shell(["UPDATE sync_parked SET state = 'superseded'"], foreignKeys: true)
  try machine.seat.shell(["DELETE FROM sync_parked"], foreignKeys: true)
  #expect(throws: Violation.self) { try town.checkConservation() }
  // A machine that was withdrawn says nothing again.
  machine.isWithdrawn = true
  try town.checkConservation()
  machine.isWithdrawn = false
  town.witness.noteRepeated(RowRef("company", RowKey([.text("c6")])))
  try town.checkConservation()
}

/// A batch of the city's own that a machine had when the disk was lost, or has got since.
@Test func aBatchOfTheCitysThatDoesNotComeBackIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  try machine.seat.shell(["INSERT INTO sync_inbox VALUES (999999, x'00')"], foreignKeys: true)
  try town.noteRidingAlong(machine)
  try town.checkGivenBack()
  town.restores = 1
  try town.noteRidingAlong(machine)
  #expect(throws: Violation.self) { try town.checkGivenBack() }
  machine.isCopy = true
  try town.checkGivenBack()
}

/// What reached the city before its machine was withdrawn is missed like anybody's.
@Test func aValueOfAWithdrawnMachineThatIsGoneIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  machine.isWithdrawn = true
  try town.checkConservation()
  try town.alter("UPDATE company SET name = 'other' WHERE id = 'c0'")
  #expect(throws: Violation.self) { try town.checkConservation() }
  // What it entered since never came.
  try town.alter("UPDATE company SET name = 'w1' WHERE id = 'c0'")
  try town.edit(at: machine, event: 2, "UPDATE company SET name = 'w2' WHERE id = 'c0'")
  try town.checkConservation()
}

/// A true message in the place of a forged one: it is taken, which nobody may see.
@Test func aForgedMessageThatIsTakenIsFound() throws {
  let town = try town()
  let machine = town.machines[0]
  var random = SplitMix64(1)
  try town.send(machine, &random)
  let request = try #require(town.network.packets.last)
  #expect(throws: Violation.self) { try town.offer(request, of: machine) }
  machine.giveUp()
  try town.send(machine, &random)
  try town.ask(#require(town.network.packets.last))
  let answer = try #require(town.network.packets.last { $0.way == .toMachine })
  #expect(throws: Violation.self) { try town.offer(answer, to: machine) }
}

/// A value that stood in the cell before the last one counts, too.
@Test func anErasedValueThatStillStandsInAFileIsFound() throws {
  let town = try town()
  let person = RowRef("person", RowKey([.text("p0")]))
  let name = try #require(town.schema.record("person")?.index(of: "name"))
  let machine = town.machines[0]
  try town.edit(at: machine, event: 2, "UPDATE person SET name = 'w2secret' WHERE id = 'p0'")
  #expect(try town.valuesInLog(of: person)[name] == nil)
  try town.settle()
  let copies = try #require(try town.valuesInLog(of: person)[name])
  #expect(copies == [.text("NAME0"), .text("w2secret")])
  town.witness.noteErasure(
    .init(ref: person, column: name), .init(event: 3, value: .null, copies: copies, arrival: 1))
  #expect(throws: Violation.self) { try town.checkErasures() }
}

@Test func everySeedHasAClimateAndAFewSeedsMeetAllOfThem() {
  let few = 1...UInt64(Climate.all.count)
  #expect(Set(few.map { Climate.of(seed: $0).name }).count == Climate.all.count)
  // From a million on, two at a time.
  let pairs = 1_000_001...1_000_000 + few.upperBound * few.upperBound
  #expect(Set(pairs.map { Climate.of(seed: $0).name }).count == pairs.count)
  // From two million on, with a schema that has everything, too.
  #expect(Climate.of(seed: 2_000_001).breadth == .wide && pairs.allSatisfy { Climate.of(seed: $0).breadth == .narrow })
  for seed in Array(few) + pairs.filter({ $0.isMultiple(of: 11) }) {
    let kinds = Set(Event.list(seed: seed, ticks: 2000).map(\.kind))
    #expect(kinds.isDisjoint(with: Climate.of(seed: seed).never))
    #expect(kinds.isSuperset(of: Climate.of(seed: seed).often.keys))
  }
}

/// Whoever makes one row of two replaces the empty cells that the city has by then, and no others.
@Test func onlyAnEmptyCellThatTheCityHasIsReplacedByAMerge() throws {
  let (one, two) = (RowRef("company", RowKey([.text("c0")])), RowRef("company", RowKey([.text("c1")])))
  /// Code, name and phone of companies; nil: empty.
  func rows(_ cells: [RowRef: [String?]]) -> Rows {
    cells.mapValues { [.text("c"), .text("A")] + $0.map { $0.map(Value.text) ?? .null } }
  }
  var witness = Witness(try SchemaFile.read(townSchema(1, .narrow)))
  witness.note(
    0, event: 1, before: rows([one: ["K0", "n", "p"]]), after: rows([one: [nil, nil, nil]]))
  let was = witness
  witness.noteMerge("company", duplicate: one.key, keep: two.key, arrival: 7)
  let (before, after) = (
    rows([one: [nil, nil, "p"], two: ["K1", nil, "q"]]), rows([two: ["K1", nil, "q"]])
  )
  func filled(_ hasArrived: Bool) -> [Int64?] {
    var witness = witness
    witness.noteFilled(before: before, after: after, hasArrived: { _ in hasArrived }, was: was, arrival: 7)
    return witness.claims.map(\.filled)
  }
  #expect(filled(true) == [7, nil, nil])
  #expect(filled(false) == [nil, nil, nil])
}

@Test func aShorterListStillHoldsWhatIsNeeded() {
  let events = Event.list(seed: 1, ticks: 300)
  var shrink = Shrink(trials: 2000) { list in
    let ids = list.map(\.id)
    return ids.contains(17) && ids.contains(203) && ids.contains(204)
  }
  #expect(shrink.shortest(events).map(\.id) == [17, 203, 204])
}

@Test func aSeedNamesItsEvents() {
  #expect(Event.list(seed: 5, ticks: 200) == Event.list(seed: 5, ticks: 200))
  #expect(Event.list(seed: 5, ticks: 200) != Event.list(seed: 6, ticks: 200))
  #expect(Event.list(seed: 5, ticks: 200).last?.kind == .settle)
}
