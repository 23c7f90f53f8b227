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

  @Test("Without --locale the environment decides")
  func environment() async throws {
    let county = Program.path("county")
    #expect(try await run(["env", "LC_ALL=zh_CN.UTF-8", county, "--help"]).out.contains("县区登记"))
    #expect(try await run(["env", "LC_ALL=C.UTF-8", county, "--help"]).out.contains("works without network"))
  }
}

private func isHan(_ character: Character) -> Bool {
  character.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) }
}
