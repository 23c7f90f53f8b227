import Foundation
import Testing

@testable import SyncProtocol

/// The protocol cannot change by accident: its version and every golden file are pinned. Whoever means to change it adds a
/// line to Protocol/HISTORY.md, writes the vectors anew, and `sha256sum *.json > SHA256SUMS`.
struct PinTests {
  @Test func version() throws {
    #expect(Header.version == 6)
    let history = try text("../HISTORY.md").split(separator: "\n").filter { $0.hasPrefix("- ") }
    #expect(history.count == Int(Header.version))
    #expect(history.last?.hasPrefix("- \(Header.version) ") == true)
    #expect(try text("../WIRE.md").contains("version \(Header.version)\n"))
  }

  @Test func vectors() throws {
    var sums: [String: String] = [:]
    for line in try text("SHA256SUMS").split(separator: "\n") {
      let parts = line.split(separator: " ").map(String.init)
      try #require(parts.count == 2)
      sums[parts[1]] = parts[0]
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: VectorFile.folder.path).filter {
      $0.hasSuffix(".json")
    }
    #expect(Set(sums.keys) == Set(names))
    #expect(
      Set(names) == [
        "body.json", "bundle.json", "changeset.json", "envelope.json", "key.json", "merge.json", "own.json",
      ])
    for name in names {
      let bytes = try Data(contentsOf: VectorFile.folder.appendingPathComponent(name))
      #expect(sha256(bytes).hex == sums[name], "\(name)")
    }
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: VectorFile.folder.appendingPathComponent(path)), as: UTF8.self)
  }
}
