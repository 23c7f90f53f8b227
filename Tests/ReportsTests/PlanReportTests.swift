import Presentation
import Registry
import SyncCore
import Testing

@testable import Reports

@Suite struct PlanReportTests {
  let base: Base

  init() throws { base = try Base() }

  /// Of the plan's row of one indicator and year.
  private func cell(
    _ column: String, _ code: String, _ year: Int64 = 2020, day: String = "2020-12-31", of reportYear: Int64? = nil
  ) throws -> Report.Cell {
    try base.draw(PlanReport.self, day: day, year: reportYear).section("targets")
      .cell(column, where: ["code": .text(code), "year": .integer(year)])
  }

  private func value(_ code: String, _ year: Int64 = 2020, day: String = "2020-12-31") throws -> Report.Cell {
    try cell("value", code, year, day: day)
  }

  @Test("Every target stands as the plan gives it, and no other")
  func targets() throws {
    let section = try base.draw(PlanReport.self).section("targets")
    let target = try #require(section.columns.firstIndex { $0.name == "target" })
    let shown = section.rows.map { row in "\(row[0]) \(row[3]) \(row[4].word ?? "") \(row[target]) \(row[target + 1])" }
    let expected = try Registry.seed().first { $0.record == "city_target" }?.rows.map { row -> String in
      let words = [">=": "At least", ">": "More than", "=": "Equal to"]
      guard case .text(let code) = row[0], case .integer(let year) = row[1], case .text(let comparison) = row[3],
        case .real(let target) = row[4]
      else { return "?" }
      let baseline: Report.Cell = if case .real(let x) = row[5] { .integer(Int64(x)) } else { .none }
      return "\(Report.Cell.text(code)) \(Report.Cell.integer(year)) \(words[comparison] ?? "")"
        + " \(Report.Cell.integer(Int64(target))) \(baseline)"
    }
    #expect(shown == expected && shown.count == 29)
  }

  @Test("Tech SMEs: distinct, valid on the day, not merged")
  func techSMEs() throws {
    for id in 1...9 { try base.enterprise("e\(id)") }
    try base.recognise("e1", "tech_sme", 2019)
    try base.recognise("e1", "tech_sme", 2020)  // The same enterprise once more.
    try base.recognise("e2", "tech_sme", 2020, "valid_to = '2020-12-31'")  // The last day counts.
    try base.recognise("e3", "tech_sme", 2020, "valid_to = '2020-12-30'")
    try base.recognise("e4", "tech_sme", 2020, "revoked_on = '2020-12-31'")  // The day of the revocation does not.
    try base.recognise("e5", "tech_sme", 2020, "revoked_on = '2021-01-01'")
    try base.recognise("e6", "tech_sme", 2020, "recognised_on = '2021-01-01'")
    try base.recognise("e7", "tech_sme", 2021)
    try base.recognise("e8", "small_giant", 2020)
    try base.recognise("e9", "tech_sme", 2020)
    try base.run("UPDATE enterprise SET merged_into = 'e1' WHERE id = 'e9'")
    #expect(try value("tech_sme") == .integer(3))
  }

  @Test("Tiers and sales of valid small giants: 以上 includes the number, 突破 does not")
  func tiers() throws {
    let sales: [Int64?] = [
      99_999_999, 100_000_000, 499_999_999, 500_000_000, 999_999_999, 1_000_000_000, nil,
    ]
    for (index, each) in sales.enumerated() {
      try base.enterprise("e\(index)", sales: each)
      try base.recognise("e\(index)")
    }
    try base.enterprise("revoked", sales: 2_000_000_000)
    try base.recognise("revoked", "small_giant", 2019, "revoked_on = '2020-06-01'")
    try base.enterprise("none", sales: 2_000_000_000)
    #expect(try value("small_giant_tier1") == .integer(5))
    #expect(try value("small_giant_tier2") == .integer(2))
    #expect(try value("small_giant_tier3") == .integer(1))
    #expect(try value("small_giant_sales") == .real(31.99999997))
    // To exactly 40 billion, then a yuan more.
    try base.enterprise("last", sales: 40_000_000_000 - 3_199_999_997)
    try base.recognise("last")
    #expect(try value("small_giant_sales") == .integer(400))
    #expect(try cell("verdict", "small_giant_sales").answer == false)
    try base.run("UPDATE enterprise_year SET taxable_sales = taxable_sales + 1 WHERE enterprise_id = 'last'")
    #expect(try cell("verdict", "small_giant_sales").answer == true)
  }

