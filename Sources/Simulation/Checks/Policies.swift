import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// M2, I7: where a policy decides about a cell that two sides changed, the value stands that it names: that of its side,
// or by `latest` the one that was edited later, whatever the clocks of machines say.

/// What a policy has decided about a cell, and what the log says of it.
struct PolicyDecision {
  var conflict: Conflict
  /// The county's value.
  var value: Value
  /// The batch in which it was made, and the SHA-256 of its body.
  var arrival: Int64 = 0
  var body: [UInt8] = []
  /// When the last batch before that came which was about the row.
  var before = Stamp(raw: 0)
  /// Whether somebody ever decided about the cell: what stands then is as old as before, or as the decision.
  var isDecidedBeside = false
}

extension City {
  func lookAtPolicies(_ db: Database) throws {
    decided = try PolicyDecision.read(db, since: lastDecided)
    lastDecided = decided.map(\.conflict.openedAt).max() ?? lastDecided
  }
}

extension PolicyDecision {
  static func read(_ db: Database, since last: Stamp) throws -> [PolicyDecision] {
    let columns = Conflict.columns.map { "c.\($0)" } + ["n.value"]
    let sql = """
      SELECT \(columns.joined(separator: ", "))
      FROM sync_conflict c JOIN sync_contender n ON n.conflict = c.id AND n.id = 1
      WHERE c.opened_at > ? AND c.choice = 'policy' AND c.field IS NOT NULL ORDER BY c.id
      """
    var found: [PolicyDecision] = []
    try db.each(sql, [.integer(last.raw)]) { row in
      let count = Conflict.columns.count
      guard let conflict = Conflict(row: row.cells(0..<count)) else { return }
      found.append(PolicyDecision(conflict: conflict, value: row.cell(count)))
    }
    for index in found.indices where found[index].conflict.policy == Policy.latest.rawValue {
      try found[index].readLog(db)
    }
    return found
  }

  private mutating func readLog(_ db: Database) throws {
    let batch = "SELECT arrival, message FROM sync_batch WHERE received_at = ?"
    guard let found = try db.first(batch, [.integer(conflict.openedAt.raw)]), case .integer(let arrival) = found[0],
      case .blob(let message) = found[1]
    else { return }
    (self.arrival, body) = (arrival, sha256(try SealedEnvelope(message[...]).unverifiedBody()))
    let row: [Value] = [.text(conflict.record), .blob(conflict.key.encoded)]
    let touches = """
      SELECT max(b.received_at) FROM sync_touch t JOIN sync_batch b ON b.arrival = t.arrival
      WHERE t.record = ? AND t.key = ? AND t.arrival < ?
      """
    before = Stamp(raw: try db.integer(touches, row + [.integer(arrival)]) ?? 0)
    let others = "SELECT 1 FROM sync_conflict WHERE record = ? AND key = ? AND field = ? AND choice <> 'policy'"
    isDecidedBeside = try db.first(others, row + [.text(conflict.field ?? "")]) != nil
  }
}

extension Town {
  /// - Parameters:
  ///   - end: the last batch of the log before what has come now.
  ///   - isPrompt: whether that was asked at this very moment.
  func checkPolicies(since end: Int64, isPrompt: Bool) throws {
    for decision in city.decided {
      let conflict = decision.conflict
      guard let cell = cell(of: conflict),
        let wins = isToStand(decision, in: cell, since: end, isPrompt: isPrompt),
        wins != (conflict.decision?.contender != nil)
      else { continue }
      let (winner, other) = wins ? (decision.value, conflict.master) : (conflict.master, decision.value)
      throw Violation(
        conflict.policy == Policy.latest.rawValue ? .determinism : .policy,
        "\(name(cell.ref)).\(conflict.field ?? ""): by `\(conflict.policy)` \(text(winner)) is to stand, and the city "
          + "has decided for \(text(other))")
    }
  }

