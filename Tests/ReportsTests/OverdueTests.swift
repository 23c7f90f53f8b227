import Presentation
import Reports
import SyncCore
import Testing

@Suite struct OverdueTests {
  private func town() throws -> Records {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    try town.enterprise(2, "乙公司", org: "320722")
    return town
  }

  @Test("A milestone is late from the day after it was due until it is done")
  func milestones() throws {
    let town = try town()
    try town.add("roadmap", ["id": id(10), "enterprise_id": id(1), "policy": "一企一策"])
    try town.add("milestone", ["id": id(11), "roadmap_id": id(10), "title": "建中心", "due_on": "2018-06-30"])
    try town.add(
      "milestone",
      ["id": id(12), "roadmap_id": id(10), "title": "做完的", "due_on": "2018-06-01", "done_on": "2018-06-20"])
    let cases = [
      ("2018-06-01", []), ("2018-06-19", ["甲公司 做完的 18"]), ("2018-06-30", []), ("2018-07-01", ["甲公司 建中心 1"]),
      ("2019-06-30", ["甲公司 建中心 365"]),
    ]
    for (day, expected) in cases {
      let report = try town.draw(OverdueReport.self, on: day)
      #expect(try report.rows("milestones", "enterprise", "title", "days_late") == expected, "\(day)")
    }
  }

  @Test("Who is on the cultivation list needs a roadmap that the city approved")
  func roadmaps() throws {
    let town = try town()
    try town.enterprise(3, "丙公司")
    for number in 1...3 {
      try town.add(
        "cultivation_entry",
        [
          "id": id(20 + number), "enterprise_id": id(number), "batch": "2018-1", "county_ok": "v1",
          "city_ok": number == 3 ? "v2" : "v1",
        ])
    }
    try town.add("roadmap", ["id": id(10), "enterprise_id": id(2), "policy": "一企一策", "goal": "上亿元"])
    let report = try town.draw(OverdueReport.self)
    // The third has approvals of two versions, which are no agreement.
    #expect(try report.rows("without_roadmap", "enterprise", "batch") == ["甲公司 2018-1"])
    #expect(try report.rows("unapproved", "enterprise", "goal") == ["乙公司 上亿元"])
    let edited = try town.draw(OverdueReport.self, version: { _, _ in "v9" })
    #expect(try edited.rows("without_roadmap", "enterprise") == [], "an edit after both approvals voids them")
  }

  @Test("Units that exist owe a submission the day after it was due")
  func submissions() throws {
    let town = try town()
    try town.add("period", ["code": 201803, "kind": "month", "due_on": "2018-04-15", "state": "open"])
    try town.add("submission", ["org": "320706", "period": 201803, "submitted_on": "2018-04-16"])
    #expect(try town.draw(OverdueReport.self, on: "2018-04-15").rows("submissions", "county") == [])
    let late = try town.draw(OverdueReport.self, on: "2018-04-17").rows("submissions", "county", "period", "days_late")
    #expect(late.contains("东海县 201803 2"))
    #expect(!late.contains { $0.hasPrefix("海州区") || $0.hasPrefix("新浦区") || $0.contains("委员会") })
    #expect(late.count == 9)
    let text = ReportText.render(try town.draw(OverdueReport.self, on: "2018-04-17"), .zh)
    #expect(text.contains("201803") && !text.contains("201,803"))
    let own = try town.draw(OverdueReport.self, on: "2018-04-17", unit: "320722").rows("submissions", "county")
    #expect(own == ["东海县"])
  }

