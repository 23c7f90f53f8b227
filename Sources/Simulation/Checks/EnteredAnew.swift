import GRDB
import Master
import Replica
import SyncCore
import SyncProtocol

// M12: what waits of a row counts no more once its clerk takes it back or enters the row anew, also when it comes in
// before the city hears of that.
extension Town {
  /// A row that one clerk alone has entered since the last rest has the totals that they left it, however often they
  /// deleted it.
  func checkEnteredAnew() throws {
    // What lands with a unit that took over is out of its clerk's sight (M15), and a city that was restored may let in
    // what was taken back (a gap of M12).
    guard let baseline = witness.baseline, restores == 0, offices.allSatisfy({ witness.successors(of: $0).isEmpty })
    else { return }
    let conflicts = try city.master.conflicts(Conflict.State.allCases)
    let contested = Set(conflicts.compactMap(cell(of:)))
    let odd = try rowsInDoubt(conflicts, since: baseline)
    let parked = try city.master.parked(waiting: false).filter { !baseline.settled.contains($0.id) }
    let waited = Dictionary(grouping: parked, by: \.ref)
    let inserts = Set(
      try city.master.read { db in try Int64.fetchAll(db, sql: "SELECT id FROM sync_parked WHERE kind = 'insert'") })
    let claimed = Dictionary(grouping: claimsSinceRest, by: \.ref)
    for ref in claimed.keys.inOrder() where baseline.rows[ref] == nil && !odd.contains(ref) {
      guard let claims = claimed[ref], let author = claims[0].author, claims.allSatisfy({ $0.author == author }),
        let record = schema.record(ref.record), case .field = record.scope, let image = city.rows[ref],
        let entry = claims.last(where: \.isInsert)?.event, witness.names(of: ref) == [ref],
        !claims.contains(where: { $0.column == nil && $0.event > entry }),
        try isPlain(waited[ref] ?? [], of: machines[author], inserts)
      else { continue }
      for column in record.fields.indices where record.fields[column].policy == .sum {
        let typed = claims.filter { $0.column == column && $0.event >= entry }
        // Not where something else showed than they had typed.
        guard let first = typed.first, let last = typed.last, first.isInsert,
          zip(typed, typed.dropFirst()).allSatisfy({ $0.value == $1.seen }),
          !contested.contains(Witness.Cell(ref: ref, column: column)),
          image.cell(column).integer ?? 0 != last.value.integer ?? 0
        else { continue }
        throw Violation(
          .conservation,
          "\(name(ref)).\(record.fields[column].name) is \(text(image.cell(column))), and \(machines[author].name), "
            + "who entered it alone, left it at \(text(last.value))")
      }
    }
  }

  /// Rows of which more or less may count than their clerk typed: what was taken back, taken up or set aside unsent,
  /// and what is contested or waits to be deleted.
  private func rowsInDoubt(_ conflicts: [Conflict], since baseline: Baseline) throws -> Set<RowRef> {
    var odd = Set(conflicts.filter { $0.field == nil }.map { RowRef($0.record, $0.key) })
    odd.formUnion(baseline.uncountable.union(baseline.takenUp))
    odd.formUnion(witness.requests.filter { $0.event > baseline.event }.map(\.ref))
    for machine in machines {
      let settled = baseline.aside[machine.index] ?? []
      let aside = try machine.replica.parked(waiting: false).filter { $0.batch == nil && !settled.contains($0.id) }
      odd.formUnion(aside.map(\.ref))
      odd.formUnion(try status(machine).held.map(\.ref))
    }
    return odd
  }

  /// Whether nothing of a row was parked, or once, as its clerk entered it. Of an edit that waits, of two that say the
  /// same, and of what an official lets in out of sight, not all is taken off (the gaps of M12); nor can it be of a
  /// batch that the file has let go of.
  private func isPlain(_ parked: [MasterParkedRow], of machine: Machine, _ inserts: Set<Int64>) throws -> Bool {
    if isCopied(machine) || machine.isWithdrawn { return false }
    guard let one = parked.first else { return true }
    let states: Set<ParkedState> = [.entered, .superseded, .withdrawn]
    guard parked.count == 1, inserts.contains(one.id), states.contains(one.state), one.reason != RowReceipt.outOfScope
    else { return false }
    let replica = try machine.replica
    return try replica.identity.names.contains(one.replica) && replica.trimmedBatches() == 0
  }
}
