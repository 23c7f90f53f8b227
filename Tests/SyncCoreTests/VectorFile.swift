import Foundation
import Testing

/// The golden files under Protocol/vectors.
enum VectorFile {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Protocol/vectors")
  static let isWriting = ProcessInfo.processInfo.environment["TRIBUTARY_WRITE_VECTORS"] == "1"

  static func read<T: Decodable>(_ name: String, as _: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  static func write(_ name: String, _ content: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (try encoder.encode(content) + Data("\n".utf8)).write(to: folder.appendingPathComponent(name))
  }
}
