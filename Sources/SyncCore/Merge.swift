// The law. One pure function over base, master and incoming; both stores, the simulator and the tests call it.
//
//   1. incoming = base            the master's value stays
//   2. master = base              the incoming value is taken
//   3. incoming = master          one value, nothing to say; but a sum adds what each side added
//   4. otherwise                  the cell is contested, and its column's policy speaks
//   5. a cell under review        every further value joins the open conflict, whatever its base; the city's value decides it.
//                                 Of a row that is entered anew the county's value stands meanwhile
//   6. an insert over a row       merges with an empty base, all NULL
//   7. a delete of a changed row, or of one that others have entered, too; a change of a deleted row
//                                 the record's `delete` speaks: the row stays (`review`, `keep`) or goes
//                                 (`remove`, unless a cell is under review); a row conflict keeps both images
//   8. a cell the sender does not own    is rejected or proposed; the row's other cells merge. So is a county's change to a
//                                        choice that only the city sets, or away from one: its base's or the master's
//   9. a row of an `append` record       a county's update or delete of it is rejected or proposed, cell by cell
//  10. a sum that does not fit 64 bits   the whole change is parked
//  11. a locked row               a county's change that would have any effect is parked whole

/// Merges one change into the master's row.
/// - Parameter stamps: the sender's corrected stamps of the `latest` columns it touched.
public func merge(
  _ change: Change, into master: MasterRow, schema: RecordSchema, side: Side, stamps: [Int: Stamp] = [:]
) -> MergeResult {
  var row = RowMerge(change: change, master: master, schema: schema, side: side, stamps: stamps)
  let result = row.merge()
  guard side == .county, master.isLocked else { return result }
  let hasEffect = result.image != master.image || !result.contests.isEmpty || result.parked != nil
  return hasEffect ? row.parked(.locked) : result
}

/// One change on its way through the law.
private struct RowMerge {
  let change: Change
  let master: MasterRow
  let schema: RecordSchema
  let side: Side
  let stamps: [Int: Stamp]
  /// The columns that the sender set.
  let touched: [Int]
  /// Those of them that it may not change.
  let refused: Set<Int>

  var image: [Value] = []
  var contests: [Contest] = []
  var taken: [Int: Stamp] = [:]
  /// The first column whose sum does not fit.
  var overflow: Int?

  init(change: Change, master: MasterRow, schema: RecordSchema, side: Side, stamps: [Int: Stamp]) {
    self.change = change
    self.master = master
    self.schema = schema
    self.side = side
    self.stamps = stamps
    touched = change.touchedColumns(schema)
    refused =
      side == .city ? [] : Set(touched.filter { !schema.isCountys($0, change, master) })
  }

  mutating func merge() -> MergeResult {
    switch (change.kind, master.image) {
    case (.delete, nil): MergeResult(image: nil, contests: [], stamps: [:], asSent: true)
    case (.delete, let current?): delete(current)
    case (.insert, nil): insert()
    case (.update, nil): changeDeleted()
    case (_, let current?): mergeCells(of: current)
    }
  }

  func parked(_ reason: MergeResult.Parked) -> MergeResult {
    MergeResult(image: master.image, contests: [], stamps: [:], asSent: false, parked: reason)
  }
}

// Whole rows.
extension RowMerge {
  private func delete(_ current: [Value]) -> MergeResult {
    if side == .county, schema.owner == .city || schema.rules.append {
      return MergeResult(image: current, contests: [rowContest(refusal)], stamps: [:], asSent: false)
    }
    #if MUTANTS
      if Mutant.deletesUnseen.isActive { return MergeResult(image: nil, contests: [], stamps: [:], asSent: true) }
    #endif
    let seen = !master.isShared && zip(change.old, current).allSatisfy { $0 == $1 }
    if seen, master.underReview.isEmpty || side == .city {
      return MergeResult(image: nil, contests: [], stamps: [:], asSent: true)
    }
    let goes = deletePolicy == .remove
    return MergeResult(image: goes ? nil : current, contests: [rowContest(rowState)], stamps: [:], asSent: goes)
  }

  private mutating func insert() -> MergeResult {
    image = change.new.map { $0 ?? .null }
    taken = stamps
    for column in touched where !image[column].isNull {
      if refused.contains(column) {
        contests.append(contest(column, master: .null, refusal))
        image[column] = .null
        taken[column] = nil
      } else if side == .county, master.underReview.contains(column) {
        contests.append(contest(column, master: .null, .open))
      }
    }
    return result()
  }

  private mutating func mergeCells(of current: [Value]) -> MergeResult {
    image = current
    for column in touched { mergeCell(column) }
    return result()
  }

