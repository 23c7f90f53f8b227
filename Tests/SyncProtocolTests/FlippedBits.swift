/// Every text that differs from one in a single bit, and where.
struct FlippedBits: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> (changed: [UInt8], place: String)? {
    guard position < bytes.count * 8 else { return nil }
    defer { position += 1 }
    var changed = bytes
    changed[position / 8] ^= 1 << UInt8(position % 8)
    return (changed, "byte \(position / 8) bit \(position % 8)")
  }
}
