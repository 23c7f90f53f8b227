// The law. One pure function over base, master and incoming; both stores, the simulator and the tests call it.
//
//   1. incoming = base            the master's value stays
//   2. master = base              the incoming value is taken
//   3. incoming = master          one value, nothing to say
//   4. otherwise                  the cell is contested, and its column's policy speaks
//   5. a cell under review        every further value joins the open conflict, whatever its base; the city's value decides it
//   6. an insert over a row       merges with an empty base, all NULL
//   7. a delete of a changed row, a change of a deleted row      the row stays and a row conflict opens
//   8. a cell the sender does not own    is rejected or proposed; the row's other cells merge

/// Who sends: an official of the city (replica 0) or a county's machine.
public enum Side: Sendable { case city, county }

/// What the master knows of one row before the change.
public struct MasterRow: Sendable {
  /// nil: there is no such row.
  public var image: [Value]?
  /// The last image of a deleted row.
  public var tombstone: [Value]?
  /// Columns with an open conflict.
  public var underReview: Set<Int>
  /// Corrected stamps of cells whose policy is `latest`.
  public var stamps: [Int: Stamp]
  /// The city has closed what the row belongs to, or would belong to.
  public var isLocked: Bool

  public init(
    image: [Value]?, tombstone: [Value]? = nil, underReview: Set<Int> = [], stamps: [Int: Stamp] = [:],
    isLocked: Bool = false
  ) {
    self.image = image
    self.tombstone = tombstone
    self.underReview = underReview
    self.stamps = stamps
    self.isLocked = isLocked
  }
}

/// One cell, or the whole row, on which two sides disagree.
public struct Contest: Hashable, Sendable {
  public enum State: Sendable {
    /// Waits for a decision.
    case open
    /// The policy decided; can be reopened.
    case decidedByPolicy
    /// The sender does not own the column. Kept, not merged.
    case rejected, proposed
    /// An official's edit of a cell under review: the conflict is decided.
    case decision
  }

  /// nil: the row itself, deleted by one side and changed by the other.
  public var column: Int?
  public var base: Value
  /// The master's value before the change.
  public var master: Value
  public var incoming: Value
  public var state: State
  /// For a row conflict: did the incoming side delete the row, or the master before it.
  public var incomingDeletes: Bool

  public init(
    column: Int?, base: Value = .null, master: Value = .null, incoming: Value = .null, state: State,
    incomingDeletes: Bool = false
  ) {
    self.column = column
    self.base = base
    self.master = master
    self.incoming = incoming
    self.state = state
    self.incomingDeletes = incomingDeletes
  }
}

public struct MergeResult: Hashable, Sendable {
  /// The row after the merge; nil: no such row.
  public var image: [Value]?
  public var contests: [Contest]
  /// Stamps of `latest` cells that were taken, or that confirm the master's value later than it knew.
  public var stamps: [Int: Stamp]
  /// The row stands exactly as its sender has it, as far as the sent cells go.
  public var asSent: Bool
  /// The change cannot enter and is to be kept whole; the master's row stays as it was.
  public var parked: Parked?

  public enum Parked: Hashable, Sendable {
    /// The city has closed what the row belongs to: a revision request.
    case locked
    /// The sum of this column does not fit 64 bits.
    case overflow(Int)
  }

  public init(image: [Value]?, contests: [Contest], stamps: [Int: Stamp], asSent: Bool, parked: Parked? = nil) {
    self.image = image
    self.contests = contests
    self.stamps = stamps
    self.asSent = asSent
    self.parked = parked
  }
}

/// Merges one change into the master's row.
/// - Parameter stamps: the sender's corrected stamps of the `latest` columns it touched.
public func merge(
  _ change: Change, into master: MasterRow, schema: RecordSchema, side: Side, stamps: [Int: Stamp] = [:]
) -> MergeResult {
  switch change.kind {
  case .delete: mergeDelete(change, into: master, schema: schema, side: side)
  case .insert, .update: mergeCells(change, into: master, schema: schema, side: side, stamps: stamps)
  }
}

private func mergeDelete(_ change: Change, into master: MasterRow, schema: RecordSchema, side: Side) -> MergeResult {
  guard let image = master.image else { return MergeResult(image: nil, contests: [], stamps: [:], asSent: true) }
  if side == .county, schema.owner == .city {
    let state: Contest.State = schema.edits == .propose ? .proposed : .rejected
    let contest = Contest(column: nil, state: state, incomingDeletes: true)
    return MergeResult(image: image, contests: [contest], stamps: [:], asSent: false)
  }
  let seen = zip(change.old, image).allSatisfy { $0 == $1 }
  if seen, master.underReview.isEmpty || side == .city {
    return MergeResult(image: nil, contests: [], stamps: [:], asSent: true)
  }
  let contest = Contest(column: nil, state: .open, incomingDeletes: true)
  return MergeResult(image: image, contests: [contest], stamps: [:], asSent: false)
}

