/// What an application keeps: records and fields, who sees and owns them, and what happens when a cell is contested.
/// The engine knows nothing else about the application. Read from a schema file; travels as canonical JSON.
public struct Schema: Codable, Hashable, Sendable {
  public var name: String
  public var version: Int
  /// The level of the engine that it needs; nil: any.
  public var requires: Int?
  public var title: Label
  /// The record and field that list the org units, when the application keeps such a list.
  public var units: Reference?
  /// The field of that record which names the unit that took over; late edits of the old unit are mapped to it.
  public var successor: String?
  /// Parents before children.
  public var records: [RecordSchema]

  public init(
    name: String, version: Int, requires: Int? = nil, title: Label, units: Reference? = nil, successor: String? = nil,
    records: [RecordSchema]
  ) {
    self.name = name
    self.version = version
    self.requires = requires
    self.title = title
    self.units = units
    self.successor = successor
    self.records = records
  }

  /// What this engine can follow. Grows when a schema may say something that an earlier engine would do otherwise.
  public static let level = 1

  public func record(_ name: String) -> RecordSchema? { records.first { $0.name == name } }
  /// nil, too, where no field is named: what is about a whole row.
  public func field(_ name: String?, of record: String) -> Field? { name.flatMap { self.record(record)?.field($0) } }
  public var hasRestricted: Bool { records.contains { $0.fields.contains(where: \.restricted) } }
}

public struct Reference: Codable, Hashable, Sendable {
  public var record: String
  public var field: String

  public init(record: String, field: String) {
    self.record = record
    self.field = field
  }
}

public struct RecordSchema: Codable, Hashable, Sendable {
  public var name: String {
    get { shared.says.name }
    set { says.name = newValue }
  }
  public var label: Label {
    get { shared.says.label }
    set { says.label = newValue }
  }
  /// Field names of the primary key, in order.
  public var key: [String] {
    get { shared.says.key }
    set { says.key = newValue }
  }
  public var fields: [Field] {
    get { shared.says.fields }
    set { says.fields = newValue }
  }
  public var scope: Scope {
    get { shared.says.scope }
    set { says.scope = newValue }
  }
  /// Who may insert, delete, and write fields that say nothing else.
  public var owner: Owner {
    get { shared.says.owner }
    set { says.owner = newValue }
  }
  /// What becomes of a county's change of what the city owns.
  public var edits: ForeignEdits {
    get { shared.says.edits }
    set { says.edits = newValue }
  }
  /// Sets of fields that are unique together; fields marked `unique` stand here too.
  public var unique: [[String]] {
    get { shared.says.unique }
    set { says.unique = newValue }
  }
  public var rules: RowRules {
    get { shared.says.rules }
    set { says.rules = newValue }
  }
  /// The record of which this one shows some fields; nil: it has rows of its own.
  public var projects: String? {
    get { shared.says.projects }
    set { says.projects = newValue }
  }

  struct Says: Hashable, Sendable {
    var name: String
    var label: Label
    var key: [String]
    var fields: [Field]
    var scope: Scope
    var owner: Owner
    var edits: ForeignEdits
    var unique: [[String]]
    var rules: RowRules
    var projects: String?
  }

  /// A record is handed on for every row: its copies share what it says and what follows from that.
  private final class Shared: Sendable {
    let says: Says
    let columns: RecordColumns

    init(_ says: Says) {
      self.says = says
      columns = RecordColumns(says)
    }
  }

  private var shared: Shared
  private var says: Says {
    get { shared.says }
    set { shared = Shared(newValue) }
  }
  var columns: RecordColumns { shared.columns }

  public init(
    name: String, label: Label, key: [String], fields: [Field], scope: Scope = .all, owner: Owner = .any,
    edits: ForeignEdits = .reject, unique: [[String]] = [], rules: RowRules = RowRules(), projects: String? = nil
  ) {
    shared = Shared(
      Says(
        name: name, label: label, key: key, fields: fields, scope: scope, owner: owner, edits: edits, unique: unique,
        rules: rules, projects: projects))
  }
}

