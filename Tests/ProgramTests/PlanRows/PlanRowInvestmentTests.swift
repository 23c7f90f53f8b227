import Foundation
import Testing

@Suite(.serialized, .twoCounties) struct PlanRowInvestmentTests {
  @Test("Row 29 科技招商、500强、产业链全景图: leads by phase, the map of a chain and its gaps")
  func row29() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    for (node, place, assessment) in [("api", 1, "strong"), ("packaging", 2, "weak"), ("trade", 3, "strong")] {
      try await town.city(
        ["add", "chain_node", "chain=biomedicine", "node=\(node)", "position=\(place)", "name_zh=环节\(place)"]
          + ["assessment=\(assessment)"])
    }
    try await town.sync("haizhou")
    try await town.expectCityOnly("haizhou", ["edit", "chain_node", "biomedicine,api", "assessment=missing"])
    for node in ["api", "packaging"] {
      try await town.county(
        "haizhou", ["add", "chain_position", "enterprise_id=\(firms.a)", "chain=biomedicine", "node=\(node)"])
    }
    let lead = try await town.enter(
      "haizhou", "investment_project", "name=线索", "top500=world", "chain=biomedicine", "node=packaging",
      "amount=200000000", "phase=lead", "since=2018-09-01")
    for (phase, since) in [("lost", "2018-09-01"), ("signed", "2019-01-01")] {
      try await town.enter(
        "haizhou", "investment_project", "name=\(phase)", "chain=biomedicine", "node=trade", "amount=100000001",
        "phase=\(phase)", "since=\(since)")
    }
    try await town.county("haizhou", ["edit", "investment_project", lead, "phase=talks"])
    try await town.sync("haizhou")
    let report = ["investment", "--on", "2018-12-31"]
    // What begins a day later does not count yet.
    let counts = lines(try await town.report(report, "phases"), "phase", "count", "amount", "top500")
    #expect(
      counts == ["线索 0 0 0", "洽谈 1 200000000 1", "签约 0 0 0", "开工 0 0 0", "投产 0 0 0", "流失 1 100000001 0"])
    // One that was lost is no project of its node; a node without enterprises is a gap, and so is a weak one.
    let map = lines(try await town.report(report, "chains"), "chain", "node", "assessment", "enterprises", "projects")
    #expect(map == ["生物医药 api 优势 1 0", "生物医药 packaging 薄弱 1 1", "生物医药 trade 优势 0 0"])
    #expect(lines(try await town.report(report, "gaps"), "node") == ["packaging", "trade"])
    #expect(lines(try await town.report(report, "top500"), "top500", "name", "county") == ["世界500强 线索 海州区"])
    #expect(try await town.report(report, "counties", at: "donghai").isEmpty)
  }

  @Test("Row 30 重大科技成果转化项目 and row 31 重点专题: filed, confirmed and counted by phase and topic")
  func rows30And31() async throws {
    let town = try sharedTown()
    let enterprise = try await town.firms().b
    func project(_ name: String, _ phase: String, _ topic: String, _ yuan: Int) async throws -> String {
      try await town.file(
        "haizhou", "project", "enterprise_id=\(enterprise)", "name=\(name)", "phase=\(phase)", "topic=\(topic)",
        "investment=\(yuan)")
    }
    let drug = try await project("新药", "running", "new_drugs", 30_000_001)
    let robot = try await project("机器人", "stopped", "robots", 40_000_000)
    let early = try await project("早年新药", "accepted", "new_drugs", 20_000_000)
    _ = try await project("未确认", "running", "new_drugs", 7)
    try await town.sync("haizhou")
    try await town.expectCityOnly("haizhou", ["step", "project", drug, "published"])
    try await town.confirm("project", drug, on: "2020-12-31")
    try await town.confirm("project", robot, on: "2020-05-01")
    try await town.confirm("project", early, on: "2019-05-01")
    // Not: the stopped one, the unconfirmed one; in 2019 not what was confirmed in 2020.
    #expect(try await town.plan("transformation_project", 2019) == "1")
    #expect(try await town.plan("transformation_project", 2020) == "2")
    let confirmed = try await town.report(["innovation", "--on", "2020-12-31"], "projects")
    #expect(
      Set(lines(confirmed, "phase", "topic", "count", "added", "investment"))
        == ["验收 新药创制 1 0 20000000", "实施 新药创制 1 1 30000001", "终止 智能机器人 1 1 40000000"])
    // Row 31: all that is under way, the investment without what was stopped.
    let topics = try await town.report(["pipeline", "--on", "2020-12-31"], "topics")
    let shown = lines(topics, "code", "running", "accepted", "stopped", "total", "investment")
    #expect(
      Array(shown.prefix(4)) == [
        "basic_materials 0 0 0 0 -", "big_data 0 0 0 0 -", "new_drugs 2 1 0 3 50000008", "robots 0 0 1 1 -",
      ])
    try await town.expectCityOnly(
      "haizhou", ["add", "code_item", "list=priority_topic", "code=x", "label_zh=新专题"])
  }

  @Test("Row 32 人才资源总量: entered, and more than 850,000 is asked for")
  func row32() async throws {
    let town = try sharedTown()
    let total = "320700,talent,2020,total"
    #expect(try await town.plan("talent", 2020, "verdict") == "无数据")
    try await town.city(
      ["add", "indicator_value", "org=320700", "indicator=talent", "year=2020", "item=total", "value=85", "source=人社局"])
    #expect(try await town.plan("talent", 2020, "verdict") == "未达到")
    try await town.city(["edit", "indicator_value", total, "value=85.0001"])
    #expect(try await town.plan("talent", 2020) == "85.0001")
    #expect(try await town.plan("talent", 2020, "verdict") == "已达到")
    // A unit's own figure does not change the city's; another unit's is none of its business.
    try await town.county(
      "haizhou", ["add", "indicator_value", "indicator=talent", "year=2020", "item=total", "value=90"])
    try await town.sync("haizhou")
    #expect(try await town.plan("talent", 2020) == "85.0001")
    try await town.expectCityOnly(
      "haizhou", ["add", "indicator_value", "org=320700", "indicator=talent", "year=2019", "item=total", "value=1"])
    // Without the city's the units' totals are added up.
    try await town.county(
      "donghai", ["add", "indicator_value", "indicator=talent", "year=2020", "item=total", "value=0.5"])
    try await town.sync("donghai")
    try await town.city(["delete", "indicator_value", total])
    #expect(try await town.plan("talent", 2020) == "90.5")
  }

  @Test("Row 33 港城人才集聚(高校系、科研系、企业系、海归系): four groups, the units' added up where the city has none")
  func row33() async throws {
    let town = try sharedTown()
    func enter(_ home: String, _ org: String, _ item: String, _ value: Double) async throws {
      try await town.enter(
        home, "indicator_value", "org=\(org)", "indicator=talent", "year=2019", "item=\(item)", "value=\(value)")
    }
    for (item, value) in [("高校系", 20.5), ("科研系", 10), ("海归系", 1.25)] { try await enter("city", "320700", item, value) }
    try await enter("haizhou", "320706", "企业系", 30.25)
    try await enter("donghai", "320722", "企业系", 12.5)
    try await enter("donghai", "320722", "海归系", 9)
    try await town.syncAll()
    let rows = try await town.report(["plan", "--on", "2019-12-31"], "items")
    #expect(
      Set(lines(rows, "indicator", "item", "unit", "value"))
        == ["人才资源总量 高校系 万人 20.5", "人才资源总量 科研系 万人 10", "人才资源总量 企业系 万人 42.75", "人才资源总量 海归系 万人 1.25"])
    #expect(try await town.report(["plan", "--on", "2021-12-31"], "items").isEmpty)
  }
}
