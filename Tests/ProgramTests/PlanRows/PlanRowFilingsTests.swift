import Foundation
import Testing

private let code = TestCode.haizhou[0]
private let other = TestCode.donghai[0]

private func prepare(_ town: Town) async throws {
  try await town.load("haizhou", "enterprise", "统一社会信用代码,名称\n\(code),海州甲\n\(TestCode.haizhou[1]),海州乙\n")
  try await town.load("donghai", "enterprise", "统一社会信用代码,名称\n\(other),东海甲\n")
  for home in ["haizhou", "donghai"] { try await town.sync(home) }
}

// What a county files and the city confirms: it counts from the year in which it was confirmed.

@Suite(.serialized, .town([("haizhou", "320706"), ("donghai", "320722")], prepare: prepare))
struct PlanRowFilings {
  @Test("Row 11 关键技术和产品: filed, confirmed, counted from that year, those of one name and kind once")
  func technologies() async throws {
    let town = try sharedTown()
    let enterprise = try await town.enterprise(code)
    let first = try await town.file(
      "haizhou", "key_technology", "enterprise_id=\(enterprise)", "name=T1000碳纤维", "kind=technology",
      "field=new_energy_materials", "topic=basic_materials")
    try await town.load(
      "haizhou", "key_technology",
      """
      统一社会信用代码,名称,类别,阶段
      \(code),T1000碳纤维,关键产品,市级审核
      \(code),未上报的技术,关键技术,填报
      \(code),重名技术,关键技术,市级审核
      """)
    try await town.expectCityOnly(
      "haizhou", ["step", "key_technology", first, "published"],
      ["add", "key_technology", "enterprise_id=\(enterprise)", "name=自认", "kind=technology", "confirmed=1"])
    try await town.sync("haizhou")
    try await town.confirm("key_technology", first, on: "2018-12-31")
    let rows = try await town.rows("city", "key_technology")
    let product = try #require(rows.first { $0["kind"] as? String == "product" }?["id"] as? String)
    try await town.confirm("key_technology", product, on: "2019-01-01")
    for (year, value) in [(2017, "0"), (2018, "1"), (2019, "2"), (2020, "2")] {
      #expect(try await town.plan("key_technology", year) == value, "\(year)")
    }
    let list = try await town.report(["innovation", "--year", "2018", "--on", "2018-12-31"], "technologies")
    #expect(
      lines(list, "name", "kind", "county", "field", "topic", "confirmed_year")
        == ["T1000碳纤维 关键技术 海州区 新能源新材料 重点基础材料研制 2018"])
    // The same technology, entered and confirmed once more, is still one.
    let again = try await town.id("key_technology", named: "重名技术")
    try await town.city(["edit", "key_technology", again, "name=T1000碳纤维"])
    try await town.confirm("key_technology", again, on: "2019-06-01")
    #expect(try await town.plan("key_technology", 2019) == "2")
  }

  @Test("Row 12 专精特新产品: 42 at the start, confirmed ones are added, listed and counted by year")
  func products() async throws {
    let town = try sharedTown()
    let enterprise = try await town.enterprise(code)
    let first = try await town.file(
      "haizhou", "product", "enterprise_id=\(enterprise)", "name=高强碳绳", "kind=specialised", "level=city")
    let table = "统一社会信用代码,名称,类别,阶段\n\(code),精密阀,精细化,市级审核\n\(code),缺材料的产品,特色化,市级审核\n\(code),明年的产品,新颖化,市级审核\n"
    try await town.load("haizhou", "product", table)
    try await town.expectCityOnly("haizhou", ["step", "product", first, "published"])
    // What a county writes where the city decides is a proposal, and counts for nothing meanwhile.
    let proposed = try await town.id("product", named: "精密阀", at: "haizhou")
    try await town.county("haizhou", ["edit", "product", proposed, "confirmed=1"])
    #expect(try await town.sync("haizhou")["conflicts"] as? Int == 1)
    #expect(try await town.row("city", "product", proposed)["confirmed"] is NSNull)
    try await town.decide("confirmed", "--keep")
    try await town.confirm("product", first, on: "2018-01-01")
    for (name, day) in [("精密阀", "2018-12-31"), ("明年的产品", "2019-01-01")] {
      try await town.confirm("product", try await town.id("product", named: name), on: day)
    }
    let missing = try await town.id("product", named: "缺材料的产品")
    try await town.city(["step", "product", missing, "returned", "--reason", "缺检测报告"])
    try await town.sync("haizhou")
    #expect(try await town.row("haizhou", "product", missing)["reason"] as? String == "缺检测报告")
    for (year, all, new) in [(2018, "44", "2"), (2019, "45", "1"), (2020, "45", "0")] {
      #expect(try await town.plan("srdi_product", year) == all, "\(year)")
      #expect(try await town.plan("srdi_product_new", year) == new, "\(year)")
    }
    let list = try await town.report(["products", "--year", "2018"], "products")
    #expect(
      lines(list, "product", "kind", "uscc", "enterprise", "county") == [
        "精密阀 精细化 \(code) 海州甲 海州区", "高强碳绳 专业化 \(code) 海州甲 海州区",
      ])
    // What the city takes back counts no more.
    try await town.city(["edit", "product", first, "confirmed=0"])
    #expect(try await town.plan("srdi_product_new", 2018) == "1")
  }

  @Test("Row 13 产业集群: 7 at the start, confirmed ones are added, with their members and sales")
  func clusters() async throws {
    let town = try sharedTown()
    let cluster = try await town.file("haizhou", "cluster", "name=硅材料集群", "field=new_energy_materials")
    try await town.file("haizhou", "cluster", "name=未确认的集群")
    for (code, role) in [(code, "leader"), (TestCode.haizhou[1], "member")] {
      let enterprise = try await town.enterprise(code, at: "haizhou")
      try await town.county(
        "haizhou", ["add", "membership", "cluster_id=\(cluster)", "enterprise_id=\(enterprise)", "role=\(role)"])
    }
    try await town.load("haizhou", "enterprise_year", "统一社会信用代码,年份,应税销售(亿元)\n\(code),2018,1.5\n\(code),2017,9\n")
    try await town.load("donghai", "enterprise_year", "统一社会信用代码,年份,应税销售(万元)\n\(other),2018,2500\n")
    for home in ["haizhou", "donghai"] { try await town.sync(home) }
    try await town.expectCityOnly("haizhou", ["step", "cluster", cluster, "published"])
    // An enterprise of another county belongs to it by the city's word.
    try await town.city([
      "add", "membership", "cluster_id=\(cluster)", "enterprise_id=\(try await town.enterprise(other))",
    ])
    try await town.confirm("cluster", cluster, on: "2018-11-11")
    for (year, value) in [(2017, "7"), (2018, "8")] { #expect(try await town.plan("cluster", year) == value) }
    let dated = ["--year", "2018", "--on", "2018-12-31"]
    let drawn = try await town.report(["plan"] + dated, "clusters")
    #expect(lines(drawn, "name", "org_name", "year", "members", "sales") == ["硅材料集群 海州区 2018 3 175000000"])
    let rows = try await town.report(["innovation"] + dated, "clusters")
    #expect(lines(rows, "name", "field", "members", "reported", "sales") == ["硅材料集群 新能源新材料 3 2 175000000"])
  }

  @Test("Row 16 市级以上研发机构: confirmed in the year, by kind and level, one of two levels once")
  func institutions() async throws {
    let town = try sharedTown()
    let first = try await town.file(
      "haizhou", "rd_institution", "enterprise_id=\(try await town.enterprise(code))", "name=海州甲技术中心",
      "kind=technology_centre", "level=city", "doc_no=连经信〔2018〕1号")
    try await town.load(
      "haizhou", "rd_institution",
      """
      统一社会信用代码,名称,类别,级别,阶段
      \(code),海州甲技术中心,企业技术中心,省级,市级审核
      \(code),工程中心,工程技术中心,省级,市级审核
      \(code),工作站,博士后科研工作站,国家级,市级审核
      \(code),实验室,重点实验室,市级,市级审核
      \(code),未上报的实验室,重点实验室,市级,县区初审
      """)
    try await town.sync("haizhou")
    try await town.expectCityOnly("haizhou", ["step", "rd_institution", first, "published"])
    for row in try await town.rows("city", "rd_institution") where row["stage"] as? String == "city" {
      let day = row["name"] as? String == "实验室" ? "2019-01-01" : "2018-12-31"
      try await town.confirm("rd_institution", row["id"] as? String ?? "", on: day)
    }
    for (year, value) in [(2018, "3"), (2019, "1"), (2020, "0")] {
      #expect(try await town.plan("rd_institution", year) == value, "\(year)")
    }
    let table = try await town.report(["plan", "--year", "2018", "--on", "2018-12-31"], "institutions")
    #expect(
      lines(table, "kind", "city", "province", "nation") == [
        "企业技术中心 1 1 0", "工程技术中心 0 1 0", "博士后科研工作站 0 0 1", "重点实验室 0 0 0", "其他 0 0 0",
      ])
  }

  @Test("Row 22 省原创化学药创新中心等现有平台: three are there from the start and are no new ones")
  func existingPlatforms() async throws {
    let town = try sharedTown()
    for home in ["city", "haizhou"] {
      let rows = try await town.report(["innovation", "--year", "2017", "--on", "2017-12-31"], "platforms", at: home)
      #expect(Set(lines(rows, "kind", "name")) == ["现有 省原创化学药创新中心", "现有 碳纤维复合材料试验公共服务平台", "现有 中船重工七一六所"])
    }
    #expect(try await town.plan("public_platform", 2017) == "0")
    let id = try await town.id("platform", named: "中船重工七一六所", "name_zh")
    try await town.expectCityOnly("haizhou", ["edit", "platform", id, "kind=new", "year=2018"])
    try await town.city(["edit", "platform", id, "services=软件评测"])
    let rows = try await town.report(["innovation", "--year", "2017", "--on", "2017-12-31"], "platforms")
    #expect(lines(rows.filter { $0["name"] as? String == "中船重工七一六所" }, "services") == ["软件评测"])
  }

  @Test("Row 23 新建公共技术服务平台: counted from the year in which they were built")
  func newPlatforms() async throws {
    let town = try sharedTown()
    try await town.load(
      "city", "platform",
      "中文名称,类别,建成年份\n石化检测平台,新建,2018\n海洋生物平台,新建,2019\n筹建的平台,新建,\n补录的现有平台,现有,2018\n")
    for (year, value) in [(2018, "1"), (2019, "2")] { #expect(try await town.plan("public_platform", year) == value) }
    // One without a year is not forgotten silently.
    let sources = try await town.report(["plan", "--year", "2019", "--on", "2019-12-31"], "sources")
    #expect(lines(sources.filter { $0["code"] as? String == "public_platform" }, "counted", "left_out") == ["2 1"])
    try await town.expectCityOnly("haizhou", ["add", "platform", "name_zh=县里的平台", "kind=new", "year=2018"])
  }

  @Test("Row 24 国家级产业基地: three bases, with their enterprises, and none of them counts as a park")
  func bases() async throws {
    let town = try sharedTown()
    // A base is the city's; a county finds it in the list of all parks.
    let base = try await town.id("park_stub", named: "硅材料国家级产业基地", "name_zh", at: "haizhou")
    try await town.county("haizhou", ["edit", "enterprise", "uscc:\(code)", "park_id=\(base)"])
    try await town.sync("haizhou")
    try await town.city(["edit", "park", base, "confirmed=1", "confirmed_year=2016"])
    let parks = try await town.report(["innovation", "--year", "2016", "--on", "2016-12-31"], "parks")
    #expect(
      Set(lines(parks.filter { $0["kind"] as? String == "国家级产业基地" }, "name", "enterprises")) == [
        "新医药国家级产业基地 0", "高性能纤维国家级产业基地 0", "硅材料国家级产业基地 1",
      ])
    #expect(try await town.plan("park", 2016) == "0")
    try await town.expectCityOnly("haizhou", ["edit", "park_stub", base, "name_zh=改名"])
    expectFailure(try await town.tryCounty("haizhou", ["edit", "park", base, "name_zh=改名"]), 66)
  }

  @Test("Row 25 特色科技园区: filed by the county, confirmed by the city, counted for both")
  func parks() async throws {
    let town = try sharedTown()
    let park = try await town.file(
      "haizhou", "park", "name_zh=水晶创意园", "kind=featured_park", "field=crystal", "year=2018")
    let zone = try await town.file("donghai", "park", "name_zh=东海功能区", "kind=functional_zone", "year=2018")
    let late = try await town.file("donghai", "park", "name_zh=明年的园区", "kind=featured_park", "year=2018")
    try await town.file("donghai", "park", "name_zh=未确认的园区", "kind=featured_park", "year=2018")
    try await town.county("haizhou", ["edit", "enterprise", "uscc:\(TestCode.haizhou[1])", "park_id=\(park)"])
    for home in ["haizhou", "donghai"] { try await town.sync(home) }
    try await town.expectCityOnly(
      "haizhou", ["step", "park", park, "published"],
      ["add", "park", "name_zh=自认的园区", "kind=featured_park", "confirmed=1", "confirmed_year=2018"])
    for (id, day) in [(park, "2018-06-01"), (zone, "2018-06-01"), (late, "2019-01-01")] {
      try await town.confirm("park", id, on: day)
    }
    for (year, value) in [(2018, "1"), (2019, "2")] { #expect(try await town.plan("park", year) == value, "\(year)") }
    let rows = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "parks")
    #expect(
      Set(lines(rows.filter { $0["kind"] as? String == "特色科技园区" }, "park", "org_name", "confirmed", "enterprises")) == [
        "水晶创意园 海州区 2018 1", "明年的园区 东海县 - 0", "未确认的园区 东海县 - 0",
      ])
  }

  @Test("Row 27 产学研创新载体: with the schools that are partners, counted from the year of confirmation")
  func carriers() async throws {
    let town = try sharedTown()
    let school = try await town.enter("city", "organisation", "name=江苏海洋大学", "kind=university")
    try await town.sync("haizhou")
    let carrier = try await town.file(
      "haizhou", "carrier", "name=碳纤维联合中心", "kind=joint_centre", "field=new_energy_materials",
      "enterprise_id=\(try await town.enterprise(code, at: "haizhou"))")
    try await town.county(
      "haizhou", ["add", "carrier_partner", "carrier_id=\(carrier)", "organisation_id=\(school)", "role=研发"])
    try await town.file("haizhou", "carrier", "name=未确认的载体", "kind=institute")
    try await town.sync("haizhou")
    try await town.expectCityOnly("haizhou", ["step", "carrier", carrier, "published"])
    try await town.confirm("carrier", carrier, on: "2018-12-31")
    for (year, value) in [(2017, "0"), (2018, "1")] {
      #expect(try await town.plan("carrier", year) == value, "\(year)")
    }
    let rows = try await town.report(["innovation", "--year", "2018", "--on", "2018-12-31"], "carriers")
    #expect(
      lines(rows, "name", "kind", "county", "partners", "belt_road", "confirmed_year")
        == ["碳纤维联合中心 联合研发中心 海州区 江苏海洋大学 - 2018"])
  }

  @Test("Row 28 一带一路科技合作: carriers with partners along the road, with the country, are listed apart")
  func beltAndRoad() async throws {
    let town = try sharedTown()
    let school = try await town.enter("city", "organisation", "name=莫斯科大学", "kind=university", "country=俄罗斯")
    try await town.sync("donghai")
    let carrier = try await town.file(
      "donghai", "carrier", "name=中俄水晶研究院", "kind=institute", "belt_road=1", "country=俄罗斯")
    let plain = try await town.file("donghai", "carrier", "name=本地研究院", "kind=institute")
    try await town.county("donghai", ["add", "carrier_partner", "carrier_id=\(carrier)", "organisation_id=\(school)"])
    try await town.file("donghai", "carrier", "name=未确认的合作", "kind=institute", "belt_road=1")
    try await town.sync("donghai")
    for id in [carrier, plain] { try await town.confirm("carrier", id, on: "2019-05-01") }
    let drawn = ["innovation", "--year", "2019", "--on", "2019-12-31"]
    let rows = try await town.report(drawn, "carriers").filter { $0["belt_road"] as? String == "是" }
    #expect(lines(rows, "name", "county", "country", "partners") == ["中俄水晶研究院 东海县 俄罗斯 莫斯科大学(俄罗斯)"])
    let counts = try await town.report(drawn, "carrier_counts").filter { $0["kind"] as? String == "研究院" }
    #expect(lines(counts, "count", "added", "belt_road") == ["2 2 1"])
    #expect(
      try await town.report(["innovation", "--year", "2018"], "carriers").allSatisfy { $0["belt_road"] is NSNull })
  }
}
