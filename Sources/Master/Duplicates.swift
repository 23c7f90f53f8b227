import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Two rows that are one: children are re-pointed, differing cells become conflicts, and the other key leads to the row
// that is kept from now on, also for edits that are still in the field.

/// What became of two rows that were made one.
public struct MergedRecords: Sendable {
  /// Those that differing cells opened.
  public var conflicts: [Conflict]
  /// The rows that hang on the row that is kept, and were approved when they hung on the duplicate: another version.
  public var lapsed: [RowRef]
}

extension Master {
  /// Makes one row of two.
  /// - Parameters:
  ///   - keep: the key of the row that stays; it stands in the master.
  ///   - duplicate: the key of the other, in the master or parked.
  public func mergeRecords(
    _ record: RecordSchema, keep: RowKey, duplicate: RowKey, reason: String, actor: String?
  ) throws -> MergedRecords {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      try assertNoProjection(record)
      try assertOwnKey(record)
      let before = try transaction.lastConflict()
      guard try record.row(db, key: keep) != nil else { throw missing(record, keep) }
      if keep == duplicate {
        throw Failure(.usage, zh: "两个主键相同", en: "both keys are the same; name two rows")
      }
      let other = RowRef(record.name, duplicate)
      // What stands under the other key of a merged row is merged into that one only.
      for (key, target) in [(keep, nil), (duplicate, try record.row(db, key: duplicate) == nil ? nil : keep)] {
        guard let former = try transaction.alias(of: RowRef(record.name, key)), former != target else { continue }
        throw Failure(
          .data, zh: "\(record.name) \(show(key)) 早已并入 \(show(former));须换主键重新添加后再合并",
          en: "\(record.name) \(show(key)) was merged into \(show(former)) before; "
            + "add what stands there now under another key to merge it")
      }
      if try record.row(db, key: duplicate) == nil,
        try !transaction.waiting(of: other).contains(where: { $0.change.kind == .insert })
      {
        throw missing(record, duplicate)
      }
      let alias = Alias(
        record: record.name, key: duplicate, target: keep, reason: reason,
        edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city"))
      let void = try voidApprovals(db)
      try carryOut(alias, record, transaction)
      try absorb(transaction, Batch(aliases: [alias]))
      return MergedRecords(
        conflicts: try ConflictTables.read(db, where: "id > ?", [.integer(before)]),
        lapsed: try voidApprovals(db).subtracting(void).sorted())
    }
  }

  /// The rows of which only an earlier version was approved.
  private func voidApprovals(_ db: Database) throws -> Set<RowRef> {
    var found: Set<RowRef> = []
    for record in schema.records where record.rules.joint != nil {
      try db.each("SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)") { row in
        let image = row.cells(0..<record.fields.count)
        if record.approval(of: image) == .void { found.insert(RowRef(record.name, record.rowKey(of: image))) }
      }
    }
    return found
  }

  /// Rows that are told apart by rows that their keys name are merged by merging those.
  private func assertOwnKey(_ record: RecordSchema) throws {
    for column in record.keyIndices {
      guard let reference = record.fields[column].reference else { continue }
      throw Failure(
        .usage, zh: "\(record.name) 的主键含 \(reference.record);请合并 \(reference.record),其下的 \(record.name) 随之合并",
        en: "the key of \(record.name) names a row of \(reference.record): merge those, and what hangs on them follows")
    }
  }

  public func assertFree(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws {
    let ref = RowRef(record.name, key)
    let target = try SQLiteMasterTransaction(db: db, schema: schema).kept(ref)
    if target == ref { return }
    throw Failure(
      .data, zh: "\(record.name) \(show(key)) 已并入 \(show(target.key));请修改后者,或换主键添加",
      en: "\(record.name) \(show(key)) was merged into \(show(target.key)); edit that row, "
        + "or add this one under another key")
  }

  /// What a tool entered by the other key of a row is merged into it, as before. What cannot be merged stays.
  /// - Parameter changes: the city's own, which are in the log.
  /// - Returns: whether any was.
  func mergeAgain(_ changes: [Change], _ transaction: any MasterTransaction) throws -> Bool {
    guard try transaction.hasAliases() else { return false }
    #if MUTANTS
      if Mutant.mergesOnce.isActive { return false }
    #endif
    var isAny = false
    for change in changes where change.kind == .insert {
      guard let target = try transaction.alias(of: change.ref), let record = schema.record(change.record) else {
        continue
      }
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: change.edit.actor)
      let alias = Alias(
        record: record.name, key: change.key, target: target,
        reason: "又以原主键录入 / entered again under the former key", edit: edit)
      if try transaction.isPossible({ try carryOut(alias, record, transaction) }) {
        try absorb(transaction, Batch(aliases: [alias]))
        isAny = true
      }
    }
    return isAny
  }