  @Test("While no small giant has reported for the year, nobody knows what they sold")
  func unreported() throws {
    #expect(try value("small_giant_sales", day: "2020-06-30") == .integer(0), "there is none")
    for (id, org) in [("a", "320706"), ("b", "320722")] {
      try base.enterprise(id, org: org)
      try base.year(id, 2019, "taxable_sales", "100000000")
      try base.recognise(id)
    }
    let cells = try ["value", "before", "change", "share"].map { try cell($0, "small_giant_sales", day: "2020-06-30") }
    #expect(cells == [.none, .integer(2), .none, .none])
    #expect(try cell("verdict", "small_giant_sales", day: "2020-06-30").word == "no data")
    #expect(try cell("verdict", "small_giant_sales").word == "no data")
    // One has.
    try base.year("a", 2020, "taxable_sales", "300000000")
    #expect(try value("small_giant_sales") == .integer(3))
    let counties = try base.draw(PlanReport.self).section("counties")
    let sold = try ["unit_320706", "unit_320722", "unit_320703"].map {
      try counties.cell($0, where: ["code": .text("small_giant_sales")])
    }
    #expect(sold == [.integer(3), .none, .integer(0)])
  }

  @Test("A sum that would overflow 64 bits is a number all the same")
  func overflow() throws {
    for id in ["a", "b", "c"] {
      try base.enterprise(id, sales: .max)
      try base.recognise(id)
    }
    #expect(try value("small_giant_sales") == .real(Double(3 * Int128(Int64.max)) / 100_000_000))
    _ = try base.draw(CountyReport.self)
    _ = try base.draw(TiersReport.self)
  }

  @Test(
    "Recognised in the year: revoked ones count, later and merged ones do not; the cumulative figure has the baseline")
  func recognised() throws {
    for id in 1...5 { try base.enterprise("e\(id)") }
    try base.recognise("e1", "small_giant", 2018)
    try base.recognise("e1", "small_giant", 2020)
    try base.recognise("e2", "small_giant", 2020, "revoked_on = '2020-03-01'")
    try base.recognise("e3", "small_giant", 2020, "recognised_on = '2020-07-01'")
    try base.recognise("e4", "small_giant", 2021)
    try base.recognise("e5", "small_giant", 2020)
    try base.run("UPDATE enterprise SET merged_into = 'e1' WHERE id = 'e5'")
    #expect(try value("small_giant_recognised", 2018) == .integer(1))
    #expect(try value("small_giant_recognised", 2019) == .integer(0))
    #expect(try value("small_giant_recognised", 2020) == .integer(3))
    #expect(try value("small_giant_recognised", 2020, day: "2020-06-30") == .integer(2))
    #expect(try value("small_giant_cumulative", 2017) == .integer(42))
    let giants = try base.draw(PlanReport.self).section("giants").cells("value")
    #expect(giants == [.integer(45), .integer(2), .integer(0)])
    let years = try base.draw(PlanReport.self).section("recognised_by_year")
    #expect(try years.cells("year") == [.integer(2018), .integer(2019), .integer(2020)])
    #expect(try years.cells("recognised") == [.integer(1), .integer(0), .integer(3)])
    #expect(try years.cells("first") == [.integer(1), .integer(0), .integer(2)])
    #expect(try years.cells("valid") == [.integer(1), .integer(0), .integer(2)])
    #expect(try years.cells("cumulative") == [.integer(43), .integer(43), .integer(45)])
  }

