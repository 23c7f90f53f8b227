import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// I1 from the data alone. Every value that a batch of the log ever set is in the master, or was the base of a later change
// of its row, or was absorbed by a policy that computes, or stands in a conflict or among the parked changes; every delete
// was carried out, or a conflict keeps it. One pass over the log in its order: what holds a value is asked when its batch
// comes, and what nothing holds waits for the later change that overwrites it. Memory grows with values overwritten only.
// A restricted value that is not there any more must have been erased, and a signed batch of the city must say so.

extension Master {
  /// The values and deletes of the log that are lost, each with the batch that brought it.
  func unaccounted(_ db: Database) throws -> [Label] {
    var ledger = try Ledger(db, schema)
    try db.each("SELECT * FROM sync_batch WHERE NOT \(LoggedBatch.isRepeat) ORDER BY arrival") { row in
      if let logged = LoggedBatch(row: row.cells(0..<LoggedBatch.columns)) { try ledger.enter(logged) }
    }
    return ledger.problems
  }
}

/// A change of the log.
private struct Origin {
  let batch: LoggedBatch
  /// Its place in the batch, from 1.
  let n: Int
}

/// A change as it came in, and as it was sent.
private typealias Arrived = (landed: Change, sent: Change)

/// A value that a change set, or a delete.
private struct Item {
  /// nil: the row was deleted.
  let column: Int?
  let value: Value
  /// As it was sent: what a unit sends stands with the one that took over, or with it.
  let sent: Value
  let origin: Origin
  /// What tells it from every other one.
  var id: [Int64] { [origin.batch.arrival, Int64(origin.n), Int64(column ?? -1)] }
  /// In how many rows it may stand; it is lost if none of them holds it.
  var places = 1

  func isOne(of values: [Value?]) -> Bool { values.contains { $0 == value || $0 == sent } }
}

private struct Ledger {
  let db: Database
  let schema: Schema
  var names: CanonicalNames
  /// Where the conflicts of a row are that is known under another key now.
  let moved: [RowRef: Set<RowRef>]
  /// What was erased, as signed batches of the city say.
  let erasures: [RowRef: [RecordedErasure]]
  /// What nothing holds so far.
  var open: [RowRef: [Item]] = [:]
  /// Rows that came under the key of a duplicate, as they are known now.
  var renamed: Set<RowRef> = []
  var unreadable: [Label] = []

  init(_ db: Database, _ schema: Schema) throws {
    self.db = db
    self.schema = schema
    names = try CanonicalNames(db, schema)
    moved = try names.movedConflicts(db)
    erasures = try Dictionary(grouping: RecordedErasure.signed(db, schema)) { $0.erasure.ref }
  }

  mutating func enter(_ logged: LoggedBatch) throws {
    guard let batch = try? logged.batch(schema, db) else {
      return unreadable.append(
        Label(
          zh: "历史第 \(logged.arrival) 批无法读取,其内容是否保存无从核对",
          en: "batch \(logged.arrival) of the log cannot be read: whether its values are kept cannot be checked"))
    }
    if logged.replica != .city { try decide(batch, logged) }
    // As they came in: a row goes before what comes by another key in its place.
    let changes = Array(batch.changes.enumerated())
    for (index, signed) in changes.filter({ $1.kind == .delete }) + changes.filter({ $1.kind != .delete }) {
      let origin = Origin(batch: logged, n: index + 1)
      let sent = try withoutErased(signed, origin)
      let change = logged.replica == .city ? names.mapped(sent) : names.landed(sent)
      if change.kind != .delete, change.key != sent.key { renamed.insert(change.ref) }
      for ref in Set([change.ref, sent.ref]) { try overwrite(ref, by: change, sent, origin) }
      try collect(change, sent, origin)
    }
    if logged.replica == .city { names.follow(batch) }
  }