  /// Everything that makes two rows one, whether it is asked for or the log is replayed.
  func carryOut(_ alias: Alias, _ record: RecordSchema, _ transaction: any MasterTransaction) throws {
    let ref = RowRef(record.name, alias.key)
    let image = try transaction.images(of: [ref])[ref]
    // What came under the key of a duplicate that is merged again waits for what it waits for.
    let isAgain = try transaction.alias(of: ref) != nil
    let parked = isAgain ? [] : try transaction.waiting(of: ref)
    try transaction.save(alias)
    let desk = desk(transaction, received: alias.edit.stamp, arrival: try transaction.upcomingArrival())
    // Of the two rows every cell that differs is contested; what comes in of others merges as at any other time.
    var reviewing = Desk(
      schema: Self.reviewed(schema), formats: formats, transaction: transaction, received: desk.received,
      arrival: desk.arrival)
    // What comes in stays as old as it was: a later edit may meet it.
    reviewing.latest = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0.latestIndices) })
    var writes = try image.map { try unite(reviewing, record, $0, alias) } ?? []
    try moveConflicts(of: ref, to: alias.target, received: desk.received, transaction)
    let (keep, reason) = (show(alias.target), alias.reason)
    let detail = Label(
      zh: "并入 \(record.name) \(keep):\(reason)", en: "merged into \(record.name) \(keep): \(reason)")
    for group in desk.groups(parked.map { $0.leaving(empty: image ?? []) }) {
      // The duplicate itself is what the official merges. An edit of it that cannot enter goes on waiting.
      let isDuplicate = image == nil && group.contains { $0.change.kind == .insert }
      let entered = try reviewing.enter(
        group, as: .merged, detail: detail, edit: alias.edit, waiving: isDuplicate ? [.scope, .locked] : [])
      if isDuplicate, let first = entered.still.first { throw refused(record, alias, first) }
      writes += entered.writes
    }
    try desk.follow(writes)
    // What waited for the duplicate finds the row that is kept, and what hangs on that finds it in turn.
    var targets = Set((desk.ties[record.name]?.identities(image ?? record.keyOnly(alias.key)) ?? []).map(Cause.target))
    var found: [RowWrite] = []
    while !targets.isEmpty {
      var round: [RowWrite] = []
      for group in desk.groups(try transaction.waiting(for: Freed(targets))) {
        // Of a row that another unit has by now nothing was decided: that is for the city as at any other time.
        let others = try desk.ofOtherUnits(group)
        let own = group.filter { !others.contains($0.id) }
        round += try desk.enter(
          own, as: .entered, detail: detail, edit: alias.edit, waiving: [.scope, .locked]
        ).writes
        let rest = group.filter { others.contains($0.id) }
        round += try desk.enter(rest, as: .entered, detail: detail, edit: alias.edit).writes
      }
      found += round
      targets = Freed(by: round, desk.ties).causes.filter(\.isTarget)
    }
    try desk.follow(found)
    // What came under a key that led to the duplicate, and clashed with the row that is kept, is that row's now.
    try desk.follow(
      Freed([.holder(RowRef(record.name, alias.target))]), as: .entered, detail: detail, edit: alias.edit)
  }

  /// The duplicate stands in the master: its row goes, and its cells and children come again as those of the row kept.
  /// - Returns: what was written.
  private func unite(_ desk: Desk, _ record: RecordSchema, _ image: [Value], _ alias: Alias) throws -> [RowWrite] {
    let transaction = desk.transaction
    let ref = RowRef(record.name, alias.key)
    let mapping = Mapping(schema, aliases: [ref: alias.target])
    let identities = Set(desk.ties[record.name]?.identities(image) ?? [])
    let names = try names(identities, record, alias, transaction)
    func mapped(_ image: [Value], _ record: RecordSchema) -> [Value] {
      zip(record.fields, image).map { field, value in
        field.reference.flatMap { names[ReferenceTarget(record: $0.record, field: $0.field, value: value)] } ?? value
      }
    }
    // Of two rows that are one neither names the other any more: it would name itself.
    func parted(_ image: [Value]) -> [Value] {
      zip(record.fields, image).map { field, value in
        schema.target(of: field, value) == ref && !field.required ? .null : value
      }
    }
    let kept = RowRef(record.name, alias.target)
    var old = [RowWrite(ref: ref, before: image, after: nil)]
    let first = mapping.mapped(Change(record, image, edit: alias.edit))
    var moved = [Change(record, mapped(first.new.map { $0 ?? .null }, record), edit: alias.edit)]
    var rows = [(ref: ref, image: image)]
    let children = try transaction.referrers(to: identities).values.flatMap { $0 }
    let images = try transaction.images(of: Array(Set(children)))
    for (child, image) in images.sorted(by: { ($0.key.record, $0.key.key) < ($1.key.record, $1.key.key) }) {
      guard child != ref, let tied = schema.record(child.record) else { continue }
      let target = mapped(child == kept ? parted(image) : image, tied)
      if target == image { continue }
      var change = Change(tied, target, edit: alias.edit)
      if change.key == child.key {
        // Its reference is not part of its key: the same row, pointing elsewhere.
        change.kind = .update
        change.old = zip(image, target).enumerated().map { $1.0 != $1.1 || tied.isKey($0) ? $1.0 : nil }
        change.new = zip(image, target).map { $0 != $1 ? $1 : nil }
      } else {
        old.append(RowWrite(ref: child, before: image, after: nil))
      }
      moved.append(change)
      rows.append((child, image))
    }
    let stamps = try transaction.cellStamps(of: rows.map { $0.ref })
    // The duplicates leave first, so that what they hold is free.
    old = try transaction.write(Settlement(writes: old), arrival: desk.arrival)
    let city = Sender(replica: .city, org: "", offset: 0, cursor: -1)
    let open = Master.unowned(schema)
    let incoming = zip(moved, rows).enumerated().map { index, pair in
      let (change, row) = pair
      return Incoming(n: index + 1, change: change, sent: change, stamps: stamps[row.ref] ?? [:]) { column in
        try transaction.authors(of: row.ref, column: column, value: row.image[column], byAllNames: false).first
      }
    }
    // First the row that is kept names the duplicate no more: what that one names fills the cell.
    let isFreed = { (incoming: Incoming) in incoming.change.ref == kept && incoming.change.kind == .update }
    let rounds = [incoming.filter(isFreed)] + desk.rounds(incoming.filter { !isFreed($0) })
    for round in rounds where !round.isEmpty {
      let intake = Intake(
        schema: open, formats: formats, transaction: transaction, sender: city, received: desk.received,
        ties: desk.ties, waived: [.scope, .locked])
      let settlement = try intake.settle(round)
      if let parked = settlement.parked.first { throw refused(record, alias, parked) }
      for write in settlement.writes { write.echo = nil }
      old += try transaction.write(settlement, arrival: desk.arrival)
    }
    let gone = identities.subtracting(try transaction.present(identities))
    for (target, children) in try transaction.referrers(to: gone) {
      if let child = children.first { throw refused(record, alias, child, target) }
    }
    return old
  }

  /// What the row that is kept has in the fields by which others refer to the duplicate. What it lacks it gets from the duplicate.
  private func names(
    _ identities: Set<ReferenceTarget>, _ record: RecordSchema, _ alias: Alias, _ transaction: any MasterTransaction
  ) throws -> [ReferenceTarget: Value] {
    let kept = RowRef(record.name, alias.target)
    let image = try transaction.images(of: [kept])[kept]
    var names: [ReferenceTarget: Value] = [:]
    for identity in identities {
      let place = record.key.firstIndex(of: identity.field)
      let value = place.map { alias.target.values[$0] } ?? record.index(of: identity.field).flatMap { image?[$0] }
      if let value, !value.isNull { names[identity] = value }
    }
    return names
  }

  /// What is contested of the duplicate, or of a row whose key names it, is so of the row that it is now. Whoever looked at it
  /// has not seen what stands there.
  private func moveConflicts(
    of ref: RowRef, to target: RowKey, received: Stamp, _ transaction: any MasterTransaction
  ) throws {
    #if MUTANTS
      if Mutant.conflictsStayBehind.isActive { return }
    #endif
    let mapping = Mapping(schema, aliases: [ref: target])
    func names(_ record: RecordSchema) -> Bool {
      record.keyIndices.contains { schema.target(of: record.fields[$0], ref.key.values.first) == ref }
    }
    for record in schema.records where record.name == ref.record || names(record) {
      for var conflict in try transaction.waitingConflicts(in: record) {
        let now = mapping.mapped(RowRef(conflict.record, conflict.key))
        if now.key == conflict.key { continue }
        conflict.key = now.key
        conflict.version += 1
        if let column = conflict.field.flatMap(record.index(of:)),
          let stands = try transaction.images(of: [now])[now]?[column], stands != conflict.master
        {
          conflict.stands(stands, received: received)
        }
        try transaction.save(conflict, isMoved: true)
      }
    }
  }

  private func refused(_ record: RecordSchema, _ alias: Alias, _ parked: ParkedDraft) -> Failure {
    let row = "\(record.name) \(show(alias.key))"
    let other = "\(parked.change.record) \(show(parked.change.key))"
    return Failure(
      .data, zh: "\(row) 不能并入:\(other) \(parked.why.detail.zh)",
      en: "\(row) cannot be merged: \(other): \(parked.why.detail.en)")
  }

  /// A row goes on referring to the duplicate: its cell waits for a decision, or the row that is kept has no such value.
  private func refused(
    _ record: RecordSchema, _ alias: Alias, _ child: RowRef, _ target: ReferenceTarget
  ) -> Failure {
    let row = "\(record.name) \(show(alias.key))"
    let (other, name) = ("\(child.record) \(show(child.key))", "\(target.field) \(show(RowKey([target.value])))")
    return Failure(
      .data, zh: "\(row) 不能并入:\(other) 仍引用其 \(name);请先处理有关冲突,或让它引用另一行",
      en: "\(row) cannot be merged: \(other) still refers to its \(name); decide what is contested of the two, "
        + "or let it refer to another row")
  }

  /// The schema as an official merges by it: every cell that differs is contested.
  private static func reviewed(_ schema: Schema) -> Schema {
    var schema = schema
    for record in schema.records.indices {
      schema.records[record].rules.append = false
      for field in schema.records[record].fields.indices where schema.records[record].fields[field].policy != .text {
        schema.records[record].fields[field].policy = .review
      }
    }
    return schema
  }

  /// Of a row that stood in the master, also the cells that the city owns, and whose it is.
  private static func unowned(_ schema: Schema) -> Schema {
    var schema = reviewed(schema)
    for record in schema.records.indices {
      schema.records[record].owner = .any
      if case .field = schema.records[record].scope { schema.records[record].scope = .all }
      for field in schema.records[record].fields.indices {
        schema.records[record].fields[field].owner = nil
        for choice in (schema.records[record].fields[field].check.values ?? []).indices {
          schema.records[record].fields[field].check.values?[choice].owner = nil
        }
      }
    }
    return schema
  }
}

extension RecordSchema {
  /// A row of which nothing but its key is known.
  func keyOnly(_ key: RowKey) -> [Value] {
    var row: [Value] = fields.map { _ in .null }
    for (index, value) in zip(keyIndices, key.values) { row[index] = value }
    return row
  }
}

extension ParkedChange {
  /// Without what it empties that is empty already: of the row that is kept that says nothing, whatever value stands there.
  fileprivate func leaving(empty image: [Value]) -> ParkedChange {
    #if MUTANTS
      if Mutant.duplicateEmpties.isActive { return self }
    #endif
    guard change.kind == .update else { return self }
    var left = self
    for (column, value) in image.enumerated() where value.isNull && change.new[column]?.isNull == true {
      (left.change.old[column], left.change.new[column]) = (nil, nil)
      left.change.cellEdits[column] = nil
    }
    return left
  }
}
