import Foundation
import Testing

@Suite(.serialized, .twoCounties) struct PlanRowStatisticsTests {
  /// Tech SMEs of both counties report for the first quarter of 2018; one of 海州 was revoked on its last day.
  private func quarter(_ town: Town) async throws {
    let firms = try await town.firms()
    for (period, due) in [("201703", "2017-04-10"), ("201803", "2018-04-10")] {
      try await town.city(["period", "open", period, "--due", due])
    }
    let recognition = ["scheme=tech_sme", "year=2017", "recognised_on=2017-01-01"]
    for (enterprise, revoked) in [(firms.a, ""), (firms.b, "2018-03-31"), (firms.c, "")] {
      try await town.city(
        ["add", "recognition", "enterprise_id=\(enterprise)", "revoked_on=\(revoked)"] + recognition)
    }
    try await town.syncAll()
    try await town.load(
      "haizhou", "enterprise_month",
      """
      uscc,period,indicator,ytd_value
      \(TestCode.haizhou[0]),201703,taxable_sales,1000000
      \(TestCode.haizhou[0]),201803,taxable_sales,1250000
      \(TestCode.haizhou[1]),201803,taxable_sales,777
      """)
  }

  @Test("Row 51 统计调查、监测分析、定期发布: reported, submitted, accepted, analysed, published, revised")
  func row51() async throws {
    let town = try sharedTown()
    try await quarter(town)
    for (home, org, coverage) in [("haizhou", "320706", "1 1"), ("donghai", "320722", "1 0")] {
      let submission = try await town.county(home, ["submit", "201803", "--json"]).object
      #expect(lines([submission], "expected", "reported") == [coverage], "\(org)")
      try await town.sync(home)
    }
    try await town.city(["accept", "320706", "201803"])
    try await town.city(["return", "320722", "201803", "--reason", "丙未报"])
    try await town.syncAll()
    #expect(try await town.row("donghai", "submission", "320722,201803")["returned_reason"] as? String == "丙未报")
    try await town.expectCityOnly(
      "haizhou", ["edit", "submission", "320706,201803", "accepted_on=2018-04-10"],
      ["edit", "period", "201803", "state=locked"])
    let late = try await town.report(["overdue", "--on", "2018-04-11"], "submissions")
    #expect(late.contains { $0["county"] as? String == "东海县" && $0["period"] as? Int == 201803 })
    let report = ["bulletin", "201803", "--on", "2018-04-30"]
    let coverage = try await town.report(report, "coverage").filter { $0["expected"] as? Int != 0 }
    #expect(lines(coverage, "county", "expected", "reported", "share") == ["海州区 1 1 1.0", "东海县 1 0 0.0", "合计 2 1 0.5"])
    let money = try await town.report(report, "money")
    #expect(
      lines(money, "indicator", "enterprises", "value", "before", "growth").first == "应税销售 1 1250000 1000000 0.25")

    // What is published identifies nobody: of one enterprise there is no figure.
    let publish = ["publish"] + report + ["--no", "通报2018-1"]
    expectFailure(try await town.tryCounty("haizhou", publish), 64)
    #expect(try await town.city(publish + ["--json"]).object["version"] as? Int == 1)
    expectFailure(try await town.tryCity(publish), 65, "nothing differs")
    try await town.syncAll()
    let first = try await town.county("donghai", ["publication", "通报2018-1", "--format", "csv"]).out
    #expect(first.contains("应税销售") || first.contains("Taxable sales"), "\(first)")
    #expect(!first.contains("1250000") && !first.contains("125.00"), "\(first)")