  @Test("A recognition that is made in the January after counts in its own year, from the day on which it is made")
  func recognisedInJanuary() throws {
    try base.enterprise("e1")
    try base.recognise("e1", "small_giant", 2018, "recognised_on = '2019-01-15'")
    #expect(try value("small_giant_recognised", 2018, day: "2019-01-14") == .integer(0))
    #expect(try value("small_giant_recognised", 2018, day: "2019-01-15") == .integer(1))
    #expect(try value("small_giant_recognised", 2018) == .integer(1))
    #expect(try value("small_giant_recognised", 2019) == .integer(0))
    let years = try base.draw(PlanReport.self).section("recognised_by_year")
    #expect(try years.cell("recognised", where: ["year": .integer(2018)]) == .integer(1))
    // How many there were at the end of a year that is over stands.
    #expect(try years.cell("cumulative", where: ["year": .integer(2018)]) == .integer(42))
    #expect(try years.cell("cumulative", where: ["year": .integer(2019)]) == .integer(43))
  }

  @Test("Of the baseline and of what is entered up to its year the larger counts")
  func baseline() throws {
    for id in 1...43 {
      try base.enterprise("e\(id)")
      if id < 43 { try base.recognise("e\(id)", "small_giant", 2016) }
    }
    try base.recognise("e1", "small_giant", 2019)  // Once more.
    #expect(try base.draw(PlanReport.self).section("giants").cells("value")[0] == .integer(42))
    try base.recognise("e43", "small_giant", 2017)
    #expect(try base.draw(PlanReport.self).section("giants").cells("value")[0] == .integer(43))
  }

  /// Record, its columns, and for each row the values; what counts in 2020.
  static let confirmedCases: [(code: String, record: String, columns: String, rows: [String], value: Int64)] = [
    (
      "key_technology", "key_technology", "enterprise_id, kind, name, confirmed, confirmed_year",
      [
        "'e1', 'technology', 'A', 1, 2019", "'e1', 'product', 'A', 1, 2020", "'e1', 'product', 'A', 1, 2018",
        "'e1', 'product', 'B', 0, 2020", "'e1', 'product', 'C', 1, 2021", "'e1', 'product', 'D', 1, NULL",
        "'gone', 'product', 'E', 1, 2020", "'e1', 'product', 'F', NULL, 2020",
      ], 2
    ),
    (
      "srdi_product", "product", "enterprise_id, name, confirmed, confirmed_year",
      [
        "'e1', 'A', 1, 2018", "'e1', 'A', 1, 2020", "'e1', 'B', 1, 2020", "'e2', 'B', 1, 2017", "'e1', 'C', NULL, 2020",
      ],
      44
    ),
    (
      "srdi_product_new", "product", "enterprise_id, name, confirmed, confirmed_year",
      ["'e1', 'A', 1, 2018", "'e1', 'A', 1, 2020", "'e1', 'B', 1, 2020", "'e2', 'B', 1, 2017", "'e2', 'C', 0, 2020"], 1
    ),
    (
      "cluster", "cluster", "owner_org, name, confirmed, confirmed_year",
      ["'320706', 'A', 1, 2018", "'320706', 'B', 1, 2016", "'320706', 'C', 1, 2021", "'320706', 'D', 0, 2020"], 8
    ),
    (
      "rd_institution", "rd_institution", "enterprise_id, kind, name, level, confirmed, confirmed_year",
      [
        "'e1', 'key_laboratory', 'A', 'city', 1, 2020", "'e1', 'key_laboratory', 'A', 'province', 1, 2020",
        "'e1', 'postdoc_station', 'A', 'nation', 1, 2020", "'e2', 'other', 'B', 'city', 1, 2019",
        "'e2', 'other', 'C', 'city', 0, 2020", "'gone', 'other', 'D', 'city', 1, 2020",
      ], 2
    ),
    (
      "public_platform", "platform", "name_zh, kind, year",
      ["'A', 'new', 2019", "'B', 'new', 2020", "'C', 'new', 2021", "'D', 'existing', 2019", "'E', 'new', NULL"], 2
    ),
    (
      "park", "park", "owner_org, name_zh, kind, confirmed, confirmed_year",
      [
        "'320706', 'A', 'featured_park', 1, 2020", "'320706', 'B', 'featured_park', 0, 2020",
        "'320706', 'C', 'functional_zone', 1, 2020", "'320706', 'D', 'featured_park', 1, 2021",
      ], 1
    ),
    (
      "carrier", "carrier", "owner_org, enterprise_id, name, kind, confirmed, confirmed_year",
      [
        "'320706', NULL, 'A', 'institute', 1, 2020", "'320703', 'e1', 'A', 'institute', 1, 2018",
        "'320703', 'e1', 'B', 'other', NULL, 2018",
      ], 2
    ),
    (
      "transformation_project", "project", "enterprise_id, name, phase, confirmed, confirmed_year",
      [
        "'e1', 'A', 'running', 1, 2020", "'e1', 'B', 'stopped', 1, 2020", "'e1', 'C', 'planned', 0, 2020",
        "'e2', 'C', 'accepted', 1, 2019", "'gone', 'D', 'running', 1, 2019",
      ], 2
    ),
    (
      "refinancing", "refinancing_loan", "enterprise_id, bank, amount, starts_on",
      [
        "'e1', 'X', 400000000, '2020-01-01'", "'e1', 'X', 600000000, '2020-12-31'", "'e2', 'X', 1, '2019-12-31'",
        "'e2', 'X', 1, '2021-01-01'", "'gone', 'X', 100000000, '2020-05-01'",
      ], 11
    ),
    (
      "equity_listing", "equity_listing", "enterprise_id, exchange, code, listed_on, confirmed",
      [
        "'e1', 'X', '1', '2020-01-01', 1", "'e1', 'Y', '2', '2020-06-01', 1", "'e2', 'X', '3', '2020-12-31', 1",
        "'e3', 'X', '4', '2020-06-01', 0", "'e3', 'X', '5', '2019-06-01', 1", "'gone', 'X', '6', '2020-06-01', 1",
      ], 2
    ),
  ]

