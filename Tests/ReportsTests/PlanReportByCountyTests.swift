import Presentation
import Registry
import SyncCore
import Testing

@testable import Reports

@Suite struct PlanReportByCountyTests {
  let base: Base

  init() throws { base = try Base() }

  @Test("By county: what the units add up to, what is the city's, what the baseline alone holds")
  func counties() throws {
    try base.enterprise("a", org: "320703", sales: 100_000_000)
    try base.enterprise("b", org: "320772", sales: 600_000_000)
    for id in ["a", "b"] { try base.recognise(id) }
    try base.add("platform", "name_zh, kind, year", "'A', 'new', 2019")
    let section = try base.draw(PlanReport.self).section("counties")
    let row = { (code: String) in
      try ["unit_320703", "unit_320772", "unit_320706", "city", "unrecorded", "total"].map {
        try section.cell($0, where: ["code": .text(code)])
      }
    }
    #expect(try row("small_giant_tier1") == [1, 1, 0, 0, 0, 2].map { .integer($0) })
    #expect(try row("small_giant_sales") == [1, 6, 0, 0, 0, 7].map { .integer($0) })
    #expect(try row("small_giant_cumulative") == [1, 1, 0, 0, 42, 44].map { .integer($0) })
    #expect(try row("public_platform") == [0, 0, 0, 1, 0, 1].map { .integer($0) })
    #expect(try row("talent") == [.none, .none, .none, .none, .integer(0), .none])
    // A retired unit with nothing in it is no column.
    #expect(!section.columns.contains { $0.name == "unit_320705" })
  }

  @Test("Small giants that are valid now are counted on one day, of a year that is over on its last")
  func validGiants() throws {
    for (id, dates) in [("a", "valid_to = '2021-03-31'"), ("b", "revoked_on = '2020-12-31'"), ("c", "")] {
      try base.enterprise(id)
      try base.recognise(id, "small_giant", 2019, dates)
    }
    let report = try base.draw(PlanReport.self, day: "2021-05-01", year: 2020)
    #expect(try report.section("giants").cells("value")[1] == .integer(2))
    let years = try report.section("recognised_by_year")
    #expect(try years.cell("valid", where: ["year": .integer(2019)]) == .integer(2))
    #expect(years.notes.map(\.en) == ["valid are those that were so on 2020-12-31"])
  }

  @Test("Loans of an enterprise that was merged, and its survivor too, are of the one that is left")
  func mergedTwice() throws {
    for (id, org) in [("a", "320706"), ("b", "320722"), ("c", "320703")] { try base.enterprise(id, org: org) }
    try base.run("UPDATE enterprise SET merged_into = 'b' WHERE id = 'a'")
    try base.run("UPDATE enterprise SET merged_into = 'c' WHERE id = 'b'")
    for id in ["a", "b", "c"] {
      try base.add(
        "refinancing_loan", "enterprise_id, bank, amount, starts_on", "'\(id)', 'X', 100000000, '2020-01-01'")
    }
    let section = try base.draw(PlanReport.self).section("counties")
    let cells = try ["unit_320706", "unit_320722", "unit_320703", "total"].map {
      try section.cell($0, where: ["code": .text("refinancing")])
    }
    #expect(cells == [.integer(0), .integer(0), .integer(3), .integer(3)])
  }

  @Test("A county's replica: its own records, no baseline, no verdict")
  func county() throws {
    try base.enterprise("a", org: "320703")
    try base.recognise("a")
    let report = try base.draw(PlanReport.self, unit: "320703")
    let section = try report.section("targets")
    #expect(try section.cell("value", where: ["code": .text("small_giant_cumulative")]) == .integer(0))
    #expect(try section.cell("value", where: ["code": .text("cluster")]) == .integer(0))
    #expect(try section.cells("verdict").allSatisfy { $0.answer == .some(nil) })
    let units = try report.section("counties").columns.map(\.name).filter { $0.hasPrefix("unit_") }
    #expect(units == ["unit_320703"])
  }

