import ArgumentParser
import Commands
import GRDB
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city revoke RECOGNITION --reason TEXT [--on DATE]`
struct Revoke: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: words("End a recognition, with a reason that the county sees. 撤销认定"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The recognition's key. 认定编号"))) var recognition: String
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String
  @Option(help: ArgumentHelp(words("The number of the document. 文号"))) var docNo: String?
  @Option(help: ArgumentHelp(words("The day; today without it. 日期"))) var on: String?

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let master = try options.open(CityProgram.self)
      let record = try master.record("recognition")
      let key = try master.key(recognition, in: record)
      let day = try master.pastDay(on, "--on")
      let row = try master.edit(as: options.actor) { db in
        guard let row = try record.row(db, key: key) else { throw master.missing(record, key) }
        let revoked = record.day("revoked_on", of: row)
        // A county's proposal that was taken brought the day alone; why is noted once.
        let isNoted = try revoked.map { try self.isNoted(db, master, record, row, $0) } ?? false
        if let revoked, isNoted || (on != nil && day != revoked) {
          throw Failure(
            .data, zh: "recognition \(KeyText.show(key)) 已于 \(revoked) 撤销",
            en: "recognition \(KeyText.show(key)) was revoked on \(revoked) already")
        }
        let end = revoked ?? day
        if let since = record.day("recognised_on", of: row), end < since {
          throw Failure(
            .data, zh: "recognition.revoked_on:\(end) 早于认定日期 \(since)",
            en: "recognition.revoked_on: \(end) is before the recognition of \(since)")
        }
        try master.update(db, record, key: key, try record.cells(["revoked_on": Value(end)]))
        let change = StatusChange(
          record.text("scheme", of: row) ?? "", .exit, from: "recognised", to: "revoked", on: end, reason: reason,
          docNo: docNo)
        try master.note(db, change, of: record.value("enterprise_id", of: row))
        return try record.row(db, key: key) ?? row
      }
      options.show(rowJSON(record, row), Label(zh: "已撤销", en: "revoked").text(options.language))
    }
  }

  private func isNoted(
    _ db: Database, _ master: Master, _ record: RecordSchema, _ row: [Value], _ day: CalendarDay
  ) throws -> Bool {
    let events = try master.record("status_event")
    return try !master.rows(
      db, events,
      [
        "enterprise_id": record.value("enterprise_id", of: row), "scheme": record.value("scheme", of: row),
        "kind": .text(StatusChange.Kind.exit.rawValue), "happened_on": Value(day),
      ]
    ).isEmpty
  }
}
