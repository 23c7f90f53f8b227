import SyncCore
import Testing

/// Every base, master's and incoming value out of a few, for every policy, side, state of review and stamp (I1).
struct SmallWorldTests {
  /// The values that a column of the policy may take in the small world.
  static func values(_ policy: Policy) -> [Value] {
    switch policy {
    case .union: [.null, "a", "b", "a,b", "b,c"]
    case .text: [.null, "a\nb\nc", "A\nb\nc", "a\nb\nC", "b\nc", "a\nb"]
    default: [.null, 1, 2]
    }
  }

  struct Cell {
    var policy: Policy
    var side: Side
    var base, master, incoming: Value
    var isUnderReview: Bool
    var isInsert: Bool
    var stamp: Int64

    /// Whether the policy itself may account for a value that is no longer seen as such.
    var computes: Bool { [.max, .min, .sum, .union, .text].contains(policy) && !isUnderReview }

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
      values(policy).flatMap { base in
        values(policy).flatMap { master in
          values(policy).flatMap { incoming in
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
      // What a policy computes is judged by `computed`; where it fell back to review both must be kept.
      let isAbsorbed = cell.computes && result.contests.isEmpty
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
      let mayCompute =
        cell.computes && result.contests.isEmpty && cell.master != cell.base && cell.incoming != cell.base
      #expect(value == cell.master || value == cell.incoming || mayCompute, "\(cell)")
      #expect(result.contests.count <= 1, "\(cell)")
      #expect(result.parked == nil, "\(cell)")
      for contest in result.contests {
        #expect(
          contest.base == cell.base && contest.master == cell.master && contest.incoming == cell.incoming, "\(cell)")
      }
      #expect(result.asSent == (value == cell.incoming), "\(cell)")
    }
  }

  /// A county never moves a cell that waits for a decision.
  @Test func reviewHolds() {
    for cell in Self.world where cell.isUnderReview && cell.side == .county {
      #expect(cell.merged().value == cell.master, "\(cell)")
    }
  }

  /// A policy that computes did what it says, told in other words than the law's.
  @Test func computed() {
    for cell in Self.world where cell.computes && cell.incoming != cell.base {
      let (value, result) = cell.merged()
      guard let value, result.contests.isEmpty else { continue }
      switch cell.policy {
      case .sum: #expect(count(value) - count(cell.master) == count(cell.incoming) - count(cell.base), "\(cell)")
      case .union: #expect(members(value) == union(cell), "\(cell)")
      case .text where ![cell.base, cell.master, cell.incoming].contains(.null):
        // All lines of this world differ.
        #expect(lines(value) == lines(cell.master).union(added(cell)).subtracting(removed(cell)), "\(cell)")
      default: break
      }
    }
  }

  /// Computing policies do not care who comes first.
  @Test(arguments: [Policy.max, .min, .sum, .union, .text])
  func orderDoesNotMatter(policy: Policy) {
    let values = Self.values(policy)
    for base in values {
      for a in values {
        for b in values where a != base && b != base {
          func merged(_ master: Value, _ incoming: Value) -> (value: Value?, result: MergeResult) {
            Cell(
              policy: policy, side: .county, base: base, master: master, incoming: incoming, isUnderReview: false,
              isInsert: false, stamp: 1
            ).merged()
          }
          let (one, other) = (merged(a, b), merged(b, a))
          #expect(one.result.contests.count == other.result.contests.count, "\(policy) of \(a) and \(b)")
          guard one.result.contests.isEmpty else { continue }
          if policy == .union {
            #expect(members(one.value ?? .null) == members(other.value ?? .null), "\(a) and \(b) from \(base)")
          } else {
            #expect(one.value == other.value, "\(policy) of \(a) and \(b) from \(base)")
          }
        }
      }
    }
  }
}

private func count(_ value: Value) -> Int64 { if case .integer(let number) = value { number } else { 0 } }

private func parts(_ value: Value, _ separator: Character) -> Set<String> {
  if case .text(let text) = value { Set(text.split(separator: separator).map(String.init)) } else { [] }
}

private func members(_ value: Value) -> Set<String> { parts(value, ",") }
private func lines(_ value: Value) -> Set<String> { parts(value, "\n") }

/// In the union is what one side added, and what was there and neither removed.
private func union(_ cell: SmallWorldTests.Cell) -> Set<String> {
  let (base, master, incoming) = (members(cell.base), members(cell.master), members(cell.incoming))
  if cell.master == cell.base { return incoming }
  return master.subtracting(base).union(incoming.subtracting(base)).union(
    base.intersection(master).intersection(incoming))
}

private func added(_ cell: SmallWorldTests.Cell) -> Set<String> { lines(cell.incoming).subtracting(lines(cell.base)) }
private func removed(_ cell: SmallWorldTests.Cell) -> Set<String> { lines(cell.base).subtracting(lines(cell.incoming)) }
