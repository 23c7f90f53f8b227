import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What a receipt does here: rows taken or merged are done; a parked row, and what depends on it, leaves the record tables
// whole for sync_parked, so that they equal the master's; one that was edited again stays, pending against its old base.

extension Replica {
  /// Takes receipts, and what the answer says beside them of changes that were said again here.
  /// - Parameter former: of batches that are answered anew, what was heard of their changes.
  /// - Returns: what refers to rows that left with them.
  func take(
    _ db: Database, _ answer: Answer, replacing former: [Int64: [Int: RowReceipt]] = [:],
    _ summary: inout ReceiveSummary
  ) throws -> [Dependent] {
    summary.news += try openingOnce { try unsay(db, answer) }
    let entered = try answer.receipts.isEmpty ? [:] : whatCameIn(answer.items())
    var left: [Dependent] = []
    for receipt in answer.receipts {
      let number = receipt.header.number
      left += try take(
        db, receipt: receipt, of: answer, heard: former[number] ?? [:], entered: entered[number] ?? [:],
        &summary)
      summary.news += try openingOnce { try unsay(db, answer) }
    }
    return left
  }

  /// What the city says of changes of this replica that it had parked and that have come in, by their batch and number.
  private func whatCameIn(_ items: [PageItem]) -> [Int64: [Int: ParkedNotice]] {
    var found: [Int64: [Int: ParkedNotice]] = [:]
    for case .parked(let notice) in items where notice.parked.replica == identity.replica.description {
      let isIn = ParkedState.cameIn.contains(notice.state)
      found[notice.parked.batch, default: [:]][Int(notice.parked.n)] = isIn ? notice : nil
    }
    return found
  }

  /// - Returns: what refers to rows that left with it. Only when the pull has made room may it be parked.
  private func take(
    _ db: Database, receipt: Envelope, of answer: Answer, heard: [Int: RowReceipt], entered: [Int: ParkedNotice],
    _ summary: inout ReceiveSummary
  ) throws -> [Dependent] {
    let number = Value.integer(receipt.header.number)
    guard let found = try db.first("SELECT message, receipt FROM sync_outbox WHERE number = ?", [number]),
      case .blob(let bytes) = found[0], found[1].isNull
    else { return [] }
    guard try ReceiptBody.taken(receipt.body)?.hash == SealedEnvelope(bytes[...]).hash else {
      throw Self.ofAnotherCopy(receipt.header.number)
    }
    func answered() throws {
      let set = "UPDATE sync_outbox SET receipt = ?, former_receipt = NULL WHERE number = ?"
      try db.run(set, [.blob(receipt.bytes), number])
      try eraseAcknowledged(db, batch: receipt.header.number)
    }
    if try isHeard(db, receipt.header) {
      try answered()
      return []
    }
    let rows = try ReceiptBody.decode(receipt.body)
    let asks = try db.first("SELECT 1 FROM sync_request WHERE batch = ?", [number]) != nil
    var granted: [(RecordSchema, RowKey)] = []
    var left: [Dependent] = []
    if !rows.isEmpty || asks {
      let batch = try withoutErasedBases(db, ownBatch(db, bytes), number: receipt.header.number)
      left = try openingOnce {
        try take(
          db, rows, of: batch, number: receipt.header.number, heard, entered: entered, answer: answer,
          &summary)
      }
      granted = try self.granted(db, rows, of: batch, number: receipt.header.number)
    }
    let parked = Set(rows.filter { $0.outcome == .parked }.map(\.n))
    try openingOnce { try forgetParked(db, of: receipt.header.number, but: parked, answer) }
    // A later batch of a row supersedes what was parked of it.
    try db.run(
      """
      DELETE FROM sync_parked WHERE batch < ?1 AND \(ReplicaTables.isOpen) AND EXISTS (
        SELECT 1 FROM sync_flight f WHERE f.record = sync_parked.record AND f.key = sync_parked.key AND f.batch = ?1)
      """, [number])
    try forgetUpstream(db, of: number)
    #if MUTANTS
      if Mutant.keepsFlight.isActive { return left }
    #endif
    try land(db, number)
    for (record, key) in granted { left += try takeDelete(db, record, key: key) }
    try db.run("DELETE FROM sync_decision WHERE batch = ?", [number])
    try db.run("DELETE FROM sync_request WHERE batch = ?", [number])
    try answered()
    return left
  }

