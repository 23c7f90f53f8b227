import Foundation
import Testing

extension WorkflowTests {
  @Test func anApplicationIsAssessedAndFiledOnce() async throws {
    let town = try await registryTown([("one", "320706")])
    let flags = ["resident=1", "prohibited=0", "major_incident=0", "blacklisted=0"]
    let add = ["add", "enterprise", "uscc=\(code)", "name=海州甲公司", "industry=C2710"] + flags + ["--json"]
    let id = try await town.county("one", add).object["id"] as? String ?? ""
    // The figures of last year: 30 % tech staff and 6 % R&D give 70 points; of its rights nothing is recorded.
    try await town.enter(
      "one", "enterprise_year", "enterprise_id=\(id)", "year=2017", "taxable_sales=60000000", "revenue=60000000",
      "assets=50000000", "rd=3600000", "staff=100", "tech_staff=30")
    let assess = ["assess", code, "--year", "2018", "--on", "2018-06-01"]
    let passed = try await town.county("one", assess + ["--json"]).object
    #expect(passed["verdict"] as? String == "pass" && passed["figures"] as? Int == 2017, "\(passed)")
    #expect(passed["rule"] as? String == "国科发政〔2017〕115号" && (passed["open"] as? [String])?.isEmpty == true)
    // A year with the highest staff so far, or a note, has no figures yet.
    try await town.enter("one", "enterprise_year", "enterprise_id=\(id)", "year=2018", "peak_staff=120", "note=年中")
    let begun = try await town.county("one", assess + ["--json"]).object
    #expect(begun["verdict"] as? String == "pass" && begun["figures"] as? Int == 2017, "\(begun)")
    let items = passed["items"] as? [[String: Any]] ?? []
    let total = try #require(items.first { $0["kind"] as? String == "total" })
    #expect(total["points_from"] as? Int == 70 && total["most_points"] as? Int == 100)
    #expect(items.filter { $0["kind"] as? String == "condition" }.count == 7)
    let table = try await town.county("one", assess + ["--locale", "zh"]).out
    #expect(table.contains("科技人员占比") && table.contains("20/20") && table.contains("符合,70–100 分"), "\(table)")
    let size = try await town.county("one", assess + ["--scheme", "size", "--json"]).object
    #expect(size["size"] as? String == "small")
    let giant = try await town.county("one", assess + ["--scheme", "small_giant", "--json"]).object
    // 6 % margin is not known, and nothing is known of three years before.
    #expect(giant["verdict"] as? String == "fail" && giant["rule"] as? String == "江苏省 2018", "\(giant)")
    expectFailure(
      try await town.tryCounty("one", assess + ["--scheme", "high_tec"]), 64, "known: tech_sme, small_giant, size")
    expectFailure(try await town.tryCounty("one", ["assess", code, "--year", "2016"]), 66, "no version of this rule")
    // No arithmetic is done with such years.
    let scheme = ["--scheme", "small_giant"]
    let commands: [([String], String)] = [
      (["assess", code], "--year"), (assess + scheme, "--figures"), (["apply", code] + scheme, "--year"),
      (["apply", code, "--year", "2018"] + scheme, "--figures"), (["report", "plan"], "--year"),
    ]
    for (command, option) in commands {
      for year in ["-9223372036854775808", "12018"] {
        expectFailure(try await town.tryCounty("one", command + ["\(option)=\(year)"]), 64, option, year)
      }
    }
    expectFailure(try await town.tryCity(["report", "plan", "--year=-9223372036854775808"]), 64, "--year")

    let apply = ["apply", code, "--scheme", "tech_sme", "--year", "2018"]
    let filed = try await town.county("one", apply + ["--json"])
    #expect(filed.err.isEmpty && filed.object["stage"] as? String == "draft", "\(filed.err)")
    #expect(filed.object["rule_version"] as? String == "国科发政〔2017〕115号")
    #expect(filed.object["assessment"] as? String == "符合,70–100 分")
    let application = filed.object["id"] as? String ?? ""
    expectFailure(try await town.tryCounty("one", apply), 65, application, "already", "draft")
    // What fails is said, and filed all the same; what has no rule is not assessed.
    let failing = try await town.county("one", ["apply", id, "--scheme", "small_giant", "--year", "2018", "--json"])
    #expect(failing.err.contains("self-assessment: fail"), "\(failing.err)")
    #expect((failing.object["assessment"] as? String)?.hasPrefix("不符合") == true)
    let unruled = try await town.county("one", ["apply", id, "--scheme", "high_tech", "--year", "2018", "--json"])
    #expect(unruled.err.contains("no rule for high_tech") && unruled.object["rule_version"] is NSNull)
    try await town.sync("one")
    #expect(try await town.city(assess + ["--json"]).object["verdict"] as? String == "pass")
    #expect(try await town.rows("city", "application").count == 3)

    // What goes to be reviewed is assessed by the figures of its day.
    try await town.county("one", ["edit", "enterprise_year", "\(id),2017", "rd=0"])
    let sent = try await town.county("one", ["step", "application", application, "county"])
    #expect(sent.err.contains("self-assessment: fail"), "\(sent.err)")
    let assessed = { try await town.row("one", "application", application)["assessment"] as? String ?? "" }
    #expect(try await assessed().hasPrefix("不符合,20–50 分"))
    try await town.county("one", ["edit", "enterprise_year", "\(id),2017", "rd=3600000"])
    try await town.county("one", ["step", "application", application, "city"])
    #expect(try await assessed() == "符合,70–100 分")
  }
}
