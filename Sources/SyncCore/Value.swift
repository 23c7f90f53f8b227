/// One cell as SQLite stores it. Equality is by type and bytes: 1 is not 1.0, "é" composed is not "é" decomposed.
public enum Value: Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  /// A real that both SQLite and PostgreSQL hold with the same bytes: NaN is NULL, −0.0 is 0.0.
  public static func normalized(_ real: Double) -> Value {
    real.isNaN ? .null : .real(real == 0 ? 0 : real)
  }

  public var isNull: Bool { if case .null = self { true } else { false } }
}

extension Value: Hashable {
  public static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.integer(let x), .integer(let y)): x == y
    case (.real(let x), .real(let y)): x.bitPattern == y.bitPattern
    case (.text(let x), .text(let y)): x.hasSameBytes(as: y)
    case (.blob(let x), .blob(let y)): x == y
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0 as UInt8)
    case .integer(let x): hasher.combine(x)
    case .real(let x): hasher.combine(x.bitPattern)
    case .text(let x): x.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    case .blob(let x): hasher.combine(x)
    }
  }
}

extension Value {
  /// The order of two different values of one type: numbers by size, text and blobs by bytes. nil: values of two types have none.
  package func isLess(than other: Value) -> Bool? {
    switch (self, other) {
    case (.integer(let x), .integer(let y)): x < y
    case (.real(let x), .real(let y)): x < y
    case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
    case (.blob(let x), .blob(let y)): x.lexicographicallyPrecedes(y)
    default: nil
    }
  }
}

extension String {
  /// Swift's own equality is canonical equivalence, which is not SQLite's.
  func hasSameBytes(as other: String) -> Bool {
    withBytes { mine in
      other.withBytes { mine.count == $0.count && (mine.baseAddress == $0.baseAddress || mine.elementsEqual($0)) }
    }
  }

  /// The text that these bytes are in UTF-8; nil: they are not. `String(validating:as:)` asks for types as the program runs,
  /// which takes longer than a cell of a row does.
  package init?(utf8 bytes: UnsafeRawBufferPointer) {
    self.init(decoding: bytes, as: UTF8.self)
    // What is no UTF-8 was repaired.
    guard withBytes({ $0.count == bytes.count && $0.elementsEqual(bytes) }) else { return nil }
  }

  /// Whether it has the character U+0000.
  package var hasNUL: Bool { withBytes { $0.contains(0) } }

  fileprivate func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    return Array(utf8).withUnsafeBufferPointer(body)
  }
}

/// The primary key of one row: its values in the order of the record's declared key.
public struct RowKey: Hashable, Sendable, Comparable {
  /// The longest one.
  public static let mostBytes = 1024

  public var values: [Value]

  public init(_ values: [Value]) { self.values = values }

  /// The values one after the other as a changeset spells them; equal keys have equal bytes and no other has them.
  public var encoded: [UInt8] {
    var out = ByteWriter(reserving: encodedSize)
    for value in values { out.value(value) }
    return out.bytes
  }

  /// How many bytes `encoded` has.
  public var encodedSize: Int { values.reduce(0) { $0 + ByteWriter.size(of: $1) } }

  /// Reads what `encoded` wrote. Throws `CodecError` on anything else.
  public init(encoded bytes: [UInt8]) throws(CodecError) {
    var reader = ByteReader(bytes[...])
    values = []
    while !reader.isAtEnd { values.append(try reader.definedValue()) }
  }

  /// By bytes, so that every machine and both databases agree on the order.
  public static func < (a: RowKey, b: RowKey) -> Bool { a.encoded.lexicographicallyPrecedes(b.encoded) }
}

/// A row anywhere in the database.
public struct RowRef: Hashable, Comparable, Sendable {
  public var record: String
  public var key: RowKey

  public init(_ record: String, _ key: RowKey) {
    self.record = record
    self.key = key
  }

  public static func < (a: RowRef, b: RowRef) -> Bool { (a.record, a.key) < (b.record, b.key) }
}
