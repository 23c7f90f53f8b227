import SyncCore

/// One thing that a page tells a replica: the newest state, never a step.
public enum PageItem: Hashable, Sendable {
  case row(record: String, [Value])
  /// The row is deleted, or no longer in scope.
  case gone(RowRef)
  case conflict(Conflict)
  case contender(conflict: Int64, Contender)
  /// What became of a change that the city parked.
  case parked(ParkedNotice)
  /// Personal data that the city erased, and that is to be erased here.
  case erasure(Erasure)
  /// A batch of the city's own, sealed to the city itself, for the replica to keep.
  case own(number: Int64, sealed: [UInt8])
  case mark(PageMark, Int64)
}

/// Numbers that a page states beside rows. A reader passes over those that it does not know.
public enum PageMark: String, Sendable, CaseIterable {
  /// The arrival number of the last batch that the page knows of.
  case arrival
  /// Batches of the city's own up to this number are in two backups: the replica need not keep them.
  case ownKept
  /// The same of the replica's own batches.
  case batchKept
  /// The last of the replica's own batches that the page reflects.
  case batch
}

// A page is a patchset of the records' tables, of sync_conflict, sync_contender, sync_parked, sync_erasure,
// sync_own(number, sealed) and sync_mark(name, number).
private let conflictTable = ChangesetTable(name: Conflict.table, columns: Conflict.columns.count, key: [0])
private let contenderTable = ChangesetTable(name: Contender.table, columns: Contender.columns.count, key: [0, 1])
private let ownTable = ChangesetTable(name: OwnBatch.table, columns: 2, key: [0])
private let markTable = ChangesetTable(name: "sync_mark", columns: 2, key: [0])
private let parkedTable = ChangesetTable(name: ParkedNotice.table, columns: ParkedNotice.columns.count, key: [0])

public struct PageWriter: Sendable {
  private let tables: [String: ChangesetTable]
  private let keys: [String: [Int]]
  private var writer = ChangesetWriter(.patchset)

  public init(_ schema: Schema) {
    tables = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, ChangesetTable($0)) })
    keys = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0.keyIndices) })
  }

  public var bytes: [UInt8] { writer.bytes }

  public mutating func append(_ item: PageItem) {
    switch item {
    case .row(let record, let values):
      guard let table = tables[record] else { return }
      writer.append(.insert, new: values, to: table)
    case .gone(let ref):
      guard let table = tables[ref.record], let indices = keys[ref.record] else { return }
      var old: [Value?] = Array(repeating: nil, count: table.key.count)
      for (index, value) in zip(indices, ref.key.values) { old[index] = value }
      writer.append(.delete, old: old, to: table)
    case .conflict(let conflict): writer.append(.insert, new: conflict.row, to: conflictTable)
    case .contender(let id, let contender):
      writer.append(.insert, new: contender.row(of: id), to: contenderTable)
    case .parked(let notice): writer.append(.insert, new: notice.row, to: parkedTable)
    case .erasure(let erasure): writer.append(.insert, new: erasure.row, to: erasureTable)
    case .own(let number, let sealed):
      writer.append(.insert, new: [.integer(number), .blob(sealed)], to: ownTable)
    case .mark(let mark, let number):
      writer.append(.insert, new: [.text(mark.rawValue), .integer(number)], to: markTable)
    }
  }
}

public enum PageBody {
  public static func decode(_ bytes: [UInt8], schema: Schema) throws -> [PageItem] {
    var items: [PageItem] = []
    try each(bytes, schema: schema) { items.append($0) }
    return items
  }

  /// Reads one item after the other, and throws as `decode` does.
  public static func each(_ bytes: [UInt8], schema: Schema, _ body: (PageItem) throws -> Void) throws {
    try each(bytes, schema: schema, rowsWhere: nil, body)
  }

  /// The same, but of the rows of records only those that are wanted; the others are passed over, and nothing is checked of them.
  /// - Parameter isWanted: is asked of each row, in their order.
  public static func each(
    _ bytes: [UInt8], schema: Schema, rowsWhere isWanted: ((RowRef) -> Bool)?, _ body: (PageItem) throws -> Void
  ) throws {
    let records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
    var reader = ChangesetReader(bytes[...], .patchset)
    let next = { () throws(CodecError) -> (ChangesetTable, ChangesetEntry)? in
      guard let isWanted else { return try reader.next() }
      return try reader.next { table, key in
        records[table.name].map { isWanted(RowRef($0.name, RowKey(key))) } ?? true
      }
    }
    while let (table, entry) = try next() {
      if let item = try item(table, entry, records) { try body(item) }
    }
  }

  private static func item(
    _ table: ChangesetTable, _ entry: ChangesetEntry, _ records: [String: RecordSchema]
  ) throws -> PageItem? {
    let row = entry.new.compactMap { $0 }
    switch table {
    case conflictTable:
      guard let conflict = Conflict(row: row) else { throw BodyError.badShape(table.name) }
      return .conflict(conflict)
    case contenderTable:
      guard let contender = Contender(row: row), case .integer(let id) = row[0] else {
        throw BodyError.badShape(table.name)
      }
      return .contender(conflict: id, contender)
    case parkedTable:
      guard let notice = ParkedNotice(row: row) else { throw BodyError.badShape(table.name) }
      return .parked(notice)
    case erasureTable:
      guard let erasure = Erasure(row: row) else { throw BodyError.badShape(table.name) }
      return .erasure(erasure)
    case ownTable:
      guard row.count == 2, case .integer(let number) = row[0], number > 0, case .blob(let sealed) = row[1] else {
        throw BodyError.badShape(table.name)
      }
      return .own(number: number, sealed: sealed)
    case markTable:
      guard row.count == 2, case .text(let name) = row[0], case .integer(let number) = row[1], number >= 0 else {
        throw BodyError.badShape(table.name)
      }
      return PageMark(rawValue: name).map { .mark($0, number) }
    default:
      guard let record = records[table.name] else { throw BodyError.unknownTable(table.name) }
      guard table == ChangesetTable(record) else { throw BodyError.badShape(table.name) }
      let (ref, image) = try record.image(entry)
      return image.map { .row(record: record.name, $0) } ?? .gone(ref)
    }
  }
}

extension RecordSchema {
  /// The row that a patchset inserts, or nil for one that it deletes. Throws `BodyError` for a row with holes and for a key
  /// that no row can have.
  func image(_ entry: ChangesetEntry) throws -> (RowRef, [Value]?) {
    let isInsert = entry.operation == .insert
    let values = isInsert ? entry.new : entry.old
    let key = RowKey(keyIndices.compactMap { values[$0] })
    guard entry.operation != .update, !isInsert || !values.contains(nil), key.values.count == self.key.count,
      key.isOfARow
    else { throw BodyError.badShape(name) }
    return (RowRef(name, key), isInsert ? values.compactMap { $0 } : nil)
  }
}

extension RowKey {
  /// Whether a row may have it: it is neither too long nor holds NULL.
  var isOfARow: Bool { !values.contains(.null) && encoded.count <= RowKey.mostBytes }
}
