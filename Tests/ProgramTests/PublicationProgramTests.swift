import Testing

@Suite struct PublicationProgramTests {
  @Test("Each publication is proved from the log, and the one that was altered is named")
  func verified() async throws {
    let town = try await Town()
    for (no, target) in [("甲1", 101), ("乙1", 102), ("丙1", 103)] {
      try await town.city(["publish", "plan", "--on", "2018-12-31", "--no", no])
      try await town.city(["edit", "city_target", "small_giant_tier1,2020", "target=\(target)"])
    }
    #expect(try await town.tryCity(["verify"]).isDone)
    try await town.sqlite(town.master, "UPDATE publication SET content = content || ' ' WHERE no = '乙1'")
    let told = try await town.tryCity(["verify"])
    #expect(told.code == 65 && told.out.contains("乙1") && told.out.contains("its hash says"), "\(told.out)")
    #expect(!told.out.contains("甲1") && !told.out.contains("丙1"), "\(told.out)")
  }

  @Test("With --json, a report that goes to a file is told on stdout as one value")
  func toAFile() async throws {
    let town = try await Town()
    let file = town.path("plan.html")
    let done = try await town.city(["report", "plan", "--on", "2018-12-31", "-o", file, "--json"])
    #expect(done.object["file"] as? String == file && done.err.contains(file))
    #expect(try await town.city(["report", "plan", "--on", "2018-12-31", "-o", file]).out == "")
  }
}
