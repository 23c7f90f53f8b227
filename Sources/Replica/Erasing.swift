import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The city erased personal data: every copy of it goes here too. What a clerk has pending, or has sent and has no receipt of,
// is not a copy but a newer value: it stays, against a base that is erased.

extension Replica {
  /// Before anything else of a pull, so that what the city has said since stands. Once: what was entered since is new.
  func carryOut(_ erasures: [Erasure], _ db: Database) throws {
    let known = "SELECT 1 FROM sync_erasure WHERE record = ? AND key = ? AND stamp = ?"
    var new: [(Erasure, RecordSchema)] = []
    for erasure in erasures {
      guard let record = schema.record(erasure.record), try db.first(known, name(of: erasure)) == nil else { continue }
      try db.run(
        """
        INSERT INTO sync_erasure (\(Erasure.columns.joined(separator: ", ")), sent)
        SELECT \(placeholders(6)), value FROM sync_meta WHERE name = 'last'
        """, erasure.row)
      new.append((erasure, record))
    }
    if new.isEmpty { return }
    try OldPages.inFile.note(db)
    try eraseSent(db, new.map(\.0))
    for (erasure, record) in new { try eraseKept(db, erasure, record) }
  }

  /// What is kept here of other copies than sent ones.
  private func eraseKept(_ db: Database, _ erasure: Erasure, _ record: RecordSchema) throws {
    let columns = record.restrictedColumns(erasure.fields)
    try eraseUnsentCopies(db, erasure.ref, record, columns)
    try eraseImages(db, of: "sync_archive", where: "true", [], erasure, record)
    try eraseRequest(db, erasure.ref, record, columns)
    let conflicts = try ConflictTables.erase(db, erasure, record).map { String($0.id) }.joined(separator: ", ")
    try db.execute(
      sql: """
        UPDATE sync_decision SET value = NULL
        WHERE batch IS NULL AND choice IN ('keep', 'take') AND conflict IN (\(conflicts))
        """)
    try eraseRow(db, erasure.ref, record, columns)
  }

  /// A snapshot that was fetched lies beside the file, also when whoever fetched or unpacked it was killed, and may
  /// hold what is erased. All of it may go at any time: who needs it fetches it anew.
  /// - Parameter used: paths of files that stay, for they are being read.
  func removeFetched(but used: [String] = []) {
    let file = URL(fileURLWithPath: path)
    let folder = file.deletingLastPathComponent()
    let kept = Set(used.map { URL(fileURLWithPath: $0).lastPathComponent })
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      guard !kept.contains(name), name.hasPrefix(file.lastPathComponent),
        Self.isFetched(name.dropFirst(file.lastPathComponent.count))
      else { continue }
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }

  /// Whether a file beside a replica's, by the end of its name, is one that our programs fetch or unpack: somebody's own
  /// copy may have a name that begins so.
  private static func isFetched(_ ending: Substring) -> Bool {
    if ending == ".snapshot" || ending == ".snapshot-manifest" { return true }
    return [".snapshot-", ".bundle-"].contains { start in
      guard ending.hasPrefix(start) else { return false }
      let id = ending.dropFirst(start.count)
      return UUID(uuidString: String(id.prefix(36))) != nil && ["", "-journal"].contains(id.dropFirst(36))
    }
  }

  /// Receipts may have come of batches that were made before an erasure was known: now they are copies.
  func eraseAcknowledged(_ db: Database, batch: Int64) throws {
    let erasures = try erasures(db, since: batch)
    if erasures.isEmpty { return }
    try OldPages.inFile.note(db)
    try eraseSent(db, erasures, only: batch)
  }

  /// A batch that was made before erasures were known brings no base back that they took.
  func withoutErasedBases(_ db: Database, _ batch: Batch, number: Int64) throws -> Batch {
    var batch = batch
    for erasure in try erasures(db, since: number) {
      guard let record = schema.record(erasure.record) else { continue }
      for i in batch.changes.indices where batch.changes[i].ref == erasure.ref {
        for column in record.restrictedColumns(erasure.fields) {
          batch.changes[i].old[column] = batch.changes[i].old[column].map(record.fields[column].erasing)
        }
      }
    }
    return batch
  }

  /// Those that were not known yet when a batch was made.
  func erasures(_ db: Database, since batch: Int64) throws -> [Erasure] {
    var erasures: [Erasure] = []
    let columns = Erasure.columns.joined(separator: ", ")
    try db.each("SELECT \(columns) FROM sync_erasure WHERE sent >= ?", [.integer(batch)]) { row in
      if let erasure = Erasure(row: row.cells(0..<Erasure.columns.count)) { erasures.append(erasure) }
    }
    return erasures
  }

