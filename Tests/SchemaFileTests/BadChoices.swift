// Choices that are the city's. The first line of `values` is line 8 of the file, the choice in question line 9.

private func choices(_ owned: String, other: String = "          a: {zh: 甲, en: A}\n", field: String = "") -> String {
  "      b:\n        values:\n\(other)          p: \(owned)\n        \(field)"
}

let badChoices = [
  BadSchema(
    "choice of an unknown owner", fields: choices("{zh: 乙, en: P, owner: cty}"), line: 11, "did you mean “city”"),
  BadSchema(
    "choice with an unknown key", fields: choices("{zh: 乙, en: P, ownr: city}"), line: 11, "did you mean “owner”"),
  BadSchema("choice without a label", fields: choices("{owner: city}"), line: 11, "“zh” is missing"),
  BadSchema("choice of anybody", fields: choices("{zh: 乙, en: P, owner: any}"), line: 11, "can only be city"),
  BadSchema(
    "all choices are the city's", fields: choices("{zh: 乙, en: P, owner: city}", other: ""), line: 10, "all are"),
  BadSchema(
    "choice in a field of the city's", fields: choices("{zh: 乙, en: P, owner: city}", field: "owner: city"), line: 11,
    "owns the whole field"),
  BadSchema(
    "choice in a record of the city's",
    records: "  a:\n    key: id\n    owner: city\n    fields:\n      id:\n" + choices("{zh: 乙, en: P, owner: city}"),
    line: 12, "owns the whole field"),
  BadSchema(
    "choice in a key",
    records: "  a:\n    key: b\n    fields:\n" + choices("{zh: 乙, en: P, owner: city}"), line: 10, "in a key"),
  BadSchema(
    "choice in the scope field",
    records: "  a:\n    key: id\n    scope: {field: b}\n    fields:\n      id:\n"
      + choices("{zh: 乙, en: P, owner: city}", field: "required: true"), line: 12, "the scope field"),
]
