import SyncCore

/// What the city says to a probe. A range that it does not mention holds there what the replica has in it.
public enum AnswerItem: Hashable, Sendable {
  /// The range differs: what its sixteen children hold.
  case split(RowRange, [RangeDigest])
  /// The range differs and holds few rows: these, in the order of their keys.
  case leaf(RowRange, [HashedRow])
  /// A row that was asked for. nil: there is none that the unit sees.
  /// - Parameter isNewer: it changed after the cursor of the probe.
  case row(RowRef, [Value]?, isNewer: Bool)
}

// An answer is a patchset of the records' tables and of
//
//   sync_split(record, prefix, children)  children: count and sum of each of the sixteen, one after the other, spelled as a
//                                         row key is; the sum is 32 bytes, or none when the count is 0
//   sync_leaf(record, prefix, rows)       rows: key (a BLOB) and hash of each, spelled likewise
//   sync_newer(record, key)               the row that follows changed after the cursor
//
// A row that was asked for is an INSERT, or a DELETE when the unit sees none.
private let splitTable = ChangesetTable(name: "sync_split", columns: 3, key: [0, 1])
private let leafTable = ChangesetTable(name: "sync_leaf", columns: 3, key: [0, 1])
private let newerTable = ChangesetTable(name: "sync_newer", columns: 2, key: [0, 1])

public struct AnswerWriter: Sendable {
  private let records: [String: (table: ChangesetTable, key: [Int])]
  private var writer = ChangesetWriter(.patchset)

  public init(_ schema: Schema) {
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, (ChangesetTable($0), $0.keyIndices)) })
  }

  public var bytes: [UInt8] { writer.bytes }

  public mutating func append(_ item: AnswerItem) {
    switch item {
    case .split(let range, let children): append(range, children.flatMap(\.values), to: splitTable)
    case .leaf(let range, let rows):
      append(range, rows.flatMap { [.blob($0.key.encoded), .blob($0.hash.bigEndianBytes)] }, to: leafTable)
    case .row(let ref, let image, let isNewer):
      guard let (table, key) = records[ref.record] else { return }
      if isNewer {
        writer.append(
          ChangesetEntry(.insert, new: [.text(ref.record), .blob(ref.key.encoded)]), to: newerTable)
      }
      if let image { return writer.append(.insert, new: image, to: table) }
      var old: [Value?] = Array(repeating: nil, count: table.key.count)
      for (index, value) in zip(key, ref.key.values) { old[index] = value }
      writer.append(.delete, old: old, to: table)
    }
  }

  private mutating func append(_ range: RowRange, _ values: [Value], to table: ChangesetTable) {
    let row: [Value] = [.text(range.record), .text(range.prefix), .blob(RowKey(values).encoded)]
    writer.append(.insert, new: row, to: table)
  }
}

public enum AnswerBody {
  /// Throws `CodecError` or `BodyError`.
  public static func decode(_ bytes: [UInt8], schema: Schema) throws -> [AnswerItem] {
    var reader = ChangesetReader(bytes[...], .patchset)
    var items: [AnswerItem] = []
    var newer: Set<RowRef> = []
    while let (table, entry) = try reader.next() {
      let row = entry.new.compactMap { $0 }
      if table == newerTable {
        guard let ref = try RowRef(row, schema) else { throw BodyError.badShape(table.name) }
        newer.insert(ref)
      } else if table == splitTable || table == leafTable {
        guard let range = RowRange(row, schema), row.count == 3, case .blob(let list) = row[2],
          let item = try table == splitTable ? split(range, list) : leaf(range, list)
        else { throw BodyError.badShape(table.name) }
        items.append(item)
      } else {
        let (ref, image) = try image(table, entry, schema)
        items.append(.row(ref, image, isNewer: newer.remove(ref) != nil))
      }
    }
    guard newer.isEmpty else { throw BodyError.badShape(newerTable.name) }
    return items
  }

  private static func split(_ range: RowRange, _ list: [UInt8]) throws -> AnswerItem? {
    let values = try RowKey(encoded: list).values
    guard values.count == 2 * range.children.count, !values.isEmpty else { return nil }
    let children = stride(from: 0, to: values.count, by: 2).compactMap { RangeDigest(values[$0...$0 + 1]) }
    return children.count == 16 ? .split(range, children) : nil
  }

  private static func leaf(_ range: RowRange, _ list: [UInt8]) throws -> AnswerItem? {
    let values = try RowKey(encoded: list).values
    guard values.count % 2 == 0 else { return nil }
    var rows: [HashedRow] = []
    for index in stride(from: 0, to: values.count, by: 2) {
      guard case .blob(let key) = values[index], case .blob(let bytes) = values[index + 1],
        let hash = SIMD4<UInt64>(bigEndianBytes: bytes)
      else { return nil }
      let row = HashedRow(key: try RowKey(encoded: key), hash: hash)
      guard RowRange(range.record, digits: range.digits, bits: row.place) == range else { return nil }
      rows.append(row)
    }
    return .leaf(range, rows)
  }

  private static func image(_ table: ChangesetTable, _ entry: ChangesetEntry, _ schema: Schema) throws
    -> (RowRef, [Value]?)
  {
    guard let record = schema.record(table.name) else { throw BodyError.unknownTable(table.name) }
    guard table == ChangesetTable(record) else { throw BodyError.badShape(table.name) }
    return try record.image(entry)
  }
}
