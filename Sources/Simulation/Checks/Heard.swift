import Master
import Replica
import SQLiteStore
import SyncCore

// M11: whoever sees a row knows what waits for a decision about it, as the city has it.
extension Town {
  func checkHeard() throws {
    let waiting = try city.master.conflicts([.open, .proposed])
    if waiting.isEmpty { return }
    let (orphans, anew) = (schema.orphans(in: city.rows), rowsBegunAnew())
    for conflict in waiting {
      let ref = RowRef(conflict.record, conflict.key)
      // Whoever enters a row by the key of one that was deleted need not hear what was contested of that (I4).
      guard let image = city.rows[ref], !orphans.contains(ref),
        anew.isDisjoint(with: schema.ancestry(of: ref, image, in: city.rows))
      else { continue }
      let unit = schema.unit(of: ref, image, in: city.rows)
      for machine in active where unit == "" || unit == machine.org {
        let heard = try machine.replica.findConflict(conflict.id)
        if let heard, isSame(heard, conflict) { continue }
        let what = heard.map { "has it as of version \($0.version)" } ?? "knows nothing of it"
        throw Violation(
          .convergence,
          "conflict \(conflict.id) about \(name(ref)) waits at version \(conflict.version); \(machine.name) \(what)")
      }
    }
  }

  /// Whether a clerk looks at the same as an official. Of personal data a machine may have less, or more, that was erased.
  private func isSame(_ one: Conflict, _ other: Conflict) -> Bool {
    if one.version != other.version || one.state != other.state { return false }
    if schema.record(one.record)?.restrictedIndices.isEmpty == false { return true }
    return one.master == other.master && one.contenders.map(\.value) == other.contenders.map(\.value)
  }

  /// Rows that somebody deleted, by whatever key they had then, that became one with others, or of which something was lost
  /// with a disk of the city's: who has heard what of them does not follow from how they stand.
  func rowsBegunAnew() -> Set<RowRef> {
    let deleted = witness.claims.filter { $0.column == nil }.flatMap { [$0.ref] + witness.landings(of: $0.ref) }
    let merged = witness.aliases.flatMap { [$0.key, RowRef($0.key.record, $0.value)] }
    let lost = restores > 0 ? Array(witness.uncountable) : []
    return Set((deleted + merged + lost).flatMap { [$0, witness.canonical($0)] })
  }
}
