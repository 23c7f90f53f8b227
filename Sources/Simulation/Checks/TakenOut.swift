import Master
import Replica
import SyncCore

// M2: what somebody takes out of a cell stays out, and what they enter is reached, whichever rule its column goes by.
extension Town {
  /// Only of cells that nothing but edits has changed since the last rest.
  func checkTakenOut() throws {
    guard let baseline = witness.baseline else { return }
    let arrivals = try arrivalsByBody()
    func arrival(_ claim: Witness.Claim) -> Int64? {
      // Of what was typed as the city had it nothing need arrive.
      claim.agrees ? nil : claim.arrival(in: arrivals)
    }
    for (cell, claims) in try plainCells(since: baseline) {
      guard let field = schema.record(cell.ref.record)?.fields[cell.column], let image = city.rows[cell.ref] else {
        continue
      }
      let stands = image.cell(cell.column)
      let there = parts(of: stands, field)
      let before = parts(of: baseline.rows[cell.ref]?.cell(cell.column) ?? .null, field)
      for (place, claim) in claims.enumerated() {
        guard let arrived = arrival(claim) else { continue }
        // Who else has added it may have done so after that.
        let back = taken(out: claim, field).intersection(there).filter { part in
          claims.count { added(by: $0, field).contains(part) } == (before.contains(part) ? 0 : 1)
        }
        if let part = back.map(text).min() {
          throw wrong(claim, field, "took \(part) out, and it is in \(text(stands))")
        }
        guard field.policy == .max || field.policy == .min else { continue }
        let isBeyond: (Double, Double) -> Bool = field.policy == .max ? { $0 >= $1 } : { $0 <= $1 }
        let later = claims.enumerated().filter { $0 > place || arrival($1) ?? .max > arrived }
        if !isReached(claim.value, by: [stands] + later.map(\.element.seen), isBeyond) {
          throw wrong(claim, field, "entered \(text(claim.value)), and \(text(stands)) stands")
        }
      }
    }
  }

  private func wrong(_ claim: Witness.Claim, _ field: Field, _ what: String) -> Violation {
    let who = claim.author.map { machines[$0].name } ?? "the city"
    return Violation(
      .conservation,
      "event \(claim.event), \(name(claim.ref)).\(field.name): \(who), who saw \(text(claim.seen)), \(what)")
  }

  /// What can be taken out of a value by itself: a member, a line that somebody types once, or all of it.
  private func parts(of value: Value, _ field: Field) -> Set<Value> {
    switch field.policy {
    case .sum: []
    case .union: Set(members(value).map { Value.text(String($0)) })
    case .text: Set(lines(value).filter { $0.hasPrefix("w") }.map { Value.text(String($0)) })
    case .review, .city, .county, .latest, .max, .min: value.isNull ? [] : [value]
    }
  }

  private func taken(out claim: Witness.Claim, _ field: Field) -> Set<Value> {
    parts(of: claim.seen, field).subtracting(parts(of: claim.value, field))
  }

  private func added(by claim: Witness.Claim, _ field: Field) -> Set<Value> {
    parts(of: claim.value, field).subtracting(parts(of: claim.seen, field))
  }

  /// What was done to cells since the last rest: not to one that was ever contested, nor in an odd row, nor to what
  /// leads to a row that may have been merged into another (M14), or may be erased (E1).
  private func plainCells(since baseline: Baseline) throws -> [(cell: Witness.Cell, claims: [Witness.Claim])] {
    let conflicts = try city.master.conflicts(Conflict.State.allCases)
    let contested = Set(conflicts.compactMap(cell(of:)))
    let claims = claimsSinceRest
    let refs = Set(claims.map(\.ref)).union(baseline.rows.keys).union(witness.aliases.keys)
    let merged = refs.filter { witness.canonical($0) != $0 }
    let odd = try oddRows(conflicts).union(rowsSaidAgain(since: baseline)).union(merged.map(witness.canonical))
    var cells: [Witness.Cell: [Witness.Claim]] = [:]
    for claim in claims where !odd.contains(claim.ref) && !merged.contains(claim.ref) {
      guard let column = claim.column, let field = schema.record(claim.ref.record)?.fields[column],
        field.reference == nil, !field.restricted
      else { continue }
      cells[Witness.Cell(ref: claim.ref, column: column), default: []].append(claim)
    }
    return cells.filter { !contested.contains($0.key) }.map { (cell: $0.key, claims: $0.value) }
      .sorted { ($0.cell.ref, $0.cell.column) < ($1.cell.ref, $1.cell.column) }
  }

  /// Rows of which something was parked: said again, it brings back what it says, and is not said again where a later
  /// batch has said something else (M12).
  private func rowsSaidAgain(since baseline: Baseline) throws -> Set<RowRef> {
    var refs = try city.master.parked(waiting: false).filter { !baseline.settled.contains($0.id) }.map(\.ref)
    for machine in machines {
      let settled = baseline.aside[machine.index] ?? []
      refs += try machine.replica.parked(waiting: false).filter { !settled.contains($0.id) }.map(\.ref)
    }
    return Set(refs.map(witness.canonical))
  }
}
