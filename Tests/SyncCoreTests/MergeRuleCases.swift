import SyncCore

// Row rules: who wins when one side deleted and the other changed; records that only grow; rows that are locked.

let deletePolicyCases = keepCases + removeCases

private let keepCases = [
  MergeCase(
    name: "keep: delete", kind: "delete", delete: "keep", image: row(["review": 1]), old: row(["review": 1]),
    result: .init(asSent: true)),
  MergeCase(
    name: "keep: delete of a changed row", kind: "delete", delete: "keep", image: row(["review": 2]),
    old: row(["review": 1]),
    result: .init(
      image: row(["review": 2]), contests: [deleted(row(["review": 2]), "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "keep: delete by the city of a changed row", side: "city", kind: "delete", delete: "keep",
    image: row(["review": 2]), old: row(["review": 1]),
    result: .init(
      image: row(["review": 2]), contests: [deleted(row(["review": 2]), "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "keep: delete of a row under review", kind: "delete", delete: "keep", image: row(["review": 1]),
    underReview: ["review"], old: row(["review": 1]),
    result: .init(
      image: row(["review": 1]), contests: [deleted(row(["review": 1]), "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "keep: update of a deleted row", delete: "keep", tombstone: row(["review": 3, "max": 5]),
    old: ["id": "k", "review": 1, "max": 5], new: ["review": 2, "max": 6],
    result: .init(
      image: row(["review": 3, "max": 6]),
      contests: [
        changed(row(["review": 3, "max": 5]), row(["review": 2, "max": 6]), "decidedByPolicy"),
        cell("review", 1, 3, 2, "open"),
      ], asSent: false)),
  MergeCase(
    name: "keep: foreign cells bring no row back", delete: "keep", tombstone: row(["owned": 1]),
    old: ["id": "k", "owned": 1], new: ["owned": 2],
    result: .init(contests: [cell("owned", 1, 1, 2, "rejected")], asSent: false)),
]

private let removeCases = [
  MergeCase(
    name: "remove: delete of a changed row", kind: "delete", delete: "remove", image: row(["review": 2]),
    old: row(["review": 1]),
    result: .init(contests: [deleted(row(["review": 2]), "decidedByPolicy")], asSent: true)),
  MergeCase(
    name: "remove: delete by the city of a changed row", side: "city", kind: "delete", delete: "remove",
    image: row(["review": 2]), old: row(["review": 1]),
    result: .init(contests: [deleted(row(["review": 2]), "decidedByPolicy")], asSent: true)),
  MergeCase(
    name: "remove: delete of a row under review", kind: "delete", delete: "remove", image: row(["review": 1]),
    underReview: ["review"], old: row(["review": 1]),
    result: .init(image: row(["review": 1]), contests: [deleted(row(["review": 1]), "open")], asSent: false)),
  MergeCase(
    name: "remove: delete of a changed row under review", kind: "delete", delete: "remove", image: row(["review": 2]),
    underReview: ["max"], old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "open")], asSent: false)),
  MergeCase(
    name: "remove: delete by the city of an unseen row under review", side: "city", kind: "delete", delete: "remove",
    image: row(["review": 2]), underReview: ["review"], old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "open")], asSent: false)),
  MergeCase(
    name: "remove: delete of the city's row", kind: "delete", owner: "city", delete: "remove",
    image: row(["review": 2]), old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "rejected")], asSent: false)),
  MergeCase(
    name: "remove: update of a deleted row", delete: "remove", tombstone: row(["review": 3, "max": 5]),
    old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(
      contests: [changed(row(["review": 3, "max": 5]), row(["review": 2, "max": 5]), "decidedByPolicy")],
      asSent: false)),
  MergeCase(
    name: "remove: update by the city of a deleted row", side: "city", delete: "remove", tombstone: row(["owned": 1]),
    old: ["id": "k", "owned": 1], new: ["owned": 2],
    result: .init(
      contests: [changed(row(["owned": 1]), row(["owned": 2]), "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "remove: update of a row without a tombstone", delete: "remove", old: ["id": "k", "review": 1],
    new: ["review": 2],
    result: .init(contests: [changed(nil, ["id": "k", "review": 2], "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "remove: own and foreign cells of a deleted row", delete: "remove",
    tombstone: row(["review": 1, "owned": 1]), old: ["id": "k", "review": 1, "owned": 1],
    new: ["review": 2, "owned": 2],
    result: .init(
      contests: [
        changed(row(["review": 1, "owned": 1]), row(["review": 2, "owned": 1]), "decidedByPolicy"),
        cell("owned", 1, 1, 2, "rejected"),
      ], asSent: false)),
  MergeCase(
    name: "remove: a sum that would not fit stays away", delete: "remove", tombstone: row(["sum": .integer(.max)]),
    old: ["id": "k", "sum": 0], new: ["sum": 1],
    result: .init(
      contests: [changed(row(["sum": .integer(.max)]), row(["sum": 1]), "decidedByPolicy")], asSent: false)),
  MergeCase(
    name: "remove: update of a deleted row under review", delete: "remove", tombstone: row(["review": 1, "max": 1]),
    underReview: ["review"], old: ["id": "k", "max": 1], new: ["max": 2],
    result: .init(
      image: row(["review": 1, "max": 2]),
      contests: [changed(row(["review": 1, "max": 1]), row(["review": 1, "max": 2]), "open")], asSent: false)),
  MergeCase(
    name: "remove: insert after a delete", kind: "insert", delete: "remove", tombstone: row(["review": 1]),
    new: row(["review": 2]), result: .init(image: row(["review": 2]), asSent: true)),
]

let appendCases = [
  MergeCase(
    name: "append: insert", kind: "insert", append: true, new: row(["review": 1]),
    result: .init(image: row(["review": 1]), asSent: true)),
  MergeCase(
    name: "append: insert after a delete", kind: "insert", append: true, tombstone: row(["review": 1]),
    new: row(["review": 2]), result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "append: insert over a row", kind: "insert", append: true, image: row(["review": 1, "county": 1]),
    new: row(["review": 2, "county": 2, "max": 2]),
    result: .init(
      image: row(["review": 1, "county": 2, "max": 2]),
      contests: [cell("review", .null, 1, 2, "open"), cell("county", .null, 1, 2, "decidedByPolicy")],
      asSent: false)),
  MergeCase(
    name: "append: update", append: true, image: row(["review": 1, "max": 1, "latest": 1]),
    old: ["id": "k", "review": 1, "max": 1, "latest": 1], new: ["review": 2, "max": 2, "latest": 2],
    stamps: ["latest": 9],
    result: .init(
      image: row(["review": 1, "max": 1, "latest": 1]),
      contests: [
        cell("review", 1, 1, 2, "rejected"), cell("latest", 1, 1, 2, "rejected"), cell("max", 1, 1, 2, "rejected"),
      ], asSent: false)),
  MergeCase(
    name: "append: update that proposes", edits: "propose", append: true, image: row(["review": 1]),
    old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(image: row(["review": 1]), contests: [cell("review", 1, 1, 2, "proposed")], asSent: false)),
  MergeCase(
    name: "append: update to what stands", append: true, image: row(["review": 2]), old: ["id": "k", "review": 1],
    new: ["review": 2], result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "append: equal cells beside a refused one", append: true, image: row(["review": 2, "sum": 15, "max": 1]),
    old: ["id": "k", "review": 1, "sum": 10, "max": 1], new: ["review": 2, "sum": 15, "max": 2],
    result: .init(
      image: row(["review": 2, "sum": 15, "max": 1]), contests: [cell("max", 1, 1, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "append: update of a cell under review", append: true, image: row(["review": 1]), underReview: ["review"],
    old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(image: row(["review": 1]), contests: [cell("review", 1, 1, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "append: update of a deleted row", append: true, tombstone: row(["review": 3]),
    old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(contests: [cell("review", 1, 3, 2, "rejected")], asSent: false)),
  MergeCase(
    name: "append: update by the city", side: "city", append: true, image: row(["review": 1]),
    old: ["id": "k", "review": 1], new: ["review": 2], result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "append: delete", kind: "delete", append: true, image: row(["review": 1]), old: row(["review": 1]),
    result: .init(image: row(["review": 1]), contests: [deleted(row(["review": 1]), "rejected")], asSent: false)),
  MergeCase(
    name: "append: delete that proposes, whatever `delete` says", kind: "delete", edits: "propose", append: true,
    delete: "remove", image: row(["review": 2]), old: row(["review": 1]),
    result: .init(image: row(["review": 2]), contests: [deleted(row(["review": 2]), "proposed")], asSent: false)),
  MergeCase(
    name: "append: delete of a deleted row", kind: "delete", append: true, tombstone: row(["review": 1]),
    old: row(["review": 1]), result: .init(asSent: true)),
  MergeCase(
    name: "append: delete by the city", side: "city", kind: "delete", append: true, image: row(["review": 1]),
    old: row(["review": 1]), result: .init(asSent: true)),
]

let lockCases = [
  MergeCase(
    name: "locked: update", locked: true, image: row(["review": 1]), old: ["id": "k", "review": 1],
    new: ["review": 2], result: .init(image: row(["review": 1]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: update that would be contested", locked: true, image: row(["review": 2]),
    old: ["id": "k", "review": 1], new: ["review": 3],
    result: .init(image: row(["review": 2]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: update of what the city owns", locked: true, image: row(["owned": 1]),
    old: ["id": "k", "owned": 1], new: ["owned": 2],
    result: .init(image: row(["owned": 1]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: a sum that does not fit", locked: true, image: row(["sum": .integer(.max)]),
    old: ["id": "k", "sum": 0], new: ["sum": 1],
    result: .init(image: row(["sum": .integer(.max)]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: update to what stands", locked: true, image: row(["review": 2]), old: ["id": "k", "review": 1],
    new: ["review": 2], result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "locked: nothing changed", locked: true, image: row(["review": 2]), old: ["id": "k", "review": 1],
    new: ["review": 1], result: .init(image: row(["review": 2]), asSent: false)),
  MergeCase(
    name: "locked: update by the city", side: "city", locked: true, image: row(["review": 1]),
    old: ["id": "k", "review": 1], new: ["review": 2], result: .init(image: row(["review": 2]), asSent: true)),
  MergeCase(
    name: "locked: insert", kind: "insert", locked: true, new: row(["review": 1]),
    result: .init(asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: insert over an equal row", kind: "insert", locked: true, image: row(["review": 1]),
    new: row(["review": 1]), result: .init(image: row(["review": 1]), asSent: true)),
  MergeCase(
    name: "locked: delete", kind: "delete", locked: true, image: row(["review": 1]), old: row(["review": 1]),
    result: .init(image: row(["review": 1]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: delete of a changed row", kind: "delete", locked: true, image: row(["review": 2]),
    old: row(["review": 1]), result: .init(image: row(["review": 2]), asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: delete of a deleted row", kind: "delete", locked: true, old: row(["review": 1]),
    result: .init(asSent: true)),
  MergeCase(
    name: "locked: update of a deleted row", locked: true, tombstone: row(["review": 1]),
    old: ["id": "k", "review": 1], new: ["review": 2], result: .init(asSent: false, parked: .locked)),
  MergeCase(
    name: "locked: update of a deleted row that stays away", delete: "remove", locked: true,
    tombstone: row(["review": 1]), old: ["id": "k", "review": 1], new: ["review": 2],
    result: .init(asSent: false, parked: .locked)),
]
