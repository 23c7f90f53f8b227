import SyncCore
import Testing

private func written(_ value: Value) -> [UInt8] {
  var writer = ByteWriter()
  writer.value(value)
  return writer.bytes
}

private func read(_ bytes: [UInt8]) throws(CodecError) -> Value? {
  var reader = ByteReader(bytes[...])
  return try reader.value()
}

struct ByteCodingTests {
  /// The bytes as SQLite's session extension spells them.
  static let spelled: [(Value, String)] = [
    (.null, "05"), (0, "010000000000000000"), (-1, "01ffffffffffffffff"), (.integer(.min), "018000000000000000"),
    (.integer(.max), "017fffffffffffffff"), (1.5, "023ff8000000000000"), (0.0, "020000000000000000"),
    (.real(-.infinity), "02fff0000000000000"), (.real(.leastNonzeroMagnitude), "020000000000000001"), ("", "0300"),
    ("甲", "0303e794b2"), ("e\u{301}", "030365cc81"), ("😀", "0304f09f9880"), (.blob([]), "0400"),
    (.blob([0, 255]), "040200ff"),
  ]

  @Test(arguments: spelled)
  func spelling(value: Value, hex: String) throws {
    #expect(written(value).hexText == hex)
    #expect(try read([UInt8](hexText: hex) ?? []) == value)
  }

  @Test(arguments: [0, 1, 127, 128, 129, 16383, 16384, 2_097_151, 2_097_152, 100_000])
  func longValues(count: Int) throws {
    for value in [Value.text(String(repeating: "a", count: count)), .blob(Array(repeating: 7, count: count))] {
      #expect(try read(written(value)) == value)
    }
  }

  static let varints: [(Int, String)] = [
    (0, "00"), (127, "7f"), (128, "8100"), (16383, "ff7f"), (16384, "818000"), (2_097_151, "ffff7f"),
    (2_097_152, "81808000"), (268_435_455, "ffffff7f"), (268_435_456, "8180808000"), (Int(Int32.max), "87ffffff7f"),
  ]

  @Test(arguments: varints)
  func varint(number: Int, hex: String) throws {
    var writer = ByteWriter()
    writer.varint(number)
    #expect(writer.bytes.hexText == hex)
    var reader = ByteReader(writer.bytes[...])
    #expect(try reader.varint() == number)
    #expect(reader.isAtEnd)
  }

  static let badVarints: [(String, CodecError.Reason, Int)] = [
    ("", .truncated, 0), ("81", .truncated, 1), ("8000", .badVarint, 1), ("8001", .badVarint, 1),
    ("8880808000", .tooLarge, 5), ("ffffffff7f", .tooLarge, 5), ("818080808000", .badVarint, 5),
    ("ffffffffffffffffff", .badVarint, 5),
  ]

  @Test(arguments: badVarints)
  func refusesVarint(hex: String, reason: CodecError.Reason, offset: Int) {
    #expect(throws: CodecError(reason, at: offset)) {
      var reader = ByteReader(([UInt8](hexText: hex) ?? [])[...])
      _ = try reader.varint()
    }
  }

  /// NaN, −0.0, U+0000, bytes that are not UTF-8 (a surrogate, an overlong form, a stray byte), unknown types.
  static let bad: [(String, CodecError.Reason)] = [
    ("", .truncated), ("06", .badType), ("ff", .badType), ("027ff8000000000000", .badReal),
    ("027ff0000000000001", .badReal), ("02fff8000000000000", .badReal), ("028000000000000000", .badReal),
    ("030100", .nulInText), ("0303610062", .nulInText), ("0301ff", .badUTF8), ("0303eda080", .badUTF8),
    ("0302c080", .badUTF8), ("0301e7", .badUTF8), ("0304f4908080", .badUTF8), ("038000", .badVarint),
  ]

  @Test(arguments: bad)
  func refuses(hex: String, reason: CodecError.Reason) {
    let error = #expect(throws: CodecError.self) { _ = try read([UInt8](hexText: hex) ?? []) }
    #expect(error?.reason == reason)
  }

  /// A length that is not there is refused by what is there: nothing of that size is allocated.
  @Test(arguments: ["0387ffffff7f", "0487ffffff7f", "0487ffffff7f00ff", "03ff7f61"])
  func refusesHugeLength(hex: String) {
    let error = #expect(throws: CodecError.self) { _ = try read([UInt8](hexText: hex) ?? []) }
    #expect(error?.reason == .truncated)
  }

  @Test func refusesTruncationAtEveryByte() throws {
    let values: [Value] = [.null, 1, 1.5, "text 甲", .blob([0, 1, 2]), .text(String(repeating: "长", count: 100))]
    for value in values {
      let bytes = written(value)
      for count in 0..<bytes.count {
        let error = #expect(throws: CodecError.self) { _ = try read(Array(bytes.prefix(count))) }
        #expect(error?.reason == .truncated, "\(value) cut after \(count)")
      }
    }
  }

  @Test func records() throws {
    let record: [Value?] = [nil, .null, 1, nil, "", .blob([5])]
    var writer = ByteWriter()
    writer.record(record)
    var reader = ByteReader(writer.bytes[...])
    #expect(try reader.record(record.count) == record)
    #expect(reader.isAtEnd)
    #expect(throws: CodecError(.badType, at: 1)) {
      var reader = ByteReader(writer.bytes[...])
      _ = try reader.definedValue()
    }
  }

  /// Offsets count from the start of the slice that is read, not of what it was cut from.
  @Test func offsetsOfASlice() {
    let bytes: [UInt8] = [9, 9, 9, 5, 6]
    var reader = ByteReader(bytes[3...])
    #expect(throws: CodecError(.badType, at: 2)) { while true { _ = try reader.value() } }
  }

  @Test func nulTerminated() throws {
    var reader = ByteReader([0x61, 0xe7, 0x94, 0xb2, 0, 0, 0x62])
    #expect(try reader.nulTerminated() == "a甲")
    #expect(try reader.nulTerminated() == "")
    #expect(throws: CodecError(.truncated, at: 6)) { try reader.nulTerminated() }
    var bad = ByteReader([0xff, 0])
    #expect(throws: CodecError(.badUTF8, at: 0)) { try bad.nulTerminated() }
  }

  @Test func bigEndian() throws {
    var writer = ByteWriter()
    writer.bigEndian(UInt32(0x0102_0304))
    writer.bigEndian(Int64(-2))
    #expect(writer.bytes.hexText == "01020304fffffffffffffffe")
    var reader = ByteReader(writer.bytes[...])
    #expect(try reader.bigEndian(UInt32.self) == 0x0102_0304)
    #expect(try reader.bigEndian(Int64.self) == -2)
    #expect(throws: CodecError(.truncated, at: 12)) { try reader.bigEndian(UInt8.self) }
  }
}
