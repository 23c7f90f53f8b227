/// What an application keeps: records and fields, who sees and owns them, and what happens when a cell is contested.
/// The engine knows nothing else about the application. Read from a schema file; travels as canonical JSON.
public struct Schema: Codable, Hashable, Sendable {
  public var name: String
  public var version: Int
  public var title: Label
  /// The record and field that list the org units, when the application keeps such a list.
  public var units: Reference?
  /// Parents before children.
  public var records: [RecordSchema]

  public init(name: String, version: Int, title: Label, units: Reference? = nil, records: [RecordSchema]) {
    self.name = name
    self.version = version
    self.title = title
    self.units = units
    self.records = records
  }

  public func record(_ name: String) -> RecordSchema? { records.first { $0.name == name } }
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
  public var name: String
  public var label: Label
  /// Field names of the primary key, in order.
  public var key: [String]
  public var fields: [Field]
  public var scope: Scope
  /// Who may insert, delete, and write fields that say nothing else.
  public var owner: Owner
  /// What becomes of a county's change of what the city owns.
  public var edits: ForeignEdits
  /// Sets of fields that are unique together; fields marked `unique` stand here too.
  public var unique: [[String]]

  public init(
    name: String, label: Label, key: [String], fields: [Field], scope: Scope = .all, owner: Owner = .any,
    edits: ForeignEdits = .reject, unique: [[String]] = []
  ) {
    self.name = name
    self.label = label
    self.key = key
    self.fields = fields
    self.scope = scope
    self.owner = owner
    self.edits = edits
    self.unique = unique
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

public struct Field: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case text, integer, real, blob, uuid, date, boolean, money
  }

  public var name: String
  public var label: Label
  public var kind: Kind
  public var required: Bool
  public var reference: Reference?
  /// A weak reference has no foreign key on a replica: its target may lie out of scope.
  public var weak: Bool
  public var check: Check
  /// nil: as the record says.
  public var owner: Owner?
  public var policy: Policy

  public init(
    name: String, label: Label, kind: Kind = .text, required: Bool = false, reference: Reference? = nil,
    weak: Bool = false, check: Check = Check(), owner: Owner? = nil, policy: Policy = .review
  ) {
    self.name = name
    self.label = label
    self.kind = kind
    self.required = required
    self.reference = reference
    self.weak = weak
    self.check = check
    self.owner = owner
    self.policy = policy
  }
}

/// What a value must satisfy besides its type. All of it may widen in a later version.
public struct Check: Codable, Hashable, Sendable {
  public var values: [Choice]?
  public var min: Int64?
  public var max: Int64?
  /// Characters of a text, bytes of a blob.
  public var maxLength: Int?
  /// The name of a format that the application knows, such as a check digit.
  public var format: String?

  public init(
    values: [Choice]? = nil, min: Int64? = nil, max: Int64? = nil, maxLength: Int? = nil, format: String? = nil
  ) {
    self.values = values
    self.min = min
    self.max = max
    self.maxLength = maxLength
    self.format = format
  }

  public struct Choice: Codable, Hashable, Sendable {
    public var value: String
    public var label: Label

    public init(value: String, label: Label) {
      self.value = value
      self.label = label
    }
  }
}

/// What a contested cell becomes. `Merge.swift` is the law.
public enum Policy: String, Codable, Hashable, Sendable, CaseIterable {
  /// The master's value stands until someone with authority decides.
  case review
  /// The city's value; a decided conflict keeps the other.
  case city
  /// The county's value; a decided conflict keeps the other.
  case county
  /// The value with the later corrected stamp; a decided conflict keeps the other.
  case latest
  /// The larger, the smaller value: the rule is the record.
  case max, min
}

extension RecordSchema {
  /// Names are unique in a schema; hashing every field would cost more than it tells.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  public func index(of field: String) -> Int? { fields.firstIndex { $0.name == field } }
  public func field(_ name: String) -> Field? { fields.first { $0.name == name } }
  public func isKey(_ index: Int) -> Bool { key.contains(fields[index].name) }
  public func owner(of index: Int) -> Owner { fields[index].owner ?? owner }

  public var keyIndices: [Int] { key.compactMap(index(of:)) }
  public func rowKey(of row: [Value]) -> RowKey { RowKey(keyIndices.map { row[$0] }) }

  /// The field by which the row's unit is found, and whether it names the unit itself.
  public var scopeField: String? {
    switch scope {
    case .all: nil
    case .field(let name), .via(let name): name
    }
  }
}

extension Field.Kind {
  /// The type of the column in a STRICT table.
  public var storage: String {
    switch self {
    case .text, .uuid, .date: "TEXT"
    case .integer, .boolean, .money: "INTEGER"
    case .real: "REAL"
    case .blob: "BLOB"
    }
  }

  public func holds(_ value: Value) -> Bool {
    switch value {
    case .null: true
    case .integer: storage == "INTEGER"
    case .real: storage == "REAL"
    case .text: storage == "TEXT"
    case .blob: storage == "BLOB"
    }
  }
}
