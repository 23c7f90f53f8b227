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

/// A change that was parked and has come in.
struct CameIn {
  var ref: RowRef
  var batch: Int64
  /// It was said again as an edit of its row; else that may have been entered anew beside it.
  var isTakenUp: Bool
  /// It came in with a duplicate, and so in another row.
  var isMerged = false
  /// It may have landed with the unit that took over, in a row that is seen here no more.
  var isTakenOver = false
  /// It was out of scope, and an official has let it in: in a row of another unit.
  var isOutOfScope = false

  var isElsewhere: Bool { isMerged || isTakenOver || isOutOfScope }
}

/// A change of a batch that is on its way.
struct ChangeOnItsWay {
  var change: Change
  var batch: Int64
  var n: Int
}

/// What says a change again that was parked.
enum SaidAgain {
  /// An edit of the row, pending or on its way.
  case edit
  /// A batch on its way enters the row, and others may follow.
  case entry(ChangeOnItsWay, later: [ChangeOnItsWay])
  /// What is pending enters the row.
  case pendingEntry
}

extension Replica {
  /// Takes note of changes that entered, by themselves or with a duplicate, though they were edited again here, or
  /// their row was entered anew: before the receipts that come with the news, and after each of them, for the next one
  /// may be of the batch that says it again.
  func unsay(_ db: Database, _ answer: Answer) throws -> [News] {
    var news: [News] = []
    var open: [Int64: Set<Int64>] = [:]
    try db.each("SELECT batch, n FROM sync_parked WHERE batch IS NOT NULL AND \(ReplicaTables.isOpen)") { row in
      open[row[0], default: []].insert(row[1])
    }
    // What was taken back too late has come in, too.
    let isWithdrawn = "SELECT 1 FROM sync_parked WHERE batch = ? AND n = ? AND state = 'withdrawn'"
    let notices = try answer.items().compactMap { item -> ParkedNotice? in
      guard case .parked(let notice) = item, ParkedState.cameIn.contains(notice.state),
        notice.parked.replica == identity.replica.description
      else { return nil }
      let (batch, n) = (notice.parked.batch, notice.parked.n)
      if open[batch]?.contains(n) == true { return notice }
      #if MUTANTS
        if Mutant.takenBackTooLateCountsOn.isActive { return nil }
      #endif
      return try db.first(isWithdrawn, [.integer(batch), .integer(n)]) == nil ? nil : notice
    }
    if notices.isEmpty { return news }
    let isTakenOver = try isTakenOver(db, answer)
    var found: [(notice: ParkedNotice, record: RecordSchema, item: CameIn)] = []
    for notice in notices {
      let (batch, n) = (notice.parked.batch, notice.parked.n)
      let find = """
        SELECT record, key, state, reason FROM sync_parked
        WHERE batch = ? AND n = ? AND state IN ('waiting', 'edited', 'withdrawn')
        """
      guard let row = try db.first(find, [.integer(batch), .integer(n)]), case .text(let name) = row[0],
        case .blob(let key) = row[1], let record = schema.record(name)
      else { continue }
      let item = CameIn(
        ref: try RowRef(name, RowKey(encoded: key)), batch: batch, isTakenUp: row[2] == .text("edited"),
        isMerged: notice.state == .merged, isTakenOver: isTakenOver,
        isOutOfScope: notice.state == .admitted && row[3] == .text(RowReceipt.outOfScope))
      found.append((notice, record, item))
    }
    try answer.look(at: Set(found.map(\.item.ref)))
    for (notice, record, item) in found {
      guard try unsay(db, record, item, answer) || item.isTakenUp else { continue }
      if let item = try take(db, notice) { news.append(item) }
    }
    return news
  }

  /// Takes off what a change added that has come in, when something says it again.
  /// - Returns: whether something does.
  func unsay(_ db: Database, _ record: RecordSchema, _ item: CameIn, _ answer: Answer) throws -> Bool {
    var item = item
    // What is edited beside what was set aside says nothing again.
    if item.isTakenUp, try unsayAside(db, record, item) { item.isTakenUp = false }
    guard let again = try saidAgain(db, record, item) else { return false }
    try unsay(db, record, item, by: again, sent(db, since: item.batch, of: item.ref), answer)
    return true
  }

