import ArgumentParser
import CityCommands
import CountyCommands
import Foundation
import Master
import SyncClient
import SyncProtocol

/// `measure sync`: one sync of a county with a city, both in this process, with the seconds of every step.
struct OneSync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "Syncs a county's home with a city's home in one process and prints what every step took.")

  @Option(help: "The county's home.") var county: String
  @Option(help: "The city's home.") var city: String

  func run() async throws {
    let replica = try CountyProgram.open(home: URL(fileURLWithPath: county))
    let transport = InProcess(try CityProgram.open(home: URL(fileURLWithPath: city)))
    let clock = ContinuousClock()
    let before = RunningProcess.own.memory(.peak)
    let extract = try clock.measure { try replica.freeze() }
    let bytes = try replica.outbox().reduce(0) { $0 + $1.message.count }
    let extracted = RunningProcess.own.memory(.peak)
    let start = clock.now
    let summary = try await SyncClient(replica, transport: transport).sync()
    let rest = start.duration(to: clock.now)
    try printJSON([
      "extract": extract.inSeconds, "merge": transport.spent.inSeconds, "apply": (rest - transport.spent).inSeconds,
      "pushed": summary.pushed, "bytes": bytes, "peak before": before, "peak after extract": extracted,
      "peak": RunningProcess.own.memory(.peak),
    ])
  }
}

/// A city in this process, and the time that it took to answer.
private final class InProcess: Transport, @unchecked Sendable {
  private let master: Master
  private(set) var spent = Duration.zero

  init(_ master: Master) { self.master = master }

  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let start = ContinuousClock.now
    defer { spent += start.duration(to: .now) }
    return try master.exchange(message)
  }

  func welcome(_ message: [UInt8]) async throws -> [UInt8] { try await exchange(message) }
  func snapshot(_ hello: [UInt8]) async throws -> [UInt8] { throw CleanExit.message("county init first") }
  func download(_ manifest: SnapshotManifest, to file: String) async throws { throw SnapshotGone() }
  func probe(_ message: [UInt8]) async throws -> [UInt8] { throw CleanExit.message("nothing to compare") }
}
