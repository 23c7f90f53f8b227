import Foundation
import Testing

// The rows of the plan's inventory, a test for each, with real programs, files and a real server. A county works offline
// and syncs, the city does its part, and the figure that the plan asks for is read from a report.

/// One town for all tests of a suite: made before the first of them, gone after the last.
struct SharedTown: SuiteTrait, TestScoping {
  @TaskLocal static var current: Town?

  /// Machines and their units.
  let homes: [(String, String)]
  let prepare: @Sendable (Town) async throws -> Void

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let town = try await registryTown(homes)
    try await prepare(town)
    try await Self.$current.withValue(town) { try await function() }
    await town.stop()
  }
}

extension Trait where Self == SharedTown {
  static func town(
    _ homes: [(String, String)], prepare: @escaping @Sendable (Town) async throws -> Void = { _ in }
  ) -> SharedTown { SharedTown(homes: homes, prepare: prepare) }
}

/// The town of this suite.
func sharedTown() throws -> Town { try #require(SharedTown.current) }

/// Credit codes of the user-defined range, of enterprises of 海州区 and of 东海县.
enum TestCode {
  static let haizhou = [
    "91320706PDY0010123", "91320706PDY001020X", "91320706PDY001039T", "91320706PDY001047M", "91320706PDY001055G",
    "91320706PDY001063B", "91320706PDY0010716", "91320706PDY00108XX", "91320706PDY001098X",
  ]
  static let donghai = ["91320722PDY002015Q", "91320722PDY002023K", "91320722PDY002031E"]
}

/// Rows as one line each: these columns with a space between, `-` where there is nothing.
func lines(_ rows: [[String: Any]], _ columns: String...) -> [String] {
  rows.map { row in columns.map { cellText(row[$0]) }.joined(separator: " ") }
}

private func cellText(_ cell: Any?) -> String {
  switch cell {
  case nil, is NSNull: "-"
  case let verdict as [String: Any]: cellText(verdict["text"])
  case let value?: "\(value)"
  }
}

extension Town {
  private func runAt(_ home: String, _ arguments: [String]) async throws -> Outcome {
    home == "city" ? try await city(arguments) : try await county(home, arguments)
  }

  /// The rows of one section of a report, with the words in Chinese.
  func report(_ report: [String], _ section: String, at home: String = "city") async throws -> [[String: Any]] {
    let drawn = try await runAt(home, ["report"] + report + ["--json", "--locale", "zh"]).object
    let found = (drawn["sections"] as? [String: Any])?[section] as? [String: Any]
    return try #require(found?["rows"] as? [[String: Any]], "no section \(section) in \(report)")
  }

  /// `value`, or other columns, of an indicator of the plan in a year, looked at on its last day or on another.
  func plan(
    _ code: String, _ year: Int, on day: String? = nil, at home: String = "city", _ column: String = "value"
  ) async throws -> String {
    let rows = try await report(["plan", "--year", "\(year)", "--on", day ?? "\(year)-12-31"], "targets", at: home)
    let mine = rows.filter { $0["code"] as? String == code }
    // Of what counts within a year there is a target for each year.
    let row = try #require(mine.first { $0["year"] as? Int == year } ?? mine.first, "no target of \(code)")
    return lines([row], column)[0]
  }

  /// The id of the enterprise with a credit code, where it is seen.
  func enterprise(_ code: String, at home: String = "city") async throws -> String {
    try await row(home, "enterprise", "uscc:\(code)")["id"] as? String ?? ""
  }

  /// Imports a table as a county or as the city.
  func load(_ home: String, _ record: String, _ table: String) async throws {
    _ = try await runAt(home, ["import", record, try write("\(UUID().uuidString).csv", table)])
  }

  /// A county files a row, reviews it and sends it up; its id.
  @discardableResult
  func file(_ home: String, _ record: String, _ cells: String...) async throws -> String {
    let id = try await county(home, ["add", record] + cells + ["--json"]).object["id"] as? String ?? ""
    for stage in ["county", "city"] { try await county(home, ["step", record, id, stage]) }
    return id
  }

  /// The city confirms what was sent up. `day` says in which year it counts.
  func confirm(_ record: String, _ id: String, on day: String) async throws {
    try await city(["step", record, id, "published", "--on", day])
  }

  /// The id of the row with a name.
  func id(_ record: String, named name: String, _ column: String = "name", at home: String = "city") async throws
    -> String
  {
    let rows = try await rows(home, record).filter { $0[column] as? String == name }
    return try #require(rows.first?["id"] as? String, "no \(record) is called \(name)")
  }

  /// What only the city may do is refused to a county.
  func expectCityOnly(
    _ home: String, _ commands: [String]..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for command in commands {
      let outcome = try await tryCounty(home, command)
      #expect(outcome.code == 77, "\(command): \(outcome.err)", sourceLocation: sourceLocation)
    }
  }
}
