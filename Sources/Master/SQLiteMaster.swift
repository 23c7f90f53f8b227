import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol
import Synchronization

/// The master in one SQLite file.
final class SQLiteMaster: MasterStore {
  let database: DatabaseQueue
  let openSchema: OpenSchema
  let path: String

  /// Transactions of this task or thread need not wait for the disk.
  @TaskLocal private static var isAnswering = false

  private struct Log {
    /// Whether a commit waits for the disk, as the connection is set.
    var waits = true
    /// Something was committed that may not have reached the disk.
    var isUnflushed = false
  }
  private let log = Mutex(Log())
  /// How far the file's own schema had changed when every table and trigger was as it should be.
  private let intact = Mutex<Int64?>(nil)

  var schema: Schema { openSchema.current }

  init(_ database: DatabaseQueue, schema: OpenSchema, path: String) {
    self.database = database
    openSchema = schema
    self.path = path
  }

  func transaction<T>(_ body: (any MasterTransaction) throws -> T) throws -> T {
    try write { db in try body(SQLiteMasterTransaction(db: db, schema: schema)) }
  }

  func write<T>(_ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) {
      try database.writeWithoutTransaction { db in
        try setWaiting(!Self.isAnswering, db)
        return try db.transaction { db in
          try openSchema.refresh(db)
          try refuseAltered(db)
          return try body(db)
        }
      }
    }
  }

  /// What a tool edits in a table without its triggers no log has, and its own constraints stop what counties send.
  /// Looked at when the file's schema is another than before.
  private func refuseAltered(_ db: Database) throws {
    let version = try db.integer("PRAGMA schema_version")
    if version == intact.withLock({ $0 }) { return }
    if let first = try schema.captureProblems(db, weakKeys: true).first {
      throw Failure(
        .data, zh: "主库的表被其他程序改动,市里暂停收发;请运行 city repair:\(first.zh)",
        en: "another program has altered the master's tables, and the city waits: run city repair: \(first.en)")
    }
    try schema.refuseForeignConstraints(db, weakKeys: true)
    intact.withLock { $0 = version }
  }

  /// Set again only when it changes: while a city does nothing but answer, it stays.
  private func setWaiting(_ waits: Bool, _ db: Database) throws {
    if !waits { log.withLock { $0.isUnflushed = true } }
    if log.withLock({ $0.waits == waits }) { return }
    try db.execute(sql: "PRAGMA synchronous = \(waits ? "FULL" : "NORMAL")")
    log.withLock { $0.waits = waits }
  }

  /// Answers a request by any number of transactions, which are durable when this returns. Requests that wait for the
  /// connection at the same time share one flush: it comes after all of their transactions (group commit).
  func answering<T>(_ body: () throws -> T) throws -> T {
    let result = Result { try Self.$isAnswering.withValue(true, operation: body) }
    try flush(ifNeeded: true)
    return try result.get()
  }

  /// Brings to the disk what was committed before, by whatever program: what is read of it may leave then.
  func flush() throws { try flush(ifNeeded: false) }

  private func flush(ifNeeded: Bool) throws {
    try Connection.translating(path) {
      try database.writeWithoutTransaction { db in
        if ifNeeded, !log.withLock({ $0.isUnflushed }) { return }
        try db.flushLog()
        log.withLock { $0.isUnflushed = false }
      }
    }
  }

  /// The same, with references at rest.
  func writeWithoutReferences<T>(_ body: (Database) throws -> T) throws -> T {
    let references = { on in
      try self.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA foreign_keys = \(on ? "ON" : "OFF")") }
    }
    try references(false)
    let result = Result { try write(body) }
    try references(true)
    return try result.get()
  }

  func read<T>(_ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) {
      try database.reading { db in
        try openSchema.refresh(db)
        return try body(db)
      }
    }
  }

  func removeOldPages() throws { try Connection.translating(path) { try database.removeOldPages() } }
}

struct SQLiteMasterTransaction: MasterTransaction {
  let db: Database
  let schema: Schema

  func isPossible(_ act: () throws -> Void) throws -> Bool {
    let wasWhole = !db.hasDanglingReferences
    var isDone = true
    do {
      try db.inSavepoint {
        try act()
        isDone = !(wasWhole && db.hasDanglingReferences)
        return isDone ? .commit : .rollback
      }
      return isDone
    } catch let failure as Failure where [.data, .notFound].contains(failure.kind) {
      return false
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      return false
    }
  }

