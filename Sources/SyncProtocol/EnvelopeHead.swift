import SyncCore

/// The first 200 bytes of a message, read before its body is there.
public struct EnvelopeHead: Sendable {
  public let header: Header
  /// Of the whole message.
  public var length: Int { Header.length + sentLength }
  let isPacked: Bool
  let rawLength: Int
  private let sentLength: Int
  let digest: [UInt8]

  /// Checks the shape and the limits. Throws `EnvelopeError`.
  public init(_ slice: ArraySlice<UInt8>) throws {
    var reader = ByteReader(slice)
    guard slice.count >= Header.length, try Array(reader.raw(4)) == Header.magic else {
      throw EnvelopeError.notAMessage
    }
    let version = try reader.byte()
    guard version == Header.version else { throw EnvelopeError.unknownVersion(version) }
    guard let kind = MessageKind(rawValue: try reader.byte()) else { throw EnvelopeError.unknownKind }
    let packing = try reader.byte()
    let flags = try reader.byte()
    guard packing <= 1, flags <= 31 else { throw EnvelopeError.unknownKind }
    guard let replica = Identifier(try reader.raw(16)), let epoch = Identifier(try reader.raw(16)) else {
      throw EnvelopeError.notAMessage
    }
    var header = Header(
      kind: kind, replica: replica, epoch: epoch, number: try reader.bigEndian(), cursor: try reader.bigEndian(),
      stamp: Stamp(raw: try reader.bigEndian()), schema: Array(try reader.raw(32)))
    header.flags = flags
    self.header = header
    isPacked = packing == 1
    rawLength = Int(try reader.bigEndian(UInt32.self))
    sentLength = Int(try reader.bigEndian(UInt32.self))
    guard rawLength <= kind.mostRaw, sentLength <= Envelope.mostSent else { throw EnvelopeError.tooLarge }
    // Ciphertext gets no shorter: what does is none, and nobody is to unpack it.
    guard kind != .own || !isPacked else { throw EnvelopeError.badCompression }
    digest = Array(try reader.raw(32))
  }

  /// The same, if these bytes were signed.
  public init(_ slice: ArraySlice<UInt8>, signedBy key: (Header) throws -> VerifyingKey) throws {
    try self.init(slice)
    let signature = slice.dropFirst(Header.signedLength).prefix(Header.length - Header.signedLength)
    guard try key(header).isValid(signature: signature, of: slice.prefix(Header.signedLength)) else {
      throw EnvelopeError.badSignature
    }
  }
}
