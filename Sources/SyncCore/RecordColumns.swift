import Synchronization

/// Where the columns of a record are: what follows from its fields and its key, worked out once and shared by its copies. It
/// says nothing that the schema does not say, so it is equal to any other and is not encoded.
final class RecordColumns: Sendable, Hashable {
  /// Of each field, by its name. Of two fields of one name, the first.
  let places: [String: Int]
  /// Those of the key, in its order.
  let key: [Int]
  /// The others.
  let rest: [Int]
  let isKey: [Bool]
  private let statements = Mutex<(any Sendable)?>(nil)
  private let objects = Mutex<[Bool: any Sendable]>([:])

  init(_ key: [String], _ fields: [Field]) {
    let places = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
    self.places = places
    self.key = key.compactMap { places[$0] }
    isKey = fields.map { key.contains($0.name) }
    rest = fields.indices.filter { !key.contains(fields[$0].name) }
  }

  static func == (a: RecordColumns, b: RecordColumns) -> Bool { true }
  func hash(into hasher: inout Hasher) {}

  fileprivate func statements<T: Sendable>(_ make: () -> T) -> T {
    statements.withLock { known in
      if let found = known as? T { return found }
      let made = make()
      known = made
      return made
    }
  }

  fileprivate func objects<T: Sendable>(_ variant: Bool, _ make: () -> T) -> T {
    objects.withLock { known in
      if let found = known[variant] as? T { return found }
      let made = make()
      known[variant] = made
      return made
    }
  }
}

extension RecordSchema {
  /// The statements of a store for this record, which it spells once for all rows.
  package func statements<T: Sendable>(_ make: () -> T) -> T { columns.statements(make) }

  /// The objects of a store for this record, of which there are two variants: spelled once, too.
  package func objects<T: Sendable>(_ variant: Bool, _ make: () -> T) -> T { columns.objects(variant, make) }
}