  func meta() throws -> MasterMeta {
    var values: [String: Value] = [:]
    try db.each("SELECT name, value FROM sync_meta") { row in values[row[0] as String] = row.cell(1) }
    guard case .blob(let bytes)? = values["epoch"], let epoch = Identifier(bytes),
      case .text(let schema)? = values["schema"]
    else { throw Failure(.data, zh: "主库不完整;请恢复备份", en: "the master is incomplete; restore a backup") }
    return MasterMeta(epoch: epoch, schemaText: schema)
  }

  func earlierSchema(_ hash: [UInt8]) throws -> Schema? { try SchemaTable.find(db, hash) }

  func head() throws -> Int64 { try counter("place") }
  func nextArrival() throws -> Int64 { try next("arrival") }
  func upcomingArrival() throws -> Int64 { try lastArrival() + 1 }
  func lastArrival() throws -> Int64 { try counter("arrival") }
  func nextConflict() throws -> Int64 { try next("conflict") }
  func lastConflict() throws -> Int64 { try counter("conflict") }
  func nextOwnBatch() throws -> Int64 {
    try passOwnBatch(max(counter("own"), setting("own_base") ?? 0) + 1)
    return try counter("own")
  }
  func passOwnBatch(_ number: Int64) throws {
    try db.run("UPDATE sync_counter SET value = max(value, ?) WHERE name = 'own'", [.integer(number)])
  }
  func stamp() throws -> Stamp { Stamp(raw: try db.integer("SELECT stamp FROM sync_clock") ?? 0) }
  func tick(milliseconds: Int64) throws -> Stamp { try SQLiteStore.tick(db, milliseconds: milliseconds) }

  private func counter(_ name: String) throws -> Int64 {
    try db.integer("SELECT value FROM sync_counter WHERE name = ?", [.text(name)]) ?? 0
  }
  private func next(_ name: String) throws -> Int64 {
    try db.integer("UPDATE sync_counter SET value = value + 1 WHERE name = ? RETURNING value", [.text(name)]) ?? 0
  }

  // MARK: Reading for the merge

  private func each<T>(_ refs: [RowRef], _ body: (RecordSchema, RowRef) throws -> T?) throws -> [RowRef: T] {
    var found: [RowRef: T] = [:]
    for ref in refs {
      if let record = schema.record(ref.record), let value = try body(record, ref) { found[ref] = value }
    }
    return found
  }

  func images(inOrderOf refs: [RowRef]) throws -> [[Value]?] {
    var reader: RowReader?
    return try refs.map { ref in
      if reader?.record.name != ref.record { reader = try schema.record(ref.record).map { try RowReader(db, $0) } }
      return try reader?.row(ref.key)
    }
  }

  func waitingConflicts(of refs: [RowRef]) throws -> [RowRef: [Conflict]] {
    if try db.first("SELECT 1 FROM sync_conflict WHERE \(Self.isWaiting) LIMIT 1") == nil { return [:] }
    return try each(refs) { _, ref in
      let conflicts = try ConflictTables.read(
        db, where: "record = ? AND key = ? AND \(Self.isWaiting)", ref.columns)
      return conflicts.isEmpty ? nil : conflicts
    }
  }

  func waitingConflicts(in record: RecordSchema) throws -> [Conflict] {
    try ConflictTables.read(db, where: "record = ? AND \(Self.isWaiting)", [.text(record.name)])
  }

  private static let isWaiting = "state IN ('open', 'proposed')"

  func conflict(_ id: Int64) throws -> Conflict? { try ConflictTables.find(db, id) }

  func cellStamps(of refs: [RowRef]) throws -> [RowRef: [Int: Stamp]] {
    let latest = Set(schema.records.filter { !$0.latestIndices.isEmpty }.map(\.name))
    return try each(latest.isEmpty ? [] : refs.filter { latest.contains($0.record) }) { record, ref in
      var stamps: [Int: Stamp] = [:]
      try db.each("SELECT field, stamp FROM sync_cell WHERE record = ? AND key = ?", ref.columns) { row in
        if let column = record.index(of: row[0]) { stamps[column] = Stamp(raw: row[1]) }
      }
      return stamps
    }
  }

