import GRDB
import SQLiteStore
import SyncCore

// A tool that leaves foreign keys off may delete a row of the master to which others refer, or enter one that refers
// to nothing; one that works in another code page may leave bytes in a text that are no UTF-8, and one that rebuilds a
// table values that its checks refuse. The master keeps what it was given; no replica could. Such a row, and whatever
// refers to it, is seen by no replica until what it names is there and its table takes every value. Weak references,
// which a replica does not ask for, do not count.

extension SQLiteMasterTransaction {
  static let orphanTable = """
    CREATE TABLE sync_orphan (record TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (record, key)) STRICT, WITHOUT ROWID
    """

  /// All of them, or those of one record.
  func orphans(in record: RecordSchema? = nil) throws -> Set<RowRef> {
    var found: Set<RowRef> = []
    let name = record.map { Value.text($0.name) }
    let sql = "SELECT record, key FROM sync_orphan" + (name == nil ? "" : " WHERE record = ?")
    try db.each(sql, name.map { [$0] } ?? []) { row in
      guard case .blob(let key) = row.cell(1) else { return }
      found.insert(RowRef(row[0], try RowKey(encoded: key)))
    }
    return found
  }

  /// Looks for orphans after writes, and gives each row that became one, or is one no more, its place.
  /// - Parameter areOwn: a tool may have made them, and asked for no references.
  /// - Returns: those that are orphans no more, as rows that came: what waits for them need not wait.
  func followOrphans(_ writes: [RowWrite], areOwn: Bool) throws -> [RowWrite] {
    let known = try orphans()
    if known.isEmpty, !areOwn { return [] }
    let ties = Ties.all(schema)
    var found = try cutOff(by: writes, known, ties)
    var parents = found
    while !parents.isEmpty {
      parents = try children(of: parents, ties).subtracting(found)
      found.formUnion(parents)
    }
    for ref in found.sorted() {
      if !known.contains(ref) { try db.run("INSERT INTO sync_orphan VALUES (?, ?)", ref.columns) }
      // What was written of it has given it a place where it was seen last.
      #if MUTANTS
        if Mutant.orphansAreShown.isActive { continue }
      #endif
      try show(ref, to: nil)
    }
    return try known.subtracting(found).sorted().compactMap { ref in
      try db.run("DELETE FROM sync_orphan WHERE record = ? AND key = ?", ref.columns)
      guard let record = schema.record(ref.record), let row = try record.row(db, key: ref.key) else { return nil }
      try show(ref, to: unit(of: record, row))
      return RowWrite(ref: ref, before: nil, after: row)
    }
  }

  /// Rows that name what is not there, or that no replica's table takes: of those that were orphans before, and those
  /// that these writes may have cut off.
  private func cutOff(by writes: [RowWrite], _ known: Set<RowRef>, _ ties: [String: Ties]) throws -> Set<RowRef> {
    func targets(_ ref: RowRef, _ image: [Value]?) -> Set<ReferenceTarget> {
      Set(ties[ref.record]?.targets(image, areStrong: true) ?? [])
    }
    var gone: Set<ReferenceTarget> = []
    var wrong: Set<RowRef> = []
    func look(_ ref: RowRef, _ image: [Value]?) {
      guard let image, let record = schema.record(ref.record), !record.holds(image) else { return }
      wrong.insert(ref)
    }
    var wanted: [(ref: RowRef, targets: Set<ReferenceTarget>)] = []
    for write in writes where write.before != write.after {
      let (ties, ref) = (ties[write.ref.record], write.ref)
      gone.formUnion(Set(ties?.identities(write.before) ?? []).subtracting(ties?.identities(write.after) ?? []))
      wanted.append((ref, targets(ref, write.after).subtracting(targets(ref, write.before))))
      look(ref, write.after)
    }
    let suspects = known.union(try referrers(to: gone).values.flatMap { $0 })
    for (ref, row) in try images(of: suspects.sorted()) {
      wanted.append((ref, targets(ref, row)))
      look(ref, row)
    }
    let present = try present(wanted.reduce(into: []) { $0.formUnion($1.targets) })
    return Set(wanted.filter { !$0.targets.isSubset(of: present) }.map(\.ref)).union(wrong)
  }

  private func children(of parents: Set<RowRef>, _ ties: [String: Ties]) throws -> Set<RowRef> {
    let rows = try images(of: parents.sorted())
    let names = Set(rows.flatMap { ties[$0.record]?.identities($1) ?? [] })
    let children = Set(try referrers(to: names).values.flatMap { $0 })
    return try Set(
      images(of: children.sorted()).filter { ref, image in
        ties[ref.record]?.targets(image, areStrong: true).contains(where: names.contains) ?? false
      }.keys)
  }
}