  private static func ofAnotherCopy(_ number: Int64) -> Failure {
    Failure(
      .protocolViolation, zh: "回复所答的第 \(number) 批不是本机的:本机文件另有副本在用;未作任何更改,请运行 county rejoin,本机的修改都会保留",
      en:
        "the answer is to a batch \(number) that is not this replica's: another copy of its file is in use; nothing was changed, "
        + "run county rejoin, which keeps its edits")
  }

  /// The cells of a batch are in flight no more. Mostly no other batch is, and the table is emptied at once; else it is gone
  /// through: an index by batch would cost every freeze more than that.
  private func land(_ db: Database, _ number: Value) throws {
    let isLast =
      try db.first("SELECT 1 FROM sync_outbox WHERE receipt IS NULL AND number <> ? LIMIT 1", [number]) == nil
    if isLast {
      try db.run("DELETE FROM sync_flight")
    } else {
      try db.run("DELETE FROM sync_flight WHERE batch = ?", [number])
    }
  }

  /// - Parameters:
  ///   - heard: by their number, what was heard of changes before: it is no news.
  ///   - entered: by their number, changes that were parked and have come in since.
  ///   - answer: that brings the receipt; nil: it came before.
  func take(
    _ db: Database, _ rows: [RowReceipt], of batch: Batch, number: Int64, _ heard: [Int: RowReceipt],
    entered: [Int: ParkedNotice] = [:], answer: Answer? = nil, _ summary: inout ReceiveSummary
  ) throws -> [Dependent] {
    var leaving: [(RecordSchema, RowKey)] = []
    let parked = rows.filter { $0.outcome == .parked && $0.n <= batch.changes.count }.map { batch.changes[$0.n - 1] }
    try answer?.look(at: Set(parked.filter { $0.kind == .insert }.map(\.ref)))
    for row in rows {
      let isHeard = heard[row.n] == row
      if isHeard, row.outcome != .parked { continue }
      guard row.n <= batch.changes.count else {
        let index = row.n - batch.changes.count - 1
        if index < batch.decisions.count {
          summary.news.append(.refused(batch.decisions[index].withoutErased(schema), row.detail))
        }
        continue
      }
      if row.reason == RowReceipt.erased, !isHeard {
        summary.news.append(.erased(batch.changes[row.n - 1].ref, row.detail))
      }
      switch row.outcome {
      case .merged: summary.merged += 1
      case .contested: summary.conflicts += 1
      case .rejected: summary.rejected += 1
      case .parked:
        let change = batch.changes[row.n - 1]
        guard let record = schema.record(change.record) else { continue }
        let wasParked = heard[row.n]?.outcome == .parked
        let waits = try waitsAgain(db, record, change, row, batch: number, wasParked: wasParked)
        let notice = waits ? nil : entered[row.n]
        // What had come in, and waits now, is news.
        if !isHeard || !waits && notice == nil {
          summary.parked += 1
          summary.news.append(.parked(change.ref, row.detail))
        }
        if waits { continue }
        if let notice {
          // What was sent stands at the city by now: it is the base of what was edited, or deleted, since.
          try addSaidAgain(db, record, change, row, batch: number, state: ParkedState.waiting.rawValue)
          if let item = try take(db, notice), !isHeard { summary.news.append(item) }
          continue
        }
        if try park(db, record, change, row, batch: number, answer) { leaving.append((record, change.key)) }
      }
    }
    // Only now is it known which rows were edited again and wait with their parents.
    return try applying(db) {
      try leaving.flatMap { record, key in
        let left = try remove(db, record, key: key)
        try record.clearPending(db, key: key)
        return left
      }
    }
  }

  /// The rows of an answered batch agree with the master, or its image follows in this same answer: neither is so of one that could
  /// not take its upstream, and was sent for another cell.
  private func forgetUpstream(_ db: Database, of batch: Value) throws {
    for record in schema.records {
      for key in try record.upstreamKeys(db) {
        let sql = "SELECT mask FROM sync_flight WHERE record = ? AND key = ? AND batch = ?"
        guard let sent = try db.integer(sql, [.text(record.name), .blob(key.encoded), batch]) else { continue }
        if let master = try stillBeneath(db, record, key, sent: sent) {
          try record.setUpstream(db, key: key, master)
        } else {
          try record.clearUpstream(db, key: key)
        }
      }
    }
  }