  @Test("A unit owes nothing any more from the day on which another takes over from it, but what was returned to it")
  func takenOver() throws {
    let town = try town()
    try town.add("period", ["code": 202005, "kind": "month", "due_on": "2020-06-15", "state": "open"])
    let zone = "连云港高新技术产业开发区"
    for (day, owed, count) in [("2020-06-30", ["\(zone) 15"], 10), ("2020-07-01", [], 9)] {
      let rows = try town.draw(OverdueReport.self, on: day).rows("submissions", "county", "days_late")
      #expect(rows.filter { $0.hasPrefix(zone) } == owed && rows.count == count, "\(day): \(rows)")
    }
    try town.add("period", ["code": 202004, "kind": "month", "due_on": "2020-05-15", "state": "open"])
    for (period, accepted) in [(202004, "2020-06-20"), (202005, .null)] as [(Value, Value)] {
      try town.add(
        "submission",
        [
          "org": "320772", "period": period, "submitted_on": "2020-05-12", "returned_reason": "漏报",
          "accepted_on": accepted,
        ])
    }
    // Handed in before its end, and due after it.
    try town.add("period", ["code": 202006, "kind": "month", "due_on": "2020-07-15", "state": "open"])
    try town.add(
      "submission", ["org": "320772", "period": 202006, "submitted_on": "2020-06-30", "returned_reason": "漏报"])
    for (day, owed) in [
      ("2020-07-01", ["202005 16"]), ("2020-07-15", ["202005 30"]), ("2020-07-16", ["202005 31", "202006 1"]),
    ] {
      let rows = try town.draw(OverdueReport.self, on: day).rows("submissions", "county", "period", "days_late")
      #expect(rows.filter { $0.hasPrefix(zone) } == owed.map { "\(zone) \($0)" }, "\(day)")
    }
  }

  @Test("January may be skipped, and who handed it in and got it back owes it")
  func january() throws {
    let town = try town()
    try town.add("period", ["code": 201801, "kind": "month", "due_on": "2018-02-10", "state": "open"])
    try town.add("submission", ["org": "320706", "period": 201801, "submitted_on": "2018-02-09"])
    func rows() throws -> [String] {
      try town.draw(OverdueReport.self, on: "2018-04-17").rows("submissions", "county", "period", "days_late")
    }
    #expect(try rows() == [])
    try town.add(
      "submission",
      ["org": "320722", "period": 201801, "submitted_on": "2018-02-09", "returned_reason": "漏报"])
    #expect(try rows() == ["东海县 201801 66"])
  }

  @Test("A unit that was given more time owes a submission after that, and no day earlier than the others")
  func extended() throws {
    let town = try town()
    try town.add("period", ["code": 201803, "kind": "month", "due_on": "2018-04-15", "state": "open"])
    for (unit, day) in [("320722", "2018-05-31"), ("320723", "2018-04-01")] {
      try town.add(
        "lock_exception", ["period": 201803, "org": .text(unit), "expires_on": .text(day), "reason": "停电"])
    }
    func rows(_ day: String) throws -> [String] {
      try town.draw(OverdueReport.self, on: day).rows("submissions", "county", "due_on", "days_late")
    }
    #expect(try !rows("2018-05-31").contains { $0.hasPrefix("东海县") })
    #expect(try rows("2018-06-01").last == "东海县 2018-05-31 1")
    #expect(try rows("2018-04-16").contains("灌云县 2018-04-15 1"))
  }

  @Test("A problem is open from the day it was raised to the day before it is closed")
  func issues() throws {
    let town = try town()
    try town.add(
      "enterprise_issue",
      [
        "id": id(30), "enterprise_id": id(1), "raised_on": "2018-05-01", "topic": "finance", "description": "缺资金",
        "closed_on": "2018-05-11",
      ])
    for (day, expected) in [("2018-04-30", []), ("2018-05-01", ["融资 0"]), ("2018-05-10", ["融资 9"]), ("2018-05-11", [])]
    {
      #expect(try town.draw(OverdueReport.self, on: day).rows("issues", "topic", "days_open") == expected, "\(day)")
    }
  }