  private func name(of erasure: Erasure) -> [Value] {
    [.text(erasure.record), .blob(erasure.key.encoded), .integer(erasure.edit.stamp.raw)]
  }

  /// What was sent before these erasures were known, and has arrived. Each batch is opened once: it may hold all rows.
  private func eraseSent(_ db: Database, _ erasures: [Erasure], only one: Int64? = nil) throws {
    let known = "SELECT sent FROM sync_erasure WHERE record = ?1 AND key = ?2 AND stamp = ?3"
    let arrived = "batch <= (\(known)) AND batch NOT IN (SELECT number FROM sync_outbox WHERE receipt IS NULL)"
    let ofRow = "WHERE record = ?1 AND key = ?2 AND \(arrived)"
    let sql = "SELECT batch FROM sync_secret \(ofRow) UNION SELECT batch FROM sync_parked \(ofRow)"
    var ofBatch: [Int64: [Erasure]] = [:]
    for erasure in erasures {
      try db.each(sql, name(of: erasure)) { ofBatch[$0[0] as Int64, default: []].append(erasure) }
    }
    for (batch, erasures) in ofBatch.sorted(by: { $0.key < $1.key }) where one == nil || batch == one {
      let sent = try sentCells(db, batch, of: Set(erasures.map(\.ref)))
      for erasure in erasures {
        if let record = schema.record(erasure.record) { try eraseSent(db, erasure, record, batch, sent[erasure.ref]) }
      }
    }
  }

  /// What the city kept as a new value stays, for a city that was restored, and so does what an earlier batch left, as the
  /// base of a later edit.
  private func eraseSent(
    _ db: Database, _ erasure: Erasure, _ record: RecordSchema, _ batch: Int64, _ sent: SentCells?
  ) throws {
    let kept = sent?.enteredSince(erasure, record) ?? [:]
    try SecretTable.erase(
      db, erasure,
      where: """
        batch = ? AND commitment NOT IN (\(placeholders(kept.count)))
          AND NOT EXISTS (
            SELECT 1 FROM sync_secret s WHERE s.record = sync_secret.record AND s.key = sync_secret.key
              AND s.field = sync_secret.field AND s.value = sync_secret.value AND s.batch < sync_secret.batch)
        """, [.integer(batch)] + Array(kept.values))
    var rest = erasure
    rest.fields.removeAll { kept[$0] != nil }
    if rest.fields.isEmpty { return }
    try eraseImages(db, of: "sync_parked", where: "batch = ?", [.integer(batch)], rest, record)
    // What the city did not take stands here until its image comes, and would be archived with a row that goes.
    var set: [Int: Value] = [:]
    for (column, value) in (sent?.values ?? []).enumerated() { set[column] = value }
    let columns = record.restrictedColumns(rest.fields).filter { set[$0] != nil }
    try eraseRow(db, erasure.ref, record, columns, sent: set)
    try eraseUnsentCopies(db, erasure.ref, record, columns, sent: set)
  }

  /// What a batch set of these rows; empty: it is here no more.
  private func sentCells(_ db: Database, _ number: Int64, of refs: Set<RowRef>) throws -> [RowRef: SentCells] {
    let found = try db.first("SELECT receipt, message FROM sync_outbox WHERE number = ?", [.integer(number)])
    guard let found, case .blob(let bytes) = found[1] else { return [:] }
    let message = try SealedEnvelope(bytes[...])
    let own = try ownSchema(db, of: message.header)
    let sealed = try Batch(message.unverifiedBody(), schema: own, isOwn: true)
    let known = try sealed.opened(own, with: SecretTable.read(db, of: number))
    var receipt: (stamp: Stamp, offset: Int64)?
    if case .blob(let bytes) = found[0] {
      let answer = try SealedEnvelope(bytes[...])
      receipt = try ReceiptBody.taken(answer.unverifiedBody()).map { (stamp: answer.header.stamp, offset: $0.offset) }
    }
    var cells: [RowRef: SentCells] = [:]
    for (change, opened) in zip(sealed.changes, known.changes) where refs.contains(change.ref) {
      cells[change.ref] = SentCells(change: change, values: opened.new, receipt: receipt)
    }
    return cells
  }

  private func eraseImages(
    _ db: Database, of table: String, where condition: String, _ arguments: [Value], _ erasure: Erasure,
    _ record: RecordSchema
  ) throws {
    let columns = record.restrictedColumns(erasure.fields)
    var images: [(Value, Value)] = []
    let row: [Value] = [.text(erasure.record), .blob(erasure.key.encoded)]
    try db.each(
      "SELECT id, image FROM \(table) WHERE record = ? AND key = ? AND \(condition)", row + arguments
    ) { images.append(($0.cell(0), $0.cell(1))) }
    for (id, image) in images {
      let erased = record.erasing(columns, inImage: image)
      if erased != image { try db.run("UPDATE \(table) SET image = ? WHERE id = ?", [erased, id]) }
    }
  }

