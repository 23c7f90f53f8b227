import Foundation
import Testing

// The command line as scripts rely on it: JSON keys and exit codes. Keys may be added, none may go.

@Suite struct ContractTests {
  private func expectKeys(
    _ value: [String: Any], _ keys: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let missing = keys.split(separator: " ").filter { value[String($0)] == nil }
    #expect(missing.isEmpty, "missing: \(missing) in \(value)", sourceLocation: sourceLocation)
  }

  @Test func enrolmentStatusAndSync() async throws {
    let town = try await registryTown()
    expectKeys(try await town.city(["enroll", "--org", "320706", "--json"]).object, "code org expires_at")
    let status = try await town.county("one", ["status", "--json"]).object
    expectKeys(status, "pending in_flight cursor last_sync open_conflicts parked")
    #expect(status["pending"] as? Int == 0)
    try await town.county("one", ["add", "enterprise", "name=甲"])
    #expect(try await town.county("one", ["status", "--json"]).object["pending"] as? Int == 1)
    let sync = try await town.sync("one")
    expectKeys(sync, "pushed pulled merged conflicts parked rejected bytes_sent bytes_received")
    #expect(sync["pushed"] as? Int == 1)
    // The enterprise, and its line in the city-wide list.
    #expect(try await town.sync("two")["pulled"] as? Int == 2)
    expectKeys(try #require(try await town.city(["replicas", "--json"]).list.first), "id org")
  }

  @Test func rowsInAndOut() async throws {
    let town = try await registryTown([("one", "320706")])
    let added = try await town.county("one", ["add", "enterprise", "name=甲", "uscc=91320706PDY00001XF", "--json"])
      .object
    let id = try #require(added["id"] as? String)
    expectKeys(added, "id uscc name division_code industry address owner_org status_note merged_into")
    #expect(added["owner_org"] as? String == "320706")
    #expect(added["address"] is NSNull)
    let edited = try await town.county("one", ["edit", "enterprise", "uscc:91320706PDY00001XF", "lat=34.5", "--json"])
    #expect(edited.object["lat"] as? Double == 34.5)
    try await town.county("one", ["add", "enterprise_year", "enterprise_id=\(id)", "year=2025", "staff=12"])
    let year = try await town.county("one", ["show", "enterprise_year", "\(id),2025", "--json"]).object
    #expect(year["staff"] as? Int == 12)
    let listed = try await town.county("one", ["list", "enterprise", "--where", "name=甲", "--limit", "5", "--json"])
      .list
    #expect(listed.map { $0["id"] as? String } == [id])
    #expect(try await town.county("one", ["list", "enterprise", "--limit", "0", "--json"]).out == "[]\n")
    let history = try #require(try await town.county("one", ["history", "enterprise", id, "--json"]).list.first)
    expectKeys(history, "edited_at received_at actor replica change cells outcome")
    let records = try await town.county("one", ["records", "--json"]).list
    expectKeys(try #require(records.first), "name zh en key owner fields")
    expectKeys(try await town.county("one", ["verify", "--json"]).object, "ok problems")
    let diff = try #require(try await town.county("one", ["diff", "enterprise", id, "--json"]).list.first)
    expectKeys(diff, "record key change field base current upstream actor edited_at")
    try await town.county("one", ["delete", "enterprise_year", "\(id),2025"])
    expectFailure(try await town.tryCounty("one", ["show", "enterprise_year", "\(id),2025"]), 66, "there is no")
  }

  @Test func filesInAndOut() async throws {
    let town = try await registryTown([("one", "320706")])
    let csv = try town.write("in.csv", "name,uscc,address\n甲,91320706PDY00001XF,一路\n乙,91320706PDY000028F,\"二, 路\"\n")
    let dry = try await town.county("one", ["import", "enterprise", csv, "--dry-run", "--json"]).object
    expectKeys(dry, "rows added changed problems dry_run")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
    #expect(try await town.county("one", ["import", "enterprise", csv, "--json"]).object["added"] as? Int == 2)
    let out = town.path("out.csv")
    #expect(try await town.county("one", ["export", "enterprise", out, "--json"]).object["rows"] as? Int == 2)
    let again = try await town.county("one", ["import", "enterprise", out, "--json"]).object
    #expect(again["added"] as? Int == 0 && again["changed"] as? Int == 0)
    expectFailure(try await town.tryCounty("one", ["import", "enterprise", town.path("none.csv")]), 66, "none.csv")
  }

  @Test func conflictsAndDecisions() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    try await town.county("one", ["edit", "enterprise", id, "name=海州甲一公司"])
    try await town.county("two", ["edit", "enterprise", id, "name=海州甲二公司"])
    try await town.sync("one")
    #expect(try await town.sync("two")["conflicts"] as? Int == 1)
    let conflict = try #require(try await town.city(["conflicts", "--json"]).list.first)
    expectKeys(conflict, "id record key field base master contenders state policy decision version")
    let contender = try #require((conflict["contenders"] as? [[String: Any]])?.first)
    expectKeys(contender, "id value replica actor edited_at received_at")
    #expect(conflict["base"] as? String == "海州甲公司" && conflict["master"] as? String == "海州甲一公司")
    #expect(contender["value"] as? String == "海州甲二公司" && contender["actor"] as? String == "clerk two")
    let decide = ["decide", "\(conflict["id"] ?? 0)", "--take", "\(contender["id"] ?? 0)", "--reason", "证书为准"]
    expectFailure(try await town.tryCity(decide + ["--version", "0"]), 65, "version")
    for choice in [[], ["--keep", "--take", "1"], ["--keep", "--remove"]] {
      let outcome = try await town.tryCity(["decide", "\(conflict["id"] ?? 0)", "--reason", "x"] + choice)
      expectFailure(outcome, 64, "--keep, --take, --value and --remove")
    }
    #expect(try await town.city(decide + ["--json"]).object["state"] as? String == "decided")
    for home in ["one", "two"] {
      try await town.sync(home)
      #expect(try await town.county(home, ["show", "enterprise", id, "--json"]).object["name"] as? String == "海州甲二公司")
      let seen = try #require(try await town.county(home, ["conflicts", "--state", "all", "--json"]).list.first)
      #expect((seen["decision"] as? [String: Any])?["reason"] as? String == "证书为准")
    }
    #expect(try await town.city(["conflicts", "--json"]).out == "[]\n")
    let value = ["--value", "海州甲三公司", "--reason", "证书为准"]
    #expect(try await town.city(["decide", "--all", "--json"] + value).out == "[]\n")
    expectFailure(try await town.tryCounty("one", ["decide", "99"] + value), 66, "no such conflict")
    let reopened = try await town.city(["reopen", "\(conflict["id"] ?? 0)", "--reason", "新证据", "--json"]).object
    #expect(reopened["state"] as? String == "open")
  }

  @Test func parkedRows() async throws {
    let town = try await registryTown()
    for home in ["one", "two"] {
      try await town.county(home, ["add", "enterprise", "name=\(home)", "uscc=91320706PDY00001XF"])
    }
    try await town.sync("one")
    #expect(try await town.sync("two")["parked"] as? Int == 1)
    for outcome in [try await town.city(["parked", "--json"]), try await town.county("two", ["parked", "--json"])] {
      let row = try #require(outcome.list.first)
      expectKeys(row, "id record key reason detail row replica actor")
      #expect((row["row"] as? [String: Any])?["name"] as? String == "two")
    }
    #expect(try await town.county("two", ["status", "--json"]).object["parked"] as? Int == 1)
  }

  @Test func everyCityCommandWorksBesideTheServer() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try #require(
      try await town.city(["add", "enterprise", "name=市里录入", "owner_org=320706", "--json"]).object["id"] as? String)
    for command in [
      ["records"], ["list", "enterprise"], ["show", "enterprise", id], ["edit", "enterprise", id, "address=新址"],
      ["history", "enterprise", id], ["conflicts"], ["parked"], ["replicas"], ["verify"],
      ["enroll", "--org", "320722"],
      ["export", "enterprise", town.path("all.csv")],
    ] {
      #expect(try await town.tryCity(command + ["--json"]).code == 0, "\(command)")
    }
    #expect(try await town.sync("one")["pulled"] as? Int == 2)
    #expect(try await town.county("one", ["show", "enterprise", id, "--json"]).object["address"] as? String == "新址")
    try await town.city(["delete", "enterprise", id])
    try await town.sync("one")
    expectFailure(try await town.tryCounty("one", ["show", "enterprise", id]), 66)
    #expect(await town.stop()?.code == 0)
  }
}
