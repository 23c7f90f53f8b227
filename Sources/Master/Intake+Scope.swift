import SyncCore

// Is a row the sender's to change, and is it right by itself?

extension Intake {
  /// Parents by which rows of the batch find their unit.
  func loadParents() throws {
    var wanted: [RowRef] = []
    for row in settled {
      if let before = row.before, let ref = row.record.parent(of: before) { wanted.append(ref) }
      if let after = row.result.image, let ref = row.record.parent(of: after) { wanted.append(ref) }
    }
    while !wanted.isEmpty {
      let missing = Set(wanted).filter { images[$0] == nil && byRef[$0] == nil }
      let found = try transaction.images(of: missing.sorted { $0.key < $1.key })
      images.merge(found) { old, _ in old }
      wanted = found.compactMap { ref, image in records[ref.record].flatMap { $0.parent(of: image) } }
    }
  }

  /// The unit that sees a row, its parents as far as the batch moves them; "" is everybody. nil: its parent is not there.
  func unit(of record: RecordSchema, _ image: [Value]) -> String? {
    switch record.scope {
    case .all: return ""
    case .field:
      guard let index = record.scopeIndex, case .text(let unit) = image[index] else { return nil }
      return unit
    case .via:
      guard let ref = record.parent(of: image), let next = records[ref.record] else { return nil }
      let row = byRef[ref].flatMap { settled[$0].after ?? settled[$0].before } ?? images[ref]
      return row.flatMap { unit(of: next, $0) }
    }
  }

  func refusal(_ row: Row) throws -> Refused? {
    let record = row.record
    if record.owner == .city, row.change.kind == .insert {
      return Refused(
        reason: .owner, detail: Label(zh: "\(record.label.zh)由市里维护", en: "\(record.name) is kept by the city"))
    }
    if let refused = try scopeRefusal(row) { return refused }
    if let missing = try missing(above: row) {
      var refused = refusal(of: missing.target)
      refused.cause = .target(missing.through)
      return refused
    }
    switch row.result.parked {
    case .locked:
      let closed = closed[row.change.ref]
      let name = closed.map { "\($0.by.record) \($0.by.key.description)" } ?? ""
      return Refused(
        reason: .locked,
        detail: Label(
          zh: "\(name) 已锁定;作为修订申请等待市里批准", en: "\(name) is closed; this waits for the city as a revision request"),
        cause: closed?.except.map(Cause.exception))
    case .overflow(let column):
      let field = record.fields[column]
      return Refused(
        reason: .check, detail: Label(zh: "\(field.name):合计超出范围", en: "\(field.name): the sum is out of range"))
    case nil: break
    }
    if let image = row.result.image, image != row.before,
      let problem = record.problems(in: image, after: row.before, formats: formats).first
    {
      if let choice = refusedChoice(row, problem.field) {
        return Refused(
          reason: .owner,
          detail: Label(
            zh: "\(problem.field):「\(choice.label.zh)」只能由市里设置",
            en: "\(problem.field): “\(choice.label.en)” is for the city to set"))
      }
      return Refused(
        reason: .check,
        detail: Label(zh: "\(problem.field):\(problem.message.zh)", en: "\(problem.field): \(problem.message.en)"))
    }
    return nil
  }

  /// The city's choice that an insert came with, which leaves a required field empty.
  private func refusedChoice(_ row: Row, _ field: String) -> Check.Choice? {
    guard row.change.kind == .insert, row.before == nil, let column = row.record.index(of: field) else { return nil }
    return row.record.fields[column].citysChoice(row.change.new[column])
  }

  func scopeRefusal(_ row: Row) throws -> Refused? {
    if try waived.contains(.scope) || !isOutOfScope(row) { return nil }
    return Refused(
      reason: .scope, detail: Label(zh: "不在本单位 \(sender.org) 的范围内", en: "is outside the scope of \(sender.org)"))
  }

  /// A row counts where its parents stay (M10): one that only a move of a row above it would take to another unit is let go
  /// when that move is refused.
  func letGoWhatStays() throws {
    var isAny = true
    while isAny {
      isAny = false
      for row in settled where row.parked?.reason == .scope {
        guard case .via = row.record.scope, let image = row.result.image ?? row.before,
          unit(of: row.record, image) != nil
        else { continue }
        row.parked = try refusal(row)
        if row.parked?.reason != .scope { isAny = true }
      }
    }
  }

  /// Some unit sees the row, before or after, or saw it when it was deleted, and it is not the sender's.
  private func isOutOfScope(_ row: Row) throws -> Bool {
    #if MUTANTS
      if Mutant.forgetsScope.isActive { return false }
    #endif
    if try isOutOfScope(row, row.before) || isOutOfScope(row, row.result.image) { return true }
    // Above a deleted row there may be another: only the store knows both.
    return try row.last.map { try !sender.owns(transaction.unit(of: row.record, $0)) } ?? false
  }

  private func isOutOfScope(_ row: Row, _ image: [Value]?) throws -> Bool {
    guard let image else { return false }
    if let unit = unit(of: row.record, image) { return !sender.owns(unit) }
    // Of what an orphan's parents were only the store knows.
    if orphans.contains(row.change.ref), let unit = try transaction.unit(of: row.record, image) {
      return !sender.owns(unit)
    }
    return row.before != nil
  }

  /// What an orphan, or one above the row as it would stand, names and is neither there nor arriving, or no table
  /// takes; and the reference of the row by which it is found.
  private func missing(above row: Row) throws -> (target: ReferenceTarget, through: ReferenceTarget)? {
    guard !orphans.isEmpty, let image = row.result.image else { return nil }
    var seen: Set<RowRef> = []
    var rows = [(ref: row.change.ref, image: image, through: nil as ReferenceTarget?)]
    while let row = rows.popLast() {
      for target in ties[row.ref.record]?.targets(row.image, areStrong: true) ?? [] {
        let through = row.through ?? target
        let name = UniqueClaim(record: target.record, fields: [target.field], values: [target.value])
        guard let key = try transaction.holders(of: [name])[name] else {
          if orphans.contains(row.ref), !arriving.contains(target) { return (target, through) }
          continue
        }
        let ref = RowRef(target.record, key)
        guard orphans.contains(ref), seen.insert(ref).inserted, let above = try transaction.images(of: [ref])[ref]
        else {
          continue
        }
        if records[ref.record]?.holds(above) == false { return (target, through) }
        rows.append((ref, above, through))
      }
    }
    return nil
  }
}
