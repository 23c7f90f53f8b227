import Foundation
import Testing

@Suite(.serialized, .twoCounties) struct PlanRowFollowingTests {
  @Test("Row 44 联动机制、定期会商: consultations with their minutes, and decisions that are due")
  func row44() async throws {
    let town = try sharedTown()
    let meeting = try await town.enter(
      "city", "meeting", "held_on=2018-09-10", "topic=第三季度会商", "participants=海州区、东海县", "minutes=纪要全文")
    for (item, org, due) in [(1, "320706", "2018-10-10"), (2, "320722", "2018-10-11")] {
      try await town.city(
        ["add", "meeting_decision", "meeting_id=\(meeting)", "item=\(item)", "subject=事项\(item)", "outcome=同意"]
          + ["org=\(org)", "due_on=\(due)"])
    }
    try await town.syncAll()
    #expect(try await town.row("donghai", "meeting", meeting)["minutes"] as? String == "纪要全文")
    for (home, day, late) in [
      ("city", "2018-10-10", []), ("city", "2018-10-11", ["事项1 海州区 1"]),
      ("city", "2018-10-12", ["事项1 海州区 2", "事项2 东海县 1"]), ("donghai", "2018-10-12", ["事项2 东海县 1"]),
    ] {
      let rows = try await town.report(["overdue", "--on", day], "decisions", at: home)
      #expect(lines(rows, "subject", "org", "days_late") == late, "\(home) \(day)")
    }
    let year = try await town.report(["activities", "--on", "2018-12-31"], "consultations", at: "haizhou")
    #expect(lines(year, "held_on", "topic", "item", "outcome") == ["2018-09-10 第三季度会商 1 同意", "2018-09-10 第三季度会商 2 同意"])
    #expect(try await town.report(["activities", "--on", "2019-12-31"], "consultations").isEmpty)
    try await town.expectCityOnly(
      "haizhou", ["add", "meeting", "held_on=2018-09-10", "topic=x"], ["edit", "meeting", meeting, "minutes=x"],
      ["edit", "meeting_decision", "\(meeting),1", "outcome=x"])
  }

  /// 甲 by both sides, 丙 by the county alone; the ids of the entries.
  private func list(_ town: Town, batch: String, on day: String) async throws -> [String] {
    var entries: [String] = []
    for (home, code) in [("haizhou", TestCode.haizhou[0]), ("donghai", TestCode.donghai[0])] {
      let nominate = ["nominate", code, "--batch", batch, "--reason", "研发投入高", "--json"]
      entries.append(try await town.county(home, nominate).object["key"] as? String ?? "")
      try await town.county(home, ["approve", "cultivation_entry", entries[entries.count - 1]])
    }
    try await town.syncAll()
    try await town.city(["approve", "cultivation_entry", entries[0], "--on", day])
    return entries
  }

  private func listed(_ town: Town, _ day: String, _ batch: String, at home: String = "city") async throws -> [String] {
    let rows = try await town.report(["cultivation", "--on", day], "cultivation", at: home)
    return lines(rows.filter { $0["batch"] as? String == batch }, "enterprise", "county")
  }

  @Test("Row 45 共同确定入库名单: listed is what both sides approved in one version")
  func row45() async throws {
    let town = try sharedTown()
    let entries = try await list(town, batch: "2018-1", on: "2018-10-08")
    #expect(try await listed(town, "2018-10-07", "2018-1") == [])
    #expect(try await listed(town, "2018-12-31", "2018-1") == ["甲 海州区"])
    func states() async throws -> [String] {
      let rows = try await town.report(["pipeline", "--on", "2018-12-31"], "cultivation")
      return lines(rows.filter { $0["batch"] as? String == "2018-1" }, "county", "listed", "void", "total")
    }
    #expect(try await states() == ["1 1 0 2"])
    // The county changes what the city approved: both approve anew, before that it is not listed.
    try await town.sync("haizhou")
    try await town.county("haizhou", ["edit", "cultivation_entry", entries[0], "reason=另有理由"])
    try await town.sync("haizhou")
    #expect(try await listed(town, "2018-12-31", "2018-1") == [])
    #expect(try await states() == ["1 0 1 2"])
    try await town.city(["approve", "cultivation_entry", entries[0]])
    #expect(try await listed(town, "2018-12-31", "2018-1") == [])
    try await town.sync("haizhou")
    try await town.county("haizhou", ["approve", "cultivation_entry", entries[0]])
    try await town.sync("haizhou")
    #expect(try await listed(town, "2018-12-31", "2018-1") == ["甲 海州区"])
    #expect(try await listed(town, "2018-12-31", "2018-1", at: "haizhou") == ["甲 海州区"])
    expectFailure(
      try await town.tryCounty("donghai", ["edit", "cultivation_entry", entries[1], "city_ok=x"]), 64, "approve")
  }

