import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Personal data is erased: the cell, and every copy of the values that it ever had. The signed log keeps their commitments
// and says what was erased, when, by whom and why.

extension Master {
  /// Erases the values of restricted fields of a row, which may be deleted already, here and at every replica that may hold
  /// them. Whatever replicas sent of these cells without knowing of it, edited before it, is erased when it arrives.
  /// - Parameter fields: names of restricted fields; nil: all of the record.
  /// - Returns: what was recorded, also for each duplicate that was merged into the row.
  @discardableResult
  public func erase(
    _ record: RecordSchema, key: RowKey, fields: [String]? = nil, reason: String, actor: String?
  ) throws -> [Erasure] { try erase(record, keys: [key], fields: fields, reason: reason, actor: actor) }

  /// The same of several rows, one after the other. Then the file is written anew, which takes as long as a copy of it.
  /// - Parameter fits: asked of each row as it stands when it is erased, or of what it was when it was deleted; one of
  ///   which it is not true, or of which nothing is left to erase, stays as it is. nil: all are erased.
  public func erase(
    _ record: RecordSchema, keys: [RowKey], where fits: (([Value]) -> Bool)? = nil, fields: [String]? = nil,
    reason: String, actor: String?
  ) throws -> [Erasure] {
    let names = try restricted(fields, of: record)
    var erasures: [Erasure] = []
    // Read once: it opens all that came back.
    let lost: [RowKey: [Value]] =
      try fits == nil ? [:] : read { try SQLiteMasterTransaction(db: $0, schema: schema).returnedRows(record) }
    do {
      for key in keys {
        erasures += try enterErasure(record, key, lost: lost, fits, names, reason: reason, actor: actor)
      }
    } catch {
      // Those before it are erased.
      if !erasures.isEmpty { try? removeErased() }
      throw error
    }
    try removeErased()
    return erasures
  }

