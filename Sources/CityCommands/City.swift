import ArgumentParser
import Commands
import Foundation
import Master
import Registry
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// The city's executable.
public struct City: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "city", abstract: "The municipal master: merges what counties send, decides what is contested. 市级登记",
    subcommands: [
      CityInit.self, Enroll.self, Serve.self, Add<CityProgram>.self, Edit<CityProgram>.self, Delete<CityProgram>.self,
      List<CityProgram>.self, Show<CityProgram>.self, Import<CityProgram>.self, Export<CityProgram>.self,
      Records<CityProgram>.self, Conflicts<CityProgram>.self, Decide.self, Reopen.self, CityParked.self, Replicas.self,
      Withdraw.self,
      HistoryCommand<CityProgram>.self, Verify<CityProgram>.self,
    ])
  public init() {}
}

public enum CityProgram: Program {
  public static let name = "city"

  static func masterURL(_ home: URL) -> URL { home.appendingPathComponent("master.sqlite") }
  static func keyURL(_ home: URL) -> URL { home.appendingPathComponent("city.key") }

  public static func open(home: URL) throws -> Master {
    let path = masterURL(home).path
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(
        .notFound, zh: "\(home.path) 中没有主库;请先 city init", en: "there is no master in \(home.path); run city init first")
    }
    let key = try SigningKey(seed: try Home.readSecret(keyURL(home)))
    return try Master.open(path: path, key: key, formats: Registry.formats) { try SchemaFile.parse(canonicalJSON: $0) }
  }

  public static func history(_ master: Master, _ record: RecordSchema, _ key: RowKey) throws -> History {
    let lines = try master.history(record, key: key).map { entry in
      History.Line(
        at: entry.change.edit.stamp, received: entry.receivedAt, actor: entry.change.edit.actor,
        replica: entry.replica == .city ? "city" : entry.replica.description, what: "\(entry.change.kind)",
        cells: entry.change.cells(record), outcome: entry.outcome?.outcome.rawValue ?? "taken")
    }
    return History(lines: lines)
  }

  public static func verify(_ master: Master) throws -> [Label] { try master.verify() }
}
