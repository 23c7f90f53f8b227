import Master
import SyncCore

// M3: a cell that waits for a decision is moved by no county, whatever base it names. M19: it goes on waiting, unless its owner decides.
extension Town {
  typealias Waiting = (cell: Witness.Cell, value: Value)

  /// The contested cells and what stands in them, by conflict.
  func cellsUnderReview() throws -> [Int64: Waiting] {
    var cells: [Int64: Waiting] = [:]
    for conflict in try city.master.conflicts([.open]) {
      guard let cell = cell(of: conflict), let image = city.rows[cell.ref] else { continue }
      cells[conflict.id] = (cell, image.cell(cell.column))
    }
    return cells
  }

  /// - Parameters:
  ///   - before: what waited before the request of this machine.
  ///   - erased: rows of which it gave an erasure back: what stands in them may go, and what contends stay (E7).
  func checkReview(of machine: Machine, before: [Int64: Waiting], but erased: Set<RowRef> = []) throws {
    if before.isEmpty { return }
    let after = try cellsUnderReview()
    for (id, old) in before.sorted(by: { $0.key < $1.key }) {
      guard let new = after[id], new.cell == old.cell, new.value != old.value,
        let field = schema.record(old.cell.ref.record)?.fields[old.cell.column]
      else { continue }
      if field.restricted, erased.contains(witness.canonical(old.cell.ref)) { continue }
      throw Violation(
        .review,
        "a batch of \(machine.name) changed \(name(old.cell.ref)).\(field.name), which waits for a decision, from "
          + "\(text(old.value)) to \(text(new.value))")
    }
    let closed = Set(before.keys.filter { after[$0] == nil })
    if closed.isEmpty { return }
    for conflict in try city.master.conflicts([.decided]) {
      let ref = RowRef(conflict.record, conflict.key)
      guard closed.contains(conflict.id), let old = before[conflict.id], !erased.contains(witness.canonical(ref)) else {
        continue
      }
      if try mayClose(conflict, over: old, machine) { continue }
      throw Violation(
        .review,
        "a batch of \(machine.name) closed conflict \(conflict.id) about \(name(ref)).\(conflict.field ?? "*"), which is "
          + "for the city to decide")
    }
  }

  /// Whether a conflict may be decided by clerks: one that only machines of their unit contest.
  /// - Parameter old: what stood in the cell.
  private func mayClose(_ conflict: Conflict, over old: Waiting, _ machine: Machine) throws -> Bool {
    guard let record = schema.record(conflict.record), let decision = conflict.decision else { return false }
    // What another program has edited in the master's file is taken in first (P5).
    if decision.reason == Decision.byEdit { return true }
    guard record.rules.ownerDecides, [.keep, .take, .value].contains(decision.choice) else { return false }
    let ids = Set(try city.master.replicas().filter { $0.org == machine.org }.map(\.id))
    let clerks = Set(machines.filter { $0.org == machine.org }.map(\.index))
    return conflict.contenders.allSatisfy { ids.contains($0.replica) } && mayBeEntered(old, by: clerks)
  }

  /// Whether one of these clerks may have entered what stands. It is not known of what a rule computes, of what comes empty with a row,
  /// and where something was lost.
  private func mayBeEntered(_ old: Waiting, by clerks: Set<Int>) -> Bool {
    let ref = witness.canonical(old.cell.ref)
    let computes = schema.record(ref.record)?.fields[old.cell.column].policy.computes ?? true
    let isUnknown = restores > 0 || witness.names(of: ref).contains { witness.uncountable.contains($0) }
    if computes || old.value.isNull || isUnknown { return true }
    return witness.claims.contains { claim in
      guard claim.column == old.cell.column, let author = claim.author, clerks.contains(author) else { return false }
      return witness.canonical(claim.ref) == ref
        && [claim.value, witness.canonical(claim).value].contains(old.value)
    }
  }
}

extension Conflict {
  /// Of one about a whole row: what stood there, and what those who contest it want there.
  var images: [[Value]] {
    ([master] + contenders.map(\.value)).compactMap { image in
      guard case .blob(let bytes) = image else { return nil }
      return try? RowKey(encoded: bytes).values
    }
  }
}
