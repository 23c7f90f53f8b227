import Foundation
import Testing

/// What a clerk is told of a file that they import, and what is taken of it.
@Suite struct ImportProgramTests {
  private static let code = "91320706PDY00001XF"
  private static let other = "91320722PDY000044A"

  @Test("The own unit fills itself in a key, too: a line of a template is found again")
  func ownUnitInAKey() async throws {
    let town = try await registryTown([("one", "320706")])
    func file(_ lines: String) throws -> [String] {
      ["import", "indicator_value", try town.write("v.csv", "indicator,year,item,value\n" + lines), "--json"]
    }
    try await town.county("one", try file("talent,2020,total,5\n"))
    let again = try await town.county("one", try file("talent,2020,total,6\ntalent,2021,total,7\n")).object
    #expect(again["added"] as? Int == 1 && again["changed"] as? Int == 1, "\(again)")
    let rows = try await town.county("one", ["list", "indicator_value", "--json"]).list
    #expect(rows.map { $0["value"] as? Double } == [6, 7])
    expectFailure(
      try await town.tryCounty("one", try file("talent,2022,total,8\ntalent,2022,total,9\n")), 65, "row 3",
      "is the same row as line 2")
  }
  @Test("Who may be out of scope is imported, and exported, by the credit code that every county sees")
  func codeOfAnotherCounty() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    let guest = try await town.county("two", ["add", "enterprise", "name=甲", "uscc=\(Self.other)"]).line
    for home in ["two", "one"] { try await town.sync(home) }
    let event = try await town.county("one", ["add", "event", "kind=topic", "title=对接会", "held_on=2018-06-01"]).line
    let file = try town.write("a.csv", "event_id,uscc\n\(event),\(Self.other)\n")
    #expect(try await town.county("one", ["import", "attendance", file, "--json"]).object["added"] as? Int == 1)
    try await town.county("one", ["export", "attendance", town.path("out.csv"), "--codes"])
    #expect(try String(contentsOfFile: town.path("out.csv"), encoding: .utf8).contains(Self.other))
    // Nobody has that code: there is nothing that a county could add.
    let wrong = try town.write("w.csv", "event_id,uscc\n\(event),\(Self.code)\n")
    let refused = try await town.tryCounty("one", ["import", "attendance", wrong])
    expectFailure(refused, 65, "row 2, uscc", "give enterprise_id instead")
    #expect(!refused.err.contains("add it first"), "\(refused.err)")
    // One of which the list says nothing is taken as it is named.
    let hidden = UUID().uuidString.lowercased()
    let named = try town.write("n.csv", "event_id,enterprise_id,uscc\n\(event),\(hidden),\(Self.code)\n")
    #expect(try await town.county("one", ["import", "attendance", named, "--json"]).object["added"] as? Int == 1)
    let guests = try await town.county("one", ["list", "attendance", "--json"]).list
    #expect(Set(guests.map { $0["enterprise_id"] as? String }) == [guest, hidden])
    try await town.county("one", ["delete", "attendance", "\(event),\(hidden)"])
    #expect(try await town.sync("one")["parked"] as? Int == 0)
    let sent = try await town.city(["list", "attendance", "--json"]).list
    #expect(sent.map { $0["enterprise_id"] as? String } == [guest])
  }
}
