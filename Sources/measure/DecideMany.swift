import ArgumentParser
import CityCommands
import Foundation
import Master

/// `measure decide`: what officials' decisions take, all in one and one by one.
struct DecideMany: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide", abstract: "Decides open conflicts of a city: so many at once, then as many one by one.")

  @Option(help: "The city's home.") var city: String
  @Option(help: "How many of each; twice as many must be open.") var count = 1000

  func run() throws {
    let master = try CityProgram.open(home: URL(fileURLWithPath: city))
    let open = try master.conflicts([.open]).map(\.id)
    guard open.count >= 2 * count else { throw ValidationError("\(open.count) conflicts are open, not \(2 * count)") }
    let clock = ContinuousClock()
    let together = try clock.measure {
      _ = try master.decide(Array(open[..<count]), .keep, reason: "measured", actor: "official")
    }
    let single = try clock.measure {
      for id in open[count..<2 * count] { _ = try master.decide(id, .keep, reason: "measured", actor: "official") }
    }
    try printJSON(["at once": together.inSeconds, "one by one": single.inSeconds, "count": count])
  }
}
