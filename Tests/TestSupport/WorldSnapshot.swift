import Foundation
import Master
import Replica
import SyncClient
import SyncProtocol

extension World {
  /// Makes a snapshot for the unit of a replica, beside the master, and takes it with these receipts.
  @discardableResult
  public func takeSnapshot(_ replica: Replica, _ receipts: [Envelope] = []) throws -> ReceiveSummary {
    let (manifest, file) = try makeSnapshot(replica.identity.org, for: replica.identity.replica)
    return try replica.receive(receipts: receipts, snapshot: manifest, file: file)
  }

  /// A snapshot and its file, which goes with the world.
  public func makeSnapshot(_ org: String, for replica: Identifier = .city) throws -> (manifest: Envelope, file: String)
  {
    let file = folder.appendingPathComponent("\(UUID().uuidString).zst").path
    return (try master.snapshot(org: org, for: replica, into: file), file)
  }
}

/// Something else happens once the file of a snapshot has come.
public final class Fetched: LoopbackTransport, @unchecked Sendable {
  public let master: Master
  private let after: () throws -> Void

  public init(_ master: Master, after: @escaping () throws -> Void) { (self.master, self.after) = (master, after) }

  public func download(_ manifest: SnapshotManifest, to file: String) async throws {
    try await Loopback(master: master).download(manifest, to: file)
    try after()
  }
}
