import SyncCore

// A probe is a patchset of two tables: sync_range(record, prefix, count, sum), what the replica has in a range, and
// sync_row(record, key), a row of which it wants the city's image.
private let rangeTable = ChangesetTable(name: "sync_range", columns: 4, key: [0, 1])
private let rowTable = ChangesetTable(name: "sync_row", columns: 2, key: [0, 1])

/// A range and what a replica has in it.
public struct ProbedRange: Hashable, Sendable {
  public var range: RowRange
  public var digest: RangeDigest

  public init(_ range: RowRange, _ digest: RangeDigest) {
    self.range = range
    self.digest = digest
  }
}

/// What a replica asks when it compares its rows with the city's.
public struct Probe: Hashable, Sendable {
  /// How many one probe may hold: the city answers with no more than some tens of MiB, whatever it is asked.
  public static let mostRanges = 2048
  public static let mostRows = 1000
  public static let mostBytes = 4 << 20

  public var ranges: [ProbedRange]
  public var rows: [RowRef]

  public init(ranges: [ProbedRange] = [], rows: [RowRef] = []) {
    self.ranges = ranges
    self.rows = rows
  }

  public var encoded: [UInt8] {
    var writer = ChangesetWriter(.patchset)
    for probed in ranges {
      let row: [Value] = [.text(probed.range.record), .text(probed.range.prefix)] + probed.digest.values
      writer.append(.insert, new: row, to: rangeTable)
    }
    for ref in rows {
      writer.append(.insert, new: [.text(ref.record), .blob(ref.key.encoded)], to: rowTable)
    }
    return writer.bytes
  }

  /// Throws `CodecError` or `BodyError`.
  public init(_ bytes: [UInt8], schema: Schema) throws {
    self.init()
    var reader = ChangesetReader(bytes[...], .patchset)
    var seen: (ranges: Set<RowRange>, rows: Set<RowRef>) = ([], [])
    while let (table, entry) = try reader.next() {
      let row = entry.new.compactMap { $0 }
      guard entry.operation == .insert, row.count == table.key.count else { throw BodyError.badShape(table.name) }
      switch table {
      case rangeTable:
        guard let range = RowRange(row, schema), let digest = RangeDigest(row[2...]), seen.ranges.insert(range).inserted
        else { throw BodyError.badShape(table.name) }
        ranges.append(ProbedRange(range, digest))
      case rowTable:
        guard let ref = try RowRef(row, schema), seen.rows.insert(ref).inserted else {
          throw BodyError.badShape(table.name)
        }
        rows.append(ref)
      default: throw BodyError.unknownTable(table.name)
      }
      guard ranges.count <= Self.mostRanges, rows.count <= Self.mostRows else { throw BodyError.tooMany }
    }
  }
}

extension RowRange {
  /// The first two columns of a row that is about a range; nil when they name none.
  init?(_ row: [Value], _ schema: Schema) {
    guard row.count >= 2, case .text(let record) = row[0], case .text(let prefix) = row[1],
      schema.record(record) != nil
    else { return nil }
    self.init(record, prefix: prefix)
  }
}

extension RowRef {
  /// The columns `record` and `key`; nil when they cannot name a row. Throws `CodecError`.
  init?(_ row: [Value], _ schema: Schema) throws {
    guard row.count >= 2, case .text(let name) = row[0], case .blob(let bytes) = row[1],
      bytes.count <= RowKey.mostBytes,
      let record = schema.record(name)
    else { return nil }
    let key = try RowKey(encoded: bytes)
    guard key.values.count == record.key.count, key.isOfARow else { return nil }
    self.init(name, key)
  }
}
