import SyncCore

// Choices that only the city may set: "p" and "q" of the column, beside any others.

private let choices = ["p", "q"]

private func update(
  _ name: String, column: String = "review", side: String = "county", edits: String = "reject", _ base: Value,
  _ master: Value, _ incoming: Value, _ value: Value, _ state: String? = nil, asSent: Bool, underReview: Bool = false,
  masterStamps: [String: Int64] = [:], stamps: [String: Int64] = [:]
) -> MergeCase {
  func cells(_ value: Value) -> [String: Value] { row([column: value]).filter { !$0.value.isNull } }
  return MergeCase(
    name: "city's choice: \(name)", side: side, edits: edits, cityChoices: [column: choices], image: cells(master),
    underReview: underReview ? [column] : [], masterStamps: masterStamps, old: ["id": "k", column: base],
    new: [column: incoming], stamps: stamps,
    result: .init(
      image: cells(value), contests: state.map { [cell(column, base, master, incoming, $0)] } ?? [], asSent: asSent))
}

private let cellCases = [
  update("one own choice for another", "a", "a", "b", "b", asSent: true),
  update("two own choices are contested", "a", "b", "c", "b", "open", asSent: false),
  update("to the city's", "a", "a", "p", "a", "rejected", asSent: false),
  update("to the city's, proposed", edits: "propose", "a", "a", "p", "a", "proposed", asSent: false),
  update("away from the city's, which it had seen", "p", "p", "a", "p", "rejected", asSent: false),
  update("away from the city's, proposed", edits: "propose", "p", "p", "a", "p", "proposed", asSent: false),
  update("to nothing", "p", "p", .null, "p", "rejected", asSent: false),
  update("from the city's to the city's", "p", "p", "q", "p", "rejected", asSent: false),
  update("away from the master's, which it had not seen", "a", "p", "b", "p", "rejected", asSent: false),
  update("away from its base, which the city has left", "p", "a", "b", "a", "rejected", asSent: false),
  update("what the master has already", "a", "p", "p", "p", asSent: true),
  update("back to where the city is", "p", "a", "a", "a", asSent: true),
  update("under review", "a", "a", "p", "a", "rejected", asSent: false, underReview: true),
  update("under review, own choices", "a", "a", "b", "a", "open", asSent: false, underReview: true),
  update("whatever the policy", column: "county", "a", "p", "b", "p", "rejected", asSent: false),
  update(
    "however late", column: "latest", "a", "p", "b", "p", "rejected", asSent: false, masterStamps: ["latest": 1],
    stamps: ["latest": 9]),
  update("the city sets it", side: "city", "a", "a", "p", "p", asSent: true),
  update("the city leaves it", side: "city", "p", "p", "a", "a", asSent: true),
  update("the city had not seen it", side: "city", "a", "p", "b", "p", "open", asSent: false),
  update("bytes decide", "a", "a", .text("p "), .text("p "), asSent: true),
]

private let choice = ["review": choices]

let choiceCases =
  cellCases + [
    MergeCase(
      name: "city's choice: insert", kind: "insert", cityChoices: choice, new: row(["review": "p", "max": 1]),
      result: .init(image: row(["max": 1]), contests: [cell("review", .null, .null, "p", "rejected")], asSent: false)),
    MergeCase(
      name: "city's choice: insert that proposes", kind: "insert", edits: "propose", cityChoices: choice,
      new: row(["review": "p"]),
      result: .init(image: row([:]), contests: [cell("review", .null, .null, "p", "proposed")], asSent: false)),
    MergeCase(
      name: "city's choice: insert of an own one", kind: "insert", cityChoices: choice, new: row(["review": "a"]),
      result: .init(image: row(["review": "a"]), asSent: true)),
    MergeCase(
      name: "city's choice: insert by the city", side: "city", kind: "insert", cityChoices: choice,
      new: row(["review": "p"]), result: .init(image: row(["review": "p"]), asSent: true)),
    MergeCase(
      name: "city's choice: insert over a row that has it", kind: "insert", cityChoices: choice,
      image: row(["review": "p"]), new: row(["review": "a", "max": 1]),
      result: .init(
        image: row(["review": "p", "max": 1]), contests: [cell("review", .null, "p", "a", "rejected")], asSent: false)),
    MergeCase(
      name: "city's choice: insert over a row that has it, with nothing", kind: "insert", cityChoices: choice,
      image: row(["review": "p"]), new: row(["max": 1]),
      result: .init(image: row(["review": "p", "max": 1]), asSent: false)),
    MergeCase(
      name: "city's choice: insert after a delete", kind: "insert", cityChoices: choice,
      tombstone: row(["review": "p"]),
      new: row(["review": "a"]), result: .init(image: row(["review": "a"]), asSent: true)),
    MergeCase(
      name: "city's choice: own cells merge beside it", cityChoices: choice, image: row(["review": "p", "max": 1]),
      old: ["id": "k", "review": "p", "max": 1], new: ["review": "a", "max": 2],
      result: .init(
        image: row(["review": "p", "max": 2]), contests: [cell("review", "p", "p", "a", "rejected")], asSent: false)),
    MergeCase(
      name: "city's choice: brings no deleted row back", cityChoices: choice, tombstone: row(["review": "p"]),
      old: ["id": "k", "review": "a"], new: ["review": "b"],
      result: .init(contests: [cell("review", "a", "p", "b", "rejected")], asSent: false)),
    MergeCase(
      name: "city's choice: delete", kind: "delete", cityChoices: choice, image: row(["review": "p"]),
      old: row(["review": "p"]), result: .init(asSent: true)),
    MergeCase(
      name: "city's choice: locked", locked: true, cityChoices: choice, image: row(["review": "p"]),
      old: ["id": "k", "review": "p"], new: ["review": "a"],
      result: .init(image: row(["review": "p"]), asSent: false, parked: .locked)),
  ]
