import Foundation
import Testing

// A disk with no room: a limit on the size of files (RLIMIT_FSIZE), which needs no root. SIGXFSZ is ignored, so that a
// write beyond it fails as it does on a full disk.

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
}