  /// What was taken up of a change that has come in, and was set aside unsent since, starts from what came in. What starts from
  /// something on its way that says the change again says it no more.
  /// - Returns: whether there is such.
  private func unsayAside(_ db: Database, _ record: RecordSchema, _ item: CameIn) throws -> Bool {
    let sql = """
      SELECT id, image, base, edited_at FROM sync_parked
      WHERE record = ?1 AND key = ?2 AND batch IS NULL AND state = 'waiting'
        AND id > (SELECT id FROM sync_parked WHERE record = ?1 AND key = ?2 AND batch = ?3)
      ORDER BY id LIMIT 1
      """
    let place: [Value] = [.text(record.name), .blob(item.ref.key.encoded), .integer(item.batch)]
    guard let found = try db.first(sql, place), case .blob(let image) = found[1], case .integer(let stamp) = found[3]
    else { return false }
    let changes = try sent(db, since: item.batch, of: item.ref)
    guard let said = withWhatFollowed(changes, record) else { return false }
    let row = try decodeImage(image, record)
    let start: [Value]? = if case .blob(let bytes) = found[2] { try decodeImage(bytes, record) } else { nil }
    let sums = record.fields.indices.filter { record.added(changes[0], $0) != nil }
    let before = try changesOnTheirWay(db, record, item.ref.key, since: item.batch).map(\.change).filter {
      $0.edit.stamp < Stamp(raw: stamp)
    }
    // Of several that add to a sum it starts from the last one.
    let isStart = sums.contains { column in
      before.last { $0.new[column] != nil }.map { $0.new[column] == start?[column] } ?? false
    }
    let isSaidBefore = isStart || before.contains { $0.kind == .insert }
    if isSaidBefore { return false }
    // Of a row that was entered all came in; of an edit only a sum counts twice.
    var base: [Value] = start ?? said.new.map { $0 ?? .null }
    if start != nil {
      var isSaid = false
      for column in row.indices where row[column] != base[column] {
        guard let moved = record.added(changes[0], column).flatMap(base[column].plus) else { continue }
        (base[column], isSaid) = (moved, true)
      }
      if !isSaid { return false }
    } else if said.kind != .insert {
      return false
    }
    let state: ParkedState = base == row ? .superseded : .waiting
    try db.run(
      "UPDATE sync_parked SET n = 0, base = ?, state = ? WHERE id = ?",
      [.blob(encodeImage(base)), .text(state.rawValue), found[0]])
    return true
  }

  /// Whether another unit has taken over from this one: what comes in lands there. A machine that was offline hears of
  /// it in this answer.
  func isTakenOver(_ db: Database, _ answer: Answer) throws -> Bool {
    guard let units = schema.units, let unit, let record = schema.record(units.record),
      let column = schema.successor.flatMap(record.index(of:))
    else { return false }
    let key = RowKey([.text(unit)])
    let row = try answer.row(record, key) ?? record.row(db, key: key)
    return row?[column].isNull == false
  }

  /// What batches on their way after this one say of a row, one after the other.
  func changesOnTheirWay(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, since batch: Int64
  ) throws -> [ChangeOnItsWay] {
    var numbers: [Int64] = []
    let sql = "SELECT batch FROM sync_flight WHERE record = ? AND key = ? AND batch > ? ORDER BY batch"
    try db.each(sql, [.text(record.name), .blob(key.encoded), .integer(batch)]) { numbers.append($0[0]) }
    let ref = RowRef(record.name, key)
    return try numbers.compactMap { number in
      let changes = try sent(db, number)
      let place: Int? =
        if let openedBatches { openedBatches.place(of: ref, in: number) } else {
          changes.firstIndex { $0.ref == ref }
        }
      guard let index = place else { return nil }
      return ChangeOnItsWay(change: changes[index].withoutErased(record), batch: number, n: index + 1)
    }
  }

  /// What says a change again; nil: nothing does. A row that is entered after a delete of it says nothing again.
  private func saidAgain(_ db: Database, _ record: RecordSchema, _ item: CameIn) throws -> SaidAgain? {
    let onItsWay = try changesOnTheirWay(db, record, item.ref.key, since: item.batch)
    let pending = try record.pending(db, key: item.ref.key)?.change(record)
    let isDeleted = onItsWay.contains { $0.change.kind == .delete }
    if pending?.kind == .insert { return isDeleted ? nil : .pendingEntry }
    // What enters the row says all of it again, also what follows before that; and a wish to delete it (M7) may go before.
    let next = onItsWay.first { $0.change.kind == .insert } ?? onItsWay.first { $0.change.kind != .delete }
    if let next, next.change.kind == .insert {
      return isDeleted ? nil : .entry(next, later: onItsWay.filter { $0.batch > next.batch })
    }
    return item.isTakenUp && (next != nil || pending != nil) ? .edit : nil
  }

