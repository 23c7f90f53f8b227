/// Reads JSON that is written just as `canonicalJSON` writes it: each object's members in order, no spaces, few escapes.
/// It knows no other spelling: whatever else comes is `NotCanonical`, and another reader has the last word on it.
struct CanonicalReader {
  struct NotCanonical: Error {}

  private let bytes: [UInt8]
  private var place = 0
  /// Whether a member would be the first one of its object.
  private var isFirst = true

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { place == bytes.count }

  mutating func object<T>(_ read: (inout Self) throws -> T) throws -> T {
    try skip("{")
    isFirst = true
    let value = try read(&self)
    try skip("}")
    isFirst = false
    return value
  }

  /// The member that must come next.
  mutating func member<T>(_ name: StaticString, _ read: (inout Self) throws -> T) throws -> T {
    guard let value = try optional(name, read) else { throw NotCanonical() }
    return value
  }

  /// The member, if it is the one that comes next.
  mutating func optional<T>(_ name: StaticString, _ read: (inout Self) throws -> T) throws -> T? {
    let start = place
    guard isFirst || take(","), take("\""), take(name), take("\":") else {
      place = start
      return nil
    }
    let value = try read(&self)
    isFirst = false
    return value
  }

  mutating func array<T>(_ read: (inout Self) throws -> T) throws -> [T] {
    try skip("[")
    if take("]") { return [] }
    var values = [try read(&self)]
    while take(",") { values.append(try read(&self)) }
    try skip("]")
    return values
  }

  mutating func text() throws -> String {
    try skip("\"")
    var start = place
    var before: [UInt8] = []
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      guard bytes[place] >= 0x20 else { throw NotCanonical() }
      guard bytes[place] == UInt8(ascii: "\\") else {
        place += 1
        continue
      }
      before += bytes[start..<place]
      before.append(try unescaped())
      start = place
    }
    let rest = bytes[start..<place]
    try skip("\"")
    return before.isEmpty ? String(decoding: rest, as: UTF8.self) : String(decoding: before + rest, as: UTF8.self)
  }

  private mutating func unescaped() throws -> UInt8 {
    for (spelling, byte) in Self.escapes where take(spelling) { return byte }
    throw NotCanonical()
  }

  private static let escapes: [(StaticString, UInt8)] = [
    ("\\\"", UInt8(ascii: "\"")), ("\\\\", UInt8(ascii: "\\")), ("\\n", UInt8(ascii: "\n")),
    ("\\t", UInt8(ascii: "\t")),
  ]

  mutating func texts() throws -> [String] { try array { try $0.text() } }

  mutating func choice<T: RawRepresentable>() throws -> T where T.RawValue == String {
    guard let value = T(rawValue: try text()) else { throw NotCanonical() }
    return value
  }

  mutating func flag() throws -> Bool {
    if take("true") { return true }
    try skip("false")
    return false
  }

  mutating func integer<T: FixedWidthInteger>() throws -> T {
    let start = place
    while place < bytes.count, bytes[place] == UInt8(ascii: "-") || (0x30...0x39).contains(bytes[place]) { place += 1 }
    let digits = String(decoding: bytes[start..<place], as: UTF8.self)
    // Not 007, nor -0.
    guard let value = T(digits), String(value) == digits else { throw NotCanonical() }
    return value
  }

  private mutating func skip(_ expected: StaticString) throws {
    guard take(expected) else { throw NotCanonical() }
  }

  private mutating func take(_ expected: StaticString) -> Bool {
    expected.withUTF8Buffer { expected in
      guard bytes.count - place >= expected.count else { return false }
      for index in expected.indices where bytes[place + index] != expected[index] { return false }
      place += expected.count
      return true
    }
  }
}
