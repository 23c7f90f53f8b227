import Presentation
import Reports
import SyncCore
import Testing

@Suite struct BulletinTests {
  /// Enterprises 1… with a valid recognition, of these units and industries.
  private func town(_ places: [(org: String, industry: String?)]) throws -> Records {
    let town = try Records()
    for period in [201702, 201703, 201802, 201803] {
      try town.add(
        "period", ["code": .integer(Int64(period)), "kind": "month", "due_on": "2018-04-15", "state": "open"])
    }
    for period in [2017, 2018] {
      try town.add("period", ["code": .integer(Int64(period)), "kind": "year", "state": "open"])
    }
    for (index, place) in places.enumerated() {
      try town.enterprise(index + 1, "企业\(index + 1)", org: place.org, industry: place.industry)
      try town.recognition(index + 101, of: index + 1, "tech_sme", year: 2017)
    }
    return town
  }

  private func month(
    _ town: Records, _ enterprise: Int, _ period: Int64, _ value: Int64, _ indicator: String = "taxable_sales"
  ) throws {
    try town.add(
      "enterprise_month",
      [
        "enterprise_id": id(enterprise), "period": .integer(period), "indicator": .text(indicator),
        "ytd_value": .integer(value),
      ])
  }

  @Test("Expected are those with a recognition valid at the end of the period; reported are those with figures")
  func coverage() throws {
    let town = try town([("320706", nil), ("320706", nil), ("320722", nil)])
    try town.enterprise(8, "未认定")
    try town.enterprise(9, "过期", org: "320722")
    try town.recognition(9, of: 9, "small_giant", year: 2015, to: "2018-03-30")
    try town.enterprise(10, "末日", org: "320722")
    try town.recognition(10, of: 10, "small_giant", year: 2015, to: "2018-03-31")
    try month(town, 1, 201803, 5)
    try month(town, 8, 201803, 5)
    try town.add("submission", ["org": "320706", "period": 201803, "submitted_on": "2018-04-10"])
    try town.add(
      "submission", ["org": "320722", "period": 201803, "submitted_on": "2018-04-09", "returned_reason": "漏报"])
    let report = try town.draw(BulletinReport.self, on: "2018-04-10", about: "201803")
    let rows = try report.rows("coverage", "county", "expected", "reported", "share", "submitted_on")
    #expect(rows.contains("海州区 2 1 0.5 2018-04-10"))
    #expect(rows.contains("东海县 2 0 0 -"))
    #expect(rows.contains("连云区 0 0 - -"))
    #expect(rows.last == "合计 4 1 0.25 -")
    #expect(report.title.zh == "统计通报(2018 年 1—3 月)")
  }