  var problems: [Label] {
    // A deleted row whose key another one took over, when its parent was merged, is gone all the same.
    let all = open.flatMap { ref, items in
      items.filter { $0.column != nil || !renamed.contains(ref) }.map { (ref, $0) }
    }
    let lost = Dictionary(grouping: all) { $0.1.id }.values.compactMap { places in
      places.count < places[0].1.places ? nil : places.min { $0.0 < $1.0 }
    }
    let inOrder = lost.sorted { a, b in
      let (x, y) = (a.1.origin, b.1.origin)
      return (x.batch.arrival, x.n, a.1.column ?? -1) < (y.batch.arrival, y.n, b.1.column ?? -1)
    }
    return unreadable + inOrder.map { problem($0, $1) }
  }

  private func problem(_ ref: RowRef, _ item: Item) -> Label {
    let batch = item.origin.batch
    let row = "\(ref.record) \(show(ref.key))"
    let zh = "历史第 \(batch.arrival) 批(机器 \(batch.replica) 第 \(batch.number) 批)第 \(item.origin.n) 项"
    let en =
      "batch \(batch.arrival) of the log (replica \(batch.replica), number \(batch.number)), change \(item.origin.n)"
    guard let column = item.column, let field = schema.record(ref.record)?.fields[column] else {
      return Label(zh: "\(zh):\(row) 的删除未被执行,也没有留存", en: "\(en): its delete of \(row) was neither done nor kept")
    }
    // Personal data is not told: what is told may be kept where no erasure reaches.
    let value = field.restricted ? nil : show(RowKey([item.value]))
    let (zhValue, enValue) = (value.map { " \($0) " } ?? "", value.map { " = \($0)" } ?? "")
    return Label(
      zh: "\(zh):\(row).\(field.name) 的值\(zhValue)丢失:不在主库,没有人看过它再改,也没有留存",
      en: "\(en): \(row).\(field.name)\(enValue) is lost: "
        + "not in the master, not overwritten by who had seen it, not kept")
  }
}

// What was erased.
extension Ledger {
  /// The change without what was erased of it. What is missing without having been erased is told.
  private mutating func withoutErased(_ change: Change, _ origin: Origin) throws -> Change {
    guard let record = schema.record(change.record) else { return change }
    let missing = change.showingErased(record).erased
    if missing.isEmpty { return change }
    let cursor = try origin.batch.readCursor()
    for field in missing.sorted().map({ record.fields[$0].name })
    where !(erasures[change.ref] ?? []).contains(where: { $0.covers(field, of: origin.batch, cursor: cursor) }) {
      let (arrival, cell) = (origin.batch.arrival, "\(change.record) \(show(change.key)).\(field)")
      unreadable.append(
        Label(
          zh: "历史第 \(arrival) 批第 \(origin.n) 项:\(cell) 的值不见了,但没有删除记录",
          en:
            "batch \(arrival) of the log, change \(origin.n): the value of \(cell) is not there, and no erasure says why"
        ))
    }
    return change.withoutErased(record)
  }
}

extension LoggedBatch {
  /// How far its sender had read, as far as erasures go.
  fileprivate func readCursor() throws -> Int64 {
    let header = try SealedEnvelope(message[...]).header
    if replica == .city { return header.cursor }
    return try ReadSoFar(header, receipt: SealedEnvelope(receipt[...]).header).erasures
  }
}

extension RecordedErasure {
  /// Those that a batch of the city in the log says.
  fileprivate static func signed(_ db: Database, _ schema: Schema) throws -> [Self] {
    let transaction = SQLiteMasterTransaction(db: db, schema: schema)
    return try read(db).filter { recorded in
      guard let logged = try transaction.batch(at: recorded.arrival), logged.replica == .city,
        let message = try? SealedEnvelope(logged.message[...]), message.header.cursor == recorded.cursor
      else { return false }
      return try logged.batch(schema, db).erasures.contains(recorded.erasure)
    }
  }
}

