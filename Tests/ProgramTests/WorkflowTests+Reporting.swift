import Foundation
import Testing

extension WorkflowTests {
  @Test func aPeriodIsOpenedSubmittedReturnedAcceptedLockedAndExtended() async throws {
    let town = try await registryTown([("one", "320706"), ("ganyu", "320707")])
    let period = try await town.city(["period", "open", "2018", "--due", "2019-01-31", "--json"]).object
    #expect(period["kind"] as? String == "year" && period["starts_on"] as? String == "2018-01-01")
    #expect(period["ends_on"] as? String == "2018-12-31" && period["state"] as? String == "open")
    let month = try await town.city(["period", "open", "201812", "--due", "2019-01-10", "--json"]).object
    #expect(month["starts_on"] as? String == "2018-12-01" && month["ends_on"] as? String == "2018-12-31")
    expectFailure(try await town.tryCity(["period", "open", "201813", "--due", "2019-01-10"]), 64)
    for due in ["2018-11-30", "2017-01-10"] {
      expectFailure(
        try await town.tryCity(["period", "open", "201812", "--due", due]), 65, "--due", "begins on 2018-12-01")
    }
    #expect(try await town.row("city", "period", "201812")["due_on"] as? String == "2019-01-10")

    var ids: [String] = []
    for name in ["甲", "乙", "丙"] { ids.append(try await town.enter("one", "enterprise", "name=海州\(name)公司")) }
    try await town.enter("one", "enterprise_year", "enterprise_id=\(ids[0])", "year=2018", "taxable_sales=1")
    expectFailure(try await town.tryCounty("one", ["submit", "2018"]), 66, "the city has opened no period 2018")
    for home in ["one", "ganyu"] { try await town.sync(home) }
    // Nobody is recognised yet: every enterprise is expected.
    let all = try await town.county("one", ["submit", "2018", "--json"])
    #expect(all.object["expected"] as? Int == 3 && all.object["reported"] as? Int == 1)
    #expect(all.object["missing"] as? [String] == ["海州乙公司", "海州丙公司"])
    #expect(all.err.contains("the due day 2019-01-31 is over"))
    try await town.sync("one")
    let sendBack = ["return", "320706", "2018"]
    expectFailure(try await town.tryCity(["accept", "320707", "2018"]), 66, "320707 has not submitted 2018")
    try await town.city(sendBack + ["--reason", "两家未报"])
    let returned = try await town.city(["period", "list", "--json"]).list.first { $0["code"] as? Int == 2018 }
    #expect(returned?["submitted"] as? [String] == [])
    for (id, revoked) in [(ids[0], ""), (ids[1], ""), (ids[2], "2018-05-01")] {
      try await town.enter(
        "city", "recognition", "enterprise_id=\(id)", "scheme=tech_sme", "year=2018", "recognised_on=2018-03-01",
        "revoked_on=\(revoked)")
    }
    try await town.sync("one")
    #expect(try await town.row("one", "submission", "320706,2018")["returned_reason"] as? String == "两家未报")
    // Of three, one lost its recognition before the period ended.
    let some = try await town.county("one", ["submit", "2018", "--note", "乙公司停产", "--json"]).object
    #expect(some["expected"] as? Int == 2 && some["missing"] as? [String] == ["海州乙公司"])
    try await town.sync("one")
    try await town.city(["accept", "320706", "2018", "--on", "2019-02-01"])
    try await town.city(["period", "lock", "2018"])
    try await town.city(["period", "extend", "2018", "--org", "320706", "--until", "2999-12-31", "--reason", "停电"])
    expectFailure(
      try await town.tryCity(["period", "extend", "2018", "--org", "320706", "--until", "2019-01-01", "--reason", "停电"]
      ), 65,
      "is over already")
    try await town.sync("one")
    let row = try await town.row("one", "submission", "320706,2018")
    #expect(row["accepted_on"] as? String == "2019-02-01" && row["returned_reason"] is NSNull)
    #expect(row["note"] as? String == "乙公司停产")
    #expect(try await town.row("one", "lock_exception", "2018,320706")["expires_on"] as? String == "2999-12-31")
    // The exception lets this unit through, and no other.
    let late = try await town.county("one", ["submit", "2018", "--note", "停电后补报"])
    #expect(!late.err.contains("revision request") && !late.err.contains("is over"), "\(late.err)")
    #expect(try await town.sync("one")["parked"] as? Int == 0)
    #expect(try await town.row("city", "submission", "320706,2018")["note"] as? String == "停电后补报")
    let list = try await town.city(["period", "list", "--json"]).list
    let year = try #require(list.first { $0["code"] as? Int == 2018 })
    #expect(year["state"] as? String == "locked" && year["submitted"] as? [String] == ["320706"])
    #expect(year["extended"] as? [String] == ["320706"])
    try await town.sync("ganyu")
    #expect(try await town.county("ganyu", ["submit", "2018"]).err.contains("revision request"))
    #expect(try await town.sync("ganyu")["parked"] as? Int == 1)
  }

