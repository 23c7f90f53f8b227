import Foundation
import Testing

@Suite struct ImportTwiceTests {
  private static let code = "91320706PDY00001XF"

  @Test("A line like a row that stands already is told, where nothing but its cells tells the two apart")
  func told() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)"]).line
    func imported(_ text: String, _ flags: String...) async throws -> Outcome {
      let file = try town.write("p.csv", "uscc,name,kind,year\n" + text)
      return try await town.county("one", ["import", "product", file, "--json"] + flags)
    }
    func noted(_ outcome: Outcome) -> [Int] {
      (outcome.object["notes"] as? [[String: Any]] ?? []).compactMap { $0["row"] as? Int }
    }
    // Two lines of one file are two rows.
    let lines = "\(Self.code),碳纤维,novel,2018\n\(Self.code),石英,,\n\(Self.code),石英,,\n"
    let first = try await imported(lines)
    #expect(noted(first) == [] && first.object["added"] as? Int == 3)
    let keys = try await town.county("one", ["list", "product", "--json"]).list.compactMap { $0["id"] as? String }
    let dry = try await imported(lines, "--dry-run")
    #expect(noted(dry) == [2, 3, 4], "\(dry.err)")
    #expect(keys.contains { dry.err.contains("stands already, \($0)") }, "\(dry.err)")
    // One of them is another row by now.
    try await town.sqlite(town.replica("one"), "UPDATE product SET year = 2019 WHERE kind = 'novel'")
    let again = try await imported(lines)
    #expect(noted(again) == [3, 4] && again.object["added"] as? Int == 3, "\(again)")
    // By the reference itself too; what the file does not say does not matter.
    let short = try town.write("s.csv", "enterprise_id,name\n\(id),石英\n\(id),别的\n")
    #expect(noted(try await town.county("one", ["import", "product", short, "--json"])) == [2])
  }

  @Test("A row that its key or a code tells from others is not doubted")
  func notTold() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)"])
    for year in [2018, 2019] {
      let file = try town.write("y.csv", "uscc,year,staff\n\(Self.code),\(year),30\n")
      let outcome = try await town.county("one", ["import", "enterprise_year", file, "--json"]).object
      #expect(outcome["added"] as? Int == 1 && (outcome["notes"] as? [Any])?.isEmpty == true, "\(outcome)")
    }
  }
}
