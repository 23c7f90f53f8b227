import SQLiteStore
import SyncCore
import SyncProtocol

extension Master {
  /// Whether a request that arrives in pieces may be kept: its first 200 bytes are the header of a batch that this replica has
  /// signed, also under an id that it had before, or of one of the city's own that it gives back. Throws `Refusal`.
  public func checkStaged(_ head: [UInt8], of id: Identifier) throws {
    try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      guard let member = try member(id, transaction) else { throw Refusal.unknownReplica }
      if member.isWithdrawn { throw Refusal.withdrawn }
      let said = try refusing { try EnvelopeHead(head[...]).header }
      guard [.own, .batch].contains(said.kind) else { throw Refusal.notAMessage }
      // Only who gives back says what a former id has signed.
      let signers =
        try said.replica == id
        ? [(id: id, key: VerifyingKey(bytes: member.publicKey))] : keys(of: member, transaction)
      guard let signer = signers.first(where: { $0.id == said.replica })?.key else {
        throw try transaction.foreign(said.replica)
      }
      _ = try refusing { try EnvelopeHead(head[...]) { _ in signer } }
    }
  }
}
