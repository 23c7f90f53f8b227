import Crypto
import Foundation
import SyncCore

// Every message is one envelope: a header of 200 bytes, then the body. Integers are big endian.
//
//     0   4  "TRIB"
//     4   1  format version, 6
//     5   1  kind
//     6   1  compression of the body: 0 none, 1 zstd
//     7   1  flags: 1 more pages follow (page) · 2 the cursor is the end of a page not applied yet (hello)
//            4 gives back what a restored city lacks (hello) · 8 take a snapshot, the cursor cannot be continued (page)
//            16 on a stick: the number may come again (hello)
//     8  16  replica; all zero is the city itself
//    24  16  epoch
//    40   8  number: the batch's, or for a hello the request's, or for a page the cursor that it starts from
//    48   8  cursor
//    56   8  stamp of the sender's clock
//    64  32  SHA-256 of the schema in its canonical form
//    96   4  length of the body before compression
//   100   4  length of the body as it follows
//   104  32  SHA-256 of the body as it follows
//   136  64  Ed25519 signature of bytes 0..<136
//   200      the body

public enum MessageKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case batch = 2
  case receipt = 3
  case page = 4
  case enrol = 5
  case welcome = 6
  /// What the commitments of the batch before it stand for. Not part of the batch, and not kept.
  case secrets = 7
  /// The schema by which the city writes pages from now on, in its canonical form.
  case schema = 8
  /// What a snapshot is that follows as a file.
  case snapshot = 9
  /// Where a restored city stands with a replica.
  case standing = 10
  /// A batch of the city's own that a replica gives back, as it got it.
  case own = 11
  /// Hashes of ranges of rows, and what the city says to them.
  case probe = 12
  case answer = 13

  /// The largest body before compression. A hello's is fixed; of an enrol and an own it is read before its sender is
  /// known.
  public var mostRaw: Int {
    switch self {
    case .hello: HelloBody.longest
    case .enrol: 64 << 10
    case .snapshot: SnapshotManifest.length
    case .probe: Probe.mostBytes
    case .own: OwnBatch.mostSealed + OwnBatch.overhead
    case .batch, .receipt, .page, .welcome, .secrets, .schema, .standing, .answer: Envelope.mostRaw
    }
  }
}

