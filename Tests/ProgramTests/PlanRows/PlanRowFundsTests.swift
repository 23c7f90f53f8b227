import Foundation
import Testing

@Suite(.serialized, .twoCounties) struct PlanRowFundsTests {
  @Test("Row 38 应急转贷资金: the loans of a year are added up against one billion and more")
  func row38() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    func lend(_ enterprise: String, _ yuan: Int, _ day: String) async throws -> String {
      try await town.enter(
        "city", "refinancing_loan", "enterprise_id=\(enterprise)", "bank=江苏银行", "amount=\(yuan)", "starts_on=\(day)")
    }
    let first = try await lend(firms.a, 600_000_000, "2018-01-01")
    _ = try await lend(firms.c, 399_999_999, "2018-12-31")
    _ = try await lend(firms.c, 5, "2019-01-01")
    try await town.city(["edit", "refinancing_loan", first, "repaid_on=2018-12-31"])
    #expect(try await town.plan("refinancing", 2018) == "9.99999999")
    #expect(try await town.plan("refinancing", 2018, "verdict") == "未达到")
    // 「以上」 includes the billion itself.
    _ = try await lend(firms.b, 1, "2018-06-30")
    #expect(try await town.plan("refinancing", 2018) == "10")
    #expect(try await town.plan("refinancing", 2018, "verdict") == "已达到")
    // The day before, the last loan has not started and the first is not repaid.
    for (day, figures) in [
      ("2018-12-31", "2018 3 3 1000000000 400000000 是"), ("2018-12-30", "2018 2 2 600000001 600000001 否"),
    ] {
      let rows = try await town.report(["ledger", "--on", day], "refinancing")
      #expect(
        lines(rows, "year", "count", "enterprises", "amount", "outstanding", "reached").first == figures, "\(day)")
    }
    let banks = try await town.report(["ledger", "--on", "2019-01-01"], "banks")
    #expect(lines(banks, "year", "bank", "amount") == ["2018 江苏银行 1000000000", "2019 江苏银行 5"])
    try await town.sync("haizhou")
    let mine = try await town.report(["ledger", "--on", "2018-12-31"], "refinancing", at: "haizhou")
    #expect(lines(mine, "year", "count", "amount").first == "2018 2 600000001")
    try await town.expectCityOnly(
      "haizhou", ["add", "refinancing_loan", "enterprise_id=\(firms.a)", "bank=x", "amount=1", "starts_on=2018-01-01"],
      ["edit", "refinancing_loan", first, "amount=2"])
  }

  @Test("Row 39 股权交易中心挂牌: enterprises listed in the year and confirmed, each once")
  func row39() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    var listings: [String] = []
    for (enterprise, day) in [
      (firms.a, "2018-01-01"), (firms.a, "2018-06-01"), (firms.b, "2018-12-31"), (firms.b, "2019-01-01"),
    ] {
      listings.append(
        try await town.enter(
          "haizhou", "equity_listing", "enterprise_id=\(enterprise)", "exchange=江苏股权交易中心",
          "code=69000\(listings.count)", "listed_on=\(day)"))
    }
    try await town.expectCityOnly(
      "haizhou",
      ["add", "equity_listing", "enterprise_id=\(firms.a)", "exchange=x", "code=1", "listed_on=2018-01-01"]
        + ["confirmed=true"])
    try await town.sync("haizhou")
    #expect(try await town.plan("equity_listing", 2018) == "0")
    for id in [0, 1, 3].map({ listings[$0] }) { try await town.city(["edit", "equity_listing", id, "confirmed=true"]) }
    #expect(try await town.plan("equity_listing", 2018) == "1")
    try await town.city(["edit", "equity_listing", listings[2], "confirmed=true"])
    #expect(try await town.plan("equity_listing", 2018) == "2")
    #expect(try await town.plan("equity_listing", 2018, on: "2018-12-30") == "1")
    #expect(try await town.plan("equity_listing", 2019) == "1")
    #expect(try await town.plan("equity_listing", 2018, "target") == "20")
  }

  @Test("Row 40 中小企业发展基金: what a fund invested, and what it still holds")
  func row40() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    let fund = try await town.enter(
      "city", "fund", "name=发展基金", "manager=金控", "size=500000000", "founded_on=2018-10-01")
    for (enterprise, yuan, invested, exited) in [
      (firms.a, 10_000_000, "2018-11-01", "2020-11-01"), (firms.c, 5_000_001, "2019-11-01", ""),
    ] {
      try await town.enter(
        "city", "fund_investment", "fund_id=\(fund)", "enterprise_id=\(enterprise)", "amount=\(yuan)",
        "invested_on=\(invested)", "exited_on=\(exited)")
    }
    for (day, figures) in [
      ("2018-09-30", []), ("2018-10-01", ["500000000 0 0 0"]), ("2018-11-01", ["500000000 1 10000000 10000000"]),
      ("2020-10-31", ["500000000 2 15000001 15000001"]), ("2020-11-01", ["500000000 2 15000001 5000001"]),
    ] {
      let rows = try await town.report(["ledger", "--on", day], "funds")
      #expect(lines(rows, "size", "count", "amount", "held") == figures, "\(day)")
    }
    try await town.syncAll()
    let mine = try await town.report(["file", TestCode.haizhou[0], "--on", "2020-12-31"], "investments", at: "haizhou")
    #expect(lines(mine, "fund", "amount", "exited_on") == ["发展基金 10000000 2020-11-01"])
    #expect(try await town.rows("donghai", "fund_investment").map { $0["amount"] as? Int } == [5_000_001])
    try await town.expectCityOnly("haizhou", ["add", "fund", "name=县区基金"], ["edit", "fund", fund, "size=1"])
  }

  @Test("Row 47 优先支持、资金支持: support by the seven fields and by the grade of the evaluation")
  func row47() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    for (enterprise, grade) in [(firms.a, "A"), (firms.b, "C")] {
      try await town.city(
        ["add", "evaluation", "enterprise_id=\(enterprise)", "year=2018", "score=70", "grade=\(grade)"])
    }
    // A correction is another row.
    for (home, enterprise, field, yuan, day, year) in [
      ("haizhou", firms.a, "research", 300_000, "2019-03-01", "2018"),
      ("haizhou", firms.a, "research", -50_000, "2019-12-31", "2018"),
      ("haizhou", firms.b, "talent", 100_000, "2020-01-01", "2018"),
      ("donghai", firms.c, "finance", 70_000, "2019-05-01", ""),
    ] {
      try await town.enter(
        home, "support_record", "enterprise_id=\(enterprise)", "field=\(field)", "amount=\(yuan)",
        "granted_on=\(day)", "evaluation_year=\(year)", "doc_no=连财〔2019〕1号")
    }
    expectFailure(
      try await town.tryCounty(
        "donghai",
        ["add", "support_record", "enterprise_id=\(firms.c)", "field=finance", "amount=1", "granted_on=2019-05-01"]),
      65, "doc_no")
    try await town.syncAll()
    let first = try await town.rows("haizhou", "support_record").first?["id"] as? String ?? ""
    try await town.expectCityOnly("haizhou", ["edit", "support_record", first, "amount=1"])
    let fields = lines(try await town.report(["ledger", "--on", "2019-12-31"], "support"), "field", "count", "amount")
    #expect(
      fields == ["技术研发 2 250000", "人才引进 0 0", "研发机构 0 0", "科技金融 1 70000", "技术标准 0 0", "知识产权 0 0", "国际合作 0 0"])
    for (day, grades) in [
      ("2019-12-31", ["2018 A级 2 250000", "- - 1 70000"]),
      ("2020-01-01", ["2018 A级 2 250000", "2018 C级 1 100000", "- - 1 70000"]),
    ] {
      let rows = try await town.report(["ledger", "--on", day], "support_by_grade")
      #expect(lines(rows, "evaluation_year", "grade", "count", "amount") == grades, "\(day)")
    }
    let file = try await town.report(["file", TestCode.haizhou[0], "--on", "2019-12-30"], "support", at: "haizhou")
    #expect(lines(file, "field", "count", "amount") == ["技术研发 1 300000"])
  }

  @Test("Row 48 政府购买服务、第三方: delivered of what was contracted")
  func row48() async throws {
    let town = try sharedTown()
    let firms = try await town.firms()
    let provider = try await town.enter("city", "service_provider", "name=第三方机构", "kind=training")
    let contract = try await town.enter(
      "city", "service_contract", "provider_id=\(provider)", "contract_no=购2019-1", "amount=500000", "units=4",
      "starts_on=2019-01-01", "ends_on=2019-12-31")
    try await town.syncAll()
    try await town.expectCityOnly(
      "haizhou", ["edit", "service_contract", contract, "units=1"],
      ["add", "service_contract", "provider_id=\(provider)", "contract_no=x", "amount=1", "units=1"]
        + ["starts_on=2019-01-01", "ends_on=2019-12-31"])
    // Accepted; not accepted; accepted, under no contract; accepted after the end.
    for (home, enterprise, cells) in [
      ("haizhou", firms.a, ["contract_id=\(contract)", "given_on=2019-03-01", "accepted=true"]),
      ("haizhou", firms.b, ["contract_id=\(contract)", "given_on=2019-03-02"]),
      ("donghai", firms.c, ["contract_id=\(contract)", "given_on=2019-12-31", "accepted=true"]),
      ("donghai", firms.c, ["given_on=2019-03-02", "accepted=true"]),
      ("donghai", firms.c, ["contract_id=\(contract)", "given_on=2020-01-02", "accepted=true"]),
    ] {
      try await town.county(home, ["add", "service_record", "enterprise_id=\(enterprise)", "kind=legal"] + cells)
    }
    try await town.syncAll()
    for (day, figures) in [("2019-12-30", "4 1 0.25"), ("2019-12-31", "4 2 0.5"), ("2020-01-02", "4 3 0.75")] {
      let rows = try await town.report(["ledger", "--on", day], "contracts")
      #expect(lines(rows, "units", "delivered", "share") == [figures], "\(day)")
    }
    for (day, late) in [("2019-12-31", []), ("2020-01-01", ["购2019-1 4 2 1"])] {
      let rows = try await town.report(["overdue", "--on", day], "contracts")
      #expect(lines(rows, "contract_no", "units", "delivered", "days_late") == late, "\(day)")
    }
  }
}
