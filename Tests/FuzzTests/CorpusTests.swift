import Foundation
import FuzzReaders
import SyncCore
import SyncProtocol
import Testing

/// What the fuzzer found worth keeping is read on every run of the tests, without the fuzzer. One after
/// the other: the readers of files share a folder.
@Suite(.serialized) struct CorpusTests {
  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzz/corpus")

  private func inputs(_ reader: Reader) throws -> [(name: String, bytes: [UInt8])] {
    let folder = Self.corpus.appendingPathComponent(reader.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try names.map { ($0, [UInt8](try Data(contentsOf: folder.appendingPathComponent($0)))) }
  }

  @Test(arguments: Reader.allCases) func everyInputIsReadOrRefused(_ reader: Reader) throws {
    let inputs = try inputs(reader)
    try #require(!inputs.isEmpty)
    for (name, bytes) in inputs { #expect(reader.finding(bytes) == nil, "\(reader.rawValue)/\(name)") }
  }

  /// A reader that refused everything would find nothing.
  @Test(arguments: Reader.allCases) func whatIsSoundIsRead(_ reader: Reader) throws {
    let seeds = try reader.seeds()
    try #require(!seeds.isEmpty)
    for (index, bytes) in seeds.enumerated() {
      #expect(throws: Never.self, "\(reader.rawValue) \(index)") { try reader.read(bytes) }
    }
  }

  /// The library reads formats from before RFC 8878 too, with a window of 128 MiB whatever it is told: three bytes in format 0.7.
  private static let formerFrame: [UInt8] = [0x27, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x40, 0, 3, 0x61, 0x62, 0x63, 0xc0, 0, 0]
  private static let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 0x61, 0x62, 0x63]
  private static let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]

  @Test func onlyOneFrameOfTheStandardIsUnpacked() throws {
    // Kind, compression, flags, length before compression.
    let message: [UInt8] = [4, 1, 0, 0, 0, 0, 3]
    try Reader.envelope.read(message + Self.frame)
    for body in [Self.formerFrame, Self.skippable + Self.frame, Self.frame + Self.skippable, Self.frame + Self.frame] {
      #expect(throws: EnvelopeError.badCompression) { try Reader.envelope.read(message + body) }
    }
    // The length before compression.
    try Reader.snapshot.read([0, 3] + Self.frame)
    for file in [Self.formerFrame, Self.skippable + Self.frame, Self.frame + Self.skippable] {
      #expect(throws: SnapshotFile.damaged) { try Reader.snapshot.read([0, 3] + file) }
    }
  }
}
