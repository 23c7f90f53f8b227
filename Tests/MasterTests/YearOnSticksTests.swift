import Foundation
import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A year of a county on sticks alone, beside a machine of the same unit on the network: real files, 52 exchanges, some lost,
// some repeated, some out of order. And histories that nobody thought of, in which one machine uses both.

private final class Year {
  let world: World
  /// Lives on sticks.
  let county: Replica
  /// Lives on the network.
  let neighbour: Replica
  var random: Seeded
  /// Sticks on their way to the city, and answers on their way back. Nothing is ever thrown away.
  private var up: [String] = []
  private var down: [String] = []
  private(set) var (written, answered, taken, old, refused) = (0, 0, 0, 0, 0)
  private var count = 0

  init(seed: UInt64) async throws {
    random = Seeded(state: seed)
    world = try World.small()
    county = try await world.join("A", actor: "county")
    neighbour = try await world.join("A", actor: "neighbour")
    world.master.pageLimit = PageLimit(rows: 7)
    try world.shell(
      neighbour, (1...5).map { "INSERT INTO company (id, office, code) VALUES ('c\($0)', 'A', '\($0)');" }.joined())
    for replica in [neighbour, county] { try await world.sync(replica) }
  }

  private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  private func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// What a clerk, or an official, does in some days.
  func edit(_ who: String, _ run: (String) throws -> Void) throws {
    for _ in 1...pick(1...4) {
      count += 1
      let id = "c\(pick(1...6))"
      let statements = [
        "UPDATE company SET name = '\(who) \(count)' WHERE id = '\(id)'",
        "UPDATE company SET phone = '\(count)', staff = \(count) WHERE id = '\(id)'",
        "UPDATE company SET peak = \(count), first = -\(count) WHERE id = '\(id)'",
        "UPDATE company SET address = '\(who)', industry = '\(count)' WHERE id = '\(id)'",
        "INSERT INTO company (id, office, code) VALUES ('\(who)\(count)', 'A', '\(pick(6...30))')",
        "INSERT INTO figure SELECT '\(id)', \(2000 + pick(0...9)), \(count), '\(who)' WHERE EXISTS (SELECT 1 FROM company WHERE id = '\(id)') ON CONFLICT DO UPDATE SET sales = \(count)",
        "DELETE FROM figure WHERE company = '\(id)' AND year = \(2000 + pick(0...9))",
        "UPDATE figure SET note = '\(who)\(count)' WHERE company = '\(id)'",
        "UPDATE company SET grade = '\(count)' WHERE id = '\(id)'",
      ]
      // A value that is taken on this machine is refused by the table, as it would be for a clerk.
      try? run(statements[pick(0...(who == "city" ? 8 : 7))])
    }
  }

  func write() throws {
    written += 1
    let name = "up\(written)"
    try world.write(county, name, partSize: pick(1...3) == 1 ? 400 : BundleWriter.partSize)
    up.append(name)
  }

  /// The city reads one of the sticks that are about.
  func answer(_ index: Int? = nil) throws {
    guard let name = index.map({ up[$0] }) ?? up.randomElement(using: &random) else { return }
    answered += 1
    let reply = "down\(answered)"
    try world.answer(name, reply, partSize: pick(1...3) == 1 ? 400 : BundleWriter.partSize)
    down.append(reply)
  }

  /// The county reads one of the answers that are about.
  func take(_ index: Int? = nil) throws {
    guard let name = index.map({ down[$0] }) ?? down.randomElement(using: &random) else { return }
    do {
      if try world.take(county, name) == nil { old += 1 } else { taken += 1 }
    } catch let failure as Failure where failure.message.en.contains("write a new bundle, take it") { refused += 1 }
  }

  /// A week: everybody works, a stick is written; it, or another, arrives, or not; so does an answer.
  func week() async throws {
    world.clock.now += Int64(pick(3...9)) * 86_400_000
    try edit("county") { try world.shell(county, $0) }
    try edit("neighbour") { try world.shell(neighbour, $0) }
    try edit("city") { try world.shell($0) }
    if chance(50) { try await world.sync(neighbour) }
    try write()
    if chance(30) { try edit("county") { try world.shell(county, $0) } }
    if chance(75) { try answer(up.count - 1) }
    if chance(20) { try answer() }
    if chance(20) { try answer(up.count - 1) }
    if chance(30) { try edit("county") { try world.shell(county, $0) } }
    if chance(75), !down.isEmpty { try take(down.count - 1) }
    if chance(25) { try take() }
    if chance(50) { try await world.sync(neighbour) }
  }

  /// All sticks arrive, until nobody has anything to say.
  func end() async throws {
    for _ in 1...3 {
      try await world.sync(neighbour)
      try write()
      try answer(up.count - 1)
      try take(down.count - 1)
    }
    for _ in 1...20 {
      try answer()
      try take()
    }
  }

  func expectAllEqual() throws {
    #expect(try world.differences(county) == [])
    #expect(try world.differences(neighbour) == [])
    for record in world.master.schema.records { #expect(try county.rows(record) == neighbour.rows(record)) }
    for replica in [county, neighbour] {
      let status = try replica.status()
      #expect(status.pending == 0 && status.inFlight == 0 && status.held.isEmpty)
      #expect(try replica.leftovers() == [])
      #expect(try replica.verify().map(\.en) == [])
    }
    // Nothing that was handed over is lost (I1), and the log gives the master again (I7).
    #expect(try world.master.verify().map(\.en) == [])
    #expect(try world.master.verifyReplay().map(\.en) == [])
  }
}

@Suite(.timeLimit(.minutes(60))) struct YearOnSticksTests {
  @Test func aYearOnSticksEqualsAYearOnTheNetwork() async throws {
    let year = try await Year(seed: 52)
    for _ in 1...52 { try await year.week() }
    #expect(year.written == 52)
    #expect(year.taken > 20 && year.old > 5, "\(year.taken) taken, \(year.old) old")
    try await year.end()
    try year.expectAllEqual()
    try await year.world.settle()
  }

  /// The same machine syncs over the network when it has one.
  @Test(arguments: 1...6) func networkAndSticksInRandomOrder(seed: UInt64) async throws {
    let year = try await Year(seed: seed)
    for _ in 1...60 {
      year.world.clock.now += 3_600_000
      switch Int.random(in: 0..<9, using: &year.random) {
      case 0, 1: try year.edit("county") { try year.world.shell(year.county, $0) }
      case 2: try year.edit("neighbour") { try year.world.shell(year.neighbour, $0) }
      case 3: try year.edit("city") { try year.world.shell($0) }
      case 4: try await year.world.sync(year.county)
      case 5: try await year.world.sync(year.neighbour)
      case 6: try year.write()
      case 7: try year.answer()
      default: try year.take()
      }
    }
    try await year.end()
    try year.expectAllEqual()
    try await year.world.settle()
  }
}
