import Foundation
import Testing

/// What people see who decide.
@Suite struct DecisionProgramTests {
  @Test func aDecisionThatWasRefusedIsToldWithWhatWasTyped() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    for home in ["one", "two"] { try await town.county(home, ["edit", "enterprise", id, "name=海州\(home)公司"]) }
    for home in ["one", "two", "one"] { try await town.sync(home) }
    let conflict = try #require(try await town.county("one", ["conflicts", "--json"]).list.first?["id"] as? Int)
    try await town.county("one", ["decide", "\(conflict)", "--value", "海州甲三公司", "--reason", "执照为准"])
    #expect(try await town.county("one", ["status", "--json"]).object["pending"] as? Int == 1)
    let shown = try await town.county("one", ["conflicts", "--json"]).list.first?["pending_decision"] as? [String: Any]
    #expect(shown?["value"] as? String == "海州甲三公司" && shown?["reason"] as? String == "执照为准")
    #expect(try await town.county("one", ["conflicts"]).out.contains("not answered by the city yet: value → 海州甲三公司"))
    try await town.county("two", ["edit", "enterprise", id, "name=海州甲四公司"])
    try await town.sync("two")
    let told = try await town.county("one", ["sync"]).err
    #expect(told.contains("#\(conflict) (海州甲三公司)"), "\(told)")
    #expect(try await town.row("city", "enterprise", id)["name"] as? String == "海州one公司")
  }

  @Test("Who decides about a row sees what the master had, what each contender wants, and what stays")
  func aRowConflictShowsWhatADecisionReplaces() async throws {
    let town = try await Town.tally()
    try await town.serve()
    for home in ["one", "two"] { try await town.join(home, "A") }
    try await town.county("one", ["add", "counter", "id=c1", "site=A", "total=5", "note=n"])
    for home in ["one", "two"] { try await town.sync(home) }
    try await town.sqlite(town.master, "DELETE FROM counter")
    try await town.county("two", ["edit", "counter", "c1", "total=7", "note=m"])
    try await town.sync("two")
    let open = try await town.city(["conflicts"]).out
    #expect(open.contains("deleted the row: id=c1 site=A total=5 note=n"), "\(open)")
    #expect(open.contains("changes a deleted row: id=c1 site=A total=7 note=m"), "\(open)")
    #expect(open.contains("what a rule computes as it is: total"), "\(open)")
    // No value that a county could name would do.
    let value = ["decide", "1", "--value", "8", "--reason", "现场核实"]
    try await town.sync("two")
    expectFailure(try await town.tryCounty("two", value), 77, "conflict 1 is for the city to decide")
    // What stands by now joins them when it is replaced.
    try await town.city(["edit", "counter", "c1", "note=o"])
    let decided = try await town.city(["decide", "1", "--take", "1", "--reason", "现场核实"]).out
    #expect(decided.contains("the row as the master had it: id=c1 site=A total=7 note=o"), "\(decided)")
    #expect(try await town.row("city", "counter", "c1")["note"] as? String == "m")
  }

  @Test func oneValueIsForConflictsOfOneField() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    for home in ["one", "two"] {
      try await town.county(home, ["edit", "enterprise", id, "name=海州\(home)公司", "note=\(home)"])
    }
    for home in ["one", "two"] { try await town.sync(home) }
    let decide = ["decide", "--all", "--record", "enterprise", "--value", "海州甲三公司", "--reason", "执照为准"]
    expectFailure(try await town.tryCity(decide), 64, "enterprise.name, enterprise.note", "--field")
    expectFailure(try await town.tryCity(decide + ["--field", "nmae"]), 64, "nmae", "did you mean 'name'?")
    #expect(try await town.city(decide + ["--field", "name", "--json"]).list.count == 1)
    #expect(try await town.row("city", "enterprise", id)["name"] as? String == "海州甲三公司")
    // What begins with a dash is a value, too, but no option is.
    let note = ["decide", "--all", "--record", "enterprise", "--field", "note", "--reason", "现场核实", "--value"]
    expectFailure(try await town.tryCity(note + ["--json"]), 64, "--value needs a value")
    #expect(try await town.city(note + ["-已停产", "--json"]).list.count == 1)
    #expect(try await town.row("city", "enterprise", id)["note"] as? String == "-已停产")
    let none = ["decide", "--all", "--record", "enterprise", "--field", "name", "--keep", "--reason", "执照为准"]
    #expect(try await town.city(none).out == "0 decided: no open conflict fits\n")
  }
}