    // After the lock a change is a request; admitted, it makes version 2.
    try await town.city(["period", "lock", "201803"])
    try await town.syncAll()
    let c = try await town.firms().c
    try await town.county(
      "donghai",
      ["add", "enterprise_month", "enterprise_id=\(c)", "period=201803", "indicator=taxable_sales", "ytd_value=5"])
    #expect(try await town.sync("donghai")["parked"] as? Int == 1)
    let request = try #require(try await town.parked("city").first)
    try await town.city(["publish", "plan", "--year", "2019", "--on", "2019-12-31", "--no", "计划2019"])
    let admitted = try await town.city(["admit", "\(request["id"] ?? 0)", "--reason", "补报"])
    #expect(admitted.err.contains("figures of 201803 may be in publication 通报2018-1, version 1"), "\(admitted.err)")
    // That of the next year prints these beside its own.
    #expect(admitted.err.contains("in publication 计划2019, version 1"), "\(admitted.err)")
    expectFailure(try await town.tryCity(publish), 64, "--note")
    #expect(try await town.city(publish + ["--note", "丙补报", "--json"]).object["version"] as? Int == 2)
    let revised = try await town.report(report, "coverage").filter { $0["county"] as? String == "合计" }
    #expect(lines(revised, "expected", "reported") == ["2 2"])
    try await town.sync("donghai")
    let again = try await town.county("donghai", ["publication", "通报2018-1", "--version", "1", "--format", "csv"]).out
    #expect(again == first)
    try await town.city(["verify"])
  }

  @Test("Row 35 新产品新技术发布平台: what the city confirmed in the year, released to every county")
  func row35() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    let product = try await town.file("haizhou", "product", "enterprise_id=\(firms.a)", "name=碳纤维", "kind=novel")
    let second = try await town.file("haizhou", "product", "enterprise_id=\(firms.a)", "name=晚确认", "kind=novel")
    let technology = try await town.file(
      "donghai", "key_technology", "enterprise_id=\(firms.c)", "name=石英提纯", "kind=technology")
    try await town.syncAll()
    try await town.confirm("product", product, on: "2018-09-01")
    try await town.confirm("product", second, on: "2019-09-01")
    let report = ["releases", "--on", "2018-12-31"]
    #expect(lines(try await town.report(report, "products"), "product", "enterprise") == ["碳纤维 甲"])
    #expect(try await town.report(report, "technologies").isEmpty)
    try await town.confirm("key_technology", technology, on: "2018-10-01")
    #expect(lines(try await town.report(report, "technologies"), "technology", "county") == ["石英提纯 东海县"])
    let published = try await town.city(["publish"] + report + ["--no", "发布2018-1", "--json"]).object
    #expect(lines([published], "kind", "version", "title") == ["release 1 2018 年新产品新技术发布"])
    try await town.syncAll()
    for home in ["haizhou", "donghai"] {
      let shown = try await town.county(home, ["publication", "发布2018-1"]).out
      #expect(shown.contains("碳纤维") && shown.contains("石英提纯") && !shown.contains("晚确认"), "\(shown)")
    }
    try await town.expectCityOnly("haizhou", ["edit", "publication", "发布2018-1,1", "title=x"])
    // The city itself makes a new version.
    let file = try town.write("publication.csv", "no,version,title\n发布2018-1,1,x\n")
    for command in [
      ["edit", "publication", "发布2018-1,1", "title=x"], ["delete", "publication", "发布2018-1,1"],
      ["import", "publication", file],
    ] {
      expectFailure(try await town.tryCity(command), 77, "publish a new version")
    }
    expectFailure(
      try await town.tryCity(["publish", "file", TestCode.haizhou[0], "--no", "x"]), 77, "is not published")
    // Nor is it drawn as it would be.
    for report in [["innovation"], ["ledger"], ["file", TestCode.haizhou[0]]] {
      expectFailure(try await town.tryCity(["report"] + report + ["--published"]), 77, "is not published")
    }
    for name in ["releases", "tiers"] { try await town.city(["report", name, "--on", "2018-12-31", "--published"]) }
  }

  @Test("Row 55 附件2 目标分解表: imported from CSV and XLSX, added up against the city's target")
  func row55() async throws {
    let town = try sharedTown()
    let table = try town.write(
      "targets.csv", "单位,指标,年份,目标值\n320706,small_giant_tier1,2020,40\n320722,small_giant_tier1,2020,59.5\n")
    let dry = try await town.city(["import", "county_target", table, "--dry-run", "--json"]).object
    #expect(lines([dry], "rows", "added") == ["2 0"])
    func sums() async throws -> [String] {
      let rows = try await town.report(["county", "--on", "2020-12-31"], "target_sums")
      return lines(
        rows.filter { $0["code"] as? String == "small_giant_tier1" }, "city", "sum", "difference", "counties")
    }
    // Nothing is imported: nothing is invented.
    #expect(try await sums() == ["100 - - 0"])
    let wrong = try town.write("wrong.csv", "org,indicator,year,value\n320706,small_giant_tier1,2020,1\nxx,x,2020,1\n")
    expectFailure(try await town.tryCity(["import", "county_target", wrong]), 65, "row 3", "org", "xx")
    try await town.city(["import", "county_target", table])
    #expect(try await sums() == ["100 99.5 -0.5 2"])
    // The same as a workbook.
    let book = town.path("targets.xlsx")
    try await town.city(["export", "county_target", book, "--plain"])
    for org in ["320706", "320722"] {
      try await town.city(["delete", "county_target", "\(org),small_giant_tier1,2020"])
    }
    #expect(try await sums() == ["100 - - 0"])
    #expect(try await town.city(["import", "county_target", book, "--json"]).object["added"] as? Int == 2)
    try await town.city(["edit", "county_target", "320722,small_giant_tier1,2020", "value=60"])
    #expect(try await sums() == ["100 100 0 2"])
    // A county sees its own target, and what it has of it; the figure is of 2020.
    let a = try await town.firms().a
    try await town.enter("city", "recognition", "enterprise_id=\(a)", "scheme=small_giant", "year=2019")
    try await town.enter(
      "haizhou", "enterprise_year", "enterprise_id=\(a)", "year=2020", "taxable_sales=100000000")
    try await town.syncAll()
    for home in ["city", "haizhou"] {
      let rows = try await town.report(["county", "--on", "2020-12-31"], "targets", at: home)
      let mine = rows.filter { $0["org"] as? String == "320706" }
      #expect(lines(mine, "code", "target", "value", "share") == ["small_giant_tier1 40 1 0.025"], "\(home)")
    }
    #expect(try await town.rows("donghai", "county_target").map { $0["org"] as? String } == ["320722"])
    try await town.expectCityOnly(
      "haizhou", ["add", "county_target", "indicator=tech_sme", "year=2020", "value=1"],
      ["import", "county_target", table])
  }
}
