import Reports
import Testing

@Suite struct ReportsTests {
  @Test("Every report has a name of its own and says what it is in both languages")
  func names() {
    let names = Reports.all.map { $0.name }
    #expect(Set(names).count == names.count)
    #expect(names.starts(with: ["plan", "county", "tiers", "candidates", "pipeline"]))
    for kind in Reports.all { #expect(!kind.summary.zh.isEmpty && !kind.summary.en.isEmpty) }
  }

  @Test("Every report can be drawn from the seed alone, for a reader and for publication, at the city and in a county")
  func seed() throws {
    let base = try Base()
    for kind in Reports.all where kind.subject == nil {
      for unit in [nil, "320706"] {
        for publication in [false, true] {
          let report = try base.draw(kind, day: "2018-06-04", unit: unit, publication: publication)
          #expect(report.name == kind.name && !report.sections.isEmpty)
        }
      }
    }
  }
}
