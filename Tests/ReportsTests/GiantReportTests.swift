import Presentation
import Registry
import SyncCore
import Testing

@testable import Reports

@Suite struct TiersReportTests {
  let base: Base

  init() throws { base = try Base() }

  private func row(_ code: String) -> [String: Report.Cell] { ["code": .text(code)] }

  @Test("Tiers with their bounds, who is in them, who nearly is")
  func tiers() throws {
    let sales: [(String, Int64?)] = [
      ("below", 89_999_999), ("near", 90_000_000), ("first", 100_000_000), ("near2", 450_000_000),
      ("second", 500_000_000), ("near3", 999_999_999), ("third", 1_000_000_000), ("silent", nil),
    ]
    for (id, each) in sales {
      try base.enterprise(id, sales: each)
      try base.recognise(id)
    }
    try base.enterprise("expired", sales: 2_000_000_000)
    try base.recognise("expired", "small_giant", 2017, "valid_to = '2020-12-30'")
    let report = try base.draw(TiersReport.self)
    let tiers = try report.section("tiers")
    #expect(try tiers.cells("enterprises") == [5, 2, 1, 2, 1, 8].map { .integer($0) })
    #expect(try tiers.cell("sales", where: row("small_giant_tier2")) == .integer(1_499_999_999))
    #expect(try tiers.cell("from", where: row("small_giant_tier3")) == .integer(1_000_000_000))
    #expect(try tiers.cell("sales", where: row("unknown")) == .none)
    let giants = try report.section("giants")
    #expect(
      try giants.cells("name").map { $0 }
        == ["Nthird", "Nnear3", "Nsecond", "Nnear2", "Nfirst", "Nnear", "Nbelow", "Nsilent"].map { .text($0) })
    #expect(try giants.cell("tiers", where: ["name": .text("Nthird")]).word?.contains("1 billion and more") == true)
    let near = try report.section("near")
    #expect(try near.cells("name") == [.text("Nnear"), .text("Nnear2"), .text("Nnear3")])
    #expect(try near.cells("missing") == [.integer(10_000_000), .integer(50_000_000), .integer(1)])
  }

  @Test("Sales of another year when it is named; the validity is that of the day")
  func year() throws {
    try base.enterprise("a", sales: 1)
    try base.year("a", 2019, "taxable_sales", "500000000")
    try base.recognise("a", "small_giant", 2019, "valid_to = '2020-03-31'")
    let spring = try base.draw(TiersReport.self, day: "2020-03-31", year: 2019).section("tiers")
    #expect(try spring.cell("enterprises", where: row("small_giant_tier2")) == .integer(1))
    let april = try base.draw(TiersReport.self, day: "2020-04-01", year: 2019).section("tiers")
    #expect(try april.cell("enterprises", where: row("small_giant_tier2")) == .integer(0))
    #expect(throws: Failure.self) { try base.draw(TiersReport.self, year: 2017) }
  }

  @Test("For publication no list, and no sum that could be taken apart")
  func publication() throws {
    for n in 1...4 {
      try base.enterprise("e\(n)", sales: n == 4 ? 600_000_000 : 200_000_000)
      try base.recognise("e\(n)")
    }
    let report = try base.draw(TiersReport.self, publication: true)
    #expect(report.sections.map(\.name) == ["tiers"])
    #expect(try report.section("tiers").cell("sales", where: row("small_giant_tier1")) == .suppressed)
    #expect(try report.section("tiers").cell("enterprises", where: row("small_giant_tier1")) == .integer(4))
  }
}

@Suite struct CandidatesReportTests {
  let base: Base

  init() throws { base = try Base() }

