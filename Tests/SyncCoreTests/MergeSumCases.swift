import SyncCore

// The policy `sum`: the master's value plus what the sender added or took away.

private let most = Value.integer(.max)
private let least = Value.integer(.min)

let sumCellCases = [
  MergeCase("both added", "sum", .county, 10, 15, 12, 17, asSent: false),
  MergeCase("both added", "sum", .city, 10, 15, 12, 17, asSent: false),
  MergeCase("both took away", "sum", .county, 10, 7, 6, 3, asSent: false),
  MergeCase("one added, one took away", "sum", .county, 10, 15, 5, 10, asSent: false),
  MergeCase("both to the same counts both", "sum", .county, 10, 15, 15, 20, asSent: false),
  MergeCase("both to the same counts both", "sum", .city, 10, 15, 15, 20, asSent: false),
  MergeCase("both filled", "sum", .county, .null, 5, 7, 12, asSent: false),
  MergeCase("both filled with the same", "sum", .county, .null, 5, 5, 10, asSent: false),
  MergeCase("both emptied counts both", "sum", .county, 1, .null, .null, -1, asSent: false),
  MergeCase("emptied by the sender", "sum", .county, 10, 15, .null, 5, asSent: false),
  MergeCase("emptied by the master", "sum", .county, 10, .null, 15, 5, asSent: false),
  MergeCase("NULL is 0", "sum", .county, 0, .null, 5, 5, asSent: true),
  MergeCase("NULL is 0, also for both", "sum", .county, 0, .null, .null, 0, asSent: false),
  MergeCase("0 adds nothing", "sum", .county, .null, 5, 0, 5, asSent: false),
]

let sumLimitCases = [
  MergeCase("as much as fits", "sum", .county, 0, .integer(.max - 1), 1, most, asSent: false),
  MergeCase("as little as fits", "sum", .county, 0, .integer(.min + 1), -1, least, asSent: false),
  MergeCase("extremes uncontested", "sum", .county, least, least, most, most, asSent: true),
  MergeCase("too much", "sum", .county, 0, most, 1, most, asSent: false, parked: .overflow("sum")),
  MergeCase("too little", "sum", .city, 0, least, -1, least, asSent: false, parked: .overflow("sum")),
  MergeCase(
    "too far from the base, though the sum would fit", "sum", .county, -1, -2, most, -2, asSent: false,
    parked: .overflow("sum")),
  MergeCase(
    "too far, both to the same", "sum", .county, least, most, most, most, asSent: false, parked: .overflow("sum")),
  MergeCase("a real goes to review", "sum", .county, 1, 2, 2.5, 2, .open, asSent: false),
  MergeCase("a real base goes to review", "sum", .county, 1.0, 2, 3, 2, .open, asSent: false),
  MergeCase("a text goes to review", "sum", .city, 1, "2", 3, "2", .open, asSent: false),
  MergeCase("no integers, both to the same", "sum", .county, 1, "2", "2", "2", asSent: true),
]

let sumReviewCases = [
  MergeCase("waits too", "sum", .county, 10, 15, 12, 15, .open, asSent: false, underReview: true),
  MergeCase(
    "the same joins: it has not been counted", "sum", .county, 10, 15, 15, 15, .open, asSent: true, underReview: true),
  MergeCase("the city has not seen the same", "sum", .city, 10, 15, 15, 15, .open, asSent: true, underReview: true),
  MergeCase("the city decides", "sum", .city, 15, 15, 12, 12, .decision, asSent: true, underReview: true),
]

let sumRowCases = [
  MergeCase(
    name: "sum: insert over a row adds", kind: "insert", image: row(["sum": 3]), new: row(["sum": 5]),
    result: .init(image: row(["sum": 8]), asSent: false)),
  MergeCase(
    name: "sum: insert over an equal row adds", kind: "insert", image: row(["sum": 3]), new: row(["sum": 3]),
    result: .init(image: row(["sum": 6]), asSent: false)),
  MergeCase(
    name: "sum: insert over an empty cell", kind: "insert", image: row([:]), new: row(["sum": 5]),
    result: .init(image: row(["sum": 5]), asSent: true)),
  MergeCase(
    name: "sum: insert of nothing", kind: "insert", image: row(["sum": 3]), new: row([:]),
    result: .init(image: row(["sum": 3]), asSent: false)),
  MergeCase(
    name: "sum: what does not fit holds back the whole change", image: row(["review": 1, "latest": 1, "sum": most]),
    old: ["id": "k", "review": 0, "latest": 1, "sum": 0], new: ["review": 2, "latest": 2, "sum": 1],
    stamps: ["latest": 9],
    result: .init(
      image: row(["review": 1, "latest": 1, "sum": most]), asSent: false, parked: .overflow("sum"))),
  MergeCase(
    name: "sum: a deleted row adds to its last image", tombstone: row(["sum": 15]), old: ["id": "k", "sum": 10],
    new: ["sum": 12],
    result: .init(
      image: row(["sum": 17]), contests: [changed(row(["sum": 15]), row(["sum": 12]), "open")], asSent: false)),
  MergeCase(
    name: "sum: a deleted row whose sum would not fit stays away", tombstone: row(["sum": most]),
    old: ["id": "k", "sum": 10], new: ["sum": 12], result: .init(asSent: false, parked: .overflow("sum"))),
  MergeCase(
    name: "sum: not a county's, though both to the same", owner: "city", image: row(["sum": 15]),
    old: ["id": "k", "sum": 10], new: ["sum": 15], result: .init(image: row(["sum": 15]), asSent: true)),
  MergeCase(
    name: "sum: not a county's", owner: "city", image: row(["sum": 15]), old: ["id": "k", "sum": 10],
    new: ["sum": 12],
    result: .init(image: row(["sum": 15]), contests: [cell("sum", 10, 15, 12, "rejected")], asSent: false)),
]

let sumCases = sumCellCases + sumLimitCases + sumReviewCases + sumRowCases
