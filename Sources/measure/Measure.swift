import ArgumentParser
import CityCommands
import CountyCommands
import Foundation
import Master
import SyncClient
import SyncProtocol

/// `measure`: one sync of a county with a city, both in this process, with the seconds of every step as JSON.
@main
struct Measure: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Syncs a county's home with a city's home in one process and prints what every step took.")

  @Option(help: "The county's home.") var county: String
  @Option(help: "The city's home.") var city: String

  func run() async throws {
    let replica = try CountyProgram.open(home: URL(fileURLWithPath: county))
    let transport = InProcess(try CityProgram.open(home: URL(fileURLWithPath: city)))
    let clock = ContinuousClock()
    let before = try peak()
    let extract = try clock.measure { try replica.freeze() }
    let bytes = try replica.outbox().reduce(0) { $0 + $1.message.count }
    let extracted = try peak()
    let start = clock.now
    let summary = try await SyncClient(replica, transport: transport).sync()
    let rest = start.duration(to: clock.now)
    let report: [String: Double] = [
      "extract": seconds(extract), "merge": seconds(transport.spent), "apply": seconds(rest - transport.spent),
      "pushed": Double(summary.pushed), "bytes": Double(bytes), "peak before": before, "peak after extract": extracted,
      "peak": try peak(),
    ]
    let json = try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys])
    print(String(decoding: json, as: UTF8.self))
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  /// The most memory that this process held so far, in bytes (VmHWM of proc_pid_status(5)).
  private func peak() throws -> Double {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) * 1024
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
