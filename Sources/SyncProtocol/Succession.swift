import SyncCore

// A file that is a copy of another one cannot go on under the same id: it takes a key of its own, for which the former key
// vouches. What both files had in common when they parted stays common.

extension EnrolRequest {
  /// Asks the city to take a new key for the machine whose former key signs here.
  /// - Parameters:
  ///   - former: the key that the city knows.
  ///   - kept: the last batch of the former id that the city has confirmed to this file; 0: none.
  public init(_ key: SigningKey, after former: SigningKey, kept: Int64) throws {
    publicKey = key.publicKey.bytes.hex
    agreementKey = try key.agreementPublicKey.hex
    formerly = former.publicKey.identifier.description
    self.kept = kept
    voucher = try former.sign(Self.vouched(key.publicKey.bytes, try key.agreementPublicKey, kept)).hex
  }

  /// Asks the city to take a new key for a machine that has lost its former one: a code of the city must vouch for it instead.
  public init(_ key: SigningKey, afterLost former: Identifier, kept: Int64) throws {
    publicKey = key.publicKey.bytes.hex
    agreementKey = try key.agreementPublicKey.hex
    formerly = former.description
    self.kept = kept
  }

  /// Whether the owner of the former key vouches for the keys of this request.
  public func isVouched(by former: VerifyingKey) -> Bool {
    guard let voucher = voucher.flatMap({ [UInt8](hex: $0) }), let key = [UInt8](hex: publicKey),
      let agreement = [UInt8](hex: agreementKey), let kept, formerly.flatMap(Identifier.init(hex:)) == former.identifier
    else { return false }
    return former.isValid(signature: voucher[...], of: Self.vouched(key, agreement, kept)[...])
  }

  /// What the former key signs. No message of the wire begins so.
  private static func vouched(_ key: [UInt8], _ agreement: [UInt8], _ kept: Int64) -> [UInt8] {
    var out = ByteWriter()
    out.raw(Array("tributary rejoin".utf8))
    out.raw(key)
    out.raw(agreement)
    out.bigEndian(kept)
    return out.bytes
  }
}

extension VerifyingKey {
  /// The id of the replica that owns the key: the first 16 bytes of the key's SHA-256.
  public var identifier: Identifier { Identifier(prefixOf: sha256(bytes)) }
}