  private func eraseRequest(_ db: Database, _ ref: RowRef, _ record: RecordSchema, _ columns: [Int]) throws {
    let (match, row) = ("record = ? AND key = ?", [Value.text(ref.record), .blob(ref.key.encoded)])
    guard let image = try db.first("SELECT image FROM sync_request WHERE \(match)", row)?.first else { return }
    let erased = record.erasing(columns, inImage: image)
    if erased != image { try db.run("UPDATE sync_request SET image = ? WHERE \(match)", [erased] + row) }
  }

  /// A row that waits here unsent is kept whole: what it has in common with the row that stands, or with its base, is a
  /// copy, not an edit. So is all of one that is settled, and of one of which nobody can tell what was edited.
  /// - Parameter sent: what a batch that has been answered set is one, too.
  private func eraseUnsentCopies(
    _ db: Database, _ ref: RowRef, _ record: RecordSchema, _ columns: [Int], sent: [Int: Value] = [:]
  ) throws {
    let row = try record.row(db, key: ref.key)
    var images: [(id: Value, row: [Value], base: Value, isCopy: Bool)] = []
    let sql = "SELECT id, image, base, state, n FROM sync_parked WHERE record = ? AND key = ? AND batch IS NULL"
    try db.each(sql, [.text(ref.record), .blob(ref.key.encoded)]) { found in
      guard case .blob(let bytes) = found.cell(1) else { return }
      let isUntold = found.cell(2).isNull && found.cell(4) == .integer(0)
      let isSettled = found.cell(3) != .text(ParkedState.waiting.rawValue)
      images.append((found.cell(0), try decodeImage(bytes, record), found.cell(2), isUntold || isSettled))
    }
    for (id, image, base, isCopy) in images {
      var was: [Value]?
      if case .blob(let bytes) = base { was = try decodeImage(bytes, record) }
      let copies = columns.filter { isCopy || [row?[$0], sent[$0], was?[$0]].contains(image[$0]) }
      let erased = record.erasing(copies, in: image)
      try db.run(
        "UPDATE sync_parked SET image = ?, base = ? WHERE id = ?",
        [.blob(encodeImage(erased)), record.erasing(columns, inImage: base), id])
    }
  }

  /// The row and what lies beneath it. A touched cell keeps its value; its base and its upstream are copies.
  /// - Parameter sent: what a batch that has been answered set. Where that stands in a row that was edited again since, it is a copy, too.
  private func eraseRow(
    _ db: Database, _ ref: RowRef, _ record: RecordSchema, _ columns: [Int], sent: [Int: Value] = [:]
  ) throws {
    if let upstream = try record.upstream(db, key: ref.key), let image = upstream {
      try record.setUpstream(db, key: ref.key, record.erasing(columns, in: image))
    }
    var touched = Set(try flightColumns(db, record, ref.key))
    if var pending = try record.pending(db, key: ref.key) {
      touched.formUnion(pending.touched.filter { sent[$0] == nil || sent[$0] != pending.current?[$0] })
      for column in columns { pending.base[column] = pending.base[column].map(record.fields[column].erasing) }
      try record.setPending(db, pending)
    }
    guard let row = try record.row(db, key: ref.key) else { return }
    let erased = record.erasing(columns.filter { !touched.contains($0) }, in: row)
    if erased != row { try applying(db) { try record.writeUnchecked(db, row: erased) } }
  }

  private func flightColumns(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws -> [Int] {
    let mask = try flightMask(db, record, key)
    return record.fields.indices.filter { mask >> Int64($0) & 1 == 1 }
  }
}

/// What a batch set of a row.
private struct SentCells {
  /// With commitments for restricted values.
  let change: Change
  /// The values, as far as they are known.
  let values: [Value?]
  /// When the city took the batch, and by how much its clock was ahead then; nil: it has not said.
  let receipt: (stamp: Stamp, offset: Int64)?

  /// By field, the commitments of values that came after an erasure and were edited after it, by the city's time (E5).
  func enteredSince(_ erasure: Erasure, _ record: RecordSchema) -> [String: Value] {
    guard let receipt, receipt.stamp > erasure.edit.stamp else { return [:] }
    var kept: [String: Value] = [:]
    for column in record.restrictedColumns(erasure.fields) where column < values.count {
      // What was erased since is a commitment still.
      guard let commitment = change.new[column], !commitment.isNull, values[column] != commitment else { continue }
      let edited = change.edit(of: column).stamp
      if erasure.isBefore(edited, offset: receipt.offset, arrival: receipt.stamp) {
        kept[record.fields[column].name] = commitment
      }
    }
    return kept
  }
}
