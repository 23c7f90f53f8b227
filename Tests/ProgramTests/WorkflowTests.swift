import Foundation
import Testing

// Filings, recognitions and reporting periods, with real programs, files and a real server.

@Suite struct WorkflowTests {
  let code = "91320706PDY00001XF"

  /// Files an application of an enterprise of 海州 and sends it to the city; their ids.
  private func filed(_ town: Town, year: Int = 2018) async throws -> (enterprise: String, application: String) {
    let enterprise = try await town.enter("one", "enterprise", "uscc=\(code)", "name=海州甲公司")
    let application = try await town.enter(
      "one", "application", "enterprise_id=\(enterprise)", "scheme=tech_sme", "year=\(year)", "stage=draft")
    for stage in ["county", "city"] { try await town.county("one", ["step", "application", application, stage]) }
    try await town.sync("one")
    return (enterprise, application)
  }

  @Test func aFilingGoesFromDraftToPublication() async throws {
    let homes = [("one", "320706"), ("two", "320706")]
    let town = try await registryTown(homes)
    let (enterprise, application) = try await filed(town)
    let standing = try await town.city(["step", "application", application, "--json"]).object
    #expect(standing["stage"] as? String == "city")
    let next = (standing["next"] as? [[String: Any]])?.map {
      "\($0["to"] ?? "") \($0["by"] ?? "") \($0["yours"] ?? "")"
    }
    #expect(next == ["notice city 1", "returned city 1"])
    let version = standing["version"] as? String ?? ""

    let notice = ["step", "application", application, "notice", "--on", "2018-06-01"]
    expectFailure(try await town.tryCity(notice + ["--until", "2018-06-14"]), 65, "must not be before 2018-06-15")
    let step = try await town.city(notice + ["--version", version, "--json"]).object
    #expect(step["from"] as? String == "city" && step["to"] as? String == "notice")
    #expect(step["notice_to"] as? String == "2018-06-15")
    expectFailure(
      try await town.tryCity(["step", "application", application, "published", "--version", version]), 65, "look again")

    let publish = ["step", "application", application, "published", "--cert-no", "苏2018-1", "--valid-to", "2019-06-30"]
    expectFailure(try await town.tryCity(publish + ["--on", "2018-06-15"]), 77, "until 2018-06-15", "from 2018-06-16")
    expectFailure(try await town.tryCity(publish + ["--on", "2999-01-01"]), 65, "has not come yet")
    let ended = Array(publish.dropLast()) + ["2018-06-15", "--on", "2018-06-16"]
    expectFailure(try await town.tryCity(ended), 65, "--valid-to", "is before the recognition of 2018-06-16")
    #expect(try await town.rows("city", "recognition").isEmpty)
    // The new name is known, and is that of later days: the certificate has the name of its own.
    let rename = ["rename", enterprise, "海州新名公司", "--on", "2018-09-01", "--evidence", "变更通知书"]
    try await town.county("one", rename)
    try await town.sync("one")
    let done = try await town.city(publish + ["--on", "2018-06-16", "--json"]).object
    #expect(done["recognised_on"] as? String == "2018-06-16")

    try await town.close(homes, kept: ["海州甲公司", "海州新名公司", "苏2018-1"])
    for home in ["city", "one", "two"] {
      #expect(try await town.row(home, "application", application)["stage"] as? String == "published")
      let recognition = try await town.row(home, "recognition", done["recognition"] as? String ?? "")
      #expect(recognition["name_at_time"] as? String == "海州甲公司" && recognition["year"] as? Int == 2018)
      #expect(recognition["application_id"] as? String == application)
      #expect(recognition["valid_to"] as? String == "2019-06-30")
      let event = try #require(try await town.rows(home, "status_event").first)
      #expect(event["kind"] as? String == "entry" && event["happened_on"] as? String == "2018-06-16")
    }
  }

  @Test func aReturnIsSeenByTheCountyWithItsReason() async throws {
    let town = try await registryTown([("one", "320706")])
    let (_, application) = try await filed(town)
    let back = ["step", "application", application, "returned"]
    expectFailure(try await town.tryCity(back), 64, "--reason")
    try await town.city(back + ["--reason", "缺审计报告"])
    try await town.sync("one")
    let seen = try await town.county("one", ["step", "application", application])
    #expect(seen.out.contains("Returned") && seen.out.contains("缺审计报告"), "\(seen.out)")
    try await town.county("one", ["step", "application", application, "county", "--reason", "已补审计报告"])
    try await town.county("one", ["step", "application", application, "市级审核", "--locale", "zh"])
    try await town.sync("one")
    let row = try await town.row("city", "application", application)
    #expect(row["stage"] as? String == "city" && row["reason"] as? String == "已补审计报告")
  }