// What comes in.
extension Ledger {
  /// Who changes a value had seen it.
  private mutating func overwrite(_ ref: RowRef, by change: Change, _ sent: Change, _ origin: Origin) throws {
    guard let items = open[ref], try tookEffect(origin) else { return }
    // A row that the city changes stands before it, whatever brought it back after a delete.
    let isBack = change.kind == .insert || change.kind == .update && origin.batch.replica == .city
    let left = items.filter { item in item.column == nil ? !isBack : !replaces(change, sent, item) }
    open[ref] = left.isEmpty ? nil : left
  }

  private mutating func collect(_ change: Change, _ sent: Change, _ origin: Origin) throws {
    guard let record = schema.record(change.record) else { return }
    let images = try Set([change.ref, sent.ref]).map { try image($0, record) }
    var items = items(of: change, sent, record, origin).filter { item in !images.contains { shows($0, item, record) } }
    if try items.isEmpty || parkedState(origin) != nil { return }
    let conflicts = try conflicts(of: change.ref, sent.ref)
    items.removeAll { item in conflicts.contains { holds($0, item, record) } }
    items = try items.filter { item in try !namedADuplicate(item, record) }
    let later = try items.isEmpty ? [] : enteredSince(origin, change.ref, sent.ref)
    items.removeAll { item in later.contains { replaces($0.landed, $0.sent, item) } }
    if change.kind == .delete, try enteredLater(change.ref) { return }
    if items.isEmpty { return }
    // A row with its unit in its key may be the one of the unit that took over, or still another.
    let places = names.isLanded(change, sent) ? [change.ref, sent.ref] : [change.ref]
    for i in items.indices { items[i].places = places.count }
    for place in places { open[place, default: []] += items }
  }

  private func items(of change: Change, _ sent: Change, _ record: RecordSchema, _ origin: Origin) -> [Item] {
    if change.kind == .delete {
      // A duplicate that was merged into another row is gone already.
      return names.mapped(sent).key == sent.key ? [Item(column: nil, value: .null, sent: .null, origin: origin)] : []
    }
    return record.fields.indices.compactMap { column in
      guard let value = change.new[column], !value.isNull, !record.fields[column].policy.computes,
        // From a duplicate to the row that it is now, nothing changes.
        change.old[column] != value
      else { return nil }
      return Item(column: column, value: value, sent: sent.new[column] ?? value, origin: origin)
    }
  }

  /// A county's decision is no change of its batch: whoever decides has seen the master's value, the newest there was.
  private mutating func decide(_ batch: Batch, _ logged: LoggedBatch) throws {
    if batch.decisions.isEmpty { return }
    let refused = Set(try logged.receipts().map(\.n))
    for (index, decision) in batch.decisions.enumerated() where decision.choice == .take || decision.choice == .value {
      guard !refused.contains(batch.changes.count + index + 1),
        let conflict = try SQLiteMasterTransaction(db: db, schema: schema).conflict(of: decision),
        let column = conflict.field.flatMap({ schema.record(conflict.record)?.index(of: $0) })
      else { continue }
      let ref = names.mapped(RowRef(conflict.record, conflict.key))
      guard let seen = open[ref]?.last(where: { $0.column == column })?.value else { continue }
      open[ref]?.removeAll { $0.column == column && $0.value == seen }
    }
  }
}

// What holds a value.
extension Ledger {
  private func image(_ ref: RowRef, _ record: RecordSchema) throws -> [Value?]? {
    try record.row(db, key: ref.key).map { names.mapped($0, record) }
  }

  private func shows(_ image: [Value?]?, _ item: Item, _ record: RecordSchema) -> Bool {
    guard let column = item.column else { return image == nil }
    // A row that could not be merged again stands under its former key.
    return image.map { record.isKey(column) || item.isOne(of: [$0[column]]) } ?? false
  }

  private func parkedState(_ origin: Origin) throws -> ParkedState? {
    try ParkedState(of: origin.batch.replica, origin.batch.number, origin.n, db)
  }

