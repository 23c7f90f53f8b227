import SyncCore

/// What a snapshot is: the body of an envelope of kind `snapshot`. The header says for which replica it is (the city itself:
/// for any machine of the unit), and at which epoch, schema and place of the feed it was read. 72 bytes, big endian:
///
///     0  16  id
///    16   8  length of the file
///    24   8  length of the file before compression
///    32  32  SHA-256 of the file
///    64   8  arrival number of the last batch that the snapshot knows of
public struct SnapshotManifest: Hashable, Sendable {
  public static let length = 72
  /// The largest file, in bytes, and the largest before compression.
  public static let mostPacked: Int64 = 16 << 30
  public static let mostRaw: Int64 = 64 << 30

  public var id: Identifier
  public var packed: Int64
  public var raw: Int64
  public var hash: [UInt8]
  public var arrival: Int64

  public init(id: Identifier, packed: Int64, raw: Int64, hash: [UInt8], arrival: Int64) {
    self.id = id
    self.packed = packed
    self.raw = raw
    self.hash = hash
    self.arrival = arrival
  }

  public var bytes: [UInt8] {
    var out = ByteWriter()
    out.raw(id.bytes)
    out.bigEndian(packed)
    out.bigEndian(raw)
    out.raw(hash)
    out.bigEndian(arrival)
    return out.bytes
  }

  /// Throws `EnvelopeError` when the bytes are no manifest or name sizes over the limits.
  public init(_ bytes: [UInt8]) throws {
    guard bytes.count == Self.length else { throw EnvelopeError.notAMessage }
    var reader = ByteReader(bytes[...])
    guard let id = Identifier(try reader.raw(16)) else { throw EnvelopeError.notAMessage }
    self.id = id
    packed = try reader.bigEndian()
    raw = try reader.bigEndian()
    hash = Array(try reader.raw(32))
    arrival = try reader.bigEndian()
    guard packed > 0, raw > 0, arrival >= 0 else { throw EnvelopeError.notAMessage }
    guard packed <= Self.mostPacked, raw <= Self.mostRaw else { throw EnvelopeError.tooLarge }
  }

  /// The envelope around a manifest, verified.
  public static func open(_ bytes: [UInt8], from city: VerifyingKey, for replica: Identifier) throws -> Envelope {
    let message = try SealedEnvelope(bytes[...]).open(with: city)
    guard message.header.kind == .snapshot, [replica, .city].contains(message.header.replica) else {
      throw EnvelopeError.notAMessage
    }
    return message
  }
}
