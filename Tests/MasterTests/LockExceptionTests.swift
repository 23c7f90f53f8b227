import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// What the city has closed it may open again for one unit, up to a day.

private let waiver = """
    waiver:
      key: [year, office]
      owner: city
      scope: {field: office}
      fields:
        year: {type: integer, references: period.year}
        office: {references: office.code}
        last_day: {type: date, required: true}
  """

private let schema = """
  schema: exceptions
  version: 1
  title: Exceptions
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
  \(waiver)
    report:
      key: [office, year]
      scope: {field: office}
      locked_by:
        record: period
        key: [year]
        field: state
        values: [closed]
        except: {record: waiver, until: last_day}
      fields:
        office: {required: true, references: office.code}
        year: {type: integer}
        jobs: {type: integer}
        code: {unique: true}
    site:
      key: id
      scope: {field: office}
      fields: {id: , office: {required: true, references: office.code}}
    survey:
      key: [site, year]
      scope: {via: site}
      locked_by: {record: period, key: year, field: state, values: closed, except: {record: waiver, until: last_day}}
      fields: {site: {references: site.id}, year: {type: integer}, jobs: {type: integer}}
  """

/// The same before there were any.
private let withoutExceptions =
  schema.replacing(waiver, with: "")
  .replacing("      except: {record: waiver, until: last_day}\n", with: "")
  .replacing(", except: {record: waiver, until: last_day}", with: "")

/// 2017 is closed and 2018 open; A and B have reports of both, A has a site with a survey. It is 2027-01-15, 16:00 in China.
private func closed(by text: String = schema) async throws -> (World, Replica, Replica) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
  let years: [[Value]] = [2017, 2018].map { [.integer($0), .text("open")] }
  let world = try World(schema: text, seed: [("office", offices), ("period", years)])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(
    a,
    """
    INSERT INTO report VALUES ('A', 2017, 1, NULL), ('A', 2018, 1, NULL);
    INSERT INTO site VALUES ('s', 'A'); INSERT INTO survey VALUES ('s', 2017, 1)
    """)
  try world.shell(b, "INSERT INTO report VALUES ('B', 2017, 1, NULL)")
  try await world.settle()
  try world.shell("UPDATE period SET state = 'closed' WHERE year = 2017")
  try await world.settle()
  return (world, a, b)
}

extension World {
  fileprivate func open(for office: String, until day: String) throws {
    try shell("INSERT INTO waiver VALUES (2017, '\(office)', '\(day)')")
  }

  fileprivate func jobs(_ office: String, _ year: Int64 = 2017) throws -> Value? {
    try master.row(master.record("report"), key: RowKey([.text(office), .integer(year)]))?[2]
  }

  fileprivate func reasons() throws -> [String] { try master.parked().map(\.reason) }
}

@Test func anExceptionOpensTheLockForItsUnitOnly() async throws {
  let (world, a, b) = try await closed()
  try world.open(for: "A", until: "2027-01-31")
  for replica in [a, b] { try world.shell(replica, "UPDATE report SET jobs = 2 WHERE year = 2017") }
  try await world.settle()
  #expect(try world.jobs("A") == .integer(2))
  #expect(try world.jobs("B") == .integer(1))
  #expect(try world.reasons() == ["locked"])
}

@Test(arguments: [
  // 23:59 in China, 16:00 UTC is the next day there.
  (1_800_028_740_000, "2027-01-15", true), (1_800_028_800_000, "2027-01-15", false),
  (1_800_028_800_000, "2027-01-16", true), (1_800_028_740_000, "2027-01-14", false),
])
func theLastDayCountsWhole(now: Int64, lastDay: String, isOpen: Bool) async throws {
  let (world, a, _) = try await closed()
  try world.open(for: "A", until: lastDay)
  try await world.settle()
  world.clock.now = now
  try world.shell(a, "UPDATE report SET jobs = 2 WHERE year = 2017")
  try await world.sync(a)
  #expect(try world.jobs("A") == .integer(isOpen ? 2 : 1))
  try await world.settle()
}

@Test func anExceptionWakesWhatWaitsForItWithItsOwnBase() async throws {
  let (world, a, b) = try await closed()
  for replica in [a, b] { try world.shell(replica, "UPDATE report SET jobs = 2 WHERE year = 2017") }
  try await world.settle()
  #expect(try world.reasons() == ["locked", "locked"])
  try world.shell("UPDATE report SET jobs = 3 WHERE office = 'B' AND year = 2017")
  try world.open(for: "A", until: "2027-01-15")
  try await world.settle()
  #expect(try world.jobs("A") == .integer(2))
  #expect(try world.reasons() == ["locked"])
  #expect(try a.parked().isEmpty)
  #expect(try a.parked(waiting: false).map(\.state) == [.entered])
  // The city changed the cell meanwhile: B's value meets it.
  try world.open(for: "B", until: "2027-01-15")
  try await world.settle()
  #expect(try world.reasons() == [])
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect([conflict.base, conflict.master] == [.integer(1), .integer(3)])
  #expect(conflict.contenders.map(\.value) == [.integer(2)])
}

