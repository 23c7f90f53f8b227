import Foundation
import SyncProtocol
import Testing

/// A city and a county's machine on disks that keep only what was synced, with a relay between them that keeps every batch.
final class PowerTown {
  let town: Town
  let hall: Disk
  let desk: Disk
  private let relay: Relay
  private var typed: [String: Int] = [:]

  static let schema = """
    schema: tally
    version: 1
    title: Tally
    units: site.code
    records:
      site: {key: code, owner: city, fields: {code: {type: text}}}
      counter:
        key: id
        scope: {field: site}
        fields:
          id: {type: text}
          site: {required: true, references: site.code}
          total: {type: integer}
          note: {type: text}
    """
  static let home = "desk/home"

  init() async throws {
    var disks: [Disk] = []
    town = try await Town(schema: Self.schema, cityHome: "hall/city") { folder in
      disks = try ["hall", "desk"].map { try Disk(folder, $0) }
      return try Disk.environment(folder)
    }
    (hall, desk) = (disks[0], disks[1])
    try await town.city(["add", "site", "code=A"])
    try await town.serve()
    relay = try await Relay(town)
    try await town.join(Self.home, "A")
    try desk.lose()
    try await town.county(Self.home, ["sync", "--server", relay.url])
    try await type("first")
  }

  /// Enters a row and changes the first one; each command ended well.
  func type(_ id: String) async throws {
    let total = typed.count
    try await town.county(Self.home, ["add", "counter", "id=\(id)", "site=A", "total=\(total)", "note=第\(total)条"])
    typed[id] = total
    if id != "first" { try await town.county(Self.home, ["edit", "counter", "first", "total=\(total)"]) }
    typed["first"] = total
  }

  /// Whether the power failed during it.
  func sync(_ environment: [String: String]) async throws -> Bool {
    let outcome = try await run(
      town.county(starting: Self.home, ["sync"]), environment: town.environment.merging(environment) { $1 })
    try #require([0, 69, -SIGKILL].contains(outcome.code), "\(outcome.err)")
    return outcome.code == -SIGKILL
  }

  /// Syncs with a city that loses power at a call.
  /// - Returns: whether it did.
  func syncWithCity(_ environment: [String: String]) async throws -> Bool {
    await town.stop()
    // It may end before it listens.
    guard (try? await town.serve(environment: environment)) != nil else { return true }
    _ = try await sync([:])
    // Tells a city that is still there from one that the cut has ended.
    return await town.stop(SIGUSR1)?.code == -SIGKILL
  }

  /// The city's machine loses power; then it serves again.
  func restartCity(_ survives: () -> Bool = { false }) async throws {
    await town.stop(SIGKILL)
    try hall.lose(survives)
    try await town.serve()
  }

  /// Enrols one more machine, which loses power at a call, and repeats it with the same code.
  /// - Parameter onStick: it starts from a stick, and no network is there.
  /// - Returns: whether the call was reached.
  func isCutEnrolling(
    _ name: String, onStick: Bool = false, _ environment: [String: String], _ survives: () -> Bool = { false }
  ) async throws -> Bool {
    let disk = try Disk(town.folder, name)
    // Its folder is new, and the one above.
    let home = "\(name)/deep/home"
    let code = try await town.code("A")
    let stick = town.path("stick-\(name)")
    if onStick { try await town.city(["snapshot", "--org", "A", stick]) }
    let way = onStick ? ["--bundle", stick] : ["--server", town.url]
    let arguments = ["init"] + way + ["--code", code, "--actor", "clerk"]
    let outcome = try await run(
      town.county(starting: home, arguments), environment: town.environment.merging(environment) { $1 })
    let isCut = outcome.code == -SIGKILL
    try #require(isCut || outcome.isDone, "\(outcome.err)")
    try disk.lose(survives)
    // Whole, or not there at all.
    let isThere = FileManager.default.fileExists(atPath: town.replica(home))
    #expect(isThere || isCut)
    if onStick {
      let again = try await town.tryCounty(home, arguments)
      // It may have had all of it.
      try #require(again.isDone || isThere && again.code == 65, "\(again.err)")
      #expect(try await town.county(home, ["list", "site", "--json"]).list.count == 1)
      try await town.carry(home)
    } else {
      if !isThere { try await town.county(home, arguments) }
      try await town.sync(home)
    }
    #expect(try await town.county(home, ["list", "site", "--json"]).list.count == 1)
    return isCut
  }

  /// How many the city knows.
  var machines: Int {
    get async throws { Int(try await town.sqlite(town.master, "SELECT count(*) FROM sync_replica").dropLast()) ?? 0 }
  }

  /// Every value that was typed stands on both sides, and every batch that ever left or arrived is one and the same.
  func check(_ comment: Comment) async throws {
    try await town.sync(Self.home)
    let wanted = typed.map { "\($0.key)|\($0.value)" }.sorted()
    for file in [town.master, town.replica(Self.home)] {
      let rows = try await town.sqlite(file, "SELECT id, total FROM counter ORDER BY id")
      #expect(rows.split(separator: "\n").map(String.init).sorted() == wanted, comment)
    }
    let status = try await town.county(Self.home, ["status", "--json"]).object
    for name in ["pending", "in_flight", "open_conflicts", "parked"] {
      #expect(status[name] as? Int == 0, "\(name), \(comment)")
    }
    #expect(try await town.tryCounty(Self.home, ["verify"]).isDone, comment)
    #expect(try await town.tryCity(["verify"]).isDone, comment)
    try await checkBatches(comment)
  }

  private func checkBatches(_ comment: Comment) async throws {
    let logged = try await batches(
      town.master, "SELECT number, hex(message) FROM sync_batch WHERE replica <> zeroblob(16)")
    let kept = try await batches(town.replica(Self.home), "SELECT number, hex(message) FROM sync_outbox")
    let sent = try sent()
    #expect(!sent.isEmpty)
    for (number, bytes) in sent + kept {
      #expect(logged[number] == bytes, "batch \(number) stands for different bytes, \(comment)")
    }
    #expect(logged.keys.sorted() == Array(1...Int64(logged.count)), comment)
  }

  /// The batches that left the machine, each as often as it did, by number.
  private func sent() throws -> [(Int64, String)] {
    try relay.requests.flatMap { try SealedEnvelope.split($0) }.filter { $0.header.kind == .batch }
      .map { ($0.header.number, $0.bytes.hex) }
  }

  private func batches(_ file: String, _ sql: String) async throws -> [Int64: String] {
    let lines = try await town.sqlite(file, sql).split(separator: "\n").map { $0.split(separator: "|") }
    return Dictionary(lines.map { (Int64($0[0]) ?? 0, $0[1].lowercased()) }) { "\($0), then \($1)" }
  }
}
