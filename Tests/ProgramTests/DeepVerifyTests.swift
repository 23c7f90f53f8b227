import Foundation
import Testing

// What a tool wrote past the triggers is found through the executables, and adopted or set back by its clerk.

@Suite struct DeepVerifyTests {
  /// A tool rebuilds a table, which takes its triggers away, and edits it.
  private func rebuilt(_ town: Town, _ id: String) async throws {
    try await town.sqlite(
      town.replica("one"),
      """
      PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE copy AS SELECT * FROM enterprise; DROP TABLE enterprise;
      ALTER TABLE copy RENAME TO enterprise; UPDATE enterprise SET address = '新址' WHERE id = '\(id)'; COMMIT;
      """)
  }

  @Test func aRebuiltTableIsRepairedAndItsEditsAreAdopted() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    let well = try await town.county("one", ["verify", "--deep", "--json"]).object
    #expect(well["ok"] as? Bool == true && well["compared"] as? Bool == true)
    try await rebuilt(town, id)
    expectFailure(try await town.tryCounty("one", ["sync"]), 65, "--deep")
    let found = try await town.tryCounty("one", ["verify", "--deep", "--json"])
    #expect(found.code == 65)
    let cell = try #require((found.object["differences"] as? [[String: Any]])?.first)
    #expect(cell["record"] as? String == "enterprise" && cell["field"] as? String == "address")
    #expect(cell["here"] as? String == "新址" && cell["city"] as? String == "旧址")
    #expect(cell["newer"] as? Bool == false && cell["adopted"] as? Bool == true)
    // Nothing is pulled over it until the clerk has said what is to become of it.
    expectFailure(try await town.tryCounty("one", ["sync"]), 65, "--adopt")
    let adopted = try await town.county("one", ["verify", "--deep", "--adopt", "--actor", "li", "--json"]).object
    #expect(adopted["action"] as? String == "adopted" && adopted["rows"] as? Int == 1)
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    #expect(try await town.city(["show", "enterprise", id, "--json"]).object["address"] as? String == "新址")
    #expect(try await town.county("one", ["verify", "--deep"]).isDone)
    try await town.city(["verify"])
  }

  @Test func whatIsSetBackIsAsTheCityHasIt() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320706")])
    let id = try await sharedEnterprise(town)
    try await rebuilt(town, id)
    #expect(try await town.county("one", ["verify", "--deep", "--set-back"]).out.contains("1"))
    #expect(try await town.county("one", ["show", "enterprise", id, "--json"]).object["address"] as? String == "旧址")
    #expect(try await town.sync("one")["pushed"] as? Int == 0)
  }

  @Test func whatIsNotAdoptedIsMarked() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320706")])
    let id = try await sharedEnterprise(town)
    try await rebuilt(town, id)
    try await town.county("two", ["edit", "enterprise", id, "address=他址"])
    try await town.sync("two")
    let found = try await town.tryCounty("one", ["verify", "--deep", "--json"])
    let cell = try #require((found.object["differences"] as? [[String: Any]])?.first)
    #expect(cell["field"] as? String == "address" && cell["city"] as? String == "他址")
    #expect(cell["newer"] as? Bool == true && cell["adopted"] as? Bool == false)
    // It may be that nobody has changed it, and that it came back to a city that was restored.
    let told = try await town.tryCounty("one", ["verify", "--deep"]).out
    #expect(told.contains("changed at the city since, or came back to it after a restore; the city's value stands"))
  }

  @Test func withoutTheCityWhatCanBeToldIsTold() async throws {
    let town = try await registryTown([("one", "320706")])
    await town.stop()
    let outcome = try await town.tryCounty("one", ["verify", "--deep", "--json"])
    expectFailure(outcome, 69)
    #expect(outcome.object["ok"] as? Bool == false && outcome.object["compared"] as? Bool == false)
    #expect((outcome.object["problems"] as? [Any])?.isEmpty == true)
    let told = try await town.tryCounty("one", ["verify", "--deep"])
    #expect(told.out == "the rows were not compared with the city's\n")
    expectFailure(try await town.tryCounty("one", ["verify", "--adopt"]), 64, "--deep")
    expectFailure(try await town.tryCounty("one", ["verify", "--deep", "--adopt", "--set-back"]), 64)
  }
}
