import Presentation
import SyncCore
import Testing

@testable import Reports

@Suite struct CountyReportTests {
  let base: Base

  init() throws { base = try Base() }

  private let haizhou: [String: Report.Cell] = ["org": .text("320706")]
  private let zone: [String: Report.Cell] = ["org": .text("320772")]
  private let total: [String: Report.Cell] = ["org_name": .label(Label(zh: "合计", en: "Total"))]

  @Test("No target of a county is invented: without an import all are blank")
  func noTargets() throws {
    let report = try base.draw(CountyReport.self)
    #expect(try report.section("targets").rows.isEmpty)
    let sums = try report.section("target_sums")
    #expect(sums.rows.count == 29)
    #expect(try sums.cells("sum").allSatisfy { $0 == .none })
    #expect(try sums.cells("difference").allSatisfy { $0 == .none })
    #expect(try sums.cells("counties").allSatisfy { $0 == .integer(0) })
  }

  @Test("Targets that are imported: value, share, and what they add up to against the city's")
  func targets() throws {
    let insert = "INSERT INTO county_target (org, indicator, year, value) VALUES"
    try base.run("\(insert) ('320706', 'small_giant_tier1', 2020, 40), ('320722', 'small_giant_tier1', 2020, 25)")
    for id in ["a", "b"] {
      try base.enterprise(id, sales: 100_000_000)
      try base.recognise(id)
    }
    let report = try base.draw(CountyReport.self)
    let tier1: [String: Report.Cell] = ["code": .text("small_giant_tier1")]
    let sums = try report.section("target_sums")
    #expect(try sums.cell("city", where: tier1) == .integer(100))
    #expect(try sums.cell("sum", where: tier1) == .integer(65))
    #expect(try sums.cell("difference", where: tier1) == .integer(-35))
    #expect(try sums.cell("counties", where: tier1) == .integer(2))
    #expect(try sums.cell("without", where: tier1).word?.contains("Lianyun District") == true)
    let targets = try report.section("targets")
    #expect(try targets.cells("code").allSatisfy { $0 == .text("small_giant_tier1") })
    #expect(try targets.cell("target", where: haizhou) == .integer(40))
    #expect(try targets.cell("value", where: haizhou) == .integer(2))
    #expect(try targets.cell("share", where: haizhou) == .real(0.05))
    #expect(try targets.cell("target", where: ["org": .text("320703")]) == .none)
    #expect(try targets.cell("share", where: ["org": .text("320703")]) == .none)
  }

  @Test("A target of what counts within a year has no value before that year")
  func ahead() throws {
    try base.run(
      """
      INSERT INTO county_target (org, indicator, year, value) VALUES ('320706', 'small_giant_recognised', 2019, 4),
        ('320706', 'small_giant_recognised', 2020, 4), ('320706', 'small_giant_cumulative', 2020, 4)
      """)
    try base.enterprise("a")
    try base.recognise("a", "small_giant", 2019)
    let targets = try base.draw(CountyReport.self, day: "2019-12-31").section("targets")
    let cells = { (code: String, year: Int64) in
      try ["target", "value", "value_filed", "share"].map {
        try targets.cell($0, where: ["code": .text(code), "year": .integer(year), "org": .text("320706")])
      }
    }
    #expect(try cells("small_giant_recognised", 2019) == [.integer(4), .integer(1), .integer(1), .real(0.25)])
    #expect(try cells("small_giant_recognised", 2020) == [.integer(4), .none, .none, .none])
    #expect(try cells("small_giant_cumulative", 2020) == [.integer(4), .integer(1), .integer(1), .real(0.25)])
  }

