import SyncCore
import Testing

/// Every change of a row of two cells, one of them the city's, under every row rule (I1, I4).
struct SmallRowTests {
  /// Is there such a row at the master, was there one, or is nothing known of it?
  enum Presence: CaseIterable { case row, tombstone, nothing }

  struct Turn: CustomStringConvertible {
    var kind: Change.Kind
    var presence: Presence
    var side: Side
    var schema: RecordSchema
    var isLocked: Bool
    var isUnderReview: Bool
    /// Base, master's and incoming value: of the column `review` in ten's, of `owned` in the units.
    var base, master, incoming: Int64

    var owner: Owner { schema.owner }
    var rules: RowRules { schema.rules }

    var description: String {
      "\(kind) by the \(side), \(presence), owner \(owner), \(rules), \(isLocked ? "locked, " : "")"
        + "\(isUnderReview ? "under review, " : "")base \(base), master \(master), incoming \(incoming)"
    }

    func row(_ cells: Int64) -> [Value] {
      schema.whole(["id": "k", "unit": "A", "review": .integer(cells / 10), "owned": .integer(cells % 10)])
    }

    func merged() -> MergeResult {
      let known = row(master)
      let row = MasterRow(
        image: presence == .row ? known : nil, tombstone: presence == .tombstone ? known : nil,
        underReview: isUnderReview ? Set([schema.index(of: "review")].compactMap { $0 }) : [], isLocked: isLocked)
      return merge(change, into: row, schema: schema, side: side)
    }

    var change: Change {
      let (was, now) = (row(base), row(incoming))
      let touched = was.indices.map { was[$0] != now[$0] }
      let none: [Value?] = was.map { _ in nil }
      return switch kind {
      case .insert: made(old: none, new: now)
      case .delete: made(old: was, new: none)
      case .update:
        made(
          old: was.indices.map { touched[$0] || schema.isKey($0) ? was[$0] : nil },
          new: now.indices.map { touched[$0] ? now[$0] : nil })
      }
    }

    private func made(old: [Value?], new: [Value?]) -> Change {
      Change(
        record: "thing", key: RowKey(["k"]), kind: kind, old: old, new: new,
        edit: Edit(stamp: Stamp(raw: 1), actor: "clerk"))
    }
  }

  /// Who sends, under which rules: all other things equal.
  static let settings: [Turn] = [Side.city, .county].flatMap { side in
    [Owner.any, .city].flatMap { owner in
      rules.flatMap { rules in
        [(false, false), (false, true), (true, false), (true, true)].map { isLocked, isUnderReview in
          Turn(
            kind: .update, presence: .row, side: side, schema: thing(owner: owner, rules: rules), isLocked: isLocked,
            isUnderReview: isUnderReview, base: 11, master: 11, incoming: 11)
        }
      }
    }
  }

  static let world: [Turn] = settings.flatMap { setting in
    var turns: [Turn] = []
    for kind in [Change.Kind.insert, .update, .delete] {
      for presence in Presence.allCases {
        for master: Int64 in presence == .nothing ? [11] : [11, 12, 21, 22, 33] {
          for incoming: Int64 in kind == .delete ? [11] : kind == .insert ? [11, 12, 21, 22] : [12, 21, 22] {
            var turn = setting
            (turn.kind, turn.presence, turn.master, turn.incoming) = (kind, presence, master, incoming)
            turns.append(turn)
          }
        }
      }
    }
    return turns
  }

  static let rules = [false, true].flatMap { append in
    DeletePolicy.allCases.map { RowRules(append: append, delete: $0) }
  }

  /// A change that is parked leaves no trace in the master; only a county's is held back by a lock.
  @Test func locksHold() {
    for turn in Self.world where turn.isLocked {
      var open = turn
      open.isLocked = false
      let (result, ordinary) = (turn.merged(), open.merged())
      let before = turn.presence == .row ? turn.row(turn.master) : nil
      if turn.side == .county, ordinary.image != before || !ordinary.contests.isEmpty {
        let parked = MergeResult(image: before, contests: [], stamps: [:], asSent: false, parked: .locked)
        #expect(result == parked, "\(turn)")
      } else {
        #expect(result == ordinary, "\(turn)")
      }
    }
  }

