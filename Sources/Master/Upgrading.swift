import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A later version of the schema is a signed batch of the city's own, so that a replay switches where the master did.

extension Master {
  /// Makes a later version of the schema the one of this master, for every process that has it open. Counties get it with
  /// their next sync. An earlier one that a restored city has lost is made known again.
  /// - Parameter text: the same schema in its canonical form.
  /// - Returns: what is new. Throws `Failure(.data)` for what is no addition, naming record and field.
  @discardableResult
  public func upgrade(to new: Schema, text: String, actor: String?) throws -> [Addition] {
    let additions: [Addition] = try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      if text == (try transaction.meta().schemaText) { return [] }
      let isLost = try canRecall(new, text: text, transaction)
      let additions = try isLost ? [] : new.additions(since: schema)
      try schema.assertUnaltered(db, weakKeys: true)
      try absorb(transaction)
      let step = SchemaStep(
        version: Int64(new.version), text: text,
        edit: Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city"))
      if isLost {
        try recall(step, transaction)
        return []
      }
      try absorb(transaction, Batch(schemas: [step]))
      _ = try carryOut(step, to: new, transaction)
      try transaction.takeUpAside()
      return additions
    }
    try applyReturned()
    return additions
  }

  /// Everything that an upgrade does besides its place in the log, whether it is asked for or the log is replayed.
  /// - Returns: the same transaction with the new schema.
  func carryOut(
    _ step: SchemaStep, to new: Schema, _ transaction: SQLiteMasterTransaction
  ) throws -> SQLiteMasterTransaction {
    let db = transaction.db
    let old = try transaction.meta()
    try new.upgradeTables(db, from: transaction.schema, weakKeys: true)
    try SchemaTable.add(
      db, step.stored,
      after: StoredSchema(version: transaction.schema.version, hash: old.schemaHash, text: old.schemaText))
    try store.openSchema.upgraded(to: new, db)
    let upgraded = SQLiteMasterTransaction(db: db, schema: new)
    try upgraded.fillProjections(since: transaction.schema)
    let desk = Desk(
      schema: new, formats: formats, transaction: upgraded, received: step.edit.stamp,
      arrival: try upgraded.lastArrival())
    try desk.judgeAgain(upgraded.lockedWithoutException(since: transaction.schema))
    return upgraded
  }

  /// Makes a version of the schema known again that was lost with a disk, and past which the city has gone since: who has it goes on
  /// from there, and what was made by it and set aside is looked at again. Nothing else changes.
  /// Throws `Failure(.data)` when the present version does not add to it.
  func recall(_ step: SchemaStep, _ transaction: SQLiteMasterTransaction) throws {
    try requireBetween(SchemaTable.decode(step.text), transaction.db)
    try absorb(transaction, Batch(schemas: [step]))
    try SchemaTable.keep(transaction.db, step.stored)
    try transaction.takeUpAside()
  }

  /// Whether an earlier version of the schema can be made known again. Throws `Failure(.data)` for one that is no step on the way to the
  /// present one, or is not the one that machines have: it would take the number of that for good.
  /// - Parameter text: the same schema in its canonical form.
  /// - Returns: false: it is not one that was lost.
  public func canRecall(_ lost: Schema, text: String) throws -> Bool {
    try read { try canRecall(lost, text: text, SQLiteMasterTransaction(db: $0, schema: schema)) }
  }

  private func canRecall(_ lost: Schema, text: String, _ transaction: SQLiteMasterTransaction) throws -> Bool {
    guard try transaction.mayHaveLost(Int64(lost.version)) else { return false }
    try requireBetween(lost, transaction.db)
    let named = try transaction.unknownSchemas()
    guard named.isEmpty || named.contains(sha256(Array(text.utf8))) else {
      throw Failure(
        .data,
        zh: "这不是各机器所用的第 \(lost.version) 版;请在用该版本的机器上运行 county sync,再从其文件中取出该版本的原文",
        en: "this is not version \(lost.version) as machines have it; run county sync at one that has it, then take "
          + "the text out of its file as it is")
    }
    return true
  }

