import Foundation
import Testing

/// Every test that the specification names is there.
@Test func theSpecNamesTestsThatExist() throws {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let spec = try String(contentsOf: root.appendingPathComponent("Protocol/SPEC.md"), encoding: .utf8)
  var tests = ""
  let files = try #require(
    FileManager.default.enumerator(at: root.appendingPathComponent("Tests"), includingPropertiesForKeys: nil))
  for case let file as URL in files where file.pathExtension == "swift" {
    tests += try String(contentsOf: file, encoding: .utf8)
  }
  let names = spec.matches(of: /`([a-z][a-z]*[A-Z][A-Za-z]+)`|`(captures|merges|reconciles)`/).compactMap {
    $0.output.1 ?? $0.output.2
  }
  #expect(names.count > 60)
  let missing = Set(names).filter { !tests.contains("func \($0)(") }
  #expect(missing == [])
}