  @Test("What is filed and confirmed counts from the year of its confirmation", arguments: confirmedCases)
  func confirmed(code: String, record: String, columns: String, rows: [String], expected: Int64) throws {
    for id in ["e1", "e2", "e3", "gone"] { try base.enterprise(id) }
    try base.run("UPDATE enterprise SET merged_into = 'e1' WHERE id = 'gone'")
    for row in rows { try base.add(record, columns, row) }
    #expect(try value(code) == .integer(expected))
    let counties = try base.draw(PlanReport.self).section("counties")
    #expect(try counties.cell("total", where: ["code": .text(code)]) == .integer(expected))
  }

  @Test("What lacks the year of its confirmation is not counted, and said")
  func undated() throws {
    try base.enterprise("e1")
    try base.add("product", "enterprise_id, name, confirmed", "'e1', 'A', 1")
    try base.recognise("e1")
    let sources = try base.draw(PlanReport.self).section("sources")
    #expect(try sources.cell("left_out", where: ["code": .text("srdi_product")]) == .integer(1))
    #expect(try sources.cell("left_out", where: ["code": .text("small_giant_tier1")]) == .integer(1))
    #expect(try sources.cell("left_out", where: ["code": .text("cluster")]) == .integer(0))
  }

  @Test("Talent is entered: the city's total, else the sum of the units; blank when nobody has")
  func talent() throws {
    #expect(try value("talent") == .none)
    #expect(try cell("verdict", "talent").answer == .some(nil))
    let insert = "INSERT INTO indicator_value (org, indicator, year, item, value) VALUES"
    try base.run("\(insert) ('320706', 'talent', 2020, 'total', 40.5), ('320703', 'talent', 2020, 'total', 44)")
    try base.run("\(insert) ('320706', 'talent', 2020, 'overseas', 9), ('320706', 'talent', 2019, 'total', 9)")
    #expect(try value("talent") == .real(84.5))
    // What the units add up to has no noise that would go past the number.
    try base.run("UPDATE indicator_value SET value = CASE org WHEN '320703' THEN 27.1 ELSE 37.2 END")
    try base.run("\(insert) ('320707', 'talent', 2020, 'total', 20.7)")
    #expect(try value("talent") == .integer(85) && cell("verdict", "talent").answer == false)
    let code: [String: Report.Cell] = ["code": .text("talent")]
    let counted = { try self.base.draw(PlanReport.self).section("sources").cell("counted", where: code) }
    #expect(try counted() == .integer(3))
    try base.run("\(insert) ('320700', 'talent', 2020, 'total', 85)")
    #expect(try value("talent") == .integer(85) && counted() == .integer(1))
    #expect(try cell("verdict", "talent").answer == false)  // 突破 85
    try base.run("UPDATE indicator_value SET value = 85.01 WHERE org = '320700'")
    #expect(try cell("verdict", "talent").answer == true)
  }

