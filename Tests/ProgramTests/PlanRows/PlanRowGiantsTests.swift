import Foundation
import Testing

private let codes = TestCode.haizhou
private let far = TestCode.donghai

/// Enterprises of two counties with their sales, and what the city recognised before.
private func prepare(_ town: Town) async throws {
  let names = codes.enumerated().map { "\($1),海州\($0)\n" }.joined()
  try await town.load("haizhou", "enterprise", "统一社会信用代码,名称\n" + names)
  try await town.load("donghai", "enterprise", "统一社会信用代码,名称\n" + far.enumerated().map { "\($1),东海\($0)\n" }.joined())
  // In order: below tier 1, its bound, below tier 2, its bound, below tier 3, its bound; not reported; no giant.
  let sales = ["99999999", "100000000", "499999999", "500000000", "999999999", "1000000000", "", "700000000"]
  let years = zip(codes, sales).map { "\($0),2019,\($1),\n" }.joined()
  // In 2020 the sum of those that are valid giants is 40 thousand million exactly.
  let last = "\(codes[0]),2020,39900000000,并购后合并报表\n\(codes[1]),2020,100000000,\n\(codes[7]),2020,500000000,\n"
  try await town.load("haizhou", "enterprise_year", "统一社会信用代码,年份,应税销售(元),备注\n" + years + last)
  try await town.load("donghai", "enterprise_year", "统一社会信用代码,年份,应税销售(亿元)\n\(far[0]),2019,20\n\(far[1]),2019,20\n")
  for home in ["haizhou", "donghai"] { try await town.sync(home) }
  // Of 东海 one was revoked in 2019 and one lapsed with 2018. 海州1 was recognised again.
  let giants = codes[0...6].map { "\($0),small_giant,2018,2018-09-01,,\n" }.joined()
  try await town.load(
    "city", "recognition",
    """
    uscc,scheme,year,recognised_on,valid_to,revoked_on
    \(giants)\(codes[1]),small_giant,2019,2019-09-01,,
    \(far[0]),small_giant,2018,2018-09-01,,2019-12-31
    \(far[1]),small_giant,2018,2018-09-01,2018-12-31,
    """)
}

@Suite(.serialized, .town([("haizhou", "320706"), ("donghai", "320722")], prepare: prepare))
struct PlanRowGiants {
  @Test("Row 4 科技型中小企业: applied for in the county, published by the city, each valid one counted once")
  func techSMEs() async throws {
    let town = try sharedTown()
    func apply(_ code: String) async throws -> String {
      let apply = ["apply", code, "--scheme", "tech_sme", "--year", "2018", "--json"]
      let id = try await town.county("haizhou", apply).object["id"] as? String ?? ""
      for stage in ["county", "city"] { try await town.county("haizhou", ["step", "application", id, stage]) }
      return id
    }
    let (published, waiting) = (try await apply(codes[0]), try await apply(codes[1]))
    try await town.sync("haizhou")
    for id in [published, waiting] {
      try await town.city(["step", "application", id, "notice", "--on", "2018-06-01"])
    }
    try await town.sync("haizhou")
    try await town.expectCityOnly(
      "haizhou", ["step", "application", published, "published"],
      ["add", "recognition", "enterprise_id=\(try await town.enterprise(codes[0]))", "scheme=tech_sme", "year=2018"])
    try await town.city([
      "step", "application", published, "published", "--on", "2018-06-30", "--valid-to", "2019-06-30",
    ])
    // Recognised again; revoked in the year; lapsed the day before; in the other county, valid to that very day.
    try await town.load(
      "city", "recognition",
      """
      uscc,scheme,year,recognised_on,valid_to,revoked_on
      \(codes[0]),tech_sme,2017,2017-06-30,,
      \(codes[2]),tech_sme,2018,2018-06-30,,2018-12-31
      \(codes[3]),tech_sme,2018,2018-01-02,2018-12-30,
      \(far[0]),tech_sme,2018,2018-01-02,2018-12-31,
      \(codes[4]),tech_sme,2019,2019-01-01,,
      """)
    #expect(try await town.plan("tech_sme", 2018) == "2")
    #expect(try await town.plan("tech_sme", 2017) == "1")
    #expect(try await town.plan("tech_sme", 2018, on: "2018-12-30") == "4")
    let counties = try await town.report(["county", "--year", "2018", "--on", "2018-12-31"], "figures")
    let some = counties.filter { $0["tech_smes"] as? Int != 0 }
    #expect(lines(some, "org", "tech_smes") == ["320706 1", "320722 1", "- 2"])
  }

