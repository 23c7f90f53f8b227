import Foundation
import SyncCore
import SyncProtocol

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

  /// One change of changeset.json.
  struct Row: Codable, Equatable {
    var table: String
    var key: [UInt8]
    var operation: String
    var old: [String?]
    var new: [String?]

    init(_ heard: Heard) {
      table = heard.table
      key = heard.key
      operation = "\(heard.operation)"
      old = heard.old.map { $0.map(VectorFile.spelled) }
      new = heard.new.map { $0.map(VectorFile.spelled) }
    }
  }

  /// A value as the vectors spell it; JSON's null is "undefined".
  static func spelled(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .integer(let number): "integer:\(number)"
    case .real(let number): "real:" + String(number.bitPattern, radix: 16)
    case .text(let text): "text:" + text
    case .blob(let bytes): "blob:" + bytes.hex
    }
  }
}
