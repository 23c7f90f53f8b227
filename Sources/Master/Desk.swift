import SyncCore
import SyncProtocol

/// Where changes of counties come in: one batch, or parked changes whose cause has gone. All within one transaction of
/// the master, under one arrival number.
struct Desk {
  let schema: Schema
  let formats: Formats
  let transaction: any MasterTransaction
  let received: Stamp
  let arrival: Int64
  let ties: [String: Ties]
  /// The columns whose cells keep when they were edited, by record; nil: those that the schema settles by it.
  var latest: [String: [Int]]?

  init(schema: Schema, formats: Formats, transaction: any MasterTransaction, received: Stamp, arrival: Int64) {
    self.schema = schema
    self.formats = formats
    self.transaction = transaction
    self.received = received
    self.arrival = arrival
    ties = Ties.all(schema)
  }

  /// Takes a batch in and says what became of each change and decision that was not taken as it is.
  func take(_ batch: Batch, from replica: ReplicaRecord, cursor: Int64, number: Int64) throws -> [RowReceipt] {
    var sender = try sender(replica)
    sender.cursor = cursor
    for ruling in batch.rulings { try withdraw(ruling, replica) }
    var receipts: [RowReceipt] = []
    var writes: [RowWrite] = []
    for (index, decision) in batch.decisions.enumerated() {
      let n = batch.changes.count + index + 1
      if let receipt = try decide(decision, n: n, sender, &writes) { receipts.append(receipt) }
    }
    let mapping = try Mapping(schema, transaction, batch.changes, sender: sender)
    let incoming = batch.changes.enumerated().map { index, change in
      let (sent, erased) = withoutErased(change)
      return Incoming(
        n: index + 1, change: mapping.mapped(sent), sent: sent, isByFormerKey: mapping.isByFormerKey(sent),
        isOfSharedRow: mapping.isOfSharedRow(sent), erased: erased)
    }
    // Of what is not mapped, no row comes twice.
    for round in mapping.isIdentity ? [incoming] : rounds(incoming) {
      let settlement = try settle(round, sender)
      try transaction.supersede(round.map(\.sent.ref), by: replica.id, arrival: arrival, received: received)
      let written = try transaction.write(settlement, arrival: arrival)
      #if MUTANTS
        if Mutant.parksNothing.isActive { continue }
      #endif
      try transaction.park(settlement.parked, from: replica, batch: number, arrival: arrival, received: received)
      writes += written
      receipts += settlement.receipts
    }
    try follow(writes)
    return receipts.sorted { $0.n < $1.n }
  }

  /// A batch that came already says nothing new; its sender may have read past the rows of it, and is told again what stands (L3).
  func echo(_ batch: Batch, to replica: ReplicaRecord) throws {
    let mapping = try Mapping(schema, transaction, batch.changes, sender: sender(replica))
    let rows = batch.changes.map { (sent: $0.ref, ref: mapping.mapped($0).ref) }
    let images = try transaction.images(of: Array(Set(rows.map(\.ref))))
    let writes = rows.map { sent, ref in
      RowWrite(ref: ref, before: images[ref], after: images[ref], echo: replica.org, alias: ref == sent ? nil : sent)
    }
    _ = try transaction.write(Settlement(writes: writes), arrival: arrival)
  }

  /// The change without what was erased of it, and the fields that it set to such values.
  private func withoutErased(_ change: Change) -> (Change, erased: [String]) {
    guard let record = schema.record(change.record), !record.restrictedIndices.isEmpty else { return (change, []) }
    let erased = record.fields.indices.filter { record.fields[$0].isErased(change.new[$0]) }
    return (change.withoutErased(record), erased.map { record.fields[$0].name })
  }

  func sender(_ replica: ReplicaRecord) throws -> Sender {
    Sender(
      replica: replica.id, org: replica.org, successor: try successor(of: replica.org), offset: replica.offset,
      // Nothing is left out of an answer unless the replica says that it has read it.
      cursor: -1)
  }

  func settle(_ changes: [Incoming], _ sender: Sender, waiving waived: Set<Parking> = []) throws -> Settlement {
    let intake = Intake(
      schema: schema, formats: formats, transaction: transaction, sender: sender, received: received, ties: ties,
      waived: waived, latest: latest)
    return try intake.settle(changes)
  }

  /// Mapping may bring two changes to one row: they merge one after the other, and the delete of a row by its own key before
  /// what comes by another one, which is a new row or one more delete of it.
  func rounds(_ changes: [Incoming]) -> [[Incoming]] {
    var rounds: [[Incoming]] = []
    var rest = changes
    let leaves = { (change: Incoming) in change.isDeleteByItsKey && !change.isOfSharedRow }
    var leaving = Set(changes.filter(leaves).map(\.change.ref))
    while !rest.isEmpty {
      var seen: Set<RowRef> = []
      var later: [Incoming] = []
      rounds.append(
        rest.filter { change in
          let waits = leaving.contains(change.change.ref) && !leaves(change)
          if !waits, seen.insert(change.change.ref).inserted { return true }
          later.append(change)
          return false
        })
      leaving = []
      rest = later
    }
    return rounds
  }

  /// The unit that took over at last (M15).
  private func successor(of unit: String) throws -> String? {
    guard let units = schema.units, let name = schema.successor, let record = schema.record(units.record),
      let column = record.index(of: name)
    else { return nil }
    #if MUTANTS
      if Mutant.successorIsForgotten.isActive { return nil }
    #endif
    return try schema.lastSuccessor(of: unit) { unit in
      let ref = RowRef(record.name, RowKey([.text(unit)]))
      // A unit whose record was merged into that of another is that one now.
      let value = try transaction.images(of: [ref])[ref]?[column] ?? transaction.alias(of: ref)?.values.first
      guard case .text(let next)? = value else { return nil }
      return next
    }
  }
}
