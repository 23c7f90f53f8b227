import Foundation
import Testing

/// The built executables stand beside the test bundle.
enum Program {
  static let folder: URL = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../.build/debug")
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return [bundle, root].first { FileManager.default.isExecutableFile(atPath: $0.appendingPathComponent("city").path) }
      ?? root
  }()
  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}

/// A city and its counties as real processes over loopback, in a folder of their own.
final class Town: @unchecked Sendable {
  let folder: URL
  private(set) var url = ""
  private(set) var server: Running?
  private var serveOptions: [String] = []
  private let cityHome: String
  /// What every command gets beside its own environment.
  let environment: [String: String]

  /// - Parameters:
  ///   - schema: the text of a schema file; nil is the registry.
  ///   - environment: gets the folder, in which nothing is yet.
  init(
    schema: String? = nil, cityHome: String = "city", environment: (URL) throws -> [String: String] = { _ in [:] }
  ) async throws {
    self.cityHome = cityHome
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("town-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.environment = try environment(folder)
    var flags: [String] = []
    if let schema { flags = ["--schema", try write("schema.yaml", schema)] }
    try await city(["init"] + flags)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
  var master: String { path("\(cityHome)/master.sqlite") }
  func replica(_ home: String) -> String { path("\(home)/replica.sqlite") }

  func write(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  // MARK: The server

  /// Starts to serve; the second time on the same port.
  func serve(_ options: [String] = [], environment own: [String: String] = [:]) async throws {
    if !options.isEmpty { serveOptions = options }
    let port = URL(string: url)?.port ?? 0
    let command = [Program.path("city"), "serve", "--home", path(cityHome), "--listen", "127.0.0.1:\(port)"]
    let running = try Running(command + serveOptions, environment: environment.merging(own) { $1 })
    url = try await running.firstLine()
    server = running
  }

  /// The network goes.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) async -> Outcome? {
    server?.kill(signal)
    let outcome = await server?.outcome()
    server = nil
    return outcome
  }

  // MARK: Commands

  func tryCity(_ arguments: [String]) async throws -> Outcome {
    try await run([Program.path("city")] + arguments + ["--home", path(cityHome)], environment: environment)
  }

  @discardableResult
  func city(_ arguments: [String]) async throws -> Outcome {
    try await need([Program.path("city")] + arguments + ["--home", path(cityHome)], environment: environment)
  }

  func county(starting home: String, _ arguments: [String]) -> [String] {
    [Program.path("county")] + arguments + ["--home", path(home)]
  }

  func tryCounty(_ home: String, _ arguments: [String]) async throws -> Outcome {
    try await run(county(starting: home, arguments), environment: environment)
  }

  @discardableResult
  func county(_ home: String, _ arguments: [String]) async throws -> Outcome {
    try await need(county(starting: home, arguments), environment: environment)
  }

  func code(_ org: String) async throws -> String { try await city(["enroll", "--org", org]).line }

  /// Enrols a machine of a unit with the serving city.
  func join(_ home: String, _ org: String, actor: String = "clerk") async throws {
    try await county(home, ["init", "--server", url, "--code", try await code(org), "--actor", actor])
  }

  @discardableResult
  func sync(_ home: String) async throws -> [String: Any] { try await county(home, ["sync", "--json"]).object }

  // MARK: The files, with the sqlite3 program

  @discardableResult
  func sqlite(_ file: String, _ sql: String) async throws -> String {
    try await need(["sqlite3", "-bail", "-cmd", ".timeout 10000", file, sql], environment: environment).out
  }
}

/// The registry, serving, with two machines of 海州区.
func registryTown(_ homes: [(String, String)] = [("one", "320706"), ("two", "320706")]) async throws -> Town {
  let town = try await Town()
  try await town.serve()
  for (home, org) in homes { try await town.join(home, org, actor: "clerk \(home)") }
  return town
}

/// An enterprise that both machines hold; its id.
func sharedEnterprise(_ town: Town, _ cells: [String] = ["name=海州甲公司", "address=旧址"]) async throws -> String {
  let id = try await town.county("one", ["add", "enterprise"] + cells + ["--json"]).object["id"] as? String ?? ""
  try await town.sync("one")
  try await town.sync("two")
  return id
}

/// The command must fail with this code and say these words on stderr.
func expectFailure(
  _ outcome: Outcome, _ code: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(outcome.code == code, "\(outcome.err)", sourceLocation: sourceLocation)
  for word in words {
    #expect(outcome.err.contains(word), "stderr: \(outcome.err)", sourceLocation: sourceLocation)
  }
}
