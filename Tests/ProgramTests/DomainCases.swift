import Foundation
import Testing

// The ten conflicts that will happen, with real programs, files and a real server. Each ends alike:
// everybody syncs twice, every file verifies, every machine holds what its unit sees, and nothing entered is lost.

@Suite struct DomainCases {
  private let codes = ["91320706PDY00001XF", "91320722PDY000044A", "91320706PDY0000520"]

  /// 1
  @Test func anEnterpriseMovesAndBothCountiesFileIt() async throws {
    let homes = [("ganyu", "320707"), ("late", "320707"), ("donghai", "320722")]
    let town = try await registryTown(homes)
    let old = try await town.enter(
      "ganyu", "enterprise", "uscc=\(codes[1])", "name=港城药业", "address=赣榆旧址", "status_note=拟迁东海")
    try await town.enter("ganyu", "enterprise_year", "enterprise_id=\(old)", "year=2017", "taxable_sales=51000017")
    try await town.enter("ganyu", "product", "enterprise_id=\(old)", "name=旧产品")
    for home in ["ganyu", "late"] { try await town.sync(home) }
    try await town.county("late", ["edit", "enterprise", old, "lat=34.25"])
    let new = try await town.enter("donghai", "enterprise", "uscc=\(codes[1])", "name=港城药业东海公司", "address=东海新址")
    try await town.enter("donghai", "product", "enterprise_id=\(new)", "name=新产品")
    #expect(try await town.sync("donghai")["parked"] as? Int == 2)
    #expect(try await town.rows("city", "enterprise").count == 1)

    try await town.city(["merge-records", old, new, "--reason", "迁移,同一企业"])
    try await town.decide("owner_org", "--value", "320722")
    for field in ["name", "address"] { try await town.decide(field, "--take", "1") }
    // An edit from before the move arrives after it.
    #expect(try await town.sync("late")["parked"] as? Int == 1)
    let late = try #require(try await town.city(["parked", "--json"]).list.first)
    #expect(late["reason"] as? String == "scope")
    try await town.city(["admit", "\(late["id"] ?? 0)", "--reason", "迁移前所填"])
    for home in ["ganyu", "donghai"] { try await town.sync(home) }

    let moved = try await town.row("donghai", "enterprise", old)
    #expect(moved["owner_org"] as? String == "320722" && moved["name"] as? String == "港城药业东海公司")
    #expect(moved["address"] as? String == "东海新址" && moved["lat"] as? Double == 34.25)
    #expect(Set(try await town.rows("donghai", "product").map { $0["name"] as? String }) == ["旧产品", "新产品"])
    #expect(try await town.rows("ganyu", "enterprise").isEmpty)
    let archive = "SELECT group_concat(DISTINCT record) FROM (SELECT record FROM sync_archive ORDER BY record)"
    #expect(try await town.sqlite(town.replica("ganyu"), archive) == "enterprise,enterprise_year,product\n")
    expectFailure(try await town.tryCounty("ganyu", ["edit", "enterprise", old, "address=又一址"]), 66)
    try await town.close(homes, kept: ["港城药业", "赣榆旧址", "拟迁东海", "51000017", "旧产品", "34.25", "港城药业东海公司", "东海新址", "新产品"])
  }

  /// 3
  @Test func twoCountiesRegisterTheSameCreditCodeOffline() async throws {
    let homes = [("haizhou", "320706"), ("ganyu", "320707")]
    let town = try await registryTown(homes)
    var ids: [String] = []
    for (home, staff) in [("haizhou", 101), ("ganyu", 202)] {
      let id = try await town.enter(home, "enterprise", "uscc=\(codes[0])", "name=企业\(home)", "industry=C2710")
      try await town.enter(home, "product", "enterprise_id=\(id)", "name=产品\(home)")
      try await town.enter(
        home, "enterprise_year", "enterprise_id=\(id)", "year=2018", "staff=\(staff)", "tech_staff=55")
      ids.append(id)
    }
    try await town.sync("haizhou")
    #expect(try await town.sync("ganyu")["parked"] as? Int == 3)
    #expect(Set(try await town.parked("city").map { $0["reason"] as? String }) == ["unique", "reference"])
    #expect(try await town.rows("city", "enterprise").count == 1)

    try await town.city(["merge-records", ids[0], ids[1], "--reason", "信用代码相同"])
    let fields = try await town.city(["conflicts", "--json"]).list.map { $0["field"] as? String ?? "" }
    #expect(fields.sorted() == ["name", "owner_org", "staff"])
    #expect(try await town.rows("city", "enterprise").count == 1)
    for record in ["product", "enterprise_year"] {
      let parents = try await town.rows("city", record).map { $0["enterprise_id"] as? String }
      #expect(Set(parents) == [ids[0]] && parents.count == (record == "product" ? 2 : 1))
    }
    #expect(try await town.parked("city").isEmpty)
    try await town.sync("ganyu")
    #expect(try await town.parked("ganyu").isEmpty)
    try await town.decide("owner_org", "--keep")
    try await town.decide("staff", "--take", "1")
    try await town.close(homes, kept: ["企业haizhou", "企业ganyu", "产品haizhou", "产品ganyu", "101", "202", "320707"])
  }

