import SyncCore

// Cases of whole rows: inserts, deletes, and several cells at once.

func row(_ cells: [String: Value]) -> [String: Value] { ["id": "k", "unit": "A"].merging(cells) { $1 } }

func cell(_ field: String, _ base: Value, _ master: Value, _ incoming: Value, _ state: String)
  -> MergeCase.Disagreement
{
  MergeCase.Disagreement(field: field, base: base, master: master, incoming: incoming, state: state)
}

/// The sender changed a row that the master has deleted.
func changed(_ tombstone: [String: Value]?, _ wanted: [String: Value], _ state: String) -> MergeCase.Disagreement {
  MergeCase.Disagreement(
    field: nil, master: tombstone.map(packed) ?? .null, incoming: packed(wanted), state: state)
}

/// The sender deleted a row that stands.
func deleted(_ image: [String: Value], _ state: String) -> MergeCase.Disagreement {
  MergeCase.Disagreement(field: nil, master: packed(image), state: state, incomingDeletes: true)
}

let insertCases = [
  MergeCase(
    name: "insert", kind: "insert", new: row(["review": 1, "latest": 2]), stamps: ["latest": 9],
    result: .init(image: row(["review": 1, "latest": 2]), stamps: ["latest": 9], asSent: true)),
  MergeCase(
    name: "insert of what the city owns", kind: "insert", new: row(["review": 1, "owned": 2]),
    result: .init(image: row(["review": 1]), contests: [cell("owned", .null, .null, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "insert that proposes", kind: "insert", edits: "propose", new: row(["owned": 2]),
    result: .init(image: row([:]), contests: [cell("owned", .null, .null, 2, "proposed")], asSent: false)),
  MergeCase(
    name: "insert by the city", side: "city", kind: "insert", new: row(["owned": 2]),
    result: .init(image: row(["owned": 2]), asSent: true)),
  MergeCase(
    name: "insert after a delete", kind: "insert", tombstone: row(["review": 1]), new: row(["review": 2]),
    result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "insert after a delete: a cell under review", kind: "insert", tombstone: row(["review": 1]),
    underReview: ["review"], new: row(["review": 2, "max": 3]),
    result: .init(
      image: row(["review": 2, "max": 3]), contests: [cell("review", .null, .null, 2, "open")], asSent: true)),
  MergeCase(
    name: "insert by the city after a delete: a cell under review", side: "city", kind: "insert",
    underReview: ["review"], new: row(["review": 2]), result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "insert over an equal row", kind: "insert", image: row(["review": 1]), new: row(["review": 1]),
    result: .init(image: row(["review": 1]), asSent: true)),
  MergeCase(
    name: "insert over a row: cells fill each other", kind: "insert", image: row(["review": 1]), new: row(["max": 2]),
    result: .init(image: row(["review": 1, "max": 2]), asSent: false)),
  MergeCase(
    name: "insert over a row: each policy", kind: "insert",
    image: row(["review": 1, "city": 1, "county": 1, "latest": 1, "max": 1, "min": 1]), masterStamps: ["latest": 5],
    new: row(["review": 2, "city": 2, "county": 2, "latest": 2, "max": 2, "min": 2]), stamps: ["latest": 6],
    result: .init(
      image: row(["review": 1, "city": 1, "county": 2, "latest": 2, "max": 2, "min": 1]),
      contests: [
        cell("review", .null, 1, 2, "open"), cell("city", .null, 1, 2, "decidedByPolicy"),
        cell("county", .null, 1, 2, "decidedByPolicy"), cell("latest", .null, 1, 2, "decidedByPolicy"),
      ], stamps: ["latest": 6], asSent: false)),
]

let deleteCases = [
  MergeCase(
    name: "delete", kind: "delete", image: row(["review": 1]), old: row(["review": 1]), result: .init(asSent: true)),
  MergeCase(name: "delete of a deleted row", kind: "delete", old: row(["review": 1]), result: .init(asSent: true)),
  MergeCase(
    name: "delete of a changed row", kind: "delete", image: row(["review": 2]), old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "open")], asSent: false)),
  MergeCase(
    name: "delete by the city of a row that it had not seen", side: "city", kind: "delete", image: row(["review": 2]),
    old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "open")], asSent: false)),
  MergeCase(
    name: "delete of a row whose type changed", kind: "delete", image: row(["review": 1.0]), old: row(["review": 1]),
    result: .init(image: row(["review": 1.0]), contests: [deleted(row(["review": 1.0]), "open")], asSent: false)),
  MergeCase(
    name: "delete of a row under review", kind: "delete", image: row(["review": 1]), underReview: ["review"],
    old: row(["review": 1]),
    result: .init(image: row(["review": 1]), contests: [deleted(row(["review": 1]), "open")], asSent: false)),
  MergeCase(
    name: "delete by the city of a row under review", side: "city", kind: "delete", image: row(["review": 1]),
    underReview: ["review"], old: row(["review": 1]), result: .init(asSent: true)),
  MergeCase(
    name: "delete of the city's row", kind: "delete", owner: "city", image: row([:]), old: row([:]),
    result: .init(
      image: row([:]), contests: [deleted(row([:]), "rejected")], asSent: false)),
  MergeCase(
    name: "delete of the city's row, proposed", kind: "delete", owner: "city", edits: "propose", image: row([:]),
    old: row([:]),
    result: .init(
      image: row([:]), contests: [deleted(row([:]), "proposed")], asSent: false)),
]

