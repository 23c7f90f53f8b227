import Foundation
import Testing

private let codes = TestCode.haizhou
private let names = ["海州甲", "海州乙", "海州丙", "海州丁", "海州戊"]

private func prepare(_ town: Town) async throws {
  let table = zip(codes, names).map { "\($0),\($1)\n" }.joined()
  try await town.load("haizhou", "enterprise", "统一社会信用代码,名称\n" + table)
  try await town.load("donghai", "enterprise", "统一社会信用代码,名称\n\(TestCode.donghai[0]),东海甲\n")
  for home in ["haizhou", "donghai"] { try await town.sync(home) }
}

@Suite(.serialized, .town([("haizhou", "320706"), ("donghai", "320722")], prepare: prepare))
struct PlanRowCultivation {
  @Test("Row 17 研发投入: R&D by revenue, of those that reported both")
  func research() async throws {
    let town = try sharedTown()
    try await town.load(
      "haizhou", "enterprise_year",
      """
      统一社会信用代码,年份,研发费用(万元),营业收入(万元)
      \(codes[0]),2017,900,10000
      \(codes[0]),2018,600,10000
      \(codes[1]),2018,300,
      \(codes[2]),2018,,5000
      """)
    try await town.load(
      "donghai", "enterprise_year", "统一社会信用代码,年份,研发费用(万元),营业收入(亿元)\n\(TestCode.donghai[0]),2018,200,1\n")
    for home in ["haizhou", "donghai"] { try await town.sync(home) }
    let rows = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "figures")
    #expect(
      lines(rows.filter { !($0["rd"] is NSNull) }, "org", "rd", "revenue", "rd_share") == [
        "320706 9000000 150000000 0.06", "320722 2000000 100000000 0.02", "- 11000000 250000000 0.04",
      ])
    let file = try await town.report(["file", codes[0], "--year", "2018"], "figures", at: "haizhou")
    #expect(lines(file, "year", "rd", "rd_share") == ["2017 9000000 0.09", "2018 6000000 0.06"])
  }

  @Test("Row 18 小巨人培育工程: nominated, approved by both sides, left: by stage, and the list of those who are in it")
  func stages() async throws {
    let town = try sharedTown()
    var entries: [String] = []
    for code in codes.prefix(4) {
      let nominate = ["nominate", code, "--batch", "2018-1", "--reason", "研发投入高", "--json"]
      entries.append(try await town.county("haizhou", nominate).object["key"] as? String ?? "")
    }
    for entry in [entries[0], entries[1], entries[3]] {
      let approved = try await town.county("haizhou", ["approve", "cultivation_entry", entry, "--json"]).object
      #expect(approved["approval"] as? String == "county")
    }
    try await town.sync("haizhou")
    // The approval of one side lists nobody.
    #expect(try await town.report(["cultivation", "--on", "2018-12-31"], "cultivation").isEmpty)
    for entry in [entries[0], entries[3]] {
      try await town.city(["approve", "cultivation_entry", entry, "--on", "2018-07-01"])
    }
    #expect(try await town.report(["cultivation", "--on", "2018-06-30"], "cultivation").isEmpty)
    try await town.city(["exit", codes[3], "--reason", "迁出本市", "--on", "2018-10-01"])
    let rows = try await town.report(["pipeline", "--year", "2018", "--on", "2018-12-31"], "cultivation")
    #expect(
      lines(rows, "batch", "nominated", "county", "city", "listed", "void", "withdrawn", "total")
        == ["2018-1 1 1 0 1 0 1 4"])
    let list = try await town.report(["cultivation", "--on", "2018-12-31"], "cultivation")
    #expect(lines(list, "batch", "uscc", "enterprise", "county") == ["2018-1 \(codes[0]) 海州甲 海州区"])
    let bare = try await town.report(["overdue", "--on", "2018-12-31"], "without_roadmap")
    #expect(lines(bare, "enterprise", "batch") == ["海州甲 2018-1"])
  }

  @Test("Row 19 应税销售5000万元以上: candidates from 50 million on that are no valid small giants")
  func candidates() async throws {
    let town = try sharedTown()
    let sales = ["50000000", "49999999", "60000000", "70000000"]
    let table = zip(codes, sales).map { "\($0),2019,\($1)\n" }.joined() + "\(codes[4]),2020,90000000\n"
    try await town.load("haizhou", "enterprise_year", "统一社会信用代码,年份,应税销售(元)\n" + table)
    try await town.load("donghai", "enterprise_year", "统一社会信用代码,年份,应税销售(亿元)\n\(TestCode.donghai[0]),2019,3\n")
    for home in ["haizhou", "donghai"] { try await town.sync(home) }
    // One is a giant; one was, until the day that is looked at.
    try await town.load(
      "city", "recognition",
      "uscc,scheme,year,recognised_on,revoked_on\n\(codes[2]),small_giant,2019,2019-09-01,\n"
        + "\(codes[3]),small_giant,2019,2019-09-01,2019-12-31\n")
    try await town.sync("haizhou")
    let drawn = ["candidates", "--year", "2019", "--on", "2019-12-31"]
    #expect(
      lines(try await town.report(drawn, "candidates"), "name", "org_name", "sales") == [
        "东海甲 东海县 300000000", "海州丁 海州区 70000000", "海州甲 海州区 50000000",
      ])
    #expect(lines(try await town.report(drawn, "candidates", at: "haizhou"), "name") == ["海州丁", "海州甲"])
    let before = ["candidates", "--year", "2019", "--on", "2019-12-30"]
    #expect(lines(try await town.report(before, "candidates", at: "haizhou"), "name") == ["海州甲"])
  }

  @Test("Row 20 一企一策、成长路线图: one each, approved by the city, its milestones late from the day after they are due")
  func roadmaps() async throws {
    let town = try sharedTown()
    let enterprise = try await town.enterprise(codes[4], at: "haizhou")
    let add = ["add", "roadmap", "enterprise_id=\(enterprise)", "policy=上市辅导", "goal=销售过亿", "year_to=2020"]
    try await town.expectCityOnly("haizhou", add + ["approved=1"])
    let roadmap = try await town.county("haizhou", add + ["--json"]).object["id"] as? String ?? ""
    #expect(try await town.tryCounty("haizhou", add).code == 65)
    for (title, done) in [("股份制改造", ""), ("建研发中心", "2018-06-30"), ("首台套", "2018-07-02")] {
      try await town.enter(
        "haizhou", "milestone", "roadmap_id=\(roadmap)", "title=\(title)", "due_on=2018-06-30", "done_on=\(done)")
    }
    try await town.sync("haizhou")
    #expect(lines(try await overdue("2018-07-01", "unapproved"), "enterprise", "goal") == ["海州戊 销售过亿"])
    try await town.city(["edit", "roadmap", roadmap, "approved=1", "approved_on=2018-06-01"])
    try await town.sync("haizhou")
    #expect(try await overdue("2018-07-01", "unapproved").isEmpty)
    #expect(try await overdue("2018-06-30", "milestones").isEmpty)
    let late = try await overdue("2018-07-01", "milestones")
    #expect(Set(lines(late, "enterprise", "title", "days_late")) == ["海州戊 股份制改造 1", "海州戊 首台套 1"])
    #expect(lines(try await overdue("2018-07-02", "milestones"), "title", "days_late") == ["股份制改造 2"])
    #expect(
      lines(try await town.rows("haizhou", "roadmap"), "policy", "approved", "approved_on") == ["上市辅导 1 2018-06-01"])
    let pages = try await town.report(["file", codes[4], "--on", "2018-07-01"], "roadmap", at: "haizhou")
    #expect(lines(pages, "goal", "approved", "milestone", "days_late").contains("销售过亿 是 股份制改造 1"))
  }

  private func overdue(_ day: String, _ section: String) async throws -> [[String: Any]] {
    try await sharedTown().report(["overdue", "--on", day], section)
  }

  @Test("Row 21 法律、知识产权、标准、管理培训: services given, by kind, by the county and by the city")
  func services() async throws {
    let town = try sharedTown()
    try await town.load(
      "haizhou", "service_record",
      """
      统一社会信用代码,服务类别,日期,内容,企业确认
      \(codes[0]),法律辅导,2018-03-01,合同审查,1
      \(codes[1]),法律辅导,2018-04-01,劳动用工,0
      \(codes[0]),知识产权服务,2018-05-01,专利布局,1
      \(codes[0]),标准制定,2018-12-31,团体标准,
      \(codes[0]),法律辅导,2019-01-01,合同审查,1
      """)
    try await town.sync("haizhou")
    let enterprise = try await town.enterprise(codes[0])
    try await town.enter(
      "city", "service_record", "enterprise_id=\(enterprise)", "kind=management", "given_on=2018-06-01", "accepted=1")
    try await town.sync("haizhou")
    for home in ["city", "haizhou"] {
      let rows = try await town.report(["activities", "--year", "2018", "--on", "2018-12-31"], "services", at: home)
      #expect(
        lines(rows.filter { $0["count"] as? Int != 0 }, "kind", "count", "enterprises", "accepted", "purchased") == [
          "法律辅导 2 2 1 0", "知识产权服务 1 1 1 0", "标准制定 1 1 0 0", "管理培训 1 1 1 0",
        ], "\(home)")
    }
    let file = try await town.report(["file", codes[0], "--on", "2018-12-31"], "services", at: "haizhou")
    #expect(
      Set(lines(file, "kind", "count", "last")) == [
        "法律辅导 1 2018-03-01", "知识产权服务 1 2018-05-01", "标准制定 1 2018-12-31", "管理培训 1 2018-06-01",
      ])
  }
}
