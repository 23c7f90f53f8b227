import SQLiteStore
import SyncCore
import SyncProtocol

// A file that was copied goes on under an id of its own. What its former ids sent up to the point at which the files parted is
// its own too: it may take that back, supersede it, and hears what became of it. What came under a former id later is
// another file's.

extension Master {
  /// Takes in the new key of a machine for which its former key vouches, or, when that is lost, a code for its unit. Asked twice,
  /// it answers twice.
  /// - Returns: its unit.
  func succeed(_ request: EnrolRequest, as publicKey: VerifyingKey, _ transaction: any MasterTransaction) throws
    -> String
  {
    guard let (former, kept) = try former(request).map({ ($0.replica, $0.kept) }) else { throw Refusal.tampered }
    guard let known = try transaction.replica(former) else { throw Refusal.unknownReplica }
    let id = publicKey.identifier
    // Used up, also when the machine is known by another one that it had before.
    func useCode() throws {
      var enrolment = try self.enrolment(request, as: publicKey, transaction)
      guard enrolment.org == known.org else { throw Refusal.badCode }
      enrolment.usedBy = id
      try transaction.save(enrolment)
    }
    let hasCode = request.voucher == nil && request.code != nil
    if hasCode {
      try useCode()
    } else if try !request.isVouched(by: VerifyingKey(bytes: known.publicKey)) {
      throw Refusal.tampered
    } else if request.code != nil {
      // One that is no good stops nobody for whom the former key vouches.
      do { try useCode() } catch is Refusal {}
    }
    if let again = try transaction.replica(id) { return again.org }
    if known.isWithdrawn { throw Refusal.withdrawn }
    if try transaction.isRecovering() { throw Self.recovering }
    // Each costs the city a row for every id before it: a key alone makes only so many.
    if !hasCode, try transaction.followers(of: former) >= Self.mostFollowers {
      guard request.code != nil else { throw Refusal.tooManyIds }
      try useCode()
    }
    // What a city that was restored lacks of them, the machine gives back once it is known.
    guard try kept <= known.highWater || !transaction.formerEpochs().isEmpty else { throw Refusal.putBack(.gap) }
    var member = Member(
      replica: id, org: known.org, publicKey: publicKey.bytes, agreementKey: [UInt8](hex: request.agreementKey) ?? [],
      isWithdrawn: false, edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: "city"))
    member.former = Former(replica: former, kept: kept)
    try enter(member, transaction)
    return known.org
  }
}

// `sync_former(replica, former, kept, shared)`: for every id that a machine ever had, how many of its batches are this
// machine's too; `kept` when it was enrolled, `shared` with those that were under way then and came again under the new id.
// Of another copy of the same file, whose id it never had, `kept` is the first number of those that had come from that one
// already, below 0, and `shared` says how far the two go together.

extension SQLiteMasterTransaction {
  static let formerTable = """
    CREATE TABLE sync_former (
      replica BLOB NOT NULL, former BLOB NOT NULL, kept INTEGER NOT NULL, shared INTEGER NOT NULL,
      PRIMARY KEY (replica, former)
    ) STRICT, WITHOUT ROWID;
    """

  func succeed(_ former: Identifier, by id: Identifier, kept: Int64) throws {
    let arguments: [Value] = [.blob(id.bytes), .blob(former.bytes), .integer(kept)]
    try db.run("INSERT INTO sync_former VALUES (?1, ?2, ?3, ?3)", arguments)
    // What the former id had in common with those before it.
    try db.run(
      """
      INSERT INTO sync_former
      SELECT ?1, former, iif(kept < 0, -min(shared, ?3) - 1, min(shared, ?3)), min(shared, ?3)
      FROM sync_former WHERE replica = ?2
      """, arguments)
  }

  func disown(_ id: Identifier) throws {
    try db.run(
      """
      DELETE FROM sync_former
      WHERE (replica = ?1 OR former = ?1) AND (SELECT org FROM sync_replica WHERE id = replica)
        <> (SELECT org FROM sync_replica WHERE id = former)
      """, [.blob(id.bytes)])
  }

  func followers(of id: Identifier) throws -> Int64 {
    let sql = """
      SELECT count(*) AS n FROM sync_former
      WHERE kept >= 0 AND (former = ?1 OR former IN (SELECT former FROM sync_former WHERE replica = ?1 AND kept >= 0))
      GROUP BY former ORDER BY n DESC LIMIT 1
      """
    return try db.integer(sql, [.blob(id.bytes)]) ?? 0
  }

