// One field of a record: its type, what its values must satisfy, and what its cell becomes when it is contested.

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
  /// Personal data: signed batches hold only commitments of its values, so that a value can be erased.
  public var restricted: Bool

  public init(
    name: String, label: Label, kind: Kind = .text, required: Bool = false, reference: Reference? = nil,
    weak: Bool = false, check: Check = Check(), owner: Owner? = nil, policy: Policy = .review, restricted: Bool = false
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
    self.restricted = restricted
  }
}

extension Field {
  private enum CodingKeys: String, CodingKey {
    case name, label, kind, required, reference, weak, check, owner, policy, restricted
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try values.decode(String.self, forKey: .name), label: try values.decode(Label.self, forKey: .label),
      kind: try values.decode(Kind.self, forKey: .kind), required: try values.decode(Bool.self, forKey: .required),
      reference: try values.decodeIfPresent(Reference.self, forKey: .reference),
      weak: try values.decode(Bool.self, forKey: .weak), check: try values.decode(Check.self, forKey: .check),
      owner: try values.decodeIfPresent(Owner.self, forKey: .owner),
      policy: try values.decode(Policy.self, forKey: .policy),
      restricted: try values.decodeIfPresent(Bool.self, forKey: .restricted) ?? false)
  }

  /// A field that is not restricted keeps the text that it had before there were such fields.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    try values.encode(label, forKey: .label)
    try values.encode(kind, forKey: .kind)
    try values.encode(required, forKey: .required)
    try values.encodeIfPresent(reference, forKey: .reference)
    try values.encode(weak, forKey: .weak)
    try values.encode(check, forKey: .check)
    try values.encodeIfPresent(owner, forKey: .owner)
    try values.encode(policy, forKey: .policy)
    if restricted { try values.encode(restricted, forKey: .restricted) }
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
    /// `city`: only the city sets this value, or changes it to another. nil: as the field says.
    public var owner: Owner?

    public init(value: String, label: Label, owner: Owner? = nil) {
      self.value = value
      self.label = label
      self.owner = owner
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
  /// The master's value plus what the sender added or took away: the rule is the record.
  case sum
  /// A set of members, joined by commas: those added and removed by either side. The rule is the record.
  case union
  /// Lines: changes of different lines merge; changes of the same lines go to review.
  case text

  /// The rule is the record: a contested value is absorbed.
  public var computes: Bool {
    switch self {
    case .max, .min, .sum, .union, .text: true
    case .review, .city, .county, .latest: false
    }
  }
}

extension Field {
  /// The choice that this value is, if it is one that only the city may set or change.
  public func citysChoice(_ value: Value?) -> Check.Choice? {
    guard let value else { return nil }
    return check.values?.first { $0.owner == .city && .text($0.value) == value }
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