  /// 4
  @Test func aCountyDeletesAnEnterpriseThatTheCityHasRecognised() async throws {
    let homes = [("one", "320706"), ("two", "320706")]
    let town = try await registryTown(homes)
    let id = try await sharedEnterprise(town, ["name=海州甲公司", "address=海州一路"])
    let other = try await sharedEnterprise(town, ["name=海州乙公司"])
    for (enterprise, certificate) in [(id, "证2018-1"), (other, "证2018-2")] {
      try await town.enter(
        "city", "recognition", "enterprise_id=\(enterprise)", "scheme=small_giant", "year=2018",
        "cert_no=\(certificate)")
    }
    try await town.county("one", ["delete", "enterprise", id])
    #expect(try await town.sync("one")["conflicts"] as? Int == 1)
    // Who knows of the recognition asks the city, by the command or with another tool; the row stays meanwhile.
    try await town.sync("two")
    let asked = try await town.county("two", ["delete", "enterprise", other, "--json"])
    #expect(asked.object["deleted"] as? Bool == false)
    #expect(try await town.county("two", ["status", "--json"]).object["pending"] as? Int == 1)
    for row in [[], ["enterprise", other]] {
      let entry = try #require(try await town.county("two", ["diff", "--json"] + row).list.first)
      #expect(entry["key"] as? String == other && entry["change"] as? String == "delete")
      #expect(entry["asked"] as? Bool == true && entry["actor"] as? String == "clerk two")
    }
    #expect(try await town.county("two", ["diff"]).out.contains("for the city to decide"))
    #expect(try await town.county("two", ["diff", "enterprise", id, "--json"]).list.isEmpty)
    try await town.county("two", ["revert", "enterprise", other])
    #expect(try await town.county("two", ["diff", "--json"]).list.isEmpty)
    #expect(try await town.sync("two")["conflicts"] as? Int == 0)
    try await town.county("two", ["delete", "enterprise", other])
    #expect(try await town.sync("two")["conflicts"] as? Int == 1)
    #expect(try await town.rows("two", "enterprise").count == 2)
    try await town.sqlite(town.replica("two"), "DELETE FROM enterprise WHERE id = '\(id)'")
    #expect(try await town.sync("two")["conflicts"] as? Int == 1)
    #expect(try await town.rows("two", "enterprise").count == 2)
    // The city grants one of them: its certificate goes first, then the enterprise.
    let exit = try await town.city(["conflicts", "--json"]).list.first { $0["key"] as? String == other }
    let certificate = try await town.rows("city", "recognition").first { $0["enterprise_id"] as? String == other }
    try await town.city(["delete", "recognition", certificate?["id"] as? String ?? ""])
    try await town.city(["decide", "\(exit?["id"] ?? 0)", "--take", "1", "--reason", "同意退出"])

    let request = try #require(try await town.city(["conflicts", "--json"]).list.first)
    #expect(request["field"] is NSNull && request["state"] as? String == "open")
    #expect((request["contenders"] as? [[String: Any]])?.first?["deletes"] as? Bool == true)
    try await town.city(["decide", "\(request["id"] ?? 0)", "--keep", "--reason", "认定有效,不予退出"])
    #expect(try await town.rows("city", "enterprise").count == 1)
    let told = try await town.county("one", ["sync"])
    #expect(told.err.contains("认定有效,不予退出"), "\(told.err)")
    #expect(try await town.row("one", "enterprise", id)["address"] as? String == "海州一路")
    #expect(try await town.rows("one", "recognition").count == 1)
    try await town.close(homes, kept: ["海州甲公司", "海州一路", "海州乙公司", "证2018-1"])
  }

  /// 5
  @Test func twoClerksOfOneCountyChangeTheSameCell() async throws {
    let homes = [("one", "320706"), ("two", "320706")]
    let town = try await registryTown(homes)
    let id = try await sharedEnterprise(town)
    try await town.county("one", ["edit", "enterprise", id, "name=甲一公司", "lng=119.5"])
    try await town.sqlite(
      town.replica("two"), "UPDATE enterprise SET name = '甲二公司', lat = 34.5, address = '新址' WHERE id = '\(id)'")
    try await town.sync("one")
    #expect(try await town.sync("two")["conflicts"] as? Int == 1)
    try await town.sync("one")
    for home in ["city", "one", "two"] {
      let row = try await town.row(home, "enterprise", id)
      #expect(row["name"] as? String == "甲一公司" && row["address"] as? String == "新址", "\(home)")
      #expect(row["lat"] as? Double == 34.5 && row["lng"] as? Double == 119.5, "\(home)")
    }
    // The county's reviewer decides: no other unit contests it.
    let conflict = try #require(try await town.county("one", ["conflicts", "--json"]).list.first)
    let contender = try #require((conflict["contenders"] as? [[String: Any]])?.first)
    #expect(contender["value"] as? String == "甲二公司")
    let choice = ["--take", "\(contender["id"] ?? 0)", "--version", "\(conflict["version"] ?? 0)", "--reason", "执照为准"]
    try await town.county("one", ["decide", "\(conflict["id"] ?? 0)"] + choice)
    try await town.close(homes, kept: ["甲一公司", "甲二公司", "新址", "34.5", "119.5"])
    #expect(try await town.row("two", "enterprise", id)["name"] as? String == "甲二公司")
    let decided = try #require(try await town.county("two", ["conflicts", "--state", "decided", "--json"]).list.first)
    #expect((decided["decision"] as? [String: Any])?["reason"] as? String == "执照为准")
  }