  @Test("What is published leaves out figures of one or two enterprises, and what would give them away")
  func publication() throws {
    for n in 1...3 { try base.enterprise("a\(n)", org: "320703", sales: 100_000_000) }
    for n in 1...4 { try base.enterprise("b\(n)", org: "320722", sales: 100_000_000) }
    try base.enterprise("c", org: "320706", sales: 100_000_000)
    for id in ["a1", "a2", "a3", "b1", "b2", "b3", "b4", "c"] { try base.recognise(id) }
    let section = try base.draw(PlanReport.self, publication: true).section("counties")
    let row = { (column: String) in try section.cell(column, where: ["code": .text("small_giant_tier1")]) }
    #expect(try row("unit_320706") == .suppressed && row("unit_320703") == .suppressed)
    #expect(try row("unit_320722") == .integer(4) && row("total") == .integer(8))
    let open = try base.draw(PlanReport.self).section("counties")
    #expect(!open.rows.joined().contains(.suppressed))
    // A sum over two enterprises is left out of the city's row too.
    try base.run("UPDATE recognition SET revoked_on = '2020-01-01' WHERE enterprise_id NOT IN ('a1', 'b1')")
    let targets = try base.draw(PlanReport.self, publication: true).section("targets")
    let giants: [String: Report.Cell] = ["code": .text("small_giant_sales")]
    #expect(try targets.cell("value", where: giants) == .suppressed)
    #expect(try targets.cell("share", where: giants) == .suppressed)
    #expect(try targets.cell("verdict", where: giants) == .suppressed)
    #expect(try targets.cell("value", where: ["code": .text("small_giant_tier1")]) == .integer(2))
  }

  @Test("Clusters with common members do not tell, beside each other or a county's giants, what one or two have")
  func clusters() throws {
    for n in 1...9 { try base.enterprise("e\(n)", org: n < 5 ? "320703" : "320706", sales: 10) }
    try base.run(
      """
      INSERT INTO cluster (id, owner_org, name, confirmed, confirmed_year)
      VALUES ('c', '320706', 'C', 1, 2019), ('d', '320706', 'D', 1, 2019), ('f', '320706', 'F', 1, 2019);
      INSERT INTO membership (cluster_id, enterprise_id) SELECT 'c', id FROM enterprise WHERE id < 'e5';
      INSERT INTO membership (cluster_id, enterprise_id) SELECT 'd', id FROM enterprise WHERE id < 'e6';
      INSERT INTO membership (cluster_id, enterprise_id) SELECT 'f', id FROM enterprise WHERE id > 'e5';
      """)
    func sales(_ publication: Bool) throws -> [Report.Cell] {
      try base.draw(PlanReport.self, publication: publication).section("clusters").cells("sales")
    }
    #expect(try sales(false) == [.integer(40), .integer(50), .integer(40)])
    #expect(try sales(true) == [.suppressed, .integer(50), .integer(40)])
    // Beside the county's giants the second cluster has two members.
    for n in 1...3 { try base.recognise("e\(n)") }
    #expect(try sales(true) == [.suppressed, .suppressed, .integer(40)])
    #expect(try sales(false) == [.integer(40), .integer(50), .integer(40)])
  }

  @Test("A sum that is published rests on the enterprises that reported, not on those that could have")
  func silent() throws {
    try base.enterprise("a", org: "320723", sales: 100_000_000)
    for id in ["b", "c"] { try base.enterprise(id, org: "320723") }
    for n in 1...4 { try base.enterprise("d\(n)", org: "320722", sales: 100_000_000) }
    for id in ["a", "b", "c", "d1", "d2", "d3", "d4"] { try base.recognise(id) }
    let giants: [String: Report.Cell] = ["code": .text("small_giant_sales")]
    let report = try base.draw(PlanReport.self, publication: true)
    #expect(try report.section("counties").cell("unit_320723", where: giants) == .suppressed)
    #expect(try report.section("counties").cell("total", where: giants) == .integer(5))
    #expect(try report.section("sources").cell("counted", where: giants) == .integer(5))
    #expect(try report.section("sources").cell("left_out", where: giants) == .integer(2))
    let open = try base.draw(PlanReport.self).section("counties")
    #expect(try open.cell("unit_320723", where: giants) == .integer(1))
    // Of five two have sales.
    try base.run("UPDATE recognition SET revoked_on = '2020-01-01' WHERE enterprise_id IN ('d2', 'd3', 'd4')")
    try base.enterprise("e", org: "320722")
    try base.recognise("e")
    let targets = try base.draw(PlanReport.self, publication: true).section("targets")
    #expect(try targets.cell("value", where: giants) == .suppressed)
  }
}