/// What holds for a record's rows as wholes.
public struct RowRules: Codable, Hashable, Sendable {
  /// Rows are only ever added: a county's later change is kept apart.
  public var append: Bool
  /// What becomes of a row that one side deleted and the other changed.
  public var delete: DeletePolicy
  /// When the city has closed what a row belongs to, a county's change of it becomes a revision request.
  public var lock: Lock?
  /// Who may decide a conflict that only machines of one unit contest.
  public var decides: Decider
  /// A row counts only when both sides have approved the same version of it.
  public var joint: Joint?

  public init(
    append: Bool = false, delete: DeletePolicy = .review, lock: Lock? = nil, decides: Decider = .city,
    joint: Joint? = nil
  ) {
    self.append = append
    self.delete = delete
    self.lock = lock
    self.decides = decides
    self.joint = joint
  }

  /// Whether a county may decide a conflict. What is only ever added is the city's to change.
  package var ownerDecides: Bool { decides == .owner && !append }
}

public enum DeletePolicy: String, Codable, Hashable, Sendable, CaseIterable {
  /// The row stays and a conflict waits for a decision.
  case review
  /// The row stays; a decided conflict keeps the wish to delete it.
  case keep
  /// The row goes; a decided conflict keeps its image.
  case remove
}

public enum Decider: String, Codable, Hashable, Sendable, CaseIterable { case city, owner }

/// A row is locked while the row of another record that its fields name has one of these values.
public struct Lock: Codable, Hashable, Sendable {
  /// The record of what can be closed, such as a reporting period.
  public var record: String
  /// Fields of the locked record that give that record's key, in order.
  public var key: [String]
  /// The text field of that record which tells its state.
  public var field: String
  public var values: [String]
  /// What opens it for one unit, for a time.
  public var except: LockException?

  public init(record: String, key: [String], field: String, values: [String], except: LockException? = nil) {
    self.record = record
    self.key = key
    self.field = field
    self.values = values
    self.except = except
  }
}

/// A lock does not hold for a unit while there is a row of this record that names what is closed and the unit.
public struct LockException: Codable, Hashable, Sendable {
  /// Its key is that of what can be closed, then the unit.
  public var record: String
  /// The date field of that record that holds the last day on which the lock is open.
  public var until: String

  public init(record: String, until: String) {
    self.record = record
    self.until = until
  }
}

/// The two fields that hold the version which each side has approved.
public struct Joint: Codable, Hashable, Sendable {
  public var county: String
  public var city: String

  public init(county: String, city: String) {
    self.county = county
    self.city = city
  }
}

extension RecordSchema {
  private enum CodingKeys: String, CodingKey {
    case name, label, key, fields, scope, owner, edits, unique, rules, projects
  }

  /// Rules that a stored schema does not name are the default ones.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try values.decode(String.self, forKey: .name), label: try values.decode(Label.self, forKey: .label),
      key: try values.decode([String].self, forKey: .key), fields: try values.decode([Field].self, forKey: .fields),
      scope: try values.decode(Scope.self, forKey: .scope), owner: try values.decode(Owner.self, forKey: .owner),
      edits: try values.decode(ForeignEdits.self, forKey: .edits),
      unique: try values.decode([[String]].self, forKey: .unique),
      rules: try values.decodeIfPresent(RowRules.self, forKey: .rules) ?? RowRules(),
      projects: try values.decodeIfPresent(String.self, forKey: .projects))
  }

  /// Default rules are left out: a schema without any keeps the text that it had before there were rules.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    try values.encode(label, forKey: .label)
    try values.encode(key, forKey: .key)
    try values.encode(fields, forKey: .fields)
    try values.encode(scope, forKey: .scope)
    try values.encode(owner, forKey: .owner)
    try values.encode(edits, forKey: .edits)
    try values.encode(unique, forKey: .unique)
    if rules != RowRules() { try values.encode(rules, forKey: .rules) }
    try values.encodeIfPresent(projects, forKey: .projects)
  }
}

