import SyncCore

// Values in the vectors: "null", "integer:5", "real:3ff8000000000000" (the bits), "text:甲", "blob:00ff".
// A JSON null is "undefined".
extension Value: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let rest = parts.count == 2 ? parts[1] : ""
    switch (parts[0], Int64(rest), UInt64(rest, radix: 16), [UInt8](hexText: rest)) {
    case ("null", _, _, _): self = .null
    case ("integer", let number?, _, _): self = .integer(number)
    case ("real", _, let bits?, _): self = .real(Double(bitPattern: bits))
    case ("text", _, _, _): self = .text(rest)
    case ("blob", _, _, let bytes?): self = .blob(bytes)
    default: throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encode("null")
    case .integer(let number): try container.encode("integer:\(number)")
    case .real(let number): try container.encode("real:" + String(number.bitPattern, radix: 16))
    case .text(let text): try container.encode("text:" + text)
    case .blob(let bytes): try container.encode("blob:" + bytes.hexText)
    }
  }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}

extension [UInt8] {
  var hexText: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

  init?(hexText text: String) {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count % 2 == 0 else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
