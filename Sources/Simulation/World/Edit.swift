import GRDB
import SQLiteStore
import SyncCore

/// One thing that a person does to one row, by the program or with SQL.
struct RowEdit {
  enum Kind: String {
    case insert, replace, update, delete
    /// Only with SQL: a row that is there is updated; a row in the way is deleted; all rows are updated.
    case upsert
    case displace = "update or replace"
    case updateAll = "update all"
  }
  var kind: Kind
  var record: RecordSchema
  var key: RowKey
  /// insert and replace: the whole row. update: the cells that change.
  var values: [Int: Value] = [:]

  /// As a foreign tool says it.
  var sql: String {
    let match = zip(record.keyColumns, key.values).map { "\($0) = \(literal($1))" }.joined(separator: " AND ")
    let cells = values.sorted { $0.key < $1.key }
    switch kind {
    case .insert, .replace, .upsert:
      let verb = kind == .replace ? "INSERT OR REPLACE" : "INSERT"
      let columns = cells.map { record.columns[$0.key] }.joined(separator: ", ")
      let list = cells.map { literal($0.value) }.joined(separator: ", ")
      let insert = "\(verb) INTO \(record.table) (\(columns)) VALUES (\(list))"
      if kind != .upsert { return insert }
      let set = cells.map { record.columns[$0.key] }.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
      return insert + " ON CONFLICT (\(record.keyColumns.joined(separator: ", "))) DO UPDATE SET \(set)"
    case .update, .displace, .updateAll:
      let set = cells.map { "\(record.columns[$0.key]) = \(literal($0.value))" }.joined(separator: ", ")
      let verb = kind == .displace ? "UPDATE OR REPLACE" : "UPDATE"
      return "\(verb) \(record.table) SET \(set)" + (kind == .updateAll ? "" : " WHERE \(match)")
    case .delete: return "DELETE FROM \(record.table) WHERE \(match)"
    }
  }

  /// As the program does it. Inside `edit`.
  func perform(_ db: Database, in store: some RecordStore) throws {
    switch kind {
    case .insert, .replace: _ = try store.insert(db, record, values)
    case .update: try store.update(db, record, key: key, values)
    case .delete: try store.delete(db, record, key: key)
    case .upsert, .displace, .updateAll: try db.execute(sql: sql)
    }
  }

  var story: String {
    let cells = values.sorted { $0.key < $1.key }.filter { !record.isKey($0.key) && !$0.value.isNull }
    let list = cells.map { "\(record.fields[$0.key].name) = \(text($0.value))" }.joined(separator: ", ")
    return "\(kind.rawValue) \(record.name) \(key)" + (list.isEmpty ? "" : " (\(list))")
  }
}

private func literal(_ value: Value) -> String {
  switch value {
  case .null: "NULL"
  case .integer(let number): "\(number)"
  case .real(let number): "\(number)"
  case .text(let text): "'" + text.replacing("'", with: "''").replacing("\n", with: "'||char(10)||'") + "'"
  case .blob(let bytes): "x'" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
  }
}
