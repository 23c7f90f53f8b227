import SQLiteStore
import SyncCore
import SyncProtocol

// What came too late for its place in the log, because an official had let the city go on without it: a county's batches merge
// as they would have, had they been sent now; of the city's own acts only those are carried out that nobody would undo.

extension Reentry {
  /// The city works again. What came too late for its place comes in as what is late always does.
  mutating func finish() throws {
    try db.run("DELETE FROM sync_meta WHERE name = 'recovering'")
    for batch in try transaction.returned("state = 'held'") { try transaction.keep(batch, as: batch.passedOver) }
    if try transaction.setting("recovered_end") == nil {
      try transaction.set("recovered_end", .integer(try transaction.lastArrival()))
    }
    try enrolLate()
    try eraseAgain()
    try recallVersions()
    for batch in try transaction.returned("state = 'late' AND replica <> ?", [.blob(Identifier.city.bytes)]) {
      if try !isDone({ try $0.takeLate(batch) }) { try transaction.keep(batch, as: .aside) }
    }
    for recorded in try RecordedErasure.read(db) { try transaction.eraseReturned(recorded.erasure) }
    // All that was to be done about the city's own is done: asked again, there is nothing to take.
    try db.run(
      "UPDATE sync_returned SET state = 'aside' WHERE state = 'late' AND replica = ?", [.blob(Identifier.city.bytes)])
  }

  /// What was erased stays erased, whatever was lost before it or after it: an erasure that could not be taken in its place is
  /// recorded once more, before what comes late: that was made without knowing of it, or is new (E5).
  private func eraseAgain() throws {
    if !master.schema.hasRestricted { return }
    let recorded = Set(try RecordedErasure.read(db).map(\.erasure))
    let aside = try transaction.returned("state <> 'held' AND replica = ?", [.blob(Identifier.city.bytes)])
    let erasures = try aside.flatMap { try $0.content(master.schema, db)?.erasures ?? [] }
      .filter { !recorded.contains($0) }
    if erasures.isEmpty { return }
    let (arrival, cursor) = (try transaction.upcomingArrival(), try transaction.head())
    try master.absorb(transaction, Batch(erasures: erasures))
    for erasure in erasures { try transaction.carryOut(erasure, arrival: arrival, cursor: cursor) }
  }

  /// A machine that the log does not know because its enrolment came back too late, or was set aside, is enrolled
  /// again; one whose withdrawal did is shut out again, for nothing ever lets a machine in that was withdrawn.
  private func enrolLate() throws {
    let members = try transaction.returnedMembers()
    let withdrawn = Set(members.filter(\.isWithdrawn).map(\.replica))
    for var member in members {
      member.isWithdrawn = withdrawn.contains(member.replica)
      let known = try transaction.replica(member.replica)
      if known == nil || member.isWithdrawn && known?.isWithdrawn == false { try master.enter(member, transaction) }
    }
  }

  /// A version of the schema past which the city has gone meanwhile: what was made by it can be read.
  private mutating func recallVersions() throws {
    let own = try transaction.returned("replica = ?", [.blob(Identifier.city.bytes)])
    let steps = try own.flatMap { try $0.content(master.schema, db)?.schemas ?? [] }
    for step in steps where try transaction.mayHaveLost(step.version) {
      // One that the present version does not add to stays listed.
      _ = try isDone { try $0.master.recall(step, $0.transaction) }
    }
  }

  /// Takes a county's batch, unless it waits for another one of its sender's. Throws when it cannot be taken.
  private func takeLate(_ returned: ReturnedBatch) throws {
    guard var replica = try transaction.replica(returned.replica) else { return }
    if returned.number <= replica.highWater {
      // Sent once more since, it is in the log. Else a later one of its sender's is, and it is for a person to look at.
      guard let logged = try transaction.batch(returned.replica, returned.number), logged.message == returned.message
      else { throw Misfit() }
      return try transaction.forget(returned, in: logged.arrival)
    }
    guard try follows(returned, replica, isLate: true) else { return }
    let message = try SealedEnvelope(returned.message[...]).unverified()
    replica.offset = returned.offset
    let received = try transaction.tick(milliseconds: master.clock())
    let own = try master.schema(named: message.header.schema, transaction.meta(), transaction)
    let (batch, kept) = try master.received(
      Batch(message.body, schema: own), by: own, secrets: returned.knownSecrets(), cursor: -1,
      offset: replica.offset, at: received, transaction,
      isFormer: true)
    let arrival = try transaction.upcomingArrival()
    try transaction.keep(kept, arrival: arrival)
    let transaction = transaction
    _ = try master.take(
      batch.widened(to: master.schema), of: message, from: replica, cursor: -1, received: received, transaction
    ) { arrival, rows in
      try master.receipt(
        rows, of: message, arrival: arrival, received: received, offset: replica.offset, isStale: true, transaction)
    }
    try transaction.forget(returned, in: arrival)
  }
}
