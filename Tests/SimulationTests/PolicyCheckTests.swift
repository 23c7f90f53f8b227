import SyncCore
import Testing

@testable import Simulation

// Which value stands by `city`, `county` and `latest`: here the city decides for the other one.

@Test(arguments: ["address", "industry"]) func aSideThatWinsAgainstThePolicyIsFound(field: String) throws {
  let town = try town()
  let (machine, end) = (town.machines[0], town.logEnd)
  for (seat, value) in [(machine.seat, "w2"), (town.city.seat, "w3")] {
    try seat.shell(["UPDATE company SET \(field) = '\(value)' WHERE id = 'c0'"], foreignKeys: true)
  }
  try town.lookAtCity()
  try town.syncWhole(machine)
  try decideOtherwise(town, field)
  #expect(throws: Violation.self) { try town.checkPolicies(since: end, isPrompt: true) }
}

@Test(arguments: [true, false]) func anEarlierValueThatStandsByLatestIsFound(isCountysLater: Bool) throws {
  let town = try town()
  let machine = try #require(town.machines.first(where: town.isTimely))
  let office = try #require(town.offices.firstIndex(of: machine.org))
  let record = try #require(town.schema.record("company"))
  let (key, phone) = (RowKey([.text("c\(office)")]), try #require(record.index(of: "phone")))
  func edit(_ value: String, _ id: Int, atCity: Bool) throws {
    town.time.now += 1000
    let edit = RowEdit(kind: .update, record: record, key: key, values: [phone: .text(value)])
    let event = Event(id: id, kind: .rawEdit, machine: 0, seed: 1)
    if atCity { return try town.perform([edit], event, "city's edit", raw: false) }
    try town.act(event, machine, "edit") { try machine.seat.shell([edit.sql], foreignKeys: true) }
  }
  try edit("w2", 2, atCity: true)
  try town.settle()
  let end = town.logEnd
  try edit("w3", 3, atCity: isCountysLater)
  try edit("w4", 4, atCity: !isCountysLater)
  try town.syncWhole(machine)
  #expect(town.city.rows[RowRef("company", key)]?[phone] == .text("w4"))
  try decideOtherwise(town, "phone")
  #expect(throws: Violation.self) { try town.checkPolicies(since: end, isPrompt: true) }
  // What was on its way for some time may seem younger than it is.
  if !isCountysLater { try town.checkPolicies(since: end, isPrompt: false) }
}

private func decideOtherwise(_ town: Town, _ field: String) throws {
  try town.city.seat.shell(
    ["UPDATE sync_conflict SET contender = iif(contender IS NULL, 1, NULL) WHERE field = '\(field)'"],
    foreignKeys: true)
  town.city.lastDecided = Stamp(raw: 0)
  try town.city.look()
}
