import SQLiteStore
import SyncCore
import SyncProtocol

// I4: what a county sent changed nothing outside its scope and nothing of the city's, and what it got is its own.
extension Town {
  /// - Parameters:
  ///   - before: the master's rows before the request of this machine.
  ///   - end: the last batch of the log by then.
  func checkIsolation(of machine: Machine, before: Rows, since end: Int64) throws {
    let after = city.rows
    let erased = try erasedRows(since: end)
    for ref in erased { witness.noteErasuresBack(of: ref, arrival: logEnd) }
    let successor = schema.successor(of: machine.org, in: before)
    if let successor { try checkSuccession(of: machine, by: successor, before, since: end) }
    if before == after { return }
    var entered: Set<RowRef>?
    for ref in Set(before.keys).union(after.keys).inOrder() where before[ref] != after[ref] {
      guard let record = schema.record(ref.record), record.projects == nil else { continue }
      let units = Set(
        [(before[ref], before), (after[ref], after)].compactMap { image, rows in
          image.map { schema.unit(of: ref, $0, in: rows, or: city.last) ?? "?" }
        })
      let isOwn = units.isSubset(of: [machine.org, successor ?? machine.org])
      guard let problem = isOwn ? try ownProblem(record, ref, machine, before, after, since: end) : "out of its scope"
      else { continue }
      if isOwn, try isEnteredAnew(record, ref, after[ref], machine, since: end) { continue }
      if entered == nil { entered = try enteredRows(since: end) }
      if entered?.contains(witness.canonical(ref)) == true { continue }
      if erased.contains(witness.canonical(ref)) { continue }
      if try hasMergedAgain(since: end) { return }
      throw Violation(
        .isolation, "a batch of \(machine.name) changed \(name(ref)): \(problem) (units \(units.sorted()))")
    }
  }

  /// M15: what a unit sends about a row that the one that took over from it has by now is not out of its scope.
  private func checkSuccession(of machine: Machine, by successor: String, _ before: Rows, since end: Int64) throws {
    let ids = try machine.replica.identity.names
    let refused = Set(
      try city.master.read { db in
        try Int64.fetchAll(
          db, sql: "SELECT id FROM sync_parked WHERE arrival > ? AND reason = 'scope'", arguments: [end])
      })
    if refused.isEmpty { return }
    for parked in try city.master.parked() where refused.contains(parked.id) && ids.contains(parked.replica) {
      guard let record = schema.record(parked.ref.record), let scope = record.scopeIndex else { continue }
      let ref = witness.canonical(parked.ref)
      guard let image = before[ref], schema.unit(of: ref, image, in: before) == successor, parked.row[scope] == nil
      else {
        continue
      }
      throw Violation(
        .isolation, "\(name(ref)) of \(machine.name) is parked as another unit's, and \(successor) has taken over")
    }
  }

  /// What a county may not do to a row of its own.
  private func ownProblem(
    _ record: RecordSchema, _ ref: RowRef, _ machine: Machine, _ before: Rows, _ after: Rows, since end: Int64
  ) throws -> String? {
    if record.owner == .city { return "a record of the city's" }
    if let lock = record.rules.lock {
      let images = [before[ref], after[ref]].compactMap { $0 }
      let closed = try images.compactMap { lock.target(of: record, $0) }.contains { target in
        guard let closing = schema.record(target.record), lock.holds(closing, after[target]) else { return false }
        let units = [machine.org, schema.successor(of: machine.org, in: before)].compactMap(\.self)
        return try !units.contains { try isExcepted(lock, target, for: $0, before, since: end) }
      }
      if closed { return "it is locked" }
    }
    guard let old = before[ref] else { return nil }
    guard let new = after[ref] else { return record.rules.append ? "rows are only ever added" : nil }
    // Two inserts of one key fill in what either left empty (M6).
    if record.rules.append, zip(old, new).contains(where: { $0 != $1 && !$0.isNull }) {
      return "rows are only ever added"
    }
    let column = record.fields.indices.first { record.owner(of: $0) == .city && old.cell($0) != new.cell($0) }
    return column.map { "\(record.fields[$0].name) is the city's" }
  }

  /// Whether the city had opened a lock for this unit on the day when the request came.
  private func isExcepted(
    _ lock: Lock, _ closing: RowRef, for unit: String, _ rows: Rows, since end: Int64
  ) throws -> Bool {
    guard let except = lock.except, let record = schema.record(except.record) else { return false }
    let image = rows[except.target(of: closing, unit: unit)]
    return try city.master.read { db in
      let sql = "SELECT received_at FROM sync_batch WHERE arrival > ?"
      let stamps = try db.first(sql, [.integer(end)])?.compactMap(\.integer) ?? []
      return stamps.contains { except.holds(record, image, at: Stamp(raw: $0)) }
    }
  }

