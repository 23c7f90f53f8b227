import SyncCore
import SyncProtocol

// What is written, and what the sender is told.

extension Intake {
  func settlement(_ conflicts: [RowRef: [Conflict]]) throws -> Settlement {
    var out = Settlement()
    // Who has read the whole feed has read every row.
    let isBehind = try transaction.head() > sender.cursor
    let places =
      isBehind ? try transaction.places(of: settled.map(\.change.ref), unit: sender.org, unknownTo: nil) : [:]
    out.writes.reserveCapacity(settled.count)
    for row in settled {
      let (ref, sent) = (row.change.ref, row.incoming.sent)
      if let parked = row.parked {
        out.parked.append(ParkedDraft(change: sent, n: row.incoming.n, why: parked))
        out.receipts.append(
          RowReceipt(
            n: row.incoming.n, outcome: .parked, reason: parked.reason.rawValue, detail: parked.detail))
        out.writes.append(
          RowWrite(ref: ref, before: row.before, after: row.before, echo: sender.org, alias: alias(row)))
        continue
      }
      try record(row, waiting: conflicts[ref] ?? [], &out)
      if row.before == nil { show(row, in: conflicts[ref] ?? [], &out) }
      let write = RowWrite(
        ref: ref, before: row.before, after: row.result.image, stamps: row.result.stamps,
        isInsert: row.change.kind == .insert, alias: alias(row))
      let wasRead = (places[ref] ?? 0) <= sender.cursor
      if row.result.asSent, wasRead, row.change == sent, row.incoming.erased.isEmpty, isTheSenders(row) {
        write.skip = sender.replica
      } else {
        write.echo = sender.org
      }
      #if MUTANTS
        if Mutant.echoesNothing.isActive { (write.skip, write.echo) = (sender.replica, nil) }
      #endif
      out.writes.append(write)
      if let receipt = receipt(row) { out.receipts.append(receipt) }
    }
    return out
  }

  /// The key under which the sender has the row, when it is known under another now.
  private func alias(_ row: Row) -> RowRef? { row.change.key == row.incoming.sent.key ? nil : row.incoming.sent.ref }

  /// Whether the sender goes on seeing the row.
  private func isTheSenders(_ row: Row) -> Bool {
    guard let image = row.result.image, sender.successor != nil else { return true }
    return ["", sender.org].contains(unit(of: row.record, image))
  }

  /// Opens conflicts, or adds contenders to those that wait.
  private func record(_ row: Row, waiting: [Conflict], _ out: inout Settlement) throws {
    for contest in row.result.contests {
      let field = contest.column.map { row.record.fields[$0].name }
      var edit = contest.column.map { row.change.edit(of: $0) } ?? row.change.edit
      // As people are to see it, by the city's clock.
      edit.stamp = edit.stamp.corrected(offset: sender.offset, arrival: came)
      let author = try contest.column.flatMap(row.incoming.author) ?? sender.replica
      var contender = Contender(
        id: 1, value: contest.incoming, deletes: contest.incomingDeletes, replica: author.description, edit: edit,
        receivedAt: received)
      #if MUTANTS
        if Mutant.contendersAreTheCitys.isActive { contender.replica = Identifier.city.description }
      #endif
      if contest.state == .open || contest.state == .proposed,
        var conflict = waiting.first(where: { $0.field == field })
      {
        if row.before == nil, let column = contest.column, row.result.image?[column] == contest.incoming {
          conflict.stands(contest.incoming, received: received)
        } else {
          contender.id = Int64(conflict.contenders.count + 1)
          conflict.contenders.append(contender)
        }
        conflict.version += 1
        #if MUTANTS
          if Mutant.contenderCloses.isActive { conflict.state = .decided }
        #endif
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
        let took =
          contest.column.map { row.result.image?[$0] == contest.incoming }
          ?? ((row.result.image == nil) == contest.incomingDeletes)
        conflict.decision = Decision(
          conflict: conflict.id, choice: .policy, contender: took ? 1 : nil,
          value: took ? contest.incoming : contest.master, reason: conflict.policy,
          edit: Edit(stamp: received, actor: "policy"))
      }
      out.opened.append(conflict)
    }
  }

  /// A row comes back with values that its conflicts do not show, for they were opened again while there was none:
  /// whoever decides looks again. A blank of who enters a row anew says nothing; a row that comes back may have been
  /// emptied there.
  private func show(_ row: Row, in waiting: [Conflict], _ out: inout Settlement) {
    guard let image = row.result.image else { return }
    let contested = row.result.contests.compactMap(\.column)
    for var conflict in waiting {
      guard let column = conflict.field.flatMap(row.record.index(of:)), !contested.contains(column),
        row.change.kind != .insert || !image[column].isNull, image[column] != conflict.master
      else { continue }
      conflict.stands(image[column], received: received)
      conflict.version += 1
      out.changed.append(conflict)
    }
  }

  private func receipt(_ row: Row) -> RowReceipt? {
    if row.result.contests.isEmpty { return uncontested(row) }
    let states = Set(row.result.contests.map(\.state))
    let fields = row.result.contests.map { contest in contest.column.map { row.record.fields[$0].name } ?? "*" }
    let list = fields.joined(separator: ", ")
    let isRejected = states.contains(.rejected)
    var reason = isRejected ? "owner" : states.contains(.proposed) ? "proposed" : "conflict"
    var detail =
      isRejected ? Label(zh: "\(list) 由市里维护", en: "\(list): kept by the city") : Label(zh: list, en: list)
    if let erased = erased(row) {
      if !isRejected { detail = Label(zh: "\(list) 有冲突", en: "\(list): contested") }
      detail = Label(zh: "\(detail.zh);\(erased.zh)", en: "\(detail.en); \(erased.en)")
      reason = RowReceipt.erased
    }
    return RowReceipt(
      n: row.incoming.n, outcome: isRejected ? .rejected : .contested, reason: reason, detail: detail)
  }

  private func uncontested(_ row: Row) -> RowReceipt? {
    if let erased = erased(row) {
      return RowReceipt(n: row.incoming.n, outcome: .merged, reason: RowReceipt.erased, detail: erased)
    }
    return row.result.asSent ? nil : RowReceipt(n: row.incoming.n, outcome: .merged)
  }

  private func erased(_ row: Row) -> Label? {
    if row.incoming.erased.isEmpty { return nil }
    let fields = row.incoming.erased.joined(separator: ", ")
    return Label(zh: "\(fields):市里已删除该个人信息", en: "\(fields): the city has erased this personal data")
  }
}