  @Test("Loans count once they have started; listings once they are made")
  func started() throws {
    try base.enterprise("a")
    try base.add("refinancing_loan", "enterprise_id, bank, amount, starts_on", "'a', 'X', 100000000, '2020-06-30'")
    try base.add("refinancing_loan", "enterprise_id, bank, amount, starts_on", "'a', 'X', 100000000, '2020-07-01'")
    try base.add(
      "equity_listing", "enterprise_id, exchange, code, listed_on, confirmed", "'a', 'X', '1', '2020-07-01', 1")
    #expect(try value("refinancing", day: "2020-06-30") == .integer(1))
    #expect(try value("refinancing", day: "2020-07-01") == .integer(2))
    #expect(try value("equity_listing", day: "2020-06-30") == .integer(0))
    #expect(try value("equity_listing", day: "2020-07-01") == .integer(1))
  }

  @Test("Behind single figures: institutions by kind and level, clusters with their sales, items of what is entered")
  func breakdown() throws {
    for n in 1...3 { try base.enterprise("e\(n)", sales: 10) }
    try base.run("UPDATE enterprise SET merged_into = 'e1' WHERE id = 'e3'")
    let institution = "enterprise_id, kind, name, level, confirmed, confirmed_year"
    try base.add("rd_institution", institution, "'e1', 'key_laboratory', 'A', 'city', 1, 2020")
    try base.add("rd_institution", institution, "'e1', 'key_laboratory', 'A', 'province', 1, 2020")
    try base.add("rd_institution", institution, "'e2', 'key_laboratory', 'B', 'city', 1, 2020")
    try base.add("rd_institution", institution, "'e2', 'key_laboratory', 'C', 'city', 1, 2019")
    try base.run(
      """
      INSERT INTO cluster (id, owner_org, name, confirmed, confirmed_year)
      VALUES ('c', '320706', 'C', 1, 2019), ('d', '320706', 'D', 0, 2019);
      INSERT INTO membership (cluster_id, enterprise_id) VALUES ('c', 'e1'), ('c', 'e2'), ('c', 'e3'), ('d', 'e1');
      INSERT INTO indicator_value (org, indicator, year, item, value) VALUES ('320706', 'talent', 2020, 'overseas', 1.5),
        ('320703', 'talent', 2020, 'overseas', 2), ('320703', 'talent', 2019, 'overseas', 9),
        ('320703', 'talent', 2020, 'total', 9), ('320703', 'talent', 2020, 'company', 3),
        ('320700', 'talent', 2020, 'company', 4);
      """)
    let report = try base.draw(PlanReport.self)
    let laboratory: [String: Report.Cell] = ["kind": .label(Label(zh: "重点实验室", en: "Key laboratory"))]
    let institutions = try report.section("institutions")
    #expect(try institutions.cell("city", where: laboratory) == .integer(2))
    #expect(try institutions.cell("province", where: laboratory) == .integer(1))
    #expect(try institutions.cell("nation", where: laboratory) == .integer(0))
    let clusters = try report.section("clusters")
    #expect(try clusters.cells("members") == [.integer(2)] && clusters.cells("sales") == [.integer(20)])
    #expect(try base.draw(PlanReport.self, publication: true).section("clusters").cells("sales") == [.suppressed])
    let items = try report.section("items")
    #expect(try items.cells("item") == [.text("company"), .text("overseas")])
    #expect(try items.cells("value") == [.integer(4), .real(3.5)])
  }

