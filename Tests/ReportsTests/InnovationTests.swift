import Presentation
import Reports
import SyncCore
import Testing

@Suite struct InnovationTests {
  private func town() throws -> Records {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    try town.enterprise(2, "乙公司", org: "320722")
    return town
  }

  @Test("What the city confirmed counts from the year in which it did, by field, topic, kind and level")
  func counts() throws {
    let town = try town()
    let technologies: [(Int, Value, Value, Value)] = [
      (10, 1, 2018, "biomedicine"), (11, 1, 2017, "biomedicine"), (12, 1, 2019, "biomedicine"), (13, 0, 2018, .null),
      (14, 1, 2018, .null), (15, 1, .null, "biomedicine"),
    ]
    for (number, confirmed, year, field) in technologies {
      try town.add(
        "key_technology",
        [
          "id": id(number), "enterprise_id": id(1), "name": .text("技术\(number)"), "kind": "technology",
          "field": field, "confirmed": confirmed, "confirmed_year": year,
        ])
    }
    for (number, level) in [(20, "province"), (21, "province"), (22, "city")] {
      try town.add(
        "rd_institution",
        [
          "id": id(number), "enterprise_id": id(1), "name": "中心", "kind": "technology_centre", "level": .text(level),
          "confirmed": 1, "confirmed_year": 2018,
        ])
    }
    for (number, investment) in [(30, 5), (31, 7)] as [(Int, Value)] {
      try town.add(
        "project",
        [
          "id": id(number), "enterprise_id": id(1), "name": "项目", "phase": "running", "topic": "robots",
          "investment": investment, "confirmed": 1, "confirmed_year": 2018,
        ])
    }
    // One that was merged into another filed the same once more.
    try town.add("enterprise", ["id": id(3), "name": "重复", "owner_org": "320706", "merged_into": id(1)])
    for (number, enterprise) in [(40, 1), (41, 3)] {
      try town.add(
        "product",
        [
          "id": id(number), "enterprise_id": id(enterprise), "name": "产品", "kind": "refined", "confirmed": 1,
          "confirmed_year": 2018,
        ])
    }
    try town.add(
      "key_technology",
      [
        "id": id(42), "enterprise_id": id(3), "name": "技术10", "kind": "technology", "field": "biomedicine",
        "confirmed": 1, "confirmed_year": 2018,
      ])
    try town.add(
      "rd_institution",
      [
        "id": id(43), "enterprise_id": id(3), "name": "中心", "kind": "technology_centre", "level": "city",
        "confirmed": 1, "confirmed_year": 2018,
      ])
    try town.add(
      "project",
      [
        "id": id(44), "enterprise_id": id(3), "name": "项目", "phase": "running", "topic": "robots", "investment": 7,
        "confirmed": 1, "confirmed_year": 2018,
      ])
    let report = try town.draw(InnovationReport.self)
    #expect(
      try report.rows("technology_counts", "field", "count", "added") == ["生物医药 2 1", "- 1 1"])
    #expect(try report.rows("technologies", "name") == ["技术11", "技术10", "技术14"])
    #expect(
      try report.rows("institutions", "confirmed_year", "kind", "level", "count")
        == ["2018 企业技术中心 市级 1", "2018 企业技术中心 省级 2"])
    #expect(try report.rows("projects", "phase", "topic", "count", "investment") == ["实施 智能机器人 2 12"])
    #expect(try report.rows("products", "kind", "count", "added", "enterprises") == ["精细化 1 1 1"])
  }

  @Test("A code that another list has, too, is called as the list calls it to which its column belongs")
  func codesOfTwoLists() throws {
    let town = try town()
    for (list, code, label) in [
      ("emerging", "equipment", "高端装备制造"), ("emerging", "crystal", "水晶创意"), ("key_field", "robots", "机器人"),
    ] {
      try town.add("code_item", ["list": .text(list), "code": .text(code), "label_zh": .text(label)])
    }
    try town.add(
      "enterprise", ["id": id(3), "name": "丙公司", "owner_org": "320706", "field_tags": "crystal,equipment,robots"])
    try town.add(
      "key_technology",
      [
        "id": id(10), "enterprise_id": id(3), "name": "技术", "kind": "technology", "field": "equipment",
        "topic": "robots", "confirmed": 1, "confirmed_year": 2018,
      ])
    let report = try town.draw(InnovationReport.self)
    #expect(try report.rows("fields", "field") == ["水晶创意", "装备制造", "机器人"])
    #expect(try report.rows("technologies", "field", "topic") == ["装备制造 智能机器人"])
  }

  @Test("A cluster's sales are the sum over members that reported; one merged into another is no member")
  func clusters() throws {
    let town = try town()
    try town.add("enterprise", ["id": id(3), "name": "重复", "owner_org": "320706", "merged_into": id(1)])
    try town.add(
      "cluster", ["id": id(10), "owner_org": "320706", "name": "硅材料集群", "confirmed": 1, "confirmed_year": 2018])
    for (enterprise, sales) in [(1, 100), (2, .null), (3, 100)] as [(Int, Value)] {
      try town.add("membership", ["cluster_id": id(10), "enterprise_id": id(enterprise)])
      try town.add("enterprise_year", ["enterprise_id": id(enterprise), "year": 2018, "taxable_sales": sales])
    }
    let report = try town.draw(InnovationReport.self)
    #expect(try report.rows("clusters", "name", "members", "reported", "sales") == ["硅材料集群 2 1 100"])
    #expect(try town.draw(InnovationReport.self, year: 2017).rows("clusters", "name") == [])
  }

  @Test("Platforms and parks of the plan, carriers with partners, fields with enterprises, documents in force")
  func places() throws {
    let town = try town()
    try town.add("organisation", ["id": id(10), "name": "莫斯科大学", "kind": "university", "country": "俄罗斯"])
    try town.add(
      "carrier",
      [
        "id": id(11), "owner_org": "320706", "name": "联合中心", "kind": "joint_centre", "belt_road": 1,
        "country": "俄罗斯", "confirmed": 1, "confirmed_year": 2018,
      ])
    try town.add("carrier_partner", ["carrier_id": id(11), "organisation_id": id(10)])
    for (number, tags) in [(20, "biomedicine,equipment"), (21, "biomedicine")] {
      try town.add(
        "enterprise",
        ["id": id(number), "name": .text("企业\(number)"), "owner_org": "320706", "field_tags": .text(tags)])
    }
    for (number, repealed) in [(30, Value.null), (31, "2018-12-31"), (32, "2019-01-01")] {
      try town.add(
        "document",
        ["id": id(number), "kind": "strategy_study", "title": .text("研究\(number)"), "repealed_on": repealed])
    }
    let report = try town.draw(InnovationReport.self)
    #expect(try report.rows("platforms", "kind", "name").contains("现有 省原创化学药创新中心"))
    #expect(try report.rows("park_counts", "kind", "count", "confirmed") == ["国家级产业基地 3 0", "功能区 3 0", "特色科技园区 0 0"])
    #expect(
      try report.rows("carriers", "name", "belt_road", "country", "partners") == ["联合中心 是 俄罗斯 莫斯科大学(俄罗斯)"])
    #expect(try report.rows("carrier_counts", "kind", "count", "belt_road") == ["联合研发中心 1 1"])
    #expect(try report.rows("fields", "field", "enterprises") == ["生物医药 2", "装备制造 1"])
    #expect(try report.rows("documents", "kind", "title") == ["战略分析研究 研究30", "战略分析研究 研究32"])
  }

  @Test("Investment leads by phase; the chain map with what stands at each node, and its gaps")
  func investment() throws {
    let town = try town()
    for (node, position, assessment) in [("b", 2, "weak"), ("a", 1, .null), ("c", 3, "strong")]
      as [(String, Value, Value)]
    {
      try town.add(
        "chain_node",
        [
          "chain": "biomedicine", "node": .text(node), "position": position, "name_zh": .text("环节\(node)"),
          "assessment": assessment,
        ])
    }
    for (enterprise, node) in [(1, "b"), (1, "c"), (2, "c")] {
      try town.add("chain_position", ["enterprise_id": id(enterprise), "chain": "biomedicine", "node": .text(node)])
    }
    let projects: [(Int, String, String, Value, Value)] = [
      (10, "talks", "a", 5_000_000, "world"), (11, "lost", "a", 7, .null), (12, "talks", "b", 1, .null),
    ]
    for (number, phase, node, amount, top) in projects {
      try town.add(
        "investment_project",
        [
          "id": id(number), "owner_org": "320722", "name": .text("项目\(number)"), "chain": "biomedicine",
          "node": .text(node), "phase": .text(phase), "amount": amount, "top500": top, "since": "2018-05-01",
        ])
    }
    let report = try town.draw(InvestmentReport.self)
    #expect(
      try report.rows("phases", "phase", "count", "amount", "top500")
        == ["线索 0 0 0", "洽谈 2 5000001 1", "签约 0 0 0", "开工 0 0 0", "投产 0 0 0", "流失 1 7 0"])
    #expect(try report.rows("counties", "county", "phase", "count") == ["东海县 洽谈 2", "东海县 流失 1"])
    #expect(try report.rows("top500", "top500", "name") == ["世界500强 项目10"])
    #expect(
      try report.rows("chains", "chain", "name", "enterprises", "projects")
        == ["生物医药 环节a 0 1", "生物医药 环节b 1 1", "生物医药 环节c 2 0"])
    #expect(try report.rows("gaps", "name", "assessment") == ["环节a -", "环节b 薄弱"])
    // Who stands at the first in another county is not known here.
    let own = try town.draw(InvestmentReport.self, unit: "320722")
    #expect(try own.rows("gaps", "name", "assessment") == ["环节b 薄弱"])
    #expect(own.notes.count == 2 && report.notes.count == 1)
    #expect(try town.draw(InvestmentReport.self, on: "2018-04-30").rows("top500", "name") == [])
  }
}
