import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

extension Master {
  /// How long an enrolment code is valid, in milliseconds.
  public static let codeLifetime: Int64 = 7 * 24 * 3600 * 1000
  /// How many batches a machine may say that it has sent under a former id: more than any will ever send, so that
  /// numbers can go on from there.
  static let mostKept: Int64 = 1 << 40
  /// How many ids may follow upon one, through any number of others, without a code of the city.
  static let mostFollowers: Int64 = 256
  /// How many enrolments may stand ahead of a hello.
  static let mostEnrolments = 64

  /// Makes a one-time code for one machine of an org unit.
  /// - Parameter lifetime: milliseconds.
  public func enrol(
    org: String, lifetime: Int64 = codeLifetime
  ) throws -> (code: EnrolmentCode, expiresAt: Int64) {
    let enrolment = try draftEnrolment(org: org, lifetime: lifetime)
    try store.transaction { try $0.save(enrolment) }
    return (code(of: enrolment), enrolment.expiresAt)
  }

  /// A code that admits nobody before it is saved.
  func draftEnrolment(org: String, lifetime: Int64) throws -> EnrolmentRecord {
    // The machines of a unit whose record is gone, or part of another one's, are that unit's still.
    if try !replicas().contains(where: { $0.org == org && !$0.isWithdrawn }) { try requireUnit(org) }
    let code = random.enrolmentCode(of: key.publicKey)
    return EnrolmentRecord(
      name: code.name, secret: code.secret, org: org, expiresAt: clock() + lifetime, usedBy: nil)
  }

  func code(of enrolment: EnrolmentRecord) -> EnrolmentCode {
    EnrolmentCode(secret: enrolment.secret, fingerprint: key.publicKey.fingerprint)
  }

  /// Refuses the code of a unit that there is not, where the schema says what units are.
  public func requireUnit(_ org: String) throws {
    guard let units = schema.units else { return }
    let record = try record(units.record)
    guard let field = record.index(of: units.field), try find(record, field: field, value: .text(org)) != nil else {
      throw Failure(
        .notFound, zh: "没有编码为 \(org) 的单位;请用 list \(units.record) 查看",
        en: "there is no org unit \(org); list \(units.record) shows them")
    }
  }

  /// Answers an `enrol` message: proves the city to the replica and the replica to the city. Asked twice by the same
  /// replica, it answers twice.
  public func welcome(_ bytes: [UInt8]) throws -> [UInt8] {
    let sealed = try refusing { try SealedEnvelope(bytes[...]) }
    guard sealed.header.kind == .enrol else { throw Refusal.notAMessage }
    guard let (request, publicKey) = try? Self.enrolRequest(sealed) else { throw Refusal.tampered }
    guard let agreementKey = [UInt8](hex: request.agreementKey), agreementKey.count == 32 else {
      throw Refusal.tampered
    }
    let id = sealed.header.replica
    return try store.transaction { transaction in
      guard id == publicKey.identifier else { throw Refusal.badCode }
      let former = try former(request)
      let isSuccessor = try former.map { try request.code == nil || transaction.replica($0.replica) != nil } ?? false
      let org =
        if let known = try knownWithoutCode(request, id, transaction) {
          known
        } else if isSuccessor {
          try succeed(request, as: publicKey, transaction)
        } else {
          try admit(request, after: former, as: publicKey, agreementKey: agreementKey, transaction)
        }
      let meta = try transaction.meta()
      let welcome = try Welcome(org: org, city: key, schema: meta.schemaText)
      let header = Header(
        kind: .welcome, replica: id, epoch: meta.epoch, number: 0, cursor: 0, stamp: Stamp(milliseconds: clock()),
        schema: meta.schemaHash)
      return try Envelope(header, body: welcome.jsonBody(), key: key).bytes
    }
  }

  /// Whom the machine was before; nil: it is new.
  func former(_ request: EnrolRequest) throws -> Former? {
    guard let formerly = request.formerly else { return nil }
    guard let id = Identifier(hex: formerly), let kept = request.kept, (0...Self.mostKept).contains(kept) else {
      throw Refusal.tampered
    }
    return Former(replica: id, kept: kept)
  }

  /// The unit of a machine that the city knows, and whose code is no good: codes are in no log, and a city that was restored may have
  /// lost this one; or it came too late, or another machine has used it.
  private func knownWithoutCode(_ request: EnrolRequest, _ id: Identifier, _ transaction: any MasterTransaction) throws
    -> String?
  {
    guard let code = request.code, let known = try transaction.replica(id) else { return nil }
    if let enrolment = try transaction.enrolment(code), isValid(enrolment, for: id) { return nil }
    if known.isWithdrawn { throw Refusal.withdrawn }
    return known.org
  }

  /// Takes in a machine that has a code. Returns its unit.
  /// - Parameter former: of whom the city knows nothing any more.
  private func admit(
    _ request: EnrolRequest, after former: Former?, as publicKey: VerifyingKey, agreementKey: [UInt8],
    _ transaction: any MasterTransaction
  ) throws -> String {
    let id = publicKey.identifier
    var enrolment = try enrolment(request, as: publicKey, transaction)
    // A code admits a new machine: it neither moves one to another unit nor takes back that it was shut out.
    if let known = try transaction.replica(id) {
      if known.isWithdrawn { throw Refusal.withdrawn }
      guard known.org == enrolment.org else { throw Refusal.badCode }
    }
    if enrolment.usedBy == nil {
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: "city")
      var member = Member(
        replica: id, org: enrolment.org, publicKey: publicKey.bytes, agreementKey: agreementKey, isWithdrawn: false,
        edit: edit)
      member.former = former
      try enter(member, transaction)
      enrolment.usedBy = id
      try transaction.save(enrolment)
    }
    return enrolment.org
  }

  /// The code of a request: it is of this city, valid, and proven, for the unit that the machine says is its own, and nobody else has
  /// used it.
  func enrolment(_ request: EnrolRequest, as publicKey: VerifyingKey, _ transaction: any MasterTransaction) throws
    -> EnrolmentRecord
  {
    let id = publicKey.identifier
    guard let enrolment = try request.code.flatMap(transaction.enrolment), isValid(enrolment, for: id) else {
      throw Refusal.badCode
    }
    guard code(of: enrolment).proof(replica: id, publicKey: publicKey.bytes).hex == request.proof,
      request.org ?? enrolment.org == enrolment.org
    else { throw Refusal.badCode }
    return enrolment
  }

  /// A code is for its time and for one machine, which may say it again later.
  private func isValid(_ enrolment: EnrolmentRecord, for id: Identifier) -> Bool {
    enrolment.usedBy == id || enrolment.usedBy == nil && enrolment.expiresAt >= clock()
  }

  private static func enrolRequest(_ sealed: SealedEnvelope) throws -> (EnrolRequest, VerifyingKey) {
    // The body names the key that signed it; who may enrol is proven by the code, or by the former key.
    let unverified = try sealed.unverifiedBody()
    let request = try JSONDecoder().decode(EnrolRequest.self, from: Data(unverified))
    let key = try VerifyingKey(bytes: [UInt8](hex: request.publicKey) ?? [])
    _ = try sealed.open(with: key)
    return (request, key)
  }
}

extension RandomNumberGenerator {
  mutating func identifier() -> Identifier { Identifier(using: &self) }
  fileprivate mutating func enrolmentCode(of city: VerifyingKey) -> EnrolmentCode {
    EnrolmentCode(city: city, using: &self)
  }
}
