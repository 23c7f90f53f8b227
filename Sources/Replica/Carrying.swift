import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a replica keeps for exchanges on sticks: its enrolment until the city has it, and when it last wrote to the city.

extension Replica {
  /// Asks to be enrolled, with the next exchange, by this code. A machine that has rejoined with another one goes on saying
  /// whom it follows upon.
  public func keepEnrolment(_ code: EnrolmentCode) throws {
    guard code.fingerprint == (try VerifyingKey(bytes: identity.cityKey)).fingerprint else {
      throw Failure(
        .notAllowed, zh: "登记码属于另一座城市;请向本机所属的市索取", en: "the code belongs to another city; ask this replica's own for one"
      )
    }
    try write { db in
      let meta = try ownMeta(db)
      var request = try EnrolRequest(code, replica: meta.replica, key: key)
      // Its rows are its unit's already: a code of another one would bring it that one's.
      request.org = meta.org
      if let last = try enrolRequests(db).last, last.formerly != nil {
        // The former key vouches for this id; a code would be for one before it.
        guard last.code != nil else { throw Self.hasRejoined }
        request = last
        request.prove(code, of: key, org: meta.org)
      }
      let message = try request.message(signedBy: key, milliseconds: clock())
      try ReplicaMeta.set(db, Self.enrolmentName, .blob(message.bytes))
    }
  }

  private static let hasRejoined = Failure(
    .usage, zh: "本机更换了编号,市里尚未确认;请改为运行 county rejoin --code 登记码",
    en: "this machine has another id, which the city has not confirmed yet; run county rejoin --code CODE instead")

  /// The city has enrolled this replica.
  public func noteWelcome() throws {
    try write { db in
      _ = try ownMeta(db)
      try forgetEnrolment(db)
    }
  }

  /// Opens what the city answered to this replica, and reads it through once.
  public func openAnswer(_ file: String) throws -> BundleReader {
    let bundle = try BundleReader(file, .down, with: .key(key))
    try bundle.verify()
    return bundle
  }

  /// Whether any of these batches has no receipt yet.
  public func isWaiting(for batches: [Int64]) throws -> Bool {
    try read { db in
      let sql = "SELECT 1 FROM sync_outbox WHERE number = ? AND receipt IS NULL"
      return try batches.contains { try db.first(sql, [.integer($0)]) != nil }
    }
  }

  /// A bundle was written to the city.
  public func noteBundle() throws {
    try write { db in
      try ReplicaMeta.set(db, "bundle_written", .integer(clock()))
      try ReplicaMeta.set(db, "bundle_last", .integer(try ReplicaMeta.read(db).last))
    }
  }

  /// Starts a bundle to the city.
  public func bundle(to file: String, partSize: Int) throws -> BundleWriter {
    try BundleWriter(
      file, .up, to: [.key(identity.cityAgreementKey)], partSize: partSize, seed: random.bundleSeed())
  }
}
