import Presentation
import Reports
import SyncCore
import Testing

/// What holds for every report, with nothing to report and with the plan's first rows.
@Suite struct CompleteTests {
  private static let subjects = ["bulletin": "2018", "file": "uscc:91320706PDY00001XF", "recognised": "small_giant"]

  @Test("An empty registry and a seeded one give every report with all its sections", arguments: [false, true])
  func complete(_ seeded: Bool) throws {
    let town = try Records(seeded: seeded)
    if !seeded { try town.add("org_unit", ["code": "320706", "name_zh": "海州区", "kind": "district"]) }
    try town.add("period", ["code": 2018, "kind": "year", "due_on": "2019-02-28", "state": "open"])
    try town.add(
      "enterprise", ["id": id(1), "name": "甲公司", "owner_org": "320706", "uscc": "91320706PDY00001XF"])
    for kind in kinds {
      for publish in [false, true] {
        let report = try town.draw(kind, about: Self.subjects[kind.name], publish: publish)
        #expect(report.name == kind.name)
        #expect(Set(report.sections.map(\.name)).count == report.sections.count && !report.sections.isEmpty)
        for section in report.sections { check(section, of: kind.name) }
        for label in [report.title] + report.notes { #expect(!label.zh.isEmpty && !label.en.isEmpty) }
      }
    }
  }

  @Test("On a county's replica what counts records says that it counts the county's only")
  func ownOnly() throws {
    let town = try Records()
    try town.add("period", ["code": 2018, "kind": "year", "state": "open"])
    let counting: [any ReportKind.Type] = [
      PlanReport.self, CountyReport.self, TiersReport.self, CandidatesReport.self, PipelineReport.self,
      LedgerReport.self, BulletinReport.self, InvestmentReport.self, ActivitiesReport.self, InnovationReport.self,
      RecognisedReport.self, ProductsReport.self, CultivationReport.self, CasesReport.self, ReleasesReport.self,
      CreditReport.self,
    ]
    for kind in counting {
      let notes = try town.draw(kind, unit: "320706", about: Self.subjects[kind.name]).notes
      #expect(notes.contains { $0.en.hasPrefix("this unit's records only") }, "\(kind.name)")
    }
  }

  @Test("A report that needs a subject says so when there is none")
  func subjects() throws {
    let town = try Records(seeded: false)
    for kind in kinds {
      let needs = kind.subject != nil && !kind.subjectIsOptional
      #expect(needs == (Self.subjects[kind.name] != nil), "\(kind.name)")
      guard needs else { continue }
      let failure = try #require(throws: Failure.self, "\(kind.name)") { try town.draw(kind) }
      #expect(failure.kind == .usage)
    }
  }

  @Test("Public lists and the bulletin may be published, what names survey data may not")
  func publicOnes() {
    let expected = ["bulletin", "recognised", "products", "cultivation", "cases", "releases"]
    #expect(kinds.filter { $0.isPublic }.map { $0.name } == expected)
  }

  private let kinds: [any ReportKind.Type] = [
    OverdueReport.self, LedgerReport.self, BulletinReport.self, FileReport.self, CreditReport.self,
    EvaluationReport.self, InvestmentReport.self, ActivitiesReport.self, InnovationReport.self,
    RecognisedReport.self, ProductsReport.self, CultivationReport.self, CasesReport.self, ReleasesReport.self,
  ]

  private func check(_ section: Report.Section, of report: String) {
    let names = section.columns.map(\.name)
    let place = "\(report) \(section.name)"
    #expect(Set(names).count == names.count, "\(place)")
    for row in section.rows { #expect(row.count == names.count, "\(place)") }
    if let chart = section.chart {
      for column in [chart.x] + chart.y + [chart.target].compactMap({ $0 }) {
        #expect(names.contains(column), "\(place)")
      }
    }
    for column in section.columns {
      #expect(!column.label.zh.contains("(元)") && !column.label.en.contains("yuan"), "\(place) \(column.name)")
    }
  }
}
