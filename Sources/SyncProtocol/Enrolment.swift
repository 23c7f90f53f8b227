import Crypto
import Foundation
import SyncCore

/// A one-time code: a secret that proves the right to enrol, and the fingerprint of the city's key, so that a replica knows
/// its city even over plain HTTP or from a stick. Spelled as 32 letters of Crockford's base 32 in groups of four.
public struct EnrolmentCode: Hashable, Sendable, CustomStringConvertible {
  public let secret: [UInt8]
  public let fingerprint: [UInt8]

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  public init(secret: [UInt8], fingerprint: [UInt8]) {
    self.secret = secret
    self.fingerprint = fingerprint
  }

  public init(city: VerifyingKey, using random: inout some RandomNumberGenerator) {
    secret = (0..<10).map { _ in UInt8.random(in: 0...255, using: &random) }
    fingerprint = city.fingerprint
  }

  /// Reads a code as a person types it: any case, with or without hyphens, O for 0, I and L for 1.
  public init?(_ text: String) {
    var bits: UInt32 = 0
    var count = 0
    var bytes: [UInt8] = []
    for letter in text.uppercased() where letter != "-" && letter != " " {
      let plain: Character = letter == "O" ? "0" : letter == "I" || letter == "L" ? "1" : letter
      guard let digit = Self.alphabet.firstIndex(of: plain), bytes.count < 20 else { return nil }
      bits = bits << 5 | UInt32(digit)
      count += 5
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= (1 << UInt32(count)) - 1
      }
    }
    guard bytes.count == 20, count == 0 else { return nil }
    secret = Array(bytes.prefix(10))
    fingerprint = Array(bytes.suffix(10))
  }

  public var description: String {
    var letters: [Character] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in secret + fingerprint {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 5 {
        count -= 5
        letters.append(Self.alphabet[Int(bits >> UInt32(count)) & 31])
      }
      bits &= (1 << UInt32(count)) - 1
    }
    return stride(from: 0, to: letters.count, by: 4).map { String(letters[$0..<min($0 + 4, letters.count)]) }
      .joined(separator: "-")
  }

  /// Names the code to the city without giving the secret away.
  public var name: String { Array(sha256(secret).prefix(8)).hex }

  /// Proof of the secret, bound to the key that is enrolled.
  public func proof(replica: Identifier, publicKey: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: replica.bytes + publicKey, using: SymmetricKey(data: secret)))
  }
}

/// The body of `enrol`, as JSON: a code of the city and its proof, or a former key that vouches. Both, when the city has lost whom it
/// had enrolled.
public struct EnrolRequest: Codable, Sendable {
  public var code: String?
  public var proof: String?
  /// The id under which the city knows the machine, hex.
  public var formerly: String?
  /// The last batch of that id that the city has confirmed to this file.
  public var kept: Int64?
  /// The former key's signature, hex.
  public var voucher: String?
  /// The unit that a code must be for, of a machine that has one already.
  public var org: String?
  public var publicKey: String
  /// The X25519 key to which the city encrypts for this replica, hex.
  public var agreementKey: String

  public init(_ code: EnrolmentCode, replica: Identifier, key: SigningKey) throws {
    publicKey = key.publicKey.bytes.hex
    agreementKey = try key.agreementPublicKey.hex
    prove(code, replica: replica, key)
  }

  private mutating func prove(_ code: EnrolmentCode, replica: Identifier, _ key: SigningKey) {
    self.code = code.name
    proof = code.proof(replica: replica, publicKey: key.publicKey.bytes).hex
  }

  /// Adds a code of the city, which may not know the former id any more.
  /// - Parameter org: the unit of the machine.
  public mutating func prove(_ code: EnrolmentCode, of key: SigningKey, org: String) {
    prove(code, replica: key.publicKey.identifier, key)
    self.org = org
  }

  /// As a message of the machine that has this key pair.
  public func message(signedBy key: SigningKey, milliseconds: Int64) throws -> Envelope {
    let header = Header(
      kind: .enrol, replica: key.publicKey.identifier, epoch: .city, number: 0, cursor: 0,
      stamp: Stamp(milliseconds: milliseconds), schema: Array(repeating: 0, count: 32))
    return try Envelope(header, body: jsonBody(), key: key)
  }
}

/// The body of `welcome`, as JSON.
public struct Welcome: Codable, Sendable {
  public var org: String
  public var cityKey: String
  /// The X25519 key to which replicas encrypt for the city, hex.
  public var agreementKey: String
  /// The schema in its canonical form.
  public var schema: String

  public init(org: String, city: SigningKey, schema: String) throws {
    self.org = org
    cityKey = city.publicKey.bytes.hex
    agreementKey = try city.agreementPublicKey.hex
    self.schema = schema
  }
}

/// The answer of a city that refuses a request, as JSON beside an HTTP status.
public struct Refusal: Codable, Sendable, Error, Equatable {
  public enum Code: String, Codable, Sendable, CaseIterable {
    /// The message is not one, or was changed on the way.
    case tampered
    /// A batch number came with another hash: the replica was cloned or restored from a backup.
    case fork
    /// A request number was seen before.
    case replayed
    /// A batch number is missing before this one.
    case gap
    /// The epoch, or a cursor beyond the master's sequence: the city was restored.
    case epoch
    /// The replica's schema is not one that the city knows.
    case schema
    case unknownReplica, withdrawn, badCode
    /// A limit on a size or a rate.
    case limit
    /// The city is busy; nothing is lost.
    case busy
    /// A defect of the city's.
    case defect
  }
  public var code: Code
  public var zh: String
  public var en: String

  public init(_ code: Code, zh: String, en: String) {
    self.code = code
    self.zh = zh
    self.en = en
  }

  /// The city was restored, and says no more: others of this code name what is wrong.
  package static let epoch = Refusal(
    .epoch, zh: "市主库已从备份恢复,纪元不同;请与市里联系", en: "the city's master was restored and has another epoch; ask the city")

  public var failure: Failure {
    let kind: Failure.Kind =
      switch code {
      case .tampered, .fork, .replayed, .gap, .epoch, .schema: .protocolViolation
      case .unknownReplica, .withdrawn, .badCode: .notAllowed
      case .limit: .data
      case .busy: .busy
      case .defect: .unreachable
      }
    return Failure(kind, zh: zh, en: en)
  }
}