@Test func anExpiredExceptionWakesOnceItIsProlonged() async throws {
  let (world, a, _) = try await closed()
  try world.shell(a, "DELETE FROM report WHERE year = 2017")
  try await world.sync(a)
  try world.open(for: "A", until: "2027-01-14")
  try await world.settle()
  #expect(try world.reasons() == ["locked"])
  try world.shell("UPDATE waiver SET last_day = '2027-01-15'")
  try await world.settle()
  #expect(try world.reasons() == [])
  #expect(try world.jobs("A") == nil)
}

@Test func anExceptionThatIsNewerThanWhatWaitsForItWakesIt() async throws {
  let (world, a, b) = try await closed(by: withoutExceptions)
  for replica in [a, b] { try world.shell(replica, "UPDATE report SET jobs = 2 WHERE year = 2017") }
  try await world.settle()
  try world.upgrade(schema.replacing("version: 1", with: "version: 2"))
  try await world.settle()
  #expect(try world.reasons() == ["locked", "locked"])
  try world.open(for: "A", until: "2027-01-31")
  try await world.settle()
  #expect(try world.jobs("A") == .integer(2))
  #expect(try world.reasons() == ["locked"])
  #expect(try a.parked().isEmpty)
}

@Test func anExceptionTakenBackClosesAgain() async throws {
  let (world, a, _) = try await closed()
  try world.open(for: "A", until: "2027-01-31")
  try await world.settle()
  try world.shell(a, "UPDATE report SET jobs = 2 WHERE year = 2017")
  try world.shell("DELETE FROM waiver")
  try await world.settle()
  #expect(try world.jobs("A") == .integer(1))
  #expect(try world.reasons() == ["locked"])
}

@Test func anExceptionHoldsForRowsThatFindTheirUnitThroughAnother() async throws {
  let (world, a, _) = try await closed()
  try world.open(for: "A", until: "2027-01-15")
  // One with a site that stands, one with a site that comes along.
  try world.shell(
    a, "UPDATE survey SET jobs = 2; INSERT INTO site VALUES ('t', 'A'); INSERT INTO survey VALUES ('t', 2017, 3)")
  try await world.settle()
  #expect(try world.master.rows(world.master.record("survey")).map { $0[2] } == [.integer(2), .integer(3)])
  #expect(try world.reasons() == [])
  try world.shell("DELETE FROM waiver")
  try world.shell(a, "UPDATE survey SET jobs = 5")
  try await world.settle()
  #expect(try world.reasons() == ["locked", "locked"])
}

/// The city's clock stood ahead once: its time does not go back.
@Test func anExceptionEndsByTheCitysTime() async throws {
  let (world, a, _) = try await closed()
  let now = world.clock.now
  world.clock.now += 3650 * 86_400_000
  let ahead = world.clock.now
  try world.shell("UPDATE office SET name = 'x'")
  try await world.settle()
  world.clock.now = now
  let time = try world.master.now().milliseconds
  #expect(time >= ahead && time < ahead + 60_000)
  try world.shell(a, "UPDATE report SET jobs = 2 WHERE year = 2017")
  try world.open(for: "A", until: "2037-01-11")
  try await world.settle()
  #expect(try world.reasons() == ["locked"])
  try world.shell("UPDATE waiver SET last_day = '2037-01-12'")
  try await world.settle()
  #expect(try world.reasons() == [])
  #expect(try world.jobs("A") == .integer(2))
}

/// What an own batch of the city frees is judged by what the same batch has closed.
@Test func aPeriodThatClosesInTheBatchThatFreesAChangeIsClosedForIt() async throws {
  let (world, a, b) = try await closed()
  try world.shell(a, "UPDATE report SET code = 'X' WHERE year = 2018")
  try world.shell(b, "INSERT INTO report VALUES ('B', 2018, 2, 'X')")
  try await world.sync(a)
  try await world.sync(b)
  #expect(try world.reasons() == ["unique"])
  try world.shell(
    "BEGIN; UPDATE report SET code = NULL WHERE code = 'X'; UPDATE period SET state = 'closed' WHERE year = 2018; COMMIT"
  )
  try await world.settle()
  #expect(try world.reasons() == ["locked"])
  try world.shell("INSERT INTO waiver VALUES (2018, 'B', '2027-01-15')")
  try await world.settle()
  #expect(try world.jobs("B", 2018) == .integer(2))
}

@Test func aClerkIsWarnedOfALockOnlyWhileItHolds() async throws {
  let (world, a, _) = try await closed()
  let report = try a.record("report")
  func note() throws -> Label? {
    try a.read { db in try a.lockNote(db, report, [.text("A"), .integer(2017), .null, .null]) }
  }
  #expect(try note()?.en.hasPrefix("period 2017 is closed") == true)
  try world.open(for: "B", until: "2027-01-31")
  try await world.settle()
  #expect(try note() != nil)
  try world.open(for: "A", until: "2027-01-15")
  try await world.settle()
  #expect(try note() == nil)
  world.clock.now += 86_400_000
  #expect(try note() != nil)
}