  /// The upstream of a row, with the cells that were sent as they are now, while another cell, of which nothing is on its way,
  /// is not as the master has it; nil: there is none.
  private func stillBeneath(_ db: Database, _ record: RecordSchema, _ key: RowKey, sent: Int64) throws -> [Value]? {
    guard let upstream = try record.upstream(db, key: key), var master = upstream else { return nil }
    let pending = try record.pending(db, key: key)
    guard let known = try pending.map({ $0.baseRow(record) }) ?? record.row(db, key: key) else { return nil }
    let flying = try flightMask(db, record, key)
    func isOf(_ mask: Int64, _ column: Int) -> Bool { mask >> Int64(column) & 1 == 1 }
    guard master.indices.contains(where: { !isOf(flying, $0) && known[$0] != master[$0] }) else { return nil }
    for column in master.indices where isOf(sent, column) { master[column] = known[column] }
    return master
  }

  /// Returns whether the row has to leave the record tables.
  private func park(
    _ db: Database, _ record: RecordSchema, _ change: Change, _ receipt: RowReceipt, batch: Int64, _ answer: Answer?
  ) throws -> Bool {
    // Who edited a row that went unseen has not taken it back.
    let known = try record.pending(db, key: change.key)
    let pending = known?.wentUnseen(record) == true ? nil : known
    let row = try record.row(db, key: change.key)
    let takenBack = row == nil ? try takingBack(db, change, pending) : nil
    // A delete on its way takes it back, and what stands here was entered after that.
    let isDeleted = try isDeleted(db, record, change.key, since: batch)
    let entered = change.kind == .insert ? try whatEntered(db, change, of: record, receipt, before: batch, answer) : nil
    let stands = entered != nil
    if var pending, pending.change(record) != nil, takenBack == nil, !isDeleted {
      // Edited again since: the batch changed nothing, so the base is the one before it.
      let base = stands ? nil : pending.baseRow(record)
      let asSent = base ?? change.imageAsSent
      try addParked(
        db, change.ref, image: asSent, edit: change.edit, sent: (batch, receipt.n), reason: receipt.reason,
        detail: receipt.detail, state: "edited")
      let id = db.lastInsertedRowID
      // A later batch of a row that never entered updates nothing either. What has entered of it counts, and is taken off.
      pending.existed = pending.existed && (change.kind != .insert || stands)
      // A wish to delete the row (M7) says nothing of what was typed since.
      for column in record.fields.indices where change.kind != .delete && !record.isKey(column) {
        // What was added to a sum is still to come, beside what is on its way.
        var before = record.before(change, column, standing: pending.base[column] ?? pending.current?[column])
        if stands, before == nil { before = entered?[column] }
        pending.base[column] = pending.existed ? before ?? pending.base[column] : nil
        if pending.cellEdits[column] == nil { pending.cellEdits[column] = change.cellEdits[column] }
      }
      try record.setPending(db, pending)
      // It said again what has come in, and that is taken off: nothing of it is left to say.
      let isSum = record.fields.indices.contains { record.added(change, $0) != nil }
      if isSum, pending.change(record) == nil, try hasEarlierComeIn(db, change.ref, before: batch) {
        try markWithdrawn(db, id, reason: "", edit: takingBack(db, change.ref), isSent: true)
      }
      return false
    }
    if isDeleted, let pending { try startBefore(db, record, change, pending, since: batch) }
    if let row, takenBack == nil, !isDeleted,
      let pending = try followed(db, record, change, over: row, by: batch, entered: entered)
    {
      try addParked(
        db, change.ref, image: row, edit: change.edit, sent: (batch, receipt.n), reason: receipt.reason,
        detail: receipt.detail, state: "edited")
      try record.setPending(db, pending)
      return false
    }
    // A row that an earlier batch parked is whole there.
    let image = try row ?? parkedImage(db, record, change.key) ?? change.imageAsSent
    #if MUTANTS
      if Mutant.parkedRowIsForgotten.isActive { return change.kind == .insert }
    #endif
    try addParked(
      db, change.ref, image: image, edit: change.edit, sent: (batch, receipt.n), reason: receipt.reason,
      detail: receipt.detail)
    if let takenBack {
      try markWithdrawn(db, db.lastInsertedRowID, reason: "", edit: takenBack, isSent: true)
    }
    return change.kind == .insert && !isDeleted
  }

