import Master
import Replica
import SyncCore

// What was replaced by somebody who saw it, and when. A value that is entered again is not excused by what had replaced it before, nor a
// delete by who had entered the row before it.

extension Witness {
  /// What somebody did to a cell; without a column, to a whole row.
  struct Step: Hashable {
    var event: Int
    var author: Author
    var ref: RowRef
    var column: Int?
  }
}

extension Witness.Claim {
  fileprivate var step: Witness.Step { Witness.Step(event: event, author: author, ref: ref, column: column) }
}

struct Replacements {
  private let witness: Witness
  private let rows: Rows
  private let isRestored: Bool
  /// Where the log has batches of machines, by their bodies.
  private let arrivals: [[UInt8]: Int64]
  private let claims: [Witness.Step: [Witness.Claim]]
  /// Who replaced which values of a cell, under the names that rows have now.
  private var seen: [Witness.Cell: [Value: [Witness.Step]]] = [:]
  /// Rows of which something is lost, shows again because an edit was taken back, or was parked at a city that is lost.
  private let uncertain: Set<RowRef>
  /// Rows of which something was ever parked, by the machine that began with the file.
  private var waited: [Int: Set<RowRef>] = [:]
  /// By machine, the one that began with its file.
  private let origins: [Int]
  private let sentAgain: Set<Int>

  /// - Parameters:
  ///   - parked: at the city, under the names that rows have now.
  ///   - aside: at machines.
  ///   - ids: those that each machine has and had.
  init(
    _ town: Town, _ arrivals: [[UInt8]: Int64], parked: [RowRef: [MasterParkedRow]],
    aside: [Int: [RowRef: [ParkedRow]]], ids: [Int: Set<String>]
  ) {
    let witness = town.witness
    self.witness = witness
    self.arrivals = arrivals
    rows = town.city.rows
    isRestored = town.restores > 0
    claims = Dictionary(grouping: witness.claims, by: \.step)
    uncertain = Set(witness.uncountable.union(witness.parkedBefore).map { witness.canonical($0) })
    origins = town.machines.map(\.origin)
    sentAgain = town.sendersAgain()
    let senders = ids.flatMap { index, names in names.map { ($0, town.machines[index].origin) } }
    let files = Dictionary(senders) { file, _ in file }
    for (ref, changes) in parked {
      for file in changes.compactMap({ files[$0.replica] }) { waited[file, default: []].insert(ref) }
    }
    for (index, rows) in aside {
      for ref in rows.keys { waited[town.machines[index].origin, default: []].insert(witness.canonical(ref)) }
    }
    for (cell, values) in witness.seen {
      guard let field = witness.schema.record(cell.ref.record)?.fields[cell.column] else { continue }
      // What a unit has entered may have landed with one that took over.
      for ref in [cell.ref] + witness.landings(of: cell.ref) {
        let now = Witness.Cell(ref: witness.canonical(ref), column: cell.column)
        for (value, steps) in values { seen[now, default: [:]][witness.canonical(value, field), default: []] += steps }
      }
    }
  }

  /// The values of a cell that were replaced knowingly. That of the claim itself only if that may have been after it: what had come to
  /// the city before met a value that stood, was contested, or agreed since.
  func values(of claim: Witness.Claim, _ original: Witness.Claim, _ column: Int) -> [Value] {
    let known = seen[Witness.Cell(ref: claim.ref, column: column)] ?? [:]
    return known.compactMap { value, steps in
      value != claim.value || steps.reversed().contains { mayFollow($0, original) } ? value : nil
    }
  }

  private func mayFollow(_ step: Witness.Step, _ claim: Witness.Claim) -> Bool {
    if step.event >= claim.event { return true }
    guard let came = place(of: claim), let replacing = claims[step] else { return true }
    return replacing.contains { place(of: $0) ?? .max >= came }
  }

