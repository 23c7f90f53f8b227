import GRDB
import SyncCore

// What one row needs of the others: its references and its unique values. Used before an edit, before a freeze, and by verify.

extension Database {
  /// Whether the row is there that a reference names by this value.
  func has(_ reference: Reference, _ value: Value) throws -> Bool {
    try first("SELECT 1 FROM \(quoted(reference.record)) WHERE \(quoted(reference.field)) = ?", [value]) != nil
  }
}

extension RecordStore {
  /// The first reference of the row whose target is not there. Weak references are not asked on a replica.
  public func brokenReference(
    _ db: Database, _ record: RecordSchema, _ row: [Value], only: Set<Int>? = nil
  ) throws -> FieldProblem? {
    for (index, field) in record.fields.enumerated() where only?.contains(index) ?? true {
      guard let reference = field.reference, !row[index].isNull, !(field.weak && side == .county) else { continue }
      if try db.has(reference, row[index]) { continue }
      return FieldProblem(field: field.name, message: .missing(reference.record, row[index]))
    }
    return nil
  }

  /// The first unique set whose values another row holds.
  public func uniqueClash(
    _ db: Database, _ record: RecordSchema, _ row: [Value], key: RowKey, only: Set<Int>? = nil
  ) throws -> FieldProblem? {
    for set in record.unique {
      let columns = set.compactMap(record.index(of:))
      guard only.map({ !$0.isDisjoint(with: columns) }) ?? true else { continue }
      guard let holder = try record.holder(db, of: set, in: row), holder != key else { continue }
      return FieldProblem(
        field: set.joined(separator: ","),
        message: Label(
          zh: "已被 \(record.name) \(show(holder)) 使用", en: "is already used by \(record.name) \(show(holder))"))
    }
    return nil
  }

  /// What a clerk should know before editing a row that the city has closed; nil: it is open.
  public func lockNote(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws -> Label? {
    guard side == .county, let lock = record.rules.lock, let target = lock.target(of: record, row),
      let closing = schema.record(target.record), lock.holds(closing, try closing.row(db, key: target.key)),
      try !isExcepted(db, lock, target)
    else { return nil }
    let name = "\(target.record) \(show(target.key))"
    return Label(
      zh: "\(name) 已锁定:此修改将作为修订申请送市里批准", en: "\(name) is closed: this goes to the city as a revision request")
  }

  /// Whether the city has opened the lock for this unit today.
  private func isExcepted(_ db: Database, _ lock: Lock, _ closing: RowRef) throws -> Bool {
    guard let except = lock.except, let record = schema.record(except.record), let unit else { return false }
    let image = try record.row(db, key: except.target(of: closing, unit: unit).key)
    return except.holds(record, image, at: Stamp(milliseconds: clock()))
  }

  /// How many other rows of each record refer to this one.
  public func children(_ db: Database, of parent: RecordSchema, key: RowKey) throws -> [(record: String, count: Int64)]
  {
    guard let row = try parent.row(db, key: key) else { return [] }
    return try schema.references(to: parent).compactMap { child, field, target in
      if field.weak, side == .county { return nil }
      let mayBeIt = child.name == parent.name
      let others = mayBeIt ? " AND NOT (\(parent.keyMatch))" : ""
      let sql = "SELECT count(*) FROM \(child.table) WHERE \(quoted(field.name)) = ?\(others)"
      return (child.name, try db.integer(sql, [row[target]] + (mayBeIt ? key.values : [])) ?? 0)
    }
  }
}

extension Schema {
  /// The fields that refer to a record, with the column that they refer to.
  public func references(to parent: RecordSchema) -> [(child: RecordSchema, field: Field, target: Int)] {
    records.flatMap { child in
      child.fields.compactMap { field in
        guard let reference = field.reference, reference.record == parent.name,
          let target = parent.index(of: reference.field)
        else { return nil }
        return (child, field, target)
      }
    }
  }
}

extension RecordSchema {
  /// The row that has these values in a unique set; nil: none has, or one of them is NULL.
  public func holder(_ db: Database, of set: [String], in row: [Value]) throws -> RowKey? {
    let values = set.compactMap(index(of:)).map { row[$0] }
    if values.contains(.null) { return nil }
    let match = set.map { "\(quoted($0)) = ?" }.joined(separator: " AND ")
    return try db.first("SELECT \(keyColumns.joined(separator: ", ")) FROM \(table) WHERE \(match)", values).map(
      RowKey.init)
  }
}