  @Test("A unit that was taken over counts as it was filed, and with its successor from the day of the change")
  func successor() throws {
    try base.enterprise("a", org: "320772", sales: 100_000_000)
    try base.enterprise("b", org: "320706", sales: 10)
    try base.enterprise("gone", org: "320706", sales: 5, extra: "merged_into = 'a'")
    for id in ["a", "b"] { try base.recognise(id) }
    let after = try base.draw(CountyReport.self)
    let (figures, filed) = (try after.section("figures"), try after.section("figures_filed"))
    #expect(try figures.cell("enterprises", where: haizhou) == .integer(2))
    #expect(try figures.cell("sales", where: haizhou) == .integer(100_000_010))
    #expect(try figures.cells("org", where: zone).isEmpty)
    #expect(try filed.cell("enterprises", where: haizhou) == .integer(1))
    #expect(try filed.cell("small_giants", where: zone) == .integer(1))
    #expect(try filed.cell("giant_sales", where: zone) == .integer(100_000_000))
    #expect(try figures.cell("sales", where: total) == filed.cell("sales", where: total))
    let before = try base.draw(CountyReport.self, day: "2020-06-30").section("figures")
    #expect(try before.cell("enterprises", where: zone) == .integer(1))
    try base.run(
      "INSERT INTO county_target (org, indicator, year, value) VALUES ('320706', 'small_giant_tier1', 2020, 4)")
    let targets = try base.draw(CountyReport.self).section("targets")
    #expect(try targets.cell("value", where: haizhou) == .integer(1))
    #expect(try targets.cell("value_filed", where: haizhou) == .integer(0))
    #expect(try targets.cell("share", where: haizhou) == .real(0.25))
  }

  @Test("Figures by unit say that an enterprise counts with the unit that has it now")
  func presentOwner() throws {
    try base.run("INSERT INTO period (code, kind, state) VALUES (2020, 'year', 'open')")
    let county = try base.draw(CountyReport.self)
    for name in ["targets", "figures", "figures_filed"] {
      #expect(try county.section(name).notes.contains(Counties.presentOwnerNote), "\(name)")
    }
    #expect(try base.draw(PlanReport.self).section("counties").notes.contains(Counties.presentOwnerNote))
    #expect(try base.draw(BulletinReport.self, subject: "2020").notes.contains(Counties.presentOwnerNote))
  }

