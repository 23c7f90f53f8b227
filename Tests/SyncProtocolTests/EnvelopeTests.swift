import SyncCore
import Testing

@testable import SyncProtocol

struct EnvelopeTests {
  static let bodies: [[UInt8]] = [
    [], [0], Array(repeating: 7, count: 63), Array(repeating: 7, count: 64), Array(0...255),
  ]

  @Test(arguments: MessageKind.allCases, bodies)
  func roundTrip(kind: MessageKind, body: [UInt8]) throws {
    if body.count > kind.mostRaw { return }
    let key = try Sample.key(1)
    var header = Sample.header(kind, number: .max, cursor: .min)
    header.more = kind == .page
    header.tentative = kind == .hello
    let sent = try Envelope(header, body: body, key: key)
    let read = try SealedEnvelope(sent.bytes[...]).open(with: key.publicKey)
    #expect(read == sent)
    #expect(read.header == header)
    #expect(read.body == body)
  }

  @Test func compressionIsUsedWhereItHelps() throws {
    let key = try Sample.key(1)
    let plain = try Envelope(Sample.header(.batch), body: Array(0...255), key: key)
    #expect(plain.bytes[6] == 0)
    #expect(plain.bytes.count == Header.length + 256)
    let packed = try Envelope(Sample.header(.batch), body: Array(repeating: 7, count: 100_000), key: key)
    #expect(packed.bytes[6] == 1)
    #expect(packed.bytes.count < 1000)
    #expect(try SealedEnvelope(packed.bytes[...]).open(with: key.publicKey).body == packed.body)
  }

  /// The hash of a message does not depend on its signature, which another run may make differently.
  @Test func hashIsOfTheSignedPart() throws {
    let key = try Sample.key(1)
    let one = try Envelope(Sample.header(.batch), body: [1], key: key)
    let two = try Envelope(Sample.header(.batch), body: [1], key: key)
    #expect(one.hash == two.hash)
    #expect(one.hash == sha256(one.bytes.prefix(Header.signedLength)))
    #expect(try Envelope(Sample.header(.batch), body: [2], key: key).hash != one.hash)
    #expect(try Envelope(Sample.header(.batch, number: 2), body: [1], key: key).hash != one.hash)
  }

