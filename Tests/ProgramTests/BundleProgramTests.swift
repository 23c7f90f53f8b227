import Foundation
import TestSupport
import Testing

// Sticks with the real executables: files in a folder stand for the stick that somebody carries.

@Suite(.timeLimit(.minutes(30))) struct BundleProgramTests {
  @Test func aCountyIsEnrolledLivesAndIsUpdatedOnSticksAlone() async throws {
    let town = try await Town.tally()
    try await town.city(["add", "counter", "id=old", "site=A", "total=1", "note=from the city"])
    try await town.start("one", "A")
    #expect(try await town.counters(town.replica("one")) == "old|A|1|from the city")
    #expect(try await town.city(["replicas", "--json"]).list.isEmpty)
    for command in [["sync"], ["verify", "--deep"]] {
      let alone = try await town.tryCounty("one", command)
      expectFailure(alone, 78, "knows no address of the city", "--server URL", "county bundle write")
    }

    try await town.county("one", ["add", "counter", "id=new", "site=A", "total=2", "note=来自县里"])
    try await town.sqlite(town.replica("one"), "UPDATE counter SET total = 7 WHERE id = 'old'")
    try await town.writeBundle("one", "up")
    let report = try await town.answerBundle("up", "down")
    #expect(report["enrolled"] as? Bool == true && report["new"] as? Int == 1)
    try await town.city(["edit", "counter", "new", "note=seen"])
    try await town.takeBundle("one", "down")
    #expect(try await town.city(["replicas", "--json"]).list.count == 1)
    // Welcome by now: the next stick does not ask again.
    try await town.writeBundle("one", "up")
    #expect(try await town.answerBundle("up", "down")["enrolled"] as? Bool == false)
    let summary = try await town.takeBundle("one", "down")
    #expect(summary["pulled"] as? Int == 1)
    try await town.start("two", "A")
    try await town.carry("two")
    try await town.expectEqual(["one", "two"])
    #expect(try await town.counters(town.master) == "new|A|2|seen\nold|A|7|from the city")
  }

  @Test func networkAndSticksMix() async throws {
    var random = Seeded(state: 24)
    let town = try await Town.tally()
    try await town.serve()
    try await town.start("one", "A")
    // Its first words go over the network, enrolment included.
    try await town.county("one", ["sync", "--server", town.url])
    try await town.join("two", "A")
    var (up, down): ([String], [String]) = ([], [])
    for step in 1...30 {
      let file = town.replica(Bool.random(using: &random) ? "one" : "two")
      try await town.sqlite(
        Int.random(in: 0..<3, using: &random) == 0 ? town.master : file,
        """
        INSERT INTO counter VALUES ('r\(Int.random(in: 1...6, using: &random))', 'A', \(step), 'n')
        ON CONFLICT DO UPDATE SET total = max(total, \(step))
        """)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: try await town.sync("one")
      case 1: try await town.sync("two")
      case 2:
        up.append("up\(step)")
        try await town.writeBundle("one", "up\(step)")
      case 3:
        guard let name = up.randomElement(using: &random) else { continue }
        down.append("down\(step)")
        try await town.answerBundle(name, "down\(step)")
      default:
        if let name = down.randomElement(using: &random) {
          _ = try await town.tryCounty("one", ["bundle", "read", town.path(name)])
        }
      }
    }
    for _ in 1...2 {
      try await town.carry("one")
      try await town.sync("two")
    }
    for name in down { try await town.takeBundle("one", name) }
    try await town.sync("one")
    try await town.expectEqual(["one", "two"])
  }

  @Test func eachMistakeIsNamed() async throws {
    let town = try await Town.tally()
    try await town.start("one", "A")
    try await town.start("two", "A")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "total=1"])
    let size = try await town.county("one", ["bundle", "write", town.path("up"), "--part-size", "500", "--json"]).object
    #expect(size["parts"] as? Int ?? 0 > 1 && size["batches"] as? Int == 1 && size["rows"] as? Int == 1)
    func city(_ file: String, _ code: Int32, _ words: String) async throws {
      let reply = town.path("answer")
      expectFailure(try await town.tryCity(["bundle", "read", town.path(file), "--reply", reply]), code, words)
      #expect(!FileManager.default.fileExists(atPath: reply))
    }
    try await city("nothing", 66, "no file")
    try await city("first-one", 65, "county init --bundle")
    let part = URL(fileURLWithPath: town.path("up.2"))
    let whole = try Data(contentsOf: part)
    try FileManager.default.removeItem(at: part)
    try await city("up", 65, "up.2 of the bundle is missing")
    try whole.dropLast(9).write(to: part)
    try await city("up", 65, "cut short")
    var changed = whole
    changed[changed.endIndex - 1] ^= 1
    try changed.write(to: part)
    try await city("up", 76, "damaged")
    try whole.write(to: part)
    try await town.answerBundle("up", "down")
    expectFailure(try await town.tryCounty("two", ["bundle", "read", town.path("down")]), 76, "another machine")
    expectFailure(try await town.tryCounty("one", ["bundle", "read", town.path("up")]), 65, "to the city")
    expectFailure(try await town.tryCounty("one", ["bundle", "write", town.replica("one")]), 64, "not a bundle")
    for command in [["snapshot", "--org", "A"], ["backup"], ["backup", "--force"]] {
      expectFailure(try await town.tryCity(command + [town.path("one")]), 64, "is a folder; add the name of a file")
    }
    expectFailure(try await town.tryCounty("one", ["bundle", "write", town.path("one")]), 64, "is a folder")
    try await town.takeBundle("one", "down")
    let again = try await town.tryCounty("one", ["bundle", "read", town.path("down")])
    #expect(again.code == 0 && again.err.contains("holds nothing"))
    let lock = try Running(["flock", town.path("one/sync.lock"), "sleep", "30"])
    try await Task.sleep(for: .milliseconds(500))
    expectFailure(try await town.tryCounty("one", ["bundle", "write", town.path("x")]), 75, "another sync")
    lock.kill(SIGTERM)
    _ = await lock.outcome()
    try await town.expectEqual(["one"])
  }

  @Test func aFirstStickIsForItsCode() async throws {
    let town = try await Town.tally()
    let made = try await town.city(["snapshot", "--org", "A", town.path("first"), "--json"]).object
    let code = try #require(made["code"] as? String)
    #expect(made["parts"] as? Int == 1 && made["bytes"] as? Int ?? 0 > 1000)
    // The second stick opens with the code that is still unused.
    #expect(
      try await town.city(["snapshot", "--org", "A", town.path("second"), "--json"]).object["codes"] as? Int == 1)
    let other = try await town.code("B")
    func fails(_ code: String, _ exit: Int32, _ words: String, file: String = "first") async throws {
      let outcome = try await town.tryCounty("new", ["init", "--bundle", town.path(file), "--code", code])
      expectFailure(outcome, exit, words)
      #expect(!FileManager.default.fileExists(atPath: town.replica("new")))
    }
    try await fails(other, 77, "does not open")
    try await fails(code, 66, "no file", file: "nothing")
    try await fails("ABC", 77, "not an enrolment code")
    expectFailure(try await town.tryCounty("new", ["init", "--code", code]), 64, "--server URL, or --bundle")
    expectFailure(try await town.tryCity(["snapshot", "--org", "Z", town.path("x")]), 66, "no org unit Z")
    try await town.county("new", ["init", "--bundle", town.path("second"), "--code", code])
    // One code is for one machine: the second one hears so when its first stick arrives, and goes on with another.
    try await town.county("late", ["init", "--bundle", town.path("first"), "--code", code])
    try await town.county("late", ["add", "counter", "id=l", "site=A", "total=1"])
    try await town.carry("new")
    try await town.writeBundle("late", "up")
    expectFailure(
      try await town.tryCity(["bundle", "read", town.path("up"), "--reply", town.path("down")]), 77,
      "code is wrong, used")
    try await town.county("late", ["bundle", "write", town.path("up"), "--code", try await town.code("A")])
    try await town.answerBundle("up", "down")
    try await town.takeBundle("late", "down")
    try await town.carry("new")
    try await town.expectEqual(["new", "late"])
  }
}
