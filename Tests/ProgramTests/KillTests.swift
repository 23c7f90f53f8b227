import Foundation
import TestSupport
import Testing

// Power cuts: `county sync` and `city serve` end by SIGKILL at random moments while rows are edited by another program.
// Two machines raise the same cells, whose policy is `max`, to numbers that only grow: the last one must stand.

@Suite(.timeLimit(.minutes(30))) struct KillTests {
  private static let homes = ["one", "two"]
  private static let shared = 5
  private static let kills = 56

  @Test func nothingIsLostOrDoubled() async throws {
    let seed =
      ProcessInfo.processInfo.environment["KILL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
    print("KILL_SEED=\(seed)")
    var random = Seeded(state: seed)
    let town = try await Town(schema: tallySchema)
    try await town.serve()
    try await town.city(["add", "site", "code=A"])
    for home in Self.homes { try await town.join(home, "A") }
    try await town.sqlite(
      town.replica("one"), (0..<Self.shared).map { "INSERT INTO counter VALUES ('s\($0)', 'A', 0, '');" }.joined())
    for home in Self.homes { try await town.sync(home) }

    var ledger = Ledger(shared: Self.shared)
    var (rounds, hits) = (0, 0)
    while hits < Self.kills {
      rounds += 1
      try #require(rounds < 4 * Self.kills, "too few kills met a running process")
      let home = Self.homes[Int.random(in: 0...1, using: &random)]
      try await town.sqlite(town.replica(home), ledger.edit(home, &random))
      let sync = try Running(town.county(starting: home, ["sync"]))
      // An edit that falls into the exchange.
      if Bool.random(using: &random) { try await town.sqlite(town.replica(home), ledger.edit(home, &random)) }
      try await Task.sleep(for: .microseconds(Int.random(in: 0...100_000, using: &random)))
      if rounds % 3 == 0 {
        await town.stop(SIGKILL)
        let outcome = await sync.outcome()
        #expect([0, 69].contains(outcome.code), "round \(rounds): \(outcome.err)")
        hits += 1
        try await town.serve()
      } else {
        sync.kill(SIGKILL)
        let outcome = await sync.outcome()
        #expect([0, -SIGKILL].contains(outcome.code), "round \(rounds): \(outcome.err)")
        if outcome.code != 0 { hits += 1 }
      }
    }
    for home in Self.homes + Self.homes { try await town.sync(home) }
    let wanted = ledger.lines
    let query = "SELECT id || '|' || total || '|' || note FROM counter ORDER BY id"
    for file in [town.master] + Self.homes.map(town.replica) {
      let lines = try await town.sqlite(file, query).split(separator: "\n").map(String.init)
      let differing = Set(lines).symmetricDifference(wanted).sorted()
      #expect(differing.isEmpty && lines.count == wanted.count, "\(file), KILL_SEED=\(seed)")
    }
    for home in Self.homes {
      let status = try await town.county(home, ["status", "--json"]).object
      for name in ["pending", "in_flight", "open_conflicts", "parked"] {
        #expect(status[name] as? Int == 0, "\(home) \(name)")
      }
      #expect(try await town.county(home, ["verify"]).isDone)
    }
    #expect(try await town.city(["conflicts", "--state", "all", "--json"]).out == "[]\n")
    #expect(try await town.city(["verify"]).isDone)
  }
}

/// What the rows must be in the end.
private struct Ledger {
  private var rows: [String: (total: Int, note: String)] = [:]
  private var own: [String: [String]] = [:]
  private let shared: Int
  private var count = 0

  init(shared: Int) {
    self.shared = shared
    for n in 0..<shared { rows["s\(n)"] = (0, "") }
  }

  var lines: [String] { rows.map { "\($0.key)|\($0.value.total)|\($0.value.note)" } }

  /// One transaction of a foreign program: raises a shared total, adds a row, changes or deletes one of its own.
  mutating func edit(_ home: String, _ random: inout Seeded) -> String {
    count += 1
    let total = "s\(Int.random(in: 0..<shared, using: &random))"
    rows[total]?.total = count
    var sql = "UPDATE counter SET total = \(count) WHERE id = '\(total)';"
    let id = "\(home)-\(count)"
    rows[id] = (count, "第\(count)条")
    sql += "INSERT INTO counter VALUES ('\(id)', 'A', \(count), '第\(count)条');"
    if let other = own[home]?.randomElement(using: &random) {
      if Int.random(in: 0..<4, using: &random) == 0 {
        own[home]?.removeAll { $0 == other }
        rows[other] = nil
        sql += "DELETE FROM counter WHERE id = '\(other)';"
      } else {
        rows[other]?.note = "改\(count)"
        sql += "UPDATE counter SET note = '改\(count)' WHERE id = '\(other)';"
      }
    }
    own[home, default: []].append(id)
    return "BEGIN IMMEDIATE; \(sql) COMMIT;"
  }
}
