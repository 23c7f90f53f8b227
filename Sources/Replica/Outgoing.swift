import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// A pending row that cannot be sent, because it breaks a rule that a foreign tool did not check.
public struct HeldRow: Sendable, Equatable {
  public var ref: RowRef
  public var problem: FieldProblem
}

extension Replica {
  /// What is pending, parted.
  struct Outgoing {
    /// How many changes can be sent.
    var count = 0
    /// Rows that break a rule, and what refers to a new one among them.
    var held: [(change: Change, problem: FieldProblem)] = []
    /// Rows that were edited and went unseen: there is no change of them to send. They are told of, and forgotten.
    var unseen: [HeldRow] = []
    /// Captured in vain.
    var idle: [RowRef] = []
    /// The records of which something was captured.
    var found: Set<String> = []

    var heldRows: [HeldRow] { held.map { HeldRow(ref: $0.change.ref, problem: $0.problem) } + unseen }
  }

  /// References that are remembered as found.
  private static let mostPresent = 1_000

  /// Goes through everything pending.
  /// - Parameters:
  ///   - most, bytes: of more changes than this, several portions are made: parents before their children, and deletes at the end,
  ///     the other way round, so that each can enter when the ones before have.
  ///   - isSaidAgain: what waits of rows that were edited beside it comes along already, as far as it can.
  ///   - send: gets each portion of what can be sent. It may write, but not what is pending.
  func outgoing(
    _ db: Database, most: Int = portion, bytes: Int = Batch.mostBytes, isSaidAgain: Bool = false,
    _ send: ([Change]) throws -> Void = { _ in }
  ) throws -> Outgoing {
    try openingOnce { try part(db, most, bytes, isSaidAgain, send) }
  }

  private func part(
    _ db: Database, _ most: Int, _ bytes: Int, _ isSaidAgain: Bool, _ send: ([Change]) throws -> Void
  ) throws -> Outgoing {
    var waiting: Set<RowRef>?
    var out = Outgoing()
    var present: Set<Identity> = []
    var absent: Set<Identity> = []
    var portion = Portion(most: most, bytes: bytes)
    var deletes: [(Change, RecordSchema)] = []
    var isParted = false
    func pass() throws {
      var changes = portion.removeAll()
      hold(&changes, &out, &absent)
      out.count += changes.count
      if !changes.isEmpty { try send(changes) }
    }
    func add(_ change: Change, _ record: RecordSchema) throws {
      if portion.take(change, record) { return }
      try pass()
      _ = portion.take(change, record)
    }
    for record in schema.records {
      let references = record.fields.indices.filter { record.fields[$0].reference != nil }
      try record.eachPending(db) { row in
        out.found.insert(record.name)
        guard let change = row.change(record) else {
          if row.wentUnseen(record) { return out.unseen.append(unseen(record, row)) }
          return out.idle.append(RowRef(record.name, row.key))
        }
        var problem = try problem(db, record, row, references, &present)
        let waits = try waiting ?? Set(waitingEdits(db))
        waiting = waits
        if problem == nil, waits.contains(change.ref) {
          problem = try held(db, record, row, isSaidAgain: isSaidAgain)
        }
        if let problem {
          out.held.append((change, problem))
          return absent.formUnion(identities(change))
        }
        if !isParted, portion.take(change, record) { return }
        if !isParted {
          isParted = true
          for earlier in portion.removeAll() {
            guard let record = schema.record(earlier.record) else { continue }
            if earlier.kind == .delete { deletes.append((earlier, record)) } else { try add(earlier, record) }
          }
        }
        if change.kind == .delete { deletes.append((change, record)) } else { try add(change, record) }
      }
    }
    try pass()
    for (change, record) in deletes.reversed() { try add(change, record) }
    try pass()
    return out
  }

  /// Takes out of a portion what refers to rows that cannot be sent.
  private func hold(_ portion: inout [Change], _ out: inout Outgoing, _ absent: inout Set<Identity>) {
    var isNew = !absent.isEmpty
    while isNew {
      isNew = false
      portion.removeAll { change in
        guard let problem = waits(change, for: absent) else { return false }
        out.held.append((change, problem))
        for identity in identities(change) where absent.insert(identity).inserted { isNew = true }
        return true
      }
    }
    holdFormer(&portion, &out)
  }