  private func tookEffect(_ origin: Origin) throws -> Bool { try origin.batch.tookEffect(origin.n, db) }

  /// An insert that was parked before the delete may have entered after it.
  private func enteredLater(_ ref: RowRef) throws -> Bool {
    let sql = """
      SELECT 1 FROM sync_parked WHERE record = ? AND key = ? AND kind = 'insert' AND state IN ('entered', 'admitted', 'merged')
      """
    return try db.first(sql, ref.columns) != nil
  }

  /// Changes of a row that had come before a batch, were parked, and entered after it.
  private func enteredSince(_ origin: Origin, _ ref: RowRef, _ sent: RowRef) throws -> [Arrived] {
    let condition =
      "record = ? AND key = ? AND arrival < ? AND ruled_at >= ? AND state IN ('entered', 'admitted', 'merged')"
    let came: [Value] = [.integer(origin.batch.arrival), .integer(origin.batch.receivedAt.raw)]
    return try Set([ref, sent]).flatMap { ref in
      try SQLiteMasterTransaction(db: db, schema: schema)
        .parkedChanges(condition, ref.columns + came).map { (names.landed($0.change), $0.change) }
    }
  }

  /// Whether a change puts another value in the place of this one, which it names as its base.
  private func replaces(_ change: Change, _ sent: Change, _ item: Item) -> Bool {
    guard let column = item.column else { return false }
    return (change.kind == .delete || change.new[column] != nil)
      && item.isOne(of: [change.old[column], sent.old[column]])
  }

  private func conflicts(of ref: RowRef, _ sent: RowRef) throws -> [Conflict] {
    try Set([ref, sent]).union(moved[ref] ?? []).flatMap {
      try ConflictTables.read(db, where: "record = ? AND key = ?", $0.columns)
    }
  }

  /// Whether a row named a duplicate by this value: the conflict about it in the row that was kept holds it.
  private func namedADuplicate(_ item: Item, _ record: RecordSchema) throws -> Bool {
    guard let column = item.column, let reference = record.fields[column].reference,
      let named = schema.record(reference.record), named.key != [reference.field]
    else { return false }
    let sql = """
      SELECT 1 FROM sync_conflict c JOIN sync_contender n ON n.conflict = c.id
        JOIN sync_alias a ON a.record = c.record AND a.target = c.key
      WHERE c.record = ? AND c.field = ? AND n.value = ?
      """
    return try db.first(sql, [.text(named.name), .text(reference.field), item.value]) != nil
  }

  private func holds(_ conflict: Conflict, _ item: Item, _ record: RecordSchema) -> Bool {
    guard let field = conflict.field else {
      guard let column = item.column else { return true }
      let images = [conflict.master] + conflict.contenders.map(\.value)
      return item.isOne(of: images.map { cell($0, column, record) })
    }
    guard let column = item.column, record.fields[column].name == field else { return false }
    let values = [conflict.base, conflict.master, conflict.decision?.value ?? .null] + conflict.contenders.map(\.value)
    return item.isOne(of: values.map { names.mapped($0, column, record) })
  }

  /// A cell of a row that a conflict keeps whole.
  private func cell(_ image: Value, _ column: Int, _ record: RecordSchema) -> Value? {
    guard let row = record.image(image) else { return nil }
    return names.mapped(row[column], column, record)
  }
}

extension ParkedState {
  /// What became of a change that was parked; nil: it was not.
  init?(of replica: Identifier, _ batch: Int64, _ n: Int, _ db: Database) throws {
    let sql = "SELECT state FROM sync_parked WHERE replica = ? AND batch = ? AND n = ?"
    let arguments: [Value] = [.blob(replica.bytes), .integer(batch), .integer(Int64(n))]
    guard case .text(let name)? = try db.first(sql, arguments)?.first else { return nil }
    self.init(rawValue: name)
  }
}
