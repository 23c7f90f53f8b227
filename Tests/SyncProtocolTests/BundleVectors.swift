import Foundation
import SyncCore
import TestSupport

@testable import SyncProtocol

/// Bundles that are the same whenever they are made: bundle.json.
struct VectorBundle {
  var name: String
  var direction: BundleDirection
  var opener: BundleOpener
  var parts: [[UInt8]]
  var content: [UInt8]

  /// - Parameters:
  ///   - layout: the lengths of the chunks of each part; the last chunk takes what is left.
  ///   - state: of the random numbers.
  init(
    _ name: String, _ direction: BundleDirection, to recipients: [BundleRecipient], opener: BundleOpener,
    _ content: [UInt8], layout: [[Int]], state: UInt64
  ) throws {
    (self.name, self.direction, self.opener, self.content) = (name, direction, opener, content)
    var random = Seeded(state: state)
    let seed = random.bundleSeed()
    var header = BundleHeader(direction: direction, id: seed.id)
    header.slots = try recipients.enumerated().map { [header] in try Self.slot(seed, $1, $0, header) }
    let cipher = ChunkCipher(key: seed.key)
    var rest = content[...]
    parts = []
    for (part, lengths) in layout.enumerated() {
      header.part = UInt32(part + 1)
      var bytes = header.bytes
      for (chunk, length) in lengths.enumerated() {
        let isLastOfPart = chunk == lengths.count - 1
        let isLast = isLastOfPart && part == layout.count - 1
        let plain = isLast ? rest : rest.prefix(length)
        rest = rest.dropFirst(plain.count)
        let next: ChunkCipher.Head.Next = isLast ? .nothing : isLastOfPart ? .part : .chunk
        let head = ChunkCipher.Head(next: next, count: plain.count).bytes
        bytes += head
        bytes += try cipher.seal(plain, head, in: header.bytes, part: header.part, chunk: UInt64(chunk))
      }
      parts.append(bytes)
    }
  }

  /// Like a slot that is made by chance, with an ephemeral key that is not.
  private static func slot(
    _ seed: BundleSeed, _ recipient: BundleRecipient, _ index: Int, _ header: BundleHeader
  ) throws -> BundleSlot {
    guard case .key(let key) = recipient else { return try BundleSlot(seed, for: recipient, of: header) }
    let sealed = try FixedHPKE.seal(
      seed.key.withUnsafeBytes { Array($0) }, to: key, ephemeral: Array(repeating: UInt8(0x40 + index), count: 32),
      info: "tributary bundle", authenticating: header.binding)
    return BundleSlot(
      kind: .key, name: BundleSlot.name(ofKey: key), encapsulated: sealed.encapsulated, sealed: sealed.sealed)
  }
}

enum BundleVectors {
  static let city = EnvelopeVectorTests.seed
  static let replica = Array(repeating: UInt8(2), count: 32)
  static let codes = (0..<64).map { n in
    EnrolmentCode(secret: (0..<10).map { UInt8(n) &+ $0 }, fingerprint: Array(0..<10))
  }

  private static func message(_ kind: MessageKind, _ body: [UInt8], by seed: [UInt8], _ adjust: (inout Header) -> Void)
    throws -> [UInt8]
  {
    let key = try SigningKey(seed: seed)
    var header = Sample.header(kind, number: 1, cursor: 0)
    header.replica = try SigningKey(seed: replica).publicKey.identifier
    adjust(&header)
    return try Envelope(header, body: body, key: key).bytes
  }

  static func up() throws -> [UInt8] {
    let batch = Batch(changes: Array(Sample.changes.prefix(1)))
    return try message(.enrol, BodyVectors.enrols()[0].1, by: replica) {
      ($0.number, $0.epoch, $0.schema) = (0, .city, Array(repeating: 0, count: 32))
    } + message(.hello, HelloBody(last: 1, seen: 0).bytes, by: replica) { ($0.carried, $0.number) = (true, 65_536) }
      + message(.batch, batch.encoded(Sample.schema), by: replica) { _ in }
      + message(.secrets, SecretsBody.encode([try Sample.secret()]), by: replica) { _ in }
  }

  static func down() throws -> [UInt8] {
    let page = PageBodyTests.encode(PageBodyTests.items + BodyVectors.marks)
    return try message(.welcome, BodyVectors.welcome(), by: city) { $0.number = 0 }
      + message(.page, page, by: city) { ($0.number, $0.cursor, $0.more) = (0, 9, true) }
      + message(.receipt, ReceiptBody.encode([], taken: BodyVectors.taken), by: city) { $0.cursor = 5 }
      + message(.page, [], by: city) { ($0.number, $0.cursor) = (9, 9) }
  }

  /// What a new machine starts from: a welcome, a manifest, and the file.
  static func first() throws -> [UInt8] {
    let (file, manifest) = try SnapshotVector.make()
    return try message(.welcome, BodyVectors.welcome(), by: city) { ($0.replica, $0.number) = (.city, 0) }
      + message(.snapshot, manifest.bytes, by: city) { ($0.replica, $0.number, $0.cursor) = (.city, 0, 12) } + file
  }

  static func all() throws -> [VectorBundle] {
    let (cityKey, ownKey) = (try SigningKey(seed: city), try SigningKey(seed: replica))
    let toCity = BundleRecipient.key(try cityKey.agreementPublicKey)
    let toReplica = BundleRecipient.key(try ownKey.agreementPublicKey)
    let other = BundleRecipient.key(try Sample.key(9).agreementPublicKey)
    let codes = codes.map(BundleRecipient.code)
    return [
      try VectorBundle("empty", .up, to: [toCity], opener: .key(cityKey), [], layout: [[0]], state: 1),
      try VectorBundle("up in one part", .up, to: [toCity], opener: .key(cityKey), up(), layout: [[0]], state: 2),
      try VectorBundle(
        "up in five parts", .up, to: [toCity], opener: .key(cityKey), up(),
        layout: [[100], [1, 0, 200], [0], [50, 50], [0]], state: 3),
      try VectorBundle(
        "down to the second of two keys", .down, to: [other, toReplica], opener: .key(ownKey), down(),
        layout: [[300, 300], [0]], state: 4),
      try VectorBundle(
        "first for the second of three codes", .first, to: Array(codes.prefix(3)), opener: .code(Self.codes[1]),
        first(), layout: [[900], [0]], state: 5),
      try VectorBundle(
        "first for a key and a code", .first, to: [toCity, codes[0]], opener: .code(Self.codes[0]), [1, 2, 3],
        layout: [[0]], state: 6),
      try VectorBundle(
        "first for 64 codes", .first, to: codes, opener: .code(Self.codes[63]), [7], layout: [[0]], state: 7),
    ]
  }
}
