import Presentation
import Reports
import SyncCore
import Testing

@Suite struct EnterpriseFileTests {
  private static let code = "91320706PDY00001XF"

  private func town() throws -> Records {
    let town = try Records()
    try town.add(
      "enterprise",
      [
        "id": id(1), "name": "新药公司", "owner_org": "320706", "uscc": .text(Self.code), "industry": "C2710",
        "division_code": "320706", "field_tags": "biomedicine,petrochemicals",
      ])
    try town.enterprise(2, "乙公司")
    return town
  }

  @Test(
    "Found by id, by credit code, and by the id of one that was merged into it",
    arguments: ["id", "uscc", "bare", "merged"])
  func subject(_ way: String) throws {
    let town = try town()
    try town.add(
      "enterprise", ["id": id(3), "name": "重复公司", "owner_org": "320706", "merged_into": id(1)])
    guard case .text(let first) = id(1), case .text(let merged) = id(3) else { return }
    let subject = ["id": first, "uscc": "uscc:\(Self.code.lowercased())", "bare": Self.code, "merged": merged][way]
    let report = try town.draw(FileReport.self, about: subject)
    #expect(report.title.zh == "企业档案:新药公司")
    #expect(report.notes.contains { $0.zh == "重复公司 已并入此企业" } == (way == "merged"))
  }

  @Test("A subject that is missing or unknown is refused with enterprises that exist")
  func unknown() throws {
    let town = try town()
    for (subject, kind) in [(nil, Failure.Kind.usage), ("乙", .notFound)] {
      let failure = try #require(throws: Failure.self) { try town.draw(FileReport.self, about: subject) }
      #expect(failure.kind == kind)
      #expect(failure.message.zh.contains("乙公司") && failure.message.en.contains("\(Self.code) 新药公司"))
    }
    let empty = try #require(throws: Failure.self) { try Records(seeded: false).draw(FileReport.self, about: "x") }
    #expect(empty.message.en.contains("no enterprise is registered yet"))
  }

  @Test("The head: names before, owner, fields, size class and tier; contacts only as a number")
  func head() throws {
    let town = try town()
    for (number, name, day) in [(10, "旧名", "2016-12-31"), (11, "最早名", "2012-12-31")] {
      try town.add(
        "enterprise_name", ["id": id(number), "enterprise_id": id(1), "name": .text(name), "valid_to": .text(day)])
    }
    try town.add(
      "enterprise_year",
      ["enterprise_id": id(1), "year": 2018, "taxable_sales": 1_000_000_000, "revenue": 400_000_000, "staff": 1000])
    try town.add(
      "recognition",
      [
        "id": id(13), "enterprise_id": id(1), "scheme": "small_giant", "year": 2018, "recognised_on": "2018-09-01",
        "revoked_on": "2019-06-01",
      ])
    try town.add(
      "contact", ["id": id(12), "enterprise_id": id(1), "name": "张三", "purpose": "联系", "expires_on": "2019-12-31"])
    // Of this one the personal data was erased.
    try town.add(
      "contact", ["id": id(14), "enterprise_id": id(1), "purpose": "联系", "expires_on": "2019-12-31"])
    let report = try town.draw(FileReport.self, about: Self.code)
    let rows = try report.rows("head", "item", "value")
    for expected in [
      "名称 新药公司(原:旧名、最早名)", "所属单位 海州区", "所在区划 海州区", "产业领域 生物医药、石油化工", "规模(2018 年) 大型",
      "销售档次(2018 年) 1亿元以上科技小巨人企业、10亿元以上企业", "联系人数 1",
    ] {
      #expect(rows.contains(expected), "\(expected) in \(rows)")
    }
    #expect(!"\(report)".contains("张三"))
    // A year with a note and no figures is none.
    try town.add("enterprise_year", ["enterprise_id": id(1), "year": 2019, "note": "停产"])
    let later = try town.draw(FileReport.self, on: "2019-12-31", about: Self.code).rows("head", "item", "value")
    #expect(later.contains("规模(2018 年) 大型"), "\(later)")
    // Not yet recognised, and revoked.
    for day in ["2018-08-31", "2019-06-01"] {
      let rows = try town.draw(FileReport.self, on: day, about: Self.code).rows("head", "item", "value")
      #expect(rows.contains("销售档次(2018 年) 不是有效科技小巨人"), "\(day): \(rows)")
    }
  }