  /// The keys of rows of which something is left to erase, in themselves or in what they were: also of those that were
  /// deleted, that were parked and never entered, or that came back to a restored city and are in no log.
  /// - Parameter fits: of which rows; of one that is deleted, as it was then, and of one that never entered, as it was sent.
  public func erasable(
    _ record: RecordSchema, fields: [String]? = nil, where fits: ([Value]) -> Bool
  ) throws -> [RowKey] {
    let names = try restricted(fields, of: record)
    try absorbNow()
    let standing = try rows(record).filter(fits).map(record.rowKey(of:))
    return try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      var keys = try Set(standing).union(deletedKeys(record, db))
      try db.each("SELECT key FROM sync_parked WHERE record = ?", [.text(record.name)]) { row in
        if case .blob(let key) = row.cell(0) { keys.insert(try RowKey(encoded: key)) }
      }
      let lost = try transaction.returnedRows(record)
      keys.formUnion(lost.keys)
      return try keys.sorted().filter { key in
        let ref = RowRef(record.name, key)
        // A duplicate, or what landed with the unit that took over, goes with the row that it is now.
        return try transaction.kept(ref) == ref && transaction.landings(of: ref, record).isEmpty
          && transaction.isErasable(ref, record, lost: lost, names, fits)
      }
    }
  }

  /// Whether the city has such a row, by any of its names, or had it. One that was restored may have lost it.
  public func isKnown(_ record: RecordSchema, _ key: RowKey) throws -> Bool {
    try read { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let kept = try transaction.kept(RowRef(record.name, key))
      return try transaction.isOrWas(kept, record)
        || transaction.loggedNames(of: kept, record).contains(where: transaction.isTouched)
    }
  }

  /// What was erased is neither in the folders beside the file nor in its old pages any more. The folders come first,
  /// for the file takes long, and again for what was under way then.
  func removeErased() throws {
    emptyKeptFolders()
    try store.removeOldPages()
    emptyKeptFolders()
  }

  /// Whether the file may still hold what was erased: another program used it, or the disk was full. Opening it tries again.
  public func holdsOldPages() throws -> Bool { try read { try OldPages.noted($0) != nil } }

  private func enterErasure(
    _ record: RecordSchema, _ key: RowKey, lost: [RowKey: [Value]], _ fits: (([Value]) -> Bool)?, _ names: [String],
    reason: String, actor: String?
  ) throws -> [Erasure] {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      let kept = try present(RowRef(record.name, key), record, transaction)
      if let fits, try !transaction.isErasable(kept, record, lost: lost, names, fits) { return [] }
      let keys = try transaction.loggedNames(of: kept, record)
      // A row that a restored city has lost may stand in what was set aside, or be put by at machines.
      let mayBeLost = try transaction.setting("restored_end") != nil
      let refs = try keys.sorted().filter { ref in
        // What landed with the unit that took over, no batch names by the key that it has there.
        let isKnown =
          try transaction.isTouched(ref) || ref == kept && (mayBeLost || transaction.isOrWas(ref, record))
        return try isKnown && (ref == kept || !isApart(ref, record, names, from: kept, transaction))
      }
      guard !refs.isEmpty else {
        throw Failure(
          .notFound, zh: "\(record.name) 中从未有过 \(show(key));请核对主键",
          en: "there never was a \(record.name) \(show(key)); check the key")
      }
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city")
      let erasures = refs.map {
        Erasure(record: record.name, key: $0.key, fields: names, reason: reason, edit: edit)
      }
      let (arrival, cursor) = (try transaction.upcomingArrival(), try transaction.head())
      try absorb(transaction, Batch(erasures: erasures))
      for erasure in erasures {
        try transaction.carryOut(erasure, arrival: arrival, cursor: cursor)
        try transaction.eraseReturned(erasure)
      }
      return erasures
    }
  }

  /// The row that is meant by a key that may have been its sender's.
  private func present(
    _ ref: RowRef, _ record: RecordSchema, _ transaction: SQLiteMasterTransaction
  ) throws -> RowRef {
    let kept = try transaction.kept(ref)
    let landings = try transaction.landings(of: kept, record)
    guard landings.count < 2 else {
      let (row, keys) = ("\(record.name) \(show(ref.key))", landings.map { show($0.key) })
      throw Failure(
        .data,
        zh: "\(row) 已归入承接单位,无法判断是哪一条(\(keys.joined(separator: "、")));请按现在的主键删除其个人信息",
        en: "\(row) is one of \(keys.joined(separator: "; ")) by now, which one cannot be told; "
          + "erase it by the key that it has now")
    }
    return landings.first ?? kept
  }

  /// Whether a row of its own stands under a name that the erased row had before, and nothing is left there of when they were one.
  private func isApart(
    _ ref: RowRef, _ record: RecordSchema, _ names: [String], from kept: RowRef, _ transaction: SQLiteMasterTransaction
  ) throws -> Bool {
    if try record.row(transaction.db, key: ref.key) == nil { return false }
    let erasures = try transaction.erasures(of: [ref])[ref] ?? []
    if let last = erasures.last(where: { recorded in names.allSatisfy { recorded.erasure.covers($0) } }) {
      let since = "SELECT 1 FROM sync_touch WHERE record = ? AND key = ? AND arrival > ?"
      if try transaction.db.first(since, ref.columns + [.integer(last.arrival)]) == nil { return true }
    }
    let (other, row) = (show(ref.key), "\(record.name) \(show(kept.key))")
    throw Failure(
      .data, zh: "\(other) 曾并入 \(row),现在是单独的一条记录;请先重新合并,或先删除其个人信息",
      en: "\(other), merged into \(row) before, stands as a row of its own: merge it again or erase it first")
  }

  /// Everything that was erased, in that order.
  public func erasures() throws -> [Erasure] { try read { try RecordedErasure.read($0).map(\.erasure) } }

  private func restricted(_ fields: [String]?, of record: RecordSchema) throws -> [String] {
    let known = record.restrictedIndices.map { record.fields[$0].name }
    if let other = fields?.first(where: { !known.contains($0) }) {
      throw Failure(
        .usage, zh: "\(record.name).\(other) 不是 restricted 字段,其值不能删除(可用:\(known.joined(separator: "、")))",
        en: "\(record.name).\(other) is not a restricted field, its values cannot be erased "
          + "(there are: \(known.joined(separator: ", ")))")
    }
    let names = fields ?? known
    guard !names.isEmpty else {
      throw Failure(
        .usage, zh: "\(record.name) 没有 restricted 字段,没有可删除的个人信息",
        en: "\(record.name) has no restricted field, so nothing that could be erased")
    }
    return names
  }

  /// A batch of the city's own that came back, with its values. What is missing was erased.
  /// - Parameter schema: the one that the batch names.
  func own(
    _ sealed: Batch, by schema: Schema, secrets: [Secret], _ transaction: any MasterTransaction
  ) throws -> (batch: Batch, secrets: [SecretCell]) {
    if !schema.hasRestricted { return (sealed, []) }
    return try sealed.received(
      schema, with: secrets, isErased: true, keeping: { _ in true })
  }

  /// The values of a batch that has just come, and the secrets to keep of it. Of a cell that was erased meanwhile its sender's
  /// base is gone, and so is a value edited before the erasure; one edited since is a new value.
  /// - Parameters:
  ///   - schema: the one that the batch names.
  ///   - secrets: nil: its sender says nothing of them.
  ///   - isFormer: it was made before the city was restored; what its sender's secrets lack was erased since.
  func received(
    _ sealed: Batch, by schema: Schema, secrets: [Secret]?, cursor: Int64, offset: Int64, at stamp: Stamp,
    _ transaction: any MasterTransaction, isFormer: Bool
  ) throws -> (batch: Batch, secrets: [SecretCell]) {
    // Only the city erases, upgrades, enrols, merges duplicates, rules on what waits and says what is lost.
    guard sealed.erasures.isEmpty else { throw BodyError.badShape(Erasure.table) }
    guard sealed.schemas.isEmpty else { throw BodyError.badShape(SchemaStep.table) }
    guard sealed.aliases.isEmpty else { throw BodyError.badShape(Alias.table) }
    guard sealed.rulings.allSatisfy({ $0.verdict == .withdraw }) else { throw BodyError.badShape(Ruling.table) }
    guard sealed.members.isEmpty, sealed.losses.isEmpty else { throw BodyError.badShape(Member.table) }
    if !schema.hasRestricted, (secrets ?? []).isEmpty { return (sealed, []) }
    let refs = sealed.changes.map(\.ref) + sealed.decisions.compactMap(\.subject?.ref)
    let erasures = try transaction.erasures(of: Set(refs))
    return try sealed.received(schema, with: secrets ?? [], isErased: isFormer && secrets != nil) { place in
      let unknown = (erasures[place.ref] ?? []).filter { $0.erasure.covers(place.field) && cursor <= $0.cursor }
      // In a city that was restored an earlier one may be recorded after a later one.
      return unknown.allSatisfy { $0.erasure.leaves(place, offset: offset, arrival: stamp) }
    }
  }
}
