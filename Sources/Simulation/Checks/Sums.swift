import SyncCore

// A sum is exact: what everybody added to a cell, taken together, is what stands there.
extension Town {
  /// Only of cells whose whole history is plain: of rows that were never deleted, kept out, taken up by a clerk, contested, moved under
  /// another key or edited where it could not be sent, and that no conflict is about. What was parked has entered, or was said again.
  func checkSums() throws {
    let entered: Set<ParkedState> = [.entered, .admitted]
    // Two copies of a file may both say it again (the gap of M12).
    let again: Set<ParkedState> = machines.contains { $0.origin != $0.index || $0.hasRejoined } ? [] : [.superseded]
    // A row that is entered again says all of it once more.
    let parked = try city.master.parked(waiting: false).filter { change in
      !entered.contains(change.state) && (!change.row.contains(nil) || !again.contains(change.state))
    }
    let conflicts = try city.master.conflicts(Conflict.State.allCases)
    let contested = Set(conflicts.compactMap(cell(of:)))
    var odd = Set(parked.map { witness.canonical($0.ref) }).union(witness.uncountable).union(witness.takenUp)
    odd.formUnion(conflicts.filter { $0.field == nil }.map { RowRef($0.record, $0.key) })
    odd.formUnion(witness.aliases.keys)
    odd.formUnion(witness.aliases.map { RowRef($0.key.record, $0.value) })
    for claim in witness.claims where claim.column == nil || claim.author.map({ machines[$0].isWithdrawn }) == true {
      odd.insert(claim.ref)
    }
    // What a unit enters may add to a row of the one that took over.
    let isWithUnit = schema.records.filter { $0.unitPlace != nil }.map(\.name)
    if offices.contains(where: { !witness.successors(of: $0).isEmpty }) {
      odd.formUnion(witness.claims.map(\.ref).filter { isWithUnit.contains($0.record) })
    }
    for machine in machines {
      odd.formUnion(try status(machine).held.map(\.ref))
      odd.formUnion(try machine.replica.parked(waiting: false).filter { !entered.contains($0.state) }.map(\.ref))
    }
    var sums: [Witness.Cell: Int64] = [:]
    for claim in witness.claims {
      guard let column = claim.column, schema.record(claim.ref.record)?.fields[column].policy == .sum else { continue }
      let added = (claim.value.integer ?? 0) - (claim.seen.integer ?? 0)
      sums[Witness.Cell(ref: claim.ref, column: column), default: 0] += added
    }
    for ref in Set(sums.keys.map(\.ref)).inOrder() where !odd.contains(ref) {
      for (cell, sum) in sums where cell.ref == ref && !contested.contains(cell) {
        guard let image = city.rows[ref] else {
          throw Violation(.conservation, "\(name(ref)) is gone, and nobody deleted it")
        }
        if image.cell(cell.column).integer ?? 0 != sum {
          let field = schema.record(ref.record)?.fields[cell.column].name ?? ""
          let added = witness.claims.filter { $0.ref == ref && $0.column == cell.column }.map { claim in
            "\(claim.author.map { machines[$0].name } ?? "the city") \(text(claim.seen)) to \(text(claim.value))"
          }
          throw Violation(
            .conservation,
            "\(name(ref)).\(field) is \(text(image.cell(cell.column))), what was added is \(sum): \(added)")
        }
      }
    }
  }
}
