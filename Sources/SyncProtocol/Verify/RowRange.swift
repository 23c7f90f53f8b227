import Crypto
import SyncCore

// Rows are compared by hash. Every row has a place, the first 8 bytes of the SHA-256 of its key, and a hash, the SHA-256 of
// its values in the order of the schema; both spelled as a row key is. Places are dealt out evenly whatever the keys are, so
// a range of them, named by its first hexadecimal digits, holds a sixteenth of the rows for each digit.

/// The rows of a record whose place begins with these digits.
public struct RowRange: Hashable, Sendable {
  /// Two rows with the same 16 digits would be a wonder: there a range is always listed.
  public static let mostDigits = 16

  public let record: String
  public let digits: Int
  /// The digits, from the most significant bit on; the other bits are 0.
  let bits: UInt64

  /// All rows of the record.
  public init(_ record: String) { self.init(record, digits: 0, bits: 0) }

  init(_ record: String, digits: Int, bits: UInt64) {
    self.record = record
    self.digits = digits
    self.bits = bits & Self.mask(digits)
  }

  /// The range of that many digits in which the place lies.
  static func mask(_ digits: Int) -> UInt64 { digits == 0 ? 0 : ~0 << UInt64(64 - 4 * digits) }

  /// The sixteen ranges that are one digit longer. Empty at the end.
  public var children: [RowRange] {
    if digits == Self.mostDigits { return [] }
    return (0..<16).map { RowRange(record, digits: digits + 1, bits: bits | UInt64($0) << UInt64(60 - 4 * digits)) }
  }

  /// The digits in hexadecimal, lower case.
  public var prefix: String {
    let text = String(bits, radix: 16)
    return String((String(repeating: "0", count: 16 - text.count) + text).prefix(digits))
  }

  /// nil when the text is none that `prefix` writes.
  public init?(_ record: String, prefix: String) {
    let digits = prefix.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count <= Self.mostDigits, !digits.contains(nil), prefix.lowercased() == prefix else { return nil }
    let bits = digits.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element ?? 0) << UInt64(60 - 4 * $1.offset) }
    self.init(record, digits: digits.count, bits: bits)
  }
}

/// A row as it is compared.
public struct HashedRow: Hashable, Sendable {
  public let key: RowKey
  let place: UInt64
  /// 256 bits, most significant word first.
  let hash: SIMD4<UInt64>

  /// - Parameter keyIndices: the columns of the key, in its order.
  public init(_ row: [Value], keyIndices: [Int]) {
    key = RowKey(keyIndices.map { row[$0] })
    place = words(SHA256.hash(data: key.encoded))[0]
    hash = words(SHA256.hash(data: RowKey(row).encoded))
  }

  /// A row that the other side lists.
  init(key: RowKey, hash: SIMD4<UInt64>) {
    self.key = key
    place = words(SHA256.hash(data: key.encoded))[0]
    self.hash = hash
  }
}

private func words(_ digest: SHA256.Digest) -> SIMD4<UInt64> {
  digest.withUnsafeBytes { bytes in
    SIMD4((0..<4).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self).bigEndian })
  }
}

/// What a range holds: how many rows, and the sum of their hashes modulo 2^256, in which their order does not matter.
public struct RangeDigest: Hashable, Sendable {
  public private(set) var count: Int64 = 0
  private(set) var sum = SIMD4<UInt64>.zero

  public init() {}

  mutating func add(_ hash: SIMD4<UInt64>) {
    count += 1
    var carry: UInt64 = 0
    for index in stride(from: 3, through: 0, by: -1) {
      let (half, first) = sum[index].addingReportingOverflow(hash[index])
      let (whole, second) = half.addingReportingOverflow(carry)
      sum[index] = whole
      carry = first || second ? 1 : 0
    }
  }

  /// The count, then the sum: 32 bytes, big endian, or none for no rows.
  var values: [Value] { [.integer(count), .blob(count == 0 ? [] : sum.bigEndianBytes)] }

  /// nil when the values are none that `values` gives.
  init?(_ values: some RandomAccessCollection<Value>) {
    guard values.count == 2, case .integer(let count)? = values.first, case .blob(let bytes)? = values.last, count >= 0
    else { return nil }
    self.count = count
    if count == 0, bytes.isEmpty { return }
    guard count > 0, let sum = SIMD4(bigEndianBytes: bytes) else { return nil }
    self.sum = sum
  }
}

extension SIMD4<UInt64> {
  var bigEndianBytes: [UInt8] {
    var out = ByteWriter()
    for index in 0..<4 { out.bigEndian(self[index]) }
    return out.bytes
  }

  init?(bigEndianBytes bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    var reader = ByteReader(bytes[...])
    self.init()
    for index in 0..<4 {
      guard let word = try? reader.bigEndian(UInt64.self) else { return nil }
      self[index] = word
    }
  }
}
