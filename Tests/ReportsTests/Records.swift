import Foundation
import GRDB
import Presentation
import Registry
import Reports
import SQLiteStore
import SyncCore
import Testing

/// A database of the registry's schema in a file, with the units of the seed and what a test adds.
final class Records {
  let queue: DatabaseQueue
  let schema: Schema
  private let folder: URL

  /// - Parameter seeded: with the units and the plan of the seed.
  init(seeded: Bool = true) throws {
    schema = try Self.known.get().schema
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("records-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    queue = try DatabaseQueue(path: folder.appendingPathComponent("city.db").path, configuration: Self.configuration)
    try Self.known.get().template.backup(to: queue)
    if !seeded {
      let records = schema.records.reversed()
      try queue.write { db in for record in records { try db.run("DELETE FROM \(record.table)") } }
    }
  }

  /// Made once: reading the schema and making its tables takes most of the time of a test.
  private static let known = Result { () throws -> (schema: Schema, rules: Rules, template: DatabaseQueue) in
    let schema = try Registry.schema()
    let seed = try Registry.seed()
    let template = try DatabaseQueue()
    try template.write { db in
      try createCaptureTables(db, actor: "test")
      try schema.createTables(db, weakKeys: true)
      for (record, rows) in seed {
        guard let known = schema.record(record) else { continue }
        let sql = "INSERT INTO \(known.table) VALUES (\(placeholders(known.fields.count)))"
        for row in rows { try db.run(sql, row) }
      }
    }
    return (schema, try Registry.rules(), template)
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    // Nothing here outlives a power cut.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    return configuration
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// One row; fields that are not named are NULL.
  func add(_ record: String, _ fields: KeyValuePairs<String, Value>) throws {
    let names = fields.map { quoted($0.key) }.joined(separator: ", ")
    try queue.write { db in
      try db.run(
        "INSERT INTO \(quoted(record)) (\(names)) VALUES (\(placeholders(fields.count)))", fields.map(\.value))
    }
  }

  func enterprise(_ number: Int, _ name: String, org: String = "320706", industry: String? = nil) throws {
    try add(
      "enterprise",
      [
        "id": id(number), "name": .text(name), "owner_org": .text(org), "industry": industry.map(Value.text) ?? .null,
      ])
  }

  func recognition(_ number: Int, of enterprise: Int, _ scheme: String, year: Int64, to validTo: String? = nil) throws {
    try add(
      "recognition",
      [
        "id": id(number), "enterprise_id": id(enterprise), "scheme": .text(scheme), "year": .integer(year),
        "valid_to": validTo.map(Value.text) ?? .null,
      ])
  }

  func draw(
    _ kind: any ReportKind.Type, on day: String = "2018-12-31", year: Int64? = nil, unit: String? = nil,
    about subject: String? = nil, publish: Bool = false,
    version: @escaping (RecordSchema, [Value]) -> String? = { _, _ in nil }
  ) throws -> Report {
    let rules = try Self.known.get().rules
    return try queue.read { db in
      var source = ReportSource(
        db: db, schema: schema, rules: rules, day: day, year: year, unit: unit, subject: subject,
        isForPublication: publish)
      source.version = version
      return try kind.draw(source)
    }
  }
}

/// An id of a row, the same for the same number.
func id(_ number: Int) -> Value {
  let digits = String(number)
  return .text("0163c817-e800-7db0-9a75-" + String(repeating: "0", count: 12 - digits.count) + digits)
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral text: String) { self = .text(text) }
  public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension Report {
  /// The rows of a section, each cell in short: `-` for none, `*` for suppressed, Chinese labels.
  func rows(_ section: String, _ columns: String...) throws -> [String] {
    let section = try #require(sections.first { $0.name == section })
    let indices = try columns.map { name in try #require(section.columns.firstIndex { $0.name == name }) }
    return section.rows.map { row in indices.map { row[$0].short }.joined(separator: " ") }
  }
}

extension Report.Cell {
  var short: String {
    switch self {
    case .none: "-"
    case .text(let text): text
    case .label(let label): label.zh
    case .integer(let number): String(number)
    case .real(let number): String(format: "%.4g", number)
    case .verdict(let answer, _): answer.map { $0 ? "yes" : "no" } ?? "?"
    case .suppressed: "*"
    }
  }
}
