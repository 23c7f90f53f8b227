import Foundation
import Testing

@Suite struct WordsTests {
  /// Every sentence of help, by where it stands.
  private static func sentences(_ program: String, locale: String) async throws -> [String: String] {
    let out = try await run([Program.path(program), "--experimental-dump-help", "--locale", locale]).out
    let top = try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any])
    var found: [String: String] = [:]
    collect(top["command"] as? [String: Any] ?? [:], program, &found)
    return found
  }

  private static func collect(_ command: [String: Any], _ path: String, _ found: inout [String: String]) {
    found[path] = command["abstract"] as? String ?? ""
    for argument in command["arguments"] as? [[String: Any]] ?? [] {
      let name = argument["valueName"] as? String ?? ""
      if ["help", "version"].contains(name) { continue }
      found["\(path) <\(name)>"] = argument["abstract"] as? String ?? ""
    }
    for next in command["subcommands"] as? [[String: Any]] ?? [] {
      guard let name = next["commandName"] as? String, name != "help" else { continue }
      collect(next, "\(path) \(name)", &found)
    }
  }

  @Test("Every command, argument and option is explained in Chinese and in English", arguments: ["county", "city"])
  func help(_ program: String) async throws {
    let (zh, en) = try await (Self.sentences(program, locale: "zh"), Self.sentences(program, locale: "en"))
    #expect(zh.count == en.count && zh.count > 100, "\(zh.count)")
    for (place, text) in zh { #expect(text.contains(where: isHan), "\(place): \(text)") }
    for (place, text) in en { #expect(!text.isEmpty && !text.contains(where: isHan), "\(place): \(text)") }
  }

  @Test("A program says what it understands", arguments: ["county", "city"])
  func version(_ program: String) async throws {
    let done = try await run([Program.path(program), "--version"])
    #expect(done.out == "\(program): protocol 6, schema level 1\n" && done.code == 0)
  }

  @Test("States and kinds are said in Chinese, and called in JSON as ever")
  func states() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town, ["name=海州甲公司", "industry=C3983"])
    try await town.city(["edit", "enterprise", id, "industry=C3599", "--actor", "张科"])
    for (home, name) in [("one", "海州一公司"), ("two", "海州二公司")] {
      try await town.county(home, ["edit", "enterprise", id, "name=\(name)", "industry=C3990"])
    }
    var said = [try await town.county("one", ["diff", "--locale", "zh"]).out]
    for home in ["one", "two"] { try await town.sync(home) }
    // An official's edit decides.
    try await town.city(["edit", "enterprise", id, "name=海州三公司", "--actor", "张科"])
    let news = try await town.county("two", ["sync", "--locale", "zh"])
    #expect(news.err.contains("已处理(已裁决):海州三公司(张科:市里直接修改)"), "\(news.err)")
    said += [news.err, news.out]
    for command in [["history", "enterprise", id], ["conflicts", "--state", "all"]] {
      let flags = command + ["--locale", "zh"]
      for done in [try await town.city(flags), try await town.county("two", flags)] { said += [done.out, done.err] }
    }
    said.append(try await town.city(["replicas", "--locale", "zh"]).out)
    #expect(said[0].contains("修改") && said.last?.contains("在用") == true)
    #expect(said.contains { $0.contains("规则:市里优先") } && said.contains { $0.contains("人工裁决") }, "\(said)")
    // What the schema and people call so stays.
    let record = try #require(try await town.county("one", ["records", "enterprise", "--json"]).list.first)
    let fields = (record["fields"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    let known = Set(fields.flatMap { $0.split(separator: "_").map(String.init) } + ["enterprise", "clerk"])
    for text in said { #expect(english(text).subtracting(known) == [], "\(text)") }

    let history = try await town.city(["history", "enterprise", id, "--json", "--locale", "zh"]).list
    #expect(history.first?["change"] as? String == "insert" && history.first?["outcome"] as? String == "taken")
    let conflicts = try await town.city(["conflicts", "--state", "all", "--json", "--locale", "zh"]).list
    #expect(Set(conflicts.compactMap { $0["state"] as? String }) == ["decided"])
    let reasons = conflicts.compactMap { ($0["decision"] as? [String: Any])?["reason"] as? String }
    #expect(Set(reasons) == ["city", "edited at the city"])
  }

  @Test("Why a row is parked, and what became of it, is said in Chinese")
  func parked() async throws {
    let town = try await registryTown()
    for home in ["one", "two"] {
      try await town.county(home, ["add", "enterprise", "name=海州\(home)公司", "uscc=91320706PDY00001XF"])
      try await town.sync(home)
    }
    for flags in [["--locale", "zh"], ["--locale", "en"]] {
      let tables = [try await town.city(["parked"] + flags).out, try await town.county("two", ["parked"] + flags).out]
      for table in tables {
        let isChinese = table.contains("取值重复") && table.contains("待处理")
        #expect(isChinese == (flags[1] == "zh"), "\(table)")
        #expect((table.contains("unique") || table.contains("waiting")) != isChinese, "\(table)")
      }
    }
    let id = try #require(try await town.city(["parked", "--json"]).list.first?["id"] as? Int)
    try await town.city(["dismiss", "\(id)", "--reason", "重复"])
    let told = try await town.county("two", ["sync", "--locale", "zh"]).err
    #expect(told.contains(":已退回,重复"), "\(told)")
    expectFailure(try await town.tryCity(["dismiss", "\(id)", "--reason", "x", "--locale", "zh"]), 65, "已处理(已退回)")
  }

  @Test("Without --locale the environment decides")
  func environment() async throws {
    let county = Program.path("county")
    #expect(try await run(["env", "LC_ALL=zh_CN.UTF-8", county, "--help"]).out.contains("县区登记"))
    #expect(try await run(["env", "LC_ALL=C.UTF-8", county, "--help"]).out.contains("works without network"))
  }
}

/// The words in small letters that are no ids.
private func english(_ text: String) -> Set<String> {
  let words = text.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
  let long = words.filter { word in
    word.count >= 4 && word.allSatisfy(\.isLowercase) && !word.allSatisfy { "abcdef".contains($0) }
  }
  return Set(long.map(String.init))
}

private func isHan(_ character: Character) -> Bool {
  character.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) }
}
