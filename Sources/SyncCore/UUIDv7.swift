/// A key that a client makes: 48 bits of milliseconds since 1970, then random bits (RFC 9562, section 5.7), in lower case.
public enum UUIDv7 {
  public static func make(milliseconds: Int64, using random: inout some RandomNumberGenerator) -> String {
    let time = UInt64(clamping: milliseconds) & 0xffff_ffff_ffff
    let high = time << 16 | 0x7000 | UInt64.random(in: 0...0xfff, using: &random)
    let low = 1 << 63 | UInt64.random(in: 0..<1 << 62, using: &random)
    let digits = Array("0123456789abcdef")
    let hex = (0..<32).map { index in
      let word = index < 16 ? high : low
      return digits[Int(word >> UInt64(60 - index % 16 * 4) & 15)]
    }
    let cuts = [0, 8, 12, 16, 20, 32]
    return zip(cuts, cuts.dropFirst()).map { String(hex[$0..<$1]) }.joined(separator: "-")
  }
}
