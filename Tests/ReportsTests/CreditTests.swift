import Presentation
import Reports
import SyncCore
import Testing

@Suite struct CreditTests {
  private func town() throws -> Records {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    try town.enterprise(2, "乙公司")
    for (code, from, to) in [("old", "2015-01-01", "2018-06-30"), ("new", "2018-07-01", Value.null)]
      as [(String, String, Value)]
    {
      try town.add(
        "credit_standard",
        [
          "code": .text(code), "name": "信用标准", "version": .text(code), "valid_from": .text(from), "valid_to": to,
          "valid_months": 12,
        ])
    }
    return town
  }

  private func rating(
    _ town: Records, _ number: Int, of enterprise: Int, _ standard: String, _ grade: String, _ from: String,
    _ to: String,
    revoked: String? = nil
  ) throws {
    try town.add(
      "credit_rating",
      [
        "id": id(number), "enterprise_id": id(enterprise), "standard": .text(standard), "grade": .text(grade),
        "valid_from": .text(from), "valid_to": .text(to), "revoked_on": revoked.map(Value.text) ?? .null,
      ])
  }

  @Test("The newest rating that is valid, not revoked, and of a standard in force")
  func newest() throws {
    let town = try town()
    try rating(town, 1, of: 1, "old", "B", "2018-01-01", "2018-12-31")
    try rating(town, 2, of: 1, "old", "A", "2018-03-01", "2018-12-31", revoked: "2018-05-01")
    try rating(town, 3, of: 1, "new", "C", "2018-07-10", "2019-07-09")
    try rating(town, 4, of: 2, "new", "A", "2018-07-01", "2018-08-31")
    let cases: [(String, [String])] = [
      ("2017-12-31", []), ("2018-01-01", ["甲公司 B级 old"]), ("2018-04-30", ["甲公司 A级 old"]),
      ("2018-05-01", ["甲公司 B级 old"]), ("2018-06-30", ["甲公司 B级 old"]), ("2018-07-01", ["乙公司 A级 new"]),
      ("2018-08-31", ["乙公司 A级 new", "甲公司 C级 new"]), ("2018-09-01", ["甲公司 C级 new"]),
      ("2019-07-10", []),
    ]
    for (day, expected) in cases {
      let report = try town.draw(CreditReport.self, on: day)
      #expect(try report.rows("ratings", "enterprise", "grade", "version") == expected, "\(day)")
    }
    #expect(
      try town.draw(CreditReport.self, on: "2018-08-31").rows("grades", "grade", "count") == [
        "A级 1", "B级 0", "C级 1", "D级 0",
      ])
  }

  @Test("The extract for a purpose names the day and the uses recorded for it")
  func extract() throws {
    let town = try town()
    try rating(town, 1, of: 1, "new", "A", "2018-07-01", "2019-06-30")
    for (number, purpose) in [(10, "bidding"), (11, "funding")] {
      try town.add(
        "rating_use",
        [
          "id": id(number), "enterprise_id": id(1), "rating_id": id(1), "purpose": .text(purpose),
          "used_on": "2018-08-01", "grade": "A", "matter": .text("事项\(number)"),
        ])
    }
    let report = try town.draw(CreditReport.self, on: "2018-08-01", about: "bidding")
    #expect(report.title.zh == "信用评级摘录:项目招标(2018-08-01)")
    #expect(try report.rows("uses", "enterprise", "grade", "matter") == ["甲公司 A级 事项10"])
    #expect(try town.draw(CreditReport.self, on: "2018-07-31", about: "bidding").rows("uses", "matter") == [])
    let failure = try #require(throws: Failure.self) { try town.draw(CreditReport.self, about: "biding") }
    #expect(failure.kind == .usage && failure.message.en.contains("did you mean 'bidding'"))
    #expect(failure.message.zh.contains("procurement"))
  }

  @Test("Equal scores share a rank; the rank of last year, the change, and who was not evaluated")
  func evaluation() throws {
    let town = try town()
    try town.enterprise(3, "丙公司")
    try town.enterprise(4, "丁公司")
    let scores: [(Int, Int64, Int64, String)] = [
      (1, 2018, 80, "B"), (2, 2018, 90, "A"), (3, 2018, 80, "B"), (1, 2017, 95, "A"), (3, 2017, 60, "C"),
    ]
    for (enterprise, year, score, grade) in scores {
      try town.add(
        "evaluation",
        ["enterprise_id": id(enterprise), "year": .integer(year), "score": .integer(score), "grade": .text(grade)])
    }
    for enterprise in [1, 4] {
      try town.add(
        "cultivation_entry",
        ["id": id(20 + enterprise), "enterprise_id": id(enterprise), "batch": "1", "county_ok": "v", "city_ok": "v"])
    }
    let report = try town.draw(EvaluationReport.self)
    #expect(
      try report.rows("scores", "rank", "enterprise", "score", "rank_before", "change")
        == ["1 乙公司 90 - -", "2 丙公司 80 2 0", "2 甲公司 80 1 -1"])
    #expect(
      try report.rows("grades", "grade", "count", "mean", "count_before") == [
        "A级 1 90 1", "B级 2 80 0", "C级 0 - 1", "D级 0 - 0",
      ])
    #expect(try report.rows("missing", "enterprise") == ["丁公司"])
  }
}
