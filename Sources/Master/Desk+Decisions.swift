import SyncCore
import SyncProtocol

// A county decides what only its own machines contest, where the schema lets the owner decide. It names the version that
// it looked at; what came since refuses it.

extension Desk {
  /// - Returns: why the decision was refused; nil: it was carried out.
  func decide(_ decision: Decision, n: Int, _ sender: Sender, _ writes: inout [RowWrite]) throws -> RowReceipt? {
    guard let conflict = try transaction.conflict(decision.conflict), let record = schema.record(conflict.record) else {
      return refused(n, "authority", zh: "没有冲突 \(decision.conflict)", en: "there is no conflict \(decision.conflict)")
    }
    let number = "\(conflict.id)"
    guard try mayDecide(conflict, record, sender) else {
      return refused(
        n, "authority", zh: "冲突 \(number) 须由市里裁决", en: "conflict \(number) is for the city to decide")
    }
    guard conflict.state == .open, decision.version == conflict.version else {
      return refused(
        n, "version", zh: "冲突 \(number) 已有变化;请重新查看后再裁决",
        en: "conflict \(number) has changed since; look again before you decide")
    }
    var decision = decision
    if decision.choice != .value { decision.value = try value(of: decision, conflict, record) }
    if let change = try change(decision, conflict, record) {
      let incoming = Incoming(n: n, change: change, sent: change, decides: conflict.field)
      var settlement = try settle([incoming], sender, waiving: [.locked])
      if let parked = settlement.parked.first {
        return refused(n, parked.why.reason.rawValue, zh: parked.why.detail.zh, en: parked.why.detail.en)
      }
      settlement.opened = []
      settlement.changed = []
      // Its sender decided, but has not got the value yet.
      for index in settlement.writes.indices { settlement.writes[index].skip = nil }
      try transaction.write(settlement, arrival: arrival)
      writes += settlement.writes
    }
    var decided = conflict
    decided.state = .decided
    decided.version += 1
    decided.decision = decision
    try transaction.save(decided)
    return nil
  }

  /// Whether the owner may decide: every value in the conflict, the master's too, comes from machines of its unit.
  private func mayDecide(_ conflict: Conflict, _ record: RecordSchema, _ sender: Sender) throws -> Bool {
    guard record.rules.decides == .owner, let field = conflict.field, let column = record.index(of: field),
      record.owner(of: column) == .any
    else { return false }
    let ref = RowRef(conflict.record, conflict.key)
    guard let image = try transaction.images(of: [ref])[ref], let unit = try transaction.unit(of: record, image),
      unit == sender.org || unit == sender.successor
    else { return false }
    let authors =
      try conflict.contenders.map { Identifier(hex: $0.replica) } + [
        try transaction.author(of: ref, column: column, value: image[column])
      ]
    return try authors.allSatisfy { author in
      guard let author else { return false }
      return try transaction.replica(author)?.org == sender.org
    }
  }

  /// What a decision to keep or take makes of the cell.
  private func value(of decision: Decision, _ conflict: Conflict, _ record: RecordSchema) throws -> Value {
    let ref = RowRef(conflict.record, conflict.key)
    let contender = conflict.contenders.first { $0.id == decision.contender }
    if decision.choice == .take, let contender { return contender.value }
    return try conflict.field.flatMap(record.index(of:)).flatMap { column in
      try transaction.images(of: [ref])[ref]?[column]
    } ?? .null
  }

  private func change(_ decision: Decision, _ conflict: Conflict, _ record: RecordSchema) throws -> Change? {
    let ref = RowRef(conflict.record, conflict.key)
    guard let field = conflict.field, let column = record.index(of: field),
      let image = try transaction.images(of: [ref])[ref], decision.value != image[column]
    else { return nil }
    let undefined: [Value?] = record.fields.map { _ in nil }
    var change = Change(
      record: record.name, key: conflict.key, kind: .update, old: undefined, new: undefined, edit: decision.edit)
    for (index, value) in zip(record.keyIndices, conflict.key.values) { change.old[index] = value }
    change.old[column] = image[column]
    change.new[column] = decision.value
    return change
  }

  private func refused(_ n: Int, _ reason: String, zh: String, en: String) -> RowReceipt {
    RowReceipt(n: n, outcome: .rejected, reason: reason, detail: Label(zh: zh, en: en))
  }
}
