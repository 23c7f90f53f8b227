/// The way of messages to a city and back.
public protocol Transport: Sendable {
  /// Sends an `enrol` message and returns the answer. Throws `Refusal`, or `Failure` when the city cannot be reached.
  func welcome(_ message: [UInt8]) async throws -> [UInt8]
  /// Sends a hello with batches and returns receipts and a page.
  func exchange(_ message: [UInt8]) async throws -> [UInt8]
  /// Sends a probe and returns the answer.
  func probe(_ message: [UInt8]) async throws -> [UInt8]
}