  static func samples() throws -> [[UInt8]] {
    try [[UInt8](), [1, 2, 3], Array(repeating: 7, count: 500)].map {
      try Envelope(Sample.header(.batch), body: $0, key: Sample.key(1)).bytes
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let key = try Sample.key(1).publicKey
    for bytes in try Self.samples() {
      for index in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[index] ^= 1 << UInt8(bit)
          #expect(throws: EnvelopeError.self, "byte \(index) bit \(bit)") {
            try SealedEnvelope(changed[...]).open(with: key)
          }
        }
      }
    }
  }

  @Test func everyTruncationAndOneByteMoreAreRefused() throws {
    for bytes in try Self.samples() {
      for count in 0..<bytes.count {
        #expect(throws: EnvelopeError.self, "cut after \(count)") { try SealedEnvelope(bytes.prefix(count)) }
      }
      #expect(throws: EnvelopeError.notAMessage) { try SealedEnvelope((bytes + [0])[...]) }
    }
  }

  @Test func anotherKeyIsRefused() throws {
    let sealed = try SealedEnvelope(try Self.samples()[0][...])
    #expect(throws: EnvelopeError.badSignature) { try sealed.open(with: try Sample.key(2).publicKey) }
    #expect(throws: EnvelopeError.badSignature) {
      try Envelope(sealed.bytes[...]) { _ in try Sample.key(2).publicKey }
    }
  }

  /// Lengths in the header → the refusal, before anything of that size is allocated or hashed.
  static let lengths: [(kind: MessageKind, raw: UInt32, sent: UInt32, error: EnvelopeError)] = [
    (.batch, 256 << 20 + 1, 0, .tooLarge), (.batch, .max, 0, .tooLarge), (.batch, 0, 64 << 20 + 1, .tooLarge),
    (.page, 0, .max, .tooLarge), (.hello, 33, 0, .tooLarge), (.enrol, 64 << 10 + 1, 0, .tooLarge),
    (.enrol, 64 << 10, 1, .notAMessage), (.secrets, 256 << 20 + 1, 0, .tooLarge),
    (.secrets, 0, 64 << 20 + 1, .tooLarge), (.batch, 256 << 20, 64 << 20, .notAMessage), (.batch, 1, 0, .tampered),
    (.own, 32 << 20 + 65, 0, .tooLarge), (.own, 40 << 20, 1, .tooLarge), (.own, 32 << 20 + 64, 1, .notAMessage),
  ]

  @Test(arguments: lengths)
  func oversizeIsRefused(kind: MessageKind, raw: UInt32, sent: UInt32, error: EnvelopeError) throws {
    var bytes = try Self.samples()[0]
    bytes[5] = kind.rawValue
    for (offset, length) in [(96, raw), (100, sent)] {
      withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    #expect(throws: error) { try SealedEnvelope(bytes[...]) }
  }

  /// The city opens it before it knows who sends it.
  @Test func aBatchOfTheCitysOwnIsNeitherPackedNorUnpacked() throws {
    let (key, body) = (try Sample.key(1), [UInt8](repeating: 0, count: 100_000))
    let plain = try Envelope(Sample.header(.own), body: body, key: key).bytes
    #expect(plain.count == Header.length + body.count)
    #expect(try SealedEnvelope(plain[...]).open(with: key.publicKey).body == body)
    var packed = try Envelope(Sample.header(.batch), body: body, key: key).bytes
    packed[5] = MessageKind.own.rawValue
    #expect(throws: EnvelopeError.badCompression) { try EnvelopeHead(packed[...]) }
  }

  @Test func oversizeIsNotSealed() throws {
    #expect(throws: EnvelopeError.tooLarge) {
      try Envelope(Sample.header(.hello), body: Array(repeating: 1, count: 33), key: try Sample.key(1))
    }
  }

  /// A signed message whose body does not unpack to the length that it names.
  @Test(arguments: [99, 101, 0])
  func wrongUnpackedLengthIsRefused(length: UInt32) throws {
    let key = try Sample.key(1)
    var bytes = try Envelope(Sample.header(.batch), body: Array(repeating: 7, count: 100), key: key).bytes
    #expect(bytes[6] == 1)
    withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(96..<100, with: $0) }
    bytes.replaceSubrange(136..<200, with: try key.sign(Array(bytes.prefix(136))))
    #expect(throws: EnvelopeError.badCompression) { try SealedEnvelope(bytes[...]).open(with: key.publicKey) }
  }

  static let headers: [(offset: Int, byte: UInt8, error: EnvelopeError)] = [
    (0, 0, .notAMessage), (3, 0, .notAMessage), (4, 1, .unknownVersion(1)), (4, 2, .unknownVersion(2)),
    (5, 0, .unknownKind),
    (5, 14, .unknownKind), (6, 2, .unknownKind), (7, 32, .unknownKind), (104, 0, .tampered),
  ]

  @Test(arguments: headers)
  func header(offset: Int, byte: UInt8, error: EnvelopeError) throws {
    var bytes = try Self.samples()[1]
    bytes[offset] = byte
    #expect(throws: error) { try SealedEnvelope(bytes[...]) }
  }

  @Test func split() throws {
    let samples = try Self.samples()
    let key = try Sample.key(1).publicKey
    let messages = try SealedEnvelope.split(samples.flatMap { $0 })
    #expect(messages.map(\.bytes) == samples)
    for message in messages { _ = try message.open(with: key) }
    #expect(try SealedEnvelope.split([]).isEmpty)
    let ends = Set(samples.indices.map { samples[...$0].map(\.count).reduce(0, +) } + [0])
    let all = samples.flatMap { $0 }
    for count in 0..<all.count where !ends.contains(count) {
      #expect(throws: EnvelopeError.self, "cut after \(count)") { try SealedEnvelope.split(Array(all.prefix(count))) }
    }
  }

  /// Where it ends only its own version tells.
  @Test func aMessageOfAnotherVersionIsNotCutApart() throws {
    var bytes = try Self.samples()[1]
    bytes[4] = 7
    bytes.replaceSubrange(100..<104, with: [0xff, 0xff, 0xff, 0xff])
    #expect(throws: EnvelopeError.unknownVersion(7)) { try SealedEnvelope.split(bytes) }
  }

  /// What stands at each offset of the header.
  @Test func layout() throws {
    let bytes = try Envelope(Sample.header(.page, number: 0x0102, cursor: 0x0304), body: [5], key: try Sample.key(1))
      .bytes
    #expect(bytes.prefix(8).map { $0 } == Array("TRIB".utf8) + [6, 4, 0, 0])
    #expect(bytes[8..<24].allSatisfy { $0 == 0xaa } && bytes[24..<40].allSatisfy { $0 == 0xee })
    #expect(Array(bytes[40..<64]).hex == "000000000000010200000000000003040000000000000003")
    #expect(bytes[64..<96].allSatisfy { $0 == 0x5c })
    #expect(Array(bytes[96..<104]).hex == "0000000100000001")
    #expect(Array(bytes[104..<136]) == sha256([5] as [UInt8]))
    #expect(bytes.count == 201 && bytes[200] == 5)
  }
}