  @Test func stepsAreRefusedToTheWrongSideAndWhenNoneLeadsThere() async throws {
    let town = try await registryTown([("one", "320706")])
    let (enterprise, application) = try await filed(town)
    try await town.city(["step", "application", application, "notice", "--on", "2018-06-01"])
    try await town.sync("one")
    let publish = ["step", "application", application, "published"]
    expectFailure(try await town.tryCounty("one", publish), 77, "only the city", "Next: returned")
    let chinese = try await town.tryCounty("one", publish + ["--locale", "zh"])
    expectFailure(chinese, 77, "只有市里可以转为「公布」", "可办:")
    expectFailure(try await town.tryCity(["step", "application", application, "draft"]), 77, "no step leads to")
    expectFailure(
      try await town.tryCity(["step", "application", application, "publishd"]), 64, "did you mean 'published'")
    expectFailure(try await town.tryCity(["step", "enterprise", enterprise, "city"]), 64, "does not go by stages")
    expectFailure(try await town.tryCity(["step", "application", "uscc:1", "city"]), 65)
    expectFailure(try await town.tryCity(publish + ["--until", "2018-07-01"]), 64, "--until has no place")
    #expect(try await town.row("city", "application", application)["stage"] as? String == "notice")
  }

  @Test func whatNeedsNoNoticeIsConfirmedAtOnce() async throws {
    let town = try await registryTown([("one", "320706")])
    let enterprise = try await town.enter("one", "enterprise", "name=海州甲公司")
    // A row without a stage is a draft.
    let product = try await town.enter("one", "product", "enterprise_id=\(enterprise)", "name=碳纤维")
    for stage in ["county", "draft", "county", "city"] {
      try await town.county("one", ["step", "product", product, stage])
    }
    try await town.sync("one")
    let cert = ["step", "product", product, "published", "--cert-no", "1"]
    expectFailure(try await town.tryCity(cert), 64, "--cert-no has no place")
    try await town.city(["step", "product", product, "published", "--on", "2019-03-01"])
    try await town.sync("one")
    for home in ["city", "one"] {
      let row = try await town.row(home, "product", product)
      #expect(row["confirmed"] as? Int == 1 && row["confirmed_year"] as? Int == 2019, "\(home)")
      #expect(row["stage"] as? String == "published")
    }
    #expect(try await town.rows("city", "recognition").isEmpty)
  }

  @Test func whatTheCityHasConfirmedItsCountyDoesNotDelete() async throws {
    let town = try await registryTown([("one", "320706")])
    let enterprise = try await town.enter("one", "enterprise", "name=海州甲公司")
    let product = try await town.file("one", "product", "enterprise_id=\(enterprise)", "name=碳纤维")
    let draft = try await town.enter("one", "product", "enterprise_id=\(enterprise)", "name=草稿")
    try await town.sync("one")
    try await town.confirm("product", product, on: "2018-09-01")
    try await town.sync("one")
    let delete = ["delete", "product", product]
    expectFailure(try await town.tryCounty("one", delete), 77, "stage, confirmed, confirmed_year", "ask the city")
    try await town.county("one", ["delete", "product", draft])
    #expect(try await town.sync("one")["conflicts"] as? Int == 0)
    #expect(lines(try await town.rows("city", "product"), "name", "confirmed_year") == ["碳纤维 2018"])
    try await town.city(delete)
    try await town.sync("one")
    #expect(try await town.rows("one", "product").isEmpty)
  }

  @Test func whatTheCityHasReturnedItsCountyDeletes() async throws {
    let town = try await registryTown([("one", "320706")])
    let (_, application) = try await filed(town)
    try await town.city(["step", "application", application, "notice", "--on", "2018-06-01"])
    try await town.sync("one")
    let delete = ["delete", "application", application]
    expectFailure(try await town.tryCounty("one", delete), 77, "stage", "ask the city")
    try await town.city(["step", "application", application, "returned", "--reason", "材料不实"])
    try await town.sync("one")
    try await town.county("one", delete)
    try await town.sync("one")
    #expect(try await town.rows("city", "application").isEmpty)
  }

  @Test func aRecognitionIsRevokedOnce() async throws {
    let town = try await registryTown([("one", "320706")])
    let enterprise = try await town.enter("one", "enterprise", "name=海州甲公司")
    try await town.sync("one")
    let recognition = try await town.enter(
      "city", "recognition", "enterprise_id=\(enterprise)", "scheme=small_giant", "year=2018",
      "recognised_on=2018-09-01")
    let revoke = ["revoke", recognition, "--reason", "弄虚作假"]
    expectFailure(
      try await town.tryCity(revoke + ["--on", "2018-08-31"]), 65, "is before the recognition of 2018-09-01")
    try await town.city(revoke + ["--on", "2019-01-05", "--doc-no", "连经信〔2019〕1号"])
    expectFailure(try await town.tryCity(revoke), 65, "revoked on 2019-01-05 already")
    try await town.sync("one")
    #expect(try await town.row("one", "recognition", recognition)["revoked_on"] as? String == "2019-01-05")
    let event = try #require(try await town.rows("one", "status_event").first)
    #expect(event["kind"] as? String == "exit" && event["reason"] as? String == "弄虚作假")
    expectFailure(
      try await town.tryCounty("one", ["exit", enterprise, "--scheme", "small_giant", "--reason", "x"]), 77,
      "city revoke")
  }

