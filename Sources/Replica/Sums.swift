import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What is added to a sum is to count once. A change that waits at the city and is said again here may have entered there before that is
// known: then it is here that what counts twice is taken off again.

extension RecordSchema {
  /// What a change adds to a sum; nil: nothing, or it cannot be said.
  func added(_ change: Change, _ column: Int) -> Int64? {
    guard fields[column].policy == .sum, let new = change.new[column]?.addend,
      let old = (change.old[column] ?? .null).addend
    else { return nil }
    let (added, overflow) = new.subtractingReportingOverflow(old)
    return overflow || added == 0 ? nil : added
  }

  /// What a cell was before a change of it; nil: the change does not touch it. To a sum more may have been added since: it is what stands
  /// without what this change added.
  func before(_ change: Change, _ column: Int, standing value: Value?) -> Value? {
    added(change, column).flatMap { value?.minus($0) } ?? change.old[column]
  }
}

extension Value {
  /// A sum and what is added to it; nil: no integer holds it.
  func plus(_ added: Int64) -> Value? {
    guard let (sum, overflow) = addend?.addingReportingOverflow(added), !overflow else { return nil }
    return .integer(sum)
  }

  func minus(_ added: Int64) -> Value? {
    guard let (sum, overflow) = addend?.subtractingReportingOverflow(added), !overflow else { return nil }
    return .integer(sum)
  }
}

extension ParkedState {
  /// Of what was parked and came in: by itself, by a ruling, or with a duplicate.
  static let cameIn: Set<ParkedState> = [.entered, .admitted, .merged]
}

extension Replica {
  /// Takes note of changes that entered, by themselves or with a duplicate, though they were edited again here, or
  /// their row was entered anew: before the receipts that come with the news, and after each of them, for the next one
  /// may be of the batch that says it again.
  func unsay(_ db: Database, _ items: @autoclosure () throws -> [PageItem]) throws -> [News] {
    var news: [News] = []
    let isOpen = "state IN ('waiting', 'edited')"
    if try db.first("SELECT 1 FROM sync_parked WHERE batch IS NOT NULL AND \(isOpen) LIMIT 1") == nil { return news }
    for case .parked(let notice) in try items() where ParkedState.cameIn.contains(notice.state) {
      let place: [Value] = [.integer(notice.parked.batch), .integer(notice.parked.n)]
      let find = "SELECT record, key, state FROM sync_parked WHERE batch = ? AND n = ? AND \(isOpen)"
      guard notice.parked.replica == identity.replica.description, let found = try db.first(find, place),
        case .text(let name) = found[0], case .blob(let key) = found[1], let record = schema.record(name)
      else { continue }
      let (ref, batch) = (try RowRef(name, RowKey(encoded: key)), notice.parked.batch)
      let isWaiting = found[2] == .text(ParkedState.waiting.rawValue)
      if isWaiting, try !isEnteredAnew(db, record, ref, since: batch) { continue }
      if try isEdited(db, record, ref) {
        try unsay(db, record, ref.key, sent(db, since: batch, of: [ref])[ref] ?? [], enteredAnew: isWaiting)
      }
      if let item = try take(db, notice) { news.append(item) }
    }
    return news
  }

  /// Whether a row of which something waits is entered anew: by the next batch of it that is on its way, or by what is
  /// pending.
  private func isEnteredAnew(_ db: Database, _ record: RecordSchema, _ ref: RowRef, since batch: Int64) throws -> Bool {
    let sql = "SELECT min(batch) FROM sync_flight WHERE record = ? AND key = ? AND batch > ?"
    guard let next = try db.integer(sql, [.text(ref.record), .blob(ref.key.encoded), .integer(batch)]) else {
      return try record.pending(db, key: ref.key)?.change(record)?.kind == .insert
    }
    return try sent(db, next).contains { $0.ref == ref && $0.kind == .insert }
  }

  /// Takes off what a change added that has come in by itself and is said again.
  /// - Parameters:
  ///   - changes: that change, and what batches after it say of the row.
  ///   - isAnew: nobody took it up, the row was entered anew: that says all of it, and what it leaves empty takes
  ///     nothing away (M6).
  func unsay(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, _ changes: [Change], enteredAnew isAnew: Bool = false
  ) throws {
    guard var said = changes.first?.withoutErased(record), said.kind != .delete,
      let row = try record.row(db, key: key)
    else { return }
    if said.kind == .insert {
      // What followed it, until it was said again.
      for update in changes.dropFirst().prefix(while: { $0.kind != .insert }) where update.kind == .update {
        for column in update.new.indices { said.new[column] = update.new[column] ?? said.new[column] }
      }
    }
    var pending =
      try record.pending(db, key: key)
      ?? PendingRow(key: key, existed: true, base: record.undefined, current: row, edit: said.edit)
    let blanks = Set(row.indices.filter { isAnew && row[$0].isNull && pending.base[$0] == nil })
    if isAnew { said.old = record.undefined }
    if pending.existed {
      for column in row.indices where !blanks.contains(column) {
        if let base = record.added(said, column).flatMap((pending.base[column] ?? row[column]).plus) {
          pending.base[column] = base
        }
      }
    } else {
      // The row is there, as it was sent last.
      pending.existed = true
      for column in row.indices where !record.isKey(column) && !blanks.contains(column) {
        pending.base[column] = said.new[column] ?? .null
      }
    }
    for column in row.indices where pending.base[column] == row[column] { pending.base[column] = nil }
    if pending.touched.isEmpty { try record.clearPending(db, key: key) } else { try record.setPending(db, pending) }
  }

  /// What a batch says of rows, and of those that it entered what batches after it say.
  func sent(_ db: Database, since batch: Int64, of refs: Set<RowRef>) throws -> [RowRef: [Change]] {
    if refs.isEmpty { return [:] }
    var found: [RowRef: [Change]] = [:]
    for change in try sent(db, batch) where refs.contains(change.ref) { found[change.ref] = [change] }
    let entered = found.filter { $0.value.first?.kind == .insert }
    if entered.isEmpty { return found }
    var numbers: [Int64] = []
    try db.each("SELECT number FROM sync_outbox WHERE number > ? ORDER BY number", [.integer(batch)]) {
      numbers.append($0[0])
    }
    for number in numbers {
      for change in try sent(db, number) where entered[change.ref] != nil { found[change.ref]?.append(change) }
    }
    return found
  }
}
