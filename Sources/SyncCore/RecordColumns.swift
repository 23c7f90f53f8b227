import Synchronization

/// Where the columns of a record are: what follows from its fields and its key, worked out once and shared by its copies.
final class RecordColumns: Sendable {
  /// Of each field, by its name. Of two fields of one name, the first.
  let places: [String: Int]
  /// Those of the key, in its order.
  let key: [Int]
  /// The others.
  let rest: [Int]
  let isKey: [Bool]
  /// Those whose policy is `latest`, without the key.
  let latest: [Int]
  let restricted: [Int]
  let scope: Int?
  let owners: [Owner]
  /// Whether the column has values that only the city sets.
  let hasCitysChoice: [Bool]
  /// A row of which nothing is said: shared by all changes that have such a side.
  let undefined: [Value?]
  private let statements = Mutex<(any Sendable)?>(nil)

  init(_ record: RecordSchema.Says) {
    let fields = record.fields
    let places = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
    let isKey = fields.map { record.key.contains($0.name) }
    self.places = places
    self.isKey = isKey
    key = record.key.compactMap { places[$0] }
    rest = fields.indices.filter { !isKey[$0] }
    latest = fields.indices.filter { fields[$0].policy == .latest && !isKey[$0] }
    restricted = fields.indices.filter { fields[$0].restricted }
    scope =
      switch record.scope {
      case .all: nil
      case .field(let name), .via(let name): places[name]
      }
    owners = fields.map { $0.owner ?? record.owner }
    undefined = Array(repeating: nil, count: fields.count)
    hasCitysChoice = fields.map { $0.check.values?.contains { $0.owner == .city } ?? false }
  }

  fileprivate func statements<T: Sendable>(_ make: () -> T) -> T {
    statements.withLock { known in
      if let found = known as? T { return found }
      let made = make()
      known = made
      return made
    }
  }
}

extension RecordSchema {
  /// The name of the index by which a store knows that a set of fields is unique.
  package func indexName(unique set: [String]) -> String { "\(name)_unique_\(set.joined(separator: "_"))" }

  /// The references that get an index of their own: that of the key begins with its first field.
  package var indexedReferences: [Field] { fields.filter { $0.reference != nil && key.first != $0.name } }

  /// The name of the index on a field that refers to a record.
  package func indexName(reference field: String) -> String { "\(name)_by_\(field)" }

  /// The statements of a store for this record, which it spells once for all rows.
  package func statements<T: Sendable>(_ make: () -> T) -> T { columns.statements(make) }
}