  private func requireBetween(_ lost: Schema, _ db: Database) throws {
    if let before = try SchemaTable.all(db).last(where: { $0.version < lost.version }) {
      _ = try lost.additions(since: SchemaTable.decode(before.text))
    }
    _ = try schema.additions(since: lost)
  }

  /// Versions of the schema whose texts are not the ones that messages name.
  func brokenSchemas(_ db: Database) throws -> [Label] {
    try SchemaTable.all(db).filter { sha256(Array($0.text.utf8)) != $0.hash }.map {
      Label(
        zh: "模式第 \($0.version) 版的文本被改动;请恢复备份",
        en: "the text of version \($0.version) of the schema was altered; restore a backup")
    }
  }

  /// The log ends with another version of the schema than the master has.
  func unsignedSchema(_ replayed: Master) -> [Label] {
    if replayed.schema == schema { return [] }
    return [
      Label(
        zh: "主库的模式是第 \(schema.version) 版,但历史只到第 \(replayed.schema.version) 版",
        en: "the master has version \(schema.version) of the schema, but the log ends with \(replayed.schema.version)")
    ]
  }
}

extension SchemaStep {
  var stored: StoredSchema { StoredSchema(version: Int(version), hash: sha256(Array(text.utf8)), text: text) }
}

extension SQLiteMasterTransaction {
  /// Whether a version of the schema lies between those that the city has had, and may have been lost with a disk.
  func mayHaveLost(_ version: Int64) throws -> Bool {
    guard try setting("restored_end") != nil else { return false }
    let known = try SchemaTable.all(db).map { Int64($0.version) }
    return !known.contains(version) && known.contains { $0 < version } && known.contains { $0 > version }
  }

  /// The versions that machines of a restored city have, or what they gave back names, and that nobody knows here.
  fileprivate func unknownSchemas() throws -> Set<[UInt8]> {
    var named = try Set(returned().map { try SealedEnvelope($0.message[...]).header.schema })
    try db.each("SELECT value FROM sync_meta WHERE name LIKE 'unknown:%'") { row in
      if case .blob(let hash) = row.cell(0) { named.insert(hash) }
    }
    let present = try meta().schemaHash
    return try named.filter { try $0 != present && earlierSchema($0) == nil }
  }

  func noteUnknownSchema(_ hash: [UInt8], of replica: Identifier) throws {
    if try setting("restored_end") != nil { try set("unknown:\(replica)", .blob(hash)) }
  }

  /// What waits since before its lock had an exception: no row that opens the lock would find it.
  fileprivate func lockedWithoutException(since old: Schema) throws -> [ParkedChange] {
    let opened = schema.records.filter { record in
      record.rules.lock?.except != nil && old.record(record.name)?.rules.lock?.except == nil
    }
    return try opened.flatMap { record in
      try parkedChanges(
        "record = ? AND state = 'waiting' AND reason = 'locked' AND cause IS NULL", [.text(record.name)])
    }
  }

  /// Rows of projections that are new, or show a field more. In the order of their keys: their places must not depend on how
  /// the file came to be (I7). What a tool wrote past the triggers is put right, and has no place: no log tells of it.
  fileprivate func fillProjections(since old: Schema) throws {
    for projection in schema.records {
      guard let source = projection.projects.flatMap(schema.record) else { continue }
      let former = old.record(projection.name)
      var writes: [RowWrite] = []
      var strayed: [RowWrite] = []
      try db.each(
        "SELECT \(source.columns.joined(separator: ", ")) FROM \(source.table) "
          + "ORDER BY \(source.keyColumns.joined(separator: ", "))"
      ) { row in
        let image = row.cells(0..<source.fields.count)
        let ref = RowRef(projection.name, source.rowKey(of: image))
        let before = former.map { projection.widened($0.projected(source, image)) }
        let after = projection.projected(source, image)
        if before != after { writes.append(RowWrite(ref: ref, before: before, after: after)) }
        let stands = try projection.row(db, key: ref.key)
        if stands != before { strayed.append(RowWrite(ref: ref, before: stands, after: after)) }
      }
      try assign(strayed)
      try assign(writes)
      try feed(writes)
      _ = try followOrphans(writes, areOwn: false)
    }
  }
}