  @Test("What ends within 90 days is listed, the 90th day included, unless a newer one has replaced it")
  func expiring() throws {
    let town = try town()
    try town.recognition(40, of: 1, "high_tech", year: 2016, to: "2018-12-31")
    try town.recognition(41, of: 2, "high_tech", year: 2015, to: "2018-06-30")
    try town.recognition(42, of: 2, "high_tech", year: 2018, to: "2021-06-30")
    func certificate(_ number: Int, issued: Value, expires: Value = .null) throws {
      try town.add(
        "qualification",
        [
          "id": id(number), "enterprise_id": id(1), "kind": "quality", "name": "ISO 9001", "issued_on": issued,
          "expires_on": expires,
        ])
    }
    try certificate(43, issued: "2015-09-01", expires: "2018-09-01")
    try certificate(44, issued: "2012-09-01")
    func rows(_ day: String) throws -> [String] {
      try town.draw(OverdueReport.self, on: day).rows("expiring", "enterprise", "kind", "what", "days_left")
    }
    #expect(try rows("2018-10-01") == ["甲公司 资质 ISO 9001 -30"])
    #expect(try rows("2018-10-02") == ["甲公司 资质 ISO 9001 -31", "甲公司 认定 高新技术企业 90"])
    #expect(try rows("2019-01-01").last == "甲公司 认定 高新技术企业 -1")
    // Renewed without an end.
    try certificate(45, issued: "2018-10-02")
    #expect(try rows("2018-10-01") == ["甲公司 资质 ISO 9001 -30"])
    #expect(try rows("2018-10-02") == ["甲公司 认定 高新技术企业 90"])
  }

  @Test("Contacts past their date are counted and not named; contracts and decisions are late after their last day")
  func others() throws {
    let town = try town()
    for (number, day) in [(50, "2018-06-29"), (51, "2018-06-30")] {
      try town.add(
        "contact",
        ["id": id(number), "enterprise_id": id(1), "name": "张三", "purpose": "联系", "expires_on": .text(day)])
    }
    // Of this one the personal data was erased.
    try town.add("contact", ["id": id(52), "enterprise_id": id(1), "purpose": "联系", "expires_on": "2018-06-29"])
    try town.add("service_provider", ["id": id(60), "name": "事务所", "kind": "legal"])
    for (number, units) in [(61, 2), (62, 1)] {
      try town.add(
        "service_contract",
        [
          "id": id(number), "provider_id": id(60), "contract_no": .text("HT\(number)"), "amount": 100_000,
          "units": .integer(Int64(units)), "starts_on": "2018-01-01", "ends_on": "2018-06-29",
        ])
      try town.add(
        "service_record",
        [
          "id": id(number + 10), "enterprise_id": id(1), "contract_id": id(number), "kind": "legal",
          "given_on": "2018-03-01", "accepted": 1,
        ])
    }
    try town.add("meeting", ["id": id(80), "held_on": "2018-06-01", "topic": "入库"])
    try town.add(
      "meeting_decision",
      ["meeting_id": id(80), "item": 1, "subject": "名单", "outcome": "同意", "org": "320706", "due_on": "2018-06-29"])
    let report = try town.draw(OverdueReport.self, on: "2018-06-30")
    #expect(try report.rows("contacts", "county", "count") == ["海州区 1"])
    #expect(try report.rows("contracts", "contract_no", "units", "delivered") == ["HT61 2 1"])
    #expect(try report.rows("decisions", "subject", "org", "days_late") == ["名单 海州区 1"])
    #expect(!"\(report)".contains("张三"))
    // What a unit was charged with is its successor's to do.
    try town.add(
      "meeting_decision",
      ["meeting_id": id(80), "item": 2, "subject": "园区", "outcome": "同意", "org": "320772", "due_on": "2018-06-29"])
    for (day, unit, subjects) in [
      ("2020-06-30", "320706", ["名单"]), ("2020-07-01", "320706", ["名单", "园区"]), ("2020-07-01", "320722", []),
    ] {
      let own = try town.draw(OverdueReport.self, on: day, unit: unit)
      #expect(try own.rows("decisions", "subject") == subjects, "\(day) \(unit)")
    }
    let before = try town.draw(OverdueReport.self, on: "2018-06-29")
    #expect(try before.rows("contracts", "contract_no") == [] && before.rows("decisions", "subject") == [])
  }
}
