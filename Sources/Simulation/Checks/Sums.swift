import SyncCore

// A sum is exact: what everybody added to a cell, taken together, is what stands there.
extension Town {
  /// Only of cells whose history since the last rest is plain: of rows that were not deleted, kept out, or edited where
  /// it could not be sent, and that no conflict was ever about. What was parked has entered, was said again, or was
  /// merged with a duplicate.
  func checkSums() throws {
    let conflicts = try city.master.conflicts(Conflict.State.allCases)
    // They are not read once more: what a statement has done counts when a program is killed after so many steps.
    try checkContenders(of: conflicts)
    let contested = Set(conflicts.compactMap(cell(of:)).map { cell in canonical(cell.ref, cell.column) })
    let odd = try oddRows(conflicts)
    let start = totalsAtRest()
    var sums = start
    // What was taken up again counts as it was entered first.
    for claim in claimsSinceRest where !claim.isRepeated {
      guard let column = claim.column, isTotal(claim) else { continue }
      let added = (claim.value.integer ?? 0) - (claim.seen.integer ?? 0)
      sums[canonical(claim.ref, column), default: 0] += added
    }
    for ref in Set(sums.keys.map(\.ref)).inOrder() where !odd.contains(ref) {
      for (cell, sum) in sums where cell.ref == ref && !contested.contains(cell) {
        guard let image = city.rows[ref] else {
          throw Violation(.conservation, "\(name(ref)) is gone, and nobody deleted it")
        }
        if image.cell(cell.column).integer ?? 0 != sum {
          let field = schema.record(ref.record)?.fields[cell.column].name ?? ""
          throw Violation(
            .conservation,
            "\(name(ref)).\(field) is \(text(image.cell(cell.column))), not \(sum): it was \(start[cell] ?? 0), "
              + "then \(added(to: cell))")
        }
      }
    }
  }

  /// What stood in each total at the last rest.
  private func totalsAtRest() -> [Witness.Cell: Int64] {
    var sums: [Witness.Cell: Int64] = [:]
    for (ref, image) in witness.baseline?.rows ?? [:] {
      guard let record = schema.record(ref.record), record.projects == nil else { continue }
      for column in record.fields.indices where record.fields[column].policy == .sum {
        sums[canonical(ref, column), default: 0] += image.cell(column).integer ?? 0
      }
    }
    return sums
  }

  /// Who added what to a cell, as the story tells it.
  private func added(to cell: Witness.Cell) -> [String] {
    claimsSinceRest.filter { $0.column == cell.column && witness.canonical($0.ref) == cell.ref }.map { claim in
      "\(claim.author.map { machines[$0].name } ?? "the city") \(text(claim.seen)) to \(text(claim.value))"
        + (claim.isRepeated ? " (taken up)" : "") + (claim.ref == cell.ref ? "" : " of \(name(claim.ref))")
    }
  }

  private func canonical(_ ref: RowRef, _ column: Int) -> Witness.Cell {
    Witness.Cell(ref: witness.canonical(ref), column: column)
  }

  private func isTotal(_ claim: Witness.Claim) -> Bool {
    claim.column.flatMap { schema.record(claim.ref.record)?.fields[$0].policy } == .sum
  }