  @Test("Trend and share: the year before, the change, the share of the target")
  func trend() throws {
    for id in 1...3 { try base.enterprise("e\(id)") }
    try base.recognise("e1", "tech_sme", 2019)
    try base.recognise("e2", "tech_sme", 2020)
    try base.recognise("e3", "tech_sme", 2020)
    #expect(try cell("value", "tech_sme", day: "2020-06-30") == .integer(3))
    #expect(try cell("before", "tech_sme", day: "2020-06-30") == .integer(1))
    #expect(try cell("change", "tech_sme", day: "2020-06-30") == .integer(2))
    #expect(try cell("share", "tech_sme", day: "2020-06-30") == .real(0.003))
    // After the target's year its figure stands as it was at the end of that year.
    #expect(try cell("value", "tech_sme", day: "2022-06-30") == .integer(3))
    #expect(try cell("value_year", "tech_sme", day: "2022-06-30") == .integer(2020))
  }

  @Test("A year that is over stands as at its end, whether the report is drawn for it or for a later one")
  func closedYear() throws {
    for id in 1...3 { try base.enterprise("e\(id)") }
    try base.recognise("e1", "tech_sme", 2020, "valid_to = '2021-03-31'")
    for id in 2...3 { try base.recognise("e\(id)", "tech_sme", 2021) }
    for year in [2020, nil] as [Int64?] {
      #expect(try cell("value", "tech_sme", day: "2021-05-01", of: year) == .integer(1))
      #expect(try cell("value_year", "tech_sme", day: "2021-05-01", of: year) == .integer(2020))
    }
    let counties = try base.draw(PlanReport.self, day: "2021-05-01", year: 2020).section("counties")
    #expect(try counties.cell("total", where: ["code": .text("tech_sme")]) == .integer(1))
  }

  @Test("Verdicts: the straight line for stocks, the elapsed part for a year, none without a baseline")
  func verdicts() throws {
    try base.enterprise("e1")
    #expect(try cell("verdict", "tech_sme", day: "2019-06-30").answer == .some(nil))
    #expect(try cell("verdict", "tech_sme").answer == false)
    // 42 + 58 × 546 of 1096 days.
    #expect(try cell("expected", "srdi_product", day: "2019-06-30") == .real(70.9))
    #expect(try cell("verdict", "srdi_product", day: "2019-06-30").answer == false)
    for n in 1...29 {
      try base.add("product", "enterprise_id, name, confirmed, confirmed_year", "'e1', 'P\(n)', 1, 2018")
    }
    #expect(try cell("value", "srdi_product", day: "2019-06-30") == .integer(71))
    #expect(try cell("verdict", "srdi_product", day: "2019-06-30").answer == true)
    #expect(try cell("verdict", "srdi_product", day: "2019-12-31").answer == false)
    // 29 of 20 in 2018; at the middle of 2019 about ten are expected.
    #expect(try cell("verdict", "srdi_product_new", 2018, day: "2019-06-30").word == "reached")
    #expect(try cell("verdict", "srdi_product_new", 2019, day: "2019-06-30").word == "behind")
    #expect(try cell("expected", "srdi_product_new", 2019, day: "2019-06-30") == .real(9.9))
    for n in 1...10 {
      try base.add("product", "enterprise_id, name, confirmed, confirmed_year", "'e1', 'Q\(n)', 1, 2019")
    }
    #expect(try cell("verdict", "srdi_product_new", 2019, day: "2019-06-30").word == "on course")
    #expect(try cell("verdict", "srdi_product_new", 2019, day: "2019-12-31").word == "not reached")
    // A later year's own target is not shown as missed before it comes.
    let early = try base.draw(PlanReport.self, day: "2019-06-30").section("targets")
    #expect(try early.cells("year", where: ["code": .text("srdi_product_new")]) == [.integer(2018), .integer(2019)])
    #expect(try cell("verdict", "small_giant_sales", day: "2019-06-30").word == "not due, not judged")
  }

  @Test("A plan that is not there is named, with those that are")
  func noPlan() throws {
    #expect { try base.draw(PlanReport.self, subject: "plan_2021") } throws: { error in
      guard let failure = error as? Failure else { return false }
      return failure.kind == .notFound && failure.message.en.contains("tech_sme_2018")
    }
    let empty = try Base(seeded: false)
    #expect(throws: Failure.self) { try empty.draw(PlanReport.self) }
  }
}