  private mutating func changeDeleted() -> MergeResult {
    if refused.count == touched.count {
      // Nothing of the sender's own: what it may not change, it cannot bring back.
      contests = touched.map { contest($0, master: master.tombstone?[$0] ?? .null, refusal) }
      return MergeResult(image: nil, contests: contests, stamps: [:], asSent: false)
    }
    contests = [rowContest(rowState)]
    guard deletePolicy == .remove else { return mergeCells(of: lastKnown) }
    // The row conflict keeps the sender's own cells.
    image = lastKnown
    for column in touched where refused.contains(column) { mergeCell(column) }
    return MergeResult(image: nil, contests: contests, stamps: [:], asSent: false)
  }

  private func result() -> MergeResult {
    if let overflow { return parked(.overflow(overflow)) }
    let asSent = !contests.contains { $0.column == nil } && touched.allSatisfy { image[$0] == incoming($0) }
    return MergeResult(image: image, contests: contests, stamps: taken, asSent: asSent)
  }

  /// What somebody has yet to decide does not go by a rule.
  private var deletePolicy: DeletePolicy {
    schema.rules.delete == .remove && !master.underReview.isEmpty ? .review : schema.rules.delete
  }

  private var rowState: Contest.State { deletePolicy == .review ? .open : .decidedByPolicy }
  private var refusal: Contest.State { schema.edits == .propose ? .proposed : .rejected }

  private func rowContest(_ state: Contest.State) -> Contest {
    let deletes = change.kind == .delete
    return Contest(
      column: nil, master: (master.image ?? master.tombstone).map(blob) ?? .null,
      incoming: deletes ? .null : blob(wanted), state: state, incomingDeletes: deletes)
  }

  private func blob(_ row: [Value]) -> Value { .blob(RowKey(row).encoded) }

  /// A row that the master has deleted, as it was last or else as the sender had it.
  private var lastKnown: [Value] {
    master.tombstone ?? change.new.indices.map { change.old[$0] ?? change.new[$0] ?? .null }
  }

  /// That row with the sender's own new values.
  private var wanted: [Value] {
    var row = lastKnown
    for column in touched where !refused.contains(column) { row[column] = incoming(column) }
    return row
  }
}

// Single cells.
extension RowMerge {
  private func base(_ column: Int) -> Value { change.old[column] ?? .null }
  private func incoming(_ column: Int) -> Value { change.new[column] ?? .null }

  private func contest(_ column: Int, master: Value, _ state: Contest.State) -> Contest {
    Contest(column: column, base: base(column), master: master, incoming: incoming(column), state: state)
  }

  private mutating func mergeCell(_ column: Int) {
    let cell = contest(column, master: image[column], .open)
    let isRefused = refused.contains(column)
    #if MUTANTS
      if Mutant.insertsOver.isActive, change.kind == .insert { return take(cell.incoming, on: column) }
    #endif
    if cell.incoming == cell.base { return }
    if cell.incoming == cell.master, isRefused || !isSum(cell, of: column) { return agree(cell, on: column) }
    if isRefused { return contests.append(contest(column, master: cell.master, refusal)) }
    #if MUTANTS
      if Mutant.skipsBaseCheck.isActive { return take(cell.incoming, on: column) }
      if Mutant.ignoresReview.isActive, master.underReview.contains(column) { return take(cell.incoming, on: column) }
    #endif
    if master.underReview.contains(column) { return join(cell, on: column) }
    #if MUTANTS
      if Mutant.everythingIsContested.isActive { return settle(cell, on: column) }
      if Mutant.contestSpreads.isActive, contests.contains(where: { $0.state == .open }) {
        return settle(cell, on: column)
      }
    #endif
    if cell.master == cell.base { return take(cell.incoming, on: column) }
    settle(cell, on: column)
  }

  /// Two people wrote the same: the later of them counts against a third.
  private mutating func agree(_ cell: Contest, on column: Int) {
    if isLater(stamps[column], than: master.stamps[column]) { taken[column] = stamps[column] }
    if side == .city, master.underReview.contains(column) { contests.append(cell.inState(.decision)) }
  }

  /// The city decides what it has seen; whatever else is one more contender.
  private mutating func join(_ cell: Contest, on column: Int) {
    let decides = side == .city && cell.master == cell.base
    if decides { image[column] = cell.incoming }
    contests.append(decides ? cell.inState(.decision) : cell)
  }

  private mutating func take(_ value: Value, on column: Int) {
    image[column] = value
    if value == incoming(column) { taken[column] = stamps[column] }
  }

  private mutating func settle(_ cell: Contest, on column: Int) {
    #if MUTANTS
      if let value = mutated(cell, schema.fields[column].policy) { return take(value, on: column) }
    #endif
    switch ruling(on: cell, column) {
    case .computed(let value): take(value, on: column)
    case .recorded(let value, let state):
      #if MUTANTS
        if Mutant.takesWithoutRecord.isActive { return take(cell.incoming, on: column) }
      #endif
      contests.append(cell.inState(state))
      take(value, on: column)
    case .overflow: overflow = overflow ?? column
    }
  }

  private func isSum(_ cell: Contest, of column: Int) -> Bool {
    schema.fields[column].policy == .sum && total(cell) != nil
  }
}