  @Test("R&D ÷ revenue rests on enterprises that reported both; sums are blank where nobody reported")
  func research() throws {
    for id in ["a", "b", "c"] { try base.enterprise(id, extra: "zone_code = '320771'") }
    try base.enterprise("d", org: "320703")
    try base.year("a", 2020, "revenue, rd", "1000, 40")
    try base.year("b", 2020, "revenue, rd", "3000, 80")
    try base.year("c", 2020, "rd", "500")
    try base.recognise("a", "tech_sme", 2020)
    let report = try base.draw(CountyReport.self)
    let figures = try report.section("figures")
    #expect(try figures.cell("rd", where: haizhou) == .integer(620))
    #expect(try figures.cell("rd_share", where: haizhou) == .real(0.03))
    #expect(try figures.cell("tech_smes", where: haizhou) == .integer(1))
    #expect(try figures.cell("revenue", where: ["org": .text("320703")]) == .none)
    let zones = try report.section("zones")
    #expect(try zones.cell("enterprises", where: ["zone": .text("320771")]) == .integer(3))
    #expect(
      try zones.cell("enterprises", where: ["zone_name": .label(Label(zh: "不在功能区", en: "In no zone"))]) == .integer(1))
  }

  @Test("Parks with their enterprises")
  func parks() throws {
    let park = "0163c817-e806-78c5-8d47-0d0b0c8215aa"
    try base.enterprise("a", sales: 7, extra: "park_id = '\(park)'")
    let parks = try base.draw(CountyReport.self).section("parks")
    let zone: [String: Report.Cell] = ["park": .label(Label(zh: "开发区", en: "Development Zone"))]
    #expect(parks.rows.count == 6)
    #expect(parks.columns.first { $0.name == "confirmed" }?.unit == .year)
    #expect(try parks.cell("sales", where: zone) == .integer(7))
    #expect(
      try base.draw(CountyReport.self, publication: true).section("parks").cell("sales", where: zone) == .suppressed)
  }

  @Test("What is published counts with the successors only, and leaves out what rests on few")
  func publication() throws {
    try base.enterprise("a", org: "320772", sales: 1)
    for n in 1...3 { try base.enterprise("b\(n)", org: "320706", sales: 10) }
    for n in 1...2 { try base.enterprise("c\(n)", org: "320722", sales: 100) }
    for n in 1...5 { try base.enterprise("d\(n)", org: "320703", sales: 1000) }
    let report = try base.draw(CountyReport.self, publication: true)
    #expect(!report.sections.contains { $0.name == "figures_filed" })
    let figures = try report.section("figures")
    #expect(try figures.cell("sales", where: ["org": .text("320722")]) == .suppressed)
    #expect(try figures.cell("sales", where: haizhou) == .suppressed)  // Else the total would tell.
    #expect(try figures.cell("sales", where: ["org": .text("320703")]) == .integer(5000))
    #expect(try figures.cell("sales", where: total) == .integer(5231))
    #expect(try figures.cell("sales", where: ["org": .text("320707")]) == .none)
  }

  @Test("What is published does not tell what one or two have that one figure of a row counts and another does not")
  func leftovers() throws {
    let park = "0163c817-e806-78c5-8d47-0d0b0c8215aa"
    for n in 1...6 { try base.enterprise("a\(n)", sales: 10, extra: "park_id = '\(park)'") }
    for n in 1...5 { try base.recognise("a\(n)") }
    try base.run("UPDATE enterprise_year SET revenue = 100, rd = 5 WHERE enterprise_id IN ('a1', 'a2', 'a3')")
    try base.run("UPDATE enterprise_year SET rd = 7 WHERE enterprise_id = 'a4'")
    let columns = ["giant_sales", "sales", "revenue", "rd", "rd_share"]
    let rows: [(section: String, row: [String: Report.Cell])] = [
      ("figures", haizhou), ("figures", total), ("zones", ["zone_name": .label(Label(zh: "合计", en: "Total"))]),
      ("parks", ["park": .label(Label(zh: "开发区", en: "Development Zone"))]),
    ]
    for (section, row) in rows {
      let cells = { (publication: Bool) throws -> [Report.Cell] in
        let drawn = try self.base.draw(CountyReport.self, publication: publication).section(section)
        return try columns.map { try drawn.cell($0, where: row) }
      }
      #expect(try cells(true) == [.integer(50), .suppressed, .integer(300), .integer(22), .suppressed], "\(section)")
      #expect(try cells(false) == [.integer(50), .integer(60), .integer(300), .integer(22), .real(0.05)])
    }
  }

  @Test("Where all are giants, their sales are left out of both columns")
  func onlyGiants() throws {
    for (org, giants, others) in [("320722", 1, 0), ("320707", 0, 2), ("320703", 3, 0), ("320706", 5, 4)] {
      for n in 0..<giants + others {
        try base.enterprise("\(org)-\(n)", org: org, sales: 10)
        if n < giants { try base.recognise("\(org)-\(n)") }
      }
    }
    let figures = try base.draw(CountyReport.self, publication: true).section("figures")
    let lianyun: [String: Report.Cell] = ["org": .text("320703")]
    #expect(try figures.cell("giant_sales", where: lianyun) == .suppressed)
    #expect(try figures.cell("sales", where: lianyun) == .suppressed)
    #expect(try figures.cell("giant_sales", where: haizhou) == .integer(50))
    #expect(try figures.cell("sales", where: total) == .integer(150))
  }

  @Test("The other parks do not tell, less than the total, what one enterprise has in a park or in none")
  func parksBesideTheTotal() throws {
    let parks = [
      "0163c817-e803-793a-b07a-cbce0e60892f", "0163c817-e804-722d-b3f0-1f3326e6fa21",
      "0163c817-e805-745d-a7bc-a78f49bb7ce6",
    ]
    for (park, count) in zip(parks, [5, 4, 1]) {
      for n in 1...count { try base.enterprise("\(park)-\(n)", sales: Int64(count), extra: "park_id = '\(park)'") }
    }
    for last in [parks[2], ""] {
      try base.run("UPDATE enterprise SET park_id = nullif('\(last)', '') WHERE id = '\(parks[2])-1'")
      let report = try base.draw(CountyReport.self, publication: true)
      #expect(try report.section("figures").cell("sales", where: total) == .integer(42))
      let sales = try report.section("parks").cells("sales")
      #expect(sales.contains(.integer(25)) && !sales.contains(.integer(16)) && !sales.contains(.integer(1)))
      #expect(sales.filter { $0 == .suppressed }.count == (last.isEmpty ? 1 : 2))
    }
  }

  @Test("A zone and a county that differ by one enterprise do not stand side by side in what is published")
  func zoneBesideCounty() throws {
    for n in 1...5 { try base.enterprise("a\(n)", org: "320771", sales: 10, extra: "zone_code = '320771'") }
    for n in 1...4 { try base.enterprise("b\(n)", org: "320703", sales: 100) }
    try base.run("UPDATE enterprise SET zone_code = '320771' WHERE id = 'b1'")
    let report = try base.draw(CountyReport.self, publication: true)
    for column in ["enterprises", "sales"] {
      let figures = try report.section("figures").cells(column, where: ["org": .text("320771")])
      #expect(figures == [.integer(column == "sales" ? 50 : 5)])
      let zones = try report.section("zones").cells(column)
      #expect(zones == [.suppressed, .suppressed, .integer(column == "sales" ? 450 : 9)])
    }
  }

  @Test("What is published does not tell, less what the bulletin of the year shows, what one has that does not report")
  func besideTheBulletin() throws {
    for n in 1...6 { try base.enterprise("a\(n)", sales: 10) }
    for n in 1...5 { try base.recognise("a\(n)", "tech_sme", 2020) }
    try base.run("UPDATE enterprise_year SET revenue = 100, rd = 5 WHERE enterprise_id <> 'a6'")
    for (publication, sales) in [(false, Report.Cell.integer(60)), (true, .suppressed)] {
      let figures = try base.draw(CountyReport.self, publication: publication).section("figures")
      for row in [haizhou, total] {
        #expect(try figures.cell("sales", where: row) == sales)
        #expect(try figures.cell("revenue", where: row) == .integer(500))
        #expect(try figures.cell("rd_share", where: row) == .real(0.05))
      }
    }
  }

  @Test("A park does not tell, less what the bulletin shows of an industry or compares, what one enterprise has")
  func parkBesideTheBulletin() throws {
    let park = "0163c817-e806-78c5-8d47-0d0b0c8215aa"
    for (letter, count) in [("C", 5), ("I", 4)] {
      for n in 1...count {
        let isInPark = letter == "I" || n == 5
        try base.enterprise(
          "\(letter)\(n)", sales: 10, extra: "industry = '\(letter)65', park_id = \(isInPark ? "'\(park)'" : "NULL")")
        try base.recognise("\(letter)\(n)", "tech_sme", 2020)
      }
    }
    let place: [String: Report.Cell] = ["park": .label(Label(zh: "开发区", en: "Development Zone"))]
    func sales(_ publication: Bool) throws -> Report.Cell {
      try base.draw(CountyReport.self, publication: publication).section("parks").cell("sales", where: place)
    }
    #expect(try sales(false) == .integer(50) && sales(true) == .suppressed)
    // Of one industry, and four of the five compared with the year before.
    try base.run("UPDATE enterprise SET industry = 'C65'")
    #expect(try sales(true) == .integer(50))
    for id in ["I1", "I2", "I3", "I4"] { try base.year(id, 2019, "taxable_sales", "8") }
    #expect(try sales(true) == .suppressed)
  }

  @Test("The ratio of a park does not tell, with the R&D shown beside it, the revenue that is left out")
  func ratioBesideTheBulletin() throws {
    let park = "0163c817-e806-78c5-8d47-0d0b0c8215aa"
    for id in ["a", "b", "c", "x"] { try base.enterprise(id, extra: "park_id = '\(park)'") }
    for id in ["d1", "d2", "y", "z", "w"] { try base.enterprise(id) }
    for id in ["a", "b", "c", "y", "z", "w"] { try base.year(id, 2020, "revenue, rd", "100, 5") }
    try base.year("x", 2020, "revenue, rd", "70, 3")
    for id in ["d1", "d2"] { try base.year(id, 2020, "rd", "5") }
    for id in ["a", "b", "c", "d1", "d2"] { try base.recognise(id, "tech_sme", 2020) }
    func cells(_ publication: Bool) throws -> [Report.Cell] {
      let parks = try base.draw(CountyReport.self, publication: publication).section("parks")
      let place: [String: Report.Cell] = ["park": .label(Label(zh: "开发区", en: "Development Zone"))]
      return try ["revenue", "rd", "rd_share"].map { try parks.cell($0, where: place) }
    }
    #expect(try cells(true) == [.suppressed, .integer(18), .suppressed])
    #expect(try cells(false) == [.integer(370), .integer(18), .real(18.0 / 370)])
  }

  @Test("Of a year that is over those count that were recognised at its end, as in the plan and in its bulletin")
  func closedYear() throws {
    for n in 1...6 { try base.enterprise("a\(n)", sales: 10) }
    for n in 1...5 { try base.recognise("a\(n)", "tech_sme", 2020, "valid_to = '2021-01-31'") }
    try base.recognise("a6", "tech_sme", 2021, "recognised_on = '2021-02-01'")
    try base.run("INSERT INTO county_target (org, indicator, year, value) VALUES ('320706', 'tech_sme', 2020, 5)")
    let report = try base.draw(CountyReport.self, day: "2021-03-01", year: 2020)
    #expect(try report.section("targets").cell("value", where: haizhou) == .integer(5))
    #expect(try report.section("figures").cell("tech_smes", where: haizhou) == .integer(5))
    #expect(report.notes.contains { $0.en.hasSuffix("valid on 2020-12-31") })
    let published = try base.draw(CountyReport.self, day: "2021-03-01", year: 2020, publication: true)
    for row in [haizhou, total] {
      #expect(try published.section("figures").cell("sales", where: row) == .suppressed)
    }
    let onTheDay = try base.draw(CountyReport.self, day: "2021-03-01")
    #expect(try onTheDay.section("figures").cell("tech_smes", where: haizhou) == .integer(1))
    #expect(onTheDay.notes.count == 2)
  }

  @Test("On a county's replica only the county")
  func county() throws {
    try base.enterprise("a", org: "320706", sales: 1)
    let report = try base.draw(CountyReport.self, unit: "320706")
    #expect(try report.section("figures").cells("org") == [.text("320706"), .none])
    #expect(!report.sections.contains { $0.name == "target_sums" })
  }

  @Test("On the replica of a unit that was taken over its records stand with the successor")
  func takenOver() throws {
    try base.enterprise("a", org: "320772", sales: 1)
    try base.recognise("a", "tech_sme", 2020)
    for (day, org) in [("2020-06-30", "320772"), ("2020-12-31", "320706")] {
      let figures = try base.draw(CountyReport.self, day: day, unit: "320772").section("figures")
      #expect(try figures.cells("org") == [.text(org), .none], "\(day)")
      #expect(try figures.cells("enterprises") == [.integer(1), .integer(1)], "\(day)")
    }
    let plan = try base.draw(PlanReport.self, unit: "320772").section("counties")
    #expect(try plan.cell("unit_320772", where: ["code": .text("tech_sme")]) == .integer(1))
  }
}

