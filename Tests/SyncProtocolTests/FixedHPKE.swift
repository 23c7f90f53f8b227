import Crypto
import Foundation

/// HPKE of RFC 9180 (base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305) with an ephemeral key that is
/// given, so that a vector is the same whenever it is written.
enum FixedHPKE {
  private static let kem = Array("KEM".utf8) + [0, 0x20]
  private static let suite = Array("HPKE".utf8) + [0, 0x20, 0, 1, 0, 3]

  /// The first message of a sender.
  static func seal(
    _ plain: [UInt8], to recipient: [UInt8], ephemeral: [UInt8], info: String, authenticating binding: [UInt8]
  ) throws -> (encapsulated: [UInt8], sealed: [UInt8]) {
    let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: ephemeral)
    let encapsulated = Array(key.publicKey.rawRepresentation)
    let agreed = try key.sharedSecretFromKeyAgreement(with: .init(rawRepresentation: recipient))
      .withUnsafeBytes { Array($0) }
    let shared = expand(
      extract([], "eae_prk", agreed, kem), "shared_secret", encapsulated + recipient, 32, kem)
    let context =
      [0] + extract([], "psk_id_hash", [], suite) + extract([], "info_hash", Array(info.utf8), suite)
    let secret = extract(shared, "secret", [], suite)
    let box = try ChaChaPoly.seal(
      plain, using: SymmetricKey(data: expand(secret, "key", context, 32, suite)),
      nonce: ChaChaPoly.Nonce(data: expand(secret, "base_nonce", context, 12, suite)), authenticating: binding)
    return (encapsulated, Array(box.ciphertext + box.tag))
  }

  private static func extract(_ salt: [UInt8], _ label: String, _ input: [UInt8], _ suite: [UInt8]) -> [UInt8] {
    let labeled = Array("HPKE-v1".utf8) + suite + Array(label.utf8) + input
    return Array(HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: labeled), salt: salt))
  }

  private static func expand(
    _ key: [UInt8], _ label: String, _ info: [UInt8], _ count: Int, _ suite: [UInt8]
  ) -> [UInt8] {
    let labeled = [UInt8(count >> 8), UInt8(count & 255)] + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info
    return HKDF<SHA256>.expand(pseudoRandomKey: key, info: labeled, outputByteCount: count)
      .withUnsafeBytes { Array($0) }
  }
}
