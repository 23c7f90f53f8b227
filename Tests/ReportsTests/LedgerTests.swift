import Presentation
import Reports
import SyncCore
import Testing

@Suite struct LedgerTests {
  private func town() throws -> Records {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    try town.enterprise(2, "乙公司")
    return town
  }

  private func loan(
    _ town: Records, _ number: Int, _ bank: String, _ amount: Int64, _ day: String, repaid: String? = nil
  ) throws {
    try town.add(
      "refinancing_loan",
      [
        "id": id(number), "enterprise_id": id(1), "bank": .text(bank), "amount": .integer(amount),
        "starts_on": .text(day), "repaid_on": repaid.map(Value.text) ?? .null,
      ])
  }

  @Test("Loans by year against the target of 1 billion, what is repaid on the day is not outstanding")
  func refinancing() throws {
    let town = try town()
    try loan(town, 1, "农商行", 600_000_000, "2018-03-01", repaid: "2018-12-31")
    try loan(town, 2, "农商行", 400_000_000, "2018-12-31")
    try loan(town, 3, "东方银行", 1, "2019-01-01")
    func rows(_ day: String) throws -> [String] {
      try town.draw(LedgerReport.self, on: day).rows(
        "refinancing", "year", "count", "amount", "outstanding", "target", "share", "reached")
    }
    #expect(try rows("2018-12-30")[0] == "2018 1 600000000 600000000 1e+09 0.6 否")
    #expect(try rows("2018-12-31")[0] == "2018 2 1000000000 400000000 1e+09 1 是")
    #expect(try rows("2019-01-01")[1] == "2019 1 1 1 1e+09 1e-09 否")
    #expect(
      try town.draw(LedgerReport.self, on: "2019-01-01").rows("banks", "year", "bank", "count", "amount", "outstanding")
        == ["2018 农商行 2 1000000000 400000000", "2019 东方银行 1 1 1"])
  }

  @Test("A county's loans are not measured by the city's target")
  func county() throws {
    let town = try town()
    try loan(town, 1, "农商行", 600_000_000, "2018-03-01")
    let report = try town.draw(LedgerReport.self, unit: "320706")
    #expect(
      try report.rows("refinancing", "year", "count", "amount", "target", "share", "reached")
        == ["2018 1 600000000 - - -"])
    #expect(report.notes.contains { $0.en.hasPrefix("this unit's records only") })
  }

  @Test("A sum beyond 64 bits is shown as a real number, one within is exact")
  func large() throws {
    let town = try town()
    try loan(town, 1, "甲", 4_611_686_018_427_387_903, "2018-01-01")
    #expect(try town.draw(LedgerReport.self).rows("banks", "amount") == ["4611686018427387903"])
    try loan(town, 2, "甲", .max, "2018-01-01")
    #expect(try town.draw(LedgerReport.self).rows("banks", "amount") == ["1.384e+19"])
  }

  @Test("Support by field and year with corrections, and by the grade of the evaluation it rests on")
  func support() throws {
    let town = try town()
    try town.add("evaluation", ["enterprise_id": id(1), "year": 2017, "score": 90, "grade": "A"])
    let grants: [(Int, Int, String, Int64, String, Value)] = [
      (1, 1, "research", 500_000, "2018-05-01", 2017), (2, 1, "research", -100_000, "2018-06-01", 2017),
      (3, 2, "talent", 70_000, "2017-06-01", .null), (4, 2, "talent", 1, "2019-01-01", .null),
    ]
    for (number, enterprise, field, amount, day, year) in grants {
      try town.add(
        "support_record",
        [
          "id": id(number), "enterprise_id": id(enterprise), "field": .text(field), "amount": .integer(amount),
          "granted_on": .text(day), "evaluation_year": year, "doc_no": "1",
        ])
    }
    let report = try town.draw(LedgerReport.self)
    let rows = try report.rows("support", "field", "count", "enterprises", "amount", "y2017", "y2018")
    #expect(rows.count == 7)
    #expect(rows[0] == "技术研发 2 1 400000 0 400000")
    #expect(rows[1] == "人才引进 1 1 70000 70000 0")
    #expect(rows[2] == "研发机构 0 0 0 0 0")
    #expect(
      try report.rows("support_by_grade", "evaluation_year", "grade", "amount") == ["2017 A级 400000", "- - 70000"])
  }

  @Test("Funds with what is still held, contracts with what enterprises accepted until the day")
  func fundsAndContracts() throws {
    let town = try town()
    try town.add("fund", ["id": id(1), "name": "发展基金", "size": 100_000_000])
    for (number, exited) in [(2, Value.null), (3, "2018-06-30")] {
      try town.add(
        "fund_investment",
        [
          "id": id(number), "fund_id": id(1), "enterprise_id": id(number - 1), "amount": 3_000_000,
          "invested_on": "2018-02-01", "exited_on": exited,
        ])
    }
    try town.add("service_provider", ["id": id(10), "name": "事务所", "kind": "legal"])
    try town.add(
      "service_contract",
      [
        "id": id(11), "provider_id": id(10), "contract_no": "HT1", "amount": 200_000, "units": 4,
        "starts_on": "2018-01-01", "ends_on": "2018-12-31",
      ])
    for (number, accepted, day) in [(12, 1, "2018-05-01"), (13, 0, "2018-05-01"), (14, 1, "2018-07-01")] {
      try town.add(
        "service_record",
        [
          "id": id(number), "enterprise_id": id(1), "contract_id": id(11), "kind": "legal",
          "given_on": .text(day), "accepted": .integer(Int64(accepted)),
        ])
    }
    let report = try town.draw(LedgerReport.self, on: "2018-06-30")
    #expect(
      try report.rows("funds", "fund", "count", "enterprises", "amount", "held") == ["发展基金 2 2 6000000 3000000"])
    #expect(
      try report.rows("contracts", "contract_no", "units", "delivered", "share", "amount") == ["HT1 4 1 0.25 200000"])
    // What other counties were given is not here.
    let county = try town.draw(LedgerReport.self, on: "2018-06-30", unit: "320706")
    #expect(try county.rows("contracts", "contract_no", "units", "delivered", "share") == ["HT1 4 1 -"])
  }
}
