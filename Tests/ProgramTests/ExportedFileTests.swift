import Foundation
import Testing

/// A clerk exports rows, works on the file for days, and imports it when others have changed the rows meanwhile.
@Suite struct ExportedFileTests {
  private static let code = "91320706PDY00001XF"
  private static let other = "91320722PDY000044A"

  /// A town with one enterprise, whose rows were exported as `e.csv` and `e.xlsx`; others have changed its address since.
  private func exported() async throws -> (Town, id: String, csv: String) {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)", "address=一路"]).line
    try await town.sync("one")
    for name in ["e.csv", "e.xlsx"] { try await town.county("one", ["export", "enterprise", town.path(name)]) }
    try await town.city(["edit", "enterprise", id, "address=二路"])
    try await town.sync("one")
    return (town, id, try String(contentsOfFile: town.path("e.csv"), encoding: .utf8))
  }

  private func enterprise(_ town: Town, _ id: String) async throws -> [String: Any] {
    try await town.county("one", ["show", "enterprise", id, "--json"]).object
  }

  @Test("A cell that its author left alone overwrites nothing")
  func leftAlone() async throws {
    let (town, id, csv) = try await exported()
    for name in ["e.csv", "e.xlsx"] {
      let outcome = try await town.county("one", ["import", "enterprise", town.path(name), "--json"]).object
      #expect(outcome["changed"] as? Int == 0, "\(name): \(outcome)")
    }
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "甲", with: "甲公司"))
    let outcome = try await town.county("one", ["import", "enterprise", edited, "--json"]).object
    #expect(outcome["changed"] as? Int == 1)
    let row = try await enterprise(town, id)
    #expect(row["name"] as? String == "甲公司" && row["address"] as? String == "二路")
    // Who leaves the column out says what the file says.
    try await town.county("one", ["export", "enterprise", town.path("plain.csv"), "--plain"])
    #expect(try !String(contentsOfFile: town.path("plain.csv"), encoding: .utf8).contains("_seen"))
  }

  @Test("A cell that somebody else has changed since is not overwritten, and its author told")
  func changedMeanwhile() async throws {
    let (town, id, csv) = try await exported()
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "一路", with: "三路"))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", edited]), 65, "row 2", "enterprise.address", "二路", "edit"
    )
    #expect(try await enterprise(town, id)["address"] as? String == "二路")
    // What it is by now may be said again.
    let same = try town.write("same.csv", csv.replacingOccurrences(of: "一路", with: "二路"))
    let outcome = try await town.county("one", ["import", "enterprise", same, "--json"]).object
    #expect(outcome["changed"] as? Int == 0)
  }

  @Test("A line that was copied to make a new row is one, and a file brings back what is not there")
  func copiedLine() async throws {
    let (town, id, csv) = try await exported()
    let copied = csv.replacingOccurrences(of: id, with: UUID().uuidString.lowercased())
      .replacingOccurrences(of: Self.code, with: Self.other)
    let file = try town.write("copied.csv", copied)
    #expect(try await town.county("one", ["import", "enterprise", file, "--json"]).object["added"] as? Int == 1)
    try await town.county("one", ["delete", "enterprise", id])
    let back = try await town.county("one", ["import", "enterprise", town.path("e.csv"), "--json"]).object
    #expect(back["added"] as? Int == 1)
    #expect(try await enterprise(town, id)["address"] as? String == "一路")
  }
}
