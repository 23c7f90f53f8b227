import GRDB
import SQLiteStore
import SyncCore

// The rows of projections follow those of their record, in the transaction that writes them. They are in no batch: whoever
// has the record's rows can make them.

extension SQLiteMasterTransaction {
  /// What these writes change in projections. Before the rows of the projections are written.
  func projected(_ writes: [RowWrite]) throws -> [RowWrite] {
    if !schema.records.contains(where: { $0.projects != nil }) { return [] }
    return try writes.flatMap { write -> [RowWrite] in
      guard write.before != write.after, let source = schema.record(write.ref.record) else { return [] }
      return try schema.projections(of: source).compactMap { projection in
        let before = try projection.row(db, key: write.ref.key)
        let after = write.after.map { projection.projected(source, $0) }
        #if MUTANTS
          if Mutant.stubsStay.isActive, after == nil { return nil }
        #endif
        if before == after { return nil }
        return RowWrite(ref: RowRef(projection.name, write.ref.key), before: before, after: after)
      }
    }
  }

  /// Undoes what a tool wrote into a projection: its rows are as before the edits that no batch holds yet.
  /// - Parameters:
  ///   - all: also what nobody captured. Reads every row.
  ///   - untold: records of which nobody can tell what was edited unseen: what is shown of them otherwise now has a
  ///     place in the feed.
  func restoreProjections(all: Bool = false, of untold: Set<String> = []) throws {
    for projection in schema.records {
      guard let source = projection.projects.flatMap(schema.record) else { continue }
      var keys: Set<RowKey> = []
      try projection.eachPending(db) { keys.insert($0.key) }
      if all {
        try source.eachPending(db) { keys.insert($0.key) }
        keys.formUnion(try projection.keys(unlike: source, db))
      }
      if keys.isEmpty { continue }
      var writes: [RowWrite] = []
      try applying(db) {
        for key in keys.sorted() {
          let before = try projection.row(db, key: key)
          let after = try absorbed(source, key).map { projection.projected(source, $0) }
          if let after { try projection.writeUnchecked(db, row: after) } else { try projection.remove(db, key: key) }
          if before == after || !untold.contains(source.name) { continue }
          writes.append(RowWrite(ref: RowRef(projection.name, key), before: before, after: after))
        }
      }
      for key in keys { try projection.clearPending(db, key: key) }
      if !writes.isEmpty { try feed(writes) }
    }
  }

  /// The row without the city's edits that no batch holds yet.
  private func absorbed(_ record: RecordSchema, _ key: RowKey) throws -> [Value]? {
    if let pending = try record.pending(db, key: key) { return pending.baseRow(record) }
    return try record.row(db, key: key)
  }
}

extension Master {
  /// Rows of projections that are not as their record has them: a tool wrote them past the triggers.
  func brokenProjections(_ db: Database) throws -> [Label] {
    var problems: [Label] = []
    for projection in schema.records {
      guard let source = projection.projects.flatMap(schema.record) else { continue }
      for key in try projection.keys(unlike: source, db).map(show) {
        problems.append(
          Label(
            zh: "\(projection.name) \(key):与 \(source.name) 不一致;修改原行后会重新生成",
            en: "\(projection.name) \(key): is not as in \(source.name); the next edit of that row puts it right"))
      }
    }
    return problems
  }
}

extension RecordSchema {
  /// The keys of rows of this projection that are not as its record has them.
  fileprivate func keys(unlike source: RecordSchema, _ db: Database) throws -> [RowKey] {
    let list = columns.joined(separator: ", ")
    let (shown, wanted) = ("SELECT \(list) FROM \(table)", "SELECT \(list) FROM \(source.table)")
    let keyList = keyColumns.joined(separator: ", ")
    let sql = """
      SELECT DISTINCT \(keyList) FROM (
        SELECT * FROM (\(shown) EXCEPT \(wanted)) UNION ALL SELECT * FROM (\(wanted) EXCEPT \(shown))
      ) ORDER BY \(keyList)
      """
    var keys: [RowKey] = []
    try db.each(sql) { row in keys.append(RowKey(row.cells(0..<key.count))) }
    return keys
  }
}