  /// What was edited after the wish to delete a row (M7) starts from what was before: the wish takes back what was parked, and the row
  /// stays. Only of a sum more was added, on top of what stands.
  private func startBefore(
    _ db: Database, _ record: RecordSchema, _ change: Change, _ pending: PendingRow, since batch: Int64
  ) throws {
    let onItsWay = try changesOnTheirWay(db, record, change.key, since: batch)
    guard pending.existed, pending.current != nil, onItsWay.allSatisfy({ $0.change.kind == .delete }) else { return }
    var moved = pending
    for column in pending.touched where record.fields[column].policy != .sum {
      moved.base[column] = change.old[column] ?? pending.base[column]
    }
    try record.setPending(db, moved)
  }

  /// What an INSERT of a row starts from that was parked before and has come in: the row as it was sent, where an official has let
  /// it in out of sight, as far as it is so now, and of one that stands here, nothing; nil: it does not stand at the city.
  private func whatEntered(
    _ db: Database, _ change: Change, of record: RecordSchema, _ receipt: RowReceipt, before batch: Int64,
    _ answer: Answer?
  ) throws -> [Value?]? {
    let sql = """
      SELECT state, reason, image FROM sync_parked WHERE record = ? AND key = ? AND batch < ? AND \(Self.hasComeIn)
      ORDER BY batch DESC LIMIT 1
      """
    let place: [Value] = [.text(record.name), .blob(change.key.encoded), .integer(batch)]
    guard let answer, let found = try db.first(sql, place) else { return nil }
    if try answer.row(record, change.key) != nil { return record.fields.map { _ in Value.null } }
    // Where this one is not out of scope, the row out of sight is gone.
    let outOfScope = RowReceipt.outOfScope
    guard receipt.reason == outOfScope, found[0] == .text(ParkedState.admitted.rawValue), found[1] == .text(outOfScope),
      case .blob(let image) = found[2]
    else { return nil }
    let row = try record.row(db, key: change.key)
    return try decodeImage(image, record).enumerated().map { column, sent in
      guard let here = row?[column] else { return sent }
      // Another value meets what came in: who entered it may not have seen that.
      return here.isNull ? nil : here == sent ? sent : Value.null
    }
  }

  /// The edit that deleted a row after this change of it, when the row was entered here and the city never took it in.
  private func takingBack(_ db: Database, _ change: Change, _ pending: PendingRow?) throws -> Edit? {
    if change.kind == .insert { return pending?.edit }
    // The batch that entered it has been answered; its row was deleted by then, or since.
    let sql = """
      SELECT ruled_at, ruled_by FROM sync_parked
      WHERE record = ? AND key = ? AND state = 'withdrawn' AND ruled_at > ? LIMIT 1
      """
    let row: [Value] = [.text(change.record), .blob(change.key.encoded)]
    if let found = try db.first(sql, row + [.integer(change.edit.stamp.raw)]), case .integer(let at) = found[0],
      case .text(let actor) = found[1]
    {
      return Edit(stamp: Stamp(raw: at), actor: actor)
    }
    // What was set aside is not deleted.
    let edited = """
      SELECT batch, n FROM sync_parked WHERE record = ? AND key = ? AND state = 'edited' AND NOT \(Self.isSetAside)
      ORDER BY id
      """
    guard pending == nil, let found = try db.first(edited, row), case .integer(let batch) = found[0],
      case .integer(let n) = found[1], try sent(db, batch, n)?.kind == .insert
    else { return nil }
    return try takingBack(db, change.ref)
  }

  private func parkedImage(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws -> [Value]? {
    let sql = "SELECT image FROM sync_parked WHERE record = ? AND key = ? AND state = 'waiting' ORDER BY id DESC"
    guard case .blob(let image)? = try db.first(sql, [.text(record.name), .blob(key.encoded)])?.first else {
      return nil
    }
    return try decodeImage(image, record)
  }
}

extension Change {
  /// The row, as far as the change says it; what it says nothing of is empty.
  var imageAsSent: [Value] { zip(new, old).map { $0 ?? $1 ?? .null } }
}
