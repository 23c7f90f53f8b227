import SyncCore
import SyncProtocol

// What becomes of one batch of a county: the merge law for every row, then the constraints for the rows together.
// Nothing here knows which database the master is.

struct Sender {
  var replica: Identifier
  var org: String
  /// City minus replica, milliseconds.
  var offset: Int64
  /// The cursor of the replica when it froze the batch.
  var cursor: Int64
}

struct Intake {
  let schema: Schema
  let formats: Formats
  let transaction: any MasterTransaction
  let sender: Sender
  let received: Stamp

  private var records: [String: RecordSchema]
  private var images: [RowRef: [Value]] = [:]
  private var settled: [Row] = []
  private var byRef: [RowRef: Int] = [:]
  /// The rows of the batch that claim a unique value, before or after.
  private var claimants: [UniqueClaim: [Int]] = [:]
  /// The rows of the batch that others may refer to by a value, before or after.
  private var identified: [ReferenceTarget: [Int]] = [:]

  /// One change on its way.
  private struct Row {
    var n: Int
    var change: Change
    var record: RecordSchema
    var before: [Value]?
    var result: MergeResult
    var parked: (reason: String, detail: Label)?
    var after: [Value]? { parked == nil ? result.image : before }
  }

  init(schema: Schema, formats: Formats, transaction: any MasterTransaction, sender: Sender, received: Stamp) {
    self.schema = schema
    self.formats = formats
    self.transaction = transaction
    self.sender = sender
    self.received = received
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
  }

  mutating func settle(_ batch: Batch) throws -> Settlement {
    let refs = batch.changes.map(\.ref)
    images = try transaction.images(of: refs)
    let tombstones = try transaction.tombstones(of: refs.filter { images[$0] == nil })
    let conflicts = try transaction.waitingConflicts(of: refs)
    let stamps = try transaction.cellStamps(of: refs)
    for (index, change) in batch.changes.enumerated() {
      guard let record = records[change.record] else { continue }
      let master = MasterRow(
        image: images[change.ref], tombstone: tombstones[change.ref],
        underReview: Set((conflicts[change.ref] ?? []).compactMap { $0.field.flatMap(record.index(of:)) }),
        stamps: stamps[change.ref] ?? [:])
      let corrected = Dictionary(
        uniqueKeysWithValues: record.fields.indices.filter {
          record.fields[$0].policy == .latest && change.new[$0] != nil
        }
        .map { ($0, change.edit(of: $0).stamp.corrected(offset: sender.offset, arrival: received)) })
      let result = merge(change, into: master, schema: record, side: .county, stamps: corrected)
      byRef[change.ref] = settled.count
      settled.append(Row(n: index + 1, change: change, record: record, before: master.image, result: result))
    }
    try loadParents()
    for index in settled.indices { settled[index].parked = try refusal(settled[index]) }
    try settleConstraints()
    return try settlement(conflicts)
  }

  // MARK: Scope and checks of single rows

  /// Parents by which rows of the batch find their unit.
  private mutating func loadParents() throws {
    var wanted = settled.flatMap { row in
      [row.before, row.result.image].compactMap { $0 }.compactMap { parent(of: row.record, $0) }
    }
    while !wanted.isEmpty {
      let missing = Set(wanted).filter { images[$0] == nil && byRef[$0] == nil }
      let found = try transaction.images(of: missing.sorted { $0.key < $1.key })
      images.merge(found) { old, _ in old }
      wanted = found.compactMap { ref, image in records[ref.record].flatMap { parent(of: $0, image) } }
    }
  }

  private func parent(of record: RecordSchema, _ image: [Value]) -> RowRef? {
    guard case .via(let name) = record.scope, let index = record.index(of: name),
      let reference = record.fields[index].reference
    else { return nil }
    return RowRef(reference.record, RowKey([image[index]]))
  }

  /// The unit that sees a row; "" is everybody. nil: its parent is not there.
  private func unit(of record: RecordSchema, _ image: [Value]) -> String? {
    switch record.scope {
    case .all: return ""
    case .field(let name):
      guard let index = record.index(of: name), case .text(let unit) = image[index] else { return nil }
      return unit
    case .via:
      guard let ref = parent(of: record, image), let next = records[ref.record] else { return nil }
      let row = byRef[ref].flatMap { settled[$0].result.image ?? settled[$0].before } ?? images[ref]
      return row.flatMap { unit(of: next, $0) }
    }
  }

