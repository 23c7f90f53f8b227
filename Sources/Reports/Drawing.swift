import GRDB
import Presentation
import SQLiteStore
import SyncCore

// Tables of a report from queries. Every query may name :day, :year and :unit besides arguments of its own.

extension ReportSource {
  /// A section whose rows are those of a query, column by column.
  func section(
    _ name: String, _ title: Label, notes: [Label] = [], _ columns: [Drawn], chart: Report.Chart? = nil,
    arguments: [String: Value] = [:], sql: String
  ) throws -> Report.Section {
    let names = try Names(db)
    let rows = try self.rows(sql, arguments).map { row in
      columns.indices.map { names.cell(row[$0], columns[$0].reading) }
    }
    return Report.Section(name, title, notes: notes, columns: columns.map(\.column), rows: rows, chart: chart)
  }

  /// The same where a name stands in two columns of the query: `zh`, in which it is shown, and `en`, behind the others.
  func bilingual(
    _ name: String, _ title: Label, notes: [Label] = [], _ columns: [Drawn], zh: Int, en: Int, sql: String
  ) throws -> Report.Section {
    let names = try Names(db)
    let rows = try self.rows(sql).map { row in
      columns.indices.map { index -> Report.Cell in
        if index == zh, case (.text(let zh), .text(let en)) = (row[zh], row[en]) {
          return .label(Label(zh: zh, en: en))
        }
        return names.cell(row[index], columns[index].reading)
      }
    }
    return Report.Section(name, title, notes: notes, columns: columns.map(\.column), rows: rows)
  }

  /// The rows of a query as values.
  func rows(_ sql: String, _ arguments: [String: Value] = [:]) throws -> [[Value]] {
    var all: [String: Value] = ["day": .text(day), "year": .integer(year), "unit": unit.map(Value.text) ?? .null]
    all.merge(arguments) { _, own in own }
    if sql.contains(":agreed") { all["agreed"] = .text(try agreedEntries()) }
    let values = StatementArguments(all.mapValues { $0 as (any DatabaseValueConvertible)? })
    // The conditions that all reports share name the day ?1.
    let statement = try db.cachedStatement(sql: sql.replacing("?1", with: ":day"))
    let cursor = try Row.fetchCursor(statement, arguments: values)
    var rows: [[Value]] = []
    while let row = try cursor.next() { rows.append(row.cells(0..<row.count)) }
    return rows
  }

  /// The values of a field in the order of the schema, as rows `(place, code)` of a VALUES clause.
  func choiceRows(_ record: String, _ field: String) -> String {
    let choices = schema.record(record)?.field(field)?.check.values ?? []
    return "VALUES " + choices.enumerated().map { "(\($0), '\($1.value)')" }.joined(separator: ", ")
  }

  /// 「截至 2018-12-31」, the first note of most reports.
  var dayNote: Label { Label(zh: "截至 \(day)", en: "As of \(day)") }
}

/// The names of org units and of code items.
struct Names {
  private let units: Units
  /// By code; two lists may have the same.
  private var codes: [String: [(list: String, label: Label)]] = [:]

  init(_ db: Database) throws {
    units = try Units(db)
    try db.each("SELECT code, list, label_zh, coalesce(label_en, label_zh) FROM code_item ORDER BY list, code") { row in
      codes[row[0] as String, default: []].append((list: row[1], label: Label(zh: row[2], en: row[3])))
    }
  }

  func unit(_ code: String) -> Label { units.name(code) }

  /// - Parameter lists: asked first, one after the other.
  private func label(_ code: String, _ lists: [String]) -> Label? {
    let items = codes[code] ?? []
    return (lists.compactMap { list in items.first { $0.list == list } } + items).first?.label
  }

  func cell(_ value: Value, _ reading: Drawn.Reading) -> Report.Cell {
    switch (value, reading) {
    case (.null, _), (.blob, _): .none
    case (.integer(let x), .yesNo): .label(x == 0 ? Label(zh: "否", en: "no") : Label(zh: "是", en: "yes"))
    case (.integer(let x), _): .integer(x)
    case (.real(let x), _): .real(x)
    case (.text(let x), .unit): .label(unit(x))
    case (.text(let x), .code(let lists)): label(x, lists).map(Report.Cell.label) ?? .text(x)
    case (.text(let x), .choice(let choices)):
      choices.first { $0.value == x }.map { .label($0.label) } ?? .text(x)
    case (.text(let x), _): .text(x)
    }
  }
}

// Pieces of SQL that many queries share.

/// Sum of whole yuan: exact, and a real number beyond 64 bits, where SQLite's sum() would fail.
func yuanSum(_ x: String) -> String {
  """
  (CASE WHEN abs(total(\(x))) < 9.2e18 THEN sum((\(x)) / 1000000) * 1000000 + sum((\(x)) % 1000000) \
  ELSE total(\(x)) END)
  """
}

/// Whole days from one date to another.
func daysBetween(_ from: String, _ to: String) -> String {
  "CAST(round(julianday(\(to)) - julianday(\(from))) AS INTEGER)"
}
