import Crypto
import Foundation
import SyncCore

/// Who may open a bundle.
public enum BundleRecipient: Sendable {
  /// The owner of an X25519 key of 32 bytes.
  case key([UInt8])
  /// Whoever has an enrolment code.
  case code(EnrolmentCode)
}

/// With what a bundle is opened.
public enum BundleOpener: Sendable {
  case key(SigningKey)
  case code(EnrolmentCode)
}

/// What is random in a bundle.
public struct BundleSeed: Sendable {
  let id: Identifier
  let key: SymmetricKey
  /// Of the slots for codes, 32 bytes.
  let salt: [UInt8]

  init(using random: inout some RandomNumberGenerator) {
    id = Identifier(using: &random)
    key = SymmetricKey(data: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    salt = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
}

extension RandomNumberGenerator {
  public mutating func bundleSeed() -> BundleSeed { BundleSeed(using: &self) }
}

private let keySuite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
private let keyInfo = Data("tributary bundle".utf8)

extension BundleSlot {
  /// Seals the content key for one who may open the bundle.
  init(_ seed: BundleSeed, for recipient: BundleRecipient, of header: BundleHeader) throws {
    let plain = seed.key.withUnsafeBytes { Data($0) }
    switch recipient {
    case .key(let bytes):
      let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
      var sender = try HPKE.Sender(recipientKey: key, ciphersuite: keySuite, info: keyInfo)
      sealed = Array(try sender.seal(plain, authenticating: Data(header.binding)))
      kind = .key
      name = Self.name(ofKey: bytes)
      encapsulated = Array(sender.encapsulatedKey)
    case .code(let code):
      kind = .code
      name = Self.name(of: code)
      encapsulated = seed.salt
      let box = try ChaChaPoly.seal(
        plain, using: Self.key(of: code, salt: encapsulated), nonce: Self.nonce,
        authenticating: Data(header.binding))
      sealed = Array(box.ciphertext + box.tag)
    }
  }

  static func name(ofKey key: [UInt8]) -> [UInt8] { Array(sha256(key).prefix(16)) }
  static func name(of code: EnrolmentCode) -> [UInt8] {
    Array(sha256(code.secret).prefix(8)) + Array(repeating: 0, count: 8)
  }

  /// Secret and salt make a key that is used once.
  private static var nonce: ChaChaPoly.Nonce {
    get throws { try ChaChaPoly.Nonce(data: Data(repeating: 0, count: 12)) }
  }

  private static func key(of code: EnrolmentCode, salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: code.secret), salt: salt, info: keyInfo, outputByteCount: 32)
  }

  /// The content key, if the slot is this opener's. Throws when it is and was changed.
  func content(with opener: BundleOpener, of header: BundleHeader) throws -> SymmetricKey? {
    let binding = Data(header.binding)
    switch opener {
    case .key(let key):
      guard kind == .key, name == Self.name(ofKey: try key.agreementPublicKey) else { return nil }
      var recipient = try HPKE.Recipient(
        privateKey: key.agreementKey, ciphersuite: keySuite, info: keyInfo, encapsulatedKey: Data(encapsulated))
      return SymmetricKey(data: try recipient.open(Data(sealed), authenticating: binding))
    case .code(let code):
      guard kind == .code, name == Self.name(of: code) else { return nil }
      let box = try ChaChaPoly.SealedBox(nonce: Self.nonce, ciphertext: sealed.prefix(32), tag: sealed.suffix(16))
      return SymmetricKey(
        data: try ChaChaPoly.open(box, using: Self.key(of: code, salt: encapsulated), authenticating: binding))
    }
  }
}

/// Seals and opens the chunks of one bundle, each under a nonce of its own.
struct ChunkCipher {
  /// The head of a chunk: what follows it, and its length.
  struct Head {
    enum Next: UInt8 { case chunk, part, nothing }
    static let length = 5
    var next: Next
    var count: Int

    var bytes: [UInt8] {
      var out = ByteWriter()
      out.byte(next.rawValue)
      out.bigEndian(UInt32(count))
      return out.bytes
    }
  }
  static let most = 1 << 20
  static let overhead = Head.length + 16

  let key: SymmetricKey

  private func nonce(_ part: UInt32, _ chunk: UInt64) throws -> ChaChaPoly.Nonce {
    var out = ByteWriter()
    out.bigEndian(part)
    out.bigEndian(chunk)
    return try ChaChaPoly.Nonce(data: out.bytes)
  }

  func seal(
    _ plain: ArraySlice<UInt8>, _ head: [UInt8], in header: [UInt8], part: UInt32, chunk: UInt64
  ) throws -> Data {
    let box = try ChaChaPoly.seal(plain, using: key, nonce: nonce(part, chunk), authenticating: header + head)
    return box.ciphertext + box.tag
  }

  func open(_ sealed: [UInt8], _ head: [UInt8], in header: [UInt8], part: UInt32, chunk: UInt64) throws -> [UInt8] {
    let box = try ChaChaPoly.SealedBox(
      nonce: nonce(part, chunk), ciphertext: sealed.dropLast(16), tag: sealed.suffix(16))
    return Array(try ChaChaPoly.open(box, using: key, authenticating: header + head))
  }
}
