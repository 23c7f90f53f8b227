import Foundation
import Testing

private let homes = [("haizhou", "320706"), ("donghai", "320722"), ("zone", "320771")]

@Suite(
  .serialized,
  .town(homes) { town in
    try await town.load(
      "haizhou", "enterprise",
      """
      统一社会信用代码,名称,产业领域,所在功能区
      \(TestCode.haizhou[0]),海州甲,"biomedicine,equipment",320771
      \(TestCode.haizhou[1]),海州乙,biomedicine,320771
      \(TestCode.haizhou[2]),海州丙,,
      """)
    try await town.load("donghai", "enterprise", "统一社会信用代码,名称,产业领域\n\(TestCode.donghai[0]),东海甲,three_new_one_high\n")
    try await town.load("zone", "enterprise", "统一社会信用代码,名称\n91320706PDY0000520,开发区甲\n")
    for (home, _) in homes { try await town.sync(home) }
  })
struct PlanRowUnits {
  @Test("Row 1 市经信委: the city issues the plan, holds the master and alone publishes")
  func commission() async throws {
    let town = try sharedTown()
    let unit = try await town.row("haizhou", "org_unit", "320700")
    #expect(lines([unit], "name_zh", "kind", "parent") == ["连云港市经济和信息化委员会 city -"])
    let plan = try await town.row("haizhou", "plan", "tech_sme_2018")
    #expect(lines([plan], "issued_by", "issued_on", "year_from", "year_to") == ["320700 2018-06-04 2018 2020"])
    let publication = [
      "add", "publication", "no=2018-2", "version=1", "kind=list", "report=plan", "title=县里发布", "as_of=1",
      "published_on=2018-12-31", "sha256=00", "chain=00", "content={}",
    ]
    try await town.expectCityOnly(
      "haizhou", publication, ["edit", "org_unit", "320700", "name_en=Mine"],
      ["edit", "plan", "tech_sme_2018", "year_to=2021"])
    try await town.city(
      ["publish", "plan", "--year", "2018", "--on", "2018-12-31", "--no", "2018-1", "--title", "计划完成情况"])
    try await town.sync("haizhou")
    #expect(
      lines(try await town.rows("haizhou", "publication"), "no", "version", "report", "title")
        == ["2018-1 1 plan 计划完成情况"])
    // All that the counties hold is in the master.
    #expect(try await town.rows("city", "enterprise").count == 5)
  }

  @Test("Row 2 县区经信局、经发局、中小企业局: each unit files, sees and counts its own enterprises")
  func bureaus() async throws {
    let town = try sharedTown()
    let units = try await town.rows("city", "org_unit")
    let open = units.filter { $0["valid_to"] is NSNull }
    #expect(Set(lines(open, "kind")) == ["city", "district", "county", "zone"])
    #expect(open.count { $0["kind"] as? String == "zone" } == 3)
    for (home, own) in [("haizhou", ["海州丙", "海州乙", "海州甲"]), ("donghai", ["东海甲"]), ("zone", ["开发区甲"])] {
      #expect(lines(try await town.rows(home, "enterprise"), "name").sorted() == own.sorted(), "\(home)")
    }
    // Who has which enterprise is known everywhere, so that nobody registers it twice.
    try await town.sync("donghai")
    let known = try await town.rows("donghai", "enterprise_stub")
    #expect(
      lines(known.filter { $0["owner_org"] as? String == "320771" }, "uscc", "name") == ["91320706PDY0000520 开发区甲"])
    let figures = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "figures")
    let filed = figures.filter { $0["enterprises"] as? Int != 0 }
    #expect(lines(filed, "org", "enterprises") == ["320706 3", "320722 1", "320771 1", "- 5"])
    try await town.expectCityOnly(
      "donghai", ["add", "enterprise", "name=别县", "owner_org=320706"],
      ["add", "org_unit", "code=X", "name_zh=新区", "kind=zone"])
  }

  @Test("Row 3 三年行动计划: every target of the plan, the same at the city and in a county")
  func targets() async throws {
    let town = try sharedTown()
    let drawn = ["plan", "--year", "2020", "--on", "2020-06-30"]
    let rows = try await town.report(drawn, "targets")
    let stock = rows.filter { ($0["code"] as? String).map { !yearly.contains($0) } ?? false }
    #expect(
      lines(stock, "code", "year", "comparison", "target") == [
        "tech_sme 2020 不少于 1000", "small_giant_tier1 2020 不少于 100", "small_giant_tier2 2020 不少于 15",
        "small_giant_tier3 2020 不少于 8", "small_giant_sales 2020 超过 400", "small_giant_cumulative 2017 等于 42",
        "key_technology 2020 不少于 100", "srdi_product 2020 不少于 100", "cluster 2020 不少于 10",
        "public_platform 2020 不少于 8", "park 2020 不少于 20", "carrier 2020 不少于 30",
        "transformation_project 2020 不少于 100", "talent 2020 超过 85",
      ])
    let every = rows.filter { yearly.contains($0["code"] as? String ?? "") }
    let expected = [
      "small_giant_recognised 20", "srdi_product_new 20", "rd_institution 80", "refinancing 10", "equity_listing 20",
    ]
    #expect(lines(every, "code", "target") == expected.flatMap { [$0, $0, $0] })
    #expect(lines(every, "year") == (0..<5).flatMap { _ in ["2018", "2019", "2020"] })
    #expect(
      lines(rows.filter { !($0["baseline"] is NSNull) }, "code", "baseline") == [
        "small_giant_cumulative 42", "srdi_product 42", "cluster 7",
      ])
    let seen = try await town.report(drawn, "targets", at: "haizhou")
    #expect(lines(seen, "code", "year", "target") == lines(rows, "code", "year", "target"))
    try await town.expectCityOnly("haizhou", ["edit", "city_target", "tech_sme,2020", "target=900"])
  }

  private let yearly = [
    "small_giant_recognised", "srdi_product_new", "rd_institution", "refinancing", "equity_listing",
  ]

  @Test("Row 14 支柱产业、战略性新兴产业、三新一高: an enterprise counts in each of its fields")
  func fields() async throws {
    let town = try sharedTown()
    let drawn = ["innovation", "--year", "2018"]
    #expect(
      lines(try await town.report(drawn, "fields"), "field", "enterprises") == ["生物医药 2", "装备制造 1", "三新一高 1"])
    try await town.expectCityOnly("haizhou", ["add", "code_item", "list=key_field", "code=robots", "label_zh=机器人"])
    try await town.city(["add", "code_item", "list=key_field", "code=crystal", "label_zh=水晶创意"])
    try await town.sync("haizhou")
    try await town.county(
      "haizhou", ["edit", "enterprise", "uscc:\(TestCode.haizhou[0])", "field_tags=biomedicine,crystal"])
    try await town.sync("haizhou")
    #expect(
      lines(try await town.report(drawn, "fields"), "field", "enterprises") == ["生物医药 2", "水晶创意 1", "三新一高 1"])
  }

  @Test("Row 15 前沿科技战略分析研究: the city's studies are listed while they stand, for the counties too")
  func studies() async throws {
    let town = try sharedTown()
    try await town.load(
      "city", "document",
      """
      kind,title,doc_no,issued_on,repealed_on
      strategy_study,碳纤维前沿研究,研2018-1,2018-03-01,
      strategy_study,废止的研究,研2017-1,2017-03-01,2018-12-31
      strategy_study,以后的研究,研2019-1,2019-01-01,
      policy,一项政策,政2018-1,2018-03-01,
      """)
    try await town.sync("haizhou")
    for home in ["city", "haizhou"] {
      let listed = try await town.report(["innovation", "--year", "2018", "--on", "2018-12-31"], "documents", at: home)
      let studies = listed.filter { $0["kind"] as? String == "战略分析研究" }
      #expect(lines(studies, "title", "doc_no", "issued_on") == ["碳纤维前沿研究 研2018-1 2018-03-01"], "\(home)")
    }
    try await town.expectCityOnly("haizhou", ["add", "document", "kind=strategy_study", "title=县里的研究"])
  }

  @Test("Row 26 开发区、高新区、海州开发区: a zone counts its enterprises, and its successor those of a zone that ended")
  func zones() async throws {
    let town = try sharedTown()
    let zones = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "zones")
    #expect(
      lines(zones, "zone", "enterprises", "zone_name") == ["320771 2 连云港经济技术开发区", "- 3 不在功能区", "- 5 合计"])
    let parks = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "parks")
    #expect(Set(lines(parks.filter { $0["kind"] as? String == "功能区" }, "park")) == ["开发区", "高新区", "海州开发区"])
    // 高新区 is part of 海州区 from 2020-07-01.
    let late = try await town.enter("city", "enterprise", "name=高新甲", "owner_org=320772")
    func counted(_ day: String, _ section: String) async throws -> [String] {
      let rows = try await town.report(["county", "--year", "\(day.prefix(4))", "--on", day], section)
      return lines(rows.filter { ["320706", "320772"].contains($0["org"] as? String) }, "org", "enterprises")
    }
    #expect(try await counted("2020-06-30", "figures") == ["320706 3", "320772 1"])
    #expect(try await counted("2020-07-01", "figures") == ["320706 4"])
    #expect(try await counted("2020-07-01", "figures_filed") == ["320706 3", "320772 1"])
    try await town.city(["delete", "enterprise", late])
  }
}
