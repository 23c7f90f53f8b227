import SyncCore

// The rows of a batch together: unique values and references, settled as a set.

extension Intake {
  /// Parks rows until those that are left satisfy every constraint. Each round parks at least one, so it ends; and so it does with
  /// those that are looked at again, for what they lacked stayed after all: each is once.
  func settleConstraints() throws {
    // What a row has and keeps is right in the master, which finds it by its value.
    var claimed: Set<UniqueClaim> = []
    var wanted: Set<ReferenceTarget> = []
    var leaving: Set<ReferenceTarget> = []
    for (index, row) in settled.enumerated() where row.result.image != row.before {
      guard let ties = ties[row.record.name], ties.differ(row.before, row.result.image) else { continue }
      row.tiesDiffer = true
      let held = ties.claims(row.before)
      for claim in ties.claims(row.result.image) where !held.contains(claim) {
        claimed.insert(claim)
        claimants[claim, default: []].append(index)
      }
      wanted.formUnion(ties.targets(row.result.image))
      let (before, after) = (ties.identities(row.before), ties.identities(row.result.image))
      leaving.formUnion(Set(before).subtracting(after))
      for identity in Set(before).symmetricDifference(after) { identified[identity, default: []].append(index) }
    }
    let holders = try transaction.holders(of: claimed)
    let present = try transaction.present(wanted)
    let referrers = try transaction.referrers(to: leaving)
    let arriving = settled.filter { $0.before == nil && $0.last == nil && $0.result.image != nil }
    let unknown = try transaction.unknownRows(among: arriving.map(\.incoming))
    let hindrance = { [self] (row: Row) in
      clash(row, holders) ?? missing(row, present) ?? misses(row, referrers) ?? lacksRow(row, unknown)
    }
    let free = settled.indices.filter { settled[$0].parked == nil }
    var lookedAt: Set<Int> = []
    repeat {
      try parkRounds(referrers, hindrance)
    } while try lookAgain(free, hindrance, &lookedAt)
  }

  private func parkRounds(_ referrers: [ReferenceTarget: [RowRef]], _ hindrance: (Row) -> Refused?) throws {
    var changed = true
    while changed {
      changed = false
      let isAnyParked = settled.contains { $0.parked != nil }
      for row in settled where row.parked == nil {
        if row.result.image == nil, let before = row.before, keepsParent(row, referrers) {
          row.result = contestedDelete(of: before)
          changed = true
        }
        if row.result.image != row.before { row.parked = hindrance(row) }
        if row.parked == nil, isAnyParked { row.parked = try strayed(row) }
        if row.parked != nil { changed = true }
      }
    }
  }

  /// What hinders a row may have been parked since, or be a delete that became a contest.
  /// - Parameters:
  ///   - free: the rows that nothing but a constraint hinders.
  ///   - lookedAt: those that were let go before.
  /// - Returns: whether any is let go now.
  private func lookAgain(_ free: [Int], _ hindrance: (Row) -> Refused?, _ lookedAt: inout Set<Int>) throws -> Bool {
    var isAny = false
    for index in free {
      let row = settled[index]
      guard let refused = row.parked else { continue }
      row.parked = nil
      if let now = try hindrance(row) ?? strayed(row) {
        row.parked = now
      } else if lookedAt.insert(index).inserted {
        isAny = true
      } else {
        row.parked = refused
      }
    }
    return isAny
  }

  private func claims(_ row: Row, _ image: [Value]?) -> [UniqueClaim] { ties[row.record.name]?.claims(image) ?? [] }
  private func targets(_ row: Row, _ image: [Value]?) -> [ReferenceTarget] {
    ties[row.record.name]?.targets(image) ?? []
  }
  private func identities(_ row: Row, _ image: [Value]?) -> [ReferenceTarget] {
    ties[row.record.name]?.identities(image) ?? []
  }