  /// 6
  @Test func aRenameMeetsAnImportWithTheOldName() async throws {
    let homes = [("one", "320706"), ("two", "320706")]
    let town = try await registryTown(homes)
    let id = try await sharedEnterprise(town, ["name=旧名公司", "uscc=\(codes[0])", "address=旧址"])
    try await town.enter(
      "city", "recognition", "enterprise_id=\(id)", "scheme=tech_sme", "year=2018", "name_at_time=旧名公司")
    try await town.county("one", ["edit", "enterprise", id, "name=新名公司"])
    try await town.enter(
      "one", "enterprise_name", "enterprise_id=\(id)", "name=旧名公司", "valid_to=2018-09-01", "evidence=变更通知书")
    let file = try town.write("in.csv", "uscc,name,address\n\(codes[0]),旧名公司,新址\n")
    #expect(try await town.county("two", ["import", "enterprise", file, "--json"]).object["changed"] as? Int == 1)
    let diff = try await town.county("two", ["diff", "--json"]).list
    #expect(diff.map { $0["field"] as? String } == ["address"])
    for home in ["one", "two"] { #expect(try await town.sync(home)["conflicts"] as? Int == 0) }
    try await town.close(homes, kept: ["新名公司", "旧名公司", "新址", "变更通知书", "2018-09-01"])
    let row = try await town.row("two", "enterprise", id)
    #expect(row["name"] as? String == "新名公司" && row["address"] as? String == "新址")
    #expect(try await town.rows("two", "enterprise_name").map { $0["name"] as? String } == ["旧名公司"])
    #expect(try await town.rows("one", "recognition").map { $0["name_at_time"] as? String } == ["旧名公司"])
  }

  /// 8
  @Test func aMistypedCodeIsCorrectedOntoAnExistingOne() async throws {
    let homes = [("one", "320706"), ("two", "320706"), ("donghai", "320722")]
    let town = try await registryTown(homes)
    let wrong = try await town.enter("two", "enterprise", "uscc=\(codes[1])", "name=误录公司", "address=误录地址")
    let far = try await town.enter("donghai", "enterprise", "uscc=\(codes[2])", "name=东海公司")
    let right = try await town.enter("one", "enterprise", "uscc=\(codes[0])", "name=正确公司", "address=正确地址")
    for home in ["two", "donghai", "one"] { try await town.sync(home) }
    try await town.county("two", ["add", "product", "enterprise_id=\(wrong)", "name=误录产品"])
    // Machine two has not heard of the other row, 东海 never will.
    try await town.sqlite(town.replica("two"), "UPDATE enterprise SET uscc = '\(codes[0])' WHERE id = '\(wrong)'")
    try await town.county("donghai", ["edit", "enterprise", far, "uscc=\(codes[0])"])
    for home in ["two", "donghai"] { #expect(try await town.sync(home)["parked"] as? Int == 1, "\(home)") }
    #expect(try await town.parked("city").map { $0["reason"] as? String } == ["unique", "unique"])
    #expect(try await town.row("city", "enterprise", wrong)["uscc"] as? String == codes[1])

    try await town.city(["merge-records", right, wrong, "--reason", "更正后代码相同"])
    let mistake = try #require(try await town.parked("donghai").first)
    try await town.county("donghai", ["withdraw", "\(mistake["id"] ?? 0)", "--reason", "看错执照"])
    for home in ["two", "donghai", "one"] { try await town.sync(home) }
    #expect(try await town.parked("city").isEmpty)
    #expect(try await town.rows("two", "enterprise").map { $0["id"] as? String } == [right])
    #expect(try await town.rows("two", "product").map { $0["enterprise_id"] as? String } == [right])
    #expect(try await town.row("donghai", "enterprise", far)["uscc"] as? String == codes[2])
    let states = try await town.city(["parked", "--state", "all", "--json"]).list.map { $0["state"] as? String ?? "" }
    #expect(states.contains("withdrawn"), "\(states)")
    try await town.close(homes, kept: codes + ["误录公司", "误录地址", "误录产品", "正确公司", "正确地址", "东海公司"])
  }
}
