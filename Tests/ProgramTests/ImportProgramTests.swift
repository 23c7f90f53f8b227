import Foundation
import Testing

/// What a clerk is told of a file that they import, and what is taken of it.
@Suite struct ImportProgramTests {
  private static let code = "91320706PDY00001XF"
  private static let other = "91320722PDY000044A"

  @Test("The own unit fills itself in a key, too: a line of a template is found again")
  func ownUnitInAKey() async throws {
    let town = try await registryTown([("one", "320706")])
    func file(_ lines: String) throws -> [String] {
      ["import", "indicator_value", try town.write("v.csv", "indicator,year,item,value\n" + lines), "--json"]
    }
    try await town.county("one", try file("talent,2020,total,5\n"))
    let again = try await town.county("one", try file("talent,2020,total,6\ntalent,2021,total,7\n")).object
    #expect(again["added"] as? Int == 1 && again["changed"] as? Int == 1, "\(again)")
    let rows = try await town.county("one", ["list", "indicator_value", "--json"]).list
    #expect(rows.map { $0["value"] as? Double } == [6, 7])
    expectFailure(
      try await town.tryCounty("one", try file("talent,2022,total,8\ntalent,2022,total,9\n")), 65, "row 3",
      "is the same row as line 2")
  }

  @Test("Who may be out of scope is imported, and exported, by the credit code that every county sees")
  func codeOfAnotherCounty() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    let guest = try await town.county("two", ["add", "enterprise", "name=甲", "uscc=\(Self.other)"]).line
    for home in ["two", "one"] { try await town.sync(home) }
    let event = try await town.county("one", ["add", "event", "kind=topic", "title=对接会", "held_on=2018-06-01"]).line
    let file = try town.write("a.csv", "event_id,uscc\n\(event),\(Self.other)\n")
    #expect(try await town.county("one", ["import", "attendance", file, "--json"]).object["added"] as? Int == 1)
    try await town.county("one", ["export", "attendance", town.path("out.csv"), "--codes"])
    #expect(try String(contentsOfFile: town.path("out.csv"), encoding: .utf8).contains(Self.other))
    // Nobody has that code: there is nothing that a county could add.
    let wrong = try town.write("w.csv", "event_id,uscc\n\(event),\(Self.code)\n")
    let refused = try await town.tryCounty("one", ["import", "attendance", wrong])
    expectFailure(refused, 65, "row 2, uscc", "give enterprise_id instead")
    #expect(!refused.err.contains("add it first"), "\(refused.err)")
    // One of which the list says nothing is taken as it is named.
    let hidden = UUID().uuidString.lowercased()
    let named = try town.write("n.csv", "event_id,enterprise_id,uscc\n\(event),\(hidden),\(Self.code)\n")
    let done = try await town.county("one", ["import", "attendance", named, "--json"]).object
    let notes = (done["notes"] as? [[String: Any]] ?? []).map { "\($0["column"] ?? ""): \($0["message"] ?? "")" }
    #expect(done["added"] as? Int == 1)
    #expect(notes == ["uscc: there is no such enterprise; this cell is not taken, enterprise_id is"])
    let guests = try await town.county("one", ["list", "attendance", "--json"]).list
    #expect(Set(guests.map { $0["enterprise_id"] as? String }) == [guest, hidden])
    try await town.county("one", ["delete", "attendance", "\(event),\(hidden)"])
    #expect(try await town.sync("one")["parked"] as? Int == 0)
    let sent = try await town.city(["list", "attendance", "--json"]).list
    #expect(sent.map { $0["enterprise_id"] as? String } == [guest])
  }

  @Test("Of a line is said what add and edit would say: another county's code, a closed period, an explained doubt")
  func anImportSaysWhatAnEditWould() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    try await town.county("two", ["add", "enterprise", "name=连云港市海洋科技有限公司", "uscc=\(Self.other)"])
    let first = try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)"]).line
    let second = try await town.county("one", ["add", "enterprise", "name=乙"]).line
    let year = ["enterprise_id=\(first)", "year=2017", "staff=30", "taxable_sales=61000001", "note=筹建期"]
    try await town.county("one", ["add", "enterprise_year"] + year)
    try await town.city(["period", "open", "2018", "--due", "2019-03-31"])
    try await town.city(["period", "lock", "2018"])
    for home in ["two", "one"] { try await town.sync(home) }
    func notes(_ record: String, _ lines: String) async throws -> [String] {
      let file = try town.write("f.csv", lines)
      let done = try await town.county("one", ["import", record, file, "--json", "--locale", "en"]).object
      return (done["notes"] as? [[String: Any]] ?? []).map { note in
        ["row", "column", "value", "message"].map { "\(note[$0] ?? "")" }.joined(separator: "|")
      }
    }
    let same = try await notes("enterprise", "name,uscc\n海洋,\(Self.other)\n海洋科技有限责任公司,\n硅材料厂,\n")
    #expect(same.count == 2, "\(same)")
    #expect(same.first?.hasPrefix("2|||note: 320722 has registered this credit code") == true, "\(same)")
    #expect(same.last?.hasPrefix("3|||note: 320722 has an enterprise with a similar name") == true, "\(same)")
    #expect(
      try await notes("enterprise_year", "uscc,year,taxable_sales\n\(Self.code),2017,6100\n") == [
        "2|taxable_sales|6100|6100 yuan with 30 staff: was it entered in units of 10,000 yuan?"
      ])
    let closed = try await notes("enterprise_year", "enterprise_id,year,staff\n\(first),2018,29\n\(second),2018,6\n")
    #expect(
      closed == ["2|||period 2018 is closed: this goes to the city as a revision request (2 lines)"], "\(closed)")
    // Of a line that changes nothing there is nothing to say.
    #expect(try await notes("enterprise_year", "enterprise_id,year,staff\n\(first),2018,29\n").isEmpty)
  }

  @Test("A row that waits is not told as deleted, and is edited under its code as under its key")
  func parkedMeanwhile() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)"])
    let id = try await town.county("two", ["add", "enterprise", "name=乙", "uscc=\(Self.code)", "address=一路"]).line
    try await town.county("two", ["export", "enterprise", town.path("e.csv")])
    for home in ["one", "two"] { try await town.sync(home) }
    let number = try #require(try await town.county("two", ["parked", "--json"]).list.first?["id"] as? Int)
    let left = try await town.county("two", ["import", "enterprise", town.path("e.csv"), "--json"]).object
    #expect(["added", "changed", "deleted", "parked"].map { left[$0] as? Int } == [0, 0, 0, 1], "\(left)")
    let said = try await town.county("two", ["import", "enterprise", town.path("e.csv")]).out
    #expect(said == "1 rows: 0 added, 0 changed, 1 parked and left so\n")
    let csv = try String(contentsOfFile: town.path("e.csv"), encoding: .utf8)
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "一路", with: "二路"))
    let refused = try await town.tryCounty("two", ["import", "enterprise", edited])
    expectFailure(refused, 65, "row 2", "enterprise \(id) is parked, as number \(number)", "withdraw \(number)")
    #expect(!refused.err.contains("deleted") && !refused.err.contains("_seen"), "\(refused.err)")
    expectFailure(
      try await town.tryCounty("two", ["show", "enterprise", id]), 66, "is parked, as number \(number)",
      "list enterprise")
    let again = try await town.county("two", ["edit", "enterprise", "uscc:\(Self.code)", "address=二路", "--json"])
    #expect(again.object["id"] as? String == id && again.object["address"] as? String == "二路")
    #expect(try await town.county("two", ["status", "--json"]).object["pending"] as? Int == 1)
  }

  @Test("Of an edited line of a duplicate that was merged, the row that was kept is told")
  func mergedMeanwhile() async throws {
    let town = try await registryTown([("one", "320706")])
    var ids: [String] = []
    for name in ["甲", "乙"] {
      let cells = ["name=\(name)", "owner_org=320706", "address=\(name)路"]
      ids.append(try await town.city(["add", "enterprise"] + cells).line)
    }
    try await town.city(["export", "enterprise", town.path("e.csv")])
    try await town.city(["merge-records", ids[0], ids[1], "--reason", "同一企业"])
    let left = try await town.city(["import", "enterprise", town.path("e.csv"), "--json"]).object
    #expect(left["deleted"] as? Int == 1 && left["changed"] as? Int == 0, "\(left)")
    let csv = try String(contentsOfFile: town.path("e.csv"), encoding: .utf8)
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "乙路", with: "丙路"))
    let refused = try await town.tryCity(["import", "enterprise", edited])
    expectFailure(refused, 65, "row 3", "enterprise \(ids[1]) was merged into \(ids[0])")
    #expect(!refused.err.contains("_seen"), "\(refused.err)")
  }

  @Test("What an import says of personal data is masked")
  func whatIsWrongIsSaidMasked() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let cells = ["enterprise_id=\(id)", "name=王小芳", "phone=13812345678", "purpose=p", "expires_on=2027-01-01"]
    let contact = try await town.county("one", ["add", "contact"] + cells).line
    try await town.sync("one")
    try await town.county("one", ["export", "contact", town.path("c.csv"), "--reveal"])
    try await town.city(["edit", "contact", contact, "phone=13987654321"])
    try await town.sync("one")
    let csv = try String(contentsOfFile: town.path("c.csv"), encoding: .utf8)
    let long = String(repeating: "王", count: 101)
    for (before, typed, shown) in [
      ("13812345678", "13800001111", "138******11"), ("王小芳", long, "王王王******王王"),
    ] {
      let file = try town.write("typed.csv", csv.replacingOccurrences(of: before, with: typed))
      let outcome = try await town.tryCounty("one", ["import", "contact", file, "--json"])
      expectFailure(outcome, 65, "row 2, ", " '\(shown)'")
      let problems = outcome.object["problems"] as? [[String: Any]] ?? []
      #expect(problems.map { $0["value"] as? String } == [shown])
      #expect(!(outcome.out + outcome.err).contains(typed), "\(outcome)")
      let revealed = try await town.tryCounty("one", ["import", "contact", file, "--reveal"])
      expectFailure(revealed, 65, " '\(typed)'")
    }
  }

  @Test("Of a cell that was emptied only a command that works is named")
  func emptied() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "address=一路"]).line
    try await town.county("one", ["rename", id, "乙", "--evidence", "变更通知书"])
    try await town.city(["period", "open", "201803", "--due", "2018-04-10"])
    try await town.sync("one")
    try await town.county("one", ["submit", "201803"])
    try await town.sync("one")
    try await town.city(["accept", "320706", "201803"])
    try await town.sync("one")
    let submission = try await town.county("one", ["show", "submission", "320706,201803", "--json"]).object
    let days = try ["submitted_on", "accepted_on"].map { try #require(submission[$0] as? String) }
    func notes(_ record: String, emptying cells: [String]) async throws -> [String] {
      try await town.county("one", ["export", record, town.path("e.csv")])
      var csv = try String(contentsOfFile: town.path("e.csv"), encoding: .utf8)
      for cell in cells { csv = csv.replacingOccurrences(of: ",\(cell),", with: ",,") }
      let done = try await town.county("one", ["import", record, try town.write("f.csv", csv), "--json"]).object
      return (done["notes"] as? [[String: Any]] ?? []).map { "\($0["column"] ?? ""): \($0["message"] ?? "")" }
    }
    let stays = "was emptied, and an empty cell changes nothing"
    #expect(
      try await notes("enterprise", emptying: ["乙", "一路"]) == [
        "name: \(stays); it is required", "address: \(stays); to clear it, use edit enterprise \(id) address=",
      ])
    // What the city keeps, and what is only ever added and was sent.
    #expect(
      try await notes("submission", emptying: days) == [
        "submitted_on: \(stays); it is required", "accepted_on: \(stays)",
      ])
    #expect(try await notes("enterprise_name", emptying: ["变更通知书"]) == ["evidence: \(stays)"])
    // An approval is given, and never taken back.
    let nomination = ["add", "cultivation_entry", "enterprise_id=\(id)", "batch=2018-1", "reason=研发投入高"]
    let entry = try await town.county("one", nomination).line
    try await town.county("one", ["approve", "cultivation_entry", entry])
    let approved = try await town.county("one", ["show", "cultivation_entry", entry, "--json"]).object
    let version = try #require(approved["county_ok"] as? String)
    #expect(try await notes("cultivation_entry", emptying: [version]) == ["county_ok: \(stays)"])
  }
}