/// What a contested cell becomes.
private enum CellRuling {
  /// The rule is the record.
  case computed(Value)
  /// The conflict is kept in this state.
  case recorded(Value, Contest.State)
  /// No 64-bit integer holds the sum.
  case overflow
}

extension RowMerge {
  private func ruling(on cell: Contest, _ column: Int) -> CellRuling {
    #if MUTANTS
      if let ruling = mutatedRuling(on: cell, column) { return ruling }
    #endif
    return switch schema.fields[column].policy {
    case .review: .recorded(cell.master, .open)
    case .city: decided(side == .city, cell)
    case .county: decided(side == .county, cell)
    case .latest: decided(isLater(stamps[column], than: master.stamps[column]), cell)
    case .max: computed(extreme(.max, cell.master, cell.incoming), cell)
    case .min: computed(extreme(.min, cell.master, cell.incoming), cell)
    case .sum: total(cell) ?? .recorded(cell.master, .open)
    case .union: computed(unionMerge(base: cell.base, master: cell.master, incoming: cell.incoming), cell)
    case .text: computed(textMerge(base: cell.base, master: cell.master, incoming: cell.incoming), cell)
    }
  }

  private func decided(_ takesIncoming: Bool, _ cell: Contest) -> CellRuling {
    .recorded(takesIncoming ? cell.incoming : cell.master, .decidedByPolicy)
  }

  /// What the rule cannot compute goes to review.
  private func computed(_ value: Value?, _ cell: Contest) -> CellRuling {
    value.map(CellRuling.computed) ?? .recorded(cell.master, .open)
  }
}

private func isLater(_ a: Stamp?, than b: Stamp?) -> Bool { a ?? Stamp(raw: 0) > b ?? Stamp(raw: 0) }

/// The master's value plus what the sender added or took away. nil: not all are integers or NULL, which counts as 0.
private func total(_ cell: Contest) -> CellRuling? {
  guard let base = cell.base.addend, let master = cell.master.addend, let incoming = cell.incoming.addend else {
    return nil
  }
  let added = incoming.subtractingReportingOverflow(base)
  let sum = master.addingReportingOverflow(added.partialValue)
  return added.overflow || sum.overflow ? .overflow : .computed(.integer(sum.partialValue))
}

/// The larger or smaller value; NULL gives way to any. nil: values of two types have no order.
private func extreme(_ policy: Policy, _ master: Value, _ incoming: Value) -> Value? {
  if master.isNull { return incoming }
  if incoming.isNull { return master }
  return master.isLess(than: incoming).map { $0 == (policy == .max) ? incoming : master }
}

extension Value {
  /// What it counts for in a sum; nil: it is no integer.
  package var addend: Int64? {
    switch self {
    case .null: 0
    case .integer(let number): number
    default: nil
    }
  }
}

extension Contest {
  fileprivate func inState(_ state: State) -> Contest {
    var contest = self
    contest.state = state
    return contest
  }
}

extension RecordSchema {
  /// May a county set this column, by an insert or by a change of a row that is there.
  fileprivate func isCountys(_ column: Int, _ change: Change, _ master: MasterRow) -> Bool {
    #if MUTANTS
      if Mutant.forgetsOwner.isActive || Mutant.appendIsEdited.isActive && rules.append { return true }
    #endif
    if owner(of: column) == .city || isCitysChoice(column, change, master) { return false }
    guard change.kind == .update else { return true }
    if case .field = scope, scopeIndex == column { return false }
    return !rules.append
  }

  /// Whether the cell would come from, or become, a value that only the city may set.
  private func isCitysChoice(_ column: Int, _ change: Change, _ master: MasterRow) -> Bool {
    guard columns.hasCitysChoice[column] else { return false }
    let known = master.image ?? (change.kind == .update ? master.tombstone : nil)
    return [change.old[column], change.new[column], known?[column]].contains {
      fields[column].citysChoice($0) != nil
    }
  }
}

#if MUTANTS
  extension RowMerge {
    fileprivate func mutated(_ cell: Contest, _ policy: Policy) -> Value? {
      if Mutant.extremeCountsBase.isActive, policy == .max || policy == .min {
        return extreme(policy, cell.master, cell.incoming).flatMap { extreme(policy, cell.base, $0) }
      }
      let mutants: [Policy: Mutant] = [
        .sum: .sumTakesIncoming, .max: .maxTakesIncoming, .union: .unionTakesIncoming, .text: .textTakesIncoming,
      ]
      return mutants[policy]?.isActive == true ? cell.incoming : nil
    }

    fileprivate func mutatedRuling(on cell: Contest, _ column: Int) -> CellRuling? {
      switch schema.fields[column].policy {
      case .city where Mutant.sidesAreSwapped.isActive: return decided(side != .city, cell)
      case .county where Mutant.sidesAreSwapped.isActive: return decided(side != .county, cell)
      case .latest where Mutant.earlierStands.isActive:
        return decided(!isLater(stamps[column], than: master.stamps[column]), cell)
      default: return nil
      }
    }
  }
#endif
