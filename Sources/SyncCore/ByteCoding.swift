/// Why bytes could not be read. The offset counts from the start of the text that was being read.
public struct CodecError: Error, Sendable, Equatable {
  public enum Reason: String, Sendable {
    case truncated, badVarint, badType, badUTF8, badReal, nulInText, badHeader, badOperation, tooLarge, trailing
  }
  public var reason: Reason
  public var offset: Int

  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

// The spelling of values is that of SQLite's changeset format (ext/session/sqlite3session.c, "Record format"):
//   0x00                                  undefined
//   0x01  8 bytes, big endian             INTEGER
//   0x02  8 bytes, IEEE 754, big endian   REAL
//   0x03  varint length, bytes            TEXT, UTF-8
//   0x04  varint length, bytes            BLOB
//   0x05                                  NULL
// A varint is SQLite's: seven bits a byte, most significant first, the high bit set on all but the last.

public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  init(reserving size: Int) { bytes.reserveCapacity(size) }

  /// How many bytes a value has when it is written.
  static func size(of value: Value) -> Int {
    switch value {
    case .null: 1
    case .integer, .real: 9
    case .text(let x): 1 + size(ofCount: x.utf8.count) + x.utf8.count
    case .blob(let x): 1 + size(ofCount: x.count) + x.count
    }
  }

  private static func size(ofCount count: Int) -> Int { (63 - UInt64(count | 1).leadingZeroBitCount) / 7 + 1 }

  public mutating func byte(_ x: UInt8) { bytes.append(x) }
  public mutating func raw(_ x: some Sequence<UInt8>) { bytes.append(contentsOf: x) }

  public mutating func bigEndian<I: FixedWidthInteger>(_ x: I) {
    withUnsafeBytes(of: x.bigEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func varint(_ n: Int) {
    let x = UInt64(n)
    if x < 0x80 { return byte(UInt8(x)) }
    var shift = (63 - x.leadingZeroBitCount) / 7 * 7
    while shift > 0 {
      byte(UInt8(truncatingIfNeeded: x >> UInt64(shift)) & 0x7f | 0x80)
      shift -= 7
    }
    byte(UInt8(x & 0x7f))
  }

  public mutating func value(_ value: Value) {
    switch value {
    case .null: byte(5)
    case .integer(let x):
      byte(1)
      bigEndian(x)
    case .real(let x):
      byte(2)
      bigEndian(x.bitPattern)
    case .text(let x):
      var x = x
      x.withUTF8 { utf8 in
        byte(3)
        varint(utf8.count)
        raw(utf8)
      }
    case .blob(let x):
      byte(4)
      varint(x.count)
      raw(x)
    }
  }

  /// A record of a changeset: one entry a column, nil is "undefined".
  public mutating func record(_ values: [Value?]) {
    for value in values {
      if let value { self.value(value) } else { byte(0) }
    }
  }
}

public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  private let start: Int
  private var position: Int

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    start = bytes.startIndex
    position = bytes.startIndex
  }

  public var isAtEnd: Bool { position == bytes.endIndex }
  public var offset: Int { position - start }

  public func error(_ reason: CodecError.Reason) -> CodecError { CodecError(reason, at: offset) }

  public mutating func byte() throws(CodecError) -> UInt8 {
    guard position < bytes.endIndex else { throw error(.truncated) }
    defer { position += 1 }
    return bytes[position]
  }

  /// The next `count` bytes, without a copy. The count is checked against what is there before anything is allocated.
  public mutating func raw(_ count: Int) throws(CodecError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.endIndex - position else { throw error(.truncated) }
    defer { position += count }
    return bytes[position..<position + count]
  }

  public mutating func bigEndian<I: FixedWidthInteger>(_: I.Type = I.self) throws(CodecError) -> I {
    try raw(I.bitWidth / 8).withUnsafeBytes { I(bigEndian: $0.loadUnaligned(as: I.self)) }
  }

  /// A length. One that does not fit 31 bits, or is spelled longer than it needs, is refused.
  public mutating func varint() throws(CodecError) -> Int {
    var x = 0
    for index in 0..<5 {
      let byte = try self.byte()
      if index == 0, byte == 0x80 { throw error(.badVarint) }
      x = x << 7 | Int(byte & 0x7f)
      if byte & 0x80 == 0 {
        guard x <= Int32.max else { throw error(.tooLarge) }
        return x
      }
    }
    throw error(.badVarint)
  }

  /// Bytes up to a NUL, as UTF-8.
  public mutating func nulTerminated() throws(CodecError) -> String {
    guard let end = bytes[position...].firstIndex(of: 0) else { throw error(.truncated) }
    guard let text = bytes[position..<end].withUnsafeBytes({ String(utf8: $0) }) else { throw error(.badUTF8) }
    position = end + 1
    return text
  }

  /// One value, nil when it is "undefined". Text must be UTF-8 without U+0000, a real neither NaN nor −0.0.
  public mutating func value() throws(CodecError) -> Value? {
    switch try byte() {
    case 0: return nil
    case 1: return .integer(try bigEndian())
    case 2:
      let real = Double(bitPattern: try bigEndian())
      guard !real.isNaN, real != 0 || real.sign == .plus else { throw error(.badReal) }
      return .real(real)
    case 3:
      let utf8 = try raw(try varint())
      guard !utf8.contains(0) else { throw error(.nulInText) }
      guard let text = utf8.withUnsafeBytes({ String(utf8: $0) }) else { throw error(.badUTF8) }
      return .text(text)
    case 4: return .blob(Array(try raw(try varint())))
    case 5: return .null
    default: throw error(.badType)
    }
  }

  /// Passes over one value, "undefined" or not, without a look at what it says.
  public mutating func passValue() throws(CodecError) {
    switch try byte() {
    case 0, 5: return
    case 1, 2: _ = try raw(8)
    case 3, 4: _ = try raw(try varint())
    default: throw error(.badType)
    }
  }

  public mutating func definedValue() throws(CodecError) -> Value {
    guard let value = try value() else { throw error(.badType) }
    return value
  }

  public mutating func record(_ columns: Int) throws(CodecError) -> [Value?] {
    var values: [Value?] = []
    values.reserveCapacity(columns)
    for _ in 0..<columns { values.append(try value()) }
    return values
  }
}
