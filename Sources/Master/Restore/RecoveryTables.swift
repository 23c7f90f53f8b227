import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a master that was restored from a backup knows of its recovery:
//
//   sync_returned   batches that came back: "held" until those before them are there; "late", when they came after a
//                   release, or are of an epoch that had ended before the backup was made; "aside", when it could not
//                   take them any more, and the city's own that were late, once looked at
//   sync_loss       places in the log of which the batch is lost: from that of the batch that says so through another
//   sync_heard      the machines that have given back what they have, and how far each had read the log; heard_at 0: it
//                   has read more since, and is to give back once more
//   sync_meta       recovering (the place in the log where the backup ended, while the city recovers), restored_end (the
//                   same, for ever), restored_place (likewise, in the feed), restored_at, former_epochs, own_base (the
//                   city's own batches have larger numbers), lossy (something was released since), read:ID (up to which
//                   place of the backup's feed the machine of this id had read when it gave back), unknown:ID (the hash of
//                   the version of the schema that it has, when that was not known)

enum RecoveryTables {
  static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE sync_returned (
          arrival INTEGER NOT NULL, replica BLOB NOT NULL, number INTEGER NOT NULL, received_at INTEGER NOT NULL,
          clock_offset INTEGER NOT NULL, message BLOB NOT NULL, receipt BLOB NOT NULL, secrets BLOB NOT NULL,
          state TEXT NOT NULL, PRIMARY KEY (arrival, replica, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_returned_by_number ON sync_returned (replica, number);
        CREATE TABLE sync_loss (
          arrival INTEGER PRIMARY KEY, through INTEGER NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
          stamp INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sync_heard (replica BLOB PRIMARY KEY, seen INTEGER NOT NULL, heard_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """)
  }
}

/// A batch that a replica gave back.
struct ReturnedBatch {
  enum State: String { case held, aside, late }

  var arrival: Int64
  var replica: Identifier
  var number: Int64
  var receivedAt: Stamp
  var offset: Int64
  var message: [UInt8]
  /// Empty: it is the city's own.
  var receipt: [UInt8]
  /// The body of the message with its secrets; empty: none came.
  var secrets: [UInt8]
  var state: State

  static let columns = "arrival, replica, number, received_at, clock_offset, message, receipt, secrets, state"

  var row: [Value] {
    [
      .integer(arrival), .blob(replica.bytes), .integer(number), .integer(receivedAt.raw), .integer(offset),
      .blob(message), .blob(receipt), .blob(secrets), .text(state.rawValue),
    ]
  }
}

extension ReturnedBatch {
  /// nil: none came with it.
  func knownSecrets() throws -> [Secret]? { secrets.isEmpty ? nil : try SecretsBody.decode(secrets) }

  init?(row: [Value]) {
    guard row.count == 9, case .integer(let arrival) = row[0], case .blob(let id) = row[1],
      let replica = Identifier(id), case .integer(let number) = row[2], case .integer(let received) = row[3],
      case .integer(let offset) = row[4], case .blob(let message) = row[5], case .blob(let receipt) = row[6],
      case .blob(let secrets) = row[7], case .text(let name) = row[8], let state = State(rawValue: name)
    else { return nil }
    self.init(
      arrival: arrival, replica: replica, number: number, receivedAt: Stamp(raw: received), offset: offset,
      message: message, receipt: receipt, secrets: secrets, state: state)
  }
}

extension ReturnedBatch {
  /// What it is once the log goes on without it. A county's may follow one that came too late for its place.
  var passedOver: State { replica == .city ? .aside : .late }

  /// The epoch in which a batch of this table, or of the log, came into the log, for SQL.
  static let epochInSQL = Header.epoch(of: "CASE receipt WHEN x'' THEN message ELSE receipt END")

  /// The epoch in which it came into the log.
  var epoch: Identifier {
    get throws { try SealedEnvelope((receipt.isEmpty ? message : receipt)[...]).header.epoch }
  }

  /// What it holds, read by the schema that it names and as `schema` has it; nil: it was made by a later version,
  /// which is yet to come back.
  func content(_ schema: Schema, _ db: Database) throws -> Batch? {
    guard let sealed = try? SealedEnvelope(message[...]), let body = try? sealed.unverifiedBody() else { return nil }
    let own = try SchemaTable.find(db, sealed.header.schema) ?? schema
    return try? Batch(body, schema: own, mostChanges: .max, isOwn: replica == .city).widened(to: schema)
  }
}

// The state of a recovery in SQLite.
extension SQLiteMasterTransaction {
  func isRecovering() throws -> Bool { try setting("recovering") != nil }

  func setting(_ name: String) throws -> Int64? {
    try db.integer("SELECT value FROM sync_meta WHERE name = ?", [.text(name)])
  }

  func set(_ name: String, _ value: Value) throws {
    try db.run(
      "INSERT INTO sync_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [.text(name), value])
  }

  /// The epochs that this city had before, oldest first.
  func formerEpochs() throws -> [Identifier] {
    guard case .blob(let bytes)? = try db.first("SELECT value FROM sync_meta WHERE name = 'former_epochs'")?.first
    else { return [] }
    return stride(from: 0, to: bytes.count, by: 16).compactMap { Identifier(bytes[$0..<min($0 + 16, bytes.count)]) }
  }

  /// Whether an epoch had ended before the backup was made, which a city makes when it works again: what came into that log and is
  /// not in the backup has no place in this one, and how far it went says nothing of this one.
  func hadEnded(_ epoch: Identifier) throws -> Bool { try formerEpochs().dropLast().contains(epoch) }

  func addFormer(_ epoch: Identifier) throws {
    let known = try formerEpochs()
    if known.contains(epoch) { return }
    try set("former_epochs", .blob((known + [epoch]).flatMap(\.bytes)))
  }

  /// What was given back and could not be taken is looked at again: it may have known a version of the schema that
  /// was lost.
  func takeUpAside() throws {
    try db.run("UPDATE sync_returned SET state = 'late' WHERE state = 'aside'")
  }

  /// Whether a batch is of another history than the log: a city that is restored twice from one backup has two. Within one,
  /// times rise, and whatever else came in by the same epoch has its place.
  func isOfAnotherHistory(_ batch: ReturnedBatch) throws -> Bool {
    // Not the clock of the file: a repair may have moved that since.
    let last = try db.integer("SELECT received_at FROM sync_batch ORDER BY arrival DESC LIMIT 1") ?? 0
    if batch.receivedAt.raw < last { return true }
    let epoch = ReturnedBatch.epochInSQL
    let sql = "SELECT 1 FROM sync_returned WHERE arrival < ? AND state = 'late' AND \(epoch) = ? LIMIT 1"
    return try db.first(sql, [.integer(batch.arrival), .blob(batch.epoch.bytes)]) != nil
  }

  /// Whether something of another epoch is back before a batch that is at another place of the feed than it was signed for: then
  /// that is of another history. What the law of now takes otherwise has the receipts of now.
  func isBehindAnother(_ epoch: Identifier) throws -> Bool {
    let another = "\(ReturnedBatch.epochInSQL) NOT IN (?, ?)"
    return try db.first(
      "SELECT 1 FROM sync_batch WHERE arrival > ? AND \(another) LIMIT 1",
      [.integer(try setting("restored_end") ?? 0), .blob(epoch.bytes), .blob(try meta().epoch.bytes)]) != nil
  }

  /// Whether places and numbers of the city's own batches of an epoch follow each other, as a replay sees it: once something
  /// is lost, only those of the epoch that says so do.
  func isInOrder(_ epoch: Identifier) throws -> Bool {
    // In this order (CROSS): the log is long, and mostly nothing is lost.
    let sql = """
      SELECT \(Header.epoch(of: "b.message")) FROM sync_loss l CROSS JOIN sync_batch b ON b.arrival = l.arrival
      ORDER BY b.number DESC LIMIT 1
      """
    guard case .blob(let bytes)? = try db.first(sql)?.first else { return true }
    return bytes == epoch.bytes
  }

  func returned(_ condition: String = "true", _ arguments: [Value] = []) throws -> [ReturnedBatch] {
    var list: [ReturnedBatch] = []
    let sql = "SELECT \(ReturnedBatch.columns) FROM sync_returned WHERE \(condition) ORDER BY arrival, replica, number"
    try db.each(sql, arguments) { row in
      if let batch = ReturnedBatch(row: row.cells(0..<9)) { list.append(batch) }
    }
    return list
  }

  /// Keeps a batch. Of the city's own, a copy that still has more of its secrets replaces another that waits for its place; what was
  /// set aside gets nothing back of what was erased of it since.
  func keep(_ batch: ReturnedBatch) throws {
    var replaced = "state = 'held'"
    #if MUTANTS
      if Mutant.asideGetsBack.isActive { replaced = "true" }
    #endif
    try db.run(
      """
      INSERT INTO sync_returned VALUES (\(placeholders(9))) ON CONFLICT DO UPDATE SET secrets = excluded.secrets
      WHERE length(excluded.secrets) > length(secrets) AND \(replaced)
      """, batch.row)
  }

  /// Past every batch that anybody is known to have seen, or that came back: the end of the log as it was.
  func formerEnd() throws -> Int64 {
    let seen = try db.integer("SELECT max(seen) FROM sync_heard") ?? 0
    let held = try db.integer("SELECT max(arrival) FROM sync_returned WHERE state = 'held'") ?? 0
    return max(seen, held, try lastArrival())
  }

  /// The places in the log, up to its former end, of which nothing is here.
  func missing() throws -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
    var next = try upcomingArrival()
    var arrivals: [Int64] = []
    try db.each("SELECT DISTINCT arrival FROM sync_returned WHERE state = 'held' ORDER BY arrival") {
      arrivals.append($0[0])
    }
    for arrival in arrivals where arrival >= next {
      if arrival > next { ranges.append(next...arrival - 1) }
      next = arrival + 1
    }
    let end = try formerEnd()
    return end >= next ? ranges + [next...end] : ranges
  }

  /// The machines that may have something that is not back: not withdrawn, and not heard since the restore.
  func unheard() throws -> [ReplicaRecord] {
    var list: [ReplicaRecord] = []
    let sql = """
      SELECT * FROM sync_replica
      WHERE withdrawn = 0 AND id NOT IN (SELECT replica FROM sync_heard WHERE heard_at > 0) ORDER BY org, id
      """
    try db.each(sql) { row in
      if let replica = ReplicaRecord(row: row.cells(0..<ReplicaRecord.columns)) { list.append(replica) }
    }
    return list
  }

  /// A batch of the city's own says what is lost. Conflicts get numbers from here on that none had before: a decision that was
  /// made when there were others finds none, instead of the wrong one.
  func note(_ loss: Loss, at arrival: Int64) throws {
    try db.run("INSERT INTO sync_loss VALUES (\(placeholders(5)))", [.integer(arrival)] + loss.row)
    try db.run("UPDATE sync_counter SET value = (value / 1000000 + 1) * 1000000 WHERE name = 'conflict'")
  }

  /// A batch is in the log. What an erasure has taken of its secrets stands nowhere any more.
  func forget(_ batch: ReturnedBatch, in arrival: Int64) throws {
    try db.run(
      "DELETE FROM sync_returned WHERE arrival = ? AND replica = ? AND number = ?", Array(batch.row.prefix(3)))
    guard let secrets = try batch.knownSecrets() else { return }
    if try SecretTable.read(db, of: arrival).count < secrets.count { try OldPages.inFile.note(db) }
  }

  /// The hash of a batch that the log has or that is held, in hex.
  func hash(of sender: Identifier, _ number: Int64) throws -> String? {
    if let logged = try batch(sender, number) { return logged.hash.hex }
    let held = try returned("replica = ? AND number = ?", [.blob(sender.bytes), .integer(number)]).first
    return try held.map { try SealedEnvelope($0.message[...]).hash.hex }
  }

  /// The last number of a sender's batches that the log has or that is held without a gap before it.
  func lastReturned(of sender: Identifier) throws -> Int64 {
    var last = try lastBatch(of: sender, upTo: .max)
    let sql = "SELECT number FROM sync_returned WHERE replica = ? AND number > ? ORDER BY number"
    var numbers: [Int64] = []
    try db.each(sql, [.blob(sender.bytes), .integer(last)]) { numbers.append($0[0]) }
    for number in numbers where number == last + 1 { last = number }
    return last
  }
}
