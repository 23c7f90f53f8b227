import SyncCore
import SyncProtocol
import Testing

/// Smaller limits, so that a small test crosses them.
public struct Limits: TestTrait, TestScoping {
  var row: Int
  var batch: Int

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await RecordSchema.$mostBytes.withValue(row) {
      try await Batch.$mostBytes.withValue(batch, operation: function)
    }
  }
}

extension Trait where Self == Limits {
  /// A hundredth of what they are: a row may have 0.2 MB, and a portion 0.24 MB.
  public static var aHundredth: Limits { Limits(row: RecordSchema.mostBytes / 100, batch: 240_000) }
}
