// What the law reads, and what it says of one change. `Merge.swift` is the law.

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
  /// Others have entered it, too, of whom the sender of a delete has not heard.
  public var isShared: Bool

  public init(
    image: [Value]?, tombstone: [Value]? = nil, underReview: Set<Int> = [], stamps: [Int: Stamp] = [:],
    isLocked: Bool = false, isShared: Bool = false
  ) {
    self.image = image
    self.tombstone = tombstone
    self.underReview = underReview
    self.stamps = stamps
    self.isLocked = isLocked
    self.isShared = isShared
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
  /// NULL for a row.
  public var base: Value
  /// The master's value before the change. For a row: the master's row or, when deleted, its last image, as a blob in the
  /// spelling of `RowKey.encoded`; NULL when neither is known.
  public var master: Value
  /// For a row: as the sender wants it, columns that it does not own as they were, in the same spelling; NULL when it
  /// deletes the row.
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
  /// The row stands exactly as its sender has it, as far as the sent cells go; never when it came back from a delete.
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