  @Test("Figures by year with growth and R&D share; a year without the one before has no growth")
  func figures() throws {
    let town = try town()
    for (year, sales, rd) in [(2016, 100, 5), (2018, 300, 9), (2017, 150, 6)] as [(Int64, Int64, Int64)] {
      try town.add(
        "enterprise_year",
        [
          "enterprise_id": id(1), "year": .integer(year), "taxable_sales": .integer(sales), "revenue": .integer(sales),
          "rd": .integer(rd),
        ])
    }
    let report = try town.draw(FileReport.self, about: Self.code)
    #expect(
      try report.rows("figures", "year", "taxable_sales", "growth", "rd_share", "staff")
        == ["2016 100 - 0.05 -", "2017 150 0.5 0.04 -", "2018 300 1 0.03 -"])
  }

  @Test("Standing and follow-up: recognitions, rank, roadmap, rating, services, rights")
  func standing() throws {
    let town = try town()
    try town.recognition(20, of: 1, "small_giant", year: 2017, to: "2018-12-31")
    try town.recognition(21, of: 1, "tech_sme", year: 2017, to: "2018-12-30")
    for (enterprise, score) in [(1, 80), (2, 90)] {
      try town.add(
        "evaluation", ["enterprise_id": id(enterprise), "year": 2018, "score": .integer(Int64(score)), "grade": "A"])
    }
    try town.add("roadmap", ["id": id(30), "enterprise_id": id(1), "policy": "一企一策"])
    try town.add("milestone", ["id": id(31), "roadmap_id": id(30), "title": "上市", "due_on": "2018-12-30"])
    try town.add(
      "event", ["id": id(40), "owner_org": "320706", "kind": "matching", "title": "对接会", "held_on": "2018-05-01"])
    try town.add("attendance", ["event_id": id(40), "enterprise_id": id(1), "result": "签约"])
    for (number, kind, end) in [
      (50, "invention", Value.null), (51, "utility", "2018-12-30"), (52, "utility", "2018-12-31"),
    ] {
      try town.add(
        "ip_right",
        [
          "id": id(number), "enterprise_id": id(1), "kind": .text(kind), "number": .text("\(number)"),
          "expires_on": end,
        ])
    }
    try town.add(
      "transfer",
      [
        "id": id(60), "org": "320706", "direction": "in", "uscc": .text(Self.code), "other_org": "320722",
        "effective_on": "2018-01-01",
      ])
    let report = try town.draw(FileReport.self, about: Self.code)
    #expect(try report.rows("recognitions", "scheme", "year", "valid") == ["科技小巨人 2017 是", "科技型中小企业 2017 否"])
    #expect(try report.rows("evaluations", "year", "score", "rank", "of") == ["2018 80 2 2"])
    #expect(try report.rows("roadmap", "milestone", "days_late") == ["上市 1"])
    let years = report.sections.flatMap(\.columns).filter { $0.name == "year_to" }
    #expect(!years.isEmpty && years.allSatisfy { $0.unit == .year })
    #expect(try report.rows("events", "title", "result") == ["对接会 签约"])
    #expect(try report.rows("rights", "class", "kind", "count", "valid") == ["I 发明专利 1 1", "II 实用新型专利 2 1"])
    #expect(try report.rows("transfers", "org", "direction", "other_org") == ["海州区 迁入 东海县"])
  }

  @Test("Money and neighbours: loans, listings, funds, clusters, chains, cases of this enterprise and no other")
  func money() throws {
    let town = try town()
    try town.add("fund", ["id": id(10), "name": "发展基金"])
    try town.add("cluster", ["id": id(11), "owner_org": "320706", "name": "医药集群"])
    try town.add("chain_node", ["chain": "biomedicine", "node": "api", "position": 1, "name_zh": "原料药"])
    for (enterprise, offset) in [(1, 20), (2, 30)] {
      let name = Value.text("第\(enterprise)家")
      try town.add(
        "refinancing_loan",
        ["id": id(offset), "enterprise_id": id(enterprise), "bank": name, "amount": 5, "starts_on": "2018-01-01"])
      try town.add(
        "equity_listing",
        ["id": id(offset), "enterprise_id": id(enterprise), "exchange": name, "code": "1", "listed_on": "2018-01-01"])
      try town.add(
        "fund_investment",
        [
          "id": id(offset), "fund_id": id(10), "enterprise_id": id(enterprise), "amount": .integer(Int64(enterprise)),
          "invested_on": "2018-01-01",
        ])
      try town.add("model_case", ["id": id(offset), "enterprise_id": id(enterprise), "title": name, "year": 2018])
    }
    try town.add("membership", ["cluster_id": id(11), "enterprise_id": id(1), "role": "leader"])
    try town.add("chain_position", ["enterprise_id": id(1), "chain": "biomedicine", "node": "api"])
    let report = try town.draw(FileReport.self, about: Self.code)
    #expect(try report.rows("loans", "bank", "amount") == ["第1家 5"])
    #expect(try report.rows("listings", "exchange") == ["第1家"])
    #expect(try report.rows("investments", "fund", "amount") == ["发展基金 1"])
    #expect(try report.rows("cases", "title") == ["第1家"])
    #expect(try report.rows("clusters", "name", "role") == ["医药集群 龙头"])
    #expect(try report.rows("chains", "chain", "node") == ["生物医药 原料药"])
  }
}