private func mergeCells(
  _ change: Change, into master: MasterRow, schema: RecordSchema, side: Side, stamps: [Int: Stamp]
) -> MergeResult {
  var contests: [Contest] = []
  var image: [Value]
  if let current = master.image {
    image = current
  } else if change.kind == .insert {
    image = change.new.map { $0 ?? .null }
    for column in foreignColumns(change, schema, side) where !image[column].isNull {
      contests.append(refused(column, change, master: .null, schema))
      image[column] = .null
    }
    let refused = Set(contests.compactMap(\.column))
    let taken = stamps.filter { !refused.contains($0.key) }
    return MergeResult(image: image, contests: contests, stamps: taken, asSent: contests.isEmpty)
  } else {
    let foreign = foreignColumns(change, schema, side)
    if foreign.count == change.touchedColumns(schema).count {
      // Nothing of the sender's own: what it may not change, it cannot bring back.
      contests = foreign.map { refused($0, change, master: master.tombstone?[$0] ?? .null, schema) }
      return MergeResult(image: nil, contests: contests, stamps: [:], asSent: false)
    }
    // The master has deleted the row: it stays, with what was known of it last.
    image = master.tombstone ?? change.new.indices.map { change.old[$0] ?? change.new[$0] ?? .null }
    contests.append(Contest(column: nil, state: .open))
  }

  let foreign = Set(foreignColumns(change, schema, side))
  var taken: [Int: Stamp] = [:]
  var asSent = contests.isEmpty
  for column in change.touchedColumns(schema) {
    let base = change.old[column] ?? .null
    let incoming = change.new[column] ?? .null
    let current = image[column]
    if incoming == current {
      // Two people wrote the same: the later of them counts against a third.
      if incoming != base, isLater(stamps[column], than: master.stamps[column]) { taken[column] = stamps[column] }
      if side == .city, master.underReview.contains(column), incoming != base {
        contests.append(Contest(column: column, base: base, master: current, incoming: incoming, state: .decision))
      }
      continue
    }
    if incoming == base {
      asSent = false
      continue
    }
    if foreign.contains(column) {
      contests.append(refused(column, change, master: current, schema))
      asSent = false
      continue
    }
    var contest = Contest(column: column, base: base, master: current, incoming: incoming, state: .open)
    if master.underReview.contains(column) {
      if side == .city, current == base {
        contest.state = .decision
        image[column] = incoming
      } else {
        asSent = false
      }
      contests.append(contest)
      continue
    }
    if current == base {
      image[column] = incoming
      taken[column] = stamps[column]
      continue
    }
    let ruling = settle(
      schema.fields[column].policy, contest, side: side, stamp: stamps[column], against: master.stamps[column])
    if let state = ruling.record {
      contest.state = state
      contests.append(contest)
    }
    if ruling.value == incoming { taken[column] = stamps[column] } else { asSent = false }
    image[column] = ruling.value
  }
  return MergeResult(image: image, contests: contests, stamps: taken, asSent: asSent)
}

/// What a contested cell becomes, and in which state the conflict is kept; nil: the rule is the record.
private func settle(
  _ policy: Policy, _ contest: Contest, side: Side, stamp: Stamp?, against masterStamp: Stamp?
) -> (value: Value, record: Contest.State?) {
  let master = contest.master
  let incoming = contest.incoming
  return switch policy {
  case .review: (master, .open)
  case .city: (side == .city ? incoming : master, .decidedByPolicy)
  case .county: (side == .county ? incoming : master, .decidedByPolicy)
  case .latest: (isLater(stamp, than: masterStamp) ? incoming : master, .decidedByPolicy)
  case .max, .min: extreme(policy, master, incoming).map { ($0, nil) } ?? (master, .open)
  case .sum, .union, .text: (master, .open)
  }
}

private func isLater(_ a: Stamp?, than b: Stamp?) -> Bool { a ?? Stamp(raw: 0) > b ?? Stamp(raw: 0) }

/// The larger or smaller value; NULL gives way to any. nil: values of two types have no order.
private func extreme(_ policy: Policy, _ master: Value, _ incoming: Value) -> Value? {
  if master.isNull { return incoming }
  if incoming.isNull { return master }
  return isLess(master, incoming).map { $0 == (policy == .max) ? incoming : master }
}

/// The order of two different values of one type: numbers by size, text and blobs by bytes.
private func isLess(_ a: Value, _ b: Value) -> Bool? {
  switch (a, b) {
  case (.integer(let x), .integer(let y)): x < y
  case (.real(let x), .real(let y)): x < y
  case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
  case (.blob(let x), .blob(let y)): x.lexicographicallyPrecedes(y)
  default: nil
  }
}

private func foreignColumns(_ change: Change, _ schema: RecordSchema, _ side: Side) -> [Int] {
  guard side == .county else { return [] }
  return change.touchedColumns(schema).filter { column in
    if change.kind == .update, case .field(let name) = schema.scope, schema.fields[column].name == name { return true }
    return schema.owner(of: column) == .city
  }
}

private func refused(_ column: Int, _ change: Change, master: Value, _ schema: RecordSchema) -> Contest {
  Contest(
    column: column, base: change.old[column] ?? .null, master: master, incoming: change.new[column] ?? .null,
    state: schema.edits == .propose ? .proposed : .rejected)
}
