import Foundation
import Testing

// What people and broken machines do. Each is refused with its exit code and a sentence that says what and where.

@Suite struct BadInputTests {
  @Test func theCityCannotBeReached() async throws {
    let town = try await registryTown([("one", "320706")])
    await town.stop()
    try await town.county("one", ["add", "enterprise", "name=甲"])
    let before = Date()
    for _ in 1...2 {
      expectFailure(try await town.tryCounty("one", ["sync"]), 69, "cannot be reached", "nothing is lost")
    }
    #expect(Date().timeIntervalSince(before) < 60)
    let status = try await town.county("one", ["status", "--json"]).object
    #expect((status["pending"] as? Int ?? 0) + (status["in_flight"] as? Int ?? 0) == 1)
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.count == 1)
    try await town.serve()
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    #expect(try await town.city(["list", "enterprise", "--json"]).list.count == 1)
  }

  @Test func anAddressThatDoesNotAnswerIsNotKept() async throws {
    let town = try await registryTown([("one", "320706")])
    func server() async throws -> String? {
      try await town.county("one", ["status", "--json"]).object["server"] as? String
    }
    expectFailure(try await town.tryCounty("one", ["sync", "--server", "foo"]), 78, "http://")
    expectFailure(
      try await town.tryCounty("one", ["sync", "--server", "http://127.0.0.1:9"]), 69, "127.0.0.1:9",
      "county sync --server URL")
    #expect(try await server() == town.url)
    try await town.sync("one")
    try await town.county("one", ["sync", "--server", town.url + "/"])
    #expect(try await server() == town.url + "/")
    let verify = ["verify", "--deep", "--server"]
    expectFailure(try await town.tryCounty("one", verify + ["http://127.0.0.1:9"]), 69, "127.0.0.1:9")
    #expect(try await town.tryCounty("one", verify + [town.url]).isDone)
    #expect(try await server() == town.url + "/")
  }

  @Test func anEnrolmentCodeThatIsWrong() async throws {
    let town = try await Town()
    try await town.serve()
    let code = try await town.code("320706")
    let other = (code.first == "7" ? "8" : "7") + code.dropFirst()
    for wrong in [other, "7777", "not a code"] {
      let outcome = try await town.tryCounty("one", ["init", "--server", town.url, "--code", wrong])
      expectFailure(outcome, 77, "enrolment code")
    }
    // The home is still free for the right one.
    try await town.county("one", ["init", "--server", town.url, "--code", code])
  }

  @Test func anEnrolmentCodeThatWasUsed() async throws {
    let town = try await Town()
    try await town.serve()
    let code = try await town.code("320706")
    try await town.county("one", ["init", "--server", town.url, "--code", code])
    let outcome = try await town.tryCounty("two", ["init", "--server", town.url, "--code", code])
    expectFailure(outcome, 77, "wrong, used, expired")
  }

  @Test func anEnrolmentCodeOfAnotherCity() async throws {
    let (town, other) = (try await Town(), try await Town())
    try await town.serve()
    let code = try await other.code("320706")
    expectFailure(try await town.tryCounty("one", ["init", "--server", town.url, "--code", code]), 77)
  }

  @Test func anOrgUnitThatIsNotThere() async throws {
    let town = try await Town()
    expectFailure(try await town.tryCity(["enroll", "--org", "999999"]), 66, "999999")
  }

  @Test func aBadCreditCode() async throws {
    let town = try await registryTown([("one", "320706")])
    for (code, why) in [
      ("91320706PDY00001XG", "position 18"), ("91320706PDY", "18"), ("913207O6PDY00001XF", "position 7"),
    ] {
      let outcome = try await town.tryCounty("one", ["add", "enterprise", "name=甲", "uscc=\(code)"])
      expectFailure(outcome, 65, "enterprise.uscc", why)
    }
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
  }

  @Test func unknownNames() async throws {
    let town = try await registryTown([("one", "320706")])
    expectFailure(
      try await town.tryCounty("one", ["list", "enterprize"]), 66, "enterprize", "did you mean 'enterprise'?")
    let field = try await town.tryCounty("one", ["add", "enterprise", "nmae=甲"])
    expectFailure(field, 64, "nmae", "did you mean 'name'?")
    expectFailure(try await town.tryCounty("one", ["show", "enterprise", "uscc:none"]), 66, "no enterprise")
    expectFailure(
      try await town.tryCounty("one", ["show", "enterprise", "uscc:91320706PDY00001XF"]), 66, "no enterprise")
  }

  @Test func whatIsNotThere() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    try await town.sync("one")
    let none = UUID().uuidString.lowercased()
    for command in ["history", "diff"] {
      expectFailure(try await town.tryCounty("one", [command, "enterprise", none]), 66, none, "list enterprise")
      #expect(try await town.tryCounty("one", [command, "enterprise", id]).isDone)
    }
    expectFailure(try await town.tryCity(["history", "enterprise", none]), 66, none)
    for unit in [["--to", "999999", id], ["--to", "320722", "--from", "999999"]] {
      expectFailure(
        try await town.tryCity(["transfer", "enterprise", "--reason", "r"] + unit), 66, "999999", "list org")
    }
    // What is gone has a history.
    try await town.county("one", ["delete", "enterprise", id])
    #expect(try await town.tryCounty("one", ["history", "enterprise", id]).isDone)
    try await town.sync("one")
    #expect(try await town.tryCity(["history", "enterprise", id]).isDone)
    #expect(try await town.tryCounty("one", ["diff", "enterprise", id]).isDone)
  }

  @Test(arguments: [
    ["list", "enterprise", "--limit", "-1"], ["list", "enterprise", "--limit=-1"], ["list"], ["frobnicate"],
    ["add", "enterprise", "name"], ["conflicts", "--state", "closed"], ["add", "enterprise", "name=甲", "name=乙"],
    ["edit", "enterprise_year", "1", "staff=1"], ["list", "enterprise", "--frobnicate"],
  ])
  func wrongUsage(_ arguments: [String]) async throws {
    let town = try await registryTown([("one", "320706")])
    let outcome = try await town.tryCounty("one", arguments)
    #expect(outcome.code == 64, "\(outcome.err)")
    #expect(!outcome.err.isEmpty)
  }

  @Test func anEmptyNameIsNobodys() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "--actor", ""]).line
    try await town.sync("one")
    try await town.city(["edit", "enterprise", id, "name=乙", "--actor", " "])
    let history = try await town.city(["history", "enterprise", id, "--json"]).list
    #expect(history.map { $0["actor"] as? String } == ["clerk one", "city"])
  }

  @Test func aHomeThatIsNotThere() async throws {
    for program in ["county", "city"] {
      let outcome = try await run([Program.path(program), "records"])
      expectFailure(outcome, 78, "--home", program.uppercased() + "_HOME")
    }
    let town = try await Town()
    expectFailure(try await town.tryCounty("nowhere", ["status"]), 66, "county init")
    expectFailure(try await run([Program.path("city"), "verify", "--home", town.path("nowhere")]), 66, "city init")
    expectFailure(try await town.tryCity(["init"]), 65, "already")
  }

  /// Another program that has a file's lock for so long.
  private func hold(_ file: String, _ lock: String, seconds: Int) async throws -> Running {
    let script = """
      import sqlite3, sys, time
      c = sqlite3.connect(sys.argv[1], isolation_level=None)
      c.execute("BEGIN \(lock)")
      print("held", flush=True)
      time.sleep(\(seconds))
      """
    let holder = try Running(["python3", "-c", script, file])
    _ = try await holder.firstLine()
    return holder
  }

  @Test func aLockedDatabase() async throws {
    let town = try await registryTown([("one", "320706")])
    let holder = try await hold(town.replica("one"), "EXCLUSIVE", seconds: 120)
    let before = Date()
    expectFailure(try await town.tryCounty("one", ["add", "enterprise", "name=甲"]), 75, "locked", "try again")
    // It waits before it gives up, and not for ever.
    #expect((3.0..<30).contains(Date().timeIntervalSince(before)))
    expectFailure(try await town.tryCounty("one", ["sync"]), 75, "locked")
    holder.kill(SIGKILL)
    _ = await holder.outcome()
    try await town.county("one", ["add", "enterprise", "name=甲"])
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
  }

  /// What is busy is this machine, and nobody was asked.
  @Test func anAddressIsNotKeptWhenNobodyWasAsked() async throws {
    let town = try await registryTown([("one", "320706")])
    // Longer than the sync waits, and shorter than it and a second write would.
    let holder = try await hold(town.replica("one"), "IMMEDIATE", seconds: 7)
    let outcome = try await town.tryCounty("one", ["sync", "--server", "http://127.0.0.1:9"])
    // On a slow machine it comes to ask.
    #expect([69, 75].contains(outcome.code), "\(outcome.err)")
    _ = await holder.outcome()
    let status = try await town.county("one", ["status", "--json"]).object
    #expect(status["server"] as? String == town.url)
    try await town.sync("one")
  }

  @Test func aFileThatIsNoReplica() async throws {
    let town = try await registryTown([("one", "320706")])
    let file = town.replica("one")
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
    _ = try town.write("one/replica.sqlite", String(repeating: "This is a letter, not a database.\n", count: 300))
    expectFailure(try await town.tryCounty("one", ["status"]), 65, "replica.sqlite")
    try FileManager.default.removeItem(atPath: file)
    try await town.sqlite(file, "CREATE TABLE enterprise (id TEXT)")
    for command in [["status"], ["list", "enterprise"], ["sync"], ["verify"]] {
      expectFailure(try await town.tryCounty("one", command), 65, "replica.sqlite")
    }
  }

  @Test func aCellThatTheCityOwns() async throws {
    let town = try await registryTown([("one", "320706")])
    expectFailure(
      try await town.tryCounty("one", ["edit", "org_unit", "320706", "name_zh=海州"]), 77, "org_unit", "city")
    expectFailure(try await town.tryCounty("one", ["add", "platform", "name_zh=台"]), 77, "platform")
    expectFailure(try await town.tryCounty("one", ["delete", "org_unit", "320706"]), 77, "org_unit")
    let foreign = try await town.tryCounty("one", ["add", "enterprise", "name=甲", "owner_org=320722"])
    expectFailure(foreign, 77, "enterprise.owner_org")
  }

  @Test func textWithZeroBytes() async throws {
    let town = try await registryTown([("one", "320706")])
    let csv = town.path("zero.csv")
    try Data("name,address\n甲,a\0b\n".utf8).write(to: URL(fileURLWithPath: csv))
    #expect(try await town.tryCounty("one", ["import", "enterprise", csv]).code == 65)
    // Another program may write it; it is told and held back, and the rest goes.
    let id = try await town.county("one", ["add", "enterprise", "name=乙", "--json"]).object["id"] as? String ?? ""
    try await town.county("one", ["add", "enterprise", "name=丙"])
    let forced = try await run([
      "sqlite3", town.replica("one"), "UPDATE enterprise SET address = 'a' || char(0) || 'b' WHERE id = '\(id)'",
    ])
    let sync = try await town.tryCounty("one", ["sync", "--json"])
    if forced.isDone {
      #expect(sync.object["pushed"] as? Int == 1)
      #expect(sync.err.contains("enterprise \(id).address"), "\(sync.err)")
    } else {
      #expect(sync.object["pushed"] as? Int == 2)
    }
    let stored = try await town.sqlite(town.master, "SELECT count(*) FROM enterprise WHERE instr(address, char(0))")
    #expect(stored == "0\n")
  }

  /// A terminal that speaks GB18030: what it sends would be stored as other letters.
  @Test func argumentsOfAnotherEncoding() async throws {
    let town = try await registryTown([("one", "320706")])
    let name = "$(printf '\\301\\254\\324\\306')"
    for (program, home, place) in [("county", "one", 3), ("city", "city", 3)] {
      let script = "\(Program.path(program)) add enterprise name=\(name) --home \(town.path(home))"
      let outcome = try await run(["/bin/sh", "-c", script], environment: ["LANG": "C.UTF-8"])
      expectFailure(outcome, 64, "argument \(place) is not UTF-8", "nothing was done", "GB18030")
    }
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
    #expect(try await town.city(["list", "enterprise", "--json"]).list.isEmpty)
  }

  @Test func anImportWithTenBadRows() async throws {
    let town = try await registryTown([("one", "320706")])
    var lines = ["name,founded_on,lat"]
    for n in 1...40 { lines.append(n % 4 == 0 ? "企业\(n),2020-13-\(n),1" : "企业\(n),2020-01-02,1.5") }
    let csv = try town.write("bad.csv", lines.joined(separator: "\n") + "\n")
    let outcome = try await town.tryCounty("one", ["import", "enterprise", csv, "--json"])
    expectFailure(outcome, 65, "row 5", "founded_on", "2020-13-40")
    let problems = try #require(outcome.object["problems"] as? [[String: Any]])
    #expect(problems.count == 10)
    #expect(problems.compactMap { $0["row"] as? Int } == stride(from: 5, through: 41, by: 4).map { $0 })
    #expect(problems.allSatisfy { $0["column"] as? String == "founded_on" })
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
    #expect(try await town.county("one", ["status", "--json"]).object["pending"] as? Int == 0)
  }

  @Test func aParentWithChildren() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "--json"]).object["id"] as? String ?? ""
    try await town.county("one", ["add", "enterprise_year", "enterprise_id=\(id)", "year=2025"])
    expectFailure(try await town.tryCounty("one", ["delete", "enterprise", id]), 65, "enterprise_year", id)
    try await town.county("one", ["delete", "enterprise_year", "\(id),2025"])
    try await town.county("one", ["delete", "enterprise", id])
    #expect(try await town.county("one", ["status", "--json"]).object["pending"] as? Int == 0)
  }
}
