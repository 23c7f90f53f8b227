import SyncCore

// The changeset and patchset formats of SQLite's session extension, as its source describes them above the code
// (ext/session/sqlite3session.c). One table header, then that table's changes:
//
//   'T' (changeset) or 'P' (patchset)
//   varint  number of columns
//   bytes   one a column: 0, or the 1-based place of the column in the primary key
//   bytes   the table's name, ended by NUL
//
//   byte    18 INSERT, 23 UPDATE, 9 DELETE
//   byte    0 direct, 1 made by a trigger or a foreign key action
//   INSERT            the new row
//   UPDATE  'T'       old record (key and changed columns), new record (changed columns)
//   DELETE  'T'       the old row                 'P'  the key columns only
//
// Downward bodies (patchsets) hold INSERT and DELETE only.

public enum ChangesetOperation: UInt8, Sendable {
  case delete = 9
  case insert = 18
  case update = 23
}

public struct ChangesetTable: Hashable, Sendable {
  public var name: String
  /// For each column 0, or its 1-based place in the primary key.
  public var key: [UInt8]

  public init(name: String, columns: Int, key: [Int]) {
    self.name = name
    self.key = Array(repeating: 0, count: columns)
    for (place, column) in key.enumerated() { self.key[column] = UInt8(place + 1) }
  }

  init(name: String, flags: [UInt8]) {
    self.name = name
    key = flags
  }

  public init(_ record: RecordSchema) {
    self.init(name: record.name, columns: record.fields.count, key: record.keyIndices)
  }
}

public struct ChangesetEntry: Hashable, Sendable {
  public var operation: ChangesetOperation
  /// nil: undefined. Empty for an INSERT.
  public var old: [Value?]
  /// nil: undefined. Empty for a DELETE.
  public var new: [Value?]

  public init(_ operation: ChangesetOperation, old: [Value?] = [], new: [Value?] = []) {
    self.operation = operation
    self.old = old
    self.new = new
  }
}

public enum ChangesetForm: UInt8, Sendable {
  case changeset = 0x54
  case patchset = 0x50
}

public struct ChangesetWriter: Sendable {
  private let form: ChangesetForm
  private var out = ByteWriter()
  private var table: ChangesetTable?

  public init(_ form: ChangesetForm) { self.form = form }

  public var bytes: [UInt8] { out.bytes }

  public mutating func append(_ entry: ChangesetEntry, to next: ChangesetTable) {
    append(entry.operation, old: entry.old, new: entry.new, to: next)
  }

  /// Says that the changes of a table follow, or that there is none.
  public mutating func begin(_ next: ChangesetTable) {
    if table == next { return }
    table = next
    out.byte(form.rawValue)
    out.varint(next.key.count)
    out.raw(next.key)
    out.raw(next.name.utf8)
    out.byte(0)
  }

  /// Appends one change; a header is written when the table is another than before.
  /// - Parameters:
  ///   - old: nil is undefined. Empty for an INSERT.
  ///   - new: nil is undefined. Empty for a DELETE.
  public mutating func append(
    _ operation: ChangesetOperation, old: [Value?] = [], new: [Value?] = [], to next: ChangesetTable
  ) {
    begin(next)
    out.byte(operation.rawValue)
    out.byte(0)
    switch (operation, form) {
    case (.insert, _): out.record(new)
    case (.update, _):
      out.record(old)
      out.record(new)
    case (.delete, .changeset): out.record(old)
    case (.delete, .patchset): out.record(zip(next.key, old).filter { $0.0 != 0 }.map(\.1))
    }
  }
}

public struct ChangesetReader: Sendable {
  /// More columns than a record may have; the tables of the protocol itself have fewer.
  public static let mostColumns = 128

  private let form: ChangesetForm
  private var reader: ByteReader
  private var table: ChangesetTable?

  public init(_ bytes: ArraySlice<UInt8>, _ form: ChangesetForm) {
    self.form = form
    reader = ByteReader(bytes)
  }

  public var offset: Int { reader.offset }

  /// The next change and its table; nil at the end.
  public mutating func next() throws(CodecError) -> (ChangesetTable, ChangesetEntry)? {
    guard let (operation, table) = try begin() else { return nil }
    return (table, try entry(operation, table))
  }

  /// The next change that is wanted, and its table; nil at the end. The others are passed over, and nothing of them is checked
  /// but where they end.
  /// - Parameter isWanted: is asked of each change, by the values of its key in the key's order.
  public mutating func next(where isWanted: (ChangesetTable, [Value]) -> Bool) throws(CodecError)
    -> (ChangesetTable, ChangesetEntry)?
  {
    while let (operation, table) = try begin() {
      let start = reader
      if isWanted(table, try passRecord(operation, table)) {
        reader = start
        return (table, try entry(operation, table))
      }
      if operation == .update, form == .changeset {
        for _ in table.key { try reader.passValue() }
      }
    }
    return nil
  }

  /// What comes next, up to its values; nil at the end.
  private mutating func begin() throws(CodecError) -> (ChangesetOperation, ChangesetTable)? {
    while !reader.isAtEnd {
      let byte = try reader.byte()
      if byte == form.rawValue {
        table = try header()
        continue
      }
      guard let table else { throw reader.error(.badHeader) }
      guard let operation = ChangesetOperation(rawValue: byte) else { throw reader.error(.badOperation) }
      guard try reader.byte() <= 1 else { throw reader.error(.badOperation) }
      return (operation, table)
    }
    return nil
  }

  /// Passes over the first record of a change, and returns its key.
  private mutating func passRecord(_ operation: ChangesetOperation, _ table: ChangesetTable) throws(CodecError)
    -> [Value]
  {
    let isKeyOnly = operation == .delete && form == .patchset
    var key: [(place: UInt8, value: Value)] = []
    for place in table.key where place != 0 || !isKeyOnly {
      if place == 0 { try reader.passValue() } else { key.append((place, try reader.definedValue())) }
    }
    return key.count == 1 ? [key[0].value] : key.sorted { $0.place < $1.place }.map(\.value)
  }

  private mutating func header() throws(CodecError) -> ChangesetTable {
    let columns = try reader.varint()
    guard (1...Self.mostColumns).contains(columns) else { throw reader.error(.badHeader) }
    let flags = Array(try reader.raw(columns))
    guard flags.contains(where: { $0 != 0 }) else { throw reader.error(.badHeader) }
    return ChangesetTable(name: try reader.nulTerminated(), flags: flags)
  }

  private mutating func entry(_ operation: ChangesetOperation, _ table: ChangesetTable) throws(CodecError)
    -> ChangesetEntry
  {
    let columns = table.key.count
    switch (operation, form) {
    case (.insert, _): return ChangesetEntry(.insert, new: try reader.record(columns))
    case (.update, .changeset):
      let old = try reader.record(columns)
      return ChangesetEntry(.update, old: old, new: try reader.record(columns))
    case (.update, .patchset): throw reader.error(.badOperation)
    case (.delete, .changeset): return ChangesetEntry(.delete, old: try reader.record(columns))
    case (.delete, .patchset):
      var old: [Value?] = Array(repeating: nil, count: columns)
      for column in 0..<columns where table.key[column] != 0 { old[column] = try reader.definedValue() }
      return ChangesetEntry(.delete, old: old)
    }
  }
}