  /// Whether the policy is for the value of a county, not for the one that the master had; nil: nobody can tell.
  private func isToStand(
    _ decision: PolicyDecision, in cell: Witness.Cell, since end: Int64, isPrompt: Bool
  ) -> Bool? {
    switch Policy(rawValue: decision.conflict.policy) {
    case .county: true
    case .city: false
    case .latest: isLater(decision, in: cell, since: end, isPrompt: isPrompt)
    default: nil
    }
  }

  private func isLater(_ decision: PolicyDecision, in cell: Witness.Cell, since end: Int64, isPrompt: Bool) -> Bool? {
    guard restores == 0, isPlain(cell), !decision.isDecidedBeside,
      let claim = onlyClaim(of: cell, decision.value, among: witness.claims), let author = claim.author,
      isTimely(machines[author]), let edited = times[claim.event],
      // By its own batch, and not because its cause has gone (M12).
      decision.arrival > end, claim.body == decision.body
    else { return nil }
    // Whatever had come of the row before counts as edited when it came at the latest (C8).
    if edited > decision.before.milliseconds { return true }
    // What is long on its way seems younger, and a row that was entered and set aside enters again as of now.
    guard isPrompt, !decision.conflict.base.isNull, !wasTouchedAgain(cell.ref, claim),
      let stood = onlyClaim(of: cell, decision.conflict.master, among: witness.claims),
      stood.author.map({ isTimely(machines[$0]) }) ?? true, let before = times[stood.event], before > edited
    else { return nil }
    return false
  }

  /// Whether its author did anything to the row since: entered once more, what stays the same counts as edited (C2).
  private func wasTouchedAgain(_ ref: RowRef, _ claim: Witness.Claim) -> Bool {
    witness.claims.contains { $0.author == claim.author && $0.ref == ref && $0.event > claim.event }
  }
}

// What the model knows for sure.
extension Town {
  /// Whether what a machine edits counts, by the city's time, as edited then or later, never before. A clock that lags
  /// is pushed by pages (C8), and a file that was copied or put back has stamps of another clock.
  func isTimely(_ machine: Machine) -> Bool {
    let clock = machine.seat.clock
    return clock.skew >= 0 && !clock.wasSet && !city.seat.clock.wasOff && machine.origin == machine.index
      && !machine.isCopy && !machine.hasRejoined
  }

  /// Whether everything that was entered in a cell came by the key that its row has, and as it was typed.
  func isPlain(_ cell: Witness.Cell) -> Bool {
    guard let record = schema.record(cell.ref.record), cell.column < record.fields.count else { return false }
    let field = record.fields[cell.column]
    if field.reference != nil || field.policy.computes || isMerged(cell.ref) { return false }
    // What another unit sends of a row that has its unit in its key may have landed here (M15).
    return record.unitPlace == nil || offices.allSatisfy { witness.successors(of: $0).isEmpty }
  }

  /// Whether duplicates were merged into a row, or into one that its key names (M14).
  func isMerged(_ ref: RowRef) -> Bool {
    guard !witness.aliases.isEmpty, let record = schema.record(ref.record) else { return false }
    let named = zip(record.keyIndices, ref.key.values).compactMap { column, value in
      record.fields[column].reference.map { RowRef($0.record, RowKey([value])) }
    }
    return ([ref] + named).contains { witness.names(of: $0) != [$0] }
  }

  /// The one claim that entered a value in a cell; nil: nobody did, or several, or one is forgotten.
  func onlyClaim(of cell: Witness.Cell, _ value: Value, among claims: [Witness.Claim]) -> Witness.Claim? {
    if value.isNull || witness.forgotten[cell]?.contains(value) == true { return nil }
    let found = claims.filter { $0.column == cell.column && $0.value == value && $0.ref == cell.ref }
    guard found.count == 1, let claim = found.first, !claim.isRepeated, !claim.agrees else { return nil }
    return claim
  }
}