let resurrectionCases = [
  MergeCase(
    name: "update of a deleted row", tombstone: row(["review": 1, "max": 5]), old: ["id": "k", "review": 1],
    new: ["review": 2],
    result: .init(
      image: row(["review": 2, "max": 5]),
      contests: [changed(row(["review": 1, "max": 5]), row(["review": 2, "max": 5]), "open")], asSent: false)),
  MergeCase(
    name: "update of a row that was changed, then deleted", tombstone: row(["review": 3]),
    old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(
      image: row(["review": 3]),
      contests: [changed(row(["review": 3]), row(["review": 2]), "open"), cell("review", 1, 3, 2, "open")],
      asSent: false)),
  MergeCase(
    name: "update of a row without a tombstone", old: ["id": "k", "review": 1, "max": .null],
    new: ["review": 2, "max": 3],
    result: .init(
      image: ["id": "k", "review": 2, "max": 3],
      contests: [changed(nil, ["id": "k", "review": 2, "max": 3], "open")], asSent: false)),
  MergeCase(
    name: "own and foreign cells of a deleted row", tombstone: row(["review": 1, "owned": 1]),
    old: ["id": "k", "review": 1, "owned": 1], new: ["review": 2, "owned": 2],
    result: .init(
      image: row(["review": 2, "owned": 1]),
      contests: [
        changed(row(["review": 1, "owned": 1]), row(["review": 2, "owned": 1]), "open"),
        cell("owned", 1, 1, 2, "rejected"),
      ], asSent: false)
  ),
  MergeCase(
    name: "foreign cells bring no row back", tombstone: row(["owned": 1]), old: ["id": "k", "owned": 1],
    new: ["owned": 2], result: .init(contests: [cell("owned", 1, 1, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "a county brings no row of the city's back", owner: "city", edits: "propose", tombstone: row(["max": 1]),
    old: ["id": "k", "max": 1], new: ["max": 2],
    result: .init(contests: [cell("max", 1, 1, 2, "proposed")], asSent: false)),
]

let mixedCases = [
  MergeCase(
    name: "two people, two cells", image: row(["review": 2, "max": 1]), old: ["id": "k", "max": 1], new: ["max": 2],
    result: .init(image: row(["review": 2, "max": 2]), asSent: true)),
  MergeCase(
    name: "a foreign cell does not hold back the others", image: row(["review": 1, "owned": 1]),
    old: ["id": "k", "review": 1, "owned": 1], new: ["review": 2, "owned": 2],
    result: .init(image: row(["review": 2, "owned": 1]), contests: [cell("owned", 1, 1, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "a cell under review does not hold back the others", image: row(["review": 1, "max": 1]),
    underReview: ["review"], old: ["id": "k", "review": 1, "max": 1], new: ["review": 2, "max": 2],
    result: .init(image: row(["review": 1, "max": 2]), contests: [cell("review", 1, 1, 2, "open")], asSent: false)),
  MergeCase(
    name: "a change of the city's row", owner: "city", image: row(["max": 1]), old: ["id": "k", "max": 1],
    new: ["max": 2], result: .init(image: row(["max": 1]), contests: [cell("max", 1, 1, 2, "rejected")], asSent: false)),
]
