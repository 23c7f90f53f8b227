import SyncCore
import SyncProtocol

// I1: what a conflict keeps names who entered it, and when.
extension Town {
  func checkContenders(of conflicts: [Conflict]) throws {
    let claims = Dictionary(grouping: witness.claims) { Witness.Cell(ref: $0.ref, column: $0.column ?? -1) }
    let names = try Dictionary(grouping: machines, by: \.origin).mapValues { files in
      try files.reduce(into: Set<String>()) { try $0.formUnion($1.replica.identity.names) }
    }
    // What is said again goes with the time of what waited first, whatever was typed in the row since (M12).
    let waited = Set(try city.master.parked(waiting: false).map { witness.canonical($0.ref) })
    for conflict in conflicts {
      guard let cell = cell(of: conflict), isPlain(cell) else { continue }
      // What stood when a conflict was opened again is the master's, whoever entered it.
      for contender in conflict.contenders where contender.edit.actor != "master" {
        guard let claim = onlyClaim(of: cell, contender.value, among: claims[cell] ?? []) else { continue }
        let isNamed = claim.author.map { author in
          let origin = machines[author].origin
          return names[origin]?.contains(contender.replica) == true
            && ["li", "clerk\(origin)"].contains(contender.edit.actor)
        }
        let isOfItsTime = waited.contains(cell.ref) || isOfItsTime(contender, claim)
        if isNamed ?? (contender.replica == Identifier.city.description), isOfItsTime { continue }
        throw Violation(
          .conservation,
          "conflict \(conflict.id): \(name(cell.ref)).\(conflict.field ?? "") = \(text(contender.value)) of event "
            + "\(claim.event) is said to be of \(contender.edit.actor) at \(contender.replica), edited at "
            + "\(contender.edit.stamp.milliseconds), received at \(contender.receivedAt.milliseconds); it was entered at "
            + "\(times[claim.event] ?? 0)")
      }
    }
  }

  /// Whether it is said to be edited no later than it came and, where clocks are known, not before it was (C8).
  private func isOfItsTime(_ contender: Contender, _ claim: Witness.Claim) -> Bool {
    if contender.edit.stamp > contender.receivedAt { return false }
    // What is given back late counts by what was measured when it came first.
    guard restores == 0, let author = claim.author, isTimely(machines[author]), let edited = times[claim.event] else {
      return true
    }
    return contender.edit.stamp.milliseconds >= edited
  }
}
