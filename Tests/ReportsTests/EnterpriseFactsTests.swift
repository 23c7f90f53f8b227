import Registry
import SyncCore
import Testing

@testable import Reports

@Suite struct EnterpriseFactsTests {
  let base: Base

  init() throws {
    base = try Base()
    try base.enterprise("a", extra: "industry = 'I65', resident = 1, blacklisted = 0")
  }

  private func techSME(_ day: String = "2020-06-30") throws -> TechSMEFacts {
    try base.read(day: day) { try EnterpriseFacts.techSME($0, "a") }
  }

  private func smallGiant(_ day: String = "2020-06-30") throws -> SmallGiantFacts {
    try base.read(day: day) { try EnterpriseFacts.smallGiant($0, "a") }
  }

  @Test("What is not reported is unknown; a certificate that is not recorded is none")
  func nothing() throws {
    let facts = try techSME()
    #expect(facts.staff == nil && facts.sales == nil && facts.rd == nil && facts.prohibited == nil)
    #expect(facts.resident == true && facts.blacklisted == false)
    #expect(facts.classOneRights == nil && facts.classTwoRights == nil && facts.highTechCertificate == false)
    #expect(facts.nationalPrize == false && facts.ledStandard == false && facts.provincialInstitution == false)
    let giant = try smallGiant()
    #expect(giant.revenue == nil && giant.revenueBefore == nil && giant.patents == nil && giant.techSME == false)
    #expect(try base.read { try EnterpriseFacts.size($0, "a") } == nil)
  }

  @Test("The figures are of the year, the revenue before of three years before")
  func years() throws {
    try base.year(
      "a", 2020,
      "taxable_sales, revenue, main_revenue, cost, profit, tax, assets, rd, staff, tech_staff, product_revenue, domestic_rank",
      "1, 100000000, 3, 4, -5, 6, 7, 8, 300, 10, 11, 12")
    try base.year("a", 2017, "revenue", "13")
    try base.year("a", 2018, "revenue", "14")
    let facts = try techSME()
    #expect(facts.sales == 1 && facts.cost == 4 && facts.assets == 7 && facts.rd == 8)
    #expect(facts.staff == 300 && facts.techStaff == 10)
    let giant = try smallGiant()
    #expect(
      giant.revenue == 100_000_000 && giant.mainRevenue == 3 && giant.profit == -5 && giant.tax == 6 && giant.rd == 8)
    #expect(giant.productRevenue == 11 && giant.domesticRank == 12 && giant.revenueBefore == 13)
    #expect(try base.read { try EnterpriseFacts.size($0, "a") } == .large)
  }

  @Test("Rights of both classes, valid on the day; patents are three kinds of them")
  func rights() throws {
    for kind in ["invention", "plant", "drug", "chip", "utility", "design", "software"] {
      try base.add("ip_right", "enterprise_id, kind, number", "'a', '\(kind)', '1'")
    }
    try base.add("ip_right", "enterprise_id, kind, number, expires_on", "'a', 'invention', '2', '2020-06-30'")
    try base.add("ip_right", "enterprise_id, kind, number, expires_on", "'a', 'invention', '3', '2020-06-29'")
    try base.add("ip_right", "enterprise_id, kind, number, granted_on", "'a', 'utility', '4', '2020-07-01'")
    let facts = try techSME()
    #expect(facts.classOneRights == 5 && facts.classTwoRights == 3)
    #expect(try smallGiant().patents == 4)
    try base.run("DELETE FROM ip_right WHERE kind <> 'plant'")
    #expect(try techSME().classTwoRights == 0 && smallGiant().patents == 0)
  }

  @Test("Certificates and prizes: valid on the day, within five years; undated is unknown")
  func qualifications() throws {
    let columns = "enterprise_id, kind, name, issued_on, expires_on"
    try base.add("qualification", columns, "'a', 'high_tech', 'H', '2017-07-01', '2020-06-30'")
    try base.add("qualification", columns, "'a', 'national_prize', 'P', '2015-06-30', NULL")
    try base.add("qualification", columns, "'a', 'led_standard', 'S', NULL, NULL")
    try base.add("qualification", columns, "'a', 'quality', 'Q', '2020-01-01', NULL")
    #expect(try techSME().highTechCertificate == true && smallGiant().highTech == true)
    #expect(try techSME("2020-07-01").highTechCertificate == false && smallGiant("2020-07-01").highTech == false)
    #expect(try techSME().nationalPrize == true && techSME("2020-07-01").nationalPrize == false)
    #expect(try techSME().ledStandard == nil)
  }

  @Test("A high-tech enterprise by the city's recognition, without a certificate that the county entered")
  func highTech() throws {
    try base.recognise("a", "high_tech", 2019, "valid_to = '2020-06-30'")
    #expect(try techSME().highTechCertificate == true && smallGiant().highTech == true)
    #expect(try techSME("2020-07-01").highTechCertificate == false && smallGiant("2020-07-01").highTech == false)
    #expect(try smallGiant().techSME == false)
  }

  @Test("A provincial institution that the city has confirmed; a tech SME by a recognition that is valid")
  func institution() throws {
    let columns = "enterprise_id, kind, name, level, confirmed"
    try base.add("rd_institution", columns, "'a', 'other', 'A', 'city', 1")
    try base.add("rd_institution", columns, "'a', 'other', 'B', 'province', 0")
    #expect(try techSME().provincialInstitution == false)
    try base.add("rd_institution", "\(columns), confirmed_year", "'a', 'other', 'D', 'province', 1, 2021")
    #expect(try techSME().provincialInstitution == false && techSME("2021-01-01").provincialInstitution == true)
    try base.add("rd_institution", columns, "'a', 'other', 'C', 'nation', 1")
    #expect(try techSME().provincialInstitution == true)
    try base.recognise("a", "tech_sme", 2019, "valid_to = '2020-06-30'")
    #expect(try smallGiant().techSME == true && smallGiant("2020-07-01").techSME == false)
  }

  @Test("An enterprise that is not there is named")
  func unknown() throws {
    #expect(throws: Failure.self) { try base.read { try EnterpriseFacts.techSME($0, "nobody") } }
  }

  static let days: [(day: String, number: Int64?)] = [
    ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2020-12-31", 18_627), ("0000-03-01", -719_468),
    ("2020-13-01", nil), ("2020-1", nil), ("", nil), ("2020-00-01", nil),
  ]

  @Test("Days since 1970", arguments: days)
  func day(day: String, number: Int64?) { #expect(Calendar.number(day) == number) }

  @Test("Days of earlier years, parts of a year")
  func parts() {
    #expect(Calendar.day("2020-02-29", yearsBefore: 5) == "2015-02-28")
    #expect(Calendar.day("2020-02-29", yearsBefore: 4) == "2016-02-29")
    #expect(
      Calendar.elapsed(of: 2020, on: "2020-01-01") == 1.0 / 366 && Calendar.elapsed(of: 2020, on: "2020-12-31") == 1)
    #expect(Calendar.elapsed(after: 2017, through: 2020, on: "2019-06-30") == 546.0 / 1096)
    #expect(Calendar.elapsed(of: 2020, on: "2019-12-31") == 0 && Calendar.elapsed(of: 2020, on: "2022-01-01") == 1)
  }
}