@Suite struct SuppressionTests {
  private typealias Figure = Suppression.Figure

  /// Enterprises of each part; what is shown of them and of the total, −1 for what is left out.
  static let cases: [(parts: [Int], shown: [Int64])] = [
    ([], [0]), ([3, 4], [3, 4, 7]), ([0, 3], [0, 3, 3]), ([2, 4, 3], [-1, 4, -1, 9]),
    ([1, 1, 5, 4], [-1, -1, 5, -1, 11]), ([1, 2, 5], [-1, -1, 5, 8]), ([2, 0, 0], [-1, 0, 0, -1]),
    ([1, 1], [-1, -1, -1]), ([2, 4, 4], [-1, -1, 4, 10]),
  ]

  @Test("Fewer than three, and what would give them away", arguments: cases)
  func cells(parts: [Int], shown: [Int64]) {
    let figures = parts.map { Figure(.count($0), enterprises: $0) }
    let sum = parts.reduce(0, +)
    let whole = Figure(.count(sum), enterprises: sum)
    let expected = shown.map { $0 < 0 ? Report.Cell.suppressed : .integer($0) }
    #expect(Suppression.cells(figures, total: whole, true) == expected)
    #expect(Suppression.cells(figures, total: whole, false) == (parts + [sum]).map { .count($0) })
  }

