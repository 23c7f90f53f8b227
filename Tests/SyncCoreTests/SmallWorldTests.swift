import SyncCore
import Testing

/// Every base, master's and incoming value out of {NULL, 1, 2}, for every policy, side, state of review and stamp (I1).
struct SmallWorldTests {
  static let values: [Value] = [.null, 1, 2]

  struct Cell {
    var policy: Policy
    var side: Side
    var base, master, incoming: Value
    var isUnderReview: Bool
    var isInsert: Bool
    var stamp: Int64

    func merged() -> (value: Value?, result: MergeResult) {
      let schema = thing()
      let column = schema.index(of: policy.rawValue) ?? 0
      func sparse(_ cell: Value) -> [Value?] { schema.fields.indices.map { $0 == column ? cell : nil } }
      let key: [Value?] = schema.fields.indices.map { $0 == 0 ? "k" : nil }
      let whole = schema.fields.indices.map { $0 == column ? incoming : $0 == 0 ? "k" : .null }
      let change = Change(
        record: "thing", key: RowKey(["k"]), kind: isInsert ? .insert : .update,
        old: isInsert ? Array(repeating: nil, count: whole.count) : zip(sparse(base), key).map { $0 ?? $1 },
        new: isInsert ? whole : sparse(incoming), edit: Edit(stamp: Stamp(raw: stamp), actor: "clerk"))
      let image = schema.fields.indices.map { $0 == column ? master : $0 == 0 ? "k" : Value.null }
      let row = MasterRow(
        image: image, underReview: isUnderReview ? [column] : [],
        stamps: policy == .latest ? [column: Stamp(raw: 2)] : [:])
      let stamps = policy == .latest ? [column: Stamp(raw: stamp)] : [:]
      let result = merge(change, into: row, schema: schema, side: side, stamps: stamps)
      return (result.image?[column], result)
    }
  }

  static let world: [Cell] = Policy.allCases.flatMap { policy in
    [Side.city, .county].flatMap { side in
      values.flatMap { base in
        values.flatMap { master in
          values.flatMap { incoming in
            [false, true].flatMap { isUnderReview in
              [1, 2, 3].flatMap { stamp in
                [false, true].compactMap { isInsert in
                  isInsert && !base.isNull
                    ? nil
                    : Cell(
                      policy: policy, side: side, base: base, master: master, incoming: incoming,
                      isUnderReview: isUnderReview, isInsert: isInsert, stamp: stamp)
                }
              }
            }
          }
        }
      }
    }
  }

  @Test func nothingIsLost() {
    for cell in Self.world {
      let (value, result) = cell.merged()
      let isAbsorbed = (cell.policy == .max || cell.policy == .min) && !cell.isUnderReview
      let keptIncoming = value == cell.incoming || result.contests.contains { $0.incoming == cell.incoming }
      if cell.incoming != cell.base { #expect(keptIncoming || isAbsorbed, "incoming of \(cell)") }
      let keptMaster =
        value == cell.master || cell.master == cell.base || result.contests.contains { $0.master == cell.master }
      #expect(keptMaster || isAbsorbed, "the master's of \(cell)")
    }
  }

  /// Nothing is made up, and a contest says truly what was there.
  @Test func nothingIsInvented() {
    for cell in Self.world {
      let (value, result) = cell.merged()
      #expect(value == cell.master || value == cell.incoming, "\(cell)")
      #expect(result.contests.count <= 1, "\(cell)")
      for contest in result.contests {
        #expect(
          contest.base == cell.base && contest.master == cell.master && contest.incoming == cell.incoming, "\(cell)")
      }
      #expect(
        result.asSent
          == (value == cell.incoming && !(cell.isUnderReview && cell.side == .county && value != cell.incoming)),
        "\(cell)")
    }
  }

  /// A county never moves a cell that waits for a decision.
  @Test func reviewHolds() {
    for cell in Self.world where cell.isUnderReview && cell.side == .county {
      #expect(cell.merged().value == cell.master, "\(cell)")
    }
  }

  /// Computing policies do not care who comes first.
  @Test(arguments: [Policy.max, .min])
  func orderDoesNotMatter(policy: Policy) {
    for base in Self.values {
      for a in Self.values {
        for b in Self.values where a != base && b != base {
          func cell(_ master: Value, _ incoming: Value) -> Value? {
            Cell(
              policy: policy, side: .county, base: base, master: master, incoming: incoming, isUnderReview: false,
              isInsert: false, stamp: 1
            ).merged().value
          }
          #expect(cell(a, b) == cell(b, a), "\(policy) of \(a) and \(b)")
        }
      }
    }
  }
}