  @Test("Row 50 动态管理: entry, adjustment and exit, with the history")
  func row50() async throws {
    let town = try sharedTown()
    let entries = try await list(town, batch: "2019-1", on: "2019-01-10")
    try await town.sync("haizhou")
    let exit = ["exit", TestCode.haizhou[0], "--batch", "2019-1", "--reason", "已成长为大型企业", "--on", "2019-07-01"]
    try await town.county("haizhou", exit)
    try await town.sync("haizhou")
    #expect(try await listed(town, "2019-06-30", "2019-1") == ["甲 海州区"])
    #expect(try await listed(town, "2019-07-01", "2019-1") == [])
    let report = ["file", TestCode.haizhou[0], "--on", "2019-12-31"]
    let stays = try await town.report(report, "cultivation").filter { $0["batch"] as? String == "2019-1" }
    #expect(lines(stays, "withdrawn_on", "listed") == ["2019-07-01 否"])
    let events = try await town.report(report, "status").filter { "\($0["happened_on"] ?? "")".hasPrefix("2019") }
    #expect(
      lines(events, "happened_on", "scheme", "kind", "from_state", "to_state", "reason") == [
        "2019-01-10 cultivation 进入 - 2019-1 -", "2019-07-01 cultivation 退出 2019-1 withdrawn 已成长为大型企业",
      ])
    // What happened stays: a county adds to it and changes nothing.
    let event = try await town.rows("haizhou", "status_event").first?["id"] as? String ?? ""
    try await town.expectCityOnly("haizhou", ["edit", "status_event", event, "reason=x"])
    // Nor does one side alone put back on the list who has left it.
    try await town.county("haizhou", ["edit", "cultivation_entry", entries[0], "withdrawn_on="])
    try await town.sync("haizhou")
    #expect(try await listed(town, "2019-06-30", "2019-1") == ["甲 海州区"])
    #expect(try await listed(town, "2019-12-31", "2019-1") == [])
    // Both sides do so by another batch, and are told.
    let approve = ["approve", "cultivation_entry", entries[0]]
    let told = try await town.county("haizhou", approve).err
    #expect(told.contains("left batch 2019-1 on 2019-07-01"), "\(told)")
    expectFailure(try await town.tryCounty("haizhou", approve + ["--on", "2019-12-31"]), 65, "left batch 2019-1")
  }

  @Test("Row 46 运行监测评价: scores, ranks and grades of a year, and who on the list has none")
  func row46() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    for (enterprise, year, score, grade) in [
      (firms.a, 2018, 90, "A"), (firms.b, 2018, 90, "A"), (firms.c, 2018, 60, "D"), (firms.a, 2019, 70, "C"),
      (firms.b, 2019, 88, "B"),
    ] {
      try await town.city(
        ["add", "evaluation", "enterprise_id=\(enterprise)", "year=\(year)", "score=\(score)", "grade=\(grade)"])
    }
    let high = ["add", "evaluation", "enterprise_id=\(firms.c)", "year=2019", "score=101", "grade=A"]
    expectFailure(try await town.tryCity(high), 65, "at most 100")
    try await town.sync("haizhou")
    try await town.expectCityOnly(
      "haizhou", ["add", "evaluation", "enterprise_id=\(firms.a)", "year=2020", "score=99", "grade=A"],
      ["edit", "evaluation", "\(firms.a),2019", "score=99"])
    for (year, scores) in [
      ("2018", ["1 乙 90 A级 - -", "1 甲 90 A级 - -", "3 丙 60 D级 - -"]), ("2019", ["1 乙 88 B级 1 0", "2 甲 70 C级 1 -1"]),
    ] {
      let rows = try await town.report(["evaluation", "--on", "2020-06-30", "--year", year], "scores")
      #expect(lines(rows, "rank", "enterprise", "score", "grade", "rank_before", "change") == scores)
    }
    let grades = try await town.report(["evaluation", "--on", "2019-12-31"], "grades")
    #expect(lines(grades, "grade", "count", "count_before") == ["A级 0 2", "B级 1 0", "C级 1 0", "D级 0 1"])
    let nominate = ["nominate", TestCode.donghai[0], "--batch", "2019-9", "--reason", "高", "--json"]
    let entry = try await town.county("donghai", nominate).object["key"] as? String ?? ""
    try await town.county("donghai", ["approve", "cultivation_entry", entry])
    try await town.sync("donghai")
    #expect(try await town.report(["evaluation", "--on", "2019-12-31"], "missing").isEmpty)
    try await town.city(["approve", "cultivation_entry", entry, "--on", "2019-09-01"])
    let missing = try await town.report(["evaluation", "--on", "2019-12-31"], "missing")
    #expect(lines(missing, "enterprise", "county") == ["丙 东海县"])
  }

  @Test("Row 52 信用评价标准、信用评级 and row 53 政府采购、项目招标、财政资助: the valid grade, and what it was used for")
  func rows52And53() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    try await town.city(
      ["add", "credit_standard", "code=S1", "name=信用标准", "version=1", "valid_from=2018-01-01", "valid_to=2019-06-30"]
        + ["valid_months=12"])
    for (enterprise, grade, from, to, revoked) in [
      (firms.a, "B", "2018-01-01", "2019-03-01", ""), (firms.a, "A", "2019-01-01", "2019-12-31", ""),
      (firms.b, "C", "2018-01-01", "2018-12-31", ""), (firms.c, "A", "2018-01-01", "2019-12-31", "2018-10-01"),
    ] {
      try await town.enter(
        "city", "credit_rating", "enterprise_id=\(enterprise)", "standard=S1", "grade=\(grade)", "valid_from=\(from)",
        "valid_to=\(to)", "revoked_on=\(revoked)")
    }
    // The last day is valid, the day of the revocation is not; nor is a grade whose standard is not in force.
    for (day, valid) in [
      ("2017-12-31", []), ("2018-09-30", ["丙 A级", "甲 B级", "乙 C级"]), ("2018-12-31", ["甲 B级", "乙 C级"]),
      ("2019-01-01", ["甲 A级"]), ("2019-06-30", ["甲 A级"]), ("2019-07-01", []),
    ] {
      let rows = try await town.report(["credit", "--on", day], "ratings")
      #expect(lines(rows, "enterprise", "grade") == valid, "\(day)")
    }
    func use(_ enterprise: String, _ day: String, for purpose: String = "funding") -> [String] {
      ["use-rating", enterprise, "--purpose", purpose, "--for", "财政局", "--matter", "技改资助", "--on", day]
    }
    #expect(try await town.city(use(firms.a, "2018-12-31") + ["--json"]).object["grade"] as? String == "B")
    #expect(try await town.city(use(firms.a, "2019-06-30") + ["--json"]).object["grade"] as? String == "A")
    try await town.city(use(firms.b, "2018-12-31", for: "bidding"))
    for (enterprise, day) in [(firms.a, "2019-07-01"), (firms.b, "2019-01-01"), (firms.c, "2018-10-01")] {
      expectFailure(try await town.tryCity(use(enterprise, day)), 66, "no credit rating that is valid on \(day)")
    }
    for (day, uses) in [
      ("2019-06-29", ["2018-12-31 甲 B级 财政局"]), ("2019-12-31", ["2018-12-31 甲 B级 财政局", "2019-06-30 甲 A级 财政局"]),
    ] {
      let rows = try await town.report(["credit", "funding", "--on", day], "uses")
      #expect(lines(rows, "used_on", "enterprise", "grade", "requested_by") == uses, "\(day)")
    }
    try await town.syncAll()
    // A county reads what concerns its own enterprises, and grants nothing.
    #expect(try await town.report(["credit", "--on", "2019-01-01"], "ratings", at: "donghai").isEmpty)
    #expect(try await town.rows("donghai", "rating_use").isEmpty)
    try await town.expectCityOnly(
      "haizhou",
      ["add", "credit_rating", "enterprise_id=\(firms.a)", "standard=S1", "grade=A", "valid_from=2018-01-01"]
        + ["valid_to=2019-01-01"], ["edit", "credit_standard", "S1", "valid_months=24"])
  }
}
