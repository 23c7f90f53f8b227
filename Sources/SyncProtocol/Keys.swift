import Crypto
import Foundation

/// An Ed25519 key pair (RFC 8032). Its seed of 32 bytes is the file `replica.key` or `city.key`.
public struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  public init() { key = Curve25519.Signing.PrivateKey() }
  public init(seed: [UInt8]) throws { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) }

  public var seed: [UInt8] { Array(key.rawRepresentation) }
  public var publicKey: VerifyingKey { VerifyingKey(key: key.publicKey) }

  /// The X25519 key to which others encrypt for the owner of this key. It follows from the seed: there is one secret to keep.
  var agreementKey: Curve25519.KeyAgreement.PrivateKey {
    get throws {
      try derived("tributary key agreement").withUnsafeBytes {
        try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Data($0))
      }
    }
  }

  /// A secret of 32 bytes for one purpose, by HKDF (RFC 5869): there is one secret to keep.
  func derived(_ purpose: String) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: key.rawRepresentation), info: Data(purpose.utf8), outputByteCount: 32)
  }

  /// The public half of the key to which others encrypt: 32 bytes.
  public var agreementPublicKey: [UInt8] { get throws { Array(try agreementKey.publicKey.rawRepresentation) } }

  func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }
}

public struct VerifyingKey: Sendable {
  private let key: Curve25519.Signing.PublicKey

  init(key: Curve25519.Signing.PublicKey) { self.key = key }
  public init(bytes: [UInt8]) throws { key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes) }

  public var bytes: [UInt8] { Array(key.rawRepresentation) }
  /// The first ten bytes of the key's SHA-256: what an enrolment code says of the city.
  public var fingerprint: [UInt8] { Array(SHA256.hash(data: bytes).prefix(10)) }

  func isValid(signature: ArraySlice<UInt8>, of bytes: ArraySlice<UInt8>) -> Bool {
    key.isValidSignature(signature, for: bytes)
  }
}

public func sha256(_ bytes: some DataProtocol) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
