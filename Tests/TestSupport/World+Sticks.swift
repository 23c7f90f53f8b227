import Foundation
import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol

// Exchanges on sticks: real files in the world's folder.

extension World {
  public func stick(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Writes what a replica has for the city.
  /// - Parameter stale: asks for a snapshot.
  @discardableResult
  public func write(
    _ replica: Replica, _ file: String, partSize: Int = BundleWriter.partSize, stale: Bool = false
  ) throws -> BundleContent {
    clock.now += 1000
    return try BundleExchange(replica).write(stick(file), partSize: partSize, stale: stale)
  }

  /// The city reads a stick, and writes its answer on another.
  @discardableResult
  public func answer(
    _ file: String, _ reply: String, partSize: Int = BundleWriter.partSize
  ) throws -> BundleReport {
    clock.now += 1000
    return try master.read(bundle: stick(file), replyingIn: stick(reply), partSize: partSize)
  }

  /// A replica reads what the city answered; nil: it is old.
  @discardableResult
  public func take(_ replica: Replica, _ reply: String) throws -> SyncSummary? {
    clock.now += 1000
    return try BundleExchange(replica).read(stick(reply))
  }

  /// A whole exchange on sticks.
  @discardableResult
  public func carry(_ replica: Replica) throws -> SyncSummary? {
    let name = UUID().uuidString
    try write(replica, name)
    try answer(name, name + "-answer")
    return try take(replica, name + "-answer")
  }

  /// Another file of a replica, such as an old copy of it.
  public func reopened(_ replica: Replica, at path: String) throws -> Replica {
    guard let key = keys[replica.path] else { throw EnvelopeError.notAMessage }
    return try Replica.open(path: path, key: key, clock: replica.clock) { _ in replica.schema }
  }
}

extension World {
  /// Starts a machine from what the city wrote for its unit.
  public func start(from file: String, code: EnrolmentCode) throws -> Replica {
    let (key, clock) = (SigningKey(), clock)
    let first = try FirstStep(stick(file), code: code, key: key, server: "loopback")
    let replica = try Replica.create(
      path: stick("replica-\(UUID().uuidString).sqlite"), key: key, meta: first.meta, schema: master.schema,
      actor: "clerk", clock: { clock.now })
    _ = try first.fill(replica)
    add(replica, key: key)
    return replica
  }
}
