/// A cell, or a whole row, that two sides changed since their common base. Kept for ever; decided, never forgotten.
public struct Conflict: Hashable, Sendable {
  public enum State: String, Sendable, CaseIterable {
    /// Waits for a decision; the master's value stands.
    case open
    /// A county's change of what the city owns; waits for the city.
    case proposed
    /// A county's change of what the city owns, refused by the schema.
    case rejected
    /// Decided, by a policy or by an official.
    case decided
  }

  public var id: Int64
  public var record: String
  public var key: RowKey
  /// nil: the row itself, deleted on one side and changed on the other.
  public var field: String?
  public var base: Value
  /// The master's value when the conflict was opened; the one that lost when a policy took the incoming.
  public var master: Value
  public var state: State
  public var policy: String
  /// Grows with every contender and decision; `decide` names the one it looked at.
  public var version: Int64
  public var openedAt: Stamp
  public var decision: Decision?
  public var contenders: [Contender]

  public init(
    id: Int64, record: String, key: RowKey, field: String?, base: Value, master: Value, state: State, policy: String,
    version: Int64, openedAt: Stamp, decision: Decision? = nil, contenders: [Contender] = []
  ) {
    self.id = id
    self.record = record
    self.key = key
    self.field = field
    self.base = base
    self.master = master
    self.state = state
    self.policy = policy
    self.version = version
    self.openedAt = openedAt
    self.decision = decision
    self.contenders = contenders
  }

  public var isWaiting: Bool { state == .open || state == .proposed }

  /// What a conflict is about, and since when. Where personal data was erased and the log is taken in again, some conflicts are
  /// not opened again, and the numbers of others change: this does not.
  public struct Subject: Hashable, Sendable {
    public var ref: RowRef
    /// nil: the row itself.
    public var field: String?
    public var openedAt: Stamp

    public init(ref: RowRef, field: String?, openedAt: Stamp) {
      (self.ref, self.field, self.openedAt) = (ref, field, openedAt)
    }
  }

  public var subject: Subject { Subject(ref: RowRef(record, key), field: field, openedAt: openedAt) }
}

/// One more value that somebody wants in the contested cell.
public struct Contender: Hashable, Sendable {
  /// Counts from 1 within its conflict.
  public var id: Int64
  public var value: Value
  /// The contender deleted the row.
  public var deletes: Bool
  public var replica: String
  public var edit: Edit
  public var receivedAt: Stamp

  public init(id: Int64, value: Value, deletes: Bool, replica: String, edit: Edit, receivedAt: Stamp) {
    self.id = id
    self.value = value
    self.deletes = deletes
    self.replica = replica
    self.edit = edit
    self.receivedAt = receivedAt
  }
}

public struct Decision: Hashable, Sendable {
  public enum Choice: String, Sendable, CaseIterable {
    /// The master's value stands.
    case keep
    /// A contender's value.
    case take
    /// Another value.
    case value
    /// Of a conflict about a whole row: the row goes.
    case remove
    /// The column's policy decided.
    case policy
    /// Back to open.
    case reopen
  }
  public var conflict: Int64
  public var choice: Choice
  public var contender: Int64?
  public var value: Value
  public var reason: String
  public var edit: Edit
  /// The version of the conflict that was looked at; nil: whatever it is now. Travels, but is not kept.
  public var version: Int64?
  /// What the conflict is about. Travels, but is not kept.
  public var subject: Conflict.Subject?

  public init(
    conflict: Int64, choice: Choice, contender: Int64? = nil, value: Value = .null, reason: String, edit: Edit,
    version: Int64? = nil, subject: Conflict.Subject? = nil
  ) {
    self.conflict = conflict
    self.choice = choice
    self.contender = contender
    self.value = value
    self.reason = reason
    self.edit = edit
    self.version = version
    self.subject = subject
  }

  /// Whether the conflict stands so that this can be carried out: what is reopened is decided, all else decides what waits.
  public func fits(_ conflict: Conflict) -> Bool { conflict.isWaiting == (choice != .reopen) }
}

// The rows of the tables sync_conflict and sync_contender, in a store and in a body alike.
extension Conflict {
  public static let table = "sync_conflict"
  public static let columns = [
    "id", "record", "key", "field", "base", "master", "state", "policy", "version", "opened_at", "choice", "contender",
    "value", "reason", "decided_by", "decided_at",
  ]

  public var row: [Value] {
    let decided = decision?.columns ?? Array(repeating: .null, count: 6)
    return [
      .integer(id), .text(record), .blob(key.encoded), field.map(Value.text) ?? .null, base, master,
      .text(state.rawValue),
      .text(policy), .integer(version), .integer(openedAt.raw),
    ] + decided
  }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .integer(let id) = row[0],
      let subject = Subject(columns: row[1...3] + [row[9]]), case .text(let stateName) = row[6],
      let state = State(rawValue: stateName), case .text(let policy) = row[7], case .integer(let version) = row[8]
    else { return nil }
    let decision = Decision(conflict: id, columns: Array(row[10...]))
    guard decision != nil || row[10...].allSatisfy(\.isNull) else { return nil }
    self.init(
      id: id, record: subject.ref.record, key: subject.ref.key, field: subject.field, base: row[4], master: row[5],
      state: state, policy: policy, version: version, openedAt: subject.openedAt, decision: decision)
  }
}

