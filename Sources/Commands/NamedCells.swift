import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore

// What the commands of the registry share: cells by their fields' names, days, enterprises.

extension RecordSchema {
  public func value(_ field: String, of row: [Value]) -> Value { index(of: field).map { row[$0] } ?? .null }

  public func text(_ field: String, of row: [Value]) -> String? {
    if case .text(let text) = value(field, of: row) { text } else { nil }
  }

  public func day(_ field: String, of row: [Value]) -> CalendarDay? { text(field, of: row).flatMap { CalendarDay($0) } }

  /// Cells by column, NULL included.
  public func cells(_ named: KeyValuePairs<String, Value>) throws -> [Int: Value] {
    var cells: [Int: Value] = [:]
    for (name, value) in named {
      guard let index = index(of: name) else {
        throw Failure(
          .configuration, zh: "\(self.name) 没有字段 \(name);请检查模式文件",
          en: "\(self.name) has no field \(name); check the schema")
      }
      cells[index] = value
    }
    return cells
  }
}

extension Value {
  public init(_ day: CalendarDay?) { self = day.map { .text($0.description) } ?? .null }
  /// An empty text is NULL.
  public init(_ text: String?) { self = text.flatMap { $0.isEmpty ? nil : .text($0) } ?? .null }
}

extension RecordStore {
  /// Today in China.
  public var today: CalendarDay { CalendarDay(inChinaAt: clock()) }

  /// The day that an option names; today without it. What has not happened yet cannot be recorded.
  public func pastDay(_ text: String?, _ option: String) throws -> CalendarDay {
    let day = try day(text, option) ?? today
    guard day <= today else {
      throw Failure(.data, zh: "\(option):\(day) 还没有到", en: "\(option): \(day) has not come yet")
    }
    return day
  }

  public func day(_ text: String?, _ option: String) throws -> CalendarDay? {
    guard let text else { return nil }
    guard let day = CalendarDay(text) else {
      throw Failure(
        .usage, zh: "\(option):“\(visibleText(text))”不是日期,应写成 2018-06-04",
        en: "\(option): '\(visibleText(text))' is no date; write it as 2018-06-04")
    }
    return day
  }

  /// Throws when an option names a year that no record takes.
  public func checkYear(_ year: Int64?, _ option: String) throws {
    guard let year, !(1949...2100).contains(year) else { return }
    throw Failure(
      .usage, zh: "\(option):年份应在 1949 到 2100 之间,不是 \(year)",
      en: "\(option) takes a year from 1949 to 2100, not \(year)")
  }

  /// Adds a row by its cells' names. Inside `edit`.
  @discardableResult
  public func add(_ db: Database, _ name: String, _ cells: KeyValuePairs<String, Value>) throws -> RowKey {
    let record = try record(name)
    return try insert(db, record, record.cells(cells))
  }

  /// ENTERPRISE on a command line: its key, field:value, or its credit code.
  public func enterprise(_ text: String) throws -> Enterprise {
    let record = try record("enterprise")
    let key = try key(text.count == 18 && !text.contains(":") ? "uscc:" + text : text, in: record)
    return try read { try enterprise($0, key) }
  }

  public func enterprise(_ db: Database, _ key: RowKey) throws -> Enterprise {
    let record = try record("enterprise")
    guard let row = try record.row(db, key: key) else { throw missing(record, key) }
    return Enterprise(record: record, key: key, row: row)
  }

  /// Rows of a record whose named cells are these, in key order.
  public func rows(
    _ db: Database, _ record: RecordSchema, _ cells: KeyValuePairs<String, Value>
  ) throws -> [[Value]] {
    let match = cells.map { "\(quoted($0.key)) IS ?" }.joined(separator: " AND ")
    let sql = "SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table) WHERE \(match)"
    var rows: [[Value]] = []
    try db.each(sql + " ORDER BY \(record.keyColumns.joined(separator: ", "))", cells.map(\.value)) {
      rows.append($0.cells(0..<record.fields.count))
    }
    return rows
  }
}

/// One enterprise as the store holds it.
public struct Enterprise {
  public let record: RecordSchema
  public let key: RowKey
  public let row: [Value]

  public var id: Value { record.value("id", of: row) }
  public var uscc: String? { record.text("uscc", of: row) }
  public var owner: String? { record.text("owner_org", of: row) }
  public var name: String { record.text("name", of: row) ?? "" }
  /// For messages: name and key.
  public var shown: String { "\(visibleText(name)) (\(KeyText.show(key)))" }
}

/// A line in the history of an enterprise's standing.
public struct StatusChange {
  public enum Kind: String { case entry, adjustment, exit }
  var scheme: String
  var kind: Kind
  var from: String?
  var to: String?
  var on: CalendarDay
  var reason: String?
  var docNo: String?

  public init(
    _ scheme: String, _ kind: Kind, from: String?, to: String?, on: CalendarDay, reason: String? = nil,
    docNo: String? = nil
  ) {
    self.scheme = scheme
    self.kind = kind
    self.from = from
    self.to = to
    self.on = on
    self.reason = reason
    self.docNo = docNo
  }
}

extension RecordStore {
  /// Adds the line. Inside `edit`.
  public func note(_ db: Database, _ change: StatusChange, of enterprise: Value) throws {
    try add(
      db, "status_event",
      [
        "enterprise_id": enterprise, "scheme": .text(change.scheme), "kind": .text(change.kind.rawValue),
        "from_state": Value(change.from), "to_state": Value(change.to), "happened_on": Value(change.on),
        "reason": Value(change.reason), "doc_no": Value(change.docNo),
      ])
  }
}