  @Test("Row 5 科技小巨人认定: so many a year, and from 42 in 2017 cumulative, whatever became of them")
  func recognised() async throws {
    let town = try sharedTown()
    for (year, recognised, cumulative) in [(2017, "-", "42"), (2018, "9", "51"), (2019, "1", "51")] {
      if year > 2017 { #expect(try await town.plan("small_giant_recognised", year) == recognised, "\(year)") }
      #expect(try await giants(town, year)[0] == "累计认定 \(cumulative)", "\(year)")
    }
    // Nine with the baseline of 42 are 51, of which those of 东海 are not valid any more.
    #expect(try await giants(town, 2019) == ["累计认定 51", "现行有效 7", "有效且应税销售1亿元以上 5"])
    let years = try await town.report(["plan", "--year", "2019", "--on", "2019-12-31"], "recognised_by_year")
    #expect(
      lines(years, "year", "recognised", "first", "valid", "cumulative", "target") == [
        "2018 9 9 7 51 20", "2019 1 0 1 51 20",
      ])
    let list = try await town.report(
      ["recognised", "small_giant", "--year", "2018", "--on", "2019-12-31"], "recognised")
    #expect(list.count == 9)
    #expect(
      lines(list.filter { !($0["revoked_on"] is NSNull) }, "uscc", "name", "revoked_on") == ["\(far[0]) 东海0 2019-12-31"]
    )
    let counties = try await town.report(["county", "--year", "2019", "--on", "2019-12-31"], "figures")
    #expect(lines(counties.filter { $0["small_giants"] as? Int != 0 }, "org", "small_giants") == ["320706 7", "- 7"])
  }

  private func giants(_ town: Town, _ year: Int) async throws -> [String] {
    lines(try await town.report(["plan", "--year", "\(year)", "--on", "\(year)-12-31"], "giants"), "way", "value")
  }

  /// `以上` includes the number. The first tier has those of the others in it.
  private func tier(_ code: String, _ enterprises: Int, _ sales: Int, below: Bool = false) async throws {
    let town = try sharedTown()
    #expect(try await town.plan(code, 2019) == "\(enterprises)")
    let tiers = try await town.report(["tiers", "--year", "2019", "--on", "2019-12-31"], "tiers")
    #expect(
      lines(tiers.filter { $0["code"] as? String == code }, "enterprises", "sales") == ["\(enterprises) \(sales)"])
    // The day before the revocation there is one more, with two thousand million.
    let before = try await town.plan(code, 2019, on: "2019-12-30")
    #expect(before == "\(below ? enterprises : enterprises + 1)")
    #expect(try await town.plan(code, 2018) == "0")
  }

  @Test("Row 6 1亿元以上科技小巨人: valid giants with sales of 100 million and more")
  func firstTier() async throws { try await tier("small_giant_tier1", 5, 3_099_999_998) }

  @Test("Row 7 5亿-10亿元企业: 500 million included, 1 billion not")
  func secondTier() async throws { try await tier("small_giant_tier2", 2, 1_499_999_999, below: true) }

  @Test("Row 8 10亿元以上企业: 1 billion and more")
  func thirdTier() async throws { try await tier("small_giant_tier3", 1, 1_000_000_000) }

  @Test("Row 9 科技小巨人应税销售: the sum over valid ones must be more than 40 thousand million")
  func sales() async throws {
    let town = try sharedTown()
    #expect(try await town.plan("small_giant_sales", 2019) == "31.99999997")
    let target = { (column: String) in try await town.plan("small_giant_sales", 2020, column) }
    #expect(try await [target("value"), target("verdict")] == ["400", "未达到"])
    try await town.county(
      "haizhou", ["edit", "enterprise_year", "\(try await town.enterprise(codes[1])),2020", "taxable_sales=100000001"])
    try await town.sync("haizhou")
    #expect(try await [target("value"), target("verdict")] == ["400.00000001", "已达到"])
  }

  @Test("Row 10 制造业单项冠军: a recognition of its own, counted apart from the giants")
  func champions() async throws {
    let town = try sharedTown()
    let apply = ["apply", codes[5], "--scheme", "single_champion", "--year", "2019", "--json"]
    let id = try await town.county("haizhou", apply).object["id"] as? String ?? ""
    for stage in ["county", "city"] { try await town.county("haizhou", ["step", "application", id, stage]) }
    try await town.sync("haizhou")
    try await town.city(["step", "application", id, "notice", "--on", "2019-03-01", "--until", "2019-03-08"])
    let publish = ["step", "application", id, "published", "--on", "2019-04-01", "--cert-no", "冠2019-1", "--json"]
    let recognition = try await town.city(publish).object["recognition"] as? String ?? ""
    func champions(_ day: String) async throws -> [String] {
      let rows = try await town.report(["innovation", "--year", "2019", "--on", day], "recognitions")
      return lines(rows.filter { $0["scheme"] as? String == "制造业单项冠军" }, "valid", "made")
    }
    #expect(try await champions("2019-03-31") == ["0 0"])
    #expect(try await champions("2019-04-01") == ["1 1"])
    let list = try await town.report(
      ["recognised", "single_champion", "--year", "2019", "--on", "2019-12-31"], "recognised")
    #expect(lines(list, "name", "cert_no") == ["海州5 冠2019-1"])
    try await town.city(["revoke", recognition, "--reason", "产品停产", "--on", "2019-10-01"])
    #expect(try await champions("2019-10-01") == ["0 1"])
  }
}
