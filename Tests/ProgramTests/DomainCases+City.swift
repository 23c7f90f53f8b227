import Foundation
import Testing

// The cases in which the city acts while a county is offline.

extension DomainCases {
  /// 2
  @Test func theCityRevokesARecognitionWhileTheCountyEditsTheSales() async throws {
    let homes = [("one", "320706")]
    let town = try await registryTown(homes)
    let id = try await town.enter("one", "enterprise", "name=海州甲公司")
    try await town.enter("one", "enterprise_year", "enterprise_id=\(id)", "year=2018", "taxable_sales=100000001")
    try await town.sync("one")
    let recognition = try await town.enter(
      "city", "recognition", "enterprise_id=\(id)", "scheme=small_giant", "year=2018", "cert_no=苏2018-7")
    try await town.sync("one")
    try await town.sqlite(town.replica("one"), "UPDATE enterprise_year SET taxable_sales = 40000002")
    try await town.city(["edit", "recognition", recognition, "revoked_on=2018-12-01"])
    let sync = try await town.sync("one")
    #expect(sync["conflicts"] as? Int == 0 && sync["parked"] as? Int == 0 && sync["pulled"] as? Int == 1)
    for home in ["city", "one"] {
      #expect(try await town.row(home, "recognition", recognition)["revoked_on"] as? String == "2018-12-01")
      #expect(try await town.row(home, "enterprise_year", "\(id),2018")["taxable_sales"] as? Int == 40_000_002)
    }
    try await town.close(homes, kept: ["海州甲公司", "40000002", "2018-12-01", "苏2018-7"])
  }

  /// 7
  @Test func aRevisionArrivesAfterTheCityLockedThePeriod() async throws {
    let homes = [("one", "320706")]
    let town = try await registryTown(homes)
    try await town.city(["add", "period", "code=2018", "kind=year", "state=open"])
    let id = try await town.enter("one", "enterprise", "name=海州甲公司")
    try await town.enter(
      "one", "enterprise_year", "enterprise_id=\(id)", "year=2018", "taxable_sales=61000001", "staff=88")
    try await town.sync("one")
    try await town.county("one", ["edit", "enterprise_year", "\(id),2018", "taxable_sales=62000002"])
    try await town.city(["edit", "period", "2018", "state=locked"])
    #expect(try await town.sync("one")["parked"] as? Int == 1)
    let request = try #require(try await town.parked("city").first)
    #expect(request["reason"] as? String == "locked")
    for home in ["city", "one"] {
      #expect(try await town.row(home, "enterprise_year", "\(id),2018")["taxable_sales"] as? Int == 61_000_001)
    }
    try await town.city(["admit", "\(request["id"] ?? 0)", "--reason", "审计更正"])
    let told = try await town.county("one", ["sync"])
    #expect(told.err.contains("admitted") && told.err.contains("审计更正"), "\(told.err)")
    #expect(try await town.row("one", "enterprise_year", "\(id),2018")["taxable_sales"] as? Int == 62_000_002)
    let settled = try #require(try await town.county("one", ["parked", "--state", "all", "--json"]).list.first)
    #expect(settled["state"] as? String == "admitted")
    try await town.close(homes, kept: ["海州甲公司", "62000002", "88"])
    #expect(try await town.city(["history", "enterprise_year", "\(id),2018", "--json"]).out.contains("61000001"))
  }

  /// 9
  @Test func aZoneMergesIntoADistrictWhileItsMachineIsOffline() async throws {
    let homes = [("gaoxin", "320772"), ("haizhou", "320706")]
    let town = try await Town()
    // The seed knows the history; here it has not happened yet.
    try await town.city(["edit", "org_unit", "320772", "successor=", "valid_to="])
    try await town.serve()
    for (home, org) in homes { try await town.join(home, org) }
    let id = try await town.enter("gaoxin", "enterprise", "name=高新甲公司", "address=高新旧址")
    try await town.enter("gaoxin", "enterprise_year", "enterprise_id=\(id)", "year=2019", "staff=31")
    let own = try await town.enter("haizhou", "enterprise", "name=海州乙公司")
    for home in ["gaoxin", "haizhou"] { try await town.sync(home) }

    let late = try await town.enter("gaoxin", "enterprise", "name=高新丙公司")
    try await town.enter("gaoxin", "product", "enterprise_id=\(late)", "name=丙产品")
    try await town.enter("gaoxin", "product", "enterprise_id=\(id)", "name=甲产品")
    try await town.county("gaoxin", ["edit", "enterprise", id, "address=高新新址"])
    try await town.sqlite(town.replica("gaoxin"), "UPDATE enterprise_year SET staff = 32")
    try await town.city(["edit", "org_unit", "320772", "successor=320706", "valid_to=2020-07-01"])
    let moved = try await town.city(["transfer", "enterprise", "--from", "320772", "--to", "320706", "--json"])
    #expect(moved.object["rows"] as? Int == 1)
    try await town.city(["period", "open", "202007", "--due", "2020-08-15"])

    let sync = try await town.sync("gaoxin")
    #expect(sync["parked"] as? Int == 0 && sync["conflicts"] as? Int == 0 && sync["rejected"] as? Int == 0, "\(sync)")
    // What it would hand in would stand for its successor's.
    expectFailure(try await town.tryCounty("gaoxin", ["submit", "202007"]), 77, "320706")
    try await town.sync("haizhou")
    let rows = try await town.rows("haizhou", "enterprise")
    #expect(Set(rows.map { $0["id"] as? String }) == [id, late, own])
    #expect(Set(rows.map { $0["owner_org"] as? String }) == ["320706"])
    #expect(try await town.row("haizhou", "enterprise", id)["address"] as? String == "高新新址")
    #expect(try await town.row("haizhou", "enterprise_year", "\(id),2019")["staff"] as? Int == 32)
    #expect(Set(try await town.rows("haizhou", "product").map { $0["name"] as? String }) == ["丙产品", "甲产品"])
    // Its machine goes on working; what it enters later lands there, too.
    try await town.enter("gaoxin", "enterprise", "name=高新丁公司")
    try await town.close(
      homes, kept: ["高新甲公司", "高新新址", "高新丙公司", "高新丁公司", "丙产品", "甲产品", "32", "海州乙公司"])
    #expect(try await town.rows("haizhou", "enterprise").count == 4)
  }