  /// The clerk deleted the row and entered it again, in a later batch or under the other key of a merged duplicate: it stands
  /// there without what was the city's, as any row does that a county enters.
  private func isEnteredAnew(
    _ record: RecordSchema, _ ref: RowRef, _ image: [Value]?, _ machine: Machine, since end: Int64
  ) throws -> Bool {
    guard let image, !record.rules.append, record.rules.lock == nil,
      record.fields.indices.allSatisfy({ record.owner(of: $0) != .city || image.cell($0).isNull })
    else { return false }
    let arrivals = try arrivalsByBody()
    return witness.claims.contains { claim in
      claim.author == machine.index && claim.column == nil && claim.ref == ref
        && claim.body.map { arrivals[$0] ?? .max > end } ?? false
    }
  }

  /// Rows of parked changes that have entered since a batch, whoever sent them: what frees one may be anybody's.
  func enteredRows(since end: Int64) throws -> Set<RowRef> {
    let sql = "SELECT received_at FROM sync_batch WHERE arrival = ?"
    let last = try city.master.read { try $0.integer(sql, [.integer(end)]) } ?? 0
    let parked = try city.master.parked(waiting: false).filter { change in
      ParkedState.cameIn.contains(change.state) && change.ruling.map { $0.edit.stamp.raw > last } ?? false
    }
    return Set(parked.flatMap { [$0.ref] + witness.landings(of: $0.ref) }.map(witness.canonical))
  }

  /// Rows of which this request gave an erasure back that a city without its disk had lost.
  func erasedRows(since end: Int64) throws -> Set<RowRef> {
    if witness.lostErasures.isEmpty { return [] }
    var refs: Set<RowRef> = []
    try city.master.read { db in
      try db.each("SELECT record, key FROM sync_erasure WHERE arrival > ?", [.integer(end)]) { row in
        guard case .blob(let key) = row.cell(1) else { return }
        refs.insert(witness.canonical(RowRef(row[0], try RowKey(encoded: key))))
      }
    }
    return refs
  }

  /// Whether the city merged with this request what a tool had entered by the key of a merged duplicate.
  func hasMergedAgain(since end: Int64) throws -> Bool {
    let sql = "SELECT 1 FROM sync_alias WHERE stamp > (SELECT received_at FROM sync_batch WHERE arrival = ?)"
    return try city.master.read { try $0.first(sql, [.integer(end)]) != nil }
  }

  /// Everything in an answer is of the machine's unit, or everybody's.
  func checkAnswer(_ reply: [UInt8], to machine: Machine) throws {
    // A city that was restored may write by an earlier version than the latest.
    let schema = try city.master.schema
    for message in try SealedEnvelope.split(reply) {
      let reader = message.header.replica
      // Who gives back is told what is missing even if the city does not know it: a bit of the id may have been flipped.
      if try !machine.replica.identity.names.contains(reader.description),
        try machines.contains(where: { try $0.replica.identity.replica == reader }) || message.header.kind != .standing
      {
        throw Violation(.isolation, "\(machine.name) was sent a message for another machine")
      }
      guard message.header.kind == .page else { continue }
      let items = try PageBody.decode(message.unverifiedBody(), schema: schema)
      for item in items { try check(item, for: machine) }
      try checkTold(items, to: machine)
    }
  }

  private func check(_ item: PageItem, for machine: Machine) throws {
    switch item {
    case .row(let record, let image):
      guard let key = schema.record(record)?.rowKey(of: image) else { return }
      let ref = RowRef(record, key)
      let unit = schema.unit(of: ref, image, in: city.rows)
      if unit != "", unit != machine.org {
        throw Violation(.isolation, "\(machine.name) was sent \(name(ref)), which is of unit \(unit ?? "none")")
      }
      if city.rows[ref] != image { throw Violation(.convergence, "\(machine.name) was sent \(name(ref)) as it is not") }
    case .parked(let notice):
      guard
        let sender = machines.first(where: { (try? $0.replica.identity.replica.description) == notice.parked.replica })
      else { return }
      if sender.org != machine.org {
        throw Violation(.isolation, "\(machine.name) was told of a parked row of \(sender.name)")
      }
    case .gone, .conflict, .contender, .erasure, .own, .mark: break
    }
  }
}