  @Test("Growth compares year-to-date figures of the enterprises that reported in both years")
  func growth() throws {
    let town = try town([("320706", "C2710"), ("320706", "C3990"), ("320722", "I6510")])
    try month(town, 1, 201803, 150)
    try month(town, 1, 201703, 100)
    try month(town, 2, 201803, 1000)
    try month(town, 3, 201803, 60)
    try month(town, 3, 201703, 50)
    try month(town, 3, 201803, 7, "staff")
    try month(town, 2, 201802, 900)
    let report = try town.draw(BulletinReport.self, about: "201803")
    let money = try report.rows("money", "indicator", "enterprises", "value", "compared", "now", "before", "growth")
    #expect(money[0] == "应税销售 3 1210 2 210 150 0.4")
    #expect(money[1] == "工业总产值 0 - 0 - - -")
    #expect(try report.rows("people", "indicator", "value") == ["职工人数 7"])
    #expect(
      try report.rows("by_county", "county", "enterprises", "taxable_sales", "growth")
        == ["海州区 2 1150 0.5", "东海县 1 60 0.2", "合计 3 1210 0.4"])
    #expect(
      try report.rows("by_industry", "industry", "taxable_sales", "growth") == [
        "C 制造业 1150 0.5", "I 信息传输、软件和信息技术服务业 60 0.2", "合计 1210 0.4",
      ])
    #expect(
      try report.rows("series", "month", "enterprises", "now", "before") == ["1 0 - -", "2 1 900 -", "3 3 1210 150"])
  }

  @Test("What is published leaves out figures of fewer than three, and what would reveal them")
  func suppression() throws {
    let places = [("320706", 3), ("320722", 4), ("320723", 1)].flatMap { (org, count) in
      Array(repeating: (org: org, industry: Optional("C2710")), count: count)
    }
    let town = try town(places)
    for enterprise in 1...8 { try month(town, enterprise, 201803, 10) }
    for enterprise in 1...7 { try month(town, enterprise, 201703, 8) }
    let open = try town.draw(BulletinReport.self, about: "201803")
    #expect(try open.rows("by_county", "county", "taxable_sales").contains("灌云县 10"))
    let report = try town.draw(BulletinReport.self, about: "201803", publish: true)
    #expect(
      try report.rows("by_county", "county", "enterprises", "taxable_sales", "growth")
        == ["海州区 * * *", "东海县 4 40 0.25", "灌云县 * * *", "合计 8 80 *"])
    // Seven of the eight are compared: their sums would tell the eighth's, and so would those of 海州.
    #expect(try report.rows("money", "value", "now", "before", "growth")[0] == "80 * * *")
    #expect(try report.rows("by_industry", "taxable_sales") == ["80", "80"])
  }

  @Test("What is published does not tell whether one or two that have to report have done so", arguments: [7, 8])
  func whoHasReported(reporters: Int) throws {
    let places = [("320706", 3), ("320722", 4), ("320723", 1)].flatMap { (org, count) in
      Array(repeating: (org: org, industry: Optional(count == 1 ? "D4411" : "C2710")), count: count)
    }
    let town = try town(places)
    for enterprise in 1...reporters { try month(town, enterprise, 201803, 10) }
    let open = try town.draw(BulletinReport.self, about: "201803")
    #expect(try open.rows("coverage", "county", "expected", "reported").contains("灌云县 1 \(reporters - 7)"))
    let report = try town.draw(BulletinReport.self, about: "201803", publish: true)
    let coverage = try report.rows("coverage", "county", "expected", "reported", "share")
    // The smallest of the others goes, too: the total would tell the one.
    for row in ["灌云县 * * *", "海州区 * * *", "东海县 4 4 1", "连云区 0 0 -"] {
      #expect(coverage.contains(row), "\(row)")
    }
    #expect(coverage.last == (reporters == 8 ? "合计 8 8 1" : "合计 8 7 0.875"))
    #expect(
      try report.rows("by_county", "county", "enterprises")
        == ["海州区 *", "东海县 4", "灌云县 *", "合计 \(reporters)"])
    let power = try report.rows("by_industry", "industry", "enterprises", "taxable_sales", "growth")[1]
    #expect(power == "D 电力、热力、燃气及水生产和供应业 * * *")
  }

  @Test("Sums that differ by one or two enterprises do not stand side by side in what is published")
  func differences() throws {
    let town = try town(Array(repeating: (org: "320706", industry: nil), count: 4))
    for enterprise in 1...4 { try month(town, enterprise, 201703, 8) }
    for enterprise in 1...3 { try month(town, enterprise, 201803, 10) }
    let revenue: [(Int, Value, Value)] = [(1, 100, 5), (2, 100, 5), (3, 100, 5), (4, 100, .null)]
    for (enterprise, revenue, rd) in revenue {
      try town.add(
        "enterprise_year", ["enterprise_id": id(enterprise), "year": 2018, "revenue": revenue, "rd": rd])
    }
    for (publish, before, share) in [(false, "32", "15 300 0.05"), (true, "*", "* * *")] {
      let report = try town.draw(BulletinReport.self, about: "201803", publish: publish)
      #expect(try report.rows("money", "value", "before", "growth")[0] == "30 24 0.25")
      #expect(try report.rows("series", "enterprises_before", "before").last == "4 \(before)")
      let annual = try town.draw(BulletinReport.self, about: "2018", publish: publish)
      #expect(try annual.rows("rd_intensity", "rd", "revenue", "share") == [share])
    }
  }

  @Test("What is compared of all does not tell, less the sum of a county, what one of another county reported")
  func comparedBesideCounties() throws {
    let town = try town((0..<8).map { (org: $0 < 4 ? "320706" : "320722", industry: nil) })
    for enterprise in 1...8 { try month(town, enterprise, 201803, 10) }
    for enterprise in 1...5 { try month(town, enterprise, 201703, 8) }
    for (publish, cells) in [(false, ["50 40 0.25", "0.25", "5 40"]), (true, ["* * *", "*", "5 *"])] {
      let report = try town.draw(BulletinReport.self, about: "201803", publish: publish)
      #expect(try report.rows("money", "value", "now", "before", "growth")[0] == "80 \(cells[0])")
      #expect(
        try report.rows("by_county", "county", "taxable_sales", "growth")
          == ["海州区 40 0.25", "东海县 40 \(cells[1])", "合计 80 \(cells[1])"])
      #expect(try report.rows("by_industry", "growth") == [cells[1], cells[1]])
      #expect(try report.rows("series", "enterprises_before", "before").last == cells[2])
    }
  }

  @Test("What is published counts a unit that was taken over with its successor, as other publications do")
  func successor() throws {
    let orgs = Array(repeating: "320706", count: 5) + ["320772"] + Array(repeating: "320724", count: 3)
    let town = try town(orgs.map { (org: $0, industry: nil) })
    for enterprise in 1...9 { try month(town, enterprise, 201803, 10) }
    let rows = { (day: String, publish: Bool) throws -> [String] in
      try town.draw(BulletinReport.self, on: day, about: "201803", publish: publish)
        .rows("by_county", "county", "enterprises", "taxable_sales")
    }
    #expect(try rows("2021-04-01", true) == ["海州区 6 60", "灌南县 3 30", "合计 9 90"])
    #expect(try rows("2021-04-01", false).count == 4)
    #expect(try rows("2020-06-30", true).count == 4)
  }

  @Test("The year: sales, revenue, R&D and staff, and R&D in revenue of those that reported both")
  func annual() throws {
    let town = try town([("320706", nil), ("320706", nil)])
    let rows: [(Int, Int64, Value, Value, Value)] = [
      (1, 2018, 100, 5, 20), (2, 2018, 300, .null, 30), (1, 2017, 80, 4, 20),
    ]
    for (enterprise, year, revenue, rd, staff) in rows {
      try town.add(
        "enterprise_year",
        [
          "enterprise_id": id(enterprise), "year": .integer(year), "taxable_sales": revenue, "revenue": revenue,
          "rd": rd, "staff": staff,
        ])
    }
    let report = try town.draw(BulletinReport.self, about: "2018")
    #expect(
      try report.rows("money", "indicator", "value", "growth")
        == ["应税销售 400 0.25", "营业收入 400 0.25", "研发费用 5 0.25"])
    #expect(try report.rows("people", "value") == ["50"])
    #expect(try report.rows("rd_intensity", "enterprises", "rd", "revenue", "share") == ["1 5 100 0.05"])
  }

  @Test("December, year-to-date, does not tell, less than the year, what the one has that filed no month")
  func december() throws {
    let town = try town(Array(repeating: (org: "320706", industry: nil), count: 6))
    for period in [201712, 201812] as [Int64] {
      try town.add("period", ["code": .integer(period), "kind": "month", "state": "open"])
    }
    for enterprise in 1...6 {
      for year in [2017, 2018] as [Int64] {
        try town.add(
          "enterprise_year", ["enterprise_id": id(enterprise), "year": .integer(year), "taxable_sales": 10])
        if enterprise < 6 { try month(town, enterprise, year * 100 + 12, 10) }
      }
    }
    for (publish, cells) in [(false, "5 50 5 50"), (true, "5 * 5 *")] {
      let report = try town.draw(BulletinReport.self, about: "2018", publish: publish)
      #expect(try report.rows("money", "value", "now", "before").first == "60 60 60")
      #expect(try report.rows("series", "enterprises", "now", "enterprises_before", "before").last == cells)
    }
  }

  @Test(
    "A period that is none, or that is not set, is refused with those that are",
    arguments: [(nil, Failure.Kind.usage), ("201813", .usage), ("２０１８", .usage), ("18", .usage), ("2016", .notFound)])
  func subject(_ subject: String?, _ kind: Failure.Kind) throws {
    let town = try town([])
    let failure = try #require(throws: Failure.self) { try town.draw(BulletinReport.self, about: subject) }
    #expect(failure.kind == kind)
    #expect(failure.message.zh.contains("201803") && failure.message.en.contains("known: 2017, 2018, 201702"))
  }
}
