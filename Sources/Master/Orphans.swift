import GRDB
import SQLiteStore
import SyncCore

// A tool that leaves foreign keys off may delete a row of the master to which others refer, or enter one that refers to nothing. The
// master keeps what it was given; no replica could. Such a row, and whatever refers to it, is seen by no replica until what it
// names is there. Weak references, which a replica does not ask for, do not count.

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
    var found = try cutOff(by: writes, known)
    var parents = found
    while !parents.isEmpty {
      parents = try children(of: parents).subtracting(found)
      found.formUnion(parents)
    }
    for ref in found.subtracting(known).sorted() {
      try db.run("INSERT INTO sync_orphan VALUES (?, ?)", ref.columns)
      try show(ref, to: nil)
    }
    return try known.subtracting(found).sorted().compactMap { ref in
      try db.run("DELETE FROM sync_orphan WHERE record = ? AND key = ?", ref.columns)
      guard let record = schema.record(ref.record), let row = try record.row(db, key: ref.key) else { return nil }
      try show(ref, to: unit(of: record, row))
      return RowWrite(ref: ref, before: nil, after: row)
    }
  }

  func missing(
    above record: RecordSchema, _ image: [Value], isOrphan: Bool, arriving: Set<ReferenceTarget>
  ) throws -> (target: ReferenceTarget, through: ReferenceTarget)? {
    let orphans = try orphans()
    var seen: Set<RowRef> = []
    var rows = [(record: record, image: image, isOrphan: isOrphan, through: nil as ReferenceTarget?)]
    while let row = rows.popLast() {
      for target in targets(of: row.record, row.image) {
        guard let parent = schema.record(target.record) else { continue }
        let columns = parent.columns.joined(separator: ", ")
        let sql = "SELECT \(columns) FROM \(parent.table) WHERE \(quoted(target.field)) = ?"
        let through = row.through ?? target
        guard let above = try db.first(sql, [target.value]) else {
          if row.isOrphan, !arriving.contains(target) { return (target, through) }
          continue
        }
        let ref = RowRef(parent.name, parent.rowKey(of: above))
        if orphans.contains(ref), seen.insert(ref).inserted { rows.append((parent, above, true, through)) }
      }
    }
    return nil
  }

  /// Rows that name what is not there: of those that were orphans before, and those that these writes may have cut off.
  private func cutOff(by writes: [RowWrite], _ known: Set<RowRef>) throws -> Set<RowRef> {
    var gone: Set<ReferenceTarget> = []
    var wanted: [(ref: RowRef, targets: Set<ReferenceTarget>)] = []
    for write in writes where write.before != write.after {
      gone.formUnion(identities(of: write.ref, write.before).subtracting(identities(of: write.ref, write.after)))
      wanted.append((write.ref, targets(of: write.ref, write.after).subtracting(targets(of: write.ref, write.before))))
    }
    let suspects = known.union(try referrers(to: gone).values.flatMap { $0 })
    for (ref, row) in try images(of: suspects.sorted()) { wanted.append((ref, targets(of: ref, row))) }
    let present = try present(wanted.reduce(into: []) { $0.formUnion($1.targets) })
    return Set(wanted.filter { !$0.targets.isSubset(of: present) }.map(\.ref))
  }

  private func children(of parents: Set<RowRef>) throws -> Set<RowRef> {
    let rows = try images(of: parents.sorted())
    let names = rows.reduce(into: Set<ReferenceTarget>()) { $0.formUnion(identities(of: $1.key, $1.value)) }
    let children = Set(try referrers(to: names).values.flatMap { $0 })
    return try Set(images(of: children.sorted()).filter { !targets(of: $0, $1).isDisjoint(with: names) }.keys)
  }

  private func targets(of ref: RowRef, _ image: [Value]?) -> Set<ReferenceTarget> {
    guard let image, let record = schema.record(ref.record) else { return [] }
    return Set(targets(of: record, image))
  }

  /// What the row's references name, in the order of its fields.
  private func targets(of record: RecordSchema, _ image: [Value]) -> [ReferenceTarget] {
    zip(record.fields, image).compactMap { field, value in
      guard let reference = field.reference, !field.weak, !value.isNull else { return nil }
      return ReferenceTarget(record: reference.record, field: reference.field, value: value)
    }
  }

  /// By what other rows may refer to the row.
  private func identities(of ref: RowRef, _ image: [Value]?) -> Set<ReferenceTarget> {
    guard let image, let record = schema.record(ref.record) else { return [] }
    return Set(
      schema.references(to: record).map { _, _, target in
        ReferenceTarget(record: record.name, field: record.fields[target].name, value: image[target])
      })
  }
}
