import Foundation
import Testing

// A disk with no room: a limit on the size of files (RLIMIT_FSIZE), which needs no root. SIGXFSZ is ignored, so that a
// write beyond it fails as it does on a full disk.

/// Services and many runtimes ignore SIGPIPE for all that they start, a terminal does not.
private let starts = ["--ignore-signal=PIPE", "--default-signal=PIPE"]

@Suite struct FullDiskTests {
  private func limited(_ kilobytes: Int, _ command: [String]) -> [String] {
    ["bash", "-c", "trap '' XFSZ; ulimit -f \(kilobytes); exec \"$@\"", "limited"] + command
  }

  @Test func anImportThatDoesNotFitLeavesNothing() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "--json"]).object["id"] as? String ?? ""
    let lines = (1...4000).map { "企业\($0),科技路\($0)号" }
    let csv = try town.write("large.csv", (["name,address"] + lines).joined(separator: "\n") + "\n")
    let full = try await run(limited(400, town.county(starting: "one", ["import", "enterprise", csv])))
    expectFailure(full, 74, "disk", "replica.sqlite")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.map { $0["id"] as? String } == [id])
    #expect(try await town.county("one", ["verify"]).isDone)
    // With room again the same works, and all of it reaches the city once.
    try await town.county("one", ["import", "enterprise", csv])
    #expect(try await town.sync("one")["pushed"] as? Int == 4001)
    #expect(try await town.city(["list", "enterprise", "--json"]).list.count == 4001)
  }

  @Test func aSyncThatDoesNotFitLosesNothing() async throws {
    let town = try await registryTown()
    let lines = (1...4000).map { "企业\($0),科技路\($0)号" }
    let csv = try town.write("large.csv", (["name,address"] + lines).joined(separator: "\n") + "\n")
    try await town.county("one", ["import", "enterprise", csv])
    try await town.sync("one")
    try await town.county("two", ["add", "enterprise", "name=甲"])
    expectFailure(try await run(limited(400, town.county(starting: "two", ["sync"]))), 74, "disk")
    try await town.sync("two")
    #expect(try await town.county("two", ["list", "enterprise", "--json"]).list.count == 4001)
    #expect(try await town.city(["list", "enterprise", "--json"]).list.count == 4001)
    #expect(try await town.county("two", ["verify"]).isDone)
  }

  /// A script repeats what has failed: that the row is there must be said.
  @Test func anOutputThatDoesNotFitIsToldApart() async throws {
    let town = try await registryTown([("one", "320706")])
    func to(_ redirection: String, _ arguments: [String]) async throws -> Outcome {
      try await run(
        ["bash", "-c", "exec \"$@\" \(redirection)", "redirected"] + town.county(starting: "one", arguments))
    }
    expectFailure(try await to(">/dev/full", ["add", "enterprise", "name=甲"]), 74, "carried out", "No space left")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.count == 1)
    for command in [["list", "enterprise"], ["report"], ["report", "plan", "--on", "2018-12-31"]] {
      expectFailure(try await to(">/dev/full", command), 74, "carried out")
    }
    // Nobody is told, and it is done all the same.
    #expect(try await to("2>/dev/full", ["add", "enterprise", "name=乙", "--reveal"]).isDone)
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.count == 2)
  }

  /// A command whose output nobody reads.
  private func unread(_ town: Town, _ start: String, _ command: [String], _ redirection: String = "") async throws
    -> Outcome
  {
    let script = "(sleep 0.3; exec env \(start) \"$@\" \(redirection)) | true; exit ${PIPESTATUS[0]}"
    return try await run(["bash", "-c", script, "unread"] + town.county(starting: "one", command))
  }

  @Test(arguments: starts, [["list", "enterprise"], ["report", "plan", "--on", "2018-12-31"]])
  func whoReadsNoFurtherEndsNothing(_ start: String, _ command: [String]) async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.county("one", ["add", "enterprise", "name=甲"])
    let outcome = try await unread(town, start, command)
    #expect(outcome.isDone && outcome.err.isEmpty, "\(outcome.code): \(outcome.err)")
  }

  /// What is said on the way, inside the transaction, as before it.
  @Test(arguments: starts)
  func whoReadsNoNoteTakesNoEditBack(_ start: String) async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.county("one", ["add", "enterprise", "name=甲"])
    let outcome = try await unread(town, start, ["add", "enterprise", "name=乙", "--reveal"], "2>&1 >/dev/null")
    #expect(outcome.isDone, "\(outcome.code): \(outcome.err)")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.count == 2)
  }

  @Test func anInitThatDoesNotFitIsRepeated() async throws {
    let town = try await registryTown([])
    let command = town.county(
      starting: "one", ["init", "--server", town.url, "--code", try await town.code("320706"), "--actor", "clerk"])
    expectFailure(try await run(limited(100, command)), 74, "disk")
    #expect(!FileManager.default.fileExists(atPath: town.replica("one")))
    // The same code, and the same machine to the city.
    try await need(command)
    #expect(try await town.county("one", ["verify"]).isDone)
    #expect(try await town.sqlite(town.master, "SELECT count(*) FROM sync_replica") == "1\n")
  }

  /// A stick, or a disk, that is too small for what is written: nothing is left that looks whole, and the next try goes.
  @Test func whatDoesNotFitOnAStickIsWrittenAgain() async throws {
    let town = try await registryTown()
    let lines = (1...3000).map { "企业\($0),\(UUID().uuidString)" }
    let csv = try town.write("large.csv", (["name,address"] + lines).joined(separator: "\n") + "\n")
    try await town.county("one", ["import", "enterprise", csv])
    await town.stop()
    func fails(_ command: [String], _ file: String) async throws {
      let before = try FileManager.default.contentsOfDirectory(atPath: town.folder.path).sorted()
      expectFailure(try await run(limited(48, command)), 74, "disk")
      #expect(try FileManager.default.contentsOfDirectory(atPath: town.folder.path).sorted() == before)
      #expect(!FileManager.default.fileExists(atPath: town.path(file)))
    }
    let city = { (arguments: [String]) in [Program.path("city")] + arguments + ["--home", town.path("city")] }
    // What is pending is frozen already.
    try await town.county("one", ["bundle", "write", town.path("frozen")])
    let write = town.county(starting: "one", ["bundle", "write", town.path("up")])
    try await fails(write, "up")
    // A bundle that stands there already stays whole.
    try FileManager.default.copyItem(atPath: town.path("frozen"), toPath: town.path("kept"))
    let kept = try Data(contentsOf: URL(fileURLWithPath: town.path("kept")))
    expectFailure(
      try await run(limited(48, town.county(starting: "one", ["bundle", "write", town.path("kept")]))), 74,
      "disk is full")
    #expect(try Data(contentsOf: URL(fileURLWithPath: town.path("kept"))) == kept)
    try await need(write)
    try await town.city(["bundle", "read", town.path("up"), "--reply", town.path("down")])
    try await town.county("one", ["bundle", "read", town.path("down")])
    // The answer to another machine holds all of it.
    try await town.county("two", ["bundle", "write", town.path("up2")])
    let read = city(["bundle", "read", town.path("up2"), "--reply", town.path("down2")])
    try await fails(read, "down2")
    try await need(read)
    try await town.county("two", ["bundle", "read", town.path("down2")])
    #expect(try await town.county("two", ["list", "enterprise", "--json"]).list.count == 3000)
    let backup = city(["backup", town.path("city.backup")])
    try await fails(backup, "city.backup")
    try await need(backup)
    let restore = [Program.path("city"), "restore", town.path("city.backup"), "--home", town.path("new")]
    expectFailure(try await run(limited(48, restore)), 74)
    #expect(!FileManager.default.fileExists(atPath: town.path("new/master.sqlite")))
    try await need(restore)
    for home in ["one", "two"] { #expect(try await town.county(home, ["verify"]).isDone) }
    #expect(try await town.city(["verify"]).isDone)
  }
}
