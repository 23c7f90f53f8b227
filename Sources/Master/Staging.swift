import SyncCore
import SyncProtocol

extension Master {
  /// Whether a request that arrives in pieces may be kept: its first 200 bytes are the header of a batch that this replica has
  /// signed, or of one of the city's own that it gives back. Throws `Refusal`.
  public func checkStaged(_ head: [UInt8], of id: Identifier) throws {
    let replica = try store.transaction { try $0.replica(id) }
    guard let replica else { throw Refusal.unknownReplica }
    if replica.isWithdrawn { throw Refusal.withdrawn }
    let own = key.publicKey
    let header = try refusing {
      try EnvelopeHead(head[...]) { $0.kind == .own ? own : try VerifyingKey(bytes: replica.publicKey) }.header
    }
    guard header.kind == .own || (header.kind == .batch && header.replica == id) else { throw Refusal.notAMessage }
  }
}