  func holders(of claims: Set<UniqueClaim>) throws -> [UniqueClaim: RowKey] {
    var finder = RowFinder(db, schema)
    var found: [UniqueClaim: RowKey] = [:]
    for claim in claims { found[claim] = try finder.key(in: claim.record, of: claim.fields, claim.values) }
    return found
  }

  func present(_ targets: Set<ReferenceTarget>) throws -> Set<ReferenceTarget> {
    var finder = RowFinder(db, schema)
    return try targets.filter { try finder.key(in: $0.record, of: [$0.field], [$0.value]) != nil }
  }

  func referrers(to targets: Set<ReferenceTarget>) throws -> [ReferenceTarget: [RowRef]] {
    var found: [ReferenceTarget: [RowRef]] = [:]
    for target in targets {
      guard let parent = schema.record(target.record) else { continue }
      for (child, field, column) in schema.references(to: parent) where parent.fields[column].name == target.field {
        let list = child.keyColumns.joined(separator: ", ")
        let sql = "SELECT \(list) FROM \(child.table) WHERE \(quoted(field.name)) = ? ORDER BY \(list)"
        try db.each(sql, [target.value]) { row in
          found[target, default: []].append(RowRef(child.name, RowKey(row.cells(0..<child.key.count))))
        }
      }
    }
    return found
  }

  func places(of refs: [RowRef], unit: String, unknownTo reader: Identifier?) throws -> [RowRef: Int64] {
    // A row has few places: SQLite would make a table of the two units to look each up (hence +).
    var sql = "SELECT max(place) FROM sync_feed WHERE record = ? AND key = ? AND +unit IN ('', ?)"
    if reader != nil { sql += " AND (gone = 1 OR skip IS NOT ?)" }
    let newest = try db.prepared(sql)
    let more: [Value] = [.text(unit)] + (reader.map { [.blob($0.bytes)] } ?? [])
    return try each(refs) { _, ref in try newest.integer(ref.columns + more) }
  }

  // MARK: Replicas and the log

  func replica(_ id: Identifier) throws -> ReplicaRecord? {
    try db.first("SELECT * FROM sync_replica WHERE id = ?", [.blob(id.bytes)]).flatMap(ReplicaRecord.init(row:))
  }

  func save(_ replica: ReplicaRecord) throws {
    try db.run("DELETE FROM sync_replica WHERE id = ?", [.blob(replica.id.bytes)])
    try db.run("INSERT INTO sync_replica VALUES (\(placeholders(ReplicaRecord.columns)))", replica.row)
  }

  func enrolment(_ name: String) throws -> EnrolmentRecord? {
    guard
      let row = try db.first(
        "SELECT secret, org, expires_at, used_by FROM sync_enrolment WHERE name = ?", [.text(name)]),
      case .blob(let secret) = row[0], case .text(let org) = row[1], case .integer(let expires) = row[2]
    else { return nil }
    var usedBy: Identifier?
    if case .blob(let bytes) = row[3] { usedBy = Identifier(bytes) }
    return EnrolmentRecord(name: name, secret: secret, org: org, expiresAt: expires, usedBy: usedBy)
  }

  func enrolments(of org: String) throws -> [EnrolmentRecord] {
    var names: [String] = []
    try db.each("SELECT name FROM sync_enrolment WHERE org = ? ORDER BY name", [.text(org)]) { names.append($0[0]) }
    return try names.compactMap(enrolment)
  }

  func save(_ enrolment: EnrolmentRecord) throws {
    try db.run("DELETE FROM sync_enrolment WHERE name = ?", [.text(enrolment.name)])
    try db.run(
      "INSERT INTO sync_enrolment VALUES (?, ?, ?, ?, ?)",
      [
        .text(enrolment.name), .blob(enrolment.secret), .text(enrolment.org), .integer(enrolment.expiresAt),
        enrolment.usedBy.map { .blob($0.bytes) } ?? .null,
      ])
  }

  func batch(_ replica: Identifier, _ number: Int64) throws -> LoggedBatch? {
    let sql = "SELECT * FROM sync_batch WHERE replica = ? AND number = ?"
    return try db.first(sql, [.blob(replica.bytes), .integer(number)]).flatMap(LoggedBatch.init(row:))
  }

