import Testing

@Suite struct MasterRepairProgramTests {
  @Test func anOfficialSeesBothValuesBeforeTheyDecide() async throws {
    let town = try await Town.tally()
    try await town.serve()
    try await town.join("one", "A")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "note=one"])
    try await town.county("one", ["add", "counter", "id=y", "site=A", "note=two"])
    try await town.sync("one")
    _ = try await town.sqlite(
      town.master,
      """
      CREATE TABLE z AS SELECT * FROM counter; DROP TABLE counter; ALTER TABLE z RENAME TO counter;
      UPDATE counter SET note = 'unseen' WHERE id = 'x'; DELETE FROM counter WHERE id = 'y';
      """)
    expectFailure(try await town.tryCounty("one", ["sync"]), 69, "city repair")
    let told = try await town.tryCity(["repair"])
    #expect(told.code == 65)
    #expect(told.out.contains("~ counter x  note: one → unseen") && told.out.contains("- counter y"))
    let rows = try await town.tryCity(["repair", "--json"]).object["rows"] as? [[String: Any]]
    let first = try #require(rows?.first { $0["change"] as? String == "~" })
    #expect((first["log"] as? [String: Any])?["note"] as? String == "one")
    #expect((first["here"] as? [String: Any])?["note"] as? String == "unseen")
    #expect(first["fields"] as? [String] == ["note"])
    #expect(try await town.city(["repair", "--adopt", "--actor", "li"]).isDone)
    try await town.sync("one")
    #expect(try await town.county("one", ["show", "counter", "x", "--json"]).object["note"] as? String == "unseen")
    try await town.expectEqual(["one"])
  }
}
