import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

// A line that breaks every 200 kB still finishes, and what arrived is not sent again.

private let schema = """
  schema: notes
  version: 1
  title: Notes
  units: site.code
  records:
    site: {key: code, owner: city, fields: {code: {type: text}}}
    note:
      key: id
      scope: {field: site}
      fields:
        id: {type: text}
        site: {required: true, references: site.code}
        text: {type: text}
  """

/// Text that no compression makes much smaller: 600 letters, 300 random bytes.
private func insert(_ rows: Int, _ prefix: String) -> String {
  """
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
  INSERT INTO note SELECT '\(prefix)' || i, 'A', hex(randomblob(300)) FROM n
  """
}

private func town(_ homes: [String]) async throws -> Town {
  let town = try await Town(schema: schema)
  try await town.serve()
  try await town.city(["add", "site", "code=A"])
  for home in homes { try await town.join(home, "A") }
  return town
}

extension Town {
  fileprivate func bytes(_ query: String, in file: String) async throws -> Int {
    Int(try await sqlite(file, query).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  /// The size of everything that a home has sent so far.
  fileprivate func outbox(_ home: String) async throws -> Int {
    try await bytes("SELECT sum(length(message)) FROM sync_outbox", in: replica(home))
  }

  fileprivate func notes(_ file: String) async throws -> Int { try await bytes("SELECT count(*) FROM note", in: file) }

  fileprivate var snapshotBytes: Int {
    let folder = path("city/snapshots")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".zst") }
      .compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)")?.count }.max() ?? 0
  }

  fileprivate func leftovers(_ home: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path(home))) ?? []
    return names.filter { $0.contains(".snapshot") }
  }
}

/// Until the suite's time is over: how fast this goes is nobody's promise.
private func wait(until condition: () async throws -> Bool) async throws {
  while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}