  private func clash(_ row: Row, _ holders: [UniqueClaim: RowKey]) -> Refused? {
    #if MUTANTS
      if Mutant.forgetsUnique.isActive { return nil }
    #endif
    if !row.tiesDiffer { return nil }
    for claim in claims(row, row.after) {
      // The first of the batch to claim a value has it, unless a row of the master keeps it.
      var holder = holders[claim].flatMap { key -> RowKey? in
        guard key != row.change.key else { return nil }
        guard let other = byRef[RowRef(row.record.name, key)].map({ settled[$0] }) else { return key }
        return claims(other, other.after).contains(claim) ? key : nil
      }
      holder =
        holder
        ?? (claimants[claim] ?? []).map { settled[$0] }.first { other in
          other.incoming.n != row.incoming.n && (other.incoming.n < row.incoming.n || other.parked != nil)
            && claims(other, other.after).contains(claim)
        }?.change.key
      if let holder {
        let fields = claim.fields.joined(separator: ",")
        return Refused(
          reason: .unique,
          detail: Label(
            zh: "\(fields) 与 \(row.record.name) \(holder.description) 重复",
            en: "\(fields) is already that of \(row.record.name) \(holder.description)"),
          cause: .holder(RowRef(row.record.name, holder)))
      }
    }
    return nil
  }

  /// A row above it that the batch moves stays where it was, and the row with it in another unit.
  private func strayed(_ row: Row) throws -> Refused? {
    guard case .via = row.record.scope else { return nil }
    return try scopeRefusal(row)
  }

  private func missing(_ row: Row, _ present: Set<ReferenceTarget>) -> Refused? {
    #if MUTANTS
      if Mutant.forgetsReferences.isActive { return nil }
    #endif
    if !row.tiesDiffer, identified.isEmpty { return nil }
    let held = targets(row, row.before)
    for target in targets(row, row.after) {
      let inBatch = (identified[target] ?? []).map { settled[$0] }
      if inBatch.contains(where: { identities($0, $0.after).contains(target) }) { continue }
      if inBatch.isEmpty, held.contains(target) || present.contains(target) { continue }
      return refusal(of: target)
    }
    return nil
  }

  /// What a reference names is not there.
  func refusal(of target: ReferenceTarget) -> Refused {
    Refused(reason: .reference, detail: .missing(target.record, target.value), cause: .target(target))
  }

  /// A row that the sender deletes has a child that the sender does not delete.
  private func keepsParent(_ row: Row, _ referrers: [ReferenceTarget: [RowRef]]) -> Bool {
    #if MUTANTS
      if Mutant.forgetsChildren.isActive { return false }
    #endif
    return identities(row, row.before).contains { remaining(referrers[$0], to: $0) != nil }
  }

  /// Others refer to a row by a value that the sender changes, and no other row takes that value.
  private func misses(_ row: Row, _ referrers: [ReferenceTarget: [RowRef]]) -> Refused? {
    if !row.tiesDiffer || referrers.isEmpty || row.result.image == nil { return nil }
    let kept = identities(row, row.after)
    for target in identities(row, row.before) where !kept.contains(target) {
      guard let child = remaining(referrers[target], to: target),
        !(identified[target] ?? []).contains(where: { identities(settled[$0], settled[$0].after).contains(target) })
      else { continue }
      let (name, value) = ("\(child.record) \(child.key.description)", RowKey([target.value]).description)
      return Refused(
        reason: .reference,
        detail: Label(
          zh: "\(target.field):\(name) 仍引用 \(value)", en: "\(target.field): \(name) still refers to \(value)"))
    }
    return nil
  }

  /// Alone, an edit would make half a row.
  private func lacksRow(_ row: Row, _ unknown: Set<RowRef>) -> Refused? {
    guard unknown.contains(row.change.ref) else { return nil }
    return Refused(
      reason: .check,
      detail: Label(
        zh: "市里没有此行;整行录入后才能入库", en: "the city does not have this row; it has to be entered whole"))
  }

  /// The first of the rows that goes on referring to a value.
  private func remaining(_ referrers: [RowRef]?, to target: ReferenceTarget) -> RowRef? {
    (referrers ?? []).first { child in
      byRef[child].map { targets(settled[$0], settled[$0].after).contains(target) } ?? true
    }
  }
}
