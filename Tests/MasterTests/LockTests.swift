import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What the city has closed is changed only by its leave.

private let schema = """
  schema: locks
  version: 1
  title: Locks
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    period:
      key: year
      owner: city
      fields: {year: {type: integer}, state: {values: [open, closed]}}
    report:
      key: [office, year]
      scope: {field: office}
      locked_by: {record: period, key: [year], field: state, values: [closed]}
      fields:
        office: {required: true, references: office.code}
        year: {type: integer}
        jobs: {type: integer}
        note:
  """

/// 2018 is closed while A, which has not heard, changes reports of three years.
private func closed(_ yaml: String = schema) async throws -> (World, Replica) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
  let years: [[Value]] = [2016, 2017, 2018, 2019].map { [.integer($0), .text("open")] }
  let world = try World(schema: yaml, seed: [("office", offices), ("period", years)])
  let a = try await world.join("A")
  try world.shell(a, "INSERT INTO report VALUES ('A', 2016, 1, NULL), ('A', 2017, 1, NULL), ('A', 2019, 1, NULL)")
  try await world.settle()
  try world.shell("UPDATE period SET state = 'closed' WHERE year < 2019")
  try world.shell(
    a,
    """
    UPDATE report SET jobs = 2 WHERE year IN (2017, 2019); DELETE FROM report WHERE year = 2016;
    INSERT INTO report VALUES ('A', 2018, 3, NULL)
    """)
  try await world.sync(a)
  return (world, a)
}

@Test func aChangeInAClosedPeriodIsParkedAndTheRestFlows() async throws {
  let (world, a) = try await closed()
  #expect(try world.master.parked().map(\.reason) == ["locked", "locked", "locked"])
  try await world.settle()
  let rows = try a.rows(a.record("report")).map { [$0[1], $0[2]] }
  #expect(
    rows == [[.integer(2016), .integer(1)], [.integer(2017), .integer(1)], [.integer(2019), .integer(2)]])
  #expect(try a.parked().count == 3)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

@Test func anAdmittedRevisionIsANewVersion() async throws {
  let (world, a) = try await closed()
  try world.master.admit(try world.master.parked().map(\.id), reason: "granted", actor: "li")
  try await world.settle()
  let rows = try a.rows(a.record("report")).map { [$0[1], $0[2]] }
  #expect(
    rows == [[.integer(2017), .integer(2)], [.integer(2018), .integer(3)], [.integer(2019), .integer(2)]])
  #expect(Set(try a.parked(waiting: false).map(\.state)) == [.admitted])
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

/// The city has entered the row meanwhile: what its clerk takes up again comes over that as an entered row does (M6).
@Test func anEnteredRowThatIsTakenUpAgainOverwritesNoOther() async throws {
  let (world, a) = try await closed()
  try world.shell("INSERT INTO report VALUES ('A', 2018, 5, 'audited')")
  try await world.settle()
  let record = try a.record("report")
  let key = RowKey([.text("A"), .integer(2018)])
  #expect(try a.edit(as: nil) { try a.takeUp($0, record, key: key, [3: .text("mine")]) })
  try await world.settle()
  try world.master.admit(try world.master.parked().filter { $0.ref.key == key }.map(\.id), reason: "r", actor: "li")
  try await world.settle()
  #expect(try a.row(record, key: key) == [.text("A"), .integer(2018), .integer(5), .text("mine")])
  let open = try world.master.conflicts([.open])
  #expect(open.map(\.field) == ["jobs"] && open.first?.contenders.map(\.value) == [.integer(3)])
}

/// It was entered once more before it was taken up, and never sent: the city has no such row.
@Test func whatIsTakenUpIntoAnUnsentRowGoesWithIt() async throws {
  let (world, a) = try await closed()
  let record = try a.record("report")
  let key = RowKey([.text("A"), .integer(2018)])
  try world.shell(a, "INSERT INTO report VALUES ('A', 2018, NULL, 'again')")
  #expect(try a.edit(as: nil) { try a.takeUp($0, record, key: key, [:]) })
  try world.shell(a, "DELETE FROM report WHERE year = 2018")
  #expect(try a.row(record, key: key) == nil)
  try await world.settle()
  #expect(try a.row(record, key: key) == nil)
}

