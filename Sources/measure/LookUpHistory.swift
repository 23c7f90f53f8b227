import ArgumentParser
import CityCommands
import Foundation
import Master
import SyncCore

/// `measure history`: what it takes to tell a row's past.
struct LookUpHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Looks up the history of rows of a city, one after the other.")

  @Option(help: "The city's home.") var city: String
  @Option(help: "The record.") var record: String
  @Option(help: "The key of a row, a text; may be given several times.") var key: [String]

  func run() throws {
    let master = try CityProgram.open(home: URL(fileURLWithPath: city))
    let record = try master.record(record)
    var entries = 0
    let spent = try ContinuousClock().measure {
      for key in key { entries += try master.history(record, key: RowKey([.text(key)])).count }
    }
    try printJSON(["seconds": spent.inSeconds, "rows": key.count, "entries": entries])
  }
}
