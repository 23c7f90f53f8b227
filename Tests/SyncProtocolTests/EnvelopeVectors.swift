import SyncCore

@testable import SyncProtocol

/// The messages of envelope.json, and those that are refused.
enum EnvelopeVectors {
  private typealias Adjust = @Sendable (inout Header) -> Void

  private static let hellos: [(String, Adjust)] = [
    ("hello", { $0.tentative = true }),
    ("hello that goes on with nothing", { _ in }),
    ("hello that gives back, more follows", { ($0.returning, $0.more) = (true, true) }),
    ("hello that has given back", { $0.returning = true }),
    ("hello that asks for no page", { $0.stale = true }),
    ("hello on a stick", { $0.carried = true }),
    ("hello on a stick that asks for no page", { ($0.carried, $0.stale) = (true, true) }),
    ("hello with every flag", { $0.flags = 31 }),
    (
      "hello with extreme numbers",
      { ($0.number, $0.cursor, $0.stamp) = (.max, .min, Stamp(raw: -1)) }
    ),
  ]

  private static let schema = Array(#"{"name":"样","records":[],"version":2}"#.utf8)

  /// Without a header of its own: number 258, cursor 772.
  private static func bodies() throws -> [(String, MessageKind, [UInt8], Adjust)] {
    let batch = Batch(changes: Array(Sample.changes.prefix(1)))
    let standing = Standing(batch: 3, own: 7, isComplete: false, missing: 2, unheard: 1)
    return [
      ("batch", .batch, batch.encoded(Sample.schema), { _ in }),
      (
        "compressed batch", .batch,
        Batch(changes: Sample.changes).encoded(Sample.schema) + Array(repeating: 0, count: 200),
        { _ in }
      ),
      ("batch of the city's own", .batch, try BodyVectors.ofTheCity.encoded(Sample.schema), { $0.replica = .city }),
      ("secrets", .secrets, SecretsBody.encode([try Sample.secret()]), { _ in }),
      ("receipt", .receipt, ReceiptBody.encode([]), { _ in }),
      (
        "receipt of a batch taken as if nothing had been read", .receipt,
        ReceiptBody.encode([], taken: BodyVectors.taken), { $0.stale = true }
      ),
      (
        "page with more to come", .page, PageBodyTests.encode(Array(PageBodyTests.items.prefix(1))), { $0.more = true }
      ),
      ("page that cannot be continued", .page, [], { ($0.stale, $0.number, $0.cursor) = (true, 772, 772) }),
      ("enrol", .enrol, Array(#"{"code":"","proof":"","publicKey":""}"#.utf8), { _ in }),
      ("welcome", .welcome, try BodyVectors.welcome(), { ($0.number, $0.cursor) = (0, 0) }),
      (
        "schema", .schema, schema,
        {
          $0.number = 772
          $0.schema = sha256(schema)
        }
      ),
      ("snapshot", .snapshot, BodyVectors.manifest.bytes, { _ in }),
      (
        "snapshot on a stick", .snapshot, BodyVectors.manifest.bytes, { ($0.replica, $0.number) = (.city, 0) }
      ),
      ("standing", .standing, try standing.bytes, { $0.cursor = 0 }),
      ("own", .own, try OwnVectors.sealed(1), { ($0.number, $0.cursor, $0.stamp) = (1, 0, Stamp(raw: 0)) }),
      ("probe", .probe, BodyVectors.probe.encoded, { _ in }),
      ("empty probe", .probe, [], { _ in }),
      ("answer", .answer, BodyVectors.encode(BodyVectors.answer), { _ in }),
    ]
  }

  static func messages(_ key: SigningKey) throws -> [(String, Envelope)] {
    let hello = HelloBody(last: 3, seen: 4).bytes
    let greetings: [(String, MessageKind, [UInt8], Adjust)] = hellos.map { ($0, .hello, hello, $1) }
    return try (greetings + bodies()).map { name, kind, body, adjust in
      var header = Sample.header(kind, number: 258, cursor: 772)
      adjust(&header)
      return (name, try Envelope(header, body: body, key: key))
    }
  }

  /// One byte of the message of that name is another.
  private static let changed: [(name: String, of: String, offset: Int, byte: UInt8, reason: String)] = [
    ("version 7", "batch", 4, 7, "unknownVersion"), ("version 2", "batch", 4, 2, "unknownVersion"),
    ("kind 0", "batch", 5, 0, "unknownKind"), ("kind 14", "batch", 5, 14, "unknownKind"),
    ("compression 2", "batch", 6, 2, "unknownKind"),
    ("flag 32", "batch", 7, 32, "unknownKind"), ("flag 128", "hello", 7, 130, "unknownKind"),
    ("raw length over the limit", "batch", 96, 0x7f, "tooLarge"),
    ("a hello of 33 bytes", "hello", 99, 33, "tooLarge"),
    ("a snapshot of 73 bytes", "snapshot", 99, 73, "tooLarge"),
    ("a probe of 4 MiB and more", "probe", 97, 0x41, "tooLarge"),
    ("sent length over the limit", "standing", 100, 0x05, "tooLarge"),
    ("one byte more than it says", "answer", 103, 0, "notAMessage"),
    ("lengths that differ", "hello", 99, 15, "tampered"),
    ("body changed", "batch", 200, 0x50, "tampered"), ("hash changed", "schema", 104, 0, "tampered"),
    ("cursor changed", "batch", 55, 0, "badSignature"),
    ("more taken away", "hello that gives back, more follows", 7, 4, "badSignature"),
    ("flag added", "hello on a stick", 7, 24, "badSignature"),
    ("kind changed", "probe", 5, 13, "badSignature"), ("replica changed", "own", 8, 0, "badSignature"),
    ("epoch changed", "standing", 24, 0, "badSignature"), ("schema changed", "schema", 64, 0, "badSignature"),
  ]

  static func refused(_ key: SigningKey) throws -> [(String, [UInt8], String)] {
    let good = try messages(key)
    func message(_ name: String) -> [UInt8] { good.first { $0.0 == name }?.1.bytes ?? [] }
    let cuts: [(String, [UInt8], String)] = [
      ("nothing", [], "notAMessage"), ("cut", message("batch").dropLast(), "notAMessage"),
      ("a header and no body", Array(message("snapshot").prefix(200)), "notAMessage"),
      ("half a header", Array(message("standing").prefix(100)), "notAMessage"),
      ("one byte too many", message("probe") + [0], "notAMessage"),
      ("two messages", message("hello") + message("batch"), "notAMessage"),
    ]
    let edits: [(String, [UInt8], String)] = changed.map { item in
      var bytes = message(item.of)
      bytes[item.offset] = item.byte
      return (item.name, bytes, item.reason)
    }
    var signature = message("batch")
    signature[140] ^= 1
    let strangers: [(String, [UInt8], String)] = try MessageKind.allCases.map { kind in
      let other = try Sample.key(9)
      return (
        "\(kind) of another sender", try Envelope(Sample.header(kind), body: [], key: other).bytes, "badSignature"
      )
    }
    let forged: [(String, [UInt8], String)] = [("signature changed", signature, "badSignature")]
    return [cuts, edits, forged, strangers, try badFrames(key)].flatMap { $0 }
  }

  /// Signed, but the frame is not the body that the header states.
  private static func badFrames(_ key: SigningKey) throws -> [(String, [UInt8], String)] {
    func sealed(raw: UInt32, _ frame: [UInt8]) throws -> [UInt8] {
      var out = ByteWriter()
      out.raw(try Envelope(Sample.header(.answer), body: [], key: key).bytes.prefix(96))
      out.bigEndian(raw)
      out.bigEndian(UInt32(frame.count))
      out.raw(sha256(frame))
      var signed = out.bytes
      signed[6] = 1
      return signed + (try key.sign(signed)) + frame
    }
    let frame = try Zstandard.compress(Array(repeating: 7, count: 100))
    return [
      ("a frame of one byte less", try sealed(raw: 101, frame), "badCompression"),
      ("a frame of one byte more", try sealed(raw: 99, frame), "badCompression"),
      ("a frame that ends early", try sealed(raw: 100, frame.dropLast()), "badCompression"),
      ("a byte after the frame", try sealed(raw: 100, frame + [0]), "badCompression"),
      ("no frame", try sealed(raw: 4, [1, 2, 3, 4]), "badCompression"),
      ("nothing to unpack", try sealed(raw: 0, []), "badCompression"),
    ]
  }
}
