import Crypto
import Foundation
import SyncCore

/// A batch of the city's own as it rides along with the replicas' pages: all that a restored city needs to take it again.
///
///     0   8  arrival: its place in the city's log, big endian
///     8   8  stamp of its arrival
///    16      varint: length of the message · the message · the body of its secrets, as far as they were not erased
///
/// Only the city can read it: ChaCha20-Poly1305 (RFC 8439) under a key that follows from its signing key by HKDF (RFC 5869),
/// with its number, 8 bytes, as associated data. It travels as 12 bytes of nonce, ciphertext, 16 bytes of tag. The nonce
/// is an HMAC of the content: the same content is sealed to the same bytes, and no other content under that nonce.
public struct OwnBatch: Hashable, Sendable {
  public var arrival: Int64
  public var receivedAt: Stamp
  /// The signed message.
  public var message: [UInt8]
  /// The body of the secrets that go with it.
  public var secrets: [UInt8]

  public init(arrival: Int64, receivedAt: Stamp, message: [UInt8], secrets: [UInt8]) {
    self.arrival = arrival
    self.receivedAt = receivedAt
    self.message = message
    self.secrets = secrets
  }

  /// Its table in a page.
  public static let table = "sync_own"

  /// A larger one does not ride along: a page must hold it.
  public static let mostSealed = 32 << 20

  /// More than sealing adds to a message and its secrets: place, stamp, length, nonce and tag.
  static let overhead = 64

  private var bytes: [UInt8] {
    var out = ByteWriter()
    out.bigEndian(arrival)
    out.bigEndian(receivedAt.raw)
    out.varint(message.count)
    out.raw(message)
    out.raw(secrets)
    return out.bytes
  }

  public func sealed(number: Int64, key: SigningKey) throws -> [UInt8] {
    let content = bytes
    let code = HMAC<SHA256>.authenticationCode(
      for: Self.associated(number) + content, using: key.derived("tributary own batch nonce"))
    let box = try ChaChaPoly.seal(
      content, using: key.derived("tributary own batch"), nonce: ChaChaPoly.Nonce(data: Array(code.prefix(12))),
      authenticating: Self.associated(number))
    return Array(box.combined)
  }

  /// Throws `EnvelopeError.tampered` for what this city did not seal under that number.
  public init(sealed: [UInt8], number: Int64, key: SigningKey) throws {
    do {
      let box = try ChaChaPoly.SealedBox(combined: sealed)
      let content = try ChaChaPoly.open(
        box, using: key.derived("tributary own batch"), authenticating: Self.associated(number))
      var reader = ByteReader(Array(content)[...])
      arrival = try reader.bigEndian()
      receivedAt = Stamp(raw: try reader.bigEndian())
      message = Array(try reader.raw(try reader.varint()))
      secrets = Array(content.dropFirst(reader.offset))
    } catch { throw EnvelopeError.tampered }
  }

  private static func associated(_ number: Int64) -> [UInt8] {
    var out = ByteWriter()
    out.bigEndian(number)
    return out.bytes
  }
}