  /// Where in the city's log it came; nil: nobody knows, or nothing of it need have come.
  private func place(of claim: Witness.Claim) -> Int64? {
    let refs = Set(([claim.ref] + witness.landings(of: claim.ref)).map { witness.canonical($0) })
    if claim.agrees || !uncertain.isDisjoint(with: refs) { return nil }
    // What of it two rows filled in each other, when one was made of them at a city that is lost, may have come otherwise since (M14).
    if claim.value.isNull, claim.column != nil, isRestored, !witness.aliases.isEmpty { return nil }
    guard let author = claim.author else { return claim.arrival }
    // What was parked came in later, or was said again (M12).
    if sentAgain.contains(author) || waited[origins[author]]?.isDisjoint(with: refs) == false { return nil }
    guard let base = claim.base, let came = arrival(of: claim) else { return nil }
    guard let column = claim.column, let field = witness.schema.record(claim.ref.record)?.fields[column] else {
      return came
    }
    // By the names that rows have now it may have changed nothing, and of two that are one neither names the other (M14).
    func now(_ value: Value) -> Value {
      let value = witness.canonical(value, field)
      let target = field.reference.map { RowRef($0.record, RowKey([value])) }
      return target == witness.canonical(claim.ref) ? .null : value
    }
    return now(base) == now(claim.value) ? nil : came
  }

  private func arrival(of claim: Witness.Claim) -> Int64? { claim.arrival(in: arrivals) }
}

// Rows that stand though somebody deleted them.
extension Replacements {
  /// Whether a row may stand because it was entered, though somebody deleted it: after that, or where who deleted it had not heard of it.
  func mayStand(by step: Witness.Step, though delete: Witness.Claim) -> Bool {
    // By another key it came with a duplicate, or from a unit that was taken over (M14, M15).
    if step.ref != delete.ref || step.event >= delete.event || delete.agrees { return true }
    guard let came = place(ofInsert: step),
      let heard = [delete.read, arrival(of: delete)].compactMap({ $0 }).min()
    else { return true }
    let isUnsent = delete.author != nil && delete.base == nil
    if isUnsent, mayHaveLeft(delete.ref) { return true }
    guard step.author == delete.author else { return came > heard }
    // What its clerk had withdrawn after the backup comes in at a restored city that parks it no more (a gap of M12).
    return isRestored && (isUnsent || delete.author == nil) || isCopied(delete.author)
  }

  private func place(ofInsert step: Witness.Step) -> Int64? {
    let columns = witness.schema.record(step.ref.record)?.fields.indices ?? 0..<0
    let cells = columns.flatMap { column -> [Witness.Claim] in
      claims[Witness.Step(event: step.event, author: step.author, ref: step.ref, column: column)] ?? []
    }
    return cells.filter(\.isInsert).compactMap { place(of: $0) }.max()
  }

  /// Whether somebody else has its file, or had it when it was put back.
  private func isCopied(_ author: Witness.Author) -> Bool {
    guard let author else { return false }
    return witness.putBack[author] != nil || origins.filter { $0 == origins[author] }.count > 1
  }

  /// Whether the row may have been out of its unit's sight for a while, which leaves nothing of an unsent delete: a row above it went to
  /// another unit, also with a duplicate, or was taken away past the references (M11, M14, L14).
  private func mayHaveLeft(_ ref: RowRef) -> Bool {
    let above = above(ref)
    if above.contains(where: { witness.names(of: $0).count > 1 }) { return true }
    return witness.claims.contains { claim in
      claim.author == nil && above.contains(claim.ref)
        && (claim.column == nil || claim.column == witness.schema.record(claim.ref.record)?.scopeIndex)
    }
  }

  /// The row, and those on which it hangs or hung.
  private func above(_ ref: RowRef) -> Set<RowRef> {
    var found: Set<RowRef> = []
    var next = [ref]
    while let ref = next.popLast() {
      guard found.insert(ref).inserted, let record = witness.schema.record(ref.record) else { continue }
      for (column, field) in record.fields.enumerated() {
        guard let reference = field.reference, !field.weak else { continue }
        let entered = witness.claims.filter { $0.ref == ref && $0.column == column }.map(\.value)
        let values = entered + [rows[ref]?.cell(column) ?? .null]
        next += values.filter { !$0.isNull }.map { RowRef(reference.record, RowKey([$0])) }
      }
    }
    return found
  }
}

extension Machine.Batch {
  /// What it says that stood where somebody entered something; nil: it does not bring that, because it was set back, or typed over,
  /// before it was sent.
  func base(of claim: Witness.Claim) -> Value? {
    guard let change = changes[claim.ref] else { return nil }
    guard let column = claim.column else { return change.kind == .delete ? Value.null : nil }
    guard column < change.new.count, change.new[column] == claim.value else { return nil }
    // Who enters a row says nothing by what they leave empty (M6).
    if change.kind == .insert, claim.value.isNull { return nil }
    return change.old[column] ?? Value.null
  }
}