  /// It is its own to mend; what it has not handed in is its successor's.
  @Test func whatWasReturnedIsHandedInAgainThoughAnotherUnitHasTakenOver() async throws {
    let town = try await Town()
    let unit = ["edit", "org_unit", "320772"]
    try await town.city(unit + ["successor=", "valid_to="])
    try await town.serve()
    try await town.join("zone", "320772")
    for period in ["202004", "202005"] { try await town.city(["period", "open", period, "--due", "2020-06-15"]) }
    try await town.sync("zone")
    try await town.county("zone", ["submit", "202005"])
    try await town.sync("zone")
    try await town.city(["return", "320772", "202005", "--reason", "漏报"])
    try await town.city(unit + ["successor=320706", "valid_to=2020-07-01"])
    try await town.sync("zone")
    expectFailure(try await town.tryCounty("zone", ["submit", "202004"]), 77, "320706")
    try await town.county("zone", ["submit", "202005", "--note", "已补报"])
    #expect(try await town.sync("zone")["parked"] as? Int == 0)
    let rows = try await town.rows("city", "submission")
    #expect(rows.map { "\($0["org"] ?? "") \($0["note"] ?? "")" } == ["320772 已补报"])
  }

  /// The city's clock stood ahead once: by its time an exception ends, whatever this machine's date is by now.
  @Test func anExceptionHasToLastBeyondTheCitysTime() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.city(["period", "open", "2018", "--due", "2019-01-31"])
    try await town.city(["period", "lock", "2018"])
    #expect(try await town.city(["verify"]).err.contains("ahead of") == false)
    // 2099-01-01 in China.
    try await town.sqlite(town.master, "UPDATE sync_clock SET stamp = \(4_070_908_800_000 << 16)")
    let extend = ["period", "extend", "2018", "--org", "320706", "--reason", "停电", "--until"]
    let past = try await town.tryCity(extend + ["2098-12-31"])
    expectFailure(past, 65, "--until", "the city's time is 2099-01-01", "behind now")
    try await town.city(extend + ["2099-01-01"])
    let verified = try await town.city(["verify"])
    #expect(verified.err.contains("the city's time is 2099-01-01T00:00:00") && verified.out == "all is well\n")
    #expect(verified.err.contains("behind now"))
    // The city lets in what it says that it lets in.
    try await town.sync("one")
    try await town.county("one", ["submit", "2018"])
    #expect(try await town.sync("one")["parked"] as? Int == 0)
    await town.stop()
    try await town.serve()
    #expect(await town.stop()?.err.contains("the city's time is 2099-01-01") == true)
  }

  @Test func aMoveNeedsBothUnitsOrAReason() async throws {
    let town = try await registryTown([("ganyu", "320707"), ("donghai", "320722")])
    let code = "91320722PDY000044A"
    let id = try await town.enter("ganyu", "enterprise", "uscc=\(code)", "name=港城药业")
    try await town.sync("ganyu")
    let move = ["transfer", "enterprise", "uscc:\(code)", "--to", "320722"]
    expectFailure(try await town.tryCity(move), 77, "has not been filed by 320707, 320722", "--reason")
    let out = ["transfer-request", "out", code, "--other", "320722", "--on", "2018-10-01", "--reason", "搬迁"]
    try await town.county("ganyu", out)
    expectFailure(try await town.tryCounty("ganyu", out), 65, "has an open request already")
    expectFailure(try await town.tryCounty("donghai", out), 64, "--other is the other unit")
    let foreign = ["transfer-request", "out", code, "--other", "320707", "--reason", "搬迁"]
    expectFailure(try await town.tryCounty("donghai", foreign), 66, "no enterprise with the credit code")
    try await town.sync("ganyu")
    expectFailure(try await town.tryCity(move), 77, "has not been filed by 320722")
    try await town.county(
      "donghai", ["transfer-request", "in", code, "--other", "320707", "--on", "2018-10-01", "--reason", "迁入"])
    try await town.sync("donghai")
    #expect(try await town.city(move + ["--json"]).object["filings"] as? Int == 2)
    for home in ["ganyu", "donghai"] {
      try await town.sync(home)
      #expect(try await town.rows(home, "transfer").map { $0["completed_on"] is String } == [true], "\(home)")
    }
    #expect(try await town.row("donghai", "enterprise", id)["owner_org"] as? String == "320722")
    #expect(try await town.rows("ganyu", "enterprise").isEmpty)
    let event = try #require(try await town.rows("donghai", "status_event").first)
    #expect(event["kind"] as? String == "adjustment" && event["from_state"] as? String == "320707")
    #expect(event["to_state"] as? String == "320722")
    // Where it is already.
    #expect(try await town.city(move + ["--json"]).object["rows"] as? Int == 0)
    #expect(try await town.rows("city", "status_event").count == 1)
    // Back again, on the city's word alone.
    let word = ["transfer", "enterprise", id, "--to", "320707", "--reason", "迁移有误", "--json"]
    #expect(try await town.city(word).object["filings"] as? Int == 0)
    // It moves elsewhere: what was filed of a move from there is done with, though it is not the one that is made.
    try await town.sync("ganyu")
    let later = ["transfer-request", "out", code, "--other", "320722", "--on", "2999-01-01", "--reason", "搬迁"]
    try await town.county("ganyu", later)
    try await town.sync("ganyu")
    let elsewhere = try await town.city(["transfer", "enterprise", id, "--to", "320706", "--reason", "迁至海州", "--json"])
    #expect(elsewhere.object["filings"] as? Int == 1 && elsewhere.err.isEmpty, "\(elsewhere.err)")
    // Whoever moves it before the day that was filed is told so.
    #expect(try await town.city(word).object["filings"] as? Int == 0)
    try await town.sync("ganyu")
    try await town.county("ganyu", later)
    try await town.sync("ganyu")
    let early = try await town.city(["transfer", "enterprise", id, "--to", "320722", "--reason", "提前搬迁"])
    #expect(early.err.contains("filed for 2999-01-01, and moved on"), "\(early.err)")
  }

  @Test func aRenameKeepsTheOldName() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.enter("one", "enterprise", "uscc=91320706PDY00001XF", "name=旧名公司")
    let rename = ["rename", "91320706PDY00001XF"]
    expectFailure(try await town.tryCounty("one", rename + ["旧名公司", "--evidence", "执照"]), 65, "has that name already")
    expectFailure(try await town.tryCounty("one", rename + ["新名公司", "--evidence", " "]), 64, "--evidence")
    for name in ["", "　"] {
      let nameless = try await town.tryCounty("one", rename + [name, "--evidence", "执照"])
      expectFailure(nameless, 64, "<name> must not be empty")
    }
    expectFailure(
      try await town.tryCounty("one", rename + ["新名公司", "--evidence", "执照", "--on", "九月"]), 64, "is no date")
    try await town.county("one", rename + ["新名公司", "--evidence", "执照", "--on", "2018-09-01"])
    try await town.sync("one")
    try await town.city(rename + ["再名公司", "--evidence", "执照", "--on", "2019-09-01"])
    try await town.sync("one")
    for home in ["city", "one"] {
      #expect(try await town.row(home, "enterprise", id)["name"] as? String == "再名公司")
      let names = try await town.rows(home, "enterprise_name").map { "\($0["name"] ?? "") \($0["valid_to"] ?? "")" }
      #expect(Set(names) == ["旧名公司 2018-09-01", "新名公司 2019-09-01"])
    }
  }

  @Test func aRatingIsUsedWhileItIsValid() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.enter("one", "enterprise", "name=海州甲公司")
    try await town.sync("one")
    try await town.city(
      ["add", "credit_standard", "code=S1", "name=标准", "version=1", "valid_from=2018-01-01", "valid_months=12"])
    let use = ["use-rating", id, "--purpose", "bidding", "--for", "招标办", "--matter", "实验楼", "--json"]
    expectFailure(try await town.tryCity(use), 66, "has no credit rating that is valid")
    for (grade, from, to) in [("B", "2018-01-01", "2018-12-31"), ("A", "2018-06-01", "2019-05-31")] {
      try await town.enter(
        "city", "credit_rating", "enterprise_id=\(id)", "standard=S1", "grade=\(grade)", "valid_from=\(from)",
        "valid_to=\(to)", grade == "A" ? "revoked_on=2018-09-01" : "revoked_on=")
    }
    // The newest that is valid; an older one once that is revoked; none on the day after the last.
    for (day, grade) in [("2018-05-31", "B"), ("2018-06-01", "A"), ("2018-08-31", "A"), ("2018-09-01", "B")] {
      #expect(try await town.city(use + ["--on", day]).object["grade"] as? String == grade, "\(day)")
    }
    expectFailure(try await town.tryCity(use + ["--on", "2019-01-01"]), 66, "revoked on 2018-09-01")
    expectFailure(
      try await town.tryCity(["use-rating", id, "--purpose", "x", "--for", "甲", "--matter", "乙", "--on", "2018-06-01"]),
      65, "purpose")
    #expect(try await town.rows("city", "rating_use").count == 4)
    try await town.sync("one")
    #expect(try await town.rows("one", "rating_use").count == 4)
  }
}
