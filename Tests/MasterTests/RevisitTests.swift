import GRDB
import Master
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// The days of a master, read in one pass over its log.

private func companies(_ db: Database) throws -> [[Value]] {
  var rows: [[Value]] = []
  try db.each("SELECT * FROM company ORDER BY id") { rows.append($0.cells(0..<$0.count)) }
  return rows
}

/// One machine that has changed a row five times.
private func changed() async throws -> World {
  let (world, one, _) = try await World.twoMachines()
  for staff in 1...5 {
    try world.shell(one, "UPDATE company SET staff = \(staff)")
    try await world.sync(one)
  }
  return world
}

@Test func severalDaysAreReadInOnePass() async throws {
  let world = try await changed()
  let end = try world.master.logPoint().arrival
  let each = Set(1...end)
  var costs: [Int] = []
  for days in [Set([end]), each] {
    let trace = try Trace(of: world.master)
    var seen: [Int64: [[Value]]] = [:]
    try world.master.revisit(days) { day, db, _ in seen[day] = try companies(db) }
    costs.append(trace.statements(with: "SELECT * FROM sync_secret WHERE batch = ?").count)
    #expect(Set(seen.keys) == days)
    for day in days { #expect(try world.master.replayed(upTo: day).read(companies) == seen[day], "\(day)") }
  }
  #expect(costs[0] > 0 && costs[0] == costs[1], "\(costs)")
}

@Test func daysBeforeADamagedBatchAreRead() async throws {
  let world = try await changed()
  let end = try world.master.logPoint().arrival
  try world.shell("UPDATE sync_batch SET received_at = received_at + 1 WHERE arrival = \(end - 1)")
  var seen: [Int64] = []
  do {
    try world.master.revisit([0, end - 2, end]) { day, _, _ in seen.append(day) }
    Issue.record("the last day was read")
  } catch let failure as Failure {
    #expect(failure.message.en.contains("batch \(end - 1) of the log"), "\(failure.message.en)")
  }
  #expect(seen == [0, end - 2])
}

@Test func aMasterWithoutDaysToReadIsLeftAlone() async throws {
  let world = try await changed()
  try world.master.revisit([]) { _, _, _ in Issue.record("nothing was asked for") }
}
