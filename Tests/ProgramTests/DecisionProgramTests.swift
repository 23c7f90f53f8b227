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
    try await town.county("two", ["edit", "enterprise", id, "name=海州甲四公司"])
    try await town.sync("two")
    let told = try await town.county("one", ["sync"]).err
    #expect(told.contains("#\(conflict) (海州甲三公司)"), "\(told)")
    #expect(try await town.row("city", "enterprise", id)["name"] as? String == "海州one公司")
  }
}
