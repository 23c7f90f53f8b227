import SyncCore

// Cases of a single cell: base, the master's, incoming → what the cell becomes, the contest, stands as sent.

extension MergeCase {
  init(
    _ name: String, _ column: String, _ side: Side, _ base: Value, _ master: Value, _ incoming: Value,
    _ value: Value, _ state: Contest.State? = nil, asSent: Bool,
    stamps: (master: Int64?, incoming: Int64?) = (nil, nil),
    taken: Int64? = nil, underReview: Bool = false, edits: ForeignEdits = .reject, parked: Parked? = nil
  ) {
    func row(_ cell: Value) -> [String: Value] {
      ["id": "k", "unit": "A"].merging([column: cell]) { $1 }.filter { !$0.value.isNull }
    }
    let contest = state.map {
      Disagreement(field: column, base: base, master: master, incoming: incoming, state: "\($0)")
    }
    self.init(
      name: "\(column), \(side): \(name)", side: "\(side)", edits: edits.rawValue, image: row(master),
      underReview: underReview ? [column] : [], masterStamps: stamps.master.map { [column: $0] } ?? [:],
      old: ["id": "k", column: base], new: [column: incoming], stamps: stamps.incoming.map { [column: $0] } ?? [:],
      result: Outcome(
        image: row(value), contests: contest.map { [$0] } ?? [], stamps: taken.map { [column: $0] } ?? [:],
        asSent: asSent, parked: parked))
  }
}

/// What no policy has a say in, but that a sum counts what both sides did.
let uncontestedCases = Policy.allCases.flatMap { policy in
  [Side.county, .city].flatMap { side in
    let column = policy.rawValue
    let (one, two): (Value, Value) = policy.kind == .text ? ("1", "2") : (1, 2)
    return [
      MergeCase("only the master changed", column, side, one, two, one, two, asSent: false),
      MergeCase("only the sender changed", column, side, one, one, two, two, asSent: true),
      MergeCase("filled", column, side, .null, .null, two, two, asSent: true),
      MergeCase("emptied", column, side, one, one, .null, .null, asSent: true),
      MergeCase("the master filled what the sender left empty", column, side, .null, one, .null, one, asSent: false),
      MergeCase("the master emptied what the sender left", column, side, one, .null, one, .null, asSent: false),
    ]
      + (policy == .sum
        ? []
        : [
          MergeCase("both to the same", column, side, one, two, two, two, asSent: true),
          MergeCase("both emptied", column, side, one, .null, .null, .null, asSent: true),
        ])
  }
}

let policyCases = [
  MergeCase("contested", "review", .county, 1, 2, 3, 2, .open, asSent: false),
  MergeCase("contested", "review", .city, 1, 2, 3, 2, .open, asSent: false),
  MergeCase("both filled", "review", .county, .null, 1, 2, 1, .open, asSent: false),
  MergeCase("emptied by the master", "review", .county, 1, .null, 2, .null, .open, asSent: false),
  MergeCase("emptied by the sender", "review", .county, 1, 2, .null, 2, .open, asSent: false),
  MergeCase("contested", "city", .county, 1, 2, 3, 2, .decidedByPolicy, asSent: false),
  MergeCase("contested", "city", .city, 1, 2, 3, 3, .decidedByPolicy, asSent: true),
  MergeCase("emptied by the sender", "city", .city, 1, 2, .null, .null, .decidedByPolicy, asSent: true),
  MergeCase("contested", "county", .county, 1, 2, 3, 3, .decidedByPolicy, asSent: true),
  MergeCase("contested", "county", .city, 1, 2, 3, 2, .decidedByPolicy, asSent: false),
  MergeCase("emptied by the master", "county", .county, 1, .null, 3, 3, .decidedByPolicy, asSent: true),
  MergeCase("later", "latest", .county, 1, 2, 3, 3, .decidedByPolicy, asSent: true, stamps: (10, 20), taken: 20),
  MergeCase("later", "latest", .city, 1, 2, 3, 3, .decidedByPolicy, asSent: true, stamps: (10, 20), taken: 20),
  MergeCase("earlier", "latest", .county, 1, 2, 3, 2, .decidedByPolicy, asSent: false, stamps: (20, 10)),
  MergeCase("a tie", "latest", .county, 1, 2, 3, 2, .decidedByPolicy, asSent: false, stamps: (10, 10)),
  MergeCase("no stamps", "latest", .county, 1, 2, 3, 2, .decidedByPolicy, asSent: false),
  MergeCase("first stamp", "latest", .county, 1, 2, 3, 3, .decidedByPolicy, asSent: true, stamps: (nil, 5), taken: 5),
  MergeCase(
    "emptied later", "latest", .county, 1, 2, .null, .null, .decidedByPolicy, asSent: true, stamps: (1, 2), taken: 2),
  MergeCase("uncontested, stamped", "latest", .county, 1, 1, 2, 2, asSent: true, stamps: (10, 5), taken: 5),
  MergeCase("the same, later", "latest", .county, 1, 2, 2, 2, asSent: true, stamps: (10, 20), taken: 20),
  MergeCase("the same, earlier", "latest", .county, 1, 2, 2, 2, asSent: true, stamps: (20, 10)),
  MergeCase("larger", "max", .county, 1, 2, 3, 3, asSent: true),
  MergeCase("smaller", "max", .county, 1, 3, 2, 3, asSent: false),
  MergeCase("smaller", "max", .city, 1, -3, -2, -2, asSent: true),
  MergeCase("extremes", "max", .county, 0, .integer(.min), .integer(.max), .integer(.max), asSent: true),
  MergeCase("NULL gives way", "max", .county, 1, 2, .null, 2, asSent: false),
  MergeCase("NULL gives way", "max", .city, 1, .null, -2, -2, asSent: true),
  MergeCase("reals", "max", .county, 0.5, 1.5, 1.25, 1.5, asSent: false),
  MergeCase("text by bytes", "max", .county, "a", "Z", "a甲", "a甲", asSent: true),
  MergeCase("a prefix is smaller", "max", .county, "", "ab", "a", "ab", asSent: false),
  MergeCase("blobs by bytes", "max", .county, .null, .blob([1, 255]), .blob([2]), .blob([2]), asSent: true),
  MergeCase("smaller", "min", .county, 3, 2, 1, 1, asSent: true),
  MergeCase("larger", "min", .county, 3, 1, 2, 1, asSent: false),
  MergeCase("NULL gives way", "min", .county, 1, 2, .null, 2, asSent: false),
  MergeCase("NULL gives way", "min", .city, 1, .null, 2, 2, asSent: true),
  MergeCase("types have no order", "max", .county, 1, 2, 3.0, 2, .open, asSent: false),
  MergeCase("types have no order", "min", .county, 1, "2", 1, "2", asSent: false),
  MergeCase("types have no order", "min", .city, 0, "2", 1, "2", .open, asSent: false),
]