/// It is admitted, and what says it again is parked in turn; perhaps its sender hears of the one before of the other.
@Test(arguments: [2017, 2018] as [Int64], [false, true])
func aSumThatWasAdmittedWhileItWasSaidAgainCountsOnce(year: Int64, isHeardBefore: Bool) async throws {
  let (world, a) = try await closed(schema.replacing("jobs: {type: integer", with: "jobs: {type: integer, policy: sum"))
  let record = try a.record("report")
  let key = RowKey([.text("A"), .integer(year)])
  if year == 2017 {
    #expect(try a.edit(as: nil) { try a.takeUp($0, record, key: key, [:]) })
  } else {
    try world.shell(a, "INSERT INTO report VALUES ('A', 2018, 3, NULL)")
  }
  try a.freeze()
  func admit(_ parked: [MasterParkedRow]) throws {
    try world.master.admit(parked.map(\.id), reason: "granted", actor: "li")
  }
  try admit(world.master.parked().filter { $0.ref.key == key })
  if isHeardBefore { try await world.pull(a) }
  try await world.settle()
  try admit(world.master.parked())
  try await world.settle()
  #expect(try a.row(record, key: key)?[2] == .integer(year == 2017 ? 2 : 3))
  #expect(try a.parked().isEmpty)
}

@Test func whatTheCityOpensAgainIsSentAgain() async throws {
  let (world, a) = try await closed()
  try world.shell("UPDATE period SET state = 'open' WHERE year = 2017")
  try world.shell(a, "UPDATE report SET jobs = 7 WHERE year = 2017")
  try await world.settle()
  #expect(try world.master.parked().count == 2)
  #expect(try a.rows(a.record("report")).map { $0[2] } == [.integer(1), .integer(7), .integer(2)])
}

@Test func theCityChangesWhatItHasClosed() async throws {
  let (world, a) = try await closed()
  try world.shell("UPDATE report SET note = 'audited' WHERE year = 2017")
  try await world.settle()
  #expect(try a.rows(a.record("report"))[1][3] == .text("audited"))
}

/// The conflict is from before the closing. What stands may be kept: that changes nothing.
@Test(arguments: [Decision.Choice.take, .value])
func aCountysDecisionChangesNothingInAClosedPeriod(choice: Decision.Choice) async throws {
  let world = try World(
    schema: schema.replacing("locked_by:", with: "decides: owner\n    locked_by:"),
    seed: [("office", [[.text("A"), .null]]), ("period", [[.integer(2018), .text("open")]])])
  let (one, two) = (try await world.join("A"), try await world.join("A"))
  try world.shell(one, "INSERT INTO report VALUES ('A', 2018, 5, NULL)")
  try await world.settle()
  try world.shell(one, "UPDATE report SET jobs = 6")
  try world.shell(two, "UPDATE report SET jobs = 7")
  try await world.settle()
  try world.shell("UPDATE period SET state = 'closed'")
  try await world.settle()
  func decide(_ choice: Decision.Choice) async throws {
    let open = try #require(try one.conflicts([.open]).first)
    try one.decide(
      Decision(
        conflict: open.id, choice: choice, contender: choice == .take ? 1 : nil, value: .integer(999), reason: "r",
        edit: Edit(stamp: Stamp(raw: 0), actor: "wang")))
    let news = try await world.sync(one).received.news
    let isRefused = news.contains { news in
      if case .refused(let decision, _) = news { decision.conflict == open.id } else { false }
    }
    #expect(isRefused == (choice != .keep))
  }
  try await decide(choice)
  #expect(try world.master.rows(world.master.record("report")).map { $0[2] } == [.integer(6)])
  try await decide(.keep)
  try await world.settle()
  #expect(try world.master.conflicts([.open]).isEmpty)
  #expect(try two.rows(two.record("report")).map { $0[2] } == [.integer(6)])
}

/// A row waits for what the city has closed, and is edited when that is open again: its sender has heard of neither.
@Test(arguments: ["", ", policy: sum"]) func anEditOfARowThatWaitsBringsInNoHalfOfIt(policy: String) async throws {
  let world = try World(
    schema: schema.replacing("jobs: {type: integer", with: "jobs: {type: integer\(policy)"),
    seed: [("office", [[.text("A"), .null]]), ("period", [[.integer(2018), .text("closed")]])])
  let a = try await world.join("A")
  try world.shell(a, "INSERT INTO report VALUES ('A', 2018, 3, 'n')")
  try a.freeze()
  try world.sendInVain(a)
  #expect(try world.master.parked().map(\.reason) == ["locked"])
  try world.shell("UPDATE period SET state = 'open'")
  try world.shell(a, "UPDATE report SET jobs = 5")
  try a.freeze()
  try world.sendInVain(a)
  let report = try world.master.record("report")
  #expect(try world.master.rows(report).isEmpty && world.master.parked().map(\.reason) == ["check"])
  try await world.settle()
  #expect(try world.master.rows(report) == [[.text("A"), .integer(2018), .integer(5), .text("n")]])
  #expect(try a.parked().isEmpty && world.master.parked().isEmpty)
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}