/// Which rows an org unit sees.
public enum Scope: Codable, Hashable, Sendable {
  /// Everybody sees every row.
  case all
  /// The unit named in this field.
  case field(String)
  /// The unit that sees the row which this field refers to.
  case via(String)
}

public enum Owner: String, Codable, Hashable, Sendable { case any, city }
public enum ForeignEdits: String, Codable, Hashable, Sendable { case reject, propose }

extension RecordSchema {
  public static func == (a: RecordSchema, b: RecordSchema) -> Bool { a.shared === b.shared || a.says == b.says }

  /// Names are unique in a schema; hashing every field would cost more than it tells.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  public func index(of field: String) -> Int? { columns.places[field] }
  public func field(_ name: String) -> Field? { index(of: name).map { fields[$0] } }
  public func isKey(_ index: Int) -> Bool { columns.isKey[index] }
  public func owner(of index: Int) -> Owner { columns.owners[index] }

  public var keyIndices: [Int] { columns.key }
  /// The columns beside the key.
  package var otherIndices: [Int] { columns.rest }
  public func rowKey(of row: [Value]) -> RowKey { RowKey(keyIndices.map { row[$0] }) }
  /// The columns whose policy is `latest`, without the key.
  public var latestIndices: [Int] { columns.latest }
  /// The columns of personal data.
  public var restrictedIndices: [Int] { columns.restricted }
  /// A value for each column of which nothing is said.
  public var undefined: [Value?] { columns.undefined }
  /// The column by which the row's unit is found; nil: everybody sees it.
  public var scopeIndex: Int? { columns.scope }

  /// The row by which a row finds its unit; nil: it finds it otherwise.
  public func parent(of image: [Value]) -> RowRef? {
    guard case .via = scope, let index = scopeIndex, let reference = fields[index].reference else { return nil }
    return RowRef(reference.record, RowKey([image[index]]))
  }

  /// The field by which the row's unit is found, and whether it names the unit itself.
  public var scopeField: String? {
    switch scope {
    case .all: nil
    case .field(let name), .via(let name): name
    }
  }
}

extension Lock {
  /// The row that says whether this one is locked; nil: its fields name none.
  public func target(of record: RecordSchema, _ image: [Value]) -> RowRef? {
    let values = key.compactMap { record.index(of: $0).map { image[$0] } }
    return values.count == key.count && !values.contains(.null) ? RowRef(self.record, RowKey(values)) : nil
  }

  /// Whether that row closes what hangs on it.
  public func holds(_ closing: RecordSchema, _ image: [Value]?) -> Bool {
    guard let image, let column = closing.index(of: field), case .text(let state) = image[column] else { return false }
    return values.contains { $0.utf8.elementsEqual(state.utf8) }
  }
}

extension LockException {
  /// The row that would open what this row closes for a unit.
  public func target(of closing: RowRef, unit: String) -> RowRef {
    RowRef(record, RowKey(closing.key.values + [.text(unit)]))
  }

  /// Whether that row opens it at this moment. Its last day counts whole, by the calendar of China (UTC+8).
  public func holds(_ schema: RecordSchema, _ image: [Value]?, at stamp: Stamp) -> Bool {
    guard let image, let column = schema.index(of: until), case .text(let last) = image[column] else { return false }
    return last >= stamp.day
  }
}

extension Schema {
  /// The unit that took over from this one at last. nil: none did, or units that took over from each other, of which none is the last.
  /// - Parameter next: the unit that took over from one, as its row says.
  public func lastSuccessor(of unit: String, next: (String) throws -> String?) rethrows -> String? {
    var seen = [unit]
    while let last = seen.last, let next = try next(last) {
      if seen.contains(next) { return nil }
      seen.append(next)
    }
    return seen.count > 1 ? seen.last : nil
  }
}
