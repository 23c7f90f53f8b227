import SyncCore

/// A doubt about a row that the schema allows.
public struct Finding: Sendable, Hashable {
  public enum Weight: String, Sendable {
    /// Cannot be so: the row is refused.
    case hard
    /// Can be so, but seldom: the row is refused until its `note` explains it, and the note stays.
    case explainable
    /// Said, and no more.
    case hint
  }
  public var weight: Weight
  public var field: String
  public var message: Label

  public init(_ weight: Weight, _ field: String, zh: String, en: String) {
    self.weight = weight
    self.field = field
    message = Label(zh: zh, en: en)
  }
}

/// A row as the rules of the registry look at it.
public struct RowFacts: Sendable {
  public let record: RecordSchema
  public let cells: [Value]

  public init(_ record: RecordSchema, _ cells: [Value]) {
    self.record = record
    self.cells = cells
  }

  public subscript(field: String) -> Value { record.index(of: field).map { cells[$0] } ?? .null }

  func number(_ field: String) -> Int64? {
    if case .integer(let number) = self[field] { return number }
    return nil
  }

  func text(_ field: String) -> String? {
    if case .text(let text) = self[field], !text.isEmpty { return text }
    return nil
  }

  func label(_ field: String) -> Label { record.field(field)?.label ?? Label(zh: field, en: field) }
}

/// The row of a record with this key, if there is one.
public typealias Lookup = (_ record: String, _ key: RowKey) throws -> RowFacts?
