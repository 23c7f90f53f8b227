import SyncCore
import SyncProtocol

// Parked changes come in again: by themselves when their cause goes, or because the city admits them. They merge with
// their original base, in arrival order.

extension Desk {
  /// Brings in what these writes have freed, and what that frees in turn.
  func follow(_ writes: [RowWrite]) throws {
    #if MUTANTS
      if Mutant.neverReenters.isActive { return }
    #endif
    guard try transaction.isAnythingWaiting() else { return }
    try follow(
      Freed(by: writes, ties), as: .entered, detail: Self.entered, edit: Edit(stamp: received, actor: ""))
  }

  func follow(_ freed: Freed, as state: ParkedState, detail: Label, edit: Edit) throws {
    var freed = freed
    while !freed.isEmpty {
      var writes: [RowWrite] = []
      for group in groups(try transaction.waiting(for: freed)) {
        writes += try enter(group, as: state, detail: detail, edit: edit).writes
      }
      freed = Freed(by: writes, ties)
    }
  }

  /// Judges parked changes by rules that are new: what can stand now enters, and the rest has its cause of now.
  func judgeAgain(_ parked: [ParkedChange]) throws {
    var writes: [RowWrite] = []
    for group in groups(parked) {
      writes += try enter(group, as: .entered, detail: Self.entered, edit: Edit(stamp: received, actor: "")).writes
    }
    if !writes.isEmpty { try follow(writes) }
  }

  /// Merges parked changes of one batch again. Those that still cannot stand go on waiting and are returned.
  func enter(
    _ parked: [ParkedChange], as state: ParkedState, detail: Label, edit: Edit, waiving waived: Set<Parking> = []
  ) throws -> (writes: [RowWrite], still: [ParkedDraft]) {
    guard let first = parked.first, let replica = try transaction.replica(first.sender) else { return ([], []) }
    var sender = try sender(replica)
    // Corrected by the clock that the replica had then, and by when it came: what it measures later is not in the log.
    let then = try transaction.clock(of: first.arrival)
    (sender.offset, sender.came) = (then?.offset ?? sender.offset, then?.received)
    let mapping = try Mapping(schema, transaction, parked.map(\.change), sender: sender)
    let byN = Dictionary(uniqueKeysWithValues: parked.map { ($0.n, $0) })
    let incoming = parked.map { parked in
      let sent = parked.change
      return Incoming(
        n: parked.n, change: mapping.mapped(sent), sent: sent, isByFormerKey: mapping.isByFormerKey(sent),
        isOfSharedRow: mapping.isOfSharedRow(sent))
    }
    var writes: [RowWrite] = []
    var still: [ParkedDraft] = []
    for arriving in rounds(incoming) {
      let round = try state == .entered ? known(arriving) : arriving
      if round.isEmpty { continue }
      var settlement = try settle(round, sender, waiving: waived)
      let waiting = Set(settlement.parked.map(\.n))
      settlement.writes = zip(settlement.writes, round).filter { !waiting.contains($1.n) }.map(\.0)
      for draft in settlement.parked { try byN[draft.n].map { try transaction.save(draft.why, of: $0) } }
      still += settlement.parked
      settlement.parked = []
      writes += try transaction.write(settlement, arrival: arrival)
      for change in round where !waiting.contains(change.n) {
        try byN[change.n].map { try transaction.settle($0, as: state, detail: detail, edit: edit) }
      }
    }
    return (writes, still)
  }

  /// Without edits of rows that the city never had: alone they would make half a row. Their sender says again what it
  /// entered.
  private func known(_ round: [Incoming]) throws -> [Incoming] {
    let unknown = try transaction.unknownRows(among: round)
    return round.filter { !unknown.contains($0.change.ref) }
  }

  /// Those of parked changes, by their numbers, whose row stands under its own key at another unit than their sender's.
  func ofOtherUnits(_ parked: [ParkedChange]) throws -> Set<Int64> {
    let images = try transaction.images(of: Array(Set(parked.map(\.change.ref))))
    var found: Set<Int64> = []
    for change in parked {
      guard let image = images[change.change.ref], let record = schema.record(change.change.record),
        let replica = try transaction.replica(change.sender)
      else { continue }
      if try !sender(replica).owns(transaction.unit(of: record, image)) { found.insert(change.id) }
    }
    return found
  }

  /// By the batches that brought them, in arrival order.
  func groups(_ parked: [ParkedChange]) -> [[ParkedChange]] {
    Dictionary(grouping: parked, by: \.arrival).sorted { $0.key < $1.key }.map { $0.value.sorted { $0.n < $1.n } }
  }

  /// A county takes back what was parked of it. Of another's, or of what waits no more, nothing happens.
  func withdraw(_ ruling: Ruling, _ replica: ReplicaRecord) throws {
    guard ruling.verdict == .withdraw, let parked = try transaction.parkedChange(ruling.parked),
      try parked.state == .waiting && transaction.owns(parked, replica.id)
    else { return }
    let edit = Edit(
      stamp: ruling.edit.stamp.corrected(offset: replica.offset, arrival: received), actor: ruling.edit.actor)
    let reason = ruling.reason.isEmpty ? "" : ": \(ruling.reason)"
    try transaction.settle(
      parked, as: .withdrawn, detail: Label(zh: "已撤回" + reason, en: "taken back" + reason), edit: edit)
  }

  private static let entered = Label(zh: "原因已消除,已自动入库", en: "its cause is gone; it has entered by itself")
}

extension MasterTransaction {
  /// Rows that are edited and that the master never had, neither by the key that they have now nor by their sender's.
  func unknownRows(among changes: [Incoming]) throws -> Set<RowRef> {
    let edits = changes.filter { $0.change.kind == .update }
    if edits.isEmpty { return [] }
    let names = Array(Set(edits.flatMap { [$0.change.ref, $0.sent.ref] }))
    let known = try Set(images(of: names).keys).union(tombstones(of: names).keys)
    return Set(edits.filter { !known.contains($0.change.ref) && !known.contains($0.sent.ref) }.map(\.change.ref))
  }
}