extension Contender {
  public static let table = "sync_contender"
  public static let columns = ["conflict", "id", "value", "deletes", "replica", "actor", "edited_at", "received_at"]

  public func row(of conflict: Int64) -> [Value] {
    [
      .integer(conflict), .integer(id), value, .integer(deletes ? 1 : 0), .text(replica), .text(edit.actor),
      .integer(edit.stamp.raw), .integer(receivedAt.raw),
    ]
  }

  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .integer(let id) = row[1], case .integer(let deletes) = row[3],
      case .text(let replica) = row[4], case .text(let actor) = row[5], case .integer(let edited) = row[6],
      case .integer(let received) = row[7],
      (0...1).contains(deletes)
    else { return nil }
    self.init(
      id: id, value: row[2], deletes: deletes == 1, replica: replica,
      edit: Edit(stamp: Stamp(raw: edited), actor: actor),
      receivedAt: Stamp(raw: received))
  }
}

extension Conflict.Subject {
  /// The record, key, field and the stamp of its opening.
  fileprivate var columns: [Value] {
    [.text(ref.record), .blob(ref.key.encoded), field.map(Value.text) ?? .null, .integer(openedAt.raw)]
  }

  fileprivate init?(columns: [Value]) {
    guard columns.count == 4, case .text(let record) = columns[0], case .blob(let bytes) = columns[1],
      let key = try? RowKey(encoded: bytes), case .integer(let at) = columns[3]
    else { return nil }
    var field: String?
    switch columns[2] {
    case .null: break
    case .text(let name): field = name
    default: return nil
    }
    self.init(ref: RowRef(record, key), field: field, openedAt: Stamp(raw: at))
  }
}

extension Decision {
  public static let table = "sync_decision"
  public static let bodyColumns = [
    "conflict", "choice", "contender", "value", "reason", "actor", "stamp", "version", "record", "key", "field",
    "opened_at",
  ]

  /// The row of a body.
  public var bodyRow: [Value] {
    let about = subject?.columns ?? Array(repeating: .null, count: 4)
    return [.integer(conflict)] + columns + [version.map(Value.integer) ?? .null] + about
  }

  public init?(bodyRow row: [Value]) {
    guard row.count == Self.bodyColumns.count, case .integer(let id) = row[0],
      let subject = Conflict.Subject(columns: Array(row[8...]))
    else { return nil }
    self.init(conflict: id, columns: Array(row[1..<7]))
    self.subject = subject
    switch row[7] {
    case .null: version = nil
    case .integer(let looked): version = looked
    default: return nil
    }
  }

  /// The choice, contender, value, reason, actor and stamp.
  public var columns: [Value] {
    [
      .text(choice.rawValue), contender.map(Value.integer) ?? .null, value, .text(reason), .text(edit.actor),
      .integer(edit.stamp.raw),
    ]
  }

  public init?(conflict: Int64, columns: [Value]) {
    guard columns.count == 6, case .text(let name) = columns[0], let choice = Choice(rawValue: name),
      case .text(let reason) = columns[3], case .text(let actor) = columns[4], case .integer(let at) = columns[5]
    else { return nil }
    var contender: Int64?
    switch columns[1] {
    case .null: break
    case .integer(let id): contender = id
    default: return nil
    }
    self.init(
      conflict: conflict, choice: choice, contender: contender, value: columns[2], reason: reason,
      edit: Edit(stamp: Stamp(raw: at), actor: actor))
  }
}

extension Conflict {
  private var decisionValue: Value {
    get { decision?.value ?? .null }
    set { decision?.value = newValue }
  }

  /// What travels in the place of a cell's value that is too large.
  public static func sign(of value: Value) -> Value {
    .text("(\(megabytes(ByteWriter.size(of: value))),留在市里 / kept at the city)")
  }

  /// As it travels: of values that are too much for one message the largest stay at the city, which decides by its own.
  /// Of long words about who and why only the beginning is told.
  public var travelling: Conflict {
    var conflict = self
    for index in contenders.indices { conflict.contenders[index].edit = contenders[index].edit.travelling }
    if let decision {
      conflict.decision?.edit = decision.edit.travelling
      conflict.decision?.reason = decision.reason.travelling
    }
    var places: [WritableKeyPath<Conflict, Value>] = [\.base, \.master]
    places += contenders.indices.map { \.contenders[$0].value }
    if decision != nil { places.append(\.decisionValue) }
    var total = places.reduce(0) { $0 + ByteWriter.size(of: self[keyPath: $1]) }
    if total <= RecordSchema.mostBytes { return conflict }
    let largest = places.map { ($0, ByteWriter.size(of: self[keyPath: $0])) }.sorted { $0.1 > $1.1 }
    for (place, size) in largest where total > RecordSchema.mostBytes {
      // The image of a whole row is no text that anybody reads.
      conflict[keyPath: place] = field == nil ? .null : Self.sign(of: self[keyPath: place])
      total -= size
    }
    return conflict
  }
}
