import Foundation
import Testing

/// Files that went through a spreadsheet program which saves them in the code page of Chinese Windows.
@Suite struct CodePageTests {
  @Test(
    "What a code page makes of a character that it has not is no edit",
    arguments: [
      ("恒扬®", "恒扬?"), ("恒扬®", "恒扬?0?3"), ("10 m² 厂房", "10 m?0?5 厂房"), ("10 m² 厂房", "10 m2 厂房"),
      ("海州𠮷硅材料", "海州??硅材料"),
    ])
  func lost(title: String, left: String) async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let right = ["add", "ip_right", "enterprise_id=\(id)", "kind=invention", "number=ZL1", "title=\(title)"]
    let key = try await town.county("one", right).line
    try await town.county("one", ["export", "ip_right", town.path("p.csv")])
    let csv = try String(contentsOfFile: town.path("p.csv"), encoding: .utf8)
    func imported(_ text: String) async throws -> Outcome {
      let file = try town.write("saved.csv", csv.replacingOccurrences(of: title, with: text))
      return try await town.tryCounty("one", ["import", "ip_right", file, "--json"])
    }
    expectFailure(try await imported(left), 65, "row 2, title '\(left)'", title, "CSV UTF-8")
    let show = ["show", "ip_right", key, "--json"]
    #expect(try await town.county("one", show).object["title"] as? String == title)
    // Another text with a question mark is its author's.
    #expect(try await imported("新题?").object["changed"] as? Int == 1)
    #expect(try await town.county("one", show).object["title"] as? String == "新题?")
  }

  @Test("In Chinese, a CSV file of rows or of a report says that it is UTF-8")
  func marked() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.county("one", ["add", "enterprise", "name=甲"])
    func isMarked(_ name: String) throws -> Bool {
      try Data(contentsOf: URL(fileURLWithPath: town.path(name))).starts(with: [0xef, 0xbb, 0xbf])
    }
    for (flags, expected) in [(["zh"], true), (["en"], false), (["zh", "--plain"], false)] {
      try await town.county("one", ["export", "enterprise", town.path("e.csv"), "--locale"] + flags)
      #expect(try isMarked("e.csv") == expected, "\(flags)")
      let back = try await town.county("one", ["import", "enterprise", town.path("e.csv"), "--json"]).object
      #expect(back["added"] as? Int == 0 && back["changed"] as? Int == 0, "\(back)")
    }
    let report = ["report", "plan", "--on", "2018-12-31", "--format", "csv", "--locale", "zh"]
    try await town.city(report + ["-o", town.path("plan.csv")])
    #expect(try isMarked("plan.csv"))
    // What goes to another program has none.
    #expect(try await town.city(report).out.unicodeScalars.first != "\u{FEFF}")
  }
}
