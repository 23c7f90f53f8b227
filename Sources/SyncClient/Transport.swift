import SyncProtocol

/// The way of messages to a city and back. Every call throws `Refusal`, or `Failure` when the city cannot be reached.
public protocol Transport: Sendable {
  /// Sends an `enrol` message and returns the answer.
  func welcome(_ message: [UInt8]) async throws -> [UInt8]
  /// Sends a hello with batches and returns receipts and a page.
  func exchange(_ message: [UInt8]) async throws -> [UInt8]
  /// Sends a hello and returns the manifest of a snapshot.
  func snapshot(_ hello: [UInt8]) async throws -> [UInt8]
  /// Fetches the file of a snapshot into a file, and goes on after the bytes that are there already. Throws `SnapshotGone`.
  func download(_ manifest: SnapshotManifest, to file: String) async throws
  /// Sends a probe and returns the answer.
  func probe(_ message: [UInt8]) async throws -> [UInt8]
  /// Runs the body, whose calls share what it costs to reach the city.
  func keepingOpen<T>(_ body: () async throws -> T) async throws -> T
  /// What went over the line; nil: nobody counts.
  var traffic: Traffic? { get }
}

extension Transport {
  public var traffic: Traffic? { nil }
  public func keepingOpen<T>(_ body: () async throws -> T) async throws -> T { try await body() }
}

/// The city does not keep the file of this snapshot any more.
public struct SnapshotGone: Error {
  public init() {}
}
