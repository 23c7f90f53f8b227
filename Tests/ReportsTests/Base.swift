import Foundation
import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore
import Testing

@testable import Reports

/// A database file with the registry's schema and its seed, as a replica or the master has it.
final class Base {
  private static let schema = Result { try Registry.schema() }
  private let folder: URL
  private let queue: DatabaseQueue

  /// Made once and copied, with and without the seed.
  private static let templates = Result { (try template(seeded: true), try template(seeded: false)) }

  private static func template(seeded: Bool) throws -> URL {
    let file = FileManager.default.temporaryDirectory.appending(path: "reports-\(UUID().uuidString).sqlite")
    let queue = try DatabaseQueue(path: file.path)
    let schema = try schema.get()
    try queue.write { db in
      try createCaptureTables(db, actor: "test")
      try schema.createTables(db, weakKeys: false)
      for (name, rows) in seeded ? try Registry.seed() : [] {
        let record = try #require(schema.record(name))
        let sql = "INSERT INTO \(record.table) VALUES (\(placeholders(record.fields.count)))"
        for row in rows { try db.run(sql, row) }
      }
    }
    try queue.close()
    return file
  }

  init(seeded: Bool = true) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "reports-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "registry.sqlite")
    let templates = try Self.templates.get()
    try FileManager.default.copyItem(at: seeded ? templates.0 : templates.1, to: file)
    queue = try DatabaseQueue(path: file.path)
  }

  deinit {
    try? queue.close()
    try? FileManager.default.removeItem(at: folder)
  }

  func run(_ sql: String) throws { try queue.write { try $0.execute(sql: sql) } }

  /// An enterprise with taxable sales of 2020, in yuan.
  func enterprise(_ id: String, org: String = "320706", sales: Int64? = nil, extra: String = "") throws {
    try run("INSERT INTO enterprise (id, name, owner_org) VALUES ('\(id)', 'N\(id)', '\(org)')")
    if let sales { try year(id, 2020, "taxable_sales", "\(sales)") }
    if !extra.isEmpty { try run("UPDATE enterprise SET \(extra) WHERE id = '\(id)'") }
  }

  func year(_ id: String, _ year: Int, _ columns: String, _ values: String) throws {
    try run("INSERT INTO enterprise_year (enterprise_id, year, \(columns)) VALUES ('\(id)', \(year), \(values))")
  }

  private var last = 0
  private func nextID() -> String {
    last += 1
    return "i\(last)"
  }

  /// A recognition; `dates` such as `recognised_on = '2019-01-01'`.
  func recognise(_ enterprise: String, _ scheme: String = "small_giant", _ year: Int = 2019, _ dates: String = "")
    throws
  {
    let id = nextID()
    try run(
      "INSERT INTO recognition (id, enterprise_id, scheme, year) VALUES ('\(id)', '\(enterprise)', '\(scheme)', \(year))"
    )
    if !dates.isEmpty { try run("UPDATE recognition SET \(dates) WHERE id = '\(id)'") }
  }

  /// A row of a record with an id.
  func add(_ record: String, _ columns: String, _ values: String) throws {
    try run("INSERT INTO \(record) (id, \(columns)) VALUES ('\(nextID())', \(values))")
  }

  func draw(
    _ kind: any ReportKind.Type, day: String = "2020-12-31", year: Int64? = nil, unit: String? = nil,
    subject: String? = nil, publication: Bool = false, version: ((RecordSchema, [Value]) -> String?)? = nil
  ) throws -> Report {
    try read(day: day, year: year, unit: unit, subject: subject, publication: publication) { source in
      var source = source
      source.version = version ?? { _, _ in nil }
      let report = try kind.draw(source)
      for section in report.sections {
        for row in section.rows { #expect(row.count == section.columns.count, "\(report.name).\(section.name)") }
        #expect(Set(section.columns.map(\.name)).count == section.columns.count)
        for name in section.chart.map({ [$0.x] + $0.y + [$0.target].compactMap(\.self) }) ?? [] {
          #expect(section.columns.contains { $0.name == name }, "\(section.name): no column \(name)")
        }
      }
      return report
    }
  }

  func read<T>(
    day: String = "2020-12-31", year: Int64? = nil, unit: String? = nil, subject: String? = nil,
    publication: Bool = false, _ body: (ReportSource) throws -> T
  ) throws -> T {
    try queue.read { db in
      try body(
        ReportSource(
          db: db, schema: try Self.schema.get(), rules: try Registry.rules(), day: day, year: year, unit: unit,
          subject: subject, isForPublication: publication))
    }
  }
}

extension Report {
  func section(_ name: String) throws -> Section { try #require(sections.first { $0.name == name }) }
}

extension Report.Section {
  /// The cells of a column in rows whose cells in other columns are these.
  func cells(_ column: String, where conditions: [String: Report.Cell] = [:]) throws -> [Report.Cell] {
    let at = try #require(columns.firstIndex { $0.name == column })
    return try rows.filter { row in
      try conditions.allSatisfy { name, cell in
        row[try #require(columns.firstIndex { $0.name == name })] == cell
      }
    }.map { $0[at] }
  }

  func cell(_ column: String, where conditions: [String: Report.Cell]) throws -> Report.Cell {
    let cells = try cells(column, where: conditions)
    #expect(cells.count == 1, "\(conditions): \(cells.count) rows")
    return try #require(cells.first)
  }
}

extension Report.Cell {
  /// Of a verdict, without its word.
  var answer: Bool?? { if case .verdict(let answer, _) = self { .some(answer) } else { .none } }
  var word: String? {
    if case .verdict(_, let label) = self { label.en } else if case .label(let l) = self { l.en } else { nil }
  }
}
