import SyncCore
import SyncProtocol

// When a replica cannot go on from where it is, it is told so and takes a snapshot: its rows are compared with it, and what it
// has not sent stays.

extension Master {
  /// Whether the feed cannot be continued from the cursor of a hello. The one place where that is decided.
  func mustTakeSnapshot(_ hello: Header, _ transaction: any MasterTransaction) throws -> Bool {
    #if MUTANTS
      if Mutant.staleReadsOn.isActive { return hello.stale }
    #endif
    // A first pull misses nothing that was trimmed, and one that has begun is gone on with.
    return try hello.stale || (hello.cursor > 0 && !hello.tentative && hello.cursor < transaction.trimmedPlace())
  }

  /// In place of a page: the cursor stays where it is.
  func stalePage(for replica: ReplicaRecord, _ hello: Header, _ transaction: any MasterTransaction) throws -> Envelope {
    let meta = try transaction.meta()
    var header = Header(
      kind: .page, replica: replica.id, epoch: meta.epoch, number: hello.cursor, cursor: hello.cursor,
      stamp: max(try transaction.stamp(), Stamp(milliseconds: clock())), schema: meta.schemaHash)
    header.stale = true
    return try Envelope(header, body: [], key: key)
  }
}