  /// Takes off what a change added that has come in and is said again: the base of the next edit moves by that much.
  /// - Parameter changes: that change, and what batches after it say of the row.
  private func unsay(
    _ db: Database, _ record: RecordSchema, _ item: CameIn, by again: SaidAgain, _ changes: [Change], _ answer: Answer
  ) throws {
    let key = item.ref.key
    guard let said = withWhatFollowed(changes, record), let row = try record.row(db, key: key) else { return }
    var pending =
      try record.pending(db, key: key)
      ?? PendingRow(key: key, existed: true, base: record.undefined, current: row, edit: said.edit)
    func takeOff(_ twice: Change, _ column: Int) {
      guard let base = record.added(twice, column).flatMap((pending.base[column] ?? row[column]).plus) else { return }
      pending.base[column] = base
    }
    switch again {
    case .edit:
      // It says again what that change added. What followed is added once.
      for column in row.indices { takeOff(changes[0], column) }
    case .entry(let entry, let later):
      if !record.fields.contains(where: { $0.policy == .sum }) { return }
      let outcome = try answer.outcome(of: entry.n, in: entry.batch)
      let standing = try answer.row(record, key)
      // Others have deleted the row meanwhile: what enters it meets nothing.
      let isMet = outcome == .merged || outcome == .contested || item.isElsewhere || standing != nil
      if outcome == .asSent || !isMet { return }
      // What the batches say of the row that the city had taken when it answered.
      var asSent = entry.change.new
      for update in later {
        let became = try answer.outcome(of: update.n, in: update.batch)
        if became == nil || became == .parked { continue }
        for column in asSent.indices { asSent[column] = update.change.new[column] ?? asSent[column] }
      }
      let twice = item.isTakenUp ? said : filled(said, entry.change.new)
      for column in row.indices where item.isTakenUp || entry.change.new[column]?.isNull == false {
        let isAlone = outcome == .contested && standing?[column] == asSent[column] ?? .null
        if !isAlone { takeOff(twice, column) }
      }
    case .pendingEntry:
      // It is an edit of the row that came in; what is left empty takes nothing away (M6).
      pending.existed = true
      let twice = item.isTakenUp ? said : filled(said, row)
      // What landed elsewhere may be deleted there, or have been before: then the row comes back by what is entered.
      let isUnseen = try item.isTakenOver && !item.isMerged && answer.row(record, key) == nil
      for column in row.indices where !record.isKey(column) && (item.isTakenUp || !row[column].isNull) {
        // Who did not take it up has not seen it: another value meets what came in.
        let isSeen = !isUnseen && (item.isTakenUp || row[column] == said.new[column])
        let known = isSeen ? said.new[column] : nil
        pending.base[column] = record.added(twice, column).map(Value.integer) ?? known ?? .null
      }
      // Others have deleted that since: who did not take it up enters a row of their own.
      let isGone = try !item.isElsewhere && answer.row(record, key) == nil
      if isGone, !item.isTakenUp || pending.touched.isEmpty { return }
    }
    for column in row.indices where pending.base[column] == row[column] { pending.base[column] = nil }
    if pending.touched.isEmpty { try record.clearPending(db, key: key) } else { try record.setPending(db, pending) }
  }

  /// A change, and if it entered the row, with what followed it until that was entered again; nil: it adds nothing.
  private func withWhatFollowed(_ changes: [Change], _ record: RecordSchema) -> Change? {
    guard var said = changes.first?.withoutErased(record), said.kind != .delete else { return nil }
    if said.kind == .update { return said }
    for update in changes.dropFirst().prefix(while: { $0.kind != .insert }) where update.kind == .update {
      for column in update.new.indices { said.new[column] = update.new[column] ?? said.new[column] }
    }
    return said
  }

  /// A change that waited, of which the row that was entered anew says some cells again: what was left empty was filled
  /// with all of the value, and not only with what the change added to it.
  private func filled(_ said: Change, _ entry: [Value?]) -> Change {
    var said = said
    for column in entry.indices where entry[column] == said.new[column] { said.old[column] = nil }
    return said
  }

  /// What a batch says of a row, and if it entered that, what batches after it say.
  private func sent(_ db: Database, since batch: Int64, of ref: RowRef) throws -> [Change] {
    guard let openedBatches else { return try said(db, since: batch, of: [ref])[ref] ?? [] }
    if let known = openedBatches.said[batch], known.refs.contains(ref) { return known.changes[ref] ?? [] }
    // The next rows of which it waits are asked for, too.
    var all: Set<RowRef> = [ref]
    let sql = "SELECT record, key FROM sync_parked WHERE batch = ? AND state IN ('waiting', 'edited', 'withdrawn')"
    try db.each(sql, [.integer(batch)]) { row in
      if case .blob(let key) = row.cell(1) { all.insert(RowRef(row[0], try RowKey(encoded: key))) }
    }
    let changes = try said(db, since: batch, of: all)
    openedBatches.said[batch] = OpenedBatches.Said(refs: all, changes: changes)
    return changes[ref] ?? []
  }

  private func said(_ db: Database, since batch: Int64, of refs: Set<RowRef>) throws -> [RowRef: [Change]] {
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