  @Test("Where the total is public, another part goes, and be it zero")
  func publicTotal() {
    let cells = { (parts: [Int]) in
      let figures = parts.map { Figure(.count($0), enterprises: $0) }
      return Suppression.cells(figures, total: Figure(.integer(99), enterprises: 0), true)
    }
    #expect(cells([0, 2, 0]) == [.suppressed, .suppressed, .integer(0), .integer(99)])
    #expect(cells([1, 0, 1]) == [.suppressed, .integer(0), .suppressed, .integer(99)])
    #expect(cells([2]) == [.suppressed, .suppressed])
  }
}

@Suite struct DisclosureTests {
  /// Enterprises of sums that are asked for one after the other; which of them are shown.
  static let cases: [(sums: [ClosedRange<Int>], shown: [Bool])] = [
    ([1...2, 1...3], [false, true]), ([1...6, 1...3, 4...6], [true, true, true]),
    ([1...9, 1...5, 6...8], [true, true, false]), ([1...3, 2...4], [true, false]),
    ([1...4, 3...6, 1...6], [true, true, false]), ([1...3, 4...7, 8...12, 1...13], [true, true, true, false]),
    ([1...3, 4...6, 7...9, 3...9], [true, true, true, false]), ([1...4, 1...4, 1...8], [true, true, true]),
  ]

  @Test("A sum is left out that would tell, together with those shown, what rests on one or two", arguments: cases)
  func sums(sums: [ClosedRange<Int>], shown: [Bool]) {
    var known = Disclosure(isForPublication: true)
    let cells = sums.map { known.cell(.init(cell: .integer(1), sums: ["sales": Set($0.map { n in "\(n)" })])) }
    #expect(cells.map { $0 == .integer(1) } == shown)
  }

  @Test("A ratio tells both of its sums; other quantities tell nothing of one")
  func ratio() {
    var known = Disclosure(isForPublication: true)
    let (five, four) = (Set(["a", "b", "c", "d", "e"]), Set(["a", "b", "c", "d"]))
    #expect(known.cell(.init(cell: .integer(5), sums: ["rd": five])) == .integer(5))
    #expect(known.cell(.init(cell: .integer(4), sums: ["revenue": four])) == .integer(4))
    #expect(known.cell(.init(cell: .real(0.5), sums: ["rd": four, "revenue": four])) == .suppressed)
    #expect(known.cell(.init(cell: .real(0.5), sums: ["rd": five, "revenue": five])) == .suppressed)
    #expect(known.cell(.init(cell: .integer(0), sums: ["staff": []])) == .integer(0))
  }
}
