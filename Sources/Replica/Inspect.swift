import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

public struct ReplicaStatus: Sendable {
  public var org: String
  public var replica: String
  public var server: String
  /// Rows, decisions and withdrawals that no batch holds yet.
  public var pending: Int
  /// Pending rows that cannot be sent until somebody mends them.
  public var held: [HeldRow]
  /// Those that are sent and not answered. A batch of withdrawals alone counts as one.
  public var inFlight: Int
  public var cursor: Int64
  public var lastSync: Int64?
  public var openConflicts: Int
  public var parked: Int
  /// When the last bundle was written, while something in it waits for its answer. Milliseconds since 1970.
  public var bundleWritten: Int64?
}

/// One touched cell with its three values, or a whole row that was added or deleted (field nil).
public struct DiffEntry: Sendable {
  public var ref: RowRef
  public var kind: Change.Kind
  public var field: String?
  public var base: Value
  public var current: Value
  /// The master's newer value, pulled beneath this edit; nil when there is none.
  public var upstream: Value?
  public var edit: Edit
  /// A delete that the city is asked for; the row stays until it has decided.
  public var isAsked = false
}

/// A row out of the record tables: the master could not take it, or it waits here.
public struct ParkedRow: Sendable {
  public var id: Int64
  public var ref: RowRef
  public var reason: String
  public var detail: Label
  public var row: [Value]
  public var edit: Edit
  /// nil: not sent yet.
  public var batch: Int64?
  public var state: ParkedState
  /// The city's number of it.
  public var cityID: Int64?
  /// Who settled it; nil: it waits, or nobody had to.
  public var ruledBy: String?
}

extension Replica {
  public func status() throws -> ReplicaStatus {
    try read { db in
      let meta = try ReplicaMeta.read(db)
      let outgoing = try outgoing(db)
      let acts = try acts(db)
      func count(_ sql: String) throws -> Int { Int(try db.integer(sql) ?? 0) }
      let waiting = """
        SELECT value FROM sync_meta WHERE name = 'bundle_written' AND EXISTS (
          SELECT 1 FROM sync_outbox JOIN sync_meta AS last ON last.name = 'bundle_last'
          WHERE receipt IS NULL AND number <= last.value)
        """
      let inFlight = """
        SELECT coalesce(sum(max(1, rows + (SELECT count(*) FROM sync_decision WHERE batch = sync_outbox.number))), 0)
        FROM sync_outbox WHERE receipt IS NULL
        """
      return ReplicaStatus(
        org: meta.org, replica: meta.replica.description, server: meta.server,
        pending: try outgoing.count + outgoing.heldRows.count + requests(db).count + acts.decisions.count
          + acts.rulings.count,
        held: outgoing.heldRows,
        inFlight: try count(inFlight),
        cursor: meta.cursor,
        lastSync: meta.lastSync,
        openConflicts: try count("SELECT count(*) FROM sync_conflict WHERE state IN ('open', 'proposed')"),
        parked: try count("SELECT count(*) FROM sync_parked WHERE state = 'waiting'"),
        bundleWritten: try db.integer(waiting))
    }
  }

  public func diff(_ only: RecordSchema? = nil, key: RowKey? = nil) throws -> [DiffEntry] {
    try read { db in
      var entries: [DiffEntry] = []
      for record in only.map({ [$0] }) ?? schema.records {
        try record.eachPending(db, key: key) { row in
          guard let change = row.change(record) else { return }
          let upstream = try record.upstream(db, key: row.key)
          if change.kind != .update {
            entries.append(
              DiffEntry(ref: change.ref, kind: change.kind, field: nil, base: .null, current: .null, edit: change.edit))
            return
          }
          for column in row.touched {
            entries.append(
              DiffEntry(
                ref: change.ref, kind: .update, field: record.fields[column].name, base: row.base[column] ?? .null,
                current: row.current?[column] ?? .null, upstream: upstream.map { $0?[column] ?? .null },
                edit: change.edit(of: column)))
          }
        }
      }
      return entries
    }
  }

