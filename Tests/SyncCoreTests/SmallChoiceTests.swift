import SyncCore
import Testing

/// Every base, master's and incoming choice out of a few, one of them the city's, for every policy, side and kind (I4).
struct SmallChoiceTests {
  static let values: [Value] = [.null, "a", "b", "p"]

  struct Cell {
    var policy: Policy
    var side: Side
    var edits: ForeignEdits
    var kind: Change.Kind
    var isDeleted: Bool
    var isUnderReview: Bool
    var base, master, incoming: Value

    /// Whether the county would touch what is the city's.
    var isCitys: Bool { [base, master, incoming].contains("p") && incoming != base }

    func merged(choices: [String]) -> (value: Value?, result: MergeResult) {
      let schema = thing(edits: edits, cityChoices: [policy.rawValue: choices])
      let column = schema.index(of: policy.rawValue) ?? 0
      func row(_ cell: Value) -> [Value] { schema.whole(["id": "k", "unit": "A", policy.rawValue: cell]) }
      let none: [Value?] = schema.fields.map { _ in nil }
      var change = Change(
        record: "thing", key: RowKey(["k"]), kind: kind, old: none, new: none,
        edit: Edit(stamp: Stamp(raw: 1), actor: "clerk"))
      if kind == .insert {
        change.new = row(incoming)
      } else {
        change.old[0] = "k"
        (change.old[column], change.new[column]) = (base, incoming)
      }
      let known = MasterRow(
        image: isDeleted ? nil : row(master), tombstone: isDeleted ? row(master) : nil,
        underReview: isUnderReview ? [column] : [], stamps: [column: Stamp(raw: 1)])
      let result = merge(
        change, into: known, schema: schema, side: side, stamps: policy == .latest ? [column: Stamp(raw: 2)] : [:])
      return (result.image?[column], result)
    }
  }

  static let world: [Cell] = [Policy.review, .city, .county, .latest, .max, .min].flatMap { policy in
    [Side.city, .county].flatMap { side in
      [ForeignEdits.reject, .propose].flatMap { edits in
        [(Change.Kind.update, false), (.update, true), (.insert, false)].flatMap { kind, isDeleted in
          [false, true].flatMap { isUnderReview in
            values.flatMap { master in
              values.flatMap { incoming in
                (kind == .insert ? [.null] : values.filter { $0 != incoming }).map { base in
                  Cell(
                    policy: policy, side: side, edits: edits, kind: kind, isDeleted: isDeleted,
                    isUnderReview: isUnderReview, base: base, master: master, incoming: incoming)
                }
              }
            }
          }
        }
      }
    }
  }

  /// A county moves no cell to the city's choice nor away from it; what it wanted is kept, as its record says.
  @Test func theCitysChoiceHolds() {
    for cell in Self.world where cell.side == .county && cell.isCitys {
      let (value, result) = cell.merged(choices: ["p"])
      #expect(value == (cell.isDeleted ? nil : cell.master), "\(cell)")
      let isAgreed = cell.incoming == cell.master && !cell.isDeleted
      let kept = result.contests.filter { $0.column != nil }
      #expect(kept.map(\.incoming) == (isAgreed ? [] : [cell.incoming]), "\(cell)")
      #expect(kept.allSatisfy { $0.state == (cell.edits == .propose ? .proposed : .rejected) }, "\(cell)")
      #expect(kept.allSatisfy { $0.master == cell.master && $0.base == cell.base }, "\(cell)")
    }
  }

  /// The city, and a county among its own choices, merge as if nobody owned any.
  @Test func otherwiseNothingChanges() {
    for cell in Self.world where cell.side == .city || !cell.isCitys {
      #expect(cell.merged(choices: ["p"]).result == cell.merged(choices: []).result, "\(cell)")
    }
  }
}