  /// 9, before its day
  @Test func aSuccessorIsNamedOnItsDay() async throws {
    let town = try await Town()
    let edit = ["edit", "org_unit", "320772"]
    try await town.city(edit + ["successor=", "valid_to="])
    expectFailure(
      try await town.tryCity(edit + ["successor=320706", "valid_to=2999-01-01"]), 65, "successor", "2999-01-01")
    // When it ends may be known before.
    try await town.city(edit + ["valid_to=2999-01-01"])
    expectFailure(try await town.tryCity(edit + ["successor=320706"]), 65, "successor", "2999-01-01")
    #expect(try await town.row("city", "org_unit", "320772")["successor"] is NSNull)
    try await town.city(edit + ["successor=320706", "valid_to=2020-07-01"])
    #expect(try await town.row("city", "org_unit", "320772")["successor"] as? String == "320706")
  }

  /// 10
  @Test func theCityApprovesANominationWhileTheCountyEditsOrWithdrawsIt() async throws {
    let homes = [("one", "320706")]
    let town = try await registryTown(homes)
    let id = try await town.enter("one", "enterprise", "name=海州甲公司")
    for (change, batch) in [("reason=研发投入更正", "2018-1"), ("withdrawn_on=2018-10-08", "2018-2")] {
      let entry = try await town.enter(
        "one", "cultivation_entry", "enterprise_id=\(id)", "batch=\(batch)", "reason=研发投入高")
      func approval(_ home: String) async throws -> String? {
        try await town.row(home, "cultivation_entry", entry)["approval"] as? String
      }
      try await town.county("one", ["approve", "cultivation_entry", entry])
      try await town.sync("one")
      #expect(try await approval("city") == "county")
      try await town.county("one", ["edit", "cultivation_entry", entry, change])
      try await town.city(["approve", "cultivation_entry", entry])
      #expect(try await approval("city") == "both")
      try await town.sync("one")
      for home in ["city", "one"] { #expect(try await approval(home) == "void", "\(home)") }
      // On no day before did both agree, whatever was approved since.
      #expect(try await town.report(["cultivation", "--on", "2018-10-07"], "cultivation").isEmpty)

      try await town.city(["approve", "cultivation_entry", entry])
      try await town.county("one", ["approve", "cultivation_entry", entry])
      try await town.sync("one")
      for home in ["city", "one"] { #expect(try await approval(home) == "both", "\(home)") }
    }
    try await town.close(homes, kept: ["海州甲公司", "研发投入更正", "研发投入高", "2018-10-08"])
  }

  @Test func aMergeNamesTheEntriesWhoseApprovalsLapse() async throws {
    let town = try await registryTown([("one", "320706")])
    var (ids, entries): ([String], [String]) = ([], [])
    for _ in 1...2 {
      let id = try await town.enter("one", "enterprise", "name=海州甲公司")
      let entry = try await town.enter(
        "one", "cultivation_entry", "enterprise_id=\(id)", "batch=2018-\(ids.count + 1)", "reason=研发投入高")
      try await town.county("one", ["approve", "cultivation_entry", entry])
      try await town.sync("one")
      try await town.city(["approve", "cultivation_entry", entry])
      ids.append(id)
      entries.append(entry)
    }
    let merged = try await town.city(["merge-records", ids[0], ids[1], "--reason", "同一企业", "--json"])
    let lapsed = merged.object["lapsed"] as? [[String: Any]] ?? []
    #expect(lapsed.map { $0["record"] as? String } == ["cultivation_entry"])
    #expect(lapsed.map { $0["key"] as? String } == [entries[1]])
    #expect(merged.err.contains(entries[1]) && !merged.err.contains(entries[0]), "\(merged.err)")
    for (entry, approval) in zip(entries, ["both", "void"]) {
      #expect(try await town.row("city", "cultivation_entry", entry)["approval"] as? String == approval)
    }
  }
}

extension DomainCases {
  @Test func aMergeNamesWhatWasNotedOfTheOther() async throws {
    let town = try await registryTown([("one", "320706")])
    var (ids, entries): ([String], [String]) = ([], [])
    for _ in 1...2 {
      let id = try await town.enter("one", "enterprise", "name=海州甲公司")
      let entry = try await town.enter(
        "one", "cultivation_entry", "enterprise_id=\(id)", "batch=2018-1", "reason=研发投入高")
      try await town.county("one", ["approve", "cultivation_entry", entry])
      try await town.sync("one")
      try await town.city(["approve", "cultivation_entry", entry])
      ids.append(id)
      entries.append(entry)
    }
    try await town.sync("one")
    try await town.county("one", ["exit", ids[1], "--reason", "重复"])
    try await town.sync("one")
    try await town.city(["delete", "cultivation_entry", entries[1]])
    let events = try await town.rows("city", "status_event").filter { $0["enterprise_id"] as? String == ids[1] }
      .compactMap { $0["id"] as? String }
    #expect(events.count == 2)
    let merged = try await town.city(["merge-records", ids[0], ids[1], "--reason", "同一企业"])
    for event in events {
      #expect(merged.err.contains(event), "\(merged.err)")
      try await town.city(["delete", "status_event", event])
    }
    #expect(merged.err.contains("an exit of") && merged.err.contains(entries[0]), "\(merged.err)")
    #expect(try await town.report(["cultivation"], "cultivation").count == 1)
  }
}

// MARK: Shorthand

extension Town {
  private func at(_ home: String, _ arguments: [String]) async throws -> Outcome {
    home == "city" ? try await city(arguments) : try await county(home, arguments)
  }

  /// Adds a row, as the city or on a county's machine; its id.
  @discardableResult
  func enter(_ home: String, _ record: String, _ cells: String...) async throws -> String {
    try await at(home, ["add", record] + cells + ["--json"]).object["id"] as? String ?? ""
  }

  func rows(_ home: String, _ record: String) async throws -> [[String: Any]] {
    try await at(home, ["list", record, "--json"]).list
  }

  func row(_ home: String, _ record: String, _ key: String) async throws -> [String: Any] {
    try await at(home, ["show", record, key, "--json"]).object
  }

  func parked(_ home: String) async throws -> [[String: Any]] { try await at(home, ["parked", "--json"]).list }

  /// The city decides the only open conflict of a field.
  func decide(_ field: String, _ choice: String...) async throws {
    let open = try await city(["conflicts", "--json"]).list.filter { $0["field"] as? String == field }
    let conflict = try #require(open.first, "no open conflict of \(field)")
    #expect(open.count == 1)
    try await city(["decide", "\(conflict["id"] ?? 0)"] + choice + ["--reason", "经核实"])
  }

  /// Everybody syncs twice; then every file verifies, every machine holds what its unit sees, and every value is found.
  func close(
    _ homes: [(String, String)], kept values: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for (home, _) in homes + homes { try await sync(home) }
    for home in ["city"] + homes.map(\.0) { try await at(home, ["verify"]) }
    let children = ["enterprise_name", "enterprise_year", "recognition", "cultivation_entry", "product"]
    let enterprises = try await rows("city", "enterprise")
    for record in ["org_unit", "period", "enterprise"] + children {
      let all = try await rows("city", record)
      for (home, org) in homes {
        let own = enterprises.filter { $0["owner_org"] as? String == org }.map { $0["id"] as? String }
        let seen = all.filter { row in
          record == "enterprise"
            ? own.contains(row["id"] as? String)
            : !children.contains(record) || own.contains(row["enterprise_id"] as? String)
        }
        let (expected, held) = (try lines(seen), try lines(try await rows(home, record)))
        #expect(held == expected, "\(home) \(record)", sourceLocation: sourceLocation)
      }
    }
    var text = ""
    for record in ["period", "enterprise"] + children {
      text += try await city(["list", record, "--json"]).out
    }
    for list in ["conflicts", "parked"] { text += try await city([list, "--state", "all", "--json"]).out }
    for value in values { #expect(text.contains(value), "\(value) is lost", sourceLocation: sourceLocation) }
  }

  private func lines(_ rows: [[String: Any]]) throws -> [String] {
    try rows.map {
      try String(decoding: JSONSerialization.data(withJSONObject: $0, options: .sortedKeys), as: UTF8.self)
    }
    .sorted()
  }
}