  /// What is parked, oldest first.
  /// - Parameter waiting: whether to leave out what was settled.
  public func parked(waiting: Bool = true) throws -> [ParkedRow] {
    try read { db in
      var rows: [ParkedRow] = []
      let sql = """
        SELECT id, record, key, reason, zh, en, image, actor, edited_at, batch, state, city_id, ruled_by
        FROM sync_parked WHERE \(waiting ? "state = 'waiting'" : "state <> 'edited'") ORDER BY id
        """
      try db.each(sql) { row in
        guard let record = schema.record(row[1]), case .blob(let key) = row.cell(2), case .blob(let image) = row.cell(6)
        else { return }
        rows.append(
          ParkedRow(
            id: row[0], ref: RowRef(record.name, try RowKey(encoded: key)), reason: row[3],
            detail: Label(zh: row[4], en: row[5]), row: try decodeImage(image, record),
            edit: Edit(stamp: Stamp(raw: row[8]), actor: row[7]), batch: row[9],
            state: ParkedState(rawValue: row[10]) ?? .waiting, cityID: row[11], ruledBy: row[12]))
      }
      return rows
    }
  }

  /// What this file knows of a row without asking the city: pending edits, sent batches, conflicts. What was erased is NULL.
  public func history(_ record: RecordSchema, key: RowKey) throws -> [(batch: Int64?, change: Change)] {
    try read { db in
      var found: [(Int64?, Change)] = []
      var messages: [(Int64, [UInt8])] = []
      try db.each("SELECT number, message FROM sync_outbox ORDER BY number") { row in
        if case .blob(let bytes) = row.cell(1) { messages.append((row[0], bytes)) }
      }
      for (number, bytes) in messages {
        let changes = try ownBatch(db, bytes).changes.filter { $0.record == record.name && $0.key == key }
        found += changes.map { (number, $0.showingErased(record).change) }
      }
      if let change = try record.pending(db, key: key)?.change(record) { found.append((nil, change)) }
      return found
    }
  }
}

extension Replica {
  /// What this replica knows of itself now.
  public func meta() throws -> ReplicaMeta { try read(ReplicaMeta.read) }

  /// Everything that is wrong with the file, its constraints and its capture, and the rows that cannot be sent.
  public func verify() throws -> [Label] {
    let damage = try read { try schema.damage($0, weakKeys: false) }
    // Without their tables, rows cannot be judged.
    guard try read({ try schema.alteredObjects($0, weakKeys: false) }).isEmpty else { return damage }
    let note = try read(unverifiedNote)
    let held = try status().held.map { $0.problem.label(of: $0.ref) }
    return damage + [note].compactMap { $0 } + held.filter { !damage.contains($0) }
  }

  /// Refuses to sync a file whose tables or triggers another program altered: edits may have gone unseen. So it does once
  /// they are repaired, until the file was compared with the city.
  public func refuseDamage() throws { try read { try refuseDamage($0) } }

  /// The same within a transaction that freezes or pulls: a tool does not wait for the end of an exchange.
  func refuseDamage(_ db: Database) throws {
    try refuseAlteredObjects(db)
    if let note = try unverifiedNote(db) { throw Failure(.data, zh: note.zh, en: note.en) }
  }

  public func refuseAlteredObjects() throws { try read { try refuseAlteredObjects($0) } }

  private func refuseAlteredObjects(_ db: Database) throws {
    guard let first = try schema.captureProblems(db, weakKeys: false).first else {
      return try schema.refuseForeignConstraints(db, weakKeys: false)
    }
    throw Failure(
      .data, zh: first.zh + ";请运行 county verify,再用 county verify --deep 修复",
      en: first.en + "; run county verify, and county verify --deep to repair it")
  }
}
