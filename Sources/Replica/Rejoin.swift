import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// This file is a copy: another one has used the same id since, or its own later batches are lost. It goes on under a key and
// an id of its own, for which the former key vouches. Numbers go on too, so that what refers to a batch stays as it is:
//
//   up to the last receipt   the city has confirmed these batches to this file: they stay as they were signed
//   without a receipt        the same bodies, signed by the new key; the city knows one again that it has taken already. One with
//                            a delete that is not whole no city has taken: it is made readable
//   pending                  as it is: nobody has numbered it
//
// No network is needed. Whatever is sent next begins with the enrolment, until the city has answered.

extension Replica {
  /// Gives this file a key of its own and keeps all its edits, in one transaction. It may be done again: each key vouches for
  /// the next one.
  /// - Parameters:
  ///   - key: a new one, which is kept durably before.
  ///   - code: of the city, when it has lost whom it had enrolled: all that this file still has goes once more.
  /// - Returns: the replica as it is from now on; this one signs nothing any more.
  public func rejoin(as key: SigningKey, code: EnrolmentCode? = nil) throws -> Replica {
    let meta = try write { db in
      var meta = try ownMeta(db)
      if let code, try VerifyingKey(bytes: meta.cityKey).fingerprint != code.fingerprint { throw Self.foreignCode }
      let hasGap = try db.first("SELECT 1 FROM sync_meta WHERE name = ?", [.text(Self.gap)]) != nil
      // On a stick nobody hears of which number the city has another batch.
      let hasGivenBack = try givenBack(db) != nil
      if code != nil || hasGap || hasGivenBack {
        try noteHeard(db, meta.epoch)
        try sendAgain(db, after: code != nil || hasGap ? 0 : meta.batchKept)
      }
      let first = try db.integer("SELECT min(number) FROM sync_outbox WHERE receipt IS NULL")
      let kept = (first ?? meta.last + 1) - 1
      var request = try request(db, key, after: meta.replica, hasCode: code != nil, kept: kept)
      if let code { request.prove(code, of: key, org: meta.org) }
      let enrolment = try request.message(signedBy: key, milliseconds: clock())
      meta.formerKeys.append(try formerKey(db, of: meta.replica))
      try ReplicaMeta.set(db, Self.publicKeyName, .blob(key.publicKey.bytes))
      meta.replica = key.publicKey.identifier
      try meta.write(db)
      // A code needs no enrolment before it.
      let before = try code == nil ? self.enrolment(db) : []
      try ReplicaMeta.set(db, Self.enrolmentName, .blob(before + enrolment.bytes))
      try signAgain(db, after: kept, as: key)
      return meta
    }
    return renewed(meta, key: key)
  }

  /// For the new key the former one vouches, or a code of the city when that is lost. A code brings to the city no id that lies
  /// between: the new one follows upon the last that it has confirmed.
  private func request(
    _ db: Database, _ key: SigningKey, after id: Identifier, hasCode: Bool, kept: Int64
  ) throws -> EnrolRequest {
    let known = try hasCode ? lastConfirmed(db) ?? id : id
    if self.key.publicKey.identifier == known { return try EnrolRequest(key, after: self.key, kept: kept) }
    guard hasCode else { throw Failure(.usage, zh: "密钥已丢失,需要登记码", en: "the key is lost: a code is needed") }
    return try EnrolRequest(key, afterLost: known, kept: kept)
  }

  /// The last id of this machine that the city has confirmed; the first that it had, if the city has confirmed none.
  public func lastConfirmed() throws -> Identifier { try read { try lastConfirmed($0) ?? identity.replica } }

  private func lastConfirmed(_ db: Database) throws -> Identifier? {
    guard let first = try enrolRequests(db).first else { return nil }
    if let formerly = first.formerly { return Identifier(hex: formerly) }
    // The one that began on a stick: the city may have read it.
    return try VerifyingKey(bytes: [UInt8](hex: first.publicKey) ?? []).identifier
  }

  /// What this file sent before is verified by its former public key, also when the key itself is lost.
  private func formerKey(_ db: Database, of id: Identifier) throws -> [UInt8] {
    if key.publicKey.identifier == id { return key.publicKey.bytes }
    let noted = try db.first("SELECT value FROM sync_meta WHERE name = ?", [.text(Self.publicKeyName)])
    guard case .blob(let bytes)? = noted?.first, try VerifyingKey(bytes: bytes).identifier == id else {
      throw Failure(.data, zh: "副本文件不完整;请用备份恢复", en: "the replica file is incomplete; restore a backup of it")
    }
    return bytes
  }

  static let publicKeyName = "public_key"

  /// A file of an earlier version does not say it, and could not go on once the key is lost.
  static func notePublicKey(_ key: SigningKey, _ database: DatabaseQueue, _ path: String) throws {
    try Connection.translating(path) {
      let isNoted = try database.reading { db in
        try db.first("SELECT 1 FROM sync_meta WHERE name = ?", [.text(publicKeyName)]) != nil
      }
      if isNoted { return }
      // Another program may have gone on under another key by now.
      let (name, bytes) = (Value.text(publicKeyName), Value.blob(key.publicKey.bytes))
      try database.write { try $0.run("INSERT OR IGNORE INTO sync_meta VALUES (?, ?)", [name, bytes]) }
    }
  }

  private static let foreignCode = Failure(
    .usage, zh: "这个登记码不是本机所属城市的;请核对", en: "this code is not of the city of this machine; check it")

  /// Batches of which a restored city has others by the same numbers, from another copy of this file, count as not sent: they
  /// go again under the id that this file gets when it rejoins. What the city has of them all the same, it knows again.
  public func sendAgain(after number: Int64) throws {
    try write { db in
      _ = try ownMeta(db)
      try sendAgain(db, after: number)
    }
  }

