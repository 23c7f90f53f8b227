import SyncCore
import Testing

struct ValueTests {
  /// Every two of these differ, as values, as keys and as members of a set.
  static let distinct: [Value] = [
    .null, 0, 1, -1, .integer(.max), .integer(.min), 0.0, .real(-0.0), 1.0, .real(.infinity), .real(.nan), "", "0", "1",
    "a", "A", "\u{e9}", "e\u{301}", " a", "a ", "甲", "😀", .blob([]), .blob([0]), .blob([0, 0]), .blob([0x61]),
  ]

  @Test func equalityIsByTypeAndBytes() {
    for (i, a) in Self.distinct.enumerated() {
      for (j, b) in Self.distinct.enumerated() { #expect((a == b) == (i == j), "\(a) \(b)") }
    }
    #expect(Set(Self.distinct).count == Self.distinct.count)
  }

  @Test func normalizedReals() {
    #expect(Value.normalized(.nan) == .null)
    #expect(Value.normalized(-.nan) == .null)
    #expect(Value.normalized(-0.0) == 0.0)
    #expect(Value.normalized(-1.5) == -1.5)
    #expect(Value.normalized(.infinity) == .real(.infinity))
  }
}

struct RowKeyTests {
  static let keys: [[Value]] = [
    [""], ["", ""], ["", "", ""], ["a", "b"], ["ab", ""], ["", "ab"], [0], [.integer(.min)], [.integer(.max)],
    [1, "1"],
    ["1", 1], [1.0], [.blob([])], [.blob([0])], [.blob([0, 0])], [.blob([0]), .blob([0])], ["😀"], ["\u{e9}"],
    ["e\u{301}"], [.text(String(repeating: "键", count: 300)), 7], [.blob(Array(0...255))], ["3301", 2024, "产值"],
  ]

  @Test(arguments: keys)
  func roundTrip(values: [Value]) throws {
    let key = RowKey(values)
    #expect(try RowKey(encoded: key.encoded) == key)
  }

  @Test func equalKeysHaveEqualBytesAndNoOthers() {
    #expect(Set(Self.keys.map { RowKey($0).encoded }).count == Self.keys.count)
    #expect(Set(Self.keys.map { RowKey($0) }).count == Self.keys.count)
  }

  /// A cut that falls between two values leaves a shorter key; any other is refused.
  @Test func truncation() throws {
    let key = RowKey(["甲", 5, .blob([0, 1]), 1.5])
    var ends = Set([0])
    for count in 1...key.values.count { ends.insert(RowKey(Array(key.values.prefix(count))).encoded.count) }
    for count in 0...key.encoded.count {
      let cut = Array(key.encoded.prefix(count))
      if ends.contains(count) {
        #expect(try RowKey(encoded: cut).encoded == cut)
      } else {
        let error = #expect(throws: CodecError.self) { try RowKey(encoded: cut) }
        #expect(error?.reason == .truncated)
      }
    }
  }

  @Test(arguments: [
    "00", "0100000000000000000", "0301ff", "030100", "028000000000000000", "027ff8000000000000", "06", "0387ffffff7f",
  ])
  func refuses(hex: String) {
    let bytes = [UInt8](hexText: hex.count % 2 == 0 ? hex : hex + "0") ?? []
    #expect(throws: CodecError.self) { try RowKey(encoded: bytes) }
  }

  @Test func orderIsByBytes() {
    let sorted = [RowKey([""]), RowKey(["a"]), RowKey(["b"]), RowKey(["ab"]), RowKey(["甲"])]
    #expect(sorted.shuffled().sorted() == sorted.sorted())
    for (a, b) in zip(Self.keys, Self.keys.dropFirst()) {
      #expect((RowKey(a) < RowKey(b)) == RowKey(a).encoded.lexicographicallyPrecedes(RowKey(b).encoded))
      #expect((RowKey(a) < RowKey(b)) != (RowKey(b) < RowKey(a)))
    }
  }
}
