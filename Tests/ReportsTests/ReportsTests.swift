import Reports
import Testing

@Suite struct ReportsTests {
  @Test("Every report has a name of its own and says what it is in both languages")
  func names() {
    let names = Reports.all.map { $0.name }
    #expect(Set(names).count == names.count)
    for kind in Reports.all { #expect(!kind.summary.zh.isEmpty && !kind.summary.en.isEmpty) }
  }
}