  @Test("From 50 million on, not merged, no valid small giant; the largest first")
  func who() throws {
    try base.enterprise("low", sales: 49_999_999)
    try base.enterprise("edge", sales: 50_000_000)
    try base.enterprise("big", sales: 90_000_000)
    try base.enterprise("giant", sales: 90_000_000)
    try base.enterprise("lapsed", sales: 80_000_000)
    try base.enterprise("gone", sales: 80_000_000, extra: "merged_into = 'big'")
    for id in ["silent", "silent giant"] { try base.enterprise(id) }
    for id in ["giant", "silent giant"] { try base.recognise(id) }
    try base.recognise("lapsed", "small_giant", 2018, "valid_to = '2020-01-01'")
    let report = try base.draw(CandidatesReport.self)
    #expect(try report.section("candidates").cells("name") == [.text("Nbig"), .text("Nlapsed"), .text("Nedge")])
    #expect(report.notes.contains { $0.en.hasPrefix("1 more enterprises") })
  }

  @Test("Criteria from the records: what is missing is named, what fails as well")
  func criteria() throws {
    try base.enterprise("a", sales: 60_000_000, extra: "industry = 'C27'")
    let missing = try base.draw(CandidatesReport.self).section("candidates")
    #expect(try missing.cells("verdict")[0].word == "not met")
    try base.run(
      """
      UPDATE enterprise_year SET revenue = 133100000, profit = 13310000, tax = 0, rd = 3993000, main_revenue = 100,
        product_revenue = 60, domestic_rank = 5, staff = 300 WHERE enterprise_id = 'a'
      """)
    try base.add("ip_right", "enterprise_id, kind, number", "'a', 'invention', '1'")
    try base.recognise("a", "tech_sme", 2020)
    var row = try base.draw(CandidatesReport.self).section("candidates")
    #expect(try row.cells("verdict")[0].answer == false)
    #expect(try row.cells("missing")[0].word == "Patents below 2")
    #expect(try row.cells("size")[0].word == "Medium")
    #expect(try row.cells("rd_share")[0] == .real(0.03))
    try base.add("ip_right", "enterprise_id, kind, number", "'a', 'utility', '2'")
    row = try base.draw(CandidatesReport.self).section("candidates")
    #expect(try row.cells("verdict")[0].answer == .some(nil))
    #expect(try row.cells("missing")[0].word?.contains("3 years before") == true)
    try base.year("a", 2017, "revenue", "100000000")
    row = try base.draw(CandidatesReport.self).section("candidates")
    #expect(try row.cells("verdict")[0].answer == true)
    #expect(try row.cells("missing")[0] == .none)
  }

  @Test("In the plan's first year the figures of the year before are weighed by the rules of the day")
  func firstYear() throws {
    try base.enterprise("a")
    try base.year("a", 2017, "taxable_sales, revenue, rd", "50000000, 50000000, 1000000")
    let report = try base.draw(CandidatesReport.self, day: "2018-07-01", year: 2017)
    let row = try report.section("candidates")
    #expect(try row.cells("name") == [.text("Na")] && row.cells("sales") == [.integer(50_000_000)])
    #expect(try row.cells("missing")[0].word?.contains("R&D") == true)
    #expect(report.notes.contains { $0.en.hasSuffix("江苏省 2018") })
    #expect(try base.draw(CandidatesReport.self, day: "2018-07-01").section("candidates").rows.isEmpty)
    #expect(throws: Failure.self) { try base.draw(CandidatesReport.self, day: "2017-07-01", year: 2017) }
  }

  @Test("Whether it is in the cultivation list")
  func cultivation() throws {
    try base.enterprise("a", sales: 60_000_000)
    let state = { try self.base.draw(CandidatesReport.self).section("candidates").cells("cultivation")[0] }
    #expect(try state().word == "Not nominated" && state().answer == .some(nil))
    try base.add("cultivation_entry", "enterprise_id, batch, county_ok, city_ok", "'a', '1', 'v', 'v'")
    #expect(try state().answer == true)
    try base.run("UPDATE cultivation_entry SET withdrawn_on = '2020-12-31'")
    #expect(try state().answer == false)
  }
}