  /// The city refuses a batch because one before it is missing. It was restored without what it had confirmed: that goes again, if the
  /// numbers of this id follow on; what a former id sent goes when this file rejoins. Nobody has signed the refusal: what the
  /// city has confirmed under the epoch that it has, it has.
  /// - Parameter isRestored: the city has said, and signed, that its epoch is another one.
  public func fillGap(isRestored: Bool) throws {
    try write { db in
      let meta = try ownMeta(db)
      let present = Value.blob(isRestored ? [] : meta.epoch.bytes)
      let isLost = "\(Header.epoch(of: "receipt")) <> ?"
      if try db.first("SELECT 1 FROM sync_outbox WHERE \(isLost)", [present]) == nil { return }
      try ReplicaMeta.set(db, Self.gap, .integer(1))
      if !isRestored { try noteHeard(db, meta.epoch) }
      let isOwn = "\(Header.replica(of: "message")) = ?"
      try sendAgain(db, after: 0, "AND \(isLost) AND \(isOwn)", [present, .blob(meta.replica.bytes)])
    }
  }

  static let gap = "gap"

  private func sendAgain(_ db: Database, after number: Int64, _ fitting: String = "", _ values: [Value] = []) throws {
    // What was let go of leaves gaps; two backups hold all up to there.
    let first = try max(number, trimmedBatches(db))
    // Of before that it may still have some that are parked: a city that lost them with its backups cannot tell whose they are.
    if number == 0 { try ReplicaMeta.set(db, Self.passedOver, .integer(first)) }
    // A city that was restored answers anew what the file has heard: that stays known.
    let forget = "UPDATE sync_outbox SET former_receipt = coalesce(receipt, former_receipt), receipt = NULL"
    try db.run("\(forget) WHERE number > ? \(fitting)", [.integer(first)] + values)
  }

  static let passedOver = "passed_over"

  /// What goes once more the city may have all the same. What it has said of it under this epoch, it only says again.
  private func noteHeard(_ db: Database, _ epoch: Identifier) throws {
    // The answers that were put aside before count, too.
    let aside = try heard(db, under: epoch)
    let last = try db.integer("SELECT max(number) FROM sync_outbox WHERE receipt IS NOT NULL") ?? 0
    try ReplicaMeta.set(db, Self.heard, .integer(max(last, aside)))
    try ReplicaMeta.set(db, Self.heardEpoch, .blob(epoch.bytes))
  }

  /// Whether a receipt repeats what this file has heard, and done, already.
  func isHeard(_ db: Database, _ receipt: Header) throws -> Bool {
    try receipt.number <= heard(db, under: receipt.epoch)
  }

  /// Up to which number receipts under an epoch repeat what was heard before all of it went once more; 0: none does.
  private func heard(_ db: Database, under epoch: Identifier) throws -> Int64 {
    let sql = "SELECT h.value FROM sync_meta h JOIN sync_meta e WHERE h.name = ? AND e.name = ? AND e.value = ?"
    return try db.integer(sql, [.text(Self.heard), .text(Self.heardEpoch), .blob(epoch.bytes)]) ?? 0
  }

  private static let (heard, heardEpoch) = ("heard", "heard_epoch")

  private func signAgain(_ db: Database, after kept: Int64, as key: SigningKey) throws {
    #if MUTANTS
      if Mutant.rejoinForgetsFlight.isActive { return }
    #endif
    var messages: [(number: Int64, bytes: [UInt8])] = []
    try db.each("SELECT number, message FROM sync_outbox WHERE number > ? ORDER BY number", [.integer(kept)]) { row in
      if case .blob(let bytes) = row.cell(1) { messages.append((row[0], bytes)) }
    }
    for (number, bytes) in messages {
      let signed = try SealedEnvelope(bytes[...]).unverified()
      var header = signed.header
      header.replica = key.publicKey.identifier
      let own = try ownSchema(db, of: header)
      var body = signed.body
      // The row that it names stays at the city: a conflict opens about it.
      if (try? Batch(body, schema: own)) == nil, let whole = try? Batch(body, schema: own, isOwn: true) {
        body = whole.encoded(own)
      }
      let message = try Envelope(header, body: body, key: key)
      try db.run("UPDATE sync_outbox SET message = ? WHERE number = ?", [.blob(message.bytes), .integer(number)])
    }
  }
}

// What goes ahead of every request until the city has answered one.
extension Replica {
  static let enrolmentName = "enrol"

  /// The enrolments that no answer of the city has confirmed, oldest first; empty when it knows this machine.
  public func enrolment() throws -> [UInt8] { try read { try enrolment($0) } }

  func enrolment(_ db: Database) throws -> [UInt8] {
    let found = try db.first("SELECT value FROM sync_meta WHERE name = ?", [.text(Self.enrolmentName)])
    if case .blob(let bytes)? = found?.first { return bytes }
    return []
  }

  /// What they ask.
  func enrolRequests(_ db: Database) throws -> [EnrolRequest] {
    try SealedEnvelope.split(enrolment(db)).map {
      try JSONDecoder().decode(EnrolRequest.self, from: Data($0.unverifiedBody()))
    }
  }

  /// A page that names this machine says that the city knows it.
  func forgetEnrolment(_ db: Database) throws {
    try db.run("DELETE FROM sync_meta WHERE name = ?", [.text(Self.enrolmentName)])
  }
}

extension ReplicaMeta {
  /// The ids of this machine, now and before, in hex.
  package var names: Set<String> {
    let former = formerKeys.compactMap { try? VerifyingKey(bytes: $0).identifier.description }
    return Set(former + [replica.description])
  }
}
