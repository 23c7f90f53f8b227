import SyncCore

/// What a batch holds about some rows: their changes, and everything that is no change.
public struct BatchExcerpt: Sendable {
  public var batch: Batch
  /// For each of its changes its place in the whole batch, from 1.
  public var places: [Int]
  /// How many changes the whole batch holds.
  public var count = 0
}

extension BatchExcerpt {
  /// Reads a body that was found sound when it came, without the values of other rows. Throws `CodecError` or `BodyError`.
  public init(_ bytes: [UInt8], schema: Schema, about refs: Set<RowRef>, isOwn: Bool = false) throws {
    (batch, places) = (Batch(), [])
    var reader = ChangesetReader(bytes[...], .changeset)
    var body = ChangesetWriter(.changeset)
    var renumbered: [Value: Value] = [:]
    let names = Set(schema.records.map(\.name))
    while case (let table, var entry)? = try reader.next(where: { table, key in
      if table.isOfChanges { return renumbered[key[0]] != nil }
      guard names.contains(table.name) else { return true }
      count += 1
      guard refs.contains(RowRef(table.name, RowKey(key))) else { return false }
      places.append(count)
      renumbered[.integer(Int64(count))] = .integer(Int64(places.count))
      return true
    }) {
      if table.isOfChanges, let n = entry.new[0] { entry.new[0] = renumbered[n] }
      body.append(entry, to: table)
    }
    batch = try Batch(body.bytes, schema: schema, mostChanges: .max, isOwn: isOwn)
  }
}