  private func refusal(_ row: Row) throws -> (String, Label)? {
    let record = row.record
    if record.owner == .city, row.change.kind == .insert {
      return ("owner", Label(zh: "\(record.label.zh)由市里维护", en: "\(record.name) is kept by the city"))
    }
    for image in [row.before, row.result.image].compactMap({ $0 }) {
      let unit = unit(of: record, image)
      if unit != "", unit != sender.org, !(unit == nil && row.before == nil) {
        return ("scope", Label(zh: "不在本单位 \(sender.org) 的范围内", en: "is outside the scope of \(sender.org)"))
      }
    }
    if let image = row.result.image, image != row.before,
      let problem = record.problems(in: image, formats: formats).first
    {
      return (
        "check",
        Label(zh: "\(problem.field):\(problem.message.zh)", en: "\(problem.field): \(problem.message.en)")
      )
    }
    return nil
  }

  // MARK: Constraints of the rows together

  /// Parks rows until those that are left satisfy every constraint. Each round parks at least one, so it ends.
  private mutating func settleConstraints() throws {
    let holders = try transaction.holders(of: Set(settled.flatMap { claims($0.record, $0.result.image) }))
    let present = try transaction.present(Set(settled.flatMap { targets($0.record, $0.result.image) }))
    let leaving = Set(
      settled.filter { $0.before != nil && $0.result.image == nil }.flatMap { identities($0.record, $0.before) })
    let referrers = try transaction.referrers(to: leaving)
    for (index, row) in settled.enumerated() {
      for image in [row.before, row.result.image] {
        for claim in claims(row.record, image) { claimants[claim, default: []].append(index) }
        for identity in identities(row.record, image) { identified[identity, default: []].append(index) }
      }
    }
    var changed = true
    while changed {
      changed = false
      for index in settled.indices where settled[index].parked == nil {
        if settled[index].result.image == nil {
          if keepsParent(settled[index], referrers) {
            let contest = Contest(column: nil, state: .open, incomingDeletes: true)
            settled[index].result = MergeResult(
              image: settled[index].before, contests: [contest], stamps: [:], asSent: false)
            changed = true
          }
        } else if settled[index].result.image == settled[index].before {
          continue
        } else if let reason = clash(settled[index], holders) ?? missing(settled[index], present) {
          settled[index].parked = reason
          changed = true
        }
      }
    }
  }

  private func claims(_ record: RecordSchema, _ image: [Value]?) -> [UniqueClaim] {
    guard let image else { return [] }
    return record.unique.compactMap { set in
      let values = set.compactMap(record.index(of:)).map { image[$0] }
      return values.contains(.null) ? nil : UniqueClaim(record: record.name, fields: set, values: values)
    }
  }

  private func targets(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image else { return [] }
    return zip(record.fields, image).compactMap { field, value in
      field.reference.flatMap { value.isNull ? nil : ReferenceTarget(record: $0.record, field: $0.field, value: value) }
    }
  }

  /// The values by which other rows may refer to this one.
  private func identities(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image else { return [] }
    let fields = Set(schema.references(to: record.name).map(\.field))
    return fields.sorted().compactMap { name in
      record.index(of: name).flatMap {
        image[$0].isNull ? nil : ReferenceTarget(record: record.name, field: name, value: image[$0])
      }
    }
  }

  private func clash(_ row: Row, _ holders: [UniqueClaim: RowKey]) -> (String, Label)? {
    for claim in claims(row.record, row.after) {
      // The first of the batch to claim a value has it, unless a row of the master keeps it.
      var holder = holders[claim].flatMap { key -> RowKey? in
        guard key != row.change.key else { return nil }
        guard let other = byRef[RowRef(row.record.name, key)].map({ settled[$0] }) else { return key }
        return claims(other.record, other.after).contains(claim) ? key : nil
      }
      holder =
        holder
        ?? (claimants[claim] ?? []).map { settled[$0] }.first { other in
          other.n != row.n && (other.n < row.n || other.parked != nil)
            && claims(other.record, other.after).contains(claim)
        }?.change.key
      if let holder {
        let fields = claim.fields.joined(separator: ",")
        return (
          "unique",
          Label(
            zh: "\(fields) 与 \(row.record.name) \(holder.text) 重复",
            en: "\(fields) is already that of \(row.record.name) \(holder.text)")
        )
      }
    }
    return nil
  }

  private func missing(_ row: Row, _ present: Set<ReferenceTarget>) -> (String, Label)? {
    for target in targets(row.record, row.after) {
      let inBatch = (identified[target] ?? []).map { settled[$0] }
      if inBatch.contains(where: { identities($0.record, $0.after).contains(target) }) { continue }
      if inBatch.isEmpty, present.contains(target) { continue }
      let value = RowKey([target.value]).text
      return ("reference", Label(zh: "没有 \(target.record) \(value)", en: "there is no \(target.record) \(value)"))
    }
    return nil
  }

