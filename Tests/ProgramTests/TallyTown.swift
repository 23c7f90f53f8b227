import Foundation
import Testing

// A small application, and exchanges on sticks: files in a folder stand for the stick that somebody carries.

/// Sites that count.
let tallySchema = """
  schema: tally
  version: 1
  title: Tally
  units: site.code
  records:
    site: {key: code, owner: city, fields: {code: {type: text}}}
    counter:
      key: id
      scope: {field: site}
      fields:
        id: {type: text}
        site: {required: true, references: site.code}
        total: {type: integer, policy: max}
        note: {type: text}
  """

extension Town {
  static func tally() async throws -> Town {
    let town = try await Town(schema: tallySchema)
    for site in ["A", "B"] { try await town.city(["add", "site", "code=\(site)"]) }
    return town
  }

  /// Starts a machine from a stick; nothing serves.
  func start(_ home: String, _ org: String) async throws {
    let code = try await code(org)
    try await city(["snapshot", "--org", org, path("first-\(home)")])
    try await county(home, ["init", "--bundle", path("first-\(home)"), "--code", code])
  }

  func writeBundle(_ home: String, _ name: String) async throws {
    try await county(home, ["bundle", "write", path(name)])
  }

  @discardableResult
  func answerBundle(_ name: String, _ reply: String) async throws -> [String: Any] {
    try await city(["bundle", "read", path(name), "--reply", path(reply), "--json"]).object
  }

  @discardableResult
  func takeBundle(_ home: String, _ reply: String) async throws -> [String: Any] {
    try await county(home, ["bundle", "read", path(reply), "--json"]).object
  }

  @discardableResult
  func carry(_ home: String) async throws -> [String: Any] {
    let name = UUID().uuidString
    try await writeBundle(home, name)
    try await answerBundle(name, name + "-answer")
    return try await takeBundle(home, name + "-answer")
  }

  func counters(_ file: String) async throws -> String {
    try await sqlite(file, "SELECT * FROM counter WHERE site = 'A' ORDER BY id")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func expectEqual(_ homes: [String]) async throws {
    let wanted = try await counters(master)
    for home in homes {
      #expect(try await counters(replica(home)) == wanted, "\(home)")
      let status = try await county(home, ["status", "--json"]).object
      for name in ["pending", "in_flight", "parked"] { #expect(status[name] as? Int == 0, "\(home) \(name)") }
      #expect(try await county(home, ["verify"]).isDone)
    }
    #expect(try await city(["verify"]).isDone)
  }
}