  /// The batch at a place of the log.
  func batch(at arrival: Int64) throws -> LoggedBatch? {
    try db.first("SELECT * FROM sync_batch WHERE arrival = ?", [.integer(arrival)]).flatMap(LoggedBatch.init(row:))
  }

  func append(
    _ message: Envelope, receipt: [UInt8], arrival: Int64, received: Stamp, offset: Int64, touched: [RowRef]
  ) throws {
    var logged = LoggedBatch(
      arrival: arrival, replica: message.header.replica, number: message.header.number, hash: message.hash,
      chain: LoggedBatch.firstLink, receivedAt: received, message: message.bytes, receipt: receipt, offset: offset)
    if case .blob(let last)? = try db.first("SELECT chain FROM sync_batch WHERE arrival = ?", [.integer(arrival - 1)])?
      .first
    {
      logged.chain = last
    }
    logged.chain = logged.link(after: logged.chain)
    try db.run("INSERT INTO sync_batch VALUES (\(placeholders(LoggedBatch.columns)))", logged.row)
    let touch = try db.prepared("INSERT INTO sync_touch VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
    for ref in touched { try touch.run([.text(ref.record), .blob(ref.key.encoded), .integer(arrival)]) }
    if message.header.replica == .city { try place(own: message.header.number) }
  }

  func clock(of arrival: Int64) throws -> (offset: Int64, received: Stamp)? {
    let sql = "SELECT clock_offset, received_at FROM sync_batch WHERE arrival = ?"
    guard let row = try db.first(sql, [.integer(arrival)]), case .integer(let offset) = row[0],
      case .integer(let received) = row[1]
    else { return nil }
    return (offset, Stamp(raw: received))
  }
}

/// Finds rows by what they hold: the statement for each set of fields is spelled once.
private struct RowFinder {
  private struct Place: Hashable {
    var record: String
    var fields: [String]
  }

  private let db: Database
  private let schema: Schema
  private var statements: [Place: PreparedStatement] = [:]

  init(_ db: Database, _ schema: Schema) {
    self.db = db
    self.schema = schema
  }

  /// The key of the first row whose fields have these values.
  mutating func key(in record: String, of fields: [String], _ values: [Value]) throws -> RowKey? {
    let place = Place(record: record, fields: fields)
    if statements[place] == nil, let record = schema.record(record) {
      let match = fields.map { "\(quoted($0)) = ?" }.joined(separator: " AND ")
      let keys = record.keyColumns.joined(separator: ", ")
      statements[place] = try db.prepared("SELECT \(keys) FROM \(record.table) WHERE \(match)")
    }
    return try statements[place]?.first(values).map(RowKey.init)
  }
}

extension RowRef {
  /// The columns `record` and `key` of the tables of the engine.
  var columns: [Value] { [.text(record), .blob(key.encoded)] }
}

extension ReplicaRecord {
  static let columns = 11

  init?(row: [Value]) {
    guard row.count == Self.columns, case .blob(let id) = row[0], let id = Identifier(id), case .text(let org) = row[1],
      case .blob(let key) = row[2], case .blob(let agreementKey) = row[3], case .integer(let withdrawn) = row[4],
      case .integer(let highWater) = row[5], case .integer(let request) = row[6],
      case .integer(let acknowledged) = row[7], case .integer(let offset) = row[8],
      case .integer(let enrolledAt) = row[9]
    else { return nil }
    self.init(
      id: id, org: org, publicKey: key, agreementKey: agreementKey, isWithdrawn: withdrawn != 0, highWater: highWater,
      request: request, acknowledged: acknowledged, offset: offset, enrolledAt: enrolledAt, lastSeen: nil)
    if case .integer(let at) = row[10] { lastSeen = at }
  }

  var row: [Value] {
    [
      .blob(id.bytes), .text(org), .blob(publicKey), .blob(agreementKey), .integer(isWithdrawn ? 1 : 0),
      .integer(highWater), .integer(request), .integer(acknowledged), .integer(offset), .integer(enrolledAt),
      lastSeen.map(Value.integer) ?? .null,
    ]
  }
}
