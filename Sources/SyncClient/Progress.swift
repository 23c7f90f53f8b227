/// How far a long upload or download is.
public struct TransferProgress: Sendable, Equatable {
  public enum Direction: Sendable { case up, down }

  public var direction: Direction
  /// Bytes that went so far, in this run or an earlier one.
  public var done: Int64
  public var total: Int64

  public init(_ direction: Direction, done: Int64, total: Int64) {
    self.direction = direction
    self.done = done
    self.total = total
  }
}

public typealias ProgressHandler = @Sendable (TransferProgress) -> Void
