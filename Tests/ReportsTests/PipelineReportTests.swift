import Presentation
import SyncCore
import Testing

@testable import Reports

@Suite struct PipelineReportTests {
  let base: Base

  init() throws { base = try Base() }

  @Test("Applications by scheme, year and stage; notices with the days that are left")
  func applications() throws {
    for id in ["a", "b", "gone"] { try base.enterprise(id) }
    try base.run("UPDATE enterprise SET merged_into = 'a' WHERE id = 'gone'")
    let columns = "enterprise_id, scheme, year, stage, notice_from, notice_to"
    try base.add("application", columns, "'a', 'tech_sme', 2020, 'notice', '2020-12-20', '2021-01-05'")
    try base.add("application", columns, "'b', 'tech_sme', 2020, 'draft', NULL, NULL")
    try base.add("application", columns, "'a', 'small_giant', 2019, 'returned', NULL, NULL")
    try base.add("application", columns, "'a', 'small_giant', 2021, 'draft', NULL, NULL")
    try base.add("application", columns, "'gone', 'tech_sme', 2020, 'draft', NULL, NULL")
    let report = try base.draw(PipelineReport.self)
    let section = try report.section("applications")
    #expect(section.rows.count == 2)
    let tech: [String: Report.Cell] = ["year": .integer(2020)]
    #expect(try section.cell("draft", where: tech) == .integer(1) && section.cell("notice", where: tech) == .integer(1))
    #expect(try section.cell("total", where: tech) == .integer(2))
    #expect(try section.cell("returned", where: ["year": .integer(2019)]) == .integer(1))
    #expect(try report.section("notices").cells("days_left") == [.integer(5)])
  }

  @Test("Filings by stage, with those confirmed")
  func filings() throws {
    try base.enterprise("a")
    try base.add("product", "enterprise_id, name, stage", "'a', 'A', 'city'")
    try base.add("product", "enterprise_id, name, stage, confirmed", "'a', 'B', 'published', 1")
    try base.add("cluster", "owner_org, name", "'320706', 'C'")
    let section = try base.draw(PipelineReport.self).section("filings")
    let product: [String: Report.Cell] = ["record": .text("product")]
    #expect(section.rows.count == 7)
    #expect(try section.cell("city", where: product) == .integer(1))
    #expect(try section.cell("total", where: product) == .integer(2))
    #expect(try section.cell("confirmed", where: product) == .integer(1))
    #expect(try section.cell("blank", where: ["record": .text("cluster")]) == .integer(1))
  }

  static let states: [(withdrawn: String?, county: String?, city: String?, version: String?, state: CultivationState)] =
    [
      (nil, nil, nil, nil, .nominated), (nil, nil, nil, "v", .nominated), (nil, "v", nil, nil, .county),
      (nil, "v", nil, "v", .county), (nil, "old", nil, "v", .void), (nil, nil, "v", nil, .city),
      (nil, nil, "v", "v", .city),
      (nil, nil, "old", "v", .void), (nil, "v", "v", nil, .listed), (nil, "v", "v", "v", .listed),
      (nil, "old", "old", "v", .void), (nil, "a", "b", nil, .void), (nil, "v", "old", "v", .county),
      (nil, "old", "v", "v", .city), ("2020-12-31", "v", "v", "v", .withdrawn), ("2021-01-01", "v", "v", "v", .listed),
    ]

  @Test("An approval is of one version of the nomination", arguments: states)
  func state(withdrawn: String?, county: String?, city: String?, version: String?, state: CultivationState) {
    let found = CultivationState(
      withdrawnOn: withdrawn, county: county, city: city, version: version, day: "2020-12-31")
    #expect(found == state)
  }

  @Test("Who entered the list after the day was only nominated on it")
  func entered() throws {
    try base.enterprise("a")
    try base.add("cultivation_entry", "enterprise_id, batch, county_ok, city_ok", "'a', '2020-1', 'v', 'v'")
    let event = "enterprise_id, scheme, kind, to_state, happened_on"
    for day in ["2020-09-01", "2020-07-01"] {
      try base.add("status_event", event, "'a', 'cultivation', 'entry', '2020-1', '\(day)'")
    }
    for (day, state) in [("2020-06-30", "nominated"), ("2020-07-01", "listed")] {
      let section = try base.draw(PipelineReport.self, day: day).section("cultivation")
      #expect(try section.cells(state) == [.integer(1)], "\(day)")
      let list = try base.draw(CultivationReport.self, day: day).section("cultivation")
      #expect(list.rows.count == (state == "listed" ? 1 : 0), "\(day)")
    }
  }

  @Test("Nominations by batch and state, against the row as it is now when the caller can tell")
  func cultivation() throws {
    for id in ["a", "b"] { try base.enterprise(id) }
    try base.add("cultivation_entry", "enterprise_id, batch, county_ok, city_ok", "'a', '2020-1', 'v', 'v'")
    try base.add("cultivation_entry", "enterprise_id, batch", "'b', '2020-1'")
    let equal = try base.draw(PipelineReport.self).section("cultivation")
    #expect(try equal.cells("listed") == [.integer(1)] && equal.cells("nominated") == [.integer(1)])
    let edited = try base.draw(PipelineReport.self, version: { _, _ in "w" }).section("cultivation")
    #expect(try edited.cells("listed") == [.integer(0)] && edited.cells("void") == [.integer(1)])
  }

  @Test("Transformation projects by priority topic and phase")
  func topics() throws {
    try base.enterprise("a")
    let columns = "enterprise_id, name, phase, topic, investment"
    try base.add("project", columns, "'a', 'A', 'running', 'robots', 100")
    try base.add("project", columns, "'a', 'B', 'stopped', 'robots', 50")
    try base.add("project", columns, "'a', 'C', 'planned', 'other', 7")
    try base.add("project", columns, "'a', 'D', 'planned', NULL, NULL")
    try base.add("key_technology", "enterprise_id, kind, name, topic", "'a', 'product', 'T', 'new_drugs'")
    let section = try base.draw(PipelineReport.self).section("topics")
    #expect(section.rows.count == 6)
    let robots: [String: Report.Cell] = ["code": .text("robots")]
    #expect(try section.cell("running", where: robots) == .integer(1))
    #expect(try section.cell("stopped", where: robots) == .integer(1))
    #expect(try section.cell("investment", where: robots) == .integer(100))
    #expect(try section.cell("planned", where: ["code": .text("other")]) == .integer(1))
    #expect(try section.cell("planned", where: ["code": .none]) == .integer(1))
    #expect(try section.cell("key_technologies", where: ["code": .text("new_drugs")]) == .integer(1))
  }
}
