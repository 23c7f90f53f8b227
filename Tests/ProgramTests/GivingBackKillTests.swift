import Foundation
import TestSupport
import Testing

// A restored city and its counties end by SIGKILL at random moments while they give back, over the network and on sticks:
// everything is back afterwards, and nothing twice.

@Suite(.timeLimit(.minutes(30))) struct GivingBackKillTests {
  private static let homes = ["one", "two"]

  /// Two machines with many batches that the backup lacks, more than one request takes at once; the city's disk is lost. What the
  /// rows must be in the end.
  private func lost(_ town: Town) async throws -> String {
    try await town.sqlite(town.replica("one"), "INSERT INTO counter VALUES ('s', 'A', 0, '')")
    for home in Self.homes { try await town.sync(home) }
    try await town.city(["backup", town.path("city.backup")])
    for round in 1...6 {
      for home in Self.homes {
        let rows = (1...300).map { "('\(home)-\(round)-\($0)', 'A', \($0), hex(randomblob(40)))" }
          .joined(separator: ",")
        try await town.sqlite(
          town.replica(home),
          "BEGIN; INSERT INTO counter VALUES \(rows); UPDATE counter SET total = total + 1 WHERE id = 's'; COMMIT")
        try await town.sync(home)
      }
      try await town.sqlite(town.master, "UPDATE counter SET note = 'city \(round)' WHERE id = 's'")
    }
    for home in Self.homes { try await town.sync(home) }
    let rows = try await town.counters(town.master)
    await town.stop(SIGKILL)
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    return rows
  }

  private func random() -> Seeded {
    let seed =
      ProcessInfo.processInfo.environment["KILL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
    print("KILL_SEED=\(seed)")
    return Seeded(state: seed)
  }

  private func expectBack(_ town: Town, _ rows: String) async throws {
    try await town.expectEqual(Self.homes)
    #expect(try await town.counters(town.master) == rows)
    #expect(try await town.city(["conflicts", "--state", "all", "--json"]).out == "[]\n")
    let info = try await town.city(["recovery", "--json"]).object
    #expect(info["recovering"] as? Bool == false)
    for name in ["lost", "aside", "held"] { #expect((info[name] as? [Any])?.isEmpty == true, "\(name)") }
  }

  @Test func everythingIsBackWhoeverIsKilled() async throws {
    var random = random()
    let town = try await Town.tally()
    try await town.serve()
    for home in Self.homes { try await town.join(home, "A") }
    let rows = try await lost(town)
    try await town.serve()
    var hits = 0
    for round in 1...60 where hits < 16 {
      let sync = try Running(town.county(starting: Self.homes[round % 2], ["sync"]))
      try await Task.sleep(for: .microseconds(Int.random(in: 0...120_000, using: &random)))
      if round % 3 == 0 {
        await town.stop(SIGKILL)
        let outcome = await sync.outcome()
        #expect([0, 69, 75].contains(outcome.code), "round \(round): \(outcome.err)")
        hits += 1
        try await town.serve()
      } else {
        sync.kill(SIGKILL)
        let outcome = await sync.outcome()
        #expect([0, 75, -SIGKILL].contains(outcome.code), "round \(round): \(outcome.err)")
        if outcome.code == -SIGKILL { hits += 1 }
      }
    }
    #expect(hits > 3)
    for home in Self.homes { _ = try await town.tryCounty(home, ["sync"]) }
    for home in Self.homes + Self.homes { try await town.sync(home) }
    try await expectBack(town, rows)
  }

  /// More than one request carries at once: it arrives in pieces. One of the machines has another id than the backup knows, and
  /// has sent most of it under the former one.
  @Test func muchIsBackOverTheNetwork() async throws {
    let town = try await Town.tally()
    try await town.serve()
    for home in Self.homes { try await town.join(home, "A") }
    try await town.city(["backup", town.path("city.backup")])
    for home in Self.homes {
      try await town.sqlite(
        town.replica(home),
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO counter SELECT '\(home)-' || i, 'A', i, hex(randomblob(40)) FROM n
        """)
      try await town.sync(home)
    }
    try await town.county("one", ["rejoin"])
    try await town.sqlite(town.master, "UPDATE counter SET note = hex(randomblob(40))")
    for home in Self.homes { try await town.sync(home) }
    let rows = try await town.counters(town.master)
    await town.stop(SIGKILL)
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    try await town.serve()
    for home in Self.homes { _ = try await town.tryCounty(home, ["sync"]) }
    // Nobody knows whether another file still has the former id.
    try await town.city(["recovery", "--release", "--reason", "one file"])
    for home in Self.homes { try await town.sync(home) }
    try await expectBack(town, rows)
  }

  @Test func everythingIsBackOnSticksWhoeverIsKilled() async throws {
    var random = random()
    let town = try await Town.tally()
    try await town.serve()
    for home in Self.homes { try await town.join(home, "A") }
    let rows = try await lost(town)
    /// Killed once or twice on the way, then run to its end.
    func repeatedly(_ command: [String]) async throws -> Outcome {
      for _ in 1...2 {
        let running = try Running(command)
        try await Task.sleep(for: .microseconds(Int.random(in: 0...120_000, using: &random)))
        running.kill(SIGKILL)
        _ = await running.outcome()
      }
      return try await run(command)
    }
    func city(_ arguments: [String]) -> [String] { [Program.path("city")] + arguments + ["--home", town.path("city")] }
    func exchange(_ home: String, _ name: String) async throws -> (told: [String: Any], taken: Outcome) {
      let (up, down) = (town.path(name), town.path(name + "-answer"))
      let written = try await repeatedly(town.county(starting: home, ["bundle", "write", up]))
      #expect(written.isDone, "\(written.err)")
      let told = try await repeatedly(city(["bundle", "read", up, "--reply", down, "--json"]))
      #expect(told.isDone, "\(told.err)")
      return (told.object, try await repeatedly(town.county(starting: home, ["bundle", "read", down])))
    }
    for home in Self.homes {
      let asked = try await exchange(home, home + "1")
      #expect(asked.told["waits"] as? Bool == true && asked.told["returned"] as? Int == 0)
      expectFailure(asked.taken, 75, "next stick gives back")
    }
    let first = try await exchange("one", "one2")
    #expect(first.told["returned"] as? Int ?? 0 > 6)
    expectFailure(first.taken, 75, "nothing is lost", "1 other machines")
    for home in ["two", "one"] { #expect(try await exchange(home, home + "3").taken.code == 0) }
    for home in Self.homes { try await town.carry(home) }
    try await expectBack(town, rows)
  }
}