  @Test func whyWhatACountyProposedIsRevokedIsNotedOnce() async throws {
    let town = try await registryTown([("one", "320706")])
    let enterprise = try await town.enter("one", "enterprise", "name=海州甲公司")
    try await town.sync("one")
    let recognition = try await town.enter(
      "city", "recognition", "enterprise_id=\(enterprise)", "scheme=small_giant", "year=2018")
    try await town.sync("one")
    try await town.county("one", ["edit", "recognition", recognition, "revoked_on=2019-01-05"])
    try await town.sync("one")
    try await town.decide("revoked_on", "--take", "1")
    let revoke = ["revoke", recognition, "--reason", "弄虚作假"]
    expectFailure(try await town.tryCity(revoke + ["--on", "2019-01-06"]), 65, "revoked on 2019-01-05 already")
    try await town.city(revoke)
    expectFailure(try await town.tryCity(revoke), 65, "revoked on 2019-01-05 already")
    try await town.sync("one")
    #expect(
      lines(try await town.rows("one", "status_event"), "scheme", "kind", "happened_on", "reason")
        == ["small_giant exit 2019-01-05 弄虚作假"])
  }

  @Test func anEnterpriseEntersAndLeavesTheCultivationList() async throws {
    let town = try await registryTown([("one", "320706")])
    let enterprise = try await town.enter("one", "enterprise", "uscc=\(code)", "name=海州甲公司")
    let nameless = ["nominate", code, "--batch", "", "--reason", "研发投入高"]
    expectFailure(try await town.tryCounty("one", nameless), 64, "--batch must not be empty")
    let nominate = ["nominate", code, "--batch", "2018-1", "--reason", "研发投入高"]
    let entry = try await town.county("one", nominate + ["--json"]).object["key"] as? String ?? ""
    expectFailure(try await town.tryCounty("one", nominate), 65, entry, "nominated for batch 2018-1 already")
    let other = ["nominate", "uscc:\(code)", "--batch", "2018-2", "--reason", "同上", "--json"]
    let second = try await town.county("one", other).object["key"] as? String ?? ""
    let approve = ["approve", "cultivation_entry", entry]
    expectFailure(try await town.tryCounty("one", approve + ["--on", "2018-06-01"]), 64, "--on", "both agree")
    try await town.county("one", approve)
    try await town.sync("one")
    try await town.city(approve)
    #expect(try await town.row("city", "cultivation_entry", entry)["approval"] as? String == "both")

    let exit = ["exit", enterprise, "--reason", "已成长为大型企业"]
    // One that was not sent is taken back with all that was noted of it.
    try await town.sync("one")
    try await town.county("one", exit + ["--batch", "2018-1"])
    try await town.county("one", ["revert", "cultivation_entry", entry])
    #expect(lines(try await town.rows("one", "status_event"), "kind") == ["entry"])
    expectFailure(try await town.tryCity(exit + ["--batch", "2017-1"]), 66, "batch 2017-1")
    #expect((try await town.city(exit + ["--batch", "2018-1", "--json"]).object["entries"] as? [String]) == [entry])
    try await town.sync("one")
    // An exit stands, whatever the entry says since.
    try await town.county("one", ["edit", "cultivation_entry", entry, "withdrawn_on="])
    expectFailure(try await town.tryCounty("one", nominate), 65, "left batch 2018-1 on", "another batch")
    try await town.county("one", ["revert", "cultivation_entry", entry])
    // One whose day is still to come is on the list.
    try await town.county("one", ["edit", "cultivation_entry", second, "withdrawn_on=2999-01-01"])
    #expect((try await town.county("one", exit + ["--json"]).object["entries"] as? [String]) == [second])
    expectFailure(try await town.tryCounty("one", exit), 66, "is not on the cultivation list")
    try await town.sync("one")
    #expect(try await town.rows("city", "cultivation_entry").allSatisfy { $0["withdrawn_on"] is String })
    #expect(
      lines(try await town.rows("city", "status_event"), "scheme", "kind", "from_state", "to_state").sorted() == [
        "cultivation entry - 2018-1", "cultivation exit 2018-1 withdrawn", "cultivation exit 2018-2 withdrawn",
      ])
  }
}
