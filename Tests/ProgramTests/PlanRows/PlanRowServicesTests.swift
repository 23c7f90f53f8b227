import Foundation
import Testing

@Suite(.serialized, .twoCounties) struct PlanRowServicesTests {
  private func event(_ town: Town, _ home: String, _ kind: String, _ day: String, _ people: Int) async throws
    -> String
  {
    try await town.enter(
      home, "event", "owner_org=\(home == "city" ? "320700" : "320706")", "kind=\(kind)", "title=\(kind)",
      "held_on=\(day)", "people=\(people)")
  }

  @Test("Row 34 专题活动、上下游对接、政策培训: events of the year by kind, with those who came")
  func row34() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    let first = try await event(town, "haizhou", "matching", "2018-09-01", 40)
    let last = try await event(town, "haizhou", "matching", "2018-12-31", 2)
    let before = try await event(town, "haizhou", "topic", "2017-12-31", 9)
    for (event, enterprise) in [(first, firms.a), (first, firms.b), (last, firms.a), (before, firms.a)] {
      try await town.county("haizhou", ["add", "attendance", "event_id=\(event)", "enterprise_id=\(enterprise)"])
    }
    try await town.sync("haizhou")
    let training = try await event(town, "city", "policy_training", "2018-09-02", 100)
    try await town.city(["add", "attendance", "event_id=\(training)", "enterprise_id=\(firms.c)", "result=申报两项"])
    for (day, figures) in [
      ("2018-12-30", ["专题活动 0 0 0 0", "上下游对接 1 40 2 2", "政策培训 1 100 1 1"]),
      ("2018-12-31", ["专题活动 0 0 0 0", "上下游对接 2 42 3 2", "政策培训 1 100 1 1"]),
    ] {
      let rows = try await town.report(["activities", "--on", day], "event_kinds")
      let shown = lines(rows, "kind", "count", "people", "attendances", "enterprises")
      #expect(Array(shown.prefix(3)) == figures, "\(day)")
    }
    let file = try await town.report(["file", TestCode.donghai[0], "--on", "2018-12-31"], "events")
    #expect(lines(file, "held_on", "kind", "result") == ["2018-09-02 政策培训 申报两项"])
  }

  @Test("Row 43 工作人员培训: training of staff by unit, that of the year")
  func row43() async throws {
    let town = try sharedTown()
    _ = try await event(town, "haizhou", "staff_training", "2019-01-01", 25)
    _ = try await event(town, "haizhou", "staff_training", "2019-12-31", 5)
    _ = try await event(town, "haizhou", "staff_training", "2020-01-01", 7)
    _ = try await event(town, "city", "staff_training", "2019-06-03", 10)
    try await town.sync("haizhou")
    let report = ["activities", "--on", "2020-12-31", "--year", "2019"]
    let kinds = try await town.report(report, "event_kinds").filter { $0["kind"] as? String == "工作人员培训" }
    #expect(lines(kinds, "count", "people") == ["3 40"])
    let units = lines(try await town.report(report, "events"), "county", "kind", "count", "people")
    #expect(units == ["连云港市经济和信息化委员会 工作人员培训 1 10", "海州区 工作人员培训 2 30"])
    #expect(try await town.report(report, "events", at: "donghai").isEmpty)
  }

  @Test("Row 36 专业资质认定: help with qualifications, and an alert before one ends")
  func row36() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    func certificate(_ enterprise: String, _ name: String, _ cells: String...) async throws {
      try await town.county(
        "haizhou", ["add", "qualification", "enterprise_id=\(enterprise)", "kind=high_tech", "name=\(name)"] + cells)
    }
    try await certificate(firms.a, "高企证书", "cert_no=G1", "issued_on=2016-03-31", "expires_on=2019-03-31")
    try await certificate(firms.b, "体系证书", "expires_on=2019-04-01")
    try await certificate(firms.b, "长期证书")
    try await town.enter(
      "haizhou", "service_record", "enterprise_id=\(firms.a)", "kind=qualification", "given_on=2019-01-02",
      "accepted=true")
    try await town.sync("haizhou")
    func ending(_ day: String, at home: String = "city") async throws -> [String] {
      lines(try await town.report(["overdue", "--on", day], "expiring", at: home), "what", "cert_no", "days_left")
    }
    #expect(try await ending("2018-12-30") == [])
    #expect(try await ending("2018-12-31") == ["高企证书 G1 90"])
    #expect(try await ending("2019-04-01") == ["高企证书 G1 -1", "体系证书 - 0"])
    // A newer one of the same kind takes its place from the day of its issue.
    try await certificate(firms.a, "高企证书", "cert_no=G2", "issued_on=2019-03-30", "expires_on=2022-03-31")
    #expect(try await ending("2019-03-29", at: "haizhou") == ["高企证书 G1 2", "体系证书 - 3"])
    #expect(try await ending("2019-03-30", at: "haizhou") == ["体系证书 - 2"])
    let help = try await town.report(["activities", "--on", "2019-12-31"], "services")
    let qualification = help.filter { $0["kind"] as? String == "资质认定" }
    #expect(lines(qualification, "count", "enterprises", "accepted") == ["1 1 1"])
  }

  @Test("Row 37 科技中介服务机构: the directory of those that work on the day")
  func row37() async throws {
    let town = try sharedTown()
    for (name, kind, cells) in [
      ("港城咨询", "consulting", ["origin=brought", "since=2018-09-01"]),
      ("旧律所", "legal", ["origin=existing", "since=2010-01-01", "closed_on=2019-06-30"]),
      ("技术市场", "technology_market", ["origin=new", "since=2019-06-30"]),
    ] { try await town.city(["add", "service_provider", "name=\(name)", "kind=\(kind)"] + cells) }
    try await town.syncAll()
    for (day, names) in [
      ("2018-08-31", ["旧律所 原有"]), ("2019-06-29", ["港城咨询 引进", "旧律所 原有"]),
      ("2019-06-30", ["港城咨询 引进", "技术市场 新建"]),
    ] {
      let rows = try await town.report(["activities", "--on", day], "providers", at: "haizhou")
      #expect(lines(rows, "name", "origin") == names, "\(day)")
    }
    try await town.expectCityOnly("haizhou", ["add", "service_provider", "name=县区机构", "kind=legal"])
  }

  @Test("Row 41 政策体系、简化审批: the policies in force on the day")
  func row41() async throws {
    let town = try sharedTown()
    let cells = ["issued_by=320700", "issued_on=2018-09-01"]
    try await town.city(["add", "document", "kind=policy", "title=若干政策", "doc_no=连经信〔2018〕9号"] + cells)
    try await town.city(["add", "document", "kind=simplification", "title=简化审批", "repealed_on=2019-09-01"] + cells)
    try await town.sync("haizhou")
    for (day, titles) in [
      ("2018-08-31", []), ("2018-09-01", ["政策 若干政策 连经信〔2018〕9号", "简化审批 简化审批 -"]),
      ("2019-08-31", ["政策 若干政策 连经信〔2018〕9号", "简化审批 简化审批 -"]), ("2019-09-01", ["政策 若干政策 连经信〔2018〕9号"]),
    ] {
      let rows = try await town.report(["innovation", "--on", day], "documents", at: "haizhou")
      #expect(lines(rows, "kind", "title", "doc_no") == titles, "\(day)")
    }
    try await town.expectCityOnly("haizhou", ["add", "document", "kind=policy", "title=县区政策"])
  }

  @Test("Row 42 深入基层了解问题: problems of enterprises, and how long they are open")
  func row42() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    func issue(_ home: String, _ enterprise: String, _ topic: String, _ day: String) async throws -> String {
      try await town.enter(
        home, "enterprise_issue", "enterprise_id=\(enterprise)", "topic=\(topic)", "raised_on=\(day)", "description=问题")
    }
    _ = try await issue("haizhou", firms.a, "finance", "2018-09-01")
    let land = try await issue("haizhou", firms.b, "land", "2018-09-11")
    _ = try await issue("donghai", firms.c, "talent", "2018-10-02")
    try await town.county("haizhou", ["edit", "enterprise_issue", land, "answer=已协调", "closed_on=2018-10-01"])
    try await town.syncAll()
    for (day, open) in [
      ("2018-09-30", ["甲 融资 29", "乙 用地厂房 19"]), ("2018-10-01", ["甲 融资 30"]),
      ("2018-10-02", ["甲 融资 31", "丙 用工人才 0"]),
    ] {
      let rows = try await town.report(["overdue", "--on", day], "issues")
      #expect(lines(rows, "enterprise", "topic", "days_open") == open, "\(day)")
    }
    let file = try await town.report(["file", TestCode.haizhou[1], "--on", "2018-12-31"], "issues", at: "haizhou")
    #expect(lines(file, "answer", "closed_on", "days_open") == ["已协调 2018-10-01 20"])
    #expect(try await town.rows("donghai", "enterprise_issue").map { $0["topic"] as? String } == ["talent"])
  }

  @Test("Row 49 县区培育措施: measures of the counties")
  func row49() async throws {
    let town = try sharedTown()
    let own = try await town.enter(
      "haizhou", "county_measure", "title=海州措施", "doc_no=海政1号", "issued_on=2018-08-01", "content=第一条")
    try await town.enter("donghai", "county_measure", "title=东海措施", "issued_on=2018-08-02")
    try await town.syncAll()
    for (day, titles) in [
      ("2018-08-01", ["海州区 海州措施 海政1号"]), ("2018-08-02", ["海州区 海州措施 海政1号", "东海县 东海措施 -"]),
    ] {
      let rows = try await town.report(["activities", "--on", day], "measures")
      #expect(lines(rows, "county", "title", "doc_no") == titles, "\(day)")
    }
    // Another county's is not for this one to see or change.
    expectFailure(try await town.tryCounty("donghai", ["edit", "county_measure", own, "title=x"]), 66)
    try await town.expectCityOnly("donghai", ["add", "county_measure", "owner_org=320706", "title=x"])
  }

  @Test("Row 54 宣传、先进典型、行业协会: model cases that the city confirmed, and the associations")
  func row54() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    func story(_ enterprise: String, _ title: String, _ year: Int) async throws -> String {
      try await town.enter(
        "haizhou", "model_case", "enterprise_id=\(enterprise)", "title=\(title)", "year=\(year)", "media=连云港日报")
    }
    let confirmed = try await story(firms.a, "转型经验", 2018)
    _ = try await story(firms.b, "未确认", 2018)
    let later = try await story(firms.b, "次年典型", 2019)
    try await town.expectCityOnly(
      "haizhou", ["add", "model_case", "enterprise_id=\(firms.a)", "title=x", "year=2018", "confirmed=true"],
      ["add", "organisation", "name=县区协会", "kind=association"])
    try await town.sync("haizhou")
    for id in [confirmed, later] { try await town.city(["edit", "model_case", id, "confirmed=true"]) }
    try await town.city(["add", "organisation", "name=新材料协会", "kind=association"])
    try await town.sync("haizhou")
    for (year, cases) in [("2018", ["转型经验 甲 海州区 连云港日报"]), ("2019", ["次年典型 乙 海州区 连云港日报"])] {
      let rows = try await town.report(["cases", "--on", "2020-01-01", "--year", year], "cases")
      #expect(lines(rows, "title", "enterprise", "county", "media") == cases)
    }
    let associations = try await town.report(["activities", "--on", "2018-12-31"], "organisations", at: "haizhou")
    #expect(lines(associations, "kind", "name") == ["行业协会 新材料协会"])
  }
}
