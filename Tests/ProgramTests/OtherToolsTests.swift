import Foundation
import Testing

// A replica is a plain SQLite file: what any other program edits is captured with the value that it had before.

@Suite struct OtherToolsTests {
  /// What the city's history says of the last change of a row.
  private func lastCells(_ town: Town, _ id: String) async throws -> [String] {
    let entries = try await town.city(["history", "enterprise", id, "--json"]).list
    let last = try #require(entries.max { ($0["received_at"] as? String ?? "") < ($1["received_at"] as? String ?? "") })
    #expect(last["change"] as? String == "update")
    #expect(last["actor"] as? String == "clerk two")
    return (last["cells"] as? [[String: Any]] ?? []).map {
      "\($0["field"] ?? ""): \($0["old"] ?? "") → \($0["new"] ?? "")"
    }
  }

  @Test func anEditWithTheShell() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    let sql =
      "UPDATE enterprise SET address = '新''址' WHERE id = '\(id)'; UPDATE enterprise SET name = '二' WHERE id = '\(id)'"
    try await need(["sqlite3", town.replica("two"), sql])
    #expect(try await town.sync("two")["pushed"] as? Int == 1)
    #expect(try await lastCells(town, id) == ["name: 海州甲公司 → 二", "address: 旧址 → 新'址"])
  }

  @Test func anEditWithPython() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    let script = """
      import sqlite3, sys
      with sqlite3.connect(sys.argv[1]) as c:
        c.execute("UPDATE enterprise SET address = ?, lat = ? WHERE id = ?", ("中间", 34.6, sys.argv[2]))
        c.execute("UPDATE enterprise SET address = ? WHERE id = ?", ("新址", sys.argv[2]))
      """
    try await need(["python3", "-c", script, town.replica("two"), id])
    #expect(try await town.sync("two")["pushed"] as? Int == 1)
    #expect(try await lastCells(town, id) == ["address: 旧址 → 新址", "lat: <null> → 34.6"])
    try await town.sync("one")
    #expect(try await town.county("one", ["show", "enterprise", id, "--json"]).object["address"] as? String == "新址")
  }

  /// The same cell by another program on either side is a conflict like any other.
  @Test func theMasterIsAPlainFileToo() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    try await town.sqlite(town.master, "UPDATE enterprise SET name = '市' WHERE id = '\(id)'")
    try await town.sqlite(town.replica("one"), "UPDATE enterprise SET name = '县' WHERE id = '\(id)'")
    #expect(try await town.sync("one")["conflicts"] as? Int == 1)
    let conflict = try #require(try await town.city(["conflicts", "--json"]).list.first)
    #expect(conflict["base"] as? String == "海州甲公司" && conflict["master"] as? String == "市")
    try await town.city(["verify"])
  }

  /// A dump has the tables and not what the file's header says: the way out is told, and is one.
  @Test func aFileThatWasMadeAnewOfADump() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    try await town.county("one", ["edit", "enterprise", id, "address=新址"])
    await town.stop()
    let rebuild =
      #"sqlite3 "$0" .dump > "$1" && rm -f "$0" "$0-wal" "$0-shm" && sqlite3 "$0" < "$1""#
    for (file, check) in [(town.replica("one"), ["county", "one"]), (town.master, ["city", "city"])] {
      try await need(["sh", "-c", rebuild, file, town.path("dump.sql")])
      let command = [Program.path(check[0]), "verify", "--home", town.path(check[1])]
      let refused = try await run(command, environment: ["TRIBUTARY_LANG": "en"])
      expectFailure(refused, 65, "sqlite3", file)
      let way = try #require(refused.err.firstMatch(of: #/run (sqlite3 .*"), then/#))
      try await need(["sh", "-c", String(way.1)])
      try await need(command)
    }
    try await town.serve()
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    #expect(try await town.city(["show", "enterprise", id, "--json"]).object["address"] as? String == "新址")
  }

  /// A tool that rebuilds a table takes the triggers away: it is told, and nothing leaves until somebody looked.
  @Test func aTableThatWasRebuilt() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.sqlite(
      town.replica("one"),
      """
      PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE copy AS SELECT * FROM enterprise; DROP TABLE enterprise;
      ALTER TABLE copy RENAME TO enterprise; COMMIT;
      """)
    expectFailure(try await town.tryCounty("one", ["sync"]), 65, "enterprise")
    let verify = try await town.tryCounty("one", ["verify", "--json"])
    #expect(verify.code == 65 && verify.object["ok"] as? Bool == false)
  }
}
