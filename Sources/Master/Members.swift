import SQLiteStore
import SyncCore
import SyncProtocol

// Who the replicas are is in the log: a batch of the city's own enrols or withdraws a machine, so that the log gives the
// replicas too, and a restored city knows again whom it enrolled.

extension Master {
  /// Enrols or withdraws a machine, with a batch of the city's own that says so.
  func enter(_ member: Member, _ transaction: any MasterTransaction) throws {
    try absorb(transaction)
    try carryOut(member, transaction)
    try absorb(transaction, Batch(members: [member]))
  }

  /// What such a batch does, whether it is new or the log is replayed.
  func carryOut(_ member: Member, _ transaction: any MasterTransaction) throws {
    let known = try transaction.replica(member.replica)
    var replica = try known ?? enrolled(member, transaction)
    replica.isWithdrawn = member.isWithdrawn
    try transaction.save(replica)
    // Who came with a code named an id that the city did not know: now it is known whose it is.
    if known == nil { try transaction.disown(replica.id) }
  }

  private func enrolled(_ member: Member, _ transaction: any MasterTransaction) throws -> ReplicaRecord {
    var replica = ReplicaRecord(
      id: member.replica, org: member.org, publicKey: member.publicKey, agreementKey: member.agreementKey,
      isWithdrawn: false, highWater: 0, request: 0, acknowledged: 0, offset: 0,
      enrolledAt: member.edit.stamp.milliseconds)
    guard let former = member.former else { return replica }
    replica.highWater = former.kept
    replica.offset = try transaction.replica(former.replica)?.offset ?? 0
    try transaction.succeed(former.replica, by: member.replica, kept: former.kept)
    return replica
  }

  /// Refuses everything from a machine from now on: it was lost or is no longer trusted.
  public func withdraw(_ id: Identifier, actor: String? = nil) throws {
    try store.transaction { transaction in
      guard let replica = try transaction.replica(id) else {
        throw Failure(.notFound, zh: "没有登记 \(id)", en: "there is no replica \(id); city replicas lists them")
      }
      if replica.isWithdrawn { return }
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city")
      try enter(
        Member(
          replica: id, org: replica.org, publicKey: replica.publicKey, agreementKey: replica.agreementKey,
          isWithdrawn: true, edit: edit), transaction)
    }
  }
}