  /// What the sender wanted is in the row, in a contest, or parked with the change.
  @Test func nothingIsLost() throws {
    for turn in Self.world where !turn.isLocked {
      let result = turn.merged()
      for column in turn.change.touchedColumns(turn.schema) where turn.kind != .delete {
        let wanted = turn.change.new[column] ?? .null
        let isChange = wanted != turn.change.old[column] ?? .null
        #expect(try !isChange || stands(wanted, column, in: result, \.incoming), "\(turn)")
      }
      if turn.kind == .delete, turn.presence == .row {
        #expect(result.image == nil || result.contests.contains { $0.incomingDeletes }, "\(turn)")
      }
    }
  }

  /// What the master had and the sender had not seen is in the row or in a contest.
  @Test func nothingUnseenIsOverwritten() throws {
    for turn in Self.world where !turn.isLocked && turn.presence == .row {
      let result = turn.merged()
      for (column, value) in turn.row(turn.master).enumerated() {
        let seen = turn.kind == .insert ? Value.null : turn.row(turn.base)[column]
        #expect(try value == seen || stands(value, column, in: result, \.master), "\(turn)")
      }
    }
  }

  private func stands(
    _ value: Value, _ column: Int, in result: MergeResult, _ side: KeyPath<Contest, Value>
  ) throws -> Bool {
    if result.image?[column] == value { return true }
    return try result.contests.contains { contest in
      guard contest.column == nil else { return contest.column == column && contest[keyPath: side] == value }
      guard case .blob(let bytes) = contest[keyPath: side] else { return false }
      return try RowKey(encoded: bytes).values[column] == value
    }
  }

  /// A county changes neither what it does not own nor a row that is only ever added, nor a cell under review.
  @Test func bordersHold() throws {
    for turn in Self.world where turn.side == .county && turn.presence == .row {
      let (before, result) = (turn.row(turn.master), turn.merged())
      let owned = try #require(turn.schema.index(of: "owned"))
      let review = try #require(turn.schema.index(of: "review"))
      if let image = result.image { #expect(image[owned] == before[owned], "\(turn)") }
      if turn.isUnderReview { #expect(result.image?[review] == before[review], "\(turn)") }
      if turn.owner == .city { #expect(result.image == before, "\(turn)") }
      if turn.rules.append, turn.kind != .insert { #expect(result.image == before, "\(turn)") }
    }
  }

  /// "As sent" is said exactly when it is so.
  @Test func asSentIsExact() {
    for turn in Self.world {
      let result = turn.merged()
      let cells = turn.change.touchedColumns(turn.schema)
      let stands =
        turn.kind == .delete
        ? result.image == nil : cells.allSatisfy { result.image?[$0] == turn.change.new[$0] ?? .null }
      let cameBack = result.contests.contains { $0.column == nil && !$0.incomingDeletes }
      #expect(result.asSent == (stands && !cameBack && result.parked == nil), "\(turn)")
    }
  }

  /// A row conflict carries the row of either side, and its state is what the rules say.
  @Test func rowConflictsAreWhole() throws {
    for turn in Self.world {
      for contest in turn.merged().contests where contest.column == nil {
        let known = turn.presence == .nothing ? Value.null : .blob(RowKey(turn.row(turn.master)).encoded)
        #expect(contest.base == .null && contest.master == known, "\(turn)")
        #expect(contest.incoming.isNull == (turn.kind == .delete), "\(turn)")
        let isRefused = turn.side == .county && (turn.owner == .city || turn.rules.append)
        let waits = turn.rules.delete == .review || turn.rules.delete == .remove && turn.isUnderReview
        #expect(contest.state == (isRefused ? .rejected : waits ? .open : .decidedByPolicy), "\(turn)")
        if contest.state == .decidedByPolicy {
          #expect((turn.merged().image == nil) == (turn.rules.delete == .remove), "\(turn)")
        }
      }
    }
  }
}