  /// A row that the sender deletes has a child that the sender does not delete.
  private func keepsParent(_ row: Row, _ referrers: [ReferenceTarget: [RowRef]]) -> Bool {
    identities(row.record, row.before).contains { target in
      (referrers[target] ?? []).contains { child in
        byRef[child].map {
          settled[$0].after.map { targets(settled[byRef[child] ?? 0].record, $0).contains(target) } ?? false
        } ?? true
      }
    }
  }

  // MARK: The result

  private func settlement(_ conflicts: [RowRef: [Conflict]]) throws -> Settlement {
    var out = Settlement()
    let places = try transaction.places(of: settled.map(\.change.ref), unit: sender.org)
    for row in settled {
      if let parked = row.parked {
        out.parked.append(ParkedDraft(change: row.change, n: row.n, reason: parked.reason, detail: parked.detail))
        out.receipts.append(RowReceipt(n: row.n, outcome: .parked, reason: parked.reason, detail: parked.detail))
        out.writes.append(RowWrite(ref: row.change.ref, before: row.before, after: row.before, echo: sender.org))
        continue
      }
      try record(row, waiting: conflicts[row.change.ref] ?? [], &out)
      var write = RowWrite(ref: row.change.ref, before: row.before, after: row.result.image, stamps: row.result.stamps)
      let wasRead = (places[row.change.ref] ?? 0) <= sender.cursor
      if row.result.asSent, wasRead { write.skip = sender.replica } else { write.echo = sender.org }
      out.writes.append(write)
      if let receipt = receipt(row) { out.receipts.append(receipt) }
    }
    return out
  }

  /// Opens conflicts, or adds contenders to those that wait.
  private func record(_ row: Row, waiting: [Conflict], _ out: inout Settlement) throws {
    for contest in row.result.contests {
      let field = contest.column.map { row.record.fields[$0].name }
      let edit = contest.column.map { row.change.edit(of: $0) } ?? row.change.edit
      var contender = Contender(
        id: 1, value: contest.incoming, deletes: contest.incomingDeletes, replica: sender.replica.description,
        edit: edit,
        receivedAt: received)
      if contest.state == .open || contest.state == .proposed,
        var conflict = waiting.first(where: { $0.field == field })
      {
        contender.id = Int64(conflict.contenders.count + 1)
        conflict.contenders.append(contender)
        conflict.version += 1
        out.changed.append(conflict)
        continue
      }
      var conflict = Conflict(
        id: try transaction.nextConflict(), record: row.record.name, key: row.change.key, field: field,
        base: contest.base,
        master: contest.master, state: .open,
        policy: contest.column.map { row.record.fields[$0].policy.rawValue } ?? "row",
        version: 1, openedAt: received, contenders: [contender])
      switch contest.state {
      case .open, .decision: break
      case .proposed: conflict.state = .proposed
      case .rejected: conflict.state = .rejected
      case .decidedByPolicy:
        conflict.state = .decided
        let took = contest.column.map { row.result.image?[$0] == contest.incoming } ?? false
        conflict.decision = Decision(
          conflict: conflict.id, choice: .policy, contender: took ? 1 : nil,
          value: took ? contest.incoming : contest.master, reason: conflict.policy,
          edit: Edit(stamp: received, actor: "policy"))
      }
      out.opened.append(conflict)
    }
  }

  private func receipt(_ row: Row) -> RowReceipt? {
    let states = Set(row.result.contests.map(\.state))
    let fields = row.result.contests.map { contest in contest.column.map { row.record.fields[$0].name } ?? "*" }
    let list = fields.joined(separator: ", ")
    if states.contains(.rejected) {
      return RowReceipt(
        n: row.n, outcome: .rejected, reason: "owner",
        detail: Label(zh: "\(list) 由市里维护", en: "\(list): kept by the city"))
    }
    if !states.isEmpty {
      return RowReceipt(
        n: row.n, outcome: .contested, reason: states.contains(.proposed) ? "proposed" : "conflict",
        detail: Label(zh: list, en: list))
    }
    return row.result.asSent ? nil : RowReceipt(n: row.n, outcome: .merged)
  }
}

extension RowKey {
  var text: String {
    values.map { value in
      switch value {
      case .null: "NULL"
      case .integer(let x): String(x)
      case .real(let x): String(x)
      case .text(let x): x
      case .blob(let x): "x'\(x.hex)'"
      }
    }.joined(separator: ",")
  }
}

extension Schema {
  func references(to record: String) -> [Reference] {
    records.flatMap { $0.fields.compactMap(\.reference) }.filter { $0.record == record }
  }
}
