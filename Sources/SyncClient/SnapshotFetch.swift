import Foundation
import Replica
import SyncCore
import SyncProtocol

// Fetching a snapshot may take several runs of the program: the manifest and the part of the file that arrived lie beside the
// replica until the snapshot is taken, or is too old.

struct SnapshotFetch {
  let replica: Replica
  let transport: any Transport
  /// The epoch of a city that was restored; nil: the one that the replica knows.
  var epoch: Identifier?

  private var file: String { replica.path + ".snapshot" }
  private var manifestFile: String { replica.path + ".snapshot-manifest" }

  /// Takes a snapshot and these receipts.
  /// - Returns: what it did, and whether the city may have more by now.
  func take(
    _ receipts: [Envelope], parkingClashes: Bool
  ) async throws -> (summary: ReceiveSummary, isOld: Bool) {
    let meta = try replica.meta()
    if let envelope = try remembered(meta, receipts) {
      try replica.refuseAhead(of: receipts, parkingClashes: parkingClashes)
      if try await download(envelope) { return (try finish(receipts, envelope, parkingClashes), true) }
    }
    for _ in 1...3 {
      let envelope = try await ask(meta)
      // Another program may have sent a batch since these receipts came. The manifest is kept for the next try.
      try replica.refuseAhead(of: receipts, parkingClashes: parkingClashes)
      if try await download(envelope) { return (try finish(receipts, envelope, parkingClashes), false) }
    }
    throw SnapshotFile.damaged
  }

  /// The snapshot that an earlier run began to fetch, if it is not older than what this replica knows since. What it
  /// had read of a city that was restored since says nothing of that.
  private func remembered(_ meta: ReplicaMeta, _ receipts: [Envelope]) throws -> Envelope? {
    let present = epoch ?? meta.epoch
    let known = present == meta.epoch ? (cursor: meta.cursor, seen: meta.seen) : (cursor: 0, seen: 0)
    let answered = receipts.filter { $0.header.epoch == present }.map(\.header.cursor).max() ?? 0
    guard let envelope = try kept(), let manifest = try? SnapshotManifest(envelope.body),
      envelope.header.schema == meta.schemaHash, envelope.header.epoch == present,
      envelope.header.cursor >= known.cursor, manifest.arrival >= max(known.seen, answered)
    else {
      forget()
      return nil
    }
    return envelope
  }

  private func kept() throws -> Envelope? {
    guard let bytes = FileManager.default.contents(atPath: manifestFile) else { return nil }
    let city = try VerifyingKey(bytes: replica.identity.cityKey)
    return try? SnapshotManifest.open([UInt8](bytes), from: city, for: replica.identity.replica)
  }

  private func ask(_ meta: ReplicaMeta) async throws -> Envelope {
    let hello = try replica.hello(stale: true, epoch: epoch)
    let reply = try await transport.snapshot(hello.bytes)
    let envelope = try SnapshotManifest.open(reply, from: VerifyingKey(bytes: meta.cityKey), for: meta.replica)
    // An answer to an older question would be an older snapshot.
    guard envelope.header.number == hello.header.number else { throw EnvelopeError.tampered }
    // The part that is there may be of another one.
    if try kept().map({ try SnapshotManifest($0.body).id }) != SnapshotManifest(envelope.body).id { forget() }
    do { try Data(envelope.bytes).write(to: URL(fileURLWithPath: manifestFile), options: .atomic) } catch {
      throw Failure(
        .disk, zh: "无法写入 \(manifestFile)", en: "cannot write \(manifestFile); check the disk and the permissions")
    }
    return envelope
  }

  /// Returns false when it has to be asked for anew: the city does not keep it any more, or what came is not what was signed.
  private func download(_ envelope: Envelope) async throws -> Bool {
    let manifest = try SnapshotManifest(envelope.body)
    do {
      try await transport.download(manifest, to: file)
      // Another program of this machine may have heard of an erasure meanwhile.
      guard FileManager.default.fileExists(atPath: file) else { throw SnapshotGone() }
      try SnapshotFile.check(file, manifest)
      return true
    } catch is SnapshotGone {} catch let failure as Failure where failure == SnapshotFile.damaged {}
    forget()
    return false
  }

  private func finish(_ receipts: [Envelope], _ envelope: Envelope, _ parkingClashes: Bool) throws -> ReceiveSummary {
    let summary = try replica.receive(
      receipts: receipts, snapshot: envelope, file: file, parkingClashes: parkingClashes)
    forget()
    return summary
  }

  private func forget() {
    for path in [file, manifestFile] { try? FileManager.default.removeItem(atPath: path) }
  }
}