let equalityCases = [
  MergeCase("1 to 1.0 is a change", "review", .county, 1, 1, 1.0, 1.0, asSent: true),
  MergeCase("1 is not 1.0", "review", .county, 1, 1.0, 2, 1.0, .open, asSent: false),
  MergeCase("'1' is not 1", "review", .county, 1, 2, "2", 2, .open, asSent: false),
  MergeCase("'' is not NULL", "review", .county, .null, .null, "", "", asSent: true),
  MergeCase("'' against NULL", "review", .county, "a", .null, "", .null, .open, asSent: false),
  MergeCase("x'' is not ''", "review", .county, "a", "", .blob([]), "", .open, asSent: false),
  MergeCase("upper case is a change", "review", .county, "a", "a", "A", "A", asSent: true),
  MergeCase(
    "another normal form is a change", "review", .county, "\u{e9}", "\u{e9}", "e\u{301}", "e\u{301}", asSent: true),
  MergeCase("normal forms differ", "review", .county, "e", "\u{e9}", "e\u{301}", "\u{e9}", .open, asSent: false),
  MergeCase(
    "2^53 + 1 is not 2^53", "review", .county, 0, 9_007_199_254_740_992, 9_007_199_254_740_993, 9_007_199_254_740_992,
    .open, asSent: false),
]

let reviewCases = [
  MergeCase("a county joins", "review", .county, 1, 1, 2, 1, .open, asSent: false, underReview: true),
  MergeCase("a county joins from an old base", "review", .county, 1, 2, 3, 2, .open, asSent: false, underReview: true),
  MergeCase("a county joins by emptying", "review", .county, 1, 1, .null, 1, .open, asSent: false, underReview: true),
  MergeCase("a county has the master's value", "review", .county, 1, 2, 2, 2, asSent: true, underReview: true),
  MergeCase("a county changed nothing", "review", .county, 1, 2, 1, 2, asSent: false, underReview: true),
  MergeCase("a computing policy waits too", "max", .county, 1, 2, 3, 2, .open, asSent: false, underReview: true),
  MergeCase("the county's policy waits too", "county", .county, 1, 2, 3, 2, .open, asSent: false, underReview: true),
  MergeCase("the city decides", "review", .city, 1, 1, 2, 2, .decision, asSent: true, underReview: true),
  MergeCase("the city confirms", "review", .city, 1, 2, 2, 2, .decision, asSent: true, underReview: true),
  MergeCase("the city had not seen it", "review", .city, 1, 2, 3, 2, .open, asSent: false, underReview: true),
]

let ownerCases = [
  MergeCase("not a county's", "owned", .county, 1, 1, 2, 1, .rejected, asSent: false),
  MergeCase("a county proposes", "owned", .county, 1, 1, 2, 1, .proposed, asSent: false, edits: .propose),
  MergeCase("not a county's, changed meanwhile", "owned", .county, 1, 2, 3, 2, .rejected, asSent: false),
  MergeCase("a county has the master's value", "owned", .county, 1, 2, 2, 2, asSent: true),
  MergeCase(
    "one more proposal", "owned", .county, 1, 1, 3, 1, .proposed, asSent: false, underReview: true, edits: .propose),
  MergeCase("the city's own", "owned", .city, 1, 1, 2, 2, asSent: true),
  MergeCase("the city decides a proposal", "owned", .city, 1, 1, 2, 2, .decision, asSent: true, underReview: true),
  MergeCase("a county cannot move a row", "unit", .county, "A", "A", "B", "A", .rejected, asSent: false),
  MergeCase(
    "a county proposes to move a row", "unit", .county, "A", "A", "B", "A", .proposed, asSent: false, edits: .propose),
  MergeCase("the city moves a row", "unit", .city, "A", "A", "B", "B", asSent: true),
]
