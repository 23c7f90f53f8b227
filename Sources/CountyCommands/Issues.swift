import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncCore

/// `county parked`
struct CountyParked: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked", abstract: "Rows that the city could not take, with the reason. 搁置的记录")
  @OptionGroup var options: CommonOptions

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      let parked = try replica.parked()
      let rows = parked.map {
        [
          "\($0.id)", $0.ref.record, KeyText.show($0.ref.key), $0.reason, $0.detail.text(options.language),
          $0.edit.actor,
        ]
      }
      let headers = ["id", "record", "key", "reason", "detail", "who"]
      options.show(.array(parked.map { json($0, replica) }), TextTable(headers: headers, rows: rows).render())
    }
  }

  private func json(_ row: ParkedRow, _ replica: Replica) -> JSON {
    .object([
      ("id", .integer(row.id)), ("record", .string(row.ref.record)), ("key", keyJSON(row.ref.key)),
      ("reason", .string(row.reason)), ("detail", .string(row.detail.text(options.language))),
      ("row", replica.schema.record(row.ref.record).map { rowJSON($0, row.row) } ?? .null),
      ("replica", .string(replica.identity.replica.description)), ("actor", .string(row.edit.actor)),
    ])
  }
}
