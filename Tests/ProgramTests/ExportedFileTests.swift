import Foundation
import Testing

/// A clerk exports rows, works on the file for days, and imports it when others have changed the rows meanwhile.
@Suite struct ExportedFileTests {
  private static let code = "91320706PDY00001XF"
  private static let other = "91320722PDY000044A"

  /// A town with one enterprise, whose rows were exported as `e.csv` and `e.xlsx`; others have changed its address since.
  private func exported() async throws -> (Town, id: String, csv: String) {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "uscc=\(Self.code)", "address=一路"]).line
    try await town.sync("one")
    for name in ["e.csv", "e.xlsx"] { try await town.county("one", ["export", "enterprise", town.path(name)]) }
    try await town.city(["edit", "enterprise", id, "address=二路"])
    try await town.sync("one")
    return (town, id, try String(contentsOfFile: town.path("e.csv"), encoding: .utf8))
  }

  private func enterprise(_ town: Town, _ id: String) async throws -> [String: Any] {
    try await town.county("one", ["show", "enterprise", id, "--json"]).object
  }

  /// The lines of a file with other cells in their last column.
  private func marked(_ csv: String, by marks: [String]) -> String {
    zip(csv.split(separator: "\n"), marks).map { line, mark in
      line.prefix(through: line.lastIndex(of: ",") ?? line.startIndex) + mark
    }.joined(separator: "\n")
  }

  @Test("A cell that its author left alone overwrites nothing")
  func leftAlone() async throws {
    let (town, id, csv) = try await exported()
    for name in ["e.csv", "e.xlsx"] {
      let outcome = try await town.county("one", ["import", "enterprise", town.path(name), "--json"]).object
      #expect(outcome["changed"] as? Int == 0, "\(name): \(outcome)")
    }
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "甲", with: "甲公司"))
    let outcome = try await town.county("one", ["import", "enterprise", edited, "--json"]).object
    #expect(outcome["changed"] as? Int == 1)
    let row = try await enterprise(town, id)
    #expect(row["name"] as? String == "甲公司" && row["address"] as? String == "二路")
    // Who leaves the column out says what the file says.
    try await town.county("one", ["export", "enterprise", town.path("plain.csv"), "--plain"])
    #expect(try !String(contentsOfFile: town.path("plain.csv"), encoding: .utf8).contains("_seen"))
  }

  @Test(
    "A code of which a spreadsheet made a number, a date or a truth value is refused",
    arguments: [
      ("201810123456", "2.01811E+11"), ("000123", "123"), ("2018-1", "Jan-18"), ("2018-1-5", "2018/1/5"),
      ("3-45", "Mar-45"), ("10-5-18", "2010/5/18"), ("OCT4", "4-Oct"), ("1:2", "1:02"), ("(1)", "-1"),
      ("true", "TRUE"),
    ])
  func numbered(code: String, number: String) async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let right = ["add", "ip_right", "enterprise_id=\(id)", "kind=invention", "number=\(code)", "title=旧题"]
    let key = try await town.county("one", right).line
    try await town.county("one", ["export", "ip_right", town.path("p.csv")])
    let exported = try String(contentsOfFile: town.path("p.csv"), encoding: .utf8)
    let csv = exported.replacingOccurrences(of: "旧题", with: "新题")
    let saved = try town.write("saved.csv", csv.replacingOccurrences(of: ",\(code),", with: ",\(number),"))
    expectFailure(
      try await town.tryCounty("one", ["import", "ip_right", saved]), 65, "row 2, number '\(number)'", code, "as text")
    let show = ["show", "ip_right", key, "--json"]
    let row = try await town.county("one", show).object
    #expect(row["number"] as? String == code && row["title"] as? String == "旧题")
    // As it was typed, it is taken.
    let typed = try town.write("typed.csv", csv)
    #expect(try await town.county("one", ["import", "ip_right", typed, "--json"]).object["changed"] as? Int == 1)
    #expect(try await town.county("one", show).object["title"] as? String == "新题")
  }

  @Test("A key of which a spreadsheet made a number or a date makes no new row", arguments: ["000123", "2018-1"])
  func rewrittenKey(item: String) async throws {
    let town = try await registryTown([("one", "320706")])
    let cells = ["indicator=talent", "year=2020", "item=\(item)", "value=5", "source=旧源"]
    try await town.county("one", ["add", "indicator_value"] + cells)
    try await town.county("one", ["export", "indicator_value", town.path("v.csv")])
    let csv = try String(contentsOfFile: town.path("v.csv"), encoding: .utf8)
    let made = item == "2018-1" ? "Jan-18" : "123"
    let saved = try town.write("saved.csv", csv.replacingOccurrences(of: ",\(item),", with: ",\(made),"))
    expectFailure(
      try await town.tryCounty("one", ["import", "indicator_value", saved]), 65, "row 2, item '\(made)'", item,
      "as text")
    // A line that was copied for another item is a new row.
    let copied = try town.write("copied.csv", csv.replacingOccurrences(of: ",\(item),", with: ",total,"))
    #expect(try await town.county("one", ["import", "indicator_value", copied, "--json"]).object["added"] as? Int == 1)
    let rows = try await town.county("one", ["list", "indicator_value", "--json"]).list
    #expect(Set(rows.map { $0["item"] as? String }) == [item, "total"])
  }

  @Test("A number that a spreadsheet has shortened is refused, and one that its author has is taken")
  func shortened() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "lat=34.596653123456"]).line
    try await town.county("one", ["export", "enterprise", town.path("e.csv")])
    let csv = try String(contentsOfFile: town.path("e.csv"), encoding: .utf8)
    let saved = try town.write("saved.csv", csv.replacingOccurrences(of: "34.596653123456", with: "34.59665312"))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", saved]), 65, "row 2, lat '34.59665312'",
      "34.596653123456", "as text")
    #expect(try await enterprise(town, id)["lat"] as? Double == 34.596653123456)
    let typed = try town.write("typed.csv", csv.replacingOccurrences(of: "34.596653123456", with: "34.5967"))
    #expect(try await town.county("one", ["import", "enterprise", typed, "--json"]).object["changed"] as? Int == 1)
  }

  @Test("A new row has no code of which a spreadsheet made a number")
  func newNumbered() async throws {
    let town = try await registryTown([("one", "320706")])
    let file = try town.write("e.csv", "name,address\n甲,1E+05\n")
    expectFailure(try await town.tryCounty("one", ["import", "enterprise", file]), 65, "row 2, address", "as text")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
  }

  @Test("The white space with which a text begins is part of it, also where a spreadsheet writes no quotes around it")
  func indented() async throws {
    let (town, id, _) = try await exported()
    try await town.county("one", ["edit", "enterprise", id, "address=　　一路"])
    try await town.county("one", ["export", "enterprise", town.path("i.csv")])
    let csv = try String(contentsOfFile: town.path("i.csv"), encoding: .utf8)
    #expect(csv.contains(",\"　　一路\","), "\(csv)")
    let saved = csv.replacingOccurrences(of: "\"　　一路\"", with: "　　一路")
    let file = try town.write("saved.csv", saved)
    let left = try await town.county("one", ["import", "enterprise", file, "--json"]).object
    #expect(left["changed"] as? Int == 0, "\(left)")
    #expect(try await enterprise(town, id)["address"] as? String == "　　一路")
    // Who types it means it.
    let typed = try town.write("typed.csv", saved.replacingOccurrences(of: "　　一路", with: "　一路"))
    #expect(try await town.county("one", ["import", "enterprise", typed, "--json"]).object["changed"] as? Int == 1)
    #expect(try await enterprise(town, id)["address"] as? String == "　一路")
  }

  @Test("A text that is like a formula is none in the file, and comes back as it was")
  func formulas() async throws {
    let (town, id, _) = try await exported()
    try await town.county("one", ["edit", "enterprise", id, "note=-已停产", "status_note='=甲"])
    try await town.county("one", ["export", "enterprise", town.path("f.csv")])
    let csv = try String(contentsOfFile: town.path("f.csv"), encoding: .utf8)
    #expect(csv.contains(",'-已停产,") && csv.contains(",''=甲,"), "\(csv)")
    let edited = csv.replacingOccurrences(of: "二路", with: "三路")
    let failed = try town.write("failed.csv", edited.replacingOccurrences(of: "'-已停产", with: "#NAME?"))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", failed]), 65, "row 2, note '#NAME?'", "as text")
    let saved = try town.write("saved.csv", edited)
    #expect(try await town.county("one", ["import", "enterprise", saved, "--json"]).object["changed"] as? Int == 1)
    var row = try await enterprise(town, id)
    #expect(row["note"] as? String == "-已停产" && row["status_note"] as? String == "'=甲")
    #expect(row["address"] as? String == "三路")
    // Another text is taken without the apostrophe too.
    let other = try town.write("other.csv", csv.replacingOccurrences(of: "'-已停产", with: "'=同意"))
    try await town.county("one", ["import", "enterprise", other])
    row = try await enterprise(town, id)
    #expect(row["note"] as? String == "=同意" && row["address"] as? String == "三路")
    // A workbook has texts that are no formulas.
    try await town.county("one", ["export", "enterprise", town.path("f.xlsx")])
    let outcome = try await town.county("one", ["import", "enterprise", town.path("f.xlsx"), "--json"]).object
    #expect(outcome["changed"] as? Int == 0)
    try await town.county("one", ["export", "enterprise", town.path("plain.csv"), "--plain"])
    #expect(try String(contentsOfFile: town.path("plain.csv"), encoding: .utf8).contains(",=同意,"))
  }

  @Test("A line whose mark was emptied, or whose file has no marks any more, keeps no apostrophe of the export")
  func formulasWithoutMarks() async throws {
    let (town, id, _) = try await exported()
    try await town.county("one", ["edit", "enterprise", id, "note=-已停产"])
    try await town.sync("one")
    try await town.county("one", ["export", "enterprise", town.path("f.csv")])
    let csv = try String(contentsOfFile: town.path("f.csv"), encoding: .utf8)
    #expect(csv.contains(",'-已停产,"), "\(csv)")
    let bare = try town.write("bare.csv", marked(csv, by: ["_seen", ""]))
    let cut = csv.split(separator: "\n").map { $0.prefix(upTo: $0.lastIndex(of: ",") ?? $0.endIndex) }
    for file in [bare, try town.write("cut.csv", cut.joined(separator: "\n"))] {
      let outcome = try await town.county("one", ["import", "enterprise", file, "--json"]).object
      #expect(outcome["changed"] as? Int == 0, "\(file): \(outcome)")
      #expect(try await enterprise(town, id)["note"] as? String == "-已停产")
    }
    // In a file that was exported without apostrophes, they are the author's.
    let mark = csv.split(separator: "\n")[1].split(separator: ",").last?.dropFirst() ?? ""
    let former = try town.write("x.csv", "id,name,note,_seen\n\(id),甲,-已停产,x\(mark)\n,乙,'-乙,\n")
    #expect(try await town.county("one", ["import", "enterprise", former, "--json"]).object["added"] as? Int == 1)
    let rows = try await town.county("one", ["list", "enterprise", "--json"]).list
    #expect(Set(rows.map { $0["note"] as? String }) == ["-已停产", "'-乙"])
    // The row was deleted, and is entered as a new one.
    try await town.city(["delete", "enterprise", id])
    try await town.sync("one")
    #expect(try await town.county("one", ["import", "enterprise", bare, "--json"]).object["added"] as? Int == 1)
    #expect(try await enterprise(town, id)["note"] as? String == "-已停产")
  }

  @Test("A cell that its author has emptied is named, for it changes nothing")
  func emptied() async throws {
    let (town, id, csv) = try await exported()
    for name in ["e.csv", "e.xlsx"] {
      let outcome = try await town.county("one", ["import", "enterprise", town.path(name), "--json"]).object
      #expect((outcome["notes"] as? [Any])?.isEmpty == true, "\(name): \(outcome)")
    }
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "一路", with: ""))
    let outcome = try await town.county("one", ["import", "enterprise", edited, "--json"])
    let notes = outcome.object["notes"] as? [[String: Any]] ?? []
    #expect(notes.map { $0["column"] as? String } == ["address"] && notes.map { $0["row"] as? Int } == [2])
    #expect(outcome.err.contains("edit enterprise \(id) address="), "\(outcome.err)")
    #expect(try await enterprise(town, id)["address"] as? String == "二路")
    // Nothing is left to clear.
    try await town.county("one", ["edit", "enterprise", id, "address="])
    let again = try await town.county("one", ["import", "enterprise", edited, "--json"]).object
    #expect((again["notes"] as? [Any])?.isEmpty == true, "\(again)")
  }

  @Test("A cell that somebody else has changed since is not overwritten, and its author told")
  func changedMeanwhile() async throws {
    let (town, id, csv) = try await exported()
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "一路", with: "三路"))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", edited]), 65, "row 2", "enterprise.address", "二路", "edit"
    )
    #expect(try await enterprise(town, id)["address"] as? String == "二路")
    // What it is by now may be said again.
    let same = try town.write("same.csv", csv.replacingOccurrences(of: "一路", with: "二路"))
    let outcome = try await town.county("one", ["import", "enterprise", same, "--json"]).object
    #expect(outcome["changed"] as? Int == 0)
  }

  /// A file that was exported by an earlier version of the schema: it says nothing of the fields after the third.
  @Test("A field that is newer than the file showed nothing")
  func newerField() async throws {
    let (town, id, csv) = try await exported()
    let mark = csv.split(separator: "\n")[1].split(separator: ",").last?.prefix(1 + 3 * 8) ?? ""
    func imported(_ note: String) async throws -> Outcome {
      let file = try town.write("note.csv", "id,note,_seen\n\(id),\(note),\(mark)\n")
      return try await town.tryCounty("one", ["import", "enterprise", file, "--json"])
    }
    #expect(try await imported("一").object["changed"] as? Int == 1)
    try await town.sync("one")
    try await town.city(["edit", "enterprise", id, "note=二"])
    try await town.sync("one")
    expectFailure(try await imported("三"), 65, "row 2", "enterprise.note", "二", "edit")
    #expect(try await enterprise(town, id)["note"] as? String == "二")
    #expect(try await imported("二").object["changed"] as? Int == 0)
  }

  @Test("A line that was copied to make a new row is one")
  func copiedLine() async throws {
    let (town, id, csv) = try await exported()
    let copied = csv.replacingOccurrences(of: id, with: UUID().uuidString.lowercased())
      .replacingOccurrences(of: Self.code, with: Self.other)
    let file = try town.write("copied.csv", copied)
    #expect(try await town.county("one", ["import", "enterprise", file, "--json"]).object["added"] as? Int == 1)
  }

  @Test("A row that was deleted since comes back only when its author says so")
  func deletedMeanwhile() async throws {
    let (town, id, csv) = try await exported()
    try await town.city(["delete", "enterprise", id])
    try await town.sync("one")
    for name in ["e.csv", "e.xlsx"] {
      let outcome = try await town.county("one", ["import", "enterprise", town.path(name), "--json"]).object
      #expect(outcome["added"] as? Int == 0 && outcome["deleted"] as? Int == 1, "\(name): \(outcome)")
    }
    let said = try await town.county("one", ["import", "enterprise", town.path("e.csv")]).out
    #expect(said.contains("1 deleted since"), "\(said)")
    let edited = csv.replacingOccurrences(of: "一路", with: "三路")
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", try town.write("edited.csv", edited)]), 65, "row 2", id,
      "deleted", "_seen")
    let back = try town.write("back.csv", marked(edited, by: ["_seen", ""]))
    #expect(try await town.county("one", ["import", "enterprise", back, "--json"]).object["added"] as? Int == 1)
    #expect(try await enterprise(town, id)["address"] as? String == "三路")
  }

  @Test("What is shown masked becomes no value")
  func masked() async throws {
    let (town, id, _) = try await exported()
    let contact = [
      "add", "contact", "enterprise_id=\(id)", "name=王小芳", "phone=13812345678", "purpose=p", "expires_on=2027-01-01",
    ]
    let key = try await town.county("one", contact).line
    let export = { (name: String) in
      try await town.county("one", ["export", "contact", town.path(name), "--plain"])
      return try String(contentsOfFile: town.path(name), encoding: .utf8)
    }
    let csv = try await export("plain.csv")
    // At the command line.
    expectFailure(
      try await town.tryCounty("one", ["edit", "contact", key, "phone=138******78", "purpose=q"]), 65, "contact.phone",
      "--reveal")
    let person = contact.map { $0.replacingOccurrences(of: "王小芳", with: "王**") }
    expectFailure(try await town.tryCounty("one", person), 65, "contact.name", "--reveal")
    let stored = try await town.county("one", ["list", "contact", "--json", "--reveal"]).list
    #expect(stored.map { $0["phone"] as? String } == ["13812345678"] && stored[0]["purpose"] as? String == "p")
    // As another person's.
    let copied = try town.write("copied.csv", csv.replacingOccurrences(of: key, with: UUID().uuidString.lowercased()))
    expectFailure(try await town.tryCounty("one", ["import", "contact", copied]), 65, "row 2", "name", "--reveal")
    // As that of who has another name by now.
    try await town.county("one", ["edit", "contact", key, "name=李四"])
    expectFailure(
      try await town.tryCounty("one", ["import", "contact", town.path("plain.csv")]), 65, "name", "--reveal")
    #expect(try await town.county("one", ["list", "contact", "--json", "--reveal"]).list.count == 1)
    // What is stored may be said again.
    try await town.sqlite(town.replica("one"), "UPDATE contact SET name = '李*'")
    try await town.county("one", ["edit", "contact", key, "name=李*", "purpose=q"])
  }

  @Test("A file whose lines were sorted without their marks is refused")
  func sortedWithoutMarks() async throws {
    let (town, id, _) = try await exported()
    let second = try await town.county("one", ["add", "enterprise", "name=乙", "address=五路"]).line
    try await town.county("one", ["export", "enterprise", town.path("two.csv")])
    let csv = try String(contentsOfFile: town.path("two.csv"), encoding: .utf8)
    let marks = csv.split(separator: "\n").compactMap { $0.split(separator: ",").last.map(String.init) }
    let sorted = try town.write("sorted.csv", marked(csv, by: [marks[0], marks[2], marks[1]]))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise", sorted]), 65, "row 2", "row 3", id, second, "_seen",
      "export again")
  }

  @Test("A line says which enterprise is meant, also when its code was corrected since")
  func correctedCode() async throws {
    let (town, id, _) = try await exported()
    try await town.county("one", ["add", "enterprise_year", "enterprise_id=\(id)", "year=2018", "staff=30"])
    try await town.county("one", ["export", "enterprise_year", town.path("y.csv"), "--codes"])
    try await town.city(["edit", "enterprise", id, "uscc=\(Self.other)"])
    try await town.sync("one")
    let csv = try String(contentsOfFile: town.path("y.csv"), encoding: .utf8)
    #expect(csv.contains(Self.code))
    let outcome = try await town.county("one", ["import", "enterprise_year", town.path("y.csv"), "--json"])
    let notes = outcome.object["notes"] as? [[String: Any]] ?? []
    #expect(outcome.object["changed"] as? Int == 0 && notes.map { $0["column"] as? String } == ["uscc"])
    #expect(outcome.err.contains(Self.code) && outcome.err.contains(Self.other), "\(outcome.err)")
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: ",30,", with: ",31,"))
    let again = try await town.county("one", ["import", "enterprise_year", edited, "--json"]).object
    #expect(again["changed"] as? Int == 1, "\(again)")
    // Where nothing says that they came from one row, somebody has to look.
    let bare = try town.write("bare.csv", marked(csv, by: ["_seen", ""]))
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise_year", bare]), 65, "row 2, uscc", "is not that of", id,
      Self.other)
  }

  @Test("A code that a line's author has typed is no former one of the enterprise")
  func typedCode() async throws {
    let (town, id, _) = try await exported()
    try await town.county("one", ["add", "enterprise_year", "enterprise_id=\(id)", "year=2018", "staff=30"])
    try await town.county("one", ["export", "enterprise_year", town.path("y.csv"), "--codes"])
    let csv = try String(contentsOfFile: town.path("y.csv"), encoding: .utf8)
    let typed = csv.replacingOccurrences(of: Self.code, with: Self.other).replacingOccurrences(of: ",30,", with: ",31,")
    // In the row's own line, and in one that was copied for another year.
    for lines in [typed, typed.replacingOccurrences(of: ",2018,", with: ",2019,")] {
      #expect(lines.contains(Self.other) && lines.contains(",31,"))
      let file = try town.write("typed.csv", lines)
      expectFailure(
        try await town.tryCounty("one", ["import", "enterprise_year", file]), 65, "row 2, uscc", "is not that of", id,
        Self.code)
    }
    let rows = try await town.county("one", ["list", "enterprise_year", "--json"]).list
    #expect(rows.map { $0["staff"] as? Int } == [30])
  }

  @Test("A database and a key are no files to write rows to")
  func overTheRegistry() async throws {
    let (town, id, _) = try await exported()
    for file in ["one/replica.sqlite", "one/replica.key", "city/master.sqlite"].map(town.path) {
      let before = try Data(contentsOf: URL(fileURLWithPath: file))
      expectFailure(
        try await town.tryCounty("one", ["export", "enterprise", file]), 64, (file as NSString).lastPathComponent,
        "another name")
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }
    #expect(try await enterprise(town, id)["name"] as? String == "甲")
  }
}