/// Sixteen random bytes that name a replica or an epoch.
public struct Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// The city itself.
  public static let city = Identifier(unchecked: Array(repeating: 0, count: 16))

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  /// The first 16 bytes of a longer hash.
  init(prefixOf hash: [UInt8]) { bytes = Array(hash.prefix(16)) }

  public init?(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    if self.bytes.count != 16 { return nil }
  }

  public init(using random: inout some RandomNumberGenerator) {
    bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  public init?(hex: String) {
    guard let bytes = [UInt8](hex: hex), bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  public var description: String { bytes.hex }
  public static func < (a: Identifier, b: Identifier) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

public struct Header: Hashable, Sendable {
  public static let length = 200
  static let signedLength = 136
  package static let magic = Array("TRIB".utf8)
  public static let version: UInt8 = 6

  /// The sender of a message in this column, for SQL.
  public static func replica(of column: String) -> String { "substr(\(column), 9, 16)" }

  /// The epoch of a message in this column, for SQL.
  public static func epoch(of column: String) -> String { "substr(\(column), 25, 16)" }

  public var kind: MessageKind
  /// More pages follow.
  public var more = false
  /// The cursor is the end of a page that is not applied yet.
  public var tentative = false
  /// A replica gives back what a restored city lacks.
  public var returning = false
  /// The cursor cannot be continued: the replica is to take a snapshot.
  public var stale = false
  /// The hello is on a stick and may be read twice.
  public var carried = false
  public var replica: Identifier
  public var epoch: Identifier
  public var number: Int64
  public var cursor: Int64
  public var stamp: Stamp
  public var schema: [UInt8]

  public init(
    kind: MessageKind, replica: Identifier, epoch: Identifier, number: Int64, cursor: Int64, stamp: Stamp,
    schema: [UInt8]
  ) {
    self.kind = kind
    self.replica = replica
    self.epoch = epoch
    self.number = number
    self.cursor = cursor
    self.stamp = stamp
    self.schema = schema
  }

  var flags: UInt8 {
    get {
      zip(Self.flagPaths, 0...).reduce(0) { $0 | (self[keyPath: $1.0] ? 1 << $1.1 : 0) }
    }
    set {
      for (path, bit) in zip(Self.flagPaths, 0...) { self[keyPath: path] = newValue >> bit & 1 != 0 }
    }
  }

  private static var flagPaths: [WritableKeyPath<Header, Bool>] {
    [\.more, \.tentative, \.returning, \.stale, \.carried]
  }
}

/// The body of a hello: what the city compares with what it knows of the replica. 16 bytes, big endian; 32 if it gives back
/// what a city has asked for, on a stick or as the last over the network.
public struct HelloBody: Hashable, Sendable {
  static let length = 16
  static let longest = 32

  /// The last number that the replica gave to a batch; 0: none yet.
  public var last: Int64
  /// The arrival number up to which it has seen what the city had; 0: none yet.
  public var seen: Int64
  /// The epoch of the restored city that has asked for what is given back.
  public var asking: Identifier?

  public init(last: Int64, seen: Int64, asking: Identifier? = nil) {
    self.last = last
    self.seen = seen
    self.asking = asking
  }

  public var bytes: [UInt8] {
    var out = ByteWriter()
    out.bigEndian(last)
    out.bigEndian(seen)
    return out.bytes + (asking?.bytes ?? [])
  }

  public init(_ bytes: [UInt8]) throws {
    asking = Identifier(bytes.dropFirst(Self.length))
    guard bytes.count == Self.length || asking != nil else { throw EnvelopeError.notAMessage }
    var reader = ByteReader(bytes[...])
    last = try reader.bigEndian()
    seen = try reader.bigEndian()
    guard last >= 0, seen >= 0 else { throw EnvelopeError.notAMessage }
  }
}

public struct Envelope: Hashable, Sendable {
  /// The largest body before compression, and as sent. A message over it is refused before anything is allocated.
  public static let mostRaw = 256 << 20
  public static let mostSent = 64 << 20

  public var header: Header
  /// The body before compression.
  public var body: [UInt8]
  /// The whole message as it travels and is kept.
  public let bytes: [UInt8]
  /// SHA-256 of the signed part: equal for equal messages, and for no others.
  public let hash: [UInt8]

  /// Seals a message: compresses the body, hashes it, signs the header.
  public init(_ header: Header, body: [UInt8], key: SigningKey) throws {
    let packed = body.count < 64 || header.kind == .own ? body : try Zstandard.compress(body)
    let isPacked = packed.count < body.count
    let sent = isPacked ? packed : body
    guard body.count <= header.kind.mostRaw, sent.count <= Self.mostSent else { throw EnvelopeError.tooLarge }
    var out = ByteWriter()
    out.raw(Header.magic)
    out.byte(Header.version)
    out.byte(header.kind.rawValue)
    out.byte(isPacked ? 1 : 0)
    out.byte(header.flags)
    out.raw(header.replica.bytes)
    out.raw(header.epoch.bytes)
    out.bigEndian(header.number)
    out.bigEndian(header.cursor)
    out.bigEndian(header.stamp.raw)
    out.raw(header.schema)
    out.bigEndian(UInt32(body.count))
    out.bigEndian(UInt32(sent.count))
    out.raw(SHA256.hash(data: sent))
    let signed = out.bytes
    out.raw(try key.sign(signed))
    out.raw(sent)
    self.header = header
    self.body = body
    bytes = out.bytes
    hash = Array(SHA256.hash(data: signed))
  }

  /// Reads and verifies one message. `key` finds the sender's public key, or throws why it is not accepted.
  public init(_ bytes: ArraySlice<UInt8>, key: (Header) throws -> VerifyingKey) throws {
    let sealed = try SealedEnvelope(bytes)
    self = try sealed.open(with: try key(sealed.header))
  }

  fileprivate init(_ sealed: SealedEnvelope, body: [UInt8]) {
    header = sealed.header
    self.body = body
    bytes = sealed.bytes
    hash = sealed.hash
  }
}

/// A message whose shape and body hash are checked, but not yet whose sender it is.
public struct SealedEnvelope: Sendable {
  public let header: Header
  public let bytes: [UInt8]
  public let hash: [UInt8]
  private let isPacked: Bool
  private let rawLength: Int

  public init(_ slice: ArraySlice<UInt8>) throws {
    let head = try EnvelopeHead(slice)
    guard slice.count == head.length else { throw EnvelopeError.notAMessage }
    guard Array(SHA256.hash(data: slice.dropFirst(Header.length))) == head.digest else { throw EnvelopeError.tampered }
    guard head.isPacked || Header.length + head.rawLength == head.length else { throw EnvelopeError.tampered }
    header = head.header
    isPacked = head.isPacked
    rawLength = head.rawLength
    bytes = Array(slice)
    hash = Array(SHA256.hash(data: slice.prefix(Header.signedLength)))
  }

  public func open(with key: VerifyingKey) throws -> Envelope {
    #if MUTANTS
      if Mutant.trustsAnySignature.isActive { return try unverified() }
    #endif
    let signature = bytes[Header.signedLength..<Header.length]
    guard key.isValid(signature: signature, of: bytes.prefix(Header.signedLength)) else {
      throw EnvelopeError.badSignature
    }
    return Envelope(self, body: try unverifiedBody())
  }

  /// Cuts what came over one connection, or stands in one file, into its messages.
  public static func split(_ bytes: [UInt8]) throws -> [SealedEnvelope] {
    var rest = bytes[...]
    var messages: [SealedEnvelope] = []
    while !rest.isEmpty {
      // Only a header of this version says where its message ends.
      let length = try EnvelopeHead(rest).length
      guard length <= rest.count else { throw EnvelopeError.notAMessage }
      messages.append(try SealedEnvelope(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return messages
  }
}

public enum EnvelopeError: Error, Hashable, Sendable {
  case notAMessage
  /// The version that the message is of.
  case unknownVersion(UInt8)
  case unknownKind, tooLarge, tampered, badSignature, badCompression
}

extension [UInt8] {
  public var hex: String {
    let digits = [UInt8]("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  public init?(hex: String) {
    let digits = hex.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
  }
}

extension SealedEnvelope {
  /// The message without asking who signed it: for those of one's own log.
  public func unverified() throws -> Envelope { Envelope(self, body: try unverifiedBody()) }

  /// The body without asking who signed it: for messages of one's own log, and to find the key that a message names.
  public func unverifiedBody() throws -> [UInt8] {
    let sent = bytes[Header.length...]
    return isPacked ? try Zstandard.decompress(sent, length: rawLength) : Array(sent)
  }
}