  /// A key that was changed to one that is refused: the row of before waits, too, or the city would have neither. The delete
  /// was captured one tick before the insert; their cells differ when the row was edited before that.
  private func holdFormer(_ portion: inout [Change], _ out: inout Outgoing) {
    var refused: [Int64: Change] = [:]
    for (change, problem) in out.held where change.kind == .insert {
      guard let record = schema.record(change.record), record.key.contains(problem.field) else { continue }
      refused[change.edit.stamp.raw] = change
    }
    if refused.isEmpty { return }
    portion.removeAll { change in
      guard change.kind == .delete, let after = refused[change.edit.stamp.raw + 1], after.record == change.record,
        let record = schema.record(change.record)
      else { return false }
      out.held.append((change, FieldProblem(field: record.key[0], message: waiting(for: record.name, after.key))))
      return true
    }
  }

  /// A value by which other rows refer to one.
  private struct Identity: Hashable {
    var reference: Reference
    var value: Value
  }

  /// What other rows can refer to only once the city has this change.
  private func identities(_ change: Change) -> [Identity] {
    guard let record = schema.record(change.record) else { return [] }
    return schema.references(to: record).compactMap { _, field, target in
      guard let reference = field.reference, let value = change.new[target], !field.weak else { return nil }
      return Identity(reference: reference, value: value)
    }
  }

  private func waits(_ change: Change, for absent: Set<Identity>) -> FieldProblem? {
    guard let record = schema.record(change.record) else { return nil }
    for (field, value) in zip(record.fields, change.new) {
      guard let reference = field.reference, let value else { continue }
      #if MUTANTS
        if Mutant.heldRowHoldsOthers.isActive, absent.contains(where: { $0.reference == reference }) {
          return FieldProblem(field: field.name, message: waiting(for: reference.record, RowKey([value])))
        }
      #endif
      guard absent.contains(Identity(reference: reference, value: value)) else { continue }
      return FieldProblem(field: field.name, message: waiting(for: reference.record, RowKey([value])))
    }
    return nil
  }

  /// What was entered in it is known no more: only that something was, and where.
  private func unseen(_ record: RecordSchema, _ row: PendingRow) -> HeldRow {
    let edited = row.touched.map { record.fields[$0].name }.joined(separator: ",")
    let message = Label(
      zh: "修改后本行不见了,却没有删除记录,所填的值已随之丢失;请用 county verify --deep 找回或删除本行",
      en: "was edited, and then the row went and nobody was seen to delete it: what was entered is lost; "
        + "county verify --deep brings the row back, or deletes it")
    return HeldRow(
      ref: RowRef(record.name, row.key),
      problem: FieldProblem(field: edited.isEmpty ? record.key[0] : edited, message: message))
  }

  func waiting(for record: String, _ key: RowKey) -> Label {
    Label(zh: "等待 \(record) \(show(key))", en: "waits for \(record) \(show(key))")
  }

  /// What keeps a pending row from being sent: types and checks, a reference without its target (a shell has foreign keys off).
  /// - Parameter present: what the references of rows before this one have found.
  private func problem(
    _ db: Database, _ record: RecordSchema, _ row: PendingRow, _ references: [Int], _ present: inout Set<Identity>
  ) throws -> FieldProblem? {
    guard let current = row.current else { return try orphans(db, record, row) }
    if let problem = record.problems(in: current, after: row.baseRow(record), formats: formats).first { return problem }
    var unknown: [Int: Identity] = [:]
    for column in references {
      guard let reference = record.fields[column].reference else { continue }
      let identity = Identity(reference: reference, value: current[column])
      if !present.contains(identity) { unknown[column] = identity }
    }
    if unknown.isEmpty { return nil }
    if let problem = try brokenReference(db, record, current, only: Set(unknown.keys)) { return problem }
    if present.count < Self.mostPresent { present.formUnion(unknown.values) }
    return nil
  }

  /// A deleted row that others here still refer to. Rows of the city's do not hold it back: it is a request to the city.
  private func orphans(_ db: Database, _ record: RecordSchema, _ row: PendingRow) throws -> FieldProblem? {
    for (child, field, target) in schema.references(to: record) where !field.weak && child.owner != .city {
      let place = record.key.firstIndex(of: record.fields[target].name)
      guard let value = place.map({ row.key.values[$0] }) ?? row.base[target] else { continue }
      let sql = "SELECT count(*) FROM \(child.table) WHERE \(quoted(field.name)) = ?"
      if let count = try db.integer(sql, [value]), count > 0 {
        return FieldProblem(
          field: record.key[0],
          message: Label(
            zh: "已删除,但仍有 \(count) 条 \(child.name) 引用它",
            en: "is deleted, but \(count) rows of \(child.name) still refer to it"))
      }
    }
    return nil
  }
}
