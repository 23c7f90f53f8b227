import SyncCore

/// How the rows of a record are tied to others, by column.
struct Ties {
  private let record: String
  private let uniques: [(fields: [String], columns: [Int])]
  private let references: [(column: Int, reference: Reference, isWeak: Bool)]
  /// Columns that other rows refer to.
  private let identities: [(column: Int, field: String)]
  private let columns: Set<Int>
  /// Its rows may open a lock.
  fileprivate let isException: Bool

  init(_ record: RecordSchema, in schema: Schema) {
    self.record = record.name
    uniques = record.unique.map { ($0, $0.compactMap(record.index(of:))) }
    references = record.fields.enumerated().compactMap { index, field in
      field.reference.map { (index, $0, field.weak) }
    }
    let named = schema.records.flatMap { $0.fields.compactMap(\.reference) }.filter { $0.record == record.name }
    identities = Set(named.map(\.field)).sorted().compactMap { name in record.index(of: name).map { ($0, name) } }
    columns = Set(uniques.flatMap(\.columns) + references.map(\.column) + identities.map(\.column))
    isException = schema.records.contains { $0.rules.lock?.except?.record == record.name }
  }

  static func all(_ schema: Schema) -> [String: Ties] {
    Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, Ties($0, in: schema)) })
  }

  /// Whether the two images of a row are tied to others differently. nil: there is no such row.
  func differ(_ before: [Value]?, _ after: [Value]?) -> Bool {
    guard let before, let after else { return before != nil || after != nil }
    return columns.contains { before[$0] != after[$0] }
  }

  func claims(_ image: [Value]?) -> [UniqueClaim] {
    guard let image else { return [] }
    return uniques.compactMap { fields, columns in
      let values = columns.map { image[$0] }
      return values.contains(.null) ? nil : UniqueClaim(record: record, fields: fields, values: values)
    }
  }

  /// What the references of the row name, in the order of its fields.
  /// - Parameter areStrong: the weak ones aside.
  func targets(_ image: [Value]?, areStrong: Bool = false) -> [ReferenceTarget] {
    guard let image else { return [] }
    return references.compactMap { column, reference, isWeak in
      let value = image[column]
      if value.isNull || areStrong && isWeak { return nil }
      return ReferenceTarget(record: reference.record, field: reference.field, value: value)
    }
  }

  /// The values by which other rows may refer to this one.
  func identities(_ image: [Value]?) -> [ReferenceTarget] {
    guard let image else { return [] }
    return identities.compactMap { column, field in
      image[column].isNull ? nil : ReferenceTarget(record: record, field: field, value: image[column])
    }
  }
}

/// What a parked change waits for.
enum Cause: Hashable {
  /// A row that its reference names.
  case target(ReferenceTarget)
  /// The row that holds its unique value, until it gives that up.
  case holder(RowRef)
  /// A row that opens its lock for its unit.
  case exception(RowRef)

  var isTarget: Bool { if case .target = self { true } else { false } }

  /// As it stands in the store, where it is found by equality.
  var encoded: [UInt8] {
    switch self {
    case .target(let target): RowKey([.integer(0), .text(target.record), .text(target.field), target.value]).encoded
    case .holder(let ref): RowKey([.integer(1), .text(ref.record)] + ref.key.values).encoded
    case .exception(let ref): RowKey([.integer(2), .text(ref.record)] + ref.key.values).encoded
    }
  }
}

/// What writes take away of that for which parked changes wait.
struct Freed {
  var causes: Set<Cause> = []
  /// Rows that came, went, or are tied to others differently: a change of one may claim other values now.
  var rows: Set<RowRef> = []

  var isEmpty: Bool { causes.isEmpty && rows.isEmpty }

  init(_ causes: Set<Cause>) { self.causes = causes }

  init(by writes: [RowWrite], _ ties: [String: Ties]) {
    for write in writes where write.before != write.after {
      guard let ties = ties[write.ref.record] else { continue }
      let known = Set(ties.identities(write.before))
      for identity in ties.identities(write.after) where !known.contains(identity) { causes.insert(.target(identity)) }
      let kept = Set(ties.claims(write.after))
      if ties.claims(write.before).contains(where: { !kept.contains($0) }) { causes.insert(.holder(write.ref)) }
      if ties.differ(write.before, write.after) { rows.insert(write.ref) }
      #if MUTANTS
        if Mutant.exceptionsWakeNothing.isActive { continue }
      #endif
      if ties.isException, write.after != nil { causes.insert(.exception(write.ref)) }
    }
  }
}
