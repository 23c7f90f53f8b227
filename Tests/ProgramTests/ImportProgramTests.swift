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
}