  /// A batch that was under way when the files parted, and that the city has taken from a former id or from another copy of
  /// the file, is not taken again: its sender gets the receipts of then. nil: it is new.
  func repeated(_ message: Envelope) throws -> [RowReceipt]? {
    #if MUTANTS
      if Mutant.copiesCountTwice.isActive { return nil }
    #endif
    let (id, number) = (message.header.replica, message.header.number)
    var found: [RowReceipt]?
    for (other, logged) in try taken(message) {
      found = try found ?? logged.receipts()
      try db.run(
        """
        INSERT INTO sync_former VALUES (?1, ?2, -?3, ?3)
        ON CONFLICT (replica, former) DO UPDATE SET shared = excluded.shared
        """, [.blob(id.bytes), .blob(other.bytes), .integer(number)])
    }
    return found
  }

  /// Whether a batch came under another id of its sender's, or of another copy of the file, already.
  func isTaken(_ message: Envelope) throws -> Bool { try !taken(message).isEmpty }

  private func taken(_ message: Envelope) throws -> [(replica: Identifier, batch: LoggedBatch)] {
    let (id, number) = (message.header.replica, message.header.number)
    return try copies(of: id, upTo: number - 1).compactMap { other in
      guard let logged = try batch(other, number),
        try SealedEnvelope(logged.message[...]).unverifiedBody() == message.body
      else { return nil }
      return (other, logged)
    }
  }

  /// Under which other ids the same batches came, up to this one: former ids, those that go on from this one, and those that
  /// go on from the same former one.
  private func copies(of id: Identifier, upTo number: Int64) throws -> [Identifier] {
    let sql = """
      SELECT former FROM sync_former WHERE replica = ?1 AND shared = ?2
      UNION SELECT replica FROM sync_former WHERE former = ?1 AND shared >= ?2
      UNION SELECT b.replica FROM sync_former a JOIN sync_former b USING (former)
        WHERE a.replica = ?1 AND b.replica <> ?1 AND a.shared >= ?2 AND b.shared >= ?2
      """
    var copies: [Identifier] = []
    try db.each(sql, [.blob(id.bytes), .integer(number)]) { row in
      if case .blob(let bytes) = row.cell(0), let copy = Identifier(bytes) { copies.append(copy) }
    }
    return copies
  }

  /// Whether a batch of a former id is this machine's too.
  func shares(_ replica: Identifier, with former: Identifier, batch: Int64) throws -> Bool {
    let sql = "SELECT 1 FROM sync_former WHERE replica = ? AND former = ? AND shared >= ?"
    return try db.first(sql, [.blob(replica.bytes), .blob(former.bytes), .integer(batch)]) != nil
  }

  /// In SQL: whether a row of `sync_parked` is of the machine ?1, under whatever id it came.
  static let isOwnParked = """
    (replica = ?1 OR EXISTS (SELECT 1 FROM sync_former f
      WHERE f.replica = ?1 AND f.former = sync_parked.replica AND f.shared >= sync_parked.batch))
    """

  /// The change that a machine names by its present id though a former one sent it.
  func formerParked(_ id: Identifier, _ batch: Int64, _ n: Int64) throws -> ParkedChange? {
    let former = "replica IN (SELECT former FROM sync_former WHERE replica = ? AND shared >= ?)"
    return try parkedChanges(
      "\(former) AND batch = ? AND n = ?", [.blob(id.bytes), .integer(batch), .integer(batch), .integer(n)]
    ).first
  }

  /// The notice as this reader knows the change: by the id that it has now.
  func notice(_ key: RowKey, for reader: Identifier) throws -> ParkedNotice? {
    guard var notice = try notice(key) else { return nil }
    if let sender = Identifier(hex: notice.parked.replica), sender != reader,
      try shares(reader, with: sender, batch: notice.parked.batch)
    {
      notice.parked.replica = reader.description
    }
    return notice
  }
}

extension LoggedBatch {
  /// In SQL: the batches of the log that were taken under a former id of their sender already, and say nothing new. Two copies
  /// may bring a batch each that the other one repeats.
  static let isRepeat = """
    EXISTS (SELECT 1 FROM sync_former f
      JOIN sync_batch o ON o.replica = f.former AND o.number = sync_batch.number AND o.arrival < sync_batch.arrival
      WHERE f.replica = sync_batch.replica
        AND sync_batch.number > iif(f.kept < 0, -f.kept - 1, f.kept) AND sync_batch.number <= f.shared)
    """
}
