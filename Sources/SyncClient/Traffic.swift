import Synchronization

/// Bytes of our messages that went over the line, what was sent again included; without what TCP, TLS and HTTP add.
public final class Traffic: Sendable {
  private let count = Mutex((sent: Int64(0), received: Int64(0)))

  public init() {}

  public var sent: Int64 { count.withLock { $0.sent } }
  public var received: Int64 { count.withLock { $0.received } }

  public func addSent(_ bytes: Int) { count.withLock { $0.sent += Int64(bytes) } }
  public func addReceived(_ bytes: Int) { count.withLock { $0.received += Int64(bytes) } }
}
