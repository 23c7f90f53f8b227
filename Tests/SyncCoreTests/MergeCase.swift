import SyncCore
import Testing

/// One row of the merge table, in the shape in which `Protocol/vectors/merge.json` keeps it.
/// Fields that an image does not name are NULL; fields that `old` and `new` do not name are undefined.
struct MergeCase: Codable, CustomTestStringConvertible {
  struct Outcome: Codable, Hashable {
    var image: [String: Value]?
    var contests: [Disagreement] = []
    var stamps: [String: Int64] = [:]
    var asSent: Bool
    /// Absent: the change has entered.
    var parked: Parked?
  }

  struct Parked: Codable, Hashable {
    /// "locked" or "overflow".
    var reason: String
    /// The column whose sum does not fit.
    var field: String?
  }

  struct Disagreement: Codable, Hashable {
    /// nil: the row itself.
    var field: String?
    var base = Value.null
    var master = Value.null
    var incoming = Value.null
    var state: String
    var incomingDeletes = false
  }

  var name: String
  var side = "county"
  var kind = "update"
  var owner = "any"
  var edits = "reject"
  /// Absent: false, "review", false.
  var append: Bool?
  var delete: String?
  var locked: Bool?
  /// By field, the values that only the city may set; such a field holds text. Absent: none.
  var cityChoices: [String: [String]]?
  var image: [String: Value]?
  var tombstone: [String: Value]?
  var underReview: [String] = []
  var masterStamps: [String: Int64] = [:]
  var old: [String: Value] = [:]
  var new: [String: Value] = [:]
  var stamps: [String: Int64] = [:]
  var result: Outcome

  var testDescription: String { name }
}

extension Policy {
  /// The kind of its column in the merge table.
  var kind: Field.Kind { self == .union || self == .text ? .text : .integer }
}

/// The record of the merge table: one column for each policy, one that the city owns, one that names the unit.
func thing(
  owner: Owner = .any, edits: ForeignEdits = .reject, rules: RowRules = RowRules(),
  cityChoices: [String: [String]] = [:]
) -> RecordSchema {
  let label = Label(zh: "物", en: "thing")
  let plain = ["id", "unit"].map { Field(name: $0, label: label) }
  let policies = Policy.allCases.map { Field(name: $0.rawValue, label: label, kind: $0.kind, policy: $0) }
  let owned = Field(name: "owned", label: label, kind: .integer, owner: .city)
  var record = RecordSchema(
    name: "thing", label: label, key: ["id"], fields: plain + policies + [owned], scope: .field("unit"), owner: owner,
    edits: edits, rules: rules)
  for (name, values) in cityChoices {
    guard let index = record.index(of: name) else { continue }
    record.fields[index].kind = .text
    record.fields[index].check.values = values.map { Check.Choice(value: $0, label: label, owner: .city) }
  }
  return record
}

/// A row of that record as a row conflict carries it.
func packed(_ cells: [String: Value]) -> Value { .blob(RowKey(thing().whole(cells)).encoded) }

extension MergeCase {
  /// What the law makes of the case, in the words of the table.
  func merged() throws -> Outcome {
    let rules = RowRules(append: append ?? false, delete: try #require(DeletePolicy(rawValue: delete ?? "review")))
    let schema = thing(
      owner: try #require(Owner(rawValue: owner)), edits: try #require(ForeignEdits(rawValue: edits)), rules: rules,
      cityChoices: cityChoices ?? [:])
    let row = MasterRow(
      image: image.map { schema.whole($0) }, tombstone: tombstone.map { schema.whole($0) },
      underReview: Set(underReview.compactMap(schema.index(of:))), stamps: schema.columns(masterStamps),
      isLocked: locked ?? false)
    let kinds: [String: Change.Kind] = ["insert": .insert, "update": .update, "delete": .delete]
    let kind = try #require(kinds[kind])
    let change = Change(
      record: "thing", key: RowKey(["k"]), kind: kind, old: kind == .delete ? schema.whole(old) : schema.sparse(old),
      new: kind == .insert ? schema.whole(new) : schema.sparse(new), edit: Edit(stamp: Stamp(raw: 0), actor: "clerk"))
    let result = merge(
      change, into: row, schema: schema, side: side == "city" ? .city : .county, stamps: schema.columns(stamps))
    return Outcome(
      image: result.image.map { schema.named($0) }, contests: result.contests.map { Disagreement($0, schema) },
      stamps: Dictionary(uniqueKeysWithValues: result.stamps.map { (schema.fields[$0.key].name, $0.value.raw) }),
      asSent: result.asSent, parked: result.parked.map { Parked($0, schema) })
  }
}

extension MergeCase.Disagreement {
  init(_ contest: Contest, _ schema: RecordSchema) {
    self.init(
      field: contest.column.map { schema.fields[$0].name }, base: contest.base, master: contest.master,
      incoming: contest.incoming, state: "\(contest.state)", incomingDeletes: contest.incomingDeletes)
  }
}

extension MergeCase.Parked {
  static let locked = Self(reason: "locked")
  static func overflow(_ field: String) -> Self { Self(reason: "overflow", field: field) }

  init(_ parked: MergeResult.Parked, _ schema: RecordSchema) {
    switch parked {
    case .locked: self = .locked
    case .overflow(let column): self = .overflow(schema.fields[column].name)
    }
  }
}

extension RecordSchema {
  func whole(_ cells: [String: Value]) -> [Value] { fields.map { cells[$0.name] ?? .null } }
  fileprivate func sparse(_ cells: [String: Value]) -> [Value?] { fields.map { cells[$0.name] } }
  fileprivate func columns(_ stamps: [String: Int64]) -> [Int: Stamp] {
    Dictionary(uniqueKeysWithValues: stamps.compactMap { name, raw in index(of: name).map { ($0, Stamp(raw: raw)) } })
  }
  fileprivate func named(_ row: [Value]) -> [String: Value] {
    Dictionary(uniqueKeysWithValues: zip(fields, row).filter { !$0.1.isNull }.map { ($0.0.name, $0.1) })
  }
}
