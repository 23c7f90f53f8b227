import Foundation
import Testing

@Suite struct DataEntryTests {
  private static let code = "91320706PDY00001XF"
  private static let other = "91320722PDY000044A"

  @Test("What cannot be is refused, what can be explained wants a note, and check lists what a tool wrote")
  func doubts() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let year = ["add", "enterprise_year", "enterprise_id=\(id)", "year=2018", "staff=30"]
    expectFailure(
      try await town.tryCounty("one", year + ["tech_staff=31"]), 65, "enterprise_year", "tech_staff", "staff 30")
    let small = year + ["taxable_sales=5000"]
    expectFailure(try await town.tryCounty("one", small), 65, "taxable_sales", "10,000", "note=")
    try await town.county("one", small + ["note=筹建期"])
    #expect(
      try await town.county("one", ["list", "enterprise_year", "--json"]).list.first?["note"] as? String == "筹建期")
    #expect(try await town.county("one", ["check", "--json"]).list.map { $0["weight"] as? String } == ["explainable"])
    try await town.sqlite(town.replica("one"), "UPDATE enterprise_year SET tech_staff = 99")
    let doubts = try await town.tryCounty("one", ["check", "enterprise_year", "--json"])
    #expect(doubts.code == 65 && doubts.list.contains { $0["weight"] as? String == "hard" })
    // What was doubtful before does not stop another edit.
    try await town.county("one", ["edit", "enterprise_year", "\(id),2018", "revenue=6000"])
  }

  @Test("A thousand rows with ten errors report ten errors, and nothing is written")
  func tenErrors() async throws {
    let town = try await registryTown([("one", "320706")])
    let rows = (1...1000).map { $0 % 200 == 0 ? "企业\($0),XX,2018-13-01" : "企业\($0),C2710,2018-01-01" }
    let file = try town.write("e.csv", (["名称,行业代码,成立日期"] + rows).joined(separator: "\n"))
    // Two errors in each of five rows: the date cannot be read, the industry is none.
    for flags in [["--dry-run"], []] {
      let outcome = try await town.tryCounty("one", ["import", "enterprise", file, "--json"] + flags)
      let problems = outcome.object["problems"] as? [[String: Any]] ?? []
      #expect(outcome.code == 65 && problems.count == 10, "\(problems.count)")
      #expect(problems.map { $0["row"] as? Int } == (2...11).map { $0 / 2 * 200 + 1 })
      #expect(Set(problems.map { $0["value"] as? String }) == ["2018-13-01", "XX"])
      #expect(Set(problems.map { $0["column"] as? String }) == ["成立日期", "industry"])
    }
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.isEmpty)
  }

  @Test("Workbooks and GB18030 go out and come back unchanged; credit codes stand for ids; money names its unit")
  func files() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.county("one", ["add", "enterprise", "name=海州𠮷硅材料", "uscc=\(Self.code)", "note= 行首空格\n两行"])
    let before = try await town.county("one", ["list", "enterprise", "--json"]).out
    for (name, flags) in [("e.xlsx", []), ("e.csv", ["--encoding", "gb18030"]), ("u.csv", ["--encoding", "utf-16"])] {
      try await town.county("one", ["export", "enterprise", town.path(name)] + flags)
      let back = try await town.county("one", ["import", "enterprise", town.path(name), "--json"]).object
      #expect(back["added"] as? Int == 0 && back["changed"] as? Int == 0, "\(name): \(back)")
      #expect(try await town.county("one", ["list", "enterprise", "--json"]).out == before, "\(name)")
    }
    // A letter that GB18030 has not is named with its place.
    let odd = try await town.county("one", ["add", "enterprise", "name=乙", "address=甲\u{E78D}路"]).line
    let lacking = ["export", "enterprise", town.path("odd.csv"), "--encoding", "gb18030"]
    expectFailure(try await town.tryCounty("one", lacking), 65, "enterprise \(odd).address", "U+E78D")
    let figures = "统一社会信用代码,年份,应税销售(万元),note\n\(Self.code),2018,6000.5,\n"
    try await town.county("one", ["import", "enterprise_year", try town.write("y.csv", figures)])
    let row = try #require(try await town.county("one", ["list", "enterprise_year", "--json"]).list.first)
    #expect(row["taxable_sales"] as? Int == 60_005_000)
    let unknown = "统一社会信用代码,年份,应税销售(万元),note" + "\n\(Self.other),2018,1,\n"
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise_year", try town.write("u.csv", unknown)]), 65, "row 2",
      "uscc")
    let bare = "统一社会信用代码,年份,应税销售\n\(Self.code),2018,6000\n"
    expectFailure(
      try await town.tryCounty("one", ["import", "enterprise_year", try town.write("b.csv", bare)]), 65, "应税销售", "yuan")
    try await town.county("one", ["template", "enterprise_year", town.path("t.xlsx"), "--locale", "zh"])
    let empty = try await town.county("one", ["import", "enterprise_year", town.path("t.xlsx"), "--json"]).object
    #expect(empty["rows"] as? Int == 0)
  }

  @Test("A file that still has a former name does not undo a renaming")
  func formerName() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=旧名公司", "uscc=\(Self.code)"]).line
    try await town.county("one", ["rename", id, "新名公司", "--evidence", "变更通知书"])
    let file = try town.write("e.csv", "uscc,name,address\n\(Self.code),旧名公司,新址\n")
    let outcome = try await town.county("one", ["import", "enterprise", file, "--json"])
    #expect((outcome.object["notes"] as? [Any])?.count == 1 && outcome.err.contains("former name"))
    let row = try await town.county("one", ["show", "enterprise", id, "--json"]).object
    #expect(row["name"] as? String == "新名公司" && row["address"] as? String == "新址")
  }

  @Test("A duplicate in another county is told at once, without network")
  func duplicates() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    try await town.county("two", ["add", "enterprise", "name=连云港市海洋科技有限公司", "uscc=\(Self.code)"])
    try await town.sync("two")
    try await town.sync("one")
    await town.stop()
    let same = try await town.county("one", ["add", "enterprise", "name=海洋", "uscc=\(Self.code)"])
    #expect(same.err.contains("320722") && same.err.contains("海洋科技"), "\(same.err)")
    let near = try await town.county("one", ["add", "enterprise", "name=海洋科技有限责任公司"])
    #expect(near.err.contains("320722"), "\(near.err)")
    #expect(try await town.county("one", ["add", "enterprise", "name=硅材料厂"]).err.isEmpty)
  }

  @Test("At a terminal add asks for what is missing, and asks again for what cannot be")
  func asking() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let command = town.county(
      starting: "one", ["add", "ip_right", "enterprise_id=\(id)", "--locale", "zh"])
    // The questions are the kind, which is mistyped once, and the number.
    let script = """
      import os, pty, sys
      pid, terminal = pty.fork()
      if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
      said = b''
      for answer in ['patent', '发明专利', 'ZL2018']:
        while not said.rstrip().endswith(b':') and not said.rstrip().endswith('：'.encode()): said += os.read(terminal, 4096)
        sys.stdout.buffer.write(said); said = b''
        os.write(terminal, (answer + '\\n').encode())
        while b'\\n' not in said: said += os.read(terminal, 4096)
        said = said.split(b'\\n', 1)[1]
      try:
        while True: sys.stdout.buffer.write(os.read(terminal, 4096))
      except OSError: pass
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
      """
    let outcome = try await need(["python3", "-c", script] + command)
    #expect(outcome.out.contains("只能是"), "\(outcome.out)")
    let rights = try await town.county("one", ["list", "ip_right", "--json"]).list
    #expect(rights.map { $0["kind"] as? String } == ["invention"] && rights[0]["number"] as? String == "ZL2018")
    expectFailure(
      try await town.tryCounty("one", ["add", "ip_right", "enterprise_id=\(id)"]), 65, "kind (Kind)", "number (Number)")
  }

  @Test("Personal data is masked, a masked file does not write the mask, and what is erased is nowhere")
  func personalData() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let contact = try await town.county(
      "one",
      [
        "add", "contact", "enterprise_id=\(id)", "name=王小明", "phone=13812345678", "purpose=联系", "expires_on=2019-01-01",
      ]
    ).line
    for command in [["list", "contact"], ["show", "contact", contact], ["diff"], ["history", "contact", contact]] {
      for flags in [[], ["--json"]] {
        let out = try await town.county("one", command + flags).out
        #expect(
          out.contains("138******78") == (command != ["diff"]) && !out.contains("13812345678") && !out.contains("王小明"),
          "\(command)")
      }
    }
    #expect(try await town.county("one", ["list", "contact", "--reveal"]).out.contains("13812345678"))
    try await town.county("one", ["export", "contact", town.path("c.csv")])
    let back = try await town.county("one", ["import", "contact", town.path("c.csv"), "--json"]).object
    #expect(back["changed"] as? Int == 0)
    // Who types a number over its mask means it, also when it would be masked alike.
    let masked = try String(contentsOfFile: town.path("c.csv"), encoding: .utf8)
    let typed = try town.write("typed.csv", masked.replacingOccurrences(of: "138******78", with: "13899999978"))
    #expect(try await town.county("one", ["import", "contact", typed, "--json"]).object["changed"] as? Int == 1)
    try await town.county("one", ["edit", "contact", contact, "phone=13812345678"])
    try await town.sync("one")
    try await town.sync("two")
    #expect(try await town.county("two", ["list", "contact", "--json"]).list.isEmpty)
    #expect(try await town.city(["show", "contact", contact, "--reveal"]).out.contains("王小明"))
    expectFailure(try await town.tryCounty("one", ["erase", "contact", contact]), 64)
    let erased = try await town.city(["erase", "contact", "--expired", "--reason", "到期", "--json"]).list
    #expect(erased.map { $0["fields"] as? [String] } == [["name", "phone"]])
    try await town.sync("one")
    await town.stop()
    for file in ["one/replica.sqlite", "one/replica.sqlite-wal", "city/master.sqlite", "city/master.sqlite-wal"] {
      let bytes = FileManager.default.contents(atPath: town.path(file)) ?? Data()
      #expect(bytes.range(of: Data("13812345678".utf8)) == nil && bytes.range(of: Data("王小明".utf8)) == nil, "\(file)")
    }
    let verified = try await town.city(["verify", "--json"]).object
    #expect(verified["ok"] as? Bool == true && (verified["erased"] as? [String])?.count == 1)
    #expect(try await town.city(["history", "contact", contact]).out.contains("erased"))
  }

  @Test("A contact without a name, as other programs write it, is shown and goes out and comes back")
  func emptyName() async throws {
    let town = try await registryTown([("one", "320706")])
    let id = try await town.county("one", ["add", "enterprise", "name=甲"]).line
    let cells = ["enterprise_id=\(id)", "name=\"\"", "phone=13812345678", "purpose=联系", "expires_on=2027-01-01"]
    let row = try await town.county("one", ["add", "contact"] + cells + ["--json"]).object
    let contact = try #require(row["id"] as? String)
    #expect(row["name"] as? String == "")
    for command in [
      ["list", "contact"], ["show", "contact", contact], ["diff"], ["history", "contact", contact],
      ["edit", "contact", contact, "purpose=回访"],
    ] {
      for flags in [[], ["--json"], ["--reveal"]] {
        #expect(try await town.tryCounty("one", command + flags).isDone, "\(command + flags)")
      }
    }
    for flags in [[], ["--reveal"]] {
      try await town.county("one", ["export", "contact", town.path("c.csv")] + flags)
      let back = try await town.county("one", ["import", "contact", town.path("c.csv"), "--json"] + flags).object
      #expect(back["changed"] as? Int == 0, "\(back)")
    }
    try await town.sync("one")
    #expect(try await town.city(["list", "contact"]).out.contains("138******78"))
  }

  @Test("What was decided about personal data is told masked, and what others typed moves no cursor")
  func decidedMasked() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    let cells = ["enterprise_id=\(id)", "name=王小明", "phone=13812345678", "purpose=联系", "expires_on=2027-01-01"]
    let contact = try await town.county("one", ["add", "contact"] + cells).line
    try await town.sync("one")
    try await town.sync("two")
    for (home, phone) in [("one", "13811111178"), ("two", "13922222278")] {
      try await town.county(home, ["edit", "contact", contact, "phone=\(phone)"])
      try await town.sync(home)
    }
    let conflicts = try await town.city(["conflicts", "--json"]).list
    let conflict = try #require(conflicts.first?["id"] as? Int)
    // The mask is no value here either.
    let decide = ["decide", "\(conflict)", "--reason", "核实\u{1b}[31m"]
    expectFailure(try await town.tryCity(decide + ["--value", "139******78"]), 65, "contact.phone", "--reveal")
    try await town.city(decide + ["--take", "1"])
    let told = try await town.county("two", ["sync"]).err
    #expect(told.contains("139******78") && told.contains("核实\\u{1B}[31m"), "\(told)")
    #expect(!told.contains("13922222278") && !told.contains("\u{1b}"), "\(told)")
    #expect(try await town.county("two", ["show", "contact", contact, "--reveal"]).out.contains("13922222278"))
  }
}