  /// The rows that are not counted, by the names that they have now.
  func oddRows(_ conflicts: [Conflict]) throws -> Set<RowRef> {
    let entered: Set<ParkedState> = [.entered, .admitted, .merged]
    let (baseline, claims) = (witness.baseline, claimsSinceRest)
    let takenUp = baseline?.takenUp ?? witness.takenUp
    let ofCopies = rows(of: Set(machines.filter(isCopied).map(\.index)).union(sendersAgain()))
    let parked = try city.master.parked(waiting: false).filter { change in
      if entered.contains(change.state) || baseline?.settled.contains(change.id) == true { return false }
      // Two copies of a file may both say it again (the gap of M12).
      if change.state != .superseded || ofCopies.contains(witness.canonical(change.ref)) { return true }
      // A row that is entered again says all of it once more.
      return !change.row.contains(nil) && !takenUp.contains(change.ref)
    }
    var odd = Set(parked.map(\.ref)).union(baseline?.uncountable ?? witness.uncountable).union(witness.enteredAgain)
    odd.formUnion(enteredTwice(claims).union(baseline?.open ?? []))
    odd.formUnion(conflicts.filter { $0.field == nil }.map { RowRef($0.record, $0.key) })
    // What the city deletes because a clerk asks for it goes without an edit of anybody's (M7).
    odd.formUnion(witness.requests.filter { $0.event > baseline?.event ?? -1 }.map(\.ref))
    // What could not be merged again is a row of its own.
    odd.formUnion(witness.aliases.keys.filter { city.rows[$0] != nil })
    for claim in claims {
      if claim.column == nil || claim.author.map({ machines[$0].isWithdrawn }) == true || isTypedOver(claim) {
        odd.insert(claim.ref)
      }
    }
    // What a unit enters may add to a row of the one that took over.
    let isWithUnit = schema.records.filter { $0.unitPlace != nil }.map(\.name)
    if offices.contains(where: { !witness.successors(of: $0).isEmpty }) {
      let refs = Set(claims.map(\.ref)).union((baseline?.rows ?? [:]).keys)
      odd.formUnion(refs.filter { isWithUnit.contains($0.record) })
    }
    for machine in machines {
      odd.formUnion(try status(machine).held.map(\.ref))
      let settled = baseline?.aside[machine.index] ?? []
      let aside = try machine.replica.parked(waiting: false).filter { !settled.contains($0.id) }
      odd.formUnion(aside.filter { !entered.contains($0.state) }.map(\.ref))
    }
    return Set(odd.map { witness.canonical($0) }).union(try rowsNobodyKnowsOf())
  }

  /// Rows that were taken up again, of which a restored city may let in what its sender knows no more: it has let go of the batch, or
  /// sent all of it once more.
  private func rowsNobodyKnowsOf() throws -> Set<RowRef> {
    if restores == 0 { return [] }
    let forgetful = try machines.filter { try $0.replica.trimmedBatches() > 0 }.map(\.index)
    let takenUp = Set(witness.takenUp.map { witness.canonical($0) })
    return rows(of: sendersAgain().union(forgetful)).intersection(takenUp)
  }

  /// The rows that these machines edited.
  private func rows(of authors: Set<Int>) -> Set<RowRef> {
    Set(witness.claims.filter { $0.author.map(authors.contains) ?? false }.map { witness.canonical($0.ref) })
  }

  /// Whether somebody else has its file, or had it when it was put back.
  func isCopied(_ machine: Machine) -> Bool {
    machine.isCopy || machine.hasRejoined || witness.putBack[machine.index] != nil
      || machines.contains { $0.index != machine.index && $0.origin == machine.origin }
  }

  /// The rows that one clerk entered anew, not by taking up what waits: what they had entered first need not count.
  private func enteredTwice(_ claims: [Witness.Claim]) -> Set<RowRef> {
    var takenUp: [RowRef: Set<Int>] = [:]
    for claim in claims where claim.isRepeated { takenUp[claim.ref, default: []].insert(claim.event) }
    var found: Set<RowRef> = []
    var entered: [RowRef: [Int: Int]] = [:]
    for claim in claims where claim.isInsert && takenUp[claim.ref]?.contains(claim.event) != true {
      guard let author = claim.author else { continue }
      let file = machines[author].origin
      if let first = entered[claim.ref]?[file], first != claim.event { found.insert(claim.ref) }
      entered[claim.ref, default: [:]][file] = claim.event
    }
    return found
  }

  /// Whether a total that was taken up was typed over before it was sent. If it is as it was before, the change waits again as it did.
  private func isTypedOver(_ claim: Witness.Claim) -> Bool {
    guard claim.isRepeated, isTotal(claim) else { return false }
    return witness.claims.contains {
      !$0.isRepeated && $0.author == claim.author && $0.ref == claim.ref && $0.column == claim.column
        && $0.batch == claim.batch && $0.event > claim.event
    }
  }
}
