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
    let forTheCity = refused(
      n, "authority", zh: "冲突 \(number) 须由市里裁决", en: "conflict \(number) is for the city to decide")
    guard let cell = try ownCell(conflict, record, sender) else { return forTheCity }
    let changed = refused(
      n, "version", zh: "冲突 \(number) 已有变化;请重新查看后再裁决",
      en: "conflict \(number) has changed since; look again before you decide")
    guard conflict.state == .open, decision.version == conflict.version, decision.subject == conflict.subject else {
      return changed
    }
    guard [.keep, .take, .value].contains(decision.choice) else {
      return refused(
        n, "authority", zh: "冲突 \(number) 涉及一个字段:县区只能保留、采纳或填写一个值",
        en: "conflict \(number) is about one field: a county keeps, takes or sets a value")
    }
    if decision.choice == .take, !conflict.contenders.contains(where: { $0.id == decision.contender }) {
      return refused(
        n, "version", zh: "冲突 \(number) 没有这一主张;请重新查看后再裁决",
        en: "conflict \(number) has no such contender; look again before you decide")
    }
    if !isAsSeen(conflict, cell, by: decision, record.fields[cell.column]) { return changed }
    let ref = RowRef(conflict.record, conflict.key)
    let waiting = try transaction.waitingConflicts(of: [ref])[ref] ?? []
    if let other = waiting.first(where: { $0.id != conflict.id && $0.field == conflict.field }) {
      return refused(
        n, "authority", zh: "冲突 \(other.id) 涉及同一字段,也未处理;须由市里裁决",
        en: "conflict \(other.id) is about the same field and waits too: the city decides both")
    }
    var decision = decision
    if decision.choice != .value { decision.value = value(of: decision, conflict, cell) }
    decision.value = try transaction.kept(decision.value, of: record.fields[cell.column], schema)
    if decision.value != cell.image[cell.column],
      let choice = [decision.value, cell.image[cell.column]].compactMap(record.fields[cell.column].citysChoice).first
    {
      return refused(
        n, "owner", zh: "冲突 \(number):「\(choice.label.zh)」只能由市里设置或更改",
        en: "conflict \(number): “\(choice.label.en)” is for the city to set or change")
    }
    if let change = change(decision, conflict, record, cell) {
      let incoming = Incoming(n: n, change: change, sent: change, decides: conflict.field)
      let settlement = try settle([incoming], sender)
      if let why = settlement.parked.first?.why {
        if why.reason != .locked { return refused(n, why.reason.rawValue, zh: why.detail.zh, en: why.detail.en) }
        return refused(
          n, why.reason.rawValue, zh: "冲突 \(number) 所在的行已锁定;须由市里裁决",
          en: "conflict \(number) is about a row that is closed: it is for the city to decide")
      }
      // What the county may not change it does not decide either.
      guard settlement.opened.isEmpty, settlement.changed.isEmpty else { return forTheCity }
      // Its sender decided, but has not got the value yet.
      for index in settlement.writes.indices { settlement.writes[index].skip = nil }
      #if MUTANTS
        if Mutant.ownerHearsNothing.isActive {
          for i in settlement.writes.indices { settlement.writes[i].skip = sender.replica }
        }
      #endif
      writes += try transaction.write(settlement, arrival: arrival)
    }
    var decided = conflict
    decided.state = .decided
    decided.version += 1
    decided.decision = decision
    decided.decision?.edit.stamp = decision.edit.stamp.corrected(offset: sender.offset, arrival: received)
    try transaction.save(decided)
    return nil
  }

  private typealias Cell = (column: Int, image: [Value])

  /// The contested cell, if the owner may decide: every value in the conflict, the master's too, comes from machines of its
  /// unit.
  private func ownCell(_ conflict: Conflict, _ record: RecordSchema, _ sender: Sender) throws -> Cell? {
    let ref = RowRef(conflict.record, conflict.key)
    guard record.rules.ownerDecides, let column = conflict.field.flatMap(record.index(of:)),
      record.owner(of: column) == .any, let image = try transaction.images(of: [ref])[ref],
      let unit = try transaction.unit(of: record, image), unit == sender.org || unit == sender.successor
    else { return nil }
    #if MUTANTS
      if Mutant.anyCountyDecides.isActive { return (column, image) }
    #endif
    // What an official has entered is an official's, though a county has said the same since.
    let entered: [Identifier?] = try transaction.authors(
      of: ref, column: column, value: image[column], byAllNames: true)
    if entered.isEmpty { return nil }
    let authors = conflict.contenders.map { Identifier(hex: $0.replica) } + entered
    let isAllTheirs = try authors.allSatisfy { author in
      guard let author else { return false }
      return try transaction.replica(author)?.org == sender.org
    }
    return isAllTheirs ? (column, image) : nil
  }

  /// Whether what a county keeps or takes is there: a city that was restored may have another value at the same version. Of what
  /// was erased nothing tells it; of what is too large to travel, what stands in its place.
  private func isAsSeen(_ conflict: Conflict, _ cell: Cell, by decision: Decision, _ field: Field) -> Bool {
    if decision.choice == .value || decision.value.isNull || field.isErased(decision.value) { return true }
    let contender = conflict.contenders.first { $0.id == decision.contender }
    guard let value = decision.choice == .keep ? conflict.master : contender?.value else { return false }
    // When the log is replayed nothing is too large, and what was told may be older than what else is contested.
    return [value, Conflict.sign(of: value)].contains(decision.value)
  }

  /// What a decision to keep or take makes of the cell.
  private func value(of decision: Decision, _ conflict: Conflict, _ cell: Cell) -> Value {
    let contender = conflict.contenders.first { $0.id == decision.contender }
    if decision.choice == .take, let contender { return contender.value }
    return cell.image[cell.column]
  }

  private func change(_ decision: Decision, _ conflict: Conflict, _ record: RecordSchema, _ cell: Cell) -> Change? {
    let (column, image) = cell
    if decision.value == image[column] { return nil }
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
