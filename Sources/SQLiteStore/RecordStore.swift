import GRDB
import SyncCore

/// A store whose records people list and edit: a county's replica or the city's master.
public protocol RecordStore: AnyObject {
  var schema: Schema { get }
  var formats: Formats { get }
  /// Who edits here.
  var side: Side { get }
  /// The org unit of a county's replica.
  var unit: String? { get }
  var clock: @Sendable () -> Int64 { get }

  /// One state of the file. Whatever the body writes is taken back.
  func read<T>(_ body: (Database) throws -> T) throws -> T
  /// Runs edits in one captured transaction, in the name of the actor, or of the default one.
  func edit<T>(as actor: String?, _ body: (Database) throws -> T) throws -> T
  /// Takes up a parked row again, with these cells changed. Inside `edit`. Returns false when none is parked under the key.
  func takeUp(_ db: Database, _ record: RecordSchema, key: RowKey, _ values: [Int: Value]) throws -> Bool
  /// Asks for the delete of a row that cannot be deleted here. Inside `edit`. Returns false when it is not that kind of row.
  func requestDelete(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool
  /// Refuses a key under which no row can be entered here. Inside `edit`.
  func assertFree(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws
  /// Rows that are parked and so not in the record's table.
  func parkedRows(_ record: RecordSchema) throws -> [[Value]]
  /// The number of such a row, and why it waits; nil: none waits under the key. Inside `edit`.
  func parkedRow(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> (id: Int64, detail: Label)?
}

extension RecordStore {
  public func takeUp(_ db: Database, _ record: RecordSchema, key: RowKey, _ values: [Int: Value]) throws -> Bool {
    false
  }
  public func parkedRows(_ record: RecordSchema) throws -> [[Value]] { [] }
  public func parkedRow(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> (id: Int64, detail: Label)? {
    nil
  }
  public func assertFree(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws {}
  public func requestDelete(_ db: Database, _ record: RecordSchema, key: RowKey) throws -> Bool { false }
}

/// One condition of a list: the field's value is this.
public typealias Condition = (column: Int, value: Value)

extension RecordStore {
  public func record(_ name: String) throws -> RecordSchema {
    guard let record = schema.record(name) else {
      throw Failure(.usage, zh: "没有名为 \(name) 的记录", en: "there is no record named \(name)")
    }
    return record
  }

  /// The key of the row whose unique field has the value.
  public func find(_ record: RecordSchema, field: Int, value: Value) throws -> RowKey? {
    let sql =
      "SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table) WHERE \(quoted(record.fields[field].name)) = ?"
    return try read { try $0.first(sql, [value]).map(RowKey.init) }
  }

  public func row(_ record: RecordSchema, key: RowKey) throws -> [Value]? { try read { try record.row($0, key: key) } }

  /// Rows in key order.
  public func rows(_ record: RecordSchema, where conditions: [Condition] = [], limit: Int? = nil) throws -> [[Value]] {
    let filter = conditions.map { "\(quoted(record.fields[$0.column].name)) IS ?" }.joined(separator: " AND ")
    var sql = "SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)"
    if !filter.isEmpty { sql += " WHERE " + filter }
    sql += " ORDER BY " + record.keyColumns.joined(separator: ", ")
    if let limit { sql += " LIMIT \(max(0, limit))" }
    return try read { db in
      var rows: [[Value]] = []
      try db.each(sql, conditions.map(\.value)) { rows.append($0.cells(0..<record.fields.count)) }
      return rows
    }
  }

  public func findConflict(_ id: Int64) throws -> Conflict? { try read { try ConflictTables.find($0, id) } }

  /// Conflicts in these states, oldest first: replica and master keep them in the same tables.
  public func conflicts(_ states: [Conflict.State]) throws -> [Conflict] {
    let list = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    return try read { try ConflictTables.read($0, where: "state IN (\(list))") }
  }
}