@Suite(.timeLimit(.minutes(30))) struct ResumptionTests {
  @Test func aPushAndAFirstSyncFinishOnALineThatBreaks() async throws {
    let town = try await town(["one"])
    let cutter = try await Cutter(town)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let pushed = try await town.county("one", ["sync", "--server", cutter.url, "--json"]).object
    #expect(pushed["pushed"] as? Int == 10_000)
    let size = try await town.outbox("one")
    #expect(size > 2_500_000)
    #expect(cutter.connections > size / 200_000)
    #expect(cutter.up < size * 11 / 10, "\(cutter.up) of \(size)")
    #expect(pushed["bytes_sent"] as? Int ?? 0 >= size)
    #expect(try await town.notes(town.master) == 10_000)

    let down = cutter.down
    try await town.county("two", ["init", "--server", cutter.url, "--code", try await town.code("A")])
    #expect(town.snapshotBytes > 2_500_000)
    #expect(cutter.down - down < town.snapshotBytes * 103 / 100, "\(cutter.down - down) of \(town.snapshotBytes)")
    #expect(try await town.notes(town.replica("two")) == 10_000)
    #expect(town.leftovers("two") == [])
    // A big pull comes through as well.
    try await town.sqlite(town.replica("two"), insert(4_000, "b"))
    try await town.sync("two")
    let before = cutter.down
    let pulled = try await town.sync("one")
    #expect(pulled["pulled"] as? Int == 4_000)
    // What had arrived when the line broke does not cross again.
    #expect(cutter.down - before < (pulled["bytes_received"] as? Int ?? 0) * 103 / 100)
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func aProgramThatIsKilledGoesOnWhereItWas() async throws {
    let town = try await town(["one"])
    let cutter = try await Cutter(town, pause: 10)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    var start = cutter.up
    for share in [1, 2] {
      let sync = try Running(town.county(starting: "one", ["sync", "--server", cutter.url]))
      try await wait { cutter.up - start > share * 700_000 }
      sync.kill(SIGKILL)
      #expect(await sync.outcome().code == -SIGKILL)
    }
    // It knows the new address by now.
    try await town.sync("one")
    let size = try await town.outbox("one")
    #expect(cutter.up - start < size * 115 / 100, "\(cutter.up - start) of \(size)")
    #expect(try await town.notes(town.master) == 10_000)

    start = cutter.down
    let code = try await town.code("A")
    let joining = try Running(town.county(starting: "two", ["init", "--server", cutter.url, "--code", code]))
    try await wait { cutter.down - start > 1_000_000 }
    joining.kill(SIGKILL)
    _ = await joining.outcome()
    // Where one has to log in first by now, what arrived stays as it is.
    let arrived = FileManager.default.contents(atPath: town.replica("two") + ".snapshot")
    #expect(arrived?.isEmpty == false)
    let relay = try await Relay(town, harm: .laterPortal)
    expectFailure(try await town.tryCounty("two", ["sync", "--server", relay.url]), 69, "answers 200")
    #expect(FileManager.default.contents(atPath: town.replica("two") + ".snapshot") == arrived)
    // Meanwhile the city goes on; the snapshot is still the one that was begun.
    try await town.city(["add", "note", "id=late", "site=A", "text=x"])
    try await town.sync("two")
    #expect(cutter.down - start < town.snapshotBytes * 115 / 100, "\(cutter.down - start) of \(town.snapshotBytes)")
    #expect(try await town.notes(town.replica("two")) == 10_001)
    #expect(town.leftovers("two") == [])
  }

  /// Until its enrolment is confirmed it greets before it sends.
  @Test func whoWasNotWelcomedYetGoesOnWhereItWas() async throws {
    let town = try await town(["one"])
    await town.stop()
    try await town.county("one", ["rejoin"])
    try await town.serve()
    let cutter = try await Cutter(town, pause: 10)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    for share in [1, 2] {
      let sync = try Running(town.county(starting: "one", ["sync", "--server", cutter.url]))
      try await wait { cutter.up > share * 700_000 }
      sync.kill(SIGKILL)
      #expect(await sync.outcome().code == -SIGKILL)
    }
    try await town.county("one", ["sync", "--server", cutter.url])
    let size = try await town.outbox("one")
    #expect(cutter.up < size * 115 / 100, "\(cutter.up) of \(size)")
    #expect(try await town.notes(town.master) == 10_000)
  }

  @Test func aServerThatIsKilledGoesOnWhereItWas() async throws {
    let town = try await town(["one"])
    let cutter = try await Cutter(town, pause: 10)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let sync = try Running(town.county(starting: "one", ["sync", "--server", cutter.url, "--json"]))
    try await wait { cutter.up > 1_000_000 }
    await town.stop(SIGKILL)
    try await town.serve()
    let outcome = await sync.outcome()
    #expect([0, 69].contains(outcome.code), "\(outcome.err)")
    if outcome.code == 69 { try await town.sync("one") }
    let size = try await town.outbox("one")
    #expect(cutter.up < size * 115 / 100, "\(cutter.up) of \(size)")
    #expect(try await town.notes(town.master) == 10_000)
  }

  @Test func whoGivesUpSaysHowFarItCame() async throws {
    let town = try await town(["one"])
    let cutter = try await Cutter(town, pause: 10)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let sync = try Running(town.county(starting: "one", ["sync", "--server", cutter.url]))
    try await wait { cutter.up > 1_000_000 }
    await town.stop(SIGKILL)
    expectFailure(await sync.outcome(), 69, "bytes", "nothing is lost", "goes on there")
    #expect(try await town.county("one", ["status", "--json"]).object["server"] as? String == cutter.url)
    // Whoever never reached the city hears so at once.
    expectFailure(try await town.tryCounty("one", ["sync"]), 69, "cannot be reached")
    try await town.serve()
    try await town.sync("one")
    #expect(try await town.notes(town.master) == 10_000)
  }

  /// Of what came of it nothing is kept, unlike of what was sent.
  @Test func whoGivesUpInAPullFetchesItAgain() async throws {
    let town = try await town(["one", "two"])
    try await town.sqlite(town.replica("two"), insert(10_000, "b"))
    try await town.sync("two")
    let cutter = try await Cutter(town, pause: 10)
    let sync = try Running(town.county(starting: "one", ["sync", "--server", cutter.url]))
    try await wait { cutter.down > 1_000_000 }
    await town.stop(SIGKILL)
    expectFailure(await sync.outcome(), 69, "bytes", "nothing is lost", "the next sync fetches it again")
    try await town.serve()
    try await town.sync("one")
    #expect(try await town.notes(town.replica("one")) == 10_000)
  }

  /// However much went up before.
  @Test func aPullAfterAPushFinishesOnALineThatBreaks() async throws {
    let town = try await town(["one", "two"])
    try await town.sqlite(town.replica("two"), insert(8_000, "b"))
    try await town.sync("two")
    let cutter = try await Cutter(town)
    try await town.sqlite(town.replica("one"), insert(8_000, "a"))
    let synced = try await town.county("one", ["sync", "--server", cutter.url, "--json"]).object
    #expect(synced["pushed"] as? Int == 8_000 && synced["pulled"] as? Int == 8_000)
    #expect(cutter.down > 2_000_000 && cutter.up > 2_000_000)
  }

  @Test func aProxyThatTakesOnlySmallRequestsGetsSmallOnes() async throws {
    let town = try await town(["one"])
    let relay = try await Relay(town, harm: .smallOnly)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let pushed = try await town.county("one", ["sync", "--server", relay.url, "--json"]).object
    #expect(pushed["pushed"] as? Int == 10_000)
    #expect(try await town.outbox("one") > 2_500_000)
    // Only once it asks for too much.
    #expect(relay.requests.filter { $0.count > 1 << 20 }.count == 1)
    #expect(try await town.notes(town.master) == 10_000)
  }

  /// What the line carries in one go is less than the whole, and nobody says how much it is.
  @Test func anUploadFinishesThoughAProxyCollectsItAndTheLineBreaks() async throws {
    let town = try await town(["one"])
    let relay = try await Relay(town, harm: .collects)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    // No piece gets through; but the city has answered.
    let narrow = try await Cutter(town, to: relay, after: 30_000)
    let failed = try await town.tryCounty("one", ["sync", "--server", narrow.url])
    expectFailure(failed, 69, "the line to \(narrow.url) broke", "nothing is lost")
    #expect(!failed.err.contains("--server"))
    let cutter = try await Cutter(town, to: relay)
    let pushed = try await town.county("one", ["sync", "--server", cutter.url, "--json"]).object
    #expect(pushed["pushed"] as? Int == 10_000)
    #expect(try await town.outbox("one") > 2_500_000)
    #expect(try await town.notes(town.master) == 10_000)
  }

  /// Of 2.5 MB in the smallest pieces there were 40.
  @Test func whatIsSentGrowsAgainOnceTheLineIsWell() async throws {
    let town = try await town(["one"])
    let relay = try await Relay(town, harm: .collects)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let cutter = try await Cutter(town, to: relay, after: 60_000, times: 4)
    let pushed = try await town.county("one", ["sync", "--server", cutter.url, "--json"]).object
    #expect(pushed["pushed"] as? Int == 10_000)
    #expect(try await town.outbox("one") > 2_500_000)
    let pieces = relay.requests.map(\.count).filter { $0 >= 65_536 }
    #expect(pieces.contains(65_536) && pieces.contains(131_072) && pieces.contains(262_144))
    #expect(pieces.count < 20)
  }

  /// "two" was enrolled after the backup from which the city is restored, and gives back its enrolment, much of the
  /// city's own, and much that it has sent.
  private func townThatDoesNotKnowTwo() async throws -> Town {
    let town = try await town(["one"])
    try await town.city(["backup", town.path("city.backup")])
    try await town.join("two", "A")
    for round in 1...4 {
      try await town.sqlite(town.master, insert(1_000, "c\(round)-"))
      try await town.sync("two")
    }
    try await town.sqlite(town.replica("two"), insert(4_000, "a"))
    try await town.sync("two")
    await town.stop()
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    try await town.serve()
    try await town.sqlite(town.replica("two"), insert(4_000, "b"))
    return town
  }

  private func expectAllBack(_ town: Town) async throws {
    for home in ["one", "two"] { try await town.sync(home) }
    #expect(try await town.notes(town.master) == 12_000)
    #expect(try await town.notes(town.replica("two")) == 12_000)
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func whoTheCityDoesNotKnowComesThroughAProxyThatTakesOnlySmallRequests() async throws {
    let town = try await townThatDoesNotKnowTwo()
    let relay = try await Relay(town, harm: .smallOnly)
    expectFailure(try await town.tryCounty("two", ["sync", "--server", relay.url]), 75, "nothing is lost")
    #expect(relay.requests.contains { $0.count > 1 << 20 })
    try await expectAllBack(town)
  }

  @Test func whoTheCityDoesNotKnowComesThroughALineThatBreaks() async throws {
    let town = try await townThatDoesNotKnowTwo()
    let cutter = try await Cutter(town)
    expectFailure(try await town.tryCounty("two", ["sync", "--server", cutter.url]), 75, "nothing is lost")
    #expect(cutter.up > 2_000_000)
    try await expectAllBack(town)
  }

  /// What it has not sent yet goes once, when the city can take it.
  @Test func whileARestoredCityWaitsForOthersNothingIsUploaded() async throws {
    let town = try await town(["one", "two"])
    try await town.city(["backup", town.path("city.backup")])
    await town.stop()
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    try await town.serve()
    let cutter = try await Cutter(town)
    try await town.sqlite(town.replica("one"), insert(10_000, "a"))
    let sync = ["sync", "--server", cutter.url]
    for _ in 1...2 { expectFailure(try await town.tryCounty("one", sync), 75, "nothing is lost") }
    let size = try await town.outbox("one")
    #expect(size > 2_500_000 && cutter.up < 200_000, "\(cutter.up) of \(size)")
    try await town.sync("two")
    try await town.county("one", sync)
    #expect(cutter.up < size * 115 / 100 + 200_000, "\(cutter.up) of \(size)")
    #expect(try await town.notes(town.master) == 10_000)
    #expect(try await town.city(["verify"]).isDone)
  }

  /// No erasure reaches one, and what is staged grows.
  @Test func noCacheOnTheWayKeepsAnAnswer() async throws {
    let town = try await town(["one"])
    let id = try await town.county("one", ["status", "--json"]).object["replica"] as? String ?? ""
    let names = try FileManager.default.contentsOfDirectory(atPath: town.path("city/snapshots"))
    let snapshot = try #require(names.first { $0.hasSuffix(".zst") }).dropLast(4)
    for path in ["/v1/staged/\(id)", "/v1/snapshot/\(snapshot)"] {
      let (_, response) = try await URLSession.shared.data(from: try #require(URL(string: town.url + path)))
      let answer = try #require(response as? HTTPURLResponse)
      #expect(answer.statusCode == 200)
      #expect(answer.value(forHTTPHeaderField: "Cache-Control") == "no-store")
    }
  }

  @Test func whatNobodySignedIsNotStaged() async throws {
    let town = try await town(["one"])
    let id = try await town.county("one", ["status", "--json"]).object["replica"] as? String ?? ""
    let folder = town.path("city/staged")
    func put(_ path: String, _ bytes: [UInt8]) async throws -> Int {
      var request = URLRequest(url: try #require(URL(string: town.url + path)))
      request.httpMethod = "PUT"
      request.httpBody = Data(bytes)
      let (_, response) = try await URLSession.shared.data(for: request)
      return (response as? HTTPURLResponse)?.statusCode ?? 0
    }
    let noise = [UInt8](repeating: 7, count: 100_000)
    let stranger = String(repeating: "ab", count: 16)
    #expect(try await put("/v1/staged/\(id)?offset=0", noise) == 400)
    #expect(try await put("/v1/staged/\(stranger)?offset=0", noise) == 403)
    #expect(try await put("/v1/staged/..%2Fx?offset=0", noise) == 400)
    // Nothing ends there, or not any more: then one begins anew.
    #expect(try await put("/v1/staged/\(id)?offset=5", noise) == 409)
    #expect(((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty)
    for path in ["/v1/snapshot/\(stranger)", "/v1/answer/\(stranger)"] {
      let url = try #require(URL(string: town.url + path))
      let (_, response) = try await URLSession.shared.data(from: url)
      #expect((response as? HTTPURLResponse)?.statusCode == 404)
    }
  }
}
