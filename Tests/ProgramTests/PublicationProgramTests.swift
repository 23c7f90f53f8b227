import Foundation
import Testing

extension Town {
  /// A program of a county replaces a publication by one with another title.
  fileprivate func retitle(_ home: String, _ no: String) async throws {
    let sql = """
      INSERT OR REPLACE INTO publication SELECT no, version, kind, report, arguments, 'x', as_of, chain, published_on,
        sha256, content, note FROM publication WHERE no = '\(no)'
      """
    try await sqlite(replica(home), sql)
  }
}

@Suite struct PublicationProgramTests {
  @Test("Each publication is proved from the log, and the one that was altered is named")
  func verified() async throws {
    let town = try await Town()
    let publish = ["publish", "plan", "--on", "2018-12-31", "--no"]
    expectFailure(try await town.tryCity(publish + [""]), 64, "--no must not be empty")
    expectFailure(try await town.tryCity(publish + ["甲1", "--title", " "]), 64, "--title must not be empty")
    for (no, target) in [("甲1", 101), ("乙1", 102), ("丙1", 103)] {
      try await town.city(publish + [no])
      try await town.city(["edit", "city_target", "small_giant_tier1,2020", "target=\(target)"])
    }
    #expect(try await town.tryCity(["verify"]).isDone)
    try await town.sqlite(town.master, "UPDATE publication SET content = content || ' ' WHERE no = '乙1'")
    let told = try await town.tryCity(["verify"])
    #expect(told.code == 65 && told.out.contains("乙1") && told.out.contains("its hash says"), "\(told.out)")
    #expect(!told.out.contains("甲1") && !told.out.contains("丙1"), "\(told.out)")
  }

  @Test("What a county entered or changed of a publication, and the city refused, is no change of it")
  func refused() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.sqlite(
      town.replica("one"),
      """
      INSERT INTO publication (no, version, kind, report, title, as_of, chain, published_on, sha256, content)
      VALUES ('2018-1', 1, 'list', 'plan', 'x', 0, '', '2018-12-31', '', 'x')
      """)
    #expect(try await town.sync("one")["parked"] as? Int == 1)
    try await town.city(["publish", "plan", "--on", "2018-12-31", "--no", "2018-1"])
    #expect(try await town.tryCity(["verify"]).isDone)
    let parked = try #require(try await town.parked("city").first?["id"] as? Int)
    try await town.city(["dismiss", "\(parked)", "--reason", "市里发布"])
    try await town.sync("one")
    try await town.retitle("one", "2018-1")
    #expect(try await town.sync("one")["rejected"] as? Int == 1)
    let told = try await town.tryCity(["verify"])
    #expect(told.isDone, "\(told.out)")
  }

  @Test("A conflict about a publication is decided by keeping what was published")
  func kept() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.city(["publish", "plan", "--on", "2018-12-31", "--no", "2018-1", "--title", "计划完成情况"])
    try await town.sync("one")
    try await town.retitle("one", "2018-1")
    try await town.sync("one")
    let conflicts = try await town.city(["conflicts", "--state", "all", "--json"]).list
    let conflict = try #require(conflicts.first?["id"] as? Int)
    try await town.city(["reopen", "\(conflict)", "--reason", "复核"])
    let decide = ["decide", "\(conflict)", "--reason", "复核"]
    for choice in [["--take", "1"], ["--value", "y"]] {
      expectFailure(try await town.tryCity(decide + choice), 77, "publish a new version")
    }
    try await town.city(decide + ["--keep"])
    #expect(try await town.row("city", "publication", "2018-1,1")["title"] as? String == "计划完成情况")
  }

  @Test("A city whose schema has no publications verifies")
  func without() async throws {
    let town = try await Town()
    let (folder, manager) = (town.path("schema"), FileManager.default)
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Registry/Resources").standardizedFileURL.path
    for name in try manager.contentsOfDirectory(atPath: resources)
    where name.hasPrefix("schema-") && !name.contains("publication") {
      try manager.copyItem(atPath: "\(resources)/\(name)", toPath: "\(folder)/\(name)")
    }
    let home = ["--home", town.path("other")]
    try await need([Program.path("city"), "init", "--schema", folder] + home)
    let verified = try await run([Program.path("city"), "verify"] + home)
    #expect(verified.isDone, "\(verified.err)")
  }

  @Test("Of an emptied cell of what was published no command is named: none changes it")
  func emptied() async throws {
    let town = try await Town()
    let publish = ["publish", "plan", "--on", "2018-12-31", "--no", "甲1", "--note", "首版说明"]
    try await town.city(publish)
    try await town.city(["export", "publication", town.path("p.csv")])
    let csv = try String(contentsOfFile: town.path("p.csv"), encoding: .utf8)
    let file = try town.write("f.csv", csv.replacingOccurrences(of: ",首版说明,", with: ",,"))
    let done = try await town.city(["import", "publication", file, "--json"]).object
    let notes = (done["notes"] as? [[String: Any]] ?? []).map { "\($0["column"] ?? ""): \($0["message"] ?? "")" }
    #expect(notes == ["note: was emptied, and an empty cell changes nothing"])
  }

  @Test("A new version is of the same report and year, and of no day that has not come")
  func sameReport() async throws {
    let town = try await Town()
    let numbered = ["--no", "2018-1", "--note", "更正"]
    try await town.city(["publish", "plan", "--on", "2018-12-31"] + numbered)
    try await town.city(["edit", "city_target", "small_giant_tier1,2020", "target=101"])
    let january = ["publish", "plan", "--on", "2019-01-10"] + numbered
    expectFailure(try await town.tryCity(january), 64, "of 2018", "--year")
    let giants = ["publish", "recognised", "small_giant", "--on", "2018-12-31"] + numbered
    expectFailure(try await town.tryCity(giants), 64, "is of plan", "another number")
    let later = ["publish", "plan", "--on", "2999-01-01", "--no", "2999-1"]
    expectFailure(try await town.tryCity(later), 65, "--on", "has not come yet")
    #expect(try await town.city(january + ["--year", "2018", "--json"]).object["version"] as? Int == 2)
    // A list of a day goes on in another year.
    for day in ["2018-12-31", "2019-01-10"] {
      try await town.city(["publish", "cultivation", "--on", day, "--no", "培育", "--note", "更新"])
    }
  }

  @Test("With --json, a report that goes to a file is told on stdout as one value")
  func toAFile() async throws {
    let town = try await Town()
    let file = town.path("plan.html")
    let done = try await town.city(["report", "plan", "--on", "2018-12-31", "-o", file, "--json"])
    #expect(done.object["file"] as? String == file && done.err.contains(file))
    #expect(try await town.city(["report", "plan", "--on", "2018-12-31", "-o", file]).out == "")
    for name in ["PLAN.HTML", "PLAN.TXT"] {
      let upper = ["report", "plan", "--on", "2018-12-31", "-o", town.path(name)]
      #expect(try await town.tryCity(upper).isDone)
    }
  }
}
