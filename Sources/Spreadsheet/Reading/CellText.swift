import SyncCore

/// Gathers the text of an element, with a limit.
struct CellText {
  private var bytes: [UInt8] = []
  private var hasEscapes = false

  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    hasEscapes = false
  }

  mutating func add(_ more: UnsafeBufferPointer<UInt8>) throws(Failure) {
    guard bytes.count + more.count <= SheetLimits.textBytes else {
      throw ReadFailure.tooLarge(
        "单元格文本超过 \(SheetLimits.textBytes) 字节", "the text of a cell has more than \(SheetLimits.textBytes) bytes")
    }
    if !hasEscapes, more.contains(UInt8(ascii: "_")) { hasEscapes = true }
    bytes.append(contentsOf: more)
  }

  /// As it stands in the file.
  var raw: String { String(decoding: bytes, as: UTF8.self) }
  /// For people: `_x000D_` is the character U+000D (ECMA-376 part 1, 22.9.2.19).
  var string: String { hasEscapes ? CellEscapes.decode(raw) : raw }
}

/// Characters that XML cannot hold, or changes, as cells spell them: `_x` four hexadecimal digits `_`, in UTF-16 units.
enum CellEscapes {
  static func decode(_ text: String) -> String {
    let units = Array(text.utf16)
    var out: [UInt16] = []
    out.reserveCapacity(units.count)
    var index = 0
    while index < units.count {
      if let unit = escaped(units[index...]) {
        out.append(unit)
        index += 7
      } else {
        out.append(units[index])
        index += 1
      }
    }
    return String(decoding: out, as: UTF16.self)
  }

  /// A text that says such an escape itself gets its underscore escaped.
  static func encode(_ text: String) -> String {
    let units = Array(text.utf16)
    guard text.unicodeScalars.contains(where: { $0 == "_" || !isPlain($0) }) else { return text }
    var out = ""
    for (offset, scalar) in zip(offsets(text), text.unicodeScalars) {
      let startsEscape = scalar == "_" && escaped(units[offset...]) != nil
      if startsEscape || !isPlain(scalar) {
        let hex = String(scalar.value, radix: 16, uppercase: true)
        out += "_x" + String(repeating: "0", count: 4 - hex.count) + hex + "_"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  private static func offsets(_ text: String) -> [Int] {
    var next = 0
    return text.unicodeScalars.map { scalar in
      defer { next += UTF16.width(scalar) }
      return next
    }
  }

  /// Whether XML 1.0 holds it and gives it back unchanged.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 9, 10, 0x20...0xfffd, 0x10000...: true
    default: false
    }
  }

  private static func escaped(_ units: ArraySlice<UInt16>) -> UInt16? {
    let at = units.startIndex
    guard units.count >= 7, units[at] == 0x5f, units[at + 1] == 0x78, units[at + 6] == 0x5f else { return nil }
    var value: UInt16 = 0
    for unit in units[(at + 2)..<(at + 6)] {
      guard let digit = Unicode.Scalar(unit).flatMap({ Character($0).hexDigitValue }), unit < 0x80 else { return nil }
      value = value << 4 | UInt16(digit)
    }
    return value
  }
}
