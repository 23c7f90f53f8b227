import Foundation
import SyncClient
import SyncCore
import SyncProtocol

/// The client's way to the city: whatever it asks waits for the town to bring an answer.
final class SimulatedLine: Transport, @unchecked Sendable {
  enum Question: Sendable {
    case exchange([UInt8])
    case snapshot([UInt8])
    case probe([UInt8])
    /// The bytes of a snapshot's file from an offset on.
    case file(Identifier, from: Int)
  }

  private(set) var question: Question?
  private var waiting: CheckedContinuation<[UInt8], any Error>?

  func answer(_ answer: Result<[UInt8], any Error>) {
    let continuation = waiting
    (question, waiting) = (nil, nil)
    continuation?.resume(with: answer)
  }

  private func ask(_ question: Question) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { continuation in
      (self.question, waiting) = (question, continuation)
    }
  }

  func welcome(_ message: [UInt8]) async throws -> [UInt8] { throw LineBroke() }
  func exchange(_ message: [UInt8]) async throws -> [UInt8] { try await ask(.exchange(message)) }
  func snapshot(_ hello: [UInt8]) async throws -> [UInt8] { try await ask(.snapshot(hello)) }
  func probe(_ message: [UInt8]) async throws -> [UInt8] { try await ask(.probe(message)) }

  /// What came before stays when the line breaks, as with the client's own transport.
  func download(_ manifest: SnapshotManifest, to file: String) async throws {
    let place = URL(fileURLWithPath: file)
    var bytes = [UInt8]((try? Data(contentsOf: place)) ?? Data())
    if Int64(bytes.count) > manifest.packed { bytes = [] }
    while Int64(bytes.count) < manifest.packed {
      bytes += try await ask(.file(manifest.id, from: bytes.count))
      guard Int64(bytes.count) <= manifest.packed else { throw SnapshotFile.damaged }
      try Data(bytes).write(to: place)
    }
  }
}

/// Nobody answers any more.
struct LineBroke: Error {}
